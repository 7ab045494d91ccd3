/* ALSA plug-in "type tocsin": a sound card for tests and the demo that takes real time, as ALSA's own null and file do not.
 * What it has played at this instant, never more, goes to a FIFO that the simulated village listens to, to a WAV file, and
 * on request to a real card. It can be muted, stalled and unplugged. Mono, S16_LE, 48000 Hz.
 *
 *   fifo PATH          raw frames as they are played; nobody need read it (made if it is not there)
 *   wav PATH           the same as a recording, valid at any time; goes on where an earlier one ended
 *   slave NAME         a PCM that sounds as well, as far as it keeps up
 *   silent BOOL        takes its time but plays zeros: a muted card
 *   stall_after_ms N   after so much sound the position stands still for stall_ms while the card runs dry, then EPIPE; once
 *   lose_after_ms N    after so much sound the card is gone; it is back when opened again
 *   lost PATH          the card is gone as long as this file exists */
#define PIC 1 /* asks ALSA's headers for the exported version symbol */
#include "audio/pacing_out.h"
#include "codecs/monotonic.h"

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    RATE = PACING_RATE,
    TICK_US = 5000,   /* how often what was played is given on */
    SLACK = RATE,     /* frames that the giving on may be late */
    IDLE_US = 100000, /* how often a resting card is looked for */
};

struct pacing {
    snd_pcm_ioplug_t io;
    char *lost_path;
    bool silent;
    int64_t stall_after, stall_us, lose_after; /* frames, us, frames; -1: never */

    pthread_mutex_t lock; /* over all that follows, up to out */
    pthread_cond_t changed;
    int16_t *ring;
    size_t ring_size;
    snd_pcm_uframes_t avail_min;
    uint64_t written, played, emitted; /* frames since the card was opened */
    uint64_t origin;                   /* where the stream began that was prepared last */
    uint64_t started_at;               /* frames played when the clock was started */
    struct mono started;
    struct mono stalled; /* since when; 0: not */
    uint64_t stalled_at; /* the position that is told meanwhile */
    bool stall_over, running, xrun, gone, quit;

    struct pacing_out out; /* the playing thread's */
    pthread_t thread;
    bool has_thread;
    int wake; /* eventfd that the application polls */
};

/* ---- the clock: what has been played by now ---- */

static uint64_t frames_since(struct mono from, struct mono now)
{
    return (uint64_t)(mono_since(now, from) * RATE / 1000000);
}

static void wake_application(struct pacing *p)
{
    uint64_t one = 1;
    (void)!write(p->wake, &one, sizeof one);
}

static void halt(struct pacing *p)
{
    p->running = false;
    p->written = p->played; /* what was not played never will be */
    wake_application(p);
}

static bool must_go(const struct pacing *p)
{
    return (p->lose_after >= 0 && p->played >= (uint64_t)p->lose_after) || (p->lost_path && access(p->lost_path, F_OK) == 0);
}

static void advance_stall(struct pacing *p, struct mono now)
{
    if (!p->stalled.us && !p->stall_over && p->stall_after >= 0 && p->played >= (uint64_t)p->stall_after) {
        p->stalled = now;
        p->stalled_at = p->played;
    }
    if (p->stalled.us && mono_since(now, p->stalled) >= p->stall_us) {
        p->stalled = (struct mono){0};
        p->stall_over = true;
        p->xrun = true;
        halt(p);
    }
}

static void advance(struct pacing *p)
{
    struct mono now = mono_now();
    if (p->running) {
        uint64_t target = p->started_at + frames_since(p->started, now);
        bool dry = target > p->written;
        p->played = dry ? p->written : target;
        if (dry && p->io.state != SND_PCM_STATE_DRAINING && !p->stalled.us) {
            p->xrun = true;
            halt(p);
        }
        advance_stall(p, now);
    }
    if (!p->gone && must_go(p)) {
        p->gone = true;
        halt(p);
        snd_pcm_ioplug_set_state(&p->io, SND_PCM_STATE_DISCONNECTED);
    }
}

/* ---- giving on what was played ---- */

static void emit(struct pacing *p, int16_t *frames, size_t n)
{
    if (p->silent)
        memset(frames, 0, n * 2);
    pacing_out_put(&p->out, frames, n);
}

/* Emits with the lock released; a reader or a disk never holds up the application. */
static void emit_played(struct pacing *p)
{
    int16_t chunk[PACING_CHUNK];
    while (p->emitted < p->played) {
        size_t n = p->played - p->emitted < PACING_CHUNK ? (size_t)(p->played - p->emitted) : PACING_CHUNK;
        for (size_t i = 0; i < n; i++)
            chunk[i] = p->ring[(p->emitted + i) % p->ring_size];
        p->emitted += n;
        pthread_mutex_unlock(&p->lock);
        emit(p, chunk, n);
        pthread_mutex_lock(&p->lock);
    }
}

static void wait_tick(struct pacing *p)
{
    struct mono until = mono_plus_us(mono_now(), p->running ? TICK_US : IDLE_US);
    struct timespec t = {until.us / 1000000, until.us % 1000000 * 1000};
    pthread_cond_timedwait(&p->changed, &p->lock, &t);
}

static void *play(void *context)
{
    struct pacing *p = context;
    pthread_mutex_lock(&p->lock);
    while (!p->quit) {
        advance(p);
        emit_played(p);
        if (p->running && p->io.buffer_size - (p->written - p->played) >= p->avail_min)
            wake_application(p);
        if (!p->quit && p->emitted == p->played)
            wait_tick(p);
    }
    emit_played(p);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- what ALSA calls ---- */

static int on_start(snd_pcm_ioplug_t *io)
{
    struct pacing *p = io->private_data;
    pthread_mutex_lock(&p->lock);
    p->started = mono_now();
    p->started_at = p->played;
    p->running = !p->gone;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return p->gone ? -ENODEV : 0;
}

static int on_stop(snd_pcm_ioplug_t *io)
{
    struct pacing *p = io->private_data;
    pthread_mutex_lock(&p->lock);
    advance(p);
    halt(p);
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return 0;
}

/* A negative answer makes it an underrun, whatever the number; that a card is lost, its state tells. */
static snd_pcm_sframes_t on_pointer(snd_pcm_ioplug_t *io)
{
    struct pacing *p = io->private_data;
    pthread_mutex_lock(&p->lock);
    advance(p);
    uint64_t at = (p->stalled.us ? p->stalled_at : p->played) - p->origin;
    bool xrun = p->xrun && !p->gone;
    pthread_mutex_unlock(&p->lock);
    if (xrun)
        return -EPIPE;
    return (snd_pcm_sframes_t)(at % io->buffer_size);
}

static snd_pcm_sframes_t on_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas, snd_pcm_uframes_t offset,
                                     snd_pcm_uframes_t size)
{
    struct pacing *p = io->private_data;
    const int16_t *from = (const int16_t *)((const char *)areas->addr + areas->first / 8) + offset * (areas->step / 16);
    pthread_mutex_lock(&p->lock);
    for (snd_pcm_uframes_t i = 0; i < size; i++)
        p->ring[(p->written + i) % p->ring_size] = from[i];
    p->written += size;
    pthread_mutex_unlock(&p->lock);
    return (snd_pcm_sframes_t)size;
}

static int on_prepare(snd_pcm_ioplug_t *io)
{
    struct pacing *p = io->private_data;
    pthread_mutex_lock(&p->lock);
    advance(p);
    halt(p);
    p->origin = p->written;
    p->xrun = false;
    p->stalled = (struct mono){0};
    bool gone = p->gone;
    pthread_mutex_unlock(&p->lock);
    return gone ? -ENODEV : 0;
}

static int on_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
    struct pacing *p = io->private_data;
    (void)params;
    size_t size = io->buffer_size + SLACK;
    int16_t *ring = calloc(size, sizeof *ring);
    if (!ring)
        return -ENOMEM;
    pthread_mutex_lock(&p->lock);
    free(p->ring);
    p->ring = ring;
    p->ring_size = size;
    p->emitted = p->written = p->played;
    p->avail_min = io->period_size;
    pthread_mutex_unlock(&p->lock);
    return 0;
}

static int on_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
    struct pacing *p = io->private_data;
    pthread_mutex_lock(&p->lock);
    snd_pcm_sw_params_get_avail_min(params, &p->avail_min);
    pthread_mutex_unlock(&p->lock);
    return 0;
}

/* Cleared first, then looked at, so that no wake-up is lost; left set while there is something to do. */
static int on_poll_revents(snd_pcm_ioplug_t *io, struct pollfd *pfd, unsigned int n, unsigned short *revents)
{
    struct pacing *p = io->private_data;
    uint64_t count;
    (void)pfd, (void)n;
    (void)!read(p->wake, &count, sizeof count);
    pthread_mutex_lock(&p->lock);
    advance(p);
    uint64_t queued = p->written - (p->stalled.us ? p->stalled_at : p->played);
    bool broken = p->gone || p->xrun;
    bool room = queued < io->buffer_size && io->buffer_size - queued >= p->avail_min;
    if (broken || room)
        wake_application(p);
    pthread_mutex_unlock(&p->lock);
    *revents = (unsigned short)((room || broken ? POLLOUT : 0) | (broken ? POLLERR : 0));
    return 0;
}

static int on_close(snd_pcm_ioplug_t *io)
{
    struct pacing *p = io->private_data;
    if (p->has_thread) {
        pthread_mutex_lock(&p->lock);
        p->quit = true;
        pthread_cond_signal(&p->changed);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    pacing_out_close(&p->out);
    if (p->wake >= 0)
        close(p->wake);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->ring);
    free(p->lost_path);
    free(p);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = on_start,
    .stop = on_stop,
    .pointer = on_pointer,
    .transfer = on_transfer,
    .close = on_close,
    .hw_params = on_hw_params,
    .sw_params = on_sw_params,
    .prepare = on_prepare,
    .poll_revents = on_poll_revents,
};

/* ---- opening ---- */

static int take_text(snd_config_t *node, char **to)
{
    const char *text = NULL;
    int err = snd_config_get_string(node, &text);
    if (err < 0)
        return err;
    free(*to);
    *to = *text ? strdup(text) : NULL;
    return *text && !*to ? -ENOMEM : 0;
}

static int take_ms(snd_config_t *node, int64_t *to, int64_t per_ms)
{
    long ms = 0;
    int err = snd_config_get_integer(node, &ms);
    if (err == 0)
        *to = ms < 0 ? -1 : ms * per_ms;
    return err;
}

static int take_parameter(struct pacing *p, const char *id, snd_config_t *node)
{
    if (strcmp(id, "fifo") == 0)
        return take_text(node, &p->out.fifo_path);
    if (strcmp(id, "wav") == 0)
        return take_text(node, &p->out.wav_path);
    if (strcmp(id, "slave") == 0)
        return take_text(node, &p->out.slave_name);
    if (strcmp(id, "lost") == 0)
        return take_text(node, &p->lost_path);
    if (strcmp(id, "stall_after_ms") == 0)
        return take_ms(node, &p->stall_after, RATE / 1000);
    if (strcmp(id, "stall_ms") == 0)
        return take_ms(node, &p->stall_us, 1000);
    if (strcmp(id, "lose_after_ms") == 0)
        return take_ms(node, &p->lose_after, RATE / 1000);
    if (strcmp(id, "silent") != 0) {
        SNDERR("tocsin: unknown parameter %s", id);
        return -EINVAL;
    }
    int on = snd_config_get_bool(node);
    p->silent = on > 0;
    return on < 0 ? on : 0;
}

static int take_parameters(struct pacing *p, snd_config_t *conf)
{
    snd_config_iterator_t i, next;
    snd_config_for_each(i, next, conf)
    {
        snd_config_t *node = snd_config_iterator_entry(i);
        const char *id = NULL;
        if (snd_config_get_id(node, &id) < 0 || strcmp(id, "comment") == 0 || strcmp(id, "type") == 0 ||
            strcmp(id, "hint") == 0)
            continue;
        int err = take_parameter(p, id, node);
        if (err < 0)
            return err;
    }
    return 0;
}

static int constrain(snd_pcm_ioplug_t *io)
{
    static const unsigned int access_list[] = {SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED};
    static const unsigned int format_list[] = {SND_PCM_FORMAT_S16_LE};
    int err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access_list);
    if (err == 0)
        err = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format_list);
    if (err == 0)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, 1, 1);
    if (err == 0)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, RATE, RATE);
    if (err == 0) /* 2 ms to 0.5 s, in bytes of two a frame */
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, RATE / 250, RATE);
    if (err == 0)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, RATE / 125, RATE * 2);
    if (err == 0)
        err = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 250);
    return err;
}

/* No thread of ours takes signals: those are the application's, and a reader that has gone must not kill it by SIGPIPE. */
static int start(struct pacing *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pacing_out_open(&p->out);
    if (err == 0)
        err = -pthread_create(&p->thread, NULL, play, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->has_thread = err == 0;
    return err;
}

static void init(struct pacing *p, snd_pcm_stream_t stream)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&p->lock, NULL);
    p->stall_after = p->lose_after = -1;
    pacing_out_init(&p->out);
    p->wake = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    p->io.version = SND_PCM_IOPLUG_VERSION;
    p->io.name = "Tocsin pacing card";
    p->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC;
    p->io.callback = &callbacks;
    p->io.private_data = p;
    p->io.poll_fd = p->wake;
    p->io.poll_events = POLLIN;
    p->io.stream = stream;
}

SND_PCM_PLUGIN_DEFINE_FUNC(tocsin);

SND_PCM_PLUGIN_DEFINE_FUNC(tocsin)
{
    (void)root;
    if (stream != SND_PCM_STREAM_PLAYBACK)
        return -EINVAL;
    struct pacing *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    init(p, stream);
    int err = p->wake < 0 ? -errno : take_parameters(p, conf);
    if (err == 0 && must_go(p))
        err = -ENODEV;
    if (err == 0)
        err = start(p);
    if (err == 0)
        err = snd_pcm_ioplug_create(&p->io, name, stream, mode);
    if (err < 0) {
        on_close(&p->io);
        return err;
    }
    err = constrain(&p->io);
    if (err < 0) {
        snd_pcm_ioplug_delete(&p->io); /* closes */
        return err;
    }
    *pcmp = p->io.pcm;
    return 0;
}

SND_PCM_PLUGIN_SYMBOL(tocsin)
