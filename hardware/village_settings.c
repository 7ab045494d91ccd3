/* The township's settings file (libconfig): channels, lines and units, with line numbers in every complaint. */
#include "hardware/village_settings_parts.h"

#include <stdlib.h>
#include <string.h>

bool village_complain(const config_setting_t *at, struct error *error, const char *what)
{
    const char *name = config_setting_name(at);
    return error_set(error, ERROR_INVALID, "line %u: %s%s%s", config_setting_source_line(at), name ? name : "",
                     name ? ": " : "", what);
}

bool village_check_names(const config_setting_t *group, const char *const known[], struct error *error)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        size_t k = 0;
        while (known[k] && strcmp(known[k], config_setting_name(member)) != 0)
            k++;
        if (!known[k])
            return village_complain(member, error, "unknown setting");
    }
    return true;
}

bool village_take_text(const config_setting_t *group, const char *name, char *to, size_t size, struct error *error)
{
    const config_setting_t *member = config_setting_get_member(group, name);
    if (!member)
        return true;
    const char *text = config_setting_get_string(member);
    if (!text || !text_copy(to, size, text))
        return village_complain(member, error, "must be a text, and not so long");
    return true;
}

bool village_take_number(const config_setting_t *group, const char *name, int least, int most, int *to, struct error *error)
{
    const config_setting_t *member = config_setting_get_member(group, name);
    if (!member)
        return true;
    if (config_setting_type(member) != CONFIG_TYPE_INT || config_setting_get_int(member) < least ||
        config_setting_get_int(member) > most) {
        village_complain(member, error, "");
        return error_prefix(error, "a whole number from %d to %d is needed", least, most);
    }
    *to = config_setting_get_int(member);
    return true;
}

bool village_take_bool(const config_setting_t *group, const char *name, bool *to, struct error *error)
{
    const config_setting_t *member = config_setting_get_member(group, name);
    if (!member)
        return true;
    if (config_setting_type(member) != CONFIG_TYPE_BOOL)
        return village_complain(member, error, "must be true or false");
    *to = config_setting_get_bool(member);
    return true;
}

bool village_take_id(const config_setting_t *group, char id[33], struct error *error)
{
    if (!village_take_text(group, "id", id, 33, error))
        return false;
    size_t n = strlen(id);
    if (n == 0 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n)
        return village_complain(group, error, "needs an id of a-z, 0-9, _ and -");
    return true;
}

static bool take_line(const config_setting_t *group, struct village_settings *settings, struct error *error)
{
    struct village_line_settings *line = &settings->lines[settings->n_lines];
    *line = (struct village_line_settings){.channel = -1};
    char channel[33] = "";
    if (!village_take_id(group, line->id, error) || !village_take_text(group, "channel", channel, sizeof channel, error) ||
        !village_take_kind(group, line, error) || !village_take_units(group, line, error))
        return false;
    for (size_t i = 0; i < settings->n_channels; i++)
        if (strcmp(settings->channels[i].id, channel) == 0)
            line->channel = (int)i;
    if (channel[0] && line->channel < 0)
        return village_complain(group, error, "its channel is not among the channels");
    for (size_t i = 0; i < settings->n_lines; i++)
        if (strcmp(settings->lines[i].id, line->id) == 0)
            return village_complain(group, error, "two lines with one id");
    settings->n_lines++;
    return true;
}

static bool take_channel(const config_setting_t *group, struct village_settings *settings, struct error *error)
{
    static const char *const known[] = {"id", "fifo", NULL};
    struct village_channel_settings *channel = &settings->channels[settings->n_channels];
    *channel = (struct village_channel_settings){0};
    if (!village_check_names(group, known, error) || !village_take_id(group, channel->id, error) ||
        !village_take_text(group, "fifo", channel->fifo, sizeof channel->fifo, error))
        return false;
    if (channel->fifo[0] == '\0')
        return village_complain(group, error, "a channel needs its fifo");
    settings->n_channels++;
    return true;
}

typedef bool take_fn(const config_setting_t *group, struct village_settings *settings, struct error *error);

static bool take_list(const config_setting_t *root, const char *name, int most, take_fn *take,
                      struct village_settings *settings, struct error *error)
{
    const config_setting_t *list = config_setting_get_member(root, name);
    if (!list)
        return true;
    if (!config_setting_is_list(list) || config_setting_length(list) > most)
        return village_complain(list, error, "must be a list ( {...}, {...} ) of at most 64");
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        if (!config_setting_is_group(group))
            return village_complain(list, error, "must hold groups {...} only");
        if (!take(group, settings, error))
            return false;
    }
    return true;
}

static bool take_all(const config_setting_t *root, struct village_settings *settings, struct error *error)
{
    static const char *const known[] = {"seed", "dir", "log", "script", "channels", "lines", NULL};
    int seed = 1;
    if (!village_check_names(root, known, error) || !village_take_number(root, "seed", 0, INT32_MAX, &seed, error) ||
        !village_take_text(root, "dir", settings->dir, sizeof settings->dir, error) ||
        !village_take_text(root, "log", settings->log, sizeof settings->log, error) ||
        !village_take_text(root, "script", settings->script, sizeof settings->script, error))
        return false;
    settings->seed = (uint64_t)seed;
    return take_list(root, "channels", VILLAGE_CHANNELS_MAX, take_channel, settings, error) &&
           take_list(root, "lines", VILLAGE_LINES_MAX, take_line, settings, error);
}

/* The script lies beside the settings that name it. */
static bool beside(const char *settings, char *path, size_t size, struct error *error)
{
    const char *slash = strrchr(settings, '/');
    if (path[0] == '\0' || path[0] == '/' || !slash)
        return true;
    char name[256];
    text_copy(name, sizeof name, path);
    return text_print(path, size, "%.*s/%s", (int)(slash - settings), settings, name) ||
           error_set(error, ERROR_TOO_LARGE, "the path of script %s is too long", name);
}

bool village_settings_load(const char *path, struct village_settings *settings, struct error *error)
{
    memset(settings, 0, sizeof *settings);
    text_copy(settings->dir, sizeof settings->dir, ".");
    config_t config;
    config_init(&config);
    bool good = config_read_file(&config, path) == CONFIG_TRUE;
    if (good)
        good = take_all(config_root_setting(&config), settings, error);
    else if (config_error_type(&config) == CONFIG_ERR_FILE_IO)
        error_set(error, ERROR_NOT_FOUND, "cannot be read");
    else
        error_set(error, ERROR_INVALID, "line %d: %s", config_error_line(&config), config_error_text(&config));
    config_destroy(&config);
    good = good && beside(path, settings->script, sizeof settings->script, error);
    return good || error_prefix(error, "%s", path);
}

bool village_settings_fault(struct village_settings *settings, const char *text, struct error *error)
{
    const char *slash = strchr(text, '/'), *equals = strchr(text, '=');
    struct village_fault fault;
    if (!slash || !equals || equals < slash)
        return error_set(error, ERROR_INVALID, "\"%s\": say LINE/UNIT=KIND or LINE/UNIT=KIND:ARGUMENT", text);
    if (!village_fault_parse(equals + 1, &fault, error))
        return false;
    unsigned long address = strtoul(slash + 1, NULL, 10);
    for (size_t i = 0; i < settings->n_lines; i++) {
        struct village_line_settings *line = &settings->lines[i];
        if (strlen(line->id) != (size_t)(slash - text) || memcmp(line->id, text, strlen(line->id)) != 0)
            continue;
        for (size_t j = 0; j < line->n_units; j++)
            if (line->units[j].address == address)
                return line->units[j].fault = fault, true;
    }
    return error_set(error, ERROR_NOT_FOUND, "there is no unit \"%.*s\"", (int)(equals - text), text);
}
