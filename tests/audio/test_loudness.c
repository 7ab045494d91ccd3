/* The loudness line: its verdicts as a table, and the level of samples. */
#include "audio/loudness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MS = 1000, BEGAN = 5000 * MS };

/* From 5 s on: tone 10 steps, silence 10, words -10 dB 10, words -20 dB 10, (hole of 100 ms), words 10. */
static struct loudness *filled(void)
{
    static const struct {
        int n;
        enum segment_kind segment;
        double level;
        int hole_ms;
    } parts[] = {{10, SEGMENT_TONE, -12, 0},
                 {10, SEGMENT_SILENCE, -120, 0},
                 {10, SEGMENT_WORDS, -10, 0},
                 {10, SEGMENT_WORDS, -20, 0},
                 {10, SEGMENT_WORDS, -20, 100}};
    struct loudness *line = loudness_create();
    struct mono at = {BEGAN}, began = {0};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        at = mono_plus_ms(at, parts[p].hole_ms);
        if (p != 3)
            began = at;
        for (int i = 0; i < parts[p].n; i++, at = mono_plus_ms(at, LOUDNESS_STEP_MS))
            loudness_add(line, &(struct loudness_step){at, parts[p].level, parts[p].segment, began});
    }
    return line;
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        int from, to; /* ms after the first step */
        enum loudness_verdict verdict;
        double mean;
        int words_began;
    } cases[] = {
        {0, 500, LOUDNESS_OTHER, -12, -1},         {20, 60, LOUDNESS_OTHER, -12, -1},
        {500, 1000, LOUDNESS_SILENCE, -120, -1},   {700, 701, LOUDNESS_SILENCE, -120, -1},
        {499, 900, LOUDNESS_OTHER, NAN, -1}, /* a millisecond of tone */
        {900, 1001, LOUDNESS_OTHER, NAN, -1},      {1000, 1500, LOUDNESS_WORDS, -10, 1000},
        {1100, 1400, LOUDNESS_WORDS, -10, 1000},   {1500, 2000, LOUDNESS_WORDS, -20, 1000},
        {1000, 2000, LOUDNESS_WORDS, -12.6, 1000},                                          /* mean of power, not of decibels */
        {1490, 1510, LOUDNESS_WORDS, -12.6, 1000}, {1900, 2200, LOUDNESS_GAP, NAN, -1},     /* the hole */
        {2010, 2060, LOUDNESS_GAP, NAN, -1},       {2100, 2600, LOUDNESS_WORDS, -20, 2100}, /* a new stretch of words */
        {2500, 2601, LOUDNESS_NOT_YET, NAN, -1},   {9000, 9001, LOUDNESS_NOT_YET, NAN, -1},
        {-200, 100, LOUDNESS_GAP, NAN, -1},                                           /* before all that is known */
        {-200, -100, LOUDNESS_GAP, NAN, -1},       {300, 300, LOUDNESS_GAP, NAN, -1}, /* nothing sounds in no time */
        {300, 200, LOUDNESS_GAP, NAN, -1},
    };
    struct loudness *line = filled();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double mean = NAN;
        struct mono began = {0};
        enum loudness_verdict verdict = loudness_judge(line, (struct mono){BEGAN + cases[i].from * MS},
                                                       (struct mono){BEGAN + cases[i].to * MS}, &mean, &began);
        if (verdict != cases[i].verdict)
            fail_msg("case %zu: verdict %d, not %d", i, verdict, cases[i].verdict);
        if (!isnan(cases[i].mean) && !(fabs(mean - cases[i].mean) < 0.05))
            fail_msg("case %zu: mean %f, not %f", i, mean, cases[i].mean);
        if (cases[i].words_began >= 0)
            assert_int_equal(began.us, BEGAN + cases[i].words_began * MS);
    }
    loudness_free(line);
}

static void test_known_until(void **state)
{
    (void)state;
    struct loudness *line = loudness_create();
    double mean;
    struct mono began;
    assert_int_equal(loudness_known_until(line).us, 0);
    assert_int_equal(loudness_judge(line, (struct mono){1}, (struct mono){2}, &mean, &began), LOUDNESS_NOT_YET);
    loudness_add(line, &(struct loudness_step){.at = {7 * MS}});
    assert_int_equal(loudness_known_until(line).us, 57 * MS);
    loudness_free(line);
}

/* A card tells its position by the period: steps come some milliseconds early or late, and that is no hole. */
static void test_jitter(void **state)
{
    (void)state;
    struct loudness *line = loudness_create();
    for (int i = 0; i < 20; i++)
        loudness_add(line, &(struct loudness_step){{BEGAN + i * 50 * MS + (i % 3) * 10 * MS}, -15, SEGMENT_WORDS, {BEGAN}});
    double mean;
    struct mono began;
    assert_int_equal(loudness_judge(line, (struct mono){BEGAN + 100 * MS}, (struct mono){BEGAN + 900 * MS}, &mean, &began),
                     LOUDNESS_WORDS);
    assert_true(fabs(mean + 15) < 0.01);
    loudness_free(line);
}

static void test_forgets_after_a_minute(void **state)
{
    (void)state;
    struct loudness *line = loudness_create();
    for (int i = 0; i < LOUDNESS_STEPS + 100; i++)
        loudness_add(line, &(struct loudness_step){{(int64_t)i * 50 * MS}, -15, SEGMENT_WORDS, {0}});
    double mean;
    struct mono began;
    assert_int_equal(loudness_judge(line, (struct mono){90 * 50 * MS}, (struct mono){110 * 50 * MS}, &mean, &began),
                     LOUDNESS_GAP);
    assert_int_equal(loudness_judge(line, (struct mono){100 * 50 * MS}, (struct mono){1299 * 50 * MS}, &mean, &began),
                     LOUDNESS_WORDS);
    loudness_free(line);
}

static void test_level(void **state)
{
    (void)state;
    int16_t frames[4800];
    for (int i = 0; i < 4800; i++)
        frames[i] = (int16_t)lrint(32767 * sin(2 * acos(-1) * i / 48));
    assert_true(fabs(loudness_of(frames, 4800) + 3.01) < 0.01);
    for (int i = 0; i < 4800; i++)
        frames[i] /= 10;
    assert_true(fabs(loudness_of(frames, 4800) + 23.01) < 0.01);
    for (int i = 0; i < 4800; i++)
        frames[i] = 0;
    assert_true(loudness_of(frames, 4800) == -120);
    assert_true(loudness_of(frames, 0) == -120);
    for (int i = 0; i < 4800; i++)
        frames[i] = -32768;
    assert_true(fabs(loudness_of(frames, 4800)) < 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_known_until),
        cmocka_unit_test(test_jitter),   cmocka_unit_test(test_forgets_after_a_minute),
        cmocka_unit_test(test_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
