/* What is said of an alert. */
#include "controller/words.h"

#include "tests/controller/site_fixture.h"

static struct config *configured(void)
{
    static struct config config;
    fixture_texts(&config);
    return &config;
}

static char *choose_of(struct cap_text cap, uint32_t max_s, bool *shortened)
{
    struct alert_message *message = cap_message(cap);
    struct config *config = configured();
    config->max_speech_s = max_s;
    char *text = words_choose(config, message, &message->infos[0], shortened);
    alert_message_free(message);
    return text;
}

static char *choose(struct info_text info, bool exercise, uint32_t max_s, bool *shortened)
{
    return choose_of((struct cap_text){.infos = info_xml(info), .status = exercise ? "Exercise" : "Actual"}, max_s, shortened);
}

#define PARAMETER(name, value) "<parameter><valueName>" name "</valueName><value>" value "</value></parameter>"

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        struct info_text info;
        const char *expected; /* NULL: no words */
    } ROWS[] = {
        {{.headline = "h", .more = "<description>d</description><instruction>i</instruction>" PARAMETER("Speech", "说")}, "说"},
        {{.headline = "h", .more = "<instruction>i</instruction>" PARAMETER("speech", "")}, "h。i"},
        {{.language = "en",
          .headline = "h",
          .more = PARAMETER("layer:SOREM:1.0:Broadcast_Text", "Take cover now.") PARAMETER("speech", "")},
         "Take cover now."},
        {{.language = "cmn", .headline = "洪水来了", .more = "<instruction>快走。</instruction>"}, "洪水来了。快走。"},
        {{.headline = "洪水来了！", .more = "<instruction>快走。</instruction>"}, "洪水来了！ 快走。"},
        {{.headline = "洪水来了", .more = "<instruction>快走。</instruction>"}, "洪水来了。快走。"},
        {{.language = "en", .headline = "Flood", .more = "<instruction>Go.</instruction>"}, "Flood. Go."},
        {{.language = "en", .headline = "Flood!", .more = "<instruction>Go.</instruction>"}, "Flood! Go."},
        {{.language = "en", .headline = "Flood.", .more = "<instruction>Go.</instruction>"}, "Flood. Go."},
        {{.language = "en", .headline = "Go!ab", .more = "<instruction>Go.</instruction>"}, "Go!ab. Go."},
        {{.language = "en", .headline = "A", .more = "<instruction>Go.</instruction>"}, "A. Go."},
        {{.headline = "只有标题", .more = "<description>d</description>"}, "只有标题"},
        {{.headline = "", .more = "<description>d</description><instruction>i</instruction>"}, "i"},
        {{.headline = "", .more = "<description>水位上涨。</description>"}, "水位上涨。"},
        {{.headline = ""}, NULL},
        {{.headline = "可以回家。", .more = ALL_CLEAR}, "解除通知。可以回家。"},
        {{.headline = "解除洪水预警。", .more = ALL_CLEAR}, "解除通知。解除洪水预警。"},
        {{.headline = "解除通知：洪水退了。", .more = ALL_CLEAR}, "解除通知：洪水退了。"},
        {{.language = "en", .headline = "Go home.", .more = "<responseType>AllClear</responseType>"}, "All clear. Go home."},
        {{.language = "en-GB", .headline = "ALL CLEAR: go home.", .more = ALL_CLEAR}, "ALL CLEAR: go home."},
        {{.language = "pt", .headline = "h", .more = ALL_CLEAR}, "h"},
        {{.headline = "", .more = ALL_CLEAR}, NULL},
        {{.headline = " ", .more = "<description> </description>"}, NULL},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        bool shortened = false;
        char *text = choose(ROWS[i].info, false, 60, &shortened);
        assert_false(shortened);
        if (ROWS[i].expected)
            assert_string_equal(text, ROWS[i].expected);
        else
            assert_null(text);
        free(text);
    }
}

/* What is past is an all-clear only in an Update: nobody was told of it before. */
static void test_past(void **state)
{
    (void)state;
    static const struct {
        const char *msg_type, *expected;
    } ROWS[] = {{"Alert", "EQ 6.3 Neiafu"}, {"Update", "All clear. EQ 6.3 Neiafu"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        bool shortened;
        char *text = choose_of((struct cap_text){.msg_type = ROWS[i].msg_type,
                                                 .infos = info_xml((struct info_text){
                                                     .language = "en", .urgency = "Past", .headline = "EQ 6.3 Neiafu"})},
                               60, &shortened);
        assert_string_equal(text, ROWS[i].expected);
        free(text);
    }
}

static void test_languages(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *headline, *language;
    } ROWS[] = {{"zh-Hant-TW", "洪水", "zh-Hant-TW"},
                {"zh_TW", "洪水", "zh_TW"},
                {"cmn", "洪水", "zh"},
                {"yue-HK", "洪水", "zh"},
                {"chi", "洪水", "zh"},
                {"zho", "洪水", "zh"},
                {"en-US", "洪水来了", "zh"}, /* what a block without a language says */
                {"en", "Flood at 龙塘村", "en"},
                {"eng", "Flood", "en"},
                {"EN-gb", "Flood", "EN-gb"},
                {"en", "119", "en"},
                {"fr-CA", "Crue", "fr-CA"},
                {"ja", "洪水警報", "ja"}, /* characters do not make it Chinese */
                {"bo-CN", "洪水", "bo-CN"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct alert_message *message = cap_message(
            (struct cap_text){.infos = info_xml((struct info_text){.language = ROWS[i].tag, .headline = ROWS[i].headline})});
        assert_string_equal(words_language(&message->infos[0]), ROWS[i].language);
        alert_message_free(message);
    }
}

static void test_shortened_at_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *language, *text;
        uint32_t max_s;
        const char *expected;
    } ROWS[] = {
        {"zh", "山洪来了！快往高处跑！不要过河。", 4, "山洪来了！快往高处跑！"}, /* 11 characters take 3.1 s */
        {"zh", "山洪来了！快往高处跑！不要过河。", 5, NULL},                     /* 16: 4.4 s */
        {"zh", "山洪来了快往高处跑不要过河", 2, "山洪来了快往高"},               /* no end of a sentence: whole characters */
        {"en", "Water rises 3.5 m. Leave now, by the hill road. Stay out.", 4,
         "Water rises 3.5 m. Leave now, by the hill road."},
        {"en", "Rises 3.5 metres here today", 1, "Rises 3.5 metr"}, /* 14 characters a second; that point ends nothing */
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        bool shortened = !ROWS[i].expected;
        char *text = choose((struct info_text){.language = ROWS[i].language, .headline = ROWS[i].text}, false, ROWS[i].max_s,
                            &shortened);
        assert_string_equal(text, ROWS[i].expected ? ROWS[i].expected : ROWS[i].text);
        assert_int_equal(shortened, ROWS[i].expected != NULL);
        assert_true(text_is_utf8(slice_of(text)));
        free(text);
    }
}

/* A drill's own sentence comes before all else. */
static void test_all_clear_in_a_drill(void **state)
{
    (void)state;
    bool shortened = false;
    char *text = choose((struct info_text){.language = "en", .headline = "Go home.", .more = ALL_CLEAR}, true, 60, &shortened);
    assert_string_equal(text, "Drill, drill, this is a drill, there is no danger! All clear. Go home. This is a drill.");
    free(text);
}

static void test_drill_frame(void **state)
{
    (void)state;
    bool shortened = false;
    char *zh = choose((struct info_text){.language = "ZH_cn", .headline = "洪水来了。"}, true, 60, &shortened);
    assert_string_equal(zh, "演习，演习，这是演习，没有险情！洪水来了。这是演习。");
    char *en = choose((struct info_text){.language = "en-GB", .headline = "Flood."}, true, 60, &shortened);
    assert_string_equal(en, "Drill, drill, this is a drill, there is no danger! Flood. This is a drill.");
    assert_false(shortened);
    free(zh);
    free(en);
}

/* The frame is never what is cut off. */
static void test_shortened_drill_keeps_its_frame(void **state)
{
    (void)state;
    bool shortened = false;
    char *zh = choose((struct info_text){.headline = "快走。洪水来了，水位上涨，马上进水。"}, true, 3, &shortened);
    assert_true(shortened);
    assert_string_equal(zh, "演习，演习，这是演习，没有险情！快走。这是演习。");
    free(zh);
}

static void test_our_own_sentences(void **state)
{
    (void)state;
    struct config *config = configured();
    assert_string_equal(words_text(config, TEXT_DRILL_END, "zh-TW"), "演习结束，没有险情，大家可以回家。");
    assert_string_equal(words_text(config, TEXT_DRILL_END, "EN"), "The drill is over, there is no danger, you may go home.");
    assert_null(words_text(config, TEXT_DRILL_END, "pt-PT"));
}

static void test_same_language(void **state)
{
    (void)state;
    assert_true(words_same_language("zh-CN", "zh_TW"));
    assert_true(words_same_language("EN", "en-US"));
    assert_false(words_same_language("zh", "zho"));
    assert_false(words_same_language("en", "zh"));
    assert_false(words_same_language("", "zh"));
}

static void test_seconds(void **state)
{
    (void)state;
    assert_true(fabs(words_seconds("") - 0) < 1e-9);
    assert_true(fabs(words_seconds("水水水水水水水水水水水水水水水水水水") - 5) < 1e-9);
    assert_true(fabs(words_seconds("fourteen chars") - 1) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_past),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_shortened_at_a_sentence),
        cmocka_unit_test(test_all_clear_in_a_drill),
        cmocka_unit_test(test_drill_frame),
        cmocka_unit_test(test_shortened_drill_keeps_its_frame),
        cmocka_unit_test(test_our_own_sentences),
        cmocka_unit_test(test_same_language),
        cmocka_unit_test(test_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
