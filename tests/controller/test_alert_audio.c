/* Which resource of a block is its recording, and what of it is believed. */
#include "controller/alert_audio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The twelve bytes of the shortest RIFF of kind WAVE; in base64; and their digests, as other programs make them. */
#define WAV "RIFF\x04\0\0\0WAVE"
#define WAV_BASE64 "UklGRgQAAABXQVZF"
#define WAV_SHA1 "7a3012650734cd6558b2036687d5762af2ec1466"
#define WAV_SHA1_BASE64 "ejASZQc0zWVYsgNmh9V2KvLsFGY="
#define WAV_SHA256 "1fe5a351bf0314c8a1840b023fd1e4cab3f0f123468940c241bd7bf20e989ab8"
#define WAV_SM3 "c750e3bfcb74d0173c2eaf9ad12e06d3edf72afa244e225387393b529d00d25e"
#define WAV_MD5 "e8b8c394cc5b5ff416c1d0b1110b0fde"
#define WAV_SHA512                                                                                                             \
    "e3f3fcf2dbba6ed18cce9a5caff27e376749f81b91e427105d7b1dac117014c2628ad64844a5ff27a8ed27d59d2f24edc9967b1eb5ff114aec4bb508" \
    "0bf5e607"

static struct alert_resource resource(const char *mime_type, const char *bytes, size_t n)
{
    return (struct alert_resource){.mime_type = (char *)(uintptr_t)mime_type, .size = -1, .data = {bytes, n}};
}

static struct alert_resource wav(void)
{
    return resource("audio/x-wav", WAV, 12);
}

static void opens(const struct alert_resource *of)
{
    struct alert_audio audio;
    struct error error = {0};
    if (!alert_audio_open(of, &audio, &error))
        fail_msg("%s", error.message);
    assert_int_equal(audio.file.size, 12);
    assert_memory_equal(audio.file.data, WAV, 12);
    alert_audio_close(&audio);
}

static void refused(const struct alert_resource *of, const char *word)
{
    struct alert_audio audio;
    struct error error = {0};
    assert_false(alert_audio_open(of, &audio, &error));
    assert_null(audio.decoded);
    if (!strstr(error.message, word))
        fail_msg("%s", error.message);
}

static void test_which_is_found(void **state)
{
    (void)state;
    struct alert_resource all[4] = {
        resource("image/png", "x", 1), {.uri = "none", .size = -1}, resource("Audio/MPEG; x=y", "", 0), wav()};
    struct alert_info info = {.resources = all, .n_resources = 4};
    assert_ptr_equal(alert_audio_find(&info), &all[3]); /* the first that came with the message */
    info.n_resources = 3;
    assert_ptr_equal(alert_audio_find(&info), &all[2]);
    all[2].deref_uri = "eA==";
    info.n_resources = 4;
    assert_ptr_equal(alert_audio_find(&info), &all[2]);
    info.n_resources = 2;
    assert_null(alert_audio_find(&info));
}

static void test_what_promises(void **state)
{
    (void)state;
    char *const many = calloc(1, ALERT_AUDIO_MAX + 5);
    assert_non_null(many);
    struct alert_resource deref = resource("audio/wav", "", 0);
    const struct {
        struct alert_resource resource;
        const char *word; /* NULL: it does */
    } ROWS[] = {
        {wav(), NULL},
        {resource("AUDIO/MPEG", "x", 1), NULL},
        {resource("audio/ogg; codecs=opus", "x", 1), NULL},
        {resource("audio/oggs", "x", 1), "audio/oggs is not played"},
        {resource("audio/", "x", 1), "is not played"},
        {resource("audio/basic", "x", 1), "audio/basic is not played"},
        {resource("audio/wav", many, ALERT_AUDIO_MAX), NULL},
        {resource("audio/wav", many, ALERT_AUDIO_MAX + 1), "more than 8 MiB"},
        {resource("audio/wav", "", 0), "did not come with the message"},
    };
    struct error error = {0};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        if (alert_audio_promises(&ROWS[i].resource, NULL, &error) != !ROWS[i].word)
            fail_msg("row %zu: %s", i, error.message);
        if (ROWS[i].word)
            assert_non_null(strstr(error.message, ROWS[i].word));
    }
    deref.deref_uri = "";
    assert_false(alert_audio_promises(&deref, NULL, &error));
    memset(many, 'A', ALERT_AUDIO_MAX);
    deref.deref_uri = many;
    assert_true(alert_audio_promises(&deref, NULL, &error));
    deref.size = ALERT_AUDIO_MAX + 1;
    assert_false(alert_audio_promises(&deref, NULL, &error));
    free(many);
}

/* Fetched is only what lies in an allowed folder, and of which the alert says what it is. */
static void test_what_may_be_fetched(void **state)
{
    (void)state;
    const struct config_source source = {.n_audio_from = 2,
                                         .audio_from = {"https://media.example/alerts/", "http://10.0.0.1/"}};
    static const struct {
        char *uri;
        const char *word; /* NULL: it may */
    } ROWS[] = {
        {"https://media.example/alerts/a.mp3", NULL},
        {"https://media.example/alerts/2026/a.b.mp3?x=1", NULL},
        {"http://10.0.0.1/a.mp3", NULL},
        {"https://10.0.0.1/a.mp3", "does not allow"},
        {"https://media.example/alerts", "does not allow"},
        {"https://media.example/a.mp3", "does not allow"},
        {"https://media.example.org/alerts/a.mp3", "does not allow"},
        {"https://x@media.example/alerts/a.mp3", "does not allow"},
        {"HTTPS://media.example/alerts/a.mp3", "did not come with the message"},
        {"https://media.example/alerts/../a.mp3", "does not allow"},
        {"https://media.example/alerts/./a.mp3", "does not allow"},
        {"https://media.example/alerts/..", "does not allow"},
        {"https://media.example/alerts/%2E%2e/a.mp3", "does not allow"},
        {"https://media.example/alerts/x\\..\\a.mp3", "does not allow"},
        {"https://media.example/alerts/a b.mp3", "does not allow"},
        {"https://media.example/alerts/a\r\nHost: x", "does not allow"},
        {"file:///etc/passwd", "did not come with the message"},
        {"EBDR_1.mp3", "did not come with the message"},
        {NULL, "did not come with the message"},
    };
    struct alert_resource r = resource("audio/mpeg", "", 0);
    struct error error = {0};
    r.digest = WAV_SHA1;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        r.uri = ROWS[i].uri;
        if (alert_audio_promises(&r, &source, &error) != !ROWS[i].word ||
            (ROWS[i].word && !strstr(error.message, ROWS[i].word)))
            fail_msg("row %zu: %s", i, error.message);
    }
    r.uri = ROWS[0].uri;
    assert_false(alert_audio_promises(&r, NULL, &error));
    r.digest = NULL;
    assert_false(alert_audio_promises(&r, &source, &error));
    assert_non_null(strstr(error.message, "no digest"));
}

static void test_size(void **state)
{
    (void)state;
    struct alert_resource r = wav();
    opens(&r);
    r.size = 12;
    opens(&r);
    r.size = 13;
    refused(&r, "12 bytes, stated are 13");
    r.size = 0;
    refused(&r, "stated are 0");
}

static void test_base64(void **state)
{
    (void)state;
    struct alert_resource r = resource("audio/wav", "", 0);
    r.deref_uri = WAV_BASE64;
    opens(&r);
    r.deref_uri = "UklGRgQA\n  AABXQVZF\n";
    opens(&r);
    r.digest = WAV_SHA1;
    opens(&r);
    const struct {
        char *deref_uri;
        const char *word;
    } ROWS[] = {{"UklGRgQAAABXQVZ", "no base64"}, {"<html>", "no base64"}, {"====", "no base64"}, {" \n", "empty"}};
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        r.deref_uri = ROWS[i].deref_uri;
        refused(&r, ROWS[i].word);
    }
}

static void test_digest(void **state)
{
    (void)state;
    static char *const GOOD[] = {WAV_SHA1, WAV_SHA1_BASE64, WAV_SHA256, WAV_SM3, WAV_MD5, WAV_SHA512, ""};
    struct alert_resource r = wav();
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        r.digest = GOOD[i];
        opens(&r);
        char upper[160];
        text_copy(upper, sizeof upper, GOOD[i]);
        for (char *p = upper; *p && i != 1; p++)
            *p = (char)(*p >= 'a' && *p <= 'f' ? *p - 32 : *p);
        r.digest = upper;
        opens(&r);
        if (!*upper)
            continue;
        upper[3] = upper[3] == '1' ? '2' : '1';
        refused(&r, "digest is wrong");
    }
    static char *const UNKNOWN[] = {"1c8015", "sha1", "zz", "12345678901234567890123456789012345678901", "urn:x"};
    for (size_t i = 0; i < sizeof UNKNOWN / sizeof *UNKNOWN; i++) {
        r.digest = UNKNOWN[i];
        refused(&r, "of no known kind");
    }
}

static void test_content(void **state)
{
    (void)state;
    static const struct {
        const char *mime_type, *bytes;
        size_t n;
        const char *word; /* NULL: it is good */
    } ROWS[] = {
        {"audio/mpeg", "ID3\x03zzzz", 8, NULL},
        {"audio/mp3", "\xFF\xFB\x90\x64", 4, NULL},
        {"audio/mpeg", "\xFF\xF9\x50\x80", 4, "no MP3, nor any other sound"}, /* AAC */
        {"audio/mpeg", "\xFF\xFB", 2, "no MP3"},
        {"audio/mpeg", "<html>404</html>", 16, "no MP3, nor any other sound"},
        {"audio/mpeg", WAV, 12, "WAV and not MP3"},
        {"audio/wav", "RIFF\x05\0\0\0WAVE", 12, "its end is missing"},
        {"audio/wav", "RIFF\xFF\xFF\xFF\xFFWAVE", 12, NULL}, /* a length that was not known */
        {"audio/wav", "RIFF\0\0\0\0WAVE", 12, NULL},
        {"audio/wav", "RIFF\x04\0\0\0WAV", 11, "no WAV"},
        {"audio/flac", "fLaCzzzz", 8, NULL},
        {"audio/x-flac", "OggSzzzz", 8, "Ogg and not FLAC"},
        {"audio/ogg", "OggS\0\x02zzOggS\0\x04zz", 16, NULL},
        {"audio/ogg", "OggS\0\x02zzOggS\0\0zz", 16, "its end is missing"},
        {"audio/ogg", "OggS\0\x04zzOggS\0", 13, "its end is missing"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        char *exact = malloc(ROWS[i].n); /* the sanitizers see a byte beyond it */
        memcpy(exact, ROWS[i].bytes, ROWS[i].n);
        struct alert_resource r = resource(ROWS[i].mime_type, exact, ROWS[i].n);
        struct alert_audio audio;
        struct error error = {0};
        bool good = alert_audio_open(&r, &audio, &error);
        if (good != !ROWS[i].word || (ROWS[i].word && !strstr(error.message, ROWS[i].word)))
            fail_msg("row %zu: %s", i, error.message);
        alert_audio_close(&audio);
        free(exact);
    }
}

static void test_copy(void **state)
{
    (void)state;
    struct alert_resource r = wav(), deref = resource("audio/wav", "", 0);
    r.size = 12;
    r.digest = WAV_SHA1;
    deref.deref_uri = WAV_BASE64;
    const struct alert_resource *const BOTH[] = {&r, &deref};
    for (size_t i = 0; i < 2; i++) {
        struct alert_resource *copy = alert_audio_copy(BOTH[i]);
        assert_non_null(copy);
        assert_ptr_not_equal(copy->mime_type, BOTH[i]->mime_type);
        assert_int_equal(copy->size, BOTH[i]->size);
        opens(copy);
        alert_audio_free_copy(copy);
    }
    alert_audio_free_copy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_is_found), cmocka_unit_test(test_what_promises), cmocka_unit_test(test_what_may_be_fetched),
        cmocka_unit_test(test_size),           cmocka_unit_test(test_base64),        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_content),        cmocka_unit_test(test_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
