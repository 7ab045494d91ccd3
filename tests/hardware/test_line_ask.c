/* What a technician asks, in virtual time: answered by a status that was begun afterwards, behind commands, in order, at the
 * latest at its deadline. */
#include "tests/hardware/many.h"

#include <setjmp.h>

#include <cmocka.h>

static struct fake_line *opened(const char *kinds)
{
    struct fake_line *line = fake_line_new(kinds, 0);
    fake_open(line);
    fake_forget(line);
    return line;
}

static void ask(struct fake_line *line, uint32_t request, uint16_t terminal, int64_t within_ms)
{
    struct drive_ask it = {
        .request = request, .terminal = terminal, .asked = line->now, .by = mono_plus_ms(line->now, within_ms)};
    assert_true(drive_ask(&line->drive, &it, line->now));
}

/* The answer to a request; it must be there once or not at all. */
static const struct line_event *answer_of(const struct fake_line *line, uint32_t request)
{
    const struct line_event *found = NULL;
    for (size_t i = 0; i < line->n_events; i++)
        if (line->events[i].kind == LINE_ASKED && line->events[i].request == request) {
            assert_null(found);
            found = &line->events[i];
        }
    return found;
}

static size_t frames_of(const struct fake_line *line, enum terminal_class class)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n_frames; i++)
        n += line->frames[i].class == class;
    return n;
}

static void a_status_is_read_at_once(void **state)
{
    (void)state;
    struct fake_line *line = opened("tc");
    struct mono asked = line->now;
    ask(line, 7, 1, 1000);
    fake_run(line, 500);
    const struct line_event *answer = answer_of(line, 7);
    assert_non_null(answer);
    assert_int_equal(answer->trouble, TROUBLE_NONE);
    assert_int_equal(answer->error.code, ERROR_NONE);
    assert_int_equal(answer->terminal, 1);
    assert_false(mono_before(answer->reading.requested, asked));
    assert_int_equal(answer->reading.values.valid, 0x7F); /* all seven fields, of two requests */
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 2);
    assert_true(mono_since(answer->at, asked) < 120000);
    fake_line_free(line);
}

static void they_are_answered_in_order_and_one_reading_answers_all_who_asked_before(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttt");
    line->drive.terminals[2].late_until = line->now; /* it did not answer the last time */
    ask(line, 1, 2, 1000);
    line->now = mono_plus_us(line->now, 1);
    ask(line, 2, 0, 1000);
    line->now = mono_plus_us(line->now, 1);
    ask(line, 3, 2, 1000);
    fake_run(line, 500);
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 2);
    assert_int_equal(answer_of(line, 1)->at.us, answer_of(line, 3)->at.us);
    assert_true(mono_before(answer_of(line, 1)->at, answer_of(line, 2)->at));
    fake_line_free(line);
}

static void who_is_verified_anyway_costs_no_frame(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttt");
    fake_target(line, 1, 5, "0123", 50);
    fake_verify(line, "0123");
    fake_run(line, 3000);
    while (line->drive.verify_at != 1)
        fake_step(line, mono_plus_ms(line->now, 1000));
    fake_forget(line);
    ask(line, 1, 2, 1000); /* it comes in this round */
    fake_run(line, 400);
    assert_int_equal(answer_of(line, 1)->reading.when[WHEN_SOUNDING], TRUTH_TRUE);
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 0);
    fake_line_free(line);
}

/* A status of two requests, and a target that comes after the first. */
static void commands_go_between_the_requests_of_one_status(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttc");
    ask(line, 1, 3, 2000);
    fake_step(line, mono_plus_ms(line->now, 1000));
    assert_int_equal(line->frames[0].class, CLASS_TECHNICIAN);
    fake_target(line, 1, 5, "012", 50);
    fake_run(line, 1500);
    assert_int_equal(line->frames[1].class, CLASS_ARM);
    const struct fake_frame *start = NULL;
    for (size_t i = 0; i < line->n_frames; i++)
        start = line->frames[i].class == CLASS_START ? &line->frames[i] : start;
    assert_non_null(start);
    assert_non_null(answer_of(line, 1));
    fake_line_free(line);
}

/* Not before its arming is over, for a status could be taken for the proof of a write that is not out: its volume. */
static void one_that_is_being_armed_is_read_afterwards(void **state)
{
    (void)state;
    struct fake_line *line = opened("cc");
    line->units[0].power = 0;
    line->c4.commands[COMMAND_POWER_ON].writes[0].wait_ms = 1500;
    fake_target(line, 1, 5, "0", 80);
    while (line->drive.terminals[0].phase != TERMINAL_ARM || line->drive.terminals[0].step == 0)
        assert_true(fake_step(line, mono_plus_ms(line->now, 1000)));
    fake_run(line, 1000); /* it reads as armed by now */
    ask(line, 1, 0, 5000);
    fake_run(line, 4000);
    assert_non_null(answer_of(line, 1));
    assert_int_equal(line->units[0].volume, 12);
    assert_true(line->units[0].relay);
    fake_line_free(line);
}

static void a_dead_one_is_asked_once_at_the_ceiling(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->units[1].dead = true;
    fake_run(line, 60000);
    assert_true(line->drive.terminals[1].dead);
    fake_forget(line);
    struct mono asked = line->now;
    ask(line, 1, 1, 3000);
    fake_run(line, 700);
    const struct line_event *answer = answer_of(line, 1);
    assert_non_null(answer);
    assert_int_equal(answer->trouble, TROUBLE_NO_REPLY);
    assert_int_equal(answer->error.code, ERROR_TIMEOUT);
    assert_non_null(strstr(answer->error.message, "unit 2 does not answer"));
    assert_in_range(mono_since(answer->at, asked), 500000, 600000);
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 1);
    line->units[1].dead = false; /* repaired while somebody looks */
    ask(line, 2, 1, 3000);
    fake_run(line, 600);
    assert_int_equal(answer_of(line, 2)->error.code, ERROR_NONE);
    assert_false(line->drive.terminals[1].dead);
    fake_line_free(line);
}

static void a_slow_one_has_its_second_try(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    line->units[1].answer_us = 350000;
    ask(line, 1, 1, 3000);
    fake_run(line, 2000);
    assert_int_equal(answer_of(line, 1)->error.code, ERROR_NONE);
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 2);
    fake_line_free(line);
}

static void a_refusal_is_named(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    line->drive.terminals[0].reads[0].address = 100; /* as a wrong profile would */
    ask(line, 1, 0, 3000);
    fake_run(line, 1000);
    assert_int_equal(answer_of(line, 1)->error.code, ERROR_DENIED);
    assert_non_null(strstr(answer_of(line, 1)->error.message, "illegal_data_address"));
    fake_line_free(line);
}

static void what_cannot_be_had_by_the_deadline_is_said_then(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttttttttt");
    line->t8.commands[COMMAND_ARM].broadcast = false;
    struct mono asked = line->now;
    many_target(line, 5, 0, 8);
    ask(line, 1, 8, 200); /* eight arms take longer */
    ask(line, 2, 8, 5000);
    fake_run(line, 2000);
    assert_int_equal(answer_of(line, 1)->error.code, ERROR_TIMEOUT);
    assert_non_null(strstr(answer_of(line, 1)->error.message, "ask again"));
    assert_in_range(mono_since(answer_of(line, 1)->at, asked), 200000, 260000); /* and the one on the wire */
    assert_int_equal(answer_of(line, 2)->error.code, ERROR_NONE);
    fake_line_free(line);
}

/* A wait cut short would make a good one look dead. */
static void what_cannot_be_over_by_the_deadline_is_not_begun(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    struct mono asked = line->now;
    ask(line, 1, 0, 10);
    fake_run(line, 1000);
    assert_int_equal(answer_of(line, 1)->error.code, ERROR_TIMEOUT);
    assert_int_equal(mono_since(answer_of(line, 1)->at, asked), 10000); /* an idle line wakes up for it */
    assert_int_equal(line->n_frames, 0);
    fake_line_free(line);
}

static void what_is_withdrawn_is_not_answered(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    ask(line, 1, 0, 1000);
    ask(line, 2, 1, 1000);
    drive_withdraw(&line->drive, 1);
    drive_withdraw(&line->drive, 99);
    fake_run(line, 2000);
    assert_null(answer_of(line, 1));
    assert_non_null(answer_of(line, 2));
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 1);
    fake_line_free(line);
}

static void without_a_port_the_answer_comes_at_once(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    struct error gone = {.code = ERROR_DISCONNECTED, .message = "gone"};
    ask(line, 1, 0, 1000);
    drive_port_down(&line->drive, &gone, line->now);
    assert_int_equal(answer_of(line, 1)->error.code, ERROR_DISCONNECTED);
    assert_string_equal(answer_of(line, 1)->error.message, "gone");
    ask(line, 2, 0, 1000);
    assert_int_equal(answer_of(line, 2)->error.code, ERROR_DISCONNECTED);
    assert_int_equal(answer_of(line, 2)->trouble, TROUBLE_NO_REPLY);
    drive_port_up(&line->drive, "fake", line->now);
    fake_run(line, 2000);
    assert_int_equal(fake_count(line, LINE_ASKED, -1), 2);
    fake_line_free(line);
}

static void what_can_never_be_read_is_said_at_once(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    ask(line, 1, 2, 1000);
    assert_int_equal(answer_of(line, 1)->error.code, ERROR_NOT_FOUND);
    line->drive.terminals[1].n_reads = 0;
    ask(line, 2, 1, 1000);
    assert_int_equal(answer_of(line, 2)->error.code, ERROR_UNSUPPORTED);
    fake_line_free(line);
}

static void so_many_may_wait_and_no_more(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    for (uint32_t i = 0; i < LINE_ASKS_MAX; i++)
        ask(line, i, 0, 1000);
    struct drive_ask more = {.request = 99, .asked = line->now, .by = mono_plus_ms(line->now, 1000)};
    assert_false(drive_ask(&line->drive, &more, line->now));
    fake_run(line, 500);
    assert_int_equal(fake_count(line, LINE_ASKED, -1), LINE_ASKS_MAX);
    fake_line_free(line);
}

/* The wait for a dead one that was asked is given up for a target, and begun again when there is time. */
static void a_target_interrupts_it_and_it_is_asked_again(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->units[2].dead = true;
    fake_run(line, 60000);
    fake_forget(line);
    struct mono asked = line->now;
    ask(line, 1, 2, 4000);
    line->bell = mono_plus_ms(line->now, 100);
    fake_run(line, 100);
    assert_null(answer_of(line, 1));
    fake_target(line, 1, 5, "01", 50);
    fake_run(line, 5000);
    assert_true(mono_since(line->frames[1].begin, asked) < 110000);
    assert_int_equal(line->frames[1].class, CLASS_ARM);
    assert_int_equal(answer_of(line, 1)->error.code, ERROR_TIMEOUT);
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 2);
    fake_line_free(line);
}

static void one_that_was_given_up_is_not_asked_again_before_its_answer_can_come_no_more(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->units[2].dead = true;
    fake_run(line, 60000);
    fake_forget(line);
    ask(line, 1, 2, 4000);
    line->bell = mono_plus_ms(line->now, 100);
    fake_run(line, 100);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 2000);
    assert_int_equal(frames_of(line, CLASS_TECHNICIAN), 2);
    for (size_t i = 1; i < line->n_frames; i++)
        if (line->frames[i].class == CLASS_TECHNICIAN)
            assert_in_range(mono_since(line->frames[i].begin, line->frames[0].end), 500000, 560000);
    fake_line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_read_at_once),
        cmocka_unit_test(they_are_answered_in_order_and_one_reading_answers_all_who_asked_before),
        cmocka_unit_test(who_is_verified_anyway_costs_no_frame),
        cmocka_unit_test(commands_go_between_the_requests_of_one_status),
        cmocka_unit_test(one_that_is_being_armed_is_read_afterwards),
        cmocka_unit_test(a_dead_one_is_asked_once_at_the_ceiling),
        cmocka_unit_test(a_slow_one_has_its_second_try),
        cmocka_unit_test(a_refusal_is_named),
        cmocka_unit_test(what_cannot_be_had_by_the_deadline_is_said_then),
        cmocka_unit_test(what_cannot_be_over_by_the_deadline_is_not_begun),
        cmocka_unit_test(what_is_withdrawn_is_not_answered),
        cmocka_unit_test(without_a_port_the_answer_comes_at_once),
        cmocka_unit_test(what_can_never_be_read_is_said_at_once),
        cmocka_unit_test(so_many_may_wait_and_no_more),
        cmocka_unit_test(a_target_interrupts_it_and_it_is_asked_again),
        cmocka_unit_test(one_that_was_given_up_is_not_asked_again_before_its_answer_can_come_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
