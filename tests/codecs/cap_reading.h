/* For the tests of CAP: whole files, and comparing parts of a message. */
#ifndef TOCSIN_TESTS_CODECS_CAP_READING_H
#define TOCSIN_TESTS_CODECS_CAP_READING_H

#include "codecs/cap.h"
#include "codecs/rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The caller frees data. */
static inline struct slice read_whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be opened; run the tests in the project's folder", path);
    char *data = malloc(CAP_SIZE_MAX);
    assert_non_null(data);
    size_t n = fread(data, 1, CAP_SIZE_MAX, f);
    fclose(f);
    char *exact = malloc(n ? n : 1); /* so that reading behind the end is seen by the sanitizer */
    assert_non_null(exact);
    memcpy(exact, data, n);
    free(data);
    return (struct slice){exact, n};
}

static inline bool decode_file(const char *path, struct alert_message **message, struct error *error)
{
    struct slice bytes = read_whole(path);
    bool ok = cap_decode(bytes, message, error);
    free((char *)bytes.data);
    return ok;
}

static inline struct alert_message *decoded_file(const char *path)
{
    struct alert_message *message;
    struct error error;
    if (!decode_file(path, &message, &error))
        fail_msg("%s: %s", path, error.message);
    return message;
}

/* Equal texts, or both absent. */
static inline void same_text(const char *is, const char *expected)
{
    if (expected)
        assert_non_null(is);
    else
        assert_null(is);
    if (expected)
        assert_string_equal(is, expected);
}

static inline void same_pair(struct alert_pair pair, const char *name, const char *value)
{
    assert_string_equal(pair.name, name);
    assert_string_equal(pair.value, value);
}

static inline void same_point(struct alert_point point, double latitude, double longitude)
{
    assert_true(point.latitude == latitude && point.longitude == longitude);
}

static inline void same_time(struct wall time, const char *expected)
{
    struct wall t;
    assert_true(rfc3339_parse(slice_of(expected), &t, NULL, NULL));
    assert_int_equal(time.ms, t.ms);
}

#endif
