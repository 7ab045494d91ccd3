/* A condition's group in words that name its fields. */
#include "hardware/profile.h"

#include <string.h>

static void term_words(const struct profile *profile, const struct condition_term *term, const struct terminal_values *values,
                       char *text, size_t size)
{
    const struct profile_field *field = &profile->fields[term->field];
    double value = values->value[term->field];
    if (!(values->valid & UINT32_C(1) << term->field))
        text_print(text, size, "%s unknown", field->name);
    else if (term->op == OP_BIT)
        text_print(text, size, "%s bit %d == %d", field->name, (int)term->right.value,
                   (int)(values->raw[term->field] >> (term->right.value & 31) & 1));
    else if (*field->unit)
        text_print(text, size, "%s %.7g %s", field->name, value, field->unit);
    else
        text_print(text, size, "%s == %.7g", field->name, value);
}

void profile_group_words(const struct profile *profile, enum condition_kind kind, size_t group,
                         const struct terminal_values *values, char text[PROFILE_WORDS_SIZE])
{
    const struct condition *condition = &profile->conditions[kind];
    text[0] = '\0';
    for (size_t t = 0; t < condition->groups[group].n_terms; t++) {
        size_t used = strlen(text);
        if (t > 0 && text_copy(text + used, PROFILE_WORDS_SIZE - used, ", "))
            used += 2;
        term_words(profile, &condition->groups[group].terms[t], values, text + used, PROFILE_WORDS_SIZE - used);
    }
}

void profile_explain(const struct profile *profile, enum condition_kind kind, const struct terminal_values *values,
                     const struct operand_values *operands, struct mono now, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t g = 0; g < profile->conditions[kind].n_groups; g++) {
        char words[PROFILE_WORDS_SIZE];
        size_t used = strlen(text);
        if (profile_judge_group(profile, kind, g, values, operands, now) != TRUTH_TRUE)
            continue;
        profile_group_words(profile, kind, g, values, words);
        text_print(text + used, size - used, "%s%s", used ? ", " : "", words);
    }
}
