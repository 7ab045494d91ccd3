/* The dispatcher's inside, shared by dispatcher*.c only: its state, and the steps that both rooms take. */
#ifndef TOCSIN_CONTROLLER_DISPATCHER_INTERN_H
#define TOCSIN_CONTROLLER_DISPATCHER_INTERN_H

#include "controller/dispatcher.h"
#include "controller/flap.h"
#include "controller/queue.h"

/* What is known of a line, also between broadcasts. */
struct line_state {
    bool up, seen;  /* seen: swept once, or said to be down */
    bool commanded; /* its target names somebody */
    struct mono down_since;
};

/* A terminal that was started for an alert that has given way, and is not meant by the one that sounds. */
struct leaving {
    uint32_t line;
    uint16_t terminal; /* index on the line */
};

struct dispatcher {
    const struct config *config;
    uint32_t channel;
    struct line *const *lines;
    struct playout *playout;
    struct dispatcher_ports ports;
    struct queue *queue;
    struct loudness *loudness;
    struct broadcast *current;
    struct leaving *leaving; /* whose stop is not answered yet; owned */
    size_t n_leaving;
    struct mono left_at;
    struct line_state *line_states;
    struct mono created;
    uint32_t last_broadcast;
    uint32_t session;
    uint16_t token; /* reserved for the next session */
    bool token_ready;
    struct mono token_asked, token_tried; /* first, and last */
    bool output_lost;
    struct flap output_flap;
    char output_words[256]; /* as the card said last */
};

/* A disk that stalls longer does not hold back an actual alert. */
enum { DISPATCHER_STORE_PATIENCE_MS = 2000 };

/* Asks the store for the token of the next session; again, where that has failed. */
void dispatcher_reserve_token(struct dispatcher *dispatcher, struct moment now);
void dispatcher_ask_token_again(struct dispatcher *dispatcher, struct moment now);

/* Begins the first alert of the queue, if the channel is free and all is ready for it. */
void dispatcher_begin_next(struct dispatcher *dispatcher, struct moment now);

/* Begins an alert of the queue now: in a new session, or in that of a broadcast that gives way to it (NULL: none). False
 * without memory. */
bool dispatcher_begin(struct dispatcher *dispatcher, struct alert *alert, struct broadcast *from, struct moment now);

/* Where the first of the queue may go before the alert that sounds, it does. */
void dispatcher_give_way(struct dispatcher *dispatcher, struct moment now);
/* True if the next repetition of the current broadcast is not its own turn. */
bool dispatcher_gives_turn(const struct dispatcher *dispatcher);
/* Those who have to leave: a line's event about one of them; whether the words need not wait for them (any more). */
void dispatcher_note_leaving(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event);
bool dispatcher_leaving_over(struct dispatcher *dispatcher, struct moment now);

/* The current broadcast is over, its deliveries have ended. */
void dispatcher_alarm_ends(struct dispatcher *dispatcher, const struct broadcast *broadcast);

/* Tells the lines of the current broadcast who shall sound there; empty: nobody. */
void dispatcher_set_targets(struct dispatcher *dispatcher, bool empty);

/* Tells of the card what was not told yet. */
void dispatcher_tell_output(struct dispatcher *dispatcher, struct mono now);

/* True if the alert may not begin another repetition. */
bool dispatcher_expired(const struct alert *alert, struct moment now);

/* Tells every line in which order to read; nothing while stopping. */
void dispatcher_verify_line(struct dispatcher *dispatcher, const struct broadcast_line *line);
void dispatcher_verify(struct dispatcher *dispatcher);

/* Of the current broadcast. done (may be NULL) gets the repetition back as its number. */
void dispatcher_record_alert(struct dispatcher *dispatcher, uint32_t repetition, dispatcher_done_fn *done);
void dispatcher_record_delivery(struct dispatcher *dispatcher, const struct delivery *delivery);

/* The done of a repetition's beginning: it may sound. */
void dispatcher_alert_recorded(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t repetition, bool ok);

/* Ends the current broadcast before its time: silence first. */
void dispatcher_end_sound(struct dispatcher *dispatcher, enum delivery_cause cause, struct moment now);

/* Asks for all words of the current broadcast at once; the tone sounds meanwhile. */
void dispatcher_ask_words(struct dispatcher *dispatcher);

/* Stops the terminals of the current broadcast. */
void dispatcher_begin_stopping(struct dispatcher *dispatcher, struct moment now);

/* Takes every step that has become possible. May end the current broadcast and begin the next. */
void dispatcher_advance(struct dispatcher *dispatcher, struct moment now);

#endif
