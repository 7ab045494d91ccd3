/* The shipped profiles beside the first two say what docs/terminals.md says; UPS and other site devices. */
#include "tests/config/helper.h"

enum {
    GOOD_SITE_WARNINGS = 2, /* a code without a name, villages without a shelter */
    WITHOUT_HOLD = 1,       /* a terminal that may sound on without us */
};

/* The good site with the terminal of its line south of this profile. */
static struct config *load_terminal(const char *profile, const char *more, struct said *said)
{
    struct folder folder;
    char end[200];
    folder_make(&folder);
    snprintf(end, sizeof end, "\"%s\"; %s", profile, more);
    char *site = replaced(GOOD_SITE, "\"beishan-c4\";", end);
    write_good_site(&folder, site);
    struct config *config = load_in(&folder, "site.cfg", said);
    free(site);
    folder_remove(&folder);
    return config;
}

static const struct profile *last_profile(const struct config *config)
{
    return config->terminals[2].hardware.profile;
}

/* Truth of a condition where the fields named have these values, and all others 0. */
struct reading {
    const char *field;
    int64_t raw;
};

static enum truth judge(const struct profile *profile, enum condition_kind kind, const struct reading readings[4])
{
    const struct operand_values operands = {.token = 77, .slot = 5, .tone = 1};
    struct terminal_values values = {.valid = UINT32_MAX};
    for (size_t f = 0; f < profile->n_fields; f++) {
        for (size_t i = 0; i < 4 && readings[i].field; i++)
            if (strcmp(readings[i].field, profile->fields[f].name) == 0)
                values.raw[f] = readings[i].raw;
        values.value[f] = (double)values.raw[f] * profile->fields[f].scale + profile->fields[f].offset;
    }
    return profile_judge(profile, kind, &values, &operands, (struct mono){0});
}

struct judged {
    struct reading readings[4];
    bool armed, sounding, ours, busy;
};

static void check_judged(const struct profile *profile, const struct judged *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const bool wanted[] = {rows[i].armed, rows[i].sounding, rows[i].ours, rows[i].busy};
        static const enum condition_kind kinds[] = {WHEN_ARMED, WHEN_SOUNDING, WHEN_OURS, WHEN_BUSY};
        for (size_t k = 0; k < 4; k++)
            if (profile->conditions[kinds[k]].n_groups)
                assert_int_equal(judge(profile, kinds[k], rows[i].readings), wanted[k] ? TRUTH_TRUE : TRUTH_FALSE);
    }
}

static void test_informer15(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = load_terminal("informer15", "", &said);
    assert_non_null(config);
    assert_int_equal(said.warnings, GOOD_SITE_WARNINGS + WITHOUT_HOLD);
    const struct profile *p = last_profile(config);
    const struct profile_command *start = &p->commands[COMMAND_START];
    assert_int_equal(start->n_writes, 4);
    static const uint16_t order[] = {3, 4, 2, 1}; /* arm, attenuation that it cleared, tone, message */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(start->writes[i].address, order[i]);
    assert_in_range(start->writes[2].wait_ms, 3000, 10000); /* ISO 7240-16 */
    struct operand_values operands = {.volume_percent = 100};
    uint16_t attenuation[PROFILE_VALUES_MAX];
    profile_fill_write(p, &start->writes[1], &operands, attenuation);
    assert_int_equal(attenuation[0], 0);
    operands.volume_percent = 25;
    profile_fill_write(p, &start->writes[1], &operands, attenuation);
    assert_int_equal(attenuation[0], 15);
    for (int c = 0; c < COMMAND_COUNT; c++)
        assert_false(p->commands[c].broadcast);
    assert_false(profile_can_hear(p));
    static const struct judged rows[] = {
        {{{"utility", 1}}, false, false, false, false},
        {{{"utility", 0}, {"message", 5}}, true, false, false, false}, /* told, and not detected */
        {{{"utility", 0}, {"activation", 1}, {"message", 5}}, true, true, true, false},
        {{{"utility", 0}, {"activation", 1}, {"message", 6}}, true, false, true, false}, /* not the one that it was told */
        {{{"utility", 0}, {"activation", 1}, {"tone", 1}}, true, false, true, false},
        {{{"utility", 1}, {"activation", 1}}, false, true, false, false}, /* by hand, since we stopped it */
    };
    check_judged(p, rows, sizeof rows / sizeof *rows);
    config_free(config);
}

static void test_luming_l6(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = load_terminal("luming-l6", "", &said);
    assert_non_null(config);
    assert_int_equal(said.warnings, GOOD_SITE_WARNINGS);
    const struct profile *p = last_profile(config);
    assert_int_equal(p->commands[COMMAND_HOLD].writes[0].address, 515);
    assert_int_equal(p->hold_s, 30);
    assert_false(p->commands[COMMAND_START].broadcast);
    assert_false(p->commands[COMMAND_POWER_OFF].broadcast);
    assert_true(profile_can_hear(p));
    static const struct judged rows[] = {
        {{{"state", 0}}, false, false, false, false},
        {{{"state", 0x85}, {"ready", 1}}, true, true, true, false},
        {{{"state", 0x85}}, false, false, true, false}, /* its amplifier never got ready */
        {{{"state", 0x81}, {"ready", 1}}, true, false, false, true},
        {{{"state", 0x82}}, false, false, false, true},
        {{{"state", 0x83}}, false, false, false, true},
        {{{"state", 0x84}}, false, false, false, true},
    };
    check_judged(p, rows, sizeof rows / sizeof *rows);
    static const char *const faults[] = {"supply_low", "mean_power_low", "output_low", "rf_low", "cannot_monitor", "door"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        assert_int_equal(judge(p, WHEN_FAULT, (const struct reading[4]){{faults[i], 1}}), TRUTH_TRUE);
    assert_int_equal(judge(p, WHEN_FAULT, (const struct reading[4]){{"ready", 1}}), TRUTH_FALSE);
    config_free(config);
}

static void test_cuiwei_s2(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = load_terminal("cuiwei-s2", "", &said);
    assert_non_null(config);
    assert_int_equal(said.warnings, GOOD_SITE_WARNINGS + WITHOUT_HOLD);
    const struct profile *p = last_profile(config);
    assert_string_equal(p->fields[p->token_field].name, "task");
    assert_false(profile_can_hear(p));
    static const struct judged rows[] = {
        {{{"state", 0}}, false, false, false, false},
        {{{"state", 0x86}, {"task", 77}}, true, false, true, false},
        {{{"state", 0x87}, {"task", 77}, {"playing", 5}}, true, true, true, false},
        {{{"state", 0x87}, {"task", 77}, {"playing", 6}}, true, false, true, false},
        {{{"state", 0x87}, {"task", 78}, {"playing", 6}}, false, true, false, false}, /* another's */
        {{{"state", 0x81}}, false, false, false, true},
        {{{"state", 0x84}}, false, false, false, true},
        {{{"state", 0x85}}, false, false, false, false},
    };
    check_judged(p, rows, sizeof rows / sizeof *rows);
    config_free(config);
}

/* It needs no codes, hinders no broadcast on its line, and can supply the controller. */
static void test_generic_ups(void **state)
{
    (void)state;
    struct said said = {0};
    struct folder folder;
    folder_make(&folder);
    char *site = replaced(GOOD_SITE, "  { id = \"s1\"",
                          "  { id = \"ups\"; name = \"UPS\"; line = \"north\"; unit = 9; profile = \"generic-ups\";\n"
                          "    supplies_controller = true; },\n  { id = \"s1\"");
    write_good_site(&folder, site);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_int_equal(said.warnings, GOOD_SITE_WARNINGS + WITHOUT_HOLD);
    const struct config_terminal *ups = &config->terminals[2];
    assert_true(ups->supplies_controller);
    assert_false(config->terminals[0].supplies_controller);
    assert_int_equal(ups->n_codes, 0);
    const struct profile *p = ups->hardware.profile;
    assert_false(profile_can_sound(p));
    const struct reading well[4] = {{"mains", 1}, {"battery_state", 2}, {"charge", 100}, {"battery", 273}};
    assert_int_equal(judge(p, WHEN_FAULT, well), TRUTH_FALSE);
    assert_int_equal(judge(p, WHEN_MAINS_LOST, well), TRUTH_FALSE);
    assert_int_equal(judge(p, WHEN_MAINS_LOST, (const struct reading[4]){{"mains", 0}}), TRUTH_TRUE);
    config_free(config);
    free(site);
    folder_remove(&folder);
}

static void test_who_supplies_must_tell(void **state)
{
    (void)state;
    struct said said = {0};
    assert_null(load_terminal("informer15", "supplies_controller = true;", &said));
    assert_int_equal(said.mistakes, 1);
    assert_said(&said, false, "/site.cfg", said.items[1].line, "supplies_controller needs a profile with mains_lost_when");
    struct config *config = load_terminal("beishan-c4", "supplies_controller = true;", &said);
    assert_non_null(config);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_informer15),
        cmocka_unit_test(test_luming_l6),
        cmocka_unit_test(test_cuiwei_s2),
        cmocka_unit_test(test_generic_ups),
        cmocka_unit_test(test_who_supplies_must_tell),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
