/* The audit trail on disk: each entry with what it tells of, one unbroken chain after anything, old ones gone but anchored; and
 * what is done to the table behind the daemon's back is found. */
#include "controller/store.h"

#include "codecs/rfc3339.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>
#include <sqlite3.h>

struct fixture {
    char folder[64];
    uv_loop_t loop;
    struct store *store;
    int waiting, failed;
    json_t *result;
};

static void open_store(struct fixture *f)
{
    char damaged[256];
    struct error error = {0};
    f->store = store_open(f->folder, &f->loop, damaged, &error);
    if (!f->store)
        fail_msg("%s", error.message);
}

static void close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/test_store_audit.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    uv_loop_init(&f->loop);
    open_store(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const FILES[] = {"tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "tocsin.lock"};
    struct fixture *f = *state;
    char path[128];
    if (f->store)
        close_store(f);
    uv_loop_close(&f->loop);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", f->folder, FILES[i]);
        unlink(path);
    }
    rmdir(f->folder);
    json_decref(f->result);
    free(f);
    return 0;
}

static void wait_all(struct fixture *f)
{
    while (f->waiting > 0)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void on_done(void *context, int64_t seq, const struct error *error)
{
    struct fixture *f = context;
    (void)seq;
    f->waiting--;
    f->failed += error->code != ERROR_NONE;
}

static void on_result(void *context, json_t *result, const struct error *error)
{
    struct fixture *f = context;
    assert_int_equal(error->code, ERROR_NONE);
    f->waiting--;
    json_decref(f->result);
    f->result = result;
}

static void commit(struct fixture *f, const struct store_change *change)
{
    f->waiting++;
    store_commit(f->store, change, on_done, f);
}

static void decide(struct fixture *f, const char *action)
{
    const struct store_audit audit = {"root", action, "alert", "{\"reason\":\"x\"}", false};
    commit(f, &(struct store_change){.audit = &audit, .event = "x"});
}

/* With an alert, which another one with the same key refuses. */
static void accept_alert(struct fixture *f, const char *id)
{
    char sender[] = "s", identifier[] = "i", sent[] = "t", bytes[] = "<alert/>";
    struct store_alert alert = {.sender = sender, .identifier = identifier, .sent = sent, .bytes = bytes, .n_bytes = 8};
    const struct store_audit audit = {"root", "accepted", id, "{}", false};
    text_copy(alert.id, sizeof alert.id, id);
    text_copy(alert.state, sizeof alert.state, "queued");
    commit(f, &(struct store_change){.alert = &alert, .audit = &audit});
}

static json_t *entries(struct fixture *f, int64_t after)
{
    wait_all(f);
    f->waiting++;
    store_list_audit(f->store, after, 10000, on_result, f);
    wait_all(f);
    return json_object_get(f->result, "entries");
}

/* "" if what is stored after this is unbroken, else what is found. */
static const char *found(struct fixture *f, int64_t after)
{
    static struct error error;
    struct audit_check check;
    struct audit_link begin;
    size_t i;
    const json_t *entry, *list = entries(f, after);
    bool good = audit_link_parse(json_string_value(json_object_get(f->result, "previous")), &begin);
    assert_true(good);
    error = (struct error){0};
    audit_check_begin(&check, &begin, NULL);
    json_array_foreach(list, i, entry) if (good) good = audit_check_entry(&check, entry, &error);
    return error.message;
}

static const char *action(const json_t *list, size_t i)
{
    return json_string_value(json_object_get(json_array_get(list, i), "action"));
}

static void sql(struct fixture *f, const char *text)
{
    char path[128];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/tocsin.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void one_chain_over_restarts(void **state)
{
    struct fixture *f = *state;
    struct audit_link head;
    assert_true(store_audit_head(f->store, &head));
    assert_int_equal(head.seq, 0);
    assert_int_equal(json_array_size(entries(f, 0)), 0);
    for (int i = 0; i < 300; i++)
        decide(f, "accepted");
    assert_string_equal(found(f, 0), "");
    close_store(f);
    open_store(f);
    decide(f, "stopped");
    assert_string_equal(found(f, 0), "");
    assert_string_equal(found(f, 150), "");
    json_t *list = entries(f, 299);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(action(list, 1), "stopped");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "detail")), "{\"reason\":\"x\"}");
    assert_true(store_audit_head(f->store, &head));
    assert_int_equal(head.seq, 301);
    assert_int_equal(f->failed, 0);
}

static void what_is_no_text_breaks_nothing(void **state)
{
    struct fixture *f = *state;
    const struct store_audit audit = {"a\nb", "denied", "\xff\xfe", "{}", false};
    commit(f, &(struct store_change){.audit = &audit});
    decide(f, "later");
    assert_string_equal(found(f, 0), "");
    assert_string_equal(json_string_value(json_object_get(json_array_get(entries(f, 0), 0), "subject")), "??");
}

/* The bad change is in one batch with good ones: neither they nor the chain suffer, and what it would have told is not told. */
static void a_change_that_fails_leaves_no_gap(void **state)
{
    struct fixture *f = *state;
    accept_alert(f, "A");
    wait_all(f);
    decide(f, "before");
    accept_alert(f, "B");
    decide(f, "after");
    json_t *list = entries(f, 0);
    assert_int_equal(f->failed, 1);
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(action(list, 1), "before");
    assert_string_equal(action(list, 2), "after");
    assert_string_equal(found(f, 0), "");
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size ? size : limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* What was decided while the disk was full is written when it is not; but not what was not decided because it was full. */
static void a_full_disk_loses_no_decision(void **state)
{
    struct fixture *f = *state;
    const size_t size = (size_t)4 << 20;
    char *large = malloc(size + 1);
    memset(large, 'x', size);
    large[size] = '\0';
    json_t *data = json_string(large);
    const struct store_audit stopped = {"root", "stopped", "alert", "{}", false},
                             drill = {"root", "accepted", "drill", "{}", true};
    signal(SIGXFSZ, SIG_IGN);
    decide(f, "accepted");
    wait_all(f);
    limit_files((rlim_t)1 << 20);
    commit(f, &(struct store_change){.event = "x", .event_data = data, .audit = &stopped});
    commit(f, &(struct store_change){.event = "x", .event_data = data, .audit = &drill});
    wait_all(f);
    limit_files(0);
    assert_int_equal(f->failed, 2);
    decide(f, "later");
    wait_all(f);
    commit(f, &(struct store_change){.setting = "n"}); /* behind what was written again */
    json_t *list = entries(f, 0);
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(action(list, 1), "later");
    assert_string_equal(action(list, 2), "stopped");
    assert_string_equal(found(f, 0), "");
    json_decref(data);
    free(large);
}

static void tidy(struct fixture *f, struct wall before)
{
    const struct store_limits limits = {.alerts = 1, .audit_before = before};
    commit(f, &(struct store_change){.limits = &limits});
    wait_all(f);
}

/* The last one stays, so that there is always a head; what is left builds upon the anchor. */
static void what_is_old_goes_and_leaves_an_anchor(void **state)
{
    struct fixture *f = *state;
    struct wall time;
    for (int i = 0; i < 600; i++)
        decide(f, "accepted");
    const char *last = json_string_value(json_object_get(json_array_get(entries(f, 0), 599), "time"));
    assert_true(rfc3339_parse(slice_of(last), &time, NULL, NULL));
    tidy(f, (struct wall){0});
    assert_int_equal(json_array_size(entries(f, 0)), 600);
    tidy(f, (struct wall){time.ms + 1});
    assert_int_equal(json_array_size(entries(f, 0)), 100);
    assert_string_equal(found(f, 0), "");
    assert_string_equal(found(f, 550), "");
    tidy(f, (struct wall){time.ms + 1});
    tidy(f, (struct wall){time.ms + 1});
    assert_int_equal(json_array_size(entries(f, 0)), 1);
    close_store(f);
    open_store(f);
    decide(f, "later");
    assert_int_equal(json_array_size(entries(f, 0)), 2);
    assert_string_equal(found(f, 0), "");
    assert_string_equal(found(f, 599), "");
}

static void expect_tampering(struct fixture *f, const char *text, const char *what)
{
    sql(f, text);
    const char *got = found(f, 0);
    if (strncmp(got, what, strlen(what)) != 0 || !*got)
        fail_msg("%s: \"%s\" instead of \"%s\"", text, got, what);
}

static void tampering_is_found(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++)
        decide(f, "accepted");
    assert_string_equal(found(f, 0), "");
    expect_tampering(f, "UPDATE audit SET actor = 'rood' WHERE seq = 3", "entry 3 (");
    sql(f, "UPDATE audit SET actor = 'root' WHERE seq = 3");
    assert_string_equal(found(f, 0), "");
    expect_tampering(f, "CREATE TABLE was AS SELECT * FROM audit; DELETE FROM audit WHERE seq = 4", "entry 4 is missing");
    expect_tampering(f,
                     "DELETE FROM audit; INSERT INTO audit SELECT * FROM was; UPDATE audit SET seq = 100 WHERE seq = 2;"
                     " UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 100",
                     "entry 2 (");
    expect_tampering(f, "DELETE FROM audit; INSERT INTO audit SELECT * FROM was; UPDATE audit SET time = x'ff' WHERE seq = 2",
                     "what follows entry 1 is no entry");
}

/* Behind a running daemon: it goes on from what it remembers. */
static void who_cuts_the_end_off_while_it_runs_leaves_a_gap(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++)
        decide(f, "accepted");
    wait_all(f);
    sql(f, "DELETE FROM audit WHERE seq > 4; DELETE FROM sqlite_sequence WHERE name = 'audit'");
    assert_string_equal(found(f, 0), "");
    decide(f, "later");
    assert_string_equal(found(f, 0), "entries 5 to 6 are missing");
}

static void who_cuts_the_end_off_in_between_leaves_a_gap(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++)
        decide(f, "accepted");
    wait_all(f);
    close_store(f);
    sql(f, "DELETE FROM audit WHERE seq > 4");
    open_store(f);
    decide(f, "later");
    assert_string_equal(found(f, 0), "entries 5 to 6 are missing");
    assert_int_equal(f->failed, 0);
}

/* Warnings go on, whatever somebody has done to the trail. */
static void a_ruined_trail_holds_back_nothing(void **state)
{
    struct fixture *f = *state;
    decide(f, "accepted");
    wait_all(f);
    close_store(f);
    sql(f, "UPDATE audit SET hash = 'ruined'; UPDATE meta SET value = '' WHERE name = 'audit_gone'");
    open_store(f);
    sql(f, "INSERT INTO audit VALUES(2, '', '', '', '', '', '', '')"); /* where the next one will stand */
    decide(f, "later");
    decide(f, "later");
    wait_all(f);
    assert_int_equal(f->failed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_chain_over_restarts),
        TEST(what_is_no_text_breaks_nothing),
        TEST(a_change_that_fails_leaves_no_gap),
        TEST(a_full_disk_loses_no_decision),
        TEST(what_is_old_goes_and_leaves_an_anchor),
        TEST(tampering_is_found),
        TEST(who_cuts_the_end_off_while_it_runs_leaves_a_gap),
        TEST(who_cuts_the_end_off_in_between_leaves_a_gap),
        TEST(a_ruined_trail_holds_back_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
