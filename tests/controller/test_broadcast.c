/* One run of a programme: who is commanded, in which order they are read, and what their readings prove. */
#include "controller/broadcast.h"

#include "tests/controller/site_fixture.h"

struct run {
    struct fixture fixture;
    struct alert *alert;
    struct broadcast *broadcast;
    struct loudness *loudness;
    int64_t played_ms; /* end of the loudness line */
    unsigned told;
};

static struct moment at(int64_t ms)
{
    return (struct moment){{ms * 1000}, {fixture_sent().ms + ms}};
}

static int set_up(void **state)
{
    struct run *r = calloc(1, sizeof *r);
    fixture_init(&r->fixture);
    r->loudness = loudness_create();
    r->played_ms = 1000;
    *state = r;
    return r->loudness ? 0 : -1;
}

static int tear_down(void **state)
{
    struct run *r = *state;
    broadcast_free(r->broadcast);
    alert_free(r->alert);
    loudness_free(r->loudness);
    free(r);
    return 0;
}

static struct broadcast *begin(struct run *r, uint32_t channel, struct cap_text cap)
{
    broadcast_free(r->broadcast);
    alert_free(r->alert);
    r->alert = fixture_alert(&r->fixture.config, "id-1", cap);
    r->broadcast = broadcast_create(&r->fixture.config, r->alert, channel, 1, 4711, at(0));
    assert_non_null(r->broadcast);
    r->broadcast->speech_mean = -16;
    return r->broadcast;
}

static struct broadcast *begin_everywhere(struct run *r)
{
    return begin(r, 0, (struct cap_text){.infos = info_xml((struct info_text){.code = TOWNSHIP})});
}

static struct delivery *of(struct run *r, uint32_t terminal)
{
    for (size_t i = 0; i < r->broadcast->n_deliveries; i++)
        if (r->broadcast->deliveries[i].terminal == terminal)
            return &r->broadcast->deliveries[i];
    fail_msg("terminal %u is not meant", terminal);
    return NULL;
}

static void start(struct run *r, uint32_t terminal)
{
    struct line_event started = {.kind = LINE_STARTED, .at = at(900).mono};
    struct line_event reading = {.kind = LINE_READING, .at = at(950).mono, .reading = {.started = true}};
    reading.reading.when[WHEN_SOUNDING] = reading.reading.when[WHEN_OURS] = TRUTH_TRUE;
    delivery_take_event(of(r, terminal), &started, at(900).wall);
    delivery_take_event(of(r, terminal), &reading, at(950).wall);
    assert_int_equal(of(r, terminal)->rung, RUNG_SOUNDING);
}

static void play(struct run *r, enum segment_kind segment, double level, int64_t ms)
{
    struct mono began = at(r->played_ms).mono;
    for (; ms > 0; ms -= LOUDNESS_STEP_MS, r->played_ms += LOUDNESS_STEP_MS) {
        struct loudness_step step = {at(r->played_ms).mono, level, segment, began};
        loudness_add(r->loudness, &step);
        if (segment == SEGMENT_WORDS)
            r->broadcast->loudest_words = fmax(r->broadcast->loudest_words, level);
    }
    r->broadcast->segment = segment;
}

static void read_level(struct run *r, uint32_t terminal, int64_t requested, double level)
{
    struct terminal_reading reading = {.requested = at(requested - 200).mono, /* the level came last of several */
                                       .received = at(requested + 20).mono,
                                       .level_requested = at(requested).mono,
                                       .level_received = at(requested + 20).mono};
    reading.started = reading.has_level = true;
    reading.level = level;
    reading.when[WHEN_SOUNDING] = reading.when[WHEN_OURS] = TRUTH_TRUE;
    assert_true(broadcast_keep_reading(r->broadcast, (uint32_t)(of(r, terminal) - r->broadcast->deliveries), &reading));
}

static void told(void *context, struct delivery *delivery, const struct terminal_reading *reading,
                 enum loudness_verdict verdict, enum level_worth worth)
{
    assert_true(worth >= LEVEL_PROOF);
    assert_non_null(delivery);
    assert_true(reading->has_level);
    assert_true(verdict == LOUDNESS_SILENCE || verdict == LOUDNESS_WORDS);
    ++*(unsigned *)context;
}

static unsigned judge(struct run *r)
{
    r->told = 0;
    broadcast_judge(r->broadcast, r->loudness, at(r->played_ms), told, &r->told);
    return r->told;
}

static void finish(struct run *r)
{
    broadcast_finish(r->broadcast, at(60000));
}

static void assert_end(struct run *r, uint32_t terminal, enum delivery_end end, enum delivery_reason reason)
{
    const struct delivery *d = of(r, terminal);
    if (d->end != end || d->reason != reason)
        fail_msg("terminal %u ends %s(%s)", terminal, delivery_end_name(d->end), delivery_reason_name(d->reason));
    assert_true(d->final);
}

static void test_who_is_meant(void **state)
{
    struct run *r = *state;
    struct broadcast *b = begin_everywhere(r);
    assert_int_equal(b->n_deliveries, 5); /* the box is on the other channel */
    assert_int_equal(b->n_lines, 2);
    assert_null(broadcast_find_line(b, 2));
    assert_int_equal(broadcast_find_line(b, 0)->n_meant, 2); /* not the one in maintenance */
    assert_ptr_equal(broadcast_delivery(b, 0, 2), of(r, T_SICK));
    assert_ptr_equal(broadcast_delivery(b, 1, 0), of(r, T_MIC));
    assert_null(broadcast_delivery(b, 1, 2)); /* no such place on the line */
    assert_null(broadcast_delivery(b, 2, 0));
    const struct delivery_terms *mic = &of(r, T_MIC)->terms;
    assert_int_equal(mic->readings_needed, 2);
    assert_true(fabs(mic->rise - 10) < 1e-9 && fabs(mic->heard_level - 60) < 1e-9 && !mic->has_token);
    r->fixture.terminals[T_OUT].hardware.heard_level = -20; /* its own threshold goes before the profile's */
    begin(r, 0, (struct cap_text){0});
    assert_true(fabs(of(r, T_OUT)->terms.heard_level + 20) < 1e-9);
    assert_true(fabs(of(r, T_OUT_2)->terms.heard_level + 30) < 1e-9);
    assert_null(broadcast_delivery(r->broadcast, 1, 0)); /* another village */
    assert_int_equal(broadcast_find_line(r->broadcast, 1)->n_meant, 0);
}

static void test_target(void **state)
{
    struct run *r = *state;
    struct line_target target;
    struct broadcast *b = begin_everywhere(r);
    broadcast_target(b, broadcast_find_line(b, 0), 9, &target);
    assert_int_equal(target.session, 9);
    assert_int_equal(target.token, 4711);
    assert_int_equal(target.n_members, 2);
    assert_int_equal(target.members[0].terminal, 0);
    assert_int_equal(target.members[1].terminal, 1);
    assert_int_equal(target.members[1].volume_percent, 80);
    assert_int_equal(target.members[1].slot, 0);
    finish(r);
    assert_end(r, T_SICK, END_EXCLUDED, REASON_MAINTENANCE);
    assert_int_equal(of(r, T_SICK)->ended.wall.ms, 0);
}

static void test_stored_message(void **state)
{
    struct run *r = *state;
    struct line_target target;
    static const struct {
        struct cap_text cap;
        struct info_text info;
    } WITHOUT[] = {{{.status = "Exercise"}, {0}},
                   {{0}, {.severity = "Severe"}},
                   {{0}, {.event = "landslide"}},
                   {{0}, {.language = "en"}},
                   {{0}, {.more = ALL_CLEAR}}};
    struct broadcast *b = begin(r, 1, (struct cap_text){.infos = info_xml((struct info_text){.code = TOWNSHIP})});
    assert_int_equal(b->n_deliveries, 1);
    broadcast_target(b, broadcast_find_line(b, 2), 1, &target);
    assert_int_equal(target.n_members, 1);
    assert_int_equal(target.members[0].slot, 7);
    assert_int_equal(target.members[0].tone, 3);
    for (size_t i = 0; i < sizeof WITHOUT / sizeof *WITHOUT; i++) {
        struct info_text info = WITHOUT[i].info;
        struct cap_text cap = WITHOUT[i].cap;
        info.code = TOWNSHIP;
        cap.infos = info_xml(info);
        b = begin(r, 1, cap);
        broadcast_target(b, broadcast_find_line(b, 2), 1, &target);
        assert_int_equal(target.n_members, 0);
        assert_int_equal(broadcast_find_line(b, 2)->n_meant, 0);
        assert_end(r, T_BOX, END_FAILED, REASON_NO_MESSAGE);
    }
}

static uint16_t slot_for(struct run *r, const char *language, const char *second)
{
    char infos[8192];
    struct line_target target;
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.language = language, .code = TOWNSHIP}),
             info_xml((struct info_text){.language = second, .code = TOWNSHIP}));
    struct broadcast *b = begin(r, 1, (struct cap_text){.infos = infos});
    broadcast_target(b, broadcast_find_line(b, 2), 1, &target);
    return target.n_members ? target.members[0].slot : 0;
}

static void test_stored_message_in_its_language(void **state)
{
    struct run *r = *state;
    static struct config_message messages[] = {
        {.hazard = "flood", .level = LEVEL_RED, .language = "en", .slot = 1},
        {.hazard = "flood", .level = LEVEL_RED, .language = "zh", .exercise = true, .slot = 2},
        {.hazard = "flood", .level = LEVEL_RED, .language = "zh", .all_clear = true, .slot = 3},
        {.hazard = "flood", .level = LEVEL_RED, .language = "zh", .slot = 4},
        {.hazard = "flood", .level = LEVEL_RED, .language = "bo", .slot = 5},
    };
    r->fixture.channels[1].messages = messages;
    r->fixture.channels[1].n_messages = 5;
    assert_int_equal(slot_for(r, "en-GB", "pt"), 1);
    assert_int_equal(slot_for(r, "en-GB", "zh-CN"), 4); /* the channel's order */
    assert_int_equal(slot_for(r, "pt", "bo-CN"), 5);    /* no voice is needed for it */
    assert_int_equal(slot_for(r, "pt", "ii"), 0);
    struct info_text past = {.more = ALL_CLEAR, .code = TOWNSHIP};
    struct line_target target;
    struct broadcast *b = begin(r, 1, (struct cap_text){.infos = info_xml(past)});
    broadcast_target(b, broadcast_find_line(b, 2), 1, &target);
    assert_int_equal(target.members[0].slot, 3);
}

static void test_words_in_the_order_of_the_channel(void **state)
{
    struct run *r = *state;
    char infos[8192];
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.language = "en-GB", .headline = "Flood"}),
             info_xml((struct info_text){.language = "zh-CN"}));
    struct broadcast *b = begin(r, 0, (struct cap_text){.infos = infos});
    assert_int_equal(b->n_languages, 2);
    assert_string_equal(b->words[0]->language, "zh-CN");
    assert_string_equal(b->words[1]->language, "en-GB");
    r->fixture.channels[0].n_languages = 1;
    b = begin(r, 0, (struct cap_text){.infos = infos});
    assert_int_equal(b->n_languages, 1);
    b = begin(r, 0, (struct cap_text){.infos = info_xml((struct info_text){.language = "en", .headline = "Flood"})});
    assert_int_equal(b->n_languages, 1); /* better than nothing */
    assert_string_equal(b->words[0]->language, "en");
}

static void assert_order(struct run *r, const char *expected)
{
    uint16_t order[LINE_TERMINALS_MAX];
    char text[32] = "";
    size_t n = broadcast_verify_order(r->broadcast, broadcast_find_line(r->broadcast, 0), order);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('0' + order[i]);
    assert_string_equal(text, expected);
}

/* Line 0 has places 0 and 1; place 2 is in maintenance and never read for the broadcast. */
static void test_verification_order(void **state)
{
    struct run *r = *state;
    struct broadcast *b = begin_everywhere(r);
    assert_order(r, "01");
    start(r, T_OUT_2);
    b->segment = SEGMENT_TONE; /* nothing to be had from one that sounds; the other is not started */
    assert_order(r, "01");
    b->segment = SEGMENT_SILENCE; /* place 1 wants a baseline, but its level is still of the tone */
    of(r, T_OUT_2)->rung = RUNG_SOUNDING;
    assert_order(r, "0");
    assert_false(broadcast_segment_lasts(b, 299));
    assert_order(r, "0");
    assert_true(broadcast_segment_lasts(b, 300));
    assert_order(r, "1"); /* and nobody takes its time from it */
    assert_false(broadcast_segment_lasts(b, 350));
    of(r, T_OUT)->starting = of(r, T_OUT)->is_started = true;
    assert_order(r, "01"); /* so does place 0, of which nothing is known yet */
    b->segment_ms = 0;
    assert_order(r, "0");
    b->segment_ms = 300;
    b->segment = SEGMENT_WORDS;
    of(r, T_OUT_2)->has_baseline = true;
    assert_order(r, "10");
    b->segment = SEGMENT_TONE; /* in the tone first: does it sound at all? */
    assert_order(r, "01");
    start(r, T_OUT);
    b->segment = SEGMENT_WORDS; /* words are of no use to place 0, which has no baseline */
    assert_order(r, "10");
    of(r, T_OUT)->final = true;
    assert_order(r, "1");
}

static void test_heard(void **state)
{
    struct run *r = *state;
    begin_everywhere(r);
    start(r, T_OUT);
    start(r, T_OUT_2);
    start(r, T_PLAIN);
    play(r, SEGMENT_TONE, -10, 1000);
    play(r, SEGMENT_SILENCE, -120, 1500); /* 2000 to 3500 */
    read_level(r, T_OUT, 2600, -60);
    read_level(r, T_OUT_2, 2700, -60);
    assert_int_equal(judge(r), 2);
    play(r, SEGMENT_WORDS, -15, 1000); /* 3500 to 4500 */
    read_level(r, T_OUT, 4000, -12);
    read_level(r, T_OUT_2, 3600, -12); /* with its 300 ms before it reaches into the silence */
    assert_int_equal(judge(r), 1);
    assert_false(broadcast_sampled(r->broadcast)); /* the second one was not */
    read_level(r, T_OUT_2, 4100, -58);
    assert_int_equal(judge(r), 1);
    assert_true(broadcast_sampled(r->broadcast));
    finish(r);
    assert_end(r, T_OUT, END_HEARD, REASON_NONE);
    assert_end(r, T_OUT_2, END_FAILED, REASON_SILENT);
    assert_end(r, T_PLAIN, END_SOUNDED, REASON_NO_LEVEL);
    assert_end(r, T_MIC, END_FAILED, REASON_NO_REPLY);
}

/* Nothing is judged before it is known what was played, and then in the order in which it was read. */
static void test_pending(void **state)
{
    struct run *r = *state;
    begin_everywhere(r);
    start(r, T_OUT);
    play(r, SEGMENT_SILENCE, -120, 1500);
    read_level(r, T_OUT, 2000, -60);
    read_level(r, T_OUT, 2990, -12); /* the line ends at 2500 */
    read_level(r, T_OUT, 3000, -12);
    assert_int_equal(judge(r), 1);
    assert_int_equal(judge(r), 0);
    play(r, SEGMENT_WORDS, -15, 500); /* to 3000: one reply came later */
    assert_int_equal(judge(r), 0);
    play(r, SEGMENT_WORDS, -15, 50);
    assert_int_equal(judge(r), 2);
    assert_int_equal(of(r, T_OUT)->counted, 2);
}

static void test_many_pending(void **state)
{
    struct run *r = *state;
    struct terminal_reading reading = {.requested = at(5000).mono, .received = at(5000).mono};
    begin_everywhere(r);
    unsigned kept = 0;
    while (kept < 100000 && broadcast_keep_reading(r->broadcast, 0, &reading))
        kept++;
    assert_int_equal(kept, 4096); /* bounded, also when the card is gone */
    play(r, SEGMENT_WORDS, -15, 5000);
    assert_int_equal(judge(r), 0); /* without a level they prove nothing; but there is room again */
    assert_true(broadcast_keep_reading(r->broadcast, 0, &reading));
}

/* Sounding, sampled and not heard: as many of the two output terminals as wanted. */
static void run_deaf(struct run *r, bool second, double words)
{
    begin(r, 0, (struct cap_text){0});
    start(r, T_OUT);
    if (second)
        start(r, T_OUT_2);
    play(r, SEGMENT_SILENCE, -120, 1500);
    read_level(r, T_OUT, r->played_ms - 100, -60);
    if (second)
        read_level(r, T_OUT_2, r->played_ms - 100, -60);
    play(r, SEGMENT_WORDS, words, 1500);
    read_level(r, T_OUT, r->played_ms - 100, -60);
    if (second)
        read_level(r, T_OUT_2, r->played_ms - 100, -60);
    judge(r);
}

static void test_nobody_hears(void **state)
{
    struct run *r = *state;
    run_deaf(r, false, -15);
    finish(r);
    assert_end(r, T_OUT, END_FAILED, REASON_SILENT); /* one is its own fault */
    assert_end(r, T_OUT_2, END_FAILED, REASON_NO_REPLY);
    run_deaf(r, true, -15);
    finish(r);
    assert_end(r, T_OUT, END_FAILED, REASON_NO_AUDIO); /* two: what they have in common is ours */
    assert_end(r, T_OUT_2, END_FAILED, REASON_NO_AUDIO);
    run_deaf(r, true, -15);
    of(r, T_OUT_2)->rung = RUNG_HEARD; /* the control: one that hears proves our sound */
    finish(r);
    assert_end(r, T_OUT, END_FAILED, REASON_SILENT);
    assert_end(r, T_OUT_2, END_HEARD, REASON_NONE);
}

/* Nobody was asked during the words: that is no proof of silence, neither theirs nor ours. */
static void test_nobody_sampled(void **state)
{
    struct run *r = *state;
    begin(r, 0, (struct cap_text){0});
    start(r, T_OUT);
    start(r, T_OUT_2);
    play(r, SEGMENT_WORDS, -15, 1500);
    finish(r);
    assert_end(r, T_OUT, END_SOUNDED, REASON_NOT_SAMPLED);
    assert_end(r, T_OUT_2, END_SOUNDED, REASON_NOT_SAMPLED);
}

static void test_card_silent(void **state)
{
    struct run *r = *state;
    run_deaf(r, false, -120);
    assert_int_equal(of(r, T_OUT)->counted, 0);
    finish(r);
    assert_end(r, T_OUT, END_FAILED, REASON_NO_AUDIO);
    assert_end(r, T_SICK, END_EXCLUDED, REASON_MAINTENANCE);
    begin(r, 0, (struct cap_text){0}); /* the programme ended without ever coming to its words */
    start(r, T_OUT);
    play(r, SEGMENT_TONE, -10, 500);
    finish(r);
    assert_end(r, T_OUT, END_FAILED, REASON_NO_AUDIO);
}

/* Cut off: a sound that was not there yet is held neither against the terminals nor against the card. */
static void test_cut_off(void **state)
{
    struct run *r = *state;
    begin(r, 0, (struct cap_text){0});
    start(r, T_OUT);
    play(r, SEGMENT_TONE, -10, 500);
    r->broadcast->cause = CAUSE_STOPPED;
    finish(r);
    assert_end(r, T_OUT, END_CANCELLED, REASON_NONE);
    assert_end(r, T_OUT_2, END_CANCELLED, REASON_NONE);
    assert_end(r, T_SICK, END_EXCLUDED, REASON_MAINTENANCE);
    run_deaf(r, true, -120);
    r->broadcast->cause = CAUSE_STOPPED;
    finish(r);
    assert_end(r, T_OUT, END_CANCELLED, REASON_NONE);
    run_deaf(r, false, -15); /* the control: a silence that was measured */
    r->broadcast->cause = CAUSE_STOPPED;
    finish(r);
    assert_end(r, T_OUT, END_FAILED, REASON_SILENT);
}

/* Boxes play by themselves: there is no sound of ours that could have failed, or that their levels could be held against. */
static void test_boxes(void **state)
{
    struct run *r = *state;
    r->fixture.channels[0].has_output = false;
    r->fixture.channels[0].messages = r->fixture.messages;
    r->fixture.channels[0].n_messages = 1;
    run_deaf(r, true, -16);
    finish(r);
    assert_end(r, T_OUT, END_SOUNDED, REASON_NO_LEVEL);
    assert_end(r, T_OUT_2, END_SOUNDED, REASON_NO_LEVEL);
}

static void test_resumed(void **state)
{
    struct run *r = *state;
    begin(r, 0, (struct cap_text){0});
    assert_int_equal(r->broadcast->first_repetition, 1);
    assert_int_equal(r->broadcast->repetitions, 3);
    broadcast_free(r->broadcast);
    r->alert->ended[0] = 2;
    r->broadcast = broadcast_create(&r->fixture.config, r->alert, 0, 2, 1, at(0));
    assert_int_equal(r->broadcast->first_repetition, 3);
    broadcast_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_meant),
        TEST(test_target),
        TEST(test_stored_message),
        TEST(test_stored_message_in_its_language),
        TEST(test_words_in_the_order_of_the_channel),
        TEST(test_verification_order),
        TEST(test_heard),
        TEST(test_pending),
        TEST(test_many_pending),
        TEST(test_nobody_hears),
        TEST(test_nobody_sampled),
        TEST(test_card_silent),
        TEST(test_cut_off),
        TEST(test_boxes),
        TEST(test_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
