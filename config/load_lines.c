/* Channels, and the terminals that hear them. */
#include "config/load.h"
#include "hardware/line_round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULT_SHOWN_US = 100000000 };

const struct schema_item load_channel_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(config_channel, id)},
    {"output", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_channel, playout.device)},
    {"languages", SCHEMA_LIST, 1, CONFIG_LANGUAGES_MAX, .initial = ""},
    {"rate", SCHEMA_INTEGER, 8000, 96000, "48000", SCHEMA_AT(config_channel, playout.rate)},
    {"period_ms", SCHEMA_INTEGER, 5, 20, "20", SCHEMA_AT(config_channel, playout.period_ms)},
    {"queue_ms", SCHEMA_INTEGER, 10, 60, "60", SCHEMA_AT(config_channel, playout.queue_ms)},
    {"messages", SCHEMA_LIST, 0, 1000, .initial = ""},
    {0},
};

const struct schema_item load_message_items[] = {
    {.name = "hazard", .type = SCHEMA_REFERENCE},
    {"level", SCHEMA_CHOICE, SCHEMA_AT(config_message, level), .names = load_level_names},
    {"language", SCHEMA_TEXT, .least = 2, SCHEMA_AT(config_message, language)},
    {"exercise", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_message, exercise)},
    {"all_clear", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_message, all_clear)},
    {"slot", SCHEMA_INTEGER, 0, 65535, "0", SCHEMA_AT(config_message, slot)},
    {"tone", SCHEMA_INTEGER, 0, 65535, "0", SCHEMA_AT(config_message, tone)},
    {0},
};

const struct schema_item load_terminal_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(config_terminal, hardware.id)},
    {"name", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_terminal, name)},
    {.name = "line", .type = SCHEMA_REFERENCE},
    {"unit", SCHEMA_INTEGER, 1, LINE_TERMINALS_MAX, SCHEMA_AT(config_terminal, hardware.unit)},
    {.name = "profile", .type = SCHEMA_REFERENCE},
    {"codes", SCHEMA_LIST, 0, CONFIG_CODES_MAX, .initial = ""},
    {"group", SCHEMA_REFERENCE, .initial = ""},
    {"volume", SCHEMA_INTEGER, 1, 100, "80", SCHEMA_AT(config_terminal, volume_percent)},
    {"heard_level", SCHEMA_REAL, -200, 200, "nan", SCHEMA_AT(config_terminal, hardware.heard_level)},
    {"position", SCHEMA_LIST, 2, 2, .initial = ""},
    {"maintenance", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_terminal, maintenance)},
    {"supplies_controller", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_terminal, supplies_controller)},
    {0},
};

/* ---- channels ---- */

static void read_messages(struct loader *loader, const config_setting_t *element, struct config_channel *channel)
{
    const struct document *site = &loader->site;
    const struct config *config = loader->config;
    channel->messages =
        load_list(site, element, "messages", load_message_items, sizeof *channel->messages, &channel->n_messages);
    for (size_t i = 0; i < channel->n_messages; i++) {
        int hazard = load_refer(site, schema_element(schema_list(element, "messages"), i), "hazard", config->hazards,
                                config->n_hazards, sizeof *config->hazards);
        if (hazard >= 0)
            text_copy(channel->messages[i].hazard, sizeof channel->messages[i].hazard, config->hazards[hazard].id);
    }
    if (channel->has_output && channel->n_messages > 0)
        schema_mistake(site, element, "messages are only for a channel with output = \"none\"");
    else if (!channel->has_output && channel->n_messages == 0)
        schema_warning(site, element, "the channel %s has no output and no messages: nothing will sound on it", channel->id);
}

static void read_channel(struct loader *loader, const config_setting_t *element, struct config_channel *channel)
{
    const struct document *site = &loader->site;
    text_copy(channel->playout.id, sizeof channel->playout.id, channel->id);
    char *device = channel->playout.device;
    channel->has_output = strcmp(device, "none") != 0;
    if (!channel->has_output)
        device[0] = '\0';
    else if (strncmp(device, "alsa:", 5) == 0 && device[5])
        memmove(device, device + 5, strlen(device + 5) + 1);
    else if (device[0])
        schema_mistake(site, config_setting_get_member(element, "output"),
                       "output must be \"alsa:NAME\" or \"none\", not \"%s\"", device);
    channel->n_languages = schema_texts(site, schema_list(element, "languages"), channel->languages[0],
                                        sizeof channel->languages[0], CONFIG_LANGUAGES_MAX);
    if (!config_setting_get_member(element, "languages")) {
        channel->n_languages = 2;
        text_copy(channel->languages[0], sizeof channel->languages[0], "zh");
        text_copy(channel->languages[1], sizeof channel->languages[1], "en");
    }
    if (channel->playout.queue_ms < 2 * channel->playout.period_ms)
        schema_mistake(site, element, "queue_ms must be at least twice period_ms");
    read_messages(loader, element, channel);
}

void load_channels(struct loader *loader)
{
    struct config *config = loader->config;
    const config_setting_t *root = document_root(&loader->site), *list = schema_list(root, "channels");
    config->channels =
        load_list(&loader->site, root, "channels", load_channel_items, sizeof *config->channels, &config->n_channels);
    load_check_unique(&loader->site, list, config->channels, config->n_channels, sizeof *config->channels);
    for (size_t i = 0; i < config->n_channels; i++)
        if (config_setting_is_group(schema_element(list, i)))
            read_channel(loader, schema_element(list, i), &config->channels[i]);
}

/* ---- terminals ---- */

static void read_codes(struct loader *loader, const config_setting_t *element, struct config_terminal *terminal)
{
    const struct document *site = &loader->site;
    const struct config *config = loader->config;
    const config_setting_t *list = schema_list(element, "codes");
    for (size_t i = 0; i < schema_length(list) && terminal->n_codes < CONFIG_CODES_MAX; i++) {
        const config_setting_t *at = schema_element(list, i);
        const char *text = schema_text(site, at, "codes");
        struct area_code code;
        struct error error = {0};
        if (!text)
            continue;
        if (!area_code_parse(slice_of(text), &code, &error)) {
            schema_mistake(site, at, "codes: %s", error.message);
            continue;
        }
        terminal->codes[terminal->n_codes++] = code;
        if (config->site_code.digits[0] && !area_code_contains(&config->site_code, &code) &&
            !area_code_contains(&code, &config->site_code))
            schema_mistake(site, at, "the code %s lies outside of the site %s", code.digits, config->site_code.digits);
        else if (!config_find_place(config, &code))
            schema_warning(site, at, "the code %s is not among the places: its name cannot be said or shown", code.digits);
    }
}

static bool is_of_village(const struct config_terminal *terminal, const struct config_place *group)
{
    for (size_t i = 0; i < terminal->n_codes; i++)
        if (strcmp(terminal->codes[i].digits, group->code.digits) == 0)
            return true;
    return false;
}

static void read_group(struct loader *loader, const config_setting_t *element, struct config_terminal *terminal)
{
    const struct config *config = loader->config;
    const config_setting_t *at = config_setting_get_member(element, "group");
    int found = load_refer(&loader->site, element, "group", config->places, config->n_places, sizeof *config->places);
    const struct config_place *group = found < 0 ? NULL : &config->places[found];
    if (group && group->kind != PLACE_GROUP)
        schema_mistake(&loader->site, at, "group names %s, a %s: it must be a group of its village", group->id,
                       place_kind_name(group));
    else if (group && !is_of_village(terminal, group))
        schema_mistake(&loader->site, at, "group %s is of the village %s, whose code is not among its codes", group->id,
                       group->code.digits);
    else
        terminal->group = group;
}

static void read_position(struct loader *loader, const config_setting_t *element, struct config_terminal *terminal)
{
    const config_setting_t *pair = schema_list(element, "position");
    struct alert_point point;
    if (schema_length(pair) != 2 || !load_point(&loader->site, pair, "position", &point))
        return; /* not there, or reported */
    terminal->has_position = true;
    terminal->latitude = point.latitude;
    terminal->longitude = point.longitude;
}

/* Reads each profile that a terminal names, once. Their number is known before any pointer to one is taken. */
static void read_profiles(struct loader *loader, const config_setting_t *list)
{
    struct config *config = loader->config;
    for (size_t i = 0; i < schema_length(list); i++) {
        const config_setting_t *element = schema_element(list, i);
        const config_setting_t *at = config_setting_is_group(element) ? config_setting_get_member(element, "profile") : NULL;
        const char *id = at ? config_setting_get_string(at) : NULL;
        if (!id || load_find(config->profiles, config->n_profiles, sizeof *config->profiles, id) >= 0)
            continue;
        if (schema_check_id(id)) {
            schema_mistake(&loader->site, at, "profile %s", schema_check_id(id));
            continue;
        }
        struct profile *profiles = realloc(config->profiles, (config->n_profiles + 1) * sizeof *profiles);
        if (!profiles) {
            schema_mistake(&loader->site, at, "out of memory");
            return;
        }
        config->profiles = profiles;
        load_profile(loader, id, at, &profiles[config->n_profiles]);
        text_copy(profiles[config->n_profiles++].id, sizeof profiles->id, id); /* also when bad, so that it is reported once */
    }
}

/* Puts the terminal on its line. */
static void join_line(struct loader *loader, const config_setting_t *element, uint32_t index)
{
    struct config *config = loader->config;
    const struct config_terminal *terminal = &config->terminals[index];
    struct config_line *line = &config->lines[terminal->line];
    for (size_t i = 0; i < line->n_terminals; i++)
        if (config->terminals[line->terminals[i]].hardware.unit == terminal->hardware.unit)
            schema_mistake(&loader->site, config_setting_get_member(element, "unit"),
                           "the unit address %u stands twice on line %s: %s and %s", terminal->hardware.unit, line->hardware.id,
                           config->terminals[line->terminals[i]].hardware.id, terminal->hardware.id);
    if (line->n_terminals == LINE_TERMINALS_MAX) {
        schema_mistake(&loader->site, element, "there are more than %d terminals on line %s", LINE_TERMINALS_MAX,
                       line->hardware.id);
        return;
    }
    if (!line->terminals)
        line->terminals = calloc(LINE_TERMINALS_MAX, sizeof *line->terminals);
    if (line->terminals)
        line->terminals[line->n_terminals++] = index;
    else
        schema_mistake(&loader->site, element, "out of memory");
}

static void read_terminal(struct loader *loader, const config_setting_t *element, uint32_t index)
{
    struct config *config = loader->config;
    const struct document *site = &loader->site;
    struct config_terminal *terminal = &config->terminals[index];
    read_codes(loader, element, terminal);
    read_group(loader, element, terminal);
    read_position(loader, element, terminal);
    const config_setting_t *at = config_setting_get_member(element, "profile");
    int profile = at && config_setting_get_string(at)
                      ? load_find(config->profiles, config->n_profiles, sizeof *config->profiles, config_setting_get_string(at))
                      : -1;
    terminal->hardware.profile = profile < 0 ? NULL : &config->profiles[profile];
    if (profile >= 0 && config->profiles[profile].commands[COMMAND_START].given &&
        schema_length(schema_list(element, "codes")) == 0)
        schema_mistake(site, element, "codes is missing: no alert would ever reach the terminal %s", terminal->hardware.id);
    if (terminal->supplies_controller && profile >= 0 && config->profiles[profile].conditions[WHEN_MAINS_LOST].n_groups == 0)
        schema_mistake(site, element, "supplies_controller needs a profile with mains_lost_when, which %s has not",
                       config->profiles[profile].id);
    int line = load_refer(site, element, "line", config->lines, config->n_lines, sizeof *config->lines);
    terminal->line = line < 0 ? 0 : (uint32_t)line;
    if (line >= 0 && terminal->hardware.unit > 0)
        join_line(loader, element, index);
}

/* What a vendor's frame to unit 0 would do to another vendor's terminals decides whether it may be sent at all. */
static void check_broadcasts(struct loader *loader, const config_setting_t *element, const struct config_line *line)
{
    const struct config *config = loader->config;
    const struct profile *profiles[LINE_TERMINALS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < line->n_terminals; i++) {
        const struct profile *profile = config->terminals[line->terminals[i]].hardware.profile;
        size_t k = 0;
        while (k < n && profiles[k] != profile)
            k++;
        if (k == n && profile)
            profiles[n++] = profile;
    }
    for (size_t i = 0; i < n; i++) {
        for (int command = 0; command < COMMAND_COUNT; command++) {
            struct error why = {0};
            if (profiles[i]->commands[command].broadcast &&
                !profile_broadcast_safe(profiles, n, profiles[i], (enum command_kind)command, &why))
                schema_warning(&loader->site, element, "on line %s %s of %s goes to each terminal by itself: %s",
                               line->hardware.id, command_name((enum command_kind)command), profiles[i]->id, why.message);
        }
    }
}

/* EN 54-16: a fault is shown within 100 s. */
static void check_round(struct loader *loader, const config_setting_t *element, const struct config_line *line)
{
    struct terminal_settings terminals[LINE_TERMINALS_MAX];
    for (size_t i = 0; i < line->n_terminals; i++)
        terminals[i] = loader->config->terminals[line->terminals[i]].hardware;
    int64_t fault_us = line_fault_us(&line->hardware, terminals, line->n_terminals);
    if (fault_us > FAULT_SHOWN_US)
        schema_warning(
            &loader->site, element,
            "line %s: with %zu terminals at %d baud a fault may be shown only after %d s; it should be within 100 s: "
            "divide the line, or lower poll_s",
            line->hardware.id, line->n_terminals, line->hardware.baud, (int)(fault_us / 1000000));
}

void load_terminals(struct loader *loader)
{
    struct config *config = loader->config;
    const struct document *site = &loader->site;
    const config_setting_t *root = document_root(site), *list = schema_list(root, "terminals");
    config->terminals =
        load_list(site, root, "terminals", load_terminal_items, sizeof *config->terminals, &config->n_terminals);
    load_check_unique(site, list, config->terminals, config->n_terminals, sizeof *config->terminals);
    read_profiles(loader, list);
    for (size_t i = 0; i < config->n_terminals; i++)
        if (config_setting_is_group(schema_element(list, i)))
            read_terminal(loader, schema_element(list, i), (uint32_t)i);
    for (size_t i = 0; i < config->n_lines; i++) {
        const config_setting_t *element = schema_element(schema_list(root, "lines"), i);
        if (config->lines[i].n_terminals == 0)
            schema_warning(site, element, "there is no terminal on line %s", config->lines[i].hardware.id);
        load_check_heartbeat(loader, element, &config->lines[i]);
        if (loader->reporter.mistakes > 0) /* half a profile would be judged wrongly */
            continue;
        check_broadcasts(loader, element, &config->lines[i]);
        check_round(loader, element, &config->lines[i]);
    }
}
