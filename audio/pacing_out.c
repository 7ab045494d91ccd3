/* The FIFO, the recording and the other card (pacing_out.h). */
#include "audio/pacing_out.h"

#include "codecs/monotonic.h"

#include <alsa/asoundlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RETRY_US = 200000,   /* how often a reader of the FIFO is looked for */
    HEADER_EVERY = 12000 /* frames between two repairs of the WAV header */
};

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* ---- the recording ---- */

static void put_u32(unsigned char *to, uint64_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

/* RIFF header for the frames recorded so far. */
static void wav_tell(struct pacing_out *out)
{
    unsigned char h[44] = "RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0........\x02\0\x10\0data";
    put_u32(h + 4, 36 + out->wav_frames * 2);
    put_u32(h + 24, PACING_RATE);
    put_u32(h + 28, PACING_RATE * UINT64_C(2));
    put_u32(h + 40, out->wav_frames * 2);
    (void)!pwrite(out->wav, h, sizeof h, 0);
    out->wav_told = out->wav_frames;
}

static void wav_open(struct pacing_out *out)
{
    out->wav = open(out->wav_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (out->wav < 0)
        return;
    struct stat s;
    out->wav_frames = fstat(out->wav, &s) == 0 && s.st_size > 44 ? (uint64_t)(s.st_size - 44) / 2 : 0;
    wav_tell(out);
}

static void wav_put(struct pacing_out *out, const int16_t *frames, size_t n)
{
    if (out->wav < 0 || out->wav_frames + n > (UINT32_MAX - 44) / 2)
        return;
    if (pwrite(out->wav, frames, n * 2, (off_t)(44 + out->wav_frames * 2)) == (ssize_t)(n * 2))
        out->wav_frames += n;
    if (out->wav_frames - out->wav_told >= HEADER_EVERY)
        wav_tell(out);
}

/* ---- the FIFO ---- */

/* A chunk is smaller than PIPE_BUF, so it goes whole or, when the reader is too slow, not at all. */
static void fifo_put(struct pacing_out *out, const int16_t *frames, size_t n)
{
    struct mono now = mono_now();
    if (out->fifo < 0 && out->fifo_path && mono_since(now, out->fifo_tried) >= RETRY_US) {
        out->fifo_tried = now;
        out->fifo = open(out->fifo_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    }
    if (out->fifo >= 0 && write(out->fifo, frames, n * 2) < 0 && errno != EAGAIN && errno != EINTR) {
        close(out->fifo);
        out->fifo = -1;
        out->fifo_tried = now;
    }
}

/* ---- the other card, in a thread of its own behind a pipe, so that it can hold up nothing ---- */

static snd_pcm_t *slave_open(const char *name)
{
    snd_pcm_t *pcm = NULL;
    if (snd_pcm_open(&pcm, name, SND_PCM_STREAM_PLAYBACK, SND_PCM_NONBLOCK) < 0)
        return NULL;
    if (snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED, 1, PACING_RATE, 1, 200000) == 0)
        return pcm;
    snd_pcm_close(pcm);
    return NULL;
}

static void *slave_play(void *context)
{
    struct pacing_out *out = context;
    snd_pcm_t *pcm = slave_open(out->slave_name);
    int16_t chunk[PACING_CHUNK];
    ssize_t got;
    while ((got = read(out->from_slave, chunk, sizeof chunk)) > 0) {
        if (!pcm)
            continue;
        snd_pcm_wait(pcm, 100);
        long done = snd_pcm_writei(pcm, chunk, (snd_pcm_uframes_t)got / 2);
        if (done < 0 && done != -EAGAIN)
            snd_pcm_recover(pcm, (int)done, 1);
    }
    if (pcm)
        snd_pcm_close(pcm);
    return NULL;
}

static void slave_start(struct pacing_out *out)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    out->from_slave = ends[0];
    out->to_slave = ends[1];
    out->has_slave = pthread_create(&out->slave, NULL, slave_play, out) == 0;
}

/* ---- all of them ---- */

void pacing_out_init(struct pacing_out *out)
{
    *out = (struct pacing_out){.fifo = -1, .wav = -1, .to_slave = -1, .from_slave = -1};
}

int pacing_out_open(struct pacing_out *out)
{
    if (out->fifo_path && mkfifo(out->fifo_path, 0600) < 0 && errno != EEXIST)
        return -errno;
    if (out->wav_path)
        wav_open(out);
    if (out->slave_name)
        slave_start(out);
    return 0;
}

void pacing_out_put(struct pacing_out *out, const int16_t *frames, size_t n)
{
    fifo_put(out, frames, n);
    wav_put(out, frames, n);
    if (out->to_slave >= 0)
        (void)!write(out->to_slave, frames, n * 2);
}

void pacing_out_close(struct pacing_out *out)
{
    close_fd(out->to_slave);
    if (out->has_slave)
        pthread_join(out->slave, NULL);
    close_fd(out->from_slave);
    if (out->wav >= 0)
        wav_tell(out);
    close_fd(out->wav);
    close_fd(out->fifo);
    free(out->fifo_path);
    free(out->wav_path);
    free(out->slave_name);
}
