/* Terminals that hear but cannot answer: nothing is proved of them, and they sound and fall silent all the same. In virtual
 * time. */
#include "tests/hardware/fake_line.h"

#include <setjmp.h>

#include <cmocka.h>

enum { NEVER_ANSWERS = 1000000 };

static struct fake_line *opened(const char *kinds)
{
    struct fake_line *line = fake_line_new(kinds, 0);
    fake_open(line);
    fake_forget(line);
    return line;
}

static bool sounds(const struct fake_line *line, size_t i)
{
    return line->units[i].c4 ? line->units[i].relay && line->units[i].power : line->units[i].state == 2;
}

static void start_and_stop(struct fake_line *line, uint16_t session, int64_t within_ms)
{
    fake_target(line, session, session, "0", 70);
    fake_verify(line, "0");
    fake_run(line, within_ms);
    assert_true(sounds(line, 0));
    fake_run(line, 30000);
    assert_true(sounds(line, 0));
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 1000);
    assert_false(sounds(line, 0));
    assert_int_equal(fake_count(line, LINE_SETTLED, -1), 1);
}

/* Armed and started one frame per probe, told as not answering, with nothing more claimed than that it was sent. */
static void one_that_only_hears_sounds_and_stops(void **state)
{
    (void)state;
    for (int c4 = 0; c4 < 2; c4++) {
        struct fake_line *line = opened(c4 ? "c" : "t");
        line->units[0].lose_replies = NEVER_ANSWERS;
        for (uint16_t session = 1; session <= 3; session++) { /* the second finds it dead already, and never proved silent */
            fake_forget(line);
            start_and_stop(line, session, c4 ? 8000 : 3000);
            assert_int_equal(line->units[0].volume, c4 ? 11 : 70);
            assert_int_equal(fake_count(line, LINE_SENT, 0), 1);
            assert_int_equal(fake_count(line, LINE_ACKNOWLEDGED, 0) + fake_count(line, LINE_ARMED, 0), 0);
            assert_int_equal(fake_count(line, LINE_READING, 0) + fake_count(line, LINE_STOPPED, 0), 0);
            assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 0), 1);
            assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 1);
            assert_int_equal(fake_count(line, LINE_STARTED, 0), 1);
            assert_int_equal(fake_count(line, LINE_STARTS_SENT, -1), 1);
        }
        fake_line_free(line);
    }
}

/* Each write of the arming leaves once as a first try, once more at the ceiling, and then only what has not been sent yet. */
static void its_frames_are_few_and_apart(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    line->units[0].lose_replies = NEVER_ANSWERS;
    fake_target(line, 1, 5, "0", 70);
    fake_run(line, 60000);
    assert_int_equal(fake_writes(line, 1, 0), 1);  /* power on; before it two readings */
    assert_int_equal(fake_writes(line, 1, 40), 1); /* volume */
    assert_int_equal(fake_writes(line, 1, 1), 1);  /* start */
    assert_in_range(line->n_frames, 8, 13);
    for (size_t i = 2; i < line->n_frames; i++)
        assert_true(mono_since(line->frames[i].begin, line->frames[i - 1].end) >= 1000000);
    fake_line_free(line);
}

static void what_is_not_repeatable_is_sent_once(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->t8.commands[COMMAND_ARM].repeatable = line->t8.commands[COMMAND_START].repeatable = false;
    line->units[0].lose_replies = NEVER_ANSWERS;
    fake_target(line, 1, 5, "0", 70);
    fake_run(line, 60000);
    assert_int_equal(fake_writes(line, 1, 16), 1);
    assert_int_equal(fake_writes(line, 1, 20), 1);
    assert_true(sounds(line, 0));
    fake_line_free(line);
}

static void one_that_loses_its_voice_between_arm_and_start_is_started(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttc");
    line->drive.settings.arm_wait_ms = 3000;
    line->units[1].dead = true; /* the gate waits for it */
    fake_target(line, 1, 5, "01", 70);
    fake_verify(line, "0");
    while (line->drive.terminals[0].phase != TERMINAL_ARMED)
        assert_true(fake_step(line, mono_plus_ms(line->now, 5000)));
    line->units[0].lose_replies = NEVER_ANSWERS;
    fake_run(line, 5000);
    assert_true(sounds(line, 0));
    fake_line_free(line);
}

/* A frame that reaches one of them is gone for the next: stop is told again and again. */
static void a_stop_that_it_missed_is_told_again(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->units[0].lose_replies = NEVER_ANSWERS;
    fake_target(line, 1, 5, "0", 70);
    fake_run(line, 5000);
    assert_true(sounds(line, 0));
    line->units[0].deaf = 3;
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 60000);
    assert_false(sounds(line, 0));
    assert_true(fake_writes(line, 1, 21) >= 4);
    fake_line_free(line);
}

/* Settled is said when each of them was told, and not half a second for each of them later. */
static void many_of_them_are_told_to_stop_before_the_line_is_settled(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttttttt");
    line->t8.commands[COMMAND_STOP].broadcast = line->t8.commands[COMMAND_ARM].broadcast = false;
    line->t8.commands[COMMAND_START].broadcast = false;
    for (int i = 0; i < 8; i++)
        line->units[i].lose_replies = NEVER_ANSWERS;
    fake_target(line, 1, 5, "0123456789", 70);
    fake_run(line, 60000);
    for (size_t i = 0; i < 10; i++)
        assert_true(sounds(line, i));
    fake_target(line, 0, 0, "", 0);
    struct mono began = line->now;
    while (!drive_is_settled(&line->drive))
        assert_true(fake_step(line, mono_plus_ms(began, 1000)));
    for (size_t i = 0; i < 10; i++)
        assert_false(sounds(line, i));
    fake_line_free(line);
}

/* What three of them are sent takes the place of the readings that probed them: four others were read 81 times then, too. */
static void the_others_are_no_slower_for_it(void **state)
{
    (void)state;
    struct fake_line *line = opened("cccccccc");
    for (int i = 4; i < 7; i++)
        line->units[i].lose_replies = NEVER_ANSWERS;
    fake_run(line, 20000);
    fake_forget(line);
    struct mono began = line->now;
    fake_target(line, 1, 5, "0123456", 70);
    fake_verify(line, "0123");
    fake_run(line, 30000);
    assert_true(mono_since(fake_find(line, LINE_STARTS_SENT, -1)->at, began) < 1300000);
    assert_true(fake_count(line, LINE_READING, 0) >= 80);
    for (size_t i = 0; i < 7; i++)
        assert_true(sounds(line, i));
    fake_line_free(line);
}

/* It was only away: what it heard of its arming is not known, so that begins anew and is proved. */
static void one_that_answers_again_is_armed_from_the_beginning(void **state)
{
    (void)state;
    for (int writes = 1; writes <= 3; writes++) {
        struct fake_line *line = opened("c");
        line->units[0].dead = true;
        fake_target(line, 1, 5, "0", 70);
        fake_verify(line, "0");
        while (fake_writes(line, 1, -1) < (size_t)writes)
            assert_true(fake_step(line, mono_plus_ms(line->now, 20000)));
        line->units[0].dead = false;
        fake_run(line, 20000);
        assert_true(sounds(line, 0));
        assert_int_equal(line->units[0].volume, 11);
        assert_int_equal(fake_count(line, LINE_ARMED, 0), 1);
        if (writes == 1) /* the next would have been its volume, not its start: nothing was to be blamed on it */
            assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 1);
        fake_line_free(line);
    }
}

/* Those who answer wait neither for it nor because of it. */
static void one_that_is_armed_blindly_opens_no_gate_and_holds_none(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttt");
    fake_target(line, 1, 5, "012", 70);
    struct terminal *blind = &line->drive.terminals[0];
    blind->dead = true;
    blind->phase = TERMINAL_ARMED;
    blind->start_from = mono_plus_ms(line->now, 5000);
    fake_step(line, mono_plus_ms(line->now, 1000));
    assert_false(line->drive.groups[0].gate);
    fake_run(line, 600);
    assert_true(sounds(line, 1) && sounds(line, 2));
    fake_line_free(line);
}

/* Where somebody speaks, nothing is sent blindly either. */
static void one_where_another_source_played_is_left_alone(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    line->units[0].local = true;
    fake_run(line, 12000);
    line->units[0].lose_replies = NEVER_ANSWERS;
    fake_target(line, 1, 5, "0", 70);
    fake_run(line, 30000);
    assert_int_equal(fake_writes(line, 1, -1), 0);
    fake_line_free(line);
}

/* A command ends the wait for an answer that will not come; the frame has left all the same. */
static void what_was_withdrawn_has_been_sent(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    line->units[0].dead = true;
    fake_target(line, 1, 5, "0", 70);
    struct drive_step step;
    struct mono wake;
    unsigned withdrawn = 0;
    for (int i = 0; i < 20 && line->drive.terminals[0].phase != TERMINAL_STARTED; i++) {
        while (!drive_next(&line->drive, line->now, &step, &wake))
            line->now = wake;
        struct wire_reply reply = {.outcome = WIRE_SILENT, .sent_begin = line->now, .sent_end = line->now};
        if (line->drive.terminals[0].dead)
            reply.outcome = WIRE_WITHDRAWN, withdrawn++;
        line->now = mono_plus_ms(line->now, 100);
        drive_done(&line->drive, &step, &reply, line->now);
    }
    assert_int_equal(withdrawn, 3); /* power, volume, start */
    assert_int_equal(step.plan.request.address, 1);
    assert_int_equal(fake_count(line, LINE_SENT, 0), 1);
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 1);
    fake_line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_only_hears_sounds_and_stops),
        cmocka_unit_test(its_frames_are_few_and_apart),
        cmocka_unit_test(what_is_not_repeatable_is_sent_once),
        cmocka_unit_test(one_that_loses_its_voice_between_arm_and_start_is_started),
        cmocka_unit_test(a_stop_that_it_missed_is_told_again),
        cmocka_unit_test(many_of_them_are_told_to_stop_before_the_line_is_settled),
        cmocka_unit_test(the_others_are_no_slower_for_it),
        cmocka_unit_test(one_that_answers_again_is_armed_from_the_beginning),
        cmocka_unit_test(one_that_is_armed_blindly_opens_no_gate_and_holds_none),
        cmocka_unit_test(one_where_another_source_played_is_left_alone),
        cmocka_unit_test(what_was_withdrawn_has_been_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
