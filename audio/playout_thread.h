/* Inside a playout: what its callers and its thread share, and the thread itself. */
#ifndef TOCSIN_AUDIO_PLAYOUT_THREAD_H
#define TOCSIN_AUDIO_PLAYOUT_THREAD_H

#include "audio/playout.h"
#include "audio/programme_reader.h"

#include <pthread.h>

enum { PLAYOUT_SLOTS = 4 };

/* A programme with what it has been told. The words are the slot's. */
struct playout_slot {
    struct programme *programme;
    uint32_t broadcast;
    struct programme_orders orders;
};

struct playout {
    struct playout_settings settings;
    playout_event_fn *event;
    void *context;
    pthread_t thread;
    int wake; /* eventfd: something was ordered */

    pthread_mutex_t lock; /* over what follows; held only to copy */
    bool quit;
    size_t n_slots; /* the first one is played, the last one is wanted */
    struct playout_slot slots[PLAYOUT_SLOTS];
};

void playout_slot_free(struct playout_slot *slot);

void *playout_thread(void *playout);

#endif
