/* The last step of every word that sounds: one rate, one loudness, below clipping. Used by voice and clip. */
#ifndef TOCSIN_AUDIO_SPEECH_H
#define TOCSIN_AUDIO_SPEECH_H

#include "audio/voice.h"
#include "codecs/base.h"

/* Resamples n mono frames (1.0 is full scale) from in_rate to out_rate and brings them to -16 LUFS (EBU R 128) with a true
 * peak of at most -1 dBTP; peaks that stand in the way are pressed down. ERROR_INVALID if there is no sound in them. */
bool speech_finish(const float *mono, size_t n, uint32_t in_rate, uint32_t out_rate, struct speech *speech,
                   struct error *error);

#endif
