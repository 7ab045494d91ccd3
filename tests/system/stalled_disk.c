/* Preloaded into the daemon: every fsync waits while the file that TOCSIN_TEST_STALL names is there. */
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static int sync_later(const char *name, int fd)
{
    const char *stall = getenv("TOCSIN_TEST_STALL");
    int (*real)(int fd) = (int (*)(int))dlsym(RTLD_NEXT, name);
    while (stall && access(stall, F_OK) == 0)
        poll(NULL, 0, 20);
    return real(fd);
}

int fsync(int fd)
{
    return sync_later("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_later("fdatasync", fd);
}
