/* The desk in virtual time, against fakes of store, site, dispatchers and clock: a script says when the disk takes what, and
 * whether; rows that were taken are there after a restart. No thread runs. */
#include "codecs/rfc3339.h"
#include "controller/desk_intern.h"

#include "tests/codecs/packing.h"
#include "tests/controller/site_fixture.h"

enum { ROWS_MAX = 256, PENDING_MAX = 1024 };

struct row {
    char id[ALERT_ID_SIZE], identifier[40], sent[40], state[16], reason[200];
    bool refers;
    char names[40], names_sent[40]; /* what it references first */
    char media_type[40];
    char *bytes;
    size_t n_bytes;
    json_t *detail;
};

struct pending {
    bool has_row;
    struct row row;
    store_done_fn *done;
    void *context;
};

struct scene {
    struct fixture fixture;
    uv_loop_t loop;
    struct desk *desk;
    bool holding;   /* what is committed now is one change */
    unsigned apart; /* alerts that were committed while it was not */
    int64_t ms;
    struct row rows[ROWS_MAX];
    size_t n_rows, n_pending, n_keys;
    struct pending pending[PENDING_MAX];
    struct alert_key keys[8];
    struct wall key_at;
    bool full;      /* the disk */
    bool no_memory; /* for a change */
    bool untrusted; /* the wall clock */
    unsigned tidied;
    struct alert *last; /* that was submitted */
    bool was_waiting;
    struct {
        char name[64];
        int64_t value;
    } settings[16]; /* named numbers on disk */
    size_t n_settings;
    int64_t remembered_us[N_TERMINALS], answers_us[N_TERMINALS]; /* given to the site; what it has learnt */
    char log[8192], trail[4096]; /* trail: "ACTOR:ACTION " of each entry, "+" where it comes with its alert */
    json_t *told;                /* the detail of the last entry */
    unsigned status;
    char code[40], id[ALERT_ID_SIZE], state[16];
    bool durable;
};

static struct scene *scene;

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    size_t n = strlen(scene->log);
    va_list args;
    va_start(args, format);
    vsnprintf(scene->log + n, sizeof scene->log - n, format, args);
    va_end(args);
    strncat(scene->log, " ", sizeof scene->log - strlen(scene->log) - 1);
}

/* What was said since the last look. */
static void expect(const char *log)
{
    assert_string_equal(scene->log, log);
    scene->log[0] = '\0';
}

/* ---- fakes ---- */

struct moment clock_read(void)
{
    return (struct moment){{scene->ms * 1000}, {fixture_sent().ms + 10000 + scene->ms}};
}

bool clock_trusted(void)
{
    return !scene->untrusted;
}

static void row_clear(struct row *row)
{
    free(row->bytes);
    json_decref(row->detail);
}

static struct row row_of(const struct store_alert *alert)
{
    struct row row = {.detail = json_deep_copy(alert->detail), .n_bytes = alert->n_bytes};
    text_copy(row.id, sizeof row.id, alert->id);
    text_copy(row.identifier, sizeof row.identifier, alert->identifier);
    text_copy(row.sent, sizeof row.sent, alert->sent);
    text_copy(row.state, sizeof row.state, alert->state);
    text_copy(row.reason, sizeof row.reason, alert->state_reason ? alert->state_reason : "");
    text_copy(row.media_type, sizeof row.media_type, alert->media_type);
    row.bytes = alert->bytes ? malloc(alert->n_bytes + 1) : NULL;
    if (row.bytes)
        memcpy(row.bytes, alert->bytes, alert->n_bytes);
    return row;
}

/* Numbers are on disk at once. */
static void set_setting(const char *name, int64_t value)
{
    size_t i = 0;
    while (i < scene->n_settings && strcmp(scene->settings[i].name, name) != 0)
        i++;
    if (i == scene->n_settings)
        scene->n_settings++;
    assert_true(scene->n_settings <= 16);
    text_copy(scene->settings[i].name, sizeof scene->settings[i].name, name);
    scene->settings[i].value = value;
}

static void forget(const char *name)
{
    say("FORGET:%s", strncmp(name, "owed.", 5) == 0 ? "owed" : name);
    for (size_t i = 0; i < scene->n_settings; i++)
        if (strcmp(scene->settings[i].name, name) == 0)
            scene->settings[i] = scene->settings[--scene->n_settings];
}

static void take_audit(const struct store_change *change)
{
    size_t n = strlen(scene->trail);
    snprintf(scene->trail + n, sizeof scene->trail - n, "%s:%s%s ", change->audit->actor, change->audit->action,
             change->alert ? "+" : "");
    json_decref(scene->told);
    scene->told = json_loads(change->audit->detail, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(scene->told);
    if (change->alert)
        assert_string_equal(change->audit->subject, change->alert->id);
}

/* What the audit trail was told since the last look. */
static void expect_trail(const char *trail)
{
    assert_string_equal(scene->trail, trail);
    scene->trail[0] = '\0';
}

static const char *told(const char *name)
{
    const char *text = json_string_value(json_object_get(scene->told, name));
    return text ? text : "-";
}

bool store_audit_head(struct store *store, struct audit_link *head)
{
    (void)store;
    *head = (struct audit_link){.seq = 7};
    return true;
}

void store_commit(struct store *store, const struct store_change *change, store_done_fn *done, void *context)
{
    (void)store;
    if (change->limits) {
        scene->tidied++;
        return;
    }
    if (scene->no_memory && done) {
        done(context, 0, &(struct error){ERROR_NO_MEMORY, "no memory"});
        return;
    }
    if (change->audit)
        take_audit(change);
    if (change->audit && !change->alert)
        return;
    if (change->forget)
        forget(change->forget);
    if (change->setting && strncmp(change->setting, "answer.", 7) != 0)
        set_setting(change->setting, change->setting_value);
    if (change->setting && strncmp(change->setting, "answer.", 7) == 0)
        say("%s=%lld", change->setting, (long long)change->setting_value);
    scene->apart += change->alert && !scene->holding;
    assert_true(scene->n_pending < PENDING_MAX);
    struct pending *pending = &scene->pending[scene->n_pending++];
    *pending = (struct pending){.has_row = change->alert, .done = done, .context = context};
    if (change->alert)
        pending->row = row_of(change->alert);
    if (change->n_references > 0) {
        pending->row.refers = true;
        text_copy(pending->row.names, sizeof pending->row.names, change->references[0].identifier);
        text_copy(pending->row.names_sent, sizeof pending->row.names_sent, change->references[0].sent);
    }
    if (change->alert)
        say("%s%s:%s", change->event ? "" : "(", change->alert->identifier, change->alert->state);
    if (change->event && strcmp(change->event, "alarm") == 0)
        say("ALARM:%s", json_string_value(json_object_get(change->event_data, "what")));
    if (change->key && scene->n_keys < 8) {
        struct alert_key *key = &scene->keys[scene->n_keys++];
        text_copy(key->user, sizeof key->user, change->key->user);
        text_copy(key->key, sizeof key->key, change->key->key);
        text_copy(key->hash, sizeof key->hash, change->key->hash);
        scene->key_at = change->key->at;
    }
}

void store_hold(struct store *store)
{
    (void)store;
    scene->holding = true;
}

void store_release(struct store *store)
{
    (void)store;
    scene->holding = false;
}

bool store_in_trouble(const struct store *store, struct error *why)
{
    (void)store;
    return scene->full && !error_set(why, ERROR_IO, "full");
}

void store_get_alert(struct store *store, const char *id, store_result_fn *done, void *context)
{
    (void)store;
    for (size_t i = 0; i < scene->n_rows; i++)
        if (strcmp(scene->rows[i].id, id) == 0) {
            const struct error none = {0};
            done(context,
                 json_pack("{s:s, s:s, s:O}", "id", id, "state", scene->rows[i].state, "detail", scene->rows[i].detail), &none);
            return;
        }
    struct error error;
    error_set(&error, ERROR_NOT_FOUND, "no alert is called %s", id);
    done(context, NULL, &error);
}

void store_list_deliveries(struct store *store, const char *alert, store_result_fn *done, void *context)
{
    json_t *rows = NULL;
    struct error error = {0};
    store_load_deliveries(store, alert, &rows, &error);
    done(context, rows, &error);
}

bool store_has_alert(struct store *store, const char *id)
{
    (void)store;
    for (size_t i = 0; i < scene->n_rows; i++)
        if (strcmp(scene->rows[i].id, id) == 0)
            return true;
    return false;
}

static struct store_alert stored(const struct row *row)
{
    struct store_alert alert = {.sender = strdup("county"), .identifier = strdup(row->identifier), .sent = strdup(row->sent)};
    text_copy(alert.id, sizeof alert.id, row->id);
    text_copy(alert.state, sizeof alert.state, row->state);
    alert.state_reason = strdup(row->reason);
    alert.detail = json_incref(row->detail);
    text_copy(alert.media_type, sizeof alert.media_type, row->media_type);
    alert.bytes = malloc(row->n_bytes + 1);
    memcpy(alert.bytes, row->bytes, row->n_bytes);
    alert.n_bytes = row->n_bytes;
    alert.received = fixture_sent();
    return alert;
}

void store_alert_clear(struct store_alert *alert)
{
    free(alert->sender);
    free(alert->identifier);
    free(alert->sent);
    free(alert->bytes);
    free(alert->state_reason);
    json_decref(alert->detail);
    *alert = (struct store_alert){0};
}

bool store_find_referring(struct store *store, const struct store_reference *to, store_referring_fn *each, void *context,
                          struct error *error)
{
    (void)store, (void)error;
    for (size_t i = 0; i < scene->n_rows; i++) {
        const struct row *row = &scene->rows[i];
        bool there = strcmp(row->state, "refused") != 0 && strcmp(row->state, "waiting") != 0;
        bool same_time = strcmp(row->names_sent, to->sent) == 0 || (!*row->names_sent && strcmp(row->sent, to->sent) >= 0);
        if (there && row->refers && strcmp(row->names, to->identifier) == 0 && same_time)
            each(context, &(struct store_referring){row->id, json_string_value(json_object_get(row->detail, "sender")),
                                                    json_string_value(json_object_get(row->detail, "status")),
                                                    json_string_value(json_object_get(row->detail, "msg_type")),
                                                    json_is_true(json_object_get(row->detail, "all_clear"))});
    }
    return true;
}

bool store_find_key(struct store *store, const char *sender, const char *identifier, const char *sent,
                    struct store_alert *alert, bool *found, struct error *error)
{
    (void)store, (void)sender, (void)sent, (void)error;
    for (size_t i = 0; i < scene->n_rows && !*found; i++)
        if (strcmp(scene->rows[i].identifier, identifier) == 0) {
            *alert = stored(&scene->rows[i]);
            *found = true;
        }
    return true;
}

bool store_find_alert(struct store *store, const char *id, struct store_alert *alert, bool *found, struct error *error)
{
    (void)store, (void)error;
    for (size_t i = 0; i < scene->n_rows && !*found; i++)
        if (strcmp(scene->rows[i].id, id) == 0) {
            *alert = stored(&scene->rows[i]);
            *found = true;
        }
    return true;
}

bool store_load_open_alerts(struct store *store, struct store_alert **alerts, size_t *n, struct error *error)
{
    (void)store, (void)error;
    *alerts = calloc(ROWS_MAX, sizeof **alerts);
    for (size_t i = 0; i < scene->n_rows; i++) {
        enum alert_state state;
        if (alert_state_parse(scene->rows[i].state, &state) && !alert_state_ended(state))
            (*alerts)[(*n)++] = stored(&scene->rows[i]);
    }
    return true;
}

bool store_load_deliveries(struct store *store, const char *alert, json_t **rows, struct error *error)
{
    (void)store, (void)error;
    *rows = json_pack("[{s:s, s:{s:s, s:s}}]", "terminal", "out", "detail", "terminal", "out", "alert", alert);
    return true;
}

bool store_load_keys(struct store *store, void (*each)(void *context, const struct store_key *key), void *context,
                     struct error *error)
{
    (void)store, (void)error;
    for (size_t i = 0; i < scene->n_keys; i++)
        each(context, &(struct store_key){scene->keys[i].user, scene->keys[i].key, scene->keys[i].hash, "", scene->key_at});
    return true;
}

int64_t store_get_setting(struct store *store, const char *name, int64_t otherwise)
{
    (void)store;
    for (size_t i = 0; i < scene->n_settings; i++)
        if (strcmp(scene->settings[i].name, name) == 0)
            return scene->settings[i].value;
    return otherwise;
}

bool store_load_settings(struct store *store, const char *prefix, store_setting_fn *each, void *context, struct error *error)
{
    (void)store, (void)error;
    for (size_t i = 0; i < scene->n_settings; i++)
        if (strncmp(scene->settings[i].name, prefix, strlen(prefix)) == 0)
            each(context, scene->settings[i].name, scene->settings[i].value);
    return true;
}

struct site *site_create(const struct config *config, const struct site_memory *memory, const struct site_ports *ports,
                         struct uv_loop_s *loop, struct error *error)
{
    (void)config, (void)ports, (void)loop, (void)error;
    memcpy(scene->remembered_us, memory->answers_us, sizeof scene->remembered_us);
    return (struct site *)scene;
}

void site_tick(struct site *site, struct mono now)
{
    (void)site, (void)now;
}

void site_line_told_up(struct site *site, uint32_t line, struct mono now)
{
    (void)site, (void)line, (void)now;
}

void site_view_terminal(const struct site *site, uint32_t terminal, struct mono now, struct terminal_view *view)
{
    (void)site, (void)now;
    *view = (struct terminal_view){.verdict = (struct health_verdict){.state = terminal == T_SICK ? HEALTH_DEAD : HEALTH_GOOD}};
}

int64_t site_answer_us(const struct site *site, uint32_t terminal)
{
    (void)site;
    return scene->answers_us[terminal];
}

void site_destroy(struct site *site, uint32_t grace_ms)
{
    (void)site, (void)grace_ms;
}

struct line *const *site_lines(const struct site *site)
{
    (void)site;
    return NULL;
}

struct playout *site_playout(const struct site *site, uint32_t channel)
{
    (void)site, (void)channel;
    return NULL;
}

size_t site_lines_up(const struct site *site)
{
    (void)site;
    return 3;
}

struct speaker *speaker_create(const struct config *config, struct uv_loop_s *loop, speaker_fn *spoken, void *context)
{
    (void)config, (void)loop, (void)spoken, (void)context;
    return (struct speaker *)scene;
}

void speaker_free(struct speaker *speaker)
{
    (void)speaker;
}

void speaker_ask(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate, const char *language,
                 const char *text)
{
    (void)speaker, (void)of, (void)broadcast, (void)index, (void)rate, (void)language, (void)text;
}

void speaker_ask_clip(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate,
                      const struct speaker_clip *clip)
{
    (void)speaker, (void)of, (void)broadcast, (void)index, (void)rate, (void)clip;
}

void speaker_ask_recording(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t rate, enum recording which)
{
    (void)speaker, (void)of, (void)broadcast, (void)rate, (void)which;
}

void speaker_forget(struct speaker *speaker, const void *of, uint32_t broadcast)
{
    (void)speaker, (void)of, (void)broadcast;
}

void line_set_target(struct line *line, const struct line_target *target)
{
    (void)line, (void)target;
}

void playout_stop(struct playout *playout, uint32_t broadcast)
{
    (void)playout, (void)broadcast;
}

struct dispatcher *dispatcher_create(const struct config *config, uint32_t channel, struct line *const *lines,
                                     struct playout *playout, uint16_t last_token, const struct dispatcher_ports *ports,
                                     struct moment now)
{
    (void)config, (void)lines, (void)playout, (void)last_token, (void)ports, (void)now;
    return (struct dispatcher *)(uintptr_t)(channel + 1);
}

void dispatcher_free(struct dispatcher *dispatcher)
{
    (void)dispatcher;
}

bool dispatcher_submit(struct dispatcher *dispatcher, struct alert *alert, struct moment now)
{
    (void)dispatcher, (void)now;
    scene->last = alert;
    say("SOUND:%s", alert->message->identifier);
    return true;
}

bool dispatcher_stop(struct dispatcher *dispatcher, const struct alert *alert, enum delivery_cause cause, bool *was_waiting,
                     struct moment now)
{
    (void)dispatcher, (void)cause, (void)now;
    *was_waiting = scene->was_waiting;
    say("SILENCE:%s", alert->message->identifier);
    return true;
}

void dispatcher_take_line_event(struct dispatcher *dispatcher, uint32_t line, const struct line_event *event, struct moment now)
{
    (void)dispatcher, (void)line, (void)event, (void)now;
}

void dispatcher_take_playout_event(struct dispatcher *dispatcher, const struct playout_event *event, struct moment now)
{
    (void)dispatcher, (void)event, (void)now;
}

void dispatcher_spoken(struct dispatcher *dispatcher, uint32_t broadcast, uint32_t index, const struct speech *speech,
                       const struct error *error, struct moment now)
{
    (void)dispatcher, (void)broadcast, (void)index, (void)speech, (void)error, (void)now;
}

void dispatcher_tick(struct dispatcher *dispatcher, struct moment now)
{
    (void)dispatcher, (void)now;
}

const struct broadcast *dispatcher_current(const struct dispatcher *dispatcher)
{
    (void)dispatcher;
    return NULL;
}

bool dispatcher_output_lost(const struct dispatcher *dispatcher)
{
    (void)dispatcher;
    return false;
}

/* ---- what the script does ---- */

static void put_row(struct row row)
{
    for (size_t i = 0; i < scene->n_rows; i++)
        if (strcmp(scene->rows[i].id, row.id) == 0) {
            if (!row.bytes) {
                row.bytes = scene->rows[i].bytes;
                row.n_bytes = scene->rows[i].n_bytes;
                scene->rows[i].bytes = NULL;
            }
            row_clear(&scene->rows[i]);
            scene->rows[i] = row;
            return;
        }
    assert_true(scene->n_rows < ROWS_MAX);
    scene->rows[scene->n_rows++] = row;
}

/* The disk answers what it owed when this was called; what comes of it is owed again. */
static void land(enum error_code code)
{
    size_t n = scene->n_pending;
    struct error error = {0};
    if (code != ERROR_NONE)
        error_set(&error, code, "the disk says no");
    for (size_t i = 0; i < n; i++) {
        struct pending pending = scene->pending[i];
        if (pending.has_row && code == ERROR_NONE)
            put_row(pending.row);
        else if (pending.has_row)
            row_clear(&pending.row);
        if (pending.done)
            pending.done(pending.context, 1, &error);
    }
    scene->n_pending -= n;
    memmove(scene->pending, scene->pending + n, scene->n_pending * sizeof *scene->pending);
}

static void land_all(void)
{
    while (scene->n_pending > 0)
        land(ERROR_NONE);
}

static void pass(int64_t ms)
{
    for (int64_t end = scene->ms + ms; scene->ms < end;) {
        scene->ms += 100;
        desk_tick(scene->desk, clock_read());
    }
}

static const char *cap_bytes(struct cap_text cap)
{
    static char text[16384];
    snprintf(text, sizeof text,
             "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>%s</identifier><sender>county</sender>"
             "<sent>2026-11-22T03:20:00+08:00</sent><status>%s</status><msgType>%s</msgType><scope>Public</scope>%s%s</alert>",
             cap.identifier, or_else(cap.status, "Actual"), or_else(cap.msg_type, "Alert"), or_else(cap.references, ""),
             or_else(cap.infos, info_xml((struct info_text){0})));
    return text;
}

static void on_answer(void *context, const struct desk_answer *answer)
{
    (void)context;
    const char *id = json_string_value(json_object_get(answer->alert, "id"));
    const char *state = json_string_value(json_object_get(answer->alert, "state"));
    scene->status = answer->status;
    scene->durable = json_is_true(json_object_get(answer->alert, "durable"));
    text_copy(scene->code, sizeof scene->code, answer->code ? answer->code : "");
    if (id)
        text_copy(scene->id, sizeof scene->id, id);
    text_copy(scene->state, sizeof scene->state, state ? state : "");
    say("%u", answer->status);
    json_decref(answer->alert);
}

static void send_with(const char *key, struct cap_text cap)
{
    const struct desk_sender sender = {.user = "root", .key = key};
    desk_submit(scene->desk, &sender, MEDIA_CAP, slice_of(cap_bytes(cap)), on_answer, NULL);
}

static void submit(struct cap_text cap)
{
    send_with(NULL, cap);
}

static void begin(void)
{
    struct error error = {0};
    scene->desk = desk_create(&scene->fixture.config, NULL, &scene->loop, &error);
    if (!scene->desk)
        fail_msg("%s", error.message);
}

/* What is still owed is lost, as in a crash; its callers are gone as well. */
static void end(void)
{
    for (size_t i = 0; i < scene->n_pending; i++)
        if (scene->pending[i].has_row)
            row_clear(&scene->pending[i].row);
    for (size_t i = 0; i < scene->n_pending; i++)
        if (scene->pending[i].done)
            scene->pending[i].done(scene->pending[i].context, 0, &(struct error){ERROR_DISCONNECTED, "ends"});
    scene->n_pending = 0;
    desk_destroy(scene->desk, 0);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    scene->log[0] = '\0';
}

static void restart(void)
{
    end();
    begin();
}

static int set_up(void **state)
{
    scene = calloc(1, sizeof *scene);
    *state = scene;
    fixture_init(&scene->fixture);
    uv_loop_init(&scene->loop);
    begin();
    return 0;
}

static int tear_down(void **state)
{
    end();
    for (size_t i = 0; i < scene->n_rows; i++)
        row_clear(&scene->rows[i]);
    json_decref(scene->told);
    uv_loop_close(&scene->loop);
    free(*state);
    return 0;
}

static void over(enum delivery_cause cause)
{
    desk_channel_done(scene->desk, scene->last, cause);
}

static const struct cap_text A = {.identifier = "A"}, DRILL = {.identifier = "D", .status = "Exercise"};

/* ---- actual alerts ---- */

/* Nothing of it is looked at again where it was refused at once. */
static void test_no_memory_for_the_change(void **state)
{
    (void)state;
    scene->no_memory = true;
    submit(DRILL);
    assert_int_equal(scene->status, 507);
    submit((struct cap_text){
        .identifier = "C", .msg_type = "Cancel", .references = "<references>county,Z,2026-11-22T03:20:00+08:00</references>"});
    assert_int_equal(scene->status, 202);
    assert_false(scene->durable);
    submit(A);
    assert_int_equal(scene->status, 202);
    assert_false(scene->durable);
    assert_non_null(strstr(scene->log, "SOUND:A"));
    scene->no_memory = false;
    pass(3000);
    land_all();
    assert_int_equal(scene->n_rows, 2);
}

static void test_on_disk_before_it_is_answered(void **state)
{
    (void)state;
    submit(A);
    expect("A:waiting ");
    submit(A); /* known while it is on its way */
    expect("200 ");
    land(ERROR_NONE);
    expect("SOUND:A 202 ");
    assert_true(scene->durable);
    assert_string_equal(scene->state, "queued");
    over(CAUSE_FINISHED);
    expect("A:finished ");
    assert_int_equal(scene->desk->n_alerts, 1); /* shown until its end is there */
    land(ERROR_NONE);
    assert_int_equal(scene->desk->n_alerts, 0);
    submit(A);
    expect("200 ");
    submit((struct cap_text){.identifier = "A", .status = "Exercise"});
    expect("409 ");
}

/* What is to be hoped for stands in the answer, and what it came to when it is asked for. */
static void test_coverage(void **state)
{
    (void)state;
    submit(A);
    land(ERROR_NONE);
    json_t *alert = desk_live_alert(scene->desk, scene->id);
    json_t *expected = json_object_get(alert, "expected");
    json_t *terminals = json_object_get(json_object_get(alert, "coverage"), "terminals");
    json_int_t meant = json_integer_value(json_object_get(alert, "terminals"));
    assert_true(meant > 0);
    assert_int_equal(json_integer_value(json_object_get(expected, "terminals")), meant);
    assert_int_equal(json_integer_value(json_object_get(expected, "maintenance")), 1); /* whether it answers or not */
    assert_int_equal(json_integer_value(json_object_get(expected, "good")), meant - 1);
    assert_int_equal(json_integer_value(json_object_get(expected, "dead")), 0);
    assert_int_equal(json_integer_value(json_object_get(terminals, "meant")), meant);
    assert_int_equal(json_integer_value(json_object_get(terminals, "pending")), meant); /* its turn has not come */
    assert_int_equal(json_integer_value(json_object_get(terminals, "heard")), 0);
    json_decref(alert);
    over(CAUSE_FINISHED);
    land(ERROR_NONE);
}

static void test_old_rows_go_while_it_is_quiet(void **state)
{
    (void)state;
    scene->tidied = 0;
    pass(60000);
    assert_true(scene->tidied > 0);
    submit(A);
    scene->tidied = 0;
    pass(60000);
    land_all();
    pass(60000);
    assert_int_equal(scene->tidied, 0);
    over(CAUSE_FINISHED);
    land_all();
    scene->full = true;
    pass(60000);
    assert_int_equal(scene->tidied, 0);
    scene->full = false;
    pass(60000);
    assert_true(scene->tidied > 0);
    scene->log[0] = '\0';
}

/* ---- the audit trail ---- */

static void test_who_decided_is_in_the_trail(void **state)
{
    (void)state;
    expect_trail("tocsin:daemon_started ");
    submit(A);
    expect_trail("root:accepted+ ");
    assert_string_equal(told("identifier"), "A");
    assert_int_equal(strlen(told("sha256")), 64);
    land(ERROR_NONE);
    desk_stop(scene->desk, scene->id, "the water is gone", "uid:1000", on_answer, NULL);
    expect_trail("uid:1000:stopped+ ");
    assert_string_equal(told("reason"), "the water is gone");
    over(CAUSE_STOPPED);
    expect_trail("tocsin:ended+ ");
    assert_string_equal(told("state"), "stopped");
    land_all();
    submit((struct cap_text){.identifier = "B"});
    land(ERROR_NONE);
    expect_trail("root:accepted+ ");
    submit((struct cap_text){
        .identifier = "C", .msg_type = "Cancel", .references = "<references>county,B,2026-11-22T03:20:00+08:00</references>"});
    expect_trail("root:cancelled+ root:recorded+ ");
}

static void test_who_may_not_is_in_the_trail(void **state)
{
    (void)state;
    struct refusal refusal = {"no_right", "ask somebody who may"};
    scene->trail[0] = '\0';
    for (int i = 0; i < 2 * REFUSALS_AT_ONCE; i++)
        desk_denied(scene->desk, "uid:7", "", &refusal);
    assert_int_equal(strlen(scene->trail), REFUSALS_AT_ONCE * strlen("uid:7:denied "));
    assert_string_equal(told("code"), "no_right");
}

/* With its size and digest, also where nothing of it can be read; too many at once are summed up. */
static void test_refusals_are_in_the_trail(void **state)
{
    (void)state;
    const struct desk_sender sender = {.user = "root"};
    scene->trail[0] = '\0';
    submit((struct cap_text){.identifier = "N", .infos = "<info/>"});
    expect_trail("root:refused ");
    assert_string_equal(told("code"), scene->code);
    desk_submit(scene->desk, &sender, MEDIA_CAP, slice_of("<html/>"), on_answer, NULL);
    expect_trail("root:refused ");
    assert_string_equal(told("code"), "not_an_alert");
    assert_string_equal(told("identifier"), "-");
    assert_string_equal(told("sha256"), "8397912ada2760dca34d1adb644cf54fc5c8d05d0ad56b4a6f99096b03ac8431");
    submit(DRILL);
    land(ERROR_IO);
    expect_trail("root:refused ");
    assert_string_equal(told("code"), "not_durable");
    assert_string_equal(told("identifier"), "D");
    scene->log[0] = '\0';
    for (int i = 0; i < 100; i++) {
        desk_submit(scene->desk, &sender, MEDIA_CAP, slice_of("<html/>"), on_answer, NULL);
        expect("422 ");
    }
    scene->trail[0] = '\0';
    pass(59000);
    expect_trail("");
    pass(2000);
    expect_trail("root:refused ");
    assert_int_equal(json_integer_value(json_object_get(scene->told, "more")), 100 - (REFUSALS_AT_ONCE - 3));
}

static void test_answer_times_survive_a_restart(void **state)
{
    (void)state;
    set_setting("answer.out", 20000);
    set_setting("answer.gone", 30000);
    end();
    begin();
    expect("FORGET:answer.gone ");
    assert_int_equal(scene->remembered_us[T_OUT], 20000);
    assert_int_equal(scene->remembered_us[T_MIC], 0);
    scene->answers_us[T_OUT] = 21000; /* as good as stored */
    scene->answers_us[T_MIC] = 200000;
    pass(20000);
    expect("answer.mic=200000 ");
    scene->answers_us[T_MIC] = 50000;
    pass(500000);
    expect("");
    pass(120000);
    expect("answer.mic=50000 ");
}

static void test_answer_times_are_not_written_while_it_sounds(void **state)
{
    (void)state;
    submit(A);
    land(ERROR_NONE);
    scene->log[0] = '\0';
    scene->answers_us[T_OUT] = 20000;
    pass(60000);
    expect("");
    over(CAUSE_FINISHED);
    land_all();
    scene->log[0] = '\0';
    scene->full = true;
    pass(60000);
    expect("");
    scene->full = false;
    pass(10000);
    expect("answer.out=20000 ");
    scene->answers_us[T_OUT] = 40000;
    desk_keep_learnt_at_end(scene->desk, clock_read().mono);
    expect("answer.out=40000 ");
    desk_keep_learnt_at_end(scene->desk, clock_read().mono);
    expect("");
}

/* The clock was set back and the number begins anew: neither one under way nor one on disk loses its id. */
static void test_an_id_is_given_once(void **state)
{
    (void)state;
    char first[ALERT_ID_SIZE];
    submit(A);
    land(ERROR_NONE);
    text_copy(first, sizeof first, scene->id);
    scene->desk->next_number--;
    submit((struct cap_text){.identifier = "B"});
    land(ERROR_NONE);
    assert_string_not_equal(scene->id, first); /* A is under way */
    over(CAUSE_FINISHED);
    land_all();
    text_copy(first, sizeof first, scene->id);
    scene->desk->next_number--;
    submit((struct cap_text){.identifier = "C"});
    land_all();
    assert_string_not_equal(scene->id, first); /* B is on disk only */
    assert_int_equal(scene->n_rows, 3);
    scene->log[0] = '\0';
}

static void test_a_late_disk_holds_back_no_actual_alert(void **state)
{
    (void)state;
    submit(A);
    pass(2000);
    expect("A:waiting ");
    pass(100);
    expect("ALARM:store_slow SOUND:A 202 ");
    assert_false(scene->durable);
    json_t *live = desk_live_alert(scene->desk, scene->id);
    assert_true(json_is_false(json_object_get(live, "durable")));
    json_decref(live);
    land(ERROR_NONE);
    live = desk_live_alert(scene->desk, scene->id);
    assert_true(json_is_true(json_object_get(live, "durable")));
    json_decref(live);
    live = desk_unstored_alerts(scene->desk);
    assert_int_equal(json_array_size(live), 0);
    json_decref(live);
    expect("");
    assert_int_equal(scene->n_rows, 1);
}

/* Not on disk, it sounds; it is shown, known and tried again, also after its end. */
static void test_a_full_disk_makes_nothing_invisible(void **state)
{
    (void)state;
    scene->full = true;
    submit(A);
    land(ERROR_IO);
    expect("A:waiting ALARM:store_failed SOUND:A 202 ");
    assert_false(scene->durable);
    over(CAUSE_FINISHED);
    land(ERROR_IO);
    expect("A:finished ");
    json_t *all = desk_live_alerts(scene->desk), *deliveries = desk_live_deliveries(scene->desk, scene->id);
    assert_int_equal(json_array_size(all), 1);
    assert_non_null(deliveries);
    json_decref(all);
    all = desk_unstored_alerts(scene->desk);
    assert_int_equal(json_array_size(all), 1);
    json_decref(all);
    json_decref(deliveries);
    submit(A);
    desk_stop(scene->desk, scene->id, "why", "officer", on_answer, NULL);
    expect("200 409 ");
    pass(2100);
    expect("A:finished ");
    land(ERROR_IO);
    pass(2100);
    expect("A:finished ");
    scene->full = false;
    land_all();
    assert_int_equal(scene->desk->n_alerts, 0);
    assert_string_equal(scene->rows[0].state, "finished");
    assert_true(json_is_true(json_object_get(scene->rows[0].detail, "durable")));
    assert_true(scene->rows[0].n_bytes > 0);
    pass(5000);
    expect("");
}

static void test_what_cannot_be_stored_does_not_fill_the_memory(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < 103; i++) {
        snprintf(name, sizeof name, "%d", i);
        submit((struct cap_text){.identifier = name});
        land(ERROR_IO);
        over(CAUSE_FINISHED);
        land(ERROR_IO);
        pass(100);
    }
    assert_int_equal(scene->desk->n_alerts, 100);
}

static void test_a_conflict_is_refused(void **state)
{
    (void)state;
    submit(A);
    land(ERROR_CONFLICT);
    expect("A:waiting 409 ");
    assert_int_equal(scene->desk->n_alerts, 0);
}

/* ---- drills ---- */

static void test_a_drill_is_accepted_in_two_steps(void **state)
{
    (void)state;
    submit(DRILL);
    expect("(D:refused "); /* without an event */
    land(ERROR_NONE);
    expect("D:waiting ");
    assert_string_equal(scene->rows[0].state, "refused");
    land(ERROR_NONE);
    expect("SOUND:D 202 ");
    assert_string_equal(scene->rows[0].state, "waiting");
    restart();
    submit(DRILL);
    expect("SOUND:D 200 ");
}

static void test_a_late_drill_never_sounds(void **state)
{
    (void)state;
    submit(DRILL);
    pass(2000);
    expect("(D:refused ");
    pass(300);
    expect("ALARM:store_slow 507 ");
    assert_string_equal(scene->code, "not_durable");
    submit(DRILL); /* still under way */
    expect("507 ");
    land_all();
    expect("");
    assert_int_equal(scene->desk->n_alerts, 0);
    assert_string_equal(scene->rows[0].state, "refused");
    assert_string_equal(scene->rows[0].reason, DESK_NOT_IN_TIME);
    restart();
    expect("");
    submit(DRILL); /* as it was told to */
    land_all();
    expect("(D:refused D:waiting SOUND:D 202 ");
    assert_int_equal(scene->n_rows, 1);
    assert_string_equal(scene->rows[0].state, "waiting");
}

static void test_a_drill_that_is_late_at_the_second_step(void **state)
{
    (void)state;
    submit(DRILL);
    land(ERROR_NONE);
    pass(2100);
    expect("(D:refused D:waiting ALARM:store_slow 507 D:refused ");
    land_all();
    expect("");
    assert_string_equal(scene->rows[0].state, "refused");
    assert_int_equal(scene->desk->n_alerts, 0);
    restart();
    assert_int_equal(scene->desk->n_alerts, 0);
}

static void test_a_drill_that_lands_late_before_the_clock_was_looked_at(void **state)
{
    (void)state;
    submit(DRILL);
    scene->ms += 2500;
    land_all();
    expect("(D:refused ALARM:store_slow 507 ");
}

static void test_a_drill_that_cannot_be_stored(void **state)
{
    (void)state;
    submit(DRILL);
    land(ERROR_IO);
    expect("(D:refused ALARM:store_failed 507 ");
    assert_int_equal(scene->desk->n_alerts, 0);
    submit(DRILL);
    pass(2100);
    land(ERROR_IO); /* refused, and then not even stored */
    expect("(D:refused ALARM:store_slow 507 ");
    assert_int_equal(scene->desk->n_alerts, 0);
}

enum { RETURN_S = 300 };

static void let_return(void)
{
    scene->fixture.config.returns = true;
    scene->fixture.hazards[HAZARD_FLOOD].return_s[LEVEL_RED] = RETURN_S;
}

/* All of it is played on its one channel. */
static void play_out(void)
{
    scene->last->ended[0] = 3;
    over(CAUSE_FINISHED);
    land_all();
}

/* ---- before it is on disk ---- */

/* Until its time comes, what it updates is in force. */
static void test_an_update_that_waits_takes_over_at_its_time(void **state)
{
    (void)state;
    submit(A);
    land_all();
    struct wall at = {clock_read().wall.ms + 5000};
    char soon[RFC3339_SIZE], effective[128];
    rfc3339_format(at, 0, soon);
    snprintf(effective, sizeof effective, "<effective>%s</effective>", soon);
    submit((struct cap_text){.identifier = "B",
                             .msg_type = "Update",
                             .references = "<references>county,A,2026-11-22T03:20:00+08:00</references>",
                             .infos = info_xml((struct info_text){.times = effective})});
    land_all();
    pass(4000);
    land_all();
    assert_null(strstr(scene->log, "superseded"));
    pass(2000);
    land_all();
    assert_non_null(strstr(scene->log, "A:superseded"));
    assert_non_null(strstr(scene->log, "SOUND:B"));
}

/* A radio link may deliver them in any order; landed: the one that comes first is on disk by then. */
static void test_what_was_ended_before_it_came_never_sounds(void **state)
{
    static const char *const types[] = {"Cancel", "Update"}, *const ends[] = {"A:cancelled ", "A:superseded "};
    for (int i = 0; i < 4; i++) {
        char first[] = {'B', (char)('0' + i), '\0'};
        submit((struct cap_text){.identifier = first,
                                 .msg_type = types[i / 2],
                                 .references = "<references>county,A,2026-11-22T03:20:00+08:00</references>"});
        if (i % 2)
            land_all();
        scene->log[0] = '\0';
        submit(A);
        land_all();
        pass(500);
        assert_ptr_equal(strstr(scene->log, ends[i / 2]), scene->log);
        assert_null(strstr(scene->log, "SOUND:A"));
        assert_non_null(strstr(scene->log, "202"));
        tear_down(state);
        set_up(state);
    }
}

static void test_what_ends_nothing_before_it_came(void **state)
{
    (void)state;
    const char *references = "<references>county,A,2026-11-22T03:20:00+08:00</references>";
    submit((struct cap_text){.identifier = "B", .status = "Exercise", .msg_type = "Cancel", .references = references});
    submit((struct cap_text){.identifier = "C", .msg_type = "Ack", .references = references});
    submit((struct cap_text){
        .identifier = "D", .msg_type = "Cancel", .references = "<references>county,A,2026-11-22T03:20:01+08:00</references>"});
    land_all();
    submit(A);
    land_all();
    assert_non_null(strstr(scene->log, "SOUND:A"));
}

/* ---- EBM ---- */

#define MESSAGE "010436040400000001202611220007"
static const char ALERT_EBM[] = "<MsgType>1</MsgType>", CANCEL_EBM[] = "<MsgType>2</MsgType>";

/* A package of the platform; package: the last digits of its EBDID; minute: of 3 o'clock, when it is sent. */
static void submit_ebm(const char *type, const char *package, const char *minute)
{
    struct pack archive = {0};
    char document[2000];
    const struct desk_sender sender = {.user = "root"};
    snprintf(document, sizeof document,
             "<EBD><EBDID>1001043604040000000100000000000%s</EBDID><EBDType>EBM</EBDType><EBM><EBMID>" MESSAGE "</EBMID>"
             "<MsgBasicInfo>%s<SenderCode>010436040400000001</SenderCode><SentTime>2026-11-22 03:%s:00</SentTime>"
             "<EventType>11B01</EventType><Severity>1</Severity></MsgBasicInfo><MsgContent><MsgTitle>洪水来了</MsgTitle>"
             "<AreaCode>" VILLAGE_1 "</AreaCode></MsgContent></EBM></EBD>",
             package, type, minute);
    pack_text(&archive, "EBDB_1.xml", document);
    desk_submit(scene->desk, &sender, MEDIA_EBM, pack_end(&archive), on_answer, NULL);
    pack_free(&archive);
}

/* It says neither when the message was sent nor, perhaps, another time or EBMID than the message itself. */
static void test_an_ebm_is_cancelled_by_its_number(void **state)
{
    (void)state;
    submit_ebm(ALERT_EBM, "00001", "20");
    land_all();
    assert_non_null(strstr(scene->log, "SOUND:" MESSAGE));
    submit_ebm(CANCEL_EBM, "00002", "20");
    over(CAUSE_CANCELLED);
    land_all();
    assert_non_null(strstr(scene->log, MESSAGE ":cancelled"));
    assert_null(strstr(scene->log, "409"));
}

static void test_an_ebm_that_was_cancelled_before_it_came_never_sounds(void **state)
{
    for (int landed = 0; landed < 2; landed++) {
        submit_ebm(CANCEL_EBM, "00002", "21");
        if (landed)
            land_all();
        scene->log[0] = '\0';
        submit_ebm(ALERT_EBM, "00001", "20");
        land_all();
        pass(500);
        assert_non_null(strstr(scene->log, MESSAGE ":cancelled"));
        assert_null(strstr(scene->log, "SOUND"));
        tear_down(state);
        set_up(state);
    }
}

/* The number is used once more, later. */
static void test_an_ebm_cancel_means_nothing_that_was_sent_after_it(void **state)
{
    for (int landed = 0; landed < 2; landed++) {
        submit_ebm(CANCEL_EBM, "00002", "19");
        if (landed)
            land_all();
        submit_ebm(ALERT_EBM, "00001", "20");
        land_all();
        assert_non_null(strstr(scene->log, "SOUND:" MESSAGE));
        tear_down(state);
        set_up(state);
    }
}

static void test_an_ebm_is_taken_up_again(void **state)
{
    (void)state;
    submit_ebm(ALERT_EBM, "00001", "20");
    land_all();
    restart();
    assert_non_null(strstr(scene->log, "SOUND:" MESSAGE));
    assert_int_equal(scene->last->media, MEDIA_EBM);
    assert_int_equal(json_array_size(scene->last->notes), 1); /* signature_missing: judged again */
}

static void test_an_update_that_says_all_clear_clears(void **state)
{
    (void)state;
    let_return();
    submit(A);
    land_all();
    play_out();
    submit((struct cap_text){.identifier = "B",
                             .msg_type = "Update",
                             .references = "<references>county,A,2026-11-22T03:20:00+08:00</references>",
                             .infos = info_xml((struct info_text){.more = ALL_CLEAR})});
    land_all();
    assert_string_equal(scene->rows[0].state, "cleared");
    assert_non_null(strstr(scene->rows[0].reason, "cleared by "));
    assert_non_null(strstr(scene->log, "SOUND:B"));
    play_out();
    assert_string_equal(scene->rows[1].state, "finished"); /* and it is in force no longer than it is said */
}

static void test_too_many_wait(void **state)
{
    (void)state;
    char later[4096], name[16];
    text_copy(later, sizeof later, info_xml((struct info_text){.times = "<effective>2026-11-22T03:50:00+08:00</effective>"}));
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "W%d", i);
        submit((struct cap_text){.identifier = name, .infos = later});
        land_all();
    }
    scene->log[0] = '\0';
    submit((struct cap_text){.identifier = "W200", .infos = later});
    expect("503 ");
    submit(A); /* what sounds now is not held up by them */
    land_all();
    assert_non_null(strstr(scene->log, "SOUND:A"));
}

static void test_superseded_before_it_is_on_disk(void **state)
{
    (void)state;
    submit(A);
    submit((struct cap_text){
        .identifier = "B", .msg_type = "Update", .references = "<references>county,A,2026-11-22T03:20:00+08:00</references>"});
    assert_int_equal(scene->apart, 0); /* or a crash could leave neither of them in force */
    land_all();
    assert_non_null(strstr(scene->log, "A:superseded B:waiting"));
    assert_null(strstr(scene->log, "SOUND:A"));
    assert_non_null(strstr(scene->log, "SOUND:B"));
    for (size_t i = 0; i < scene->n_rows; i++)
        assert_string_equal(scene->rows[i].state, strcmp(scene->rows[i].identifier, "A") == 0 ? "superseded" : "waiting");
}

static void test_stopped_before_it_is_on_disk(void **state)
{
    (void)state;
    submit(A);
    desk_stop(scene->desk, scene->desk->alerts[0]->id, "why", "officer", on_answer, NULL); /* nobody was told of it yet */
    expect("A:waiting 409 ");
    pass(2100);
    expect("ALARM:store_slow SOUND:A 202 ");
    scene->was_waiting = true;
    desk_stop(scene->desk, scene->id, "why", "officer", on_answer, NULL);
    assert_non_null(strstr(scene->log, "SILENCE:A"));
    assert_null(strstr(scene->log, "200")); /* when it is on disk */
    land_all();
    assert_non_null(strstr(scene->log, "200"));
    assert_string_equal(scene->rows[0].state, "stopped");
    assert_int_equal(scene->desk->n_alerts, 0);
}

static void test_a_stop_that_cannot_be_stored_says_so(void **state)
{
    (void)state;
    submit(A);
    land(ERROR_NONE);
    desk_stop(scene->desk, scene->id, "why", "officer", on_answer, NULL);
    land(ERROR_IO);
    assert_int_equal(scene->status, 200);
    assert_false(scene->durable);
}

/* ---- after a restart ---- */

static void test_taken_up_again(void **state)
{
    (void)state;
    submit(A);
    land(ERROR_NONE);
    restart();
    json_t *deliveries = desk_live_deliveries(scene->desk, scene->rows[0].id);
    assert_int_equal(json_array_size(deliveries), 1); /* as stored */
    json_decref(deliveries);
    assert_ptr_not_equal(scene->last, NULL);
    assert_string_equal(scene->last->id, scene->rows[0].id);
}

/* ---- in force ---- */

/* How often A began to sound since the last look. */
static unsigned sounded(void)
{
    unsigned n = 0;
    for (const char *at = scene->log; (at = strstr(at, "SOUND:A")); at++)
        n++;
    scene->log[0] = '\0';
    return n;
}

static void test_its_programme_returns_until_it_expires(void **state)
{
    (void)state;
    let_return();
    submit(A);
    land_all();
    assert_int_equal(sounded(), 1);
    play_out();
    assert_string_equal(scene->rows[0].state, "returning");
    assert_string_equal(json_string_value(json_object_get(scene->rows[0].detail, "returns")), "2026-11-22T03:25:10.000+08:00");
    assert_string_equal(scene->rows[0].reason, "in force until 04:20:00; its programme returns at 03:25:10");
    pass(RETURN_S * 1000 - 100);
    assert_int_equal(sounded(), 0);
    pass(100);
    assert_int_equal(sounded(), 1);
    assert_int_equal(scene->last->ended[0], 0);
    play_out();
    unsigned n = 2;
    for (int64_t until = scene->ms + 3600000; scene->ms < until; pass(1000)) {
        land_all();
        if (sounded() > 0) {
            play_out();
            n++;
        }
        if (scene->desk->n_alerts == 0)
            break;
    }
    assert_string_equal(scene->rows[0].state, "expired");
    assert_string_equal(scene->rows[0].reason, "");
    assert_int_equal(n, 12); /* in an hour, the first at once */
    assert_int_equal(json_integer_value(json_object_get(scene->rows[0].detail, "programmes")), 12);
    assert_int_equal(scene->desk->n_alerts, 0);
}

/* Sent 20 minutes before the gates open: at 10 minutes, at the opening, and then no more. */
static void test_it_returns_at_set_times_before_its_start(void **state)
{
    (void)state;
    struct config_hazard *hazard = &scene->fixture.hazards[HAZARD_FLOOD];
    let_return();
    hazard->n_return_before = 3;
    hazard->return_before_min[0] = 30;
    hazard->return_before_min[1] = 10;
    submit((struct cap_text){.identifier = "A",
                             .infos = info_xml((struct info_text){.times = "<onset>2026-11-22T03:40:00+08:00</onset>"})});
    land_all();
    play_out();
    scene->log[0] = '\0';
    pass(9 * 60000);
    assert_int_equal(sounded(), 0);
    pass(60000);
    assert_int_equal(sounded(), 1);
    play_out();
    restart();
    pass(9 * 60000);
    assert_int_equal(sounded(), 0);
    pass(60000);
    assert_int_equal(sounded(), 1);
    play_out();
    pass(30 * 60000);
    assert_int_equal(sounded(), 0);
    assert_null(json_object_get(scene->rows[0].detail, "returns"));
}

static void test_who_is_stopped_between_does_not_return(void **state)
{
    (void)state;
    let_return();
    submit(A);
    land_all();
    play_out();
    scene->log[0] = '\0';
    desk_stop(scene->desk, scene->id, "why", "officer", on_answer, NULL);
    land_all();
    expect("A:stopped A:stopped 200 ");
    assert_int_equal(scene->desk->n_alerts, 0);
}

static void test_a_restart_does_not_shift_its_return(void **state)
{
    (void)state;
    let_return();
    submit(A);
    land_all();
    play_out();
    pass(RETURN_S * 1000 / 2);
    restart();
    assert_int_equal(sounded(), 0);
    pass(RETURN_S * 1000 / 2 - 200);
    assert_int_equal(sounded(), 0);
    pass(300);
    assert_int_equal(sounded(), 1);
    play_out();
    pass(100);
    land_all();
    assert_int_equal(json_integer_value(json_object_get(scene->rows[0].detail, "programmes")), 2);
}

static void extend(int64_t from_now_s)
{
    struct wall until = {clock_read().wall.ms + from_now_s * 1000};
    desk_extend(scene->desk, scene->id, until, "still raining", "officer", on_answer, NULL);
    land_all();
}

static void test_an_officer_is_asked_before_it_lapses_and_extends_it(void **state)
{
    (void)state;
    let_return();
    scene->fixture.hazards[HAZARD_FLOOD].return_s[LEVEL_RED] = 1800;
    scene->fixture.config.ask_before_s = 600;
    submit(A);
    land_all();
    play_out();
    pass(1800100);
    play_out();
    pass(1189700); /* 600 s before */
    scene->log[0] = '\0';
    pass(200);
    expect("ALARM:lapsing ");
    pass(100000);
    expect("");  /* once */
    extend(500); /* it is not longer than it is already */
    expect("422 ");
    extend(25 * 3600);
    expect("422 ");
    extend(3600);
    expect("A:returning 200 ");
    assert_string_equal(json_string_value(json_object_get(json_object_get(scene->rows[0].detail, "extended"), "by")),
                        "officer");
    restart();
    pass(480000);
    assert_int_equal(sounded(), 0);
    pass(60000); /* it would have lapsed */
    assert_int_equal(sounded(), 1);
    play_out();
    pass(1800000);
    play_out();
    pass(1500000);
    land_all();
    assert_string_equal(scene->rows[0].state, "expired");
    scene->log[0] = '\0';
    extend(3600);
    expect("409 ");
}

static void test_one_in_force_returns_when_an_officer_resumes_it(void **state)
{
    (void)state;
    let_return();
    submit(A);
    land_all();
    play_out();
    scene->untrusted = true;
    restart();
    pass(RETURN_S * 2000);
    land_all();
    assert_int_equal(sounded(), 0);
    assert_string_equal(scene->rows[0].state, "waiting");
    desk_resume(scene->desk, scene->rows[0].id, "officer", on_answer, NULL);
    assert_int_equal(sounded(), 1);
}

/* All of it was played, and the power went before it was written down that it is in force. */
static void test_what_was_played_before_a_crash_is_in_force_after_it(void **state)
{
    (void)state;
    let_return();
    submit(A);
    land_all();
    json_object_set_new(json_object_get(json_object_get(scene->rows[0].detail, "repetitions"), "by_channel"), "hall",
                        json_integer(3));
    restart();
    land_all();
    assert_string_equal(scene->rows[0].state, "returning");
    assert_int_equal(sounded(), 0);
}

static void test_what_does_not_return(void **state)
{
    let_return();
    const char *past = info_xml((struct info_text){.more = ALL_CLEAR}),
               *slide = info_xml((struct info_text){.event = "Landslide"});
    const struct cap_text none[] = {DRILL, {.identifier = "A", .infos = past}, {.identifier = "A", .infos = slide}, A};
    for (size_t i = 0; i < 4; i++) {
        let_return();
        scene->fixture.config.returns = i < 3;
        submit(none[i]);
        land_all();
        play_out();
        assert_string_equal(scene->rows[0].state, "finished");
        tear_down(state);
        set_up(state);
    }
}

static void test_no_longer_accepted(void **state)
{
    (void)state;
    submit(A);
    land(ERROR_NONE);
    strcpy(scene->fixture.config.geocode_names[0], "another");
    restart();
    land_all();
    assert_string_equal(scene->rows[0].state, "refused");
    assert_non_null(strstr(scene->rows[0].reason, "area"));
    assert_true(scene->rows[0].n_bytes > 0);
    assert_int_equal(scene->desk->n_alerts, 0);
}

/* ---- idempotency keys ---- */

static void test_a_key_belongs_to_its_body(void **state)
{
    (void)state;
    const struct cap_text other = {.identifier = "B"};
    send_with("k1", A);
    send_with("k1", other); /* before it is on disk */
    assert_string_equal(scene->code, "idempotency_conflict");
    land_all();
    send_with("k1", A);
    assert_int_equal(scene->status, 200);
    restart();
    send_with("k1", other);
    assert_int_equal(scene->status, 422);
    send_with("k1", A);
    assert_int_equal(scene->status, 200);
    send_with("k 1", other);
    assert_string_equal(scene->code, "idempotency_key");
    scene->ms += IDEMPOTENCY_LIFE_MS;
    send_with("k1", (struct cap_text){
                        .identifier = "C",
                        .infos = info_xml((struct info_text){.times = "<expires>2026-11-24T03:20:00+08:00</expires>"})});
    land_all();
    assert_int_equal(scene->status, 202);
}

static void test_a_key_of_what_was_known_without(void **state)
{
    (void)state;
    submit(A);
    land_all();
    send_with("k1", A);
    assert_int_equal(scene->status, 200);
    send_with("k1", (struct cap_text){.identifier = "B"});
    assert_int_equal(scene->status, 422);
    restart();
    send_with("k1", (struct cap_text){.identifier = "B"});
    assert_int_equal(scene->status, 422);
}

static void test_a_key_of_what_was_refused_is_free(void **state)
{
    (void)state;
    send_with("k1", DRILL);
    land(ERROR_IO);
    assert_int_equal(scene->status, 507);
    send_with("k1", A);
    land_all();
    assert_int_equal(scene->status, 202);
}

/* ---- gates ---- */

static int set_up_later(void **state)
{
    set_up(state);
    scene->ms = 100; /* a time of 0 means never */
    return 0;
}

/* The one source of the site. */
static struct config_source *source(void)
{
    struct config_source *county = &scene->fixture.sources[0];
    *county = (struct config_source){.id = "county", .sender = "county", .exercise = true, .approve_within_s = 300};
    scene->fixture.config.n_sources = 1;
    return county;
}

/* It is 03:20 there. */
static void keep_night(void)
{
    scene->fixture.config.night =
        (struct config_night){.from = "22:00", .until = "06:00", .from_minute = 22 * 60, .until_minute = 6 * 60};
}

static void send_expected(const char *identifier, const char *times)
{
    submit((struct cap_text){.identifier = identifier,
                             .infos = info_xml((struct info_text){.urgency = "Expected", .times = times})});
}

static const char LASTS[] = "<expires>2026-11-22T12:00:00+08:00</expires>";

/* A member of the alert as it is shown; borrowed until the next. */
static const char *shown(const char *name)
{
    static char text[300];
    json_t *live = desk_live_alert(scene->desk, scene->id);
    const char *value = json_string_value(json_object_get(live, name));
    text_copy(text, sizeof text, value ? value : "");
    json_decref(live);
    return text;
}

static bool owes(void)
{
    json_t *live = desk_live_alert(scene->desk, scene->id);
    bool owed = json_is_true(json_object_get(live, "signature_owed"));
    json_decref(live);
    return owed;
}

static void approve(const char *officer)
{
    desk_approve(scene->desk, scene->id, "read and good", officer, on_answer, NULL);
}

static void test_a_source_is_refused_beyond_its_gate(void **state)
{
    (void)state;
    end();
    source()->per_hour = 2;
    begin();
    send_expected("A", LASTS);
    send_expected("B", LASTS);
    land(ERROR_NONE);
    scene->log[0] = '\0';
    send_expected("C", LASTS);
    expect("403 ");
    assert_string_equal(scene->code, "too_many_alerts");
    submit(DRILL); /* counted apart */
    land_all();
    assert_int_equal(scene->status, 202);
    scene->log[0] = '\0';
    submit((struct cap_text){.identifier = "I"}); /* Immediate */
    expect("ALARM:too_many_alerts I:waiting ");
    land_all();
    pass(INT64_C(3600) * 1000);
    send_expected("E", LASTS);
    land_all();
    assert_int_equal(scene->status, 202);
    assert_int_equal(scene->n_rows, 5);
}

static void test_it_waits_for_a_second_person(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    send_expected("A", LASTS);
    land(ERROR_NONE);
    expect("A:waiting ALARM:held 202 ");
    assert_string_equal(scene->state, "waiting");
    assert_string_equal(shown("held"), "approval");
    assert_string_equal(shown("sent_by"), "root");
    assert_non_null(strstr(shown("reason"), "tocsin alert approve 2026"));
    pass(299000);
    expect("");
    pass(1100);
    expect("ALARM:approval_overdue ");
    pass(300000);
    expect("ALARM:approval_overdue ");
    expect_trail("tocsin:daemon_started tocsin:daemon_started root:accepted+ tocsin:held ");
    approve("root");
    expect("403 ");
    assert_string_equal(scene->code, "same_person");
    approve("uid:7");
    expect("A:queued SOUND:A ");
    expect_trail("root:denied uid:7:approved+ ");
    assert_string_equal(told("reason"), "read and good");
    land(ERROR_NONE);
    expect("200 ");
    assert_string_equal(shown("held"), "");
    assert_string_equal(shown("reason"), "");
    approve("uid:8");
    expect("409 ");
    pass(400000);
    expect("");
}

/* What it ends, ends with the approval: after no crash is one of the two there without the other. */
static void test_what_an_approved_update_ends(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    submit(A); /* Immediate */
    land_all();
    submit((struct cap_text){.identifier = "U",
                             .msg_type = "Update",
                             .references = "<references>county,A,2026-11-22T03:20:00+08:00</references>",
                             .infos = info_xml((struct info_text){.urgency = "Past", .times = LASTS})});
    land_all();
    pass(60000);
    scene->log[0] = '\0';
    scene->apart = 0;
    approve("uid:7");
    expect("U:queued SILENCE:A A:cleared SOUND:U ");
    assert_int_equal(scene->apart, 0);
}

static void test_what_is_rejected_never_sounds(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    send_expected("A", LASTS);
    land(ERROR_NONE);
    scene->log[0] = '\0';
    scene->trail[0] = '\0';
    desk_reject(scene->desk, scene->id, "wrong village", "uid:7", on_answer, NULL);
    expect_trail("uid:7:rejected+ tocsin:ended+ ");
    expect("A:refused A:refused ");
    send_expected("A", LASTS); /* before that is on disk */
    expect("200 ");
    land_all();
    expect("200 ");
    assert_string_equal(scene->rows[0].state, "refused");
    assert_string_equal(scene->rows[0].reason, "rejected by uid:7: wrong village");
    approve("uid:8");
    expect("409 ");
    send_expected("A", LASTS); /* known, and still refused */
    expect("200 ");
    assert_string_equal(scene->state, "refused");
    restart();
    expect("");
}

/* Also after a crash it waits, and an approval that was given holds. */
static void test_waiting_survives_a_restart(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    send_expected("A", LASTS);
    land_all();
    end();
    begin();
    expect("A:waiting ALARM:held ");
    land_all();
    approve("root");
    expect("403 ");
    keep_night();
    approve("uid:7");
    expect("A:waiting ");
    land_all();
    expect("200 ");
    assert_string_equal(shown("held"), "night");
    end();
    begin();
    expect("A:waiting ALARM:held ");
    assert_string_equal(shown("held"), "night");
    scene->fixture.config.night = (struct config_night){0};
    pass(100);
    expect("A:waiting SOUND:A ");
    land_all();
    scene->log[0] = '\0';
    keep_night();
}

/* What has begun goes on after a restart, whatever its gates would say now. */
static void test_what_has_begun_is_not_held_again(void **state)
{
    (void)state;
    end();
    source();
    begin();
    send_expected("A", LASTS);
    land_all();
    scene->last->state = ALERT_SOUNDING; /* as the dispatcher writes */
    journal_alert(&scene->desk->journal, scene->last, clock_read().wall, NULL, NULL);
    land_all();
    end();
    keep_night();
    source()->approve = true;
    begin();
    expect("SOUND:A ");
    end();
    scene->untrusted = true;
    begin();
    land_all(); /* waits for the clock, and its row says so */
    end();
    scene->untrusted = false;
    begin();
    expect("SOUND:A ");
}

/* It was let through by day, and waits for its channel when the night falls. */
static void test_what_was_let_in_is_not_held_again(void **state)
{
    (void)state;
    send_expected("A", LASTS);
    land_all();
    keep_night();
    restart();
    expect("SOUND:A ");
}

static void test_it_waits_for_the_morning(void **state)
{
    (void)state;
    keep_night();
    send_expected("A", LASTS);
    land(ERROR_NONE);
    expect("A:waiting ALARM:held 202 ");
    assert_string_equal(shown("held"), "night");
    assert_string_equal(shown("held_until"), "2026-11-22T06:00:00.000+08:00");
    assert_non_null(strstr(shown("reason"), "held for the night until 06:00; tocsin alert release"));
    pass(INT64_C(159) * 60000); /* not asked for again, and nobody can wait for it in vain */
    expect("");
    pass(60000);
    expect("A:waiting SOUND:A ");
}

static void test_it_expires_in_the_night(void **state)
{
    (void)state;
    keep_night();
    send_expected("A", "<expires>2026-11-22T04:00:00+08:00</expires>");
    land(ERROR_NONE);
    assert_non_null(strstr(shown("reason"), "until 06:00, but expires at 04:00;"));
    scene->log[0] = '\0';
    pass(INT64_C(40) * 60000);
    expect("A:expired ");
}

static void let_go(const char *user, bool local)
{
    desk_let_go(scene->desk, scene->id, "the river rises", &(struct desk_officer){user, local}, on_answer, NULL);
}

static void test_what_is_extended_beyond_the_night(void **state)
{
    (void)state;
    struct wall noon = {fixture_sent().ms + INT64_C(520) * 60000};
    keep_night();
    send_expected("A", "<expires>2026-11-22T04:00:00+08:00</expires>");
    land_all();
    assert_non_null(strstr(shown("reason"), "but expires at 04:00"));
    desk_extend(scene->desk, scene->id, noon, "it rains on", "uid:7", on_answer, NULL);
    assert_int_equal(scene->status, 202);
    land_all();
    assert_int_equal(scene->status, 200);
    assert_non_null(strstr(shown("reason"), "held for the night"));
    assert_null(strstr(shown("reason"), "expires"));
}

static void test_an_officer_lets_it_go(void **state)
{
    (void)state;
    keep_night();
    send_expected("A", LASTS);
    land_all();
    scene->log[0] = '\0';
    let_go("root", false); /* as its sender, from elsewhere */
    expect("403 ");
    let_go("root", true);
    expect("A:queued SOUND:A ");
    land_all();
    expect("200 ");
    let_go("root", true);
    expect("409 ");
}

/* Its time comes in the night. */
static void test_it_is_the_night_when_it_would_begin(void **state)
{
    (void)state;
    keep_night();
    scene->fixture.config.night.from_minute = 4 * 60;
    send_expected("A", "<effective>2026-11-22T05:00:00+08:00</effective><expires>2026-11-22T12:00:00+08:00</expires>");
    land(ERROR_NONE);
    expect("A:waiting 202 ");
    pass(INT64_C(99) * 60000);
    expect("");
    pass(60000);
    expect("A:waiting ALARM:held ");
}

/* Of what has sounded; the Update of a held one waits with it, and ends nothing before. */
static void test_an_update_of_what_has_begun_passes(void **state)
{
    (void)state;
    static const char TO_A[] = "<references>county,A,2026-11-22T03:20:00+08:00</references>",
                      TO_B[] = "<references>county,B,2026-11-22T03:20:00+08:00</references>";
    struct info_text expected = {.urgency = "Expected", .times = LASTS};
    submit(A);
    land_all();
    keep_night();
    send_expected("B", LASTS);
    land_all();
    scene->log[0] = '\0';
    submit((struct cap_text){.identifier = "U", .msg_type = "Update", .references = TO_A, .infos = info_xml(expected)});
    land_all();
    expect("SILENCE:A A:superseded U:waiting SOUND:U 202 ");
    submit((struct cap_text){.identifier = "V", .msg_type = "Update", .references = TO_B, .infos = info_xml(expected)});
    land_all();
    expect("V:waiting ALARM:held 202 ");
    pass(INT64_C(161) * 60000);
    land_all();
    assert_non_null(strstr(scene->log, "SOUND:V"));
}

/* It came before what it updates, and waits: nothing is superseded by what has not begun. */
static void test_an_update_that_is_held_ends_nothing(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    submit((struct cap_text){.identifier = "U",
                             .msg_type = "Update",
                             .references = "<references>county,A,2026-11-22T03:20:00+08:00</references>",
                             .infos = info_xml((struct info_text){.urgency = "Expected", .times = LASTS})});
    land_all();
    expect("U:waiting ALARM:held 202 ");
    submit(A);
    land_all();
    expect("A:waiting SOUND:A 202 ");
}

/* The Update of B came when B waited itself: it cannot wait any more once B is approved, which a crash may come upon. Its own
 * second person then owes the signature. */
static void begin_what_is_updated(bool crash)
{
    char b[ALERT_ID_SIZE];
    end();
    source()->approve = true;
    begin();
    send_expected("B", LASTS);
    land_all();
    text_copy(b, sizeof b, scene->id);
    submit((struct cap_text){.identifier = "V",
                             .msg_type = "Update",
                             .references = "<references>county,B,2026-11-22T03:20:00+08:00</references>",
                             .infos = info_xml((struct info_text){.urgency = "Expected", .times = LASTS})});
    land_all();
    pass(1000);
    expect("B:waiting ALARM:held 202 V:waiting ALARM:held 202 ");
    desk_approve(scene->desk, b, "", "uid:7", on_answer, NULL);
    land_all();
    if (crash)
        restart();
    pass(100);
    land_all();
    assert_non_null(strstr(scene->log, "SOUND:V"));
    assert_string_equal(scene->rows[0].state, "superseded");
    text_copy(scene->id, sizeof scene->id, scene->rows[1].id);
    assert_true(owes());
    approve("root");
    assert_int_equal(scene->status, 403);
    approve("uid:7");
    assert_false(owes());
}

static void test_an_update_of_what_begins_goes_on(void **state)
{
    (void)state;
    begin_what_is_updated(false);
}

static void test_an_update_of_what_began_before_a_crash_goes_on(void **state)
{
    (void)state;
    begin_what_is_updated(true);
}

/* Of an event one has begun, and one waits for its time: what both may be meant by cannot wait. */
static void test_an_update_of_an_event_that_has_begun_passes(void **state)
{
    (void)state;
    static const char TO_E[] = "<references>county,E,2026-11-22T03:20:00+08:00</references><incidents>E</incidents>",
                      LATER[] = "<effective>2026-11-22T11:00:00+08:00</effective><expires>2026-11-22T12:00:00+08:00</expires>";
    submit((struct cap_text){.identifier = "E"});
    land_all();
    over(CAUSE_FINISHED);
    over(CAUSE_FINISHED);
    land_all();
    keep_night();
    submit((struct cap_text){
        .identifier = "F", .references = "<incidents>E</incidents>", .infos = info_xml((struct info_text){.times = LATER})});
    land_all();
    scene->desk->alerts[0]->message->sent.ms--; /* before U */
    scene->log[0] = '\0';
    submit((struct cap_text){.identifier = "U",
                             .msg_type = "Update",
                             .references = TO_E,
                             .infos = info_xml((struct info_text){.urgency = "Expected", .times = LASTS})});
    land_all();
    assert_non_null(strstr(scene->log, "SOUND:U"));
}

/* Nobody is told that he may go home by one who cannot know: the alert goes on, and the all-clear is refused. */
static void test_only_its_issuer_clears(void **state)
{
    (void)state;
    static const char TO_CITY[] = "<references>city,A,2026-11-22T03:20:00+08:00</references>";
    struct cap_text clears = {.identifier = "U", .msg_type = "Update", .references = TO_CITY};
    char infos[4096];
    end();
    source()->authority = AUTHORITY_COUNTY;
    scene->fixture.sources[1] = (struct config_source){.id = "city", .sender = "city", .authority = AUTHORITY_CITY};
    scene->fixture.config.n_sources = 2;
    begin();
    submit(A);
    land_all();
    free(scene->last->message->sender);
    scene->last->message->sender = strdup("city");
    scene->log[0] = '\0';
    snprintf(infos, sizeof infos, "%s", info_xml((struct info_text){.more = "<responseType>AllClear</responseType>"}));
    clears.infos = infos;
    submit(clears);
    assert_string_equal(scene->code, "not_issuer");
    assert_null(strstr(scene->log, "SOUND:U"));
    assert_null(strstr(scene->log, "SILENCE:A"));
}

/* What another has issued can be named by anybody: who may not end it is held like any other. */
static void test_an_update_of_what_another_issued_is_held(void **state)
{
    (void)state;
    static const char TO_CITY[] = "<references>city,A,2026-11-22T03:20:00+08:00</references>";
    end();
    source()->per_hour = 1;
    scene->fixture.sources[1] = (struct config_source){.id = "city", .sender = "city", .authority = AUTHORITY_CITY};
    scene->fixture.config.n_sources = 2;
    begin();
    submit(A);
    land_all();
    free(scene->last->message->sender);
    scene->last->message->sender = strdup("city");
    submit((struct cap_text){.identifier = "U",
                             .msg_type = "Update",
                             .references = TO_CITY,
                             .infos = info_xml((struct info_text){.urgency = "Expected", .times = LASTS})});
    land_all();
    assert_string_equal(scene->code, "too_many_alerts"); /* it counts */
    end();
    scene->fixture.sources[0].per_hour = 0;
    keep_night();
    begin();
    free(scene->last->message->sender);
    scene->last->message->sender = strdup("city");
    submit((struct cap_text){.identifier = "V",
                             .msg_type = "Update",
                             .references = TO_CITY,
                             .infos = info_xml((struct info_text){.urgency = "Expected", .times = LASTS})});
    land_all();
    assert_string_equal(shown("held"), "night");
}

/* A Cancel ends what waits. */
static void test_a_cancel_is_never_held(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    keep_night();
    send_expected("A", LASTS);
    land_all();
    scene->log[0] = '\0';
    submit((struct cap_text){
        .identifier = "C", .msg_type = "Cancel", .references = "<references>county,A,2026-11-22T03:20:00+08:00</references>"});
    land_all();
    assert_string_equal(scene->rows[0].state, "cancelled");
}

/* Rule 14. */
static void test_immediate_sounds_and_the_signature_is_chased(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    keep_night();
    submit(A);
    land_all();
    expect("A:waiting SOUND:A 202 ");
    assert_true(owes());
    pass(100);
    expect("ALARM:signature_owed ");
    pass(299000);
    expect("");
    pass(1100);
    expect("ALARM:signature_owed ");
    approve("root");
    expect("403 ");
    approve("uid:7");
    expect("FORGET:owed A:queued ");
    land_all();
    expect("200 ");
    assert_false(owes());
    pass(400000);
    expect("");
}

/* Also when it has ended, and over a restart. */
static void test_a_signature_is_owed_after_the_end(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    submit(A);
    land_all();
    over(CAUSE_FINISHED);
    land_all();
    assert_int_equal(scene->desk->n_alerts, 0);
    end();
    begin();
    pass(100);
    expect("ALARM:signature_owed ");
    scene->trail[0] = '\0';
    approve("root");
    expect("403 ");
    approve("uid:7");
    expect("FORGET:owed A:finished ");
    expect_trail("root:denied uid:7:signed+ ");
    land_all();
    expect("200 ");
    assert_string_equal(json_string_value(json_object_get(json_object_get(scene->rows[0].detail, "approved"), "by")), "uid:7");
    assert_null(json_object_get(scene->rows[0].detail, "signature_owed"));
    approve("uid:8");
    expect("409 ");
    pass(400000);
    expect("");
}

/* A drill is approved as well; until then its row must not become an alert that sounds. */
static void test_a_drill_is_held(void **state)
{
    (void)state;
    keep_night();
    submit((struct cap_text){.identifier = "D", .status = "Exercise", .infos = info_xml((struct info_text){.times = LASTS})});
    land_all();
    expect("(D:refused D:waiting ALARM:held 202 ");
    assert_string_equal(scene->rows[0].state, "waiting");
}

static void test_the_officers_word_for_the_clock_is_no_approval(void **state)
{
    (void)state;
    end();
    source()->approve = true;
    begin();
    send_expected("A", LASTS);
    land_all();
    end();
    scene->untrusted = true;
    begin();
    scene->log[0] = '\0';
    desk_resume(scene->desk, scene->id, "uid:7", on_answer, NULL);
    assert_null(strstr(scene->log, "SOUND"));
    assert_string_equal(scene->state, "waiting");
    assert_string_equal(shown("held"), "approval");
}

/* What does not pass at night does not return in it. */
static void test_the_programme_returns_in_the_morning(void **state)
{
    (void)state;
    scene->fixture.config.returns = true;
    for (size_t level = 0; level < LEVEL_COUNT; level++)
        scene->fixture.hazards[HAZARD_FLOOD].return_s[level] = 600;
    send_expected("A", LASTS);
    land_all();
    over(CAUSE_FINISHED);
    keep_night();
    scene->log[0] = '\0';
    pass(700000);
    expect("A:returning ");
    assert_string_equal(shown("returns"), "2026-11-22T06:00:00.000+08:00");
    pass(INT64_C(150) * 60000);
    expect("SOUND:A ");
}

static void test_the_switch_survives_a_restart(void **state)
{
    (void)state;
    assert_true(desk_takes_remote(scene->desk));
    desk_set_remote(scene->desk, false, "the token is lost", "root", on_answer, NULL);
    assert_false(desk_takes_remote(scene->desk)); /* at once */
    land_all();
    expect("ALARM:local_only 200 ");
    desk_tell_refused(scene->desk, "one");
    desk_tell_refused(scene->desk, "one");
    desk_tell_refused(scene->desk, "two");
    expect("ALARM:remote_refused ALARM:remote_refused ");
    end();
    begin();
    expect("ALARM:local_only ");
    assert_false(desk_takes_remote(scene->desk));
    desk_set_remote(scene->desk, true, "a new token", "root", on_answer, NULL);
    land_all();
    expect("ALARM:remote_taken 200 ");
    end();
    begin();
    expect("");
    assert_true(desk_takes_remote(scene->desk));
}

static void follow_up(enum form_kind kind, const char *id, const char *key, const char *reason)
{
    json_t *asked = json_pack("{s:s, s:{s:s}}", "reason", reason, "text", "zh", "没有险情。");
    desk_follow_up(scene->desk, &(struct desk_sender){.user = "root", .key = key}, id, kind, asked, on_answer, NULL);
    json_decref(asked);
}

/* A second click, also when the alert has ended by the first. */
static void test_a_key_of_an_all_clear(void **state)
{
    (void)state;
    struct config_user root = {.login = "root", .rights = ~0U};
    char a[ALERT_ID_SIZE], clear[ALERT_ID_SIZE];
    end();
    source();
    scene->fixture.config.users = &root;
    scene->fixture.config.n_users = 1;
    begin();
    submit(A);
    land_all();
    text_copy(a, sizeof a, scene->id);
    struct alert *alert = scene->last;
    char too_long[130] = "";
    memset(too_long, 'k', sizeof too_long - 1);
    follow_up(FORM_ALL_CLEAR, a, too_long, "the water is gone");
    assert_string_equal(scene->code, "idempotency_key");
    follow_up(FORM_ALL_CLEAR, a, "click", "the water is gone");
    land_all();
    assert_int_equal(scene->status, 202);
    text_copy(clear, sizeof clear, scene->id);
    follow_up(FORM_ALL_CLEAR, a, "click", "the water is gone");
    assert_int_equal(scene->status, 200);
    assert_string_equal(scene->id, clear);
    follow_up(FORM_ALL_CLEAR, a, "another", "the water is gone");
    assert_string_equal(scene->code, "cleared");
    desk_channel_done(scene->desk, alert, CAUSE_CLEARED);
    desk_channel_done(scene->desk, alert, CAUSE_CLEARED);
    land_all();
    follow_up(FORM_CORRECTION, a, "click", "wrong");
    assert_string_equal(scene->code, "idempotency_conflict");
    follow_up(FORM_ALL_CLEAR, a, "click", "the water is gone");
    assert_int_equal(scene->status, 200);
    assert_string_equal(scene->id, clear);
    end();
    scene->fixture.config.n_users = 0;
    begin();
}

static void submit_parts(const char *kind)
{
    char form[600];
    snprintf(form, sizeof form,
             "{\"status\": \"actual\", \"kind\": \"%s\", \"hazard\": \"flood\", \"level\": \"red\", \"terminals\": "
             "[\"out\"], \"text\": {\"zh\": \"x\"}, \"languages\": [\"zh\"], \"references\": [{\"sender\": \"county\", "
             "\"identifier\": \"A\", \"sent\": \"2026-11-22T03:20:00+08:00\"}]}",
             kind);
    desk_submit(scene->desk, &(struct desk_sender){.user = "root"}, MEDIA_JSON, slice_of(form), on_answer, NULL);
    land_all();
}

/* Who may send may not therefore say that the danger is past. */
static void test_an_all_clear_in_parts_needs_its_right(void **state)
{
    (void)state;
    struct config_user root = {.login = "root", .rights = 1U << RIGHT_SEND};
    source();
    scene->fixture.config.users = &root;
    scene->fixture.config.n_users = 1;
    submit(A);
    land_all();
    scene->log[0] = '\0';
    submit_parts("all_clear");
    assert_string_equal(scene->code, "no_right");
    submit_parts("correction");
    assert_string_equal(scene->code, "no_right");
    expect("403 403 ");
    root.rights |= 1U << RIGHT_CORRECT;
    submit_parts("all_clear");
    assert_string_equal(scene->code, "no_right");
    submit_parts("correction");
    assert_int_equal(scene->status, 202);
    root.rights |= 1U << RIGHT_ALL_CLEAR;
    submit_parts("all_clear");
    assert_int_equal(scene->status, 202);
    submit_parts("update");
    assert_int_equal(scene->status, 202);
    scene->fixture.config.n_users = 0;
}

/* Whatever becomes of the places that it names, what was said of it is said again. */
static void test_an_alert_in_parts_keeps_its_words(void **state)
{
    (void)state;
    struct config_user root = {.login = "root", .rights = ~0U};
    source();
    scene->fixture.config.users = &root;
    scene->fixture.config.n_users = 1;
    strcpy(scene->fixture.hazards[HAZARD_FLOOD].text.in[TEXT_ZH], "{zone}！");
    static const char FORM[] = "{\"status\": \"actual\", \"hazard\": \"flood\", \"level\": \"red\", \"terminals\": [\"out\"], "
                               "\"languages\": [\"zh\"], \"slots\": {\"zone\": [\"" VILLAGE_1 "\"]}}";
    desk_submit(scene->desk, &(struct desk_sender){.user = "root"}, MEDIA_JSON, slice_of(FORM), on_answer, NULL);
    land_all();
    assert_int_equal(scene->status, 202);
    end();
    scene->fixture.config.n_places = 0;
    begin();
    assert_non_null(strstr(scene->log, "SOUND:"));
    assert_string_equal(scene->last->words[0].text, "龙塘村！");
    scene->fixture.config.n_users = 0;
}

/* With its words it would be more than is taken: it is stored without them, and goes on after a restart. */
static void test_an_alert_in_parts_with_too_many_words(void **state)
{
    (void)state;
    static char river[400001], form[400400];
    struct config_user root = {.login = "root", .rights = ~0U};
    memset(river, 'x', sizeof river - 1);
    source();
    scene->fixture.config.users = &root;
    scene->fixture.config.n_users = 1;
    strcpy(scene->fixture.hazards[HAZARD_FLOOD].text.in[TEXT_ZH], "{river}!");
    strcpy(scene->fixture.hazards[HAZARD_FLOOD].text.in[TEXT_EN], "{river}!");
    snprintf(form, sizeof form,
             "{\"status\": \"actual\", \"hazard\": \"flood\", \"level\": \"red\", \"terminals\": [\"out\"], \"slots\": "
             "{\"river\": \"%s\"}}",
             river);
    desk_submit(scene->desk, &(struct desk_sender){.user = "root"}, MEDIA_JSON, slice_of(form), on_answer, NULL);
    land_all();
    assert_int_equal(scene->status, 202);
    restart();
    assert_non_null(strstr(scene->log, "SOUND:"));
    scene->fixture.config.n_users = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_later, tear_down)

/* The Chinese national form: an Update and then a Cancel both name the event's first alert. */
static void test_an_event_is_named_by_its_first_alert(void **state)
{
    (void)state;
    char sender[] = "s", first[] = "A", other_event[] = "B", update_id[] = "U";
    struct alert_reference to = {.sender = sender, .identifier = first};
    struct alert_message update = {.sender = sender, .identifier = update_id, .incidents = first, .sent = {2}};
    struct alert_message cancel = {.sender = sender, .incidents = first, .sent = {3}, .references = &to, .n_references = 1};
    struct alert alert = {.message = &update};
    assert_true(alert_is_referred(&alert, &cancel, 0));
    update.sent.ms = 3; /* it came after it */
    assert_false(alert_is_referred(&alert, &cancel, 0));
    update.sent.ms = 2;
    update.incidents = other_event;
    assert_false(alert_is_referred(&alert, &cancel, 0));
    update.incidents = first;
    cancel.incidents = NULL; /* CAP itself knows no such rule */
    assert_false(alert_is_referred(&alert, &cancel, 0));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_event_is_named_by_its_first_alert),
    TEST(test_on_disk_before_it_is_answered),
    TEST(test_no_memory_for_the_change),
    TEST(test_coverage),
    TEST(test_old_rows_go_while_it_is_quiet),
    TEST(test_answer_times_survive_a_restart),
    TEST(test_answer_times_are_not_written_while_it_sounds),
    TEST(test_who_decided_is_in_the_trail),
    TEST(test_refusals_are_in_the_trail),
    TEST(test_who_may_not_is_in_the_trail),
    TEST(test_an_id_is_given_once),
    TEST(test_a_late_disk_holds_back_no_actual_alert),
    TEST(test_a_full_disk_makes_nothing_invisible),
    TEST(test_what_cannot_be_stored_does_not_fill_the_memory),
    TEST(test_a_conflict_is_refused),
    TEST(test_a_drill_is_accepted_in_two_steps),
    TEST(test_a_late_drill_never_sounds),
    TEST(test_a_drill_that_is_late_at_the_second_step),
    TEST(test_a_drill_that_lands_late_before_the_clock_was_looked_at),
    TEST(test_a_drill_that_cannot_be_stored),
    TEST(test_superseded_before_it_is_on_disk),
    TEST(test_what_was_ended_before_it_came_never_sounds),
    TEST(test_what_ends_nothing_before_it_came),
    TEST(test_an_update_that_waits_takes_over_at_its_time),
    TEST(test_an_update_that_says_all_clear_clears),
    TEST(test_an_ebm_is_cancelled_by_its_number),
    TEST(test_an_ebm_that_was_cancelled_before_it_came_never_sounds),
    TEST(test_an_ebm_cancel_means_nothing_that_was_sent_after_it),
    TEST(test_an_ebm_is_taken_up_again),
    TEST(test_too_many_wait),
    TEST(test_stopped_before_it_is_on_disk),
    TEST(test_a_stop_that_cannot_be_stored_says_so),
    TEST(test_taken_up_again),
    TEST(test_its_programme_returns_until_it_expires),
    TEST(test_it_returns_at_set_times_before_its_start),
    TEST(test_who_is_stopped_between_does_not_return),
    TEST(test_a_restart_does_not_shift_its_return),
    TEST(test_an_officer_is_asked_before_it_lapses_and_extends_it),
    TEST(test_one_in_force_returns_when_an_officer_resumes_it),
    TEST(test_what_was_played_before_a_crash_is_in_force_after_it),
    TEST(test_what_does_not_return),
    TEST(test_no_longer_accepted),
    TEST(test_a_key_belongs_to_its_body),
    TEST(test_a_key_of_what_was_known_without),
    TEST(test_a_key_of_what_was_refused_is_free),
    TEST(test_a_key_of_an_all_clear),
    TEST(test_an_all_clear_in_parts_needs_its_right),
    TEST(test_an_alert_in_parts_keeps_its_words),
    TEST(test_an_alert_in_parts_with_too_many_words),
    GATE_TEST(test_a_source_is_refused_beyond_its_gate),
    GATE_TEST(test_it_waits_for_a_second_person),
    GATE_TEST(test_what_an_approved_update_ends),
    GATE_TEST(test_what_is_rejected_never_sounds),
    GATE_TEST(test_what_is_extended_beyond_the_night),
    GATE_TEST(test_waiting_survives_a_restart),
    GATE_TEST(test_what_has_begun_is_not_held_again),
    GATE_TEST(test_what_was_let_in_is_not_held_again),
    GATE_TEST(test_it_waits_for_the_morning),
    GATE_TEST(test_it_expires_in_the_night),
    GATE_TEST(test_an_officer_lets_it_go),
    GATE_TEST(test_it_is_the_night_when_it_would_begin),
    GATE_TEST(test_an_update_of_what_has_begun_passes),
    GATE_TEST(test_an_update_that_is_held_ends_nothing),
    GATE_TEST(test_an_update_of_what_begins_goes_on),
    GATE_TEST(test_an_update_of_what_began_before_a_crash_goes_on),
    GATE_TEST(test_an_update_of_an_event_that_has_begun_passes),
    GATE_TEST(test_an_update_of_what_another_issued_is_held),
    GATE_TEST(test_only_its_issuer_clears),
    GATE_TEST(test_a_cancel_is_never_held),
    GATE_TEST(test_immediate_sounds_and_the_signature_is_chased),
    GATE_TEST(test_a_signature_is_owed_after_the_end),
    GATE_TEST(test_a_drill_is_held),
    GATE_TEST(test_the_officers_word_for_the_clock_is_no_approval),
    GATE_TEST(test_the_programme_returns_in_the_morning),
    GATE_TEST(test_the_switch_survives_a_restart),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
