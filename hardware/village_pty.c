/* The pty of a simulated serial line, and its link in the file system. */
#include "hardware/village_parts.h"

#include "codecs/monotonic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void village_pty_listen(struct village_line *line)
{
    struct mono now = mono_now();
    uint8_t bytes[1024];
    ssize_t n;
    while (line->watch.descriptor >= 0 && (n = read(line->watch.descriptor, bytes, sizeof bytes)) > 0)
        line->front->receive(line, bytes, (size_t)n, now);
}

static void on_readable(void *context)
{
    village_pty_listen(context);
}

static bool make_link(struct village_line *line, const char *device, struct error *error)
{
    char beside[sizeof line->path + 8];
    snprintf(beside, sizeof beside, "%s.new", line->path);
    unlink(beside);
    if (symlink(device, beside) != 0 || rename(beside, line->path) != 0)
        return error_set(error, ERROR_IO, "link %s: %s", line->path, strerror(errno));
    return true;
}

static bool make_pty(struct village_line *line, char *device, size_t size, struct error *error)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    line->watch = (struct village_watch){master, on_readable, line};
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, device, size) != 0)
        return error_set(error, ERROR_IO, "line %s: no pty: %s", line->id, strerror(errno));
    line->held = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios raw;
    if (line->held < 0 || tcgetattr(line->held, &raw) != 0)
        return error_set(error, ERROR_IO, "line %s: %s: %s", line->id, device, strerror(errno));
    cfmakeraw(&raw);
    if (tcsetattr(line->held, TCSANOW, &raw) != 0)
        return error_set(error, ERROR_IO, "line %s: %s cannot be made raw: %s", line->id, device, strerror(errno));
    return true;
}

bool village_pty_attach(struct village_line *line, struct error *error)
{
    char device[128];
    return make_pty(line, device, sizeof device, error) && village_watch_add(line->village, &line->watch, error) &&
           make_link(line, device, error);
}

/* As when an adapter is pulled out: the daemon's descriptor hangs up. */
void village_pty_detach(struct village_line *line)
{
    if (line->held >= 0) {
        unlink(line->path);
        close(line->held);
    }
    if (line->watch.descriptor >= 0)
        close(line->watch.descriptor);
    line->watch.descriptor = line->held = -1;
}

void village_pty_write(const struct village_line *line, const uint8_t *bytes, size_t n)
{
    /* A full pty (nobody reads) loses bytes as a real wire does. */
    if (line->watch.descriptor >= 0 && write(line->watch.descriptor, bytes, n) < 0)
        return;
}
