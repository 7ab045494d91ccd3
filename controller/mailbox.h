/* From any thread to the main loop: items are copied in by one, handed over in order on the other. */
#ifndef TOCSIN_CONTROLLER_MAILBOX_H
#define TOCSIN_CONTROLLER_MAILBOX_H

#include "codecs/base.h"

struct mailbox;
struct uv_loop_s;

/* Called on the main loop, once for each item: at once, or while many come at most 3 ms later. */
typedef void mailbox_fn(void *context, const void *item);

struct mailbox *mailbox_create(struct uv_loop_s *loop, size_t item_size, mailbox_fn *deliver, void *context,
                               struct error *error);

/* Any thread; never blocks on I/O. False without memory (the item is lost). */
bool mailbox_push(struct mailbox *mailbox, const void *item);

/* Main loop: what is still inside is dropped. The writers must have ended. NULL is allowed. */
void mailbox_close(struct mailbox *mailbox);

#endif
