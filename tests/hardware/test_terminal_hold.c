/* The hold: written behind the start, renewed for as long as the terminal shall sound, and survived when it ran out all the
 * same. In virtual time. */
#include "tests/hardware/fake_line.h"

#include <setjmp.h>

#include <cmocka.h>

enum { HOLD_REGISTER = 22, NEVER_ANSWERS = 1000000 };

static struct fake_line *opened(const char *kinds, enum hold_renewal renewed_by, uint32_t hold_s)
{
    struct fake_line *line = fake_line_new(kinds, 0);
    give_hold(&line->t8, renewed_by);
    line->t8.hold_s = hold_s;
    for (size_t i = 0; i < line->n; i++)
        line->units[i].held_by_write = renewed_by == HOLD_RENEWED_BY_WRITE;
    fake_open(line);
    fake_forget(line);
    return line;
}

/* Of those that are left alone for ms from now on. */
static size_t sounding_after(struct fake_line *line, int64_t ms)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n; i++) {
        fake_unit_tick(&line->units[i], line->now.us + ms * 1000);
        n += line->units[i].state == 2;
    }
    return n;
}

static size_t sounding(struct fake_line *line)
{
    return sounding_after(line, 0);
}

static const struct fake_frame *frame_to(const struct fake_line *line, int unit, uint16_t address)
{
    for (size_t i = 0; i < line->n_frames; i++)
        if (line->frames[i].request.function > 4 && line->frames[i].request.unit == unit &&
            line->frames[i].request.address == address)
            return &line->frames[i];
    return NULL;
}

/* Many at once by one frame, right behind the start of all and before any of them is verified. */
static void it_follows_the_start_by_one_broadcast(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttttt", HOLD_RENEWED_BY_ANY, 30);
    fake_target(line, 1, 5, "01234", 50);
    fake_verify(line, "01234");
    fake_run(line, 3000);
    const struct fake_frame *start = frame_to(line, 0, 20), *hold = frame_to(line, 0, HOLD_REGISTER);
    assert_true(hold == start + 1);
    assert_int_equal(hold->request.values[0], 30);
    for (size_t i = 0; i < line->n; i++) {
        assert_int_equal(line->units[i].hold_s, 30);
        assert_int_equal(fake_writes(line, (int)i + 1, HOLD_REGISTER), 0);
    }
    fake_run(line, 120000); /* their readings renew it */
    assert_int_equal(fake_writes(line, 0, HOLD_REGISTER), 1);
    assert_int_equal(sounding(line), 5);
    fake_line_free(line);
}

/* Few, or where another vendor would hear it wrongly: one by one, each behind its start. */
static void it_follows_the_start_one_by_one(void **state)
{
    (void)state;
    for (int unsafe = 0; unsafe < 2; unsafe++) {
        struct fake_line *line = opened(unsafe ? "tttttc" : "tttt", HOLD_RENEWED_BY_ANY, 30);
        if (unsafe) /* it ignores arm and start, but not this */
            line->c4.ignores[0].last = 21;
        fake_target(line, 1, 5, unsafe ? "01234" : "012", 50);
        fake_run(line, 3000);
        assert_int_equal(fake_writes(line, 0, HOLD_REGISTER), 0);
        struct mono started = fake_find(line, LINE_STARTED, 0)->at;
        for (int unit = 1; unit <= (unsafe ? 5 : 3); unit++) {
            const struct fake_frame *hold = frame_to(line, unit, HOLD_REGISTER);
            assert_non_null(hold);
            assert_in_range(mono_since(hold->begin, started), 0, 400000);
            assert_int_equal(line->units[unit - 1].hold_s, 30);
        }
        fake_line_free(line);
    }
}

/* The last start is as early with a hold as without. */
static void it_delays_no_start(void **state)
{
    (void)state;
    static const struct {
        const char *kinds, *members;
    } lines[] = {{"tttttttt", "01234567"}, {"tttttttt", "0123456"}, {"ttttcccc", "01234567"}, {"tttt", "0"}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int64_t last[2] = {0};
        for (int held = 0; held < 2; held++) {
            struct fake_line *line = opened(lines[i].kinds, HOLD_RENEWED_BY_WRITE, 30);
            line->t8.commands[COMMAND_HOLD].given = held;
            struct mono began = line->now;
            fake_target(line, 1, 5, lines[i].members, 50);
            fake_verify(line, lines[i].members);
            fake_run(line, 5000);
            for (size_t e = 0; e < line->n_events; e++)
                if (line->events[e].kind == LINE_STARTED)
                    last[held] = mono_since(line->events[e].at, began);
            assert_int_equal(fake_count(line, LINE_STARTED, -1), strlen(lines[i].members));
            fake_line_free(line);
        }
        if (last[1] > last[0] + 30000) /* the one transaction that may be on the wire */
            fail_msg("%s: %lld us in place of %lld", lines[i].kinds, (long long)last[1], (long long)last[0]);
    }
}

/* Twenty minutes with a hold of five seconds, whoever is verified, and whatever renews it. */
static void a_long_broadcast_outlives_many_holds(void **state)
{
    (void)state;
    static const struct {
        const char *kinds, *members, *verified;
        enum hold_renewal renewed_by;
        size_t least, most; /* hold frames */
    } cases[] = {
        {"tt", "01", "01", HOLD_RENEWED_BY_ANY, 2, 2},
        {"tt", "01", "", HOLD_RENEWED_BY_ANY, 800, 1500}, /* a poll each 10 s is not enough */
        {"tt", "01", "01", HOLD_RENEWED_BY_WRITE, 1300, 1500},
        {"tttttttt", "01234567", "01234567", HOLD_RENEWED_BY_WRITE, 650, 760},
        {"tttttttt", "01234567", "", HOLD_RENEWED_BY_ANY, 4000, 6000} /* each by itself */,
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake_line *line = opened(cases[i].kinds, cases[i].renewed_by, 5);
        size_t n = strlen(cases[i].members), frames = 0;
        fake_target(line, 1, 5, cases[i].members, 50);
        fake_verify(line, cases[i].verified);
        for (int s = 0; s < 1200; s++) {
            fake_run(line, 1000);
            for (int unit = 0; unit <= (int)line->n; unit++)
                frames += fake_writes(line, unit, HOLD_REGISTER);
            line->n_frames = 0;
            if (s > 2)
                assert_int_equal(sounding(line), n);
            if (line->n_events > FAKE_EVENTS_MAX / 2)
                line->n_events = 0;
        }
        assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
        if (frames < cases[i].least || frames > cases[i].most)
            fail_msg("case %zu: %zu hold frames", i, frames);
        assert_int_equal(sounding_after(line, 3000), n); /* renewed in good time: */
        assert_int_equal(sounding_after(line, 7000), 0); /* and then this box died */
        fake_line_free(line);
    }
}

/* A poll that comes first does as well, but one that waits for its turn must not hold it up. */
static void it_waits_for_no_poll_once_it_is_due(void **state)
{
    (void)state;
    struct fake_line *line = opened("t", HOLD_RENEWED_BY_ANY, 30);
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 3000);
    struct terminal *terminal = &line->drive.terminals[0];
    struct terminal_plan plan;
    terminal->polled_at = mono_plus_ms(line->now, -60000);
    terminal->held_at = mono_plus_ms(line->now, -9000);
    terminal_plan_next(terminal, line->now, &plan);
    assert_int_equal(plan.class, CLASS_VERIFY); /* the poll of one that is meant */
    terminal->held_at = mono_plus_ms(line->now, -10000);
    terminal_plan_next(terminal, line->now, &plan);
    assert_int_equal(plan.class, CLASS_ARM);
    assert_int_equal(plan.request.address, HOLD_REGISTER);
    fake_line_free(line);
}

static void nothing_is_held_that_shall_not_sound(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttttt", HOLD_RENEWED_BY_WRITE, 6);
    fake_run(line, 30000);
    fake_target(line, 1, 5, "01234", 50);
    fake_run(line, 20000);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 2000);
    size_t frames = fake_writes(line, 0, HOLD_REGISTER);
    assert_in_range(frames, 8, 11);
    fake_run(line, 60000);
    assert_int_equal(fake_writes(line, 0, HOLD_REGISTER), frames);
    for (int unit = 1; unit <= 5; unit++)
        assert_int_equal(fake_writes(line, unit, HOLD_REGISTER), 0);
    fake_line_free(line);
}

/* The line was away for longer: what fell silent by itself is started again, and not taken for a reboot. */
static void one_whose_hold_ran_out_is_started_again(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt", HOLD_RENEWED_BY_ANY, 30);
    fake_target(line, 1, 5, "01", 50);
    fake_verify(line, "01");
    fake_run(line, 5000);
    struct error gone = {.code = ERROR_DISCONNECTED, .message = "gone"};
    drive_port_down(&line->drive, &gone, line->now);
    line->now = mono_plus_ms(line->now, 40000);
    assert_int_equal(sounding(line), 0);
    fake_forget(line);
    drive_port_up(&line->drive, "fake", line->now);
    fake_run(line, 3000);
    assert_int_equal(sounding(line), 2);
    assert_int_equal(fake_troubles(line, TROUBLE_REBOOTED, -1), 0);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_SOUNDING, -1), 2);
    assert_non_null(strstr(fake_find(line, LINE_TROUBLE, 0)->error.message, "fell silent by itself, for 30 s"));
    assert_int_equal(fake_count(line, LINE_STARTED, -1), 2);
    assert_int_equal(line->units[0].hold_s, 30);
    fake_forget(line);
    fake_unit_reboot(&line->units[1]); /* the control */
    fake_run(line, 3000);
    assert_int_equal(fake_troubles(line, TROUBLE_REBOOTED, 1), 1);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 1);
    assert_int_equal(line->units[1].hold_s, 30); /* it had come up with its own */
    fake_line_free(line);
}

static void one_that_refuses_its_hold_sounds_all_the_same(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt", HOLD_RENEWED_BY_WRITE, 30);
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    while (line->drive.terminals[0].phase != TERMINAL_STARTED)
        assert_true(fake_step(line, mono_plus_ms(line->now, 5000)));
    line->units[0].refuse = 2;
    fake_run(line, 8000);
    assert_int_equal(fake_writes(line, 1, HOLD_REGISTER), 1); /* and not again at once */
    fake_run(line, 25000);
    assert_int_equal(sounding(line), 1);
    assert_int_equal(fake_troubles(line, TROUBLE_EXCEPTION, 0), 1);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 1);
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 1);
    assert_in_range(fake_writes(line, 1, HOLD_REGISTER), 4, 5);
    assert_int_equal(line->units[0].hold_s, 30); /* the third was taken */
    fake_line_free(line);
}

static void a_hold_that_got_lost_is_written_again(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt", HOLD_RENEWED_BY_ANY, 30);
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    while (line->drive.terminals[0].phase != TERMINAL_STARTED)
        assert_true(fake_step(line, mono_plus_ms(line->now, 5000)));
    line->units[0].deaf = 1;
    fake_run(line, 3000);
    assert_int_equal(line->units[0].hold_s, 30);
    assert_int_equal(fake_writes(line, 1, HOLD_REGISTER), 2);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
    fake_line_free(line);
}

/* Armed for long, because others are still to come: renewed only where the maker counts from the arming. */
static void it_is_renewed_while_armed_where_it_counts_from_then(void **state)
{
    (void)state;
    for (int from_arm = 0; from_arm < 2; from_arm++) {
        struct fake_line *line = opened("tttc", HOLD_RENEWED_BY_WRITE, 3);
        line->t8.hold_from = from_arm ? HOLD_FROM_ARM : HOLD_FROM_START;
        line->drive.settings.arm_wait_ms = 60000;
        fake_target(line, 1, 5, "01", 50);
        line->drive.terminals[1].phase = TERMINAL_PREPARE; /* is not done yet */
        line->drive.terminals[1].retry_at = mono_plus_ms(line->now, 10000);
        fake_run(line, 9000);
        assert_int_equal(fake_count(line, LINE_STARTED, 0), 0);
        size_t before = fake_writes(line, 1, HOLD_REGISTER);
        if (from_arm)
            assert_in_range(before, 8, 9);
        else
            assert_int_equal(before, 0);
        fake_run(line, 5000);
        assert_int_equal(sounding(line), 2);
        fake_line_free(line);
    }
}

/* It hears and cannot answer: what is sent to it as its probes keeps it sounding. */
static void one_that_only_hears_is_held_too(void **state)
{
    (void)state;
    for (int by_write = 0; by_write < 2; by_write++) {
        struct fake_line *line = opened("ttt", by_write ? HOLD_RENEWED_BY_WRITE : HOLD_RENEWED_BY_ANY, 6);
        line->units[0].lose_replies = NEVER_ANSWERS;
        fake_target(line, 1, 5, "01", 50);
        fake_verify(line, "01");
        fake_run(line, 5000);
        for (int s = 0; s < 120; s++) {
            fake_run(line, 1000);
            assert_int_equal(sounding(line), 2);
        }
        assert_int_equal(line->units[0].hold_s, 6);
        size_t frames = 0;
        for (size_t i = 0; i < line->n_frames; i++)
            frames += line->frames[i].request.unit == 1;
        assert_in_range(frames, 40, 80); /* one each two seconds */
        fake_target(line, 0, 0, "", 0);
        fake_run(line, 2000);
        assert_int_equal(sounding(line), 0);
        fake_line_free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_the_start_by_one_broadcast),
        cmocka_unit_test(it_follows_the_start_one_by_one),
        cmocka_unit_test(it_delays_no_start),
        cmocka_unit_test(a_long_broadcast_outlives_many_holds),
        cmocka_unit_test(it_waits_for_no_poll_once_it_is_due),
        cmocka_unit_test(nothing_is_held_that_shall_not_sound),
        cmocka_unit_test(one_whose_hold_ran_out_is_started_again),
        cmocka_unit_test(one_that_refuses_its_hold_sounds_all_the_same),
        cmocka_unit_test(a_hold_that_got_lost_is_written_again),
        cmocka_unit_test(it_is_renewed_while_armed_where_it_counts_from_then),
        cmocka_unit_test(one_that_only_hears_is_held_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
