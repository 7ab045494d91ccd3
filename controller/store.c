/* The store's face and its thread: a queue down, group commits, answers up in order by uv_async.
 * While a commit waits for the disk more changes gather; they are the next commit. Nobody ever waits on purpose. */
#include "codecs/monotonic.h"
#include "controller/store_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { BATCH_MS = 20, EPOCH_SIZE = 24, BOOT_SIZE = 40 };

struct job_list {
    struct store_job *first, **end;
};

struct store {
    struct store_sql sql; /* the thread's own */
    sqlite3 *reader;      /* the main loop's own; sees what is committed */
    int lock;
    char epoch[EPOCH_SIZE], boot[BOOT_SIZE];
    store_event_fn *event;
    void *event_context;
    uv_async_t async;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    struct job_list queue, answers;
    bool stopping;
};

static void list_add(struct job_list *list, struct store_job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static struct store_job *list_take(struct job_list *list)
{
    struct store_job *first = list->first;
    list->first = NULL;
    list->end = &list->first;
    return first;
}

/* Hands jobs from first up to, not including, end to the main loop. */
static void answer(struct store *store, struct store_job *first, const struct store_job *end)
{
    pthread_mutex_lock(&store->mutex);
    for (struct store_job *next; first != end; first = next) {
        next = first->next;
        list_add(&store->answers, first);
    }
    pthread_mutex_unlock(&store->mutex);
    uv_async_send(&store->async);
}

/* After a failure SQLite may have rolled back by itself. */
static void roll_back(struct store_sql *sql)
{
    if (!sqlite3_get_autocommit(sql->db))
        store_sql_run(sql->db, "ROLLBACK", NULL);
}

/* One change in a transaction of its own. */
static void commit_alone(struct store_sql *sql, struct store_job *job)
{
    if (job->error.code != ERROR_NONE)
        return;
    if (store_sql_run(sql->db, "BEGIN IMMEDIATE", &job->error) && store_sql_write(sql, job, &job->error) &&
        store_sql_run(sql->db, "COMMIT", &job->error))
        return;
    roll_back(sql);
    job->seq = 0;
}

/* The changes at the head of jobs in one transaction, for at most BATCH_MS. If any of them fails, each is tried alone, so that
 * one bad change takes no other with it. Returns what is left. */
static struct store_job *commit_batch(struct store *store, struct store_job *jobs)
{
    struct store_sql *sql = &store->sql;
    struct mono until = mono_plus_ms(mono_now(), BATCH_MS);
    struct store_job *end = jobs;
    bool good = jobs->next && store_sql_run(sql->db, "BEGIN IMMEDIATE", NULL);
    do {
        good = good && (end->error.code != ERROR_NONE || store_sql_write(sql, end, NULL));
        end = end->next;
    } while (good && end && end->query == QUERY_NONE && mono_before(mono_now(), until));
    if (!good || !store_sql_run(sql->db, "COMMIT", NULL)) {
        roll_back(sql);
        for (struct store_job *job = jobs; job != end; job = job->next)
            commit_alone(sql, job);
    }
    answer(store, jobs, end);
    return end;
}

static struct store_job *answer_query(struct store *store, struct store_job *job)
{
    struct store_job *next = job->next;
    if (job->error.code == ERROR_NONE)
        store_query_run(store->sql.db, store->epoch, job);
    answer(store, job, next);
    return next;
}

/* Waits for work; NULL once the store is closing and nothing is left. */
static struct store_job *take_work(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    while (!store->queue.first && !store->stopping)
        pthread_cond_wait(&store->wake, &store->mutex);
    struct store_job *jobs = list_take(&store->queue);
    pthread_mutex_unlock(&store->mutex);
    return jobs;
}

static void *run(void *context)
{
    struct store *store = context;
    struct store_job *jobs;
    while ((jobs = take_work(store)))
        while (jobs)
            jobs = jobs->query == QUERY_NONE ? commit_batch(store, jobs) : answer_query(store, jobs);
    return NULL;
}

/* On the main loop: the caller first, then, of what is durable, everybody else. */
static void deliver(struct store *store, struct store_job *job)
{
    if (job->result_done)
        job->result_done(job->context, job->result, &job->error);
    else
        json_decref(job->result);
    if (job->done)
        job->done(job->context, job->seq, &job->error);
    if (job->event && job->error.code == ERROR_NONE && store->event) {
        char id[EPOCH_SIZE + 24];
        snprintf(id, sizeof id, "%s:%lld", store->epoch, (long long)job->seq);
        store->event(store->event_context, id, job->event, job->event_data);
    }
    store_job_free(job);
}

static void deliver_answers(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    struct store_job *jobs = list_take(&store->answers);
    pthread_mutex_unlock(&store->mutex);
    for (struct store_job *next; jobs; jobs = next) {
        next = jobs->next;
        deliver(store, jobs);
    }
}

static void on_async(uv_async_t *async)
{
    deliver_answers(async->data);
}

static void enqueue(struct store *store, struct store_job *job)
{
    pthread_mutex_lock(&store->mutex);
    bool open = !store->stopping;
    if (open) {
        list_add(&store->queue, job);
        pthread_cond_signal(&store->wake);
    }
    pthread_mutex_unlock(&store->mutex);
    if (open)
        return;
    error_set(&job->error, ERROR_DISCONNECTED, "the store is closing");
    deliver(store, job);
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
    store_change_copy(job, change, store->boot);
    enqueue(store, job);
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
    enqueue(store, job);
}

void store_list_alerts(struct store *store, size_t limit, store_result_fn *done, void *context)
{
    ask(store, QUERY_ALERTS, (const char *[2]){NULL, NULL}, limit, done, context);
}

void store_get_alert(struct store *store, const char *id, store_result_fn *done, void *context)
{
    ask(store, QUERY_ALERT, (const char *[2]){id, NULL}, 1, done, context);
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

int64_t store_get_setting(struct store *store, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    store_query_setting(store->reader, name, &value);
    return value;
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
static bool lock_folder(struct store *store, const char *folder, struct error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tocsin.lock", folder);
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return error_set(error, ERROR_IO, "%s: cannot make this folder: %s", folder, strerror(errno));
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (store->lock < 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0)
        return error_set(error, ERROR_CONFLICT, "%s: another tocsind uses this folder: stop it first", path);
    return true;
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
    if (sqlite3_open_v2(path, &store->reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return store_sql_error(store->reader, path, error);
    sqlite3_busy_timeout(store->reader, 100);
    return true;
}

static void read_boot(char boot[BOOT_SIZE])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file)
        return;
    if (fgets(boot, BOOT_SIZE, file))
        boot[strcspn(boot, "\n")] = '\0';
    fclose(file);
}

/* No signal is handled on this thread. */
static bool start_thread(struct store *store, struct error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&store->thread, NULL, run, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed || error_set(error, ERROR_INTERNAL, "store: no thread: %s", strerror(failed));
}

static void close_files(struct store *store)
{
    sqlite3_close(store->reader);
    store_sql_close(&store->sql);
    if (store->lock >= 0)
        close(store->lock);
    pthread_cond_destroy(&store->wake);
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
    list_take(&store->queue);
    list_take(&store->answers);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->wake, NULL);
    read_boot(store->boot);
    bool good = lock_folder(store, folder, error) && open_database(store, folder, damaged, error);
    if (good && uv_async_init(loop, &store->async, on_async) != 0)
        good = error_set(error, ERROR_INTERNAL, "store: the loop takes no more handles");
    store->async.data = store;
    if (good && start_thread(store, error))
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
    pthread_mutex_lock(&store->mutex);
    store->stopping = true;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->mutex);
    pthread_join(store->thread, NULL);
    deliver_answers(store);
    close_files(store);
    uv_close((uv_handle_t *)&store->async, on_closed);
}
