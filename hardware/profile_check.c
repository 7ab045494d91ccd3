/* What a profile file may get wrong beyond types: every mistake is reported in words that name the part. A warning does not
 * make the profile unusable. */
#include "hardware/profile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct check {
    const struct profile *profile;
    profile_report_fn *report;
    void *context;
    bool good;
};

static void say(struct check *check, bool warning, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(struct check *check, bool warning, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args); /* NOLINT(clang-analyzer-valist.Uninitialized): it is started above */
    va_end(args);
    if (!warning)
        check->good = false;
    if (check->report)
        check->report(check->context, text, warning);
}

static bool has_condition(const struct profile *profile, enum condition_kind kind)
{
    return profile->conditions[kind].n_groups > 0;
}

static void check_field(struct check *check, size_t i)
{
    const struct profile_field *field = &check->profile->fields[i];
    bool bits = field->space == SPACE_COIL || field->space == SPACE_DISCRETE;
    bool wide = field->type == FIELD_U32 || field->type == FIELD_S32 || field->type == FIELD_U32_SWAPPED ||
                field->type == FIELD_S32_SWAPPED;
    if (field->name[0] == '\0')
        say(check, false, "field %zu has no name", i + 1);
    for (size_t k = 0; k < i; k++)
        if (strcmp(check->profile->fields[k].name, field->name) == 0)
            say(check, false, "field %s is there twice", field->name);
    if (bits && field->type != FIELD_BIT)
        say(check, false, "field %s: a %s holds one bit, its type must be bit", field->name, register_space_name(field->space));
    if (field->type == FIELD_BIT && !bits && field->bit > 15)
        say(check, false, "field %s: bit %u is not one of 0 to 15", field->name, field->bit);
    if (wide && field->address == UINT16_MAX)
        say(check, false, "field %s: its second register is beyond 65535", field->name);
    if (field->scale == 0.0 || !isfinite(field->scale) || !isfinite(field->offset))
        say(check, false, "field %s: scale must not be 0, scale and offset must be finite", field->name);
    if (field->max_age_us <= 0)
        say(check, false, "field %s: max_age must be greater than 0", field->name);
}

static void check_fields(struct check *check)
{
    struct profile_read reads[PROFILE_READS_MAX];
    uint64_t seen = 0;
    for (size_t i = 0; i < check->profile->n_fields; i++)
        check_field(check, i);
    size_t n = profile_plan_reads(check->profile, reads);
    for (size_t i = 0; i < check->profile->n_fields; i++)
        for (size_t r = 0; r < n; r++) {
            const struct profile_field *field = &check->profile->fields[i];
            if (field->space == reads[r].space && field->address >= reads[r].address &&
                field->address < (uint32_t)reads[r].address + reads[r].count)
                seen |= UINT64_C(1) << i;
        }
    if (seen != (UINT64_C(1) << check->profile->n_fields) - 1)
        say(check, false, "a status needs more than %d requests: enlarge read_gap or leave fields out", PROFILE_READS_MAX);
}

static bool has_volume(const struct profile *profile)
{
    bool within = profile->volume_zero >= 0 && profile->volume_zero <= UINT16_MAX && profile->volume_max >= 0 &&
                  profile->volume_max <= UINT16_MAX;
    return within && profile->volume_zero != profile->volume_max;
}

static void check_write(struct check *check, const char *name, size_t n, const struct profile_write *write)
{
    if (write->space != SPACE_COIL && write->space != SPACE_HOLDING)
        say(check, false, "%s, write %zu: only coil and holding can be written", name, n);
    if (write->n_values < 1 || write->n_values > PROFILE_VALUES_MAX)
        say(check, false, "%s, write %zu: needs 1 to %d values", name, n, PROFILE_VALUES_MAX);
    if (write->single && write->n_values != 1)
        say(check, false, "%s, write %zu: single takes just one value", name, n);
    if ((uint32_t)write->address + write->n_values > 65536)
        say(check, false, "%s, write %zu: goes beyond address 65535", name, n);
    for (size_t i = 0; i < write->n_values && i < PROFILE_VALUES_MAX; i++) {
        const struct operand *operand = &write->values[i];
        bool coil = write->space == SPACE_COIL;
        int32_t least = coil ? 0 : INT16_MIN, most = coil ? 1 : UINT16_MAX;
        if (operand->kind == OPERAND_VALUE && (operand->value < least || operand->value > most))
            say(check, false, "%s, write %zu: %d is not within %d to %d", name, n, operand->value, least, most);
        if (operand->kind == OPERAND_VOLUME && !has_volume(check->profile))
            say(check, false, "%s, write %zu: $volume needs volume_zero and volume_max from 0 to 65535, not the same", name, n);
        if (operand->kind == OPERAND_SOURCE && (check->profile->source < 0 || check->profile->source > UINT16_MAX))
            say(check, false, "%s, write %zu: $source needs source from 0 to 65535", name, n);
        if (operand->kind == OPERAND_HOLD && check->profile->hold_s == 0)
            say(check, false, "%s, write %zu: $hold needs hold_s", name, n);
    }
}

/* Single writes side by side cost a request each where one frame could do. */
static void check_neighbours(struct check *check, const char *name, const struct profile_command *command)
{
    for (size_t w = 0; w + 1 < command->n_writes && w + 1 < PROFILE_WRITES_MAX; w++) {
        const struct profile_write *one = &command->writes[w], *next = &command->writes[w + 1];
        if (one->single && next->single && one->wait_ms == 0 && one->space == next->space && next->address == one->address + 1)
            say(check, true,
                "%s: writes %zu and %zu to %s %u and %u have no wait between them: one write of both values is sooner", name,
                w + 1, w + 2, register_space_name(one->space), one->address, next->address);
    }
}

static void check_commands(struct check *check)
{
    for (int c = 0; c < COMMAND_COUNT; c++) {
        const struct profile_command *command = &check->profile->commands[c];
        const char *name = command_name((enum command_kind)c);
        if (!command->given)
            continue;
        if (command->n_writes == 0 || command->n_writes > PROFILE_WRITES_MAX)
            say(check, false, "%s: needs 1 to %d writes", name, PROFILE_WRITES_MAX);
        for (size_t w = 0; w < command->n_writes && w < PROFILE_WRITES_MAX; w++)
            check_write(check, name, w + 1, &command->writes[w]);
        check_neighbours(check, name, command);
    }
}

/* The hold is written and renewed while the terminal sounds, so it must be one harmless frame. */
static void check_hold(struct check *check)
{
    const struct profile *profile = check->profile;
    const struct profile_command *hold = &profile->commands[COMMAND_HOLD];
    if (hold->given && profile->hold_s == 0)
        say(check, false, "hold is given, so hold_s must say for how long");
    if (!hold->given && profile->hold_s > 0)
        say(check, false, "hold_s is given, so the command hold must say how it is written");
    if (hold->given && (hold->n_writes != 1 || !hold->repeatable))
        say(check, false, "hold: must be one write and repeatable, for it is written again and again");
    if (profile->commands[COMMAND_START].given && !hold->given)
        say(check, true, "no hold: it sounds on if this box dies in the middle of a broadcast");
}

static bool writes_token(const struct profile *profile)
{
    for (size_t s = 0; s < profile->n_sequence; s++) {
        const struct profile_command *command = &profile->commands[profile->sequence[s]];
        for (size_t w = 0; w < command->n_writes; w++)
            for (size_t v = 0; v < command->writes[w].n_values; v++)
                if (command->writes[w].values[v].kind == OPERAND_TOKEN)
                    return true;
    }
    return false;
}

static void check_sequence(struct check *check)
{
    const struct profile *profile = check->profile;
    for (size_t s = 0; s < profile->n_sequence; s++) {
        enum command_kind kind = profile->sequence[s];
        if (kind >= COMMAND_COUNT) {
            say(check, false, "sequence: entry %zu is no command", s + 1);
            return;
        }
        if (kind == COMMAND_START || kind == COMMAND_STOP || kind == COMMAND_POWER_OFF || kind == COMMAND_SELF_TEST ||
            kind == COMMAND_HOLD)
            say(check, false, "sequence: %s does not belong there, it ends before start", command_name(kind));
        if (!profile->commands[kind].given)
            say(check, false, "sequence: the command %s is not given", command_name(kind));
        for (size_t k = 0; k < s; k++)
            if (profile->sequence[k] == kind)
                say(check, false, "sequence: %s is there twice", command_name(kind));
    }
}

static void check_term(struct check *check, const char *name, const struct condition_term *term)
{
    if (term->field >= check->profile->n_fields) {
        say(check, false, "%s: refers to a field that is not there", name);
        return;
    }
    if (term->op == OP_BIT && (term->right.kind != OPERAND_VALUE || term->right.value < 0 || term->right.value > 31))
        say(check, false, "%s: bit needs a number from 0 to 31", name);
    if (term->right.kind == OPERAND_VOLUME || term->right.kind == OPERAND_SOURCE)
        say(check, false, "%s: compares with a number, $token, $slot or $tone only", name);
    if (term->right.kind == OPERAND_TOKEN && check->profile->token_field < 0)
        say(check, false, "%s: uses $token, but no token field is named", name);
}

static void check_conditions(struct check *check)
{
    for (int k = 0; k < WHEN_COUNT; k++) {
        const struct condition *condition = &check->profile->conditions[k];
        const char *name = condition_name((enum condition_kind)k);
        for (size_t g = 0; g < condition->n_groups && g < PROFILE_GROUPS_MAX; g++) {
            if (condition->groups[g].n_terms == 0 || condition->groups[g].n_terms > PROFILE_TERMS_MAX)
                say(check, false, "%s: group %zu needs 1 to %d terms", name, g + 1, PROFILE_TERMS_MAX);
            for (size_t t = 0; t < condition->groups[g].n_terms && t < PROFILE_TERMS_MAX; t++)
                check_term(check, name, &condition->groups[g].terms[t]);
        }
    }
}

/* Where a token is echoed, what does not compare it would take another session's state for ours. */
static void check_token_used(struct check *check, enum condition_kind kind)
{
    const struct condition *condition = &check->profile->conditions[kind];
    for (size_t g = 0; g < condition->n_groups; g++) {
        bool used = false;
        for (size_t t = 0; t < condition->groups[g].n_terms; t++)
            used = used || condition->groups[g].terms[t].right.kind == OPERAND_TOKEN;
        if (!used)
            say(check, false, "%s: group %zu must compare the token field with $token", condition_name(kind), g + 1);
    }
}

/* What a profile that can sound must bring so that its sound can be proved and ended. */
static void check_start(struct check *check)
{
    const struct profile *profile = check->profile;
    const struct profile_command *start = &profile->commands[COMMAND_START];
    if (!start->given) {
        if (profile->n_sequence)
            say(check, true, "there is a sequence but no start: the terminal is only read");
        return;
    }
    if (!has_condition(profile, WHEN_OURS))
        say(check, false, "start is given, so ours_when must say how our sound is told from another's");
    if (!profile->commands[COMMAND_STOP].given)
        say(check, false, "start is given, so stop must be");
    if (!has_condition(profile, WHEN_SOUNDING))
        say(check, true, "no sounding_when: a delivery can reach armed at most");
    if (!has_condition(profile, WHEN_ARMED))
        say(check, profile->start_needs_arm ? false : true, "no armed_when: nothing proves that the terminal is armed");
    if (start->broadcast && !profile->start_needs_arm)
        say(check, true, "start may be broadcast but not without start_needs_arm: it goes to each terminal by itself");
    if (profile->token_field < 0)
        return;
    if (!writes_token(profile))
        say(check, false, "a token field is named, but no command of the sequence writes $token");
    check_token_used(check, WHEN_ARMED);
    check_token_used(check, WHEN_OURS);
}

static void check_level(struct check *check)
{
    const struct profile *profile = check->profile;
    int last = (int)profile->n_fields - 1;
    if (profile->level_field > last || profile->token_field > last || profile->uptime_field > last)
        say(check, false, "the field of the level, of the token or of the uptime is not there");
    if ((profile->level_kind == LEVEL_NONE) != (profile->level_field < 0))
        say(check, false, "level needs both its kind (output or microphone) and its field");
    if (profile->level_kind != LEVEL_NONE && !isfinite(profile->heard_level))
        say(check, false, "level: heard_level must be a number");
    if (profile->level_kind != LEVEL_NONE && profile->level_window_ms == 0)
        say(check, true, "level: a window of 0 ms claims that the terminal does not average");
}

static void check_ignores(struct check *check)
{
    for (size_t i = 0; i < check->profile->n_ignores; i++) {
        const struct register_range *range = &check->profile->ignores[i];
        if (range->first > range->last)
            say(check, false, "ignores: %u to %u is upside down", range->first, range->last);
        if (range->space != SPACE_COIL && range->space != SPACE_HOLDING)
            say(check, false, "ignores: only coil and holding can be written");
    }
}

/* Counts beyond the struct's bounds make every other check unsafe. */
static bool check_bounds(struct check *check)
{
    const struct profile *profile = check->profile;
    bool good = profile->n_fields <= PROFILE_FIELDS_MAX && profile->n_sequence <= COMMAND_COUNT &&
                profile->n_ignores <= PROFILE_IGNORES_MAX;
    for (int k = 0; k < WHEN_COUNT; k++)
        good = good && profile->conditions[k].n_groups <= PROFILE_GROUPS_MAX;
    if (!good)
        say(check, false, "more fields, groups, sequence entries or ignored ranges than there is room for");
    return good;
}

bool profile_check(const struct profile *profile, profile_report_fn *report, void *context)
{
    struct check check = {profile, report, context, true};
    if (!check_bounds(&check))
        return false;
    if (profile->id[0] == '\0')
        say(&check, false, "the profile has no id");
    check_fields(&check);
    check_commands(&check);
    check_hold(&check);
    check_sequence(&check);
    check_conditions(&check);
    if (check.good) /* these read through indexes that the checks above have proved */
        check_start(&check);
    check_level(&check);
    check_ignores(&check);
    return check.good;
}
