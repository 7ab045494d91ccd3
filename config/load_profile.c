/* A vendor's profile: register map, commands, conditions. What the numbers mean together is checked by profile_check. */
#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of enum register_space, field_type, level_kind, hold_renewal, hold_from, condition_kind, command_kind. */
static const char *const space_names[] = {"coil", "discrete", "input", "holding", NULL};
static const char *const type_names[] = {"bit", "u16", "s16", "u32", "s32", "u32_swapped", "s32_swapped", "bcd", NULL};
static const char *const level_kind_names[] = {"none", "output", "microphone", NULL};
static const char *const renewal_names[] = {"any", "write", NULL};
static const char *const hold_from_names[] = {"start", "arm", NULL};
static const char *const when_names[WHEN_COUNT] = {"armed_when", "sounding_when", "fault_when",
                                                   "ours_when",  "busy_when",     "mains_lost_when"};

static const struct schema_item commands_items[] = {
    {"power_on", SCHEMA_GROUP, .initial = ""},
    {"power_off", SCHEMA_GROUP, .initial = ""},
    {"set_volume", SCHEMA_GROUP, .initial = ""},
    {"select_source", SCHEMA_GROUP, .initial = ""},
    {"arm", SCHEMA_GROUP, .initial = ""},
    {"disarm", SCHEMA_GROUP, .initial = ""},
    {"start", SCHEMA_GROUP, .initial = ""},
    {"stop", SCHEMA_GROUP, .initial = ""},
    {"self_test", SCHEMA_GROUP, .initial = ""},
    {"hold", SCHEMA_GROUP, .initial = ""},
    {0},
};

static const struct schema_item level_items[] = {
    {"kind", SCHEMA_CHOICE, SCHEMA_AT(profile, level_kind), .names = level_kind_names},
    {.name = "field", .type = SCHEMA_REFERENCE},
    {"heard", SCHEMA_REAL, -200, 200, SCHEMA_AT(profile, heard_level)},
    {"window_ms", SCHEMA_INTEGER, 0, 10000, SCHEMA_AT(profile, level_window_ms)},
    {0},
};

const struct schema_item load_profile_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(profile, id)},
    {"vendor", SCHEMA_TEXT, .least = 1, SCHEMA_AT(profile, vendor)},
    {"model", SCHEMA_TEXT, .least = 1, SCHEMA_AT(profile, model)},
    {"fields", SCHEMA_LIST, .least = 1, .most = PROFILE_FIELDS_MAX},
    {"read_gap", SCHEMA_INTEGER, 0, 100, "0", SCHEMA_AT(profile, read_gap)},
    {"commands", SCHEMA_GROUP, .initial = "", .items = commands_items},
    {"sequence", SCHEMA_LIST, 0, COMMAND_COUNT, .initial = ""},
    {"start_needs_arm", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(profile, start_needs_arm)},
    {"settle_ms", SCHEMA_INTEGER, 0, 10000, "0", SCHEMA_AT(profile, settle_ms)},
    {"stop_within_ms", SCHEMA_INTEGER, 0, 10000, "1000", SCHEMA_AT(profile, stop_within_ms)},
    {"hold_s", SCHEMA_INTEGER, 0, 65535, "0", SCHEMA_AT(profile, hold_s)},
    {"hold_renewed_by", SCHEMA_CHOICE, .initial = "write", SCHEMA_AT(profile, hold_renewed_by), .names = renewal_names},
    {"hold_from", SCHEMA_CHOICE, .initial = "start", SCHEMA_AT(profile, hold_from), .names = hold_from_names},
    {"armed_when", SCHEMA_LIST, 0, PROFILE_GROUPS_MAX, .initial = ""},
    {"sounding_when", SCHEMA_LIST, 0, PROFILE_GROUPS_MAX, .initial = ""},
    {"fault_when", SCHEMA_LIST, 0, PROFILE_GROUPS_MAX, .initial = ""},
    {"ours_when", SCHEMA_LIST, 0, PROFILE_GROUPS_MAX, .initial = ""},
    {"busy_when", SCHEMA_LIST, 0, PROFILE_GROUPS_MAX, .initial = ""},
    {"mains_lost_when", SCHEMA_LIST, 0, PROFILE_GROUPS_MAX, .initial = ""},
    {"token_field", SCHEMA_REFERENCE, .initial = ""},
    {"uptime_field", SCHEMA_REFERENCE, .initial = ""},
    {"level", SCHEMA_GROUP, .initial = "", .items = level_items},
    {"volume_zero", SCHEMA_INTEGER, 0, 65535, "0", SCHEMA_AT(profile, volume_zero)},
    {"volume_max", SCHEMA_INTEGER, 0, 65535, "100", SCHEMA_AT(profile, volume_max)},
    {"source", SCHEMA_INTEGER, 0, 65535, "0", SCHEMA_AT(profile, source)},
    {"ignores", SCHEMA_LIST, 0, PROFILE_IGNORES_MAX, .initial = ""},
    {0},
};

const struct schema_item load_field_items[] = {
    {"name", SCHEMA_TEXT, .least = 1, SCHEMA_AT(profile_field, name), .check = schema_check_id},
    {"space", SCHEMA_CHOICE, SCHEMA_AT(profile_field, space), .names = space_names},
    {"address", SCHEMA_INTEGER, 0, 65535, SCHEMA_AT(profile_field, address)},
    {"type", SCHEMA_CHOICE, .initial = "u16", SCHEMA_AT(profile_field, type), .names = type_names},
    {"bit", SCHEMA_INTEGER, 0, 15, "0", SCHEMA_AT(profile_field, bit)},
    {"scale", SCHEMA_REAL, -1e9, 1e9, "1", SCHEMA_AT(profile_field, scale)},
    {"offset", SCHEMA_REAL, -1e9, 1e9, "0", SCHEMA_AT(profile_field, offset)},
    {"unit", SCHEMA_TEXT, .initial = "", SCHEMA_AT(profile_field, unit)},
    {"max_age_ms", SCHEMA_INTEGER, 1, 600000, "5000", SCHEMA_AT(profile_field, max_age_us)},
    {0},
};

const struct schema_item load_command_items[] = {
    {"broadcast", SCHEMA_BOOLEAN, SCHEMA_AT(profile_command, broadcast)},
    {"repeatable", SCHEMA_BOOLEAN, SCHEMA_AT(profile_command, repeatable)},
    {"writes", SCHEMA_LIST, .least = 1, .most = PROFILE_WRITES_MAX},
    {0},
};

const struct schema_item load_write_items[] = {
    {"space", SCHEMA_CHOICE, SCHEMA_AT(profile_write, space), .names = space_names},
    {"address", SCHEMA_INTEGER, 0, 65535, SCHEMA_AT(profile_write, address)},
    {.name = "values", .type = SCHEMA_ANY},
    {"single", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(profile_write, single)},
    {"wait_ms", SCHEMA_INTEGER, 0, 10000, "0", SCHEMA_AT(profile_write, wait_ms)},
    {0},
};

const struct schema_item load_ignore_items[] = {
    {"space", SCHEMA_CHOICE, SCHEMA_AT(register_range, space), .names = space_names},
    {"first", SCHEMA_INTEGER, 0, 65535, SCHEMA_AT(register_range, first)},
    {"last", SCHEMA_INTEGER, 0, 65535, SCHEMA_AT(register_range, last)},
    {0},
};

/* ---- fields ---- */

/* Copies a list that the profile keeps as an array of at most max; longer ones were reported by schema_read. */
static size_t read_array(const struct document *document, const config_setting_t *group, const char *name,
                         const struct schema_item *items, void *to, size_t size, size_t max)
{
    size_t n;
    void *array = load_list(document, group, name, items, size, &n);
    n = n < max ? n : max;
    if (n > 0)
        memcpy(to, array, n * size);
    free(array);
    return n;
}

static void read_fields(const struct document *document, const config_setting_t *root, struct profile *profile)
{
    const config_setting_t *list = schema_list(root, "fields");
    profile->n_fields =
        read_array(document, root, "fields", load_field_items, profile->fields, sizeof *profile->fields, PROFILE_FIELDS_MAX);
    load_check_unique(document, list, profile->fields, profile->n_fields, sizeof *profile->fields);
    for (size_t i = 0; i < profile->n_fields; i++) {
        struct profile_field *field = &profile->fields[i];
        const config_setting_t *element = schema_element(list, i);
        bool bits = field->space == SPACE_COIL || field->space == SPACE_DISCRETE;
        field->max_age_us *= 1000;
        if (bits && field->type != FIELD_BIT && config_setting_is_group(element) && config_setting_get_member(element, "type"))
            schema_mistake(document, config_setting_get_member(element, "type"), "a %s is always of type \"bit\"",
                           space_names[field->space]);
        if (bits)
            field->type = FIELD_BIT;
    }
}

/* ---- commands ---- */

bool load_operand(const char *text, struct operand *operand)
{
    static const char *const names[] = {"", "$volume", "$token", "$source", "$slot", "$tone", "$hold"}; /* enum operand_kind */
    *operand = (struct operand){OPERAND_VALUE, 0};
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0)
            operand->kind = (enum operand_kind)i;
    if (operand->kind != OPERAND_VALUE)
        return true;
    char *end;
    long value = strtol(text, &end, 0);
    if (end == text || *end || value < INT32_MIN || value > INT32_MAX)
        return false;
    operand->value = (int32_t)value;
    return true;
}

static void read_value(const struct document *document, const config_setting_t *at, struct profile_write *write)
{
    if (write->n_values == PROFILE_VALUES_MAX) {
        schema_mistake(document, at, "at most %d values can be written at once", PROFILE_VALUES_MAX);
        return;
    }
    struct operand *operand = &write->values[write->n_values++];
    int most = write->space == SPACE_COIL ? 1 : 65535;
    if (config_setting_type(at) == CONFIG_TYPE_INT) {
        *operand = (struct operand){OPERAND_VALUE, config_setting_get_int(at)};
        if (operand->value < 0 || operand->value > most)
            schema_mistake(document, at, "a value written to a %s must be from 0 to %d", space_names[write->space], most);
    } else if (config_setting_type(at) != CONFIG_TYPE_STRING || config_setting_get_string(at)[0] != '$' ||
               !load_operand(config_setting_get_string(at), operand)) {
        schema_mistake(document, at,
                       "a written value is a whole number or \"$volume\", \"$token\", \"$source\", \"$slot\", \"$tone\", "
                       "\"$hold\"");
    }
}

static void read_write(const struct document *document, const config_setting_t *element, struct profile_write *write)
{
    if (write->space == SPACE_DISCRETE || write->space == SPACE_INPUT)
        schema_mistake(document, element, "only \"coil\" and \"holding\" can be written");
    const config_setting_t *values = config_setting_get_member(element, "values");
    if (!values)
        return; /* reported as missing */
    if (config_setting_is_list(values) || config_setting_is_array(values))
        for (size_t i = 0; i < schema_length(values); i++)
            read_value(document, schema_element(values, i), write);
    else
        read_value(document, values, write);
    if (write->n_values == 0)
        schema_mistake(document, values, "values must not be empty");
    if (!config_setting_get_member(element, "single"))
        write->single = write->n_values == 1;
    else if (write->single && write->n_values > 1)
        schema_mistake(document, element, "single = true is only for one value");
}

static void read_command(const struct document *document, const config_setting_t *group, struct profile_command *command)
{
    command->given = true;
    schema_read(document, group, load_command_items, command);
    command->n_writes =
        read_array(document, group, "writes", load_write_items, command->writes, sizeof *command->writes, PROFILE_WRITES_MAX);
    for (size_t i = 0; i < command->n_writes; i++)
        if (config_setting_is_group(schema_element(schema_list(group, "writes"), i)))
            read_write(document, schema_element(schema_list(group, "writes"), i), &command->writes[i]);
}

static void read_commands(const struct document *document, const config_setting_t *root, struct profile *profile)
{
    const config_setting_t *group = config_setting_get_member(root, "commands");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const config_setting_t *command =
            group && config_setting_is_group(group) ? config_setting_get_member(group, commands_items[i].name) : NULL;
        if (command && config_setting_is_group(command))
            read_command(document, command, &profile->commands[i]);
    }
}

static void read_sequence(const struct document *document, const config_setting_t *root, struct profile *profile)
{
    const config_setting_t *list = schema_list(root, "sequence");
    for (size_t i = 0; i < schema_length(list) && i < COMMAND_COUNT; i++) {
        const char *name = schema_text(document, schema_element(list, i), "sequence");
        if (!name)
            continue;
        struct nearest nearest = nearest_to(name);
        size_t kind = 0;
        for (; kind < COMMAND_COUNT && strcmp(commands_items[kind].name, name) != 0; kind++)
            nearest_try(&nearest, commands_items[kind].name);
        char text[80];
        if (kind == COMMAND_COUNT)
            schema_mistake(document, schema_element(list, i), "sequence names \"%s\", which is not a command%s", name,
                           nearest_text(&nearest, text));
        else if (!profile->commands[kind].given)
            schema_mistake(document, schema_element(list, i), "sequence names %s, but commands has none", name);
        else
            profile->sequence[profile->n_sequence++] = (enum command_kind)kind;
    }
}

/* ---- the whole ---- */

struct check_context {
    const struct document *document;
    const config_setting_t *root;
};

static void report_check(void *context, const char *mistake, bool warning)
{
    const struct check_context *check = context;
    if (warning)
        schema_warning(check->document, check->root, "%s", mistake);
    else
        schema_mistake(check->document, check->root, "%s", mistake);
}

static int read_field_name(const struct document *document, const config_setting_t *group, const char *name,
                           const struct profile *profile)
{
    return group && config_setting_is_group(group)
               ? load_refer(document, group, name, profile->fields, profile->n_fields, sizeof *profile->fields)
               : -1;
}

static void read_profile(const struct document *document, const char *id, struct profile *profile)
{
    const config_setting_t *root = document_root(document);
    unsigned before = document->reporter->mistakes;
    schema_read(document, root, load_profile_items, profile);
    if (profile->id[0] && strcmp(profile->id, id) != 0)
        schema_mistake(document, config_setting_get_member(root, "id"), "id must be \"%s\", as the file is named", id);
    read_fields(document, root, profile);
    read_commands(document, root, profile);
    read_sequence(document, root, profile);
    profile->token_field = read_field_name(document, root, "token_field", profile);
    profile->uptime_field = read_field_name(document, root, "uptime_field", profile);
    profile->level_field = read_field_name(document, config_setting_get_member(root, "level"), "field", profile);
    for (size_t i = 0; i < WHEN_COUNT; i++)
        if (schema_list(root, when_names[i]))
            load_condition(document, schema_list(root, when_names[i]), profile, &profile->conditions[i]);
    profile->n_ignores = read_array(document, root, "ignores", load_ignore_items, profile->ignores, sizeof *profile->ignores,
                                    PROFILE_IGNORES_MAX);
    struct check_context check = {document, root};
    if (before == document->reporter->mistakes) /* half a profile would only give mistakes that follow from the first */
        (void)profile_check(profile, report_check, &check);
}

bool load_profile(struct loader *loader, const char *id, const config_setting_t *at, struct profile *profile)
{
    unsigned before = loader->reporter.mistakes;
    char name[64], path[PATH_MAX];
    *profile = (struct profile){.token_field = -1, .uptime_field = -1, .level_field = -1};
    snprintf(name, sizeof name, "profiles/%s.cfg", id);
    if (!load_find_file(loader, name, path)) {
        schema_mistake(&loader->site, at, "there is no profile \"%s\": neither %s/%s nor %s", id, loader->folder, name, path);
        return false;
    }
    struct document document = {0};
    if (document_open(&document, path, loader->folder, loader->roots, &loader->reporter))
        read_profile(&document, id, profile);
    document_close(&document);
    return before == loader->reporter.mistakes;
}
