/* Codes to terminals. */
#include "controller/area.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool area_match_create(struct area_match *match, const struct config *config)
{
    *match = (struct area_match){
        .meant = calloc(config->n_terminals + 1, sizeof(bool)), .places = json_array(), .not_ours = json_array()};
    return match->meant && match->places && match->not_ours;
}

void area_match_free(struct area_match *match)
{
    free(match->meant);
    json_decref(match->places);
    json_decref(match->not_ours);
    *match = (struct area_match){0};
}

static bool holds_codes(const struct config *config, const char *value_name)
{
    for (size_t i = 0; i < config->n_geocode_names; i++)
        if (strcmp(config->geocode_names[i], value_name) == 0)
            return true;
    return false;
}

static bool terminal_meant(const struct config_terminal *terminal, const struct area_code *code, bool covers)
{
    for (size_t i = 0; i < terminal->n_codes; i++)
        if (area_code_contains(code, &terminal->codes[i]) || (covers && area_code_contains(&terminal->codes[i], code)))
            return true;
    return false;
}

/* The lists are for people. noted is taken over. */
static void list_once(struct area_match *match, json_t *list, json_t *noted)
{
    size_t i;
    json_t *other;
    json_array_foreach(list, i, other) if (json_equal(other, noted))
    {
        json_decref(noted);
        return;
    }
    if (i < AREA_LISTED_MAX) {
        json_array_append_new(list, noted);
        return;
    }
    match->n_unlisted++;
    json_decref(noted);
}

static void note_not_ours(struct area_match *match, const char *what, const char *description)
{
    char text[200];
    if (description && *description)
        text_print(text, sizeof text, "%s (%s)", what, description);
    else
        text_copy(text, sizeof text, what);
    json_t *noted = json_string(text);
    list_once(match, match->not_ours, noted);
}

static void note_place(struct area_match *match, const struct config *config, const struct area_code *code)
{
    const struct config_place *place = config_find_place(config, code);
    json_t *noted = json_pack("{s:s}", "code", code->digits);
    if (place) {
        json_object_set_new(noted, "name_zh", json_string(place->name_zh));
        json_object_set_new(noted, "name_en", json_string(place->name_en));
    }
    list_once(match, match->places, noted);
}

static size_t match_code(struct area_match *match, const struct config *config, const struct area_code *code, bool covers)
{
    size_t n = 0;
    for (size_t t = 0; t < config->n_terminals; t++) {
        if (!terminal_meant(&config->terminals[t], code, covers))
            continue;
        n++;
        match->n_meant += !match->meant[t];
        match->meant[t] = true;
    }
    return n;
}

static size_t match_area(struct area_match *match, const struct config *config, const struct alert_area *area, bool covers)
{
    size_t n = 0;
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
            size_t hit = match_code(match, config, &code, covers);
            if (hit)
                note_place(match, config, &code);
            else
                note_not_ours(match, code.digits, area->description);
            n += hit;
        }
    }
    return n;
}

size_t area_match_info(struct area_match *match, const struct config *config, const struct alert_info *info, bool covers)
{
    size_t n = 0;
    for (size_t i = 0; i < info->n_areas; i++)
        n += match_area(match, config, &info->areas[i], covers);
    return n;
}
