/* Hearing: loudness from the energy of each block of sound and the time at which it came. */
#include "hardware/village_unit.h"

#include <math.h>

double village_power(const int16_t *samples, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)samples[i] * samples[i];
    return n == 0 ? 0 : sum / ((double)n * 32768.0 * 32768.0);
}

double village_decibel(double power, double floor)
{
    double decibel = power > 0 ? 10 * log10(power) : floor;
    return decibel > floor ? decibel : floor;
}

double village_power_of(double decibel)
{
    return pow(10, decibel / 10);
}

void village_ear_add(struct village_ear *ear, double power, struct mono at)
{
    ear->blocks[ear->next % VILLAGE_EAR_BLOCKS].at = at;
    ear->blocks[ear->next % VILLAGE_EAR_BLOCKS].power = power;
    ear->next++;
}

double village_ear_mean(const struct village_ear *ear, int64_t window_ms, struct mono now)
{
    size_t have = ear->next < VILLAGE_EAR_BLOCKS ? ear->next : VILLAGE_EAR_BLOCKS;
    double sum = 0;
    for (size_t i = 0; i < have; i++) {
        int64_t age = mono_since(now, ear->blocks[i].at);
        if (age >= 0 && age < window_ms * 1000)
            sum += ear->blocks[i].power;
    }
    return sum / ((double)window_ms / VILLAGE_BLOCK_MS);
}
