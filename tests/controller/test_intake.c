/* What a message becomes here, and why it is refused. */
#include "controller/intake.h"

#include "tests/controller/site_fixture.h"

struct judged {
    struct fixture fixture;
    struct intake_terms terms;
    struct alert *alert;
    struct refusal refusal;
};

static int set_up(void **state)
{
    struct judged *j = calloc(1, sizeof *j);
    j->terms = (struct intake_terms){fixture_init(&j->fixture), {.wall = {fixture_sent().ms + 10000}}, true, false, NULL};
    *state = j;
    return 0;
}

static int tear_down(void **state)
{
    struct judged *j = *state;
    alert_free(j->alert);
    free(j);
    return 0;
}

static bool judge(struct judged *j, struct cap_text cap)
{
    struct alert_message *message = cap_message(cap);
    alert_free(j->alert);
    j->alert = NULL;
    j->refusal = (struct refusal){0};
    bool ok = intake_judge(&j->terms, message, &j->alert, &j->refusal);
    assert_int_equal(ok, j->alert != NULL);
    if (!ok)
        alert_message_free(message);
    return ok;
}

static bool judge_info(struct judged *j, struct info_text info)
{
    return judge(j, (struct cap_text){.infos = info_xml(info)});
}

static void assert_refused(const struct judged *j, const char *code, const char *element)
{
    assert_string_equal(j->refusal.code, code);
    if (strncmp(j->refusal.message, element, strlen(element)) != 0)
        fail_msg("\"%s\" does not begin with %s", j->refusal.message, element);
    assert_true(text_is_utf8(slice_of(j->refusal.message)));
}

static bool noted(const json_t *list, const char *begin)
{
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one)
    {
        const char *text = json_string_value(json_object_get(one, "reason"));
        text = text ? text : json_string_value(one);
        if (strncmp(text, begin, strlen(begin)) == 0)
            return true;
    }
    return false;
}

/* ---- signatures: what each is worth is for test_ebm_trust.c ---- */

static void test_a_signature_is_required(void **state)
{
    struct judged *j = *state;
    struct ebm_package package = {.signature.state = EBM_UNSIGNED};
    struct config_source *source = &j->fixture.sources[0];
    *source = (struct config_source){.id = "all", .sender = "*", .signature = SIGNATURE_REQUIRED};
    j->fixture.config.n_sources = 1;
    assert_false(judge(j, (struct cap_text){0}));
    assert_refused(j, "signature_required", "signature: the source all requires one, and only those of EBM");
    j->terms.package = &package;
    assert_false(judge(j, (struct cap_text){0}));
    assert_refused(j, "signature_missing", "signature: the package has no signature file");
    assert_false(judge(j, (struct cap_text){.msg_type = "Cancel"})); /* silences others */
    j->terms.resuming = true;
    assert_true(judge(j, (struct cap_text){0}));
    assert_true(noted(j->alert->notes, "signature_missing: "));
    j->terms.resuming = false;
    source->signature = SIGNATURE_PREFERRED;
    assert_true(judge(j, (struct cap_text){0}));
    assert_true(noted(j->alert->notes, "signature_missing: "));
    source->signature = SIGNATURE_OFF;
    assert_true(judge(j, (struct cap_text){0}));
    assert_true(noted(j->alert->notes, "signature_not_checked: "));
}

static void test_an_ebm_has_codes_of_its_own_name(void **state)
{
    struct judged *j = *state;
    struct ebm_package package = {.signature.state = EBM_UNSIGNED};
    const struct info_text info = {.area = "<area><areaDesc>a</areaDesc><geocode><valueName>AreaCode</valueName>"
                                           "<value>" VILLAGE_1 "</value></geocode></area>"};
    assert_false(judge_info(j, info));
    assert_refused(j, "area_not_ours", "area");
    j->terms.package = &package;
    assert_true(judge_info(j, info));
}

static void test_taken(void **state)
{
    struct judged *j = *state;
    assert_true(judge(j, (struct cap_text){0}));
    const struct alert *a = j->alert;
    assert_true(a->sounds);
    assert_int_equal(a->state, ALERT_QUEUED);
    assert_int_equal(a->level, LEVEL_RED);
    assert_int_equal(a->hazard, HAZARD_FLOOD);
    assert_int_equal(a->urgency, URGENCY_IMMEDIATE);
    assert_int_equal(a->received.ms, j->terms.now.wall.ms);
    assert_int_equal(a->effective.ms, 0); /* at once, however fast the sender's clock is */
    assert_int_equal(a->expires.ms, fixture_sent().ms + 3600000);
    assert_int_equal(a->n_terminals, 3);
    const uint32_t terminals[] = {T_OUT, T_OUT_2, T_SICK};
    assert_memory_equal(a->terminals, terminals, sizeof terminals);
    assert_int_equal(a->n_words, 1);
    assert_string_equal(a->words[0].language, "zh-CN");
    assert_string_equal(a->words[0].text, "洪水来了");
    assert_int_equal(a->repetitions_planned, 3);
    assert_int_equal(json_array_size(a->notes), 0);
    assert_int_equal(json_array_size(a->not_spoken), 0);
}

#define SHAPES "<area><areaDesc>a</areaDesc><circle>29,115 3</circle>"
#define LINE "<area><areaDesc>a</areaDesc><polygon>29,115 30,116 31,117 29,115</polygon>"
#define PAST "<expires>2026-11-22T03:20:10+08:00</expires>"
#define CODE(name, value) "<geocode><valueName>" name "</valueName><value>" value "</value></geocode>"

static void test_refusals(void **state)
{
    struct judged *j = *state;
    static const struct {
        struct info_text info;
        const char *code, *element;
    } ROWS[] = {
        {{.area = ""}, "no_area", "area:"},
        {{.code = NEXT_TOWNSHIP}, "area_not_ours", "area: none of its codes and ids has a terminal here: " NEXT_TOWNSHIP},
        {{.area = "<area><areaDesc>a</areaDesc></area>"}, "area_not_ours", "area:"},
        {{.area = SHAPES CODE("SAME", VILLAGE_1) "</area>"}, "area_not_ours", "area: nothing in it has a terminal here"},
        {{.area = SHAPES "</area>"},
         "area_not_ours",
         "area: nothing in it has a terminal here (6 terminals without a position could not be judged: give them one, or name "
         "codes): circle 29,115 3 (a)"},
        {{.area = SHAPES CODE("profile:code", NEXT_TOWNSHIP) "</area>"}, "area_not_ours", "area:"},
        {{.area = LINE "</area>"},
         "area_degenerate",
         "area: polygon of 4 points from 29,115 has no area: its points lie on a line"},
        {{.area = LINE CODE("profile:code", NEXT_TOWNSHIP) "</area>"}, "area_degenerate", "area: polygon"},
        {{.area = "<area><areaDesc>a</areaDesc><circle>29,115 5000</circle></area>"},
         "area_degenerate",
         "area: circle 29,115 5000 has a radius of 5000"},
        {{.times = "<effective>2026-11-22T05:00:00+08:00</effective><expires>2026-11-22T05:00:00+08:00</expires>"},
         "never_in_force",
         "effective:"},
        {{.times = "<effective>2026-11-22T04:20:00+08:00</effective>"},
         "never_in_force",
         "effective:"},                           /* an hour after sent */
        {{.times = PAST}, "expired", "expires:"}, /* at the very instant it is over */
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        assert_false(judge_info(j, ROWS[i].info));
        assert_refused(j, ROWS[i].code, ROWS[i].element);
    }
    assert_false(judge(j, (struct cap_text){.infos = ""}));
    assert_refused(j, "no_info", "info:");
    assert_false(judge(j, (struct cap_text){.scope = "Restricted"}));
    assert_refused(j, "scope_not_public", "scope:");
    assert_false(judge(j, (struct cap_text){.scope = "Private", .status = "Exercise"}));
    assert_refused(j, "scope_not_public", "scope:");
    assert_true(judge(j, (struct cap_text){.scope = "Private", .status = "Test"})); /* only recorded */
    j->terms.now.wall.ms = fixture_sent().ms + 3600000;
    assert_false(judge(j, (struct cap_text){0}));
    assert_refused(j, "expired", "sent:");
    j->terms.now.wall.ms--;
    assert_true(judge(j, (struct cap_text){0}));
}

static void test_long_refusal_keeps_characters_whole(void **state)
{
    struct judged *j = *state;
    char area[2000] = "<area><areaDesc>";
    for (size_t i = 0; i < 300; i++)
        strcat(area, "村");
    strcat(area, "</areaDesc>" CODE("profile:code", NEXT_TOWNSHIP) "</area>");
    assert_false(judge_info(j, (struct info_text){.area = area}));
    assert_refused(j, "area_not_ours", "area:");
}

static void test_sources(void **state)
{
    struct judged *j = *state;
    char sender[601] = "";
    for (size_t i = 0; i < 150; i++)
        strcat(sender, "县");
    j->fixture.config.n_sources = 1;
    strcpy(j->fixture.sources[0].sender, "county");
    assert_true(judge(j, (struct cap_text){0}));
    assert_false(judge(j, (struct cap_text){.sender = "county2"}));
    assert_refused(j, "sender_unknown", "sender:");
    assert_non_null(strstr(j->refusal.message, "county2"));
    assert_false(judge(j, (struct cap_text){.sender = sender}));
    assert_refused(j, "sender_unknown", "sender:");
    j->fixture.config.n_sources = 2; /* and the name itself goes before "*", wherever it stands */
    strcpy(j->fixture.sources[0].sender, "*");
    strcpy(j->fixture.sources[1].sender, "county");
    j->fixture.sources[1].covers = true;
    assert_true(judge(j, (struct cap_text){.sender = "county2"}));
    assert_int_equal(j->alert->n_terminals, 3);
    assert_true(judge(j, (struct cap_text){0}));
    assert_int_equal(j->alert->n_terminals, 4); /* with the box that is coded for the township around */
}

static void test_areas_of_a_source(void **state)
{
    struct judged *j = *state;
    j->fixture.config.n_sources = 1;
    j->fixture.sources[0] = (struct config_source){.id = "c", .sender = "county", .n_areas = 1, .areas = {{VILLAGE_2}}};
    assert_false(judge(j, (struct cap_text){0}));
    assert_refused(j, "not_permitted_area", "area:");
    assert_false(judge_info(j, (struct info_text){.code = NEXT_TOWNSHIP}));
    assert_refused(j, "area_not_ours", "area:");
    assert_true(judge_info(j, (struct info_text){.code = TOWNSHIP}));
    assert_int_equal(j->alert->n_terminals, 2);
    assert_int_equal(j->alert->source, 0);
    j->fixture.config.n_sources = 0;
    assert_true(judge(j, (struct cap_text){0}));
    assert_int_equal(j->alert->source, -1);
}

/* A block for a place that its source may not address says nothing about ours. */
static void test_a_barred_block_counts_for_nothing(void **state)
{
    struct judged *j = *state;
    char infos[8192];
    j->fixture.config.n_sources = 1;
    j->fixture.sources[0] = (struct config_source){.id = "c", .sender = "county", .n_areas = 1, .areas = {{VILLAGE_2}}};
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.severity = "Extreme"}),
             info_xml((struct info_text){.severity = "Minor", .urgency = "Future", .code = VILLAGE_2}));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    assert_int_equal(j->alert->level, LEVEL_BLUE);
    assert_int_equal(j->alert->urgency, URGENCY_FUTURE);
}

static void test_levels_by_severity(void **state)
{
    struct judged *j = *state;
    static const struct {
        const char *severity;
        enum level level;
    } ROWS[] = {{"Extreme", LEVEL_RED},
                {"Severe", LEVEL_ORANGE},
                {"Moderate", LEVEL_YELLOW},
                {"Minor", LEVEL_BLUE},
                {"Unknown", LEVEL_YELLOW}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        assert_true(judge_info(j, (struct info_text){.severity = ROWS[i].severity}));
        assert_int_equal(j->alert->level, ROWS[i].level);
    }
}

static void test_levels_by_rules(void **state)
{
    struct judged *j = *state;
    const struct info_text minor = {.severity = "Extreme",
                                    .more = "<parameter><valueName>Alert_Color</valueName><value>藍色</value></parameter>"
                                            "<parameter><valueName>colour</valueName><value>orange</value></parameter>"};
    j->fixture.config.n_level_rules = 2;
    j->fixture.rules[0] = (struct config_level_rule){"county", "colour", "Orange", LEVEL_ORANGE};
    j->fixture.rules[1] = (struct config_level_rule){"", "alert_color", "藍色", LEVEL_BLUE};
    assert_true(judge_info(j, minor));
    assert_int_equal(j->alert->level, LEVEL_BLUE); /* the first rule is of another source */
    j->fixture.config.n_sources = 1;
    strcpy(j->fixture.sources[0].sender, "county");
    strcpy(j->fixture.sources[0].id, "county");
    assert_true(judge_info(j, minor));
    assert_int_equal(j->alert->level, LEVEL_ORANGE); /* now the first that matches decides */
    const char *coded = "<info><language>zh</language><category>Geo</category><event>e</event><urgency>Future</urgency>"
                        "<severity>Minor</severity><certainty>Likely</certainty><eventCode><valueName>colour</valueName>"
                        "<value>ORANGE</value></eventCode><headline>h</headline><area><areaDesc>a</areaDesc>" CODE(
                            "profile:code", VILLAGE_1) "</area></info>";
    assert_true(judge(j, (struct cap_text){.infos = coded}));
    assert_int_equal(j->alert->level, LEVEL_ORANGE);
    assert_true(judge_info(j, (struct info_text){.severity = "Minor"}));
    assert_int_equal(j->alert->level, LEVEL_BLUE);
}

static void test_hazards(void **state)
{
    struct judged *j = *state;
    assert_true(judge_info(j, (struct info_text){.event = "LANDSLIDE"}));
    assert_int_equal(j->alert->hazard, HAZARD_LANDSLIDE);
    assert_true(judge_info(j, (struct info_text){.event = "volcano"}));
    assert_int_equal(j->alert->hazard, HAZARD_OTHER);
    const char *coded = "<info><language>zh</language><category>Geo</category><event>?</event><urgency>Future</urgency>"
                        "<severity>Minor</severity><certainty>Likely</certainty><eventCode><valueName>GB</valueName>"
                        "<value>11d02</value></eventCode><headline>h</headline><area><areaDesc>a</areaDesc>" CODE(
                            "profile:code", VILLAGE_1) "</area></info>";
    assert_true(judge(j, (struct cap_text){.infos = coded}));
    assert_int_equal(j->alert->hazard, HAZARD_LANDSLIDE);
}

/* The gravest of the blocks whose area is ours; the others are named. */
static void test_several_blocks(void **state)
{
    struct judged *j = *state;
    char infos[8192];
    snprintf(infos, sizeof infos, "%s%s%s%s",
             info_xml((struct info_text){.language = "en", .severity = "Extreme", .code = NEXT_TOWNSHIP}),
             info_xml((struct info_text){.severity = "Minor",
                                         .urgency = "Future",
                                         .times = "<effective>2026-11-22T05:00:00+08:00</effective>"
                                                  "<expires>2026-11-22T06:00:00+08:00</expires>"}),
             info_xml((struct info_text){.language = "en-US",
                                         .severity = "Severe",
                                         .urgency = "Immediate",
                                         .headline = "Flood",
                                         .code = VILLAGE_2,
                                         .times = "<effective>2026-11-22T04:00:00+08:00</effective>"}),
             info_xml((struct info_text){.language = "zh-TW", .severity = "Moderate", .urgency = "Unknown"}));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    const struct alert *a = j->alert;
    assert_int_equal(a->level, LEVEL_ORANGE);
    assert_int_equal(a->urgency, URGENCY_IMMEDIATE);
    assert_int_equal(a->effective.ms, 0); /* of the last block, which gives none */
    assert_int_equal(a->expires.ms, fixture_sent().ms + 160 * 60000);
    assert_ptr_equal(a->first_info, &a->message->infos[1]);
    assert_int_equal(a->n_terminals, 5);
    assert_int_equal(a->n_words, 2);
    assert_string_equal(a->words[0].language, "zh-CN");
    assert_string_equal(a->words[1].text, "Flood");
    assert_int_equal(json_array_size(a->not_spoken), 2);
    assert_true(noted(a->not_spoken, "no area of its block"));
    assert_true(noted(a->not_spoken, "an earlier block"));
}

/* In force until the last of them is over. */
static void test_longest_life(void **state)
{
    struct judged *j = *state;
    char infos[8192];
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){0}),
             info_xml((struct info_text){.language = "en", .times = "<expires>2026-11-22T09:00:00+08:00</expires>"}));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    assert_int_equal(j->alert->expires.ms, fixture_sent().ms + 340 * 60000);
}

static void test_languages(void **state)
{
    struct judged *j = *state;
    char infos[8192];
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.language = "zh", .headline = ""}),
             info_xml((struct info_text){.language = "zh", .headline = "走"}));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    assert_int_equal(j->alert->n_words, 1); /* a block without words does not keep the next one out */
    assert_string_equal(j->alert->words[0].text, "走");
    assert_true(noted(j->alert->not_spoken, "the block has neither"));
    /* the event's name is said where there is nothing else, and only if it is one */
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.language = "pt", .headline = "", .event = "Cheia"}),
             info_xml((struct info_text){.language = "zh", .headline = ""}));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    assert_int_equal(j->alert->n_words, 1);
    assert_string_equal(j->alert->words[0].text, "洪水");
    assert_int_equal(json_array_size(j->alert->not_spoken), 1);
    assert_true(judge_info(j, (struct info_text){.headline = "", .event = "11B03"}));
    assert_int_equal(j->alert->n_words, 0);
    assert_true(judge_info(j, (struct info_text){.language = "en-US", .headline = "洪水来了"}));
    assert_string_equal(j->alert->words[0].language, "zh");
    assert_true(noted(j->alert->notes, "language:"));
    assert_true(judge_info(j, (struct info_text){.language = "pt-PT"}));
    assert_int_equal(j->alert->n_words, 0);
    assert_true(noted(j->alert->not_spoken, "no voice speaks"));
    assert_true(noted(j->alert->notes, "no_words:"));
}

#define RESOURCE(type, more) "<resource><resourceDesc>r</resourceDesc><mimeType>" type "</mimeType>" more "</resource>"
#define DIGEST "<digest>0123456789012345678901234567890123456789</digest>"
#define BYTES "<derefUri>eA==</derefUri>"

/* A recording is played in place of the text, also in a language that no voice speaks; where it cannot be, the text is spoken
 * and the reason told. */
static void test_recordings(void **state)
{
    struct judged *j = *state;
    static const struct {
        struct info_text info;
        const char *status;
        bool words, recording;
        const char *told; /* in not_spoken; NULL: nothing */
    } ROWS[] = {
        {{.more = RESOURCE("audio/mpeg", BYTES)}, NULL, true, true, NULL},
        {{.more = RESOURCE("audio/mpeg", BYTES), .headline = ""}, NULL, true, true, NULL},
        {{.more = RESOURCE("audio/mpeg", BYTES), .language = "bo-CN", .headline = ""}, NULL, true, true, NULL},
        {{.more = RESOURCE("audio/mpeg", BYTES)}, "Exercise", true, true, NULL},
        {{.more = RESOURCE("audio/mpeg", BYTES), .language = "bo-CN"}, "Exercise", false, false, "recording: a drill says so"},
        {{.more = RESOURCE("image/png", BYTES)}, NULL, true, false, NULL},
        {{.more = RESOURCE("audio/aac", BYTES)}, NULL, true, false, "recording: its type audio/aac is not played"},
        {{.more = RESOURCE("audio/mpeg", "<uri>b.mp3</uri>")}, NULL, true, false, "recording: its bytes did not come"},
        {{.more = RESOURCE("audio/mpeg", "<uri>https://media/b.mp3</uri>" DIGEST)},
         NULL,
         true,
         false,
         "recording: from https://media/b.mp3 nothing is fetched"},
        {{.more = RESOURCE("audio/mpeg", "<uri>https://media/a/b.mp3</uri>" DIGEST)}, NULL, true, true, NULL},
        {{.more = RESOURCE("audio/mpeg", "<uri>https://media/a/b.mp3</uri>")},
         NULL,
         true,
         false,
         "recording: it lies at https://media/a/b.mp3 and has no digest"},
        {{.more = RESOURCE("audio/mpeg", "<size>99999999</size>" BYTES)},
         NULL,
         true,
         false,
         "recording: it has more than 8 MiB"},
        {{.more = RESOURCE("audio/mpeg", "<uri>a.mp3</uri>"), .headline = ""},
         NULL,
         true,
         false,
         "recording: its bytes did not"},
    };
    struct config_source *source = &j->fixture.sources[0];
    *source = (struct config_source){.id = "county", .sender = "*", .n_audio_from = 1, .audio_from = {"https://media/a/"}};
    j->fixture.config.n_sources = 1;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        assert_true(judge(j, (struct cap_text){.status = ROWS[i].status, .infos = info_xml(ROWS[i].info)}));
        const struct alert *a = j->alert;
        if (a->n_words != ROWS[i].words || (a->words[0].recording != NULL) != ROWS[i].recording ||
            (ROWS[i].told ? !noted(a->not_spoken, ROWS[i].told) : json_array_size(a->not_spoken) > 0))
            fail_msg("row %zu", i);
        if (ROWS[i].recording)
            assert_ptr_equal(a->words[0].recording, a->message->infos[0].resources);
    }
}

static void test_notes(void **state)
{
    struct judged *j = *state;
    assert_true(judge_info(j, (struct info_text){.more = ALL_CLEAR}));
    assert_true(noted(j->alert->notes, "all_clear:"));
    assert_true(judge_info(j, (struct info_text){.more = "<responseType>AllClear</responseType>"}));
    assert_true(noted(j->alert->notes, "all_clear:"));
    assert_true(judge_info(j, (struct info_text){.area = "<area><areaDesc>a</areaDesc>" CODE("profile:code", VILLAGE_1)
                                                     CODE("SAME", "x") "</area>"}));
    assert_true(noted(j->alert->not_ours, "SAME=x"));
}

static const char *block_of_codes(char area[4000], unsigned first)
{
    strcpy(area, "<area><areaDesc>a</areaDesc>" CODE("profile:code", VILLAGE_1));
    for (unsigned i = 0; i < 51; i++)
        snprintf(area + strlen(area), 100, "<geocode><valueName/><value>%u</value></geocode>", first + i);
    strcat(area, "</area>");
    return info_xml((struct info_text){.area = area});
}

static void test_long_lists_are_cut(void **state)
{
    struct judged *j = *state;
    char one[4000], other[4000], infos[8192];
    snprintf(infos, sizeof infos, "%s%s", block_of_codes(one, 100), block_of_codes(other, 200));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    assert_int_equal(json_array_size(j->alert->not_ours), 100);
    assert_true(noted(j->alert->notes, "not_listed:"));
}

/* Shapes mean terminals like codes do, and beside them; one that is none does not take anything away. */
static void test_shapes(void **state)
{
    struct judged *j = *state;
    struct config_terminal *plain = &j->fixture.terminals[T_PLAIN];
    plain->has_position = true;
    plain->latitude = 29.01;
    plain->longitude = 115;
    assert_true(judge_info(j, (struct info_text){.area = SHAPES "</area>"}));
    assert_int_equal(j->alert->n_terminals, 1);
    assert_int_equal(j->alert->terminals[0], T_PLAIN);
    assert_int_equal(json_array_size(j->alert->no_position), 5);
    assert_true(noted(j->alert->no_position, "out (out)"));
    json_t *shown = alert_to_json(j->alert, &j->fixture.config);
    assert_true(json_equal(json_object_get(shown, "no_position"), j->alert->no_position));
    json_decref(shown);
    assert_true(judge_info(j, (struct info_text){.area = SHAPES CODE("profile:code", VILLAGE_1) "</area>"}));
    assert_int_equal(j->alert->n_terminals, 4);
    assert_int_equal(json_array_size(j->alert->no_position), 2);
    assert_int_equal(json_array_size(j->alert->not_ours) + json_array_size(j->alert->notes), 0);
    assert_true(judge_info(j, (struct info_text){.area = LINE CODE("profile:code", VILLAGE_1) "</area>"}));
    assert_int_equal(j->alert->n_terminals, 3);
    assert_true(noted(j->alert->not_ours, "polygon of 4 points from 29,115 has no area"));
}

/* Both languages of one polygon are spoken. */
/* The alert keeps for which groups its village is meant, whom it names first, and why all of the village hears it. */
static void test_named_places(void **state)
{
    struct judged *j = *state;
    struct config_place *places = j->fixture.places;
    const struct config_place *below[] = {&places[1]},
                              dam = {.id = "dam", .kind = PLACE_RESERVOIR, .members = below, .n_members = 1};
    struct config_place all[3] = {places[0], dam, {.id = "low", .kind = PLACE_GROUP, .village = &all[0]}};
    below[0] = &all[2];
    all[2].code = all[0].code;
    j->fixture.config.places = all;
    j->fixture.config.n_places = 3;
    assert_true(config_gather_terminals(&j->fixture.config));
    assert_true(
        judge_info(j, (struct info_text){.area = "<area><areaDesc>a</areaDesc><geocode><valueName>tocsin:place</valueName>"
                                                 "<value>dam</value></geocode></area>"}));
    assert_ptr_equal(j->alert->feature, &all[1]);
    assert_int_equal(j->alert->n_groups, 1);
    assert_ptr_equal(j->alert->groups[0], &all[2]);
    assert_int_equal(j->alert->n_terminals, 3);
    assert_true(noted(j->alert->notes, "group_by_village: "));
    assert_false(
        judge_info(j, (struct info_text){.area = "<area><areaDesc>a</areaDesc><geocode><valueName>tocsin:place</valueName>"
                                                 "<value>hill</value></geocode></area>"}));
    assert_refused(j, "area_not_ours", "area: none of its codes and ids has a terminal here: hill: no place of this id");
    for (size_t i = 0; i < 3; i++)
        free(all[i].terminals);
}

static void test_two_languages_of_one_shape(void **state)
{
    struct judged *j = *state;
    char infos[8192];
    j->fixture.terminals[T_PLAIN].has_position = true;
    j->fixture.terminals[T_PLAIN].latitude = 29;
    j->fixture.terminals[T_PLAIN].longitude = 115;
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.area = SHAPES "</area>"}),
             info_xml((struct info_text){.area = SHAPES "</area>", .language = "en-US", .headline = "Flood"}));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    assert_int_equal(j->alert->n_words, 2);
    assert_int_equal(json_array_size(j->alert->not_spoken), 0);
}

static bool all_clear(struct judged *j, struct info_text first, struct info_text second)
{
    char infos[8192];
    snprintf(infos, sizeof infos, "%s%s", info_xml(first), info_xml(second));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    return j->alert->all_clear;
}

/* Of all blocks that are ours: one that still warns keeps the alarm. */
static void test_all_clear(void **state)
{
    struct judged *j = *state;
    const struct info_text past = {.more = "<responseType>Monitor</responseType><responseType>AllClear</responseType>"};
    const struct info_text past_en = {.language = "en", .more = ALL_CLEAR};
    const struct info_text silent = {.language = "en", .urgency = "Unknown"};
    const struct info_text warns = {.language = "en", .urgency = "Future"};
    const struct info_text warns_others = {.language = "en", .code = NEXT_TOWNSHIP};
    const struct info_text past_for_others = {.language = "en", .more = ALL_CLEAR, .code = NEXT_TOWNSHIP};
    assert_true(all_clear(j, past, past_en));
    assert_true(all_clear(j, silent, past));
    assert_true(all_clear(j, past, warns_others));
    assert_false(all_clear(j, past, warns));
    assert_true(noted(j->alert->notes, "all_clear_mixed:"));
    assert_false(all_clear(j, (struct info_text){0}, past_en));
    assert_false(all_clear(j, (struct info_text){0}, past_for_others));
    assert_false(all_clear(j, silent, silent));
    assert_false(noted(j->alert->notes, "all_clear"));
}

/* What is past, but was never told before, is no all-clear and no warning. */
static void test_past(void **state)
{
    struct judged *j = *state;
    const char *past = info_xml((struct info_text){.urgency = "Past"});
    assert_true(judge(j, (struct cap_text){.infos = past}));
    assert_false(j->alert->all_clear);
    assert_false(noted(j->alert->notes, "all_clear"));
    assert_true(judge(j, (struct cap_text){.infos = past, .msg_type = "Update"}));
    assert_true(j->alert->all_clear);
    const struct info_text clear_en = {.language = "en", .more = ALL_CLEAR};
    assert_true(all_clear(j, (struct info_text){.urgency = "Past"}, clear_en));
}

static void test_shortened(void **state)
{
    struct judged *j = *state;
    j->fixture.config.max_speech_s = 2;
    assert_true(judge_info(j, (struct info_text){.headline = "洪水来了。马上进水，快走。"}));
    assert_true(j->alert->words[0].shortened);
    assert_string_equal(j->alert->words[0].text, "洪水来了。");
}

static void test_drill(void **state)
{
    struct judged *j = *state;
    assert_true(judge(j, (struct cap_text){.status = "Exercise"}));
    assert_true(j->alert->sounds);
    assert_memory_equal(j->alert->words[0].text, "演习，演习", strlen("演习，演习"));
}

#define LATER "<effective>2026-11-22T04:00:00+08:00</effective><expires>2026-11-22T06:00:00+08:00</expires>"

static void test_times(void **state)
{
    struct judged *j = *state;
    assert_true(judge_info(j, (struct info_text){.times = LATER}));
    assert_int_equal(j->alert->state, ALERT_WAITING);
    j->terms.resuming = true; /* expiry is the desk's to judge: it has an end to record */
    assert_true(judge_info(j, (struct info_text){.times = PAST}));
    assert_true(j->alert->expires.ms <= j->terms.now.wall.ms);
    assert_int_equal(json_array_size(j->alert->notes), 0);
    assert_true(judge_info(j, (struct info_text){.times = LATER}));
    assert_int_equal(j->alert->state, ALERT_WAITING);
}

/* A box that does not know the time sounds what is new to it, and not for long, by a clock that nobody sets. A clock that is
 * behind shows nothing as expired: that proves nothing. */
static void test_untrusted_clock(void **state)
{
    static const struct {
        const char *times;
        int64_t now; /* 0: as the fixture's */
    } ROWS[] = {{PAST, 0}, {NULL, 0}, {LATER, 0}, {NULL, 1000 /* January 1970 */}};
    struct judged *j = *state;
    j->terms.clock_trusted = false;
    j->terms.now.mono.us = 5000000;
    struct mono over = {605000000}, before = {604999999};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        if (ROWS[i].now)
            j->terms.now.wall.ms = ROWS[i].now;
        assert_true(judge_info(j, (struct info_text){.times = ROWS[i].times}));
        assert_int_equal(j->alert->state, ALERT_QUEUED);
        assert_true(j->alert->effective.ms <= j->terms.now.wall.ms);
        assert_true(noted(j->alert->notes, "expiry_unchecked"));
        assert_false(alert_expired(j->alert, before, (struct wall){INT64_MAX}));
        assert_true(alert_expired(j->alert, over, (struct wall){0}));
        j->alert->unchecked_until = (struct mono){0}; /* the clock is trusted now */
        assert_false(alert_expired(j->alert, over, (struct wall){j->alert->expires.ms - 1}));
        assert_true(alert_expired(j->alert, before, j->alert->expires));
    }
    j->terms.clock_trusted = true;
    j->terms.now.wall.ms = fixture_sent().ms + 10000;
    assert_true(judge(j, (struct cap_text){0})); /* the control */
    assert_false(noted(j->alert->notes, "expiry_unchecked"));
    assert_int_equal(j->alert->unchecked_until.us, 0);
}

static void test_only_recorded(void **state)
{
    struct judged *j = *state;
    static const struct {
        const char *status, *type, *reason;
    } ROWS[] = {
        {"System", "Alert", "recorded: status System"},
        {"Test", "Alert", "recorded: status Test"},
        {"Draft", "Update", "recorded: status Draft"},
        {"Test", "Cancel", "recorded: status Test"},
        {"Actual", "Cancel", "cancel:"},
        {"Exercise", "Cancel", "cancel:"},
        {"Actual", "Ack", "recorded: an ack"},
        {"Actual", "Error", "recorded: an ack"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        /* neither area nor time matter, since nothing will sound */
        assert_true(judge(j, (struct cap_text){.status = ROWS[i].status,
                                               .msg_type = ROWS[i].type,
                                               .references = "<references>county,a-0,2026-11-22T03:00:00+08:00</references>",
                                               .infos = i % 2 ? "" : info_xml((struct info_text){.times = PAST})}));
        assert_false(j->alert->sounds);
        assert_int_equal(j->alert->state, ALERT_FINISHED);
        assert_int_equal(j->alert->n_terminals, 0);
        assert_memory_equal(j->alert->reason, ROWS[i].reason, strlen(ROWS[i].reason));
    }
    assert_true(judge(j, (struct cap_text){.msg_type = "Update"}));
    assert_true(j->alert->sounds);
}

static void test_references(void **state)
{
    struct judged *j = *state;
    assert_true(judge(j, (struct cap_text){.identifier = "a-1"}));
    struct alert_message *update =
        cap_message((struct cap_text){.msg_type = "Update",
                                      .references = "<references>county,a-1,2026-11-21T19:20:00-00:00 "
                                                    "county,a-2,2026-11-22T03:20:00+08:00 "
                                                    "other,a-1,2026-11-22T03:20:00+08:00 "
                                                    "county,a-1,2026-11-22T03:20:01+08:00</references>"});
    assert_int_equal(update->n_references, 4);
    for (size_t i = 0; i < 4; i++) /* the same instant, however it is written */
        assert_int_equal(alert_is_referred(j->alert, update, i), i == 0);
    alert_message_free(update);
}

/* What the API shows of it. */
static void test_shown(void **state)
{
    struct judged *j = *state;
    char infos[8192];
    snprintf(infos, sizeof infos, "%s%s", info_xml((struct info_text){.code = TOWNSHIP}),
             info_xml((struct info_text){.language = "fr"}));
    assert_true(judge(j, (struct cap_text){.infos = infos}));
    j->alert->ended[0] = 2;
    j->alert->ended[1] = 1;
    json_t *shown = alert_to_json(j->alert, &j->fixture.config);
    assert_string_equal(json_string_value(json_object_get(shown, "level")), "red");
    assert_string_equal(json_string_value(json_object_get(shown, "hazard")), "flood");
    assert_string_equal(json_string_value(json_object_get(shown, "received")), "2026-11-22T03:20:10.000+08:00");
    assert_int_equal(json_integer_value(json_object_get(shown, "terminals")), N_TERMINALS);
    assert_int_equal(json_array_size(json_object_get(shown, "channels")), 2);
    assert_int_equal(json_array_size(json_object_get(shown, "not_spoken")), 1);
    const json_t *repetitions = json_object_get(shown, "repetitions");
    assert_int_equal(json_integer_value(json_object_get(repetitions, "ended")), 1); /* the slowest channel's */
    assert_int_equal(json_integer_value(json_object_get(json_object_get(repetitions, "by_channel"), "hall")), 2);
    json_decref(shown);
    for (enum alert_state s = ALERT_QUEUED; s <= ALERT_REFUSED; s++) {
        enum alert_state back;
        assert_true(alert_state_parse(alert_state_name(s), &back));
        assert_int_equal(back, s);
        assert_int_equal(alert_state_ended(s), s >= ALERT_FINISHED);
    }
    enum alert_state none;
    assert_false(alert_state_parse("done", &none));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_signature_is_required),
        TEST(test_an_ebm_has_codes_of_its_own_name),
        TEST(test_taken),
        TEST(test_refusals),
        TEST(test_long_refusal_keeps_characters_whole),
        TEST(test_sources),
        TEST(test_areas_of_a_source),
        TEST(test_a_barred_block_counts_for_nothing),
        TEST(test_levels_by_severity),
        TEST(test_levels_by_rules),
        TEST(test_hazards),
        TEST(test_several_blocks),
        TEST(test_longest_life),
        TEST(test_languages),
        TEST(test_notes),
        TEST(test_recordings),
        TEST(test_long_lists_are_cut),
        TEST(test_shapes),
        TEST(test_named_places),
        TEST(test_two_languages_of_one_shape),
        TEST(test_all_clear),
        TEST(test_past),
        TEST(test_shortened),
        TEST(test_drill),
        TEST(test_times),
        TEST(test_untrusted_clock),
        TEST(test_only_recorded),
        TEST(test_references),
        TEST(test_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
