/* The reader that obeys the tables of settings: types, ranges, defaults, unknown names. What the tables say is in load_*.c. */
#include "config/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void list_names(char *text, size_t size, const char *const *names)
{
    size_t used = 0;
    for (size_t i = 0; names[i] && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s\"%s\"", i ? ", " : "", names[i]);
        used += n < 0 ? size : (size_t)n;
    }
}

static void report_unknown(const struct document *document, const config_setting_t *setting, const struct schema_item *items)
{
    struct nearest nearest = nearest_to(config_setting_name(setting));
    for (const struct schema_item *item = items; item->name; item++)
        nearest_try(&nearest, item->name);
    char text[80];
    schema_mistake(document, setting, "unknown setting \"%s\"%s", nearest.wrong, nearest_text(&nearest, text));
}

static void check_unknown(const struct document *document, const config_setting_t *group, const struct schema_item *items)
{
    for (size_t i = 0; i < schema_length(group); i++) {
        const config_setting_t *setting = schema_element(group, i);
        const struct schema_item *item = items;
        while (item->name && strcmp(item->name, config_setting_name(setting)) != 0)
            item++;
        if (!item->name)
            report_unknown(document, setting, items);
    }
}

/* ---- values ---- */

const char *schema_check_id(const void *id)
{
    const char *text = id;
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return n >= 1 && n <= 32 && !text[n] ? NULL : "must be 1 to 32 of a-z, 0-9, _ and -";
}

static void put_integer(void *to, size_t size, long long value)
{
    switch (size) {
    case 1: *(uint8_t *)to = (uint8_t)value; break;
    case 2: *(uint16_t *)to = (uint16_t)value; break;
    case 4: *(uint32_t *)to = (uint32_t)value; break;
    default: *(int64_t *)to = value; break;
    }
}

static size_t count_characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static const char *const type_words[] = {
    [SCHEMA_TEXT] = "a text in quotes",
    [SCHEMA_STRING] = "a text in quotes",
    [SCHEMA_ID] = "an id in quotes",
    [SCHEMA_PATH] = "a path in quotes",
    [SCHEMA_CODE] = "an area code in quotes",
    [SCHEMA_INTEGER] = "a whole number",
    [SCHEMA_REAL] = "a number",
    [SCHEMA_BOOLEAN] = "true or false",
    [SCHEMA_CHOICE] = "a word in quotes",
    [SCHEMA_REFERENCE] = "an id in quotes",
    [SCHEMA_GROUP] = "a group in { }",
    [SCHEMA_LIST] = "a list in ( ) or [ ]",
    [SCHEMA_ANY] = "a value",
};

static bool type_fits(const config_setting_t *setting, enum schema_type type)
{
    int have = config_setting_type(setting);
    switch (type) {
    case SCHEMA_TEXT:
    case SCHEMA_STRING:
    case SCHEMA_ID:
    case SCHEMA_PATH:
    case SCHEMA_CODE:
    case SCHEMA_CHOICE:
    case SCHEMA_REFERENCE: return have == CONFIG_TYPE_STRING;
    case SCHEMA_INTEGER: return have == CONFIG_TYPE_INT || have == CONFIG_TYPE_INT64;
    case SCHEMA_REAL: return have == CONFIG_TYPE_INT || have == CONFIG_TYPE_INT64 || have == CONFIG_TYPE_FLOAT;
    case SCHEMA_BOOLEAN: return have == CONFIG_TYPE_BOOL;
    case SCHEMA_GROUP: return have == CONFIG_TYPE_GROUP;
    case SCHEMA_LIST: return have == CONFIG_TYPE_LIST || have == CONFIG_TYPE_ARRAY;
    case SCHEMA_ANY: return true;
    }
    return false;
}

static void read_text(const struct document *document, const config_setting_t *setting, const struct schema_item *item,
                      char *to)
{
    const char *text = config_setting_get_string(setting);
    if (schema_has_control(text))
        schema_mistake(document, setting, "%s must be one line without control characters", item->name);
    else if ((double)count_characters(text) < item->least)
        schema_mistake(document, setting, "%s must not be empty", item->name);
    else if (!text_copy(to, item->size, text))
        schema_mistake(document, setting, "%s is too long: %zu bytes, at most %zu", item->name, strlen(text), item->size - 1);
}

static void read_string(const struct document *document, const config_setting_t *setting, const struct schema_item *item,
                        char **to)
{
    const char *text = config_setting_get_string(setting);
    if (schema_has_control(text))
        schema_mistake(document, setting, "%s must be one line without control characters", item->name);
    else if ((double)strlen(text) > item->most)
        schema_mistake(document, setting, "%s is too long: %zu bytes, at most %.0f", item->name, strlen(text), item->most);
    else if (text[0] && !(*to = strdup(text)))
        schema_mistake(document, setting, "out of memory");
}

/* False if it does not fit. */
static bool put_path(char *to, size_t size, const char *folder, const char *path)
{
    int n = path[0] == '/' || !path[0] || !folder ? snprintf(to, size, "%s", path) : snprintf(to, size, "%s/%s", folder, path);
    return n >= 0 && (size_t)n < size;
}

static void read_path(const struct document *document, const config_setting_t *setting, const struct schema_item *item,
                      char *to)
{
    const char *path = config_setting_get_string(setting);
    if (schema_has_control(path) || (!path[0] && item->least > 0))
        schema_mistake(document, setting, "%s must be a path on one line", item->name);
    else if (!put_path(to, item->size, document->folder, path))
        schema_mistake(document, setting, "%s is too long with its folder %s: at most %zu bytes; use a shorter folder",
                       item->name, document->folder, item->size - 1);
}

static void read_number(const struct document *document, const config_setting_t *setting, const struct schema_item *item,
                        void *to)
{
    bool real = config_setting_type(setting) == CONFIG_TYPE_FLOAT;
    double value = real ? config_setting_get_float(setting) : (double)config_setting_get_int64(setting);
    if (!(value >= item->least && value <= item->most))
        schema_mistake(document, setting, "%s must be from %.10g to %.10g, not %.10g", item->name, item->least, item->most,
                       value);
    else if (item->type == SCHEMA_REAL)
        *(double *)to = value;
    else
        put_integer(to, item->size, config_setting_get_int64(setting));
}

static void read_choice(const struct document *document, const config_setting_t *setting, const struct schema_item *item,
                        void *to)
{
    const char *word = config_setting_get_string(setting);
    struct nearest nearest = nearest_to(word);
    for (size_t i = 0; item->names[i]; i++) {
        if (strcmp(item->names[i], word) == 0) {
            put_integer(to, item->size, (long long)i);
            return;
        }
        nearest_try(&nearest, item->names[i]);
    }
    char all[200], text[80];
    list_names(all, sizeof all, item->names);
    schema_mistake(document, setting, "%s must be one of %s, not \"%s\"%s", item->name, all, word,
                   nearest_text(&nearest, text));
}

static void read_code(const struct document *document, const config_setting_t *setting, const struct schema_item *item,
                      struct area_code *to)
{
    struct error error = {0};
    if (!area_code_parse(slice_of(config_setting_get_string(setting)), to, &error))
        schema_mistake(document, setting, "%s: %s", item->name, error.message);
}

static void check_length(const struct document *document, const config_setting_t *setting, const struct schema_item *item)
{
    size_t n = schema_length(setting);
    if ((double)n < item->least || (double)n > item->most)
        schema_mistake(document, setting, "%s must have from %.0f to %.0f elements, not %zu", item->name, item->least,
                       item->most, n);
}

static void read_value(const struct document *document, const config_setting_t *setting, const struct schema_item *item,
                       void *to)
{
    unsigned before = document->reporter->mistakes;
    switch (item->type) {
    case SCHEMA_TEXT:
    case SCHEMA_ID: read_text(document, setting, item, to); break;
    case SCHEMA_STRING: read_string(document, setting, item, to); break;
    case SCHEMA_PATH: read_path(document, setting, item, to); break;
    case SCHEMA_CODE: read_code(document, setting, item, to); break;
    case SCHEMA_INTEGER:
    case SCHEMA_REAL: read_number(document, setting, item, to); break;
    case SCHEMA_BOOLEAN: *(bool *)to = config_setting_get_bool(setting) != 0; break;
    case SCHEMA_CHOICE: read_choice(document, setting, item, to); break;
    case SCHEMA_LIST: check_length(document, setting, item); break;
    case SCHEMA_REFERENCE:
    case SCHEMA_GROUP:
    case SCHEMA_ANY: break;
    }
    schema_check_fn *check = item->type == SCHEMA_ID ? schema_check_id : item->check;
    const char *wrong = check && before == document->reporter->mistakes ? check(to) : NULL;
    if (wrong)
        schema_mistake(document, setting, "%s %s", item->name, wrong);
}

static void default_value(const char *folder, const struct schema_item *item, void *to)
{
    switch (item->type) {
    case SCHEMA_TEXT:
    case SCHEMA_ID: text_copy(to, item->size, item->initial); break;
    case SCHEMA_PATH: put_path(to, item->size, folder, item->initial); break;
    case SCHEMA_INTEGER: put_integer(to, item->size, strtoll(item->initial, NULL, 10)); break;
    case SCHEMA_REAL: *(double *)to = strtod(item->initial, NULL); break;
    case SCHEMA_BOOLEAN: *(bool *)to = strcmp(item->initial, "true") == 0; break;
    case SCHEMA_CHOICE:
        for (size_t i = 0; item->names[i]; i++)
            if (strcmp(item->names[i], item->initial) == 0)
                put_integer(to, item->size, (long long)i);
        break;
    case SCHEMA_GROUP:
        if (item->items)
            schema_default(folder, item->items, to);
        break;
    case SCHEMA_STRING:
    case SCHEMA_REFERENCE:
    case SCHEMA_CODE:
    case SCHEMA_LIST:
    case SCHEMA_ANY: break;
    }
}

void schema_default(const char *folder, const struct schema_item *items, void *target)
{
    for (const struct schema_item *item = items; item->name; item++)
        if (item->initial)
            default_value(folder, item, (char *)target + item->offset);
}

static void read_item(const struct document *document, const config_setting_t *group, const struct schema_item *item, void *to)
{
    const config_setting_t *setting = config_setting_get_member(group, item->name);
    if (!setting && !item->initial)
        schema_mistake(document, group, "%s is missing: %s is needed", item->name, type_words[item->type]);
    if (!setting)
        return;
    if (!type_fits(setting, item->type))
        schema_mistake(document, setting, "%s must be %s", item->name, type_words[item->type]);
    else if (item->type == SCHEMA_GROUP && item->items)
        schema_read(document, setting, item->items, to);
    else
        read_value(document, setting, item, to);
}

void schema_read(const struct document *document, const config_setting_t *group, const struct schema_item *items, void *target)
{
    schema_default(document->folder, items, target);
    if (!group)
        return;
    check_unknown(document, group, items);
    for (const struct schema_item *item = items; item->name; item++)
        read_item(document, group, item, (char *)target + item->offset);
}
