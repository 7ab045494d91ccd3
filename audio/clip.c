/* Recordings: whatever libsndfile reads, made into one even mono PCM. */
#include "audio/clip.h"
#include "audio/speech.h"
#include "audio/voice.h"

#include <math.h>
#include <sndfile.h>
#include <stdlib.h>

enum {
    CHANNELS_MAX = 8,
    RATE_MAX = 192000,
    PIECE = 1024,   /* frames decoded at a time */
    FADE_MS = 500,  /* at the end of what is cut */
    LEAST_MS = 500, /* nothing shorter has words in it */
    LACKING = 50,   /* one in so many frames may be missing: encoders count their padding differently */
    LOUDEST = 32000,
};

/* A recording whose loudest sample lies below this (-50 dBFS) is silent: noise is not made as loud as words. */
static const float quietest_peak = 0.00316F;

static bool check(const SF_INFO *info, struct error *error)
{
    if (info->channels < 1 || info->channels > CHANNELS_MAX)
        return error_set(error, ERROR_UNSUPPORTED, "it has %d channels: 1 to %d", info->channels, CHANNELS_MAX);
    if (info->samplerate < 4000 || info->samplerate > RATE_MAX)
        return error_set(error, ERROR_UNSUPPORTED, "it has %d Hz: 4000 to %d", info->samplerate, RATE_MAX);
    return true;
}

static bool check_length(const SF_INFO *info, uint32_t max_s, struct error *error)
{
    if (info->frames > (sf_count_t)max_s * info->samplerate)
        return error_set(error, ERROR_TOO_LARGE, "it lasts %.0f s: at most %u s", (double)info->frames / info->samplerate,
                         max_s);
    return true;
}

/* Decodes the next piece and mixes it; returns its frames. What is no number is silence. */
static size_t read_piece(SNDFILE *file, int channels, float mono[PIECE])
{
    float piece[PIECE * CHANNELS_MAX];
    sf_count_t got = sf_readf_float(file, piece, PIECE);
    for (sf_count_t i = 0; i < got; i++) {
        float sum = 0;
        for (int c = 0; c < channels; c++)
            sum += piece[i * channels + c];
        mono[i] = isfinite(sum) ? sum / (float)channels : 0;
    }
    return got > 0 ? (size_t)got : 0;
}

/* Reads piece by piece into memory that grows, for a head may promise anything; at most most frames. NULL without memory. */
static float *read_mono(SNDFILE *file, int channels, size_t most, size_t *n)
{
    float *mono = NULL;
    size_t room = 0, got;
    *n = 0;
    do {
        if (*n + PIECE > room) {
            room = 2 * room + PIECE;
            float *bigger = realloc(mono, room * sizeof *mono);
            if (!bigger) {
                free(mono);
                return NULL;
            }
            mono = bigger;
        }
        got = read_piece(file, channels, mono + *n);
        *n += got;
    } while (got > 0 && *n < most);
    *n = *n < most ? *n : most;
    return mono;
}

bool clip_read(const char *path, uint32_t rate, uint32_t max_s, struct speech *speech, struct error *error)
{
    SF_INFO info = {0};
    *speech = (struct speech){0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file)
        return error_set(error, ERROR_IO, "recording %s cannot be read: %s", path, sf_strerror(NULL));
    if (!check(&info, error) || !check_length(&info, max_s, error)) {
        sf_close(file);
        return error_prefix(error, "recording %s", path);
    }
    size_t n;
    float *mono = read_mono(file, info.channels, (size_t)info.frames, &n);
    sf_close(file);
    bool ok = mono ? speech_finish(mono, n, (uint32_t)info.samplerate, rate, speech, error)
                   : error_set(error, ERROR_NO_MEMORY, "no memory for it");
    free(mono);
    return ok || error_prefix(error, "recording %s", path);
}

/* ---- of strangers ---- */

static void fade_out(float *mono, size_t n, uint32_t rate)
{
    size_t fade = (size_t)rate * FADE_MS / 1000;
    for (size_t i = 0; i < fade && i < n; i++)
        mono[n - 1 - i] *= (float)i / (float)fade;
}

static bool to_frames(const float *mono, size_t n, struct clip *clip, struct error *error)
{
    float peak = 0;
    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(mono[i]));
    if (peak < quietest_peak)
        return error_set(error, ERROR_INVALID, "there is no sound in it");
    clip->frames = malloc((n + 1) * sizeof *clip->frames);
    if (!clip->frames)
        return error_set(error, ERROR_NO_MEMORY, "no memory for it");
    for (size_t i = 0; i < n; i++)
        clip->frames[i] = (int16_t)lrintf(mono[i] / peak * LOUDEST);
    clip->n = n;
    return true;
}

/* n frames were read, one more than may be played if there are so many. */
static bool judge(float *mono, size_t n, const SF_INFO *info, uint32_t max_s, struct clip *clip, struct error *error)
{
    size_t most = (size_t)max_s * clip->rate;
    clip->cut = n > most;
    if (!clip->cut && info->frames < SF_COUNT_MAX && (sf_count_t)n < info->frames - info->frames / LACKING)
        return error_set(error, ERROR_INVALID, "it is damaged: of %.1f s only %.1f s can be played",
                         (double)info->frames / clip->rate, (double)n / clip->rate);
    if (n < (size_t)clip->rate * LEAST_MS / 1000)
        return error_set(error, ERROR_INVALID, "it lasts only %zu ms", n * 1000 / clip->rate);
    if (clip->cut)
        fade_out(mono, most, clip->rate);
    return to_frames(mono, clip->cut ? most : n, clip, error);
}

bool clip_decode(int fd, uint32_t max_s, struct clip *clip, struct error *error)
{
    SF_INFO info = {0};
    *clip = (struct clip){0};
    SNDFILE *file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
    if (!file)
        return error_set(error, ERROR_INVALID, "it cannot be decoded: %s", sf_strerror(NULL));
    bool ok = check(&info, error);
    if (ok) {
        size_t n;
        clip->rate = (uint32_t)info.samplerate;
        float *mono = read_mono(file, info.channels, (size_t)max_s * clip->rate + 1, &n);
        ok = mono ? judge(mono, n, &info, max_s, clip, error) : error_set(error, ERROR_NO_MEMORY, "no memory for it");
        free(mono);
    }
    sf_close(file);
    return ok;
}
