/* A programme as a small machine: wait, tone, then silence and words of each language, and after the last repetition the end
 * tone. It decides only at the edges of steps. */
#include "audio/programme.h"
#include "audio/programme_reader.h"
#include "audio/tone.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_PER_S = 1000 / PROGRAMME_STEP_MS };

enum phase { PHASE_WAIT, PHASE_TONE, PHASE_SILENCE, PHASE_WORDS, PHASE_END_TONE, PHASE_AFTER };

struct programme {
    struct programme_settings settings;
    enum phase phase;
    uint32_t repetition;
    uint32_t language;
    size_t position; /* frames read of this phase */
    bool due;        /* not said yet */
    bool waited;     /* this wait has begun */
    bool closing_done, end_tone_done;
    uint32_t spoken; /* languages of this repetition, a bit each */
};

const char *segment_kind_name(enum segment_kind kind)
{
    static const char *const names[] = {"tone", "silence", "words", "end_tone"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

static const char *const tone_names[TONE_COUNT] = {"attention", "wail", "hi_lo", "chime", "all_clear"};

const char *tone_kind_name(enum tone_kind kind)
{
    return (unsigned)kind < TONE_COUNT ? tone_names[kind] : "unknown";
}

bool tone_kind_parse(const char *name, enum tone_kind *kind)
{
    for (int i = 0; i < TONE_COUNT; i++)
        if (strcmp(name, tone_names[i]) == 0) {
            *kind = (enum tone_kind)i;
            return true;
        }
    return false;
}

static bool settings_check(const struct programme_settings *s, struct error *error)
{
    if (s->rate < 8000 || s->rate > 192000 || s->rate % STEP_PER_S)
        return error_set(error, ERROR_INVALID, "rate %u: give 8000 to 192000 Hz, divisible by %d", s->rate, STEP_PER_S);
    if ((unsigned)s->tone >= TONE_COUNT)
        return error_set(error, ERROR_INVALID, "tone %u is not known", (unsigned)s->tone);
    if (s->tone_min_ms < 2 * PROGRAMME_STEP_MS || s->tone_max_ms < s->tone_min_ms || s->tone_max_ms > 60000)
        return error_set(error, ERROR_INVALID, "tone of %u to %u ms: give at least %d, at most 60000, and the shorter first",
                         s->tone_min_ms, s->tone_max_ms, 2 * PROGRAMME_STEP_MS);
    if (s->silence_ms > 10000) /* ISO 7240-16: silence of at most 10 s */
        return error_set(error, ERROR_INVALID, "silence of %u ms: at most 10000", s->silence_ms);
    if (s->n_languages < 1 || s->n_languages > PROGRAMME_LANGUAGES_MAX)
        return error_set(error, ERROR_INVALID, "%u languages: give 1 to %d", s->n_languages, PROGRAMME_LANGUAGES_MAX);
    if (s->first_repetition < 1 || s->repetitions < s->first_repetition)
        return error_set(error, ERROR_INVALID, "repetitions %u to %u: the first is 1 or more and not after the last",
                         s->first_repetition, s->repetitions);
    return true;
}

struct programme *programme_create(const struct programme_settings *settings, struct error *error)
{
    if (!settings_check(settings, error))
        return NULL;
    struct programme *p = calloc(1, sizeof *p);
    if (!p) {
        error_set(error, ERROR_NO_MEMORY, "no memory for a programme");
        return NULL;
    }
    p->settings = *settings;
    p->repetition = settings->first_repetition;
    p->due = true;
    return p;
}

void programme_free(struct programme *programme)
{
    free(programme);
}

uint32_t programme_step_frames(uint32_t rate)
{
    return rate / STEP_PER_S;
}

static size_t frames_of(const struct programme *p, uint32_t ms)
{
    size_t step = programme_step_frames(p->settings.rate);
    return (ms + PROGRAMME_STEP_MS - 1) / PROGRAMME_STEP_MS * step;
}

static bool words_known(const struct programme *p, const struct programme_orders *orders)
{
    for (uint32_t i = 0; i < p->settings.n_languages; i++)
        if (!orders->words[i].given)
            return false;
    return true;
}

/* True if this step, which begins at position, is the tone's last. */
static bool tone_closes(const struct programme *p, const struct programme_orders *orders)
{
    size_t then = p->position + programme_step_frames(p->settings.rate);
    if (then >= frames_of(p, p->settings.tone_max_ms))
        return true;
    bool ready = p->repetition != p->settings.first_repetition || (orders->released && words_known(p, orders));
    return ready && then >= frames_of(p, p->settings.tone_min_ms);
}

static void enter(struct programme *p, enum phase phase)
{
    p->phase = phase;
    p->position = 0;
}

/* Words are preceded by silence; language is their index. */
static void enter_words(struct programme *p, uint32_t language)
{
    p->language = language;
    enter(p, p->settings.silence_ms ? PHASE_SILENCE : PHASE_WORDS);
}

static void enter_language(struct programme *p, uint32_t from)
{
    for (uint32_t i = from; i < p->settings.n_languages; i++)
        if (p->spoken & 1U << i) {
            enter_words(p, i);
            return;
        }
    p->language = 0;
    enter(p, PHASE_AFTER);
}

/* Which languages this repetition has is settled when its tone ends: one that comes later waits for the next repetition. */
static void close_tone(struct programme *p, const struct programme_orders *orders)
{
    p->spoken = 0;
    for (uint32_t i = 0; i < p->settings.n_languages; i++)
        if (orders->words[i].n_frames)
            p->spoken |= 1U << i;
    enter_language(p, 0);
}

/* What comes after a repetition is decided only when it is needed, so that an extension is taken as late as can be. */
static enum programme_state leave_repetition(struct programme *p, const struct programme_orders *orders)
{
    if (p->repetition < p->settings.repetitions + orders->more) {
        p->repetition++;
        p->due = true;
        p->waited = p->closing_done = p->end_tone_done = false;
        enter(p, PHASE_WAIT);
    } else if (p->settings.closing && !p->closing_done && orders->words[PROGRAMME_CLOSING].n_frames) {
        p->closing_done = true;
        enter_words(p, PROGRAMME_CLOSING);
    } else if (p->settings.end_tone && !p->end_tone_done) {
        p->end_tone_done = true;
        enter(p, PHASE_END_TONE);
    } else {
        return PROGRAMME_OVER;
    }
    return PROGRAMME_PLAYS;
}

static void read_tone(struct programme *p, const struct programme_orders *orders, int16_t *frames, size_t n)
{
    bool last = tone_closes(p, orders);
    tone_render(p->settings.tone, p->settings.rate, p->position, last ? p->position + n : UINT64_MAX, frames, n);
    p->position += n;
    if (last)
        close_tone(p, orders);
}

static void read_silence(struct programme *p, int16_t *frames, size_t n)
{
    memset(frames, 0, n * sizeof *frames);
    p->position += n;
    if (p->position >= frames_of(p, p->settings.silence_ms))
        enter(p, PHASE_WORDS);
}

static void read_words(struct programme *p, const struct programme_words *words, int16_t *frames, size_t n)
{
    size_t left = words->n_frames - p->position, some = left < n ? left : n;
    memcpy(frames, words->frames + p->position, some * sizeof *frames);
    memset(frames + some, 0, (n - some) * sizeof *frames);
    p->position += some;
    if (p->position == words->n_frames)
        enter_language(p, p->language + 1); /* after the closing words nothing */
}

static void read_end_tone(struct programme *p, int16_t *frames, size_t n)
{
    size_t end = frames_of(p, TONE_CHIME_MS);
    tone_render(TONE_CHIME, p->settings.rate, p->position, end, frames, n);
    p->position += n;
    if (p->position >= end)
        enter(p, PHASE_AFTER);
}

static enum segment_kind segment_of(enum phase phase)
{
    switch (phase) {
    case PHASE_TONE: return SEGMENT_TONE;
    case PHASE_WORDS: return SEGMENT_WORDS;
    case PHASE_END_TONE: return SEGMENT_END_TONE;
    case PHASE_WAIT:
    case PHASE_SILENCE:
    case PHASE_AFTER: break;
    }
    return SEGMENT_SILENCE;
}

static enum programme_state read_wait(struct programme *p, int16_t *frames, size_t n, struct programme_step *step)
{
    memset(frames, 0, n * sizeof *frames);
    step->begins = !p->waited;
    p->waited = true;
    return PROGRAMME_WAITS;
}

enum programme_state programme_read(struct programme *p, const struct programme_orders *orders, int16_t *frames,
                                    struct programme_step *step)
{
    if (p->phase == PHASE_AFTER && leave_repetition(p, orders) == PROGRAMME_OVER)
        return PROGRAMME_OVER;
    if (p->phase == PHASE_WAIT && orders->allowed >= p->repetition)
        enter(p, PHASE_TONE);
    size_t n = programme_step_frames(p->settings.rate);
    enum phase phase = p->phase;
    *step = (struct programme_step){.segment = segment_of(phase),
                                    .repetition = p->repetition,
                                    .language = p->language,
                                    .begins = p->position == 0,
                                    .due = p->due};
    p->due = false;
    switch (phase) {
    case PHASE_WAIT: return read_wait(p, frames, n, step);
    case PHASE_TONE: read_tone(p, orders, frames, n); break;
    case PHASE_SILENCE: read_silence(p, frames, n); break;
    case PHASE_WORDS: read_words(p, &orders->words[p->language], frames, n); break;
    case PHASE_END_TONE: read_end_tone(p, frames, n); break;
    case PHASE_AFTER: return PROGRAMME_OVER;
    }
    step->ends = p->phase == PHASE_AFTER && phase != PHASE_END_TONE && step->language != PROGRAMME_CLOSING;
    return PROGRAMME_PLAYS;
}
