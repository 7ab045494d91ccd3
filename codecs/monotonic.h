/* Reads the monotonic clock. For hardware/, audio/ and controller/ only: no codec includes this,
 * and pure modules take the time as an argument (make check-layers holds both to it). */
#ifndef TOCSIN_CODECS_MONOTONIC_H
#define TOCSIN_CODECS_MONOTONIC_H

#include "codecs/base.h"

#include <time.h>

static inline struct mono mono_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct mono){(int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000};
}

#endif
