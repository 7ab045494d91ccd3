/* The store's face on the main loop: requests copied and sent down, answers given out, and opening and closing. */
#include "codecs/monotonic.h"
#include "controller/store_intern.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_BUSY_MS = 100, /* on the main loop */
    QUESTION_BUSY_MS = 2000,
    LATE_MS = 1900, /* a change that waits for longer is trouble: a little before the desk loses its patience, and says so */
};

static const char CLOSING[] = "the store is closing";

static void tell(const struct store *store, const struct store_job *job, const char *id)
{
    if (store->event)
        store->event(store->event_context, id, job->event, job->event_data);
}

static void tell_durable(const struct store *store, const struct store_job *job)
{
    char id[STORE_EPOCH_SIZE + 24];
    snprintf(id, sizeof id, "%s:%lld", store->epoch, (long long)job->seq);
    tell(store, job, id);
}

bool store_send(struct store *store, struct store_job *job)
{
    job->asked = mono_now();
    job->next = job->owed_next = NULL;
    if (store->holding)
        store_list_add(&store->held, job);
    else if (!store_enqueue(store, LANE_CHANGES, job))
        return false;
    *store->owed_end = job;
    store->owed_end = &job->owed_next;
    return true;
}

/* The caller first, then everybody else of what is durable. */
static void deliver_change(struct store *store, struct store_job *job)
{
    bool durable = job->error.code == ERROR_NONE;
    store->failed = job->error;
    if (durable)
        store_write_undone(store);
    if (job->done)
        job->done(job->context, job->seq, &job->error);
    if (job->event && durable && !job->told)
        tell_durable(store, job);
    else if (job->event && job->urgent && !job->told)
        tell(store, job, NULL);
    if (durable || !store_keep_decision(store, job))
        store_job_free(job);
}

static void deliver_result(struct store_job *job)
{
    job->result_done(job->context, job->result, &job->error);
    store_job_free(job);
}

static void deliver_answers(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    struct store_job *jobs = store_list_take(&store->answers);
    pthread_mutex_unlock(&store->mutex);
    for (struct store_job *job = jobs; job; job = jobs) {
        jobs = job->next;
        if (job->result_done) {
            deliver_result(job);
            continue;
        }
        store->owed = job->owed_next; /* they are answered in the order in which they were asked for */
        if (!store->owed)
            store->owed_end = &store->owed;
        deliver_change(store, job);
    }
}

static void on_async(uv_async_t *async)
{
    deliver_answers(async->data);
}

bool store_in_trouble(const struct store *store, struct error *why)
{
    if (store->owed && mono_since(mono_now(), store->owed->asked) > (int64_t)LATE_MS * 1000)
        error_set(why, ERROR_TIMEOUT, "the disk does not take what is to be stored");
    else if (store->failed.code != ERROR_NONE && store->failed.code != ERROR_CONFLICT)
        *why = store->failed;
    else
        return false;
    return true;
}

void store_commit(struct store *store, const struct store_change *change, store_done_fn *done, void *context)
{
    struct store_job *job = calloc(1, sizeof *job);
    if (!job) {
        struct error error;
        error_set(&error, ERROR_NO_MEMORY, "store: no memory for a change");
        if (done)
            done(context, 0, &error);
        return;
    }
    job->done = done;
    job->context = context;
    job->urgent = change->urgent;
    store_change_copy(job, change, store->boot);
    struct error why;
    if (job->urgent && job->event && store_in_trouble(store, &why)) { /* it may not be on disk for long */
        tell(store, job, NULL);
        job->told = true;
    }
    if (store_send(store, job))
        return;
    error_set(&job->error, ERROR_DISCONNECTED, CLOSING);
    deliver_change(store, job);
}

void store_hold(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    store->holding = !store->stopping;
    pthread_mutex_unlock(&store->mutex);
}

void store_release(struct store *store)
{
    struct store_job *jobs = store_list_take(&store->held);
    store->holding = false;
    for (struct store_job *job = jobs; job; job = job->next)
        job->with_next = job->next != NULL;
    if (jobs)
        store_enqueue(store, LANE_CHANGES, jobs); /* it closes on this thread, and not in between */
}

static void ask(struct store *store, enum store_query query, const char *const text[2], size_t limit, store_result_fn *done,
                void *context)
{
    struct store_job *job = calloc(1, sizeof *job);
    if (!job) {
        struct error error;
        error_set(&error, ERROR_NO_MEMORY, "store: no memory for a question");
        done(context, NULL, &error);
        return;
    }
    *job = (struct store_job){.query = query, .limit = limit, .result_done = done, .context = context};
    for (int i = 0; i < 2; i++)
        if (text[i] && !(job->text[i] = strdup(text[i])))
            error_set(&job->error, ERROR_NO_MEMORY, "store: no memory for a question");
    if (store_enqueue(store, LANE_QUESTIONS, job))
        return;
    error_set(&job->error, ERROR_DISCONNECTED, CLOSING);
    deliver_result(job);
}

void store_list_alerts(struct store *store, const char *before, size_t limit, store_result_fn *done, void *context)
{
    ask(store, QUERY_ALERTS, (const char *[2]){before, NULL}, limit, done, context);
}

void store_get_alert(struct store *store, const char *id, store_result_fn *done, void *context)
{
    ask(store, QUERY_ALERT, (const char *[2]){id, NULL}, 1, done, context);
}

void store_get_message(struct store *store, const char *id, store_result_fn *done, void *context)
{
    ask(store, QUERY_MESSAGE, (const char *[2]){id, NULL}, 1, done, context);
}

void store_list_deliveries(struct store *store, const char *alert, store_result_fn *done, void *context)
{
    ask(store, QUERY_DELIVERIES, (const char *[2]){alert, NULL}, 0, done, context);
}

void store_list_readings(struct store *store, const char *alert, const char *terminal, store_result_fn *done, void *context)
{
    ask(store, QUERY_READINGS, (const char *[2]){alert, terminal}, 0, done, context);
}

void store_list_events(struct store *store, const char *after, size_t limit, store_result_fn *done, void *context)
{
    ask(store, QUERY_EVENTS, (const char *[2]){after ? after : "", NULL}, limit, done, context);
}

void store_list_audit(struct store *store, int64_t after, size_t limit, store_result_fn *done, void *context)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)after);
    ask(store, QUERY_AUDIT, (const char *[2]){text, NULL}, limit, done, context);
}

bool store_audit_head(struct store *store, struct audit_link *head)
{
    char text[AUDIT_LINK_SIZE];
    return store_query_audit_link(store->reader, INT64_MAX, text, NULL) && audit_link_parse(text, head);
}

bool store_load_open_alerts(struct store *store, struct store_alert **alerts, size_t *n, struct error *error)
{
    return store_query_open_alerts(store->reader, alerts, n, error);
}

bool store_load_deliveries(struct store *store, const char *alert, json_t **rows, struct error *error)
{
    *rows = store_query_deliveries(store->reader, alert, error);
    return *rows != NULL;
}

bool store_find_key(struct store *store, const char *sender, const char *identifier, const char *sent,
                    struct store_alert *alert, bool *found, struct error *error)
{
    return store_query_key(store->reader, (const char *[3]){sender, identifier, sent}, alert, found, error);
}

bool store_find_alert(struct store *store, const char *id, struct store_alert *alert, bool *found, struct error *error)
{
    return store_query_id(store->reader, id, alert, found, error);
}

bool store_load_keys(struct store *store, void (*each)(void *context, const struct store_key *key), void *context,
                     struct error *error)
{
    return store_query_keys(store->reader, each, context, error);
}

bool store_find_referring(struct store *store, const struct store_reference *to, store_referring_fn *each, void *context,
                          struct error *error)
{
    return store_query_referring(store->reader, to, each, context, error);
}

bool store_find_identifier(struct store *store, const char *identifier, char id[24])
{
    return store_query_identifier(store->reader, identifier, id);
}

bool store_has_alert(struct store *store, const char *id)
{
    return store_query_has_alert(store->reader, id);
}

int64_t store_get_setting(struct store *store, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    store_query_setting(store->reader, name, &value);
    return value;
}

bool store_load_settings(struct store *store, const char *prefix, store_setting_fn *each, void *context, struct error *error)
{
    return store_query_settings(store->reader, prefix, each, context, error);
}

struct wall store_last_time(struct store *store)
{
    return store_query_last_time(store->reader);
}

const char *store_epoch(const struct store *store)
{
    return store->epoch;
}

void store_set_listener(struct store *store, store_event_fn *event, void *context)
{
    store->event = event;
    store->event_context = context;
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

/* Two daemons on one folder would set aside each other's database. The lock ends with the process. */
int store_lock(const char *folder, struct error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tocsin.lock", folder);
    if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
        error_set(error, ERROR_IO, "%s: cannot make this folder: %s", folder, strerror(errno));
        return -1;
    }
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (lock < 0) {
        error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    } else if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        error_set(error, ERROR_CONFLICT, "%s: another tocsind uses this folder: stop it first", path);
        close(lock);
        lock = -1;
    }
    return lock;
}

static bool open_reader(sqlite3 **reader, const char *path, int busy_ms, struct error *error)
{
    if (sqlite3_open_v2(path, reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return store_sql_error(*reader, path, error);
    sqlite3_busy_timeout(*reader, busy_ms);
    return true;
}

bool store_peek_setting(const char *folder, const char *name, int64_t *value, struct error *error)
{
    char path[4096];
    sqlite3 *reader = NULL;
    snprintf(path, sizeof path, "%s/tocsin.db", folder);
    bool good = open_reader(&reader, path, QUESTION_BUSY_MS, error) &&
                (store_query_setting(reader, name, value) || sqlite3_errcode(reader) == SQLITE_OK || /* it is not there */
                 store_sql_error(reader, path, error));
    sqlite3_close(reader);
    return good;
}

static bool open_database(struct store *store, const char *folder, char damaged[256], struct error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tocsin.db", folder);
    bool is_damaged;
    if (!store_sql_open(&store->sql, path, &is_damaged, error)) {
        if (!is_damaged || !store_sql_set_aside(path, damaged, 256, error) ||
            !store_sql_open(&store->sql, path, &is_damaged, error))
            return false;
        *error = (struct error){0};
    }
    if (!store_query_epoch(store->sql.db, store->epoch, sizeof store->epoch, error))
        return false;
    return open_reader(&store->reader, path, READ_BUSY_MS, error) && open_reader(&store->asker, path, QUESTION_BUSY_MS, error);
}

static void read_boot(char boot[STORE_BOOT_SIZE])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file)
        return;
    if (fgets(boot, STORE_BOOT_SIZE, file))
        boot[strcspn(boot, "\n")] = '\0';
    fclose(file);
}

static void close_files(struct store *store)
{
    sqlite3_close(store->reader);
    sqlite3_close(store->asker);
    store_sql_close(&store->sql);
    if (store->lock >= 0)
        close(store->lock);
    for (int i = 0; i < STORE_LANES; i++)
        pthread_cond_destroy(&store->lanes[i].wake);
    pthread_mutex_destroy(&store->mutex);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct store *store_open(const char *folder, struct uv_loop_s *loop, char damaged[256], struct error *error)
{
    struct error local = {0};
    error = error ? error : &local;
    damaged[0] = '\0';
    struct store *store = calloc(1, sizeof *store);
    if (!store) {
        error_set(error, ERROR_NO_MEMORY, "store: no memory");
        return NULL;
    }
    json_object_seed(0); /* before a second thread makes objects */
    store->lock = -1;
    store->owed_end = &store->owed;
    store_list_take(&store->answers);
    store_list_take(&store->held);
    store_list_take(&store->undone);
    pthread_mutex_init(&store->mutex, NULL);
    for (int i = 0; i < STORE_LANES; i++) {
        store_list_take(&store->lanes[i].queue);
        pthread_cond_init(&store->lanes[i].wake, NULL);
    }
    read_boot(store->boot);
    store->lock = store_lock(folder, error);
    bool good = store->lock >= 0 && open_database(store, folder, damaged, error);
    if (good && uv_async_init(loop, &store->async, on_async) != 0)
        good = error_set(error, ERROR_INTERNAL, "store: the loop takes no more handles");
    store->async.data = store;
    if (good && store_start_threads(store, error))
        return store;
    close_files(store);
    if (good)
        uv_close((uv_handle_t *)&store->async, on_closed);
    else
        free(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_stop_threads(store);
    deliver_answers(store);
    store_forget_undone(store);
    close_files(store);
    uv_close((uv_handle_t *)&store->async, on_closed);
}
