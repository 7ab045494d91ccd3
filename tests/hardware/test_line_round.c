/* How long a round over a line takes, and that a fault and a death are shown within 100 s whatever is allowed: worst cases in
 * virtual time. */
#include "hardware/line_round.h"

#include "tests/hardware/fake_line.h"

#include <setjmp.h>

#include <cmocka.h>

enum { SHOWN_MS = 100000, POLL_MOST_S = 60 /* of poll_s, config/load_lines.c */ };

static int64_t round_of(struct line_settings settings, size_t n, const struct profile *profile)
{
    struct terminal_settings terminals[LINE_TERMINALS_MAX] = {0};
    for (size_t i = 0; i < n; i++)
        terminals[i] = (struct terminal_settings){.unit = (uint8_t)(i + 1), .profile = profile};
    return line_round_us(&settings, terminals, n);
}

static void what_a_round_takes(void **state)
{
    (void)state;
    const struct profile t8 = profile_t8(), c4 = profile_c4();
    struct line_settings settings = fake_settings();
    /* T8: 8 characters there, 23 back, of 1145.8 us; twice 3.5 characters of silence; 10 ms until the answer */
    assert_int_equal(round_of(settings, 1, &t8), 35521 + 2 * 4011 + 10000);
    assert_int_equal(round_of(settings, 247, &t8), 247 * round_of(settings, 1, &t8));
    assert_true(round_of(settings, 1, &c4) > round_of(settings, 1, &t8)); /* several requests */
    assert_int_equal(round_of(settings, 1, NULL), 0);
    settings.baud = 115200;
    assert_int_equal(round_of(settings, 1, &t8), 2961 + 2 * 1750 + 10000);
    settings.quiet_ms = 30;
    settings.key_up_ms = 100;
    assert_int_equal(round_of(settings, 1, &t8), 2961 + 2 * 30000 + 2 * 100000 + 10000);
    settings.baud = 0;
    settings.quiet_ms = settings.key_up_ms = 0;
    settings.gateway_delay_ms = 40;
    assert_int_equal(round_of(settings, 1, &t8), 2 * 40000 + 10000); /* no serial wire, no silence */
}

static void how_late_a_fault_may_be_shown(void **state)
{
    (void)state;
    const struct profile t8 = profile_t8();
    struct terminal_settings terminals[2] = {{.unit = 1, .profile = &t8}, {.unit = 2, .profile = &t8}};
    struct line_settings settings = fake_settings();
    settings.poll_s = 60;
    assert_int_equal(line_fault_us(&settings, terminals, 2), 60000000 + line_round_us(&settings, terminals, 2));
}

static struct fake_line *slowest(unsigned n_dead)
{
    char kinds[FAKE_UNITS_MAX + 1] = {0};
    memset(kinds, 'c', FAKE_UNITS_MAX);
    struct fake_line *line = fake_line_new(kinds, 0);
    line->drive.world.poll_us = INT64_C(1000000) * POLL_MOST_S;
    for (unsigned i = 0; i < n_dead; i++)
        line->units[FAKE_UNITS_MAX - 1 - i].dead = true;
    drive_port_up(&line->drive, "fake", line->now);
    fake_run(line, 60000);
    return line;
}

/* At any moment of a poll, with as many dead ones beside it as alive. */
static void a_death_is_shown_in_time(void **state)
{
    (void)state;
    for (int64_t after_ms = 0; after_ms < 60000; after_ms += 1700) {
        struct fake_line *line = slowest(FAKE_UNITS_MAX / 2);
        fake_run(line, after_ms);
        fake_forget(line);
        line->units[0].dead = true;
        fake_run(line, SHOWN_MS);
        assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 0), 1);
        fake_line_free(line);
    }
}

static void a_fault_is_shown_in_time(void **state)
{
    (void)state;
    for (int64_t after_ms = 0; after_ms < 60000; after_ms += 1700) {
        struct fake_line *line = slowest(FAKE_UNITS_MAX / 2);
        line->c4.conditions[WHEN_FAULT] = line->c4.conditions[WHEN_BUSY]; /* somebody at the local microphone is one here */
        fake_run(line, after_ms);
        fake_forget(line);
        line->units[0].local = true;
        fake_run(line, SHOWN_MS);
        size_t shown = 0;
        for (size_t i = 0; i < line->n_events; i++)
            shown += line->events[i].kind == LINE_READING && line->events[i].terminal == 0 &&
                     line->events[i].reading.when[WHEN_FAULT] == TRUTH_TRUE;
        assert_true(shown > 0);
        fake_line_free(line);
    }
}

/* Polls alone fill the wire here: 247 terminals need longer than poll_s for a round. */
static struct fake_line *full(char kind, size_t n_dead)
{
    char kinds[FAKE_UNITS_MAX + 1] = {0};
    memset(kinds, kind, FAKE_UNITS_MAX);
    struct fake_line *line = fake_line_new(kinds, 0);
    for (size_t i = 0; i < n_dead; i++)
        line->units[2 * i].dead = true;
    line->units[FAKE_UNITS_MAX - 1].lose_replies = 1; /* of its first reading */
    drive_port_up(&line->drive, "fake", line->now);
    return line;
}

/* The longest time in which an event of this kind did not tell of a terminal, from began on. */
static int64_t longest_without(const struct fake_line *line, enum line_event_kind kind, size_t terminal, struct mono began)
{
    int64_t longest = 0;
    struct mono last = began;
    for (size_t i = 0; i < line->n_events; i++) {
        const struct line_event *event = &line->events[i];
        if (event->kind != kind || event->terminal != terminal)
            continue;
        longest = mono_since(event->at, last) > longest ? mono_since(event->at, last) : longest;
        last = event->at;
    }
    return mono_since(line->now, last) > longest ? mono_since(line->now, last) : longest;
}

static void nobody_starves_on_a_full_line(void **state)
{
    (void)state;
    static const struct {
        char kind;
        size_t n_dead;
    } lines[] = {{'t', 0}, {'t', 40}, {'t', 80}, {'c', 0}, {'c', 80}};
    for (size_t l = 0; l < sizeof lines / sizeof lines[0]; l++) {
        struct fake_line *line = full(lines[l].kind, lines[l].n_dead);
        struct mono began = line->now;
        fake_run(line, SHOWN_MS);
        assert_int_equal(fake_count(line, LINE_SWEPT, -1), 1);
        fake_run(line, SHOWN_MS);
        for (size_t i = 0; i < FAKE_UNITS_MAX; i++) {
            bool dead = line->units[i].dead;
            assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, (int)i), dead);
            if (dead)
                assert_in_range(mono_since(fake_find(line, LINE_TROUBLE, (int)i)->at, began), 0, SHOWN_MS * INT64_C(1000));
            else
                assert_in_range(longest_without(line, LINE_READING, i, began), 0, SHOWN_MS * INT64_C(1000));
        }
        fake_line_free(line);
    }
}

/* Also while the wire is full a missed answer is asked for a second time before anybody is told to be dead. */
static void a_missed_answer_on_a_full_line_is_no_death(void **state)
{
    (void)state;
    struct fake_line *line = full('t', 0);
    fake_run(line, 60000);
    fake_forget(line);
    for (size_t i = 0; i < FAKE_UNITS_MAX; i += 10)
        line->units[i].lose_replies = 1;
    line->units[5].dead = true;
    fake_run(line, 60000);
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, -1), 1);
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 5), 1);
    fake_line_free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_round_takes),
        cmocka_unit_test(how_late_a_fault_may_be_shown),
        cmocka_unit_test(a_death_is_shown_in_time),
        cmocka_unit_test(a_fault_is_shown_in_time),
        cmocka_unit_test(nobody_starves_on_a_full_line),
        cmocka_unit_test(a_missed_answer_on_a_full_line_is_no_death),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
