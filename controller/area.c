/* Codes to terminals. A site device is no terminal of an alert, whatever its codes. */
#include "controller/area.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct area_entry {
    int64_t number; /* a terminal's code */
    uint32_t terminal;
    uint8_t marked; /* bit per level: the area of that level that begins here is meant already */
};

static int by_number(const void *a, const void *b)
{
    const struct area_entry *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

static bool make_index(struct area_match *match, const struct config *config)
{
    size_t n = 0;
    for (size_t t = 0; t < config->n_terminals; t++)
        n += config->terminals[t].n_codes;
    match->index = calloc(n + 1, sizeof *match->index);
    for (size_t t = 0; match->index && t < config->n_terminals; t++)
        for (size_t i = 0; profile_can_sound(config->terminals[t].hardware.profile) && i < config->terminals[t].n_codes; i++)
            match->index[match->n_index++] = (struct area_entry){
                .number = area_code_range(&config->terminals[t].codes[i], AREA_VILLAGE).first, .terminal = (uint32_t)t};
    if (match->index)
        qsort(match->index, match->n_index, sizeof *match->index, by_number);
    return match->index != NULL;
}

bool area_match_create(struct area_match *match, const struct config *config)
{
    *match = (struct area_match){.meant = calloc(config->n_terminals + 1, sizeof(bool)),
                                 .places = json_array(),
                                 .not_ours = json_array(),
                                 .listed = json_object()};
    return make_index(match, config) && match->meant && match->places && match->not_ours && match->listed;
}

void area_match_free(struct area_match *match)
{
    free(match->meant);
    free(match->index);
    json_decref(match->places);
    json_decref(match->not_ours);
    json_decref(match->listed);
    *match = (struct area_match){0};
}

static bool holds_codes(const struct config *config, const char *value_name)
{
    for (size_t i = 0; i < config->n_geocode_names; i++)
        if (strcmp(config->geocode_names[i], value_name) == 0)
            return true;
    return false;
}

/* The lists are for people: each thing once, and not all of them. True if it is to be added. */
static bool is_new(struct area_match *match, const json_t *list, const char *what)
{
    if (json_object_get(match->listed, what))
        return false;
    if (json_array_size(list) < AREA_LISTED_MAX)
        return json_object_set_new(match->listed, what, json_true()) == 0;
    match->n_unlisted++;
    return false;
}

static void note_not_ours(struct area_match *match, const char *what, const char *description)
{
    char text[200];
    if (!is_new(match, match->not_ours, what))
        return;
    if (description && *description)
        text_print(text, sizeof text, "%s (%s)", what, description);
    else
        text_copy(text, sizeof text, what);
    json_array_append_new(match->not_ours, json_string(text));
}

static void note_place(struct area_match *match, const struct config *config, const struct area_code *code)
{
    if (!is_new(match, match->places, code->digits))
        return;
    const struct config_place *place = config_find_place(config, code);
    json_t *noted = json_pack("{s:s}", "code", code->digits);
    if (place) {
        json_object_set_new(noted, "name_zh", json_string(place->name_zh));
        json_object_set_new(noted, "name_en", json_string(place->name_en));
    }
    json_array_append_new(match->places, noted);
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

/* Means the terminals of a range. Two ranges of one level that begin at one entry are the same: it is gone through only once,
 * however often it is named. True if there is a terminal. */
static bool mean_range(struct area_match *match, struct area_range range, enum area_level level)
{
    size_t at = find_entry(match, range.first);
    if (at == match->n_index || match->index[at].number > range.last)
        return false;
    if (match->index[at].marked >> level & 1)
        return true;
    match->index[at].marked |= (uint8_t)(1u << level);
    for (; at < match->n_index && match->index[at].number <= range.last; at++) {
        bool *meant = &match->meant[match->index[at].terminal];
        match->n_meant += !*meant;
        *meant = true;
    }
    return true;
}

static bool match_code(struct area_match *match, const struct area_code *code, bool covers)
{
    enum area_level level = area_code_level(code);
    bool hit = mean_range(match, area_code_range(code, level), level);
    for (int around = AREA_PROVINCE; covers && around < (int)level; around++) {
        int64_t number =
            area_code_range(code, (enum area_level)around).first; /* the code of the area around it, that one only */
        hit |= mean_range(match, (struct area_range){number, number}, AREA_NONE);
    }
    return hit;
}

static bool match_area(struct area_match *match, const struct config *config, const struct alert_area *area, bool covers)
{
    bool any = false;
    match->n_areas++;
    match->n_shapes += area->n_polygons + area->n_circles;
    for (size_t i = 0; i < area->n_geocodes; i++) {
        const struct alert_pair *geocode = &area->geocodes[i];
        struct area_code code;
        struct error error;
        if (!holds_codes(config, geocode->name)) {
            char what[120];
            text_print(what, sizeof what, "%s=%s", geocode->name, geocode->value);
            note_not_ours(match, what, area->description);
        } else if (!area_code_parse(slice_of(geocode->value), &code, &error)) {
            note_not_ours(match, error.message, area->description);
        } else {
            match->n_codes++;
            bool hit = match_code(match, &code, covers);
            if (hit)
                note_place(match, config, &code);
            else
                note_not_ours(match, code.digits, area->description);
            any |= hit;
        }
    }
    return any;
}

bool area_match_info(struct area_match *match, const struct config *config, const struct alert_info *info, bool covers)
{
    bool any = false;
    for (size_t i = 0; i < info->n_areas; i++)
        any |= match_area(match, config, &info->areas[i], covers);
    return any;
}
