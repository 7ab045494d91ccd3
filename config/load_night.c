/* The night, and the table of what passes in it. */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

/* Minutes since midnight; -1: it is no time. */
static int minute_of(const char *text)
{
    bool digits = strlen(text) == 5 && text[2] == ':' && strspn(text, "0123456789") == 2 && strspn(text + 3, "0123456789") == 2;
    int hour = digits ? (text[0] - '0') * 10 + text[1] - '0' : 24;
    int minute = digits ? (text[3] - '0') * 10 + text[4] - '0' : 60;
    return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

static const char *check_time(const void *text)
{
    return minute_of(text) >= 0 ? NULL : "must be a time of day from 00:00 to 23:59, such as 22:00";
}

const struct schema_item load_night_items[] = {
    {"from", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config, night.from), .check = check_time},
    {"until", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config, night.until), .check = check_time},
    {"passage", SCHEMA_LIST, 0, 1000, .initial = ""},
    {0},
};

const struct schema_item load_passage_items[] = {
    {"hazard", SCHEMA_REFERENCE, .initial = ""},
    {"levels", SCHEMA_LIST, 0, LEVEL_COUNT, .initial = ""},
    {"actions", SCHEMA_LIST, 0, CONFIG_ACTIONS_MAX, .initial = ""},
    {0},
};

/* CAP 1.2, 3.2.2 responseType; not those that ask for nothing. */
static const char actions[CONFIG_ACTIONS_MAX][16] = {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor"};

static void read_passage(struct loader *loader, const config_setting_t *element, struct config_passage *passage)
{
    const struct config *config = loader->config;
    const struct document *site = &loader->site;
    bool chosen[CONFIG_ACTIONS_MAX] = {false};
    passage->hazard = load_refer(site, element, "hazard", config->hazards, config->n_hazards, sizeof *config->hazards);
    if (load_levels(site, element, "levels", passage->levels) == 0)
        memset(passage->levels, true, sizeof passage->levels);
    load_choose(site, element, "actions", actions, CONFIG_ACTIONS_MAX, sizeof *actions, chosen);
    for (size_t i = 0; i < CONFIG_ACTIONS_MAX; i++)
        if (chosen[i])
            text_copy(passage->actions[passage->n_actions++], sizeof *passage->actions, actions[i]);
}

/* Where no table is given: what is red, whatever it is. */
static void default_passage(struct loader *loader)
{
    struct config_night *night = &loader->config->night;
    night->passage = calloc(1, sizeof *night->passage);
    if (!night->passage) {
        schema_mistake(&loader->site, NULL, "out of memory");
        return;
    }
    night->n_passage = 1;
    night->passage[0].hazard = -1;
    night->passage[0].levels[LEVEL_RED] = true;
}

void load_night(struct loader *loader)
{
    struct config_night *night = &loader->config->night;
    const config_setting_t *group = config_setting_get_member(document_root(&loader->site), "night");
    if (!group || !config_setting_is_group(group))
        return;
    night->from_minute = minute_of(night->from);
    night->until_minute = minute_of(night->until);
    if (night->from_minute >= 0 && night->from_minute == night->until_minute)
        schema_mistake(&loader->site, group,
                       "night: from and until are the same; leave the group out where nothing is to wait");
    if (!config_setting_get_member(group, "passage")) {
        default_passage(loader);
        return;
    }
    const config_setting_t *list = schema_list(group, "passage");
    night->passage = load_list(&loader->site, group, "passage", load_passage_items, sizeof *night->passage, &night->n_passage);
    for (size_t i = 0; i < night->n_passage; i++)
        if (config_setting_is_group(schema_element(list, i)))
            read_passage(loader, schema_element(list, i), &night->passage[i]);
}
