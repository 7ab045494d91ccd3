/* Codes to terminals, and what is listed of them. A site device is no terminal of an alert, whatever its codes. */
#include "controller/area_intern.h"

#include "codecs/cap.h"

#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
    const struct area_entry *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

bool area_can_sound(const struct config *config, size_t terminal)
{
    return profile_can_sound(config->terminals[terminal].hardware.profile);
}

static bool make_index(struct area_match *match, const struct config *config)
{
    size_t n = 0;
    for (size_t t = 0; t < config->n_terminals; t++)
        n += config->terminals[t].n_codes;
    match->index = calloc(n + 1, sizeof *match->index);
    for (size_t t = 0; match->index && t < config->n_terminals; t++)
        for (size_t i = 0; area_can_sound(config, t) && i < config->terminals[t].n_codes; i++)
            match->index[match->n_index++] = (struct area_entry){
                .number = area_code_range(&config->terminals[t].codes[i], AREA_VILLAGE).first, .terminal = (uint32_t)t};
    if (match->index)
        qsort(match->index, match->n_index, sizeof *match->index, by_number);
    return match->index != NULL;
}

/* The first entry that is not below a number. */
static size_t find_entry(const struct area_match *match, int64_t number)
{
    size_t from = 0, to = match->n_index;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (match->index[middle].number < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void add_home(struct area_match *match, const struct config *config, const struct config_place *place)
{
    int64_t number = area_code_range(&place->code, AREA_VILLAGE).first;
    struct area_home home = {place, find_entry(match, number), find_entry(match, number + 1)};
    bool wanted = false;
    for (size_t i = home.from; i < home.to; i++) {
        uint32_t terminal = match->index[i].terminal;
        if (config->terminals[terminal].has_position)
            continue;
        match->n_judged[terminal]++;
        wanted = true;
    }
    if (wanted)
        match->homes[match->n_homes++] = home;
}

static bool make_homes(struct area_match *match, const struct config *config)
{
    match->homes = calloc(config->n_places + 1, sizeof *match->homes);
    match->n_judged = calloc(config->n_terminals + 1, sizeof *match->n_judged);
    if (!match->homes || !match->n_judged)
        return false;
    for (size_t i = 0; i < config->n_places; i++)
        if (config->places[i].outline)
            add_home(match, config, &config->places[i]);
    return true;
}

bool area_match_create(struct area_match *match, const struct config *config)
{
    *match = (struct area_match){.meant = calloc(config->n_terminals + 1, sizeof(bool)),
                                 .whole = calloc(config->n_terminals + 1, sizeof(bool)),
                                 .named = calloc(config->n_places + 1, sizeof(bool)),
                                 .groups = calloc(config->n_places + 1, sizeof(const struct config_place *)),
                                 .listed = json_object(),
                                 .places = json_array(),
                                 .not_ours = json_array(),
                                 .no_position = json_array(),
                                 .notes = json_array()};
    return make_index(match, config) && make_homes(match, config) && match->meant && match->whole && match->named &&
           match->groups && match->listed && match->places && match->not_ours && match->no_position && match->notes;
}

void area_match_free(struct area_match *match)
{
    free(match->meant);
    free(match->bars);
    free(match->whole);
    free(match->named);
    free(match->groups);
    free(match->index);
    free(match->homes);
    free(match->n_judged);
    json_decref(match->listed);
    json_decref(match->places);
    json_decref(match->not_ours);
    json_decref(match->no_position);
    json_decref(match->notes);
    *match = (struct area_match){0};
}

/* ---- lists ---- */

/* Our own form and the Chinese ones hold our codes by their definition, a CAP geocode where the site says so. */
static bool holds_codes(const struct area_match *match, const struct config *config, const char *value_name)
{
    if (strcmp(value_name, alert_geocode_place) == 0 || strcmp(value_name, cap_national_geocode_name) == 0 ||
        (match->codes_name && strcmp(match->codes_name, value_name) == 0))
        return true;
    for (size_t i = 0; i < config->n_geocode_names; i++)
        if (strcmp(config->geocode_names[i], value_name) == 0)
            return true;
    return false;
}

/* The lists are for people: each thing once, and not all of them. True if it is to be added. */
bool area_is_new(struct area_match *match, const json_t *list, const char *what)
{
    if (json_object_get(match->listed, what))
        return false;
    if (json_array_size(list) < AREA_LISTED_MAX)
        return json_object_set_new(match->listed, what, json_true()) == 0;
    match->n_unlisted++;
    return false;
}

void area_note_not_ours(struct area_match *match, const char *what, const char *description)
{
    char text[320];
    if (!area_is_new(match, match->not_ours, what))
        return;
    if (description && *description)
        text_print(text, sizeof text, "%s (%s)", what, description);
    else
        text_copy(text, sizeof text, what);
    json_array_append_new(match->not_ours, json_string(text));
}

static void set_names(json_t *noted, const struct config_place *place)
{
    json_object_set_new(noted, "name_zh", json_string(place->name[TEXT_ZH]));
    json_object_set_new(noted, "name_en", json_string(place->name[TEXT_EN]));
}

void area_note_code(struct area_match *match, const struct config *config, const struct area_code *code)
{
    if (!area_is_new(match, match->places, code->digits))
        return;
    const struct config_place *place = config_find_place(config, code);
    json_t *noted = json_pack("{s:s}", "code", code->digits);
    if (place)
        set_names(noted, place);
    json_array_append_new(match->places, noted);
}

void area_note_place(struct area_match *match, const struct config_place *place)
{
    if (!area_is_new(match, match->places, place->id))
        return;
    json_t *noted = json_pack("{s:s}", place->kind == PLACE_AREA ? "code" : "id", place->id);
    set_names(noted, place);
    json_array_append_new(match->places, noted);
}

/* ---- what a source may address ---- */

static bool may_address(const struct config_source *source, const struct config_terminal *terminal)
{
    for (size_t i = 0; i < source->n_areas; i++)
        for (size_t c = 0; c < terminal->n_codes; c++)
            if (area_code_contains(&source->areas[i], &terminal->codes[c]))
                return true;
    return source->n_areas == 0;
}

bool area_match_bar(struct area_match *match, const struct config *config, const struct config_source *source)
{
    match->config = config;
    match->source = source->id;
    match->bars = calloc(config->n_terminals + 1, sizeof *match->bars);
    for (size_t t = 0; match->bars && t < config->n_terminals; t++)
        match->bars[t] = may_address(source, &config->terminals[t]) ? AREA_FREE : AREA_BARRED;
    return match->bars != NULL;
}

/* By its first code, once: whom its source would have reached, but may not. */
static void note_barred(struct area_match *match, size_t terminal)
{
    char why[200];
    const struct config_terminal *barred = &match->config->terminals[terminal];
    const struct config_place *place = barred->n_codes > 0 ? config_find_place(match->config, &barred->codes[0]) : NULL;
    text_print(why, sizeof why, "%s%snot among the areas of source %s", place ? place->name[TEXT_ZH] : "", place ? ", " : "",
               match->source);
    area_note_not_ours(match, barred->n_codes > 0 ? barred->codes[0].digits : barred->hardware.id, why);
    match->bars[terminal] = AREA_NOTED;
    match->n_barred++;
}

bool area_may_mean(struct area_match *match, size_t terminal)
{
    if (match->bars && match->bars[terminal] == AREA_BARRED)
        note_barred(match, terminal);
    return !match->bars || match->bars[terminal] == AREA_FREE;
}

/* ---- codes ---- */

bool area_mean(struct area_match *match, size_t terminal)
{
    if (!area_may_mean(match, terminal))
        return false;
    match->n_meant += !match->meant[terminal];
    match->meant[terminal] = true;
    match->whole[terminal] = true;
    return true;
}

/* Means the terminals of a range. Two ranges of one level that begin at one entry are the same: it is gone through only once,
 * however often it is named. True if one is meant. */
static bool mean_range(struct area_match *match, struct area_range range, enum area_level level)
{
    size_t at = find_entry(match, range.first);
    if (at == match->n_index || match->index[at].number > range.last)
        return false;
    struct area_entry *first = &match->index[at];
    if (first->marked >> level & 1)
        return first->hit >> level & 1;
    bool any = false;
    for (; at < match->n_index && match->index[at].number <= range.last; at++)
        any |= area_mean(match, match->index[at].terminal);
    first->marked |= (uint8_t)(1u << level);
    first->hit |= (uint8_t)((unsigned)any << level);
    return any;
}

bool area_match_around(struct area_match *match, const struct area_code *code, enum area_level level)
{
    bool hit = false;
    for (int around = AREA_PROVINCE; around < (int)level; around++) {
        int64_t number =
            area_code_range(code, (enum area_level)around).first; /* the code of the area around it, that one only */
        hit |= mean_range(match, (struct area_range){number, number}, AREA_NONE);
    }
    return hit;
}

bool area_match_code(struct area_match *match, const struct area_code *code, bool covers)
{
    enum area_level level = area_code_level(code);
    bool hit = mean_range(match, area_code_range(code, level), level);
    if (covers)
        hit |= area_match_around(match, code, level);
    return hit;
}

static bool match_geocode(struct area_match *match, const struct config *config, const struct alert_area *area,
                          const struct alert_pair *geocode, bool covers)
{
    struct area_code code;
    struct error error;
    if (strcmp(geocode->name, alert_geocode_place) == 0 && !area_code_parse(slice_of(geocode->value), &code, NULL))
        return area_match_place(match, config, area, geocode->value, covers);
    if (strcmp(geocode->name, alert_geocode_terminal) == 0)
        return area_match_terminal(match, config, area, geocode->value);
    if (!holds_codes(match, config, geocode->name)) {
        char what[120];
        text_print(what, sizeof what, "%s=%s", geocode->name, geocode->value);
        area_note_not_ours(match, what, area->description);
    } else if (!area_code_parse(slice_of(geocode->value), &code, &error)) {
        area_note_not_ours(match, error.message, area->description);
    } else if (!area_match_code(match, &code, covers)) {
        area_note_not_ours(match, code.digits, area->description);
    } else {
        area_note_code(match, config, &code);
        return true;
    }
    return false;
}

static bool match_area(struct area_match *match, const struct config *config, const struct alert_area *area, bool covers)
{
    bool any = false;
    match->n_areas++;
    for (size_t i = 0; i < area->n_geocodes; i++)
        any |= match_geocode(match, config, area, &area->geocodes[i], covers);
    for (size_t i = 0; i < area->n_polygons; i++)
        any |= area_match_polygon(match, config, area, &area->polygons[i]);
    for (size_t i = 0; i < area->n_circles; i++)
        any |= area_match_circle(match, config, area, &area->circles[i], covers);
    return any;
}

bool area_match_info(struct area_match *match, const struct config *config, const struct alert_info *info, bool covers)
{
    bool any = false;
    for (size_t i = 0; i < info->n_areas; i++)
        any |= match_area(match, config, &info->areas[i], covers);
    return any;
}

void area_match_end(struct area_match *match, const struct config *config)
{
    area_match_groups(match, config);
    for (size_t t = 0; match->n_shapes > 0 && t < config->n_terminals; t++) {
        const struct config_terminal *terminal = &config->terminals[t];
        char text[120];
        if (match->meant[t] || (match->bars && match->bars[t] != AREA_FREE) || terminal->has_position ||
            match->n_judged[t] == terminal->n_codes || !area_can_sound(config, t))
            continue;
        text_print(text, sizeof text, "%s (%s)", terminal->hardware.id, terminal->name);
        if (match->n_no_position++ < AREA_LISTED_MAX)
            json_array_append_new(match->no_position, json_string(text));
        else
            match->n_unlisted++;
    }
}
