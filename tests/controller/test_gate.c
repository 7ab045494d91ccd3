/* What a source may send, what waits for a second person, and what for the morning. */
#include "controller/gate.h"

#include "tests/controller/site_fixture.h"

/* The messages are sent at 03:20 of the site's time, and judged ten seconds later. */
struct judged {
    struct fixture fixture;
    struct config *config;
    struct config_source *source;
    struct config_passage rows[2];
    struct gate_terms terms;
};

static int set_up(void **state)
{
    struct judged *j = calloc(1, sizeof *j);
    j->config = fixture_init(&j->fixture);
    j->config->n_sources = 1;
    j->source = &j->config->sources[0];
    *j->source = (struct config_source){.id = "county", .sender = "county", .exercise = true};
    j->terms = (struct gate_terms){j->config, {fixture_sent().ms + 10000}, true};
    *state = j;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* Of an alert; NULL or false where the usual will do: actual, Immediate, Extreme, of a flood. */
struct kind {
    const char *status, *urgency, *severity, *event, *more;
    bool follows, approved, released, begun, later;
};

static struct alert *make(const struct judged *j, struct kind kind)
{
    const char *info = info_xml(
        (struct info_text){.urgency = kind.urgency, .severity = kind.severity, .event = kind.event, .more = kind.more});
    struct alert *alert = fixture_alert(j->config, "a", (struct cap_text){.status = kind.status, .infos = info});
    alert->follows = kind.follows;
    alert->all_clear |= kind.urgency && strcmp(kind.urgency, "Past") == 0; /* as intake says it of an Update */
    text_copy(alert->approved.by, sizeof alert->approved.by, kind.approved ? "uid:2" : "");
    text_copy(alert->released.by, sizeof alert->released.by, kind.released ? "uid:2" : "");
    alert->begun.ms = kind.begun ? 1 : 0;
    alert->effective.ms = kind.later ? j->terms.now.ms + 1 : 0;
    return alert;
}

static enum alert_hold hold_of(const struct judged *j, struct kind kind)
{
    struct alert *alert = make(j, kind);
    struct gate_hold hold = gate_judge(&j->terms, alert);
    assert_int_equal(hold.until.ms != 0, hold.what == HOLD_NIGHT);
    alert_free(alert);
    return hold.what;
}

/* "" where it is admitted. */
static const char *refused(const struct judged *j, struct kind kind, uint32_t recent)
{
    static struct refusal refusal;
    refusal = (struct refusal){0};
    struct alert *alert = make(j, kind);
    bool admitted = gate_admits(j->config, alert, recent, &refusal);
    assert_int_equal(admitted, !*refusal.code);
    if (*refusal.code)
        assert_non_null(strstr(refusal.message, "source county"));
    alert_free(alert);
    return refusal.code;
}

static const struct kind IMMEDIATE = {0}, EXPECTED = {.urgency = "Expected"}, CLEAR = {.urgency = "Past"},
                         DRILL = {.status = "Exercise"};

/* ---- what a source may send ---- */

static void test_no_setting_limits_nothing(void **state)
{
    const struct judged *j = *state;
    assert_string_equal(refused(j, EXPECTED, 1000000), "");
    assert_string_equal(refused(j, DRILL, 1000000), "");
    assert_int_equal(hold_of(j, EXPECTED), HOLD_NONE);
}

static void test_hazards(void **state)
{
    struct judged *j = *state;
    j->source->n_hazards = 1;
    j->source->hazards[HAZARD_FLOOD] = true;
    assert_string_equal(refused(j, IMMEDIATE, 0), "");
    assert_string_equal(refused(j, (struct kind){.event = "Landslide"}, 0), "not_permitted_hazard");
    assert_string_equal(refused(j, (struct kind){.event = "Landslide", .follows = true}, 0), "not_permitted_hazard");
}

/* The level of an all-clear is nothing that anybody fears. */
static void test_levels(void **state)
{
    struct judged *j = *state;
    j->source->n_levels = 1;
    j->source->levels[LEVEL_ORANGE] = true;
    assert_string_equal(refused(j, (struct kind){.severity = "Severe"}, 0), "");
    assert_string_equal(refused(j, IMMEDIATE, 0), "not_permitted_level");
    assert_string_equal(refused(j, CLEAR, 0), "");
}

static void test_drills(void **state)
{
    struct judged *j = *state;
    j->source->exercise = false;
    assert_string_equal(refused(j, DRILL, 0), "not_permitted_exercise");
    assert_string_equal(refused(j, IMMEDIATE, 0), "");
}

static void test_terminals(void **state)
{
    struct judged *j = *state;
    struct refusal refusal;
    struct alert *alert = make(j, IMMEDIATE);
    assert_int_equal(alert->n_terminals, 3);
    j->source->most_terminals = 3;
    assert_true(gate_admits(j->config, alert, 0, &refusal));
    j->source->most_terminals = 2;
    assert_false(gate_admits(j->config, alert, 0, &refusal));
    assert_string_equal(refusal.code, "too_many_terminals");
    assert_non_null(strstr(refusal.message, "it means 3 terminals"));
    assert_non_null(strstr(refusal.message, "may address 2 "));
    alert_free(alert);
}

static void test_rate(void **state)
{
    struct judged *j = *state;
    static const struct {
        struct kind kind;
        const char *code;
        bool beyond;
    } OF[] = {
        {{.urgency = "Expected"}, "too_many_alerts", false},
        {{.status = "Exercise"}, "too_many_alerts", false}, /* an Immediate drill can wait */
        {{0}, "", true},                                    /* Immediate never waits, and is not refused for this */
        {{.urgency = "Expected", .follows = true}, "", false},
        {{.urgency = "Past"}, "", false},
    };
    j->source->per_hour = 3;
    for (size_t i = 0; i < sizeof OF / sizeof *OF; i++) {
        assert_string_equal(refused(j, OF[i].kind, 2), "");
        assert_string_equal(refused(j, OF[i].kind, 3), OF[i].code);
        struct alert *alert = make(j, OF[i].kind);
        assert_int_equal(gate_beyond_rate(j->config, alert, 3), OF[i].beyond);
        assert_false(gate_beyond_rate(j->config, alert, 2));
        alert_free(alert);
    }
}

static void test_what_does_not_sound_passes(void **state)
{
    struct judged *j = *state;
    j->source->exercise = false;
    j->source->approve = true;
    struct alert *alert = fixture_alert(j->config, "c", (struct cap_text){.status = "Exercise", .msg_type = "Cancel"});
    struct refusal refusal;
    assert_true(gate_admits(j->config, alert, 9, &refusal));
    assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_NONE);
    assert_false(gate_owes_signature(j->config, alert));
    alert_free(alert);
}

/* ---- the second person ---- */

static void test_approval(void **state)
{
    struct judged *j = *state;
    static const struct {
        struct kind kind;
        enum alert_hold hold;
        bool owes;
    } OF[] = {
        {{0}, HOLD_NONE, true}, /* rule 14 */
        {{.urgency = "Expected"}, HOLD_APPROVAL, false},
        {{.urgency = "Unknown"}, HOLD_APPROVAL, false},
        {{.urgency = "Expected", .later = true}, HOLD_APPROVAL, false}, /* asked for at once */
        {{.urgency = "Expected", .approved = true}, HOLD_NONE, false},
        {{.urgency = "Expected", .released = true}, HOLD_APPROVAL, false}, /* from the night only */
        {{.urgency = "Expected", .begun = true}, HOLD_NONE, false},
        {{.urgency = "Expected", .follows = true}, HOLD_NONE, true}, /* perhaps a correction */
        {{.urgency = "Past", .follows = true}, HOLD_APPROVAL, false},
        {{.status = "Exercise"}, HOLD_APPROVAL, false},
        {{.approved = true}, HOLD_NONE, false},
    };
    for (size_t i = 0; i < sizeof OF / sizeof *OF; i++) {
        struct alert *alert = make(j, OF[i].kind);
        j->source->approve = true;
        assert_int_equal(gate_judge(&j->terms, alert).what, OF[i].hold);
        assert_int_equal(gate_owes_signature(j->config, alert), OF[i].owes);
        j->source->approve = false;
        assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_NONE);
        assert_false(gate_owes_signature(j->config, alert));
        alert_free(alert);
    }
}

/* The all-clear for a flash flood that an officer gives here has the flood's urgency. */
static void test_an_all_clear_can_wait(void **state)
{
    struct judged *j = *state;
    struct alert *alert = make(j, (struct kind){.more = ALL_CLEAR, .follows = true});
    j->source->approve = true;
    assert_true(alert->all_clear);
    assert_int_equal(alert->urgency, URGENCY_IMMEDIATE);
    assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_APPROVAL);
    assert_false(gate_owes_signature(j->config, alert));
    alert_free(alert);
}

static void set_night(struct judged *j, int from_minute, int until_minute)
{
    j->config->night = (struct config_night){.from = "x", .from_minute = from_minute, .until_minute = until_minute};
}

/* Also one that says that there is no danger: it takes back what is wrong. */
static void test_a_correction_cannot_wait(void **state)
{
    struct judged *j = *state;
    struct alert_form form = {.kind = FORM_CORRECTION};
    struct alert *alert = make(j, (struct kind){.urgency = "Past", .follows = true});
    j->source->approve = true;
    set_night(j, 22 * 60, 6 * 60);
    assert_true(alert->all_clear);
    assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_APPROVAL);
    alert->message->form = &form;
    assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_NONE);
    assert_true(gate_owes_signature(j->config, alert));
    form.kind = FORM_ALL_CLEAR;
    assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_APPROVAL);
    alert->message->form = NULL;
    alert_free(alert);
}

/* ---- the night ---- */

/* Row 0: orange floods. Row 1: whatever asks to prepare, at any level. */
static void set_passage(struct judged *j)
{
    j->rows[0] = (struct config_passage){.hazard = HAZARD_FLOOD, .levels = {[LEVEL_ORANGE] = true}};
    j->rows[1] = (struct config_passage){.hazard = -1, .n_actions = 1, .actions = {"Prepare"}};
    memset(j->rows[1].levels, true, sizeof j->rows[1].levels);
    j->config->night.passage = j->rows;
    j->config->night.n_passage = 2;
}

static void test_passage(void **state)
{
    struct judged *j = *state;
    static const struct {
        struct kind kind;
        enum alert_hold hold;
    } OF[] = {
        {{0}, HOLD_NONE}, /* Immediate */
        {{.urgency = "Expected"}, HOLD_NIGHT},
        {{.urgency = "Expected", .severity = "Severe"}, HOLD_NONE}, /* row 0 */
        {{.urgency = "Expected", .severity = "Severe", .event = "Landslide"}, HOLD_NIGHT},
        {{.urgency = "Expected", .event = "storm"}, HOLD_NIGHT},
        {{.urgency = "Expected", .follows = true}, HOLD_NONE},
        {{.urgency = "Past", .follows = true}, HOLD_NONE},
        {{.urgency = "Past"}, HOLD_NIGHT}, /* of what nobody has heard */
        {{.urgency = "Expected", .released = true}, HOLD_NONE},
        {{.urgency = "Expected", .begun = true}, HOLD_NONE},
        {{.urgency = "Expected", .later = true}, HOLD_NONE}, /* judged when its time has come */
        {{.status = "Exercise"}, HOLD_NIGHT},
        {{.status = "Exercise", .severity = "Severe"}, HOLD_NIGHT}, /* the table is for what is real */
        {{.status = "Exercise", .follows = true}, HOLD_NONE},
    };
    set_night(j, 22 * 60, 6 * 60);
    set_passage(j);
    for (size_t i = 0; i < sizeof OF / sizeof *OF; i++)
        if (hold_of(j, OF[i].kind) != OF[i].hold)
            fail_msg("row %zu", i);
}

/* CAP has responseType before urgency; here it is put into the message. */
static enum alert_hold hold_asking(const struct judged *j, struct kind kind, const char *action)
{
    struct alert *alert = make(j, kind);
    char text[16], *actions[] = {text};
    text_copy(text, sizeof text, action);
    struct alert_info *info = &alert->message->infos[0];
    assert_int_equal(info->n_response_types, 0);
    info->response_types = actions;
    info->n_response_types = 1;
    enum alert_hold hold = gate_judge(&j->terms, alert).what;
    info->response_types = NULL;
    info->n_response_types = 0;
    alert_free(alert);
    return hold;
}

static void test_passage_by_action(void **state)
{
    struct judged *j = *state;
    set_night(j, 22 * 60, 6 * 60);
    assert_int_equal(hold_asking(j, EXPECTED, "Evacuate"), HOLD_NONE); /* move now always passes */
    assert_int_equal(hold_asking(j, DRILL, "Evacuate"), HOLD_NIGHT);
    assert_int_equal(hold_asking(j, EXPECTED, "Prepare"), HOLD_NIGHT);
    set_passage(j);
    assert_int_equal(hold_asking(j, EXPECTED, "prepare"), HOLD_NONE);
    assert_int_equal(hold_asking(j, EXPECTED, "Monitor"), HOLD_NIGHT);
}

static void test_hazards_that_always_pass(void **state)
{
    struct judged *j = *state;
    set_night(j, 22 * 60, 6 * 60);
    assert_int_equal(hold_of(j, EXPECTED), HOLD_NIGHT);
    j->fixture.hazards[HAZARD_FLOOD].passes_night = true;
    assert_int_equal(hold_of(j, EXPECTED), HOLD_NONE);
    assert_int_equal(hold_of(j, DRILL), HOLD_NIGHT);
}

static void test_the_night_begins_and_ends(void **state)
{
    struct judged *j = *state;
    static const struct {
        int from, until;
        bool night; /* at 03:20 */
    } OF[] = {
        {22 * 60, 6 * 60, true},
        {22 * 60, 3 * 60 + 20, false},
        {22 * 60, 3 * 60 + 21, true},
        {3 * 60 + 20, 3 * 60 + 21, true},
        {3 * 60 + 21, 3 * 60 + 20, false},
        {4 * 60, 6 * 60, false},
        {0, 5 * 60, true},
        {5 * 60, 3 * 60, false},
    };
    struct alert *alert = make(j, EXPECTED);
    assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_NONE); /* no night is kept */
    for (size_t i = 0; i < sizeof OF / sizeof *OF; i++) {
        set_night(j, OF[i].from, OF[i].until);
        struct gate_hold hold = gate_judge(&j->terms, alert);
        assert_int_equal(hold.what, OF[i].night ? HOLD_NIGHT : HOLD_NONE);
        int minutes = OF[i].until - (3 * 60 + 20);
        if (OF[i].night)
            assert_int_equal(hold.until.ms, fixture_sent().ms + minutes * INT64_C(60000));
    }
    set_night(j, 22 * 60, 6 * 60);
    j->terms.now.ms = fixture_sent().ms - INT64_C(4) * 3600000; /* 23:20 */
    assert_int_equal(gate_judge(&j->terms, alert).until.ms, fixture_sent().ms + INT64_C(160) * 60000);
    j->terms.clock_trusted = false;
    assert_int_equal(gate_judge(&j->terms, alert).what, HOLD_NONE);
    alert_free(alert);
}

/* First the word of the second person, then the morning. */
static void test_approval_and_night(void **state)
{
    struct judged *j = *state;
    set_night(j, 22 * 60, 6 * 60);
    j->source->approve = true;
    assert_int_equal(hold_of(j, EXPECTED), HOLD_APPROVAL);
    assert_int_equal(hold_of(j, (struct kind){.urgency = "Expected", .approved = true}), HOLD_NIGHT);
    assert_int_equal(hold_of(j, (struct kind){.urgency = "Expected", .approved = true, .released = true}), HOLD_NONE);
    assert_int_equal(hold_of(j, IMMEDIATE), HOLD_NONE);
}

/* In force, it has begun; whether it is said again in the night is the night's question all the same. */
static void test_returns(void **state)
{
    struct judged *j = *state;
    set_night(j, 22 * 60, 6 * 60);
    struct alert *alert = make(j, (struct kind){.urgency = "Expected", .begun = true});
    assert_int_equal(gate_night(&j->terms, alert).ms, fixture_sent().ms + INT64_C(160) * 60000);
    alert_free(alert);
    alert = make(j, (struct kind){.begun = true});
    assert_int_equal(gate_night(&j->terms, alert).ms, 0);
    alert_free(alert);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_setting_limits_nothing),
        TEST(test_hazards),
        TEST(test_levels),
        TEST(test_drills),
        TEST(test_terminals),
        TEST(test_rate),
        TEST(test_what_does_not_sound_passes),
        TEST(test_approval),
        TEST(test_an_all_clear_can_wait),
        TEST(test_a_correction_cannot_wait),
        TEST(test_passage),
        TEST(test_passage_by_action),
        TEST(test_hazards_that_always_pass),
        TEST(test_the_night_begins_and_ends),
        TEST(test_approval_and_night),
        TEST(test_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
