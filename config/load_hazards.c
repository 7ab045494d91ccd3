/* The table of hazards and the rules that give an alert its level; in a file of their own, which a site may replace. */
#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct schema_item load_hazards_items[] = {
    {"hazards", SCHEMA_LIST, .least = 1, .most = CONFIG_HAZARDS_MAX},
    {"level_rules", SCHEMA_LIST, 0, 1000, .initial = ""},
    {0},
};

static const char *check_hazard_code(const void *code)
{
    const char *text = code;
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    return (n == 5 || n == 0) && !text[n] ? NULL : "must be five of A-Z and 0-9, or empty";
}

/* As written; the tone's name becomes its kind, and each level gets its interval. */
struct hazard_row {
    struct config_hazard hazard;
    char tone[16];
    uint32_t return_s, return_at[LEVEL_COUNT];
};

enum { RETURN_S_MAX = 86400, BEFORE_MIN_MAX = 1440 };

static const struct schema_item return_at_items[] = {
    {"red", SCHEMA_INTEGER, 0, RETURN_S_MAX, .initial = "", SCHEMA_AT(hazard_row, return_at[LEVEL_RED])},
    {"orange", SCHEMA_INTEGER, 0, RETURN_S_MAX, .initial = "", SCHEMA_AT(hazard_row, return_at[LEVEL_ORANGE])},
    {"yellow", SCHEMA_INTEGER, 0, RETURN_S_MAX, .initial = "", SCHEMA_AT(hazard_row, return_at[LEVEL_YELLOW])},
    {"blue", SCHEMA_INTEGER, 0, RETURN_S_MAX, .initial = "", SCHEMA_AT(hazard_row, return_at[LEVEL_BLUE])},
    {"advisory", SCHEMA_INTEGER, 0, RETURN_S_MAX, .initial = "", SCHEMA_AT(hazard_row, return_at[LEVEL_ADVISORY])},
    {"daily", SCHEMA_INTEGER, 0, RETURN_S_MAX, .initial = "", SCHEMA_AT(hazard_row, return_at[LEVEL_DAILY])},
    {0},
};

const struct schema_item load_hazard_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(hazard_row, hazard.id)},
    {"code", SCHEMA_TEXT, .initial = "", SCHEMA_AT(hazard_row, hazard.code), .check = check_hazard_code},
    {"zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(hazard_row, hazard.name_zh)},
    {"en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(hazard_row, hazard.name_en)},
    {"spoken_zh", SCHEMA_TEXT, .initial = "", SCHEMA_AT(hazard_row, hazard.spoken[TEXT_ZH])},
    {"spoken_en", SCHEMA_TEXT, .initial = "", SCHEMA_AT(hazard_row, hazard.spoken[TEXT_EN])},
    {"rank", SCHEMA_INTEGER, 0, 1000, SCHEMA_AT(hazard_row, hazard.rank)},
    {"tone", SCHEMA_TEXT, .initial = "attention", SCHEMA_AT(hazard_row, tone)},
    {"return_s", SCHEMA_INTEGER, 0, RETURN_S_MAX, "600", SCHEMA_AT(hazard_row, return_s)},
    {"return_at", SCHEMA_GROUP, .initial = "", .items = return_at_items},
    {"return_before_min", SCHEMA_LIST, 0, CONFIG_BEFORE_MAX, .initial = ""},
    {"passes_night", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(hazard_row, hazard.passes_night)},
    {"events", SCHEMA_LIST, 0, 200, .initial = ""},
    {0},
};

const struct schema_item load_rule_items[] = {
    {"source", SCHEMA_REFERENCE, .initial = ""},
    {"name", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_level_rule, name)},
    {"value", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_level_rule, value)},
    {"level", SCHEMA_CHOICE, SCHEMA_AT(config_level_rule, level), .names = load_level_names},
    {0},
};

static void read_events(const struct document *document, const config_setting_t *element, struct config_hazard *hazard)
{
    const config_setting_t *list = schema_list(element, "events");
    size_t n = schema_length(list);
    if (n == 0)
        return;
    hazard->events = calloc(n, sizeof *hazard->events);
    if (hazard->events)
        hazard->n_events = schema_texts(document, list, hazard->events[0], sizeof *hazard->events, n);
    else
        schema_mistake(document, element, "out of memory");
}

static bool has_event(const struct config_hazard *hazard, size_t n, const char *event)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(hazard->events[i], event) == 0)
            return true;
    return false;
}

/* An event that says two hazards would be decided by their order in the file. */
static void check_events(const struct document *document, const config_setting_t *list, const struct config *config, size_t of)
{
    const struct config_hazard *hazard = &config->hazards[of];
    for (size_t i = 0; i < hazard->n_events; i++) {
        for (size_t k = 0; k <= of; k++) {
            const struct config_hazard *other = &config->hazards[k];
            if (has_event(other, k == of ? i : other->n_events, hazard->events[i]))
                schema_mistake(document, schema_element(list, of), "the event \"%s\" stands for %s and for %s",
                               hazard->events[i], other->id, hazard->id);
        }
    }
}

static void read_tone(const struct document *document, const config_setting_t *element, const char *name, enum tone_kind *tone)
{
    if (tone_kind_parse(name, tone) && *tone != TONE_ALL_CLEAR)
        return;
    struct nearest nearest = nearest_to(name);
    char all[128] = "", text[80];
    for (int kind = 0; kind < TONE_ALL_CLEAR; kind++) {
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s\"%s\"", kind ? ", " : "", tone_kind_name((enum tone_kind)kind));
        nearest_try(&nearest, tone_kind_name((enum tone_kind)kind));
    }
    schema_mistake(document, config_setting_get_member(element, "tone"), "tone must be one of %s, not \"%s\"%s", all, name,
                   nearest_text(&nearest, text));
}

/* What return_at does not name returns as return_s says. */
static void read_returns(const config_setting_t *element, const struct hazard_row *row, struct config_hazard *hazard)
{
    const config_setting_t *at = config_setting_get_member(element, "return_at");
    for (int level = 0; level < LEVEL_COUNT; level++) {
        bool own = at && config_setting_is_group(at) && config_setting_get_member(at, load_level_names[level]);
        hazard->return_s[level] = own ? row->return_at[level] : row->return_s;
    }
}

static void read_returns_before(const struct document *document, const config_setting_t *element, struct config_hazard *hazard)
{
    const config_setting_t *list = schema_list(element, "return_before_min");
    for (size_t i = 0; i < schema_length(list) && i < CONFIG_BEFORE_MAX; i++) {
        const config_setting_t *minutes = schema_element(list, i);
        bool whole = config_setting_type(minutes) == CONFIG_TYPE_INT;
        if (whole && config_setting_get_int(minutes) >= 0 && config_setting_get_int(minutes) <= BEFORE_MIN_MAX)
            hazard->return_before_min[hazard->n_return_before++] = (uint16_t)config_setting_get_int(minutes);
        else
            schema_mistake(document, minutes, "each of return_before_min must be a whole number from 0 to %d", BEFORE_MIN_MAX);
    }
}

static void default_spoken(struct config_hazard *hazard)
{
    if (!hazard->spoken[TEXT_ZH][0])
        text_copy(hazard->spoken[TEXT_ZH], sizeof hazard->spoken[TEXT_ZH], hazard->name_zh);
    if (!hazard->spoken[TEXT_EN][0])
        text_copy(hazard->spoken[TEXT_EN], sizeof hazard->spoken[TEXT_EN], hazard->name_en);
}

static void read_hazards(struct loader *loader, const struct document *document, const config_setting_t *root)
{
    struct config *config = loader->config;
    const config_setting_t *list = schema_list(root, "hazards");
    size_t n;
    struct hazard_row *rows = load_list(document, root, "hazards", load_hazard_items, sizeof *rows, &n);
    config->hazards = calloc(n + 1, sizeof *config->hazards);
    if (!config->hazards) {
        schema_mistake(document, root, "out of memory");
        free(rows);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct config_hazard *hazard = &config->hazards[config->n_hazards++];
        *hazard = rows[i].hazard;
        default_spoken(hazard);
        if (config_setting_is_group(schema_element(list, i))) {
            read_tone(document, schema_element(list, i), rows[i].tone, &hazard->tone);
            read_returns(schema_element(list, i), &rows[i], hazard);
            read_returns_before(document, schema_element(list, i), hazard);
            read_events(document, schema_element(list, i), hazard);
        }
        check_events(document, list, config, i);
    }
    free(rows);
    load_check_unique(document, list, config->hazards, config->n_hazards, sizeof *config->hazards);
    if (config->n_hazards == 0 || strcmp(config->hazards[config->n_hazards - 1].id, "other") != 0)
        schema_mistake(document, list ? list : root, "the last hazard must be \"other\": it stands for all that is not listed");
}

/* Adds the rules of one file to those that are there. */
static void read_rules(struct loader *loader, const struct document *document)
{
    struct config *config = loader->config;
    const config_setting_t *root = document_root(document);
    size_t n;
    struct config_level_rule *rules = load_list(document, root, "level_rules", load_rule_items, sizeof *rules, &n);
    for (size_t i = 0; i < n; i++) {
        int source = load_refer(document, schema_element(schema_list(root, "level_rules"), i), "source", config->sources,
                                config->n_sources, sizeof *config->sources);
        if (source >= 0)
            text_copy(rules[i].source, sizeof rules[i].source, config->sources[source].id);
    }
    struct config_level_rule *all = realloc(config->level_rules, (config->n_level_rules + n + 1) * sizeof *all);
    if (all) {
        config->level_rules = all;
        if (n > 0)
            memcpy(all + config->n_level_rules, rules, n * sizeof *all);
        config->n_level_rules += n;
    } else {
        schema_mistake(document, root, "out of memory");
    }
    free(rules);
}

void load_hazards(struct loader *loader)
{
    char path[PATH_MAX];
    read_rules(loader, &loader->site); /* the site's own go first */
    if (!load_find_file(loader, "hazards.cfg", path)) {
        reporter_say(&loader->reporter, path, 0, false,
                     "cannot be read: the shipped data should be there, or name its folder in "
                     "the environment as TOCSIN_DATA");
        return;
    }
    struct document document = {0};
    if (document_open(&document, path, loader->folder, loader->roots, &loader->reporter)) {
        const config_setting_t *root = document_root(&document);
        char nothing = 0; /* both settings are lists, which are read below */
        schema_read(&document, root, load_hazards_items, &nothing);
        read_hazards(loader, &document, root);
        read_rules(loader, &document);
    }
    document_close(&document);
}
