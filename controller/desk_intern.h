/* The desk's inside, shared by desk*.c only: its state, and how alerts get in, get on and get out. */
#ifndef TOCSIN_CONTROLLER_DESK_INTERN_H
#define TOCSIN_CONTROLLER_DESK_INTERN_H

#include "controller/clock.h"
#include "controller/desk.h"
#include "controller/dispatcher.h"
#include "controller/fetcher.h"
#include "controller/flap.h"
#include "controller/gate.h"
#include "controller/idempotency.h"
#include "controller/journal.h"
#include "controller/learnt.h"
#include "controller/refusals.h"
#include "controller/site_alarm.h"
#include "controller/speaker.h"

#include <uv.h>

/* What is to be told of a line's port. */
struct line_notice {
    struct flap flap;
    bool down;
    char words[256]; /* as LINE_UP or LINE_DOWN said */
};

/* An alert whose second person's signature is owed. */
struct desk_owed {
    char id[ALERT_ID_SIZE];
    uint32_t every_s;
    struct mono asked; /* {0}: not yet */
};

/* The site's switch. */
struct desk_remote {
    struct wall refused_since; /* {0}: commands over the network are taken */
    struct alert_word word;    /* whose, in this life */
    char what[300];            /* was refused last */
    struct mono told;
};

struct desk {
    const struct config *config;
    struct store *store;
    struct journal journal;
    bool ending; /* nothing new begins; what is open goes on after the next start */
    uv_timer_t tick;
    struct site *site;
    struct line_notice *line_notices; /* per line */
    struct site_alarms *alarms;
    struct speaker *speaker;
    struct fetcher *fetcher; /* NULL where no source has recordings elsewhere */
    struct idempotency *keys;
    struct dispatcher **dispatchers; /* per channel */
    struct alert **alerts;           /* that have not ended, and those whose end is not on disk */
    size_t n_alerts, room;
    bool probing;                 /* a change is under way that only shows whether the disk works again */
    struct mono tried;            /* when what is not on disk was last tried again */
    struct mono tidied;           /* when old rows were last looked for */
    struct submission *submitted; /* the message that is being taken in, until it is decoded; else NULL */
    struct refusals refusals;
    struct mono head_told; /* when the audit trail's head was last logged */
    struct learnt *learnt; /* per terminal */
    struct mono learnt_looked;
    uint64_t ends[END_COUNT][REASON_COUNT]; /* deliveries that ended in this life */
    uint16_t next_number;
    struct desk_sent *sent; /* per source: how much of late (desk_gate.c) */
    struct desk_owed *signatures;
    size_t n_signatures;
    struct desk_remote remote;
};

/* The list of alerts (desk_life.c). drop frees the alert. */
bool desk_keep(struct desk *desk, struct alert *alert);
void desk_drop(struct desk *desk, struct alert *alert);
struct alert *desk_find(const struct desk *desk, const char *id); /* not those on their way in */

/* It has ended: it goes as soon as all of it is on disk. May free it. */
void desk_release(struct desk *desk, struct alert *alert);

/* For the journal: the disk has answered a change of an alert. */
void desk_settled(void *context, const char *id, const struct error *error);

/* Tries the disk again, at times, after it refused something: until then what it lacks is kept here. */
void desk_try_again(struct desk *desk, struct moment now);

/* Nothing sounds or is about to. */
bool desk_is_quiet(const struct desk *desk);

/* desk_learnt.c: the terminals' learnt answer times. Load before the site is made; keep writes what is due while it is quiet,
 * at_end all that differs. */
bool desk_load_learnt(struct desk *desk, struct error *error);
void desk_keep_learnt(struct desk *desk, struct mono now);
void desk_keep_learnt_at_end(struct desk *desk, struct mono now);

/* Old rows go, a few every 10 s, while nothing sounds or is about to, the disk is well and the clock can be trusted. */
void desk_tidy(struct desk *desk, struct moment now);

/* desk_trail.c: what the audit trail is told. Its first and last entries of this life; its head, logged at the start and once a
 * day; refusals that were not told one by one. */
void desk_begin_trail(struct desk *desk);
void desk_end_trail(struct desk *desk);
void desk_tell_head(struct desk *desk, struct mono now);
void desk_sum_refusals(struct desk *desk, struct mono now, bool at_end);
/* A message comes in: answer and context are put in place of the caller's, to see whether it is refused. And what it says of
 * itself, once it is decoded. */
void desk_watch(struct desk *desk, const char *user, struct slice bytes, desk_answer_fn **answer, void **context);
void desk_watch_message(struct desk *desk, const struct alert_message *message);
/* Who stands for what this alert does: the login that sent it; its sender where that is not known any more. */
const char *desk_actor(const struct alert *alert);
struct decision desk_accepted(const struct alert *alert, const struct config *config);
struct decision desk_ended(const struct alert *alert);

/* Looks at what time alone decides; every 100 ms. */
void desk_tick(struct desk *desk, struct moment now);

/* Why a drill is refused whose row comes to the disk all the same. */
#define DESK_NOT_IN_TIME "not on disk in time; it was refused and never sounds"

void desk_refuse(desk_answer_fn *answer, void *context, unsigned status, const char *code, const char *message);
void desk_refuse_late(desk_answer_fn *answer, void *context); /* as not in time */

/* An id that no alert has. */
void desk_new_id(struct desk *desk, struct wall received, char id[ALERT_ID_SIZE]);

/* How the terminals of an alert are now (desk_show.c). New reference; NULL without memory. */
json_t *desk_expect(const struct desk *desk, const struct alert *alert);

/* Puts a judged alert, with its bytes, on disk and lets it in under this id; takes it over. */
void desk_take_in(struct desk *desk, struct alert *alert, const char *id, desk_answer_fn *answer, void *context);

/* An alert that the disk has kept waiting for too long: what is actual is let in, the rest refused. May free it. */
void desk_accept_late(struct desk *desk, struct alert *alert, struct mono now);

/* desk_clock.c: a stored alert waits until the clock is trusted or an officer resumes it; the clock is trusted, and judges. */
void desk_await_clock(struct desk *desk, struct alert *alert);
void desk_clock_found(struct alert *alert);

/* desk_return.c: whether its programme returns; its programme was played; the same read back after a restart; it returns. */
bool desk_is_in_force(const struct desk *desk, const struct alert *alert, struct moment now);
void desk_await_return(struct desk *desk, struct alert *alert, struct moment now);
void desk_await_return_again(struct desk *desk, struct alert *alert, const json_t *detail, struct moment now);
void desk_return(struct desk *desk, struct alert *alert, struct moment now);
/* Asks an officer once, in time before it lapses; and what one has answered, read back. */
void desk_ask_before_lapse(struct desk *desk, struct alert *alert, struct moment now);
void desk_extend_again(struct alert *alert, const json_t *detail);

/* desk_gate.c. Whether its source may send it; it is counted. */
bool desk_create_sent(struct desk *desk, struct error *error);
void desk_free_sent(struct desk *desk);
bool desk_gate_admits(struct desk *desk, struct alert *alert, struct refusal *refusal);
/* It begins: an Update of it that waits may not be able to wait any more. */
void desk_gate_begun(struct desk *desk, const struct alert *alert);
/* What keeps it now; the end of a night that its programme must not return in. */
struct gate_hold desk_gate_judge(const struct desk *desk, const struct alert *alert, struct wall now);
struct wall desk_night(const struct desk *desk, const struct alert *alert, struct wall now);
/* Puts that into the alert, with the reason, and tells nobody yet. */
void desk_gate_look(struct desk *desk, struct alert *alert, struct wall now);
/* The same for one that waits: what changed is written down, and who is to decide is asked, again and again. */
bool desk_is_held(struct desk *desk, struct alert *alert, struct moment now);
void desk_say_held(const struct desk *desk, struct alert *alert); /* its reason anew */
bool desk_begins_later(const struct alert *alert); /* its time had not come when it was taken in, or its gates hold it */
/* What was said of it before a restart. */
void desk_gate_again(struct desk *desk, struct alert *alert, const json_t *detail);
void desk_say(struct alert_word *word, const char *by, const char *reason, struct wall now);
/* True: it was refused, since who sent it cannot be its second person. */
bool desk_is_sender(struct desk *desk, const char *id, const char *sent_by, const char *officer, desk_answer_fn *answer,
                    void *context);

/* desk_signature.c. Load before the alerts are resumed; owe: from now on it is asked for. */
bool desk_load_owed(struct desk *desk, struct error *error);
void desk_owe(struct desk *desk, const struct alert *alert);
void desk_forget_owed(struct desk *desk, const char *id);
void desk_chase_signatures(struct desk *desk, struct mono now);
/* Signs an alert that is on disk only. False: it owes none, and nothing is answered. */
bool desk_sign_stored(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
                      void *context);

void desk_load_remote(struct desk *desk); /* desk_remote.c */

/* Answers with the alert that the sender's key has already, if it was given to the same (desk_door.c). */
bool desk_answer_again(struct desk *desk, const struct desk_sender *sender, desk_answer_fn *answer, void *context);

/* Answers 200 with the alert as it is now, once that and the decision are on disk (desk_door.c). */
void desk_answer_durable(struct desk *desk, struct alert *alert, const struct decision *decision, desk_answer_fn *answer,
                         void *context);

/* desk_references.c. Ends what a Cancel or an Update names; and ends an alert on its way in that an earlier one names. */
/* False: it says that the danger of an alert is past that goes on, and its sender may not end that. */
bool desk_may_clear(const struct desk *desk, const struct alert *alert, struct refusal *refusal);
void desk_act_on_references(struct desk *desk, const struct alert *alert);
void desk_look_for_referring(const struct desk *desk, struct alert *alert);

/* Begins to fetch its recordings that did not come with the message, and again those that did not come the last time. */
void desk_fetch(struct desk *desk, struct alert *alert);

/* Hands an alert to the channels of its terminals. An Update ends now what it names, where that is not over yet. */
void desk_dispatch(struct desk *desk, struct alert *alert);

/* Ends an alert on every channel; where it sounds, its end follows when the terminals are stopped. */
void desk_end(struct desk *desk, struct alert *alert, enum delivery_cause cause);

/* The same, but the alert still lives, shown as ended, until the caller's desk_channel_done. */
void desk_end_held(struct desk *desk, struct alert *alert, enum delivery_cause cause);

/* A delivery has its end: written down and counted. */
void desk_record_end(struct desk *desk, const struct broadcast *broadcast, const struct delivery *delivery);

/* One channel is through with the alert; the last one ends it. May free it. */
void desk_channel_done(struct desk *desk, struct alert *alert, enum delivery_cause cause);

/* Ports (desk_ports.c). tell_line: what its notice has not told yet. */
void desk_tell_line(struct desk *desk, uint32_t line, struct mono now);
struct dispatcher_ports desk_dispatcher_ports(struct desk *desk);
struct site_ports desk_site_ports(struct desk *desk);
void desk_on_spoken(void *context, void *of, uint32_t broadcast, uint32_t index, const struct speech *speech,
                    const struct error *error);
void desk_on_site_alarm(void *context, bool over, const char *what, const char *detail);

#endif
