/* The ladder of evidence in virtual time: a script of what happened, one letter each, and how the delivery must end. */
#include "controller/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct delivery_terms OUTPUT = {LEVEL_OUTPUT, -30, 6, 1, true};
static const struct delivery_terms MICROPHONE = {LEVEL_MICROPHONE, 60, 10, 2, false};
static const struct delivery_terms PLAIN = {LEVEL_NONE, 0, 0, 1, false};

/* Levels, from what is needed: the threshold, the baseline, and heard by just enough, or not quite. */
static double level_of(const struct delivery_terms *terms, char what)
{
    double quiet = terms->heard_level - terms->rise;
    switch (what) {
    case 'b': return quiet;
    case 'm': return terms->heard_level + 1;   /* a loud night: 1 over the threshold without us */
    case 'h': return terms->heard_level + 0.1; /* over both limits beside 'b', too little over 'm' */
    case 'H': return terms->heard_level + 30;
    case 'l': return terms->heard_level - 0.1;
    default: return terms->heard_level + 30;
    }
}

static struct moment at(int64_t s)
{
    return (struct moment){{s * 1000000}, {1000000 + s * 1000}};
}

static bool take_event(struct delivery *d, struct line_event event, int64_t s)
{
    event.at = at(s).mono;
    return delivery_take_event(d, &event, at(s).wall);
}

static struct terminal_reading reading(enum truth sounding, enum truth ours)
{
    struct terminal_reading r = {.started = true};
    r.when[WHEN_SOUNDING] = sounding;
    r.when[WHEN_OURS] = ours;
    return r;
}

static bool take_level(struct delivery *d, char what, int64_t s)
{
    struct terminal_reading r = reading(TRUTH_TRUE, what == 'f' ? TRUTH_FALSE : TRUTH_TRUE);
    enum loudness_verdict verdict = LOUDNESS_WORDS;
    double mean = -22; /* just loud enough beside a speech mean of -16 */
    struct mono words_began = at(s - 1).mono;
    r.has_level = what != '0';
    r.level = level_of(&d->terms, what);
    switch (what) {
    case 'b':
    case 'm': verdict = LOUDNESS_SILENCE; break;
    case 'd': /* as b, but it does not say that it sounds */
        verdict = LOUDNESS_SILENCE;
        r.when[WHEN_SOUNDING] = TRUTH_FALSE;
        break;
    case 't': verdict = LOUDNESS_OTHER; break;
    case 'g': verdict = LOUDNESS_GAP; break;
    case 'q': mean = -22.1; break;
    case 'e': words_began = d->started.mono; break; /* not after the start */
    case 'a': words_began = at(14).mono; break;     /* after a start at 13 */
    case 'w': r.started = false; break;
    case 'z': r.when[WHEN_SOUNDING] = TRUTH_UNKNOWN; break;
    default: break;
    }
    return delivery_take_level(d, &r, verdict, mean, -16, words_began, at(s)) != LEVEL_WORTHLESS;
}

static bool take_trouble(struct delivery *d, enum terminal_trouble trouble, int64_t s)
{
    return take_event(d, (struct line_event){.kind = LINE_TROUBLE, .trouble = trouble, .exception = 2}, s);
}

static bool take_reading(struct delivery *d, enum truth sounding, enum truth ours, bool started, int64_t s)
{
    struct line_event event = {.kind = LINE_READING, .reading = reading(sounding, ours)};
    event.reading.started = started;
    return take_event(d, event, s);
}

static bool take(struct delivery *d, char what, int64_t s)
{
    switch (what) {
    case '1': return take_event(d, (struct line_event){.kind = LINE_SENT}, s);
    case '2': return take_event(d, (struct line_event){.kind = LINE_ACKNOWLEDGED}, s);
    case '3': return take_event(d, (struct line_event){.kind = LINE_ARMED}, s);
    case 'S': return take_event(d, (struct line_event){.kind = LINE_STARTED}, s);
    case 'P': return take_event(d, (struct line_event){.kind = LINE_STOPPED}, s);
    case '4': return take_reading(d, TRUTH_TRUE, TRUTH_TRUE, true, s);
    case 'n': return take_reading(d, TRUTH_FALSE, TRUTH_FALSE, true, s);
    case 'u': return take_reading(d, TRUTH_UNKNOWN, TRUTH_UNKNOWN, true, s);
    case 'o': return take_reading(d, TRUTH_TRUE, TRUTH_FALSE, true, s); /* another's sound */
    case 'i': return take_reading(d, TRUTH_TRUE, TRUTH_TRUE, false, s); /* asked for before the start */
    case 'N': return take_trouble(d, TROUBLE_NO_REPLY, s);
    case 'E': return take_trouble(d, TROUBLE_EXCEPTION, s);
    case 'A': return take_trouble(d, TROUBLE_NOT_ARMED, s);
    case 'Q': return take_trouble(d, TROUBLE_NOT_SOUNDING, s);
    case 'R': return take_trouble(d, TROUBLE_REBOOTED, s);
    case 'Y': return take_trouble(d, TROUBLE_STOPPED_EARLY, s);
    case 'B': return take_trouble(d, TROUBLE_BUSY_OTHER, s);
    case 'X': return take_trouble(d, TROUBLE_NOT_STOPPED, s);
    case 'F': return take_trouble(d, TROUBLE_DUPLICATE, s) || take_trouble(d, TROUBLE_FOREIGN, s);
    case 'D': return delivery_line_down(d, at(s));
    case 'U': return delivery_line_up(d);
    default: return take_level(d, what, s);
    }
}

static void play(struct delivery *d, const struct delivery_terms *terms, const char *script)
{
    delivery_init(d, 7, terms);
    for (int64_t i = 0; script[i]; i++)
        take(d, script[i], 10 + i);
}

struct row {
    const char *script;
    enum rung rung;
    enum delivery_end end;
    enum delivery_reason reason;
};

static void check(const struct delivery_terms *terms, enum delivery_cause cause, bool audio_ok, const struct row *rows,
                  size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct delivery d;
        play(&d, terms, rows[i].script);
        delivery_finish(&d, cause, audio_ok, at(100));
        if (d.rung != rows[i].rung || d.end != rows[i].end || d.reason != rows[i].reason)
            fail_msg("%s: %s, %s(%s)", rows[i].script, rung_name(d.rung), delivery_end_name(d.end),
                     delivery_reason_name(d.reason));
        assert_true(d.final);
        assert_int_equal(d.ended.wall.ms, at(100).wall.ms);
    }
}

#define CHECK(terms, cause, audio_ok, rows) check(terms, cause, audio_ok, rows, sizeof(rows) / sizeof *(rows))

static void test_output(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"", RUNG_NONE, END_FAILED, REASON_NO_REPLY},
        {"1", RUNG_SENT, END_FAILED, REASON_NO_REPLY},
        {"1N", RUNG_SENT, END_FAILED, REASON_NO_REPLY},
        {"1E", RUNG_SENT, END_FAILED, REASON_EXCEPTION},
        {"12", RUNG_ACKNOWLEDGED, END_FAILED, REASON_NOT_ARMED},
        {"12A", RUNG_ACKNOWLEDGED, END_FAILED, REASON_NOT_ARMED},
        {"123", RUNG_ARMED, END_FAILED, REASON_NOT_SOUNDING},
        {"123S", RUNG_ARMED, END_FAILED, REASON_NOT_SOUNDING},
        {"123SQ", RUNG_ARMED, END_FAILED, REASON_NOT_SOUNDING},
        {"123Si", RUNG_ARMED, END_FAILED, REASON_NOT_SOUNDING}, /* a reading older than the start proves nothing */
        {"123So", RUNG_ARMED, END_FAILED, REASON_NOT_SOUNDING}, /* nor does what another plays there */
        {"123SB", RUNG_ARMED, END_FAILED, REASON_BUSY_OTHER},
        {"123S4", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED},
        {"123S4b", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED},
        {"123S4H", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* loud, but who knows what it was before */
        {"123S4bl", RUNG_SOUNDING, END_FAILED, REASON_SILENT},
        {"123S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4blh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhl", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4mh", RUNG_SOUNDING, END_FAILED, REASON_SILENT},  /* over the threshold, and so it was without us */
        {"123S4bmh", RUNG_SOUNDING, END_FAILED, REASON_SILENT}, /* the highest baseline is meant */
        {"123S4mbh", RUNG_SOUNDING, END_FAILED, REASON_SILENT},
        {"123S4mH", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhP", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4blP", RUNG_SOUNDING, END_FAILED, REASON_SILENT},
        {"123S4bhX", RUNG_HEARD, END_FAILED, REASON_NOT_STOPPED},
        {"123S4bhXP", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"1EF", RUNG_SENT, END_FAILED, REASON_EXCEPTION}, /* a wrong address is of its health: it neither ends nor mends */
        {"12F3S4bhF", RUNG_HEARD, END_HEARD, REASON_NONE},
    };
    CHECK(&OUTPUT, CAUSE_FINISHED, true, ROWS);
}

/* What never counts as heard, each beside a control that does. */
static void test_what_never_counts(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"123S4bH", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bt", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* a tone */
        {"123S4bg", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* a time of which nothing is known */
        {"123S4bq", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* words that the card played too quietly */
        {"123S4be", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* words that began before the start */
        {"123S4bw", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* asked for before the start */
        {"123S4bz", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* a status too old to say that it sounds */
        {"123S4bf", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* sound that is another's */
        {"123S4b0", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* no level in it */
        {"123S4dH", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* silence of one that was not sounding */
        {"123SQS4bH", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123SQS4ba", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* words that began before it was started again */
        {"123SAS4bH", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123SAS4ba", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* its first start found it not armed */
        {"123S4btgqewzf0H", RUNG_HEARD, END_HEARD, REASON_NONE},
    };
    CHECK(&OUTPUT, CAUSE_FINISHED, true, ROWS);
}

static void test_microphone(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"12S4bH", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* two readings are needed */
        {"12S4bHH", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"12S4bHlH", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"12S4bhh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"12S4bHl", RUNG_SOUNDING, END_FAILED, REASON_SILENT},
        {"12S4bll", RUNG_SOUNDING, END_FAILED, REASON_SILENT},
        {"12S4mhh", RUNG_SOUNDING, END_FAILED, REASON_SILENT}, /* rain */
        {"12S4HH", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED},
        {"12S4btt", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED},
    };
    CHECK(&MICROPHONE, CAUSE_FINISHED, true, ROWS);
}

static enum level_worth weigh(struct delivery *d, enum loudness_verdict verdict, double level)
{
    struct terminal_reading r = reading(TRUTH_TRUE, TRUTH_TRUE);
    r.has_level = true;
    r.level = level;
    return delivery_take_level(d, &r, verdict, -16, -16, at(50).mono, at(51));
}

/* Of many readings few are written; the level at the end is the loudest of all. */
static void test_what_a_level_is_worth(void **state)
{
    (void)state;
    struct delivery d;
    play(&d, &MICROPHONE, "123S4");
    const double need = d.terms.heard_level, quiet = need - d.terms.rise - 10;
    assert_int_equal(weigh(&d, LOUDNESS_WORDS, need), LEVEL_WORTHLESS); /* no baseline */
    assert_int_equal(weigh(&d, LOUDNESS_SILENCE, quiet), LEVEL_NEWS);
    assert_int_equal(weigh(&d, LOUDNESS_SILENCE, quiet), LEVEL_WORTHLESS);
    assert_int_equal(weigh(&d, LOUDNESS_WORDS, need - 1), LEVEL_PROOF);
    assert_int_equal(weigh(&d, LOUDNESS_WORDS, need), LEVEL_NEWS);
    assert_int_equal(weigh(&d, LOUDNESS_WORDS, need), LEVEL_NEWS);
    assert_int_equal(d.rung, RUNG_HEARD);
    assert_int_equal(weigh(&d, LOUDNESS_WORDS, need), LEVEL_PROOF); /* the fourth, of two that are needed */
    unsigned written = 0;
    for (int i = 0; i < 1000; i++)
        written += weigh(&d, LOUDNESS_WORDS, need - i % 7) != LEVEL_COUNTED;
    assert_int_equal(written, 0);
    assert_int_equal(weigh(&d, LOUDNESS_WORDS, need + 3), LEVEL_PROOF);
    assert_int_equal(d.counted, 1005);
    assert_float_equal(d.level, need + 3, 0.001);
}

static void test_no_level(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"123S4", RUNG_SOUNDING, END_SOUNDED, REASON_NO_LEVEL},
        {"123S4bHH", RUNG_SOUNDING, END_SOUNDED, REASON_NO_LEVEL}, /* a level of which the profile knows nothing */
        {"123S", RUNG_ARMED, END_FAILED, REASON_NOT_SOUNDING},
    };
    CHECK(&PLAIN, CAUSE_FINISHED, true, ROWS);
    struct delivery d;
    play(&d, &PLAIN, "123S");
    assert_int_equal(delivery_highest(&d), RUNG_SOUNDING);
    assert_false(delivery_wants_baseline(&d));
    assert_false(delivery_wants_level(&d));
    assert_true(delivery_sampled(&d));
    delivery_init(&d, 0, &OUTPUT);
    assert_int_equal(delivery_highest(&d), RUNG_HEARD);
}

/* Trouble is what stands now: a good answer of the right kind takes it away, another does not. */
static void test_trouble_comes_and_goes(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"1N23S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"1E2", RUNG_ACKNOWLEDGED, END_FAILED, REASON_NOT_ARMED},
        {"12A2", RUNG_ACKNOWLEDGED, END_FAILED, REASON_NOT_ARMED},
        {"12AA3S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123SQ4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhn", RUNG_HEARD, END_HEARD, REASON_NONE},           /* its line says why it fell silent, or starts it again */
        {"123S4bhY", RUNG_HEARD, END_FAILED, REASON_STOPPED_EARLY}, /* the rung is kept, the last state decides */
        {"123S4bhY123S4", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhYNAQ", RUNG_HEARD, END_FAILED, REASON_STOPPED_EARLY}, /* what follows from it says less */
        {"123S4bhRNAQ", RUNG_HEARD, END_FAILED, REASON_REBOOTED},
        {"123S4bhRE", RUNG_HEARD, END_FAILED, REASON_EXCEPTION}, /* what keeps it from being armed again says more */
        {"123S4bhR4N", RUNG_HEARD, END_FAILED, REASON_NO_REPLY},
        {"B", RUNG_NONE, END_FAILED, REASON_BUSY_OTHER},
        {"B123S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhu", RUNG_HEARD, END_HEARD, REASON_NONE}, /* not known is not false */
        {"123S4bhN", RUNG_HEARD, END_FAILED, REASON_NO_REPLY},
        {"123S4bhN4", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhNn", RUNG_HEARD, END_FAILED, REASON_NO_REPLY},
        {"123S4bhR", RUNG_HEARD, END_FAILED, REASON_REBOOTED},
        {"123S4bhR123", RUNG_HEARD, END_FAILED, REASON_REBOOTED},
        {"123S4bR123S4", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED},
        {"123S4bR123S4H", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bR123S4e", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED}, /* words before the second start */
        {"123S4bhB", RUNG_HEARD, END_FAILED, REASON_BUSY_OTHER},
        {"123S4bhBo", RUNG_HEARD, END_FAILED, REASON_BUSY_OTHER},
        {"123S4bhB4", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhNX", RUNG_HEARD, END_FAILED, REASON_NO_REPLY}, /* what was wrong before says more */
        {"XP", RUNG_NONE, END_FAILED, REASON_NO_REPLY},
        {"NP", RUNG_NONE, END_FAILED, REASON_NO_REPLY},
    };
    CHECK(&OUTPUT, CAUSE_FINISHED, true, ROWS);
}

static void test_line_down_and_back(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"D", RUNG_NONE, END_FAILED, REASON_LINE_DOWN},
        {"DU", RUNG_NONE, END_FAILED, REASON_NO_REPLY},
        {"DU123S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bhD", RUNG_HEARD, END_FAILED, REASON_LINE_DOWN},
        {"123S4bhDU", RUNG_HEARD, END_FAILED, REASON_NOT_SOUNDING},
        {"123S4bhDU123S4", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4DU123S4bH", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"123S4bDU123S4e", RUNG_SOUNDING, END_SOUNDED, REASON_NOT_SAMPLED},
    };
    CHECK(&OUTPUT, CAUSE_FINISHED, true, ROWS);
    struct delivery d;
    play(&d, &OUTPUT, "123S4D");
    assert_int_equal(d.end, END_FAILED);
    assert_false(d.final);
    assert_false(d.is_started);
    assert_false(delivery_line_down(&d, at(50))); /* told once */
    assert_int_equal(d.ended.wall.ms, at(15).wall.ms);
    assert_true(delivery_line_up(&d));
    assert_false(delivery_line_up(&d));
    assert_int_equal(d.end, END_NONE);
    assert_int_equal(d.ended.wall.ms, 0);
    assert_true(delivery_sampled(&d));
    take(&d, '4', 60); /* it had sounded on meanwhile: it is waited for as before */
    assert_true(d.is_started);
    assert_false(delivery_sampled(&d));
    assert_true(delivery_wants_baseline(&d));
}

/* Cut short: what was not reached yet is not held against the terminal, a failure that was seen stays one. */
static void test_cut_short(void **state)
{
    (void)state;
    static const struct {
        enum delivery_cause cause;
        enum delivery_end end;
    } CAUSES[] = {{CAUSE_STOPPED, END_CANCELLED},
                  {CAUSE_CANCELLED, END_CANCELLED},
                  {CAUSE_EXPIRED, END_EXPIRED},
                  {CAUSE_SUPERSEDED, END_SUPERSEDED},
                  {CAUSE_CLEARED, END_SUPERSEDED}};
    for (size_t i = 0; i < 4; i++) {
        const struct row rows[] = {
            {"", RUNG_NONE, CAUSES[i].end, REASON_NONE},
            {"12", RUNG_ACKNOWLEDGED, CAUSES[i].end, REASON_NONE},
            {"123S", RUNG_ARMED, CAUSES[i].end, REASON_NONE},
            {"123S4b", RUNG_SOUNDING, CAUSES[i].end, REASON_NONE},
            {"1N", RUNG_SENT, END_FAILED, REASON_NO_REPLY},
            {"123S4D", RUNG_SOUNDING, END_FAILED, REASON_LINE_DOWN},
            {"123S4bl", RUNG_SOUNDING, END_FAILED, REASON_SILENT},
            {"123S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
            {"123S4X", RUNG_SOUNDING, END_FAILED, REASON_NOT_STOPPED},
        };
        CHECK(&OUTPUT, CAUSES[i].cause, true, rows);
        const struct row plain[] = {{"123S4", RUNG_SOUNDING, CAUSES[i].end, REASON_NONE}};
        CHECK(&PLAIN, CAUSES[i].cause, true, plain);
    }
}

/* When our own output was silent, no terminal is blamed for silence; a failure of its own stays its own. */
static void test_no_audio(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"123S4bl", RUNG_SOUNDING, END_FAILED, REASON_NO_AUDIO}, {"123S4b", RUNG_SOUNDING, END_FAILED, REASON_NO_AUDIO},
        {"123S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},         {"1N", RUNG_SENT, END_FAILED, REASON_NO_REPLY},
        {"123S", RUNG_ARMED, END_FAILED, REASON_NOT_SOUNDING},   {"123S4blY", RUNG_SOUNDING, END_FAILED, REASON_STOPPED_EARLY},
    };
    CHECK(&OUTPUT, CAUSE_FINISHED, false, ROWS);
    static const struct row PLAIN_ROWS[] = {{"123S4", RUNG_SOUNDING, END_FAILED, REASON_NO_AUDIO}};
    CHECK(&PLAIN, CAUSE_FINISHED, false, PLAIN_ROWS);
}

static void test_no_audio_cut_short(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"123S4bl", RUNG_SOUNDING, END_CANCELLED, REASON_NONE},
        {"123S4bh", RUNG_HEARD, END_HEARD, REASON_NONE},
        {"1N", RUNG_SENT, END_FAILED, REASON_NO_REPLY},
    };
    CHECK(&OUTPUT, CAUSE_STOPPED, false, ROWS);
}

/* After its end nothing changes it any more. */
static void test_final(void **state)
{
    (void)state;
    struct delivery d;
    play(&d, &OUTPUT, "123S4bl");
    delivery_finish(&d, CAUSE_FINISHED, true, at(50));
    const struct delivery before = d;
    for (const char *what = "1234SPnNERYBXDUbmhHl"; *what; what++)
        assert_false(take(&d, *what, 60));
    delivery_finish(&d, CAUSE_STOPPED, true, at(70));
    assert_memory_equal(&d, &before, sizeof d);
}

/* Only changes are worth telling. */
static void test_told_once(void **state)
{
    (void)state;
    struct delivery d;
    delivery_init(&d, 7, &OUTPUT);
    for (const char *what = "1234"; *what; what++) {
        if (*what == '4')
            assert_true(take(&d, 'S', 11));
        assert_true(take(&d, *what, 12));
        assert_false(take(&d, *what, 13));
    }
    assert_true(take(&d, 'N', 14));
    assert_false(take(&d, 'N', 15));
    assert_true(take(&d, '4', 16));
    assert_true(take(&d, 'b', 17));
    assert_false(take(&d, 'b', 18));
    assert_true(take(&d, 'm', 19)); /* a higher baseline */
    assert_false(take(&d, 't', 20));
    static const enum line_event_kind OF_THE_LINE[] = {LINE_UP,          LINE_DOWN,    LINE_SWEPT,
                                                       LINE_STARTS_SENT, LINE_UNASKED, LINE_SETTLED};
    for (size_t i = 0; i < sizeof OF_THE_LINE / sizeof *OF_THE_LINE; i++)
        assert_false(take_event(&d, (struct line_event){.kind = OF_THE_LINE[i]}, 21));
}

static void test_times(void **state)
{
    struct delivery d;
    (void)state;
    play(&d, &OUTPUT, "123S4bhP"); /* from second 10 on */
    const int64_t expected[RUNG_COUNT] = {0, 10, 11, 12, 14, 16};
    for (int rung = RUNG_SENT; rung < RUNG_COUNT; rung++) {
        assert_int_equal(d.reached[rung].wall.ms, at(expected[rung]).wall.ms);
        assert_int_equal(d.reached[rung].mono.us, at(expected[rung]).mono.us);
    }
    assert_int_equal(d.started.wall.ms, at(13).wall.ms);
    assert_int_equal(d.stopped.wall.ms, at(17).wall.ms);
    assert_false(d.is_started);
    assert_true(d.starting);
    play(&d, &OUTPUT, "123SQSS"); /* nor does one that was obeyed at last count from one that was not */
    assert_int_equal(d.started.wall.ms, at(16).wall.ms);
    play(&d, &OUTPUT, "1NS12S"); /* the first left when it did not answer; it was armed when it did */
    assert_int_equal(d.started.wall.ms, at(15).wall.ms);
    play(&d, &OUTPUT, "123SSR3S"); /* a second start frame changes nothing, a start after a reboot does */
    assert_int_equal(d.started.wall.ms, at(17).wall.ms);
    play(&d, &OUTPUT, "123SS");
    assert_int_equal(d.started.wall.ms, at(13).wall.ms);
}

/* What went wrong and came right again is told with the end. */
static void test_troubles_are_counted(void **state)
{
    (void)state;
    struct delivery d;
    play(&d, &OUTPUT, "BB12A3S4bYY123S4R123S4h");
    delivery_finish(&d, CAUSE_FINISHED, true, at(100));
    assert_int_equal(d.end, END_HEARD);
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        bool once = reason == REASON_BUSY_OTHER || reason == REASON_NOT_ARMED || reason == REASON_STOPPED_EARLY ||
                    reason == REASON_REBOOTED;
        assert_int_equal(d.troubles[reason], once);
    }
}

static void test_the_last_reading_is_known(void **state)
{
    (void)state;
    struct delivery d;
    play(&d, &OUTPUT, "1234");
    assert_int_equal(d.read.wall.ms, at(13).wall.ms);
    assert_false(take(&d, 'o', 20)); /* whatever it says, and nothing is told by it */
    assert_int_equal(d.read.wall.ms, at(20).wall.ms);
    take(&d, 'N', 30);
    assert_int_equal(d.read.wall.ms, at(20).wall.ms);
}

static void test_exception_is_kept(void **state)
{
    (void)state;
    struct delivery d;
    play(&d, &OUTPUT, "1E");
    assert_int_equal(d.exception, 2);
    play(&d, &OUTPUT, "1E2");
    assert_int_equal(d.exception, 0);
}

/* What it still wants, and whether the programme must be held open for it. */
static void test_wants(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        bool baseline, level, sampled;
    } ROWS[] = {
        {"123", false, false, true},     {"123S", true, true, false},      {"123S4b", false, true, false},
        {"123S4bH", false, true, false}, {"123S4bHH", false, false, true}, {"123S4bll", false, true, true},
        {"123S4bHl", false, true, true}, {"123S4N", true, true, true}, /* it does not answer: nobody waits */
        {"123S4D", false, false, true},  {"123S4P", false, false, true},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct delivery d;
        play(&d, &MICROPHONE, ROWS[i].script);
        if (delivery_wants_baseline(&d) != ROWS[i].baseline || delivery_wants_level(&d) != ROWS[i].level ||
            delivery_sampled(&d) != ROWS[i].sampled)
            fail_msg("%s", ROWS[i].script);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(rung_name(RUNG_NONE), "none");
    assert_string_equal(rung_name(RUNG_HEARD), "heard");
    assert_string_equal(delivery_end_name(END_NONE), "");
    assert_string_equal(delivery_end_name(END_EXCLUDED), "excluded");
    assert_string_equal(delivery_reason_name(REASON_MAINTENANCE), "maintenance");
    assert_string_equal(delivery_reason_name(REASON_NO_AUDIO), "no_audio");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_what_never_counts),
        cmocka_unit_test(test_microphone),
        cmocka_unit_test(test_what_a_level_is_worth),
        cmocka_unit_test(test_no_level),
        cmocka_unit_test(test_trouble_comes_and_goes),
        cmocka_unit_test(test_line_down_and_back),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_no_audio),
        cmocka_unit_test(test_no_audio_cut_short),
        cmocka_unit_test(test_final),
        cmocka_unit_test(test_told_once),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_troubles_are_counted),
        cmocka_unit_test(test_the_last_reading_is_known),
        cmocka_unit_test(test_exception_is_kept),
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
