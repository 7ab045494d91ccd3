/* The store's inside, shared by store.c, store_threads.c and store_undone.c only. */
#ifndef TOCSIN_CONTROLLER_STORE_INTERN_H
#define TOCSIN_CONTROLLER_STORE_INTERN_H

#include "controller/store_sql.h"

#include <pthread.h>
#include <uv.h>

enum { STORE_EPOCH_SIZE = 24, STORE_BOOT_SIZE = 40 };

struct job_list {
    struct store_job *first, **end;
};

/* A thread and what waits for it. */
struct store_lane {
    pthread_t thread;
    pthread_cond_t wake;
    struct job_list queue; /* guarded by the store's mutex */
};

/* Changes and questions have a thread each, with a handle of its own: a disk that stalls a commit holds back no answer. */
enum { LANE_CHANGES, LANE_QUESTIONS, STORE_LANES };

struct store {
    struct store_sql sql; /* of the thread that changes */
    sqlite3 *asker;       /* of the thread that answers questions; sees what is committed */
    sqlite3 *reader;      /* the main loop's own, for what it reads directly */
    int lock;
    char epoch[STORE_EPOCH_SIZE], boot[STORE_BOOT_SIZE];
    store_event_fn *event;
    void *event_context;
    uv_async_t async;
    struct store_job *owed, **owed_end; /* changes that are not answered yet, in order; of the main loop */
    struct error failed;                /* of the last change that was answered */
    struct job_list held;               /* not sent down before store_release; of the main loop */
    bool holding;
    struct job_list undone; /* decisions that could not be committed; of the main loop, like the two below */
    size_t n_undone;
    uint64_t n_lost;       /* decisions for which there was no more room */
    pthread_mutex_t mutex; /* guards what follows, and the lanes' queues */
    struct store_lane lanes[STORE_LANES];
    struct job_list answers;
    bool stopping;
};

void store_list_add(struct job_list *list, struct store_job *job);
struct store_job *store_list_take(struct job_list *list);

/* False if the store is closing: the jobs stay the caller's. */
bool store_enqueue(struct store *store, int lane, struct store_job *jobs);
bool store_send(struct store *store, struct store_job *job); /* a change, which is then owed an answer; the same */

/* store_undone.c. keep: false if the failed job has no decision that stands; the job stays the caller's then. */
bool store_keep_decision(struct store *store, struct store_job *job);
void store_write_undone(struct store *store);
void store_forget_undone(struct store *store);

bool store_start_threads(struct store *store, struct error *error);
void store_stop_threads(struct store *store); /* when what is queued is done */

#endif
