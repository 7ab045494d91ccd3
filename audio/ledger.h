/* What was written to a card and is still to be reported: entries wait until the frame that they stand for has been played. */
#ifndef TOCSIN_AUDIO_LEDGER_H
#define TOCSIN_AUDIO_LEDGER_H

#include "audio/playout.h"
#include "codecs/base.h"

enum { LEDGER_ENTRIES = 64, LEDGER_PER_STEP = 4 /* due, phase, step, ended */ };

struct ledger_entry {
    uint64_t frame; /* reported when all frames before this one were played */
    uint64_t at;    /* frame whose time is reported */
    enum playout_event_kind kind;
    enum segment_kind segment;
    uint32_t repetition, language;
    double level;
};

struct ledger {
    struct ledger_entry entries[LEDGER_ENTRIES];
    size_t first, n;
};

/* True if another step and its marks can be taken. */
bool ledger_has_room(const struct ledger *ledger);
void ledger_add(struct ledger *ledger, const struct ledger_entry *entry);

/* The oldest entry if it is due. NULL otherwise. */
const struct ledger_entry *ledger_take(struct ledger *ledger, uint64_t played);

/* The card is gone with what was queued: none of it sounded. */
void ledger_silence(struct ledger *ledger);

#endif
