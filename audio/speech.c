/* Resampling by soxr, loudness by libebur128, and a limiter that looks ahead. */
#include "audio/speech.h"
#include "audio/loudness.h"
#include "audio/lufs.h"

#include <math.h>
#include <soxr.h>
#include <stdlib.h>
#include <string.h>

static const double target_lufs = -16, target_dbtp = -1, quiet_lufs = -60;

/* Where the limiter holds samples: half a decibel of room for what lies between them. */
static const float ceiling = 0.841F; /* -1.5 dBFS */

static bool resample(const float *mono, size_t n, uint32_t in_rate, uint32_t out_rate, float **out, size_t *n_out,
                     struct error *error)
{
    size_t room = (size_t)((double)n * out_rate / in_rate) + 64;
    *out = malloc(room * sizeof **out);
    if (!*out) {
        error_set(error, ERROR_NO_MEMORY, "no memory for %zu frames of speech", room);
        return false;
    }
    soxr_error_t failed = soxr_oneshot(in_rate, out_rate, 1, mono, n, NULL, *out, room, n_out, NULL, NULL, NULL);
    if (!failed && *n_out > 0)
        return true;
    free(*out);
    *out = NULL;
    error_set(error, ERROR_INTERNAL, "speech cannot be resampled from %u to %u Hz: %s", in_rate, out_rate,
              failed ? failed : "it is too short");
    return false;
}

/* Integrated loudness and true peak (linear). What is too short to be integrated (400 ms) counts by its mean power. */
static bool measure(const float *x, size_t n, uint32_t rate, double *lufs, double *peak, struct error *error)
{
    if (!lufs_measure(x, n, rate, lufs, peak)) {
        error_set(error, ERROR_NO_MEMORY, "the loudness of the speech cannot be measured");
        return false;
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    if (!isfinite(*lufs) && sum > 0)
        *lufs = 10 * log10(sum / (double)n);
    return true;
}

static void scale(float *x, size_t n, double gain)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(x[i] * gain);
}

/* Presses peaks under the ceiling: the gain falls as a straight line during 5 ms before each and rises likewise after it. */
static bool limit(float *x, size_t n, uint32_t rate, struct error *error)
{
    size_t reach = rate / 200;
    float *gain = malloc(n * sizeof *gain), slope = 1.0F / (float)reach;
    if (!gain)
        return error_set(error, ERROR_NO_MEMORY, "no memory for %zu frames of speech", n);
    for (size_t i = 0; i < n; i++) {
        float over = fabsf(x[i]);
        float wanted = over > ceiling ? ceiling / over : 1;
        float after = i > 0 ? gain[i - 1] + slope * (1 - ceiling) : 1;
        gain[i] = wanted < after ? wanted : after;
    }
    for (size_t i = n - 1; i-- > 0;) {
        float before = gain[i + 1] + slope * (1 - ceiling);
        gain[i] = gain[i] < before ? gain[i] : before;
    }
    for (size_t i = 0; i < n; i++)
        x[i] *= gain[i] < 1 ? gain[i] : 1;
    free(gain);
    return true;
}

static bool level(float *x, size_t n, uint32_t rate, double *dbtp, struct error *error)
{
    double lufs, peak;
    if (!measure(x, n, rate, &lufs, &peak, error))
        return false;
    if (!(lufs > quiet_lufs))
        return error_set(error, ERROR_INVALID, "there is no sound in it");
    /* the limiter takes some loudness away; a second turn gives it back */
    for (int turn = 0; turn < 3; turn++) {
        scale(x, n, pow(10, (target_lufs - lufs) / 20));
        if (!limit(x, n, rate, error) || !measure(x, n, rate, &lufs, &peak, error))
            return false;
    }
    double most = pow(10, (target_dbtp - 0.05) / 20); /* rounding to 16 bits included */
    if (peak > most) {
        scale(x, n, most / peak);
        peak = most;
    }
    *dbtp = 20 * log10(peak);
    return true;
}

/* Mean power of the steps that sound: those within 20 dB of the loudest. */
static double sounding_level(const struct speech *speech)
{
    size_t step = speech->rate / (1000 / LOUDNESS_STEP_MS), n = 0;
    double loudest = -120, sum = 0;
    for (size_t i = 0; i + step <= speech->n_frames; i += step)
        loudest = fmax(loudest, loudness_of(speech->frames + i, step));
    for (size_t i = 0; i + step <= speech->n_frames; i += step) {
        double db = loudness_of(speech->frames + i, step);
        if (db < loudest - 20)
            continue;
        sum += pow(10, db / 10);
        n++;
    }
    return n ? 10 * log10(sum / (double)n) : loudness_of(speech->frames, speech->n_frames);
}

static bool to_frames(const float *x, struct speech *speech, struct error *error)
{
    speech->frames = malloc(speech->n_frames * sizeof *speech->frames);
    if (!speech->frames) {
        error_set(error, ERROR_NO_MEMORY, "no memory for %zu frames of speech", speech->n_frames);
        return false;
    }
    for (size_t i = 0; i < speech->n_frames; i++)
        speech->frames[i] = (int16_t)lrintf(x[i] * 32767);
    speech->mean_level = sounding_level(speech);
    return true;
}

bool speech_finish(const float *mono, size_t n, uint32_t in_rate, uint32_t out_rate, struct speech *speech, struct error *error)
{
    *speech = (struct speech){.rate = out_rate};
    float *x = NULL;
    if (n == 0)
        return error_set(error, ERROR_INVALID, "there is no sound in it");
    if (!resample(mono, n, in_rate, out_rate, &x, &speech->n_frames, error))
        return false;
    bool ok = level(x, speech->n_frames, out_rate, &speech->peak, error) && to_frames(x, speech, error);
    free(x);
    return ok;
}

bool speech_append(struct speech *speech, const struct speech *more, uint32_t pause_ms)
{
    size_t pause = (size_t)((uint64_t)speech->rate * pause_ms / 1000), n = speech->n_frames + pause + more->n_frames;
    int16_t *frames = realloc(speech->frames, n * sizeof *frames);
    if (!frames)
        return false;
    memset(frames + speech->n_frames, 0, pause * sizeof *frames);
    memcpy(frames + speech->n_frames + pause, more->frames, more->n_frames * sizeof *frames);
    speech->frames = frames;
    speech->n_frames = n;
    speech->mean_level = fmin(speech->mean_level, more->mean_level);
    speech->peak = fmax(speech->peak, more->peak);
    speech->shortened |= more->shortened;
    return true;
}

void speech_free(struct speech *speech)
{
    free(speech->frames);
    *speech = (struct speech){0};
}
