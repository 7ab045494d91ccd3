/* One channel: how a broadcast runs, and what goes wrong in it. */
#include "tests/controller/dispatcher_scene.h"

/* ---- the run of a broadcast ---- */

static void test_from_submit_to_end(void **state)
{
    (void)state;
    submit((struct cap_text){0});
    expect(BEGUN); /* armed at once: targets before all else */
    assert_int_equal(scene->token, 42);
    assert_string_equal(scene->programme, "123e");
    assert_int_equal(scene->silence_ms, 3 * 1500);
    playout_tells(PLAYOUT_DUE, 1);
    spoken(0, true);
    expect("words:1.0:1000 ");
    terminal_tells(0, 1, LINE_SENT);
    terminal_tells(0, 1, LINE_ACKNOWLEDGED);
    terminal_tells(0, 1, LINE_ARMED);
    tick(1000);
    expect(""); /* nobody is started, nothing sounds */
    terminal_tells(0, 1, LINE_STARTED);
    expect("allow:1.1 "); /* the tone begins with the first start */
    terminal_tells(0, 0, LINE_STARTED);
    tick(500);
    expect("");
    line_tells(0, LINE_STARTS_SENT);
    expect("release:1 ");
    play_repetition(1, -12);
    expect("A:sounding at:1.tone at:1.silence at:1.words A:sounding ");
    assert_int_equal(scene->readings_told, 4); /* a baseline and a level of each */
    unsigned told = scene->deliveries_told;
    playout_tells(PLAYOUT_DUE, 2);
    expect("A:sounding.2 allow:1.2 ");
    play_repetition(2, -12);
    assert_int_equal(scene->readings_told, 6); /* kept, but no news */
    assert_int_equal(scene->deliveries_told, told);
    playout_tells(PLAYOUT_DUE, 3);
    play_repetition(3, -12);
    scene->log[0] = '\0';
    assert_int_equal(scene->alerts[0]->ended[0], 3);
    playout_tells(PLAYOUT_FINISHED, 3);
    expect("target0:0 target1:0 ");
    assert_int_equal(scene->lines[0].n_verify, 0);
    tick(1000);
    expect("");
    stop_line_0();
    expect("END A out=heard() out2=heard() sick=excluded(maintenance) ");
    assert_null(dispatcher_current(scene->dispatcher));
    assert_int_equal(scene->token_asked, 43);
}

/* The sound waits for three: the card, the disk, and a first start; in whatever order they come. */
static void test_sound_waits_for_all(void **state)
{
    (void)state;
    for (int last = 0; last < 3; last++) {
        scene->hold_store = false;
        create(7);
        lines_up();
        scene->hold_store = true;
        submit((struct cap_text){0});
        scene->log[0] = '\0';
        for (int step = 1; step <= 3; step++) {
            expect("");
            switch ((last + step) % 3) {
            case 0: playout_tells(PLAYOUT_DUE, 1); break;
            case 1: give_record(true); break;
            default: terminal_tells(0, 0, LINE_STARTED); break;
            }
        }
        expect("allow:1.1 ");
    }
}

static void test_next_repetition_only_after_its_record(void **state)
{
    (void)state;
    submit_and_start();
    play_repetition(1, -12);
    scene->hold_store = true;
    scene->log[0] = '\0';
    playout_tells(PLAYOUT_DUE, 2);
    tick(1500);
    expect("A:sounding.2 ");
    give_record(true);
    expect("allow:1.2 ");
}

static void test_store_slow(void **state)
{
    (void)state;
    scene->hold_store = true;
    submit_and_start();
    scene->log[0] = '\0';
    tick(2000);
    expect("");
    tick(100);
    expect("ALARM:store_slow allow:1.1 release:1 ");
    give_record(true); /* too late to matter, and the sound is not allowed twice */
    play_repetition(1, -12);
    scene->log[0] = '\0';
    playout_tells(PLAYOUT_DUE, 2);
    tick(2100);
    expect("A:sounding.2 ALARM:store_slow allow:1.2 ");
}

static void test_store_failed(void **state)
{
    (void)state;
    scene->hold_store = true;
    submit_and_start();
    scene->log[0] = '\0';
    give_record(false);
    expect("ALARM:store_failed allow:1.1 ");
}

/* A record of an alert that is over does not let the next one sound. */
static void test_record_of_another(void **state)
{
    (void)state;
    bool was_waiting;
    scene->hold_store = true;
    struct alert *alert = submit((struct cap_text){0});
    dispatcher_stop(scene->dispatcher, alert, CAUSE_STOPPED, &was_waiting, now());
    playout_tells(PLAYOUT_FINISHED, 0);
    submit((struct cap_text){0});
    line_tells(0, LINE_SETTLED);
    scene->token_done(scene->dispatcher, 0, scene->token_asked, true);
    tick(10);
    assert_int_equal(dispatcher_current(scene->dispatcher)->id, 2);
    playout_tells(PLAYOUT_DUE, 1);
    terminal_tells(0, 0, LINE_STARTED);
    scene->log[0] = '\0';
    scene->record_done(scene->dispatcher, 1, 1, true);
    tick(10);
    expect("");
    give_record(true);
    expect("allow:2.1 ");
}

/* ---- what is read, and what it proves ---- */

static void test_reading_follows_the_programme(void **state)
{
    (void)state;
    submit_and_start();
    assert_string_equal(scene->lines[0].order, "01");
    play(1, SEGMENT_TONE, 0, -10, 500, NAN);
    terminal_reads(0, 0, -20);
    assert_string_equal(scene->lines[0].order, "10"); /* of the other nothing is known yet */
    terminal_reads(0, 1, -20);
    play(1, SEGMENT_SILENCE, 0, -120, 500, NAN);
    assert_string_equal(scene->lines[0].order, "01");
    terminal_reads(0, 0, -60);
    playout_event((struct playout_event){.kind = PLAYOUT_STEP,
                                         .repetition = 1,
                                         .segment = SEGMENT_SILENCE,
                                         .level = -120,
                                         .segment_began = mono_plus_ms(now().mono, -500)});
    assert_string_equal(scene->lines[0].order, "1"); /* the other has its baseline */
    scene->ms += LOUDNESS_STEP_MS;
    play(1, SEGMENT_WORDS, 0, -15, 50, NAN);
    assert_string_equal(scene->lines[0].order, "01"); /* and is read in the words first */
}

/* The control for no_audio: words that were really played blame nobody and excuse nobody. */
static void test_played_and_not_sampled(void **state)
{
    (void)state;
    submit_and_start();
    play(1, SEGMENT_TONE, 0, -10, 1000, -20);
    play(1, SEGMENT_SILENCE, 0, -120, 1500, -60);
    play(1, SEGMENT_WORDS, 0, -15, 2000, NAN);
    playout_tells(PLAYOUT_FINISHED, 1);
    scene->log[0] = '\0';
    stop_line_0();
    expect("END A out=sounded(not_sampled) out2=sounded(not_sampled) sick=excluded(maintenance) ");
}

/* The pause in which the card waits for the next repetition is not told as a part of it. */
static void test_pause_is_not_told(void **state)
{
    (void)state;
    submit_and_start();
    play_repetition(1, -12);
    scene->log[0] = '\0';
    playout_event((struct playout_event){.kind = PLAYOUT_PHASE, .repetition = 2, .segment = SEGMENT_SILENCE});
    expect("");
}

/* ---- extension ---- */

static void test_extension(void **state)
{
    (void)state;
    submit_and_start();
    for (uint32_t k = 1; k <= 3; k++) {
        if (k > 1)
            playout_tells(PLAYOUT_DUE, k);
        play(k, SEGMENT_TONE, 0, -10, 1000, -20);
        play(k, SEGMENT_SILENCE, 0, -120, 1500, -60);
        scene->log[0] = '\0';
        play(k, SEGMENT_WORDS, 0, -120, 2000, -12); /* the card plays nothing: nobody can be sampled */
        expect(k < 3 ? (k == 1 ? "at:1.words " : "at:2.words ") : "at:3.words extend:1+1 ");
        playout_tells(PLAYOUT_ENDED, k);
    }
    unsigned extended = 1;
    for (uint32_t k = 4; k < 4 + extended; k++) {
        assert_true(k < 20); /* 30 s are held open, not more */
        playout_tells(PLAYOUT_DUE, k);
        play(k, SEGMENT_TONE, 0, -10, 1000, -20);
        play(k, SEGMENT_SILENCE, 0, -120, 1500, -60);
        scene->log[0] = '\0';
        play(k, SEGMENT_WORDS, 0, -120, 2000, -12);
        extended += strstr(scene->log, "extend:1+1") != NULL;
        playout_tells(PLAYOUT_ENDED, k);
    }
    assert_int_equal(extended, 6);                   /* of at most 5 s each */
    assert_int_equal(scene->alerts[0]->ended[0], 3); /* the plan is what is resumed, not the extension */
    playout_tells(PLAYOUT_FINISHED, 9);
    scene->log[0] = '\0';
    stop_line_0();
    expect("ALARM:no_audio END A out=failed(no_audio) out2=failed(no_audio) sick=excluded(maintenance) ");
}

/* How often the last repetition is played again when nobody can be sampled, each with words of this length. */
static unsigned extensions(size_t speech_frames)
{
    unsigned n = 0;
    scene->speech_frames = speech_frames;
    create(41);
    lines_up();
    scene->fixture.config.repetitions = 1;
    submit_and_start();
    for (uint32_t k = 1; k <= n + 1; k++) {
        assert_true(k < 20);
        if (k > 1)
            playout_tells(PLAYOUT_DUE, k);
        play(k, SEGMENT_TONE, 0, -10, 3000, NAN);
        play(k, SEGMENT_SILENCE, 0, -120, 1500, NAN);
        scene->log[0] = '\0';
        play(k, SEGMENT_WORDS, 0, -120, (int64_t)speech_frames / 8, NAN);
        n += strstr(scene->log, "extend:") != NULL;
        playout_tells(PLAYOUT_ENDED, k);
    }
    return n;
}

/* Held open within 30 s, however its length is divided: tone 3 s, silence 1.5 s, words. */
static void test_extension_counts_the_words(void **state)
{
    (void)state;
    assert_int_equal(extensions(8000 * 25), 1); /* 29.5 s */
    assert_int_equal(extensions(8000 * 26), 0); /* 30.5 s */
    assert_int_equal(extensions(8000 * 10), 2); /* 14.5 s each */
}

static void test_extension_in_the_last_language(void **state)
{
    (void)state;
    scene->fixture.config.repetitions = 1;
    scene->speech_frames = 8000 * 10;
    submit((struct cap_text){.infos = two_languages()});
    playout_tells(PLAYOUT_DUE, 1);
    spoken(0, true);
    scene->speech_mean = -20;
    spoken(1, true);
    assert_true(fabs(dispatcher_current(scene->dispatcher)->speech_mean + 20) < 1e-9); /* the quieter one decides */
    start_line_0();
    play(1, SEGMENT_TONE, 0, -10, 3000, NAN);
    play(1, SEGMENT_SILENCE, 0, -120, 1500, NAN);
    scene->log[0] = '\0';
    play(1, SEGMENT_WORDS, 0, -120, 10000, NAN);
    expect("at:1.words ");
    play(1, SEGMENT_SILENCE, 1, -120, 1500, NAN);
    play(1, SEGMENT_WORDS, 1, -120, 10000, NAN);
    expect("at:1.silence at:1.words extend:1+1 "); /* 26 s fit */
}

static void test_sampled_is_not_extended(void **state)
{
    (void)state;
    submit_and_start();
    for (uint32_t k = 1; k <= 3; k++) {
        if (k > 1)
            playout_tells(PLAYOUT_DUE, k);
        play_repetition(k, -12);
    }
    assert_null(strstr(scene->log, "extend"));
}

/* One repetition of one language is enough where it samples everybody: that is known when its words end, not before. */
static void test_sampled_in_the_only_repetition(void **state)
{
    (void)state;
    scene->fixture.config.repetitions = 1;
    scene->speech_frames = 8000 * 2;
    submit_and_start();
    play_repetition(1, -12);
    assert_null(strstr(scene->log, "extend"));
    create(41);
    lines_up();
    submit_and_start();
    play_repetition(1, NAN); /* the control: nobody was read in the words */
    assert_non_null(strstr(scene->log, "extend:1+1"));
}

/* It is decided before the words are over, so that the next tone follows them at once. */
static void test_extension_comes_in_time(void **state)
{
    (void)state;
    scene->fixture.config.repetitions = 1;
    scene->speech_frames = 8000 * 2;
    submit_and_start();
    play(1, SEGMENT_TONE, 0, -10, 1000, -20);
    play(1, SEGMENT_SILENCE, 0, -120, 1500, -60);
    struct mono began = now().mono;
    scene->log[0] = '\0';
    int64_t asked_ms = 0;
    for (int64_t t = 0; t < 2000; t += LOUDNESS_STEP_MS, scene->ms += LOUDNESS_STEP_MS) {
        playout_event((struct playout_event){.kind = t ? PLAYOUT_STEP : PLAYOUT_PHASE,
                                             .repetition = 1,
                                             .segment = SEGMENT_WORDS,
                                             .level = -15,
                                             .segment_began = began});
        if (!asked_ms && strstr(scene->log, "extend"))
            asked_ms = t;
    }
    assert_in_range(asked_ms, 1600, 1800);
}

/* The second language failed, or came too late for this repetition: the first one's words are the last. */
static void test_extension_without_the_last_language(void **state)
{
    (void)state;
    scene->fixture.config.repetitions = 1;
    scene->speech_frames = 8000 * 2;
    for (int late = 0; late < 2; late++) {
        create(41);
        lines_up();
        submit((struct cap_text){.infos = two_languages()});
        playout_tells(PLAYOUT_DUE, 1);
        spoken(0, true);
        spoken(1, late);
        start_line_0();
        play_repetition(1, NAN);
        assert_non_null(strstr(scene->log, "extend:1+1"));
        scene->log[0] = '\0';
    }
}

/* No words were ready in any repetition: a tone alone is no warning, so one more follows, but not for ever. */
static void test_waits_for_words(void **state)
{
    (void)state;
    submit_and_start();
    for (uint32_t k = 1; k <= 6; k++) {
        if (k > 1)
            playout_tells(PLAYOUT_DUE, k);
        play(k, SEGMENT_TONE, 0, -10, 1000, -20);
        playout_tells(PLAYOUT_ENDED, k);
        scene->log[0] = '\0';
        if (k >= 3)
            play(k, SEGMENT_END_TONE, 0, -10, 500, -20);
        bool more = strstr(scene->log, "ALARM:no_words extend:1+1") != NULL;
        assert_int_equal(more, k >= 3 && k < 6);
    }
}

static void test_words_in_time_need_no_more(void **state)
{
    (void)state;
    submit_and_start();
    play_repetition(1, -12);
    scene->log[0] = '\0';
    play(3, SEGMENT_END_TONE, 0, -10, 500, -20);
    assert_null(strstr(scene->log, "extend"));
}

/* ---- ends before its time ---- */

static void test_stop(void **state)
{
    (void)state;
    bool was_waiting = true;
    struct alert *alert = submit_and_start();
    play(1, SEGMENT_TONE, 0, -10, 500, -20);
    scene->log[0] = '\0';
    assert_true(dispatcher_stop(scene->dispatcher, alert, CAUSE_STOPPED, &was_waiting, now()));
    assert_false(was_waiting);
    expect("stop:1 target0:0 target1:0 "); /* within the call */
    assert_true(dispatcher_stop(scene->dispatcher, alert, CAUSE_CANCELLED, &was_waiting, now()));
    expect("");
    /* what one does while it is being stopped says nothing of the delivery any more */
    line_event(0, (struct line_event){.kind = LINE_TROUBLE, .terminal = 0, .trouble = TROUBLE_NOT_SOUNDING});
    playout_tells(PLAYOUT_DUE, 2);
    stop_line_0();
    expect(""); /* the sound is not out yet */
    playout_tells(PLAYOUT_FINISHED, 1);
    expect("END A out=cancelled() out2=cancelled() sick=excluded(maintenance) ");
    assert_false(dispatcher_stop(scene->dispatcher, alert, CAUSE_STOPPED, &was_waiting, now()));
}

static void test_stop_before_the_sound(void **state)
{
    (void)state;
    bool was_waiting;
    scene->hold_store = true;
    struct alert *alert = submit((struct cap_text){0});
    assert_true(dispatcher_stop(scene->dispatcher, alert, CAUSE_SUPERSEDED, &was_waiting, now()));
    scene->log[0] = '\0';
    playout_tells(PLAYOUT_DUE, 1);
    give_record(true);
    terminal_tells(0, 0, LINE_STARTED);
    tick(1000);
    expect(""); /* never allowed */
    playout_tells(PLAYOUT_FINISHED, 0);
    line_tells(0, LINE_SETTLED);
    expect("END A out=superseded() out2=superseded() sick=excluded(maintenance) ");
}

static void test_not_stopped(void **state)
{
    (void)state;
    submit_and_start();
    for (uint32_t k = 1; k <= 3; k++) {
        if (k > 1)
            playout_tells(PLAYOUT_DUE, k);
        play_repetition(k, -12);
    }
    playout_tells(PLAYOUT_FINISHED, 3);
    terminal_tells(0, 0, LINE_STOPPED);
    line_event(0, (struct line_event){.kind = LINE_TROUBLE, .terminal = 1, .trouble = TROUBLE_NOT_STOPPED});
    scene->log[0] = '\0';
    tick(5200); /* 5 s, and some for each terminal */
    expect("");
    tick(200); /* a line that never settles does not hold the channel */
    expect("ALARM:not_stopped END A out=heard() out2=failed(not_stopped) sick=excluded(maintenance) ");
}

static void test_expired_when_it_would_play(void **state)
{
    (void)state;
    struct alert *alert = submit_and_start();
    play_repetition(1, -12);
    alert->expires.ms = now().wall.ms;
    scene->log[0] = '\0';
    playout_tells(PLAYOUT_DUE, 2);
    expect("stop:1 target0:0 target1:0 ");
    playout_tells(PLAYOUT_FINISHED, 1);
    stop_line_0();
    expect("END A out=heard() out2=heard() sick=excluded(maintenance) ");
}

/* What has begun is said to its end: half a sentence helps nobody. */
static void test_expired_in_a_repetition(void **state)
{
    (void)state;
    struct alert *alert = submit_and_start();
    play(1, SEGMENT_TONE, 0, -10, 500, -20);
    alert->expires.ms = now().wall.ms;
    scene->log[0] = '\0';
    tick(1000);
    expect("");
}

/* Lines settle more than once: only what is settled after the stop ends it. */
static void test_settled_before_the_stop(void **state)
{
    (void)state;
    submit_and_start();
    line_tells(0, LINE_SETTLED);
    scene->log[0] = '\0';
    playout_tells(PLAYOUT_FINISHED, 1);
    expect("target0:0 target1:0 ");
    line_tells(0, LINE_SETTLED);
    assert_null(dispatcher_current(scene->dispatcher));
}

static void test_expired_while_arming(void **state)
{
    (void)state;
    struct alert *alert = submit((struct cap_text){0});
    playout_tells(PLAYOUT_DUE, 1);
    alert->expires.ms = now().wall.ms + 500;
    scene->log[0] = '\0';
    tick(600);
    expect("stop:1 target0:0 target1:0 ");
    playout_tells(PLAYOUT_FINISHED, 0);
    line_tells(0, LINE_SETTLED);
    expect("END A out=expired() out2=expired() sick=excluded(maintenance) ");
}

/* ---- several alerts ---- */

static void test_second_waits_and_the_higher_of_two_goes_first(void **state)
{
    (void)state;
    bool was_waiting = false;
    submit_and_start();
    submit((struct cap_text){.status = "Exercise"});
    struct alert *gone = submit((struct cap_text){.status = "Exercise"});
    struct alert *higher = submit((struct cap_text){.infos = info_xml((struct info_text){.severity = "Severe"})});
    scene->log[0] = '\0';
    tick(1000);
    expect(""); /* one programme at a time */
    assert_true(dispatcher_stop(scene->dispatcher, gone, CAUSE_STOPPED, &was_waiting, now()));
    assert_true(was_waiting);
    assert_false(dispatcher_submit(scene->dispatcher, higher, now())); /* it is there already */
    uint32_t first_session = scene->session;
    dispatcher_stop(scene->dispatcher, scene->alerts[0], CAUSE_STOPPED, &was_waiting, now());
    playout_tells(PLAYOUT_FINISHED, 1);
    scene->log[0] = '\0';
    line_tells(0, LINE_SETTLED);
    expect("END A out=cancelled() out2=cancelled() sick=excluded(maintenance) "
           "target0:2 load:2 speak:2.0:zh-CN D:preparing.1 ");
    assert_int_equal(scene->token, 43);
    assert_int_not_equal(scene->session, first_session);
    /* what is still told of the first session is not taken for the second */
    struct line_event late = {.kind = LINE_STARTED, .session = first_session};
    struct line_event late_too = {.kind = LINE_STARTS_SENT, .session = first_session, .terminal = LINE_TERMINALS_MAX};
    dispatcher_take_line_event(scene->dispatcher, 0, &late, now());
    dispatcher_take_line_event(scene->dispatcher, 0, &late_too, now());
    /* nor is what a terminal showed while nobody wanted it */
    struct line_event idle = {.kind = LINE_TROUBLE, .session = first_session, .trouble = TROUBLE_NO_REPLY};
    unsigned told = scene->deliveries_told;
    dispatcher_take_line_event(scene->dispatcher, 0, &idle, now());
    assert_int_equal(scene->deliveries_told, told);
    playout_tells(PLAYOUT_DUE, 1);
    expect("");
    dispatcher_spoken(scene->dispatcher, 1, 0, NULL, &(struct error){ERROR_IO, "late"}, now());
    dispatcher_take_playout_event(scene->dispatcher, &(struct playout_event){.kind = PLAYOUT_FINISHED, .broadcast = 1}, now());
    expect("");
}

static void test_resumed_at_its_repetition(void **state)
{
    (void)state;
    struct alert *alert = alert_of((struct cap_text){0});
    alert->ended[0] = 1;
    dispatcher_submit(scene->dispatcher, alert, now());
    expect("target0:2 load:1 speak:1.0:zh-CN A:preparing.2 ");
    assert_string_equal(scene->programme, "23e");
    playout_tells(PLAYOUT_DUE, 2);
    start_line_0();
    expect("allow:1.2 release:1 ");
}

/* ---- lines ---- */

static void test_line_down(void **state)
{
    (void)state;
    submit_and_start();
    play(1, SEGMENT_TONE, 0, -10, 500, -20);
    line_tells(0, LINE_DOWN);
    scene->deliveries_told = 0;
    tick(2900);
    assert_int_equal(scene->deliveries_told, 0);
    tick(200);
    assert_int_equal(scene->deliveries_told, 2);
    assert_int_equal(dispatcher_current(scene->dispatcher)->deliveries[0].reason, REASON_LINE_DOWN);
    tick(1000);
    assert_int_equal(scene->deliveries_told, 2); /* said once */
    line_tells(0, LINE_UP);
    assert_int_equal(scene->deliveries_told, 4);
    assert_int_equal(dispatcher_current(scene->dispatcher)->deliveries[0].end, END_NONE);
    line_tells(0, LINE_DOWN);
    tick(3100);
    playout_tells(PLAYOUT_FINISHED, 1); /* nothing can be settled on a line that is gone: it is not waited for */
    assert_non_null(strstr(scene->log, "END A out=failed(line_down) out2=failed(line_down) sick=excluded(maintenance) "));
}

static void test_line_back_too_late(void **state)
{
    (void)state;
    submit_and_start();
    line_tells(0, LINE_DOWN);
    tick(3100);
    bool was_waiting;
    dispatcher_stop(scene->dispatcher, scene->alerts[0], CAUSE_STOPPED, &was_waiting, now());
    scene->log[0] = '\0';
    line_tells(0, LINE_UP);
    line_tells(0, LINE_SETTLED);
    playout_tells(PLAYOUT_FINISHED, 1);
    expect("END A out=failed(line_down) out2=failed(line_down) sick=excluded(maintenance) ");
}

/* Lost in the last seconds, with the terminals still started: nobody may call that heard and silent. */
static void test_line_lost_at_the_end(void **state)
{
    (void)state;
    submit_and_start();
    play(1, SEGMENT_TONE, 0, -10, 500, -20);
    line_tells(0, LINE_DOWN);
    playout_tells(PLAYOUT_FINISHED, 1);
    tick(2900);
    assert_non_null(dispatcher_current(scene->dispatcher)); /* it may come back and be stopped */
    tick(200);
    assert_non_null(strstr(scene->log, "END A out=failed(line_down) out2=failed(line_down) sick=excluded(maintenance) "));
}

/* A line that is gone holds nothing back: the others, and the sound, go on. */
static void test_dead_line_holds_nothing_back(void **state)
{
    (void)state;
    line_tells(1, LINE_DOWN);
    submit((struct cap_text){.infos = info_xml((struct info_text){.code = TOWNSHIP})});
    playout_tells(PLAYOUT_DUE, 1);
    scene->log[0] = '\0';
    terminal_tells(0, 0, LINE_STARTED);
    expect("allow:1.1 ");
    line_tells(0, LINE_STARTS_SENT);
    expect("release:1 ");
}

static void test_nobody_can_be_started(void **state)
{
    (void)state;
    submit((struct cap_text){0});
    playout_tells(PLAYOUT_DUE, 1);
    scene->log[0] = '\0';
    line_tells(0, LINE_STARTS_SENT); /* none answered: there may still be ears near a loudspeaker that only cannot tell */
    expect("allow:1.1 release:1 ");
}

static void test_all_in_maintenance(void **state)
{
    (void)state;
    scene->fixture.terminals[T_OUT].maintenance = scene->fixture.terminals[T_OUT_2].maintenance = true;
    submit((struct cap_text){0});
    expect("load:1 speak:1.0:zh-CN A:preparing.1 ");
    playout_tells(PLAYOUT_DUE, 1);
    expect("allow:1.1 release:1 "); /* the channel is not held by a line that has nothing to do */
    playout_tells(PLAYOUT_FINISHED, 3);
    expect("target0:0 target1:0 END A out=excluded(maintenance) out2=excluded(maintenance) sick=excluded(maintenance) ");
}

/* At the start what a crash left sounding is looked at first, but not for ever. */
static void test_lines_are_seen_first(void **state)
{
    (void)state;
    create(41);
    line_tells(0, LINE_UP);
    line_tells(0, LINE_SWEPT);
    submit((struct cap_text){0});
    tick(1000);
    expect("");
    line_tells(1, LINE_DOWN); /* not there is seen, too */
    expect(BEGUN);
    create(41);
    submit((struct cap_text){0});
    tick(5000);
    expect("");
    tick(100);
    assert_non_null(strstr(scene->log, "B:preparing.1"));
}

/* ---- tokens ---- */

static void test_tokens_are_never_zero(void **state)
{
    (void)state;
    static const uint16_t ROWS[][2] = {{0, 1}, {1, 2}, {65534, 65535}, {65535, 1}};
    for (size_t i = 0; i < 4; i++) {
        create(ROWS[i][0]);
        assert_int_equal(scene->token_asked, ROWS[i][1]);
    }
}

static void test_token_is_reserved_before_the_first_arm(void **state)
{
    (void)state;
    scene->hold_store = true;
    create(7);
    lines_up();
    submit((struct cap_text){0});
    tick(1900);
    expect("");
    scene->token_done(scene->dispatcher, 0, 99, true); /* of another time */
    tick(50);
    expect("");
    scene->token_done(scene->dispatcher, 0, 8, true);
    tick(10);
    expect(BEGUN);
    assert_int_equal(scene->token, 8);
}

static void test_token_on_a_slow_disk(void **state)
{
    (void)state;
    scene->hold_store = true;
    create(7);
    lines_up();
    submit((struct cap_text){0});
    scene->token_done(scene->dispatcher, 0, 8, false);
    tick(2000);
    expect("");
    tick(100);
    expect("ALARM:store_slow " BEGUN);
    assert_int_equal(scene->token, 8);
}

static void test_token_that_was_not_written_is_asked_for_again(void **state)
{
    (void)state;
    scene->hold_store = true;
    create(7);
    lines_up();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(scene->token_asked, 8); /* the same one */
        scene->token_asked = 0;
        scene->token_done(scene->dispatcher, 0, 8, false);
        tick(4800);
        assert_int_equal(scene->token_asked, 0);
        tick(200);
    }
    scene->token_done(scene->dispatcher, 0, 8, true);
    scene->token_asked = 0;
    tick(20000);
    assert_int_equal(scene->token_asked, 0);
    submit((struct cap_text){0});
    expect(BEGUN); /* nobody calls the disk slow */
    assert_int_equal(scene->token, 8);
}

/* ---- voices ---- */

static void test_one_voice_fails(void **state)
{
    (void)state;
    for (uint32_t failing = 0; failing < 2; failing++) {
        create(41);
        lines_up();
        submit((struct cap_text){.infos = two_languages()});
        scene->log[0] = '\0';
        spoken(failing, false);
        spoken(1 - failing, true);
        expect(failing ? "ALARM:not_spoken B:preparing words:1.1:0 words:1.0:1000 "
                       : "ALARM:not_spoken A:preparing words:1.1:1000 words:1.0:0 ");
        assert_int_equal(json_array_size(scene->alerts[failing]->not_spoken), 1);
    }
}

static void test_all_voices_fail(void **state)
{
    (void)state;
    submit((struct cap_text){.infos = two_languages()});
    spoken(0, false);
    scene->log[0] = '\0';
    spoken(1, false);
    expect("ALARM:not_spoken A:preparing words:1.1:0 ALARM:no_words recording:1:danger ");
    spoken(0, true);
    expect("words:1.0:1000 ");
}

static void test_recording_fails_too(void **state)
{
    (void)state;
    submit((struct cap_text){.infos = info_xml((struct info_text){.language = "pt", .headline = "h"})});
    expect("target0:2 load:1 ALARM:no_words recording:1:danger A:preparing.1 ");
    spoken(0, false);
    expect("ALARM:not_spoken A:preparing words:1.0:0 ");
}

/* No recording tells anybody to leave in a drill, nor when the danger is past; in a drill of an all-clear neither. */
static void test_recording_of_what_is_no_danger(void **state)
{
    (void)state;
    const struct info_text past = {.language = "pt", .headline = "h", .more = "<responseType>AllClear</responseType>"};
    submit((struct cap_text){.status = "Exercise", .infos = info_xml((struct info_text){.language = "pt", .headline = "h"})});
    expect("target0:2 load:1 ALARM:no_words recording:1:drill A:preparing.1 ");
    create(41);
    lines_up();
    submit((struct cap_text){.infos = info_xml(past)});
    expect("target0:2 load:1 ALARM:no_words recording:1:all_clear B:preparing.1 ");
    create(41);
    lines_up();
    submit((struct cap_text){.status = "Exercise", .infos = info_xml(past)});
    expect("target0:2 load:1 ALARM:no_words recording:1:drill C:preparing.1 ");
}

/* What a voice left out of a language is told; the rest of it is played. */
static void test_skipped_sentence(void **state)
{
    (void)state;
    int16_t frames[8] = {0};
    struct speech speech = {.frames = frames, .n_frames = 8, .rate = 8000, .mean_level = -16, .skipped = "sentence 2: why"};
    struct alert *alert = submit((struct cap_text){0});
    scene->log[0] = '\0';
    dispatcher_spoken(scene->dispatcher, 1, 0, &speech, &(struct error){0}, now());
    expect("words:1.0:8 ALARM:not_spoken A:preparing ");
    const json_t *told = json_array_get(alert->not_spoken, 0);
    assert_string_equal(json_string_value(json_object_get(told, "language")), "zh-CN");
    assert_string_equal(json_string_value(json_object_get(told, "reason")), "sentence 2: why");
}

#define RECORDING "<resource><resourceDesc>r</resourceDesc><mimeType>audio/mpeg</mimeType><derefUri>eA==</derefUri></resource>"

/* A block's own recording is played in place of its text, between the same sentences as a text stands. */
static void test_own_recording(void **state)
{
    (void)state;
    static const struct {
        struct info_text info;
        const char *status, *asked;
    } ROWS[] = {
        {{.more = RECORDING}, NULL, "play:1.0:zh-CN[*]洪水来了 "},
        {{.more = "<responseType>AllClear</responseType>" RECORDING}, NULL, "play:1.0:zh-CN[解除通知。*]解除通知。洪水来了 "},
        {{.more = RECORDING},
         "Exercise",
         "play:1.0:zh-CN[演习，演习，这是演习，没有险情！*这是演习。]F演习，演习，这是演习，没有险情！洪水来了这是演习。 "
         "speak:1.4:zh-CN "},
        {{.more = "<responseType>AllClear</responseType>" RECORDING, .language = "en", .headline = "Go home."},
         "Exercise",
         "play:1.0:en[Drill, drill, this is a drill, there is no danger! All clear.*This is a drill.]FDrill, drill, this is "
         "a "
         "drill, there is no danger! All clear. Go home. This is a drill. speak:1.4:en "},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        char log[512];
        create(41);
        lines_up();
        scene->log[0] = '\0';
        snprintf(log, sizeof log, "target0:2 load:1 %s%c:preparing.1 ", ROWS[i].asked, (char)('A' + i));
        submit((struct cap_text){.status = ROWS[i].status, .infos = info_xml(ROWS[i].info)});
        expect(log);
    }
}

/* It is played where no voice speaks its language, and without any text. */
static void test_own_recording_alone(void **state)
{
    (void)state;
    struct alert *alert = submit(
        (struct cap_text){.infos = info_xml((struct info_text){.more = RECORDING, .language = "bo-CN", .headline = ""})});
    expect("target0:2 load:1 play:1.0:bo-CN[*] A:preparing.1 ");
    assert_int_equal(json_array_size(alert->not_spoken), 0);
    spoken(0, false);
    expect("ALARM:not_spoken A:preparing ALARM:no_words recording:1:danger "); /* no tone without words */
}

/* Its length is told, and why its text was spoken instead; once, however often the programme returns. */
static void test_own_recording_is_told_of(void **state)
{
    (void)state;
    int16_t frames[8] = {0};
    struct speech cut = {.frames = frames, .n_frames = 8, .rate = 8000, .mean_level = -16, .shortened = true};
    struct speech instead = {.frames = frames, .n_frames = 8, .rate = 8000, .mean_level = -16, .skipped = "recording: why"};
    struct alert *alert = submit((struct cap_text){.infos = info_xml((struct info_text){.more = RECORDING})});
    scene->log[0] = '\0';
    dispatcher_spoken(scene->dispatcher, 1, 0, &cut, &(struct error){0}, now());
    expect("words:1.0:8 A:preparing ");
    json_t *shown = alert_to_json(alert, &scene->fixture.config);
    const json_t *words = json_array_get(json_object_get(shown, "words"), 0);
    assert_true(json_is_true(json_object_get(words, "shortened")) && json_is_true(json_object_get(words, "recording")));
    json_decref(shown);
    assert_true(dispatcher_current(scene->dispatcher)->speech_mean == -16);
    assert_int_equal(dispatcher_current(scene->dispatcher)->words_ms[0], 1);
    for (int turn = 0; turn < 2; turn++) {
        dispatcher_spoken(scene->dispatcher, 1, 0, &instead, &(struct error){0}, now());
        expect(turn == 0 ? "words:1.0:8 ALARM:not_spoken A:preparing " : "words:1.0:8 ");
        assert_int_equal(json_array_size(alert->not_spoken), 1);
    }
}

/* The closing of a drill: in each language, once, in their order, whoever is ready first. */
static void test_drill_closing(void **state)
{
    (void)state;
    submit((struct cap_text){.status = "Exercise", .infos = two_languages()});
    expect("target0:2 load:1 speak:1.0:zh-CN speak:1.1:en speak:1.4:zh-CN speak:1.5:en A:preparing.1 ");
    assert_string_equal(scene->programme, "123ce");
    spoken(5, true);
    expect("");
    spoken(4, true);
    expect("words:1.4:6000 "); /* with half a second between them */
    create(41);
    lines_up();
    submit((struct cap_text){.status = "Exercise", .infos = two_languages()});
    scene->log[0] = '\0';
    spoken(4, false);
    spoken(5, true);
    expect("words:1.4:1000 ");
}

/* ---- stored messages ---- */

/* Nobody hears the alert's own recording where terminals play theirs: without a text they have half a minute. */
static void test_no_output_and_a_recording(void **state)
{
    (void)state;
    create_on(1, 41);
    line_tells(2, LINE_UP);
    line_tells(2, LINE_SWEPT);
    submit((struct cap_text){.infos = info_xml((struct info_text){.code = TOWNSHIP, .headline = "", .more = RECORDING})});
    expect("target2:1 load:1 words:1.0:240000 A:preparing.1 ");
}

/* A whole run where terminals play by themselves: no voice, nothing held open, one repetition as planned. */
static void test_no_output(void **state)
{
    (void)state;
    scene->fixture.config.repetitions = 1;
    create_on(1, 41);
    line_tells(2, LINE_UP);
    line_tells(2, LINE_SWEPT);
    submit((struct cap_text){.infos = info_xml((struct info_text){.code = TOWNSHIP, .headline = "洪水洪水洪水洪水洪"})});
    expect("target2:1 load:1 words:1.0:20000 A:preparing.1 "); /* 9 characters take 2.5 s */
    playout_tells(PLAYOUT_DUE, 1);
    for (int kind = LINE_SENT; kind <= LINE_STARTED; kind++)
        terminal_tells(2, 0, (enum line_event_kind)kind);
    line_tells(2, LINE_STARTS_SENT);
    scene->log[0] = '\0';
    play(1, SEGMENT_TONE, 0, -10, 1000, NAN);
    terminal_reads(2, 0, -20);
    play(1, SEGMENT_SILENCE, 0, -120, 1500, NAN);
    play(1, SEGMENT_WORDS, 0, -120, 2500, NAN);
    playout_tells(PLAYOUT_ENDED, 1);
    play(1, SEGMENT_END_TONE, 0, -10, 500, NAN);
    expect("A:sounding at:1.tone at:1.silence at:1.words A:sounding at:1.end_tone ");
    playout_tells(PLAYOUT_FINISHED, 1);
    scene->log[0] = '\0';
    line_tells(2, LINE_SETTLED);
    expect("END A box=sounded(no_level) ");
}

/* Words that no voice speaks need none here; the shipped recording would not be heard either. */
static void test_no_output_and_no_words(void **state)
{
    (void)state;
    strcpy(scene->fixture.messages[0].language, "bo");
    create_on(1, 41);
    line_tells(2, LINE_UP);
    line_tells(2, LINE_SWEPT);
    submit((struct cap_text){.infos = info_xml((struct info_text){.code = TOWNSHIP, .language = "bo-CN"})});
    expect("target2:1 load:1 words:1.0:240000 A:preparing.1 ");
}

/* Nobody has a message for it, and nothing sounds: the next one need not wait. */
static void test_no_message_does_not_hold_the_channel(void **state)
{
    (void)state;
    create_on(1, 41);
    line_tells(2, LINE_UP);
    line_tells(2, LINE_SWEPT);
    submit((struct cap_text){.infos = info_xml((struct info_text){.code = TOWNSHIP, .language = "en"})});
    expect("A:preparing.1 target2:0 ");
    tick(100);
    expect("END A box=failed(no_message) ");
}

/* ---- all-clear ---- */

static void test_all_clear_has_its_own_tone(void **state)
{
    (void)state;
    char infos[8192];
    scene->fixture.hazards[HAZARD_FLOOD].tone = TONE_WAIL;
    submit((struct cap_text){0});
    assert_string_equal(scene->tone, "wail");
    create(41);
    lines_up();
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.urgency = "Unknown"}),
             info_xml((struct info_text){.language = "en", .more = ALL_CLEAR}));
    submit((struct cap_text){.infos = infos});
    assert_string_equal(scene->tone, "all_clear");
    create(41);
    lines_up();
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.more = ALL_CLEAR}),
             info_xml((struct info_text){.language = "en"}));
    submit((struct cap_text){.infos = infos}); /* one part still warns */
    assert_string_equal(scene->tone, "wail");
}

/* ---- the card ---- */

static void test_card_lost_and_back(void **state)
{
    (void)state;
    playout_tells(PLAYOUT_READY, 0);
    expect("");
    submit_and_start();
    scene->log[0] = '\0';
    playout_tells(PLAYOUT_LOST, 0);
    assert_true(dispatcher_output_lost(scene->dispatcher));
    playout_tells(PLAYOUT_READY, 0);
    assert_false(dispatcher_output_lost(scene->dispatcher));
    playout_tells(PLAYOUT_UNDERRUN, 1);
    expect("ALARM:output_lost ALARM:output_back ALARM:underrun ");
    for (int i = 0; i < 100; i++) { /* a loose plug */
        playout_tells(PLAYOUT_LOST, 0);
        playout_tells(PLAYOUT_READY, 0);
    }
    expect("");
    playout_tells(PLAYOUT_LOST, 0);
    tick(61000);
    assert_non_null(strstr(scene->log, "ALARM:output_lost "));
    assert_null(strstr(strstr(scene->log, "ALARM:output_lost ") + 1, "ALARM:output"));
}

static void test_programme_cannot_be_made(void **state)
{
    (void)state;
    scene->fixture.channels[0].playout.rate = 1;
    submit((struct cap_text){0});
    expect("target0:2 ALARM:no_audio speak:1.0:zh-CN A:preparing.1 target0:0 target1:0 ");
    line_tells(0, LINE_SETTLED); /* what can never sound does not hold the channel */
    expect("END A out=failed(no_reply) out2=failed(no_reply) sick=excluded(maintenance) ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_from_submit_to_end),
        TEST(test_sound_waits_for_all),
        TEST(test_next_repetition_only_after_its_record),
        TEST(test_store_slow),
        TEST(test_store_failed),
        TEST(test_record_of_another),
        TEST(test_reading_follows_the_programme),
        TEST(test_played_and_not_sampled),
        TEST(test_pause_is_not_told),
        TEST(test_extension),
        TEST(test_extension_counts_the_words),
        TEST(test_extension_in_the_last_language),
        TEST(test_sampled_is_not_extended),
        TEST(test_sampled_in_the_only_repetition),
        TEST(test_extension_comes_in_time),
        TEST(test_extension_without_the_last_language),
        TEST(test_waits_for_words),
        TEST(test_words_in_time_need_no_more),
        TEST(test_stop),
        TEST(test_stop_before_the_sound),
        TEST(test_not_stopped),
        TEST(test_expired_when_it_would_play),
        TEST(test_expired_in_a_repetition),
        TEST(test_settled_before_the_stop),
        TEST(test_expired_while_arming),
        TEST(test_second_waits_and_the_higher_of_two_goes_first),
        TEST(test_resumed_at_its_repetition),
        TEST(test_line_down),
        TEST(test_line_lost_at_the_end),
        TEST(test_line_back_too_late),
        TEST(test_dead_line_holds_nothing_back),
        TEST(test_nobody_can_be_started),
        TEST(test_all_in_maintenance),
        TEST(test_lines_are_seen_first),
        TEST(test_tokens_are_never_zero),
        TEST(test_token_is_reserved_before_the_first_arm),
        TEST(test_token_on_a_slow_disk),
        TEST(test_token_that_was_not_written_is_asked_for_again),
        TEST(test_one_voice_fails),
        TEST(test_all_voices_fail),
        TEST(test_recording_fails_too),
        TEST(test_recording_of_what_is_no_danger),
        TEST(test_skipped_sentence),
        TEST(test_own_recording),
        TEST(test_own_recording_alone),
        TEST(test_own_recording_is_told_of),
        TEST(test_drill_closing),
        TEST(test_no_output),
        TEST(test_no_output_and_no_words),
        TEST(test_no_output_and_a_recording),
        TEST(test_no_message_does_not_hold_the_channel),
        TEST(test_all_clear_has_its_own_tone),
        TEST(test_card_lost_and_back),
        TEST(test_programme_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
