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
    if (field >= 0)
        return true;
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
