/* Recordings of strangers, through the real program: whole ones of each kind, damaged, silent, endless and false ones. */
#include "audio/lufs.h"
#include "audio/voice.h"
#include "tests/patience.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 48000, MAX_S = 4 };

enum { MP3 = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, WAV = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };

static struct voice_settings settings(void)
{
    struct voice_settings s = {.deadline_ms = (uint32_t)patience_ms(), .cpu_s = 10, .memory_mib = 256, .english = "kal16"};
    snprintf(s.program, sizeof s.program, "%s/tocsin-voice", getenv("BUILD") ? getenv("BUILD") : "build");
    return s;
}

/* A recording of a sine, as bytes; the caller frees. */
static char *record(int format, int rate, int channels, double peak, double seconds, size_t *size)
{
    char path[] = "/tmp/tocsin-recording-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    assert_non_null(f);
    for (int i = 0; i < (int)(rate * seconds); i++) {
        float frame[8];
        for (int c = 0; c < channels; c++)
            frame[c] = (float)(peak * sin(2 * acos(-1) * 700 * i / rate));
        sf_writef_float(f, frame, 1);
    }
    sf_close(f);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    char *bytes = malloc(*size);
    assert_int_equal(read(fd, bytes, *size), *size);
    close(fd);
    unlink(path);
    return bytes;
}

static void refused(const char *bytes, size_t size, enum error_code code, const char *word)
{
    struct voice_settings s = settings();
    struct speech speech;
    struct error error = {0};
    assert_false(voice_play(&s, NULL, (struct slice){bytes, size}, RATE, MAX_S, &speech, &error));
    assert_null(speech.frames);
    if (error.code != code || !strstr(error.message, word))
        fail_msg("%s: %s", error_name(error.code), error.message);
}

static struct speech played(const char *bytes, size_t size)
{
    struct voice_settings s = settings();
    struct speech speech;
    struct error error = {0};
    if (!voice_play(&s, NULL, (struct slice){bytes, size}, RATE, MAX_S, &speech, &error))
        fail_msg("%s", error.message);
    return speech;
}

/* As loud as words, and as high as it was. */
static void assert_like_words(const struct speech *s)
{
    size_t crossings = 0, from = s->n_frames / 4, to = s->n_frames * 3 / 4;
    float *mono = malloc(s->n_frames * sizeof *mono);
    for (size_t i = 0; i < s->n_frames; i++)
        mono[i] = (float)s->frames[i] / 32768;
    double lufs, peak;
    assert_true(lufs_measure(mono, s->n_frames, s->rate, &lufs, &peak));
    for (size_t i = from + 1; i < to; i++)
        crossings += (s->frames[i] >= 0) != (s->frames[i - 1] >= 0);
    free(mono);
    double hertz = (double)crossings / 2 * s->rate / (double)(to - from);
    if (!(fabs(lufs + 16) < 0.7 && 20 * log10(peak) <= -1 && fabs(hertz - 700) < 5))
        fail_msg("%f LUFS, %f dBTP, %f Hz", lufs, 20 * log10(peak), hertz);
    assert_true(s->mean_level > -25 && s->mean_level < -11);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        int format, rate, channels;
        double peak;
    } ROWS[] = {
        {MP3, 44100, 1, 0.5},
        {MP3, 22050, 2, 0.02},
        {WAV, 48000, 1, 1},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 2, 0.9},
        {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 96000, 8, 3}, /* above full scale: it must not clip */
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 2, 0.01},
        {SF_FORMAT_OGG | SF_FORMAT_VORBIS, 22050, 1, 0.3},
        {SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1, 0.3},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        size_t size;
        char *bytes = record(ROWS[i].format, ROWS[i].rate, ROWS[i].channels, ROWS[i].peak, 3, &size);
        struct speech s = played(bytes, size);
        free(bytes);
        assert_int_equal(s.rate, RATE);
        assert_in_range(s.n_frames, 3 * RATE - RATE / 10, 3 * RATE + RATE / 10);
        assert_false(s.shortened);
        assert_like_words(&s);
        speech_free(&s);
    }
}

static void test_cut_at_its_longest_with_a_fade(void **state)
{
    (void)state;
    size_t size;
    char *bytes = record(WAV, 8000, 1, 0.5, 9, &size);
    struct speech s = played(bytes, size);
    free(bytes);
    assert_true(s.shortened);
    assert_in_range(s.n_frames, MAX_S * RATE - 100, MAX_S * RATE + 100);
    int loudest = 0;
    for (size_t i = s.n_frames - RATE / 50; i < s.n_frames; i++)
        loudest = abs(s.frames[i]) > loudest ? abs(s.frames[i]) : loudest;
    assert_true(loudest < 1000);
    speech_free(&s);
}

/* 8 MiB that hold hours: of them no more is decoded than may be played. */
static void test_endless(void **state)
{
    (void)state;
    size_t size;
    char *bytes = record(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 8000, 1, 0, 3600, &size);
    refused(bytes, size, ERROR_INVALID, "no sound");
    free(bytes);
    bytes = record(SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1, 0.5, 600, &size);
    struct speech s = played(bytes, size);
    assert_true(s.shortened && s.n_frames < (MAX_S + 1) * RATE);
    speech_free(&s);
    free(bytes);
}

static void test_refused(void **state)
{
    (void)state;
    size_t size;
    refused("", 0, ERROR_INVALID, "cannot be decoded");
    refused("<html>404</html>", 16, ERROR_INVALID, "cannot be decoded");
    static const struct {
        int format, rate;
        double peak, seconds;
        const char *word;
    } ROWS[] = {{WAV, RATE, 0, 1, "no sound"},
                {WAV, RATE, 0.001, 1, "no sound"},
                {WAV, RATE, 0.5, 0.1, "only 100 ms"},
                {WAV, RATE, 0.5, 0, "only 0 ms"},
                {MP3, 44100, 0, 2, "no sound"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        char *bytes = record(ROWS[i].format, ROWS[i].rate, 1, ROWS[i].peak, ROWS[i].seconds, &size);
        refused(bytes, size, ERROR_INVALID, ROWS[i].word);
        free(bytes);
    }
    char *bytes = record(WAV, 2000, 1, 0.5, 1, &size);
    refused(bytes, size, ERROR_UNSUPPORTED, "2000 Hz");
    free(bytes);
}

/* A head that promises more than there is. (Whether a WAV or an Ogg is whole alert_audio_open tells: libsndfile does not.) */
static void test_truncated(void **state)
{
    (void)state;
    const int FORMATS[] = {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, MP3};
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        char *bytes = record(FORMATS[i], 44100, 1, 0.5, 3, &size);
        refused(bytes, size / 2, ERROR_INVALID, "");
        free(bytes);
    }
}

/* Whatever the decoder makes of it, the daemon lives, and an answer comes. */
static void test_damaged(void **state)
{
    (void)state;
    const int FORMATS[] = {MP3, WAV, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS};
    uint32_t chance = 1;
    for (size_t i = 0; i < 40; i++) {
        size_t size;
        char *bytes = record(FORMATS[i % 4], 22050, 1, 0.5, 1, &size);
        for (size_t k = 0; k < 1 + i; k++) {
            chance = chance * 1664525 + 1013904223;
            bytes[(chance >> 8) % (i < 20 ? 64 : size)] = (char)chance;
        }
        struct voice_settings s = settings();
        struct speech speech;
        struct error error = {0};
        if (voice_play(&s, NULL, (struct slice){bytes, size}, RATE, MAX_S, &speech, &error))
            speech_free(&speech);
        else
            assert_true(*error.message);
        free(bytes);
    }
}

static void with_script(const char *script, enum error_code code, const char *word)
{
    struct voice_settings s = settings();
    char folder[] = "/tmp/tocsin-voice-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(s.program, sizeof s.program, "%s/fake", folder);
    FILE *f = fopen(s.program, "w");
    fprintf(f, "#!/bin/sh\n%s\n", script);
    fclose(f);
    chmod(s.program, 0700);
    s.deadline_ms = code == ERROR_TIMEOUT ? 200 : s.deadline_ms;
    struct speech speech;
    struct error error = {0};
    assert_false(voice_play(&s, NULL, slice_of("x"), RATE, MAX_S, &speech, &error));
    unlink(s.program);
    rmdir(folder);
    if (error.code != code || !strstr(error.message, word))
        fail_msg("%s: %s", error_name(error.code), error.message);
}

static void test_decoders_that_die_or_hang(void **state)
{
    (void)state;
    with_script("exec sleep 1000", ERROR_TIMEOUT, "200 ms");
    with_script("kill -SEGV $$", ERROR_IO, "signal 11");
    with_script("kill -XCPU $$", ERROR_TIMEOUT, "processor");
    with_script("echo ok 16000 99999999999; exec sleep 1000", ERROR_TOO_LARGE, "longer than");
    struct voice_settings s = settings();
    struct voice_call call;
    struct speech speech;
    struct error error = {0};
    voice_call_init(&call);
    voice_call_stop(&call);
    assert_false(voice_play(&s, &call, slice_of("x"), RATE, MAX_S, &speech, &error));
    assert_non_null(strstr(error.message, "stopped"));
}

static void test_append(void **state)
{
    (void)state;
    int16_t *frames = malloc(2 * sizeof *frames), more[] = {3};
    frames[0] = 1;
    frames[1] = 2;
    struct speech s = {.frames = frames, .n_frames = 2, .rate = 2000, .mean_level = -15, .peak = -3};
    const struct speech second = {
        .frames = more, .n_frames = 1, .rate = 2000, .mean_level = -18, .peak = -1, .shortened = true};
    assert_true(speech_append(&s, &second, 1));
    assert_int_equal(s.n_frames, 5);
    assert_memory_equal(s.frames, ((int16_t[]){1, 2, 0, 0, 3}), 5 * sizeof *frames);
    assert_true(s.mean_level == -18 && s.peak == -1 && s.shortened);
    speech_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_cut_at_its_longest_with_a_fade),
        cmocka_unit_test(test_endless),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_append),    cmocka_unit_test(test_decoders_that_die_or_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
