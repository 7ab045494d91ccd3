/* The driver that a profile makes, at one terminal in virtual time: its ladder, refusals, lost answers, reboots, stops. */
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

/* Kinds of the events of terminal 0 without readings, as letters in order. */
static const char *story(const struct fake_line *line)
{
    static const char letters[] = {
        [LINE_UP] = 'U',      [LINE_DOWN] = 'D',    [LINE_SWEPT] = 'W',       [LINE_SENT] = 's',    [LINE_ACKNOWLEDGED] = 'k',
        [LINE_ARMED] = 'a',   [LINE_STARTED] = 'S', [LINE_STARTS_SENT] = 'T', [LINE_READING] = 'r', [LINE_TROUBLE] = '!',
        [LINE_STOPPED] = 'x', [LINE_UNASKED] = 'u', [LINE_SETTLED] = 'E'};
    static char text[FAKE_EVENTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < line->n_events; i++)
        if (line->events[i].kind != LINE_READING)
            text[n++] = letters[line->events[i].kind];
    text[n] = '\0';
    return text;
}

static void a_token_terminal_climbs_and_comes_down(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    fake_target(line, 9, 77, "0", 70);
    fake_verify(line, "0");
    fake_run(line, 2000);
    assert_string_equal(story(line), "skaST");
    assert_int_equal(line->units[0].volume, 70);
    assert_int_equal(line->units[0].state, 2);
    const struct line_event *armed = fake_find(line, LINE_ARMED, 0), *started = fake_find(line, LINE_STARTED, 0);
    assert_int_equal(armed->reading.token, 77);
    assert_int_equal(armed->session, 9);
    assert_true(mono_since(started->at, fake_find(line, LINE_ACKNOWLEDGED, 0)->at) >= 250000); /* settle */
    const struct line_event *last = &line->events[line->n_events - 1];
    assert_int_equal(last->kind, LINE_READING);
    assert_true(last->reading.started);
    assert_int_equal(last->reading.when[WHEN_SOUNDING], TRUTH_TRUE);
    assert_true(last->reading.has_level);
    assert_true(last->reading.level == -60.0);
    fake_forget(line);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 2000);
    assert_string_equal(story(line), "xE");
    assert_int_equal(line->units[0].state, 0);
    assert_int_equal(line->units[0].power, 0);
    assert_int_equal(fake_find(line, LINE_STOPPED, 0)->session, 9);
    fake_line_free(line);
}

static void a_tokenless_terminal_is_armed_by_false_then_true(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    fake_target(line, 1, 5, "0", 100);
    fake_verify(line, "0");
    fake_run(line, 4000);
    assert_string_equal(story(line), "skaST");
    assert_int_equal(line->units[0].volume, 15);
    assert_true(line->units[0].relay);
    assert_true(mono_since(fake_find(line, LINE_STARTED, 0)->at, fake_find(line, LINE_SENT, 0)->at) >= 600000);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 2000);
    assert_false(line->units[0].relay);
    assert_int_equal(line->units[0].power, 0);
    fake_line_free(line);
}

/* Somebody left the amplifier on: it is switched off once, so that armed can be seen to become true. */
static void a_tokenless_terminal_that_was_on_is_seen_off_first(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    line->units[0].power = 1;
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    fake_run(line, 5000);
    assert_int_equal(fake_count(line, LINE_ARMED, 0), 1);
    assert_int_equal(line->frames[0].request.function, 2); /* read before anything is written */
    assert_int_equal(fake_count(line, LINE_STOPPED, 0), 0);
    fake_line_free(line);
}

/* Its ready bit hangs: true all the time proves nothing. It sounds, but armed is not claimed. */
static void a_tokenless_terminal_that_was_never_false_is_not_claimed_armed(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    line->c4.commands[COMMAND_POWER_OFF].given = false;
    line->units[0].power = 1;
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    fake_run(line, 5000);
    assert_int_equal(fake_count(line, LINE_ARMED, 0), 0);
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 1);
    assert_true(line->units[0].relay);
    fake_line_free(line);
}

static void an_exception_is_read_back_tried_again_and_told(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->units[0].refuse = 1;
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 1000);
    assert_string_equal(story(line), "sTkS"); /* told to nobody: it came right */
    fake_line_free(line);
    line = opened("t");
    line->units[0].refuse = 3;
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 3000);
    assert_int_equal(fake_troubles(line, TROUBLE_EXCEPTION, 0), 1);
    const struct line_event *trouble = fake_find(line, LINE_TROUBLE, 0);
    assert_int_equal(trouble->exception, 4);
    assert_non_null(strstr(trouble->error.message, "device_failure"));
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 1); /* it still comes right */
    assert_int_equal(line->frames[1].request.function, 4);
    fake_line_free(line);
}

/* In the trouble's words, whatever was asked, also of codes that no standard knows. */
static void exceptions_are_told_by_name_and_number(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        const char *words;
    } cases[] = {{1, "exception 1 (illegal_function)"},
                 {2, "exception 2 (illegal_data_address)"},
                 {3, "exception 3 (illegal_data_value)"},
                 {4, "exception 4 (server_device_failure)"},
                 {5, "exception 5 (acknowledge)"},
                 {6, "exception 6 (server_device_busy)"},
                 {8, "exception 8 (memory_parity_error)"},
                 {9, "exception 9 (unknown_exception)"},
                 {10, "exception 10 (gateway_path_unavailable)"},
                 {11, "exception 11 (gateway_target_no_response)"},
                 {255, "exception 255 (unknown_exception)"}};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct fake_line *line = opened("t");
        bool writes = i % 2;
        *(writes ? &line->units[0].refuses_writes : &line->units[0].refuses_reads) = cases[i / 2].code;
        if (writes)
            fake_target(line, 1, 5, "0", 50);
        fake_run(line, 15000);
        assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 1);
        const struct line_event *told = fake_find(line, LINE_TROUBLE, 0);
        assert_int_equal(told->trouble, TROUBLE_EXCEPTION);
        assert_int_equal(told->exception, cases[i / 2].code);
        if (!strstr(told->error.message, cases[i / 2].words))
            fail_msg("%s", told->error.message);
        if (!strstr(told->error.message,
                    writes ? "unit 1 refuses writing holding 16" : "unit 1 refuses reading input 0 to 8 with"))
            fail_msg("%s", told->error.message);
        assert_int_equal(line->drive.terminals[0].health.last_exception, cases[i / 2].code);
        assert_true(line->drive.terminals[0].health.exceptions > 0);
        fake_line_free(line);
    }
}

static void a_lost_answer_is_asked_for_again(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->units[0].lose_replies = 1;
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 2000);
    assert_int_equal(fake_writes(line, 1, 16), 2);
    assert_true(mono_since(line->frames[1].begin, line->frames[0].end) >= 500000); /* a late reply cannot be mistaken */
    assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 0);
    assert_int_equal(fake_count(line, LINE_SENT, 0), 1);
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 1);
    fake_line_free(line);
}

static void what_is_not_repeatable_is_read_back_first(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->t8.commands[COMMAND_ARM].repeatable = false;
    line->units[0].lose_replies = 1; /* it obeyed */
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 2000);
    assert_int_equal(fake_writes(line, 1, 16), 1);
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 1);
    assert_int_equal(line->units[0].state, 2);
    fake_line_free(line);
    line = opened("t");
    line->t8.commands[COMMAND_ARM].repeatable = false;
    line->units[0].deaf = 1; /* it did not */
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 2000);
    assert_int_equal(fake_writes(line, 1, 16), 2);
    assert_int_equal(line->frames[1].request.function, 4);
    assert_int_equal(line->units[0].state, 2);
    fake_line_free(line);
}

static void a_lost_start_is_seen_and_sent_again(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    while (line->drive.terminals[0].phase != TERMINAL_ARMED)
        assert_true(fake_step(line, mono_plus_ms(line->now, 5000)));
    line->units[0].ignores_start = true;
    fake_run(line, 1500);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_SOUNDING, 0), 1);
    line->units[0].ignores_start = false;
    fake_run(line, 3000);
    assert_int_equal(line->units[0].state, 2);
    assert_true(fake_count(line, LINE_STARTED, 0) >= 2);
    size_t starts = fake_writes(line, 1, 20);
    fake_run(line, 5000);
    assert_int_equal(fake_writes(line, 1, 20), starts);
    fake_line_free(line);
}

static void one_that_never_sounds_is_tried_with_pauses(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->units[0].ignores_start = true;
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    fake_run(line, 30000);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_SOUNDING, 0), 1);
    assert_in_range(fake_writes(line, 1, 20), 4, 9); /* 0, 0.5, 1, 2, 4, 8, 10 s */
    fake_line_free(line);
}

static void a_reboot_is_told_and_mended_each_time(void **state)
{
    (void)state;
    for (int c4 = 0; c4 < 2; c4++) {
        struct fake_line *line = opened(c4 ? "c" : "t");
        fake_target(line, 1, 5, "0", 50);
        fake_verify(line, "0");
        for (size_t round = 1; round <= 2; round++) {
            fake_run(line, 4000);
            assert_true(c4 ? line->units[0].relay : line->units[0].state == 2);
            fake_unit_reboot(&line->units[0]);
            fake_run(line, 4000);
            assert_int_equal(fake_troubles(line, TROUBLE_REBOOTED, 0), round);
            assert_int_equal(fake_count(line, LINE_STARTED, 0), round + 1);
            assert_int_equal(fake_count(line, LINE_ARMED, 0), round + 1);
        }
        fake_line_free(line);
    }
}

/* By a hand at its foot: with its session, or only the sound. It has been up all the time. */
static void one_that_stops_by_itself_is_started_again_each_time(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct fake_line *line = opened(kind == 2 ? "c" : "t");
        struct fake_unit *unit = &line->units[0];
        fake_target(line, 1, 5, "0", 50);
        fake_verify(line, "0");
        for (size_t round = 1; round <= 3; round++) {
            fake_run(line, 4000);
            assert_true(unit->c4 ? unit->relay : unit->state == 2);
            unit->relay = false;
            unit->state = kind == 1 ? 1 : 0; /* still armed, or not */
            unit->token = kind == 1 ? 5 : 0;
            fake_run(line, 2000);
            assert_true(unit->c4 ? unit->relay : unit->state == 2);
            assert_int_equal(fake_troubles(line, TROUBLE_STOPPED_EARLY, 0), round);
            assert_int_equal(fake_count(line, LINE_STARTED, 0), round + 1);
        }
        assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 3);
        assert_non_null(strstr(fake_find(line, LINE_TROUBLE, 0)->error.message, "stopped by itself"));
        fake_line_free(line);
    }
}

/* Where it does not say how long it has been up, a session that is gone is a reboot. */
static void without_its_uptime_a_lost_session_is_a_reboot(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->t8.uptime_field = -1;
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    fake_run(line, 4000);
    line->units[0].state = line->units[0].token = 0;
    fake_run(line, 2000);
    assert_int_equal(fake_troubles(line, TROUBLE_REBOOTED, 0), 1);
    assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 1);
    assert_int_equal(line->units[0].state, 2);
    fake_line_free(line);
}

static void a_dead_one_is_told_once_and_joins_late(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->units[0].dead = true;
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    fake_run(line, 20000);
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 0), 1);
    assert_int_equal(fake_count(line, LINE_STARTS_SENT, -1), 1);
    assert_in_range(line->n_frames, 5, 9);
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 1); /* blindly: it may have heard */
    line->units[0].dead = false;
    fake_run(line, 12000);
    assert_int_equal(fake_count(line, LINE_STARTED, 0), 2);
    assert_int_equal(fake_count(line, LINE_ARMED, 0), 1);
    assert_int_equal(line->units[0].state, 2);
    assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 1); /* that it is not armed is not its fault */
    fake_line_free(line);
}

/* Among others who are armed and started by one frame each: it may have heard them, and did not. */
static void one_that_misses_the_frames_for_all_joins_late(void **state)
{
    (void)state;
    static const struct {
        int before_ms, after_ms; /* known as dead before, or not */
    } CASES[] = {{0, 10000}, {60000, 10000}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct fake_line *line = opened("ttt");
        line->units[1].dead = true;
        fake_run(line, CASES[i].before_ms);
        fake_forget(line);
        fake_target(line, 1, 5, "012", 50);
        fake_verify(line, "012");
        fake_run(line, CASES[i].after_ms);
        assert_int_equal(fake_writes(line, 0, 20), 1);
        line->units[1].dead = false;
        fake_run(line, 15000);
        assert_int_equal(line->units[1].state, 2);
        assert_int_equal(fake_count(line, LINE_TROUBLE, -1), fake_troubles(line, TROUBLE_NO_REPLY, 1));
        fake_line_free(line);
    }
}

static void another_source_is_left_alone(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    line->units[0].source = 3;
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 3000);
    assert_int_equal(fake_troubles(line, TROUBLE_BUSY_OTHER, 0), 1);
    assert_int_equal(fake_writes(line, 1, 18), 0);
    assert_int_equal(fake_writes(line, 1, 21), 0);
    fake_forget(line);
    fake_run(line, 3000);
    assert_int_equal(fake_writes(line, 1, -1), 0); /* only looked at */
    assert_true(fake_count(line, LINE_READING, 0) >= 2);
    line->units[0].source = 0;
    fake_run(line, 3000);
    assert_int_equal(line->units[0].state, 2);
    fake_line_free(line);
}

/* While another source plays nothing goes out to the terminal but questions: no start, no hold, no other volume, and no stop
 * where nothing of ours is left below it. */
static void nothing_is_written_while_another_source_plays(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct fake_line *line = opened(kind ? "c" : "t");
        struct fake_unit *unit = &line->units[0];
        give_hold(&line->t8, HOLD_RENEWED_BY_WRITE);
        fake_target(line, 1, 5, "0", 50);
        fake_verify(line, "0");
        fake_run(line, 3000);
        unit->source = 3;
        unit->local = true;
        unit->relay = false;
        unit->state = unit->token = 0;
        fake_run(line, 1000);
        assert_int_equal(fake_troubles(line, TROUBLE_BUSY_OTHER, 0), 1);
        fake_forget(line);
        fake_target(line, 2, 5, "0", 90); /* louder */
        fake_run(line, 40000);
        assert_true(fake_count(line, LINE_READING, 0) > 20);
        fake_target(line, 0, 0, "", 0);
        fake_run(line, 20000);
        assert_int_equal(fake_writes(line, 1, -1) + fake_writes(line, 0, -1), 0);
        assert_int_equal(fake_count(line, LINE_STOPPED, 0), 1); /* what was ours there is gone */
        assert_int_equal(fake_count(line, LINE_SETTLED, -1), 1);
        assert_int_equal(fake_count(line, LINE_UNASKED, 0), 1); /* nobody asked for it, and nobody else tells now */
        fake_line_free(line);
    }
}

/* Ours waits below it, and would go on when it has ended: that is stopped. */
static void what_is_ours_below_another_source_is_stopped(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    fake_run(line, 3000);
    line->units[0].local = true;
    fake_run(line, 1000);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 2000);
    assert_false(line->units[0].relay);
    assert_int_equal(line->units[0].power, 1); /* the microphone needs it */
    fake_line_free(line);
}

/* Between its arming and its start: it would sound over the other. */
static void one_that_became_busy_while_armed_is_not_started(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->t8.settle_ms = 1000;
    fake_target(line, 1, 5, "012", 50);
    fake_verify(line, "012");
    while (line->drive.terminals[1].phase != TERMINAL_ARMED)
        assert_true(fake_step(line, mono_plus_ms(line->now, 5000)));
    line->units[1].source = 3; /* and it stays armed for us */
    fake_run(line, 5000);
    assert_int_equal(fake_writes(line, 0, 20) + fake_writes(line, 2, 20), 0);
    assert_int_equal(line->units[0].state, 2); /* one by one */
    assert_int_equal(line->units[2].state, 2);
    assert_int_equal(fake_troubles(line, TROUBLE_BUSY_OTHER, 1), 1);
    line->units[1].source = 0;
    fake_run(line, 2000);
    assert_int_equal(line->units[1].state, 2);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 1);
    fake_line_free(line);
}

static void an_interruption_by_another_source_is_no_reboot(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    fake_target(line, 1, 5, "0", 50);
    fake_verify(line, "0");
    fake_run(line, 2000);
    line->units[0].source = 3;
    line->units[0].state = line->units[0].token = 0;
    fake_run(line, 1000);
    assert_int_equal(fake_troubles(line, TROUBLE_BUSY_OTHER, 0), 1);
    assert_int_equal(fake_writes(line, 1, 21), 0);
    line->units[0].source = 0;
    fake_run(line, 1500); /* at once */
    assert_int_equal(line->units[0].state, 2);
    assert_int_equal(fake_count(line, LINE_TROUBLE, 0), 1); /* that it was disarmed by that is told by that */
    fake_line_free(line);
}

static void a_stop_that_is_ignored_is_told_and_tried_on(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 2000);
    line->units[0].ignores_stop = true;
    fake_forget(line);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 5000);
    assert_string_equal(story(line), "!E");
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_STOPPED, 0), 1);
    assert_int_equal(fake_writes(line, 1, 16), 0); /* not switched off while unproved */
    line->units[0].ignores_stop = false;
    fake_run(line, 12000);
    assert_string_equal(story(line), "!Ex");
    assert_int_equal(line->units[0].power, 0);
    fake_line_free(line);
}

static void a_stop_without_answer_is_tried_three_times_at_once(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 2000);
    line->units[0].dead = true;
    fake_forget(line);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 1400);
    assert_int_equal(fake_writes(line, 1, 21), 3);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_STOPPED, 0), 1);
    assert_int_equal(fake_count(line, LINE_STOPPED, 0), 0);
    line->units[0].dead = false;
    fake_run(line, 2000);
    assert_int_equal(fake_count(line, LINE_STOPPED, 0), 1);
    fake_line_free(line);
}

static void another_volume_in_the_session_needs_one_write(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 3000);
    fake_forget(line);
    fake_target(line, 2, 5, "0", 100);
    fake_run(line, 1000);
    assert_int_equal(fake_writes(line, 1, -1), 1);
    assert_int_equal(line->units[0].volume, 15);
    assert_int_equal(fake_count(line, LINE_STARTS_SENT, -1), 1);
    fake_target(line, 3, 5, "0", 100);
    fake_run(line, 1000);
    assert_int_equal(fake_writes(line, 1, -1), 1); /* the same session and volume: no frame */
    fake_line_free(line);
}

static void the_learnt_limit_follows_the_answers(void **state)
{
    (void)state;
    struct fake_line *line = opened("t");
    struct terminal_plan plan;
    const struct terminal *terminal = &line->drive.terminals[0];
    terminal_plan_verify(terminal, line->now, &plan);
    assert_int_equal(plan.first_byte_us, 5000 + FAKE_CHARACTER_US + 10000);
    line->units[0].answer_us = 60000; /* slower than the limit: the second try hears it and raises the limit at once */
    fake_run(line, 12000);
    terminal_plan_verify(terminal, line->now, &plan);
    assert_int_equal(plan.first_byte_us, 60000 + FAKE_CHARACTER_US + 10000);
    assert_false(terminal->dead);
    line->units[0].answer_us = 20000; /* faster: when 8 answers were */
    fake_run(line, 70000);
    terminal_plan_verify(terminal, line->now, &plan);
    assert_int_equal(plan.first_byte_us, 60000 + FAKE_CHARACTER_US + 10000);
    fake_run(line, 10000);
    terminal_plan_verify(terminal, line->now, &plan);
    assert_int_equal(plan.first_byte_us, 20000 + FAKE_CHARACTER_US + 10000);
    fake_line_free(line);
}

static void a_siren_without_sequence_is_only_started(void **state)
{
    (void)state;
    struct fake_line *line = opened("c");
    line->c4.n_sequence = 0;
    line->c4.settle_ms = 0;
    fake_target(line, 1, 5, "0", 50);
    fake_run(line, 500);
    assert_true(line->units[0].relay);
    assert_int_equal(fake_writes(line, 1, -1), 1);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 500);
    assert_false(line->units[0].relay);
    assert_int_equal(fake_count(line, LINE_STOPPED, 0), 1);
    fake_line_free(line);
}

static void troubles_and_exceptions_have_names(void **state)
{
    (void)state;
    assert_string_equal(terminal_trouble_name(TROUBLE_NO_REPLY), "no_reply");
    assert_string_equal(terminal_trouble_name(TROUBLE_NOT_STOPPED), "not_stopped");
    assert_string_equal(terminal_trouble_name(TROUBLE_DUPLICATE), "duplicate_address");
    assert_string_equal(terminal_trouble_name(TROUBLE_FOREIGN), "foreign_answer");
    assert_string_equal(terminal_trouble_name((enum terminal_trouble)99), "unknown");
    assert_string_equal(modbus_exception_name(2), "illegal_data_address");
    assert_string_equal(modbus_exception_name(77), "unknown_exception");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_terminal_climbs_and_comes_down),
        cmocka_unit_test(a_tokenless_terminal_is_armed_by_false_then_true),
        cmocka_unit_test(a_tokenless_terminal_that_was_on_is_seen_off_first),
        cmocka_unit_test(a_tokenless_terminal_that_was_never_false_is_not_claimed_armed),
        cmocka_unit_test(an_exception_is_read_back_tried_again_and_told),
        cmocka_unit_test(exceptions_are_told_by_name_and_number),
        cmocka_unit_test(a_lost_answer_is_asked_for_again),
        cmocka_unit_test(what_is_not_repeatable_is_read_back_first),
        cmocka_unit_test(a_lost_start_is_seen_and_sent_again),
        cmocka_unit_test(one_that_never_sounds_is_tried_with_pauses),
        cmocka_unit_test(a_reboot_is_told_and_mended_each_time),
        cmocka_unit_test(one_that_stops_by_itself_is_started_again_each_time),
        cmocka_unit_test(without_its_uptime_a_lost_session_is_a_reboot),
        cmocka_unit_test(a_dead_one_is_told_once_and_joins_late),
        cmocka_unit_test(one_that_misses_the_frames_for_all_joins_late),
        cmocka_unit_test(another_source_is_left_alone),
        cmocka_unit_test(nothing_is_written_while_another_source_plays),
        cmocka_unit_test(what_is_ours_below_another_source_is_stopped),
        cmocka_unit_test(one_that_became_busy_while_armed_is_not_started),
        cmocka_unit_test(an_interruption_by_another_source_is_no_reboot),
        cmocka_unit_test(a_stop_that_is_ignored_is_told_and_tried_on),
        cmocka_unit_test(a_stop_without_answer_is_tried_three_times_at_once),
        cmocka_unit_test(another_volume_in_the_session_needs_one_write),
        cmocka_unit_test(the_learnt_limit_follows_the_answers),
        cmocka_unit_test(a_siren_without_sequence_is_only_started),
        cmocka_unit_test(troubles_and_exceptions_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
