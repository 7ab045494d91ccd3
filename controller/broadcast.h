/* One run of an alert's programme on a channel: its deliveries, its lines, and the readings that wait to be judged against what
 * was really played. Pure; the dispatcher drives it. */
#ifndef TOCSIN_CONTROLLER_BROADCAST_H
#define TOCSIN_CONTROLLER_BROADCAST_H

#include "controller/alert.h"
#include "controller/delivery.h"

enum broadcast_phase {
    BROADCAST_ARMING,   /* targets are set, nothing sounds yet */
    BROADCAST_SOUNDING, /* the programme runs */
    BROADCAST_STOPPING, /* the terminals are being stopped */
};

/* One line of the channel in this broadcast. */
struct broadcast_line {
    uint32_t line;        /* index into the configuration */
    size_t n_meant;       /* deliveries on it that it is commanded for: without maintenance and those with no message */
    int32_t *delivery_of; /* per terminal of the line: index of its delivery, -1 without; owned */
    bool starts_sent, settled;
};

struct broadcast {
    uint32_t id;
    struct alert *alert;
    const struct config *config;
    uint32_t channel;
    uint16_t token;
    enum broadcast_phase phase;
    enum delivery_cause cause;
    struct moment began, stop_began;
    size_t n_deliveries;
    struct delivery *deliveries;
    size_t n_lines;
    struct broadcast_line *lines;
    size_t n_languages;
    struct alert_words *words[CONFIG_LANGUAGES_MAX]; /* of the alert */
    unsigned languages_open;                         /* bit per language whose voice has not answered yet */
    bool fallback;                                   /* the shipped recording is spoken instead */
    bool first_unspoken;                             /* the first language failed; its place is kept for the recording */
    unsigned closings_open;                          /* the same for a drill's last sentences */
    struct {
        int16_t *frames; /* owned */
        size_t n;
    } closings[CONFIG_LANGUAGES_MAX];
    double speech_mean;                                 /* dBFS, the quietest language */
    double loudest_words;                               /* dBFS, the loudest step in words that was really played */
    uint32_t first_repetition, repetition, repetitions; /* repetition: the one that sounds; 0 before the first */
    uint32_t due, recorded, allowed; /* the latest repetition that the card waits for; begun on disk; told to begin */
    struct mono record_asked;
    uint32_t asked;  /* the latest repetition whose beginning was given to the disk */
    uint32_t played; /* the latest that was played to its end */
    bool released, any_started, sound_over;
    bool cuts_off_drill;                     /* its words begin with that */
    uint32_t words_ms[CONFIG_LANGUAGES_MAX]; /* of each language that is spoken */
    uint32_t considered;                     /* the last repetition at whose end it was decided whether one more follows */
    uint32_t extended_ms;                    /* by which the programme was held open so far */
    bool words_played;                       /* a segment of words began, in whatever repetition */
    unsigned repetitions_added;              /* because no words had been ready */
    enum segment_kind segment;
    uint32_t segment_ms;          /* so long it has been playing */
    struct reading_list *pending; /* readings that the loudness line does not cover yet */
};

/* Makes deliveries for the alert's terminals on this channel, and chooses its words in the channel's order. */
struct broadcast *broadcast_create(const struct config *config, struct alert *alert, uint32_t channel, uint32_t id,
                                   uint16_t token, struct moment now);
void broadcast_free(struct broadcast *broadcast);

/* False where terminals play their stored messages: nothing of ours sounds, so no level of theirs can be judged. */
bool broadcast_has_output(const struct broadcast *broadcast);

/* The delivery of a line's terminal; NULL if it is not meant. line is the configuration's index. */
struct delivery *broadcast_delivery(struct broadcast *broadcast, uint32_t line, uint16_t terminal);
struct broadcast_line *broadcast_find_line(struct broadcast *broadcast, uint32_t line);

/* Takes over the terminals of a broadcast that gives way to this one in the same session. */
void broadcast_take_over(struct broadcast *broadcast, const struct broadcast *from);

/* What the line shall do: everybody meant, except those in maintenance and those without a stored message. */
void broadcast_target(const struct broadcast *broadcast, const struct broadcast_line *line, uint32_t session,
                      struct line_target *target);

/* The wall time of an instant, by one offset for the whole broadcast: what came first is never written as later. */
struct wall broadcast_wall(const struct broadcast *broadcast, struct mono at);

/* Keeps a reading with a level until the loudness line covers it. */
bool broadcast_keep_reading(struct broadcast *broadcast, uint32_t delivery, const struct terminal_reading *reading);

/* Judges every kept reading that can be judged now; told is called for each that is worth keeping. */
typedef void broadcast_told_fn(void *context, struct delivery *delivery, const struct terminal_reading *reading,
                               enum loudness_verdict verdict, enum level_worth worth);
void broadcast_judge(struct broadcast *broadcast, const struct loudness *line, struct moment now, broadcast_told_fn *told,
                     void *context);

/* The segment has been playing for so long now. True if the order of reading changes by that: a level is the mean of the time
 * before it, so somebody's can count from now on. */
bool broadcast_segment_lasts(struct broadcast *broadcast, uint32_t ms);

/* The order in which a line's terminals are read now: those first that still want what can be had in this segment. */
size_t broadcast_verify_order(const struct broadcast *broadcast, const struct broadcast_line *line,
                              uint16_t order[LINE_TERMINALS_MAX]);

/* True if each started terminal was sampled enough. */
bool broadcast_sampled(const struct broadcast *broadcast);

/* Counts the deliveries into {counts: {rung: n}, ends: {end or pending: n}}; *tally is made when it is NULL. */
void broadcast_tally(const struct broadcast *broadcast, json_t **tally);

/* Ends all deliveries. Where our own words were not really played, or nobody at all on a channel of several heard them, no
 * terminal is blamed (no_audio). */
void broadcast_finish(struct broadcast *broadcast, struct moment now);

#endif
