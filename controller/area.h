/* From the areas of an alert to the terminals that it means: by 12-digit code at level boundaries, by the id of a place or of a
 * terminal, and by polygons and circles, united (CAP 1.2, 3.2.4). Pure. */
#ifndef TOCSIN_CONTROLLER_AREA_H
#define TOCSIN_CONTROLLER_AREA_H

#include "codecs/alert_message.h"
#include "config/config.h"

#include <jansson.h>

enum {
    AREA_LISTED_MAX = 100, /* entries of each list */
    /* Polygons and circles of one alert, and the points of its polygons; what is beyond counts as degenerate. A message of 1
     * MiB has room for more only where it is made to take time. */
    AREA_SHAPES_MAX = 5000,
    AREA_POINTS_MAX = 100000,
};

/* Whether the source of an alert may address a terminal. */
enum area_bar {
    AREA_FREE,
    AREA_BARRED,
    AREA_NOTED, /* barred, and would have been meant: listed */
};

/* What came of the areas of one alert. Collects: start from area_match_create, free with area_match_free. */
struct area_match {
    const char *codes_name;      /* a valueName that holds our codes beside those of the configuration; NULL: none */
    bool *meant;                 /* per terminal of the configuration */
    enum area_bar *bars;         /* per terminal; NULL: none is barred */
    const struct config *config; /* where some are: whose terminals they are, and from which source; borrowed */
    const char *source;
    size_t n_barred;                    /* that were noted */
    bool *whole;                        /* per terminal: meant for all who hear it, not only for groups of its village */
    bool *named;                        /* per place: a village group that is meant */
    const struct config_place **groups; /* after area_match_end: those whose village is meant only for its groups */
    size_t n_groups;
    const struct config_place *feature; /* the first hazard point, reservoir or dyke that is named; NULL: none is */
    struct area_entry *index;           /* the terminals' codes in order, so that an area is one stretch of them */
    size_t n_index;
    struct area_home *homes; /* places by whose outline terminals without a position are judged */
    size_t n_homes;
    uint8_t *n_judged; /* per terminal: how many of its codes are those of homes */
    size_t n_meant;
    size_t n_areas;       /* areas seen */
    size_t n_shapes;      /* polygons and circles seen */
    size_t n_points;      /* of those polygons that were looked at */
    char degenerate[320]; /* the first shape that is none, with the reason; empty: none was */
    size_t n_unlisted;    /* what found no room in the lists below, each time that it was named */
    size_t n_no_position;
    json_t *listed;      /* set of what is in the next three lists */
    json_t *places;      /* [{code or id, name_zh, name_en}] of ours that were named, or in which a shape or a name means
                          * a terminal */
    json_t *not_ours;    /* ["360401000000 (some county)", ...]: what has no terminal here, names not mapped, ids not known */
    json_t *notes;       /* for people: what was done in doubt */
    json_t *no_position; /* ["id (name)", ...]: not meant, and not known where they are */
};

bool area_match_create(struct area_match *match, const struct config *config);
void area_match_free(struct area_match *match);

/* Before the first block: bars the terminals outside of the areas that the source may address. They are listed with what is not
 * ours. False without memory. */
bool area_match_bar(struct area_match *match, const struct config *config, const struct config_source *source);

/* Adds the areas of an info block. covers: a terminal coded for an area around the alert's is meant too. True if these areas
 * mean a terminal of ours. The time grows with the codes, and with the terminals, not with their product; with shapes as
 * codecs/geometry.h says, for each of them. */
bool area_match_info(struct area_match *match, const struct config *config, const struct alert_info *info, bool covers);

/* After the last block: finds the groups, and lists the terminals that are not meant, but might be if it were known where they
 * are. */
void area_match_end(struct area_match *match, const struct config *config);

#endif
