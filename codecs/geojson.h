/* Features of a GeoJSON file (RFC 7946): their properties as texts, and where they are. Read one by one, so that memory is
 * bounded by the largest feature. */
#ifndef TOCSIN_CODECS_GEOJSON_H
#define TOCSIN_CODECS_GEOJSON_H

#include "codecs/alert_message.h"

enum {
    GEOJSON_FEATURE_MAX = 1024 * 1024, /* bytes of one feature, or of any other member of the file */
    GEOJSON_POINTS_MAX = 10000,        /* of a ring */
    GEOJSON_POLYGONS_MAX = 1000,       /* of a feature */
};

struct geojson_property {
    const char *name;
    char *value; /* numbers as they are written, texts of an array with ";" between them; null is left out */
};

struct geojson_feature {
    unsigned number;    /* in the file, from 1 */
    struct json_t *all; /* what the names are kept in */
    size_t n_properties;
    struct geojson_property *properties; /* the id of the feature is one, where there is no such property (3.2) */
    bool has_position;
    struct alert_point position; /* a Point; of a LineString the point in its middle */
    size_t n_polygons;
    struct alert_polygon *polygons; /* outer rings; holes are left out, for whoever lives in one is not to be forgotten */
};

struct geojson {
    struct slice rest;
    unsigned n_features; /* that were read */
};

enum geojson_step {
    GEOJSON_FEATURE,
    GEOJSON_WRONG, /* this feature is left out; the next ones can be read */
    GEOJSON_BROKEN,
    GEOJSON_END,
};

/* Begins with a FeatureCollection, which must live as long. False for anything else. */
bool geojson_begin(struct geojson *file, struct slice bytes, struct error *error);

/* The next feature, to be freed in any case. Points off the globe are taken as they are: codecs/geometry.h refuses them. */
enum geojson_step geojson_next(struct geojson *file, struct geojson_feature *feature, struct error *error);
void geojson_feature_free(struct geojson_feature *feature);

#endif
