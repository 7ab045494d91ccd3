/* Polygons and circles. A polygon keeps a tree of bounding boxes over its edges: a node is a run of edges, its halves are the
 * nodes below it. A run that lies apart is passed over with one look. */
#include "codecs/geometry.h"

#include <math.h>
#include <stdlib.h>

enum { RUN_EDGES = 8 /* a run of so many edges has no halves */ };

static const double EARTH_KM = 6371.0088;                  /* IUGG mean radius */
static const double DEGREE = 3.14159265358979323846 / 180; /* in radians */
static const double TOUCH = 1e-9;                          /* degrees, 0.1 mm: what is nearer touches */
static const double TOUCH_KM = 1e-7;
static const double GRAIN_KM = 0.001; /* a piece of an edge that is not halved further */

/* Degrees; from west to east without a jump at the 180th meridian: east may be above 180. */
struct box {
    double south, north, west, east;
};

struct geometry {
    struct box box; /* west is from -180 to below 180 */
    struct alert_circle circle;
    struct alert_point *points; /* n_edges + 1, the last equal to the first, longitudes as in box; NULL: a circle */
    size_t n_edges;
    struct box *runs;      /* those of node k are the halves 2k+1 and 2k+2 */
    struct geometry *more; /* another part; NULL: there is none */
};

/* The edges from point `from` to point `to`. */
struct run {
    size_t node, from, to;
};

static struct run whole(const struct geometry *polygon)
{
    return (struct run){0, 0, polygon->n_edges};
}

static bool has_halves(struct run run)
{
    return run.to - run.from > RUN_EDGES;
}

static struct run first_half(struct run run)
{
    return (struct run){2 * run.node + 1, run.from, run.from + (run.to - run.from) / 2};
}

static struct run second_half(struct run run)
{
    return (struct run){2 * run.node + 2, run.from + (run.to - run.from) / 2, run.to};
}

/* ---- boxes ---- */

static struct box box_around(const struct alert_point *points, size_t n)
{
    struct box box = {points[0].latitude, points[0].latitude, points[0].longitude, points[0].longitude};
    for (size_t i = 1; i < n; i++) {
        box.south = fmin(box.south, points[i].latitude);
        box.north = fmax(box.north, points[i].latitude);
        box.west = fmin(box.west, points[i].longitude);
        box.east = fmax(box.east, points[i].longitude);
    }
    return (struct box){box.south - TOUCH, box.north + TOUCH, box.west - TOUCH, box.east + TOUCH};
}

static struct box box_join(struct box a, struct box b)
{
    return (struct box){fmin(a.south, b.south), fmax(a.north, b.north), fmin(a.west, b.west), fmax(a.east, b.east)};
}

static bool boxes_meet(struct box a, struct box b)
{
    return a.south <= b.north && b.south <= a.north && a.west <= b.east && b.west <= a.east;
}

/* ---- points and edges ---- */

/* Above zero if p lies to the left of the way from a to b; twice the area of the three. */
static double side(struct alert_point a, struct alert_point b, struct alert_point p)
{
    return (b.longitude - a.longitude) * (p.latitude - a.latitude) - (p.longitude - a.longitude) * (b.latitude - a.latitude);
}

static bool apart(double one, double other)
{
    return (one > 0 && other < 0) || (one < 0 && other > 0);
}

static bool edges_cross(struct alert_point a, struct alert_point b, struct alert_point c, struct alert_point d)
{
    return apart(side(a, b, c), side(a, b, d)) && apart(side(c, d, a), side(c, d, b));
}

static bool touches(struct alert_point a, struct alert_point b, struct alert_point p)
{
    double x = b.longitude - a.longitude, y = b.latitude - a.latitude, length2 = x * x + y * y, off = side(a, b, p);
    if (off * off > 2 * TOUCH * TOUCH * length2) /* not even near its line: most are not */
        return false;
    double along = (p.longitude - a.longitude) * x + (p.latitude - a.latitude) * y;
    double t = length2 > 0 ? fmin(fmax(along / length2, 0), 1) : 0;
    double dx = a.longitude + t * x - p.longitude, dy = a.latitude + t * y - p.latitude;
    return dx * dx + dy * dy <= TOUCH * TOUCH;
}

/* Edges that do not cross are nearest to each other at an end. */
static bool edges_meet(struct alert_point a, struct alert_point b, struct alert_point c, struct alert_point d)
{
    return edges_cross(a, b, c, d) || touches(a, b, c) || touches(a, b, d) || touches(c, d, a) || touches(c, d, b);
}

/* Whether their middles are near enough: from west to east, from south to north, and across the edge. */
static bool edge_meets_box(struct alert_point a, struct alert_point b, struct box box)
{
    const struct alert_point middle = {(box.south + box.north) / 2, (box.west + box.east) / 2};
    double width = box.east - box.west, height = box.north - box.south;
    double x = fabs(b.longitude - a.longitude), y = fabs(b.latitude - a.latitude);
    return fabs(a.longitude + b.longitude - 2 * middle.longitude) <= x + width &&
           fabs(a.latitude + b.latitude - 2 * middle.latitude) <= y + height &&
           fabs(side(a, b, middle)) <= (x * height + y * width) / 2;
}

double geometry_distance_km(struct alert_point from, struct alert_point to)
{
    double up = sin((to.latitude - from.latitude) * DEGREE / 2), across = sin((to.longitude - from.longitude) * DEGREE / 2);
    double h = up * up + cos(from.latitude * DEGREE) * cos(to.latitude * DEGREE) * across * across;
    return 2 * EARTH_KM * asin(fmin(sqrt(h), 1));
}

/* ---- making a polygon ---- */

static bool refuse_point(struct error *error, const char *what, struct alert_point point)
{
    return error_set(
        error, ERROR_INVALID,
        "has a %s (%.10g, %.10g) that is off the globe: first the latitude, -90 to 90, then the longitude, -180 to 180", what,
        point.latitude, point.longitude);
}

static bool on_globe(struct alert_point p)
{
    return p.latitude >= -90 && p.latitude <= 90 && p.longitude >= -180 && p.longitude <= 180;
}

static bool same_point(struct alert_point a, struct alert_point b)
{
    return a.latitude == b.latitude && a.longitude == b.longitude;
}

static bool has_three_points(const struct alert_point *points, size_t n)
{
    size_t second = 0;
    while (second < n && same_point(points[second], points[0]))
        second++;
    for (size_t third = second; third < n; third++)
        if (!same_point(points[third], points[0]) && !same_point(points[third], points[second]))
            return true;
    return false;
}

/* The points of the closed ring, each edge going the shorter way: longitudes run on where they would jump at 180. */
static bool unroll(struct geometry *polygon, struct error *error)
{
    struct alert_point *points = polygon->points;
    double turned = 0, last = points[0].longitude;
    for (size_t i = 1; i <= polygon->n_edges; i++) {
        double step = points[i].longitude - last;
        if (fabs(step) == 180)
            return error_set(error, ERROR_UNSUPPORTED,
                             "goes half round the globe from (%.10g, %.10g) on: put a point between, so that its way is clear",
                             points[i - 1].latitude, last);
        turned += step < -180 ? 360 : 0;
        turned -= step > 180 ? 360 : 0;
        last = points[i].longitude;
        points[i].longitude += turned;
    }
    if (turned != 0)
        return error_set(error, ERROR_UNSUPPORTED,
                         "goes round a pole, which cannot be matched: divide it into several polygons");
    return true;
}

/* Puts it where its western end is from -180 to below 180. */
static bool settle(struct geometry *polygon, struct error *error)
{
    struct box box = box_around(polygon->points, polygon->n_edges);
    if (box.east - box.west >= 360)
        return error_set(error, ERROR_UNSUPPORTED,
                         "goes round the globe, which cannot be matched: divide it into several polygons");
    double move = 0;
    if (box.west < -180)
        move = 360;
    else if (box.west >= 180)
        move = -360;
    for (size_t i = 0; i <= polygon->n_edges; i++)
        polygon->points[i].longitude += move;
    return true;
}

static bool has_area(const struct geometry *polygon, struct error *error)
{
    const struct alert_point *points = polygon->points;
    double doubled = 0, length = 0;
    for (size_t i = 0; i < polygon->n_edges; i++) {
        doubled += side(points[0], points[i], points[i + 1]);
        length += hypot(points[i + 1].latitude - points[i].latitude, points[i + 1].longitude - points[i].longitude);
    }
    if (fabs(doubled) <= TOUCH * length)
        return error_set(
            error, ERROR_INVALID,
            "has no area: its points lie on a line, or it crosses itself and what it goes round left and right cancels "
            "out; give the points in their order round the area");
    /* Two triangles are left of a box whose corners are out of order: half of those who are meant. */
    if (polygon->n_edges == 4 &&
        (edges_cross(points[0], points[1], points[2], points[3]) || edges_cross(points[1], points[2], points[3], points[4])))
        return error_set(error, ERROR_INVALID, "crosses itself: give its corners in their order round the area");
    return true;
}

static struct box make_runs(struct geometry *polygon, struct run run)
{
    struct box *box = &polygon->runs[run.node];
    *box = has_halves(run) ? box_join(make_runs(polygon, first_half(run)), make_runs(polygon, second_half(run)))
                           : box_around(polygon->points + run.from, run.to - run.from + 1);
    return *box;
}

static size_t count_runs(size_t n_edges)
{
    size_t n = 1;
    for (; n_edges > RUN_EDGES; n_edges = (n_edges + 1) / 2)
        n = 2 * n + 1;
    return n;
}

static bool check_points(const struct alert_polygon *from, struct error *error)
{
    for (size_t i = 0; i < from->n_points; i++)
        if (!on_globe(from->points[i]))
            return refuse_point(error, "point", from->points[i]);
    return has_three_points(from->points, from->n_points) ||
           error_set(error, ERROR_INVALID, "has fewer than 3 different points");
}

/* The ring closed; NULL without memory. */
static struct geometry *copy_ring(const struct alert_polygon *from)
{
    struct geometry *polygon = calloc(1, sizeof *polygon);
    if (!polygon)
        return NULL;
    polygon->n_edges = from->n_points - same_point(from->points[0], from->points[from->n_points - 1]);
    polygon->points = calloc(polygon->n_edges + 1, sizeof *polygon->points);
    polygon->runs = calloc(count_runs(polygon->n_edges), sizeof *polygon->runs);
    if (!polygon->points || !polygon->runs) {
        geometry_free(polygon);
        return NULL;
    }
    for (size_t i = 0; i < polygon->n_edges; i++)
        polygon->points[i] = from->points[i];
    polygon->points[polygon->n_edges] = from->points[0];
    return polygon;
}

struct geometry *geometry_of_polygon(const struct alert_polygon *from, struct error *error)
{
    if (!check_points(from, error))
        return NULL;
    struct geometry *polygon = copy_ring(from);
    if (!polygon) {
        error_set(error, ERROR_NO_MEMORY, "cannot be read: out of memory");
        return NULL;
    }
    if (!unroll(polygon, error) || !settle(polygon, error) || !has_area(polygon, error)) {
        geometry_free(polygon);
        return NULL;
    }
    polygon->box = make_runs(polygon, whole(polygon));
    return polygon;
}

void geometry_free(struct geometry *shape)
{
    for (struct geometry *more; shape; shape = more) {
        more = shape->more;
        free(shape->points);
        free(shape->runs);
        free(shape);
    }
}

struct geometry *geometry_join(struct geometry *one, struct geometry *other)
{
    struct geometry **end = &one;
    while (*end)
        end = &(*end)->more;
    *end = other;
    return one;
}

/* ---- making a circle ---- */

/* A circle reaches farthest east and west a little poleward of its centre; round a pole it has all longitudes. */
static struct box circle_box(const struct alert_circle *circle)
{
    double up = circle->radius_km / EARTH_KM / DEGREE, latitude = circle->centre.latitude;
    struct box box = {latitude - up - TOUCH, latitude + up + TOUCH, -180, 180};
    if (latitude + up >= 90 || latitude - up <= -90)
        return box;
    double across = asin(fmin(sin(up * DEGREE) / cos(latitude * DEGREE), 1)) / DEGREE + TOUCH;
    box.west = circle->centre.longitude - across;
    box.west += box.west < -180 ? 360 : 0;
    box.east = box.west + 2 * across;
    return box;
}

struct geometry *geometry_of_circle(const struct alert_circle *circle, struct error *error)
{
    struct geometry *shape = NULL;
    if (!on_globe(circle->centre))
        refuse_point(error, "centre", circle->centre);
    else if (!(circle->radius_km >= 0 && circle->radius_km <= GEOMETRY_RADIUS_MAX_KM))
        error_set(error, ERROR_INVALID, "has a radius of %.10g, which is not from 0 to %d: it is in km, not in m",
                  circle->radius_km, GEOMETRY_RADIUS_MAX_KM);
    else if (!(shape = calloc(1, sizeof *shape)))
        error_set(error, ERROR_NO_MEMORY, "cannot be read: out of memory");
    else
        *shape = (struct geometry){.box = circle_box(circle), .circle = *circle};
    return shape;
}

/* ---- points in shapes ---- */

struct sighting {
    int winding; /* how often the ring goes round the point, left turns less right turns */
    bool touched;
};

/* 1 where the way from one latitude to another rises above a third, -1 where it falls below it. */
static int rises(double from, double to, double above)
{
    return (to > above) - (from > above);
}

/* Counts the edges that pass to the east of the point. */
static void look_at_run(const struct geometry *polygon, struct run run, struct alert_point p, struct sighting *seen)
{
    const struct box *box = &polygon->runs[run.node];
    const struct alert_point *points = polygon->points;
    if (p.latitude < box->south || p.latitude > box->north || p.longitude > box->east)
        return;
    if (p.longitude < box->west) { /* all of it is in the east: whatever it does between, its ends tell */
        seen->winding += rises(points[run.from].latitude, points[run.to].latitude, p.latitude);
    } else if (has_halves(run)) {
        look_at_run(polygon, first_half(run), p, seen);
        look_at_run(polygon, second_half(run), p, seen);
    } else {
        for (size_t i = run.from; i < run.to; i++) {
            int rise = rises(points[i].latitude, points[i + 1].latitude, p.latitude);
            seen->touched |= touches(points[i], points[i + 1], p);
            if (rise != 0 && (side(points[i], points[i + 1], p) > 0) == (rise > 0))
                seen->winding += rise;
        }
    }
}

static bool part_has(const struct geometry *shape, struct alert_point point)
{
    const struct box *box = &shape->box;
    if (point.longitude < box->west)
        point.longitude += 360;
    if (point.latitude < box->south || point.latitude > box->north || point.longitude > box->east)
        return false;
    if (!shape->points)
        return geometry_distance_km(shape->circle.centre, point) <= shape->circle.radius_km + TOUCH_KM;
    struct sighting seen = {0};
    look_at_run(shape, whole(shape), point, &seen);
    return seen.touched || seen.winding != 0;
}

bool geometry_has(const struct geometry *shape, struct alert_point point)
{
    while (shape && !part_has(shape, point))
        shape = shape->more;
    return shape != NULL;
}

/* ---- shapes that meet ---- */

/* An edge is no longer than its degrees of latitude and longitude, so no point of it is nearer than its end is, less that. */
static bool edge_meets_circle(struct alert_point a, struct alert_point b, const struct alert_circle *circle)
{
    double length = hypot(b.latitude - a.latitude, b.longitude - a.longitude) * DEGREE * EARTH_KM;
    double off = geometry_distance_km(circle->centre, a) - circle->radius_km;
    if (off > length + TOUCH_KM)
        return false;
    if (off <= 0 || length < GRAIN_KM)
        return true;
    struct alert_point middle = {(a.latitude + b.latitude) / 2, (a.longitude + b.longitude) / 2};
    return edge_meets_circle(a, middle, circle) || edge_meets_circle(middle, b, circle);
}

static bool edge_meets_run(struct alert_point a, struct alert_point b, const struct geometry *polygon, struct run run)
{
    if (!edge_meets_box(a, b, polygon->runs[run.node]))
        return false;
    if (has_halves(run))
        return edge_meets_run(a, b, polygon, first_half(run)) || edge_meets_run(a, b, polygon, second_half(run));
    for (size_t i = run.from; i < run.to; i++)
        if (edges_meet(a, b, polygon->points[i], polygon->points[i + 1]))
            return true;
    return false;
}

/* One edge of the run, moved by so many degrees of longitude, meets the line of the other shape. */
static bool run_meets(const struct geometry *polygon, struct run run, double move, const struct geometry *other)
{
    struct box box = polygon->runs[run.node];
    box.west += move;
    box.east += move;
    if (!boxes_meet(box, other->box))
        return false;
    if (has_halves(run))
        return run_meets(polygon, first_half(run), move, other) || run_meets(polygon, second_half(run), move, other);
    for (size_t i = run.from; i < run.to; i++) {
        struct alert_point a = polygon->points[i], b = polygon->points[i + 1];
        a.longitude += move;
        b.longitude += move;
        if (other->points ? edge_meets_run(a, b, other, whole(other)) : edge_meets_circle(a, b, &other->circle))
            return true;
    }
    return false;
}

/* Two that have a point in common either cross or touch in their lines, or all of one lies within the other. */
static bool parts_meet(const struct geometry *one, const struct geometry *other)
{
    if (!one->points && other->points)
        return parts_meet(other, one);
    if (!one->points)
        return geometry_distance_km(one->circle.centre, other->circle.centre) <=
               one->circle.radius_km + other->circle.radius_km + TOUCH_KM;
    for (int turn = -1; turn <= 1; turn++)
        if (run_meets(one, whole(one), turn * 360.0, other))
            return true;
    return part_has(one, other->points ? other->points[0] : other->circle.centre) ||
           (other->points && part_has(other, one->points[0]));
}

bool geometry_meets(const struct geometry *one, const struct geometry *other)
{
    for (; one; one = one->more)
        for (const struct geometry *part = other; part; part = part->more)
            if (parts_meet(one, part))
                return true;
    return false;
}
