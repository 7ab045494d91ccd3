/* Instants at which the torture (tests/torture) kills the daemon. They are there in its own build only, with
 * TOCSIN_FAULT_POINTS; everywhere else nothing is left of them. */
#ifndef TOCSIN_CODECS_FAULT_POINT_H
#define TOCSIN_CODECS_FAULT_POINT_H

#ifdef TOCSIN_FAULT_POINTS
/* kind: what is about to happen, or has just happened, such as "commit_before"; a text that lives for ever. Any thread. */
void fault_point(const char *kind);
#else
#define fault_point(kind) ((void)0)
#endif

#endif
