/* Attention, wail, hi-lo, chime and all-clear as closed forms of time. */
#include "audio/tone.h"

#include <math.h>

#define PI 3.14159265358979323846

/* Half a cosine from 0 to 1 while x goes from 0 to 1. */
static double ease(double x)
{
    return x <= 0 ? 0 : x >= 1 ? 1 : 0.5 - 0.5 * cos(PI * x);
}

/* Two notes in turn, each lasting hold seconds and swelling and fading within 15 ms, so that none begins or ends with a step.
 */
static double two_notes(double t, double first, double second, double hold)
{
    double turn = floor(t / hold), within = t - turn * hold, edge = 0.015;
    double envelope = ease(within / edge) * ease((hold - within) / edge);
    return envelope * sin(2 * PI * (fmod(turn, 2) < 1 ? first : second) * within);
}

/* 500 to 1200 Hz and back every 4 s; the phase is the integral of the frequency. */
static double wail(double t)
{
    const double middle = 850, swing = 350, every = 4;
    return sin(2 * PI * middle * t - swing * every * sin(2 * PI * t / every));
}

/* Three falling notes that ring out, then again. */
static double chime(double t)
{
    static const double note[] = {783.99, 659.26, 523.25}; /* G5, E5, C5 */
    double within = fmod(t, TONE_CHIME_MS / 1000.0), sum = 0;
    for (int i = 0; i < 3; i++) {
        double since = within - 0.45 * i;
        double left = TONE_CHIME_MS / 1000.0 - within;
        if (since > 0)
            sum += ease(since / 0.008) * exp(-4 * since) * ease(left / 0.1) * sin(2 * PI * note[i] * since);
    }
    return sum * 0.85; /* the notes overlap: their sum stays within 1 */
}

/* A long low note and a longer one a fourth above it, both swelling softly: nobody takes it for an alarm. */
static double all_clear(double t)
{
    const double first = 1.2, both = 2.8, every = 3; /* seconds */
    double within = fmod(t, every);
    double since = within < first ? within : within - first, left = (within < first ? first : both) - within;
    return ease(since / 0.1) * ease(left / 0.3) * sin(2 * PI * (within < first ? 392.00 : 523.25) * since); /* G4, C5 */
}

static double wave(enum tone_kind kind, double t)
{
    switch (kind) {
    case TONE_WAIL: return wail(t);
    case TONE_HI_LO: return two_notes(t, 970, 800, 0.5);
    case TONE_CHIME: return chime(t);
    case TONE_ALL_CLEAR: return all_clear(t);
    case TONE_ATTENTION:
    case TONE_COUNT: break;
    }
    return two_notes(t, 1000, 750, 0.25);
}

void tone_render(enum tone_kind kind, uint32_t rate, uint64_t position, uint64_t end, int16_t *frames, size_t n)
{
    double fade = (double)rate * TONE_FADE_MS / 1000;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = position + i;
        double envelope = ease((double)at / fade) * (at < end ? ease((double)(end - at) / fade) : 0);
        frames[i] = (int16_t)lrint(TONE_PEAK * envelope * wave(kind, (double)at / rate));
    }
}
