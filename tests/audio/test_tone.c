/* Tones: the right notes at the right times, no steps between samples, and below clipping. */
#include "audio/tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RATE = 48000, SECONDS = 10 };

static int16_t tone[RATE * SECONDS];

static void render(enum tone_kind kind)
{
    tone_render(kind, RATE, 0, RATE * SECONDS, tone, RATE * SECONDS);
}

/* Power of one frequency relative to the power of all, by Goertzel; 1 for a pure sine of it. */
static double share(const int16_t *x, size_t n, double hz)
{
    double w = 2 * acos(-1) * hz / RATE, a = 0, b = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        double c = x[i] + 2 * cos(w) * a - b;
        b = a;
        a = c;
        all += (double)x[i] * x[i];
    }
    double power = a * a + b * b - 2 * cos(w) * a * b;
    return all > 0 ? 2 * power / ((double)n * all) : 0;
}

static void test_notes(void **state)
{
    (void)state;
    render(TONE_ATTENTION);
    size_t turn = RATE / 4, inner = RATE / 10, into = turn * 4 + RATE / 20;
    assert_true(share(tone + into, inner, 1000) > 0.98);
    assert_true(share(tone + into, inner, 750) < 0.02);
    assert_true(share(tone + into + turn, inner, 750) > 0.98);
    render(TONE_HI_LO);
    assert_true(share(tone + RATE + RATE / 10, RATE / 5, 970) > 0.98);
    assert_true(share(tone + RATE + RATE / 2 + RATE / 10, RATE / 5, 800) > 0.98);
    render(TONE_CHIME);
    assert_true(share(tone + RATE / 10, RATE / 5, 784) > 0.9);
    render(TONE_ALL_CLEAR);
    assert_true(share(tone + RATE * 3 + RATE / 4, RATE / 2, 392) > 0.98);
    assert_true(share(tone + RATE * 3 + RATE * 3 / 2, RATE / 2, 523.25) > 0.98);
}

/* The wail's frequency, from its zero crossings, sweeps between 500 and 1200 Hz. */
static void test_wail_sweeps(void **state)
{
    (void)state;
    render(TONE_WAIL);
    int lowest = RATE, highest = 0;
    for (size_t from = RATE; from + RATE / 10 <= RATE * 9; from += RATE / 10) {
        int crossings = 0;
        for (size_t i = from + 1; i < from + RATE / 10; i++)
            crossings += (tone[i - 1] < 0) != (tone[i] < 0);
        int hz = crossings * 5;
        lowest = hz < lowest ? hz : lowest;
        highest = hz > highest ? hz : highest;
    }
    assert_in_range(lowest, 480, 560);
    assert_in_range(highest, 1140, 1210);
}

/* A sine of f Hz and peak A moves at most 2 pi f A / rate between two samples; a click moves more. */
static int steepest(size_t n)
{
    int most = abs(tone[0]) > abs(tone[n - 1]) ? abs(tone[0]) : abs(tone[n - 1]);
    for (size_t i = 1; i < n; i++)
        most = abs(tone[i] - tone[i - 1]) > most ? abs(tone[i] - tone[i - 1]) : most;
    return most;
}

static void test_no_clicks(void **state)
{
    (void)state;
    int bound = (int)(2 * acos(-1) * 1250 * TONE_PEAK / RATE);
    for (int kind = 0; kind < TONE_COUNT; kind++) {
        render((enum tone_kind)kind);
        assert_in_range(steepest(RATE * SECONDS), 1, bound);
    }
    tone[RATE] = (int16_t)(tone[RATE - 1] + 4000); /* the instrument sees a click */
    assert_true(steepest(RATE * SECONDS) > bound);
}

static void test_peak(void **state)
{
    (void)state;
    for (int kind = 0; kind < TONE_COUNT; kind++) {
        render((enum tone_kind)kind);
        int peak = 0;
        for (size_t i = 0; i < RATE * SECONDS; i++)
            peak = abs(tone[i]) > peak ? abs(tone[i]) : peak;
        assert_in_range(peak, TONE_PEAK * 8 / 10, TONE_PEAK);
    }
}

/* Nothing but the fades' edges lies above 3 kHz: what is left after a gentle high-pass is at least 50 dB down. */
static void test_band(void **state)
{
    (void)state;
    for (int kind = 0; kind < TONE_COUNT; kind++) {
        render((enum tone_kind)kind);
        for (double hz = 3000; hz < 20000; hz += 500)
            assert_true(share(tone, RATE * SECONDS, hz) < 1e-5);
    }
}

static void test_pieces_are_the_whole(void **state)
{
    (void)state;
    for (int kind = 0; kind < TONE_COUNT; kind++) {
        render((enum tone_kind)kind);
        int16_t piece[777];
        for (uint64_t at = 0; at + 777 <= RATE * SECONDS; at += 777) {
            tone_render((enum tone_kind)kind, RATE, at, RATE * SECONDS, piece, 777);
            assert_memory_equal(piece, tone + at, sizeof piece);
        }
    }
}

static void test_silent_after_its_end(void **state)
{
    (void)state;
    int16_t piece[480];
    tone_render(TONE_HI_LO, RATE, 1000, 1000, piece, 480);
    for (int i = 0; i < 480; i++)
        assert_int_equal(piece[i], 0);
    tone_render(TONE_HI_LO, RATE, (uint64_t)RATE * 3600, UINT64_MAX, piece, 480); /* still sounds after an hour */
    assert_true(share(piece, 480, 970) > 0 || share(piece, 480, 800) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_wail_sweeps),
        cmocka_unit_test(test_no_clicks),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_band),
        cmocka_unit_test(test_pieces_are_the_whole),
        cmocka_unit_test(test_silent_after_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
