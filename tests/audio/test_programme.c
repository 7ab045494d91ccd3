/* The programme's segments, step by step: order, lengths, what waits for what. */
#include "audio/loudness.h"
#include "audio/programme.h"
#include "audio/programme_reader.h"
#include "audio/tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 48000, STEP = RATE / 20, LINE = 512 };

static const struct programme_settings basic = {.rate = RATE,
                                                .tone = TONE_ATTENTION,
                                                .tone_min_ms = 300,
                                                .tone_max_ms = 600,
                                                .silence_ms = 100,
                                                .repetitions = 2,
                                                .first_repetition = 1,
                                                .n_languages = 2,
                                                .end_tone = true};

static int16_t speech[2][STEP * 5];

static struct programme_orders all_ordered(void)
{
    for (size_t i = 0; i < sizeof speech[0] / sizeof speech[0][0]; i++) {
        speech[0][i] = 1000;
        speech[1][i] = -2000;
    }
    struct programme_orders orders = {.allowed = 9, .released = true};
    orders.words[0] = (struct programme_words){true, speech[0], STEP * 3};
    orders.words[1] = (struct programme_words){true, speech[1], STEP * 2 + 7};
    return orders;
}

static char letter(const struct programme_step *step)
{
    return (char)(step->segment == SEGMENT_TONE      ? 'T'
                  : step->segment == SEGMENT_SILENCE ? '.'
                  : step->segment == SEGMENT_WORDS   ? 'a' + (int)step->language
                                                     : 'E');
}

/* Reads at most most steps as letters: | begins, ! due, / ends. */
static const char *steps(struct programme *p, const struct programme_orders *orders, int most)
{
    static char line[LINE];
    int16_t frames[STEP];
    struct programme_step step;
    size_t n = 0;
    for (int i = 0; i < most && n < LINE - 5; i++) {
        enum programme_state state = programme_read(p, orders, frames, &step);
        if (state == PROGRAMME_OVER) {
            line[n++] = '$';
            break;
        }
        if (step.due)
            line[n++] = '!';
        if (step.begins)
            line[n++] = '|';
        line[n++] = state == PROGRAMME_WAITS ? 'w' : letter(&step);
        if (step.ends)
            line[n++] = '/';
    }
    line[n] = '\0';
    return line;
}

static struct programme *make(const struct programme_settings *settings)
{
    struct error error = {0};
    struct programme *p = programme_create(settings, &error);
    if (!p)
        fail_msg("%s", error.message);
    return p;
}

#define CHIME "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE"

static void test_whole(void **state)
{
    (void)state;
    struct programme *p = make(&basic);
    struct programme_orders orders = all_ordered();
    assert_string_equal(steps(p, &orders, 999), "!|TTTTTT|..|aaa|..|bbb/"
                                                "!|TTTTTT|..|aaa|..|bbb/"
                                                "|" CHIME "$");
    assert_string_equal(steps(p, &orders, 9), "$");
    programme_free(p);
}

static void test_waits_for_permission(void **state)
{
    (void)state;
    struct programme *p = make(&basic);
    struct programme_orders orders = all_ordered();
    orders.allowed = 0;
    assert_string_equal(steps(p, &orders, 3), "!|www");
    orders.allowed = 1;
    assert_string_equal(steps(p, &orders, 19), "|TTTTTT|..|aaa|..|bbb/!|www");
    orders.allowed = 2;
    assert_string_equal(steps(p, &orders, 3), "|TTT");
    programme_free(p);
}

static void test_tone_bridges(void **state)
{
    (void)state;
    struct programme *p = make(&basic);
    struct programme_orders orders = all_ordered();
    orders.released = false;
    assert_string_equal(steps(p, &orders, 8), "!|TTTTTTTT"); /* longer than the least */
    orders.released = true;
    assert_string_equal(steps(p, &orders, 3), "T|.."); /* one more step, to fade in */
    programme_free(p);

    p = make(&basic);
    orders.released = false; /* never */
    assert_string_equal(steps(p, &orders, 14), "!|TTTTTTTTTTTT|..");
    assert_string_equal(steps(p, &orders, 15), "|aaa|..|bbb/!|TTTTTT|."); /* the second takes the least */
    programme_free(p);
}

static void test_words_that_come_late(void **state)
{
    (void)state;
    struct programme *p = make(&basic);
    struct programme_orders orders = all_ordered(), late = orders;
    late.words[1] = (struct programme_words){0};
    assert_string_equal(steps(p, &late, 12), "!|TTTTTTTTTTTT");       /* waits its longest */
    assert_string_equal(steps(p, &orders, 12), "|..|aaa/!|TTTTTT|."); /* came too late for this repetition */
    assert_string_equal(steps(p, &orders, 9), ".|aaa|..|bbb/");
    programme_free(p);
}

static void test_languages_not_spoken(void **state)
{
    (void)state;
    struct programme *p = make(&basic);
    struct programme_orders orders = all_ordered();
    orders.words[0] = (struct programme_words){.given = true};
    assert_string_equal(steps(p, &orders, 12), "!|TTTTTT|..|bbb/!|T");
    programme_free(p);

    p = make(&basic);
    orders.words[1] = (struct programme_words){.given = true};
    assert_string_equal(steps(p, &orders, 14), "!|TTTTTT/!|TTTTTT/|EE");
    programme_free(p);
}

static void test_resumed(void **state)
{
    (void)state;
    struct programme_settings settings = basic;
    settings.first_repetition = 2;
    struct programme *p = make(&settings);
    struct programme_orders orders = all_ordered();
    orders.allowed = 1;
    assert_string_equal(steps(p, &orders, 1), "!|w");
    orders.allowed = 2;
    orders.released = false; /* the handshake holds for the first one played */
    assert_string_equal(steps(p, &orders, 13), "|TTTTTTTTTTTT|.");
    assert_string_equal(steps(p, &orders, 12), ".|aaa|..|bbb/|EEE");
    programme_free(p);
}

static void test_extended(void **state)
{
    (void)state;
    struct programme_settings settings = basic;
    settings.repetitions = 1;
    struct programme *p = make(&settings);
    struct programme_orders orders = all_ordered();
    assert_string_equal(steps(p, &orders, 17), "!|TTTTTT|..|aaa|..|bbb/|E");
    orders.more = 1; /* in the middle of the end tone */
    const char *rest = steps(p, &orders, 999);
    assert_string_equal(rest + 39, "!|TTTTTT|..|aaa|..|bbb/|" CHIME "$");
    programme_free(p);
}

static void test_closing_words(void **state)
{
    (void)state;
    struct programme_settings settings = basic;
    settings.closing = true;
    settings.repetitions = 1;
    settings.silence_ms = 0;
    struct programme_orders orders = all_ordered();
    orders.words[PROGRAMME_CLOSING] = (struct programme_words){true, speech[1], STEP};
    struct programme *p = make(&settings);
    assert_string_equal(steps(p, &orders, 15), "!|TTTTTT|aaa|bbb/|e|EE");
    programme_free(p);
    orders.words[PROGRAMME_CLOSING] = (struct programme_words){0}; /* did not come: left out */
    settings.silence_ms = 100;
    p = make(&settings);
    assert_string_equal(steps(p, &orders, 18), "!|TTTTTT|..|aaa|..|bbb/|EE");
    programme_free(p);
    orders.words[PROGRAMME_CLOSING] = (struct programme_words){true, speech[1], STEP};
    settings.closing = settings.end_tone = false;
    p = make(&settings);
    assert_string_equal(steps(p, &orders, 999), "!|TTTTTT|..|aaa|..|bbb/$");
    programme_free(p);
}

static void test_samples(void **state)
{
    (void)state;
    struct programme *p = make(&basic);
    struct programme_orders orders = all_ordered();
    struct programme_step step;
    int16_t frames[STEP];
    for (int i = 0; i < 6; i++) {
        programme_read(p, &orders, frames, &step);
        assert_true(loudness_of(frames, STEP) > -17);
        if (i == 5)
            assert_in_range(abs(frames[STEP - 1]), 0, 60); /* faded out */
    }
    for (int i = 0; i < 2; i++)
        programme_read(p, &orders, frames, &step);
    assert_true(loudness_of(frames, STEP) <= -120);
    programme_read(p, &orders, frames, &step);
    assert_int_equal(frames[0], 1000);
    for (int i = 0; i < 7; i++)
        programme_read(p, &orders, frames, &step);
    assert_int_equal(step.language, 1);
    assert_int_equal(frames[6], -2000); /* the last seven, then silence */
    assert_int_equal(frames[7], 0);
    programme_free(p);
}

static void refused(struct programme_settings settings, const char *word)
{
    struct error error = {0};
    assert_null(programme_create(&settings, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_non_null(strstr(error.message, word));
}

static void test_settings(void **state)
{
    (void)state;
    struct programme_settings s = basic;
    s.rate = 48010, refused(s, "rate"), s = basic;
    s.rate = 4000, refused(s, "rate"), s = basic;
    s.tone = TONE_COUNT, refused(s, "tone"), s = basic;
    s.tone_min_ms = 50, refused(s, "tone"), s = basic;
    s.tone_max_ms = 200, refused(s, "tone"), s = basic;
    s.silence_ms = 10001, refused(s, "silence"), s = basic;
    s.n_languages = 0, refused(s, "languages"), s = basic;
    s.n_languages = 5, refused(s, "languages"), s = basic;
    s.first_repetition = 0, refused(s, "repetitions"), s = basic;
    s.first_repetition = 3, refused(s, "repetitions"), s = basic;
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < TONE_COUNT; i++) {
        enum tone_kind kind = TONE_COUNT;
        assert_true(tone_kind_parse(tone_kind_name((enum tone_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    enum tone_kind kind;
    assert_false(tone_kind_parse("air_raid", &kind));
    assert_string_equal(tone_kind_name(TONE_COUNT), "unknown");
    assert_string_equal(segment_kind_name(SEGMENT_END_TONE), "end_tone");
    assert_string_equal(segment_kind_name((enum segment_kind)9), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_waits_for_permission),
        cmocka_unit_test(test_tone_bridges),
        cmocka_unit_test(test_words_that_come_late),
        cmocka_unit_test(test_languages_not_spoken),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_extended),
        cmocka_unit_test(test_closing_words),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
