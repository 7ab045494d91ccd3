/* The geometry of a CAP area: decimal numbers, polygons and circles. Strict, because it decides who is warned; what can mean
 * one thing only is taken: blanks round a comma, a ring that is not closed, longitudes of 180 to 360 degrees. */
#include "codecs/cap_internal.h"

#include <stdlib.h>

enum { DIGITS_MAX = 18 /* significant; they fit 64 bits, and a double has 17 */ };

bool cap_number(struct slice text, double *value)
{
    uint64_t digits = 0;
    size_t n_digits = 0, used = 0;
    double scale = 1;
    bool point = false, negative = text.size > 0 && text.data[0] == '-';
    for (size_t i = text.size > 0 && (negative || text.data[0] == '+'); i < text.size; i++) {
        char c = text.data[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        n_digits++;
        if (used == DIGITS_MAX && !point)
            return false;
        if (used == DIGITS_MAX)
            continue;
        digits = digits * 10 + (uint64_t)(c - '0');
        used += digits > 0;
        scale *= point ? 10 : 1;
    }
    *value = (double)digits / scale * (negative ? -1 : 1);
    return n_digits > 0;
}

/* "lat,lon"; the reason is for the message. */
static bool read_point(struct slice text, struct alert_point *point, const char **reason)
{
    struct slice latitude, longitude;
    *reason = "is not latitude,longitude in decimal degrees";
    if (!cap_split(text, ',', &latitude, &longitude) || !cap_number(cap_trim(latitude), &point->latitude) ||
        !cap_number(cap_trim(longitude), &point->longitude))
        return false;
    *reason = "is off the globe: latitude is -90 to 90, longitude -180 to 180";
    if (point->longitude > 180 && point->longitude <= 360) /* feeds of the Pacific count on */
        point->longitude -= 360;
    return point->latitude >= -90 && point->latitude <= 90 && point->longitude >= -180 && point->longitude <= 180;
}

static bool add_point(struct cap_reader *reader, struct alert_polygon *polygon, struct alert_point point)
{
    struct alert_point *points = cap_grow(polygon->points, polygon->n_points, sizeof *points);
    if (!points)
        return cap_no_memory(reader);
    polygon->points = points;
    points[polygon->n_points++] = point;
    return true;
}

static bool read_points(struct cap_reader *reader, struct alert_polygon *polygon, struct slice rest)
{
    struct slice word;
    while (cap_take_list(&rest, &word)) {
        struct alert_point point;
        const char *reason;
        if (!read_point(word, &point, &reason))
            return cap_refuse(reader, ERROR_INVALID, "polygon", "point %zu \"%s\" %s", polygon->n_points + 1,
                              cap_quote(word).text, reason);
        if (!add_point(reader, polygon, point))
            return false;
    }
    return true;
}

static bool is_closed(const struct alert_polygon *polygon)
{
    const struct alert_point *first = polygon->points, *last = polygon->points + polygon->n_points - 1;
    return first->latitude == last->latitude && first->longitude == last->longitude;
}

bool cap_add_polygon(struct cap_reader *reader, struct alert_area *area, struct slice text)
{
    struct alert_polygon *polygons = cap_grow(area->polygons, area->n_polygons, sizeof *polygons);
    if (!polygons)
        return cap_no_memory(reader);
    area->polygons = polygons;
    struct alert_polygon *polygon = &polygons[area->n_polygons++];
    if (!read_points(reader, polygon, text))
        return false;
    if (polygon->n_points >= 3 && !is_closed(polygon) && !add_point(reader, polygon, polygon->points[0]))
        return false;
    if (polygon->n_points < 4)
        return cap_refuse(reader, ERROR_INVALID, "polygon",
                          "has %zu points; at least 4 are needed, the last equal to the first", polygon->n_points);
    return true;
}

bool cap_add_circle(struct cap_reader *reader, struct alert_area *area, struct slice text)
{
    struct slice rest = text, centre, radius, more;
    struct alert_circle circle;
    const char *reason;
    if (!cap_take_list(&rest, &centre) || !cap_take_word(&rest, &radius) || cap_take_word(&rest, &more))
        return cap_refuse(reader, ERROR_INVALID, "circle", "\"%s\" is not \"latitude,longitude radius\"", cap_quote(text).text);
    if (!read_point(centre, &circle.centre, &reason))
        return cap_refuse(reader, ERROR_INVALID, "circle", "centre \"%s\" %s", cap_quote(centre).text, reason);
    if (!cap_number(radius, &circle.radius_km) || circle.radius_km < 0)
        return cap_refuse(reader, ERROR_INVALID, "circle", "radius \"%s\" is not a number of kilometres from 0 up",
                          cap_quote(radius).text);
    struct alert_circle *circles = cap_grow(area->circles, area->n_circles, sizeof *circles);
    if (!circles)
        return cap_no_memory(reader);
    area->circles = circles;
    circles[area->n_circles++] = circle;
    return true;
}
