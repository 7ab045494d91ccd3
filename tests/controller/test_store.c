/* The store: what was answered is there, in order, after anything: reopening, kill -9, a full disk, a damaged file. */
#include "controller/clock.h"
#include "controller/store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>
#include <sqlite3.h>

struct fixture {
    char folder[64], damaged[256];
    uv_loop_t loop;
    struct store *store;
    int waiting; /* answers that are owed */
    int failed;
    struct error last_error;
    int64_t last_seq;
    json_t *result;
    char log[8192]; /* "done 1;event 1;..." */
    int n_events;
    char last_id[64];
};

static void wait_all(struct fixture *f)
{
    while (f->waiting > 0)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void add_log(struct fixture *f, const char *what, int64_t seq)
{
    size_t used = strlen(f->log);
    snprintf(f->log + used, sizeof f->log - used, "%s %lld;", what, (long long)seq);
}

static void on_done(void *context, int64_t seq, const struct error *error)
{
    struct fixture *f = context;
    f->waiting--;
    f->last_seq = seq;
    f->last_error = *error;
    f->failed += error->code != ERROR_NONE;
    add_log(f, "done", seq);
}

static void on_result(void *context, json_t *result, const struct error *error)
{
    struct fixture *f = context;
    f->waiting--;
    f->last_error = *error;
    json_decref(f->result);
    f->result = result;
    add_log(f, "result", 0);
}

static void on_event(void *context, const char *id, const char *type, const json_t *data)
{
    struct fixture *f = context;
    f->n_events++;
    text_copy(f->last_id, sizeof f->last_id, id ? id : "");
    assert_true(json_is_object(data));
    assert_true(strlen(type) > 0);
    add_log(f, "event", id ? strtoll(strchr(id, ':') + 1, NULL, 10) : -1);
}

static void open_store(struct fixture *f)
{
    struct error error = {0};
    f->store = store_open(f->folder, &f->loop, f->damaged, &error);
    if (!f->store)
        fail_msg("%s", error.message);
    store_set_listener(f->store, on_event, f);
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
    strcpy(f->folder, "/tmp/test_store.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    open_store(f);
    *state = f;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static void lift_limit(struct fixture *f)
{
    (void)f;
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    lift_limit(f);
    if (f->store)
        close_store(f);
    umount2(f->folder, MNT_DETACH); /* if a test failed in the middle */
    json_decref(f->result);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static char sender[] = "cap@example.cn", identifier[] = "LONGTANG-1", sent[] = "2026-11-22T03:20:00+08:00",
            bytes[] = "<alert/>";

static struct store_alert an_alert(const char *id, const char *state)
{
    struct store_alert alert = {
        .sender = sender, .identifier = identifier, .sent = sent, .bytes = bytes, .n_bytes = strlen(bytes)};
    text_copy(alert.id, sizeof alert.id, id);
    text_copy(alert.media_type, sizeof alert.media_type, "application/cap+xml");
    text_copy(alert.state, sizeof alert.state, state);
    alert.received.ms = 1795287600000;
    alert.changed.ms = 1795287600123;
    return alert;
}

static void commit(struct fixture *f, const struct store_change *change)
{
    f->waiting++;
    store_commit(f->store, change, on_done, f);
}

static void commit_setting(struct fixture *f, const char *name, int64_t value)
{
    commit(f, &(struct store_change){.setting = name, .setting_value = value});
}

static void commit_event(struct fixture *f, int number)
{
    json_t *data = json_pack("{s:i}", "number", number);
    commit(f, &(struct store_change){.event = "line", .event_data = data});
    json_decref(data);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* One change with all its parts, asked for in every way, before and after reopening. */
static void check_all_parts(struct fixture *f)
{
    f->waiting++;
    store_list_alerts(f->store, NULL, 10, on_result, f);
    wait_all(f);
    assert_int_equal(json_array_size(f->result), 1);
    f->waiting++;
    store_get_alert(f->store, "20261122T032000Z-0001", on_result, f);
    wait_all(f);
    assert_string_equal(text_of(f->result, "id"), "20261122T032000Z-0001");
    assert_string_equal(text_of(f->result, "state"), "sounding");
    assert_string_equal(text_of(f->result, "sender"), sender);
    assert_string_equal(text_of(f->result, "media_type"), "application/cap+xml");
    assert_int_equal(number_of(f->result, "received"), 1795287600000);
    assert_int_equal(number_of(f->result, "changed"), 1795287600123);
    assert_int_equal(number_of(f->result, "repetitions_ended"), 2);
    assert_string_equal(text_of(json_object_get(f->result, "detail"), "hazard_zh"), "水库");
    assert_null(json_object_get(f->result, "reason"));
    assert_null(json_object_get(f->result, "bytes"));
    f->waiting++;
    store_list_deliveries(f->store, "20261122T032000Z-0001", on_result, f);
    wait_all(f);
    assert_int_equal(json_array_size(f->result), 2);
    const json_t *delivery = json_array_get(f->result, 1);
    assert_string_equal(text_of(delivery, "terminal"), "t2");
    assert_string_equal(text_of(delivery, "rung"), "armed");
    assert_string_equal(text_of(delivery, "end"), "failed");
    assert_string_equal(text_of(delivery, "reason"), "not_armed");
    assert_true(json_is_object(json_object_get(delivery, "detail")));
    f->waiting++;
    store_list_readings(f->store, "20261122T032000Z-0001", "t2", on_result, f);
    wait_all(f);
    assert_int_equal(json_array_size(f->result), 1);
    assert_int_equal(number_of(json_array_get(f->result, 0), "level"), -12);
    assert_int_equal(store_get_setting(f->store, "token", -1), 4711);
}

static void all_parts_of_a_change(void **state)
{
    struct fixture *f = *state;
    struct store_alert alert = an_alert("20261122T032000Z-0001", "sounding");
    alert.repetitions_ended = 2;
    alert.detail = json_pack("{s:s}", "hazard_zh", "水库");
    json_t *detail = json_pack("{s:i}", "baseline", -40), *reading = json_pack("{s:i}", "level", -12);
    struct store_delivery deliveries[] = {
        {.alert = "20261122T032000Z-0001", .terminal = "t1", .line = "l1", .channel = "c1", .rung = "none", .detail = detail},
        {.alert = "20261122T032000Z-0001",
         .terminal = "t2",
         .line = "l1",
         .channel = "c1",
         .rung = "armed",
         .end = "failed",
         .reason = "not_armed"},
    };
    struct store_change change = {.alert = &alert,
                                  .deliveries = deliveries,
                                  .n_deliveries = 2,
                                  .reading_alert = alert.id,
                                  .reading_terminal = "t2",
                                  .reading = reading,
                                  .setting = "token",
                                  .setting_value = 4711,
                                  .event = "alert",
                                  .event_data = detail};
    commit(f, &change);
    json_decref(alert.detail); /* the store has its own copies */
    json_decref(detail);
    json_decref(reading);
    wait_all(f);
    assert_int_equal(f->last_error.code, ERROR_NONE);
    assert_int_equal(f->last_seq, 1);
    assert_string_equal(f->log, "done 1;event 1;");
    check_all_parts(f);
    close_store(f);
    open_store(f);
    assert_string_equal(f->damaged, "");
    check_all_parts(f);
}

/* A delivery under way of an alert that ended, and what it is after the next start. */
struct left_open {
    const char *state, *rung, *highest, *reason, *end_after, *reason_after;
};

static const struct left_open left_open[] = {
    {"stopped", "sounding", "heard", "", "cancelled", ""},
    {"cancelled", "none", "heard", "no_reply", "failed", "no_reply"},
    {"superseded", "armed", "heard", "", "superseded", ""},
    {"expired", "none", "heard", "", "expired", ""},
    {"finished", "heard", "heard", "", "heard", ""},
    {"finished", "heard", "heard", "rebooted", "failed", "rebooted"},
    {"finished", "sounding", "sounding", "", "sounded", "no_level"},
    {"finished", "sounding", "heard", "", "failed", "controller_lost"},
    {"stopped", "sent", "heard", "exception(gateway_target_no_response)", "failed", "exception(gateway_target_no_response)"},
    {"sounding", "sounding", "heard", "no_reply", "", "no_reply"}, /* not ended: it is taken up again */
};

static void a_crash_is_repaired(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof left_open / sizeof *left_open; i++) {
        const struct left_open *it = &left_open[i];
        char id[24], key[16];
        snprintf(id, sizeof id, "20261122T032000Z-%04zx", i);
        snprintf(key, sizeof key, "left-%zu", i);
        struct store_alert alert = an_alert(id, it->state);
        alert.identifier = key;
        struct store_delivery delivery = {.terminal = "t1", .line = "l1", .channel = "c1"};
        text_copy(delivery.alert, sizeof delivery.alert, id);
        text_copy(delivery.rung, sizeof delivery.rung, it->rung);
        text_copy(delivery.reason, sizeof delivery.reason, it->reason);
        delivery.detail = json_pack("{s:s, s:s, s:s, s:s, s:b}", "rung", it->rung, "highest", it->highest, "end", "", "reason",
                                    it->reason, "final", 0);
        struct store_change change = {.alert = &alert, .deliveries = &delivery, .n_deliveries = 1};
        commit(f, &change);
        json_decref(delivery.detail);
    }
    wait_all(f);
    assert_int_equal(f->failed, 0);
    close_store(f);
    open_store(f);
    for (size_t i = 0; i < sizeof left_open / sizeof *left_open; i++) {
        char id[24];
        snprintf(id, sizeof id, "20261122T032000Z-%04zx", i);
        f->waiting++;
        store_list_deliveries(f->store, id, on_result, f);
        wait_all(f);
        const json_t *row = json_array_get(f->result, 0), *detail = json_object_get(row, "detail");
        assert_string_equal(text_of(row, "end"), left_open[i].end_after);
        assert_string_equal(text_of(detail, "end"), left_open[i].end_after);
        assert_string_equal(text_of(detail, "reason"), left_open[i].reason_after);
        assert_int_equal(json_is_true(json_object_get(detail, "final")), *left_open[i].end_after != '\0');
    }
}

static void answers_in_order(void **state)
{
    struct fixture *f = *state;
    for (int i = 1; i <= 3; i++)
        commit_event(f, i);
    commit_setting(f, "x", 1);
    commit_event(f, 4);
    wait_all(f);
    assert_string_equal(f->log, "done 1;event 1;done 2;event 2;done 3;event 3;done 0;done 4;event 4;");
}

static void commit_urgent(struct fixture *f, bool urgent)
{
    json_t *data = json_object();
    commit(f, &(struct store_change){.event = "alarm", .event_data = data, .urgent = urgent});
    json_decref(data);
}

static void list_events(struct fixture *f, const char *after, size_t limit)
{
    f->waiting++;
    store_list_events(f->store, after, limit, on_result, f);
    wait_all(f);
    assert_int_equal(f->last_error.code, ERROR_NONE);
}

static void events_are_replayed(void **state)
{
    struct fixture *f = *state;
    char id[64];
    for (int i = 1; i <= 5; i++)
        commit_event(f, i);
    wait_all(f);
    close_store(f);
    open_store(f);
    snprintf(id, sizeof id, "%s:2", store_epoch(f->store));
    list_events(f, id, 2);
    const json_t *events = json_object_get(f->result, "events");
    assert_true(json_is_false(json_object_get(f->result, "reset")));
    assert_int_equal(json_array_size(events), 2);
    snprintf(id, sizeof id, "%s:3", store_epoch(f->store));
    assert_string_equal(text_of(json_array_get(events, 0), "id"), id);
    assert_string_equal(text_of(json_array_get(events, 0), "type"), "line");
    assert_int_equal(number_of(json_object_get(json_array_get(events, 0), "data"), "number"), 3);
    snprintf(id, sizeof id, "%s:5", store_epoch(f->store));
    assert_string_equal(text_of(f->result, "last"), id);
    list_events(f, id, 10);
    assert_true(json_is_false(json_object_get(f->result, "reset")));
    assert_int_equal(json_array_size(json_object_get(f->result, "events")), 0);
    commit_event(f, 6);
    wait_all(f);
    assert_int_equal(f->last_seq, 6);
}

static void the_last_time_is_kept(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(store_last_time(f->store).ms, 0);
    int64_t before = clock_read().wall.ms;
    commit_event(f, 1);
    commit_event(f, 2);
    wait_all(f);
    close_store(f);
    open_store(f);
    assert_in_range(store_last_time(f->store).ms, before, clock_read().wall.ms);
}

static void foreign_ids_reset(void **state)
{
    struct fixture *f = *state;
    char ids[6][64] = {"", "0123456789ab:1", "nonsense"};
    commit_event(f, 1);
    wait_all(f);
    snprintf(ids[3], 64, "%s:2", store_epoch(f->store)); /* not given yet */
    snprintf(ids[4], 64, "%s:1x", store_epoch(f->store));
    snprintf(ids[5], 64, "%s:", store_epoch(f->store));
    for (int i = 0; i < 6; i++) {
        list_events(f, ids[i], 10);
        assert_true(json_is_true(json_object_get(f->result, "reset")));
        assert_int_equal(json_array_size(json_object_get(f->result, "events")), 0);
    }
    list_events(f, NULL, 10);
    assert_true(json_is_true(json_object_get(f->result, "reset")));
}

static void old_events_are_cut(void **state)
{
    struct fixture *f = *state;
    char path[128], id[64];
    commit_event(f, 1);
    wait_all(f);
    close_store(f);
    snprintf(path, sizeof path, "%s/tocsin.db", f->folder);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE sqlite_sequence SET seq = 30000 WHERE name = 'event'", 0, 0, 0), SQLITE_OK);
    sqlite3_close(db);
    open_store(f);
    commit_event(f, 2);
    wait_all(f);
    assert_int_equal(f->last_seq, 30001);
    snprintf(id, sizeof id, "%s:1", store_epoch(f->store));
    list_events(f, id, 10);
    assert_true(json_is_true(json_object_get(f->result, "reset")));
    snprintf(id, sizeof id, "%s:30000", store_epoch(f->store));
    list_events(f, id, 10);
    assert_int_equal(json_array_size(json_object_get(f->result, "events")), 1);
}

static void put_alert(struct fixture *f, const char *id, const char *key, const char *alert_state)
{
    char copy[32];
    struct store_alert alert = an_alert(id, alert_state);
    text_copy(copy, sizeof copy, key);
    alert.identifier = copy;
    commit(f, &(struct store_change){.alert = &alert});
}

static void expect_page(struct fixture *f, const char *before, size_t limit, const char *ids)
{
    char got[64] = "";
    size_t i;
    const json_t *row;
    f->waiting++;
    store_list_alerts(f->store, before, limit, on_result, f);
    wait_all(f);
    json_array_foreach(f->result, i, row) strcat(got, text_of(row, "id"));
    assert_string_equal(got, ids);
}

static void alerts_by_the_page(void **state)
{
    struct fixture *f = *state;
    struct store_alert alert = an_alert("A", "finished");
    alert.detail = json_pack("{s:s, s:[s], s:[]}", "headline", "Water", "words", "long", "notes");
    commit(f, &(struct store_change){.alert = &alert});
    json_decref(alert.detail);
    put_alert(f, "C", "three", "finished");
    put_alert(f, "B", "two", "finished"); /* in the order in which they came, whatever their ids */
    wait_all(f);
    expect_page(f, NULL, 2, "BC");
    expect_page(f, "C", 2, "A");
    const json_t *detail = json_object_get(json_array_get(f->result, 0), "detail");
    assert_string_equal(text_of(detail, "headline"), "Water");
    assert_int_equal(json_object_size(detail), 1);
    expect_page(f, "A", 2, "");
    assert_int_equal(f->last_error.code, ERROR_NONE);
    expect_page(f, "D", 2, "");
    assert_int_equal(f->last_error.code, ERROR_NOT_FOUND);
    assert_null(f->result);
}

static void put_old(struct fixture *f, const char *id, const char *alert_state, int64_t received)
{
    char key[8];
    struct store_alert alert = an_alert(id, alert_state);
    text_copy(key, sizeof key, id);
    alert.identifier = key;
    alert.received.ms = received;
    json_t *detail = json_object();
    struct store_delivery delivery = {.terminal = "t1", .detail = detail};
    text_copy(delivery.alert, sizeof delivery.alert, id);
    commit(f, &(struct store_change){.alert = &alert,
                                     .deliveries = &delivery,
                                     .n_deliveries = 1,
                                     .reading_alert = id,
                                     .reading_terminal = "t1",
                                     .reading = detail});
    json_decref(detail);
}

static size_t rows_of(struct fixture *f, const char *id, bool readings)
{
    f->waiting++;
    if (readings)
        store_list_readings(f->store, id, "t1", on_result, f);
    else
        store_list_deliveries(f->store, id, on_result, f);
    wait_all(f);
    return json_array_size(f->result);
}

static void tidy(struct fixture *f, uint32_t alerts, int64_t alerts_before, int64_t readings_before)
{
    const struct store_limits limits = {
        .alerts = alerts, .alerts_before = {alerts_before}, .readings_before = {readings_before}};
    for (int i = 0; i < 5; i++)
        commit(f, &(struct store_change){.limits = &limits});
    wait_all(f);
    assert_int_equal(f->last_error.code, ERROR_NONE);
}

/* What has not ended stays, and what came lately; a reading goes before its delivery does. */
static void what_is_old_goes(void **state)
{
    struct fixture *f = *state;
    put_old(f, "A", "finished", 100);
    put_old(f, "B", "waiting", 200);
    put_old(f, "C", "stopped", 300);
    put_old(f, "D", "finished", 400);
    wait_all(f);
    tidy(f, 4, 1000, 0);
    expect_page(f, NULL, 9, "DCBA");
    tidy(f, 1, 100, 0);
    expect_page(f, NULL, 9, "DCBA");
    tidy(f, 4, 0, 301);
    assert_int_equal(rows_of(f, "A", true), 0);
    assert_int_equal(rows_of(f, "A", false), 1);
    assert_int_equal(rows_of(f, "B", true), 1);
    assert_int_equal(rows_of(f, "C", true), 0);
    assert_int_equal(rows_of(f, "D", true), 1);
    tidy(f, 3, 1000, 0);
    expect_page(f, NULL, 9, "DCB");
    assert_int_equal(rows_of(f, "A", false), 0);
    tidy(f, 0, 400, 0);
    expect_page(f, NULL, 9, "DB");
    tidy(f, 0, 1000, 0);
    expect_page(f, NULL, 9, "B");
    assert_int_equal(rows_of(f, "D", true) + rows_of(f, "D", false), 0);
    assert_int_equal(rows_of(f, "B", true) + rows_of(f, "B", false), 2);
}

/* A listener is told 42.3, so that is what stands on disk as well. */
static void a_number_is_stored_as_it_is_told(void **state)
{
    struct fixture *f = *state;
    struct store_alert alert = an_alert("A", "sounding");
    json_t *detail = json_pack("{s:f}", "baseline", 42.300000000000004);
    struct store_delivery delivery = {.terminal = "t1", .detail = detail};
    text_copy(delivery.alert, sizeof delivery.alert, "A");
    commit(f, &(struct store_change){.alert = &alert, .deliveries = &delivery, .n_deliveries = 1});
    json_decref(detail);
    wait_all(f);
    assert_int_equal(rows_of(f, "A", false), 1);
    const json_t *stored = json_object_get(json_array_get(f->result, 0), "detail");
    assert_true(json_real_value(json_object_get(stored, "baseline")) == 42.3);
}

/* Where the file grows too large the oldest go though they are to be kept, but none that came lately. */
static void what_takes_too_much_room_goes(void **state)
{
    struct fixture *f = *state;
    static char large[300000];
    for (int i = 0; i < 4; i++) {
        char id[2] = {(char)('A' + i), '\0'};
        struct store_alert alert = an_alert(id, "finished");
        alert.identifier = id;
        alert.received.ms = 100 * (i + 1);
        alert.bytes = large;
        alert.n_bytes = sizeof large;
        commit(f, &(struct store_change){.alert = &alert});
    }
    wait_all(f);
    const struct store_limits roomy = {.alerts = 9, .bytes = 4000000, .bytes_before = {1000}},
                              narrow = {.alerts = 9, .bytes = 800000, .bytes_before = {1000}},
                              lately = {.alerts = 9, .bytes = 1, .bytes_before = {400}};
    for (int i = 0; i < 5; i++)
        commit(f, &(struct store_change){.limits = &roomy});
    wait_all(f);
    expect_page(f, NULL, 9, "DCBA");
    for (int i = 0; i < 5; i++)
        commit(f, &(struct store_change){.limits = &narrow});
    wait_all(f);
    expect_page(f, NULL, 9, "DC");
    for (int i = 0; i < 5; i++)
        commit(f, &(struct store_change){.limits = &lately});
    wait_all(f);
    expect_page(f, NULL, 9, "D");
}

/* A clock that was set back makes an id come again: the alert that has it stays as it is. */
static void an_id_is_never_taken_away(void **state)
{
    struct fixture *f = *state;
    put_alert(f, "A", "one", "finished");
    wait_all(f);
    assert_true(store_has_alert(f->store, "A"));
    assert_false(store_has_alert(f->store, "B"));
    put_alert(f, "A", "two", "queued");
    wait_all(f);
    assert_int_equal(f->last_error.code, ERROR_INTERNAL);
    assert_non_null(strstr(f->last_error.message, "another alert has the id A"));
    f->waiting++;
    store_get_alert(f->store, "A", on_result, f);
    wait_all(f);
    assert_string_equal(text_of(f->result, "identifier"), "one");
    assert_string_equal(text_of(f->result, "state"), "finished");
    put_alert(f, "A", "one", "stopped");
    wait_all(f);
    assert_int_equal(f->last_error.code, ERROR_NONE);
}

static void note_referring(void *context, const struct store_referring *alert)
{
    char *to = context;
    assert_string_equal(alert->sender, sender);
    snprintf(to + strlen(to), 100, "%s:%s:%s%s ", alert->id, alert->status, alert->msg_type, alert->all_clear ? "+" : "");
}

/* What names another alert is found by that, also where it came first; with its row that goes as well. */
static void what_refers_to_an_alert_is_found(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char found[200] = "";
    const struct store_reference to = {sender, "late", "2026-11-22T03:20:00.000Z"}, other = {sender, "late", "2026"};
    const struct store_reference both[] = {other, to};
    const char *const states[] = {"finished", "refused", "waiting", "sounding"};
    for (int i = 0; i < 4; i++) {
        char id[2] = {(char)('A' + i), '\0'};
        struct store_alert alert = an_alert(id, states[i]);
        alert.identifier = id;
        alert.detail = json_pack("{s:s, s:s}", "status", "Actual", "msg_type", i == 0 ? "Cancel" : "Update");
        if (i > 0)
            json_object_set_new(alert.detail, "all_clear", json_boolean(i == 3));
        struct store_change change = {.alert = &alert, .references = both, .n_references = 2};
        commit(f, &change);
        commit(f, &change); /* it is written again at each of its changes */
        json_decref(alert.detail);
    }
    wait_all(f);
    assert_int_equal(f->failed, 0);
    assert_true(store_find_referring(f->store, &to, note_referring, found, &error));
    assert_string_equal(found, "A:Actual:Cancel D:Actual:Update+ ");
    found[0] = '\0';
    assert_true(
        store_find_referring(f->store, &(struct store_reference){sender, "late", "2027"}, note_referring, found, &error));
    assert_string_equal(found, "");
}

/* An Update that its gates held until it was stopped, or expired, has ended nothing; one that had begun has. */
static void what_never_began_refers_to_nothing(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char found[200] = "";
    const struct store_reference to = {sender, "late", "2026-11-22T03:20:00.000Z"};
    const char *const states[] = {"stopped", "expired", "stopped", "expired", "superseded"};
    for (int i = 0; i < 5; i++) {
        char id[2] = {(char)('A' + i), '\0'};
        struct store_alert alert = an_alert(id, states[i]);
        alert.identifier = id;
        alert.detail = json_pack("{s:s, s:s}", "status", "Actual", "msg_type", "Update");
        if (i == 2 || i == 3)
            json_object_set_new(alert.detail, "begun", json_string("2026-11-22T03:20:01.000+08:00"));
        commit(f, &(struct store_change){.alert = &alert, .references = &to, .n_references = 1});
        json_decref(alert.detail);
    }
    wait_all(f);
    assert_int_equal(f->failed, 0);
    assert_true(store_find_referring(f->store, &to, note_referring, found, &error));
    assert_string_equal(found, "C:Actual:Update D:Actual:Update E:Actual:Update ");
}

/* An EBM does not say when the message that it cancels was sent: it is not one that was sent after it (an_alert is sent at
 * 2026-11-22T03:20:00+08:00). */
static void what_refers_without_a_time_is_found(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    char found[200] = "";
    const struct store_reference to = {sender, "late", ""};
    struct store_alert alert = an_alert("C", "finished");
    alert.identifier = (char *)"C";
    alert.detail = json_pack("{s:s, s:s}", "status", "Actual", "msg_type", "Cancel");
    commit(f, &(struct store_change){.alert = &alert, .references = &to, .n_references = 1});
    json_decref(alert.detail);
    wait_all(f);
    struct store_reference before = {sender, "late", ""}, after = {sender, "late", "9999"}, other = {sender, "other", ""};
    text_copy(before.sent, sizeof before.sent, sent);
    assert_true(store_find_referring(f->store, &before, note_referring, found, &error));
    assert_string_equal(found, "C:Actual:Cancel ");
    assert_true(store_find_referring(f->store, &after, note_referring, found, &error));
    assert_true(store_find_referring(f->store, &other, note_referring, found, &error));
    assert_string_equal(found, "C:Actual:Cancel ");
}

static void open_alerts_after_restart(void **state)
{
    struct fixture *f = *state;
    const char *ended[] = {"finished", "stopped", "cleared", "cancelled", "expired", "superseded", "refused"};
    char id[32];
    for (int i = 0; i < 7; i++) {
        snprintf(id, sizeof id, "20261122T032000Z-%04x", i);
        put_alert(f, id, id, ended[i]);
    }
    put_alert(f, "20261122T032000Z-1000", "one", "queued");
    put_alert(f, "20261122T032000Z-2000", "two", "sounding");
    wait_all(f);
    assert_int_equal(f->failed, 0);
    close_store(f);
    open_store(f);
    struct store_alert *alerts;
    size_t n;
    struct error error = {0};
    assert_true(store_load_open_alerts(f->store, &alerts, &n, &error));
    assert_int_equal(n, 2);
    assert_string_equal(alerts[0].id, "20261122T032000Z-1000");
    assert_string_equal(alerts[1].identifier, "two");
    assert_int_equal(alerts[1].n_bytes, strlen(bytes));
    assert_memory_equal(alerts[1].bytes, bytes, strlen(bytes));
    assert_int_equal(alerts[1].received.ms, 1795287600000);
    for (size_t i = 0; i < n; i++)
        store_alert_clear(&alerts[i]);
    free(alerts);
}

static void find_by_key(void **state)
{
    struct fixture *f = *state;
    struct store_alert alert;
    struct error error = {0};
    bool found = true;
    assert_true(store_find_key(f->store, sender, "one", sent, &alert, &found, &error));
    assert_false(found);
    put_alert(f, "20261122T032000Z-0001", "one", "queued");
    wait_all(f);
    assert_true(store_find_key(f->store, sender, "one", sent, &alert, &found, &error));
    assert_true(found);
    assert_string_equal(alert.id, "20261122T032000Z-0001");
    assert_int_equal(alert.n_bytes, strlen(bytes));
    store_alert_clear(&alert);
    assert_true(store_find_alert(f->store, "20261122T032000Z-0009", &alert, &found, &error));
    assert_false(found);
    assert_true(store_find_alert(f->store, "20261122T032000Z-0001", &alert, &found, &error));
    assert_true(found);
    assert_string_equal(alert.identifier, "one");
    store_alert_clear(&alert);
    /* the same key under another id is refused, and takes nothing beside it with it */
    commit_setting(f, "before", 1);
    put_alert(f, "20261122T032000Z-0002", "one", "queued");
    commit_setting(f, "after", 2);
    wait_all(f);
    assert_int_equal(f->failed, 1);
    assert_int_equal(store_get_setting(f->store, "before", 0), 1);
    assert_int_equal(store_get_setting(f->store, "after", 0), 2);
    assert_int_equal(store_get_setting(f->store, "never", 77), 77);
}

static void add_setting(void *context, const char *name, int64_t value)
{
    struct fixture *f = context;
    size_t used = strlen(f->log);
    snprintf(f->log + used, sizeof f->log - used, "%s=%lld;", name, (long long)value);
}

static void named_numbers_are_listed_and_forgotten(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    commit_setting(f, "answer.a", 7);
    commit_setting(f, "answer.b_1", 8);
    commit_setting(f, "answer", 1);
    commit_setting(f, "token.answer.c", 2);
    wait_all(f);
    f->log[0] = '\0';
    assert_true(store_load_settings(f->store, "answer.", add_setting, f, &error));
    assert_string_equal(f->log, "answer.a=7;answer.b_1=8;");
    commit(f, &(struct store_change){.forget = "answer.a"});
    commit(f, &(struct store_change){.forget = "answer.never"});
    wait_all(f);
    assert_int_equal(f->failed, 0);
    f->log[0] = '\0';
    assert_true(store_load_settings(f->store, "answer.", add_setting, f, &error));
    assert_string_equal(f->log, "answer.b_1=8;");
    assert_int_equal(store_get_setting(f->store, "answer", 0), 1);
}

static void add_key(void *context, const struct store_key *key)
{
    struct fixture *f = context;
    size_t used = strlen(f->log);
    snprintf(f->log + used, sizeof f->log - used, "%s %s %s %s %lld;", key->user, key->key, key->hash, key->alert,
             (long long)key->at.ms);
}

static void commit_key(struct fixture *f, const char *name, int64_t at)
{
    const struct store_key key = {"root", name, "hash", "alert", {at}};
    commit(f, &(struct store_change){.key = &key, .event = "x"});
}

/* A user's key is kept once, for a day, and so many of them. */
static void keys_are_kept_for_a_day(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    commit_key(f, "old", 1000);
    commit_key(f, "twice", 2000);
    commit_key(f, "twice", 3000);
    wait_all(f);
    assert_int_equal(f->last_seq, 3); /* the event's, not the key's */
    commit_key(f, "new", 86400000 + 1001);
    wait_all(f);
    close_store(f);
    open_store(f);
    f->log[0] = '\0';
    assert_true(store_load_keys(f->store, add_key, f, &error));
    assert_string_equal(f->log, "root twice hash alert 3000;root new hash alert 86401001;");
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        commit_key(f, name, 3000);
    }
    wait_all(f);
    f->log[0] = '\0';
    assert_true(store_load_keys(f->store, add_key, f, &error));
    assert_int_equal(strncmp(f->log, "root 0 hash", 11), 0);
}

/* Somebody holds the disk: questions are answered, and what is urgent is told, once and without an id, when it has lasted. */
static void a_stalled_disk_holds_back_no_answer(void **state)
{
    struct fixture *f = *state;
    struct error why = {0};
    char path[128];
    sqlite3 *holder;
    snprintf(path, sizeof path, "%s/tocsin.db", f->folder);
    assert_int_equal(sqlite3_open(path, &holder), SQLITE_OK);
    put_alert(f, "20261122T032000Z-0001", "one", "queued");
    wait_all(f);
    assert_false(store_in_trouble(f->store, &why));
    assert_int_equal(sqlite3_exec(holder, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    commit_setting(f, "slow", 1);
    f->log[0] = '\0';
    f->waiting++;
    store_list_alerts(f->store, NULL, 10, on_result, f);
    while (!strstr(f->log, "result"))
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_string_equal(f->log, "result 0;");
    assert_int_equal(json_array_size(f->result), 1);
    while (!store_in_trouble(f->store, &why))
        uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_true(strlen(why.message) > 0);
    f->n_events = 0;
    commit_urgent(f, true);
    commit_urgent(f, false);
    assert_int_equal(f->n_events, 1);
    assert_string_equal(f->last_id, "");
    sqlite3_exec(holder, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(holder);
    wait_all(f);
    commit_setting(f, "slow", 2);
    wait_all(f);
    assert_false(store_in_trouble(f->store, &why));
    assert_true(f->n_events <= 2); /* what was told is not told again */
}

/* An update may leave the bytes out; states and words change. */
static void updates_keep_bytes(void **state)
{
    struct fixture *f = *state;
    char reason[] = "officer";
    struct store_alert found, alert = an_alert("20261122T032000Z-0001", "queued");
    bool is_found;
    commit(f, &(struct store_change){.alert = &alert});
    alert.bytes = NULL;
    alert.n_bytes = 0;
    alert.state_reason = reason;
    text_copy(alert.state, sizeof alert.state, "stopped");
    commit(f, &(struct store_change){.alert = &alert});
    wait_all(f);
    assert_true(store_find_key(f->store, sender, identifier, sent, &found, &is_found, NULL));
    assert_true(is_found);
    assert_string_equal(found.state, "stopped");
    assert_string_equal(found.state_reason, "officer");
    assert_int_equal(found.n_bytes, strlen(bytes));
    store_alert_clear(&found);
    f->waiting++;
    store_get_alert(f->store, "20261122T032000Z-9999", on_result, f);
    wait_all(f);
    assert_null(f->result);
    assert_int_equal(f->last_error.code, ERROR_NOT_FOUND);
}

static off_t log_size(const struct fixture *f)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s/tocsin.db-wal", f->folder);
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

/* Group commit: what comes together is written together, as the size of the log shows; the control comes one by one. Another
 * holds the disk until all have come, so that the store cannot be quicker than we. */
static void batch_of_thousand(void **state)
{
    struct fixture *f = *state;
    char path[128];
    sqlite3 *db;
    store_set_listener(f->store, NULL, NULL);
    snprintf(path, sizeof path, "%s/tocsin.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", 0, 0, 0), SQLITE_OK);
    for (int i = 0; i < 1000; i++)
        commit_event(f, i);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", 0, 0, 0), SQLITE_OK);
    sqlite3_close(db);
    wait_all(f);
    assert_int_equal(f->failed, 0);
    assert_int_equal(f->last_seq, 1000);
    assert_true(log_size(f) < 1000000);
    for (int i = 0; i < 200; i++) {
        commit_event(f, i);
        wait_all(f);
    }
    assert_true(log_size(f) > 1000000);
}

/* A change that comes alone is not kept waiting for company. /dev/shm: the time of the disk does not count here. */
static void alone_is_at_once(void **state)
{
    struct fixture *f = *state;
    char other[] = "/dev/shm/test_store.XXXXXX";
    if (!mkdtemp(other))
        skip();
    close_store(f);
    nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    text_copy(f->folder, sizeof f->folder, other);
    open_store(f);
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        uint64_t began = uv_hrtime();
        commit_setting(f, "x", i);
        wait_all(f);
        uint64_t took = uv_hrtime() - began;
        best = took < best ? took : best;
    }
    assert_true(best < 10000000); /* ns */
}

static void what_is_held_is_one_change(void **state)
{
    struct fixture *f = *state;
    commit_setting(f, "before", 1);
    wait_all(f);
    store_hold(f->store);
    commit_setting(f, "one", 1);
    usleep(50000); /* the store's thread would have written it by now */
    assert_int_equal(store_get_setting(f->store, "before", 0), 1);
    assert_int_equal(store_get_setting(f->store, "one", 0), 0);
    commit_event(f, 7);
    store_release(f->store);
    commit_setting(f, "after", 1);
    wait_all(f);
    assert_int_equal(store_get_setting(f->store, "one", 0), 1);
    assert_int_equal(store_get_setting(f->store, "after", 0), 1);
    store_hold(f->store);
    store_release(f->store); /* of nothing */
    commit_setting(f, "after", 2);
    wait_all(f);
    assert_int_equal(store_get_setting(f->store, "after", 0), 2);
}

static void write_at(const char *path, off_t at, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
    close(fd);
}

static void damaged_is_set_aside(void **state)
{
    struct fixture *f = *state;
    char path[128], epoch[64];
    commit_setting(f, "token", 5);
    wait_all(f);
    text_copy(epoch, sizeof epoch, store_epoch(f->store));
    close_store(f);
    snprintf(path, sizeof path, "%s/tocsin.db", f->folder);
    const off_t places[] = {0, 4096, 8192 + 8}; /* the header, and pages of tables */
    for (int i = 0; i < 3; i++) {
        char junk[512];
        memset(junk, 'J', sizeof junk - 1);
        junk[sizeof junk - 1] = '\0';
        write_at(path, places[i], junk);
        open_store(f);
        assert_non_null(strstr(f->damaged, "tocsin.db.damaged-2"));
        assert_int_equal(access(f->damaged, F_OK), 0);
        assert_int_equal(store_get_setting(f->store, "token", -1), -1);
        assert_string_not_equal(store_epoch(f->store), epoch);
        commit_setting(f, "token", 6);
        wait_all(f);
        assert_int_equal(f->failed, 0);
        close_store(f);
    }
}

static void refused_at_open(void **state)
{
    struct fixture *f = *state;
    char damaged[256], path[128];
    struct error error = {0};
    assert_null(store_open(f->folder, &f->loop, damaged, &error)); /* already open */
    assert_int_equal(error.code, ERROR_CONFLICT);
    assert_null(store_open("/proc/nowhere/deep", &f->loop, damaged, &error));
    assert_int_equal(error.code, ERROR_IO);
    close_store(f);
    snprintf(path, sizeof path, "%s/tocsin.db", f->folder);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", 0, 0, 0), SQLITE_OK);
    sqlite3_close(db);
    assert_null(store_open(f->folder, &f->loop, damaged, &error)); /* a newer Tocsin's: kept as it is */
    assert_int_equal(error.code, ERROR_UNSUPPORTED);
    assert_string_equal(damaged, "");
    assert_int_equal(access(path, F_OK), 0);
}

/* What is queued when the store closes is committed and answered. */
static void close_commits_what_is_queued(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 50; i++)
        commit_setting(f, "last", i);
    close_store(f);
    assert_int_equal(f->waiting, 0);
    assert_int_equal(f->failed, 0);
    open_store(f);
    assert_int_equal(store_get_setting(f->store, "last", -1), 49);
    store_close(NULL);
}

static void fill_and_recover(struct fixture *f, const char *large, void (*make_room)(struct fixture *f))
{
    commit_setting(f, "before", 1);
    wait_all(f);
    assert_int_equal(f->failed, 0);
    struct store_alert alert = an_alert("20261122T032000Z-0001", "queued");
    alert.bytes = (char *)(uintptr_t)large;
    alert.n_bytes = (size_t)4 << 20;
    commit(f, &(struct store_change){.alert = &alert, .event = "alert"});
    wait_all(f);
    assert_int_equal(f->last_error.code, ERROR_IO);
    assert_true(strlen(f->last_error.message) > 0);
    assert_int_equal(f->n_events, 0); /* nobody is told of what is not there, ... */
    struct error why = {0};
    assert_true(store_in_trouble(f->store, &why));
    assert_string_equal(why.message, f->last_error.message);
    commit_urgent(f, true); /* ... but of what is urgent, at once and once */
    assert_int_equal(f->n_events, 1);
    wait_all(f);
    assert_int_equal(f->n_events, 1);
    f->n_events = 0;
    f->waiting++;
    store_list_alerts(f->store, NULL, 10, on_result, f);
    wait_all(f);
    assert_int_equal(json_array_size(f->result), 0);
    assert_int_equal(store_get_setting(f->store, "before", -1), 1);
    make_room(f);
    commit(f, &(struct store_change){.alert = &alert, .event = "alert"});
    wait_all(f);
    assert_int_equal(f->last_error.code, ERROR_NONE);
    assert_int_equal(f->last_seq, 2); /* the urgent one was small enough */
    assert_int_equal(f->n_events, 1);
}

static void file_size_limit_is_an_error(void **state)
{
    struct fixture *f = *state;
    char *large = calloc(1, (size_t)4 << 20);
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = (rlim_t)1 << 20;
    setrlimit(RLIMIT_FSIZE, &limit);
    fill_and_recover(f, large, lift_limit);
    free(large);
}

static void enlarge(struct fixture *f)
{
    assert_int_equal(mount("none", f->folder, "tmpfs", MS_REMOUNT, "size=64m"), 0);
}

static void full_disk_is_an_error(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    if (mount("none", f->folder, "tmpfs", 0, "size=1m") != 0)
        skip(); /* needs the right to mount */
    char *large = calloc(1, (size_t)4 << 20);
    open_store(f);
    fill_and_recover(f, large, enlarge);
    free(large);
    close_store(f);
    assert_int_equal(umount(f->folder), 0);
}

struct child {
    int pipe;
    int64_t number;
    struct store *store;
};

/* Tells the parent what is durable, and commits the next. */
static void on_child_done(void *context, int64_t seq, const struct error *error)
{
    struct child *child = context;
    (void)seq;
    if (error->code != ERROR_NONE || write(child->pipe, &child->number, sizeof child->number) < 0)
        _exit(1);
    child->number++;
    store_commit(child->store, &(struct store_change){.setting = "n", .setting_value = child->number, .event = "n"},
                 on_child_done, child);
}

static void run_child(const char *folder, int write_end)
{
    uv_loop_t loop;
    char damaged[256];
    struct error error = {0};
    struct child child = {.pipe = write_end};
    uv_loop_init(&loop);
    child.store = store_open(folder, &loop, damaged, &error);
    if (!child.store || damaged[0])
        _exit(2);
    child.number = store_get_setting(child.store, "n", 0) + 1;
    store_commit(child.store, &(struct store_change){.setting = "n", .setting_value = child.number, .event = "n"},
                 on_child_done, &child);
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(3);
}

/* Each round is killed a little later than the one before, wherever it then is. */
static void kill_loses_nothing_answered(void **state)
{
    struct fixture *f = *state;
    int64_t answered = 0;
    close_store(f);
    for (int round = 0; round < 10; round++) {
        int ends[2], status;
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            run_child(f->folder, ends[1]);
        }
        close(ends[1]);
        int64_t number, least = answered + 3 + round * 7;
        while (answered < least && read(ends[0], &number, sizeof number) == sizeof number)
            answered = number;
        kill(pid, SIGKILL);
        while (read(ends[0], &number, sizeof number) == sizeof number)
            answered = number;
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        open_store(f);
        assert_string_equal(f->damaged, "");
        int64_t stored = store_get_setting(f->store, "n", -1);
        assert_true(stored == answered || stored == answered + 1); /* the one on its way may be there */
        answered = stored;
        commit_event(f, 0);
        wait_all(f);
        assert_int_equal(f->failed, 0);
        close_store(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_parts_of_a_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crash_is_repaired, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_old_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_takes_too_much_room_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_is_stored_as_it_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_id_is_never_taken_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_refers_to_an_alert_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_refers_without_a_time_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_never_began_refers_to_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(alerts_by_the_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stalled_disk_holds_back_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(named_numbers_are_listed_and_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_are_kept_for_a_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_are_replayed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_time_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_ids_reset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(old_events_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(open_alerts_after_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(find_by_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(updates_keep_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(batch_of_thousand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(alone_is_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_held_is_one_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_is_set_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_at_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(close_commits_what_is_queued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_size_limit_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kill_loses_nothing_answered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
