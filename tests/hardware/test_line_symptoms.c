/* Wrong addresses show in the answers: two units with one, a unit that answers for another. A bad line shows none. */
#include "tests/hardware/fake_line.h"

#include <setjmp.h>

#include <cmocka.h>

static struct fake_line *opened(const char *kinds)
{
    struct fake_line *line = fake_line_new(kinds, 0);
    fake_open(line);
    fake_forget(line);
    return line;
}

/* In what share of the answers each symptom shows, at the first of three terminals and at the others. */
static const struct {
    const char *name;
    const char *kinds;
    unsigned damaged, doubled, others_damaged, others_doubled;
    bool duplicate;
} LINES[] = {
    {"damaged always", "ttt", 100, 0, 0, 0, true},
    {"damaged nearly always", "ttt", 85, 0, 2, 0, true},
    {"doubled always", "ttt", 0, 100, 0, 0, true},
    {"both", "ttt", 50, 70, 0, 0, true},
    {"doubled, alone on its line", "t", 0, 100, 0, 0, true},
    {"damaged, alone on its line", "t", 100, 0, 0, 0, false}, /* may as well be the wiring */
    {"a good line", "ttt", 0, 0, 0, 0, false},
    {"a flaky line, 5 %", "ttt", 5, 0, 5, 0, false},
    {"a flaky line, 10 %", "ttt", 10, 0, 10, 0, false},
    {"one flaky terminal", "ttt", 30, 0, 0, 0, false},
    {"a line that is damaged as a whole", "ttt", 90, 0, 80, 0, false},
    {"a line where all double", "ttt", 0, 100, 0, 100, false},
};

static struct fake_line *spoiled(size_t i)
{
    struct fake_line *line = opened(LINES[i].kinds);
    for (size_t u = 0; u < line->n; u++) {
        line->units[u].damaged = u ? LINES[i].others_damaged : LINES[i].damaged;
        line->units[u].doubled = u ? LINES[i].others_doubled : LINES[i].doubled;
    }
    return line;
}

static void two_units_with_one_address_are_told_from_a_bad_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        struct fake_line *line = spoiled(i);
        fake_run(line, LINES[i].duplicate ? 100000 : 3600000); /* a fault is shown within 100 s */
        size_t told = fake_troubles(line, TROUBLE_DUPLICATE, 0);
        if (told != LINES[i].duplicate || fake_troubles(line, TROUBLE_DUPLICATE, -1) != told)
            fail_msg("%s: told %zu times", LINES[i].name, told);
        assert_int_equal(line->drive.terminals[0].health.symptom, told ? TROUBLE_DUPLICATE : TROUBLE_NONE);
        fake_line_free(line);
    }
}

static void the_same_while_it_sounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        struct fake_line *line = spoiled(i);
        fake_target(line, 1, 5, line->n > 1 ? "012" : "0", 50);
        fake_verify(line, line->n > 1 ? "012" : "0");
        fake_run(line, LINES[i].duplicate ? 30000 : 300000);
        if (fake_troubles(line, TROUBLE_DUPLICATE, -1) != LINES[i].duplicate)
            fail_msg("%s: told %zu times", LINES[i].name, fake_troubles(line, TROUBLE_DUPLICATE, -1));
        fake_line_free(line);
    }
}

static void the_words_name_what_was_seen(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->units[0].doubled = 100;
    fake_run(line, 100000);
    const struct line_event *told = fake_find(line, LINE_TROUBLE, 0);
    assert_int_equal(told->trouble, TROUBLE_DUPLICATE);
    assert_non_null(strstr(told->error.message, "unit 1 answers twice, or damaged: 8 of the last "));
    assert_non_null(strstr(told->error.message, "two terminals may have address 1, or its transmitter is bad"));
    assert_true(line->drive.terminals[0].health.doubled >= 8);
    assert_int_equal(line->drive.terminals[1].health.doubled, 0);
    fake_line_free(line);
}

/* What answers but is always damaged is not silent. */
static void one_that_is_only_damaged_is_not_sent_for_power(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->units[0].damaged = 100;
    fake_run(line, 30000);
    const struct line_event *told = fake_find(line, LINE_TROUBLE, 0);
    assert_int_equal(told->trouble, TROUBLE_NO_REPLY);
    assert_non_null(strstr(told->error.message, "damaged"));
    fake_line_free(line);
}

/* Also over sessions; and again when it comes again. */
static void it_is_told_once_until_it_is_well(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->units[0].doubled = 100;
    fake_run(line, 200000);
    for (uint16_t session = 1; session <= 3; session++) {
        fake_target(line, session, session, "012", 50);
        fake_verify(line, "012");
        fake_run(line, 10000);
        fake_target(line, 0, 0, "", 0);
        fake_run(line, 5000);
    }
    assert_int_equal(fake_troubles(line, TROUBLE_DUPLICATE, 0), 1);
    line->units[0].doubled = 0;
    fake_run(line, 400000);
    assert_int_equal(line->drive.terminals[0].health.symptom, TROUBLE_NONE);
    line->units[0].doubled = 100;
    fake_run(line, 300000);
    assert_int_equal(fake_troubles(line, TROUBLE_DUPLICATE, 0), 2);
    fake_line_free(line);
}

static void a_unit_that_answers_for_another_is_named(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->units[1].answers_as = 9;
    fake_run(line, 100000);
    assert_int_equal(fake_troubles(line, TROUBLE_FOREIGN, 1), 1);
    assert_int_equal(fake_troubles(line, TROUBLE_FOREIGN, -1), 1);
    const struct line_event *told = NULL;
    for (size_t i = 0; i < line->n_events && !told; i++)
        if (line->events[i].trouble == TROUBLE_FOREIGN)
            told = &line->events[i];
    assert_non_null(strstr(told->error.message, "unit 9 answered when unit 2 was asked; check the addresses of both"));
    const struct terminal_health *health = &line->drive.terminals[1].health;
    assert_int_equal(health->symptom, TROUBLE_FOREIGN);
    assert_int_equal(health->foreign_unit, 9);
    assert_int_equal(health->foreign, health->timeouts);
    line->units[1].answers_as = 0;
    fake_run(line, 300000);
    assert_int_equal(health->symptom, TROUBLE_NONE);
    fake_line_free(line);
}

static int64_t slow(const struct fake_unit *u)
{
    (void)u;
    return 40000;
}

/* Its answer meets the wait for another's: its address is right all the same. */
static void a_late_answer_is_no_wrong_address(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    fake_target(line, 1, 5, "012", 50);
    fake_verify(line, "012");
    fake_run(line, 2000);
    for (int i = 0; i < 20; i++) {
        struct terminal *terminal = &line->drive.terminals[0];
        terminal->health.answer_us = 6146;
        for (size_t k = 0; k < TERMINAL_LEARNS; k++)
            terminal->learnt[k] = 6146;
        line->units[0].pace = slow;
        fake_run(line, 1000);
    }
    assert_true(line->drive.terminals[0].health.timeouts >= 20);
    for (size_t t = 0; t < 3; t++) {
        assert_int_equal(line->drive.terminals[t].health.foreign, 0);
        assert_int_equal(line->drive.terminals[t].health.doubled, 0);
    }
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
    fake_line_free(line);
}

/* One byte when a driver is switched off is counted, and proves nothing. */
static void a_stray_byte_is_no_second_answer(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    struct drive_step step;
    struct mono wake;
    for (unsigned i = 0; i < 200; i++) {
        while (!drive_next(&line->drive, line->now, &step, &wake))
            line->now = wake;
        bool behind_first = line->drive.asked == &line->drive.terminals[0];
        fake_transact(line, &step.plan.request, step.plan.first_byte_us);
        line->reply.late_bytes = behind_first;
        drive_done(&line->drive, &step, &line->reply, line->now);
    }
    assert_in_range(line->drive.terminals[0].health.doubled, 60, 70);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
    fake_line_free(line);
}

/* A request that was withdrawn may still be answered: that is no second answer, and it is no request in the counts. */
static void what_was_withdrawn_is_not_counted(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    struct drive_step step;
    struct mono wake;
    while (!drive_next(&line->drive, line->now, &step, &wake))
        line->now = wake;
    const struct terminal_health *health = &line->drive.terminals[0].health;
    uint64_t requests = health->requests;
    struct wire_reply reply = {.outcome = WIRE_WITHDRAWN, .sent_begin = line->now, .sent_end = line->now};
    drive_done(&line->drive, &step, &reply, line->now);
    assert_int_equal(health->requests, requests);
    line->late.bytes = 23;
    line->late.at = line->now;
    fake_run(line, 20000);
    assert_int_equal(line->late.bytes, 0);
    assert_true(health->requests > requests);
    assert_int_equal(health->doubled, 0);
    assert_true(line->drive.terminals[0].health.answered.us > 0);
    fake_line_free(line);
}

/* Its answer came after the wait, which was cut short: that does not make it slow, and the reason stays what it was. */
static void nor_is_it_late(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    line->units[1].answers_as = 9;
    fake_run(line, 20000);
    assert_true(line->drive.terminals[1].dead);
    struct drive_step step = {.index = 0};
    struct mono wake;
    while (step.index != 1) {
        while (!drive_next(&line->drive, line->now, &step, &wake))
            line->now = wake;
        fake_transact(line, &step.plan.request, step.plan.first_byte_us);
        if (step.index == 1)
            line->reply.outcome = WIRE_WITHDRAWN;
        drive_done(&line->drive, &step, &line->reply, line->now);
    }
    line->late.bytes = 23;
    line->late.at = line->now;
    fake_run(line, 60000);
    assert_int_equal(line->late.bytes, 0);
    assert_false(line->drive.terminals[1].late);
    fake_line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_units_with_one_address_are_told_from_a_bad_line),
        cmocka_unit_test(the_same_while_it_sounds),
        cmocka_unit_test(the_words_name_what_was_seen),
        cmocka_unit_test(one_that_is_only_damaged_is_not_sent_for_power),
        cmocka_unit_test(it_is_told_once_until_it_is_well),
        cmocka_unit_test(a_unit_that_answers_for_another_is_named),
        cmocka_unit_test(a_late_answer_is_no_wrong_address),
        cmocka_unit_test(a_stray_byte_is_no_second_answer),
        cmocka_unit_test(what_was_withdrawn_is_not_counted),
        cmocka_unit_test(nor_is_it_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
