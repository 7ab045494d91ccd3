/* Codes and shapes to terminals. A site device is no terminal of an alert, whatever its codes. */
#include "controller/area.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct area_entry {
    int64_t number; /* a terminal's code */
    uint32_t terminal;
    uint8_t marked; /* bit per level: the area of that level that begins here is meant already */
};

struct area_home {
    const struct config_place *place;
    size_t from, to; /* the entries of just its code */
};

static int by_number(const void *a, const void *b)
{
    const struct area_entry *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

static bool can_sound(const struct config *config, size_t terminal)
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
        for (size_t i = 0; can_sound(config, t) && i < config->terminals[t].n_codes; i++)
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
                                 .listed = json_object(),
                                 .places = json_array(),
                                 .not_ours = json_array(),
                                 .no_position = json_array()};
    return make_index(match, config) && make_homes(match, config) && match->meant && match->listed && match->places &&
           match->not_ours && match->no_position;
}

void area_match_free(struct area_match *match)
{
    free(match->meant);
    free(match->index);
    free(match->homes);
    free(match->n_judged);
    json_decref(match->listed);
    json_decref(match->places);
    json_decref(match->not_ours);
    json_decref(match->no_position);
    *match = (struct area_match){0};
}

/* ---- lists ---- */

static bool holds_codes(const struct area_match *match, const struct config *config, const char *value_name)
{
    if (strcmp(value_name, alert_geocode_place) == 0 || (match->codes_name && strcmp(match->codes_name, value_name) == 0))
        return true;
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
    char text[320];
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

/* ---- codes ---- */

static void mean(struct area_match *match, size_t terminal)
{
    match->n_meant += !match->meant[terminal];
    match->meant[terminal] = true;
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
    for (; at < match->n_index && match->index[at].number <= range.last; at++)
        mean(match, match->index[at].terminal);
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

static bool match_terminal(struct area_match *match, const struct config *config, const char *id)
{
    int terminal = config_find_terminal(config, id);
    char what[120];
    if (terminal >= 0 && can_sound(config, (size_t)terminal)) {
        mean(match, (size_t)terminal);
        return true;
    }
    text_print(what, sizeof what, "terminal %.60s: %s", id,
               terminal < 0 ? "there is none of this id" : "it has nothing to sound with");
    note_not_ours(match, what, NULL);
    return false;
}

static bool match_geocode(struct area_match *match, const struct config *config, const struct alert_area *area,
                          const struct alert_pair *geocode, bool covers)
{
    struct area_code code;
    struct error error;
    if (strcmp(geocode->name, alert_geocode_terminal) == 0)
        return match_terminal(match, config, geocode->value);
    if (!holds_codes(match, config, geocode->name)) {
        char what[120];
        text_print(what, sizeof what, "%s=%s", geocode->name, geocode->value);
        note_not_ours(match, what, area->description);
    } else if (!area_code_parse(slice_of(geocode->value), &code, &error)) {
        note_not_ours(match, error.message, area->description);
    } else if (!match_code(match, &code, covers)) {
        note_not_ours(match, code.digits, area->description);
    } else {
        note_place(match, config, &code);
        return true;
    }
    return false;
}

/* ---- shapes ---- */

/* By their positions. Who is meant already is looked for only as long as nobody was found. */
static bool mean_positions(struct area_match *match, const struct config *config, const struct geometry *shape)
{
    bool any = false;
    for (size_t t = 0; t < config->n_terminals; t++) {
        const struct config_terminal *terminal = &config->terminals[t];
        if (!terminal->has_position || (any && match->meant[t]) || !can_sound(config, t) ||
            !geometry_has(shape, (struct alert_point){terminal->latitude, terminal->longitude}))
            continue;
        mean(match, t);
        if (terminal->n_codes > 0 && area_code_level(&terminal->codes[0]) == AREA_VILLAGE)
            note_place(match, config, &terminal->codes[0]);
        any = true;
    }
    return any;
}

static bool mean_homes(struct area_match *match, const struct config *config, const struct geometry *shape)
{
    bool any = false;
    for (size_t h = 0; h < match->n_homes; h++) {
        const struct area_home *home = &match->homes[h];
        if (!geometry_meets(shape, home->place->outline))
            continue;
        for (size_t i = home->from; i < home->to; i++)
            if (!config->terminals[match->index[i].terminal].has_position)
                mean(match, match->index[i].terminal);
        note_place(match, config, &home->place->code);
        any = true;
    }
    return any;
}

/* A circle of radius 0 is the village around it: the smallest places whose outline holds it, as if their codes were named. */
static bool mean_around(struct area_match *match, const struct config *config, struct alert_point point, bool covers)
{
    enum area_level deepest = AREA_NONE;
    bool any = false;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < config->n_places; i++) {
            const struct config_place *place = &config->places[i];
            if (!place->outline || !geometry_has(place->outline, point) || area_code_level(&place->code) < deepest)
                continue;
            deepest = area_code_level(&place->code);
            if (pass == 0 || !match_code(match, &place->code, covers))
                continue;
            note_place(match, config, &place->code);
            any = true;
        }
    }
    return any;
}

static bool within_bounds(struct area_match *match, size_t n_points, struct error *error)
{
    if (++match->n_shapes > AREA_SHAPES_MAX || n_points > AREA_POINTS_MAX - match->n_points)
        return error_set(error, ERROR_TOO_LARGE, "is one too many: of an alert %d shapes with %d points are looked at",
                         AREA_SHAPES_MAX, AREA_POINTS_MAX);
    match->n_points += n_points;
    return true;
}

/* What became of a shape that is called so: NULL is a degenerate one. Takes it over. */
static bool match_shape(struct area_match *match, const struct config *config, const struct alert_area *area, const char *what,
                        struct geometry *shape, const struct error *error)
{
    char why[320];
    bool any = shape && mean_positions(match, config, shape);
    any |= shape && mean_homes(match, config, shape);
    text_print(why, sizeof why, "%s %s", what, error->message);
    if (!shape && !*match->degenerate)
        text_copy(match->degenerate, sizeof match->degenerate, why);
    if (!any)
        note_not_ours(match, shape ? what : why, area->description);
    geometry_free(shape);
    return any;
}

static bool match_polygon(struct area_match *match, const struct config *config, const struct alert_area *area,
                          const struct alert_polygon *polygon)
{
    char what[80];
    struct error error = {0};
    bool bounded = within_bounds(match, polygon->n_points, &error);
    text_print(what, sizeof what, "polygon of %zu points from %.8g,%.8g", polygon->n_points, polygon->points[0].latitude,
               polygon->points[0].longitude);
    return match_shape(match, config, area, what, bounded ? geometry_of_polygon(polygon, &error) : NULL, &error);
}

static bool match_circle(struct area_match *match, const struct config *config, const struct alert_area *area,
                         const struct alert_circle *circle, bool covers)
{
    char what[80];
    struct error error = {0};
    bool bounded = within_bounds(match, 0, &error);
    text_print(what, sizeof what, "circle %.8g,%.8g %.8g", circle->centre.latitude, circle->centre.longitude,
               circle->radius_km);
    if (bounded && circle->radius_km == 0 && mean_around(match, config, circle->centre, covers))
        return true;
    return match_shape(match, config, area, what, bounded ? geometry_of_circle(circle, &error) : NULL, &error);
}

static bool match_area(struct area_match *match, const struct config *config, const struct alert_area *area, bool covers)
{
    bool any = false;
    match->n_areas++;
    for (size_t i = 0; i < area->n_geocodes; i++)
        any |= match_geocode(match, config, area, &area->geocodes[i], covers);
    for (size_t i = 0; i < area->n_polygons; i++)
        any |= match_polygon(match, config, area, &area->polygons[i]);
    for (size_t i = 0; i < area->n_circles; i++)
        any |= match_circle(match, config, area, &area->circles[i], covers);
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
    for (size_t t = 0; match->n_shapes > 0 && t < config->n_terminals; t++) {
        const struct config_terminal *terminal = &config->terminals[t];
        char text[120];
        if (match->meant[t] || terminal->has_position || match->n_judged[t] == terminal->n_codes || !can_sound(config, t))
            continue;
        text_print(text, sizeof text, "%s (%s)", terminal->hardware.id, terminal->name);
        if (match->n_no_position++ < AREA_LISTED_MAX)
            json_array_append_new(match->no_position, json_string(text));
        else
            match->n_unlisted++;
    }
}
