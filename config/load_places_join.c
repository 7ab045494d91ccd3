/* The rows of all files together: merged by their ids, and what they refer to. */
#include "config/load_places.h"

#include <stdlib.h>
#include <string.h>

/* Takes a value over where there was none; false if there was another. */
static bool merge_value(const struct schema_item *item, char *into, char *from)
{
    char **string = (char **)(void *)into, **other = (char **)(void *)from;
    uint32_t *number = (uint32_t *)(void *)into, second = item->size == sizeof second ? *(uint32_t *)(void *)from : 0;
    switch (item->type) {
    case SCHEMA_TEXT:
    case SCHEMA_ID:
    case SCHEMA_CODE: /* its digits */
        if (!into[0])
            memcpy(into, from, item->size);
        return !from[0] || strcmp(into, from) == 0;
    case SCHEMA_STRING:
        if (*string)
            return !*other || strcmp(*string, *other) == 0;
        *string = *other;
        *other = NULL;
        return true;
    case SCHEMA_INTEGER:
        if (*number == 0)
            *number = second;
        return second == 0 || *number == second;
    default: return true;
    }
}

static bool merge_contacts(struct config_place *into, struct config_place *from)
{
    size_t size = from->n_contacts * sizeof *from->contacts;
    if (into->n_contacts > 0)
        return from->n_contacts == 0 ||
               (from->n_contacts == into->n_contacts && memcmp(into->contacts, from->contacts, size) == 0);
    free(into->contacts);
    into->contacts = from->contacts;
    into->n_contacts = from->n_contacts;
    from->contacts = NULL;
    from->n_contacts = 0;
    return true;
}

static bool merge_members(struct place_draft *into, struct place_draft *from)
{
    if (into->members)
        return !from->members || strcmp(into->members, from->members) == 0;
    into->members = from->members;
    from->members = NULL;
    return true;
}

static bool merge_position(struct config_place *into, const struct config_place *from)
{
    if (into->has_position)
        return !from->has_position || geometry_distance_km(into->position, from->position) == 0;
    into->has_position = from->has_position;
    into->position = from->position;
    return true;
}

/* Two outlines cannot be compared point by point: they may begin at another one. */
static bool merge_outline(struct config_place *into, struct config_place *from)
{
    if (into->outline)
        return !from->outline;
    into->outline = from->outline;
    from->outline = NULL;
    return true;
}

static bool merge_list(const char *name, struct place_draft *into, struct place_draft *from)
{
    return strcmp(name, "contacts") == 0   ? merge_contacts(&into->place, &from->place)
           : strcmp(name, "places") == 0   ? merge_members(into, from)
           : strcmp(name, "position") == 0 ? merge_position(&into->place, &from->place)
                                           : merge_outline(&into->place, &from->place);
}

static void merge(struct loader *loader, struct place_draft *into, struct place_draft *from)
{
    if (into->place.kind != from->place.kind) {
        load_place_mistake(loader, &from->origin, "\"%s\" is a %s here, and a %s where it stands before", from->place.id,
                           place_kind_name(&from->place), place_kind_name(&into->place));
    } else if (!into->origin.file && !from->origin.file) {
        load_place_mistake(loader, &from->origin, "the id \"%s\" stands twice in %s", from->place.id,
                           config_setting_name(config_setting_parent(from->origin.setting)));
    } else {
        for (const struct schema_item *item = load_kind_items(into->place.kind); item->name; item++)
            if (item->type == SCHEMA_LIST ? !merge_list(item->name, into, from)
                                          : !merge_value(item, (char *)into + item->offset, (char *)from + item->offset))
                load_place_mistake(loader, &from->origin, "%s of %s was given before, and was another: let it stand once",
                                   item->name, from->place.id);
    }
    load_drop_draft(from);
}

static int by_id(const void *a, const void *b)
{
    const struct place_draft *one = a, *other = b;
    int order = strcmp(one->place.id, other->place.id);
    return order ? order : (one->number > other->number) - (one->number < other->number);
}

/* Sorts and merges them. Those without an id were reported. */
static void merge_all(struct loader *loader)
{
    struct place_drafts *all = &loader->places;
    size_t n = 0;
    if (all->n > 0)
        qsort(all->drafts, all->n, sizeof *all->drafts, by_id);
    for (size_t i = 0; i < all->n; i++) {
        struct place_draft *draft = &all->drafts[i];
        if (!draft->place.id[0])
            load_drop_draft(draft);
        else if (n > 0 && strcmp(all->drafts[n - 1].place.id, draft->place.id) == 0)
            merge(loader, &all->drafts[n - 1], draft);
        else
            all->drafts[n++] = *draft;
    }
    all->n = n;
}

/* ---- what they refer to ---- */

static const struct config_place *find_member(const struct config *config, const char *id)
{
    struct area_code code;
    return config_find_place_id(config, area_code_parse(slice_of(id), &code, NULL) ? code.digits : id);
}

static void refer_to(struct loader *loader, const struct place_draft *draft, struct config_place *place, const char *id)
{
    const struct config_place *member = find_member(loader->config, id);
    struct nearest nearest = nearest_to(id);
    char text[80];
    for (size_t i = 0; !member && i < loader->config->n_places; i++)
        nearest_try(&nearest, loader->config->places[i].id);
    if (!member)
        load_place_mistake(loader, &draft->origin, "places of %s names \"%s\", which is not there%s", place->id, id,
                           nearest_text(&nearest, text));
    else if (place_depth(member) >= place_depth(place))
        load_place_mistake(loader, &draft->origin, "places of %s names %s, a %s: name the places that are meant by it",
                           place->id, id, place_kind_name(member));
    else
        place->members[place->n_members++] = member;
}

static void find_members(struct loader *loader, struct place_draft *draft, struct config_place *place)
{
    size_t n = 1;
    for (const char *p = draft->members; p && *p; p++)
        n += *p == ' ';
    place->members = calloc(n, sizeof(const struct config_place *));
    if (!place->members) {
        load_place_mistake(loader, &draft->origin, "out of memory");
        return;
    }
    char *rest = NULL;
    for (char *id = draft->members ? strtok_r(draft->members, " ", &rest) : NULL; id; id = strtok_r(NULL, " ", &rest))
        refer_to(loader, draft, place, id);
}

static void find_village(struct loader *loader, const struct place_draft *draft, struct config_place *place)
{
    place->village = config_find_place(loader->config, &place->code);
    if (!place->code.digits[0] && draft->origin.file) /* in the site file it is required */
        load_place_mistake(loader, &draft->origin, "village is missing: %s needs the code of its village", place->id);
    else if (place->code.digits[0] && !place->village)
        load_place_mistake(loader, &draft->origin, "village of %s names \"%s\", which is not among the places", place->id,
                           place->code.digits);
    else if (place->village && area_code_level(&place->code) != AREA_VILLAGE)
        load_place_mistake(loader, &draft->origin, "village of %s is %s, which is no village", place->id, place->code.digits);
}

static void check_place(struct loader *loader, struct place_draft *draft, struct config_place *place)
{
    static const char *const LANGUAGES[TEXT_LANGUAGES] = {"zh", "en"};
    const struct config *config = loader->config;
    const char *wrong = place->kind == PLACE_AREA ? NULL : load_check_place_id(place->id);
    if (wrong)
        load_place_mistake(loader, &draft->origin, "the id %s %s", place->id, wrong);
    for (size_t l = 0; draft->origin.file && l < TEXT_LANGUAGES; l++) /* in the site file they are required */
        if (!place->name[l][0])
            load_place_mistake(loader, &draft->origin, "%s is missing: %s needs a name, in the site file or in a place file",
                               LANGUAGES[l], place->id);
    if (place->code.digits[0] && config->site_code.digits[0] && !area_code_contains(&config->site_code, &place->code))
        load_place_mistake(loader, &draft->origin, "the place %s lies outside of the site %s", place->code.digits,
                           config->site_code.digits);
    if (place->kind == PLACE_GROUP)
        find_village(loader, draft, place);
    if (place_depth(place) > 0)
        find_members(loader, draft, place);
}

void load_join_places(struct loader *loader)
{
    struct config *config = loader->config;
    struct place_drafts *all = &loader->places;
    merge_all(loader);
    config->places = calloc(all->n + 1, sizeof *config->places);
    if (!config->places) {
        schema_mistake(&loader->site, NULL, "out of memory");
        return;
    }
    for (; config->n_places < all->n; config->n_places++) {
        config->places[config->n_places] = all->drafts[config->n_places].place;
        all->drafts[config->n_places].place = (struct config_place){0};
    }
    for (size_t i = 0; i < all->n; i++)
        check_place(loader, &all->drafts[i], &config->places[i]);
}

/* ---- once everything else is known ---- */

static void check_hazards(struct loader *loader)
{
    struct config *config = loader->config;
    for (size_t i = 0; i < config->n_places; i++) {
        const char *id = config->places[i].hazard;
        struct nearest nearest = nearest_to(id);
        char text[80];
        if (!id[0] || load_find(config->hazards, config->n_hazards, sizeof *config->hazards, id) >= 0)
            continue;
        for (size_t h = 0; h < config->n_hazards; h++)
            nearest_try(&nearest, config->hazards[h].id);
        load_place_mistake(loader, &loader->places.drafts[i].origin, "hazard of %s names \"%s\", which is not there%s",
                           config->places[i].id, id, nearest_text(&nearest, text));
    }
}

static void give_position(struct loader *loader, const struct terminal_position *given)
{
    struct config *config = loader->config;
    int index = config_find_terminal(config, given->id);
    struct config_terminal *terminal = index < 0 ? NULL : &config->terminals[index];
    if (!terminal) {
        load_place_mistake(loader, &given->origin, "there is no terminal \"%s\"", given->id);
    } else if (!terminal->has_position) {
        terminal->has_position = true;
        terminal->latitude = given->point.latitude;
        terminal->longitude = given->point.longitude;
    } else if (terminal->latitude != given->point.latitude || terminal->longitude != given->point.longitude) {
        load_place_mistake(loader, &given->origin, "position of %s was given before, and was another: let it stand once",
                           given->id);
    }
}

/* A village is as many as its groups where only those were counted. */
static void count_groups(struct config *config)
{
    for (size_t i = 0; i < config->n_places; i++)
        config->places[i].counted = config->places[i].population > 0;
    for (size_t i = 0; i < config->n_places; i++) {
        const struct config_place *group = &config->places[i];
        struct config_place *village = group->village ? &config->places[group->village - config->places] : NULL;
        if (village && !village->counted)
            village->population += group->population;
    }
}

/* Those with terminals: what is said to the people there has a hole, or nobody can say how many they are. */
static void warn_of_gaps(struct loader *loader)
{
    const struct config *config = loader->config;
    unsigned n = 0, no_shelter = 0, no_people = 0;
    for (size_t i = 0; i < config->n_places; i++) {
        const struct config_place *place = &config->places[i];
        if (place->kind != PLACE_AREA || area_code_level(&place->code) != AREA_VILLAGE || place->n_terminals == 0)
            continue;
        n++;
        no_shelter += !place->words[PLACE_SHELTER][TEXT_ZH] || !place->words[PLACE_SHELTER][TEXT_EN];
        no_people += place->population == 0;
    }
    if (no_shelter + no_people > 0)
        schema_warning(&loader->site, NULL,
                       "of %u villages with terminals %u have no shelter in both languages (their people are sent to a safe "
                       "place), and %u no population (reports cannot say how many people were reached)",
                       n, no_shelter, no_people);
}

void load_places_end(struct loader *loader)
{
    struct place_drafts *all = &loader->places;
    check_hazards(loader);
    for (size_t i = 0; i < all->n_positions; i++)
        give_position(loader, &all->positions[i]);
    count_groups(loader->config);
    if (loader->reporter.mistakes == 0 && !config_gather_terminals(loader->config))
        schema_mistake(&loader->site, NULL, "out of memory");
    else if (loader->reporter.mistakes == 0)
        warn_of_gaps(loader);
    for (size_t i = 0; i < all->n; i++)
        load_drop_draft(&all->drafts[i]);
    free(all->drafts);
    free(all->positions);
    free(all->files);
}
