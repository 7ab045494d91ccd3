/* One channel's sound as the township hears it: a FIFO that is drained at once and cut into blocks of 20 ms. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a writer left behind this long ago is no part of what follows. */
enum { STALE_US = 100000 };

static void hear_block(struct village_channel *channel, struct mono now)
{
    double power = village_power(channel->block, VILLAGE_BLOCK_SAMPLES);
    channel->blocks++;
    for (size_t i = 0; i < channel->village->n_lines; i++) {
        struct village_line *line = &channel->village->lines[i];
        for (size_t j = 0; line->channel == channel && j < line->n_units; j++)
            village_unit_hear(&line->units[j], power, now);
    }
}

static void on_sound(void *context)
{
    struct village_channel *channel = context;
    struct mono now = mono_now();
    if (mono_since(now, channel->filled_at) > STALE_US)
        channel->filled = 0;
    channel->filled_at = now;
    for (;;) {
        ssize_t n =
            read(channel->watch.descriptor, (char *)channel->block + channel->filled, sizeof channel->block - channel->filled);
        if (n <= 0)
            return;
        channel->filled += (size_t)n;
        if (channel->filled < sizeof channel->block)
            continue;
        hear_block(channel, now);
        channel->filled = 0;
    }
}

bool village_channel_open(struct village_channel *channel, struct village *village,
                          const struct village_channel_settings *settings, const char *dir, struct error *error)
{
    channel->village = village;
    channel->watch = (struct village_watch){-1, on_sound, channel};
    text_copy(channel->id, sizeof channel->id, settings->id);
    char path[256];
    if (!village_path(path, sizeof path, dir, settings->fifo, error))
        return false;
    if (mkfifo(path, 0600) != 0 && errno != EEXIST)
        return error_set(error, ERROR_IO, "channel %s: cannot make %s: %s", channel->id, path, strerror(errno));
    /* Open for writing too, so that a writer that goes never leaves an end of file. */
    int descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (descriptor < 0)
        return error_set(error, ERROR_IO, "channel %s: %s: %s", channel->id, path, strerror(errno));
    channel->watch.descriptor = descriptor;
    if (fstat(descriptor, &status) != 0 || !S_ISFIFO(status.st_mode))
        return error_set(error, ERROR_INVALID, "channel %s: %s is there and is no FIFO", channel->id, path);
    return village_watch_add(village, &channel->watch, error);
}

void village_channel_close(struct village_channel *channel)
{
    if (channel->watch.descriptor >= 0)
        close(channel->watch.descriptor);
    channel->watch.descriptor = -1;
}
