/* What a terminal's own answers teach: how long it is waited for. Units that answer in every kind of time are never called
 * dead, and one that dies costs the others little. In virtual time. */
#include "tests/hardware/fake_line.h"

#include <setjmp.h>

#include <cmocka.h>

enum { QUICK_US = 8000, SLOW_US = 350000, MARGIN_US = 10000, CEILING_US = 500000, POLL_MS = 10000 };

/* A number that depends on nothing but n. */
static uint32_t mixed(uint32_t n)
{
    n = (n ^ 61) ^ (n >> 16);
    n *= 9;
    n ^= n >> 4;
    n *= 0x27d4eb2d;
    return n ^ (n >> 15);
}

static int64_t always_quick(const struct fake_unit *u)
{
    (void)u;
    return QUICK_US;
}

static int64_t once_slow(const struct fake_unit *u)
{
    return u->heard == 20 ? SLOW_US : QUICK_US;
}

static int64_t twice_slow(const struct fake_unit *u)
{
    return u->heard == 20 || u->heard == 21 ? SLOW_US : QUICK_US;
}

static int64_t each_tenth_slow(const struct fake_unit *u)
{
    return u->heard % 10 == 0 ? SLOW_US : QUICK_US;
}

static int64_t one_in_ten_slow(const struct fake_unit *u)
{
    return mixed(u->heard) % 10 == 0 ? SLOW_US : QUICK_US;
}

static int64_t slow_in_threes(const struct fake_unit *u)
{
    return u->heard % 30 < 3 ? SLOW_US : QUICK_US;
}

static int64_t each_second_slow(const struct fake_unit *u)
{
    return u->heard % 2 ? SLOW_US : QUICK_US;
}

static int64_t ever_slower(const struct fake_unit *u)
{
    return QUICK_US + (int64_t)u->heard * 400;
}

static int64_t slower_by_leaps(const struct fake_unit *u)
{
    return QUICK_US + (int64_t)(u->heard % 400 / 20) * 20000;
}

static int64_t jittery(const struct fake_unit *u)
{
    return 5000 + mixed(u->heard) % 20000;
}

static int64_t always_slow(const struct fake_unit *u)
{
    (void)u;
    return SLOW_US;
}

static int64_t anything(const struct fake_unit *u)
{
    return 1000 + mixed(u->heard) % 480000;
}

static struct fake_line *paced(int64_t (*pace)(const struct fake_unit *unit), const char *kinds)
{
    struct fake_line *line = fake_line_new(kinds, 0);
    line->units[0].pace = pace;
    drive_port_up(&line->drive, "fake", line->now);
    return line;
}

static int64_t limit_of(const struct fake_line *line)
{
    struct terminal_plan plan;
    terminal_plan_next(&line->drive.terminals[0], line->now, &plan);
    return plan.first_byte_us;
}

static const struct {
    const char *name;
    int64_t (*pace)(const struct fake_unit *unit);
    unsigned most_unheard; /* of 1000 first tries, waited for in vain */
} PACES[] = {
    {"always 8 ms", always_quick, 0},
    {"once 350 ms", once_slow, 1},
    {"each tenth 350 ms", each_tenth_slow, 112},
    {"one in ten 350 ms", one_in_ten_slow, 90},
    {"three of thirty 350 ms", slow_in_threes, 40},
    {"each second 350 ms", each_second_slow, 0},
    {"slower by 0.4 ms each time", ever_slower, 0},
    {"slower by 20 ms at times", slower_by_leaps, 50},
    {"5 to 25 ms", jittery, 1},
    {"always 350 ms", always_slow, 0},
    {"1 to 480 ms", anything, 200},
};

/* Polled a thousand times in each pace: always heard, if not at once then at the ceiling. */
static void nobody_who_answers_in_time_is_called_dead(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PACES / sizeof *PACES; i++) {
        struct fake_line *line = paced(PACES[i].pace, "t");
        fake_run(line, INT64_C(1000) * POLL_MS);
        const struct terminal_health *health = &line->drive.terminals[0].health;
        if (health->timeouts > PACES[i].most_unheard || fake_count(line, LINE_TROUBLE, 0) > 0)
            fail_msg("%s: %u first tries in vain, %zu troubles", PACES[i].name, (unsigned)health->timeouts,
                     fake_count(line, LINE_TROUBLE, 0));
        assert_true(fake_count(line, LINE_READING, 0) >= 900);
        assert_int_equal(health->requests, health->replies + health->timeouts);
        fake_line_free(line);
    }
}

/* The same while it is armed, started, verified and stopped again and again. */
static void nobody_who_answers_in_time_is_called_dead_while_it_sounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PACES / sizeof *PACES; i++) {
        struct fake_line *line = paced(PACES[i].pace, "tt");
        for (uint16_t round = 1; round <= 20; round++) {
            fake_target(line, round, round, round % 2 ? "01" : "0", 50);
            fake_verify(line, round % 2 ? "01" : "0");
            fake_run(line, 6000);
            assert_int_equal(line->units[0].state, 2);
            fake_target(line, 0, 0, "", 0);
            fake_run(line, 4000);
            assert_int_equal(line->units[0].state, 0);
        }
        if (fake_count(line, LINE_TROUBLE, -1) > 0)
            fail_msg("%s: %s", PACES[i].name, fake_find(line, LINE_TROUBLE, -1)->error.message);
        fake_line_free(line);
    }
}

/* A slow answer raises the limit at once and is forgotten after eight first tries; a death then costs 18 ms, not 360. */
static void one_slow_answer_is_soon_forgotten(void **state)
{
    (void)state;
    struct fake_line *line = paced(twice_slow, "t"); /* the first is missed, the second is heard at the ceiling */
    unsigned polls = 0;
    while (limit_of(line) != SLOW_US + FAKE_CHARACTER_US + MARGIN_US) {
        assert_true(polls++ < 25);
        fake_run(line, POLL_MS);
    }
    for (polls = 0; limit_of(line) > CEILING_US / 10; polls++)
        fake_run(line, POLL_MS);
    assert_in_range(polls, 7, 8);
    assert_int_equal(limit_of(line), QUICK_US + FAKE_CHARACTER_US + MARGIN_US);
    fake_line_free(line);
}

/* Retried answers may be late ones of the first try, and were waited for at the ceiling: quick ones lower nothing. */
static void retried_answers_never_lower_the_limit(void **state)
{
    (void)state;
    struct fake_line *line = paced(always_slow, "t");
    fake_run(line, 3 * POLL_MS);
    line->units[0].pace = always_quick;
    for (uint64_t replies = 0; replies < 20;) {
        const struct terminal *terminal = &line->drive.terminals[0];
        line->units[0].deaf = terminal->tries == 0; /* each first try is lost */
        replies = terminal->health.replies;
        assert_true(fake_step(line, mono_plus_ms(line->now, 2 * POLL_MS)));
    }
    assert_true(line->drive.terminals[0].health.timeouts >= 16);
    assert_int_equal(limit_of(line), SLOW_US + FAKE_CHARACTER_US + MARGIN_US);
    assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 0);
    fake_line_free(line);
}

/* Learnt before the last start of the program, right and wrong. */
static void what_was_learnt_before_is_trusted_once(void **state)
{
    (void)state;
    static const struct {
        int64_t before, limit_us;
        int64_t (*pace)(const struct fake_unit *unit);
        unsigned unheard;
    } cases[] = {
        {QUICK_US, QUICK_US + MARGIN_US, always_quick, 0}, {QUICK_US, QUICK_US + MARGIN_US, always_slow, 1},
        {SLOW_US, SLOW_US + MARGIN_US, always_quick, 0},   {0, CEILING_US, always_slow, 0},
        {2 * CEILING_US, CEILING_US, always_quick, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake_line *line = fake_line_new("t", 0);
        struct terminal *terminal = &line->drive.terminals[0];
        struct terminal_settings settings = terminal->settings;
        settings.answer_us = cases[i].before;
        terminal_init(terminal, &line->drive.world, &settings, 0);
        line->units[0].pace = cases[i].pace;
        drive_port_up(&line->drive, "fake", line->now);
        assert_int_equal(limit_of(line), cases[i].limit_us);
        fake_run(line, 20 * POLL_MS);
        assert_int_equal(terminal->health.timeouts, cases[i].unheard);
        assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 0);
        assert_true(fake_count(line, LINE_READING, 0) >= 19);
        int64_t took = cases[i].pace(NULL) + FAKE_CHARACTER_US;
        assert_int_equal(limit_of(line), took + MARGIN_US);
        fake_line_free(line);
    }
}

/* Its answer is not waited for any more when it comes: the next try is, whatever begins meanwhile. */
static void a_late_answer_is_waited_for_the_next_time(void **state)
{
    (void)state;
    struct fake_line *line = paced(always_quick, "t");
    fake_run(line, 3 * POLL_MS);
    line->units[0].pace = always_slow;
    while (line->drive.terminals[0].tries == 0)
        assert_true(fake_step(line, mono_plus_ms(line->now, POLL_MS)));
    line->late.at = line->now; /* it comes before the next request */
    line->units[0].pace = always_quick;
    fake_run(line, 1);
    struct drive_step step;
    struct mono wake;
    fake_target(line, 1, 5, "0", 50); /* begins with fresh tries */
    assert_true(drive_next(&line->drive, line->now, &step, &wake));
    assert_int_equal(step.plan.first_byte_us, QUICK_US + FAKE_CHARACTER_US + MARGIN_US); /* nothing was seen yet */
    struct wire_reply reply = {.outcome = WIRE_SILENT, .late_bytes = 23, .sent_begin = line->now, .sent_end = line->now};
    drive_done(&line->drive, &step, &reply, line->now);
    fake_target(line, 2, 6, "0", 50);
    assert_true(drive_next(&line->drive, line->now, &step, &wake));
    assert_int_equal(step.plan.first_byte_us, CEILING_US);
    fake_line_free(line);
}

static int64_t beyond_the_ceiling(const struct fake_unit *u)
{
    (void)u;
    return CEILING_US + 100000;
}

static void one_that_is_always_too_late_is_told_so(void **state)
{
    (void)state;
    struct fake_line *line = paced(beyond_the_ceiling, "tt");
    fake_run(line, 100);
    fake_target(line, 1, 5, "01", 50);
    fake_run(line, 60000);
    const struct line_event *trouble = fake_find(line, LINE_TROUBLE, 0);
    assert_non_null(trouble);
    assert_int_equal(trouble->trouble, TROUBLE_NO_REPLY);
    fake_target(line, 2, 6, "01", 50);
    fake_forget(line);
    fake_run(line, 30000);
    trouble = fake_find(line, LINE_TROUBLE, 0);
    assert_non_null(trouble);
    assert_non_null(strstr(trouble->error.message, "first_byte_ms"));
    assert_int_equal(line->drive.terminals[1].health.foreign, 0); /* a late answer is nobody's wrong address */
    fake_line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_who_answers_in_time_is_called_dead),
        cmocka_unit_test(nobody_who_answers_in_time_is_called_dead_while_it_sounds),
        cmocka_unit_test(one_slow_answer_is_soon_forgotten),
        cmocka_unit_test(retried_answers_never_lower_the_limit),
        cmocka_unit_test(what_was_learnt_before_is_trusted_once),
        cmocka_unit_test(a_late_answer_is_waited_for_the_next_time),
        cmocka_unit_test(one_that_is_always_too_late_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
