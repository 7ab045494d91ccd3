/* One channel: who gives its place to whom, when, and who goes on. */
#include "tests/controller/dispatcher_scene.h"

#define ORANGE info_xml((struct info_text){.severity = "Severe"})
#define OTHER_VILLAGE info_xml((struct info_text){.event = "landslide", .code = VILLAGE_2})
#define SLIDE info_xml((struct info_text){.event = "landslide"})

/* A is in its first words, with both terminals of line 0 started. */
static struct alert *sounding(struct cap_text cap)
{
    struct alert *alert = submit(cap);
    playout_tells(PLAYOUT_DUE, 1);
    spoken(0, true);
    start_line_0();
    play(1, SEGMENT_TONE, 0, -10, 1000, -20);
    play(1, SEGMENT_SILENCE, 0, -120, 1500, -60);
    play(1, SEGMENT_WORDS, 0, -15, 1000, -12);
    scene->log[0] = '\0';
    return alert;
}

/* From its load to its end, with nothing to arm. */
static void play_out(void)
{
    playout_tells(PLAYOUT_DUE, 1);
    spoken(0, true);
    line_tells(0, LINE_STARTS_SENT);
    for (uint32_t k = 1; k <= 3; k++) {
        play_repetition(k, -12);
        if (k < 3)
            playout_tells(PLAYOUT_DUE, k + 1);
    }
    playout_tells(PLAYOUT_FINISHED, 3);
    scene->log[0] = '\0';
    stop_line_0();
}

static void a_higher_one_sounds_at_once_and_the_other_goes_on_after_it(void **state)
{
    (void)state;
    struct alert *lower = sounding((struct cap_text){.infos = ORANGE});
    uint32_t session = scene->session;
    struct alert *higher = submit((struct cap_text){0});
    expect("target0:2 load:2 speak:2.0:zh-CN B:preparing.1 A:queued ");
    assert_string_equal(lower->reason, "gave way to B, and goes on after it");
    assert_int_equal(scene->token, 42); /* of the same session: who is started needs no frame */
    assert_int_not_equal(scene->session, session);
    playout_tells(PLAYOUT_DUE, 1);
    expect("allow:2.1 "); /* both are started already */
    spoken(0, true);
    line_tells(0, LINE_STARTS_SENT);
    expect("words:2.0:1000 release:2 ");
    for (uint32_t k = 1; k <= 3; k++) {
        play_repetition(k, -12);
        if (k < 3)
            playout_tells(PLAYOUT_DUE, k + 1);
    }
    playout_tells(PLAYOUT_FINISHED, 3);
    scene->log[0] = '\0';
    stop_line_0();
    expect("END B out=heard() out2=heard() sick=excluded(maintenance) target0:2 load:3 speak:3.0:zh-CN A:preparing.1 ");
    assert_string_equal(scene->programme, "123e"); /* from the beginning of what was cut */
    assert_string_equal(lower->reason, "");
    assert_int_equal(scene->token, 43);
    assert_int_equal(higher->ended[0], 3);
    start_line_0();
    play_out();
    expect("END A out=heard() out2=heard() sick=excluded(maintenance) ");
    assert_null(dispatcher_current(scene->dispatcher));
}

static void a_repetition_that_was_played_is_not_played_again(void **state)
{
    (void)state;
    submit((struct cap_text){.infos = ORANGE});
    playout_tells(PLAYOUT_DUE, 1);
    spoken(0, true);
    start_line_0();
    play_repetition(1, -12);
    playout_tells(PLAYOUT_DUE, 2);
    play(2, SEGMENT_TONE, 0, -10, 1000, -20);
    submit((struct cap_text){0});
    play_out();
    assert_non_null(strstr(scene->log, "A:preparing.2 "));
    assert_string_equal(scene->programme, "23e");
}

static void the_words_wait_for_the_stop_of_those_not_meant(void **state)
{
    (void)state;
    for (int answers = 0; answers <= 2; answers++) {
        create(7);
        lines_up();
        scene->n_alerts = 0;
        sounding((struct cap_text){0});
        submit((struct cap_text){.infos = OTHER_VILLAGE});
        expect("target0:0 target1:2 load:2 speak:2.0:zh-CN B:preparing.1 A:queued ");
        playout_tells(PLAYOUT_DUE, 1);
        expect("");
        terminal_tells(1, 0, LINE_STARTED);
        expect("allow:2.1 "); /* the tone does not wait */
        line_tells(1, LINE_STARTS_SENT);
        for (int i = 0; i < answers; i++)
            terminal_tells(0, (uint16_t)i, LINE_STOPPED);
        expect(answers == 2 ? "release:2 " : "");
        tick(2000);
        expect(answers == 2 ? "" : "ALARM:not_stopped release:2 ");
        for (size_t i = 0; i < scene->n_alerts; i++) {
            bool waited;
            dispatcher_stop(scene->dispatcher, scene->alerts[i], CAUSE_STOPPED, &waited, now());
        }
        dispatcher_free(scene->dispatcher);
        scene->dispatcher = NULL;
        for (size_t i = 0; i < scene->n_alerts; i++)
            alert_free(scene->alerts[i]);
        scene->n_alerts = 0;
        scene->log[0] = '\0';
    }
}

static void who_comes_back_while_leaving_is_not_waited_for(void **state)
{
    (void)state;
    sounding((struct cap_text){.infos = ORANGE});
    submit((struct cap_text){.infos = info_xml((struct info_text){.code = VILLAGE_2})});
    playout_tells(PLAYOUT_DUE, 1);
    scene->log[0] = '\0';
    submit((struct cap_text){.infos = SLIDE});
    expect("target0:2 target1:0 load:3 speak:3.0:zh-CN C:preparing.1 B:queued ");
    playout_tells(PLAYOUT_DUE, 1);
    start_line_0();
    expect("allow:3.1 release:3 ");
}

static void a_recording_that_cuts_off_a_drill_begins_with_it_too(void **state)
{
    (void)state;
    sounding((struct cap_text){.status = "Exercise"});
    submit((struct cap_text){
        .infos = info_xml((struct info_text){.more = "<resource><resourceDesc>r</resourceDesc><mimeType>audio/wav</mimeType>"
                                                     "<derefUri>eA==</derefUri></resource>"})});
    expect("target0:2 load:2 play:2.0:zh-CN[演习停止！下面是真的！*]演习停止！下面是真的！洪水来了 B:preparing.1 END A "
           "out=heard() "
           "out2=heard() sick=excluded(maintenance) ");
}

static void a_drill_is_cut_off_for_good_and_the_words_say_so(void **state)
{
    (void)state;
    struct alert *drill = sounding((struct cap_text){.status = "Exercise"});
    submit((struct cap_text){.infos = info_xml((struct info_text){.severity = "Minor"})});
    expect("target0:2 load:2 speak:2.0:zh-CN! B:preparing.1 END A out=heard() out2=heard() sick=excluded(maintenance) ");
    assert_string_equal(drill->reason, "cut off by the actual alert B");
    play_out();
    expect("END B out=heard() out2=heard() sick=excluded(maintenance) ");
    assert_null(dispatcher_current(scene->dispatcher));
}

static void an_actual_one_is_not_cut_off_and_says_nothing_of_drills(void **state)
{
    (void)state;
    sounding((struct cap_text){0});
    submit((struct cap_text){.status = "Exercise", .infos = SLIDE});
    tick(500);
    expect("");
    submit((struct cap_text){.infos = ORANGE});
    tick(500);
    expect("");
}

static void equals_take_turns_by_repetition(void **state)
{
    (void)state;
    sounding((struct cap_text){0});
    submit((struct cap_text){0});
    playout_tells(PLAYOUT_DUE, 2);
    tick(3000);
    expect(""); /* it is not its turn, and no disk is blamed */
    playout_tells(PLAYOUT_ENDED, 1);
    expect("A:sounding target0:2 load:2 speak:2.0:zh-CN B:preparing.1 A:queued ");
    playout_tells(PLAYOUT_DUE, 1);
    line_tells(0, LINE_STARTS_SENT);
    play_repetition(1, -12);
    scene->log[0] = '\0';
    playout_tells(PLAYOUT_DUE, 2);
    expect("target0:2 load:3 speak:3.0:zh-CN A:preparing.2 B:queued ");
    assert_string_equal(scene->programme, "23e");
}

static void whose_equal_is_withdrawn_goes_on_without_a_break(void **state)
{
    (void)state;
    bool waited = false;
    sounding((struct cap_text){0});
    struct alert *equal = submit((struct cap_text){0});
    playout_tells(PLAYOUT_DUE, 2);
    expect("");
    assert_true(dispatcher_stop(scene->dispatcher, equal, CAUSE_STOPPED, &waited, now()));
    assert_true(waited);
    tick(100);
    expect("A:sounding.2 allow:1.2 ");
}

/* Who must stop and does not answer may not keep a higher one waiting. */
static void one_that_is_being_stopped_gives_way_to_a_higher_one_only(void **state)
{
    (void)state;
    bool waited;
    struct alert *lower = sounding((struct cap_text){.infos = ORANGE});
    dispatcher_stop(scene->dispatcher, lower, CAUSE_STOPPED, &waited, now());
    scene->log[0] = '\0';
    struct alert *equal = submit((struct cap_text){.infos = ORANGE});
    tick(1000);
    expect("");
    dispatcher_stop(scene->dispatcher, equal, CAUSE_STOPPED, &waited, now());
    submit((struct cap_text){0});
    expect("target0:2 load:2 speak:2.0:zh-CN C:preparing.1 END A out=heard() out2=heard() sick=excluded(maintenance) ");
    playout_tells(PLAYOUT_DUE, 1);
    expect(""); /* whoever was stopped is to be started again */
    start_line_0();
    expect("allow:2.1 release:2 ");
}

static void what_a_terminal_lacked_is_lacking_for_the_next_too(void **state)
{
    (void)state;
    sounding((struct cap_text){.infos = ORANGE});
    line_event(0, (struct line_event){.kind = LINE_TROUBLE, .terminal = 1, .trouble = TROUBLE_NO_REPLY});
    submit((struct cap_text){0}); /* the line does not say it again */
    const struct broadcast *next = dispatcher_current(scene->dispatcher);
    assert_int_equal(next->deliveries[0].rung, RUNG_ARMED);
    assert_int_equal(next->deliveries[0].trouble, REASON_NONE);
    assert_int_equal(next->deliveries[1].trouble, REASON_NO_REPLY);
    assert_false(next->deliveries[0].has_level); /* what was heard was the other's */
}

/* Repetitions that are only added for the sake of proof are not taken up again. */
static void one_that_has_played_all_of_its_own_ends(void **state)
{
    (void)state;
    submit((struct cap_text){.infos = ORANGE});
    playout_tells(PLAYOUT_DUE, 1);
    spoken(0, true);
    start_line_0();
    for (uint32_t k = 1; k <= 3; k++) {
        play_repetition(k, NAN);
        playout_tells(PLAYOUT_DUE, k + 1);
    }
    scene->log[0] = '\0';
    submit((struct cap_text){0});
    expect("target0:2 load:2 speak:2.0:zh-CN B:preparing.1 END A out=sounded(not_sampled) out2=sounded(not_sampled) "
           "sick=excluded(maintenance) ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_higher_one_sounds_at_once_and_the_other_goes_on_after_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_repetition_that_was_played_is_not_played_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_words_wait_for_the_stop_of_those_not_meant, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_comes_back_while_leaving_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_drill_is_cut_off_for_good_and_the_words_say_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_recording_that_cuts_off_a_drill_begins_with_it_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_actual_one_is_not_cut_off_and_says_nothing_of_drills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equals_take_turns_by_repetition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whose_equal_is_withdrawn_goes_on_without_a_break, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_being_stopped_gives_way_to_a_higher_one_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_terminal_lacked_is_lacking_for_the_next_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_has_played_all_of_its_own_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
