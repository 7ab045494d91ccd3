/* Preloaded into the daemon: while the file that TOCSIN_TEST_STALL names is there every fsync waits, and while that of
 * TOCSIN_TEST_HANG is there every tcdrain: a disk that stalls, a serial driver that hangs. The file that TOCSIN_TEST_CLOCK
 * names has the seconds that the wall clock is ahead, and "synchronised" behind them if the kernel is to call it so. */
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int call_later(const char *name, const char *variable, int fd)
{
    const char *stall = getenv(variable);
    int (*real)(int fd) = (int (*)(int))dlsym(RTLD_NEXT, name);
    while (stall && access(stall, F_OK) == 0)
        poll(NULL, 0, 20);
    return real(fd);
}

int fsync(int fd)
{
    return call_later("fsync", "TOCSIN_TEST_STALL", fd);
}

int fdatasync(int fd)
{
    return call_later("fdatasync", "TOCSIN_TEST_STALL", fd);
}

int tcdrain(int fd)
{
    return call_later("tcdrain", "TOCSIN_TEST_HANG", fd);
}

/* False where nobody sets the clock. */
static bool read_clock(long *ahead, char how[16])
{
    const char *path = getenv("TOCSIN_TEST_CLOCK");
    FILE *file = path ? fopen(path, "re") : NULL;
    how[0] = '\0';
    bool set = file && fscanf(file, "%ld %15s", ahead, how) >= 1;
    if (file)
        fclose(file);
    return set;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t id, struct timespec * t);
    if (!real)
        real = (int (*)(clockid_t id, struct timespec * t)) dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, t);
    long ahead;
    char how[16];
    if (code == 0 && id == CLOCK_REALTIME && read_clock(&ahead, how))
        t->tv_sec += ahead;
    return code;
}

int adjtimex(struct timex *state)
{
    long ahead;
    char how[16];
    state->status = read_clock(&ahead, how) && strcmp(how, "synchronised") == 0 ? 0 : STA_UNSYNC;
    return 0;
}
