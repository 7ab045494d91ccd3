/* From the areas of an alert to the terminals that it means, by 12-digit code at level boundaries. Pure. */
#ifndef TOCSIN_CONTROLLER_AREA_H
#define TOCSIN_CONTROLLER_AREA_H

#include "codecs/alert_message.h"
#include "config/config.h"

#include <jansson.h>

enum { AREA_LISTED_MAX = 100 }; /* entries of each list */

/* What came of the areas of one info block. Collects: start from area_match_create, free with area_match_free. */
struct area_match {
    bool *meant;              /* per terminal of the configuration */
    struct area_entry *index; /* the terminals' codes in order, so that an area is one stretch of them */
    size_t n_index;
    size_t n_meant;
    size_t n_areas;    /* areas seen */
    size_t n_codes;    /* geocodes under a name that holds our codes */
    size_t n_shapes;   /* polygons and circles, not matched yet */
    size_t n_unlisted; /* what found no room in the lists below, each time that it was named */
    json_t *listed;    /* set of what is in the lists */
    json_t *places;    /* [{code, name_zh, name_en}] of ours that were named */
    json_t *not_ours;  /* ["360401000000 (some county)", ...]: codes without a terminal here, names not mapped */
};

bool area_match_create(struct area_match *match, const struct config *config);
void area_match_free(struct area_match *match);

/* Adds the areas of an info block. covers: a terminal coded for an area around the alert's is meant too. True if these areas
 * mean a terminal of ours. The time grows with the codes, and with the terminals, not with their product. */
bool area_match_info(struct area_match *match, const struct config *config, const struct alert_info *info, bool covers);

#endif
