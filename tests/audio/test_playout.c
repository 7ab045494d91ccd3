/* Playout through the pacing card: what the FIFO heard is held against what playout says it played. Times are counted in
 * frames, so that a busy machine changes nothing. */
#include "audio/loudness.h"
#include "audio/playout.h"
#include "codecs/monotonic.h"
#include "tests/audio/pacing_card.h"
#include "tests/patience.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RATE = 48000, STEP = RATE / 20, EVENTS_MAX = 4096, WORDS = STEP * 2, REPETITION = 9 /* steps */ };

struct fixture;

struct log {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct playout_event events[EVENTS_MAX];
    size_t n;
    /* Done by the playout's own thread when this step of broadcast 1 has been played, so that the sound which follows does not
     * depend on when another thread has its turn. */
    void (*act)(struct fixture *f);
    size_t act_after;
};

struct fixture {
    struct pacing_card card;
    struct ear ear;
    struct log log;
    struct playout *playout;
    bool deaf; /* nobody reads the FIFO */
};

static void on_event(void *context, const struct playout_event *event)
{
    struct fixture *f = context;
    struct log *log = &f->log;
    pthread_mutex_lock(&log->lock);
    if (log->n < EVENTS_MAX)
        log->events[log->n++] = *event;
    pthread_cond_broadcast(&log->changed);
    pthread_mutex_unlock(&log->lock);
    if (event->kind == PLAYOUT_STEP && event->broadcast == 1 && log->act_after > 0 && --log->act_after == 0)
        log->act(f);
}

/* To be said before broadcast 1 is loaded. */
static void when_played(struct fixture *f, size_t steps, void (*act)(struct fixture *f))
{
    f->log.act = act;
    f->log.act_after = steps;
}

static const char *const EVENT_NAMES[] = {"ready", "lost", "due", "phase", "step", "ended", "finished", "underrun"};

/* Waits until the n-th event of this kind and broadcast (0: any) is there; returns it. */
static struct playout_event await(struct fixture *f, enum playout_event_kind kind, uint32_t broadcast, size_t n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += patience_ms() / 1000;
    pthread_mutex_lock(&f->log.lock);
    for (;;) {
        size_t seen = 0;
        for (size_t i = 0; i < f->log.n; i++) {
            const struct playout_event *e = &f->log.events[i];
            if (e->kind == kind && (!broadcast || e->broadcast == broadcast) && ++seen == n) {
                struct playout_event found = *e;
                pthread_mutex_unlock(&f->log.lock);
                return found;
            }
        }
        if (pthread_cond_timedwait(&f->log.changed, &f->log.lock, &until) != 0) {
            pthread_mutex_unlock(&f->log.lock);
            fail_msg("no %s came", EVENT_NAMES[kind]);
        }
    }
}

static size_t count(struct fixture *f, enum playout_event_kind kind)
{
    size_t n = 0;
    pthread_mutex_lock(&f->log.lock);
    for (size_t i = 0; i < f->log.n; i++)
        n += f->log.events[i].kind == kind;
    pthread_mutex_unlock(&f->log.lock);
    return n;
}

static void start_on(struct fixture *f, const char *parameters, const char *device, uint32_t rate, bool deaf)
{
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->log.lock, NULL);
    pthread_cond_init(&f->log.changed, NULL);
    pacing_card_make(&f->card, parameters);
    f->deaf = deaf;
    if (!deaf)
        ear_open(&f->ear, f->card.fifo);
    struct playout_settings settings = {.id = "test", .rate = rate, .period_ms = 20, .queue_ms = 60};
    strcpy(settings.device, device);
    struct error error = {0};
    f->playout = playout_create(&settings, on_event, f, &error);
    if (!f->playout)
        fail_msg("%s", error.message);
}

static void start(struct fixture *f, const char *parameters)
{
    start_on(f, parameters, "village", RATE, false);
}

/* After this the ear's frames are complete. */
static void end(struct fixture *f)
{
    playout_destroy(f->playout);
    f->playout = NULL;
    if (!f->deaf)
        ear_close(&f->ear);
}

static void clear(struct fixture *f)
{
    if (!f->deaf)
        ear_free(&f->ear);
    pacing_card_remove(&f->card);
    pthread_cond_destroy(&f->log.changed);
    pthread_mutex_destroy(&f->log.lock);
}

static struct programme *programme_of(uint32_t repetitions, uint32_t tone_max_ms, uint32_t rate)
{
    struct programme_settings settings = {.rate = rate,
                                          .tone = TONE_ATTENTION,
                                          .tone_min_ms = 150,
                                          .tone_max_ms = tone_max_ms,
                                          .silence_ms = 50,
                                          .repetitions = repetitions,
                                          .first_repetition = 1,
                                          .n_languages = 2};
    struct error error = {0};
    struct programme *programme = programme_create(&settings, &error);
    if (!programme)
        fail_msg("%s", error.message);
    return programme;
}

/* Two languages of different loudness, 100 ms each, whole periods of 400 Hz. */
static void give_words(struct fixture *f, uint32_t broadcast)
{
    static int16_t words[WORDS];
    for (int language = 0; language < 2; language++) {
        for (int i = 0; i < WORDS; i++)
            words[i] = (int16_t)lrint((language ? 3000 : 9000) * sin(2 * acos(-1) * 400 * i / RATE));
        playout_words(f->playout, broadcast, (uint32_t)language, words, WORDS);
    }
}

static void load(struct fixture *f, uint32_t broadcast, uint32_t repetitions, uint32_t allowed)
{
    playout_load(f->playout, programme_of(repetitions, 400, RATE), broadcast);
    give_words(f, broadcast);
    playout_release(f->playout, broadcast);
    playout_allow(f->playout, broadcast, allowed);
}

/* The events but steps and phases as letters; each phase as its segment's letter and the number of its steps. */
static const char *story(struct fixture *f)
{
    static char text[1024];
    static const char *const letters = "T.WE";
    size_t n = 0;
    int steps = 0;
    for (size_t i = 0; i <= f->log.n && n < sizeof text - 32; i++) {
        const struct playout_event *e = i < f->log.n ? &f->log.events[i] : NULL;
        if (e && e->kind == PLAYOUT_STEP) {
            steps++;
            continue;
        }
        if (e && e->kind == PLAYOUT_UNDERRUN)
            continue;
        if (steps > 0)
            n += (size_t)snprintf(text + n, 16, "%d", steps);
        steps = 0;
        if (!e)
            break;
        if (e->kind == PLAYOUT_PHASE)
            n += (size_t)snprintf(text + n, 16, " %c", letters[e->segment]);
        else
            n += (size_t)snprintf(text + n, 32, " %s%u", EVENT_NAMES[e->kind], e->repetition);
    }
    text[n] = '\0';
    return text;
}

/* Every step in order is a block of the FIFO, and its level is the block's. Returns how many there were. */
static size_t hold_levels_to_fifo(struct fixture *f)
{
    size_t steps = 0;
    for (size_t i = 0; i < f->log.n; i++) {
        const struct playout_event *e = &f->log.events[i];
        if (e->kind != PLAYOUT_STEP)
            continue;
        if ((steps + 1) * STEP > f->ear.n)
            fail_msg("step %zu was never heard", steps);
        double heard = loudness_of(f->ear.frames + steps * STEP, STEP);
        if (fabs(heard - e->level) > 0.01)
            fail_msg("step %zu (%s): %f dB said, %f heard", steps, segment_kind_name(e->segment), e->level, heard);
        steps++;
    }
    return steps;
}

static void assert_no_click(const struct fixture *f)
{
    for (size_t i = 1; i < f->ear.n; i++)
        if (abs(f->ear.frames[i] - f->ear.frames[i - 1]) > 1900)
            fail_msg("click at frame %zu: %d to %d", i, f->ear.frames[i - 1], f->ear.frames[i]);
}

static void assert_segment_began(const struct fixture *f)
{
    struct mono began = {0};
    for (size_t i = 0; i < f->log.n; i++) {
        const struct playout_event *e = &f->log.events[i];
        if (e->kind == PLAYOUT_PHASE)
            began = e->at;
        if (e->kind == PLAYOUT_PHASE || e->kind == PLAYOUT_STEP)
            assert_int_equal(e->segment_began.us, began.us);
    }
}

static void assert_peak(const struct fixture *f)
{
    int peak = 0;
    for (size_t i = 0; i < f->ear.n; i++)
        peak = abs(f->ear.frames[i]) > peak ? abs(f->ear.frames[i]) : peak;
    assert_in_range(peak, 9000, 12000);
}

static void test_story_and_levels(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    load(&f, 7, 2, 2);
    struct playout_event over = await(&f, PLAYOUT_FINISHED, 7, 1);
    end(&f);
    assert_string_equal(story(&f), " ready0 due1 T3 .1 W2 .1 W2 ended1 due2 T3 .1 W2 .1 W2 ended2 finished2");
    assert_int_equal(hold_levels_to_fifo(&f), 2 * REPETITION);
    assert_in_range(f.ear.n, 2 * REPETITION * STEP,
                    2 * REPETITION * STEP + RATE / 10); /* and a little silence while the card ran out */
    assert_no_click(&f);
    assert_peak(&f);
    assert_segment_began(&f);
    struct playout_event first = await(&f, PLAYOUT_PHASE, 7, 1);
    if (count(&f, PLAYOUT_UNDERRUN) == 0) /* times are the card's: 18 steps took 0.9 s of it */
        assert_in_range(mono_since(over.at, first.at), 860000, 940000);
    clear(&f);
}

static void test_tone_waits_for_release_and_words(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    playout_load(f.playout, programme_of(1, 20000, RATE), 3);
    await(&f, PLAYOUT_DUE, 3, 1);
    assert_int_equal(f.ear.n, 0); /* nothing before it is allowed */
    playout_allow(f.playout, 3, 1);
    await(&f, PLAYOUT_STEP, 3, 8);
    playout_release(f.playout, 3);
    await(&f, PLAYOUT_STEP, 3, 12);
    give_words(&f, 3);
    await(&f, PLAYOUT_FINISHED, 3, 1);
    end(&f);
    size_t tone = 0;
    for (size_t i = 0; i < f.log.n; i++)
        tone += f.log.events[i].kind == PLAYOUT_STEP && f.log.events[i].segment == SEGMENT_TONE;
    assert_in_range(tone, 13, 399);
    assert_int_equal(hold_levels_to_fifo(&f), tone + REPETITION - 3);
    assert_no_click(&f);
    clear(&f);
}

static void test_silence_until_allowed(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    load(&f, 4, 1, 1);
    playout_extend(f.playout, 4, 1);
    await(&f, PLAYOUT_DUE, 4, 2);
    await(&f, PLAYOUT_STEP, 4, REPETITION + 3);
    playout_allow(f.playout, 4, 2);
    await(&f, PLAYOUT_FINISHED, 4, 1);
    end(&f);
    const char *told = story(&f);
    assert_non_null(strstr(told, " ready0 due1 T3 .1 W2 .1 W2 ended1 due2 ."));
    assert_non_null(strstr(told, " T3 .1 W2 .1 W2 ended2 finished2"));
    assert_true(hold_levels_to_fifo(&f) >= 2 * REPETITION + 3);
    clear(&f);
}

static size_t last_sound(const struct ear *ear)
{
    size_t n = ear->n;
    while (n > 0 && ear->frames[n - 1] == 0)
        n--;
    return n;
}

static void stop_it(struct fixture *f)
{
    playout_stop(f->playout, 99); /* another's: nothing */
    playout_stop(f->playout, 1);
}

/* From a step's end until the orders are read again at most two queues of 60 ms are written; then comes the fade of 50 ms. */
enum { OUT_SOON = RATE * 170 / 1000 };

static void test_stop_fades(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    when_played(&f, 6, stop_it);
    playout_load(f.playout, programme_of(1, 20000, RATE), 1);
    playout_allow(f.playout, 1, 1);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    end(&f);
    assert_in_range(last_sound(&f.ear), 6 * STEP + RATE / 25, 6 * STEP + OUT_SOON);
    assert_no_click(&f);
    assert_int_equal(count(&f, PLAYOUT_ENDED), 0);
    hold_levels_to_fifo(&f);
    clear(&f);
}

static void test_stop_before_it_began(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    playout_load(f.playout, programme_of(1, 400, RATE), 5);
    await(&f, PLAYOUT_DUE, 5, 1);
    playout_stop(f.playout, 5);
    await(&f, PLAYOUT_FINISHED, 5, 1);
    end(&f);
    assert_int_equal(f.ear.n, 0);
    clear(&f);
}

static void load_two(struct fixture *f)
{
    playout_load(f->playout, programme_of(1, 400, RATE), 2); /* overtaken before it begins */
    load(f, 3, 1, 1);
}

static void test_next_displaces(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    when_played(&f, 5, load_two);
    playout_load(f.playout, programme_of(3, 20000, RATE), 1);
    playout_allow(f.playout, 1, 3);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    await(&f, PLAYOUT_FINISHED, 2, 1);
    await(&f, PLAYOUT_FINISHED, 3, 1);
    end(&f);
    uint32_t over = 0;
    for (size_t i = 0; i < f.log.n; i++) {
        const struct playout_event *e = &f.log.events[i];
        assert_true(e->kind == PLAYOUT_READY || e->kind == PLAYOUT_UNDERRUN || e->broadcast == over + 1);
        over += e->kind == PLAYOUT_FINISHED;
    }
    size_t quiet = 5 * STEP; /* the first 6 ms of next to nothing, which no note of the tone leaves: there the old one ends */
    for (size_t run = 0; quiet < f.ear.n && run < RATE * 6 / 1000; quiet++)
        run = abs(f.ear.frames[quiet]) > 400 ? 0 : run + 1;
    assert_in_range(quiet, 5 * STEP, 5 * STEP + OUT_SOON + RATE * 6 / 1000);
    assert_no_click(&f);
    clear(&f);
}

static void test_no_output(void **state)
{
    (void)state;
    struct fixture f;
    start_on(&f, "", "", RATE, false);
    load(&f, 7, 2, 2);
    await(&f, PLAYOUT_FINISHED, 7, 1);
    end(&f);
    assert_string_equal(story(&f), " ready0 due1 T3 .1 W2 .1 W2 ended1 due2 T3 .1 W2 .1 W2 ended2 finished2");
    for (size_t i = 0; i < f.log.n; i++)
        assert_true(f.log.events[i].level <= -120);
    assert_int_equal(f.ear.n, 0);
    clear(&f);
}

static void unplug(struct fixture *f)
{
    close(open(f->card.lost, O_CREAT | O_WRONLY, 0600));
}

static void test_card_lost_and_back(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    when_played(&f, 3, unplug);
    load(&f, 1, 2, 2);
    struct playout_event lost = await(&f, PLAYOUT_LOST, 0, 1);
    assert_int_equal(lost.error.code, ERROR_DISCONNECTED);
    assert_non_null(strstr(lost.error.message, "village"));
    await(&f, PLAYOUT_FINISHED, 1, 1); /* repetitions still end */
    unlink(f.card.lost);
    await(&f, PLAYOUT_READY, 0, 2);
    load(&f, 2, 1, 1);
    await(&f, PLAYOUT_FINISHED, 2, 1);
    end(&f);
    assert_int_equal(count(&f, PLAYOUT_LOST), 1);
    assert_int_equal(count(&f, PLAYOUT_ENDED), 3);
    assert_in_range(f.ear.n, (3 + REPETITION) * STEP, 2 * REPETITION * STEP); /* a piece of one, and the whole of two */
    size_t loud = 0, silent = 0;
    for (size_t i = 0; i < f.log.n; i++) {
        const struct playout_event *e = &f.log.events[i];
        if (e->kind == PLAYOUT_STEP && e->broadcast == 1 && e->segment != SEGMENT_SILENCE) {
            loud += e->level > -60;
            silent += e->level <= -120;
        }
    }
    assert_in_range(loud, 2, 8);
    assert_int_equal(loud + silent, 14);
    clear(&f);
}

static void test_card_not_there(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    await(&f, PLAYOUT_READY, 0, 1);
    unplug(&f);
    await(&f, PLAYOUT_LOST, 0, 1); /* seen while it rests */
    unlink(f.card.lost);
    await(&f, PLAYOUT_READY, 0, 2); /* and found again */
    end(&f);
    clear(&f);

    start_on(&f, "", "nonsense", RATE, false);
    await(&f, PLAYOUT_LOST, 0, 1);
    load(&f, 1, 1, 1);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    end(&f);
    assert_string_equal(story(&f), " lost0 due1 T3 .1 W2 .1 W2 ended1 finished1");
    clear(&f);
}

static void test_lost_by_itself(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "lose_after_ms 200");
    load(&f, 1, 1, 1);
    await(&f, PLAYOUT_LOST, 0, 1);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    end(&f);
    assert_int_equal(count(&f, PLAYOUT_ENDED), 1);
    clear(&f);
}

static void test_stall_is_an_underrun(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "stall_after_ms 150 stall_ms 150");
    load(&f, 1, 1, 1);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    end(&f);
    assert_true(count(&f, PLAYOUT_UNDERRUN) >= 1);
    assert_string_equal(story(&f), " ready0 due1 T3 .1 W2 .1 W2 ended1 finished1");
    assert_int_equal(hold_levels_to_fifo(&f), REPETITION); /* not a frame is missing */
    clear(&f);
}

static size_t wav_frames(const char *path)
{
    unsigned char h[44];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(h, 1, sizeof h, file), sizeof h);
    fseek(file, 0, SEEK_END);
    size_t said = (size_t)h[40] | (size_t)h[41] << 8 | (size_t)h[42] << 16 | (size_t)h[43] << 24;
    assert_true((size_t)ftell(file) >= 44 + said);
    fclose(file);
    assert_memory_equal(h, "RIFF", 4);
    assert_memory_equal(h + 36, "data", 4);
    return said / 2;
}

static void test_nobody_listens(void **state)
{
    (void)state;
    struct fixture f;
    start_on(&f, "", "village", RATE, true);
    load(&f, 1, 1, 1);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    load(&f, 2, 2, 2);
    await(&f, PLAYOUT_STEP, 2, 3);
    int reader = open(f.card.fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    await(&f, PLAYOUT_STEP, 2, 10);
    close(reader); /* goes away in the middle: no SIGPIPE */
    await(&f, PLAYOUT_FINISHED, 2, 1);
    end(&f);
    assert_in_range(wav_frames(f.card.wav), 3 * REPETITION * STEP, 3 * REPETITION * STEP + RATE / 5);
    clear(&f);
}

static void test_muted_card(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "silent true");
    load(&f, 1, 1, 1);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    end(&f);
    assert_true(f.ear.n >= REPETITION * STEP);
    assert_int_equal(last_sound(&f.ear), 0);
    clear(&f);
}

static void test_other_rate_through_plug(void **state)
{
    (void)state;
    struct fixture f;
    start_on(&f, "", "plugged", 24000, false);
    playout_load(f.playout, programme_of(1, 400, 24000), 1);
    give_words(&f, 1);
    playout_release(f.playout, 1);
    playout_allow(f.playout, 1, 1);
    await(&f, PLAYOUT_FINISHED, 1, 1);
    end(&f);
    /* words were made for twice the rate, so last 200 ms here: 13 steps */
    assert_string_equal(story(&f), " ready0 due1 T3 .1 W4 .1 W4 ended1 finished1");
    assert_in_range(last_sound(&f.ear), 12 * STEP, 14 * STEP);
    clear(&f);
}

static void refused(struct playout_settings settings, const char *word)
{
    struct error error = {0};
    assert_null(playout_create(&settings, on_event, NULL, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_non_null(strstr(error.message, word));
}

static void test_settings(void **state)
{
    (void)state;
    const struct playout_settings good = {.rate = RATE, .period_ms = 20, .queue_ms = 60};
    struct playout_settings s = good;
    s.period_ms = 21, refused(s, "period_ms"), s = good;
    s.period_ms = 1, refused(s, "period_ms"), s = good;
    s.queue_ms = 61, refused(s, "queue_ms"), s = good;
    s.queue_ms = 39, refused(s, "queue_ms"), s = good;
    s.rate = 0, refused(s, "rate"), s = good;
    playout_destroy(NULL);
}

/* Destroyed in the middle, with another one waiting: nothing leaks (run under ASan and valgrind). */
static void test_destroyed_in_the_middle(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "");
    load(&f, 1, 3, 3);
    await(&f, PLAYOUT_STEP, 1, 2);
    for (uint32_t i = 2; i < 9; i++)
        playout_load(f.playout, programme_of(1, 400, RATE), i);
    give_words(&f, 8);
    end(&f);
    clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_story_and_levels),
        cmocka_unit_test(test_tone_waits_for_release_and_words),
        cmocka_unit_test(test_silence_until_allowed),
        cmocka_unit_test(test_stop_fades),
        cmocka_unit_test(test_stop_before_it_began),
        cmocka_unit_test(test_next_displaces),
        cmocka_unit_test(test_no_output),
        cmocka_unit_test(test_card_lost_and_back),
        cmocka_unit_test(test_card_not_there),
        cmocka_unit_test(test_lost_by_itself),
        cmocka_unit_test(test_stall_is_an_underrun),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_muted_card),
        cmocka_unit_test(test_other_rate_through_plug),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_destroyed_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
