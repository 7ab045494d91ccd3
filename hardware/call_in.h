/* Gateways that call in: one thread listens where they are told to connect to, reads by which first bytes each names itself,
 * and hands the connection to its line. Whoever does not name itself is refused; no line waits for that. */
#ifndef TOCSIN_HARDWARE_CALL_IN_H
#define TOCSIN_HARDWARE_CALL_IN_H

#include "hardware/line.h"

enum {
    CALL_IN_UNNAMED_MAX = 16,   /* of one port at once; one of the address that has the most makes way for one more */
    CALL_IN_UNNAMED_ALL = 128,  /* of all ports, in equal parts: they must not use up the descriptors */
    CALL_IN_NAME_WITHIN_S = 10, /* from its connecting to its registration packet */
};

/* What people should know, in words: that a port cannot be listened on (trouble) or is again, and who was refused, at most once
 * a minute for each port. Called on the thread of call_in; may only copy and wake somebody. */
typedef void call_in_event_fn(void *context, bool trouble, const char *message);

struct call_in;

/* Listens for those of the n lines that are called in on; the lines outlive it, the settings are copied. Without any such line
 * it has nothing to do. A port that is taken is told by an event and tried again for ever. */
struct call_in *call_in_start(struct line *const *lines, const struct line_settings *settings, size_t n,
                              call_in_event_fn *event, void *context, struct error *error);

/* Ends the thread, closes the ports and whoever has not named itself. NULL is allowed. */
void call_in_stop(struct call_in *call_in);

#endif
