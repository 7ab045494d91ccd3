/* The township's settings file (libconfig): channels, lines and units, with line numbers in every complaint. */
#include "hardware/village.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

enum { TURNAROUND_MS = 3 };

static bool complain(const config_setting_t *at, struct error *error, const char *what)
{
    const char *name = config_setting_name(at);
    return error_set(error, ERROR_INVALID, "line %u: %s%s%s", config_setting_source_line(at), name ? name : "",
                     name ? ": " : "", what);
}

/* Every name that stands in a group must be known: a mistyped fault must not be a healthy terminal. */
static bool check_names(const config_setting_t *group, const char *const known[], struct error *error)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        size_t k = 0;
        while (known[k] && strcmp(known[k], config_setting_name(member)) != 0)
            k++;
        if (!known[k])
            return complain(member, error, "unknown setting");
    }
    return true;
}

static bool take_text(const config_setting_t *group, const char *name, char *to, size_t size, struct error *error)
{
    const config_setting_t *member = config_setting_get_member(group, name);
    if (!member)
        return true;
    const char *text = config_setting_get_string(member);
    if (!text || !text_copy(to, size, text))
        return complain(member, error, "must be a text, and not so long");
    return true;
}

static bool take_number(const config_setting_t *group, const char *name, int least, int most, int *to, struct error *error)
{
    const config_setting_t *member = config_setting_get_member(group, name);
    if (!member)
        return true;
    if (config_setting_type(member) != CONFIG_TYPE_INT || config_setting_get_int(member) < least ||
        config_setting_get_int(member) > most) {
        complain(member, error, "");
        return error_prefix(error, "a whole number from %d to %d is needed", least, most);
    }
    *to = config_setting_get_int(member);
    return true;
}

static bool take_id(const config_setting_t *group, char id[33], struct error *error)
{
    if (!take_text(group, "id", id, 33, error))
        return false;
    size_t n = strlen(id);
    if (n == 0 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n)
        return complain(group, error, "needs an id of a-z, 0-9, _ and -");
    return true;
}

/* "3" or "1-12". */
static bool parse_range(const char *text, int *first, int *last)
{
    char *end;
    *first = *last = (int)strtol(text, &end, 10);
    if (*end == '-')
        *last = (int)strtol(end + 1, &end, 10);
    return *end == '\0' && *first >= 1 && *last >= *first && *last <= VILLAGE_UNITS_MAX;
}

static bool add_units(const config_setting_t *at, struct village_line_settings *line, const char *range,
                      const struct village_unit_settings *like, struct error *error)
{
    int first, last;
    if (!parse_range(range, &first, &last))
        return complain(at, error, "units must be 1 to 247, such as \"1-12\"");
    for (int address = first; address <= last; address++) {
        for (size_t i = 0; i < line->n_units; i++)
            if (line->units[i].address == address)
                return complain(at, error, "two units with one address");
        line->units[line->n_units] = *like;
        line->units[line->n_units++].address = (uint8_t)address;
    }
    return true;
}

/* What a line says for all its units and each unit may say otherwise. */
static bool take_unit_settings(const config_setting_t *group, struct village_unit_settings *unit, struct error *error)
{
    char vendor[33] = "", fault[33] = "";
    int turnaround = (int)unit->turnaround_ms;
    if (!take_text(group, "vendor", vendor, sizeof vendor, error) || !take_text(group, "fault", fault, sizeof fault, error) ||
        !take_number(group, "turnaround_ms", 0, 1000, &turnaround, error))
        return false;
    unit->turnaround_ms = (uint32_t)turnaround;
    if (vendor[0] && !(unit->vendor = village_vendor_find(vendor))) {
        char known[120], text[160];
        village_vendor_names(known, sizeof known);
        text_print(text, sizeof text, "unknown vendor; known are %s", known);
        return complain(group, error, text);
    }
    if (fault[0] && !village_fault_parse(fault, &unit->fault, error))
        return error_prefix(error, "line %u", config_setting_source_line(group));
    return true;
}

static bool take_unit(const config_setting_t *group, struct village_line_settings *line, struct village_unit_settings unit,
                      struct error *error)
{
    static const char *const known[] = {"unit", "units", "vendor", "turnaround_ms", "fault", NULL};
    int address = 0;
    char range[16] = "";
    if (!check_names(group, known, error) || !take_number(group, "unit", 1, VILLAGE_UNITS_MAX, &address, error) ||
        !take_text(group, "units", range, sizeof range, error) || !take_unit_settings(group, &unit, error))
        return false;
    if (address)
        snprintf(range, sizeof range, "%d", address);
    if (!unit.vendor)
        return complain(group, error, "a unit needs its vendor");
    return add_units(group, line, range, &unit, error);
}

static bool take_units(const config_setting_t *group, struct village_line_settings *line, struct error *error)
{
    struct village_unit_settings like = {.turnaround_ms = TURNAROUND_MS};
    const config_setting_t *units = config_setting_get_member(group, "units");
    if (!take_unit_settings(group, &like, error))
        return false;
    if (!units)
        return true;
    const char *range = config_setting_get_string(units);
    if (range)
        return like.vendor ? add_units(units, line, range, &like, error) : complain(group, error, "a unit needs its vendor");
    if (!config_setting_is_list(units))
        return complain(units, error, "must be a text such as \"1-12\" or a list of groups");
    for (int i = 0; i < config_setting_length(units); i++)
        if (!take_unit(config_setting_get_elem(units, (unsigned)i), line, like, error))
            return false;
    return true;
}

static bool take_line(const config_setting_t *group, struct village_settings *settings, struct error *error)
{
    static const char *const known[] = {"id", "baud", "channel", "units", "vendor", "turnaround_ms", "fault", NULL};
    struct village_line_settings *line = &settings->lines[settings->n_lines];
    *line = (struct village_line_settings){.baud = 9600, .channel = -1};
    char channel[33] = "";
    if (!check_names(group, known, error) || !take_id(group, line->id, error) ||
        !take_number(group, "baud", 1200, 115200, &line->baud, error) ||
        !take_text(group, "channel", channel, sizeof channel, error) || !take_units(group, line, error))
        return false;
    for (size_t i = 0; i < settings->n_channels; i++)
        if (strcmp(settings->channels[i].id, channel) == 0)
            line->channel = (int)i;
    if (channel[0] && line->channel < 0)
        return complain(group, error, "its channel is not among the channels");
    for (size_t i = 0; i < settings->n_lines; i++)
        if (strcmp(settings->lines[i].id, line->id) == 0)
            return complain(group, error, "two lines with one id");
    settings->n_lines++;
    return true;
}

static bool take_channel(const config_setting_t *group, struct village_settings *settings, struct error *error)
{
    static const char *const known[] = {"id", "fifo", NULL};
    struct village_channel_settings *channel = &settings->channels[settings->n_channels];
    *channel = (struct village_channel_settings){0};
    if (!check_names(group, known, error) || !take_id(group, channel->id, error) ||
        !take_text(group, "fifo", channel->fifo, sizeof channel->fifo, error))
        return false;
    if (channel->fifo[0] == '\0')
        return complain(group, error, "a channel needs its fifo");
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
        return complain(list, error, "must be a list ( {...}, {...} ) of at most 64");
    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        if (!config_setting_is_group(group))
            return complain(list, error, "must hold groups {...} only");
        if (!take(group, settings, error))
            return false;
    }
    return true;
}

static bool take_all(const config_setting_t *root, struct village_settings *settings, struct error *error)
{
    static const char *const known[] = {"seed", "dir", "log", "channels", "lines", NULL};
    int seed = 1;
    if (!check_names(root, known, error) || !take_number(root, "seed", 0, INT32_MAX, &seed, error) ||
        !take_text(root, "dir", settings->dir, sizeof settings->dir, error) ||
        !take_text(root, "log", settings->log, sizeof settings->log, error))
        return false;
    settings->seed = (uint64_t)seed;
    return take_list(root, "channels", VILLAGE_CHANNELS_MAX, take_channel, settings, error) &&
           take_list(root, "lines", VILLAGE_LINES_MAX, take_line, settings, error);
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
