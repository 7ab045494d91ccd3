/* The order of transactions: the rule by itself, and the frames that come of it in virtual time, with dead and slow units. */
#include "hardware/arbiter.h"
#include "tests/hardware/many.h"

#include <setjmp.h>
#include <time.h>

#include <cmocka.h>

enum { CEILING_US = 500000, LIMIT_US = 5000 + FAKE_CHARACTER_US + 10000 };

static struct drive_step a_step(enum terminal_class class, enum terminal_doubt doubt, uint16_t index)
{
    struct drive_step step = {.frame = FRAME_TERMINAL, .index = index};
    step.plan.class = class;
    step.plan.doubt = doubt;
    step.plan.first_byte_us = doubt == DOUBT_NONE ? 15000 : CEILING_US;
    return step;
}

static void offer_steps(const struct arbiter *arbiter, struct arbiter_offers *offers, const struct drive_step *steps, size_t n)
{
    arbiter_begin(offers, (struct mono){1000000}, CEILING_US);
    for (size_t i = 0; i < n; i++)
        arbiter_offer(arbiter, offers, &steps[i]);
}

/* Whoever is chosen is served, until nobody is left: the order of indexes as letters. Nobody verifies. */
static const char *order_of(struct arbiter *arbiter, struct drive_step *steps, size_t n)
{
    static char order[32];
    struct arbiter_offers offers;
    struct drive_step step;
    size_t at = 0;
    arbiter_new_round(arbiter, 0, n);
    for (size_t left = n; left > 0; left--) {
        offer_steps(arbiter, &offers, steps, n);
        assert_true(arbiter_command(&offers, &step) || arbiter_outside(arbiter, &offers, &step));
        order[at++] = (char)('a' + step.index);
        steps[step.index].plan.class = CLASS_NONE;
    }
    order[at] = '\0';
    return order;
}

static void classes_go_first_then_doubt_and_a_probe_last(void **state)
{
    (void)state;
    struct arbiter arbiter = {.in_vain = 0};
    struct drive_step steps[] = {a_step(CLASS_PROBE, DOUBT_PROBE, 0),       a_step(CLASS_POLL, DOUBT_SECOND_TRY, 1),
                                 a_step(CLASS_POLL, DOUBT_NONE, 2),         a_step(CLASS_TECHNICIAN, DOUBT_NONE, 3),
                                 a_step(CLASS_VERIFY, DOUBT_SECOND_TRY, 4), a_step(CLASS_ARM, DOUBT_SECOND_TRY, 5),
                                 a_step(CLASS_ARM, DOUBT_NONE, 6),          a_step(CLASS_START, DOUBT_NONE, 7),
                                 a_step(CLASS_STOP, DOUBT_SECOND_TRY, 8),   a_step(CLASS_STOP, DOUBT_NONE, 9)};
    steps[8].plan.not_before.us = -1; /* it has waited longer than the first try of another's stop */
    assert_string_equal(order_of(&arbiter, steps, sizeof steps / sizeof *steps), "jihgfedcba");
}

static void in_one_place_frames_for_all_then_what_was_begun_then_who_waited_longest(void **state)
{
    (void)state;
    struct arbiter arbiter = {.in_vain = 0};
    struct drive_step steps[4];
    for (uint16_t i = 0; i < 4; i++) {
        steps[i] = a_step(CLASS_ARM, DOUBT_NONE, i);
        steps[i].plan.not_before.us = 100 - i;
    }
    steps[0].plan.begun = true;
    steps[1].frame = FRAME_GROUP_ARM;
    assert_string_equal(order_of(&arbiter, steps, 4), "badc");
}

/* Two dead ones to be stopped may cost the others no more than two ceilings. */
static void stops_in_vain_are_put_behind_the_arming_of_others(void **state)
{
    (void)state;
    struct arbiter arbiter = {.in_vain = 0};
    struct arbiter_offers offers;
    struct drive_step step, steps[] = {a_step(CLASS_STOP, DOUBT_SECOND_TRY, 0), a_step(CLASS_ARM, DOUBT_NONE, 1)};
    for (int i = 0; i < 2; i++) {
        offer_steps(&arbiter, &offers, steps, 2);
        assert_true(arbiter_command(&offers, &step));
        assert_int_equal(step.plan.class, CLASS_STOP);
        arbiter_done(&arbiter, &step.plan, WIRE_SILENT);
    }
    offer_steps(&arbiter, &offers, steps, 2);
    assert_true(arbiter_command(&offers, &step));
    assert_int_equal(step.plan.class, CLASS_ARM);
    steps[1].plan.class = CLASS_NONE;
    offer_steps(&arbiter, &offers, steps, 2);
    assert_false(arbiter_command(&offers, &step));
    arbiter_new_round(&arbiter, 5, 10);
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    arbiter_done(&arbiter, &step.plan, WIRE_ANSWERED); /* one of them lives: they are worth it again */
    steps[1] = a_step(CLASS_ARM, DOUBT_NONE, 1);
    offer_steps(&arbiter, &offers, steps, 2);
    assert_true(arbiter_command(&offers, &step));
    assert_int_equal(step.plan.class, CLASS_STOP);
}

static void between_two_rounds_go_two_and_one_of_them_is_a_probe_if_one_is_due(void **state)
{
    (void)state;
    struct arbiter arbiter = {.in_vain = 0};
    struct arbiter_offers offers;
    struct drive_step step, steps[] = {a_step(CLASS_POLL, DOUBT_NONE, 0), a_step(CLASS_PROBE, DOUBT_PROBE, 1)};
    arbiter_new_round(&arbiter, 5, 10);
    offer_steps(&arbiter, &offers, steps, 2);
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    assert_int_equal(step.plan.class, CLASS_POLL);
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    assert_int_equal(step.plan.class, CLASS_PROBE);
    assert_false(arbiter_outside(&arbiter, &offers, &step));
    arbiter_new_round(&arbiter, 5, 10);
    offer_steps(&arbiter, &offers, &steps[1], 1);
    assert_false(arbiter_outside(&arbiter, &offers, &step)); /* two thirds of the time are for others */
    assert_int_equal(offers.wake.us, 1000000 + 3 * CEILING_US);
    arbiter.next_probe.us = 0;
    offer_steps(&arbiter, &offers, &steps[1], 1);
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    arbiter.next_probe.us = 0;
    offer_steps(&arbiter, &offers, &steps[1], 1);
    assert_false(arbiter_outside(&arbiter, &offers, &step)); /* one probe, and not two */
    arbiter_new_round(&arbiter, 0, 1);                       /* nobody is kept waiting */
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    assert_int_equal(arbiter.next_probe.us, 1000000);
    arbiter_new_round(&arbiter, 5, 10);
    offer_steps(&arbiter, &offers, steps, 1);
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    assert_false(arbiter_outside(&arbiter, &offers, &step));
}

static void no_long_wait_is_begun_before_a_command_that_falls_due(void **state)
{
    (void)state;
    struct arbiter arbiter = {.in_vain = 0};
    struct arbiter_offers offers;
    struct drive_step step, steps[] = {a_step(CLASS_PROBE, DOUBT_PROBE, 0), a_step(CLASS_START, DOUBT_NONE, 1)};
    steps[1].plan.not_before.us = 1000000 + CEILING_US - 1;
    arbiter_new_round(&arbiter, 0, 10);
    offer_steps(&arbiter, &offers, steps, 2);
    assert_false(arbiter_command(&offers, &step) || arbiter_outside(&arbiter, &offers, &step));
    assert_int_equal(offers.wake.us, steps[1].plan.not_before.us);
    steps[1].plan.behind = true; /* nobody waits for that one: else those who never arm would starve all probes */
    offer_steps(&arbiter, &offers, steps, 2);
    assert_true(arbiter_outside(&arbiter, &offers, &step));
    steps[1].plan.behind = false;
    steps[1].plan.not_before.us++;
    arbiter_new_round(&arbiter, 0, 10);
    offer_steps(&arbiter, &offers, steps, 2);
    assert_true(arbiter_outside(&arbiter, &offers, &step));
}

static enum arbiter_yield yield_of(enum terminal_class class, enum terminal_doubt doubt, bool read, int64_t first_byte_us)
{
    struct terminal_plan plan = {.class = class, .doubt = doubt, .read = read, .first_byte_us = first_byte_us};
    return arbiter_yield(&plan, CEILING_US);
}

static void only_who_may_be_dead_is_left_waiting_for(void **state)
{
    (void)state;
    assert_int_equal(yield_of(CLASS_POLL, DOUBT_NONE, true, 15000), YIELD_NOT);
    assert_int_equal(yield_of(CLASS_PROBE, DOUBT_PROBE, true, CEILING_US), YIELD_ANY);
    assert_int_equal(yield_of(CLASS_POLL, DOUBT_SECOND_TRY, true, CEILING_US), YIELD_ANY);
    assert_int_equal(yield_of(CLASS_TECHNICIAN, DOUBT_NONE, true, CEILING_US), YIELD_TARGET);
    assert_int_equal(yield_of(CLASS_VERIFY, DOUBT_SECOND_TRY, true, CEILING_US), YIELD_TARGET);
    assert_int_equal(yield_of(CLASS_ARM, DOUBT_PROBE, false, CEILING_US), YIELD_TARGET);
    assert_int_equal(yield_of(CLASS_STOP, DOUBT_PROBE, false, CEILING_US), YIELD_TARGET);
    assert_int_equal(yield_of(CLASS_STOP, DOUBT_SECOND_TRY, false, CEILING_US), YIELD_NOT);
    assert_int_equal(yield_of(CLASS_START, DOUBT_SECOND_TRY, false, CEILING_US),
                     YIELD_NOT); /* it may sound: that must be known */
}

/* Everything is due at once; the first frame of each class in the order of the classes. */
static void one_of_each_class_goes_out_in_order(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(8);
    line->t8.commands[COMMAND_ARM].broadcast = line->t8.commands[COMMAND_START].broadcast = false;
    line->units[6].dead = true;
    fake_run(line, 30000);
    many_target(line, 5, 0, 2);
    many_verify(line, 1, 1);
    while (line->units[0].state != 2)
        assert_true(fake_step(line, mono_plus_ms(line->now, 5000)));
    assert_int_equal(line->units[1].state, 1); /* its start is due */
    line->now = mono_plus_ms(line->now, 20000);
    fake_forget(line);
    many_target(line, 5, 1, 2);
    struct drive_ask ask = {.request = 1, .terminal = 4, .asked = line->now, .by = mono_plus_ms(line->now, 5000)};
    assert_true(drive_ask(&line->drive, &ask, line->now));
    fake_run(line, 2000);
    size_t first[TERMINAL_CLASSES];
    for (int class = 0; class < TERMINAL_CLASSES; class ++) {
        for (first[class] = 0; first[class] < line->n_frames; first[class]++)
            if (line->frames[first[class]].class == (enum terminal_class) class)
                break;
        assert_true(first[class] < line->n_frames);
        assert_true(class == 0 || first[class] > first[class - 1]);
    }
    assert_int_equal(line->frames[first[CLASS_STOP]].request.unit, 1);
    assert_int_equal(line->frames[first[CLASS_START]].request.unit, 2);
    assert_int_equal(line->frames[first[CLASS_ARM]].request.unit, 3);
    assert_int_equal(line->frames[first[CLASS_TECHNICIAN]].request.unit, 5);
    assert_int_equal(line->frames[first[CLASS_PROBE]].request.unit, 7);
    fake_line_free(line);
}

static void a_dead_one_is_probed_after_growing_pauses(void **state)
{
    (void)state;
    static const int64_t pauses_ms[] = {500, 1000, 2000, 4000, 8000, 10000, 10000};
    struct fake_line *line = many_opened(4);
    line->units[2].dead = true;
    fake_run(line, 70000);
    struct mono over = {0};
    size_t n = 0;
    for (size_t i = 0; i < line->n_frames; i++) {
        const struct fake_frame *frame = &line->frames[i];
        if (frame->doubt == DOUBT_PROBE && n < sizeof pauses_ms / sizeof *pauses_ms)
            assert_in_range(mono_since(frame->begin, over), pauses_ms[n] * 1000, pauses_ms[n] * 1000 + 60000), n++;
        if (frame->request.unit == 3 && frame->doubt != DOUBT_NONE) {
            over = mono_plus_us(frame->end, CEILING_US);
            assert_int_equal(frame->class, frame->doubt == DOUBT_PROBE ? CLASS_PROBE : CLASS_POLL);
        }
    }
    assert_int_equal(n, 7);
    fake_line_free(line);
}

/* Frames between one probe and the next, at least; counts the probes. */
static size_t least_between_probes(const struct fake_line *line, size_t *probes)
{
    size_t least = SIZE_MAX, since = SIZE_MAX / 2;
    *probes = 0;
    for (size_t i = 0; i < line->n_frames; i++) {
        since++;
        if (line->frames[i].doubt != DOUBT_PROBE)
            continue;
        least = since - 1 < least ? since - 1 : least;
        since = 0;
        ++*probes;
    }
    return least;
}

static void a_round_of_verification_is_followed_by_one_probe_at_most(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(30);
    many_target(line, 5, 0, 16);
    many_verify(line, 0, 16);
    for (int i = 8; i < 24; i++)
        line->units[i].dead = true;
    fake_run(line, 60000);
    fake_forget(line);
    fake_run(line, 120000);
    size_t probes, least = least_between_probes(line, &probes);
    print_message("%zu probes in 120 s, %zu frames between two at least\n", probes, least);
    assert_in_range(least, 8, SIZE_MAX);
    assert_in_range(probes, 60, 80);         /* one in 3 ceilings */
    for (int unit = 9; unit <= 24; unit++) { /* and nobody's turn never comes */
        size_t n = 0;
        for (size_t i = 0; i < line->n_frames; i++)
            n += line->frames[i].request.unit == unit;
        assert_true(n >= 4);
    }
    fake_line_free(line);
}

/* A short round comes often: the dead do not take the wire from those who live outside of it. */
static void where_two_are_verified_the_live_others_are_read_on_time(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(60);
    many_target(line, 5, 0, 2);
    many_verify(line, 0, 2);
    fake_run(line, 20000);
    for (int i = 50; i < 60; i++)
        line->units[i].dead = true;
    fake_run(line, 5000);
    fake_forget(line);
    fake_run(line, 60000);
    struct mono last[60];
    int64_t longest = 0;
    for (int i = 0; i < 60; i++)
        last[i] = line->frames[0].begin;
    for (size_t f = 0; f < line->n_frames; f++) {
        const struct fake_frame *frame = &line->frames[f];
        int64_t waited = mono_since(frame->begin, last[frame->request.unit - 1]);
        last[frame->request.unit - 1] = frame->begin;
        if (frame->request.unit <= 50 && waited > longest)
            longest = waited;
    }
    print_message("read every %.1f s at most, poll_s 10\n", (double)longest / 1e6);
    assert_in_range(longest, 10000000, 12500000);
    fake_line_free(line);
}

/* 247 terminals at 9600 baud cannot be read in 10 s: somebody alive is always due. */
static void a_line_that_is_never_idle_makes_one_probe_in_a_round_of_polls(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(247);
    for (int i = 100; i < 105; i++)
        line->units[i].dead = true;
    fake_run(line, 40000);
    fake_forget(line);
    fake_run(line, 300000);
    size_t probes, least = least_between_probes(line, &probes);
    assert_int_equal(least, 246);
    assert_in_range(probes, 20, 28);
    fake_line_free(line);
}

static void thirty_newly_dead_of_a_hundred_cost_one_limit_each(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(100);
    many_target(line, 5, 0, 100);
    many_verify(line, 0, 100);
    fake_run(line, 12000);
    while (line->drive.verify_at != line->drive.n_verify)
        fake_step(line, mono_plus_ms(line->now, 5000));
    for (int i = 0; i < 30; i++)
        line->units[i * 3].dead = true;
    line->drive.arbiter.slots = 0; /* a round begins now */
    fake_forget(line);
    struct mono began = line->now;
    for (int i = 0; i < 100; i++) {
        fake_step(line, mono_plus_ms(began, 60000));
        assert_int_equal(line->frames[i].request.unit, i + 1);
        assert_int_equal(line->frames[i].class, CLASS_VERIFY);
        assert_int_equal(line->frames[i].doubt, DOUBT_NONE);
    }
    int64_t live = 70 * (8 * FAKE_CHARACTER_US + 5000 + 23 * FAKE_CHARACTER_US + FAKE_SILENCE_US);
    int64_t dead = 30 * (8 * FAKE_CHARACTER_US + LIMIT_US + FAKE_SILENCE_US);
    int64_t took = mono_since(line->now, began);
    print_message("100 verified, 30 of them newly dead: %.3f s, formula %.3f s, W of the live %.3f s\n", (double)took / 1e6,
                  (double)(live + dead) / 1e6, (double)live / 1e6);
    assert_in_range(took, (live + dead) * 95 / 100, (live + dead) * 105 / 100);
    fake_step(line, mono_plus_ms(line->now, 5000));
    assert_int_equal(line->frames[100].doubt, DOUBT_SECOND_TRY);
    fake_line_free(line);
}

/* Frames to a unit, in their order; NULL behind the last. */
static const struct fake_frame *frame_to(const struct fake_line *line, int unit, size_t nth)
{
    for (size_t i = 0; i < line->n_frames; i++)
        if (line->frames[i].request.unit == unit && nth-- == 0)
            return &line->frames[i];
    return NULL;
}

static void a_slow_one_is_heard_on_its_second_try_behind_the_round(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(20);
    many_target(line, 5, 0, 20);
    many_verify(line, 0, 20);
    fake_run(line, 5000);
    while (line->drive.verify_at != line->drive.n_verify)
        fake_step(line, mono_plus_ms(line->now, 5000));
    line->drive.arbiter.slots = 0;
    line->units[3].answer_us = 350000;
    fake_forget(line);
    fake_run(line, 4000);
    const struct fake_frame *first = frame_to(line, 4, 0), *second = frame_to(line, 4, 1), *last = frame_to(line, 20, 0);
    assert_int_equal(first->doubt, DOUBT_NONE);
    assert_int_equal(second->doubt, DOUBT_SECOND_TRY);
    assert_true(mono_before(first->end, last->begin) && mono_before(last->end, second->begin));
    assert_int_equal(line->drive.terminals[3].health.timeouts, 1); /* it was heard, and is waited for from now on */
    assert_true(fake_count(line, LINE_READING, 3) >= 2);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
    fake_line_free(line);
}

static void a_slow_one_is_armed_on_its_second_try_behind_all_others(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(20);
    line->units[3].answer_us = 350000;
    many_target(line, 5, 0, 9);
    fake_run(line, 4000);
    const struct fake_frame *second = frame_to(line, 4, 1);
    assert_int_equal(second->class, CLASS_ARM);
    assert_int_equal(second->doubt, DOUBT_SECOND_TRY);
    for (int unit = 1; unit <= 9; unit++)
        assert_true(unit == 4 || mono_before(frame_to(line, unit, 0)->end, second->begin));
    assert_int_equal(many_sounding(line), 9);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
    fake_line_free(line);
}

static void the_dead_of_an_old_alert_do_not_hold_the_next_one_up(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(40);
    many_target(line, 5, 0, 30);
    many_verify(line, 0, 30);
    fake_run(line, 4000);
    assert_int_equal(many_sounding(line), 30);
    for (int i = 0; i < 30; i++)
        line->units[i].dead = true;
    struct mono began = line->now;
    many_target(line, 6, 30, 10);
    many_verify(line, 30, 10);
    while (fake_count(line, LINE_STARTS_SENT, -1) < 2)
        assert_true(fake_step(line, mono_plus_ms(began, 60000)));
    /* 30 stops at the learnt limit, two second tries, 10 arms, settle, one start */
    assert_in_range(mono_since(line->now, began), 0, 3300000);
    fake_run(line, 90000);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_STOPPED, -1), 30);
    assert_true(line->drive.arbiter.in_vain >= 2);
    many_target(line, 7, 0, 1); /* what was in vain once is not held against the next */
    assert_int_equal(line->drive.arbiter.in_vain, 0);
    fake_line_free(line);
}

/* With dead and slow units, polls, probes and a question on the wire, at every instant: nothing else is begun. */
static void a_stop_waits_for_the_one_transaction_at_most(void **state)
{
    (void)state;
    int64_t worst = 0, slow = 350000 + FAKE_CHARACTER_US + 10000;
    for (int64_t at = 0; at < 200; at++) {
        struct fake_line *line = many_opened(14);
        line->units[5].answer_us = 350000;
        line->units[6].answer_us = 350000;
        fake_run(line, 11000); /* learnt */
        for (int i = 8; i < 12; i++)
            line->units[i].dead = true;
        many_target(line, 5, 0, 10);
        many_verify(line, 0, 10);
        fake_run(line, 9000);
        struct drive_ask ask = {.request = 1, .terminal = 11, .asked = line->now, .by = mono_plus_ms(line->now, 9000)};
        assert_true(drive_ask(&line->drive, &ask, line->now));
        line->bell = mono_plus_ms(line->now, at * 17);
        fake_run(line, at * 17);
        assert_int_equal(many_sounding(line), 8);
        size_t before = line->n_frames;
        fake_target(line, 0, 0, "", 0);
        fake_step(line, mono_plus_ms(line->now, 1000));
        assert_int_equal(line->frames[before].class, CLASS_STOP);
        int64_t waited = mono_since(line->frames[before].begin, line->bell);
        worst = waited > worst ? waited : worst;
        fake_line_free(line);
    }
    print_message("a stop waited %.0f ms at worst\n", (double)worst / 1000);
    assert_in_range(worst, 1, slow + 31 * FAKE_CHARACTER_US + FAKE_SILENCE_US); /* the slow one's answer, and no ceiling */
}

/* It is asked before each transaction, on 64 lines: 4 us for 247 terminals here. */
static void the_choice_is_cheap(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(247);
    struct drive_step step;
    struct mono wake;
    double best_ns = 1e9;
    many_target(line, 5, 0, 247);
    many_verify(line, 0, 247);
    fake_run(line, 20000);
    for (int batch = 0; batch < 20; batch++) {
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        for (int i = 0; i < 100; i++)
            drive_next(&line->drive, line->now, &step, &wake);
        clock_gettime(CLOCK_MONOTONIC, &end);
        double ns = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / 100;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    print_message("drive_next over 247 terminals: %.0f ns\n", best_ns);
    assert_true(best_ns < 500000); /* instruments make it slow; quadratic would be slower */
    fake_line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_go_first_then_doubt_and_a_probe_last),
        cmocka_unit_test(in_one_place_frames_for_all_then_what_was_begun_then_who_waited_longest),
        cmocka_unit_test(stops_in_vain_are_put_behind_the_arming_of_others),
        cmocka_unit_test(between_two_rounds_go_two_and_one_of_them_is_a_probe_if_one_is_due),
        cmocka_unit_test(no_long_wait_is_begun_before_a_command_that_falls_due),
        cmocka_unit_test(only_who_may_be_dead_is_left_waiting_for),
        cmocka_unit_test(one_of_each_class_goes_out_in_order),
        cmocka_unit_test(a_dead_one_is_probed_after_growing_pauses),
        cmocka_unit_test(a_round_of_verification_is_followed_by_one_probe_at_most),
        cmocka_unit_test(where_two_are_verified_the_live_others_are_read_on_time),
        cmocka_unit_test(a_line_that_is_never_idle_makes_one_probe_in_a_round_of_polls),
        cmocka_unit_test(thirty_newly_dead_of_a_hundred_cost_one_limit_each),
        cmocka_unit_test(a_slow_one_is_heard_on_its_second_try_behind_the_round),
        cmocka_unit_test(a_slow_one_is_armed_on_its_second_try_behind_all_others),
        cmocka_unit_test(the_dead_of_an_old_alert_do_not_hold_the_next_one_up),
        cmocka_unit_test(a_stop_waits_for_the_one_transaction_at_most),
        cmocka_unit_test(the_choice_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
