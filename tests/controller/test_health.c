/* Good, degraded, dead, unknown: each rule by itself, what takes a trouble back, what is counted over ten minutes, and what is
 * told of one that comes and goes. In virtual time. */
#include "controller/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { S = 1000000 };

static struct profile with_door(void)
{
    struct profile profile = {.id = "p", .n_fields = 2};
    strcpy(profile.fields[0].name, "door");
    strcpy(profile.fields[1].name, "battery");
    strcpy(profile.fields[1].unit, "V");
    profile.fields[0].max_age_us = profile.fields[1].max_age_us = INT64_C(60) * S;
    struct condition *fault = &profile.conditions[WHEN_FAULT];
    fault->n_groups = 2;
    fault->groups[0].n_terms = fault->groups[1].n_terms = 1;
    fault->groups[0].terms[0] = (struct condition_term){0, OP_EQUAL, {OPERAND_VALUE, 1}};
    fault->groups[1].terms[0] = (struct condition_term){1, OP_LESS, {OPERAND_VALUE, 11}};
    return profile;
}

static struct mono at_s(int64_t s)
{
    return (struct mono){s * S};
}

static struct line_event reading_at(int64_t s, double door, double battery)
{
    struct line_event event = {.kind = LINE_READING, .at = at_s(s)};
    event.reading.received = at_s(s);
    event.reading.values = (struct terminal_values){.value = {door, battery}, .at = {at_s(s), at_s(s)}, .valid = 3};
    event.reading.when[WHEN_FAULT] = door == 1 || battery < 11 ? TRUTH_TRUE : TRUTH_FALSE;
    return event;
}

static struct line_event trouble_at(int64_t s, enum terminal_trouble trouble, const char *words)
{
    struct line_event event = {.kind = LINE_TROUBLE, .at = at_s(s), .trouble = trouble};
    error_set(&event.error, ERROR_IO, "%s", words);
    return event;
}

static void take(struct health *health, struct line_event event)
{
    const struct profile profile = with_door();
    health_take_event(health, &profile, &event);
}

static void expect_at(const struct health *health, bool up, int64_t s, enum health_state state, const char *why, bool tell)
{
    struct health_verdict verdict = health_judge(health, &(struct health_terms){up, INT64_C(30) * S}, at_s(s));
    if (verdict.state != state || strcmp(verdict.why, why) != 0 || verdict.tell != tell)
        fail_msg("%s '%s' %d instead of %s '%s' %d", health_state_name(verdict.state), verdict.why, verdict.tell,
                 health_state_name(state), why, tell);
}

static void expect(const struct health *health, int64_t s, enum health_state state, const char *why)
{
    expect_at(health, true, s, state, why, true);
}

static void the_rules(void **state)
{
    (void)state;
    struct health health = {0};
    expect_at(&health, true, 1, HEALTH_UNKNOWN, "not read yet", false);
    expect_at(&health, false, 1, HEALTH_UNKNOWN, "line down", false);
    take(&health, reading_at(10, 0, 12.5));
    expect(&health, 10, HEALTH_GOOD, "");
    expect(&health, 40, HEALTH_GOOD, "");
    expect_at(&health, false, 11, HEALTH_UNKNOWN, "line down", false);
    expect_at(&health, true, 41, HEALTH_UNKNOWN, "not read for 31 s", false); /* it may only have to wait its turn */
    expect_at(&health, true, 110, HEALTH_UNKNOWN, "not read for 100 s", false);
    expect(&health, 111, HEALTH_UNKNOWN, "not read for 101 s");
    take(&health, reading_at(120, 1, 10.5));
    expect(&health, 121, HEALTH_DEGRADED, "it reports a fault: door == 1, battery 10.5 V");
    expect_at(&health, true, 155, HEALTH_UNKNOWN, "not read for 35 s", false); /* what it reported is as old */
    take(&health, trouble_at(160, TROUBLE_NO_REPLY, "does not answer"));
    expect(&health, 161, HEALTH_DEAD, "does not answer");
    expect(&health, 99999, HEALTH_DEAD, "does not answer"); /* no time heals that */
    expect_at(&health, false, 161, HEALTH_UNKNOWN, "line down", false);
    take(&health, reading_at(170, 0, 12));
    expect(&health, 171, HEALTH_GOOD, "");
}

static void a_fault_and_a_trouble_are_both_named(void **state)
{
    (void)state;
    struct health health = {0};
    take(&health, reading_at(10, 1, 12));
    take(&health, trouble_at(10, TROUBLE_NOT_SOUNDING, "was started but does not sound"));
    expect(&health, 11, HEALTH_DEGRADED, "it reports a fault: door == 1; was started but does not sound");
}

static void one_that_refuses_to_be_read_is_degraded(void **state)
{
    (void)state;
    struct health health = {0};
    take(&health, trouble_at(10, TROUBLE_NO_REPLY, "does not answer"));
    take(&health, trouble_at(20, TROUBLE_EXCEPTION, "refuses")); /* which is an answer */
    expect(&health, 21, HEALTH_DEGRADED, "refuses; not read yet");
}

/* A reading as the table below has it: its session, and whether it sounds and another source plays. */
static struct line_event seen(enum line_event_kind kind, uint32_t session, enum truth sounding, enum truth busy)
{
    struct line_event event = reading_at(20, 0, 12);
    event.kind = kind;
    event.session = session;
    event.reading.when[WHEN_SOUNDING] = sounding;
    event.reading.when[WHEN_BUSY] = busy;
    return event;
}

static void what_takes_a_trouble_back(void **state)
{
    (void)state;
    static const struct {
        enum terminal_trouble trouble;
        enum line_event_kind kind;
        uint32_t session;
        enum truth sounding, busy;
        bool over;
    } CASES[] = {
        {TROUBLE_NO_REPLY, LINE_READING, 7, TRUTH_FALSE, TRUTH_FALSE, true},
        {TROUBLE_NO_REPLY, LINE_ACKNOWLEDGED, 7, TRUTH_FALSE, TRUTH_FALSE, false},
        {TROUBLE_EXCEPTION, LINE_READING, 0, TRUTH_FALSE, TRUTH_FALSE, true},
        {TROUBLE_EXCEPTION, LINE_READING, 7, TRUTH_FALSE, TRUTH_FALSE, false}, /* a write was refused, a status is given */
        {TROUBLE_EXCEPTION, LINE_ACKNOWLEDGED, 7, TRUTH_FALSE, TRUTH_FALSE, true},
        {TROUBLE_NOT_ARMED, LINE_ARMED, 7, TRUTH_FALSE, TRUTH_FALSE, true},
        {TROUBLE_NOT_ARMED, LINE_READING, 0, TRUTH_FALSE, TRUTH_FALSE, false}, /* at rest it could not show it */
        {TROUBLE_NOT_SOUNDING, LINE_READING, 7, TRUTH_FALSE, TRUTH_FALSE, false},
        {TROUBLE_NOT_SOUNDING, LINE_READING, 7, TRUTH_TRUE, TRUTH_FALSE, true},
        {TROUBLE_REBOOTED, LINE_READING, 7, TRUTH_TRUE, TRUTH_FALSE, true},
        {TROUBLE_REBOOTED, LINE_ARMED, 7, TRUTH_FALSE, TRUTH_FALSE, false},
        {TROUBLE_BUSY_OTHER, LINE_READING, 0, TRUTH_FALSE, TRUTH_TRUE, false},
        {TROUBLE_BUSY_OTHER, LINE_READING, 0, TRUTH_FALSE, TRUTH_FALSE, true},
        {TROUBLE_NOT_STOPPED, LINE_READING, 0, TRUTH_TRUE, TRUTH_FALSE, false},
        {TROUBLE_NOT_STOPPED, LINE_READING, 0, TRUTH_FALSE, TRUTH_FALSE, true},
        {TROUBLE_NOT_STOPPED, LINE_STOPPED, 0, TRUTH_UNKNOWN, TRUTH_FALSE, true},
        {(enum terminal_trouble)99, LINE_READING, 0, TRUTH_FALSE, TRUTH_FALSE, false}, /* one that comes to be known later */
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct health health = {0};
        take(&health, reading_at(19, 0, 12));
        take(&health, trouble_at(20, CASES[i].trouble, "words"));
        take(&health, seen(CASES[i].kind, CASES[i].session, CASES[i].sounding, CASES[i].busy));
        struct health_verdict verdict = health_judge(&health, &(struct health_terms){true, INT64_C(30) * S}, at_s(21));
        if ((verdict.state == HEALTH_GOOD) != CASES[i].over)
            fail_msg("case %zu: %s", i, health_state_name(verdict.state));
    }
}

static void what_no_reading_takes_back_time_does(void **state)
{
    (void)state;
    struct health health = {0};
    take(&health, trouble_at(20, TROUBLE_NOT_SOUNDING, "words"));
    take(&health, reading_at(20 + HEALTH_TROUBLE_S - 1, 0, 12));
    expect(&health, 20 + HEALTH_TROUBLE_S - 1, HEALTH_DEGRADED, "words");
    expect(&health, 20 + HEALTH_TROUBLE_S, HEALTH_GOOD, "");
}

/* One look a second, from from_s to to_s; each minute brings so many requests more, and so many of them unanswered. */
static void minutes(struct health *health, struct terminal_health *seen_so_far, int64_t from_s, int64_t to_s, unsigned requests,
                    unsigned missing)
{
    for (int64_t s = from_s; s < to_s; s++) {
        if (s % 60 == 30) {
            seen_so_far->requests += requests;
            seen_so_far->timeouts += missing;
        }
        health_take_counts(health, seen_so_far, at_s(s));
    }
    take(health, reading_at(to_s, 0, 12));
}

static void a_share_of_missing_answers(void **state)
{
    (void)state;
    struct health health = {0};
    struct terminal_health counted = {0};
    minutes(&health, &counted, 0, 600, 20, 1); /* 1 in 20 */
    expect(&health, 601, HEALTH_GOOD, "");
    minutes(&health, &counted, 600, 1200, 20, 2);
    expect(&health, 1201, HEALTH_DEGRADED, "of 200 requests in the last 10 min 20 had no answer and 0 a damaged one");
    minutes(&health, &counted, 1200, 1800, 20, 0);
    expect(&health, 1801, HEALTH_GOOD, ""); /* ten minutes later nothing is left of it */
}

static void two_bad_answers_are_nothing_yet(void **state)
{
    (void)state;
    struct health health = {0};
    struct terminal_health counted = {.requests = 4, .timeouts = 1, .damaged = 1};
    health_take_counts(&health, &counted, at_s(1));
    take(&health, reading_at(1, 0, 12));
    expect(&health, 2, HEALTH_GOOD, "");
    counted.damaged++;
    health_take_counts(&health, &counted, at_s(2));
    expect(&health, 2, HEALTH_DEGRADED, "of 4 requests in the last 10 min 1 had no answer and 2 a damaged one");
}

static void probes_of_a_dead_one_are_not_held_against_it(void **state)
{
    (void)state;
    struct health health = {0};
    struct terminal_health counted = {.requests = 10};
    health_take_counts(&health, &counted, at_s(1));
    counted.dead = true;
    for (int64_t s = 2; s < 60; s++) {
        counted.requests++;
        counted.timeouts++;
        health_take_counts(&health, &counted, at_s(s));
    }
    counted.dead = false;
    counted.requests++;
    health_take_counts(&health, &counted, at_s(60));
    take(&health, reading_at(60, 0, 12));
    expect(&health, 61, HEALTH_GOOD, "");
}

static void a_wrong_address_stands_while_its_line_says_so(void **state)
{
    (void)state;
    struct health health = {0};
    struct terminal_health counted = {.symptom = TROUBLE_DUPLICATE};
    take(&health, reading_at(1, 0, 12));
    take(&health, trouble_at(2, TROUBLE_DUPLICATE, "two units answer"));
    expect(&health, 3, HEALTH_DEGRADED, "two units answer");
    health_take_counts(&health, &counted, at_s(4));
    take(&health, reading_at(5, 0, 12));
    expect(&health, 6, HEALTH_DEGRADED, "two units answer"); /* it answers all the same */
    counted.symptom = TROUBLE_NONE;
    health_take_counts(&health, &counted, at_s(7));
    expect(&health, 8, HEALTH_GOOD, "");
}

static void losses_are_counted(void **state)
{
    (void)state;
    struct health health = {0};
    for (int64_t s = 2; s < 6; s += 2) {
        take(&health, trouble_at(s, TROUBLE_NO_REPLY, "does not answer"));
        take(&health, trouble_at(s, TROUBLE_NO_REPLY, "does not answer"));
        take(&health, reading_at(s + 1, 0, 12));
    }
    expect(&health, 6, HEALTH_GOOD, "");
    take(&health, trouble_at(7, TROUBLE_NO_REPLY, "does not answer"));
    take(&health, reading_at(8, 0, 12));
    expect(&health, 9, HEALTH_DEGRADED, "lost 3 times in the last 10 min");
}

static bool news(struct health *health, enum health_state state, int64_t s)
{
    return health_is_news(health, &(struct health_verdict){.state = state, .tell = true}, at_s(s));
}

static void each_change_is_told_once(void **state)
{
    (void)state;
    struct health health = {0};
    assert_false(news(&health, HEALTH_GOOD, 1)); /* taken for granted */
    assert_true(news(&health, HEALTH_DEAD, 2));
    assert_false(news(&health, HEALTH_DEAD, 3));
    assert_false(news(&health, HEALTH_DEAD, 300));
    assert_true(news(&health, HEALTH_GOOD, 301));
    assert_false(news(&health, HEALTH_GOOD, 302));
    struct health_verdict quiet = {.state = HEALTH_UNKNOWN, .tell = false};
    assert_false(health_is_news(&health, &quiet, at_s(303)));
    assert_int_equal(health.told, HEALTH_GOOD);
}

static void who_comes_and_goes_is_told_of_once_a_minute(void **state)
{
    (void)state;
    struct health health = {0};
    unsigned told = 0;
    for (int64_t s = 100; s < 700; s += 2) {
        told += news(&health, HEALTH_DEAD, s);
        told += news(&health, HEALTH_GOOD, s + 1);
    }
    assert_in_range(told, 18, 20); /* lost and back, each minute */
}

static void what_is_worse_is_told_at_once(void **state)
{
    (void)state;
    struct health health = {0};
    assert_true(news(&health, HEALTH_DEGRADED, 10));
    assert_true(news(&health, HEALTH_DEAD, 11));
    assert_true(news(&health, HEALTH_DEGRADED, 12));
    assert_false(news(&health, HEALTH_DEAD, 13));
    assert_false(news(&health, HEALTH_DEAD, 70));
    assert_true(news(&health, HEALTH_DEAD, 71)); /* a minute after it was told last */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules),
        cmocka_unit_test(a_fault_and_a_trouble_are_both_named),
        cmocka_unit_test(one_that_refuses_to_be_read_is_degraded),
        cmocka_unit_test(what_takes_a_trouble_back),
        cmocka_unit_test(what_no_reading_takes_back_time_does),
        cmocka_unit_test(a_share_of_missing_answers),
        cmocka_unit_test(two_bad_answers_are_nothing_yet),
        cmocka_unit_test(probes_of_a_dead_one_are_not_held_against_it),
        cmocka_unit_test(a_wrong_address_stands_while_its_line_says_so),
        cmocka_unit_test(losses_are_counted),
        cmocka_unit_test(each_change_is_told_once),
        cmocka_unit_test(who_comes_and_goes_is_told_of_once_a_minute),
        cmocka_unit_test(what_is_worse_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
