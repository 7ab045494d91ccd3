/* One port that gateways call in at, and those who have not named themselves yet. Inside of call_in only. */
#ifndef TOCSIN_HARDWARE_CALL_IN_PORT_H
#define TOCSIN_HARDWARE_CALL_IN_PORT_H

#include "hardware/call_in.h"
#include "hardware/wire_address.h"

struct called {
    struct line *line;
    struct line_pattern registration;
};

struct unnamed {
    int socket;
    struct mono by;
    size_t n;      /* bytes that were looked at */
    uint64_t host; /* address_host */
    char from[ADDRESS_TEXT_MAX];
};

struct listener {
    char host[46], place[ADDRESS_TEXT_MAX];
    uint16_t port;
    int socket; /* -1: not yet */
    struct mono bind_at;
    int64_t bind_ms; /* the last pause, 0 for none */
    bool trouble_told;
    struct called *lines; /* longest registration first */
    size_t n_lines, n_unnamed, most_unnamed;
    struct unnamed unnamed[CALL_IN_UNNAMED_MAX]; /* oldest first */
    unsigned strangers, silent, floods;          /* refused since it was told */
    char last[160];                              /* of them */
    struct mono tell_at;
};

/* Where words go. */
struct teller {
    call_in_event_fn *event;
    void *context;
};

/* Does what is to be done now, without ever waiting. */
void listener_tend(struct listener *listener, const struct teller *teller, struct mono now);

/* When to come again though nothing has happened; INT64_MAX for never. */
struct mono listener_next(const struct listener *listener);

#endif
