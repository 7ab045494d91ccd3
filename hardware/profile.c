/* What can be computed from a profile without any I/O: the reads that a status needs, fields out of replies, numbers of
 * writes, truth of conditions, and whether a command may go to unit 0 on a line. Its checks live in profile_check.c. */
#include "hardware/profile.h"

#include <math.h>
#include <string.h>

/* Modbus Application Protocol V1.1b3, 6.1-6.4 */
enum { READ_REGISTERS_MAX = 125, READ_BITS_MAX = 2000 };

const char *register_space_name(enum register_space space)
{
    static const char *const names[] = {"coil", "discrete", "input", "holding"};
    return (size_t)space < sizeof names / sizeof *names ? names[space] : "unknown";
}

const char *command_name(enum command_kind kind)
{
    static const char *const names[COMMAND_COUNT] = {"power_on", "power_off", "set_volume", "select_source", "arm",
                                                     "disarm",   "start",     "stop",       "self_test"};
    return kind < COMMAND_COUNT ? names[kind] : "unknown";
}

const char *condition_name(enum condition_kind kind)
{
    static const char *const names[WHEN_COUNT] = {"armed_when", "sounding_when", "fault_when", "ours_when", "busy_when"};
    return kind < WHEN_COUNT ? names[kind] : "unknown";
}

const char *level_kind_name(enum level_kind kind)
{
    static const char *const names[] = {"none", "output", "microphone"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

const char *truth_name(enum truth truth)
{
    static const char *const names[] = {"unknown", "false", "true"};
    return (size_t)truth < sizeof names / sizeof *names ? names[truth] : "unknown";
}

/* Registers that a field takes. */
static uint32_t field_width(const struct profile_field *field)
{
    switch (field->type) {
    case FIELD_U32:
    case FIELD_S32:
    case FIELD_U32_SWAPPED:
    case FIELD_S32_SWAPPED: return 2;
    case FIELD_BIT:
    case FIELD_U16:
    case FIELD_S16:
    case FIELD_BCD: return 1;
    }
    return 1;
}

static bool is_bits(enum register_space space)
{
    return space == SPACE_COIL || space == SPACE_DISCRETE;
}

/* Indexes of the fields in the order of space and address. */
static void sort_fields(const struct profile *profile, uint8_t order[PROFILE_FIELDS_MAX])
{
    for (size_t i = 0; i < profile->n_fields; i++) {
        const struct profile_field *field = &profile->fields[i];
        size_t at = i;
        for (; at > 0; at--) {
            const struct profile_field *before = &profile->fields[order[at - 1]];
            if (before->space < field->space || (before->space == field->space && before->address <= field->address))
                break;
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t)i;
    }
}

/* Widens the read by the field if that costs less than another request. */
static bool join_read(const struct profile *profile, struct profile_read *read, const struct profile_field *field)
{
    uint32_t end = (uint32_t)read->address + read->count;
    uint32_t field_end = field->address + field_width(field);
    uint32_t most = is_bits(field->space) ? READ_BITS_MAX : READ_REGISTERS_MAX;
    if (read->space != field->space || field->address > end + profile->read_gap)
        return false;
    if (field_end <= end)
        return true;
    if (field_end - read->address > most)
        return false;
    read->count = (uint16_t)(field_end - read->address);
    return true;
}

size_t profile_plan_reads(const struct profile *profile, struct profile_read reads[PROFILE_READS_MAX])
{
    uint8_t order[PROFILE_FIELDS_MAX];
    size_t n = 0;
    sort_fields(profile, order);
    for (size_t i = 0; i < profile->n_fields; i++) {
        const struct profile_field *field = &profile->fields[order[i]];
        if (n > 0 && join_read(profile, &reads[n - 1], field))
            continue;
        if (n == PROFILE_READS_MAX)
            break;
        reads[n++] = (struct profile_read){field->space, field->address, (uint16_t)field_width(field)};
    }
    return n;
}

/* Four binary coded digits; false if one of them is none. */
static bool from_bcd(uint16_t word, int64_t *raw)
{
    int64_t value = 0;
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = (word >> shift) & 0xF;
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *raw = value;
    return true;
}

static bool take_raw(const struct profile_field *field, const uint16_t *words, int64_t *raw)
{
    uint32_t high_first = field_width(field) == 2 ? (uint32_t)words[0] << 16 | words[1] : 0;
    uint32_t low_first = field_width(field) == 2 ? (uint32_t)words[1] << 16 | words[0] : 0;
    switch (field->type) {
    case FIELD_BIT: *raw = is_bits(field->space) ? words[0] & 1 : (words[0] >> (field->bit & 15)) & 1; return true;
    case FIELD_U16: *raw = words[0]; return true;
    case FIELD_S16: *raw = (int16_t)words[0]; return true;
    case FIELD_U32: *raw = high_first; return true;
    case FIELD_S32: *raw = (int32_t)high_first; return true;
    case FIELD_U32_SWAPPED: *raw = low_first; return true;
    case FIELD_S32_SWAPPED: *raw = (int32_t)low_first; return true;
    case FIELD_BCD: return from_bcd(words[0], raw);
    }
    return false;
}

void profile_take_read(const struct profile *profile, const struct profile_read *read, const uint16_t *words, struct mono at,
                       struct terminal_values *values)
{
    for (size_t i = 0; i < profile->n_fields; i++) {
        const struct profile_field *field = &profile->fields[i];
        uint32_t end = (uint32_t)read->address + read->count;
        if (field->space != read->space || field->address < read->address || field->address + field_width(field) > end)
            continue;
        uint32_t bit = UINT32_C(1) << i;
        values->valid &= ~bit;
        if (!take_raw(field, words + (field->address - read->address), &values->raw[i]))
            continue;
        values->value[i] = (double)values->raw[i] * field->scale + field->offset;
        values->at[i] = at;
        values->valid |= bit;
    }
}

static int64_t operand_number(const struct profile *profile, const struct operand *operand,
                              const struct operand_values *operands)
{
    switch (operand->kind) {
    case OPERAND_VALUE: return operand->value;
    case OPERAND_VOLUME: return lround((double)operands->volume_percent * profile->volume_max / 100.0);
    case OPERAND_TOKEN: return operands->token;
    case OPERAND_SOURCE: return profile->source;
    case OPERAND_SLOT: return operands->slot;
    case OPERAND_TONE: return operands->tone;
    }
    return 0;
}

size_t profile_fill_write(const struct profile *profile, const struct profile_write *write,
                          const struct operand_values *operands, uint16_t numbers[PROFILE_VALUES_MAX])
{
    for (size_t i = 0; i < write->n_values; i++) {
        int64_t number = operand_number(profile, &write->values[i], operands);
        numbers[i] = write->space == SPACE_COIL ? number != 0 : (uint16_t)number;
    }
    return write->n_values;
}

static enum truth truth_of(bool yes)
{
    return yes ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth judge_term(const struct profile *profile, const struct condition_term *term,
                             const struct terminal_values *values, const struct operand_values *operands, struct mono now)
{
    const struct profile_field *field = &profile->fields[term->field];
    if (!(values->valid & UINT32_C(1) << term->field) || mono_since(now, values->at[term->field]) > field->max_age_us)
        return TRUTH_UNKNOWN;
    if (term->op == OP_BIT)
        return truth_of(values->raw[term->field] >> (term->right.value & 31) & 1);
    bool token = term->right.kind == OPERAND_TOKEN;
    if (token && operands->token == 0) /* no session: nothing equals its token, not even a register at 0 */
        return truth_of(term->op == OP_NOT_EQUAL);
    double left = token ? (double)values->raw[term->field] : values->value[term->field];
    double right = (double)operand_number(profile, &term->right, operands);
    bool equal = fabs(left - right) < 1e-9; /* scaled by 0.1 and the like */
    switch (term->op) {
    case OP_EQUAL: return truth_of(equal);
    case OP_NOT_EQUAL: return truth_of(!equal);
    case OP_LESS: return truth_of(!equal && left < right);
    case OP_LESS_EQUAL: return truth_of(equal || left < right);
    case OP_GREATER: return truth_of(!equal && left > right);
    case OP_GREATER_EQUAL: return truth_of(equal || left > right);
    case OP_BIT: break;
    }
    return TRUTH_UNKNOWN;
}

static enum truth judge_group(const struct profile *profile, const struct condition *condition, size_t group,
                              const struct terminal_values *values, const struct operand_values *operands, struct mono now)
{
    size_t n = condition->groups[group].n_terms;
    enum truth all = n ? TRUTH_TRUE : TRUTH_UNKNOWN;
    for (size_t t = 0; t < n && all != TRUTH_FALSE; t++) {
        enum truth term = judge_term(profile, &condition->groups[group].terms[t], values, operands, now);
        if (term != TRUTH_TRUE)
            all = term;
    }
    return all;
}

enum truth profile_judge(const struct profile *profile, enum condition_kind kind, const struct terminal_values *values,
                         const struct operand_values *operands, struct mono now)
{
    const struct condition *condition = &profile->conditions[kind];
    enum truth any = condition->n_groups ? TRUTH_FALSE : TRUTH_UNKNOWN;
    for (size_t g = 0; g < condition->n_groups; g++) {
        enum truth all = judge_group(profile, condition, g, values, operands, now);
        if (all == TRUTH_TRUE)
            return TRUTH_TRUE;
        if (all == TRUTH_UNKNOWN)
            any = TRUTH_UNKNOWN;
    }
    return any;
}

void profile_explain(const struct profile *profile, enum condition_kind kind, const struct terminal_values *values,
                     const struct operand_values *operands, struct mono now, char *text, size_t size)
{
    const struct condition *condition = &profile->conditions[kind];
    uint32_t named = 0; /* bit per field */
    text[0] = '\0';
    for (size_t g = 0; g < condition->n_groups; g++) {
        if (judge_group(profile, condition, g, values, operands, now) != TRUTH_TRUE)
            continue;
        for (size_t t = 0; t < condition->groups[g].n_terms; t++) {
            size_t f = condition->groups[g].terms[t].field, used = strlen(text);
            if (named >> f & 1)
                continue;
            named |= UINT32_C(1) << f;
            text_print(text + used, size - used, "%s%s = %g%s%s", used ? ", " : "", profile->fields[f].name, values->value[f],
                       *profile->fields[f].unit ? " " : "", profile->fields[f].unit);
        }
    }
}

static bool ignores_write(const struct profile *profile, const struct profile_write *write)
{
    for (uint32_t a = write->address; a < (uint32_t)write->address + write->n_values; a++) {
        bool ignored = false;
        for (size_t i = 0; i < profile->n_ignores && !ignored; i++) {
            const struct register_range *range = &profile->ignores[i];
            ignored = range->space == write->space && a >= range->first && a <= range->last;
        }
        if (!ignored)
            return false;
    }
    return true;
}

/* True if the write of one profile does to the other what its own write would. */
static bool same_write(const struct profile *one, const struct profile_write *a, const struct profile *other,
                       const struct profile_write *b)
{
    if (a->space != b->space || a->address != b->address || a->n_values != b->n_values)
        return false;
    for (size_t i = 0; i < a->n_values; i++) {
        if (a->values[i].kind != b->values[i].kind)
            return false;
        if (a->values[i].kind == OPERAND_VALUE && a->values[i].value != b->values[i].value)
            return false;
        if (a->values[i].kind == OPERAND_VOLUME && one->volume_max != other->volume_max)
            return false;
        if (a->values[i].kind == OPERAND_SOURCE && one->source != other->source)
            return false;
    }
    return true;
}

static bool means_same(const struct profile *one, const struct profile *other, enum command_kind kind, size_t write)
{
    const struct profile_command *a = &one->commands[kind];
    const struct profile_command *b = &other->commands[kind];
    return b->given && a->n_writes == b->n_writes && same_write(one, &a->writes[write], other, &b->writes[write]);
}

bool profile_broadcast_safe(const struct profile *const profiles[], size_t n, const struct profile *of,
                            enum command_kind command, struct error *why)
{
    const struct profile_command *it = &of->commands[command];
    if (!it->given || !it->broadcast)
        return error_set(why, ERROR_UNSUPPORTED, "%s of %s may not be broadcast", command_name(command), of->id);
    for (size_t p = 0; p < n; p++) {
        if (profiles[p] == of)
            continue;
        for (size_t w = 0; w < it->n_writes; w++) {
            const struct profile_write *write = &it->writes[w];
            if (!ignores_write(profiles[p], write) && !means_same(of, profiles[p], command, w))
                return error_set(why, ERROR_CONFLICT, "%s of %s writes %s %u, which %s on the same line does not ignore",
                                 command_name(command), of->id, register_space_name(write->space), write->address,
                                 profiles[p]->id);
        }
    }
    return true;
}

bool profile_can_hear(const struct profile *profile)
{
    return profile->level_kind != LEVEL_NONE && profile->level_field >= 0;
}
