/* An alert in the domain: what intake made of a message for this site. Owned by the desk while it lives. */
#ifndef TOCSIN_CONTROLLER_ALERT_H
#define TOCSIN_CONTROLLER_ALERT_H

#include "codecs/alert_message.h"
#include "codecs/base.h"
#include "config/config.h"
#include "controller/reception.h"

#include <jansson.h>

enum { ALERT_ID_SIZE = 24 };

/* In the order of docs/api.yaml; those from finished on are ends. */
enum alert_state {
    ALERT_QUEUED,
    ALERT_WAITING,
    ALERT_PREPARING,
    ALERT_SOUNDING,
    ALERT_RETURNING,
    ALERT_FINISHED,
    ALERT_STOPPED,
    ALERT_CLEARED,
    ALERT_CANCELLED,
    ALERT_EXPIRED,
    ALERT_SUPERSEDED,
    ALERT_REFUSED,
    ALERT_STATES,
};

const char *alert_state_name(enum alert_state state);
bool alert_state_parse(const char *name, enum alert_state *state);
bool alert_state_ended(enum alert_state state);

struct accepting;
struct fetched;

struct alert_words {
    char language[16];
    char *text;                             /* "" where there is only the recording */
    bool shortened;                         /* the text, or the recording once it was decoded */
    bool all_clear;                         /* its block says that the danger is past */
    const struct alert_resource *recording; /* played in place of text; of the message; NULL: none */
    struct fetched *fetched; /* where it did not come with the message; held; NULL: it did, or is not asked for yet */
};

/* The Idempotency-Key that a sender gave to a body. */
struct alert_key {
    char user[64], key[129], hash[65]; /* hash: SHA-256 of the body, in hexadecimal; key "": none */
    char alert[ALERT_ID_SIZE];         /* what became of it; "": not known yet */
};

/* What keeps an alert from beginning (controller/gate.h). */
enum alert_hold { HOLD_NONE, HOLD_APPROVAL, HOLD_NIGHT, HOLDS };
const char *alert_hold_name(enum alert_hold hold); /* "" for none */

/* Somebody's word on an alert; by "": nobody's yet. */
struct alert_word {
    char by[64], reason[200];
    struct wall at;
};

struct alert {
    char id[ALERT_ID_SIZE];
    struct alert_message *message; /* as received; owned */
    enum media media;
    char *bytes; /* the same before decoding; owned */
    size_t n_bytes;
    struct alert_key key;
    struct wall received, effective, expires;
    enum level level;
    enum alert_urgency urgency;
    int hazard;                          /* index into the configuration's hazards */
    const struct alert_info *first_info; /* the first whose area is ours; NULL where nothing sounds */
    size_t n_words;
    struct alert_words words[CONFIG_LANGUAGES_MAX]; /* in the order in which they are spoken */
    size_t n_terminals;
    uint32_t *terminals;       /* indexes into the configuration; owned */
    uint32_t *people;          /* for whom each of them stands (coverage.h); owned; NULL: not known */
    size_t population_unknown; /* of so many of its places */
    json_t *expected;          /* coverage_expected, when it came; NULL where nothing sounds; owned */
    size_t n_groups;
    const struct config_place *feature; /* the hazard point, reservoir or dyke that it names first; NULL: none */
    const struct config_place **groups; /* village groups for which alone their villages are meant; owned */
    json_t *tally;                      /* {counts, ends} of its deliveries once they have ended, NULL before; owned */
    json_t *deliveries; /* {terminal: delivery as the API shows it}, as they were written last; NULL: never; owned */
    json_t *places, *not_ours, *no_position, *not_spoken, *notes; /* arrays for people; owned */
    bool sounds;                 /* false: only recorded (System, Test, Draft, Ack, Error, Cancel) */
    struct accepting *accepting; /* on its way to the disk; nothing is done with it before (desk_door.c); borrowed */
    bool all_clear;              /* it says that the danger is past, and warns of none */
    bool durable;
    bool stored;      /* its bytes are on disk */
    bool wants_clock; /* from before a restart: goes on, or expires, once the clock is trusted (desk_clock.c) */
    struct mono
        unchecked_until; /* its expiry could not be checked: it is over then, whatever the wall clock says; {0}: checked */
    bool over;           /* its end is being stored: it is kept for that, and shown (desk_life.c) */
    unsigned owed;       /* changes of it that the disk has not answered yet */
    bool lacking;        /* one of them failed: all of it must be stored anew */
    enum alert_state state;
    char reason[200];
    struct wall lapse_asked; /* the expires about which an officer was asked */
    struct {
        char by[64], reason[200];
    } extended;                           /* its expires is not its sender's; by "": it is */
    int source;                           /* index into the configuration's sources; -1: none */
    char sent_by[64];                     /* the login that sent it */
    bool follows;                         /* an Update of an alert that has begun here */
    struct wall begun;                    /* let through its gates, and handed to its channels; {0}: not yet */
    struct alert_word approved, released; /* by a second person; from the night */
    bool signature_owed;                  /* it could not wait for the second person, who still owes his word */
    enum alert_hold held;                 /* as people were told; while it waits */
    struct wall held_until;               /* HOLD_NIGHT */
    struct mono asked;                    /* when they were told last; {0}: not yet */
    uint32_t programmes;                  /* played to their end, on all its channels */
    struct wall returns;                  /* ALERT_RETURNING: the next one is due, where it is in force then */
    struct mono return_at;                /* the same for the clock that is never set */
    uint32_t repetitions_planned;
    uint32_t *ended;          /* per channel of the configuration: the last repetition played to its end; owned */
    unsigned running;         /* channels on which it is prepared or sounds now */
    unsigned channels_left;   /* channels on which its broadcast is not over */
    enum alert_state outcome; /* the gravest end so far of its broadcasts; ALERT_FINISHED if all went through */
};

void alert_free(struct alert *alert);

/* By its unchecked_until if it has one, else by the wall clock. */
bool alert_expired(const struct alert *alert, struct mono mono, struct wall wall);

/* True if that reference of the message names this alert: its CAP key or, without a time (EBM), its sender and identifier. Such
 * a one does not mean what was sent after it: it may have been sent again. */
bool alert_is_referred(const struct alert *alert, const struct alert_message *by, size_t reference);

/* The repetitions that every channel of the alert has played to their end. */
uint32_t alert_repetitions_ended(const struct alert *alert, const struct config *config);

/* True if one of its terminals is on a line of this channel. */
bool alert_uses_channel(const struct alert *alert, const struct config *config, size_t channel);

/* The alert as docs/api.yaml shows it, without counts. New reference; NULL without memory. */
json_t *alert_to_json(const struct alert *alert, const struct config *config);

/* Time as the API writes it. New reference. */
json_t *json_time(struct wall time, const struct config *config);

#endif
