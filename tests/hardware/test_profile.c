/* Profiles as data: reads planned, fields taken, numbers filled, conditions judged, broadcast obstacles, mistakes named. */
#include "hardware/profile.h"
#include "tests/hardware/two_profiles.h"

#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

static const struct mono NOW = {1000000000};

static void reads_cover_the_fields_in_few_requests(void **state)
{
    (void)state;
    struct profile t8 = profile_t8(), c4 = profile_c4();
    struct profile_read reads[PROFILE_READS_MAX];
    assert_int_equal(profile_plan_reads(&t8, reads), 1);
    assert_int_equal(reads[0].space, SPACE_INPUT);
    assert_int_equal(reads[0].address, 0);
    assert_int_equal(reads[0].count, 9);
    assert_int_equal(profile_plan_reads(&c4, reads), 2);
    assert_int_equal(reads[0].space, SPACE_DISCRETE);
    assert_int_equal(reads[0].count, 3);
    assert_int_equal(reads[1].address, 100);
    assert_int_equal(reads[1].count, 6);
}

static void a_gap_wider_than_allowed_splits(void **state)
{
    (void)state;
    struct profile p = profile_t8();
    struct profile_read reads[PROFILE_READS_MAX];
    p.fields[8].address = 8 + 4; /* 8..11 are in the gap: 4 wide, allowed */
    assert_int_equal(profile_plan_reads(&p, reads), 1);
    p.fields[8].address = 8 + 5;
    assert_int_equal(profile_plan_reads(&p, reads), 2);
    p.read_gap = 65535; /* joined, but never more than 125 registers */
    p.fields[8].address = 124;
    assert_int_equal(profile_plan_reads(&p, reads), 1);
    p.fields[8].address = 125;
    assert_int_equal(profile_plan_reads(&p, reads), 2);
}

static void more_places_than_requests_are_cut_and_reported(void **state)
{
    (void)state;
    struct profile p = {.n_fields = 9, .token_field = -1, .uptime_field = -1, .level_field = -1, .id = "wide"};
    struct profile_read reads[PROFILE_READS_MAX];
    for (uint16_t i = 0; i < 9; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%u", i);
        p.fields[i] = a_field(name, SPACE_INPUT, (uint16_t)(i * 1000), FIELD_U16, 1);
    }
    assert_int_equal(profile_plan_reads(&p, reads), PROFILE_READS_MAX);
    assert_false(profile_check(&p, NULL, NULL));
    p.n_fields = 8;
    assert_true(profile_check(&p, NULL, NULL));
}

static void fields_are_taken_in_every_type(void **state)
{
    (void)state;
    struct profile p = {.n_fields = 8};
    static const enum field_type types[] = {FIELD_U16, FIELD_S16,         FIELD_U32,         FIELD_S32,
                                            FIELD_BIT, FIELD_U32_SWAPPED, FIELD_S32_SWAPPED, FIELD_BCD};
    static const uint16_t at[] = {0, 1, 2, 4, 6, 7, 9, 11};
    for (int i = 0; i < 8; i++)
        p.fields[i] = a_field("x", SPACE_HOLDING, at[i], types[i], 1);
    p.fields[4].bit = 3;
    const uint16_t words[] = {65535, 65526, 1, 2, 0xFFFF, 0xFFFE, 0x0008, 5, 1, 0xFFFD, 0xFFFF, 0x1234};
    struct profile_read read = {SPACE_HOLDING, 0, 12};
    struct terminal_values v = {0};
    profile_take_read(&p, &read, words, NOW, &v);
    assert_int_equal(v.valid, 0xFF);
    static const int64_t raw[] = {65535, -10, 65538, -2, 1, 65541, -3, 1234};
    for (int i = 0; i < 8; i++)
        assert_int_equal(v.raw[i], raw[i]);
    uint16_t broken[12];
    memcpy(broken, words, sizeof broken);
    broken[11] = 0x12A4; /* no digit */
    profile_take_read(&p, &read, broken, NOW, &v);
    assert_int_equal(v.valid, 0x7F);
}

static void a_field_half_inside_a_read_is_left_alone(void **state)
{
    (void)state;
    struct profile p = {.n_fields = 1};
    p.fields[0] = a_field("x", SPACE_INPUT, 5, FIELD_U32, 1);
    struct terminal_values v = {0};
    const uint16_t words[] = {1};
    struct profile_read read = {SPACE_INPUT, 5, 1};
    profile_take_read(&p, &read, words, NOW, &v);
    assert_int_equal(v.valid, 0);
    read.space = SPACE_HOLDING;
    read.count = 2;
    profile_take_read(&p, &read, (const uint16_t[]){1, 2}, NOW, &v);
    assert_int_equal(v.valid, 0);
}

static void writes_are_filled_with_operands(void **state)
{
    (void)state;
    struct profile t8 = profile_t8(), c4 = profile_c4();
    struct operand_values operands = {.volume_percent = 70, .token = 513, .slot = 4, .tone = 2};
    uint16_t numbers[PROFILE_VALUES_MAX];
    assert_int_equal(profile_fill_write(&t8, &t8.commands[COMMAND_ARM].writes[0], &operands, numbers), 4);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], 1);
    assert_int_equal(numbers[2], 513);
    assert_int_equal(numbers[3], 70);
    assert_int_equal(profile_fill_write(&c4, &c4.commands[COMMAND_SET_VOLUME].writes[0], &operands, numbers), 1);
    assert_int_equal(numbers[0], 11); /* 10.5 rounded */
    struct profile_write write = {.space = SPACE_HOLDING, .n_values = 3};
    write.values[0].kind = OPERAND_SLOT;
    write.values[1].kind = OPERAND_TONE;
    write.values[2] = (struct operand){OPERAND_VALUE, -2};
    profile_fill_write(&t8, &write, &operands, numbers);
    assert_int_equal(numbers[0], 4);
    assert_int_equal(numbers[1], 2);
    assert_int_equal(numbers[2], 65534);
}

/* A register that attenuates: 20 dB less at 0 %, nothing at 100 %. */
static void the_volume_may_go_down(void **state)
{
    (void)state;
    struct profile p = profile_c4();
    p.volume_zero = 20;
    p.volume_max = 0;
    assert_true(profile_check(&p, NULL, NULL));
    static const uint8_t percents[] = {0, 1, 50, 93, 100}, wanted[] = {20, 20, 10, 1, 0};
    for (size_t i = 0; i < 5; i++) {
        struct operand_values operands = {.volume_percent = percents[i]};
        uint16_t numbers[PROFILE_VALUES_MAX];
        profile_fill_write(&p, &p.commands[COMMAND_SET_VOLUME].writes[0], &operands, numbers);
        assert_int_equal(numbers[0], wanted[i]);
    }
    struct profile up = p;
    up.volume_zero = 0;
    assert_false(profile_check(&up, NULL, NULL)); /* the same at both ends */
}

static struct terminal_values t8_values(uint16_t state, uint16_t token, uint16_t source)
{
    struct profile t8 = profile_t8();
    struct terminal_values v = {0};
    const uint16_t words[9] = {state, token, source, (uint16_t)-20, 50, 230, 125, 0, 100};
    struct profile_read read = {SPACE_INPUT, 0, 9};
    profile_take_read(&t8, &read, words, NOW, &v);
    return v;
}

static void conditions_are_true_false_or_unknown(void **state)
{
    (void)state;
    struct profile t8 = profile_t8();
    struct operand_values ours = {.token = 7}, none = {.token = 0};
    struct terminal_values v = t8_values(2, 7, 1);
    assert_int_equal(profile_judge(&t8, WHEN_SOUNDING, &v, &ours, NOW), TRUTH_TRUE);
    assert_int_equal(profile_judge(&t8, WHEN_ARMED, &v, &ours, NOW), TRUTH_TRUE);
    assert_int_equal(profile_judge(&t8, WHEN_BUSY, &v, &ours, NOW), TRUTH_FALSE);
    assert_int_equal(profile_judge(&t8, WHEN_FAULT, &v, &ours, NOW), TRUTH_FALSE);
    ours.token = 8;
    assert_int_equal(profile_judge(&t8, WHEN_SOUNDING, &v, &ours, NOW), TRUTH_FALSE);
    v = t8_values(0, 0, 3);
    assert_int_equal(profile_judge(&t8, WHEN_OURS, &v, &none, NOW), TRUTH_FALSE); /* 0 == no token must not be ours */
    assert_int_equal(profile_judge(&t8, WHEN_BUSY, &v, &none, NOW), TRUTH_TRUE);
    v.valid = 0;
    assert_int_equal(profile_judge(&t8, WHEN_BUSY, &v, &none, NOW), TRUTH_UNKNOWN);
    memset(&t8.conditions[WHEN_BUSY], 0, sizeof t8.conditions[WHEN_BUSY]);
    assert_int_equal(profile_judge(&t8, WHEN_BUSY, &v, &none, NOW), TRUTH_UNKNOWN);
}

static void what_makes_a_condition_true_is_named(void **state)
{
    (void)state;
    struct profile t8 = profile_t8();
    struct operand_values none = {.token = 0};
    struct terminal_values v = t8_values(3, 7, 1);
    char text[64];
    memset(&t8.conditions[WHEN_FAULT], 0, sizeof t8.conditions[WHEN_FAULT]);
    struct condition_term low = a_term(T8_BATTERY, OP_LESS, OPERAND_VALUE, 13);
    add_group(&t8.conditions[WHEN_FAULT], a_term(T8_STATE, OP_EQUAL, OPERAND_VALUE, 3), &low);
    add_group(&t8.conditions[WHEN_FAULT], a_term(T8_FAULTS, OP_NOT_EQUAL, OPERAND_VALUE, 0), NULL);
    add_group(&t8.conditions[WHEN_FAULT], a_term(T8_STATE, OP_GREATER, OPERAND_VALUE, 2), NULL);
    strcpy(t8.fields[T8_BATTERY].unit, "V");
    profile_explain(&t8, WHEN_FAULT, &v, &none, NOW, text, sizeof text);
    assert_string_equal(text, "state == 3, battery 12.5 V, state == 3"); /* not what is false */
    profile_explain(&t8, WHEN_FAULT, &v, &none, NOW, text, 12);
    assert_string_equal(text, "state == 3,");
    v = t8_values(0, 7, 1);
    profile_explain(&t8, WHEN_FAULT, &v, &none, NOW, text, sizeof text);
    assert_string_equal(text, "");
}

static void an_old_field_makes_a_condition_unknown(void **state)
{
    (void)state;
    struct profile t8 = profile_t8();
    struct operand_values ours = {.token = 7};
    struct terminal_values v = t8_values(2, 7, 1);
    struct mono edge = mono_plus_ms(NOW, 30000);
    assert_int_equal(profile_judge(&t8, WHEN_SOUNDING, &v, &ours, edge), TRUTH_TRUE);
    assert_int_equal(profile_judge(&t8, WHEN_SOUNDING, &v, &ours, mono_plus_us(edge, 1)), TRUTH_UNKNOWN);
    /* a group with a false term is false although another term is unknown; another true group wins */
    v.at[T8_TOKEN] = NOW;
    v.at[T8_STATE] = edge;
    v.raw[T8_STATE] = 0;
    v.value[T8_STATE] = 0;
    assert_int_equal(profile_judge(&t8, WHEN_SOUNDING, &v, &ours, mono_plus_us(edge, 1)), TRUTH_FALSE);
}

static void every_operator_compares_scaled_values(void **state)
{
    (void)state;
    struct profile p = profile_t8();
    struct operand_values none = {0};
    struct terminal_values v = t8_values(0, 0, 0); /* battery 12.5 */
    static const struct {
        enum condition_op op;
        int32_t right;
        bool yes;
    } cases[] = {{OP_LESS, 13, true},   {OP_LESS, 12, false},        {OP_GREATER, 12, true},       {OP_GREATER, 13, false},
                 {OP_EQUAL, 12, false}, {OP_NOT_EQUAL, 12, true},    {OP_GREATER_EQUAL, 12, true}, {OP_LESS_EQUAL, 12, false},
                 {OP_BIT, 0, true},     {OP_BIT, 1, false /* 125 */}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(&p.conditions[WHEN_FAULT], 0, sizeof p.conditions[WHEN_FAULT]);
        add_group(&p.conditions[WHEN_FAULT], a_term(T8_BATTERY, cases[i].op, OPERAND_VALUE, cases[i].right), NULL);
        assert_int_equal(profile_judge(&p, WHEN_FAULT, &v, &none, NOW), cases[i].yes ? TRUTH_TRUE : TRUTH_FALSE);
    }
}

static void a_group_is_told_in_words(void **state)
{
    (void)state;
    struct profile p = profile_t8();
    struct operand_values none = {0};
    struct terminal_values v = t8_values(1, 0, 0); /* battery 12.5 V, mains 230 */
    char text[PROFILE_WORDS_SIZE];
    memset(&p.conditions[WHEN_FAULT], 0, sizeof p.conditions[WHEN_FAULT]);
    add_group(&p.conditions[WHEN_FAULT], a_term(T8_STATE, OP_EQUAL, OPERAND_VALUE, 3), NULL);
    const struct condition_term bit = a_term(T8_BATTERY, OP_BIT, OPERAND_VALUE, 1);
    add_group(&p.conditions[WHEN_FAULT], a_term(T8_BATTERY, OP_LESS, OPERAND_VALUE, 13), &bit);
    add_group(&p.conditions[WHEN_FAULT], a_term(T8_STATE, OP_LESS, OPERAND_VALUE, 3), NULL);
    text_copy(p.fields[T8_BATTERY].unit, sizeof p.fields[T8_BATTERY].unit, "V");
    profile_group_words(&p, WHEN_FAULT, 0, &v, text);
    assert_string_equal(text, "state == 1");
    profile_group_words(&p, WHEN_FAULT, 1, &v, text);
    assert_string_equal(text, "battery 12.5 V, battery bit 1 == 0");
    assert_int_equal(profile_judge_group(&p, WHEN_FAULT, 0, &v, &none, NOW), TRUTH_FALSE);
    assert_int_equal(profile_judge_group(&p, WHEN_FAULT, 2, &v, &none, NOW), TRUTH_TRUE);
    v.valid = 0;
    profile_group_words(&p, WHEN_FAULT, 0, &v, text);
    assert_string_equal(text, "state unknown");
    assert_int_equal(profile_judge_group(&p, WHEN_FAULT, 2, &v, &none, NOW), TRUTH_UNKNOWN);
    memset(p.fields[T8_BATTERY].name, 'b', sizeof p.fields[T8_BATTERY].name - 1); /* as long as it may be: cut, not broken */
    for (size_t t = 0; t < PROFILE_TERMS_MAX; t++)
        p.conditions[WHEN_FAULT].groups[1].terms[t] = bit;
    p.conditions[WHEN_FAULT].groups[1].n_terms = PROFILE_TERMS_MAX;
    profile_group_words(&p, WHEN_FAULT, 1, &v, text);
    assert_int_equal(strlen(text), PROFILE_WORDS_SIZE - 1);
}

/* What a terminal says it plays must be what it was told. */
static void conditions_compare_with_the_message(void **state)
{
    (void)state;
    struct profile p = profile_t8();
    struct operand_values operands = {.slot = 4, .tone = 7};
    struct terminal_values v = t8_values(4, 0, 7);
    memset(&p.conditions[WHEN_SOUNDING], 0, sizeof p.conditions[WHEN_SOUNDING]);
    const struct condition_term tone = a_term(T8_SOURCE, OP_EQUAL, OPERAND_TONE, 0);
    add_group(&p.conditions[WHEN_SOUNDING], a_term(T8_STATE, OP_EQUAL, OPERAND_SLOT, 0), &tone);
    assert_true(profile_check(&p, NULL, NULL));
    assert_int_equal(profile_judge(&p, WHEN_SOUNDING, &v, &operands, NOW), TRUTH_TRUE);
    operands.slot = 5;
    assert_int_equal(profile_judge(&p, WHEN_SOUNDING, &v, &operands, NOW), TRUTH_FALSE);
}

static void broadcast_needs_all_profiles_to_agree(void **state)
{
    (void)state;
    struct profile t8 = profile_t8(), c4 = profile_c4(), other = profile_t8();
    const struct profile *line[] = {&t8, &c4};
    struct error why = {0};
    assert_true(profile_broadcast_safe(line, 2, &t8, COMMAND_ARM, &why));
    assert_false(profile_broadcast_safe(line, 2, &c4, COMMAND_START, &why)); /* not declared */
    assert_int_equal(why.code, ERROR_UNSUPPORTED);
    c4.ignores[0].last = 18; /* 19 of the arm is not ignored any more */
    assert_false(profile_broadcast_safe(line, 2, &t8, COMMAND_ARM, &why));
    assert_non_null(strstr(why.message, "beishan-c4"));
    const struct profile *same[] = {&t8, &other};
    assert_true(profile_broadcast_safe(same, 2, &t8, COMMAND_ARM, NULL));
    other.volume_max = 15; /* the same register, another loudness */
    assert_false(profile_broadcast_safe(same, 2, &t8, COMMAND_ARM, NULL));
    other.volume_max = 100;
    other.commands[COMMAND_ARM].writes[0].values[0].value = 2;
    assert_false(profile_broadcast_safe(same, 2, &t8, COMMAND_ARM, NULL));
}

static void hearing_needs_kind_and_field(void **state)
{
    (void)state;
    struct profile t8 = profile_t8();
    assert_true(profile_can_hear(&t8));
    t8.level_kind = LEVEL_NONE;
    assert_false(profile_can_hear(&t8));
}

static void names_have_no_holes(void **state)
{
    (void)state;
    for (int i = 0; i < COMMAND_COUNT; i++)
        assert_string_not_equal(command_name((enum command_kind)i), "unknown");
    for (int i = 0; i < WHEN_COUNT; i++)
        assert_string_not_equal(condition_name((enum condition_kind)i), "unknown");
    assert_string_equal(command_name(COMMAND_POWER_ON), "power_on");
    assert_string_equal(condition_name(WHEN_BUSY), "busy_when");
    assert_string_equal(register_space_name(SPACE_HOLDING), "holding");
    assert_string_equal(level_kind_name(LEVEL_MICROPHONE), "microphone");
    assert_string_equal(truth_name(TRUTH_TRUE), "true");
    assert_string_equal(command_name(COMMAND_COUNT), "unknown");
}

struct found {
    int mistakes, warnings;
    char last[200];
};

static void collect(void *context, const char *mistake, bool warning)
{
    struct found *found = context;
    *(warning ? &found->warnings : &found->mistakes) += 1;
    text_copy(found->last, sizeof found->last, mistake);
}

struct seen {
    const char *part;
    bool found;
};

static void look_for(void *context, const char *mistake, bool warning)
{
    struct seen *seen = context;
    seen->found = seen->found || (!warning && strstr(mistake, seen->part));
}

static struct found check(const struct profile *profile)
{
    struct found found = {0};
    bool good = profile_check(profile, collect, &found);
    assert_int_equal(good, found.mistakes == 0);
    return found;
}

static void good_profiles_pass(void **state)
{
    (void)state;
    struct profile t8 = profile_t8(), c4 = profile_c4();
    give_hold(&t8, HOLD_RENEWED_BY_ANY);
    struct found found = check(&t8);
    assert_int_equal(found.mistakes + found.warnings, 0);
    found = check(&c4);
    assert_int_equal(found.mistakes, 0);
    assert_int_equal(found.warnings, 1);
    assert_non_null(strstr(found.last, "no hold"));
}

/* Breaks one thing at a time; each must be named. */
static void spoil(struct profile *p, int what)
{
    switch (what) {
    case 0: p->id[0] = '\0'; break;
    case 1: p->fields[1].name[0] = 's', text_copy(p->fields[1].name, 32, "state"); break;
    case 2: p->fields[0].space = SPACE_COIL; break;
    case 3: p->fields[0].scale = 0; break;
    case 4: p->fields[0].max_age_us = 0; break;
    case 5: p->fields[8].type = FIELD_U32, p->fields[8].address = 65535; break;
    case 6: p->commands[COMMAND_ARM].n_writes = 0; break;
    case 7: p->commands[COMMAND_ARM].writes[0].space = SPACE_INPUT; break;
    case 8: p->commands[COMMAND_ARM].writes[0].single = true; break;
    case 9: p->commands[COMMAND_STOP].writes[0].values[0].value = 70000; break;
    case 10: p->commands[COMMAND_ARM].writes[0].n_values = 17; break;
    case 11:
        p->commands[COMMAND_STOP].writes[0].address = 65535, p->commands[COMMAND_STOP].writes[0].n_values = 2,
        p->commands[COMMAND_STOP].writes[0].single = false;
        break;
    case 12: p->volume_max = 0; break;
    case 13: p->source = -1; break;
    case 14: p->sequence[p->n_sequence++] = COMMAND_ARM; break;
    case 15: p->sequence[p->n_sequence++] = COMMAND_START; break;
    case 16: p->sequence[p->n_sequence++] = COMMAND_SELF_TEST; break;
    case 17: p->conditions[WHEN_OURS].n_groups = 0; break;
    case 18: p->commands[COMMAND_STOP].given = false; break;
    case 19: p->conditions[WHEN_ARMED].n_groups = 0; break;
    case 20: p->conditions[WHEN_FAULT].groups[0].terms[0].field = 9; break;
    case 21: p->conditions[WHEN_FAULT].groups[0].terms[0].right.value = 32; break;
    case 22: p->conditions[WHEN_FAULT].groups[0].terms[0].right.kind = OPERAND_VOLUME; break;
    case 23: p->conditions[WHEN_FAULT].groups[0].n_terms = 0; break;
    case 24: p->token_field = -1; break;
    case 25: p->level_field = -1; break;
    case 26: p->level_field = 9; break;
    case 27: p->commands[COMMAND_ARM].writes[0].values[2].kind = OPERAND_VALUE; break;
    case 28: p->ignores[p->n_ignores++] = (struct register_range){SPACE_HOLDING, 9, 3}; break;
    case 29: p->ignores[p->n_ignores++] = (struct register_range){SPACE_INPUT, 1, 3}; break;
    case 30: p->n_fields = PROFILE_FIELDS_MAX + 1; break;
    case 31: p->fields[0].type = FIELD_BIT, p->fields[0].bit = 16; break;
    case 32: p->heard_level = 1.0 / 0.0; break;
    case 33: p->conditions[WHEN_ARMED].groups[1].terms[1].right.kind = OPERAND_VALUE; break;
    case 34: p->conditions[WHEN_OURS].groups[0].terms[0].right.kind = OPERAND_VALUE; break;
    default: fail();
    }
}

static void every_mistake_is_named(void **state)
{
    (void)state;
    for (int what = 0; what <= 34; what++) {
        struct profile p = profile_t8();
        spoil(&p, what);
        struct found found = check(&p);
        if (found.mistakes == 0)
            fail_msg("mistake %d was not found", what);
        assert_true(strlen(found.last) > 10);
    }
}

static struct profile with_hold(void)
{
    struct profile p = profile_t8();
    give_hold(&p, HOLD_RENEWED_BY_WRITE);
    return p;
}

static void what_only_weakens_is_a_warning(void **state)
{
    (void)state;
    struct profile p = with_hold();
    p.conditions[WHEN_SOUNDING].n_groups = 0;
    assert_int_equal(check(&p).warnings, 1);
    p = with_hold();
    p.start_needs_arm = false;
    assert_int_equal(check(&p).warnings, 1);
    p = with_hold();
    p.level_window_ms = 0;
    assert_int_equal(check(&p).warnings, 1);
}

static void a_hold_is_one_repeatable_write_with_its_seconds(void **state)
{
    (void)state;
    static const char *const words[] = {"hold_s must say",          "command hold must say", "one write and repeatable",
                                        "one write and repeatable", "$hold needs hold_s",    "does not belong there"};
    for (size_t what = 0; what < sizeof words / sizeof *words; what++) {
        struct profile p = with_hold();
        struct profile_command *hold = &p.commands[COMMAND_HOLD];
        switch (what) {
        case 0: p.hold_s = 0, hold->writes[0].values[0].kind = OPERAND_VALUE; break;
        case 1: hold->given = false, p.commands[COMMAND_START].given = false; break;
        case 2: hold->repeatable = false; break;
        case 3: hold->n_writes = 2, hold->writes[1] = hold->writes[0]; break;
        case 4: p.hold_s = 0, hold->given = false, p.commands[COMMAND_STOP].writes[0].values[0].kind = OPERAND_HOLD; break;
        default: p.sequence[p.n_sequence++] = COMMAND_HOLD; break;
        }
        struct seen seen = {.part = words[what]};
        assert_false(profile_check(&p, look_for, &seen));
        if (!seen.found)
            fail_msg("not said: %s", words[what]);
    }
    struct profile p = with_hold();
    uint16_t number[PROFILE_VALUES_MAX];
    profile_fill_write(&p, &p.commands[COMMAND_HOLD].writes[0], &(struct operand_values){0}, number);
    assert_int_equal(number[0], 30);
}

/* Only what one frame could really do: side by side, in one space, at once. */
static void single_writes_side_by_side_are_named(void **state)
{
    (void)state;
    for (int what = 0; what < 5; what++) {
        struct profile p = with_hold();
        struct profile_command *arm = &p.commands[COMMAND_ARM];
        *arm = one_write(SPACE_HOLDING, 18, true, true, OPERAND_TOKEN, 0);
        arm->n_writes = 2;
        arm->writes[1] = one_write(SPACE_HOLDING, 19, true, true, OPERAND_VOLUME, 0).writes[0];
        switch (what) {
        case 1: arm->writes[0].wait_ms = 5; break;
        case 2: arm->writes[1].address = 20; break;
        case 3: arm->writes[1].address = 17; break;
        case 4: arm->writes[1].space = SPACE_COIL, arm->writes[1].values[0] = (struct operand){OPERAND_VALUE, 1}; break;
        default: break;
        }
        struct found found = check(&p);
        assert_int_equal(found.mistakes, 0);
        assert_int_equal(found.warnings, what == 0);
        if (what == 0)
            assert_non_null(strstr(found.last, "arm: writes 1 and 2 to holding 18 and 19"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_cover_the_fields_in_few_requests),
        cmocka_unit_test(a_gap_wider_than_allowed_splits),
        cmocka_unit_test(more_places_than_requests_are_cut_and_reported),
        cmocka_unit_test(fields_are_taken_in_every_type),
        cmocka_unit_test(a_field_half_inside_a_read_is_left_alone),
        cmocka_unit_test(writes_are_filled_with_operands),
        cmocka_unit_test(conditions_are_true_false_or_unknown),
        cmocka_unit_test(what_makes_a_condition_true_is_named),
        cmocka_unit_test(an_old_field_makes_a_condition_unknown),
        cmocka_unit_test(every_operator_compares_scaled_values),
        cmocka_unit_test(the_volume_may_go_down),
        cmocka_unit_test(a_group_is_told_in_words),
        cmocka_unit_test(conditions_compare_with_the_message),
        cmocka_unit_test(broadcast_needs_all_profiles_to_agree),
        cmocka_unit_test(hearing_needs_kind_and_field),
        cmocka_unit_test(names_have_no_holes),
        cmocka_unit_test(good_profiles_pass),
        cmocka_unit_test(every_mistake_is_named),
        cmocka_unit_test(what_only_weakens_is_a_warning),
        cmocka_unit_test(a_hold_is_one_repeatable_write_with_its_seconds),
        cmocka_unit_test(single_writes_side_by_side_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
