/* Where the sound of the pacing card goes: a FIFO, a recording, a real card. None of them ever holds up the caller for longer
 * than a write to a file takes; who does not keep up misses what he was too slow for. For the playing thread alone. */
#ifndef TOCSIN_AUDIO_PACING_OUT_H
#define TOCSIN_AUDIO_PACING_OUT_H

#include "codecs/base.h"

#include <pthread.h>

enum {
    PACING_RATE = 48000,
    PACING_CHUNK = PACING_RATE / 50, /* 20 ms: most frames that are put at once */
};

struct pacing_out {
    char *fifo_path, *wav_path, *slave_name; /* set by the caller, owned here; NULL: without it */
    int fifo, wav, to_slave, from_slave;
    struct mono fifo_tried;
    uint64_t wav_frames, wav_told;
    bool has_slave;
    pthread_t slave;
};

void pacing_out_init(struct pacing_out *out);

/* Opens what there is a path for; only a FIFO that cannot be made is an error (-errno). The thread that it starts takes the
 * signals that the caller takes. */
int pacing_out_open(struct pacing_out *out);

void pacing_out_put(struct pacing_out *out, const int16_t *frames, size_t n);

/* Also without open. The recording is whole then. */
void pacing_out_close(struct pacing_out *out);

#endif
