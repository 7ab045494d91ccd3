/* Reads clocks, asks the kernel about them, and judges them. */
#include "controller/clock.h"

#include "codecs/monotonic.h"

#include <sys/timex.h>
#include <time.h>

enum {
    WRITTEN = 1790000000, /* seconds since 1970, September 2026: a clock before that has lost its battery */
    DRIFT_MS = 60000,     /* so far a battery clock may be behind the system's clock that was stored */
};

static struct clock process = {CLOCK_TRUST, {0}, {0}}; /* there is one time in a process; set by clock_start only */

static int64_t least(const struct clock *clock, const struct clock_reading *reading)
{
    return clock->stored.ms ? clock->stored.ms + mono_since(reading->now, clock->started) / 1000 : 0;
}

struct wall clock_wall(const struct clock *clock, const struct clock_reading *reading)
{
    int64_t from = least(clock, reading);
    bool right = clock->mode == CLOCK_NTP && reading->synchronised;
    return right || reading->system.ms >= from ? reading->system : (struct wall){from};
}

bool clock_believed(const struct clock *clock, const struct clock_reading *reading)
{
    switch (clock->mode) {
    case CLOCK_NTP: return reading->synchronised;
    case CLOCK_RTC: return reading->system.ms / 1000 >= WRITTEN && reading->system.ms + DRIFT_MS >= least(clock, reading);
    case CLOCK_TRUST: break;
    }
    return true;
}

static struct clock_reading read_system(void)
{
    struct timespec t;
    struct timex state = {0};
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct clock_reading){.system = {(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000},
                                  .now = mono_now(),
                                  .synchronised = adjtimex(&state) >= 0 && !(state.status & STA_UNSYNC)};
}

bool clock_start(enum clock_mode mode, struct wall stored)
{
    struct clock_reading reading = read_system();
    process = (struct clock){mode, stored, reading.now};
    return clock_wall(&process, &reading).ms == reading.system.ms;
}

struct moment clock_read(void)
{
    struct clock_reading reading = read_system();
    return (struct moment){reading.now, clock_wall(&process, &reading)};
}

bool clock_trusted(void)
{
    struct clock_reading reading = read_system();
    return clock_believed(&process, &reading);
}
