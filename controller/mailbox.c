/* A list under a mutex, and uv_async_send to wake the loop. */
#include "controller/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct item {
    struct item *next;
    max_align_t data[];
};

struct mailbox {
    uv_async_t wake;
    pthread_mutex_t lock;
    struct item *first, **last;
    size_t item_size;
    mailbox_fn *deliver;
    void *context;
};

static struct item *take_all(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    struct item *items = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = &mailbox->first;
    pthread_mutex_unlock(&mailbox->lock);
    return items;
}

static void on_wake(uv_async_t *wake)
{
    struct mailbox *mailbox = wake->data;
    for (struct item *item = take_all(mailbox), *next; item; item = next) {
        next = item->next;
        mailbox->deliver(mailbox->context, item->data);
        free(item);
    }
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
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->wake.data = mailbox;
    mailbox->last = &mailbox->first;
    mailbox->item_size = item_size;
    mailbox->deliver = deliver;
    mailbox->context = context;
    return mailbox;
}

bool mailbox_push(struct mailbox *mailbox, const void *data)
{
    struct item *item = malloc(sizeof *item + mailbox->item_size);
    if (!item)
        return false;
    item->next = NULL;
    memcpy(item->data, data, mailbox->item_size);
    pthread_mutex_lock(&mailbox->lock);
    *mailbox->last = item;
    mailbox->last = &item->next;
    pthread_mutex_unlock(&mailbox->lock);
    uv_async_send(&mailbox->wake);
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct mailbox *mailbox = handle->data;
    for (struct item *item = take_all(mailbox), *next; item; item = next) {
        next = item->next;
        free(item);
    }
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

void mailbox_close(struct mailbox *mailbox)
{
    if (mailbox)
        uv_close((uv_handle_t *)&mailbox->wake, on_closed);
}
