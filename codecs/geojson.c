/* GeoJSON. The outer object is walked through here; each feature is a JSON value of its own, read by jansson. */
#include "codecs/geojson.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the outer object ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char peek(struct geojson *file)
{
    while (file->rest.size > 0 && is_blank(file->rest.data[0]))
        file->rest = (struct slice){file->rest.data + 1, file->rest.size - 1};
    return file->rest.size > 0 ? file->rest.data[0] : '\0';
}

static bool take(struct geojson *file, char c)
{
    if (peek(file) != c || c == '\0')
        return false;
    file->rest = (struct slice){file->rest.data + 1, file->rest.size - 1};
    return true;
}

/* One value; NULL with an error. */
static json_t *read_value(struct geojson *file, struct error *error)
{
    json_error_t why;
    char text[JSON_ERROR_TEXT_LENGTH];
    peek(file);
    bool cut = file->rest.size > GEOJSON_FEATURE_MAX;
    json_t *value = json_loadb(file->rest.data, cut ? GEOJSON_FEATURE_MAX : file->rest.size,
                               JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
    if (value) {
        file->rest = (struct slice){file->rest.data + why.position, file->rest.size - (size_t)why.position};
        return value;
    }
    text_clean(text, sizeof text, why.text); /* it quotes the input, and may cut a character */
    if (cut && json_error_code(&why) == json_error_premature_end_of_input)
        error_set(error, ERROR_TOO_LARGE, "has more than %d bytes", GEOJSON_FEATURE_MAX);
    else
        error_set(error, ERROR_INVALID, "cannot be read as JSON: %s", text);
    return NULL;
}

static bool not_geojson(struct error *error)
{
    return error_set(error, ERROR_INVALID,
                     "is no GeoJSON: an object of type FeatureCollection with a list of features is needed");
}

/* Goes to the value of the next member; false behind the last one, or with an error. */
static bool next_member(struct geojson *file, char name[32], struct error *error)
{
    char first = peek(file);
    if (first != '"')
        return first != '}' && not_geojson(error);
    json_t *key = read_value(file, error);
    text_copy(name, 32, key ? json_string_value(key) : "");
    bool ok = key && (take(file, ':') || not_geojson(error));
    json_decref(key);
    return ok;
}

static bool skip_value(struct geojson *file, struct error *error)
{
    json_t *value = read_value(file, error);
    json_decref(value);
    return value != NULL;
}

bool geojson_begin(struct geojson *file, struct slice bytes, struct error *error)
{
    char name[32];
    *file = (struct geojson){.rest = bytes};
    *error = (struct error){0};
    if (bytes.size >= 3 && memcmp(bytes.data, "\xEF\xBB\xBF", 3) == 0)
        file->rest = (struct slice){bytes.data + 3, bytes.size - 3};
    if (!take(file, '{'))
        return not_geojson(error);
    while (next_member(file, name, error)) {
        if (strcmp(name, "features") == 0)
            return take(file, '[') || not_geojson(error);
        if (!skip_value(file, error) || !take(file, ','))
            break;
    }
    return error->code == ERROR_NONE ? not_geojson(error) : error_prefix(error, "a member before the features");
}

/* What follows the features must be whole: a file that was cut off looks like a good one until there. */
static enum geojson_step read_end(struct geojson *file, struct error *error)
{
    char name[32];
    take(file, ']');
    while (take(file, ',') && next_member(file, name, error) && strcmp(name, "features") != 0 && skip_value(file, error))
        ;
    if (error->code == ERROR_NONE && take(file, '}') && peek(file) == '\0')
        return GEOJSON_END;
    if (error->code == ERROR_NONE)
        error_set(error, ERROR_INVALID, "behind feature %u: the file does not end as it should; is it whole?",
                  file->n_features);
    return GEOJSON_BROKEN;
}

/* ---- properties ---- */

/* NULL without memory. */
static char *join_texts(const json_t *array)
{
    size_t size = 1, used = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        size += json_string_length(json_array_get(array, i)) + 1;
    char *text = calloc(1, size);
    for (size_t i = 0; text && i < json_array_size(array); i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ";" : "", json_string_value(json_array_get(array, i)));
    return text;
}

static bool is_texts(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return json_is_array(value);
}

static char *text_of(const json_t *value)
{
    return json_is_string(value) ? strdup(json_string_value(value))
           : is_texts(value)     ? join_texts(value)
                                 : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
}

static bool add_property(struct geojson_feature *feature, const char *name, const json_t *value)
{
    char *text = json_is_null(value) ? NULL : text_of(value);
    if (text)
        feature->properties[feature->n_properties++] = (struct geojson_property){name, text};
    return text || json_is_null(value);
}

static bool read_properties(struct geojson_feature *feature, struct error *error)
{
    json_t *properties = json_object_get(feature->all, "properties"), *id = json_object_get(feature->all, "id"), *value;
    const char *name;
    bool ok;
    if (properties && !json_is_object(properties) && !json_is_null(properties))
        return error_set(error, ERROR_INVALID, "properties must be an object");
    feature->properties = calloc(json_object_size(properties) + 1, sizeof *feature->properties);
    ok = feature->properties != NULL;
    json_object_foreach(properties, name, value) ok = ok && add_property(feature, name, value);
    if (ok && id && !json_object_get(properties, "id"))
        ok = add_property(feature, "id", id);
    return ok || error_set(error, ERROR_NO_MEMORY, "out of memory");
}

/* ---- geometry ---- */

/* Longitude first (3.1.1). */
static bool read_point(const json_t *pair, struct alert_point *point, struct error *error)
{
    if (json_array_size(pair) < 2 || !json_is_number(json_array_get(pair, 0)) || !json_is_number(json_array_get(pair, 1)))
        return error_set(error, ERROR_INVALID, "a position must be [longitude, latitude]");
    point->longitude = json_number_value(json_array_get(pair, 0));
    point->latitude = json_number_value(json_array_get(pair, 1));
    return true;
}

static bool read_ring(struct geojson_feature *feature, const json_t *polygon, struct error *error)
{
    const json_t *ring = json_array_get(polygon, 0);
    size_t n = json_array_size(ring);
    struct alert_polygon *to = &feature->polygons[feature->n_polygons];
    if (n < 1 || n > GEOJSON_POINTS_MAX)
        return error_set(error, n < 1 ? ERROR_INVALID : ERROR_TOO_LARGE, "a polygon must have 3 to %d points, not %zu",
                         GEOJSON_POINTS_MAX, n);
    to->points = calloc(n, sizeof *to->points);
    if (!to->points)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    feature->n_polygons++;
    for (; to->n_points < n; to->n_points++)
        if (!read_point(json_array_get(ring, to->n_points), &to->points[to->n_points], error))
            return false;
    return true;
}

/* of: a list of polygons, or one where single. */
static bool read_polygons(struct geojson_feature *feature, const json_t *of, bool single, struct error *error)
{
    size_t n = single ? 1 : json_array_size(of);
    if (n < 1 || n > GEOJSON_POLYGONS_MAX)
        return error_set(error, n < 1 ? ERROR_INVALID : ERROR_TOO_LARGE, "a MultiPolygon must have 1 to %d polygons, not %zu",
                         GEOJSON_POLYGONS_MAX, n);
    feature->polygons = calloc(n, sizeof *feature->polygons);
    if (!feature->polygons)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        if (!read_ring(feature, single ? of : json_array_get(of, i), error))
            return false;
    return true;
}

static bool read_geometry(struct geojson_feature *feature, struct error *error)
{
    const json_t *geometry = json_object_get(feature->all, "geometry"), *at = json_object_get(geometry, "coordinates");
    const char *type = json_string_value(json_object_get(geometry, "type"));
    if (!geometry || json_is_null(geometry))
        return true;
    if (!type)
        return error_set(error, ERROR_INVALID, "geometry has no type");
    if (strcmp(type, "Polygon") == 0 || strcmp(type, "MultiPolygon") == 0)
        return read_polygons(feature, at, strcmp(type, "Polygon") == 0, error);
    if (strcmp(type, "Point") != 0 && strcmp(type, "LineString") != 0)
        return error_set(error, ERROR_UNSUPPORTED,
                         "geometry of type %.40s is not read: use Point, LineString, Polygon or MultiPolygon", type);
    feature->has_position =
        read_point(strcmp(type, "Point") == 0 ? at : json_array_get(at, json_array_size(at) / 2), &feature->position, error);
    return feature->has_position;
}

enum geojson_step geojson_next(struct geojson *file, struct geojson_feature *feature, struct error *error)
{
    *feature = (struct geojson_feature){.number = file->n_features + 1};
    *error = (struct error){0};
    if (peek(file) == ']')
        return read_end(file, error);
    if (file->n_features > 0 && !take(file, ',')) {
        error_set(error, ERROR_INVALID, "behind feature %u: neither a comma nor the end of the list; is the file whole?",
                  file->n_features);
        return GEOJSON_BROKEN;
    }
    feature->all = read_value(file, error);
    if (!feature->all) {
        error_prefix(error, "feature %u", feature->number);
        return GEOJSON_BROKEN;
    }
    file->n_features++;
    const char *type = json_string_value(json_object_get(feature->all, "type"));
    if (!type || strcmp(type, "Feature") != 0)
        error_set(error, ERROR_INVALID, "must be an object of type Feature");
    else if (read_properties(feature, error) && read_geometry(feature, error))
        return GEOJSON_FEATURE;
    return GEOJSON_WRONG;
}

void geojson_feature_free(struct geojson_feature *feature)
{
    for (size_t i = 0; i < feature->n_properties; i++)
        free(feature->properties[i].value);
    for (size_t i = 0; i < feature->n_polygons; i++)
        free(feature->polygons[i].points);
    free(feature->properties);
    free(feature->polygons);
    json_decref(feature->all);
    *feature = (struct geojson_feature){0};
}
