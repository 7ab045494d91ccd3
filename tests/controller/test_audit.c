/* The audit trail's chain: its hashes are those that anybody computes, and whatever is done to it is found. */
#include "controller/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N = 5 };

struct trail {
    struct audit_link begin;
    struct audit_link links[N]; /* of each entry */
    json_t *entries;            /* as the API shows them */
};

static const char ZEROS[] = "0000000000000000000000000000000000000000000000000000000000000000";
/* Computed by a script of its own (hashlib). */
static const char FIRST[] = "1b172bd28c467d5e1f246d4d67e784932f276e81ab71d074747ce2f07942438f";
static const char SECOND[] = "f49e790b39bfb5d23c5c97e52a4beb8a64bcddfabc8812eeaaf7f526d488709f";

static struct audit_link link_of(int64_t seq, const char *hash)
{
    struct audit_link link = {.seq = seq};
    text_copy(link.hash, sizeof link.hash, hash);
    return link;
}

static int set_up(void **state)
{
    static struct trail trail;
    trail = (struct trail){.begin = link_of(0, ZEROS), .entries = json_array()};
    const char *previous = ZEROS;
    for (int i = 0; i < N; i++) {
        char detail[32];
        snprintf(detail, sizeof detail, "{\"n\":%d}", i);
        struct audit_entry entry = {
            i + 1, "2026-11-21T19:20:00.000+00:00", "boot", "root", i == 2 ? "stopped" : "accepted", "alert", detail};
        trail.links[i].seq = i + 1;
        assert_true(audit_hash(previous, &entry, trail.links[i].hash));
        previous = trail.links[i].hash;
        json_array_append_new(trail.entries,
                              json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "seq", i + 1, "time", entry.time, "boot",
                                        entry.boot, "actor", entry.actor, "action", entry.action, "subject", entry.subject,
                                        "detail", detail, "hash", previous));
    }
    *state = &trail;
    return 0;
}

static int tear_down(void **state)
{
    json_decref(((struct trail *)*state)->entries);
    return 0;
}

/* "" if it is unbroken, else what is found. */
static const char *found(const struct trail *trail, const struct audit_link *head)
{
    static struct error error;
    struct audit_check check;
    size_t i;
    const json_t *entry;
    bool good = true;
    error = (struct error){0};
    audit_check_begin(&check, &trail->begin, head);
    json_array_foreach(trail->entries, i, entry) if (good) good = audit_check_entry(&check, entry, &error);
    if (good && audit_check_end(&check, &error))
        assert_int_equal(check.n, json_array_size(trail->entries));
    return error.message;
}

static void the_hash_is_what_anybody_computes(void **state)
{
    (void)state;
    char hash[AUDIT_HASH_SIZE];
    const struct audit_entry one = {1,          "2026-11-21T19:20:00.000+00:00", "boot-1",           "root",
                                    "accepted", "20261121T192000Z-0001",         "{\"terminals\":3}"};
    const struct audit_entry two = {
        2, "2026-11-21T19:21:00.000+00:00", "boot-1", "王强", "stopped", "20261121T192000Z-0001", "{\"reason\":\"水退了\"}"};
    assert_true(audit_hash(ZEROS, &one, hash));
    assert_string_equal(hash, FIRST);
    assert_true(audit_hash(hash, &two, hash));
    assert_string_equal(hash, SECOND);
    assert_true(audit_digest(slice_of("<html/>"), hash));
    assert_string_equal(hash, "8397912ada2760dca34d1adb644cf54fc5c8d05d0ad56b4a6f99096b03ac8431");
}

/* "ab" and "c" are not "a" and "bc". */
static void where_a_text_ends_counts(void **state)
{
    (void)state;
    char one[AUDIT_HASH_SIZE], other[AUDIT_HASH_SIZE];
    assert_true(audit_hash(ZEROS, &(struct audit_entry){1, "t", "b", "ab", "c", "", "{}"}, one));
    assert_true(audit_hash(ZEROS, &(struct audit_entry){1, "t", "b", "a", "bc", "", "{}"}, other));
    assert_string_not_equal(one, other);
}

static void a_good_trail_is_good(void **state)
{
    struct trail *trail = *state;
    assert_string_equal(found(trail, NULL), "");
    for (int i = 0; i < N; i++)
        assert_string_equal(found(trail, &trail->links[i]), "");
    for (int i = 0; i < 2; i++) /* old entries may go: what stood before the rest is the beginning */
        json_array_remove(trail->entries, 0);
    trail->begin = trail->links[1];
    assert_string_equal(found(trail, NULL), "");
    assert_string_equal(found(trail, &trail->links[1]), "");
    assert_string_equal(found(trail, &trail->links[4]), "");
    assert_non_null(strstr(found(trail, &trail->links[0]), "cannot be compared: what is here begins after entry 2"));
}

static void every_changed_byte_is_found(void **state)
{
    struct trail *trail = *state;
    static const char *const MEMBERS[] = {"time", "boot", "actor", "action", "subject", "detail", "hash"};
    json_t *entry = json_array_get(trail->entries, 2);
    for (size_t m = 0; m < sizeof MEMBERS / sizeof *MEMBERS; m++) {
        char text[AUDIT_HASH_SIZE], was[AUDIT_HASH_SIZE];
        text_copy(was, sizeof was, json_string_value(json_object_get(entry, MEMBERS[m])));
        for (size_t i = 0; i < strlen(was); i++) {
            text_copy(text, sizeof text, was);
            text[i] = (char)(text[i] ^ 1);
            json_object_set_new(entry, MEMBERS[m], json_string(text));
            assert_non_null(strstr(found(trail, NULL), "entry 3 ("));
        }
        json_object_set_new(entry, MEMBERS[m], json_string(was));
        assert_string_equal(found(trail, NULL), "");
    }
    json_object_del(entry, "detail");
    assert_string_equal(found(trail, NULL), "what follows entry 2 is no entry");
}

/* Who computes the changed entry's own hash anew breaks the next one. */
static void a_new_hash_does_not_help(void **state)
{
    struct trail *trail = *state;
    char hash[AUDIT_HASH_SIZE];
    json_t *entry = json_array_get(trail->entries, 2);
    const struct audit_entry forged = {3, "2026-11-21T19:20:00.000+00:00", "boot", "nobody", "stopped", "alert", "{\"n\":2}"};
    assert_true(audit_hash(trail->links[1].hash, &forged, hash));
    json_object_set_new(entry, "actor", json_string("nobody"));
    json_object_set_new(entry, "hash", json_string(hash));
    assert_non_null(strstr(found(trail, NULL), "entry 4 ("));
    while (json_array_size(trail->entries) > 3) /* unless all that follows is taken away: then a head shows it */
        json_array_remove(trail->entries, 3);
    assert_string_equal(found(trail, NULL), "");
    assert_non_null(strstr(found(trail, &trail->links[2]), "entry 3 is not the one of the head"));
    assert_non_null(strstr(found(trail, &trail->links[4]), "entries 4 to 5 are missing"));
}

static void what_was_taken_out_or_moved_is_found(void **state)
{
    struct trail *trail = *state;
    json_t *third = json_incref(json_array_get(trail->entries, 2));
    json_array_remove(trail->entries, 2);
    assert_string_equal(found(trail, NULL), "entry 3 is missing");
    json_array_insert(trail->entries, 3, third);
    assert_string_equal(found(trail, NULL), "entry 3 is missing"); /* 4 comes in its place */
    json_array_remove(trail->entries, 3);
    json_array_insert_new(trail->entries, 2, third);
    json_object_set_new(third, "seq", json_integer(4)); /* two that changed their numbers */
    json_object_set_new(json_array_get(trail->entries, 3), "seq", json_integer(3));
    json_t *fourth = json_incref(json_array_get(trail->entries, 3));
    json_array_remove(trail->entries, 3);
    json_array_insert_new(trail->entries, 2, fourth);
    assert_non_null(strstr(found(trail, NULL), "entry 3 ("));
    json_array_remove(trail->entries, 0);
    assert_string_equal(found(trail, NULL), "entry 1 is missing");
}

static void a_cut_end_is_found_by_a_head(void **state)
{
    struct trail *trail = *state;
    json_array_remove(trail->entries, N - 1);
    assert_string_equal(found(trail, NULL), "");
    assert_string_equal(found(trail, &trail->links[N - 1]), "entries 5 to 5 are missing: the trail was cut off at its end");
    assert_string_equal(found(trail, &trail->links[N - 2]), "");
}

static void links_are_read_strictly(void **state)
{
    (void)state;
    struct audit_link link = {0};
    char text[AUDIT_LINK_SIZE + 8], again[AUDIT_LINK_SIZE];
    snprintf(text, sizeof text, "12:%s", FIRST);
    assert_true(audit_link_parse(text, &link));
    assert_int_equal(link.seq, 12);
    audit_link_print(&link, again);
    assert_string_equal(again, text);
    strcat(text, "0");
    assert_false(audit_link_parse(text, &link));
    text[strlen(text) - 2] = '\0';
    assert_false(audit_link_parse(text, &link));
    static const char *const BAD[] = {"", "12", ":", "x:", "-1:", "12:zz", "1234567890123456789:"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(audit_link_parse(BAD[i], &link));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_hash_is_what_anybody_computes), TEST(where_a_text_ends_counts), TEST(a_good_trail_is_good),
        TEST(every_changed_byte_is_found),       TEST(a_new_hash_does_not_help), TEST(what_was_taken_out_or_moved_is_found),
        TEST(a_cut_end_is_found_by_a_head),      TEST(links_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
