/* The desk: the one door for alerts. Decodes, judges, puts on disk, hands to the channels' dispatchers, and sees every alert to
 * its end. After a restart it takes up what was open. Everything happens on the main loop. */
#ifndef TOCSIN_CONTROLLER_DESK_H
#define TOCSIN_CONTROLLER_DESK_H

#include "controller/alert.h"
#include "controller/delivery.h"
#include "controller/intake.h"
#include "controller/site.h"
#include "controller/store.h"

struct desk;

/* Opens nothing itself: store and loop are the caller's and outlive it. Starts lines and playouts, and resumes open alerts. */
struct desk *desk_create(const struct config *config, struct store *store, struct uv_loop_s *loop, struct error *error);

struct desk_answer {
    unsigned status;            /* HTTP: 202 new, 200 the same again, 4xx refused, 507 not durable */
    const char *code, *message; /* of a refusal */
    json_t *alert;              /* new reference for the receiver; NULL on refusal */
};
typedef void desk_answer_fn(void *context, const struct desk_answer *answer);

/* Who sends, and the Idempotency-Key of this sending; NULL: none. keyed: what the key was given to, where the message is made
 * of it here; empty: the message itself. */
struct desk_sender {
    const char *user, *key;
    struct slice keyed;
};

/* Takes a message. answer is called exactly once, now or when it is durable. */
void desk_submit(struct desk *desk, const struct desk_sender *sender, enum media media, struct slice bytes,
                 desk_answer_fn *answer, void *context);

/* Refuses one in a form that is not taken, whose Content-Type names none of ours. answer is called at once. */
void desk_refuse_media(struct desk *desk, const struct desk_sender *sender, struct slice bytes, desk_answer_fn *answer,
                       void *context);

/* Tells the audit trail that a login asked for what it may not, about this alert or, with subject "", about none. */
void desk_denied(struct desk *desk, const char *login, const char *subject, const struct refusal *refusal);

/* Gives the all-clear (FORM_ALL_CLEAR) for an alert, or corrects it (FORM_CORRECTION), also where it has ended; answered as a
 * new alert is. asked: controller/follow_up.h. 404 unknown; 403 the sender acts for no source; 409 he may not. */
void desk_follow_up(struct desk *desk, const struct desk_sender *sender, const char *id, enum form_kind kind, json_t *asked,
                    desk_answer_fn *answer, void *context);

/* Ends an alert. answer as above: 200 with the alert, once it is on disk; 404 unknown; 409 it has ended already. officer: who
 * said so. */
void desk_stop(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
               void *context);

/* Goes on with an alert that waits for a clock that can be trusted, though there is none; answer as above, at once: after
 * another restart it waits again. officer: who said so. 409: it does not wait for that. */
void desk_resume(struct desk *desk, const char *id, const char *officer, desk_answer_fn *answer, void *context);

/* Lets an alert be in force until then, at most a day from now; answer as of stop. reason and officer are kept with it. */
void desk_extend(struct desk *desk, const char *id, struct wall until, const char *reason, const char *officer,
                 desk_answer_fn *answer, void *context);

/* A second person's word for an alert that waits for it, or the signature that is owed for one that could not wait; reason may
 * be
 * "". Answer as of stop; 403: that person sent it; 409: it waits for nobody. */
void desk_approve(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
                  void *context);

/* His refusal of one that waits: it ends as refused. Answer as of stop. */
void desk_reject(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
                 void *context);

/* Lets an alert go that waits for the end of the night; answer as of stop. 403: by its sender, from elsewhere. */
struct desk_officer {
    const char *user;
    bool local; /* at the box */
};
void desk_let_go(struct desk *desk, const char *id, const char *reason, const struct desk_officer *officer,
                 desk_answer_fn *answer, void *context);

/* The site's switch: whether commands over the network are taken; kept over restarts. The answer has the site as its alert. */
bool desk_takes_remote(const struct desk *desk);
void desk_set_remote(struct desk *desk, bool takes, const char *reason, const char *officer, desk_answer_fn *answer,
                     void *context);
json_t *desk_site_json(const struct desk *desk);
/* A command over the network was refused for that; what: who asked for what. */
void desk_tell_refused(struct desk *desk, const char *what);

/* The alert as it is now, if it has not ended, or its end is not on disk yet. New reference or NULL. */
json_t *desk_live_alert(const struct desk *desk, const char *id);
json_t *desk_live_alerts(const struct desk *desk);                     /* all of them, newest first */
json_t *desk_unstored_alerts(const struct desk *desk);                 /* those that the store does not have, newest first */
json_t *desk_live_deliveries(const struct desk *desk, const char *id); /* of such an alert, by terminal */
/* True while an alert is on its way in: it is not answered yet, and not to be shown. */
bool desk_accepts(const struct desk *desk, const char *id);

struct site *desk_site(const struct desk *desk);
json_t *desk_channels_json(const struct desk *desk); /* [{id, output, state}] */

/* In numbers. */
struct desk_tally {
    size_t alerts[ALERT_STATES];            /* that have not ended, by state */
    uint64_t ends[END_COUNT][REASON_COUNT]; /* deliveries that ended since the start */
};
void desk_count(const struct desk *desk, struct desk_tally *tally);
enum { DESK_WHY_SIZE = 400 };
/* False: why says what is worst. */
bool desk_healthy(const struct desk *desk, char why[DESK_WHY_SIZE]);

/* Silence now: every playout fades, every line is told to stop what is ours. Does not wait. NULL is allowed. */
void desk_silence(struct desk *desk);

/* Waits until what is ours is stopped on all lines, at most grace_ms, and ends everything. Call it when the store is closed.
 * Alerts stay open on disk and go on after the next start. NULL is allowed. */
void desk_destroy(struct desk *desk, uint32_t grace_ms);

#endif
