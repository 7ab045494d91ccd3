/* The mind of a line over many terminals in virtual time: broadcast or one by one, gates, dead ones that delay nobody, stops
 * first, sweeps, lost ports, withdrawn targets. */
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

static size_t sounding(const struct fake_line *line)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n; i++)
        n += line->units[i].c4 ? line->units[i].relay : line->units[i].state == 2;
    return n;
}

static void all_of_a_profile_are_armed_and_started_by_two_frames(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttt");
    struct mono began = line->now;
    fake_target(line, 3, 77, "012345", 60);
    fake_verify(line, "012345");
    fake_run(line, 450);
    assert_int_equal(fake_writes(line, 0, 16), 1);
    assert_int_equal(fake_writes(line, 0, 20), 1);
    for (int unit = 1; unit <= 6; unit++)
        assert_int_equal(fake_writes(line, unit, -1), 0);
    assert_int_equal(sounding(line), 6);
    const struct line_event *sent = fake_find(line, LINE_SENT, 0), *started = fake_find(line, LINE_STARTED, 5);
    assert_true(mono_since(started->at, began) <= 420000); /* frame, settle 250 ms, frame */
    assert_true(mono_since(started->at, sent->at) >= 250000);
    assert_int_equal(fake_count(line, LINE_STARTED, -1), 6);
    assert_int_equal(fake_count(line, LINE_STARTS_SENT, -1), 1);
    assert_true(fake_count(line, LINE_ACKNOWLEDGED, -1) < 6); /* nobody answered the broadcast itself */
    fake_run(line, 1000);
    assert_int_equal(fake_count(line, LINE_ACKNOWLEDGED, -1), 6);
    assert_int_equal(fake_count(line, LINE_ARMED, -1), 6);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 0);
    fake_forget(line);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 2000);
    assert_int_equal(line->frames[0].request.unit, 0);
    assert_int_equal(fake_writes(line, 0, 21), 1);
    assert_int_equal(fake_writes(line, 1, 21), 0);
    assert_int_equal(fake_count(line, LINE_STOPPED, -1), 6);
    assert_int_equal(fake_count(line, LINE_SETTLED, -1), 1);
    fake_line_free(line);
}

static void who_is_not_meant_forbids_the_broadcast_arm_but_not_the_start(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttt");
    fake_target(line, 3, 77, "012", 60);
    fake_run(line, 2000);
    assert_int_equal(fake_writes(line, 0, 16), 0);
    assert_int_equal(fake_writes(line, 0, 20), 1); /* start_needs_arm, and the fourth is not armed */
    assert_int_equal(sounding(line), 3);
    assert_int_equal(line->units[3].state, 0);
    fake_line_free(line);
}

static void one_not_meant_that_may_still_be_armed_forbids_the_broadcast_start(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttt");
    fake_target(line, 3, 77, "0123", 60);
    fake_run(line, 1000);
    line->units[3].dead = true; /* cannot be told to disarm */
    fake_forget(line);
    fake_target(line, 4, 78, "012", 60);
    fake_run(line, 5000);
    assert_int_equal(fake_writes(line, 0, 20), 0);
    for (int unit = 1; unit <= 3; unit++)
        assert_int_equal(fake_writes(line, unit, 20), 1);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_STOPPED, 3), 1);
    fake_line_free(line);
}

static void unequal_volumes_are_armed_one_by_one(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    struct line_target target = {.session = 1, .token = 5, .n_members = 2};
    target.members[0] = (struct line_member){.terminal = 0, .volume_percent = 30};
    target.members[1] = (struct line_member){.terminal = 1, .volume_percent = 90};
    drive_set_target(&line->drive, &target, line->now);
    fake_run(line, 1000);
    assert_int_equal(fake_writes(line, 0, 16), 0);
    assert_int_equal(line->units[0].volume, 30);
    assert_int_equal(line->units[1].volume, 90);
    assert_int_equal(sounding(line), 2);
    fake_line_free(line);
}

static void another_vendor_that_does_not_ignore_it_forbids_broadcast(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttc");
    fake_target(line, 1, 5, "012", 50);
    fake_run(line, 3000);
    assert_int_equal(fake_writes(line, 0, 16), 1); /* declared ignored by the other */
    assert_int_equal(sounding(line), 3);
    fake_line_free(line);
    line = opened("ttc");
    line->c4.n_ignores = 0;
    fake_target(line, 1, 5, "012", 50);
    fake_run(line, 3000);
    assert_int_equal(fake_writes(line, 0, -1), 0);
    assert_int_equal(sounding(line), 3);
    fake_line_free(line);
}

static void the_group_start_waits_for_all_first_answers(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttttt");
    fake_target(line, 1, 5, "0123456", 50);
    fake_run(line, 3000);
    struct mono last_arm = {0}, start = {0};
    for (size_t i = 0; i < line->n_frames; i++) {
        if (line->frames[i].request.address == 16 && line->frames[i].request.function == 16)
            last_arm = line->frames[i].end;
        if (line->frames[i].request.address == 20)
            start = line->frames[i].begin;
    }
    assert_true(mono_since(start, last_arm) >= 250000);
    assert_true(mono_since(start, last_arm) <= 300000);
    fake_line_free(line);
}

static void arming_many_does_not_hold_the_first_back_longer_than_arm_wait(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttttttttttttttttttttttttttttttt");
    line->drive.settings.arm_wait_ms = 200;
    line->t8.commands[COMMAND_ARM].broadcast = false;
    line->t8.commands[COMMAND_START].broadcast = false;
    struct line_target target = {.session = 1, .token = 5, .n_members = 31};
    for (uint16_t i = 0; i < 31; i++)
        target.members[i] = (struct line_member){.terminal = i, .volume_percent = 50};
    drive_set_target(&line->drive, &target, line->now);
    fake_run(line, 5000);
    const struct line_event *first = fake_find(line, LINE_STARTED, -1), *last = NULL;
    for (size_t i = 0; i < line->n_events; i++)
        if (line->events[i].kind == LINE_SENT)
            last = &line->events[i];
    assert_true(mono_before(first->at, last->at));
    assert_int_equal(sounding(line), 31);
    assert_int_equal(fake_count(line, LINE_STARTS_SENT, -1), 1);
    fake_line_free(line);
}

static void later_batches_are_started_by_one_frame_each(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttttttttttttttttttttttttttttt");
    line->t8.commands[COMMAND_ARM].broadcast = false;
    line->drive.settings.arm_wait_ms = 400;
    struct line_target target = {.session = 1, .token = 5, .n_members = 31};
    for (uint16_t i = 0; i < 31; i++)
        target.members[i] = (struct line_member){.terminal = i, .volume_percent = 50};
    drive_set_target(&line->drive, &target, line->now);
    fake_run(line, 5000);
    assert_int_equal(sounding(line), 31);
    assert_in_range(fake_writes(line, 0, 20), 2, 5);
    size_t single = 0;
    for (int unit = 1; unit <= 31; unit++)
        single += fake_writes(line, unit, 20);
    assert_true(single < 4);
    assert_int_equal(fake_count(line, LINE_STARTED, -1), 31);
    fake_line_free(line);
}

static void many_that_never_sound_do_not_fill_the_line(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttt");
    for (int i = 0; i < 5; i++)
        line->units[i].ignores_start = true;
    fake_target(line, 1, 5, "012345", 50);
    fake_verify(line, "012345");
    fake_run(line, 30000);
    assert_in_range(fake_writes(line, 0, 20), 1, 8);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_SOUNDING, -1), 5);
    assert_true(fake_count(line, LINE_READING, 5) > 80);
    fake_line_free(line);
}

static void a_newly_dead_one_holds_nobody_up(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttttt");
    line->units[2].dead = true;
    line->t8.commands[COMMAND_DISARM].given = false;
    struct mono began = line->now;
    fake_target(line, 1, 5, "0123456", 50); /* the eighth is not meant: one by one */
    fake_verify(line, "0123456");
    fake_run(line, 12000);
    const struct line_event *sent = fake_find(line, LINE_STARTS_SENT, -1);
    assert_non_null(sent);
    assert_true(mono_since(sent->at, began) < 850000); /* its first try costs 16 ms and not 500 */
    assert_int_equal(sounding(line), 6);
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 2), 1);
    assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 1);
    line->units[2].dead = false;
    fake_run(line, 12000);
    assert_int_equal(sounding(line), 7);
    assert_int_equal(fake_count(line, LINE_STARTED, 2), 2); /* blindly, and when it was back */
    fake_line_free(line);
}

static void a_round_of_verification_costs_a_dead_one_its_limit_only(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttttttt");
    fake_target(line, 1, 5, "0123456789", 50);
    fake_verify(line, "9876543210");
    fake_run(line, 3000);
    line->units[4].dead = line->units[5].dead = true;
    fake_forget(line);
    line->drive.verify_at = 0;
    struct mono began = line->now;
    for (int i = 0; i < 10; i++)
        fake_step(line, mono_plus_ms(began, 5000));
    /* 10 requests of 8 bytes, 8 replies of 23, each with its silences and answers; two limits */
    int64_t w = 10 * (8 * FAKE_CHARACTER_US + FAKE_SILENCE_US) + 8 * (23 * FAKE_CHARACTER_US + 5000) + 2 * (16146);
    assert_in_range(mono_since(line->now, began), w * 95 / 100, w * 105 / 100);
    assert_int_equal(line->frames[0].request.unit, 10); /* in the order that was asked for */
    assert_int_equal(line->frames[1].request.unit, 9);
    fake_run(line, 5000);
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, -1), 2);
    size_t readings = fake_count(line, LINE_READING, 0);
    fake_run(line, 10000);
    assert_true(fake_count(line, LINE_READING, 0) - readings >= 18); /* 25 rounds of 0.4 s without any probe */
    fake_line_free(line);
}

/* The second try at the ceiling would end after the settle time of those who are armed. */
static void waiting_for_a_dead_one_holds_no_start_back(void **state)
{
    (void)state;
    struct fake_line *line = opened("ccct");
    line->units[3].dead = true;
    fake_target(line, 1, 5, "0123", 50);
    fake_verify(line, "0123");
    fake_run(line, 5000);
    for (int i = 0; i < 3; i++) {
        const struct line_event *armed = fake_find(line, LINE_ACKNOWLEDGED, i), *started = fake_find(line, LINE_STARTED, i);
        assert_in_range(mono_since(started->at, armed->at), 650000, 650000 + 100000);
    }
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 3), 1);
    fake_line_free(line);
}

static void a_stop_goes_before_everything(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttttttt");
    fake_target(line, 1, 5, "0123", 50);
    fake_run(line, 2000);
    fake_forget(line);
    fake_target(line, 2, 6, "4567", 50);
    fake_run(line, 5000);
    size_t last_stop = 0, first_arm = SIZE_MAX;
    for (size_t i = 0; i < line->n_frames; i++) {
        if (line->frames[i].request.address == 21)
            last_stop = i;
        if (line->frames[i].request.address == 16 && line->frames[i].request.count == 4 && first_arm == SIZE_MAX)
            first_arm = i;
    }
    assert_true(last_stop < first_arm);
    assert_int_equal(fake_count(line, LINE_STOPPED, -1), 4);
    assert_int_equal(sounding(line), 4);
    assert_int_equal(line->units[0].state, 0);
    fake_line_free(line);
}

/* Armed but withdrawn before the start: it must not sound with the next target. */
static void what_was_withdrawn_does_not_start_with_the_next(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    fake_target(line, 1, 5, "012", 50);
    while (line->drive.terminals[0].phase != TERMINAL_ARMED)
        assert_true(fake_step(line, mono_plus_ms(line->now, 5000)));
    assert_int_equal(line->units[2].state, 1);
    fake_target(line, 2, 6, "01", 50);
    fake_run(line, 3000);
    assert_int_equal(sounding(line), 2);
    assert_int_equal(line->units[2].state, 0);
    assert_int_equal(line->units[0].token, 6);
    fake_line_free(line);
}

/* Nobody waits for the answer of one that may be dead when another target comes: it may have been armed all the same. */
static void what_was_written_while_a_new_target_came_is_stopped(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->t8.commands[COMMAND_ARM].broadcast = false;
    line->units[2].dead = true;
    fake_run(line, 60000);
    while (mono_since(line->drive.terminals[2].retry_at, line->now) < 8000000)
        fake_step(line, mono_plus_ms(line->now, 1000));
    line->units[2].dead = false;
    line->units[2].lose_replies = 1; /* it obeys, once, and is not heard */
    fake_target(line, 1, 5, "2", 50);
    line->bell = mono_plus_ms(line->now, 100);
    fake_run(line, 100);
    assert_int_equal(line->units[2].state, 1);
    assert_int_equal(line->reply.outcome, WIRE_WITHDRAWN);
    fake_target(line, 1, 5, "01", 50); /* with the same token */
    struct mono until = mono_plus_ms(line->now, 15000);
    while (fake_step(line, until))
        assert_int_not_equal(line->units[2].state, 2);
    assert_int_equal(line->units[2].state, 0);
    assert_int_equal(sounding(line), 2);
    fake_line_free(line);
}

static void what_must_not_be_repeated_is_read_back_when_its_answer_was_not_waited_for(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    line->t8.commands[COMMAND_ARM].broadcast = line->t8.commands[COMMAND_ARM].repeatable = false;
    line->units[2].dead = true;
    fake_run(line, 60000);
    line->units[2].dead = false;
    line->units[2].lose_replies = 1;
    fake_target(line, 1, 5, "2", 50);
    line->bell = mono_plus_ms(line->now, 100);
    fake_run(line, 100);
    assert_int_equal(line->reply.outcome, WIRE_WITHDRAWN);
    fake_target(line, 1, 5, "012", 50);
    fake_run(line, 15000);
    assert_int_equal(sounding(line), 3);
    assert_int_equal(fake_writes(line, 3, 16), 1);
    fake_line_free(line);
}

static void common_terminals_of_a_session_keep_sounding(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttt");
    fake_target(line, 1, 5, "01", 50);
    fake_run(line, 2000);
    fake_forget(line);
    fake_target(line, 2, 5, "12", 50);
    fake_run(line, 3000);
    assert_int_equal(fake_writes(line, 2, -1), 0);
    assert_int_equal(line->units[1].state, 2);
    assert_int_equal(line->units[2].state, 2);
    assert_int_equal(line->units[0].state, 0);
    assert_int_equal(fake_count(line, LINE_STARTS_SENT, -1), 1);
    fake_line_free(line);
}

static void the_sweep_stops_only_what_is_ours(void **state)
{
    (void)state;
    struct fake_line *line = fake_line_new("ttcct", 40);
    line->units[0].token = 40, line->units[0].state = 2, line->units[0].power = 1; /* ours, by the recorded token */
    line->units[1].source = 2;                                                     /* an upper level plays */
    line->units[2].power = 1, line->units[2].relay = true;                         /* ours, by the relay */
    line->units[3].local = true;
    line->units[4].dead = true;
    fake_open(line);
    assert_int_equal(line->units[0].state, 0);
    assert_int_equal(line->units[0].power, 0);
    assert_false(line->units[2].relay);
    assert_int_equal(fake_writes(line, 2, -1) + fake_writes(line, 4, -1) + fake_writes(line, 0, -1), 0);
    assert_int_equal(fake_count(line, LINE_UNASKED, -1), 2);
    assert_int_equal(fake_count(line, LINE_UNASKED, 1), 1);
    assert_int_equal(fake_count(line, LINE_UNASKED, 3), 1);
    assert_int_equal(fake_count(line, LINE_STOPPED, -1), 2);
    assert_int_equal(fake_count(line, LINE_SWEPT, -1), 1);
    assert_true(mono_before(fake_find(line, LINE_STOPPED, 2)->at, fake_find(line, LINE_SWEPT, -1)->at));
    fake_run(line, 30000);
    assert_int_equal(fake_count(line, LINE_UNASKED, -1), 2); /* once per occurrence */
    line->units[1].source = 0;
    fake_run(line, 15000);
    line->units[1].source = 4;
    fake_run(line, 15000);
    assert_int_equal(fake_count(line, LINE_UNASKED, 1), 2);
    fake_line_free(line);
}

/* Each start reserves a token; one that dies before its sweep leaves the terminals with that of an earlier session. */
static void the_sweep_knows_the_tokens_of_the_last_starts(void **state)
{
    (void)state;
    static const struct {
        uint16_t recorded, shown;
        bool ours;
    } cases[] = {{40, 39, true}, {40, 9, true}, {40, 8, false}, {40, 41, false}, {3, 65530, false}, {0, 7, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake_line *line = fake_line_new("t", cases[i].recorded);
        line->units[0].token = cases[i].shown, line->units[0].state = 2, line->units[0].power = 1;
        fake_open(line);
        assert_int_equal(line->units[0].state, cases[i].ours ? 0 : 2);
        assert_int_equal(fake_count(line, LINE_UNASKED, 0), cases[i].ours ? 0 : 1);
        fake_line_free(line);
    }
}

static void sound_that_is_not_provably_ours_is_never_stopped(void **state)
{
    (void)state;
    for (int stop = 0; stop < 2; stop++) {
        struct fake_line *line = fake_line_new("t", 40);
        line->drive.world.stop_unasked = stop;
        line->units[0].token = 41, line->units[0].state = 2;
        fake_open(line);
        fake_run(line, 60000);
        assert_int_equal(fake_count(line, LINE_UNASKED, 0), 1);
        assert_int_equal(line->units[0].state, 2);
        assert_int_equal(fake_writes(line, 1, -1), 0);
        fake_line_free(line);
    }
}

/* Once all was seen at rest, what begins under our token is an alarm, and is stopped only where that was asked for. */
static void our_own_sound_at_idle_is_reported_and_stopped_only_where_asked(void **state)
{
    (void)state;
    for (int stop = 0; stop < 2; stop++) {
        struct fake_line *line = fake_line_new("tc", 40);
        line->drive.world.stop_unasked = stop;
        fake_open(line);
        line->units[0].token = 40, line->units[0].state = 2;
        line->units[1].power = 1, line->units[1].relay = true;
        fake_run(line, 60000);
        assert_int_equal(fake_count(line, LINE_UNASKED, -1), 2);
        assert_int_equal(sounding(line), stop ? 0 : 2);
        assert_int_equal(fake_count(line, LINE_STOPPED, -1), stop ? 2 : 0);
        fake_line_free(line);
    }
}

/* It was dead when the line was looked at after a crash. */
static void what_was_left_over_at_one_that_comes_back_is_stopped(void **state)
{
    (void)state;
    struct fake_line *line = fake_line_new("t", 40);
    line->units[0].token = 40, line->units[0].state = 2;
    line->units[0].dead = true;
    fake_open(line);
    assert_int_equal(fake_count(line, LINE_SWEPT, -1), 1);
    line->units[0].dead = false;
    fake_run(line, 15000);
    assert_int_equal(line->units[0].state, 0);
    assert_int_equal(fake_count(line, LINE_UNASKED, -1), 0);
    fake_line_free(line);
}

static void a_target_does_not_wait_for_the_sweep(void **state)
{
    (void)state;
    struct fake_line *line = fake_line_new("tttttttttt", 40);
    for (int i = 2; i < 9; i++)
        line->units[i].dead = true;
    line->units[9].token = 40, line->units[9].state = 2;
    drive_port_up(&line->drive, "fake", line->now);
    fake_step(line, mono_plus_ms(line->now, 1000));
    struct mono began = line->now;
    fake_target(line, 1, 50, "01", 50);
    while (sounding(line) < 3 && mono_since(line->now, began) < 5000000)
        fake_step(line, mono_plus_ms(line->now, 1000));
    assert_true(mono_since(line->now, began) < 900000);
    fake_run(line, 8000);
    assert_int_equal(line->units[9].state, 0); /* left over, found by the sweep that went on */
    assert_int_equal(sounding(line), 2);
    assert_int_equal(fake_count(line, LINE_SWEPT, -1), 1);
    fake_line_free(line);
}

static void what_an_old_token_left_sounding_is_armed_anew(void **state)
{
    (void)state;
    struct fake_line *line = fake_line_new("ttc", 40);
    line->units[0].token = line->units[1].token = 40;
    line->units[0].state = line->units[1].state = 2;
    line->units[2].power = 1, line->units[2].relay = true;
    drive_port_up(&line->drive, "fake", line->now);
    fake_target(line, 1, 50, "02", 50);
    fake_verify(line, "02");
    fake_run(line, 6000);
    assert_int_equal(line->units[0].token, 50);
    assert_int_equal(line->units[1].state, 0);
    assert_int_equal(sounding(line), 2);
    assert_int_equal(fake_count(line, LINE_ARMED, 0), 1);
    assert_int_equal(fake_count(line, LINE_ARMED, 2), 1); /* seen as not armed in between */
    assert_int_equal(fake_troubles(line, TROUBLE_REBOOTED, -1), 0);
    fake_line_free(line);
}

static void after_a_lost_port_the_target_goes_on(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    fake_target(line, 1, 5, "01", 50);
    fake_verify(line, "01");
    fake_run(line, 2000);
    struct error gone = {.code = ERROR_DISCONNECTED, .message = "gone"};
    struct drive_step step;
    struct mono wake;
    drive_port_down(&line->drive, &gone, line->now);
    assert_false(drive_next(&line->drive, line->now, &step, &wake));
    fake_unit_reboot(&line->units[1]);
    fake_forget(line);
    drive_port_up(&line->drive, "fake", line->now);
    fake_run(line, 3000);
    assert_int_equal(sounding(line), 2);
    assert_int_equal(fake_writes(line, 1, -1), 0); /* it sounded all the time */
    assert_int_equal(fake_troubles(line, TROUBLE_REBOOTED, 1), 1);
    assert_int_equal(fake_count(line, LINE_SWEPT, -1), 1);
    fake_line_free(line);
}

static void a_stop_that_waited_for_the_port_is_made_up_for(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    fake_target(line, 1, 5, "01", 50);
    fake_run(line, 2000);
    struct error gone = {.code = ERROR_DISCONNECTED, .message = "gone"};
    drive_port_down(&line->drive, &gone, line->now);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 1000);
    assert_int_equal(sounding(line), 2);
    drive_port_up(&line->drive, "fake", line->now);
    fake_run(line, 1000);
    assert_int_equal(sounding(line), 0);
    assert_int_equal(fake_count(line, LINE_SETTLED, -1), 1);
    fake_line_free(line);
}

static void idle_terminals_are_read_every_poll(void **state)
{
    (void)state;
    struct fake_line *line = opened("tttc");
    line->units[1].dead = true;
    fake_run(line, 60000);
    assert_in_range(fake_count(line, LINE_READING, 0), 5, 7);
    assert_in_range(fake_count(line, LINE_READING, 3), 5, 7);
    size_t probes = 0;
    for (size_t i = 0; i < line->n_frames; i++)
        probes += line->frames[i].request.unit == 2;
    assert_in_range(probes, 5, 11); /* growing pauses */
    fake_line_free(line);
}

/* Nobody wants it now, but who looks at the list must see that it would not sound. */
static void a_terminal_that_dies_at_idle_is_told_once_each_time(void **state)
{
    (void)state;
    struct fake_line *line = opened("tt");
    for (int time = 0; time < 2; time++) {
        line->units[1].dead = true;
        fake_forget(line);
        fake_run(line, 60000);
        assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 1), 1);
        assert_int_equal(fake_count(line, LINE_TROUBLE, -1), 1);
        line->units[1].dead = false;
        fake_run(line, 30000);
        assert_true(fake_count(line, LINE_READING, 1) > 0);
    }
    line->units[1].dead = true;
    fake_run(line, 60000);
    fake_forget(line);
    fake_target(line, 1, 5, "01", 50); /* its delivery is told in its own session */
    fake_run(line, 5000);
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, 1), 1);
    fake_line_free(line);
}

static void polls_of_others_go_on_while_members_are_verified(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    fake_target(line, 1, 5, "01", 50);
    fake_verify(line, "01");
    fake_run(line, 30000);
    assert_in_range(fake_count(line, LINE_READING, 2), 2, 4);
    assert_true(fake_count(line, LINE_READING, 0) > 200);
    fake_line_free(line);
}

static void nobody_there_is_said_and_starts_are_reported(void **state)
{
    (void)state;
    struct fake_line *line = opened("ttt");
    for (int i = 0; i < 3; i++)
        line->units[i].dead = true;
    fake_target(line, 1, 5, "012", 50);
    fake_verify(line, "012");
    fake_run(line, 8000);
    assert_int_equal(fake_count(line, LINE_STARTS_SENT, -1), 1);
    assert_int_equal(fake_troubles(line, TROUBLE_NO_REPLY, -1), 3);
    fake_target(line, 0, 0, "", 0);
    fake_run(line, 5000);
    assert_int_equal(fake_count(line, LINE_SETTLED, -1), 1);
    assert_int_equal(fake_troubles(line, TROUBLE_NOT_STOPPED, -1), 0); /* never reached: that was said */
    fake_line_free(line);
}

static void wrong_settings_are_named(void **state)
{
    (void)state;
    struct profile t8 = profile_t8();
    struct line_settings settings = fake_settings();
    struct terminal_settings terminals[2] = {{.id = "a", .unit = 3, .profile = &t8}, {.id = "b", .unit = 3, .profile = &t8}};
    struct drive drive;
    struct error error = {0};
    assert_false(drive_init(&drive, &settings, terminals, 2, 0, fake_event, NULL, &error));
    assert_int_equal(error.code, ERROR_CONFLICT);
    terminals[1].unit = 248;
    assert_false(drive_init(&drive, &settings, terminals, 2, 0, fake_event, NULL, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_non_null(strstr(error.message, "b"));
    terminals[1].unit = 4;
    settings.baud = 300;
    assert_false(drive_init(&drive, &settings, terminals, 2, 0, fake_event, NULL, &error));
    settings.baud = 9600;
    assert_false(drive_init(&drive, &settings, terminals, 248, 0, fake_event, NULL, &error));
    assert_int_equal(error.code, ERROR_TOO_LARGE);
    assert_true(drive_init(&drive, &settings, terminals, 2, 0, fake_event, NULL, &error));
    drive_free(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_profile_are_armed_and_started_by_two_frames),
        cmocka_unit_test(who_is_not_meant_forbids_the_broadcast_arm_but_not_the_start),
        cmocka_unit_test(one_not_meant_that_may_still_be_armed_forbids_the_broadcast_start),
        cmocka_unit_test(unequal_volumes_are_armed_one_by_one),
        cmocka_unit_test(another_vendor_that_does_not_ignore_it_forbids_broadcast),
        cmocka_unit_test(the_group_start_waits_for_all_first_answers),
        cmocka_unit_test(arming_many_does_not_hold_the_first_back_longer_than_arm_wait),
        cmocka_unit_test(later_batches_are_started_by_one_frame_each),
        cmocka_unit_test(many_that_never_sound_do_not_fill_the_line),
        cmocka_unit_test(a_newly_dead_one_holds_nobody_up),
        cmocka_unit_test(a_round_of_verification_costs_a_dead_one_its_limit_only),
        cmocka_unit_test(waiting_for_a_dead_one_holds_no_start_back),
        cmocka_unit_test(a_stop_goes_before_everything),
        cmocka_unit_test(what_was_withdrawn_does_not_start_with_the_next),
        cmocka_unit_test(what_was_written_while_a_new_target_came_is_stopped),
        cmocka_unit_test(what_must_not_be_repeated_is_read_back_when_its_answer_was_not_waited_for),
        cmocka_unit_test(common_terminals_of_a_session_keep_sounding),
        cmocka_unit_test(the_sweep_stops_only_what_is_ours),
        cmocka_unit_test(the_sweep_knows_the_tokens_of_the_last_starts),
        cmocka_unit_test(sound_that_is_not_provably_ours_is_never_stopped),
        cmocka_unit_test(our_own_sound_at_idle_is_reported_and_stopped_only_where_asked),
        cmocka_unit_test(what_was_left_over_at_one_that_comes_back_is_stopped),
        cmocka_unit_test(a_target_does_not_wait_for_the_sweep),
        cmocka_unit_test(what_an_old_token_left_sounding_is_armed_anew),
        cmocka_unit_test(after_a_lost_port_the_target_goes_on),
        cmocka_unit_test(a_stop_that_waited_for_the_port_is_made_up_for),
        cmocka_unit_test(idle_terminals_are_read_every_poll),
        cmocka_unit_test(a_terminal_that_dies_at_idle_is_told_once_each_time),
        cmocka_unit_test(polls_of_others_go_on_while_members_are_verified),
        cmocka_unit_test(nobody_there_is_said_and_starts_are_reported),
        cmocka_unit_test(wrong_settings_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
