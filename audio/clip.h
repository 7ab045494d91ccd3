/* Decoding of recordings by libsndfile, in the process that calls. */
#ifndef TOCSIN_AUDIO_CLIP_H
#define TOCSIN_AUDIO_CLIP_H

#include "codecs/base.h"

struct clip {
    int16_t *frames; /* mono, as loud as 16 bits allow; owned */
    size_t n;
    uint32_t rate;
    bool cut; /* there was more than max_s seconds of it; it ends in a fade */
};

/* Decodes what lies on fd (a file; not closed), of which nothing is believed: it may be anything and may promise any length. A
 * decoder may crash or hang of it, so only a process with limits does this. Errors say what is wrong: no recording, empty,
 * silent, too short to have words in it, not as long as its head says. The caller frees frames. */
bool clip_decode(int fd, uint32_t max_s, struct clip *clip, struct error *error);

#endif
