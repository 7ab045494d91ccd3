/* The outside of a playout: its calls only note what is wanted and wake the thread. */
#include "audio/playout.h"
#include "audio/playout_thread.h"

#include <alsa/asoundlib.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void playout_slot_free(struct playout_slot *slot)
{
    programme_free(slot->programme);
    for (int i = 0; i < PROGRAMME_WORDS; i++)
        free((void *)slot->orders.words[i].frames);
    *slot = (struct playout_slot){0};
}

/* ALSA prints by itself; here only the controller speaks. */
static void say_nothing(const char *file, int line, const char *function, int err, const char *format, ...)
{
    (void)file, (void)line, (void)function, (void)err, (void)format;
}

static bool settings_check(const struct playout_settings *s, struct error *error)
{
    if (s->period_ms < 2 || s->period_ms > 20)
        return error_set(error, ERROR_INVALID, "%s: period_ms %u: give 2 to 20", s->id, s->period_ms);
    if (s->queue_ms < 2 * s->period_ms || s->queue_ms > 60)
        return error_set(error, ERROR_INVALID, "%s: queue_ms %u: give two periods to 60", s->id, s->queue_ms);
    if (s->rate < 8000 || s->rate > 192000 || s->rate % (1000 / PROGRAMME_STEP_MS))
        return error_set(error, ERROR_INVALID, "%s: rate %u: give 8000 to 192000 Hz, divisible by %d", s->id, s->rate,
                         1000 / PROGRAMME_STEP_MS);
    return true;
}

/* Its signals are the main thread's. */
static int start(struct playout *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(&p->thread, NULL, playout_thread, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

struct playout *playout_create(const struct playout_settings *settings, playout_event_fn *event, void *context,
                               struct error *error)
{
    if (!settings_check(settings, error))
        return NULL;
    struct playout *p = calloc(1, sizeof *p);
    if (!p) {
        error_set(error, ERROR_NO_MEMORY, "%s: no memory for a playout", settings->id);
        return NULL;
    }
    p->settings = *settings;
    p->event = event;
    p->context = context;
    pthread_mutex_init(&p->lock, NULL);
    snd_lib_error_set_handler(say_nothing);
    p->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int err = p->wake < 0 ? errno : start(p);
    if (err == 0)
        return p;
    error_set(error, ERROR_INTERNAL, "%s: no thread for a playout: %s", settings->id, strerror(err));
    if (p->wake >= 0)
        close(p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return NULL;
}

static void wake(struct playout *p)
{
    uint64_t one = 1;
    (void)!write(p->wake, &one, sizeof one);
}

void playout_destroy(struct playout *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_mutex_unlock(&p->lock);
    wake(p);
    pthread_join(p->thread, NULL);
    for (size_t i = 0; i < p->n_slots; i++)
        playout_slot_free(&p->slots[i]);
    close(p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void playout_load(struct playout *p, struct programme *programme, uint32_t broadcast)
{
    struct playout_slot replaced = {0};
    pthread_mutex_lock(&p->lock);
    if (p->n_slots == PLAYOUT_SLOTS)
        replaced = p->slots[--p->n_slots];
    p->slots[p->n_slots++] = (struct playout_slot){.programme = programme, .broadcast = broadcast};
    pthread_mutex_unlock(&p->lock);
    wake(p);
    playout_slot_free(&replaced);
}

/* Locks, and finds the orders of a broadcast; unlocks and returns NULL if it is not here any more. */
static struct programme_orders *orders_lock(struct playout *p, uint32_t broadcast)
{
    pthread_mutex_lock(&p->lock);
    for (size_t i = p->n_slots; i-- > 0;)
        if (p->slots[i].broadcast == broadcast)
            return &p->slots[i].orders;
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void orders_unlock(struct playout *p)
{
    pthread_mutex_unlock(&p->lock);
    wake(p);
}

void playout_allow(struct playout *p, uint32_t broadcast, uint32_t repetition)
{
    struct programme_orders *orders = orders_lock(p, broadcast);
    if (!orders)
        return;
    if (repetition > orders->allowed)
        orders->allowed = repetition;
    orders_unlock(p);
}

void playout_release(struct playout *p, uint32_t broadcast)
{
    struct programme_orders *orders = orders_lock(p, broadcast);
    if (!orders)
        return;
    orders->released = true;
    orders_unlock(p);
}

void playout_words(struct playout *p, uint32_t broadcast, uint32_t language, const int16_t *frames, size_t n_frames)
{
    int16_t *copy = n_frames && language < PROGRAMME_WORDS ? malloc(n_frames * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, frames, n_frames * sizeof *copy);
    struct programme_orders *orders = language < PROGRAMME_WORDS ? orders_lock(p, broadcast) : NULL;
    if (orders && !orders->words[language].given) {
        orders->words[language] = (struct programme_words){true, copy, copy ? n_frames : 0};
        copy = NULL;
    }
    if (orders)
        orders_unlock(p);
    free(copy);
}

void playout_extend(struct playout *p, uint32_t broadcast, uint32_t more)
{
    struct programme_orders *orders = orders_lock(p, broadcast);
    if (!orders)
        return;
    orders->more += more;
    orders_unlock(p);
}

void playout_stop(struct playout *p, uint32_t broadcast)
{
    struct programme_orders *orders = orders_lock(p, broadcast);
    if (!orders)
        return;
    orders->stopped = true;
    orders_unlock(p);
}

void playout_end_library(void)
{
    snd_config_update_free_global();
}
