/* Places: finding them, and the terminals that each of them means. */
#include "config/place.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

const char *place_kind_name(const struct config_place *place)
{
    static const char *const LEVELS[] = {[AREA_NONE] = "area",     [AREA_PROVINCE] = "province", [AREA_CITY] = "city",
                                         [AREA_COUNTY] = "county", [AREA_TOWNSHIP] = "township", [AREA_VILLAGE] = "village"};
    static const char *const KINDS[PLACE_KINDS] = {"area", "group", "hazard_point", "reservoir", "dyke", "place_group"};
    return place->kind == PLACE_AREA ? LEVELS[area_code_level(&place->code)] : KINDS[place->kind];
}

bool place_contains(const struct config_place *outer, const struct config_place *inner)
{
    bool coded = inner->kind == PLACE_AREA || inner->kind == PLACE_GROUP;
    return outer == inner || (outer->kind == PLACE_AREA && coded && area_code_contains(&outer->code, &inner->code));
}

int place_depth(const struct config_place *place)
{
    return place->kind == PLACE_NAMED ? 2 : place->kind > PLACE_GROUP;
}

void place_release(struct config_place *place)
{
    for (size_t w = 0; w < PLACE_WORDS; w++)
        for (size_t l = 0; l < TEXT_LANGUAGES; l++)
            free(place->words[w][l]);
    free(place->contacts);
    geometry_free(place->outline);
    free(place->members);
    free(place->terminals);
}

static int by_id(const void *id, const void *place)
{
    return strcmp(id, ((const struct config_place *)place)->id);
}

const struct config_place *config_find_place_id(const struct config *config, const char *id)
{
    return config->n_places == 0 ? NULL : bsearch(id, config->places, config->n_places, sizeof *config->places, by_id);
}

const struct config_place *config_find_place(const struct config *config, const struct area_code *code)
{
    return config_find_place_id(config, code->digits);
}

/* ---- whom a place means ---- */

struct coded { /* a terminal's code */
    int64_t number;
    uint32_t terminal;
};

struct gathering {
    const struct config *config;
    struct coded *codes; /* in order, so that those of an area are one stretch */
    size_t n_codes;
    bool *meant; /* by terminal */
};

static int by_number(const void *a, const void *b)
{
    const struct coded *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

static bool can_sound(const struct config_terminal *terminal)
{
    return profile_can_sound(terminal->hardware.profile);
}

static bool sort_codes(struct gathering *gathering)
{
    const struct config *config = gathering->config;
    size_t n = 0;
    for (size_t t = 0; t < config->n_terminals; t++)
        n += config->terminals[t].n_codes;
    gathering->codes = calloc(n + 1, sizeof *gathering->codes);
    for (size_t t = 0; gathering->codes && t < config->n_terminals; t++)
        for (size_t i = 0; can_sound(&config->terminals[t]) && i < config->terminals[t].n_codes; i++)
            gathering->codes[gathering->n_codes++] =
                (struct coded){area_code_range(&config->terminals[t].codes[i], AREA_VILLAGE).first, (uint32_t)t};
    if (gathering->codes)
        qsort(gathering->codes, gathering->n_codes, sizeof *gathering->codes, by_number);
    return gathering->codes != NULL;
}

static void mean_code(struct gathering *gathering, const struct area_code *code)
{
    struct area_range range = area_code_range(code, area_code_level(code));
    size_t from = 0, to = gathering->n_codes;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (gathering->codes[middle].number < range.first)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < gathering->n_codes && gathering->codes[from].number <= range.last; from++)
        gathering->meant[gathering->codes[from].terminal] = true;
}

/* What the array says is kept, and the array is clean again. */
static bool keep_meant(struct gathering *gathering, struct config_place *place)
{
    const struct config *config = gathering->config;
    free(place->terminals);
    place->n_terminals = 0;
    size_t n = 0;
    for (size_t t = 0; t < config->n_terminals; t++)
        n += gathering->meant[t];
    place->terminals = calloc(n + 1, sizeof *place->terminals);
    for (size_t t = 0; place->terminals && t < config->n_terminals; t++)
        if (gathering->meant[t])
            place->terminals[place->n_terminals++] = (uint32_t)t;
    memset(gathering->meant, 0, config->n_terminals * sizeof *gathering->meant);
    return place->terminals != NULL;
}

static void mean_members(struct gathering *gathering, const struct config_place *place)
{
    for (size_t i = 0; i < place->n_members; i++)
        for (size_t t = 0; t < place->members[i]->n_terminals; t++)
            gathering->meant[place->members[i]->terminals[t]] = true;
}

static void mean_group(struct gathering *gathering, struct config_place *place)
{
    const struct config *config = gathering->config;
    place->by_village = true;
    for (size_t t = 0; t < config->n_terminals; t++)
        if (config->terminals[t].group == place && can_sound(&config->terminals[t])) {
            gathering->meant[t] = true;
            place->by_village = false;
        }
    if (place->by_village)
        mean_code(gathering, &place->code);
}

/* Members before those whose members they are. */
static bool gather_depth(struct gathering *gathering, struct config *config, int depth)
{
    bool ok = true;
    for (size_t i = 0; ok && i < config->n_places; i++) {
        struct config_place *place = &config->places[i];
        if (place_depth(place) != depth)
            continue;
        if (place->kind == PLACE_AREA)
            mean_code(gathering, &place->code);
        else if (place->kind == PLACE_GROUP)
            mean_group(gathering, place);
        else
            mean_members(gathering, place);
        ok = keep_meant(gathering, place);
    }
    return ok;
}

bool config_gather_terminals(struct config *config)
{
    struct gathering gathering = {.config = config, .meant = calloc(config->n_terminals + 1, sizeof(bool))};
    bool ok = gathering.meant && sort_codes(&gathering);
    for (int depth = 0; ok && depth < PLACE_DEPTHS; depth++)
        ok = gather_depth(&gathering, config, depth);
    free(gathering.codes);
    free(gathering.meant);
    return ok;
}
