/* Faults, lost devices and the controller's own mains as alarms, in virtual time. */
#include "controller/site_alarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { UPS, HORN, SHED, OFF, N }; /* the controller's UPS, a loudspeaker, another device; one in maintenance */
enum { MAINS, BATTERY, DOOR, FIELDS };

struct scene {
    struct profile device, horn;
    struct config_terminal terminals[N];
    struct config_line lines[2];
    uint32_t first[3], second[1]; /* SHED is alone on the second line */
    struct config config;
    struct site_alarms *alarms;
    int64_t ms;
    unsigned told;
    char what[32], detail[400]; /* the last */
};

static void on_alarm(void *context, bool over, const char *what, const char *detail)
{
    static const char *const ends[] = {"fault_over", "device_back", "controller_on_mains"};
    struct scene *s = context;
    bool is_end = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        is_end = is_end || strcmp(what, ends[i]) == 0;
    assert_int_equal(over, is_end);
    s->told++;
    text_copy(s->what, sizeof s->what, what);
    text_copy(s->detail, sizeof s->detail, detail);
}

static void add_group(struct condition *condition, uint8_t field, enum condition_op op, int32_t right)
{
    condition->groups[condition->n_groups].terms[0] =
        (struct condition_term){.field = field, .op = op, .right = {OPERAND_VALUE, right}};
    condition->groups[condition->n_groups++].n_terms = 1;
}

static struct profile profile_with(const char *id)
{
    struct profile p = {.token_field = -1, .uptime_field = -1, .level_field = -1, .n_fields = FIELDS};
    static const char *const names[FIELDS] = {"mains", "battery", "door"};
    text_copy(p.id, sizeof p.id, id);
    for (size_t i = 0; i < FIELDS; i++) {
        text_copy(p.fields[i].name, sizeof p.fields[i].name, names[i]);
        p.fields[i].scale = i == BATTERY ? 0.1 : 1;
        p.fields[i].max_age_us = 60000000;
    }
    text_copy(p.fields[BATTERY].unit, sizeof p.fields[BATTERY].unit, "V");
    add_group(&p.conditions[WHEN_FAULT], MAINS, OP_EQUAL, 0);
    add_group(&p.conditions[WHEN_FAULT], BATTERY, OP_LESS, 22);
    add_group(&p.conditions[WHEN_FAULT], DOOR, OP_BIT, 1);
    add_group(&p.conditions[WHEN_MAINS_LOST], MAINS, OP_EQUAL, 0);
    return p;
}

static int open_scene(void **state)
{
    static const char *const ids[N] = {"ups", "horn", "shed", "off"};
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->device = profile_with("device");
    s->horn = profile_with("horn");
    s->horn.commands[COMMAND_START].given = true;
    for (uint32_t i = 0; i < N; i++) {
        struct config_terminal *t = &s->terminals[i];
        text_copy(t->hardware.id, sizeof t->hardware.id, ids[i]);
        text_copy(t->name, sizeof t->name, "龙塘");
        t->hardware.profile = i == HORN ? &s->horn : &s->device;
        t->line = i == SHED;
    }
    s->terminals[UPS].supplies_controller = true;
    s->terminals[OFF].maintenance = true;
    s->first[1] = HORN, s->first[2] = OFF, s->second[0] = SHED;
    s->lines[0] = (struct config_line){.n_terminals = 3, .terminals = s->first};
    s->lines[1] = (struct config_line){.n_terminals = 1, .terminals = s->second};
    s->config = (struct config){.n_lines = 2, .lines = s->lines, .n_terminals = N, .terminals = s->terminals};
    s->ms = 1000000;
    s->alarms = site_alarms_create(&s->config, on_alarm, s);
    *state = s;
    return s->alarms ? 0 : -1;
}

static int close_scene(void **state)
{
    struct scene *s = *state;
    site_alarms_free(s->alarms);
    free(s);
    return 0;
}

static struct mono now(const struct scene *s)
{
    return (struct mono){s->ms * 1000};
}

static void event(struct scene *s, uint32_t terminal, struct line_event *event)
{
    uint32_t line = s->terminals[terminal].line, place = 0;
    while (s->lines[line].terminals[place] != terminal)
        place++;
    event->terminal = (uint16_t)place;
    event->at = now(s);
    site_alarms_take(s->alarms, line, event);
}

/* The terminal was read so. Battery in tenths of a volt. */
static void read_as(struct scene *s, uint32_t terminal, int mains, int battery, int door)
{
    struct line_event reading = {.kind = LINE_READING, .reading = {.received = now(s)}};
    struct terminal_values *values = &reading.reading.values;
    const int raw[FIELDS] = {mains, battery, door};
    const struct profile *profile = s->terminals[terminal].hardware.profile;
    for (size_t i = 0; i < FIELDS; i++) {
        values->raw[i] = raw[i];
        values->value[i] = raw[i] * profile->fields[i].scale;
        values->at[i] = now(s);
        values->valid |= 1u << i;
    }
    const struct operand_values nothing = {0};
    for (int k = 0; k < WHEN_COUNT; k++)
        reading.reading.when[k] = profile_judge(profile, (enum condition_kind)k, values, &nothing, now(s));
    event(s, terminal, &reading);
}

static void trouble(struct scene *s, uint32_t terminal, enum terminal_trouble trouble)
{
    struct line_event e = {.kind = LINE_TROUBLE, .trouble = trouble};
    error_set(&e.error, ERROR_TIMEOUT, "it does not answer");
    event(s, terminal, &e);
}

static void expect(struct scene *s, unsigned told, const char *what, const char *detail)
{
    assert_int_equal(s->told, told);
    assert_string_equal(s->what, what);
    assert_string_equal(s->detail, detail);
}

/* Each group is a fault of its own: a second one is told while the first lasts, and each end by itself. */
static void test_faults_begin_and_end(void **state)
{
    struct scene *s = *state;
    read_as(s, HORN, 1, 264, 0);
    assert_int_equal(s->told, 0); /* what is well is no news */
    read_as(s, HORN, 0, 264, 0);
    expect(s, 1, "fault", "horn (龙塘): mains == 0");
    read_as(s, HORN, 0, 263, 0);
    assert_int_equal(s->told, 1); /* once */
    read_as(s, HORN, 0, 213, 0);
    expect(s, 2, "fault", "horn (龙塘): battery 21.3 V");
    read_as(s, HORN, 0, 213, 2);
    expect(s, 3, "fault", "horn (龙塘): door bit 1 == 1");
    read_as(s, HORN, 0, 231, 2);
    expect(s, 4, "fault_over", "horn (龙塘): battery 23.1 V");
    read_as(s, HORN, 1, 231, 2);
    expect(s, 5, "fault_over", "horn (龙塘): mains == 1");
    read_as(s, HORN, 1, 231, 0);
    expect(s, 6, "fault_over", "horn (龙塘): door bit 1 == 0");
}

/* What was not read is neither a fault nor its end. */
static void test_unknown_changes_nothing(void **state)
{
    struct scene *s = *state;
    read_as(s, SHED, 0, 264, 0);
    assert_int_equal(s->told, 1);
    struct line_event empty = {.kind = LINE_READING, .reading = {.received = now(s)}};
    event(s, SHED, &empty);
    assert_int_equal(s->told, 1);
}

static void test_a_fault_that_comes_and_goes(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 20; i++, s->ms += 1000) {
        read_as(s, SHED, i % 2, 264, 0);
        site_alarms_tick(s->alarms, now(s));
    }
    expect(s, 2, "fault_over", "shed (龙塘): mains == 1"); /* the first and its end; then it is quiet */
    s->ms += 60000;
    site_alarms_tick(s->alarms, now(s));
    expect(s, 3, "fault_over", "shed (龙塘): mains == 1 (9 times in the last minute)");
    site_alarms_tick(s->alarms, now(s));
    assert_int_equal(s->told, 3);
}

/* A terminal in maintenance has no alarms. */
static void test_maintenance(void **state)
{
    struct scene *s = *state;
    read_as(s, OFF, 0, 100, 2);
    trouble(s, OFF, TROUBLE_NO_REPLY);
    assert_int_equal(s->told, 0);
}

static void test_a_device_is_lost(void **state)
{
    struct scene *s = *state;
    trouble(s, SHED, TROUBLE_NO_REPLY);
    expect(s, 1, "device_lost", "shed (龙塘): it does not answer");
    char why[200];
    assert_false(site_alarms_on_battery(s->alarms, why, sizeof why)); /* it supplies nobody */
    trouble(s, SHED, TROUBLE_NO_REPLY);
    assert_int_equal(s->told, 1);
    read_as(s, SHED, 1, 264, 0);
    expect(s, 2, "device_back", "shed (龙塘): it answers again");
    s->ms += 100000;
    trouble(s, SHED, TROUBLE_EXCEPTION); /* it is there, and cannot be read */
    assert_string_equal(s->what, "device_lost");
    read_as(s, SHED, 1, 264, 0);
    s->ms += 100000;
    struct line_event down = {.kind = LINE_DOWN, .terminal = LINE_TERMINALS_MAX, .at = now(s)};
    site_alarms_take(s->alarms, 1, &down);
    expect(s, 5, "device_lost", "shed (龙塘): its line is down");
    trouble(s, HORN, TROUBLE_NO_REPLY); /* of a loudspeaker that is no news here: its deliveries and its state say it */
    assert_int_equal(s->told, 5);
}

static void test_the_controllers_mains(void **state)
{
    struct scene *s = *state;
    char why[200];
    read_as(s, SHED, 0, 264, 0); /* another's mains */
    assert_false(site_alarms_on_battery(s->alarms, why, sizeof why));
    read_as(s, UPS, 0, 264, 0);
    expect(s, 3, "controller_on_battery", "ups (龙塘): the controller's own mains is gone; it runs on its battery");
    assert_true(site_alarms_on_battery(s->alarms, why, sizeof why));
    assert_string_equal(why, "ups: the controller's own mains is gone; it runs on its battery");
    trouble(s, UPS, TROUBLE_NO_REPLY); /* its silence is not health */
    assert_true(site_alarms_on_battery(s->alarms, why, sizeof why));
    assert_string_equal(why, "ups, which supplies the controller, is lost: it does not answer");
    read_as(s, UPS, 1, 264, 0);
    expect(s, 7, "controller_on_mains", "ups (龙塘): the controller's own mains is back");
    assert_false(site_alarms_on_battery(s->alarms, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_faults_begin_and_end, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_unknown_changes_nothing, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_fault_that_comes_and_goes, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_maintenance, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_device_is_lost, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_the_controllers_mains, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
