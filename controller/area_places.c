/* Ids to terminals: of village groups, hazard points, reservoirs, dykes, named groups, and of terminals themselves. */
#include "controller/area_intern.h"

#include <string.h>

static bool mean_for_group(struct area_match *match, size_t terminal)
{
    if (!area_may_mean(match, terminal))
        return false;
    match->n_meant += !match->meant[terminal];
    match->meant[terminal] = true;
    return true;
}

static void note_whole_village(struct area_match *match, const struct config_place *group)
{
    char text[320];
    text_print(text, sizeof text, "group_by_village: no terminal is of %s (%s) alone; all of its village %s are meant",
               group->id, group->name[TEXT_ZH], group->village ? group->village->name[TEXT_ZH] : group->code.digits);
    if (area_is_new(match, match->notes, text))
        json_array_append_new(match->notes, json_string(text));
}

static bool match_group(struct area_match *match, const struct config *config, const struct config_place *group, bool covers)
{
    bool any = false;
    for (size_t i = 0; i < group->n_terminals; i++)
        any |= mean_for_group(match, group->terminals[i]);
    match->named[group - config->places] = any || group->n_terminals == 0;
    if (group->by_village && any)
        note_whole_village(match, group);
    return (covers && area_match_around(match, &group->code, AREA_VILLAGE)) || any;
}

static bool match_one(struct area_match *match, const struct config *config, const struct alert_area *area,
                      const struct config_place *place, bool covers);

/* What is below it is partly ours: our part is meant, the rest is named. */
static bool match_members(struct area_match *match, const struct config *config, const struct alert_area *area,
                          const struct config_place *place, bool covers)
{
    bool any = false;
    if (place_depth(place) == 1 && !match->feature)
        match->feature = place;
    for (size_t i = 0; i < place->n_members; i++) {
        char what[120];
        if (match_one(match, config, area, place->members[i], covers)) {
            any = true;
            continue;
        }
        text_print(what, sizeof what, "%s of %s: no terminal here", place->members[i]->id, place->id);
        area_note_not_ours(match, what, area->description);
    }
    return any;
}

/* Members are of a lower depth, so this ends. */
static bool match_one(struct area_match *match, const struct config *config, const struct alert_area *area,
                      const struct config_place *place, bool covers)
{
    return place->kind == PLACE_AREA    ? area_match_code(match, &place->code, covers)
           : place->kind == PLACE_GROUP ? match_group(match, config, place, covers)
                                        : match_members(match, config, area, place, covers);
}

/* What is wrong with an id that nothing answers to; a name has one. */
static void say_unknown(const struct config *config, const char *id, char *text, size_t size)
{
    for (size_t i = 0; i < config->n_places; i++)
        for (size_t language = 0; language < TEXT_LANGUAGES; language++)
            if (strcmp(config->places[i].name[language], id) == 0) {
                text_print(text, size, "%s: a name; write its code or id, %s", id, config->places[i].id);
                return;
            }
    text_print(text, size, "%s: no place of this id or code is known here", id);
}

bool area_match_place(struct area_match *match, const struct config *config, const struct alert_area *area, const char *id,
                      bool covers)
{
    char what[160];
    const struct config_place *place = config_find_place_id(config, id);
    if (place && match_one(match, config, area, place, covers)) {
        area_note_place(match, place);
        return true;
    }
    if (place)
        text_print(what, sizeof what, "%s: no terminal here", id);
    else
        say_unknown(config, id, what, sizeof what);
    area_note_not_ours(match, what, area->description);
    return false;
}

bool area_match_terminal(struct area_match *match, const struct config *config, const struct alert_area *area, const char *id)
{
    char what[160];
    int terminal = config_find_terminal(config, id);
    if (terminal < 0 || !area_can_sound(config, (size_t)terminal)) {
        text_print(what, sizeof what,
                   terminal < 0 ? "%s: no terminal of this id is known here" : "%s: a site device, which cannot sound", id);
        area_note_not_ours(match, what, area->description);
        return false;
    }
    if (!area_mean(match, (size_t)terminal))
        return false;
    if (config->terminals[terminal].group)
        area_note_place(match, config->terminals[terminal].group);
    else if (config->terminals[terminal].n_codes > 0)
        area_note_code(match, config, &config->terminals[terminal].codes[0]);
    return true;
}

/* Whoever names a village, or a terminal or shape in it, means more than its groups. */
static bool is_whole(const struct area_match *match, const struct config_place *village)
{
    for (size_t i = 0; village && i < village->n_terminals; i++)
        if (match->whole[village->terminals[i]])
            return true;
    return false;
}

void area_match_groups(struct area_match *match, const struct config *config)
{
    match->n_groups = 0;
    for (size_t i = 0; i < config->n_places; i++)
        if (match->named[i] && !is_whole(match, config->places[i].village))
            match->groups[match->n_groups++] = &config->places[i];
}
