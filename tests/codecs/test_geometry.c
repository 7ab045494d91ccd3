/* Polygons and circles: tables by hand, random ones against a slow reference that shares no code with what it judges, the
 * shapes of real CAP files, and the time that large ones take. */
#include "codecs/geometry.h"

#include "tests/codecs/cap_reading.h"

#include <math.h>
#include <time.h>

enum { POINTS_MAX = 64 };

/* "lat,lon lat,lon ..." */
static size_t read_points(const char *text, struct alert_point points[POINTS_MAX])
{
    size_t n = 0;
    int used;
    while (n < POINTS_MAX && sscanf(text, "%lf,%lf%n", &points[n].latitude, &points[n].longitude, &used) == 2) {
        text += used;
        n++;
    }
    return n;
}

static struct geometry *try_polygon(const char *text, struct error *error)
{
    struct alert_point points[POINTS_MAX];
    struct alert_polygon polygon = {points, read_points(text, points)};
    return geometry_of_polygon(&polygon, error);
}

/* A polygon, or "circle lat,lon radius". */
static struct geometry *shape_of(const char *text)
{
    struct error error = {0};
    struct alert_circle circle;
    struct geometry *shape;
    if (sscanf(text, "circle %lf,%lf %lf", &circle.centre.latitude, &circle.centre.longitude, &circle.radius_km) == 3)
        shape = geometry_of_circle(&circle, &error);
    else
        shape = try_polygon(text, &error);
    if (!shape)
        fail_msg("%s: it %s", text, error.message);
    return shape;
}

#define BOX "0,0 0,10 10,10 10,0 0,0"
#define L_SHAPE "0,0 0,10 2,10 2,2 10,2 10,0 0,0"
#define STAR "0,5 10,8 4,0 4,10 10,2 0,5" /* five-pointed, drawn in one go: its middle is gone round twice */
#define KEYHOLE "0,0 0,10 10,10 10,0 0,0 3,3 7,3 7,7 3,7 3,3 0,0" /* a box with a hole, which is gone round the other way */
#define FIJI "-18,177 -18,-178 -15,-178 -15,177 -18,177"
#define FIJI_FROM_EAST "-18,-178 -15,-178 -15,177 -18,177"

static void test_points_in_polygons(void **state)
{
    static const struct {
        const char *shape;
        double latitude, longitude;
        bool in;
    } ROWS[] = {
        {BOX, 5, 5, true},
        {BOX, 5, 10.001, false},
        {BOX, 5, -0.001, false},
        {BOX, 10.001, 5, false},
        {BOX, -0.001, 5, false},
        {BOX, 5, 179, false},
        {BOX, 0, 0, true}, /* corners */
        {BOX, 10, 10, true},
        {BOX, 0, 10, true},
        {BOX, 10, 0, true},
        {BOX, 0, 5, true}, /* edges */
        {BOX, 10, 5, true},
        {BOX, 5, 0, true},
        {BOX, 5, 10, true},
        {"0,0 0.3,0.3 0,0.3", 0.1, 0.1, true}, /* a slanting edge, open ring, numbers that are not exact */
        {"0,0 0.3,0.3 0,0.3", 0.1, 0.0999, false},
        {L_SHAPE, 1, 9, true},
        {L_SHAPE, 9, 1, true},
        {L_SHAPE, 5, 5, false},
        {L_SHAPE, 2, 5, true}, /* at the height of corners */
        {L_SHAPE, 10, 5, false},
        {STAR, 5, 5, true},
        {STAR, 9, 7.5, true},
        {STAR, 9, 5, false},
        {KEYHOLE, 5, 5, false},
        {KEYHOLE, 5, 3, true},
        {KEYHOLE, 1, 5, true},
        {KEYHOLE, 9, 9, true},
        {FIJI, -17, 178, true},
        {FIJI, -17, -179, true},
        {FIJI, -17, 180, true},
        {FIJI, -17, -180, true},
        {FIJI, -17, 176, false},
        {FIJI, -17, -177, false},
        {FIJI, -17, 0, false},
        {FIJI, -18, 180, true},
        {FIJI_FROM_EAST, -17, 178, true},
        {FIJI_FROM_EAST, -17, -179, true},
        {FIJI_FROM_EAST, -17, -177, false},
        {"0,170 0,180 5,180 5,170", 2, -180, true}, /* one meridian, two names */
        {"0,-170 0,-180 5,-180 5,-170", 2, 180, true},
        {"80,0 80,90 90,45", 85, 45, true}, /* as far as a pole */
        {"80,0 80,90 90,45", 90, 45, true},
        {"-90,0 -90,100 -80,100 -80,0", -85, 99, true},
        {"0,-170 0,-60 0,60 0,170 9,170 9,60 9,-60 9,-170", 5, 0, true}, /* 340 degrees wide, step by step */
        {"0,-170 0,-60 0,60 0,170 9,170 9,60 9,-60 9,-170", 5, 175, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct geometry *shape = shape_of(ROWS[i].shape);
        if (geometry_has(shape, (struct alert_point){ROWS[i].latitude, ROWS[i].longitude}) != ROWS[i].in)
            fail_msg("row %zu: %g,%g in %s", i, ROWS[i].latitude, ROWS[i].longitude, ROWS[i].shape);
        geometry_free(shape);
    }
}

static void test_distances(void **state)
{
    (void)state;
    static const struct {
        struct alert_point from, to;
        double km;
    } ROWS[] = {
        {{0, 0}, {0, 0}, 0},
        {{0, 0}, {1, 0}, 111.195},
        {{60, 10}, {60, 11}, 55.597},
        {{0, 179.5}, {0, -179.5}, 111.195},
        {{0, 0}, {90, 77}, 10007.557},
        {{29.6, 115.8}, {-29.6, -64.2}, 20015.115},
        {{39.9042, 116.4074}, {31.2304, 121.4737}, 1067.3}, /* Beijing, Shanghai */
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        double km = geometry_distance_km(ROWS[i].from, ROWS[i].to);
        if (fabs(km - ROWS[i].km) > 0.05 + ROWS[i].km * 1e-5)
            fail_msg("row %zu: %g km", i, km);
    }
}

static void test_points_in_circles(void **state)
{
    static const struct {
        const char *shape;
        double latitude, longitude;
        bool in;
    } ROWS[] = {
        {"circle 0,0 111.195081", 1, 0, true},
        {"circle 0,0 111.195081", 1.00001, 0, false},
        {"circle 0,0 111.195081", 0, -1, true},
        {"circle 0,0 111.195081", 0.8, 0.8, false}, /* in its box only */
        {"circle 60,10 111.2", 60, 11.99, true},    /* degrees of longitude are shorter there */
        {"circle 60,10 111.2", 60, 12.01, false},
        {"circle 70,0 1000", 71, 26.5, true}, /* farthest east poleward of its centre */
        {"circle 0,179.5 200", 0, -179, true},
        {"circle 0,-179.5 200", 0, 179, true},
        {"circle 0,-179.5 200", 0, 178, false},
        {"circle 89,0 200", 89.5, 180, true}, /* over a pole */
        {"circle 89,0 200", 89, 180, false},
        {"circle -89.9,20 50", -89.8, -160, true},
        {"circle 29.6,115.8 0", 29.6, 115.8, true},
        {"circle 29.6,115.8 0", 29.60001, 115.8, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct geometry *shape = shape_of(ROWS[i].shape);
        if (geometry_has(shape, (struct alert_point){ROWS[i].latitude, ROWS[i].longitude}) != ROWS[i].in)
            fail_msg("row %zu: %g,%g in %s", i, ROWS[i].latitude, ROWS[i].longitude, ROWS[i].shape);
        geometry_free(shape);
    }
}

static void test_shapes_that_meet(void **state)
{
    static const struct {
        const char *one, *other;
        bool meet;
    } ROWS[] = {
        {BOX, BOX, true},
        {BOX, "5,5 5,15 15,15 15,5", true},
        {BOX, "2,2 2,3 3,3 3,2", true},         /* within */
        {BOX, "-5,-5 -5,15 15,15 15,-5", true}, /* around */
        {BOX, "4,-5 4,15 6,15 6,-5", true},     /* a cross: no corner lies within */
        {BOX, "10,10 10,20 20,20 20,10", true}, /* touch at a corner */
        {BOX, "10,2 10,3 12,3", true},          /* touch along an edge */
        {BOX, "5,10 7,12 3,12", true},          /* corner on edge */
        {BOX, "10.001,0 10.001,10 12,5", false},
        {BOX, "0,11 0,12 10,12 10,11", false},
        {L_SHAPE, "3,3 3,9 9,9 9,3", false}, /* in its box only */
        {L_SHAPE, "1.9,3 9,9 9,3", true},
        {KEYHOLE, "4,4 4,6 6,6 6,4", false}, /* in its hole */
        {KEYHOLE, "4,4 4,6 7,6 6,4", true},
        {"0,0 10,10 10,10.1 0,0.1", "5,0 6,0 5.5,3", false}, /* beside a slanting strip */
        {FIJI, "-17,179 -17,-179 -16,-179 -16,179", true},
        {FIJI, "-17,-179 -16,-179 -16,-170", true},
        {FIJI, "-17,176 -16,178 -16,176", true},
        {FIJI, "-17,-177 -16,-177 -16,-170", false},
        {"0,170 0,180 5,180 5,170", "1,-180 2,-180 2,-175", true},
        {"0,-170 0,-60 0,60 0,170 9,170 9,60 9,-60 9,-170", "3,-175 3,175 4,175 4,-175", false},
        {"0,-170 0,-60 0,60 0,170 9,170 9,60 9,-60 9,-170", "3,-169 3,175 4,175 4,-169", true},
        {"circle 5,5 1", BOX, true},     /* within */
        {"circle 5,5 1500", BOX, true},  /* around */
        {"circle -0.5,7 60", BOX, true}, /* nearer to one end of an edge or to the other */
        {"circle -0.5,3 60", BOX, true},
        {"circle 5,11 112", BOX, true}, /* over an edge, all corners outside */
        {"circle 5,11 110", BOX, false},
        {"circle 11,11 155", BOX, false}, /* near a corner; 156 km off */
        {"circle 11,11 157", BOX, true},
        {"circle 5,5 0", BOX, true}, /* points */
        {"circle 0,5 0", BOX, true},
        {"circle 0,-0.001 0", BOX, false},
        {"circle 5,5 300", KEYHOLE, true},
        {"circle 5,5 200", KEYHOLE, false},
        {"circle -16,-176 250", FIJI, true},
        {"circle -16,-176 200", FIJI, false},
        {"circle -16,175 250", FIJI, true},
        {"circle 89,0 400", "88,170 88,-170 87,180", true}, /* over the pole */
        {"circle 89,0 300", "88,170 88,-170 87,180", false},
        {"circle 0,0 100", "circle 0,2 122.4", true},
        {"circle 0,0 100", "circle 0,2 122.3", false},
        {"circle 0,179 120", "circle 0,-179 120", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct geometry *one = shape_of(ROWS[i].one), *other = shape_of(ROWS[i].other);
        if (geometry_meets(one, other) != ROWS[i].meet || geometry_meets(other, one) != ROWS[i].meet)
            fail_msg("row %zu: %s and %s", i, ROWS[i].one, ROWS[i].other);
        geometry_free(one);
        geometry_free(other);
    }
}

static void test_degenerate_polygons(void **state)
{
    static const struct {
        const char *polygon, *reason;
    } ROWS[] = {
        {"", "has fewer than 3 different points"},
        {"1,1", "has fewer than 3 different points"},
        {"1,1 2,2 1,1", "has fewer than 3 different points"},
        {"1,1 1,1 1,1 1,1", "has fewer than 3 different points"},
        {"1,1 2,2 1,1 2,2 1,1", "has fewer than 3 different points"},
        {"1,1 2,2 3,3 1,1", "has no area"},
        {"0.1,0.1 0.2,0.2 0.7,0.7 0.3,0.3", "has no area"},
        {"0,0 0,5 5,5 0,5 0,0", "has no area"}, /* there and back */
        {"0,0 5,5 5,0 0,5 0,0", "has no area"}, /* a box with its corners out of order */
        {"0,0 5,7 5,0 0,5 0,0", "crosses itself: give its corners"},
        {"0,0 5,0 0,5 7,7 0,0", "crosses itself: give its corners"},
        {"115.8,29.6 115.9,29.6 115.9,29.7", "has a point (115.8, 29.6) that is off the globe: first the latitude"},
        {"1,1 2,180.5 3,3", "off the globe"},
        {"1,1 2,-181 3,3", "off the globe"},
        {"-90.001,1 2,2 3,3", "off the globe"},
        {"nan,1 2,2 3,4", "off the globe"},
        {"1,1 2,nan 3,4", "off the globe"},
        {"1,1 inf,2 3,4", "off the globe"},
        {"80,0 80,120 80,-120", "goes round a pole"},
        {"-70,0 -75,-120 -70,120 -70,0", "goes round a pole"},
        {"0,0 0,180 5,90", "goes half round the globe from (0, 0) on"},
        {"90,180 -90,180 -90,-180 90,-180 90,180", "has no area"}, /* all of the globe, or nothing */
        {"0,0 0,100 0,-160 0,-60 0,20 9,20 9,-60 9,-160 9,100 9,0", "goes round the globe"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct error error = {0};
        struct geometry *shape = try_polygon(ROWS[i].polygon, &error);
        if (shape || !strstr(error.message, ROWS[i].reason))
            fail_msg("%s: %s", ROWS[i].polygon, shape ? "taken" : error.message);
        assert_true(error.code == ERROR_INVALID || error.code == ERROR_UNSUPPORTED);
    }
}

static void test_degenerate_circles(void **state)
{
    static const struct {
        struct alert_circle circle;
        const char *reason; /* NULL: good */
    } ROWS[] = {
        {{{29, 115}, -0.001}, "has a radius of -0.001"},
        {{{29, 115}, NAN}, "has a radius of nan"},
        {{{29, 115}, INFINITY}, "has a radius of inf"},
        {{{29, 115}, 2001}, "in km, not in m"},
        {{{29, 115}, 2000}, NULL},
        {{{29, 115}, 0}, NULL},
        {{{115, 29}, 3}, "off the globe"},
        {{{29, NAN}, 3}, "off the globe"},
        {{{-90, -180}, 3}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct error error = {0};
        struct geometry *shape = geometry_of_circle(&ROWS[i].circle, &error);
        if ((shape != NULL) != (ROWS[i].reason == NULL) || (ROWS[i].reason && !strstr(error.message, ROWS[i].reason)))
            fail_msg("row %zu: %s", i, shape ? "taken" : error.message);
        geometry_free(shape);
    }
}

/* ---- random ones against a slow reference: whole numbers, every edge, angles added up ---- */

enum { GRID = 9 };

struct ring {
    size_t n;
    int x[POINTS_MAX], y[POINTS_MAX]; /* longitude from a base, latitude */
};

static uint32_t random_state;

static int pick(int n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (int)((random_state >> 8) % (uint32_t)n);
}

static struct ring random_ring(void)
{
    struct ring ring = {.n = 3 + (size_t)pick(pick(3) == 0 ? 38 : 6)};
    int span = 2 + pick(GRID - 2), x = pick(GRID), y = pick(GRID);
    for (size_t i = 0; i < ring.n; i++) {
        ring.x[i] = x + pick(span);
        ring.y[i] = y + pick(span);
    }
    while (ring.n > 1 && ring.x[ring.n - 1] == ring.x[0] && ring.y[ring.n - 1] == ring.y[0])
        ring.n--; /* closed already */
    return ring;
}

static double wrapped(double longitude)
{
    return longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude;
}

static struct geometry *geometry_of_ring(const struct ring *ring, int base)
{
    struct alert_point points[POINTS_MAX];
    struct error error;
    for (size_t i = 0; i < ring->n; i++)
        points[i] = (struct alert_point){ring->y[i], wrapped(base + ring->x[i])};
    return geometry_of_polygon(&(struct alert_polygon){points, ring->n}, &error);
}

static int turn(int ax, int ay, int bx, int by, int px, int py)
{
    int t = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
    return (t > 0) - (t < 0);
}

static bool between(int a, int b, int p)
{
    return (a <= p && p <= b) || (b <= p && p <= a);
}

static bool slow_on_edge(const struct ring *r, size_t i, int x, int y)
{
    size_t j = (i + 1) % r->n;
    return turn(r->x[i], r->y[i], r->x[j], r->y[j], x, y) == 0 && between(r->x[i], r->x[j], x) && between(r->y[i], r->y[j], y);
}

static bool slow_has(const struct ring *r, int x, int y)
{
    double angle = 0;
    for (size_t i = 0; i < r->n; i++) {
        size_t j = (i + 1) % r->n;
        if (slow_on_edge(r, i, x, y))
            return true;
        double step = atan2(r->y[j] - y, r->x[j] - x) - atan2(r->y[i] - y, r->x[i] - x);
        angle += step > M_PI ? step - 2 * M_PI : step < -M_PI ? step + 2 * M_PI : step;
    }
    return fabs(angle) > 1;
}

static bool slow_edges_meet(const struct ring *r, size_t i, const struct ring *s, size_t k)
{
    size_t j = (i + 1) % r->n, l = (k + 1) % s->n;
    if (slow_on_edge(r, i, s->x[k], s->y[k]) || slow_on_edge(s, k, r->x[i], r->y[i]) || slow_on_edge(r, i, s->x[l], s->y[l]) ||
        slow_on_edge(s, k, r->x[j], r->y[j]))
        return true;
    return turn(r->x[i], r->y[i], r->x[j], r->y[j], s->x[k], s->y[k]) *
                   turn(r->x[i], r->y[i], r->x[j], r->y[j], s->x[l], s->y[l]) <
               0 &&
           turn(s->x[k], s->y[k], s->x[l], s->y[l], r->x[i], r->y[i]) *
                   turn(s->x[k], s->y[k], s->x[l], s->y[l], r->x[j], r->y[j]) <
               0;
}

static bool slow_meets(const struct ring *r, const struct ring *s)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < s->n; k++)
            if (slow_edges_meet(r, i, s, k))
                return true;
    for (size_t i = 0; i < r->n; i++)
        if (slow_has(s, r->x[i], r->y[i]))
            return true;
    for (size_t k = 0; k < s->n; k++)
        if (slow_has(r, s->x[k], s->y[k]))
            return true;
    return false;
}

static bool slow_is_good(const struct ring *r)
{
    int area = 0;
    for (size_t i = 0; i < r->n; i++) {
        size_t j = (i + 1) % r->n;
        area += r->x[i] * r->y[j] - r->x[j] * r->y[i];
    }
    if (area == 0)
        return false;
    return r->n != 4 ||
           !((!slow_on_edge(r, 0, r->x[2], r->y[2]) && !slow_on_edge(r, 0, r->x[3], r->y[3]) &&
              !slow_on_edge(r, 2, r->x[0], r->y[0]) && !slow_on_edge(r, 2, r->x[1], r->y[1]) && slow_edges_meet(r, 0, r, 2)) ||
             (!slow_on_edge(r, 1, r->x[3], r->y[3]) && !slow_on_edge(r, 1, r->x[0], r->y[0]) &&
              !slow_on_edge(r, 3, r->x[1], r->y[1]) && !slow_on_edge(r, 3, r->x[2], r->y[2]) && slow_edges_meet(r, 1, r, 3)));
}

/* The same ring at several meridians, and as whole numbers. */
static void test_random_polygons(void **state)
{
    static const int BASES[] = {0, 115, -150, 175, 170, -185, -180, 165};
    unsigned n_in = 0, n_met = 0, n_refused = 0, n_pairs = 0;
    (void)state;
    random_state = 1;
    for (unsigned round = 0; round < 20000; round++) {
        int base = BASES[round % 8];
        struct ring a = random_ring(), b = random_ring();
        struct geometry *one = geometry_of_ring(&a, base), *other = geometry_of_ring(&b, base);
        if ((one != NULL) != slow_is_good(&a) || (other != NULL) != slow_is_good(&b))
            fail_msg("round %u: taken or refused", round);
        n_refused += !one;
        for (int i = 0; one && i < 20; i++) {
            int x = pick(2 * GRID), y = pick(2 * GRID);
            bool in = slow_has(&a, x, y);
            n_in += in;
            if (geometry_has(one, (struct alert_point){y, wrapped(base + x)}) != in)
                fail_msg("round %u: %d,%d is%s in", round, x, y, in ? "" : " not");
        }
        if (one && other) {
            bool meet = slow_meets(&a, &b);
            n_met += meet;
            n_pairs++;
            if (geometry_meets(one, other) != meet || geometry_meets(other, one) != meet)
                fail_msg("round %u: they do%s meet", round, meet ? "" : " not");
        }
        geometry_free(one);
        geometry_free(other);
    }
    print_message("random polygons: %u points in, %u of %u pairs meet, %u refused\n", n_in, n_met, n_pairs, n_refused);
    assert_true(n_in > 10000 && n_met > 1000 && n_pairs - n_met > 1000 && n_refused > 100);
}

/* By vectors, not by the formula of the module. */
static double slow_km(struct alert_point a, struct alert_point b)
{
    double f = M_PI / 180, ca = cos(a.latitude * f), cb = cos(b.latitude * f);
    double x = ca * cos(a.longitude * f) - cb * cos(b.longitude * f), y = ca * sin(a.longitude * f) - cb * sin(b.longitude * f);
    double z = sin(a.latitude * f) - sin(b.latitude * f);
    return 2 * 6371.0088 * asin(sqrt(x * x + y * y + z * z) / 2);
}

/* The nearest of many points along the edges. */
static double slow_distance(const struct ring *r, int base, struct alert_point centre)
{
    double least = 1e9;
    for (size_t i = 0; i < r->n; i++) {
        size_t j = (i + 1) % r->n;
        for (int step = 0; step <= 400; step++) {
            double t = step / 400.0;
            struct alert_point p = {r->y[i] + t * (r->y[j] - r->y[i]), base + r->x[i] + t * (r->x[j] - r->x[i])};
            least = fmin(least, slow_km(centre, p));
        }
    }
    return least;
}

static void test_random_circles(void **state)
{
    static const int BASES[] = {0, 115, 175, -185};
    unsigned n_met = 0, n_judged = 0;
    (void)state;
    random_state = 2;
    for (unsigned round = 0; round < 1500; round++) {
        int base = BASES[round % 4];
        struct ring ring = random_ring();
        for (size_t i = 0; round % 3 == 0 && i < ring.n; i++)
            ring.y[i] = 5 * ring.y[i]; /* as far north as 80 degrees */
        struct geometry *polygon = geometry_of_ring(&ring, base);
        if (!polygon)
            continue;
        int x = pick(2 * GRID), y = pick(2 * GRID);
        struct alert_circle text = {{y, wrapped(base + x)}, pick(1200)};
        struct geometry *circle = geometry_of_circle(&text, NULL);
        double off = slow_distance(&ring, base, text.centre);
        bool in = slow_has(&ring, x, y);
        if (in || fabs(off - text.radius_km) > 0.5) { /* nearer than that the reference cannot tell */
            bool meet = in || off < text.radius_km;
            n_judged++;
            n_met += meet;
            if (geometry_meets(circle, polygon) != meet)
                fail_msg("round %u: circle %d,%d %g is %g km off, they do%s meet", round, y, base + x, text.radius_km, off,
                         meet ? "" : " not");
        }
        geometry_free(circle);
        geometry_free(polygon);
    }
    print_message("random circles: %u of %u meet\n", n_met, n_judged);
    assert_true(n_met > 100 && n_judged - n_met > 100);
}

/* ---- large ones ---- */

enum { LARGE = 30000 /* points: 450 kB of a real feed */, TERMINALS = 2000, VILLAGES = 3000, OUTLINE = 60 };

/* Of processor time: what others do on the machine does not count. */
static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

enum kind { COAST, SAW, STRIPE };

/* A ragged coast; a saw whose every tooth goes across all of it; a stripe from corner to corner, woven of long edges, whose
 * boxes all hold every village. */
static struct alert_point large_point(enum kind kind, double radius, size_t i, size_t n)
{
    double part = (double)i / (double)n, angle = 2 * M_PI * part, r = radius * (1 + 0.2 * sin(11 * angle) + 0.001 * pick(100));
    double up = i % 2 ? radius : -radius;
    if (kind == COAST)
        return (struct alert_point){r * sin(angle), r * cos(angle)};
    if (i >= n - 2) /* the back, so that there is an area */
        return kind == SAW ? (struct alert_point){-2 * radius, i == n - 1 ? -radius : radius}
                           : (struct alert_point){up / 2, up / 2 + 0.1 * radius};
    if (kind == STRIPE)
        return (struct alert_point){up, up + 0.02 * radius * part};
    return (struct alert_point){up, 2 * radius * part - radius};
}

static struct geometry *large_polygon(size_t n, struct alert_point centre, double radius, enum kind kind)
{
    struct alert_point *points = calloc(n, sizeof *points);
    struct error error = {0};
    for (size_t i = 0; i < n; i++) {
        points[i] = large_point(kind, radius, i, n);
        points[i].latitude += centre.latitude;
        points[i].longitude += centre.longitude;
    }
    struct geometry *shape = geometry_of_polygon(&(struct alert_polygon){points, n}, &error);
    if (!shape)
        fail_msg("it %s", error.message);
    free(points);
    return shape;
}

static struct alert_point somewhere(void)
{
    return (struct alert_point){29 + pick(10000) * 1e-4, 115 + pick(10000) * 1e-4};
}

static void measure(const char *what, enum kind kind)
{
    struct geometry *outlines[VILLAGES];
    unsigned n_in = 0, n_met = 0;
    for (size_t v = 0; v < VILLAGES; v++)
        outlines[v] = large_polygon(OUTLINE, somewhere(), 0.01, COAST);
    double start = seconds();
    struct geometry *shape = large_polygon(LARGE, (struct alert_point){29.5, 115.5}, 0.4, kind);
    double made = seconds();
    for (size_t t = 0; t < TERMINALS; t++)
        n_in += geometry_has(shape, somewhere());
    double pointed = seconds();
    for (size_t v = 0; v < VILLAGES; v++)
        n_met += geometry_meets(shape, outlines[v]);
    double met = seconds();
    print_message("%s of %d points: made in %.1f ms; %d terminals in %.1f ms (%u in); %d villages in %.1f ms (%u meet)\n", what,
                  LARGE, (made - start) * 1e3, TERMINALS, (pointed - made) * 1e3, n_in, VILLAGES, (met - pointed) * 1e3, n_met);
    assert_true(met - start < 20);
    assert_true(n_in > 0 && n_met > 20 && n_met < VILLAGES);
    for (size_t v = 0; v < VILLAGES; v++)
        geometry_free(outlines[v]);
    geometry_free(shape);
}

static void test_cost(void **state)
{
    (void)state;
    random_state = 3;
    measure("a coast", COAST);
    measure("a saw", SAW);
    measure("a stripe", STRIPE);
}

/* ---- real ones, below $TOCSIN_SAMPLES ---- */

static bool slow_near_edge(const struct alert_polygon *polygon, struct alert_point p, double *angle)
{
    double least = 1e9;
    *angle = 0;
    for (size_t i = 0; i + 1 < polygon->n_points; i++) {
        double ax = polygon->points[i].longitude - p.longitude, ay = polygon->points[i].latitude - p.latitude;
        double bx = polygon->points[i + 1].longitude - p.longitude, by = polygon->points[i + 1].latitude - p.latitude;
        for (int step = 0; step <= 20; step++)
            least = fmin(least, hypot(ax + (bx - ax) * step / 20, ay + (by - ay) * step / 20));
        *angle += atan2(ax * by - ay * bx, ax * bx + ay * by);
    }
    return least < 1e-6;
}

static void check_polygon(const struct alert_polygon *polygon, unsigned *n_in, unsigned *n_out)
{
    struct error error = {0};
    struct geometry *shape = geometry_of_polygon(polygon, &error);
    if (!shape)
        fail_msg("it %s", error.message);
    assert_true(geometry_meets(shape, shape));
    for (size_t i = 0; i < polygon->n_points; i++) {
        assert_true(geometry_has(shape, polygon->points[i]));
        for (int k = 0; k < 20; k++) {
            double angle, spread = k % 2 ? 0.1 : 2;
            struct alert_point p = {polygon->points[i].latitude + (pick(2001) - 1000) * 1e-3 * spread,
                                    polygon->points[i].longitude + (pick(2001) - 1000) * 1e-3 * spread};
            if (slow_near_edge(polygon, p, &angle))
                continue;
            bool in = fabs(angle) > 1;
            ++*(in ? n_in : n_out);
            if (geometry_has(shape, p) != in)
                fail_msg("%g,%g is%s in", p.latitude, p.longitude, in ? "" : " not");
        }
    }
    geometry_free(shape);
}

static void check_circle(const struct alert_circle *circle)
{
    struct geometry *shape = geometry_of_circle(circle, NULL);
    assert_non_null(shape);
    assert_true(geometry_has(shape, circle->centre));
    geometry_free(shape);
}

static void test_real_shapes(void **state)
{
    (void)state;
    const char *folder = getenv("TOCSIN_SAMPLES");
    if (!folder) {
        print_message("%s is skipped: set TOCSIN_SAMPLES to the folder of samples\n", __func__);
        skip();
    }
    static const char *const NAMES[] = {
        "australia.cap", "canada.cap",  "canada_errors.cap", "canada_signed.cap",       "earthquake.cap",
        "iceland.cap",   "weather.cap", "macau_monsoon.xml", "oasis12_appendix_a2.xml", "oasis12_appendix_a3.xml"};
    unsigned n_in = 0, n_out = 0, n_polygons = 0, n_circles = 0;
    random_state = 4;
    for (size_t n = 0; n < sizeof NAMES / sizeof *NAMES; n++) {
        char path[512];
        snprintf(path, sizeof path, "%s/cap/%s", folder, NAMES[n]);
        struct alert_message *m = decoded_file(path);
        for (size_t i = 0; i < m->n_infos; i++) {
            for (size_t a = 0; a < m->infos[i].n_areas; a++) {
                const struct alert_area *area = &m->infos[i].areas[a];
                for (size_t k = 0; k < area->n_polygons; k++, n_polygons++)
                    check_polygon(&area->polygons[k], &n_in, &n_out);
                for (size_t k = 0; k < area->n_circles; k++, n_circles++)
                    check_circle(&area->circles[k]);
            }
        }
        alert_message_free(m);
    }
    print_message("real shapes: %u polygons, %u points in and %u out as they should be, %u circles\n", n_polygons, n_in, n_out,
                  n_circles);
    assert_true(n_polygons >= 14 && n_circles >= 3 && n_in > 100 && n_out > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_in_polygons),
        cmocka_unit_test(test_distances),
        cmocka_unit_test(test_points_in_circles),
        cmocka_unit_test(test_shapes_that_meet),
        cmocka_unit_test(test_degenerate_polygons),
        cmocka_unit_test(test_degenerate_circles),
        cmocka_unit_test(test_random_polygons),
        cmocka_unit_test(test_random_circles),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_real_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
