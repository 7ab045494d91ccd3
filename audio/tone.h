/* Signal tones, computed from the frame's position alone, so that a tone can go on for as long as it is asked to. Pure.
 * None of them is or resembles an air-raid signal (those need a permit and are not here). */
#ifndef TOCSIN_AUDIO_TONE_H
#define TOCSIN_AUDIO_TONE_H

#include "audio/programme.h"
#include "codecs/base.h"

enum {
    TONE_FADE_MS = 20,    /* in and out: a step would click */
    TONE_CHIME_MS = 2000, /* three notes; the end tone is one chime */
    TONE_PEAK = 11626,    /* -9 dBFS: leaves room for the mixing of fades */
};

/* Writes n frames beginning at frame position since the tone's first. Fades in at position 0; end is the frame at which the
 * tone will have faded out, UINT64_MAX while it is not known. Each part is a sine, so nothing lies above 1.3 kHz but the edges
 * of the fades. */
void tone_render(enum tone_kind kind, uint32_t rate, uint64_t position, uint64_t end, int16_t *frames, size_t n);

#endif
