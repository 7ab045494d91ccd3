/* A row of a place file: its cells as the settings of a place, its shapes as outline or position. */
#include "config/load_places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char BLANKS[] = " \t\r\n";

static const struct schema_item *find_item(const struct schema_item *items, const char *name)
{
    while (items->name && strcmp(items->name, name) != 0)
        items++;
    return items->name ? items : NULL;
}

bool load_is_place_column(const char *name)
{
    bool known = strcmp(name, "kind") == 0;
    for (int kind = 0; !known && kind < PLACE_KINDS; kind++)
        known = find_item(load_kind_items((enum place_kind)kind), name) != NULL;
    return known;
}

/* "" where there is none. */
static const char *cell_of(const struct place_row *row, const char *name)
{
    for (size_t i = 0; i < row->n; i++)
        if (strcmp(row->cells[i].name, name) == 0)
            return row->cells[i].value;
    return "";
}

/* ---- cells ---- */

static const char *read_text(const struct schema_item *item, const char *text, void *to)
{
    char **string = to;
    if (schema_has_control(text))
        return "must be one line without control characters";
    if (item->type == SCHEMA_STRING && (double)strlen(text) > item->most)
        return "is too long";
    if (item->type == SCHEMA_STRING)
        return (*string = strdup(text)) ? NULL : "cannot be kept: out of memory";
    if (item->type == SCHEMA_ID && schema_check_id(text))
        return schema_check_id(text);
    return text_copy(to, item->size, text) ? NULL : "is too long";
}

/* Also "812.0", as maps write it. */
static const char *read_whole(const struct schema_item *item, const char *text, uint32_t *to)
{
    char *end;
    double number = strtod(text, &end);
    if (*end || !(number >= item->least && number <= item->most) || number != (double)(uint32_t)number)
        return "must be a whole number, of people";
    *to = (uint32_t)number;
    return NULL;
}

static const char *read_code(const char *text, struct area_code *to)
{
    if (area_code_parse(slice_of(text), to, NULL))
        return NULL;
    return strpbrk(text, "eE+") ? "was made a number by the spreadsheet: format its column as text, and write all 12 digits"
                                : "must have 12 digits, or 6 or 9";
}

/* A blank or a comma between. */
static bool read_degrees(const char **text, double most, double *degrees)
{
    char *end;
    *degrees = strtod(*text, &end);
    bool good = end > *text && *degrees >= -most && *degrees <= most;
    *text = end + strspn(end, " ,");
    return good;
}

static const char *read_position(const char *text, struct config_place *place)
{
    place->has_position = read_degrees(&text, 90, &place->position.latitude) &&
                          read_degrees(&text, 180, &place->position.longitude) && *text == '\0';
    return place->has_position ? NULL : "must be latitude and longitude in degrees, such as 29.61 115.87";
}

/* Ids with blanks, commas or semicolons between them, also Chinese ones. */
static const char *read_members(const char *text, char **members)
{
    static const char *const BETWEEN[] = {" ", ",", ";", "、", "，", "；"};
    const char *from = text;
    for (const char *p = text;; p++) {
        size_t n = 0;
        for (size_t i = 0; n == 0 && i < sizeof BETWEEN / sizeof *BETWEEN; i++)
            n = strncmp(p, BETWEEN[i], strlen(BETWEEN[i])) == 0 ? strlen(BETWEEN[i]) : 0;
        if (n == 0 && *p)
            continue;
        if (p > from && !load_add_member(members, from, (size_t)(p - from)))
            return "cannot be kept: out of memory";
        if (!*p)
            return NULL;
        from = p + n;
        p += n - 1;
    }
}

/* "李明 13800000000 村支书": a name, a phone, and perhaps what he is. */
static bool read_contact(const char *text, size_t n, struct place_contact *contact)
{
    char copy[sizeof *contact], *rest, *name, *phone, *role;
    text_print(copy, sizeof copy, "%.*s", (int)n, text);
    name = strtok_r(copy, BLANKS, &rest);
    phone = name ? strtok_r(NULL, BLANKS, &rest) : NULL;
    role = phone ? strtok_r(NULL, "", &rest) : NULL;
    return n < sizeof copy && phone && text_copy(contact->name, sizeof contact->name, name) &&
           text_copy(contact->phone, sizeof contact->phone, phone) &&
           text_copy(contact->role, sizeof contact->role, role ? role : "");
}

/* Several with semicolons between them. */
static const char *read_contacts(const char *text, struct config_place *place)
{
    static const char WIDE[] = "；";
    for (const char *from = text; *from;) {
        const char *narrow = strchr(from, ';'), *wide = strstr(from, WIDE);
        const char *end = narrow && (!wide || narrow < wide) ? narrow : wide;
        size_t n = end ? (size_t)(end - from) : strlen(from);
        struct place_contact *contacts = realloc(place->contacts, (place->n_contacts + 1) * sizeof *contacts);
        if (!contacts)
            return "cannot be kept: out of memory";
        place->contacts = contacts;
        contacts[place->n_contacts] = (struct place_contact){0};
        if (!read_contact(from, n, &contacts[place->n_contacts++]))
            return "must be a name, a blank and a phone, and what he is if you like, with ; between several";
        from += n + (end == narrow && end ? 1 : end ? strlen(WIDE) : 0);
    }
    return NULL;
}

static const char *read_cell(const struct schema_item *item, const char *text, struct place_draft *draft)
{
    void *to = (char *)draft + item->offset;
    switch (item->type) {
    case SCHEMA_CODE: return read_code(text, to);
    case SCHEMA_INTEGER: return read_whole(item, text, to);
    case SCHEMA_CHOICE: return NULL; /* the kind, which is known already */
    case SCHEMA_LIST:
        return strcmp(item->name, "places") == 0     ? read_members(text, &draft->members)
               : strcmp(item->name, "contacts") == 0 ? read_contacts(text, &draft->place)
               : strcmp(item->name, "position") == 0 ? read_position(text, &draft->place)
                                                     : "cannot be written so: it is the polygon of a GeoJSON feature";
    default: return read_text(item, text, to);
    }
}

/* ---- rows ---- */

/* Areas by their levels, or by none at all. False if the word is none of these. */
static bool find_kind(const char *word, enum place_kind *kind)
{
    static const struct {
        const char *word;
        enum place_kind kind;
    } KINDS[] = {{"village", PLACE_AREA},
                 {"township", PLACE_AREA},
                 {"county", PLACE_AREA},
                 {"group", PLACE_GROUP},
                 {"hazard_point", PLACE_HAZARD_POINT},
                 {"reservoir", PLACE_RESERVOIR},
                 {"dyke", PLACE_DYKE},
                 {"place_group", PLACE_NAMED}};
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(KINDS[i].word, word) == 0) {
            *kind = KINDS[i].kind;
            return true;
        }
    return false;
}

static void read_cells(struct loader *loader, const struct place_row *row, struct place_draft *draft)
{
    const struct schema_item *items = load_kind_items(draft->place.kind);
    for (size_t i = 0; i < row->n; i++) {
        const struct geojson_property *cell = &row->cells[i];
        const struct schema_item *item = find_item(items, cell->name);
        const char *wrong = item ? read_cell(item, cell->value, draft) : NULL;
        if (wrong)
            load_place_mistake(loader, &row->origin, "%s %s, not \"%.60s\"", cell->name, wrong, cell->value);
        else if (!item && strcmp(cell->name, "kind") != 0 && load_is_place_column(cell->name))
            load_place_mistake(loader, &row->origin, "%s is no setting of a %s", cell->name,
                               draft->place.kind == PLACE_AREA ? "village" : place_kind_name(&draft->place));
    }
}

/* A Point of a village is of no use here and does no harm. */
static void read_shapes(struct loader *loader, const struct place_row *row, struct place_draft *draft)
{
    struct config_place *place = &draft->place;
    const struct geojson_feature *shapes = row->shapes;
    struct error error = {0};
    if (shapes->n_polygons > 0 && place->kind != PLACE_AREA) {
        load_place_mistake(loader, &row->origin, "a %s has no outline: only villages and what lies around them have",
                           place_kind_name(place));
        return;
    }
    for (size_t i = 0; i < shapes->n_polygons; i++) {
        struct geometry *part = geometry_of_polygon(&shapes->polygons[i], &error);
        place->outline = geometry_join(place->outline, part);
        if (!part)
            load_place_mistake(loader, &row->origin, "outline of %s %s", place->id, error.message);
    }
    if (find_item(load_kind_items(place->kind), "position") && shapes->has_position) {
        char text[80];
        snprintf(text, sizeof text, "%.9f %.9f", shapes->position.latitude, shapes->position.longitude);
        const char *wrong = read_position(text, place);
        if (wrong)
            load_place_mistake(loader, &row->origin, "position %s, not %s", wrong, text);
    }
}

static void read_place(struct loader *loader, const struct place_row *row, enum place_kind kind)
{
    const char *name = kind == PLACE_AREA ? "code" : "id";
    bool named = *cell_of(row, name) != '\0';
    struct place_draft *draft = named ? load_new_draft(loader, kind, &row->origin) : NULL;
    if (!named)
        load_place_mistake(loader, &row->origin, "%s is missing", name);
    if (!draft)
        return;
    read_cells(loader, row, draft);
    if (kind == PLACE_AREA)
        text_copy(draft->place.id, sizeof draft->place.id, draft->place.code.digits);
    if (row->shapes)
        read_shapes(loader, row, draft);
}

/* Only where a terminal is, which its own settings may leave to a map. */
static void read_terminal(struct loader *loader, const struct place_row *row)
{
    struct place_drafts *all = &loader->places;
    struct config_place at = {0};
    const char *id = cell_of(row, "id"), *position = cell_of(row, "position"), *wrong = "is missing";
    char text[80];
    if (row->shapes && row->shapes->has_position) {
        snprintf(text, sizeof text, "%.9f %.9f", row->shapes->position.latitude, row->shapes->position.longitude);
        position = text;
    }
    if (*id && *position)
        wrong = read_position(position, &at);
    struct terminal_position *positions =
        wrong ? NULL : realloc(all->positions, (all->n_positions + 1) * sizeof *all->positions);
    if (!positions) {
        load_place_mistake(loader, &row->origin, "%s of a terminal %s", *id ? "position" : "id",
                           wrong ? wrong : "cannot be kept: out of memory");
        return;
    }
    all->positions = positions;
    positions[all->n_positions] = (struct terminal_position){.point = at.position, .origin = row->origin};
    text_copy(positions[all->n_positions++].id, sizeof positions->id, id);
}

void load_place_row(struct loader *loader, const struct place_row *row)
{
    const char *word = cell_of(row, "kind");
    enum place_kind kind = PLACE_AREA;
    if (strcmp(word, "terminal") == 0)
        read_terminal(loader, row);
    else if (*word ? find_kind(word, &kind) : *cell_of(row, "code") != '\0')
        read_place(loader, row, kind);
    else if (*word)
        load_place_mistake(loader, &row->origin,
                           "kind must be village, group, hazard_point, reservoir, dyke, place_group or terminal, not \"%.40s\"",
                           word);
    else
        load_place_mistake(loader, &row->origin, "code is missing; or say by kind what else this is");
}
