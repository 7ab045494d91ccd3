/* One channel in virtual time, against fakes of lines, playout and ports: what was commanded is written down as text, and a
 * script plays lines, card, disk and voices. No thread runs. */
#ifndef TOCSIN_TESTS_CONTROLLER_DISPATCHER_SCENE_H
#define TOCSIN_TESTS_CONTROLLER_DISPATCHER_SCENE_H

#include "audio/programme_reader.h"
#include "audio/tone.h"
#include "controller/dispatcher.h"
#include "controller/speaker.h"
#include "controller/words.h"

#include "tests/controller/site_fixture.h"

struct scene {
    struct fixture fixture;
    struct dispatcher *dispatcher;
    int64_t ms;
    struct alert *alerts[4];
    size_t n_alerts;
    char log[16384];
    uint16_t token_asked;
    bool hold_store; /* what is to be recorded waits for give_record */
    dispatcher_done_fn *token_done, *record_done;
    uint32_t record_broadcast, record_number;
    unsigned deliveries_told, readings_told;
    uint32_t session;
    uint16_t token; /* of the last target */
    struct {
        size_t n_members, n_verify;
        char order[8]; /* in which its terminals are read, one digit each */
    } lines[3];
    char programme[16]; /* of the last one: its repetitions, c with closing words, e with an end tone */
    const char *tone;   /* of the last programme */
    unsigned silence_ms;
    double speech_mean;
    size_t speech_frames;
};

/* The fakes below have no context of their own. */
static struct scene *scene;

static inline void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    size_t n = strlen(scene->log);
    va_list args;
    va_start(args, format);
    vsnprintf(scene->log + n, sizeof scene->log - n, format, args);
    va_end(args);
    strncat(scene->log, " ", sizeof scene->log - strlen(scene->log) - 1);
}

/* What was said since the last look. */
static inline void expect(const char *log)
{
    assert_string_equal(scene->log, log);
    scene->log[0] = '\0';
}

/* ---- fakes of hardware/line.h and audio/playout.h ---- */

static inline struct line *fake_line(size_t i)
{
    return (struct line *)(uintptr_t)(i + 1);
}

static inline size_t index_of(const struct line *line)
{
    return (size_t)(uintptr_t)line - 1;
}

void line_set_target(struct line *line, const struct line_target *target)
{
    scene->lines[index_of(line)].n_members = target->n_members;
    scene->session = target->session;
    scene->token = target->token;
    say("target%zu:%zu", index_of(line), target->n_members);
}

void line_set_verify(struct line *line, const uint16_t *terminals, size_t n)
{
    size_t l = index_of(line);
    scene->lines[l].n_verify = n;
    memset(scene->lines[l].order, 0, sizeof scene->lines[l].order);
    for (size_t i = 0; i < n; i++)
        scene->lines[l].order[i] = (char)('0' + terminals[i]);
}

/* The kind of tone that begins with these frames. */
static inline const char *tone_of(const int16_t *frames, size_t n, uint32_t rate)
{
    int16_t known[400];
    for (int kind = 0; kind < TONE_COUNT; kind++) {
        tone_render((enum tone_kind)kind, rate, 0, UINT64_MAX, known, n);
        if (memcmp(frames, known, n * sizeof *known) == 0)
            return tone_kind_name((enum tone_kind)kind);
    }
    return "none";
}

/* Reads all of a programme as if everything had come: what it consists of. */
static inline void look_at(struct programme *programme)
{
    int16_t frames[400], spoken_frames[400] = {0};
    struct programme_orders orders = {.allowed = 9, .released = true};
    struct programme_step step;
    char *to = scene->programme;
    assert_int_equal(programme_step_frames(scene->fixture.config.channels[0].playout.rate), 400);
    for (size_t i = 0; i < PROGRAMME_WORDS; i++)
        orders.words[i] = (struct programme_words){true, spoken_frames, 400};
    scene->silence_ms = 0;
    while (programme_read(programme, &orders, frames, &step) == PROGRAMME_PLAYS) {
        if (step.segment == SEGMENT_TONE && step.begins)
            scene->tone = tone_of(frames, 400, scene->fixture.config.channels[0].playout.rate);
        if (step.due)
            *to++ = (char)('0' + step.repetition);
        if (step.segment == SEGMENT_END_TONE && step.begins)
            *to++ = 'e';
        if (step.segment == SEGMENT_WORDS && step.begins && step.language == PROGRAMME_CLOSING)
            *to++ = 'c';
        scene->silence_ms += step.segment == SEGMENT_SILENCE ? PROGRAMME_STEP_MS : 0;
    }
    *to = '\0';
}

void playout_load(struct playout *playout, struct programme *programme, uint32_t broadcast)
{
    (void)playout;
    look_at(programme);
    programme_free(programme);
    say("load:%u", broadcast);
}

void playout_allow(struct playout *playout, uint32_t broadcast, uint32_t repetition)
{
    (void)playout;
    say("allow:%u.%u", broadcast, repetition);
}

void playout_release(struct playout *playout, uint32_t broadcast)
{
    (void)playout;
    say("release:%u", broadcast);
}

void playout_words(struct playout *playout, uint32_t broadcast, uint32_t language, const int16_t *frames, size_t n_frames)
{
    (void)playout;
    say("words:%u.%u:%zu", broadcast, language, n_frames);
    for (size_t i = 0; n_frames && i < n_frames; i++) /* the sanitizers look at each */
        assert_true(frames[i] == 0 || frames[i] == 100);
}

void playout_extend(struct playout *playout, uint32_t broadcast, uint32_t more)
{
    (void)playout;
    say("extend:%u+%u", broadcast, more);
}

void playout_stop(struct playout *playout, uint32_t broadcast)
{
    (void)playout;
    say("stop:%u", broadcast);
}

/* ---- ports ---- */

static inline void reserve_token(void *context, struct dispatcher *dispatcher, uint16_t token, dispatcher_done_fn *done)
{
    struct scene *s = context;
    assert_int_not_equal(token, 0);
    s->token_asked = token;
    s->token_done = done;
    if (!s->hold_store)
        done(dispatcher, 0, token, true);
}

static inline void record_alert(void *context, struct dispatcher *dispatcher, struct alert *alert, uint32_t broadcast,
                                uint32_t number, dispatcher_done_fn *done)
{
    struct scene *s = context;
    say(done ? "%s:%s.%u" : "%s:%s", alert->id, alert_state_name(alert->state), number);
    s->record_done = done ? done : s->record_done;
    if (!done)
        return;
    s->record_broadcast = broadcast;
    s->record_number = number;
    if (!s->hold_store)
        done(dispatcher, broadcast, number, true);
}

static inline void record_delivery(void *context, const struct broadcast *broadcast, const struct delivery *delivery)
{
    assert_non_null(broadcast);
    assert_non_null(delivery);
    ((struct scene *)context)->deliveries_told++;
}

static inline void record_reading(void *context, const struct broadcast *broadcast, const struct delivery *delivery,
                                  const struct terminal_reading *reading, enum loudness_verdict verdict)
{
    (void)verdict;
    assert_true(broadcast && delivery && reading->has_level);
    ((struct scene *)context)->readings_told++;
}

static inline void record_set_aside(void *context, struct broadcast *broadcast)
{
    ((struct scene *)context)->deliveries_told += (unsigned)broadcast->n_deliveries;
    say("%s:%s", broadcast->alert->id, alert_state_name(broadcast->alert->state));
}

static inline void record_end(void *context, struct broadcast *broadcast)
{
    (void)context;
    say("END %s", broadcast->alert->id);
    for (size_t i = 0; i < broadcast->n_deliveries; i++) {
        const struct delivery *d = &broadcast->deliveries[i];
        assert_true(d->final);
        say("%s=%s(%s)", broadcast->config->terminals[d->terminal].name, delivery_end_name(d->end),
            delivery_reason_name(d->reason));
    }
}

static inline void tell_programme(void *context, const struct broadcast *broadcast, const struct playout_event *event)
{
    (void)context;
    (void)broadcast;
    say("at:%u.%s", event->repetition, segment_kind_name(event->segment));
}

static inline void raise_alarm(void *context, const struct alert *alert, const char *what, const char *detail)
{
    (void)context;
    (void)alert;
    assert_true(*detail);
    say("ALARM:%s", what);
}

static inline void speak(void *context, struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index, const char *language,
                         const char *text)
{
    (void)context;
    (void)dispatcher;
    const char *stopped = words_text(&scene->fixture.config, TEXT_DRILL_STOPPED, language);
    bool drill_stopped = stopped && strstr(text, stopped) == text;
    say("speak:%u.%u:%s%s", broadcast, index, language, drill_stopped ? "!" : "");
    assert_true(*text);
}

/* [before*after]text, with F where it must be framed. */
static inline void play_clip(void *context, struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index,
                             const struct speaker_clip *clip)
{
    (void)context;
    (void)dispatcher;
    assert_ptr_equal(clip->recording, dispatcher_current(scene->dispatcher)->words[index]->recording);
    say("play:%u.%u:%s[%s*%s]%s%s", broadcast, index, clip->language, clip->before, clip->after, clip->framed ? "F" : "",
        clip->text);
}

static inline void recording(void *context, struct dispatcher *dispatcher, uint32_t broadcast, enum recording which)
{
    static const char *const NAMES[] = {"danger", "drill", "all_clear"};
    (void)context;
    (void)dispatcher;
    say("recording:%u:%s", broadcast, NAMES[which]);
}

/* ---- what the script does ---- */

static inline struct moment now(void)
{
    return (struct moment){{scene->ms * 1000}, {fixture_sent().ms + scene->ms}};
}

static inline void tick(int64_t ms)
{
    for (int64_t until = scene->ms + ms; scene->ms < until;) {
        scene->ms += until - scene->ms < 100 ? until - scene->ms : 100;
        dispatcher_tick(scene->dispatcher, now());
    }
}

static inline void give_record(bool ok)
{
    scene->record_done(scene->dispatcher, scene->record_broadcast, scene->record_number, ok);
}

static inline void line_event(uint32_t line, struct line_event event)
{
    event.session = scene->session;
    event.at = now().mono;
    dispatcher_take_line_event(scene->dispatcher, line, &event, now());
}

static inline void line_tells(uint32_t line, enum line_event_kind kind)
{
    line_event(line, (struct line_event){.kind = kind, .terminal = LINE_TERMINALS_MAX});
}

static inline void terminal_tells(uint32_t line, uint16_t terminal, enum line_event_kind kind)
{
    line_event(line, (struct line_event){.kind = kind, .terminal = terminal});
}

static inline void terminal_reads(uint32_t line, uint16_t terminal, double level)
{
    struct line_event event = {.kind = LINE_READING, .terminal = terminal};
    event.reading = (struct terminal_reading){.requested = mono_plus_ms(now().mono, -20),
                                              .received = now().mono,
                                              .level_requested = mono_plus_ms(now().mono, -20),
                                              .level_received = now().mono,
                                              .has_level = true,
                                              .level = level,
                                              .started = true};
    event.reading.when[WHEN_SOUNDING] = event.reading.when[WHEN_OURS] = TRUTH_TRUE;
    line_event(line, event);
}

static inline void playout_event(struct playout_event event)
{
    event.broadcast =
        scene->dispatcher && dispatcher_current(scene->dispatcher) ? dispatcher_current(scene->dispatcher)->id : 0;
    event.at = now().mono;
    dispatcher_take_playout_event(scene->dispatcher, &event, now());
}

static inline void playout_tells(enum playout_event_kind kind, uint32_t repetition)
{
    playout_event((struct playout_event){.kind = kind, .repetition = repetition, .error = {ERROR_IO, "as it says"}});
}

/* A segment that is really played. In its middle the two terminals of line 0 are read, unless reads is NAN. */
static inline void play(uint32_t repetition, enum segment_kind segment, uint32_t language, double level, int64_t ms,
                        double reads)
{
    struct mono began = now().mono;
    playout_event((struct playout_event){
        .kind = PLAYOUT_PHASE, .repetition = repetition, .segment = segment, .language = language, .segment_began = began});
    for (int64_t t = 0; t < ms; t += LOUDNESS_STEP_MS) {
        if (t == ms / 2 && !isnan(reads))
            for (uint16_t i = 0; i < 2; i++)
                terminal_reads(0, i, reads);
        playout_event((struct playout_event){.kind = PLAYOUT_STEP,
                                             .repetition = repetition,
                                             .segment = segment,
                                             .language = language,
                                             .level = level,
                                             .segment_began = began});
        scene->ms += LOUDNESS_STEP_MS;
    }
}

static inline void play_repetition(uint32_t k, double reads)
{
    play(k, SEGMENT_TONE, 0, -10, 1000, -20);
    play(k, SEGMENT_SILENCE, 0, -120, 1500, -60);
    play(k, SEGMENT_WORDS, 0, -15, 2000, reads);
    playout_tells(PLAYOUT_ENDED, k);
}

static inline void spoken(uint32_t index, bool ok)
{
    int16_t *frames = malloc(scene->speech_frames * sizeof *frames);
    for (size_t i = 0; i < scene->speech_frames; i++)
        frames[i] = 100;
    struct speech speech = {.frames = frames, .n_frames = scene->speech_frames, .rate = 8000, .mean_level = scene->speech_mean};
    struct error error = {ERROR_TIMEOUT, "the voice took too long"};
    dispatcher_spoken(scene->dispatcher, dispatcher_current(scene->dispatcher)->id, index, ok ? &speech : NULL, &error, now());
    free(frames);
}

static inline struct alert *alert_of(struct cap_text cap)
{
    char id[ALERT_ID_SIZE];
    snprintf(id, sizeof id, "%c", (char)('A' + scene->n_alerts));
    return scene->alerts[scene->n_alerts++] = fixture_alert(&scene->fixture.config, id, cap);
}

static inline struct alert *submit(struct cap_text cap)
{
    struct alert *alert = alert_of(cap);
    assert_true(dispatcher_submit(scene->dispatcher, alert, now()));
    return alert;
}

static inline const char *two_languages(void)
{
    static char infos[8192];
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){0}),
             info_xml((struct info_text){.language = "en", .headline = "Flood"}));
    return infos;
}

static inline void create_on(uint32_t channel, uint16_t last_token)
{
    static struct line *lines[3];
    const struct dispatcher_ports ports = {.context = scene,
                                           .reserve_token = reserve_token,
                                           .record_alert = record_alert,
                                           .record_delivery = record_delivery,
                                           .record_reading = record_reading,
                                           .record_set_aside = record_set_aside,
                                           .record_end = record_end,
                                           .tell_programme = tell_programme,
                                           .alarm = raise_alarm,
                                           .speak = speak,
                                           .play = play_clip,
                                           .recording = recording};
    for (size_t i = 0; i < 3; i++)
        lines[i] = fake_line(i);
    dispatcher_free(scene->dispatcher);
    scene->dispatcher = NULL; /* an assertion may fail inside */
    scene->dispatcher = dispatcher_create(&scene->fixture.config, channel, lines, NULL, last_token, &ports, now());
    assert_non_null(scene->dispatcher);
}

static inline void create(uint16_t last_token)
{
    create_on(0, last_token);
}

static inline void lines_up(void)
{
    for (uint32_t l = 0; l < 2; l++) {
        line_tells(l, LINE_UP);
        line_tells(l, LINE_SWEPT);
    }
}

static inline int set_up(void **state)
{
    *state = scene = calloc(1, sizeof *scene);
    scene->ms = 10000;
    scene->speech_mean = -16;
    scene->speech_frames = 1000;
    fixture_init(&scene->fixture);
    create(41);
    lines_up();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    dispatcher_free(scene->dispatcher);
    for (size_t i = 0; i < scene->n_alerts; i++)
        alert_free(scene->alerts[i]);
    free(scene);
    return 0;
}

static inline void start_line_0(void)
{
    for (uint16_t i = 0; i < 2; i++)
        for (int kind = LINE_SENT; kind <= LINE_STARTED; kind++)
            terminal_tells(0, i, (enum line_event_kind)kind);
    line_tells(0, LINE_STARTS_SENT);
}

/* Up to the words of its first repetition, with all going well. */
static inline struct alert *submit_and_start(void)
{
    struct alert *alert = submit((struct cap_text){0});
    playout_tells(PLAYOUT_DUE, 1);
    spoken(0, true);
    start_line_0();
    return alert;
}

static inline void stop_line_0(void)
{
    for (uint16_t i = 0; i < 2; i++)
        terminal_tells(0, i, LINE_STOPPED);
    line_tells(0, LINE_SETTLED);
}

#define BEGUN "target0:2 load:1 speak:1.0:zh-CN A:preparing.1 "

#endif
