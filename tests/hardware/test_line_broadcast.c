/* n of m by whichever is shorter, in virtual time: one arm for all and the few not meant disarmed, or one by one; and whoever
 * is not meant never sounds, whatever he misses. */
#include "tests/hardware/many.h"

#include <setjmp.h>

#include <cmocka.h>

enum { MEMBERS = 90, ALL = 100, TURNAROUND_US = 100000 };

/* The shortest time that a frame and what follows it can take. */
static int64_t limit_us(const struct fake_line *line, const struct fake_frame *frame)
{
    int64_t answer_us = line->units[frame->request.unit > 0 ? frame->request.unit - 1 : 0].answer_us;
    int64_t reply_us =
        (int64_t)(frame_reply_size(&frame->request) + FRAME_CRC_BYTES) * FAKE_CHARACTER_US + answer_us + FAKE_SILENCE_US;
    return mono_since(frame->end, frame->begin) + (frame->request.unit > 0 ? reply_us : TURNAROUND_US);
}

/* From the target to the end of the last transaction of arming, and the sum of their shortest times. */
static int64_t arming_us(const struct fake_line *line, struct mono began, int64_t *limit)
{
    int64_t took = 0;
    *limit = 0;
    for (size_t i = 0; i < line->n_frames; i++) {
        const struct fake_frame *frame = &line->frames[i];
        if (frame->class != CLASS_ARM)
            continue;
        *limit += limit_us(line, frame);
        took = mono_since(frame->begin, began) + limit_us(line, frame);
    }
    return took;
}

static size_t writes_to_all_but_zero(const struct fake_line *line, int address, size_t first, size_t n)
{
    size_t sum = 0;
    for (size_t i = first; i < first + n; i++)
        sum += fake_writes(line, (int)i + 1, address);
    return sum;
}

/* Runs, and sees at each step that nobody sounds from there on. */
static void run_watching(struct fake_line *line, int64_t ms, size_t silent_from)
{
    struct mono until = mono_plus_ms(line->now, ms);
    do
        for (size_t i = silent_from; i < line->n; i++)
            assert_int_not_equal(line->units[i].state, 2);
    while (fake_step(line, until));
}

static struct fake_line *armed(size_t members, int64_t ms)
{
    struct fake_line *line = many_opened(ALL);
    struct mono began = line->now;
    many_target(line, 5, 0, members);
    run_watching(line, ms, members);
    int64_t limit, took = arming_us(line, began, &limit);
    const struct line_event *last = NULL;
    for (size_t i = 0; i < line->n_events; i++)
        last = line->events[i].kind == LINE_STARTED ? &line->events[i] : last;
    assert_non_null(last);
    print_message("arming %zu of %d: %.3f s, W %.3f s; all started after %.3f s\n", members, ALL, (double)took / 1e6,
                  (double)limit / 1e6, (double)mono_since(last->at, began) / 1e6);
    assert_in_range(took, limit, limit * 110 / 100);
    assert_int_equal(many_sounding(line), members);
    assert_in_range(fake_writes(line, 0, 20), 1, 2); /* those armed later than arm_wait_ms are a batch of their own */
    return line;
}

static void fifty_of_a_hundred_are_armed_one_by_one(void **state)
{
    (void)state;
    struct fake_line *line = armed(50, 5000);
    assert_int_equal(fake_writes(line, 0, 16), 0);
    assert_int_equal(writes_to_all_but_zero(line, 16, 0, 50), 50);
    assert_int_equal(writes_to_all_but_zero(line, -1, 50, 50), 0);
    fake_line_free(line);
}

static void ninety_of_a_hundred_are_armed_at_once_and_ten_disarmed(void **state)
{
    (void)state;
    struct fake_line *line = armed(MEMBERS, 3000);
    assert_int_equal(fake_writes(line, 0, 16), 1);
    assert_int_equal(writes_to_all_but_zero(line, -1, 0, MEMBERS), 0);
    assert_int_equal(writes_to_all_but_zero(line, 18, MEMBERS, 10), 10);
    assert_true(mono_since(fake_find(line, LINE_STARTED, 0)->at, line->frames[0].begin) < 650000); /* 3.8 s one by one */
    for (size_t i = MEMBERS; i < ALL; i++) {                                                       /* as they were */
        assert_int_equal(line->units[i].token, 0);
        assert_int_equal(line->units[i].power, 0);
        assert_int_equal(line->drive.terminals[i].phase, TERMINAL_REST);
        for (int kind = LINE_SENT; kind <= LINE_STARTED; kind++)
            assert_int_equal(fake_count(line, (enum line_event_kind)kind, (int)i), 0);
    }
    fake_line_free(line);
}

static void a_hundred_of_a_hundred_are_armed_by_one_frame(void **state)
{
    (void)state;
    struct fake_line *line = armed(ALL, 3000);
    assert_int_equal(fake_writes(line, 0, 16), 1);
    assert_int_equal(writes_to_all_but_zero(line, -1, 0, ALL), 0);
    fake_line_free(line);
}

static void where_a_broadcast_takes_longer_it_is_not_used(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(ALL);
    line->drive.settings.turnaround_ms = 4000;
    many_target(line, 5, 0, MEMBERS);
    fake_run(line, 6000);
    assert_int_equal(fake_writes(line, 0, 16), 0);
    assert_int_equal(many_sounding(line), MEMBERS);
    fake_line_free(line);
}

/* The same, but ninety times the way there and back is more. */
static void the_way_through_a_modem_counts_for_each_frame(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(ALL);
    line->drive.settings.turnaround_ms = 4000;
    line->drive.settings.key_up_ms = 20;
    many_target(line, 5, 0, MEMBERS);
    fake_run(line, 6000);
    assert_int_equal(fake_writes(line, 0, 16), 1);
    fake_line_free(line);
}

/* Each reason by itself forbids that those not meant are armed for a moment. */
static void who_may_not_answer_or_be_disarmed_is_not_armed_in_vain(void **state)
{
    (void)state;
    for (int reason = 0; reason < 9; reason++) {
        struct fake_line *line = many_opened(ALL);
        struct profile_command *disarm = &line->t8.commands[COMMAND_DISARM];
        struct terminal *one = &line->drive.terminals[ALL - 1];
        switch (reason) {
        case 0: break; /* the control: with nothing wrong it is used */
        case 1: disarm->given = false; break;
        case 2: disarm->repeatable = false; break;
        case 3: line->t8.start_needs_arm = false; break;
        case 4: line->t8.commands[COMMAND_STOP].given = false; break;
        case 5: one->dead = true; break;
        case 6: one->tries = 1; break;
        case 7: one->seen = false; break;
        default: one->last.when[WHEN_BUSY] = TRUTH_TRUE;
        }
        many_target(line, 5, 0, MEMBERS);
        fake_run(line, 30);
        assert_int_equal(fake_writes(line, 0, 16), reason == 0);
        fake_line_free(line);
    }
}

/* Runs until the arm for all is out. */
static struct fake_line *armed_by_one_frame(void)
{
    struct fake_line *line = many_opened(ALL);
    many_target(line, 5, 0, MEMBERS);
    assert_true(fake_step(line, mono_plus_ms(line->now, 1000)));
    assert_int_equal(line->frames[0].request.unit, 0);
    assert_int_equal(line->units[ALL - 1].state, 1);
    return line;
}

static void one_that_does_not_answer_its_disarm_never_sounds_and_forbids_the_start_for_all(void **state)
{
    (void)state;
    struct fake_line *line = armed_by_one_frame();
    line->units[MEMBERS + 3].dead = true; /* armed with our token, and it would hear a start if it were only deaf for a while */
    run_watching(line, 8000, MEMBERS);
    assert_int_equal(fake_writes(line, 0, 20), 0);
    assert_true(mono_since(fake_find(line, LINE_STARTED, 0)->at, line->frames[0].begin) < 650000);
    assert_int_equal(many_sounding(line), MEMBERS); /* one by one */
    assert_int_equal(line->units[MEMBERS + 3].state, 1);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_STOPPED, MEMBERS + 3), 1);
    line->units[MEMBERS + 3].dead = false;
    many_target(line, 5, 0, MEMBERS - 1); /* the same token again: still not for all */
    many_target(line, 5, 0, MEMBERS);
    run_watching(line, 15000, MEMBERS);
    assert_int_equal(fake_writes(line, 0, 20), 0);
    assert_int_equal(line->units[MEMBERS + 3].state, 0);
    assert_int_equal(line->units[MEMBERS + 3].power, 0);
    assert_int_equal(many_sounding(line), MEMBERS);
    fake_line_free(line);
}

static void a_disarm_whose_answer_is_lost_does_not_delay_the_others_by_a_ceiling(void **state)
{
    (void)state;
    struct fake_line *line = armed_by_one_frame();
    line->units[MEMBERS].lose_replies = 1;
    run_watching(line, 2000, MEMBERS);
    assert_true(mono_since(fake_find(line, LINE_STARTED, 0)->at, line->frames[0].begin) < 650000);
    fake_run(line, 10000);
    assert_int_equal(many_sounding(line), MEMBERS);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
    assert_int_equal(line->drive.terminals[MEMBERS].phase, TERMINAL_REST);
    fake_line_free(line);
}

/* Its amplifier was taken by the local microphone in between: it refuses, and is left alone. */
static void one_that_refuses_its_disarm_is_stopped_and_left_alone(void **state)
{
    (void)state;
    struct fake_line *line = armed_by_one_frame();
    line->units[MEMBERS].source = 3;
    run_watching(line, 8000, MEMBERS);
    assert_int_equal(fake_writes(line, MEMBERS + 1, 21), 1);
    assert_int_equal(fake_writes(line, MEMBERS + 1, 16), 0); /* its power is not ours to switch */
    assert_int_equal(line->units[MEMBERS].token, 0);
    assert_int_equal(many_sounding(line), MEMBERS);
    fake_line_free(line);
}

static void a_lost_port_between_arm_and_disarm_leaves_nobody_armed(void **state)
{
    (void)state;
    struct fake_line *line = armed_by_one_frame();
    struct error gone = {.code = ERROR_DISCONNECTED, .message = "gone"};
    drive_port_down(&line->drive, &gone, line->now);
    drive_port_up(&line->drive, "fake", line->now);
    run_watching(line, 15000, MEMBERS);
    for (size_t i = MEMBERS; i < ALL; i++)
        assert_int_equal(line->units[i].token, 0);
    assert_int_equal(many_sounding(line), MEMBERS);
    fake_line_free(line);
}

static void who_becomes_meant_while_being_disarmed_is_armed(void **state)
{
    (void)state;
    struct fake_line *line = armed_by_one_frame();
    fake_step(line, mono_plus_ms(line->now, 1000));
    many_target(line, 5, 0, ALL);
    fake_run(line, 5000);
    assert_int_equal(many_sounding(line), ALL);
    assert_int_equal(fake_count(line, LINE_STARTED, -1), ALL);
    fake_line_free(line);
}

static void who_was_meant_only_for_a_moment_is_disarmed_all_the_same(void **state)
{
    (void)state;
    struct fake_line *line = armed_by_one_frame();
    many_target(line, 5, 0, ALL);
    many_target(line, 5, 0, MEMBERS);
    run_watching(line, 8000, MEMBERS);
    for (size_t i = MEMBERS; i < ALL; i++)
        assert_int_equal(line->units[i].token, 0);
    assert_int_equal(many_sounding(line), MEMBERS);
    fake_line_free(line);
}

/* Somebody else armed it with a token that was ours: that is reported, and no start for all is sent while it is so. */
static void one_that_reads_as_armed_without_us_forbids_the_start_for_all(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(4);
    many_target(line, 5, 0, 2);
    fake_run(line, 2000);
    line->units[3].state = 1, line->units[3].token = 5;
    fake_run(line, 15000);
    assert_int_equal(fake_count(line, LINE_UNASKED, 3), 1);
    fake_forget(line);
    many_target(line, 5, 0, 3);
    line->drive.groups[0].gate = false; /* as before any start */
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 1);
    line->units[3].state = 1, line->units[3].token = 5; /* it missed the stop for all */
    many_target(line, 5, 0, 3);
    run_watching(line, 5000, 3);
    assert_int_equal(fake_writes(line, 0, 20), 0);
    assert_int_equal(many_sounding(line), 3);
    fake_line_free(line);
}

static void a_stop_while_some_are_being_disarmed_silences_all(void **state)
{
    (void)state;
    struct fake_line *line = armed_by_one_frame();
    fake_step(line, mono_plus_ms(line->now, 1000));
    fake_target(line, 0, 0, "", 0);
    run_watching(line, 20000, 0);
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(line->units[i].token, 0);
        assert_int_equal(line->units[i].power, 0);
    }
    assert_int_equal(fake_count(line, LINE_SETTLED, -1), 1);
    fake_line_free(line);
}

/* Armed for an alert that was withdrawn, it missed the stop for all. The next alert of the same session has the same token. */
static void a_withdrawn_one_that_missed_its_stop_does_not_start_with_the_next(void **state)
{
    (void)state;
    for (int dead = 0; dead < 2; dead++) {
        struct fake_line *line = many_opened(6);
        line->t8.commands[COMMAND_POWER_OFF].given = false; /* that would disarm it as well */
        many_target(line, 5, 0, 6);
        fake_step(line, mono_plus_ms(line->now, 1000));
        assert_int_equal(line->units[5].state, 1);
        line->units[5].deaf = 1;
        line->units[5].dead = dead;
        fake_target(line, 0, 0, "", 0);
        fake_step(line, mono_plus_ms(line->now, 1000));
        assert_int_equal(fake_writes(line, 0, 21), 1);
        assert_int_equal(line->units[5].state, 1); /* missed */
        many_target(line, 5, 0, 5);
        run_watching(line, 4000, 5);
        assert_int_equal(many_sounding(line), 5);
        assert_int_equal(fake_writes(line, 0, 20), dead ? 0 : 1); /* for all only when it was disarmed */
        line->units[5].dead = false;
        run_watching(line, 20000, 5);
        assert_int_equal(line->units[5].state, 0);
        fake_line_free(line);
    }
}

/* It was read as silent, but still as armed: that is not at rest. */
static void armed_is_not_stopped(void **state)
{
    (void)state;
    struct fake_line *line = many_opened(3);
    line->t8.commands[COMMAND_POWER_OFF].given = false;
    many_target(line, 5, 0, 3);
    fake_step(line, mono_plus_ms(line->now, 1000));
    line->units[2].deaf = 1;
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 3000);
    assert_int_equal(fake_writes(line, 3, 21), 1);
    assert_int_equal(line->units[2].token, 0);
    assert_int_equal(fake_count(line, LINE_STOPPED, -1), 3);
    fake_line_free(line);
}

/* Two profiles with the same registers: one's arm and start would be obeyed by the other's, who are not meant. */
static void one_vendors_frames_for_all_are_not_sent_where_anothers_obey_them(void **state)
{
    (void)state;
    struct fake_line *line = fake_line_new("tttuuu", 0);
    fake_open(line);
    fake_forget(line);
    fake_target(line, 1, 5, "012", 50);
    fake_run(line, 3000);
    assert_int_equal(fake_writes(line, 0, -1), 0);
    assert_int_equal(many_sounding(line), 3);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 3000);
    assert_int_equal(fake_writes(line, 0, 21), 1); /* a stop for all is meant for all */
    assert_int_equal(many_sounding(line), 0);
    fake_line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_of_a_hundred_are_armed_one_by_one),
        cmocka_unit_test(ninety_of_a_hundred_are_armed_at_once_and_ten_disarmed),
        cmocka_unit_test(a_hundred_of_a_hundred_are_armed_by_one_frame),
        cmocka_unit_test(where_a_broadcast_takes_longer_it_is_not_used),
        cmocka_unit_test(the_way_through_a_modem_counts_for_each_frame),
        cmocka_unit_test(who_may_not_answer_or_be_disarmed_is_not_armed_in_vain),
        cmocka_unit_test(one_that_does_not_answer_its_disarm_never_sounds_and_forbids_the_start_for_all),
        cmocka_unit_test(a_disarm_whose_answer_is_lost_does_not_delay_the_others_by_a_ceiling),
        cmocka_unit_test(one_that_refuses_its_disarm_is_stopped_and_left_alone),
        cmocka_unit_test(a_lost_port_between_arm_and_disarm_leaves_nobody_armed),
        cmocka_unit_test(who_becomes_meant_while_being_disarmed_is_armed),
        cmocka_unit_test(who_was_meant_only_for_a_moment_is_disarmed_all_the_same),
        cmocka_unit_test(one_that_reads_as_armed_without_us_forbids_the_start_for_all),
        cmocka_unit_test(a_stop_while_some_are_being_disarmed_silences_all),
        cmocka_unit_test(a_withdrawn_one_that_missed_its_stop_does_not_start_with_the_next),
        cmocka_unit_test(armed_is_not_stopped),
        cmocka_unit_test(one_vendors_frames_for_all_are_not_sent_where_anothers_obey_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
