/* Recordings that lie elsewhere: a queue, and two threads that fetch with libcurl what stands in it. */
#include "controller/fetcher.h"

#include "codecs/monotonic.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 2, CONNECT_MS = 5000, WHOLE_MS = 15000 };

enum stage { STAGE_UNDER_WAY, STAGE_HERE, STAGE_FAILED };

struct fetched {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t news;
    unsigned holders; /* while it is on its way the fetcher is one of them */
    enum stage stage;
    struct fetcher *fetcher; /* while it is on its way */
    char *uri;
    size_t most, n, room;
    char *bytes;
    struct error error;
    struct fetched *next; /* the fetcher's */
};

struct fetcher {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    bool ending;
    struct fetched *first; /* queued, in their order */
    size_t n_threads;
    pthread_t threads[THREADS];
};

/* ---- one file ---- */

static bool init_monotonic(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(cond, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return ok;
}

struct fetched *fetched_hold(struct fetched *fetched)
{
    if (!fetched)
        return NULL;
    pthread_mutex_lock(&fetched->lock);
    fetched->holders++;
    pthread_mutex_unlock(&fetched->lock);
    return fetched;
}

void fetched_release(struct fetched *fetched)
{
    if (!fetched)
        return;
    pthread_mutex_lock(&fetched->lock);
    bool last = --fetched->holders == 0;
    pthread_mutex_unlock(&fetched->lock);
    if (!last)
        return;
    pthread_cond_destroy(&fetched->news);
    pthread_mutex_destroy(&fetched->lock);
    free(fetched->uri);
    free(fetched->bytes);
    free(fetched);
}

/* Tells those who wait. error: NULL if it is here. */
static void settle(struct fetched *fetched, const struct error *error)
{
    pthread_mutex_lock(&fetched->lock);
    fetched->stage = error ? STAGE_FAILED : STAGE_HERE;
    if (error)
        fetched->error = *error;
    pthread_cond_broadcast(&fetched->news);
    pthread_mutex_unlock(&fetched->lock);
}

bool fetched_failed(struct fetched *fetched)
{
    pthread_mutex_lock(&fetched->lock);
    bool failed = fetched->stage == STAGE_FAILED;
    pthread_mutex_unlock(&fetched->lock);
    return failed;
}

bool fetched_wait(struct fetched *fetched, int64_t wait_ms, struct slice *bytes, struct error *error)
{
    struct mono until = mono_plus_ms(mono_now(), wait_ms);
    struct timespec at = {until.us / 1000000, until.us % 1000000 * 1000};
    pthread_mutex_lock(&fetched->lock);
    while (fetched->stage == STAGE_UNDER_WAY && pthread_cond_timedwait(&fetched->news, &fetched->lock, &at) == 0)
        ;
    enum stage stage = fetched->stage;
    if (stage == STAGE_HERE)
        *bytes = (struct slice){fetched->bytes, fetched->n};
    else if (stage == STAGE_FAILED)
        *error = fetched->error;
    else
        error_set(error, ERROR_TIMEOUT, "it did not come in time from %.120s", fetched->uri);
    pthread_mutex_unlock(&fetched->lock);
    return stage == STAGE_HERE;
}

/* ---- the transfer, on a thread ---- */

/* Bytes are the thread's alone until it is settled. */
static size_t on_bytes(char *data, size_t size, size_t n, void *context)
{
    struct fetched *fetched = context;
    n *= size;
    if (n > fetched->most - fetched->n)
        return 0; /* ends it with CURLE_WRITE_ERROR */
    if (fetched->n + n > fetched->room) {
        size_t room = 2 * (fetched->n + n);
        char *bigger = realloc(fetched->bytes, room);
        if (!bigger)
            return 0;
        fetched->bytes = bigger;
        fetched->room = room;
    }
    memcpy(fetched->bytes + fetched->n, data, n);
    fetched->n += n;
    return n;
}

/* Called at least once a second. Not 0 ends it. */
static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)total, (void)now, (void)up_total, (void)up_now;
    struct fetched *fetched = context;
    pthread_mutex_lock(&fetched->lock);
    bool unwanted = fetched->holders == 1;
    pthread_mutex_unlock(&fetched->lock);
    pthread_mutex_lock(&fetched->fetcher->lock);
    unwanted |= fetched->fetcher->ending;
    pthread_mutex_unlock(&fetched->fetcher->lock);
    return unwanted;
}

static bool prepare(CURL *curl, struct fetched *fetched)
{
    return curl_easy_setopt(curl, CURLOPT_URL, fetched->uri) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)fetched->most) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetched) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetched) == CURLE_OK;
}

static bool transfer(struct fetched *fetched, struct error *error)
{
    CURL *curl = curl_easy_init();
    if (!curl || !prepare(curl, fetched)) {
        curl_easy_cleanup(curl);
        return error_set(error, ERROR_NO_MEMORY, "it could not be fetched: out of memory");
    }
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code == CURLE_FILESIZE_EXCEEDED || code == CURLE_WRITE_ERROR)
        return error_set(error, ERROR_TOO_LARGE, "it has more bytes than are stated or allowed, at %.120s", fetched->uri);
    if (code != CURLE_OK)
        return error_set(error, ERROR_IO, "it could not be fetched: %s: %.100s", curl_easy_strerror(code), fetched->uri);
    return status == 200 ||
           error_set(error, ERROR_IO, "it could not be fetched: the server answers %ld for %.120s", status, fetched->uri);
}

static struct fetched *take_next(struct fetcher *fetcher)
{
    pthread_mutex_lock(&fetcher->lock);
    while (!fetcher->first && !fetcher->ending)
        pthread_cond_wait(&fetcher->asked, &fetcher->lock);
    struct fetched *next = fetcher->ending ? NULL : fetcher->first;
    if (next)
        fetcher->first = next->next;
    pthread_mutex_unlock(&fetcher->lock);
    return next;
}

static void *run(void *context)
{
    for (struct fetched *fetched; (fetched = take_next(context));) {
        struct error error = {0};
        settle(fetched, transfer(fetched, &error) ? NULL : &error);
        fetched_release(fetched);
    }
    return NULL;
}

/* ---- the fetcher ---- */

struct fetcher *fetcher_create(void)
{
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher)
        return NULL;
    pthread_mutex_init(&fetcher->lock, NULL);
    pthread_cond_init(&fetcher->asked, NULL);
    bool ok = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    while (ok && fetcher->n_threads < THREADS) {
        ok = pthread_create(&fetcher->threads[fetcher->n_threads], NULL, run, fetcher) == 0;
        fetcher->n_threads += ok;
    }
    if (fetcher->n_threads > 0)
        return fetcher;
    fetcher_free(fetcher);
    return NULL;
}

void fetcher_free(struct fetcher *fetcher)
{
    const struct error ended = {ERROR_DISCONNECTED, "it was not fetched any more: the controller ends"};
    if (!fetcher)
        return;
    pthread_mutex_lock(&fetcher->lock);
    fetcher->ending = true;
    pthread_cond_broadcast(&fetcher->asked);
    pthread_mutex_unlock(&fetcher->lock);
    for (size_t i = 0; i < fetcher->n_threads; i++)
        pthread_join(fetcher->threads[i], NULL);
    for (struct fetched *next; fetcher->first; fetcher->first = next) {
        next = fetcher->first->next;
        settle(fetcher->first, &ended);
        fetched_release(fetcher->first);
    }
    curl_global_cleanup();
    pthread_cond_destroy(&fetcher->asked);
    pthread_mutex_destroy(&fetcher->lock);
    free(fetcher);
}

struct fetched *fetcher_ask(struct fetcher *fetcher, const char *uri, size_t most)
{
    struct fetched *fetched = calloc(1, sizeof *fetched);
    char *copy = strdup(uri);
    if (!fetched || !copy || !init_monotonic(&fetched->news)) {
        free(fetched);
        free(copy);
        return NULL;
    }
    pthread_mutex_init(&fetched->lock, NULL);
    fetched->holders = 2; /* the caller, and the fetcher */
    fetched->fetcher = fetcher;
    fetched->uri = copy;
    fetched->most = most;
    pthread_mutex_lock(&fetcher->lock);
    struct fetched **last = &fetcher->first;
    while (*last)
        last = &(*last)->next;
    *last = fetched;
    pthread_cond_signal(&fetcher->asked);
    pthread_mutex_unlock(&fetcher->lock);
    return fetched;
}
