/* The store's two threads: one commits changes in groups, one answers questions. Answers come up in order by uv_async.
 * While a commit waits for the disk more changes gather; they are the next commit. Nobody ever waits on purpose. */
#include "codecs/monotonic.h"
#include "controller/store_intern.h"

#include <signal.h>
#include <string.h>

enum { BATCH_MS = 20 };

void store_list_add(struct job_list *list, struct store_job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

struct store_job *store_list_take(struct job_list *list)
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
        store_list_add(&store->answers, first);
    }
    pthread_mutex_unlock(&store->mutex);
    uv_async_send(&store->async);
}

/* One change in a transaction of its own. */
static void commit_alone(struct store_sql *sql, struct store_job *job)
{
    if (job->error.code != ERROR_NONE)
        return;
    if (store_sql_run(sql->db, "BEGIN IMMEDIATE", &job->error) && store_sql_write(sql, job, &job->error) &&
        store_sql_commit(sql, &job->error))
        return;
    store_sql_roll_back(sql);
    job->seq = 0;
}

/* The changes at the head of jobs in one transaction, for at most BATCH_MS, but what belongs together is not parted. If any of
 * them fails, each is tried alone, so that one bad change takes no other with it. Returns what is left. */
static struct store_job *commit_batch(struct store *store, struct store_job *jobs)
{
    struct store_sql *sql = &store->sql;
    struct mono until = mono_plus_ms(mono_now(), BATCH_MS);
    struct store_job *end = jobs;
    bool good = jobs->next && store_sql_run(sql->db, "BEGIN IMMEDIATE", NULL);
    bool goes_on;
    do {
        good = good && (end->error.code != ERROR_NONE || store_sql_write(sql, end, NULL));
        goes_on = end->with_next || mono_before(mono_now(), until);
        end = end->next;
    } while (good && end && goes_on);
    if (!good || !store_sql_commit(sql, NULL)) {
        store_sql_roll_back(sql);
        for (struct store_job *job = jobs; job != end; job = job->next)
            commit_alone(sql, job);
    }
    answer(store, jobs, end);
    return end;
}

static struct store_job *answer_question(struct store *store, struct store_job *job)
{
    struct store_job *next = job->next;
    if (job->error.code == ERROR_NONE)
        store_query_run(store->asker, store->epoch, job);
    answer(store, job, next);
    return next;
}

/* Waits for work; NULL once the store is closing and nothing is left. */
static struct store_job *take_work(struct store *store, struct store_lane *lane)
{
    pthread_mutex_lock(&store->mutex);
    while (!lane->queue.first && !store->stopping)
        pthread_cond_wait(&lane->wake, &store->mutex);
    struct store_job *jobs = store_list_take(&lane->queue);
    pthread_mutex_unlock(&store->mutex);
    return jobs;
}

static void *run_changes(void *context)
{
    struct store *store = context;
    struct store_job *jobs;
    while ((jobs = take_work(store, &store->lanes[LANE_CHANGES])))
        while (jobs)
            jobs = commit_batch(store, jobs);
    return NULL;
}

static void *run_questions(void *context)
{
    struct store *store = context;
    struct store_job *jobs;
    while ((jobs = take_work(store, &store->lanes[LANE_QUESTIONS])))
        while (jobs)
            jobs = answer_question(store, jobs);
    return NULL;
}

bool store_enqueue(struct store *store, int lane, struct store_job *jobs)
{
    pthread_mutex_lock(&store->mutex);
    bool open = !store->stopping;
    for (struct store_job *next; open && jobs; jobs = next) {
        next = jobs->next;
        store_list_add(&store->lanes[lane].queue, jobs);
    }
    pthread_cond_signal(&store->lanes[lane].wake);
    pthread_mutex_unlock(&store->mutex);
    return open;
}

static void end_lanes(struct store *store, int n)
{
    pthread_mutex_lock(&store->mutex);
    store->stopping = true;
    for (int i = 0; i < n; i++)
        pthread_cond_signal(&store->lanes[i].wake);
    pthread_mutex_unlock(&store->mutex);
    for (int i = 0; i < n; i++)
        pthread_join(store->lanes[i].thread, NULL);
}

/* No signal is handled on these threads. */
bool store_start_threads(struct store *store, struct error *error)
{
    static void *(*const RUN[STORE_LANES])(void *) = {run_changes, run_questions};
    sigset_t all, before;
    int failed = 0, n = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (n < STORE_LANES && (failed = pthread_create(&store->lanes[n].thread, NULL, RUN[n], store)) == 0)
        n++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        return true;
    end_lanes(store, n);
    return error_set(error, ERROR_INTERNAL, "store: no thread: %s", strerror(failed));
}

void store_stop_threads(struct store *store)
{
    end_lanes(store, STORE_LANES);
}
