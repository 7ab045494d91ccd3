/* Loudness by EBU R 128. Alone in its file because libebur128's header takes the name "error" for itself. */
#ifndef TOCSIN_AUDIO_LUFS_H
#define TOCSIN_AUDIO_LUFS_H

#include <stdbool.h>
#include <stddef.h>

/* Integrated loudness (LUFS; minus infinity if shorter than 400 ms or below -70) and true peak (1.0 is full scale) of n mono
 * frames. False without memory. */
bool lufs_measure(const float *mono, size_t n, unsigned rate, double *lufs, double *peak);

#endif
