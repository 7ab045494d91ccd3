/* Recordings: whatever libsndfile reads, made into one even mono PCM. */
#include "audio/speech.h"
#include "audio/voice.h"

#include <sndfile.h>
#include <stdlib.h>

enum { CHANNELS_MAX = 8, RATE_MAX = 192000 };

static bool check(const char *path, const SF_INFO *info, uint32_t max_s, struct error *error)
{
    if (info->channels < 1 || info->channels > CHANNELS_MAX)
        return error_set(error, ERROR_UNSUPPORTED, "recording %s has %d channels: 1 to %d", path, info->channels, CHANNELS_MAX);
    if (info->samplerate < 4000 || info->samplerate > RATE_MAX)
        return error_set(error, ERROR_UNSUPPORTED, "recording %s has %d Hz: 4000 to %d", path, info->samplerate, RATE_MAX);
    if (info->frames > (sf_count_t)max_s * info->samplerate)
        return error_set(error, ERROR_TOO_LARGE, "recording %s lasts %.0f s: at most %u s", path,
                         (double)info->frames / info->samplerate, max_s);
    return true;
}

/* Reads piece by piece, for a damaged file's header may promise anything; returns the frames that came. */
static size_t read_mono(SNDFILE *file, int channels, float *mono, size_t most)
{
    enum { PIECE = 1024 };
    float piece[PIECE * CHANNELS_MAX];
    size_t n = 0;
    sf_count_t got;
    while (n < most && (got = sf_readf_float(file, piece, PIECE)) > 0)
        for (sf_count_t i = 0; i < got && n < most; i++) {
            float sum = 0;
            for (int c = 0; c < channels; c++)
                sum += piece[i * channels + c];
            mono[n++] = sum / (float)channels;
        }
    return n;
}

bool clip_read(const char *path, uint32_t rate, uint32_t max_s, struct speech *speech, struct error *error)
{
    SF_INFO info = {0};
    *speech = (struct speech){0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file)
        return error_set(error, ERROR_IO, "recording %s cannot be read: %s", path, sf_strerror(NULL));
    if (!check(path, &info, max_s, error)) {
        sf_close(file);
        return false;
    }
    size_t most = (size_t)info.frames;
    float *mono = malloc((most + 1) * sizeof *mono);
    size_t n = mono ? read_mono(file, info.channels, mono, most) : 0;
    sf_close(file);
    bool ok = mono ? speech_finish(mono, n, (uint32_t)info.samplerate, rate, speech, error)
                   : error_set(error, ERROR_NO_MEMORY, "no memory for it");
    free(mono);
    return ok || error_prefix(error, "recording %s", path);
}
