/* Recordings of any rate and loudness become one even mono PCM; what is no recording is refused with its reason. */
#include "audio/lufs.h"
#include "audio/speech.h"
#include "audio/voice.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/tocsin-clip-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/clip", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* seconds of a 500 Hz sine with a short burst ten times louder every second. */
static void record(int format, int rate, int channels, double peak, double seconds)
{
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    assert_non_null(f);
    int n = (int)(rate * seconds);
    for (int i = 0; i < n; i++) {
        float frame[8];
        for (int c = 0; c < channels; c++)
            frame[c] = (float)((i % rate < rate / 100 ? peak : peak / 10) * sin(2 * acos(-1) * 500 * i / rate));
        sf_writef_float(f, frame, 1);
    }
    sf_close(f);
}

static void assert_even(const struct speech *s)
{
    float *mono = malloc(s->n_frames * sizeof *mono);
    for (size_t i = 0; i < s->n_frames; i++)
        mono[i] = (float)s->frames[i] / 32768;
    double lufs, peak;
    assert_true(lufs_measure(mono, s->n_frames, s->rate, &lufs, &peak));
    free(mono);
    if (!(fabs(lufs + 16) < 0.7 && 20 * log10(peak) <= -1))
        fail_msg("%f LUFS, %f dBTP", lufs, 20 * log10(peak));
}

static void test_formats(void **state)
{
    (void)state;
    static const struct {
        int format, rate, channels;
        double peak;
    } cases[] = {
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 1},     {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 2, 0.9},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 2, 0.05}, {SF_FORMAT_OGG | SF_FORMAT_VORBIS, 22050, 1, 0.3},
        {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 96000, 8, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record(cases[i].format, cases[i].rate, cases[i].channels, cases[i].peak, 3);
        struct speech s;
        struct error error = {0};
        if (!clip_read(path, 48000, 10, &s, &error))
            fail_msg("case %zu: %s", i, error.message);
        assert_int_equal(s.rate, 48000);
        assert_in_range(s.n_frames, 3 * 48000 - 500, 3 * 48000 + 500);
        assert_even(&s);
        speech_free(&s);
    }
}

static void refused(enum error_code code, const char *word)
{
    struct speech s;
    struct error error = {0};
    assert_false(clip_read(path, 48000, 2, &s, &error));
    assert_null(s.frames);
    if (error.code != code || !strstr(error.message, word) || !strstr(error.message, path))
        fail_msg("%s: %s", error_name(error.code), error.message);
}

static void test_refused(void **state)
{
    (void)state;
    unlink(path);
    refused(ERROR_IO, "cannot be read");
    FILE *f = fopen(path, "w");
    fputs("<html>404</html>", f);
    fclose(f);
    refused(ERROR_IO, "cannot be read");
    record(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 0.5, 2.1);
    refused(ERROR_TOO_LARGE, "at most 2 s");
    record(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 0, 1);
    refused(ERROR_INVALID, "no sound");
    record(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 0.5, 0);
    refused(ERROR_INVALID, "no sound");
    record(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2000, 1, 0.5, 1);
    refused(ERROR_UNSUPPORTED, "2000 Hz");
}

/* A recording that was cut off is played as far as it goes. */
static void test_truncated(void **state)
{
    (void)state;
    record(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 0.5, 2);
    assert_int_equal(truncate(path, 44 + 48000 * 2), 0);
    struct speech s;
    struct error error = {0};
    assert_true(clip_read(path, 48000, 2, &s, &error));
    assert_in_range(s.n_frames, 47000, 49000);
    speech_free(&s);
}

/* What is shorter than the 400 ms that EBU R 128 integrates over is still made loud, and not too loud. */
static void test_short(void **state)
{
    (void)state;
    record(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 0.01, 0.1);
    struct speech s;
    struct error error = {0};
    assert_true(clip_read(path, 48000, 2, &s, &error));
    assert_true(s.peak <= -1 && s.peak > -25);
    speech_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_short),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
