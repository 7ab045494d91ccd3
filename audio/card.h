/* What a programme is played on: an ALSA card, or, while there is none, time alone. Frames are counted from the beginning
 * through all losses and underruns, so that whoever plays on it keeps one time line. Used by one thread; never waits. */
#ifndef TOCSIN_AUDIO_CARD_H
#define TOCSIN_AUDIO_CARD_H

#include "audio/playout.h"
#include "codecs/base.h"

enum card_state {
    CARD_WELL,
    CARD_UNDERRUN, /* it ran dry; all that was written has been played; it goes on with the next write */
    CARD_LOST,     /* it is gone; time goes on without it */
};

struct card {
    const struct playout_settings *settings;
    void *pcm;            /* snd_pcm_t; NULL: time alone */
    bool running;         /* since the first write after card_rest */
    uint64_t written;     /* frames */
    uint64_t played;      /* of them, by the last update */
    size_t avail;         /* frames that the card itself has room for */
    uint64_t anchor;      /* a frame */
    struct mono anchored; /* and the time at which it left the card */
};

void card_init(struct card *card, const struct playout_settings *settings);

/* Tries once to open the ALSA card. */
bool card_open(struct card *card, struct error *error);
void card_close(struct card *card); /* silent at once */

/* Measures what has been played by now. Error is set with CARD_LOST. */
enum card_state card_update(struct card *card, struct error *error);

/* Frames that may be written now, so that no more than queue_ms are ahead of the card. */
size_t card_room(const struct card *card);

/* Writes n <= card_room frames. If it is not CARD_WELL, nothing was written and it can be tried again at once. */
enum card_state card_write(struct card *card, const int16_t *frames, size_t n, struct error *error);

/* When frame left the card, or will. */
struct mono card_time_of(const struct card *card, uint64_t frame);

/* Ends the stream; what is still queued is thrown away. The next write begins at once. */
enum card_state card_rest(struct card *card, struct error *error);

#endif
