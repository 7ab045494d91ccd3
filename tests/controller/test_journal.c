/* Deliveries as rows and as the API shows them, put into a real store and read back; and their tally. */
#include "controller/journal.h"

#include "tests/controller/site_fixture.h"

#include <unistd.h>
#include <uv.h>

struct kept {
    struct fixture fixture;
    char folder[64];
    uv_loop_t loop;
    struct store *store;
    struct journal journal;
    struct alert *alert;
    struct broadcast *broadcast;
    json_t *rows;
    char events[512];
};

static void on_event(void *context, const char *id, const char *type, const json_t *data)
{
    struct kept *k = context;
    (void)id;
    assert_true(json_is_object(data));
    strncat(k->events, type, sizeof k->events - strlen(k->events) - 2);
    strcat(k->events, " ");
}

static void on_settled(void *context, const char *alert, const struct error *error)
{
    struct kept *k = context;
    assert_string_equal(alert, k->alert->id);
    assert_int_equal(error->code, ERROR_NONE);
    k->alert->owed--;
}

static int set_up(void **state)
{
    struct kept *k = calloc(1, sizeof *k);
    char damaged[256];
    struct error error = {0};
    const struct moment now = {{5000000}, {fixture_sent().ms + 20000}};
    *state = k;
    strcpy(k->folder, "/tmp/tocsin-journal-XXXXXX");
    if (!mkdtemp(k->folder) || uv_loop_init(&k->loop) != 0)
        return -1;
    fixture_init(&k->fixture);
    k->store = store_open(k->folder, &k->loop, damaged, &error);
    if (!k->store)
        return -1;
    store_set_listener(k->store, on_event, k);
    k->journal = (struct journal){&k->fixture.config, k->store, on_settled, k};
    k->alert = fixture_alert(&k->fixture.config, "20261121T192010Z-0001", (struct cap_text){0});
    k->alert->bytes = strdup("<alert/>");
    k->alert->n_bytes = 8;
    k->broadcast = broadcast_create(&k->fixture.config, k->alert, 0, 1, 4711, now);
    return 0;
}

static int tear_down(void **state)
{
    struct kept *k = *state;
    char file[128];
    store_close(k->store);
    uv_run(&k->loop, UV_RUN_DEFAULT);
    uv_loop_close(&k->loop);
    json_decref(k->rows);
    broadcast_free(k->broadcast);
    alert_free(k->alert);
    static const char *const FILES[] = {"tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "."};
    for (size_t i = 0; i < 4; i++) {
        snprintf(file, sizeof file, "%s/%s", k->folder, FILES[i]);
        unlink(file);
    }
    rmdir(k->folder);
    free(k);
    return 0;
}

static void on_rows(void *context, json_t *result, const struct error *error)
{
    assert_int_equal(error->code, ERROR_NONE);
    ((struct kept *)context)->rows = result;
}

static void settle(struct kept *k)
{
    while (k->alert->owed > 0)
        uv_run(&k->loop, UV_RUN_ONCE);
}

static json_t *stored(struct kept *k)
{
    settle(k);
    json_decref(k->rows);
    k->rows = NULL;
    store_list_deliveries(k->store, k->alert->id, on_rows, k);
    while (!k->rows)
        uv_run(&k->loop, UV_RUN_ONCE);
    return k->rows;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "-";
}

static void test_delivery(void **state)
{
    struct kept *k = *state;
    struct delivery *d = &k->broadcast->deliveries[0];
    const struct moment now = {{6000000}, {fixture_sent().ms + 21000}};
    struct line_event refused = {.kind = LINE_TROUBLE, .trouble = TROUBLE_EXCEPTION, .exception = 2};
    struct line_event sent = {.kind = LINE_SENT};
    journal_alert(&k->journal, k->alert, now.wall, NULL, NULL);
    delivery_take_event(d, &sent, now.wall);
    delivery_take_event(d, &refused, now.wall);
    journal_delivery(&k->journal, k->broadcast, d);
    const json_t *row = json_array_get(stored(k), 0);
    assert_string_equal(text_of(row, "terminal"), "out");
    assert_string_equal(text_of(row, "line"), "line0");
    assert_string_equal(text_of(row, "channel"), "hall");
    assert_string_equal(text_of(row, "rung"), "sent");
    assert_string_equal(text_of(row, "reason"), "exception(illegal_data_address)");
    row = json_object_get(row, "detail");
    assert_string_equal(text_of(row, "highest"), "heard");
    assert_string_equal(text_of(row, "end"), "");
    assert_string_equal(text_of(row, "reason"), "exception(illegal_data_address)");
    assert_false(json_is_true(json_object_get(row, "final")));
    assert_int_equal(json_integer_value(json_object_get(row, "token")), 4711);
    assert_string_equal(text_of(json_object_get(row, "times"), "sent"), "2026-11-22T03:20:21.000+08:00");
    assert_null(json_object_get(row, "baseline"));
    d->baseline = -60;
    d->has_baseline = d->has_level = true;
    d->level = -12.5;
    d->rung = RUNG_HEARD;
    d->trouble = REASON_NONE;
    delivery_finish(d, CAUSE_FINISHED, true, now);
    journal_delivery(&k->journal, k->broadcast, d);
    row = json_object_get(json_array_get(stored(k), 0), "detail");
    assert_int_equal(json_array_size(k->rows), 1); /* replaced */
    assert_string_equal(text_of(row, "end"), "heard");
    assert_string_equal(text_of(row, "reason"), "-");
    assert_true(json_is_true(json_object_get(row, "final")));
    assert_true(fabs(json_real_value(json_object_get(row, "level")) + 12.5) < 1e-9);
    assert_string_equal(k->events, "alert delivery delivery ");
}

static void test_reading(void **state)
{
    struct kept *k = *state;
    struct delivery *d = &k->broadcast->deliveries[0];
    struct terminal_reading reading = {.has_level = true, .level = -12, .values = {.raw = {7, 8}, .valid = 2}};
    k->fixture.output.n_fields = 2;
    strcpy(k->fixture.output.fields[0].name, "old");
    strcpy(k->fixture.output.fields[1].name, "level");
    journal_alert(&k->journal, k->alert, k->alert->received, NULL, NULL);
    journal_delivery(&k->journal, k->broadcast, d);
    journal_reading(&k->journal, k->broadcast, d, &reading, LOUDNESS_WORDS);
    journal_alert(&k->journal, k->alert, k->alert->received, NULL, NULL);
    settle(k); /* and what was before it is there */
    store_list_readings(k->store, k->alert->id, "out", on_rows, k);
    while (!k->rows)
        uv_run(&k->loop, UV_RUN_ONCE);
    assert_int_equal(json_array_size(k->rows), 1);
    char *text = json_dumps(k->rows, 0);
    assert_non_null(strstr(text, "\"played\": \"words\""));
    assert_non_null(strstr(text, "\"level\": 8"));
    assert_null(strstr(text, "old")); /* was not read */
    free(text);
}

/* What was lost is stored anew as one: the alert, and its deliveries as they are shown. */
static void test_again(void **state)
{
    struct kept *k = *state;
    k->broadcast->deliveries[0].rung = RUNG_ARMED;
    journal_delivery(&k->journal, k->broadcast, &k->broadcast->deliveries[0]);
    journal_delivery(&k->journal, k->broadcast, &k->broadcast->deliveries[1]);
    json_object_set_new(json_object_get(k->alert->deliveries, "out"), "rung", json_string("heard"));
    journal_again(&k->journal, k->alert, k->alert->received);
    assert_int_equal(json_array_size(stored(k)), 2);
    assert_string_equal(text_of(json_array_get(k->rows, 0), "rung"), "heard");
    assert_string_equal(text_of(json_array_get(k->rows, 1), "rung"), "none");
    assert_string_equal(k->events, "delivery delivery alert ");
}

static void test_tally(void **state)
{
    (void)state;
    json_t *rows = json_loads("[{\"rung\":\"heard\",\"end\":\"heard\"},{\"rung\":\"heard\",\"end\":\"failed\"},"
                              "{\"rung\":\"sent\",\"end\":\"\"},{}]",
                              0, NULL);
    json_t *tally = journal_tally(rows);
    json_t *expected = json_loads("{\"counts\":{\"heard\":2,\"sent\":1,\"none\":1},"
                                  "\"ends\":{\"heard\":1,\"failed\":1,\"pending\":2}}",
                                  0, NULL);
    assert_true(json_equal(tally, expected));
    json_decref(rows);
    json_decref(tally);
    json_decref(expected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* The decision comes with its alert; its detail has one form, whatever order it was made in. */
static void test_decisions(void **state)
{
    struct kept *k = *state;
    const struct wall now = {fixture_sent().ms + 21000};
    const struct decision extended = {"uid:1000", "extended", json_pack("{s:s, s:s}", "reason", "雨还在下", "before", "x")};
    journal_decision(&k->journal, "", &(struct decision){"tocsin", "daemon_started", NULL});
    journal_decided(&k->journal, k->alert, now, &extended, NULL, NULL);
    settle(k);
    json_decref(k->rows);
    k->rows = NULL;
    store_list_audit(k->store, 0, 10, on_rows, k);
    while (!k->rows)
        uv_run(&k->loop, UV_RUN_ONCE);
    const json_t *entries = json_object_get(k->rows, "entries"), *second = json_array_get(entries, 1);
    assert_int_equal(json_array_size(entries), 2);
    assert_string_equal(text_of(json_array_get(entries, 0), "detail"), "{}");
    assert_string_equal(text_of(second, "actor"), "uid:1000");
    assert_string_equal(text_of(second, "action"), "extended");
    assert_string_equal(text_of(second, "subject"), k->alert->id);
    assert_string_equal(text_of(second, "detail"), "{\"before\":\"x\",\"reason\":\"雨还在下\"}");
    assert_string_equal(k->events, "alert ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_delivery), TEST(test_reading), TEST(test_again), TEST(test_decisions),
                                       cmocka_unit_test(test_tally)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
