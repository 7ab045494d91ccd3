/* Numbers as text: Prometheus' text exposition format 0.0.4. Pure; bounded only by memory. */
#ifndef TOCSIN_CONTROLLER_METRICS_H
#define TOCSIN_CONTROLLER_METRICS_H

#include "codecs/base.h"

#define METRICS_MEDIA_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics { /* begins as zero */
    char *text;  /* no NUL behind it */
    size_t used, room;
    bool lost;        /* there was no memory for all of it: it is not to be shown */
    const char *name; /* of the family; outlives its samples */
};

struct metrics_label {
    const char *name, *value;
};

/* Begins a family; all its samples follow before the next one. type: counter or gauge. */
void metrics_family(struct metrics *metrics, const char *name, const char *type, const char *help);

/* One sample with n labels; a value that is no finite number is left out, for it would spoil every sum. */
void metrics_sample(struct metrics *metrics, const struct metrics_label labels[], size_t n, double value);

void metrics_free(struct metrics *metrics);

#endif
