/* The site's inside, shared by site*.c only. */
#ifndef TOCSIN_CONTROLLER_SITE_INTERN_H
#define TOCSIN_CONTROLLER_SITE_INTERN_H

#include "controller/health.h"
#include "controller/line_use.h"
#include "controller/mailbox.h"
#include "controller/site.h"

/* Where a thread posts to. */
struct sender {
    struct mailbox *mailbox;
    uint32_t index;
};

/* What is known of a line beside its counters. */
struct site_line {
    struct line_use use;
    bool up;
    struct mono since; /* it came up or went down; {0}: neither yet */
    char words[256];   /* how it is known when a transmission ends, or why it is down */
    int64_t stale_us;  /* a reading that is older says nothing of now */
    bool swept;        /* each terminal was asked since it is up */
    bool states_owed;  /* it was told to be up; how its terminals are follows */
    struct mono owed_from;
    bool hears_itself;        /* once told in the log */
    struct mono refused_told; /* the last refused call that was; {0}: none */
    struct mono hung_since;   /* as the last look at its thread found it; {0}: not, or that look came too late */
};

/* Somebody waits for a terminal's reading. */
struct site_asking {
    uint32_t number, line;
    struct mono until; /* a line that says nothing is not waited for longer */
    site_answer_fn *done;
    void *context;
};

enum { SITE_ASKINGS_MAX = 64 };

struct site {
    const struct config *config;
    struct site_ports ports;
    struct mailbox *from_lines, *from_playouts, *from_call_in;
    struct sender *line_senders, *playout_senders;
    struct line **lines;
    struct call_in *call_in;
    struct playout **playouts;
    struct health *health;    /* per terminal of the configuration */
    struct site_line *states; /* per line */
    struct mono ticked;
    struct site_asking askings[SITE_ASKINGS_MAX];
    size_t n_askings;
    uint32_t last_number;
};

/* Takes an event of a line into what is known of it and its terminals (site_health.c). */
void site_note(struct site *site, uint32_t line, const struct line_event *event);

/* Answers who waits for this reading (site_ask.c), or those who have waited for too long; with the end everybody. */
void site_answer(struct site *site, const struct line_event *event);
void site_answer_late(struct site *site, struct mono now);
void site_answer_all(struct site *site);

#endif
