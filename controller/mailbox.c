/* Two lists, one filled under a mutex while the other is delivered, and uv_async_send to wake the loop. While letters keep
 * coming they are handed over every REST_MS: with thousands a second the loop would else do little but wake. */
#include "controller/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
    REST_MS = 2,
    KEPT = 64, /* letters; what a list needed beyond that while the loop was held up is given back */
};

struct letters {
    size_t n, room;
    uint8_t *bytes;
};

struct mailbox {
    uv_async_t wake;
    uv_timer_t rest;
    size_t item_size;
    mailbox_fn *deliver;
    void *context;
    struct letters out;   /* being delivered; the loop's alone */
    pthread_mutex_t lock; /* guards what follows */
    struct letters in;
    bool resting; /* the timer will look, nobody need wake the loop */
};

static void on_rest(uv_timer_t *rest);

static void hand_over(struct mailbox *mailbox)
{
    struct letters *out = &mailbox->out;
    pthread_mutex_lock(&mailbox->lock);
    struct letters full = mailbox->in;
    mailbox->in = (struct letters){.room = out->room, .bytes = out->bytes};
    mailbox->resting = full.n > 0;
    pthread_mutex_unlock(&mailbox->lock);
    *out = full;
    if (out->n > 0)
        uv_timer_start(&mailbox->rest, on_rest, REST_MS, 0);
    for (size_t i = 0; i < out->n; i++)
        mailbox->deliver(mailbox->context, out->bytes + i * mailbox->item_size);
    if (out->room > KEPT) {
        free(out->bytes);
        *out = (struct letters){0};
    }
}

static void on_rest(uv_timer_t *rest)
{
    hand_over(rest->data);
}

static void on_wake(uv_async_t *wake)
{
    hand_over(wake->data);
}

struct mailbox *mailbox_create(struct uv_loop_s *loop, size_t item_size, mailbox_fn *deliver, void *context,
                               struct error *error)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (!mailbox || uv_async_init(loop, &mailbox->wake, on_wake) != 0) {
        free(mailbox);
        error_set(error, ERROR_NO_MEMORY, "cannot make a mailbox");
        return NULL;
    }
    uv_timer_init(loop, &mailbox->rest); /* cannot fail */
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->wake.data = mailbox->rest.data = mailbox;
    mailbox->item_size = item_size;
    mailbox->deliver = deliver;
    mailbox->context = context;
    return mailbox;
}

/* Room for one more. */
static bool make_room(struct letters *letters, size_t item_size)
{
    if (letters->n < letters->room)
        return true;
    size_t room = letters->room > 0 ? letters->room * 2 : 4;
    uint8_t *bytes = realloc(letters->bytes, room * item_size);
    if (!bytes)
        return false;
    letters->bytes = bytes;
    letters->room = room;
    return true;
}

bool mailbox_push(struct mailbox *mailbox, const void *item)
{
    pthread_mutex_lock(&mailbox->lock);
    struct letters *in = &mailbox->in;
    bool room = make_room(in, mailbox->item_size), resting = mailbox->resting;
    if (room)
        memcpy(in->bytes + in->n++ * mailbox->item_size, item, mailbox->item_size);
    pthread_mutex_unlock(&mailbox->lock);
    if (room && !resting)
        uv_async_send(&mailbox->wake);
    return room;
}

static void on_rest_closed(uv_handle_t *handle)
{
    struct mailbox *mailbox = handle->data;
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox->in.bytes);
    free(mailbox->out.bytes);
    free(mailbox);
}

static void on_wake_closed(uv_handle_t *handle)
{
    struct mailbox *mailbox = handle->data;
    uv_close((uv_handle_t *)&mailbox->rest, on_rest_closed);
}

void mailbox_close(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    uv_timer_stop(&mailbox->rest);
    uv_close((uv_handle_t *)&mailbox->wake, on_wake_closed);
}
