/* One channel: takes its alerts in order of precedence and runs each as a broadcast: arm, sound, verify, stop, report.
 * It decides and commands; times, storage and voices come through the ports that it was given. Not one call blocks. */
#ifndef TOCSIN_CONTROLLER_DISPATCHER_H
#define TOCSIN_CONTROLLER_DISPATCHER_H

#include "audio/playout.h"
#include "audio/voice.h"
#include "controller/alert.h"
#include "controller/broadcast.h"
#include "controller/delivery.h"

struct dispatcher;
struct speaker_clip;

/* Called when what was to be recorded is on disk (ok), or could not be put there. */
typedef void dispatcher_done_fn(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t number, bool ok);

struct dispatcher_ports {
    void *context;
    /* Reserves a token on disk, then calls done(dispatcher, 0, token, ok). */
    void (*reserve_token)(void *context, struct dispatcher *dispatcher, uint16_t token, dispatcher_done_fn *done);
    /* The alert's state or repetitions changed; done may be NULL, else it gets broadcast and number back. */
    void (*record_alert)(void *context, struct dispatcher *dispatcher, struct alert *alert, uint32_t broadcast, uint32_t number,
                         dispatcher_done_fn *done);
    void (*record_delivery)(void *context, const struct broadcast *broadcast, const struct delivery *delivery);
    void (*record_reading)(void *context, const struct broadcast *broadcast, const struct delivery *delivery,
                           const struct terminal_reading *reading, enum loudness_verdict verdict);
    /* All deliveries and the alert: it gives way, and goes on later in another broadcast. */
    void (*record_set_aside)(void *context, struct broadcast *broadcast);
    /* All deliveries and the end of the alert on this channel, as one. */
    void (*record_end)(void *context, struct broadcast *broadcast);
    void (*tell_programme)(void *context, const struct broadcast *broadcast, const struct playout_event *event);
    /* Something an officer must know: "no_audio", "store_slow", "not_spoken", ... */
    void (*alarm)(void *context, const struct alert *alert, const char *what, const char *detail);
    /* Speaks text on a worker thread and answers by dispatcher_spoken. index: of the language in the broadcast;
     * PROGRAMME_CLOSING more for the last sentence of a drill. */
    void (*speak)(void *context, struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index, const char *language,
                  const char *text);
    /* Plays a recording of the alert on a worker thread, or speaks its text, and answers likewise. */
    void (*play)(void *context, struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index,
                 const struct speaker_clip *clip);
    /* Reads a shipped recording on a worker thread and answers by dispatcher_spoken with index 0. */
    void (*recording)(void *context, struct dispatcher *dispatcher, uint32_t broadcast, enum recording which);
};

/* lines: per line of the configuration, NULL where it is not of this channel. last_token: of the session before a restart. */
struct dispatcher *dispatcher_create(const struct config *config, uint32_t channel, struct line *const *lines,
                                     struct playout *playout, uint16_t last_token, const struct dispatcher_ports *ports,
                                     struct moment now);
void dispatcher_free(struct dispatcher *dispatcher);

/* Queues an alert that has terminals on this channel; begins at once when the channel is free. */
bool dispatcher_submit(struct dispatcher *dispatcher, struct alert *alert, struct moment now);

/* Ends an alert here, waiting or sounding. True if it was here at all and its end will follow through record_end (sounding), or
 * has been taken out of the queue (*was_waiting). */
bool dispatcher_stop(struct dispatcher *dispatcher, const struct alert *alert, enum delivery_cause cause, bool *was_waiting,
                     struct moment now);

void dispatcher_take_line_event(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event,
                                struct moment now);
void dispatcher_take_playout_event(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now);
/* speech NULL: error says why this language cannot be spoken. */
void dispatcher_spoken(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index, const struct speech *speech,
                       const struct error *error, struct moment now);

/* Looks at what time alone decides; call every 100 ms or so. */
void dispatcher_tick(struct dispatcher *dispatcher, struct moment now);

/* The broadcast that runs now; NULL when the channel is free. */
const struct broadcast *dispatcher_current(const struct dispatcher *dispatcher);
bool dispatcher_output_lost(const struct dispatcher *dispatcher);

#endif
