/* The clocks of the controller: both kinds of time read at once, and whether the wall clock can be believed. Main starts the
 * one clock of the process before anything reads it; the judgement is pure. */
#ifndef TOCSIN_CONTROLLER_CLOCK_H
#define TOCSIN_CONTROLLER_CLOCK_H

#include "config/config.h"
#include "controller/delivery.h"

struct clock {
    enum clock_mode mode;
    struct wall stored; /* the last time on disk at the start; {0} if there is none */
    struct mono started;
};

/* What the system shows. */
struct clock_reading {
    struct wall system;
    struct mono now;
    bool synchronised; /* as the kernel says (adjtimex(2)) */
};

/* Never before the time stored at the start, and what has passed since; but a clock that is synchronised (mode ntp) is right,
 * and what was stored was wrong. */
struct wall clock_wall(const struct clock *clock, const struct clock_reading *reading);

/* trust: always. ntp: once it is synchronised. rtc: unless it shows that its battery was empty, by standing before this was
 * written or before the time stored at the start. */
bool clock_believed(const struct clock *clock, const struct clock_reading *reading);

/* False if the system's clock stands before stored: then time goes on from there. */
bool clock_start(enum clock_mode mode, struct wall stored);
struct moment clock_read(void);
bool clock_trusted(void);

#endif
