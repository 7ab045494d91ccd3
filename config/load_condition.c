/* Conditions of a profile, written as texts: [ "token == $token", "state >= 1" ] is one group, all of which must hold. */
#include "config/load.h"

#include <stdio.h>
#include <string.h>

static const char *const op_names[] = {"==", "!=", "<", "<=", ">", ">=", "bit"}; /* enum condition_op */

static bool find_op(const char *text, enum condition_op *op)
{
    for (size_t i = 0; i < sizeof op_names / sizeof *op_names; i++) {
        if (strcmp(text, op_names[i]) == 0) {
            *op = (enum condition_op)i;
            return true;
        }
    }
    return false;
}

/* The least and the greatest number that a field can read as. */
static void range_of(const struct profile_field *field, double range[2])
{
    static const double RAW[][2] = {
        [FIELD_BIT] = {0, 1},
        [FIELD_U16] = {0, UINT16_MAX},
        [FIELD_S16] = {INT16_MIN, INT16_MAX},
        [FIELD_U32] = {0, UINT32_MAX},
        [FIELD_S32] = {INT32_MIN, INT32_MAX},
        [FIELD_U32_SWAPPED] = {0, UINT32_MAX},
        [FIELD_S32_SWAPPED] = {INT32_MIN, INT32_MAX},
        [FIELD_BCD] = {0, 9999},
    };
    bool falls = field->scale < 0;
    for (int i = 0; i < 2; i++)
        range[i] = RAW[field->type][falls ? 1 - i : i] * field->scale + field->offset;
}

/* "always" or "never" true, whatever the field reads; NULL where it depends on that. */
static const char *foregone(enum condition_op op, double value, const double range[2])
{
    bool always = false, never = false;
    bool under = value < range[0];
    bool over = value > range[1];
    switch (op) {
    case OP_EQUAL: never = under || over; break;
    case OP_NOT_EQUAL: always = under || over; break;
    case OP_LESS: never = value <= range[0], always = over; break;
    case OP_LESS_EQUAL: never = under, always = value >= range[1]; break;
    case OP_GREATER: never = value >= range[1], always = under; break;
    case OP_GREATER_EQUAL: never = over, always = value <= range[0]; break;
    case OP_BIT: break;
    }
    return always ? "always" : never ? "never" : NULL;
}

/* A term that says nothing is mostly a raw number where the scaled one is compared. */
static void check_term(const struct document *document, const config_setting_t *at, const struct profile_field *field,
                       const struct condition_term *term)
{
    const char *text = config_setting_get_string(at);
    double range[2];
    range_of(field, range);
    bool wide = field->type >= FIELD_U32 && field->type <= FIELD_S32_SWAPPED;
    int bits = field->type == FIELD_BIT ? 1 : wide ? 32 : 16;
    if (term->op == OP_BIT && (term->right.kind != OPERAND_VALUE || term->right.value < 0 || term->right.value >= bits))
        schema_mistake(document, at, "\"%s\": %s has the bits 0 to %d", text, field->name, bits - 1);
    const char *how = term->right.kind == OPERAND_VALUE ? foregone(term->op, (double)term->right.value, range) : NULL;
    if (how)
        schema_warning(document, at, "\"%s\" is %s true: %s reads from %.10g to %.10g%s%s", text, how, field->name, range[0],
                       range[1], *field->unit ? " " : "", field->unit);
}

static bool read_term(const struct document *document, const config_setting_t *at, const struct profile *profile,
                      struct condition_term *term)
{
    const char *text = schema_text(document, at, "a condition's terms");
    char name[33], op[4], right[17], rest[2];
    if (!text)
        return false;
    if (sscanf(text, "%32s %3s %16s %1s", name, op, right, rest) != 3 || !find_op(op, &term->op) ||
        !load_operand(right, &term->right)) {
        schema_mistake(document, at,
                       "\"%s\" is not a condition: write \"FIELD OP VALUE\" with spaces, OP one of == != < <= > >= bit, "
                       "VALUE a whole number, $token, $slot or $tone",
                       text);
        return false;
    }
    int field = load_find(profile->fields, profile->n_fields, sizeof *profile->fields, name);
    term->field = (uint8_t)field;
    if (field >= 0) {
        check_term(document, at, &profile->fields[field], term);
        return true;
    }
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < profile->n_fields; i++)
        nearest_try(&nearest, profile->fields[i].name);
    char near_text[80];
    schema_mistake(document, at, "there is no field \"%s\"%s", name, nearest_text(&nearest, near_text));
    return false;
}

void load_condition(const struct document *document, const config_setting_t *setting, const struct profile *profile,
                    struct condition *condition)
{
    for (size_t i = 0; i < schema_length(setting) && i < PROFILE_GROUPS_MAX; i++) {
        const config_setting_t *group = schema_element(setting, i);
        size_t n = config_setting_is_aggregate(group) ? schema_length(group) : 0;
        if (n < 1 || n > PROFILE_TERMS_MAX) {
            schema_mistake(document, group,
                           "a condition is a list of groups ( [ \"...\", \"...\" ], ... ) of 1 to %d texts each",
                           PROFILE_TERMS_MAX);
            continue;
        }
        condition->groups[i].n_terms = 0;
        for (size_t k = 0; k < n; k++)
            if (read_term(document, schema_element(group, k), profile, &condition->groups[i].terms[k]))
                condition->groups[i].n_terms++;
        condition->n_groups = i + 1;
    }
}
