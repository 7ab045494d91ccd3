/* What the loaders of places share: each row of the site file or of a place file is a draft, and drafts of one id are merged.
 */
#ifndef TOCSIN_CONFIG_LOAD_PLACES_H
#define TOCSIN_CONFIG_LOAD_PLACES_H

#include "codecs/csv.h"
#include "codecs/geojson.h"
#include "config/load.h"

enum { PLACE_MISTAKES_MAX = 50 /* that are shown of one file */ };

struct place_draft {
    struct config_place place;
    char *members;    /* ids with blanks between them; owned; NULL: none */
    uint32_t feature; /* SCHEMA_CHOICE: kind, from PLACE_HAZARD_POINT on */
    size_t number;    /* in the order in which they are read */
    struct place_origin origin;
};

/* A row of whatever file, as texts. */
struct place_row {
    struct place_origin origin;
    size_t n;
    struct geojson_property cells[CSV_CELLS_MAX]; /* without those that are empty */
    const struct geojson_feature *shapes;         /* NULL: none */
};

void load_place_mistake(struct loader *loader, const struct place_origin *origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A new draft at the end; NULL after reporting. It moves when the next one is added. */
struct place_draft *load_new_draft(struct loader *loader, enum place_kind kind, const struct place_origin *origin);
void load_drop_draft(struct place_draft *draft); /* frees what it owns */

/* The settings of a kind, which are the columns of its rows. */
const struct schema_item *load_kind_items(enum place_kind kind);

/* NULL for an id that cannot be taken for an area code, else what is wrong. Places stand in the order of ids: codes first. */
const char *load_check_place_id(const char *id);

/* Adds ids to a text in which blanks stand between them; false without memory. */
bool load_add_member(char **members, const char *id, size_t n);

bool load_is_place_column(const char *name); /* a setting of any kind of place, or "kind" */
void load_place_row(struct loader *loader, const struct place_row *row);
void load_place_files(struct loader *loader); /* of the setting place_files */
void load_join_places(struct loader *loader); /* merges the drafts into config.places, and finds what they name */

#endif
