/* Chance in the simulated township: a stream of its own for each unit and each line, so that one more request to a neighbour
 * changes nothing here, and the same seed with the same frames decides the same. */
#ifndef TOCSIN_HARDWARE_VILLAGE_CHANCE_H
#define TOCSIN_HARDWARE_VILLAGE_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* The next of the stream, all 64 bits (SplitMix64). Any start is as good as another. */
static inline uint64_t village_chance(uint64_t *stream)
{
    uint64_t z = *stream += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* [0, 1) */
static inline double village_chance_share(uint64_t *stream)
{
    return (double)(village_chance(stream) >> 11) / 9007199254740992.0; /* 2^53 */
}

/* 0 to n - 1 */
static inline uint32_t village_chance_below(uint64_t *stream, uint32_t n)
{
    return (uint32_t)(village_chance_share(stream) * n);
}

static inline bool village_chance_strikes(uint64_t *stream, uint32_t percent)
{
    return village_chance_share(stream) * 100 < percent;
}

#endif
