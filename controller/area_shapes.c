/* Polygons and circles to terminals: by their positions, and by the outlines of places where they have none. */
#include "controller/area_intern.h"

/* By their positions. Who is meant already is looked for only as long as nobody was found. */
static bool mean_positions(struct area_match *match, const struct config *config, const struct geometry *shape)
{
    bool any = false;
    for (size_t t = 0; t < config->n_terminals; t++) {
        const struct config_terminal *terminal = &config->terminals[t];
        if (!terminal->has_position || (any && match->meant[t]) || !area_can_sound(config, t) ||
            !geometry_has(shape, (struct alert_point){terminal->latitude, terminal->longitude}))
            continue;
        if (!area_mean(match, t))
            continue;
        if (terminal->n_codes > 0 && area_code_level(&terminal->codes[0]) == AREA_VILLAGE)
            area_note_code(match, config, &terminal->codes[0]);
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
        bool here = false;
        for (size_t i = home->from; i < home->to; i++)
            if (!config->terminals[match->index[i].terminal].has_position)
                here |= area_mean(match, match->index[i].terminal);
        if (here)
            area_note_place(match, home->place);
        any |= here;
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
            if (pass == 0 || !area_match_code(match, &place->code, covers))
                continue;
            area_note_place(match, place);
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
        area_note_not_ours(match, shape ? what : why, area->description);
    geometry_free(shape);
    return any;
}

bool area_match_polygon(struct area_match *match, const struct config *config, const struct alert_area *area,
                        const struct alert_polygon *polygon)
{
    char what[80];
    struct error error = {0};
    bool bounded = within_bounds(match, polygon->n_points, &error);
    text_print(what, sizeof what, "polygon of %zu points from %.8g,%.8g", polygon->n_points, polygon->points[0].latitude,
               polygon->points[0].longitude);
    return match_shape(match, config, area, what, bounded ? geometry_of_polygon(polygon, &error) : NULL, &error);
}

bool area_match_circle(struct area_match *match, const struct config *config, const struct alert_area *area,
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
