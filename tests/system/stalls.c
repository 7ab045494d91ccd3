/* Preloaded into the daemon: while the file that TOCSIN_TEST_STALL names is there every fsync waits, and while that of
 * TOCSIN_TEST_HANG is there every tcdrain: a disk that stalls, a serial driver that hangs. */
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
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
