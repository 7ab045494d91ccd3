/* Profile files: the shipped two say what their manuals say, and each mistake is reported with its line. */
#include "config/load.h"
#include "tests/config/helper.h"

#define GOOD_PROFILE                                                                                                           \
    "id = \"own\"; vendor = \"V\"; model = \"M\";\n"                                                                           \
    "fields = (\n"                                                                                                             \
    "  { name = \"state\"; space = \"input\"; address = 0; },\n"                                                               \
    "  { name = \"token\"; space = \"input\"; address = 1; },\n"                                                               \
    "  { name = \"level\"; space = \"input\"; address = 2; type = \"s16\"; scale = 0.1; offset = -5; unit = \"dB\"; },\n"      \
    "  { name = \"door\"; space = \"discrete\"; address = 7; max_age_ms = 250; }\n"                                            \
    ");\n"                                                                                                                     \
    "commands = {\n"                                                                                                           \
    "  arm = { broadcast = true; repeatable = true; writes = (\n"                                                              \
    "    { space = \"holding\"; address = 16; values = ( 1, \"$source\", \"$token\", \"$volume\" ); wait_ms = 20; } ); };\n"   \
    "  start = { broadcast = true; repeatable = false; writes = (\n"                                                           \
    "    { space = \"holding\"; address = 20; values = \"$token\"; single = false; } ); };\n"                                  \
    "  stop = { broadcast = true; repeatable = true; writes = (\n"                                                             \
    "    { space = \"coil\"; address = 3; values = [ 0 ]; } ); };\n"                                                           \
    "};\n"                                                                                                                     \
    "sequence = [ \"arm\" ];\n"                                                                                                \
    "start_needs_arm = true;\n"                                                                                                \
    "armed_when = ( [ \"token == $token\", \"state >= 1\" ], [ \"state bit 3\", \"token == $token\" ] );\n"                    \
    "sounding_when = ( [ \"state == 2\" ] );\n"                                                                                \
    "ours_when = ( [ \"state == 2\", \"token == $token\" ] );\n"                                                               \
    "token_field = \"token\";\n"                                                                                               \
    "level = { kind = \"output\"; field = \"level\"; heard = -40; window_ms = 300; };\n"                                       \
    "ignores = ( { space = \"holding\"; first = 40; last = 49; } );\n"

static struct config *load_with(const struct folder *folder, const char *profile, struct said *said)
{
    char *site = replaced(GOOD_SITE, "\"beishan-c4\"", "\"own\"");
    write_good_site(folder, site);
    folder_write(folder, "profiles/own.cfg", profile);
    free(site);
    return load_in(folder, "site.cfg", said);
}

static const struct profile *find_profile(const struct config *config, const char *id)
{
    int found = load_find(config->profiles, config->n_profiles, sizeof *config->profiles, id);
    assert_true(found >= 0);
    return &config->profiles[found];
}

static void test_a_good_profile(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    struct config *config = load_with(&folder, GOOD_PROFILE, &said);
    if (!config)
        print_said(&said);
    assert_non_null(config);
    const struct profile *own = find_profile(config, "own");
    assert_int_equal(own->n_fields, 4);
    assert_int_equal(own->fields[2].type, FIELD_S16);
    assert_true(own->fields[2].scale == 0.1 && own->fields[2].offset == -5);
    assert_string_equal(own->fields[2].unit, "dB");
    assert_true(own->fields[0].scale == 1 && own->fields[0].offset == 0);
    assert_int_equal(own->fields[0].max_age_us, 5000000);
    assert_int_equal(own->fields[3].max_age_us, 250000);
    assert_int_equal(own->fields[3].type, FIELD_BIT);
    const struct profile_command *arm = &own->commands[COMMAND_ARM];
    assert_true(arm->given && arm->broadcast && arm->repeatable);
    assert_int_equal(arm->n_writes, 1);
    assert_int_equal(arm->writes[0].n_values, 4);
    assert_int_equal(arm->writes[0].values[0].value, 1);
    assert_int_equal(arm->writes[0].values[1].kind, OPERAND_SOURCE);
    assert_int_equal(arm->writes[0].values[2].kind, OPERAND_TOKEN);
    assert_int_equal(arm->writes[0].values[3].kind, OPERAND_VOLUME);
    assert_int_equal(arm->writes[0].wait_ms, 20);
    assert_false(arm->writes[0].single);
    assert_false(own->commands[COMMAND_START].writes[0].single);
    assert_false(own->commands[COMMAND_START].repeatable);
    assert_true(own->commands[COMMAND_STOP].writes[0].single); /* by itself, with one value */
    assert_int_equal(own->commands[COMMAND_STOP].writes[0].space, SPACE_COIL);
    assert_false(own->commands[COMMAND_POWER_ON].given);
    assert_int_equal(own->n_sequence, 1);
    assert_int_equal(own->sequence[0], COMMAND_ARM);
    assert_int_equal(own->conditions[WHEN_ARMED].n_groups, 2);
    assert_int_equal(own->conditions[WHEN_ARMED].groups[0].n_terms, 2);
    assert_int_equal(own->conditions[WHEN_ARMED].groups[0].terms[0].field, 1);
    assert_int_equal(own->conditions[WHEN_ARMED].groups[0].terms[0].right.kind, OPERAND_TOKEN);
    assert_int_equal(own->conditions[WHEN_ARMED].groups[0].terms[1].op, OP_GREATER_EQUAL);
    assert_int_equal(own->conditions[WHEN_ARMED].groups[1].terms[0].op, OP_BIT);
    assert_int_equal(own->conditions[WHEN_ARMED].groups[1].terms[0].right.value, 3);
    assert_int_equal(own->conditions[WHEN_BUSY].n_groups, 0);
    assert_int_equal(own->token_field, 1);
    assert_int_equal(own->level_field, 2);
    assert_int_equal(own->level_kind, LEVEL_OUTPUT);
    assert_true(own->heard_level == -40);
    assert_int_equal(own->n_ignores, 1);
    assert_int_equal(own->ignores[0].last, 49);
    config_free(config);
    folder_remove(&folder);
}

static void test_the_sites_profile_goes_before_the_shipped(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *text = replaced(GOOD_PROFILE, "\"own\"", "\"linghu-t8\"");
    folder_write(&folder, "profiles/linghu-t8.cfg", text);
    write_good_site(&folder, GOOD_SITE);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_string_equal(find_profile(config, "linghu-t8")->vendor, "V");
    config_free(config);
    free(text);
    folder_remove(&folder);
}

static void test_a_hold(void **state)
{
    (void)state;
    static const char *const renewals[] = {"any", "write"}, *const froms[] = {"start", "arm"};
    struct folder folder;
    struct said said;
    folder_make(&folder);
    for (int i = 0; i < 4; i++) {
        char lines[200];
        snprintf(lines, sizeof lines, "hold_s = 45; hold_renewed_by = \"%s\"; hold_from = \"%s\";\nsequence =", renewals[i & 1],
                 froms[i >> 1]);
        char *a = replaced(GOOD_PROFILE, "sequence =", lines),
             *text = replaced(a, "commands = {\n",
                              "commands = {\n  hold = { broadcast = true; repeatable = true; writes = (\n"
                              "    { space = \"holding\"; address = 9; values = \"$hold\"; } ); };\n");
        struct config *config = load_with(&folder, text, &said);
        assert_non_null(config);
        const struct profile *own = find_profile(config, "own");
        assert_int_equal(own->hold_s, 45);
        assert_int_equal(own->hold_renewed_by, i & 1);
        assert_int_equal(own->hold_from, i >> 1);
        assert_int_equal(own->commands[COMMAND_HOLD].writes[0].values[0].kind, OPERAND_HOLD);
        assert_false(was_said(&said, true, "/profiles/own.cfg", 0, "no hold"));
        config_free(config);
        free(a);
        free(text);
    }
    config_free(load_with(&folder, GOOD_PROFILE, &said));
    assert_said(&said, true, "/profiles/own.cfg", 0, "no hold: it sounds on if this box dies");
    folder_remove(&folder);
}

/* docs/terminals.md, Linghu T8 */
static void test_linghu_t8(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    const struct profile *t8 = find_profile(config, "linghu-t8");
    static const uint16_t addresses[] = {0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 8}; /* bits 0-3 of 7 */
    assert_int_equal(t8->n_fields, 12);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(t8->fields[i].space, SPACE_INPUT);
        assert_int_equal(t8->fields[i].address, addresses[i]);
    }
    const struct profile_write *arm = &t8->commands[COMMAND_ARM].writes[0];
    assert_int_equal(t8->commands[COMMAND_ARM].n_writes, 1);
    assert_int_equal(arm->address, 16);
    assert_int_equal(arm->n_values, 4);
    assert_int_equal(arm->values[3].kind, OPERAND_VOLUME); /* after the token, which resets it */
    assert_int_equal(t8->commands[COMMAND_START].writes[0].address, 20);
    assert_int_equal(t8->commands[COMMAND_STOP].writes[0].address, 21);
    assert_true(t8->start_needs_arm);
    assert_int_equal(t8->settle_ms, 250);
    assert_int_equal(t8->level_kind, LEVEL_OUTPUT);
    assert_int_equal(t8->token_field, 1);
    assert_false(t8->commands[COMMAND_POWER_OFF].broadcast);
    assert_int_equal(t8->hold_s, 30);
    assert_int_equal(t8->hold_renewed_by, HOLD_RENEWED_BY_ANY);
    assert_int_equal(t8->hold_from, HOLD_FROM_START);
    assert_int_equal(t8->commands[COMMAND_HOLD].writes[0].address, 22);
    assert_int_equal(t8->commands[COMMAND_HOLD].writes[0].values[0].kind, OPERAND_HOLD);
    config_free(config);
}

/* docs/terminals.md, Beishan C4 */
static void test_beishan_c4(void **state)
{
    (void)state;
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    const struct profile *c4 = find_profile(config, "beishan-c4");
    assert_int_equal(c4->n_sequence, 2);
    assert_int_equal(c4->sequence[0], COMMAND_POWER_ON); /* resets the volume, which must follow */
    assert_int_equal(c4->sequence[1], COMMAND_SET_VOLUME);
    assert_true(c4->commands[COMMAND_POWER_ON].writes[0].wait_ms >= 600);
    assert_int_equal(c4->commands[COMMAND_START].writes[0].space, SPACE_COIL);
    assert_int_equal(c4->commands[COMMAND_START].writes[0].address, 1);
    assert_false(c4->commands[COMMAND_START].broadcast);
    assert_false(c4->start_needs_arm);
    assert_int_equal(c4->volume_max, 15);
    assert_int_equal(c4->token_field, -1);
    assert_int_equal(c4->level_kind, LEVEL_MICROPHONE);
    assert_true(c4->fields[c4->level_field].scale == 0.1);
    assert_int_equal(c4->fields[6].type, FIELD_U32_SWAPPED);
    assert_int_equal(c4->n_ignores, 1);
    assert_int_equal(c4->ignores[0].last, 39);
    config_free(config);
}

/* On the demo's mixed line the T8's group commands are allowed, because each profile declares what does nothing to it. */
static void test_broadcast_on_a_mixed_line(void **state)
{
    (void)state;
    static const enum command_kind group[] = {COMMAND_ARM, COMMAND_START, COMMAND_STOP, COMMAND_DISARM};
    struct said said = {0};
    struct config *config = config_load("config/demo/site.cfg", remember, &said);
    assert_non_null(config);
    const struct profile *t8 = find_profile(config, "linghu-t8"), *c4 = find_profile(config, "beishan-c4");
    const struct profile *const mixed[] = {t8, c4};
    for (size_t i = 0; i < 4; i++)
        assert_true(profile_broadcast_safe(mixed, 2, t8, group[i], NULL));
    assert_true(profile_broadcast_safe(mixed, 2, c4, COMMAND_STOP, NULL));
    assert_false(profile_broadcast_safe(mixed, 2, c4, COMMAND_START, NULL)); /* would sound in villages that are not meant */
    for (unsigned i = 0; i < said.warnings; i++)
        assert_null(strstr(said.items[i].message, "goes to each terminal by itself"));
    config_free(config);
}

/* Without the declaration it is not, and the check says so at the line. */
static void test_a_broadcast_that_is_not_safe_is_said(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *profile = replaced(GOOD_PROFILE, "first = 40; last = 49;", "first = 90; last = 99;");
    char *a = replaced(GOOD_SITE, "\"linghu-t8\"", "\"own\""),
         *site = replaced(a, "line = \"south\"; unit = 1;", "line = \"north\"; unit = 3;");
    write_good_site(&folder, site);
    folder_write(&folder, "profiles/own.cfg", profile);
    struct config *config = load_in(&folder, "site.cfg", &said);
    assert_non_null(config);
    assert_said(&said, true, "/site.cfg", line_of(site, "tty/north"),
                "on line north stop of own goes to each terminal by itself");
    config_free(config);
    free(profile);
    free(a);
    free(site);
    folder_remove(&folder);
}

struct broken {
    const char *from, *to, *where, *message;
};

static const struct broken broken[] = {
    {"id = \"own\"", "id = \"other\"", "model", "id must be \"own\", as the file is named"},
    {"vendor = \"V\";", "", NULL, "vendor is missing"},
    {"vendor = \"V\";", "vendor = \"V\"; vendro = 1;", "model", "unknown setting \"vendro\"; did you mean \"vendor\"?"},
    {"name = \"token\"", "name = \"state\"", "address = 1;", "the id \"state\" stands twice in fields"},
    {"name = \"token\"", "name = \"To ken\"", "address = 1;", "name must be 1 to 32 of"},
    {"type = \"s16\"", "type = \"s17\"", "s17", "type must be one of \"bit\", \"u16\""},
    {"address = 7;", "address = 65536;", "door", "address must be from 0 to 65535, not 65536"},
    {"address = 7;", "address = 7; type = \"u16\";", "door", "a discrete is always of type \"bit\""},
    {"max_age_ms = 250", "max_age_ms = 0", "door", "max_age_ms must be from 1 to 600000"},
    {"scale = 0.1", "scale = \"x\"", "level\"; space", "scale must be a number"},
    {"broadcast = true; repeatable = true; writes = (\n    { space = \"holding\"; address = 16",
     "repeatable = true; writes = (\n    { space = "
     "\"holding\"; address = 16",
     "arm = {", "broadcast is missing: true or false is needed"},
    {"( 1, \"$source\"", "( 70000, \"$source\"", "70000", "a value written to a holding must be from 0 to 65535"},
    {"( 1, \"$source\"", "( 1, \"$sauce\"", "$sauce", "a written value is a whole number or \"$volume\""},
    {"( 1, \"$source\"", "( 1, \"5\"", "\"5\"", "a written value is a whole number or"},
    {"( 1, \"$source\", \"$token\", \"$volume\" )", "( )", "address = 16", "values must not be empty"},
    {"( 1, \"$source\"", "( 0,0,0,0,0,0,0,0,0,0,0,0,0, 1, \"$source\"", "address = 16", "at most 16 values"},
    {"values = [ 0 ]", "values = [ 2 ]", "address = 3;", "a value written to a coil must be from 0 to 1"},
    {"values = [ 0 ];", "", "address = 3;", "values is missing"},
    {"space = \"coil\"; address = 3", "space = \"input\"; address = 3", "address = 3;",
     "only \"coil\" and \"holding\" can be written"},
    {"wait_ms = 20;", "single = true;", "address = 16", "single = true is only for one value"},
    {"stop = {", "halt = {", "halt", "unknown setting \"halt\""},
    {"stop = {", "stop = 5; self_test = {", "stop = 5", "stop must be a group in { }"},
    {"[ \"arm\" ]", "[ \"army\" ]", "army", "sequence names \"army\", which is not a command; did you mean \"arm\"?"},
    {"[ \"arm\" ]", "[ \"arm\", \"power_on\" ]", "power_on", "sequence names power_on, but commands has none"},
    {"\"state == 2\" ] );\nours", "\"stat == 2\" ] );\nours", "stat ==", "there is no field \"stat\"; did you mean \"state\"?"},
    {"\"state == 2\" ] );\nours", "\"state = 2\" ] );\nours", "state = 2", "\"state = 2\" is not a condition"},
    {"\"state == 2\" ] );\nours", "\"state==2\" ] );\nours", "state==2", "is not a condition"},
    {"\"state == 2\" ] );\nours", "\"state == two\" ] );\nours", "two", "is not a condition"},
    {"\"state == 2\" ] );\nours", "\"state == 2 3\" ] );\nours", "2 3", "is not a condition"},
    {"\"state == 2\" ] );\nours", "\"state bit 16\" ] );\nours", "bit 16", "state has the bits 0 to 15"},
    {"\"state == 2\" ] );\nours", "\"door bit 1\" ] );\nours", "door bit", "door has the bits 0 to 0"},
    {"\"state == 2\" ] );\nours", "\"state bit $token\" ] );\nours", "bit $token", "state has the bits 0 to 15"},
    {"\"state == 2\" ] );\nours", "\"state == 2\" ], \"door == 1\" );\nours", "door == 1", "a condition is a list of groups"},
    {"\"state == 2\" ] );\nours", "5 ] );\nours", "sounding_when", "each of a condition's terms must be a text"},
    {"\"state == 2\" ] );\nours", "\"state == 2\" ], [ ] );\nours", "sounding_when", "a condition is a list of groups"},
    {"token_field = \"token\"", "token_field = \"tokn\"", "token_field",
     "token_field names \"tokn\", which is not there; did you mean"},
    {"field = \"level\";", "field = \"sound\";", "field = \"sound\"", "field names \"sound\", which is not there"},
    {"field = \"level\";", "", "level = {", "field is missing"},
    {"last = 49;", "last = 70000;", "ignores", "last must be from 0 to 65535"},
    {"token_field =", "hold_renewed_by = \"read\";\ntoken_field =", "\"read\"",
     "hold_renewed_by must be one of \"any\", \"write\""},
    {"token_field =", "hold_s = 70000;\ntoken_field =", "70000", "hold_s must be from 0 to 65535"},
    /* only profile_check can know */
    {"token_field =", "hold_s = 7;\ntoken_field =", NULL, "the command hold must say how it is written"},
    {"ours_when = ( [ \"state == 2\", \"token == $token\" ] );\n", "", NULL, "ours_when"},
};

static void test_each_mistake_with_its_line(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char *text = replaced(GOOD_PROFILE, broken[i].from, broken[i].to);
        struct config *config = load_with(&folder, text, &said);
        assert_null(config);
        assert_said(&said, false, "/profiles/own.cfg", broken[i].where ? line_of(text, broken[i].where) : 0, broken[i].message);
        free(text);
    }
    folder_remove(&folder);
}

/* A number that the field can never pass is mostly the raw one of a scaled field. The level reads from -3281.8 to 3271.7. */
static void test_a_condition_that_says_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *term, *how; /* NULL: it depends on what is read */
    } terms[] = {
        {"level == 3271", NULL},    {"level == 3272", "never"},   {"level == -3282", "never"}, {"level != 3272", "always"},
        {"level < 3272", "always"}, {"level < 3271", NULL},       {"state < 0", "never"},      {"state < 1", NULL},
        {"state <= 65534", NULL},   {"state <= 65535", "always"}, {"state <= -1", "never"},    {"state > 65535", "never"},
        {"state > 65534", NULL},    {"state > -1", "always"},     {"state >= 0", "always"},    {"state >= 65536", "never"},
        {"state >= 65535", NULL},   {"door == 1", NULL},          {"door == 2", "never"},      {"door != $token", NULL},
        {"state bit 15", NULL},
    };
    struct folder folder;
    struct said said;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        char to[80], words[80];
        snprintf(to, sizeof to, "sounding_when = ( [ \"%s\" ] );", terms[i].term);
        snprintf(words, sizeof words, "\"%s\" is %s true: ", terms[i].term, terms[i].how ? terms[i].how : "");
        char *text = replaced(GOOD_PROFILE, "sounding_when = ( [ \"state == 2\" ] );", to);
        struct config *config = load_with(&folder, text, &said);
        assert_non_null(config);
        if (was_said(&said, true, "/profiles/own.cfg", line_of(text, "sounding_when"), words) != (terms[i].how != NULL))
            fail_msg("%s", terms[i].term);
        for (unsigned k = 0; k < said.warnings && !terms[i].how; k++)
            assert_null(strstr(said.items[k].message, " true: "));
        config_free(config);
        free(text);
    }
    folder_remove(&folder);
}

/* A profile that is named by many terminals and is bad is reported once. */
static void test_a_bad_profile_is_reported_once(void **state)
{
    (void)state;
    struct folder folder;
    struct said said;
    folder_make(&folder);
    char *a = replaced(GOOD_SITE, "\"linghu-t8\"", "\"none\""), *site = replaced(a, "\"linghu-t8\"", "\"none\"");
    write_good_site(&folder, site);
    assert_null(load_in(&folder, "site.cfg", &said));
    assert_int_equal(said.mistakes, 1);
    assert_said(&said, false, "/site.cfg", line_of(site, "\"n1\""), "there is no profile \"none\"");
    free(a);
    free(site);
    folder_remove(&folder);
}

static void test_operands(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum operand_kind kind;
        int32_t value;
    } good[] = {{"$volume", OPERAND_VOLUME, 0}, {"$token", OPERAND_TOKEN, 0}, {"$source", OPERAND_SOURCE, 0},
                {"$slot", OPERAND_SLOT, 0},     {"$tone", OPERAND_TONE, 0},   {"$hold", OPERAND_HOLD, 0},
                {"-5", OPERAND_VALUE, -5},      {"0x10", OPERAND_VALUE, 16},  {"0", OPERAND_VALUE, 0}};
    static const char *const bad[] = {"", "$", "$Token", "5x", "2147483648", "-2147483649", "1.5"};
    struct operand operand;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(load_operand(good[i].text, &operand));
        assert_int_equal(operand.kind, good[i].kind);
        assert_int_equal(operand.value, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(load_operand(bad[i], &operand));
}

/* The names in the tables are in the order of hardware's enums. */
static void test_names_agree_with_hardware(void **state)
{
    (void)state;
    const struct schema_item *item = load_profile_items;
    while (strcmp(item->name, "commands") != 0)
        item++;
    for (int i = 0; i < COMMAND_COUNT; i++)
        assert_string_equal(item->items[i].name, command_name((enum command_kind)i));
    assert_null(item->items[COMMAND_COUNT].name);
    while (strcmp(item->name, "armed_when") != 0)
        item++;
    for (int i = 0; i < WHEN_COUNT; i++)
        assert_string_equal(item[i].name, condition_name((enum condition_kind)i));
    for (item = load_field_items; strcmp(item->name, "space") != 0;)
        item++;
    for (int i = 0; i <= SPACE_HOLDING; i++)
        assert_string_equal(item->names[i], register_space_name((enum register_space)i));
    for (item = load_profile_items; strcmp(item->name, "level") != 0;)
        item++;
    for (int i = 0; i <= LEVEL_MICROPHONE; i++)
        assert_string_equal(item->items[0].names[i], level_kind_name((enum level_kind)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_profile),
        cmocka_unit_test(test_the_sites_profile_goes_before_the_shipped),
        cmocka_unit_test(test_a_hold),
        cmocka_unit_test(test_linghu_t8),
        cmocka_unit_test(test_beishan_c4),
        cmocka_unit_test(test_broadcast_on_a_mixed_line),
        cmocka_unit_test(test_a_broadcast_that_is_not_safe_is_said),
        cmocka_unit_test(test_each_mistake_with_its_line),
        cmocka_unit_test(test_a_condition_that_says_nothing),
        cmocka_unit_test(test_a_bad_profile_is_reported_once),
        cmocka_unit_test(test_operands),
        cmocka_unit_test(test_names_agree_with_hardware),
    };
    return cmocka_run_group_tests(tests, use_shipped_data, NULL);
}
