/* The township as a whole: one epoll and one timer for all lines and channels, and the frame log. */
#include "hardware/village.h"

#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    LOG_FLUSH_US = 50000,
    EVENTS = 32,
    BEAT_US = 2000, /* the loop comes round at least so often, and */
    LATE_US = 4000, /* the log says when it did not: so much is small against what a master waits for a first byte */
};

bool village_path(char *to, size_t size, const char *dir, const char *path, struct error *error)
{
    int n = path[0] == '/' ? snprintf(to, size, "%s", path) : snprintf(to, size, "%s/%s", dir, path);
    if (n < 0 || (size_t)n >= size)
        return error_set(error, ERROR_TOO_LARGE, "the path %s/%s is too long", dir, path);
    return true;
}

static bool watch_for(struct village *village, struct village_watch *watch, uint32_t what, struct error *error)
{
    struct epoll_event event = {.events = what, .data.ptr = watch};
    if (epoll_ctl(village->epoll, EPOLL_CTL_ADD, watch->descriptor, &event) != 0)
        return error_set(error, ERROR_IO, "cannot watch descriptor %d: %s", watch->descriptor, strerror(errno));
    return true;
}

bool village_watch_add(struct village *village, struct village_watch *watch, struct error *error)
{
    return watch_for(village, watch, EPOLLIN, error);
}

bool village_watch_call(struct village *village, struct village_watch *watch, struct error *error)
{
    return watch_for(village, watch, EPOLLOUT, error);
}

void village_watch_remove(struct village *village, const struct village_watch *watch)
{
    epoll_ctl(village->epoll, EPOLL_CTL_DEL, watch->descriptor, NULL);
}

bool village_watch(struct village *village, int descriptor, void (*ready)(void *context), void *context, struct error *error)
{
    for (size_t i = 0; i < sizeof village->extra / sizeof village->extra[0]; i++) {
        struct village_watch *watch = &village->extra[i];
        if (watch->descriptor >= 0)
            continue;
        *watch = (struct village_watch){descriptor, ready, context};
        if (village_watch_add(village, watch, error))
            return true;
        watch->descriptor = -1;
        return false;
    }
    return error_set(error, ERROR_TOO_LARGE, "too many descriptors to watch");
}

void village_unwatch(struct village *village, int descriptor)
{
    for (size_t i = 0; i < sizeof village->extra / sizeof village->extra[0]; i++)
        if (village->extra[i].descriptor == descriptor)
            village->extra[i].descriptor = -1;
    epoll_ctl(village->epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

void village_log_frame(struct village *village, const struct village_line *line, const struct village_frame *frame)
{
    FILE *f = village->log;
    if (!f)
        return;
    char hex[2 * VILLAGE_FRAME_MAX + 1];
    for (size_t i = 0; i < frame->size; i++)
        snprintf(hex + 2 * i, 3, "%02x", frame->bytes[i]);
    fprintf(f, "%" PRId64 " %" PRId64 " %s %c %u %s %s\n", frame->begin.us, frame->end.us, line->id,
            frame->from_master          ? '>'
            : frame->note == NOTE_NOISE ? '~'
                                        : '<',
            frame->bytes[0], hex, village_note_name(frame->note));
    village->log_dirty = true;
}

void village_log_order(struct village *village, const char *text, const char *answer)
{
    FILE *f = village->log;
    if (!f)
        return;
    fprintf(f, "# %" PRId64 " script: %s\n", mono_now().us, text);
    for (size_t n; *answer; answer += n + (answer[n] != '\0')) {
        n = strcspn(answer, "\n");
        fprintf(f, "#   %.*s\n", (int)n, answer);
    }
    village->log_dirty = true;
}

/* A loop that came round late has read and answered late: a reader of the log cannot blame the master for what it did then. */
static void log_lateness(struct village *village, struct mono before, struct mono now)
{
    FILE *f = village->log;
    if (!f || mono_since(now, before) < LATE_US)
        return;
    fprintf(f, "# late %" PRId64 " %" PRId64 "\n", before.us, now.us);
    village->log_dirty = true;
}

static void flush_log(struct village *village, struct mono now)
{
    if (!village->log_dirty || mono_since(now, village->log_flushed) < LOG_FLUSH_US)
        return;
    FILE *f = village->log;
    fflush(f);
    village->log_dirty = false;
    village->log_flushed = now;
}

/* Says in the log what a reader cannot know from the frames. */
static bool open_log(struct village *village, const struct village_settings *settings, struct error *error)
{
    if (settings->log[0] == '\0')
        return true;
    char path[256];
    if (!village_path(path, sizeof path, settings->dir, settings->log, error))
        return false;
    FILE *f = fopen(path, "we");
    if (!f)
        return error_set(error, ERROR_IO, "frame log %s: %s", path, strerror(errno));
    village->log = f;
    fprintf(f, "# begin_us end_us line direction unit bytes note\n");
    for (size_t i = 0; i < settings->n_lines; i++)
        fprintf(f, "# line %s baud %d bits %d kind %s\n", settings->lines[i].id, settings->lines[i].baud,
                VILLAGE_CHARACTER_BITS, village_line_kind_name(settings->lines[i].kind));
    fflush(f);
    return true;
}

static void on_timer(void *context)
{
    const struct village *village = context;
    uint64_t times;
    if (read(village->timer, &times, sizeof times) < 0)
        return;
}

static bool open_loop(struct village *village, struct error *error)
{
    for (size_t i = 0; i < sizeof village->extra / sizeof village->extra[0]; i++)
        village->extra[i].descriptor = -1;
    village->epoll = epoll_create1(EPOLL_CLOEXEC);
    village->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    village->timer_watch = (struct village_watch){village->timer, on_timer, village};
    if (village->epoll < 0 || village->timer < 0)
        return error_set(error, ERROR_IO, "no epoll or timer: %s", strerror(errno));
    return village_watch_add(village, &village->timer_watch, error);
}

static bool open_all(struct village *village, const struct village_settings *settings, struct error *error)
{
    village->epoll = village->timer = -1;
    village->channels = calloc(settings->n_channels + 1, sizeof *village->channels);
    village->lines = calloc(settings->n_lines + 1, sizeof *village->lines);
    if (!village->channels || !village->lines)
        return error_set(error, ERROR_NO_MEMORY, "no memory");
    if (mkdir(settings->dir, 0755) != 0 && errno != EEXIST)
        return error_set(error, ERROR_IO, "cannot make the folder %s: %s", settings->dir, strerror(errno));
    if (!open_loop(village, error) || !open_log(village, settings, error))
        return false;
    for (; village->n_channels < settings->n_channels; village->n_channels++)
        if (!village_channel_open(&village->channels[village->n_channels], village, &settings->channels[village->n_channels],
                                  settings->dir, error))
            return village->n_channels++, false; /* counted, so that it is closed */
    for (; village->n_lines < settings->n_lines; village->n_lines++)
        if (!village_line_open(&village->lines[village->n_lines], village, &settings->lines[village->n_lines], settings, error))
            return village->n_lines++, false;
    return settings->script[0] == '\0' || village_script_start(village, settings->script, error);
}

struct village *village_create(const struct village_settings *settings, struct error *error)
{
    struct village *village = calloc(1, sizeof *village);
    if (!village) {
        error_set(error, ERROR_NO_MEMORY, "no memory");
        return NULL;
    }
    if (open_all(village, settings, error))
        return village;
    village_destroy(village);
    return NULL;
}

/* When the loop must wake at the latest, to let a byte out or the log. */
static struct mono next_due(const struct village *village)
{
    struct mono due = village_script_due(village);
    if (village->log_dirty)
        due = mono_earlier(due, mono_plus_us(village->log_flushed, LOG_FLUSH_US));
    for (size_t i = 0; i < village->n_lines; i++) {
        struct mono line = village_line_due(&village->lines[i]);
        due = mono_before(line, due) ? line : due;
    }
    return due;
}

static bool set_timer(struct village *village, struct mono due)
{
    struct itimerspec at = {0}; /* zero: disarmed */
    if (due.us < INT64_MAX) {
        int64_t us = due.us > 1 ? due.us : 1;
        at.it_value.tv_sec = us / 1000000;
        at.it_value.tv_nsec = us % 1000000 * 1000;
    }
    return timerfd_settime(village->timer, TFD_TIMER_ABSTIME, &at, NULL) == 0;
}

/* The clock is read anew for each line that has something to do: the one before it took its time. */
static void advance_lines(struct village *village)
{
    struct mono now = mono_now();
    for (size_t i = 0; i < village->n_lines; i++) {
        struct village_line *line = &village->lines[i];
        if (mono_before(now, village_line_due(line)))
            continue;
        now = mono_now();
        village_line_advance(line, now);
    }
}

/* Bytes in a pty wait for the kernel to find time to hand them over, on a busy machine for 20 ms. Whoever polls for them
 * meanwhile is made to wait: so the village knows that it was late. */
static void listen_to_ptys(struct village *village, struct mono now)
{
    struct pollfd ends[2 * VILLAGE_LINES_MAX];
    nfds_t n = 0;
    if (mono_since(now, village->listened) < BEAT_US)
        return;
    village->listened = now;
    for (size_t i = 0; i < village->n_lines; i++) {
        const struct village_line *line = &village->lines[i];
        if (line->kind != VILLAGE_PTY || !line->attached)
            continue;
        ends[n++] = (struct pollfd){.fd = line->watch.descriptor, .events = POLLIN};
        ends[n++] = (struct pollfd){.fd = line->held, .events = POLLIN};
    }
    int ignored = poll(ends, n, 0); /* what is there is read in its turn */
    (void)ignored;
}

bool village_run(struct village *village, struct error *error)
{
    struct mono before = mono_now();
    while (!village->stopping) {
        struct epoll_event events[EVENTS];
        struct mono now = mono_now();
        log_lateness(village, before, now);
        before = now;
        if (!set_timer(village, mono_earlier(next_due(village), mono_plus_us(now, BEAT_US))))
            return error_set(error, ERROR_IO, "timer: %s", strerror(errno));
        int n = epoll_wait(village->epoll, events, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            return error_set(error, ERROR_IO, "epoll: %s", strerror(errno));
        for (int i = 0; i < n; i++) {
            struct village_watch *watch = events[i].data.ptr;
            if (watch->descriptor >= 0)
                watch->ready(watch->context);
        }
        listen_to_ptys(village, now);
        advance_lines(village);
        village_script_advance(village, mono_now());
        flush_log(village, mono_now());
    }
    return true;
}

void village_stop(struct village *village)
{
    village->stopping = true;
}

void village_destroy(struct village *village)
{
    if (!village)
        return;
    village_script_clear(village);
    for (size_t i = 0; i < village->n_lines; i++)
        village_line_close(&village->lines[i]);
    for (size_t i = 0; i < village->n_channels; i++)
        village_channel_close(&village->channels[i]);
    FILE *f = village->log;
    if (f)
        fclose(f);
    if (village->timer >= 0)
        close(village->timer);
    if (village->epoll >= 0)
        close(village->epoll);
    free(village->channels);
    free(village->lines);
    free(village);
}
