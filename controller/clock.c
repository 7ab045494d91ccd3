/* Reads clocks; asks the kernel about them. */
#include "controller/clock.h"

#include "codecs/monotonic.h"

#include <sys/timex.h>
#include <time.h>

enum { WRITTEN = 1790000000 }; /* seconds since 1970, September 2026: a clock before that has lost its battery */

struct moment clock_read(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct moment){mono_now(), {(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000}};
}

bool clock_trusted(enum clock_mode mode)
{
    struct timex state = {0};
    switch (mode) {
    case CLOCK_NTP: return adjtimex(&state) >= 0 && !(state.status & STA_UNSYNC);
    case CLOCK_RTC: return clock_read().wall.ms / 1000 >= WRITTEN;
    case CLOCK_TRUST: break;
    }
    return true;
}
