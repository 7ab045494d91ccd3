/* Lists of settings as arrays, unique ids, references by name, and where files are looked for. */
#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *load_list(const struct document *document, const config_setting_t *group, const char *name,
                const struct schema_item *items, size_t size, size_t *n)
{
    const config_setting_t *list = schema_list(group, name);
    *n = 0;
    if (schema_length(list) == 0)
        return NULL;
    char *array = calloc(schema_length(list), size);
    if (!array) {
        schema_mistake(document, list, "out of memory");
        return NULL;
    }
    for (; *n < schema_length(list); ++*n) {
        const config_setting_t *element = schema_element(list, *n);
        if (schema_is_group(document, element, name))
            schema_read(document, element, items, array + *n * size);
    }
    return array;
}

int load_find(const void *array, size_t n, size_t size, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp((const char *)array + i * size, id) == 0)
            return (int)i;
    return -1;
}

void load_check_unique(const struct document *document, const config_setting_t *list, const void *array, size_t n, size_t size)
{
    for (size_t i = 1; i < n; i++) {
        const char *id = (const char *)array + i * size;
        if (id[0] && load_find(array, i, size, id) >= 0)
            schema_mistake(document, schema_element(list, i), "the id \"%s\" stands twice in %s", id,
                           config_setting_name(list));
    }
}

/* -1 after reporting. */
static int find_text(const struct document *document, const config_setting_t *setting, const char *list, const char *id,
                     const void *names, size_t n, size_t size)
{
    int found = load_find(names, n, size, id);
    struct nearest nearest = nearest_to(id);
    char text[80];
    for (size_t i = 0; i < n; i++)
        nearest_try(&nearest, (const char *)names + i * size);
    if (found < 0)
        schema_mistake(document, setting, "%s names \"%s\", which is not there%s", list, id, nearest_text(&nearest, text));
    return found;
}

int load_refer(const struct document *document, const config_setting_t *group, const char *name, const void *array, size_t n,
               size_t size)
{
    const config_setting_t *setting = config_setting_is_group(group) ? config_setting_get_member(group, name) : NULL;
    const char *id = setting ? config_setting_get_string(setting) : NULL;
    if (!id)
        return -1; /* reported as missing or as a wrong type */
    return find_text(document, setting, name, id, array, n, size);
}

size_t load_choose(const struct document *document, const config_setting_t *group, const char *name, const void *names,
                   size_t n, size_t size, bool *chosen)
{
    const config_setting_t *list = schema_list(group, name);
    size_t n_chosen = 0;
    for (size_t i = 0; i < schema_length(list); i++) {
        const config_setting_t *setting = schema_element(list, i);
        const char *id = schema_text(document, setting, name);
        int found = id ? find_text(document, setting, name, id, names, n, size) : -1;
        if (found < 0)
            continue;
        n_chosen += !chosen[found];
        chosen[found] = true;
    }
    return n_chosen;
}

size_t load_levels(const struct document *document, const config_setting_t *group, const char *name, bool levels[LEVEL_COUNT])
{
    char names[LEVEL_COUNT][16];
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        text_copy(names[i], sizeof names[i], load_level_names[i]);
    return load_choose(document, group, name, names, LEVEL_COUNT, sizeof *names, levels);
}

static bool read_degrees(const config_setting_t *number, double most, double *degrees)
{
    bool real = config_setting_type(number) == CONFIG_TYPE_FLOAT;
    *degrees = real ? config_setting_get_float(number) : config_setting_get_int(number);
    return config_setting_is_number(number) && *degrees >= -most && *degrees <= most;
}

bool load_point(const struct document *document, const config_setting_t *pair, const char *what, struct alert_point *point)
{
    if (config_setting_is_aggregate(pair) && !config_setting_is_group(pair) && schema_length(pair) == 2 &&
        read_degrees(schema_element(pair, 0), 90, &point->latitude) &&
        read_degrees(schema_element(pair, 1), 180, &point->longitude))
        return true;
    schema_mistake(document, pair, "%s must be [latitude, longitude] in degrees, such as [29.61, 115.87]", what);
    return false;
}

bool load_find_file(const struct loader *loader, const char *name, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s", loader->folder, name);
    if (n > 0 && n < PATH_MAX && access(path, F_OK) == 0)
        return true;
    n = snprintf(path, PATH_MAX, "%s/%s", loader->data, name);
    return n > 0 && n < PATH_MAX && access(path, F_OK) == 0;
}
