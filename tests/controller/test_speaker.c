/* Words and recordings through worker threads and the real tocsin-voice: what is played, and what is said in its place. */
#include "controller/speaker.h"
#include "tests/patience.h"

#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

enum { RATE = 16000, HERTZ = 700, CLIP_MS = 2000 };

struct scene {
    struct config config;
    uv_loop_t loop;
    struct speaker *speaker;
    char *wav;
    size_t n_wav;
    unsigned answers;
    uint32_t index;
    struct speech speech; /* of the last answer: a copy; without frames where there was an error */
    struct error error;
};

static void on_spoken(void *context, void *of, uint32_t broadcast, uint32_t index, const struct speech *speech,
                      const struct error *error)
{
    struct scene *s = context;
    assert_ptr_equal(of, s);
    assert_int_equal(broadcast, 7);
    s->answers++;
    s->index = index;
    speech_free(&s->speech);
    s->error = *error;
    if (!speech)
        return;
    s->speech = *speech;
    s->speech.frames = malloc(speech->n_frames * sizeof *speech->frames);
    memcpy(s->speech.frames, speech->frames, speech->n_frames * sizeof *speech->frames);
}

static void record(struct scene *s)
{
    char path[] = "/tmp/tocsin-speaker-XXXXXX";
    int fd = mkstemp(path);
    SF_INFO info = {.samplerate = 8000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    assert_non_null(f);
    for (int i = 0; i < 8 * CLIP_MS; i++) {
        float frame = (float)(0.5 * sin(2 * acos(-1) * HERTZ * i / 8000));
        sf_writef_float(f, &frame, 1);
    }
    sf_close(f);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    s->n_wav = (size_t)status.st_size;
    s->wav = malloc(s->n_wav);
    assert_int_equal(read(fd, s->wav, s->n_wav), s->n_wav);
    close(fd);
    unlink(path);
}

static int set_up(void **state)
{
    struct scene *s = *state = calloc(1, sizeof *s);
    struct voice_settings *voice = &s->config.voice;
    *voice =
        (struct voice_settings){.deadline_ms = (uint32_t)patience_ms(), .cpu_s = 10, .memory_mib = 256, .english = "kal16"};
    snprintf(voice->program, sizeof voice->program, "%s/tocsin-voice", getenv("BUILD") ? getenv("BUILD") : "build");
    s->config.max_speech_s = 10;
    s->config.tone_max_ms = 2 * (uint32_t)patience_ms();
    record(s);
    uv_loop_init(&s->loop);
    s->speaker = speaker_create(&s->config, &s->loop, on_spoken, s);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    speaker_free(s->speaker);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    speech_free(&s->speech);
    free(s->wav);
    free(s);
    return 0;
}

static struct alert_resource resource(const struct scene *s)
{
    return (struct alert_resource){.mime_type = "audio/wav", .size = (int64_t)s->n_wav, .data = {s->wav, s->n_wav}};
}

/* Asks, and waits for the answer. */
static void ask(struct scene *s, const struct alert_resource *recording, struct speaker_clip clip)
{
    clip.recording = recording;
    clip.language = clip.language ? clip.language : "en";
    clip.before = clip.before ? clip.before : "";
    clip.after = clip.after ? clip.after : "";
    clip.text = clip.text ? clip.text : "Leave now.";
    s->answers = 0;
    speaker_ask_clip(s->speaker, s, 7, 3, RATE, &clip);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(s->answers, 1);
    assert_int_equal(s->index, 3);
}

static double goertzel(const int16_t *frames, size_t n, double hertz)
{
    double w = 2 * cos(2 * acos(-1) * hertz / RATE), a = 0, b = 0, energy = 1;
    for (size_t i = 0; i < n; i++) {
        double c = frames[i] + w * a - b;
        b = a;
        a = c;
        energy += (double)frames[i] * frames[i];
    }
    return 2 * (a * a + b * b - w * a * b) / ((double)n * energy);
}

/* Seconds of the tone, by tenths that nothing else fills. */
static double tone_s(const struct speech *speech)
{
    size_t tenth = RATE / 10, found = 0;
    for (size_t i = 0; i + tenth <= speech->n_frames; i += tenth)
        found += goertzel(speech->frames + i, tenth, HERTZ) > 0.9;
    return (double)found / 10;
}

static void assert_seconds(double is, double least, double most)
{
    if (is < least || is > most)
        fail_msg("%f s", is);
}

static void test_played(void **state)
{
    struct scene *s = *state;
    struct alert_resource r = resource(s);
    ask(s, &r, (struct speaker_clip){0});
    assert_string_equal(s->speech.skipped, "");
    assert_seconds(tone_s(&s->speech), 1.8, 2.1);
    assert_seconds((double)s->speech.n_frames / RATE, 1.9, 2.1);
    ask(s, &r, (struct speaker_clip){.language = "bo-CN", .text = ""}); /* no voice is needed for it */
    assert_seconds(tone_s(&s->speech), 1.8, 2.1);
}

static void test_framed(void **state)
{
    struct scene *s = *state;
    struct alert_resource r = resource(s);
    ask(s, &r, (struct speaker_clip){.before = "Drill, drill, this is a drill.", .after = "This is a drill.", .framed = true});
    assert_string_equal(s->speech.skipped, "");
    assert_seconds(tone_s(&s->speech), 1.7, 2.2);
    size_t half = RATE / 2;
    const struct speech first = {.frames = s->speech.frames, .n_frames = half},
                        last = {.frames = s->speech.frames + s->speech.n_frames - half, .n_frames = half};
    assert_true(tone_s(&first) == 0 && tone_s(&last) == 0);
    assert_seconds((double)s->speech.n_frames / RATE, 4, 9);
    /* a drill without its sentences is not played; its text is framed, but nothing can be spoken */
    ask(s, &r, (struct speaker_clip){.language = "bo-CN", .before = "x", .framed = true});
    assert_null(s->speech.frames);
    assert_non_null(strstr(s->error.message, "recording: what must be said before and after it: no voice speaks bo-CN"));
    /* a warning is played all the same */
    ask(s, &r, (struct speaker_clip){.language = "bo-CN", .before = "x"});
    assert_seconds(tone_s(&s->speech), 1.8, 2.1);
    assert_non_null(strstr(s->speech.skipped, "before the recording: no voice speaks bo-CN"));
}

/* Whatever is wrong with a recording, the text is spoken. */
static void test_spoken_in_its_place(void **state)
{
    struct scene *s = *state;
    static const char DIGEST[] = "0123456789012345678901234567890123456789";
    struct alert_resource digest = resource(s), size = resource(s), type = resource(s), damaged = resource(s),
                          bytes = {.mime_type = "audio/wav", .size = -1, .deref_uri = "????"};
    digest.digest = (char *)(uintptr_t)DIGEST;
    size.size++;
    type.mime_type = "audio/ogg";
    char *other = calloc(1, s->n_wav);
    memcpy(other, "RIFF\0\0\0\0WAVE", 12);
    damaged.data.data = other;
    const struct {
        const struct alert_resource *resource;
        const char *skipped;
    } ROWS[] = {
        {&digest, "recording: its digest is wrong: it is not the file that its sender meant; its text is spoken"},
        {&size, "recording: it has 32044 bytes, stated are 32045; its text is spoken"},
        {&type, "recording: it is WAV and not Ogg, as its type says; its text is spoken"},
        {&damaged, "recording: it cannot be decoded"},
        {&bytes, "recording: its derefUri is no base64; its text is spoken"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        ask(s, ROWS[i].resource, (struct speaker_clip){0});
        if (strncmp(s->speech.skipped, ROWS[i].skipped, strlen(ROWS[i].skipped)) != 0)
            fail_msg("%s", s->speech.skipped);
        assert_true(s->speech.frames && tone_s(&s->speech) == 0);
    }
    ask(s, &digest, (struct speaker_clip){.text = "Leave now. 马上离开。"});
    assert_non_null(strstr(s->speech.skipped, "its text is spoken, but not all: sentence 2"));
    ask(s, &digest, (struct speaker_clip){.text = ""});
    assert_null(s->speech.frames);
    assert_non_null(strstr(s->error.message, "digest is wrong: it is not the file that its sender meant; there is no text"));
    ask(s, &digest, (struct speaker_clip){.language = "bo-CN"});
    assert_non_null(strstr(s->error.message, "recording: its digest is wrong"));
    assert_non_null(strstr(s->error.message, "its text: no voice speaks bo-CN"));
    free(other);
}

static void test_cut(void **state)
{
    struct scene *s = *state;
    struct alert_resource r = resource(s);
    s->config.max_speech_s = 1;
    ask(s, &r, (struct speaker_clip){.before = "Drill.", .after = "Drill.", .framed = true});
    assert_true(s->speech.shortened);
    assert_seconds(tone_s(&s->speech), 0.4, 1.1);
}

/* A decoder that hangs has half of the longest tone: then the text is spoken. */
static void test_decoder_that_hangs(void **state)
{
    struct scene *s = *state;
    char folder[] = "/tmp/tocsin-speaker-XXXXXX", program[256];
    assert_non_null(mkdtemp(folder));
    text_copy(program, sizeof program, s->config.voice.program);
    snprintf(s->config.voice.program, sizeof s->config.voice.program, "%s/fake", folder);
    FILE *f = fopen(s->config.voice.program, "w");
    fprintf(f, "#!/bin/sh\n[ \"$5\" = --decode ] && exec sleep 1000\nexec %s \"$@\"\n", program);
    fclose(f);
    chmod(s->config.voice.program, 0700);
    s->config.tone_max_ms = 400;
    struct alert_resource r = resource(s);
    ask(s, &r, (struct speaker_clip){0});
    unlink(s->config.voice.program);
    rmdir(folder);
    unsigned waited = 0;
    assert_int_equal(sscanf(s->speech.skipped, "recording: the voice took longer than %u ms", &waited), 1);
    assert_in_range(waited, 1, 200);
    assert_non_null(strstr(s->speech.skipped, "; its text is spoken"));
    assert_non_null(s->speech.frames);
}

/* One that lies elsewhere: until it is here, or for as long as there is. */
static void test_not_fetched(void **state)
{
    struct scene *s = *state;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* a server that says nothing */
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    assert_true(bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, 8) == 0 &&
                getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    char silent[64];
    snprintf(silent, sizeof silent, "http://127.0.0.1:%u/a.wav", ntohs(at.sin_port));
    struct alert_resource r = {.mime_type = "audio/wav", .size = -1};
    struct fetcher *fetcher = fetcher_create();
    const char *const URIS[] = {"http://127.0.0.1:1/a.wav", silent}, *const WHY[] = {"could not be fetched",
                                                                                     "did not come in time"};
    for (size_t i = 0; i < 2; i++) {
        s->config.tone_max_ms = i ? 400 : s->config.tone_max_ms;
        struct fetched *fetched = fetcher_ask(fetcher, URIS[i], 1000);
        ask(s, &r, (struct speaker_clip){.fetched = fetched});
        fetched_release(fetched);
        if (!strstr(s->speech.skipped, WHY[i]) || !s->speech.frames)
            fail_msg("%s", s->speech.skipped);
    }
    fetcher_free(fetcher);
    close(fd);
}

static void test_forgotten(void **state)
{
    struct scene *s = *state;
    struct alert_resource r = resource(s);
    const struct speaker_clip clip = {.recording = &r, .language = "en", .before = "", .after = "", .text = "Go."};
    speaker_ask_clip(s->speaker, s, 7, 3, RATE, &clip);
    speaker_forget(s->speaker, s, 7);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(s->answers, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_played),
        TEST(test_framed),
        TEST(test_spoken_in_its_place),
        TEST(test_cut),
        TEST(test_decoder_that_hangs),
        TEST(test_forgotten),
        TEST(test_not_fetched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
