/* The store: one thread with the only SQLite handle that writes (WAL, synchronous=FULL), and one that answers questions, which
 * no stalled commit holds back. Requests go down, answers come up on the main loop; what waits is committed together, at most
 * 20 ms old. An event is committed before anybody is told of it, but for urgent ones that cannot be. */
#ifndef TOCSIN_CONTROLLER_STORE_H
#define TOCSIN_CONTROLLER_STORE_H

#include "codecs/base.h"
#include "controller/audit.h"

#include <jansson.h>

struct store;
struct uv_loop_s;

/* An alert as stored. bytes are as received; everything that intake derives from them is derived again after a restart. */
struct store_alert {
    char id[24];                      /* yyyymmddThhmmssZ-xxxx */
    char *sender, *identifier, *sent; /* the CAP key, as text */
    char media_type[40];
    char *bytes;
    size_t n_bytes;
    char state[16];     /* as in the API: queued, preparing, sounding, finished, ... */
    char *state_reason; /* NULL or words */
    struct wall received, changed;
    uint32_t repetitions_ended; /* the highest repetition that was played to its end */
    json_t *detail; /* what the API shows beside the state: level, hazard, places, words, not_spoken, errors; may be NULL */
};

/* The key of an alert that another one names. */
struct store_reference {
    const char *sender, *identifier;
    char sent[40]; /* "": the reference does not say it (EBM) */
};

struct store_delivery {
    char alert[24];
    char terminal[33];
    char line[33], channel[33];
    char rung[16];   /* best evidence: none, sent, acknowledged, armed, sounding, heard */
    char end[16];    /* "", heard, sounded, failed, cancelled, expired, superseded, excluded */
    char reason[32]; /* of the end, such as no_reply, or exception(illegal_data_address) cut to fit */
    json_t *detail;  /* times of each rung, baseline, counted readings, token, state; never NULL once stored */
};

/* Which body a sender gave an Idempotency-Key to. */
struct store_key {
    const char *user, *key, *hash, *alert;
    struct wall at;
};

/* What is old enough to go; a little of it goes with each change that has this. An alert that has not ended stays. */
struct store_limits {
    uint32_t alerts;             /* so many are kept, and */
    struct wall alerts_before;   /* all that came since then; but */
    int64_t bytes;               /* where the database takes more, the oldest go all the same, but */
    struct wall bytes_before;    /* those that came since then stay */
    struct wall readings_before; /* raw readings of alerts that came since then are kept */
    struct wall audit_before;    /* entries of the audit trail since then are kept, and the last one always */
};

/* A decision for the audit trail (controller/audit.h). */
struct store_audit {
    const char *actor;   /* a login, a source, or "tocsin" */
    const char *action;  /* a word: accepted, stopped, ... */
    const char *subject; /* an alert's id, or "" */
    const char *detail;  /* JSON text */
    bool with_change; /* not taken unless its change is committed; else it is written as soon as the disk takes anything again,
                         but for a change that was refused with ERROR_CONFLICT or ERROR_INTERNAL */
};

/* One atomic change: any of its parts may be absent. All of it is on disk, or none. */
struct store_change {
    const struct store_alert *alert; /* inserted, or replaced where id and key are the same; without bytes those stored stay;
                                        another id with the same key: ERROR_CONFLICT; the id of another: ERROR_INTERNAL */
    const struct store_reference *references; /* what the alert cancels or supersedes, whether that is here yet or not */
    size_t n_references;
    const struct store_delivery *deliveries;
    size_t n_deliveries;
    const char *reading_alert; /* a raw reading to keep with a delivery: alert, terminal and JSON */
    const char *reading_terminal;
    const json_t *reading;
    const struct store_key *key; /* those older than a day, or beyond 1000, go */
    const char *setting;         /* a named number, such as "token" */
    int64_t setting_value;
    const char *forget; /* a named number that goes */
    const struct store_limits *limits;
    const struct store_audit *audit; /* on disk with what it tells of */
    const char *event;               /* type of the event that tells of this change, NULL: none */
    json_t *event_data;              /* shared until it is told: it may not change any more */
    bool urgent; /* an event to be told also where it cannot be committed, or not soon: then with id NULL, and once */
};

/* After commit, on the main loop, in the order of the requests; called exactly once, before the listener is told of the same
 * change. error->code is ERROR_NONE when it is durable. seq: of the event, 0 without. */
typedef void store_done_fn(void *context, int64_t seq, const struct error *error);

/* Every committed event, in order, on the main loop: "epoch:seq", type, data (borrowed). id NULL: urgent, and not on disk. */
typedef void store_event_fn(void *context, const char *id, const char *type, const json_t *data);

typedef void store_setting_fn(void *context, const char *name, int64_t value);

/* Opens or creates folder/tocsin.db, checks it, brings its schema up to date, starts the thread. A damaged database is set
 * aside as tocsin.db.damaged-TIME and a new one begun; *damaged then holds the new name (else ""). */
struct store *store_open(const char *folder, struct uv_loop_s *loop, char damaged[256], struct error *error);

void store_set_listener(struct store *store, store_event_fn *event, void *context);

/* Queues a change (copied). done may be NULL. */
void store_commit(struct store *store, const struct store_change *change, store_done_fn *done, void *context);

/* What is committed between the two is one change: after no crash is some of it there and some not. For a moment only, and not
 * within each other. Where the disk does not take it whole, each part is tried alone. */
void store_hold(struct store *store);
void store_release(struct store *store);

/* True while the last change could not be committed, or one waits for too long; *why then says what is wrong. */
bool store_in_trouble(const struct store *store, struct error *why);

/* Questions see what is committed when they are looked at, not what is still queued; the answer comes on the main loop, in no
 * order with the changes. result is a new JSON value that the callback owns, NULL with an error. */
typedef void store_result_fn(void *context, json_t *result, const struct error *error);

/* Newest first, those older than the alert before (NULL: all; ERROR_NOT_FOUND: it is none); without bytes, and details without
 * words, places and notes. */
void store_list_alerts(struct store *store, const char *before, size_t limit, store_result_fn *done, void *context);
void store_get_alert(struct store *store, const char *id, store_result_fn *done, void *context); /* ERROR_NOT_FOUND */
void store_list_deliveries(struct store *store, const char *alert, store_result_fn *done, void *context);
void store_list_readings(struct store *store, const char *alert, const char *terminal, store_result_fn *done, void *context);

/* {media_type, hex}: the message's bytes as they came, each as two hexadecimal digits. ERROR_NOT_FOUND. */
void store_get_message(struct store *store, const char *id, store_result_fn *done, void *context);

/* Events after "epoch:seq": {"reset": false, "events": [{id, type, data}], "last": id}. An unknown or foreign id, or one older
 * than the events kept, answers {"reset": true, "events": [], "last": id}. */
void store_list_events(struct store *store, const char *after, size_t limit, store_result_fn *done, void *context);

/* The audit trail after entry number after: {"previous": "SEQ:HASH", "head": "SEQ:HASH", "entries": [{seq, time, boot, actor,
 * action, subject, detail, hash}]}; previous is what the first entry's hash builds upon. All of one moment. */
void store_list_audit(struct store *store, int64_t after, size_t limit, store_result_fn *done, void *context);

/* Direct reads, on a handle of the main loop. Before the loop runs (start-up only): blocking. */
bool store_load_open_alerts(struct store *store, struct store_alert **alerts, size_t *n, struct error *error); /* not ended */
/* The same rows as store_list_deliveries; *rows is the caller's. */
bool store_load_deliveries(struct store *store, const char *alert, json_t **rows, struct error *error);
bool store_find_key(struct store *store, const char *sender, const char *identifier, const char *sent,
                    struct store_alert *alert, bool *found,
                    struct error *error); /* also later; sub-millisecond read on the caller's own read handle */
bool store_find_alert(struct store *store, const char *id, struct store_alert *alert, bool *found,
                      struct error *error); /* the same by its id */
/* Calls each for every alert that names this key among its references (or all but its sent, and was sent no
 * earlier), was accepted, does not wait, and was not stopped or expired while it did; the oldest first. */
struct store_referring {
    const char *id, *sender, *status, *msg_type;
    bool all_clear;
};
typedef void store_referring_fn(void *context, const struct store_referring *alert);
bool store_find_referring(struct store *store, const struct store_reference *to, store_referring_fn *each, void *context,
                          struct error *error); /* the same */
/* The newest alert of that identifier, whoever sent it; false where there is none, or it cannot be read. The same. */
bool store_find_identifier(struct store *store, const char *identifier, char id[24]);
bool store_has_alert(struct store *store, const char *id); /* the same; false where it cannot be read */
int64_t store_get_setting(struct store *store, const char *name, int64_t otherwise); /* the same */
/* Calls each for every named number that begins with prefix. Start-up only. */
bool store_load_settings(struct store *store, const char *prefix, store_setting_fn *each, void *context, struct error *error);
bool store_audit_head(struct store *store, struct audit_link *head); /* the same; false where it cannot be read */
struct wall store_last_time(struct store *store);                    /* of the last event; {0} before the first; the same */
/* Calls each for every key that is kept, the oldest first. */
bool store_load_keys(struct store *store, void (*each)(void *context, const struct store_key *key), void *context,
                     struct error *error);
const char *store_epoch(const struct store *store);
void store_alert_clear(struct store_alert *alert); /* frees what it owns */

/* Without opening the store. The lock on its folder, made where it is missing: to be closed; -1 with ERROR_CONFLICT while a
 * daemon holds it, else ERROR_IO. And one of its numbers, read without changing anything: false where it cannot be read. */
int store_lock(const char *folder, struct error *error);
bool store_peek_setting(const char *folder, const char *name, int64_t *value, struct error *error);

/* Commits what is queued, makes every outstanding callback, ends the thread, closes; not to be called from a callback. What
 * libuv holds is freed when the loop runs once more. NULL is allowed. */
void store_close(struct store *store);

#endif
