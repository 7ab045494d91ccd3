/* Decisions that the disk did not take: they stand all the same, and are written once it takes anything again. */
#include "controller/store_intern.h"

#include "controller/log.h"

#include <stdio.h>

enum { UNDONE_MAX = 1000 };

bool store_keep_decision(struct store *store, struct store_job *job)
{
    if (!store_job_keep_decision(job))
        return false;
    if (store->n_undone == UNDONE_MAX) {
        store->n_lost++;
        return false;
    }
    store->n_undone++;
    store_list_add(&store->undone, job);
    return true;
}

static void tell_lost(struct store *store)
{
    char detail[64];
    const struct store_audit audit = {.actor = "tocsin", .action = "entries_lost", .subject = "", .detail = detail};
    const struct store_change change = {.audit = &audit};
    snprintf(detail, sizeof detail, "{\"entries\":%llu}", (unsigned long long)store->n_lost);
    store->n_lost = 0;
    store_commit(store, &change, NULL, NULL);
}

void store_write_undone(struct store *store)
{
    struct store_job *next, *jobs = store_list_take(&store->undone);
    store->n_undone = 0;
    for (struct store_job *job = jobs; job; job = next) {
        next = job->next;
        if (!store_send(store, job))
            store_job_free(job);
    }
    if (store->n_lost > 0)
        tell_lost(store);
}

void store_forget_undone(struct store *store)
{
    if (store->n_undone > 0)
        log_line(LOG_ERROR, "%zu entries of the audit trail could not be stored", store->n_undone);
    struct store_job *next;
    for (struct store_job *job = store_list_take(&store->undone); job; job = next) {
        next = job->next;
        store_job_free(job);
    }
}
