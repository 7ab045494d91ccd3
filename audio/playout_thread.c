/* The thread of a playout: keeps the card, writes the programme a little ahead of it, and reports what the card has played. */
#include "audio/playout_thread.h"
#include "audio/card.h"
#include "audio/ledger.h"
#include "audio/loudness.h"
#include "codecs/monotonic.h"

#include <math.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    FADE_MS = 50,
    REOPEN_MS = 500, /* how often a lost card is tried, and an idle one looked at */
    STEP_FRAMES_MAX = 192000 / (1000 / PROGRAMME_STEP_MS),
};

enum stage {
    STAGE_IDLE,  /* nothing to play */
    STAGE_DUE,   /* the first repetition waits for its permission; the card rests */
    STAGE_PLAYS, /* including the silences between repetitions */
    STAGE_TAIL,  /* all is written, the card has not played it yet */
};

struct run {
    struct playout *playout;
    struct card card;
    struct ledger ledger;
    bool lost; /* PLAYOUT_LOST was said last, not READY */
    struct mono looked;

    enum stage stage;
    struct playout_slot current;
    bool more;      /* the next programme is there already */
    bool displaced; /* another programme is wanted */
    bool unheard;   /* the card was not there for all of this step */

    struct mono segment_began;  /* of the PHASE reported last */
    struct programme_step step; /* what is in frames */
    int16_t frames[STEP_FRAMES_MAX];
    size_t step_frames, used; /* of frames, written so far */
    bool fading;
    size_t faded; /* frames of the fade written */
};

/* ---- events ---- */

static void say(struct run *r, enum playout_event_kind kind, const struct error *error)
{
    struct playout_event event = {.kind = kind,
                                  .broadcast = r->current.broadcast,
                                  .repetition = r->step.repetition,
                                  .segment = r->step.segment,
                                  .language = r->step.language,
                                  .at = mono_now(),
                                  .level = -120};
    if (error)
        event.error = *error;
    r->playout->event(r->playout->context, &event);
}

static void note(struct run *r, enum playout_event_kind kind, uint64_t frame, uint64_t at, double level)
{
    struct ledger_entry entry = {.frame = frame,
                                 .at = at,
                                 .kind = kind,
                                 .segment = r->step.segment,
                                 .repetition = r->step.repetition,
                                 .language = r->step.language,
                                 .level = level};
    ledger_add(&r->ledger, &entry);
}

static void end_programme(struct run *r);

/* Reports everything that the card has played by now. */
static void report(struct run *r)
{
    const struct ledger_entry *e;
    while ((e = ledger_take(&r->ledger, r->card.played)) != NULL) {
        struct playout_event event = {.kind = e->kind,
                                      .broadcast = r->current.broadcast,
                                      .repetition = e->repetition,
                                      .segment = e->segment,
                                      .language = e->language,
                                      .at = card_time_of(&r->card, e->at),
                                      .level = e->level};
        if (e->kind == PLAYOUT_PHASE)
            r->segment_began = event.at;
        if (e->kind == PLAYOUT_PHASE || e->kind == PLAYOUT_STEP)
            event.segment_began = r->segment_began;
        if (e->kind == PLAYOUT_FINISHED)
            end_programme(r);
        r->playout->event(r->playout->context, &event);
    }
}

/* ---- the card ---- */

static void card_changed(struct run *r, enum card_state state, const struct error *error)
{
    if (state == CARD_UNDERRUN) {
        report(r);
        say(r, PLAYOUT_UNDERRUN, NULL);
    }
    if (state == CARD_LOST) {
        ledger_silence(&r->ledger);
        r->lost = true;
        r->looked = mono_now();
        say(r, PLAYOUT_LOST, error);
    }
}

static void update_card(struct run *r)
{
    struct error error = {0};
    card_changed(r, card_update(&r->card, &error), &error);
}

static void try_card(struct run *r)
{
    struct error error = {0};
    r->looked = mono_now();
    if (card_open(&r->card, &error)) {
        r->lost = false;
        report(r);
        say(r, PLAYOUT_READY, NULL);
    } else if (!r->lost) {
        r->lost = true;
        say(r, PLAYOUT_LOST, &error);
    }
}

static void keep_card(struct run *r)
{
    bool wanted = r->playout->settings.device[0] != '\0';
    if (wanted && !r->card.pcm && (!r->lost || mono_before(mono_plus_ms(r->looked, REOPEN_MS), mono_now())))
        try_card(r);
    update_card(r);
}

/* ---- programmes ---- */

/* Takes the finished programme out of the slots, so that no caller can reach it, and frees it. */
static void end_programme(struct run *r)
{
    struct playout *p = r->playout;
    struct error error = {0};
    pthread_mutex_lock(&p->lock);
    struct playout_slot over = p->slots[0];
    memmove(p->slots, p->slots + 1, --p->n_slots * sizeof *p->slots);
    r->more = p->n_slots > 0;
    pthread_mutex_unlock(&p->lock);
    playout_slot_free(&over);
    r->stage = STAGE_IDLE;
    r->current = (struct playout_slot){0};
    r->step = (struct programme_step){0};
    card_changed(r, card_rest(&r->card, &error), &error);
}

/* Copies what is wanted. False when the playout shall end. */
static bool take_orders(struct run *r)
{
    struct playout *p = r->playout;
    pthread_mutex_lock(&p->lock);
    bool quit = p->quit, begins = r->stage == STAGE_IDLE && p->n_slots > 0;
    if (p->n_slots > 0)
        r->current = p->slots[0];
    r->more = false;
    r->displaced = p->n_slots > 1;
    pthread_mutex_unlock(&p->lock);
    if (begins) {
        r->stage = STAGE_DUE;
        r->fading = false;
        r->faded = 0;
    }
    return !quit;
}

static bool unwanted(const struct run *r)
{
    return r->displaced || r->current.orders.stopped;
}

static void finish(struct run *r)
{
    r->stage = STAGE_TAIL;
    note(r, PLAYOUT_FINISHED, r->card.written, r->card.written, -120);
}

/* Reads the next step; what begins with it is noted. */
static enum programme_state read_step(struct run *r)
{
    uint64_t here = r->card.written;
    enum programme_state state = programme_read(r->current.programme, &r->current.orders, r->frames, &r->step);
    if (state == PROGRAMME_OVER)
        return state;
    r->used = 0;
    r->unheard = false;
    if (r->step.due)
        note(r, PLAYOUT_DUE, here, here, -120);
    bool sounds = state == PROGRAMME_PLAYS || r->stage == STAGE_PLAYS;
    if (r->step.begins && sounds)
        note(r, PLAYOUT_PHASE, here, here, -120);
    return state;
}

/* Before the first sample: the card rests, so that the tone is out as soon as it may be. */
static void wait_first(struct run *r)
{
    if (unwanted(r)) {
        finish(r);
        return;
    }
    if (read_step(r) == PROGRAMME_PLAYS)
        r->stage = STAGE_PLAYS;
}

/* ---- writing ---- */

static size_t fade_frames(const struct run *r)
{
    return (size_t)r->playout->settings.rate * FADE_MS / 1000;
}

/* Fades a piece of the step in place; returns how much of it is left to hear. */
static size_t fade(struct run *r, int16_t *frames, size_t n)
{
    size_t whole = fade_frames(r);
    size_t i = 0;
    for (; i < n && r->faded < whole; i++, r->faded++) {
        double gain = 0.5 + 0.5 * cos(3.14159265358979323846 * (double)r->faded / (double)whole);
        frames[i] = (int16_t)lrint(frames[i] * gain);
    }
    return i;
}

static bool write_frames(struct run *r, const int16_t *frames, size_t n)
{
    for (int tries = 0; tries < 3; tries++) {
        struct error error = {0};
        enum card_state state = card_write(&r->card, frames, n, &error);
        if (state == CARD_WELL)
            return true;
        card_changed(r, state, &error);
        if (state == CARD_LOST)
            update_card(r);
    }
    return false;
}

/* The step has been written whole: what it was worth is reported when it has been played. */
static void close_step(struct run *r)
{
    uint64_t end = r->card.written;
    double level = r->unheard ? -120 : loudness_of(r->frames, r->step_frames);
    note(r, PLAYOUT_STEP, end, end - r->step_frames, level);
    if (r->step.ends)
        note(r, PLAYOUT_ENDED, end, end, -120);
}

static bool write_piece(struct run *r, size_t room)
{
    size_t period = (size_t)r->playout->settings.rate * r->playout->settings.period_ms / 1000;
    size_t n = r->step_frames - r->used;
    n = n < period ? n : period;
    n = n < room ? n : room;
    int16_t *frames = r->frames + r->used;
    r->fading = r->fading || unwanted(r);
    size_t left = r->fading ? fade(r, frames, n) : n;
    if (left > 0 && !write_frames(r, frames, left))
        return false;
    r->unheard = r->unheard || !r->card.pcm;
    r->used += left;
    if (r->used == r->step_frames)
        close_step(r);
    if (r->fading && r->faded == fade_frames(r))
        finish(r);
    return true;
}

static void write_tail(struct run *r, size_t room)
{
    static const int16_t silence[STEP_FRAMES_MAX];
    write_frames(r, silence, room < STEP_FRAMES_MAX ? room : STEP_FRAMES_MAX);
}

static void write_ahead(struct run *r)
{
    for (size_t room = card_room(&r->card); room > 0; room = card_room(&r->card)) {
        if (r->stage == STAGE_PLAYS && r->used == r->step_frames) {
            if (!ledger_has_room(&r->ledger))
                return;
            if (read_step(r) == PROGRAMME_OVER)
                finish(r);
        }
        if (r->stage == STAGE_TAIL) {
            write_tail(r, room);
            return;
        }
        if (!write_piece(r, room))
            return;
    }
}

static void turn(struct run *r)
{
    keep_card(r);
    report(r);
    if (r->stage == STAGE_DUE) {
        wait_first(r);
        report(r);
    }
    if (r->stage == STAGE_PLAYS || (r->stage == STAGE_TAIL && r->card.running))
        write_ahead(r);
    report(r);
}

static void sleep_until_woken(const struct run *r)
{
    bool idle = r->stage == STAGE_IDLE || r->stage == STAGE_DUE;
    struct pollfd pfd = {.fd = r->playout->wake, .events = POLLIN};
    uint64_t count;
    if (poll(&pfd, 1, idle ? REOPEN_MS : (int)r->playout->settings.period_ms) > 0)
        (void)!read(pfd.fd, &count, sizeof count);
}

/* Sound comes before all else on the machine, where we are permitted to say so. */
static void be_punctual(void)
{
    struct sched_param param = {.sched_priority = 10};
    pthread_setschedparam(pthread_self(), SCHED_RR, &param);
}

void *playout_thread(void *context)
{
    struct playout *p = context;
    struct run r = {.playout = p, .step_frames = programme_step_frames(p->settings.rate)};
    be_punctual();
    card_init(&r.card, &p->settings);
    if (p->settings.device[0] == '\0')
        say(&r, PLAYOUT_READY, NULL);
    while (take_orders(&r)) {
        turn(&r);
        if (!r.more)
            sleep_until_woken(&r);
    }
    card_close(&r.card);
    return NULL;
}
