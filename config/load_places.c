/* The places: those of the site file, and their merging with the rows of place files. */
#include "config/load_places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORDS_BYTES = 240, /* of a shelter, route, ... */
    PEOPLE_MAX = 100000000,
    MEMBERS_MAX = 20000,
    CONTACTS_MAX = 20,
};

static const char *const feature_names[] = {"hazard_point", "reservoir", "dyke", NULL}; /* from PLACE_HAZARD_POINT on */

const struct schema_item load_place_items[] = {
    {"code", SCHEMA_CODE, SCHEMA_AT(place_draft, place.code)},
    {"zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_ZH])},
    {"en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_EN])},
    {"outline", SCHEMA_LIST, 3, 10000, .initial = ""},
    {"shelter_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_SHELTER][TEXT_ZH])},
    {"shelter_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_SHELTER][TEXT_EN])},
    {"route_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_ROUTE][TEXT_ZH])},
    {"route_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_ROUTE][TEXT_EN])},
    {"closed_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_CLOSED][TEXT_ZH])},
    {"closed_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_CLOSED][TEXT_EN])},
    {"river_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_RIVER][TEXT_ZH])},
    {"river_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_RIVER][TEXT_EN])},
    {"population", SCHEMA_INTEGER, 0, PEOPLE_MAX, "0", SCHEMA_AT(place_draft, place.population)},
    {"contacts", SCHEMA_LIST, 0, CONTACTS_MAX, .initial = ""},
    {0},
};

const struct schema_item load_group_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(place_draft, place.id)},
    {"village", SCHEMA_CODE, SCHEMA_AT(place_draft, place.code)},
    {"zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_ZH])},
    {"en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_EN])},
    {"shelter_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_SHELTER][TEXT_ZH])},
    {"shelter_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_SHELTER][TEXT_EN])},
    {"route_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_ROUTE][TEXT_ZH])},
    {"route_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_ROUTE][TEXT_EN])},
    {"closed_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_CLOSED][TEXT_ZH])},
    {"closed_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_CLOSED][TEXT_EN])},
    {"river_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_RIVER][TEXT_ZH])},
    {"river_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_RIVER][TEXT_EN])},
    {"population", SCHEMA_INTEGER, 0, PEOPLE_MAX, "0", SCHEMA_AT(place_draft, place.population)},
    {"contacts", SCHEMA_LIST, 0, CONTACTS_MAX, .initial = ""},
    {0},
};

const struct schema_item load_feature_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(place_draft, place.id)},
    {"kind", SCHEMA_CHOICE, SCHEMA_AT(place_draft, feature), .names = feature_names},
    {"zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_ZH])},
    {"en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_EN])},
    {"hazard", SCHEMA_ID, .initial = "", SCHEMA_AT(place_draft, place.hazard)},
    {"position", SCHEMA_LIST, 2, 2, .initial = ""},
    {"river_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_RIVER][TEXT_ZH])},
    {"river_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_RIVER][TEXT_EN])},
    {"operator_zh", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_OPERATOR][TEXT_ZH])},
    {"operator_en", SCHEMA_STRING, 0, WORDS_BYTES, "", SCHEMA_AT(place_draft, place.words[PLACE_OPERATOR][TEXT_EN])},
    {"places", SCHEMA_LIST, 0, MEMBERS_MAX, .initial = ""},
    {0},
};

const struct schema_item load_place_group_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(place_draft, place.id)},
    {"zh", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_ZH])},
    {"en", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_draft, place.name[TEXT_EN])},
    {"places", SCHEMA_LIST, 0, MEMBERS_MAX, .initial = ""},
    {0},
};

const struct schema_item load_contact_items[] = {
    {"name", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_contact, name)},
    {"phone", SCHEMA_TEXT, .least = 1, SCHEMA_AT(place_contact, phone)},
    {"role", SCHEMA_TEXT, .initial = "", SCHEMA_AT(place_contact, role)},
    {0},
};

const struct schema_item *load_kind_items(enum place_kind kind)
{
    return kind == PLACE_AREA    ? load_place_items
           : kind == PLACE_GROUP ? load_group_items
           : kind == PLACE_NAMED ? load_place_group_items
                                 : load_feature_items;
}

/* ---- drafts ---- */

void load_place_mistake(struct loader *loader, const struct place_origin *origin, const char *format, ...)
{
    char text[512], feature[32] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!origin->file) {
        schema_mistake(&loader->site, origin->setting, "%s", text);
        return;
    }
    if (origin->feature > 0)
        snprintf(feature, sizeof feature, "feature %u: ", origin->feature);
    if (origin->file->n_said++ <= PLACE_MISTAKES_MAX)
        reporter_say(&loader->reporter, origin->file->path, origin->line, false, "%s%s", feature,
                     origin->file->n_said <= PLACE_MISTAKES_MAX ? text : "more mistakes follow, which are not shown");
}

struct place_draft *load_new_draft(struct loader *loader, enum place_kind kind, const struct place_origin *origin)
{
    struct place_drafts *all = &loader->places;
    if (all->n == all->n_max) {
        size_t n_max = all->n_max ? 2 * all->n_max : 64;
        struct place_draft *drafts = realloc(all->drafts, n_max * sizeof *drafts);
        if (!drafts) {
            load_place_mistake(loader, origin, "out of memory");
            return NULL;
        }
        all->drafts = drafts;
        all->n_max = n_max;
    }
    struct place_draft *draft = &all->drafts[all->n];
    *draft = (struct place_draft){.place.kind = kind, .number = all->n++, .origin = *origin};
    return draft;
}

void load_drop_draft(struct place_draft *draft)
{
    place_release(&draft->place);
    free(draft->members);
    *draft = (struct place_draft){0};
}

const char *load_check_place_id(const char *id)
{
    return id[0] >= 'a' && id[0] <= 'z' ? NULL : "must begin with a letter, so that it is no area code";
}

bool load_add_member(char **members, const char *id, size_t n)
{
    size_t used = *members ? strlen(*members) : 0;
    char *longer = realloc(*members, used + n + 2);
    if (!longer)
        return false;
    snprintf(longer + used, n + 2, "%s%.*s", used ? " " : "", (int)n, id);
    *members = longer;
    return true;
}

/* ---- the site file ---- */

/* All points that are wrong are reported; what they make together, only where each is good. */
static void read_outline(struct loader *loader, const config_setting_t *element, struct config_place *place)
{
    const struct document *site = &loader->site;
    const config_setting_t *list = schema_list(element, "outline");
    size_t n = schema_length(list);
    struct error error = {0};
    if (n < 3)
        return; /* not there, or reported */
    struct alert_polygon ring = {calloc(n, sizeof *ring.points), 0};
    if (!ring.points) {
        schema_mistake(site, list, "out of memory");
        return;
    }
    for (size_t i = 0; i < n; i++)
        ring.n_points += load_point(site, schema_element(list, i), "each point of outline", &ring.points[ring.n_points]);
    place->outline = ring.n_points == n ? geometry_of_polygon(&ring, &error) : NULL;
    if (ring.n_points == n && !place->outline)
        schema_mistake(site, list, "outline of %s %s", place->id, error.message);
    free(ring.points);
}

static void read_members(struct loader *loader, const config_setting_t *element, struct place_draft *draft)
{
    const config_setting_t *list = schema_list(element, "places");
    for (size_t i = 0; i < schema_length(list); i++) {
        const char *id = schema_text(&loader->site, schema_element(list, i), "places");
        if (id && (!id[0] || strchr(id, ' ')))
            schema_mistake(&loader->site, schema_element(list, i), "each of places must be a code or an id, not \"%s\"", id);
        else if (id && !load_add_member(&draft->members, id, strlen(id)))
            schema_mistake(&loader->site, list, "out of memory");
    }
}

static void read_lists(struct loader *loader, const config_setting_t *element, struct place_draft *draft)
{
    const struct document *site = &loader->site;
    const config_setting_t *pair = schema_list(element, "position");
    struct config_place *place = &draft->place;
    read_outline(loader, element, place);
    read_members(loader, element, draft);
    place->contacts = load_list(site, element, "contacts", load_contact_items, sizeof *place->contacts, &place->n_contacts);
    if (schema_length(pair) == 2)
        place->has_position = load_point(site, pair, "position", &place->position);
}

static void read_site_list(struct loader *loader, const char *name, enum place_kind kind)
{
    size_t n;
    const config_setting_t *root = document_root(&loader->site), *list = schema_list(root, name);
    struct place_draft *read = load_list(&loader->site, root, name, load_kind_items(kind), sizeof *read, &n);
    for (size_t i = 0; i < n; i++) {
        const config_setting_t *element = schema_element(list, i);
        struct place_origin origin = {.setting = element};
        struct place_draft *draft = config_setting_is_group(element) ? load_new_draft(loader, kind, &origin) : NULL;
        if (!draft)
            continue;
        read[i].place.kind = kind + (kind == PLACE_HAZARD_POINT ? read[i].feature : 0);
        read[i].number = draft->number;
        read[i].origin = origin;
        *draft = read[i];
        if (kind == PLACE_AREA)
            text_copy(draft->place.id, sizeof draft->place.id, draft->place.code.digits);
        read_lists(loader, element, draft);
    }
    free(read);
}

void load_places(struct loader *loader)
{
    const config_setting_t *root = document_root(&loader->site);
    read_site_list(loader, "places", PLACE_AREA);
    read_site_list(loader, "groups", PLACE_GROUP);
    read_site_list(loader, "features", PLACE_HAZARD_POINT);
    read_site_list(loader, "place_groups", PLACE_NAMED);
    load_place_files(loader);
    load_join_places(loader);
    if (loader->config->n_places == 0 && loader->reporter.mistakes == 0)
        schema_mistake(&loader->site, root, "there is no place: name the villages in places, or a file of them in place_files");
}
