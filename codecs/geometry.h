/* Shapes on the globe: which points lie in a polygon or a circle, and which shapes meet.
 *
 * Points are WGS 84 degrees, latitude first. An edge of a polygon is straight in latitude and longitude (CAP 1.2 does not say;
 * RFC 7946, 3.1.1 does) and goes the shorter way round the globe, so a polygon may lie across the 180th meridian. What a ring
 * goes round is inside, however often (non-zero winding), since the rings of real feeds cross themselves in their fine ends.
 * Edges and circumferences belong to the shape, with 0.1 mm to spare. Distances are great circles on a sphere of the Earth's
 * mean radius (IUGG: 6371.0088 km), wrong by 0.6 % at most.
 *
 * Cost: making a polygon of n points takes time and memory (32 bytes a point) in proportion to n; bounding boxes of runs of its
 * edges are kept. After that a point takes about log n steps, a polygon of m points about m + log n. 30,000 points (450 kB of a
 * real feed) are made in 3 ms; 2,000 points take 1 ms, 3,000 villages of 60 points 5 ms (one core of a PC; tests/codecs/
 * test_geometry.c prints it). Long edges that all lie side by side can make that n for each: 0.3 s and 1 s. */
#ifndef TOCSIN_CODECS_GEOMETRY_H
#define TOCSIN_CODECS_GEOMETRY_H

#include "codecs/alert_message.h"

/* Wider than any weather; who means 2 km and writes metres is found out. */
enum { GEOMETRY_RADIUS_MAX_KM = 2000 };

/* A polygon or a circle, or several together, checked and ready to be asked. Immutable. */
struct geometry;

/* A new shape, which is the caller's to free and keeps nothing of its argument; NULL with an error that reads on from the
 * shape's name ("has fewer than 3 different points"). The ring of a polygon may be closed (last point equal to the first) or
 * not. ERROR_INVALID: coordinates off the globe or no numbers; fewer than three different points; no area, also where parts
 * that are gone round left and right cancel out; four corners out of order; a radius that is negative, no number or above the
 * bound. ERROR_UNSUPPORTED: round a pole or the globe; an edge of just 180 degrees of longitude, which has no shorter way. */
struct geometry *geometry_of_polygon(const struct alert_polygon *polygon, struct error *error);
struct geometry *geometry_of_circle(const struct alert_circle *circle, struct error *error);
void geometry_free(struct geometry *shape); /* NULL is allowed */

/* Both together, which belong to the first from now on. Either may be NULL. */
struct geometry *geometry_join(struct geometry *one, struct geometry *other);

/* True if the point, which must be on the globe, lies in the shape. */
bool geometry_has(const struct geometry *shape, struct alert_point point);

/* True if the two have a point in common. A circle and a polygon that are less than a metre apart may count as meeting. */
bool geometry_meets(const struct geometry *one, const struct geometry *other);

double geometry_distance_km(struct alert_point from, struct alert_point to);

#endif
