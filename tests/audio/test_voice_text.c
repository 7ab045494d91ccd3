/* Sentences are cut where a speaker breathes, and what reaches an engine is short, clean and readable. */
#include "audio/voice_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void cut(const char *text, const char *expected)
{
    static char joined[20000];
    struct slice rest = slice_of(text), s;
    joined[0] = '\0';
    while ((s = voice_next_sentence(&rest)).size > 0) {
        size_t n = strlen(joined);
        snprintf(joined + n, sizeof joined - n, "[%.*s]", (int)s.size, s.data);
    }
    assert_string_equal(joined, expected);
}

static void test_sentences(void **state)
{
    (void)state;
    cut("", "");
    cut("注意！有危险。快走", "[注意！][有危险。][快走]");
    cut("注意！！！……“快走。”他说。", "[注意！！！……“][快走。”][他说。]");
    cut("Leave now! Go. Where? There", "[Leave now! ][Go. ][Where? ][There]");
    cut("No. 5 at 3.5 m, e.g. here. Go.", "[No. 5 at 3.5 m, e.g. here. ][Go.]");
    cut("one\ntwo\r\n\nthree", "[one\n][two\r\n\n][three]");
    cut("!!! ... ，，， 。。。", "");
    cut("!!! go", "[go]");
    cut("⚠️！放水。★★★。①上岸。🚨", "[放水。★★★。①][上岸。🚨]");
    cut("⚠! Go. ★★★. Up.", "[Go. ★★★. ][Up.]");
}

static void test_long_ones_are_cut(void **state)
{
    (void)state;
    char text[7000] = "";
    for (int i = 0; i < 2000; i++)
        strcat(text, "水");
    struct slice rest = slice_of(text), s;
    size_t all = 0;
    while ((s = voice_next_sentence(&rest)).size > 0) {
        assert_in_range(s.size, 1, VOICE_SENTENCE_MAX);
        assert_true(text_is_utf8(s));
        all += s.size;
    }
    assert_int_equal(all, 6000);
    memset(text, 0, sizeof text);
    for (int i = 0; i < 40; i++)
        strcat(text, "far away, where ");
    rest = slice_of(text);
    s = voice_next_sentence(&rest);
    assert_in_range(s.size, 200, VOICE_SENTENCE_MAX);
    assert_int_equal(s.data[s.size - 1], ' '); /* between words */
    memset(text, '!', sizeof text - 1);
    memcpy(text, "go", 2);
    rest = slice_of(text);
    s = voice_next_sentence(&rest);
    assert_in_range(s.size, 2, VOICE_SENTENCE_MAX);
    assert_int_equal(voice_next_sentence(&rest).size, 0);
}

static void clean(enum voice_language language, const char *text, const char *expected)
{
    char to[VOICE_CLEAN_MAX];
    struct error error = {0};
    if (!voice_clean(slice_of(text), language, to, &error))
        fail_msg("%s: %s", text, error.message);
    assert_string_equal(to, expected);
}

static void test_marks(void **state)
{
    (void)state;
    clean(VOICE_ENGLISH, "Go!!!!???", "Go! ");
    clean(VOICE_ENGLISH, "  \"Go,\" he said -- now...", "Go, he said, now. ");
    clean(VOICE_ENGLISH, "don\xE2\x80\x99t (ever) check-up 3.5 at 15:30, 1,200", "don't ever check-up 3.5 at 15:30, 1,200");
    clean(VOICE_ENGLISH,
          "a\tb\x01"
          "c\x7F",
          "a b c ");
    clean(VOICE_CHINESE, "“龙塘水库”（青溪镇），，，开闸！！！", "龙塘水库青溪镇，开闸！");
    clean(VOICE_CHINESE, "快走……", "快走。");
    clean(VOICE_CHINESE, "降雨50%，气温3.5℃", "降雨50%，气温3.5℃");
}

static void test_called_numbers(void **state)
{
    (void)state;
    clean(VOICE_CHINESE, "打119或12379。", "打幺幺九或幺二三七九。");
    clean(VOICE_CHINESE, "拨打１１０", "拨打幺幺零");
    clean(VOICE_CHINESE, "电话0792-6812345", "电话零七九二，六八幺二三四五");
    clean(VOICE_CHINESE, "手机13812345678", "手机幺三八幺二三四五六七八");
    clean(VOICE_CHINESE, "2026年7月", "二零二六年7月");
    clean(VOICE_CHINESE, "119户，120毫米，12000人，20日15时", "119户，120毫米，12000人，20日15时");
    clean(VOICE_CHINESE, "119.5", "119.5");
    clean(VOICE_ENGLISH, "Call 119 or 12379.", "Call 1 1 9 or 1 2 3 7 9. ");
    clean(VOICE_ENGLISH, "50000 people, 0792 6812345", "50000 people, 0 7 9 2 6 8 1 2 3 4 5");
}

static void refused(const char *text, size_t n, enum error_code code)
{
    char to[VOICE_CLEAN_MAX];
    struct error error = {0};
    assert_false(voice_clean((struct slice){text, n}, VOICE_ENGLISH, to, &error));
    assert_int_equal(error.code, code);
    assert_true(error.message[0]);
}

static void test_refused(void **state)
{
    (void)state;
    char text[VOICE_SENTENCE_MAX + 2];
    memset(text, 'x', sizeof text);
    refused("", 0, ERROR_INVALID);
    refused("?!?!", 4, ERROR_INVALID);
    refused("a\xFF", 2, ERROR_INVALID);
    refused(text, VOICE_WORD_MAX + 1, ERROR_INVALID);
    refused(text, sizeof text, ERROR_TOO_LARGE);
    char to[VOICE_CLEAN_MAX];
    assert_true(voice_clean((struct slice){text, VOICE_WORD_MAX}, VOICE_ENGLISH, to, NULL));
}

/* Every digit becomes a character: the longest sentence still fits. */
static void test_fits(void **state)
{
    (void)state;
    char text[VOICE_SENTENCE_MAX + 1] = "", to[VOICE_CLEAN_MAX];
    for (int i = 0; i < VOICE_SENTENCE_MAX / 10; i++)
        strcat(text, "123456789 ");
    assert_true(voice_clean(slice_of(text), VOICE_CHINESE, to, NULL));
    assert_int_equal(strlen(to), VOICE_SENTENCE_MAX / 10 * (9 * 3 + 1));
    assert_true(text_is_utf8(slice_of(to)));
}

static void test_languages(void **state)
{
    (void)state;
    enum voice_language language = VOICE_ENGLISH;
    assert_true(voice_language_of("zh-CN", &language));
    assert_int_equal(language, VOICE_CHINESE);
    assert_true(voice_language_of("EN", &language));
    assert_int_equal(language, VOICE_ENGLISH);
    assert_true(voice_language_of("en_US", &language));
    assert_false(voice_language_of("zha", &language)); /* Zhuang */
    assert_false(voice_language_of("bo", &language));
    assert_false(voice_language_of("z", &language));
    assert_false(voice_language_of("", &language));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),      cmocka_unit_test(test_long_ones_are_cut), cmocka_unit_test(test_marks),
        cmocka_unit_test(test_called_numbers), cmocka_unit_test(test_refused),           cmocka_unit_test(test_fits),
        cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
