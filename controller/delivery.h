/* One alert at one terminal: climbs the ladder of evidence and ends with a reason. Pure: what happened and when are arguments.
 * The best rung is kept for ever; trouble is what stands now, and a later good reading takes it away. */
#ifndef TOCSIN_CONTROLLER_DELIVERY_H
#define TOCSIN_CONTROLLER_DELIVERY_H

#include "audio/loudness.h"
#include "codecs/base.h"
#include "hardware/line.h"

/* What was seen, never what was hoped. */
enum rung { RUNG_NONE, RUNG_SENT, RUNG_ACKNOWLEDGED, RUNG_ARMED, RUNG_SOUNDING, RUNG_HEARD, RUNG_COUNT };

enum delivery_end {
    END_NONE,
    END_HEARD,
    END_SOUNDED, /* no_level or not_sampled */
    END_FAILED,
    END_CANCELLED,
    END_EXPIRED,
    END_SUPERSEDED,
    END_EXCLUDED, /* maintenance */
    END_COUNT
};

enum delivery_reason {
    REASON_NONE,
    REASON_NO_LEVEL,
    REASON_NOT_SAMPLED,
    REASON_NO_REPLY,
    REASON_EXCEPTION, /* with its name */
    REASON_NOT_ARMED,
    REASON_NOT_SOUNDING,
    REASON_SILENT,
    REASON_STOPPED_EARLY,
    REASON_REBOOTED,
    REASON_BUSY_OTHER,
    REASON_LINE_DOWN,
    REASON_NO_AUDIO,
    REASON_NO_MESSAGE,
    REASON_NOT_STOPPED,
    REASON_CONTROLLER_LOST,
    REASON_MAINTENANCE,
    REASON_COUNT
};

const char *rung_name(enum rung rung);
const char *delivery_end_name(enum delivery_end end); /* "" for END_NONE */
const char *delivery_reason_name(enum delivery_reason reason);

/* What it takes to be heard at this terminal. */
struct delivery_terms {
    enum level_kind level_kind; /* LEVEL_NONE: the highest rung is sounding */
    double heard_level;         /* dB, least */
    double rise;                /* dB over the terminal's own baseline, least */
    unsigned readings_needed;   /* 1 for output, 2 for a microphone */
    bool has_token;
};

/* A moment that can be told to people and compared on the wire. */
struct moment {
    struct mono mono;
    struct wall wall; /* {0} until it happened */
};

struct delivery {
    uint32_t terminal; /* index into the configuration */
    uint32_t people;   /* for whom it stands (coverage.h); 0: not known */
    struct delivery_terms terms;
    enum rung rung;                    /* best so far */
    struct moment reached[RUNG_COUNT]; /* when each rung was first seen */
    struct moment started, stopped, ended;
    bool is_started;                 /* now: a start is out and no stop */
    bool starting;                   /* this session sent a start at least once */
    enum delivery_reason trouble;    /* what stands now; REASON_NONE when all is well */
    uint16_t troubles[REASON_COUNT]; /* how often each came, also where it went again */
    struct moment read;              /* last reading of it, whatever it said */
    uint8_t exception;
    enum delivery_end end; /* END_NONE while under way; failed(line_down) may be taken back while the broadcast lasts */
    enum delivery_reason reason;
    bool final;
    bool has_baseline;
    double baseline;  /* dB, the highest of its readings in our silences */
    unsigned counted; /* level readings that count */
    unsigned above;   /* of those, at or over what is needed */
    bool has_level;
    double level; /* dB, the highest counted */
};

/* Why a broadcast is over, for those deliveries that did not come to their own end. */
enum delivery_cause { CAUSE_FINISHED, CAUSE_STOPPED, CAUSE_CANCELLED, CAUSE_EXPIRED, CAUSE_SUPERSEDED, CAUSE_CLEARED };

void delivery_init(struct delivery *delivery, uint32_t terminal, const struct delivery_terms *terms);

/* Takes over a terminal from the alert that gives way in the same session: it is started already, or in trouble, and nobody
 * will tell that again. */
void delivery_take_over(struct delivery *delivery, const struct delivery *from);

/* The highest rung that this terminal can show. */
enum rung delivery_highest(const struct delivery *delivery);

/* Takes an event of its line that concerns this terminal, at wall time now. Returns true if anything worth telling changed. */
bool delivery_take_event(struct delivery *delivery, const struct line_event *event, struct wall now);

/* What a judged level is good for. */
enum level_worth {
    LEVEL_WORTHLESS,
    LEVEL_COUNTED, /* one more of many like it: nothing is written */
    LEVEL_PROOF,   /* the reading is to be kept */
    LEVEL_NEWS,    /* and the delivery has changed by it: its baseline, or the readings that were loud enough, until they are
                      enough */
};

/* Takes the level of a reading once the loudness line can judge it: verdict and mean are of [requested - level_window,
 * received], words_began of the words it lies in, speech_mean of the programme (dBFS). */
enum level_worth delivery_take_level(struct delivery *delivery, const struct terminal_reading *reading,
                                     enum loudness_verdict verdict, double mean, double speech_mean, struct mono words_began,
                                     struct moment now);

/* The line is gone (longer than the grace), or back. */
bool delivery_line_down(struct delivery *delivery, struct moment now);
bool delivery_line_up(struct delivery *delivery);

/* True if no further reading could change how it ends (or none can be had). */
bool delivery_sampled(const struct delivery *delivery);

/* True if it wants a baseline, or a counting reading: the order of verification. */
bool delivery_wants_baseline(const struct delivery *delivery);
bool delivery_wants_level(const struct delivery *delivery);

/* Ends it for good. audio_ok: the card really played our words. */
void delivery_finish(struct delivery *delivery, enum delivery_cause cause, bool audio_ok, struct moment now);

#endif
