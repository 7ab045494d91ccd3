/* Parser of an event stream (text/event-stream; WHATWG HTML, 9.2.6). Pure: bytes in as they come, whole events out. */
#ifndef TOCSIN_CONTROLLER_CLI_SSE_H
#define TOCSIN_CONTROLLER_CLI_SSE_H

#include "codecs/base.h"

enum { SSE_EVENT_MAX = 16 * 1024 * 1024 }; /* bytes of one line and of one event's data: a snapshot has all terminals */

struct sse_event {
    const char *id;   /* the last id seen; "" before the first */
    const char *type; /* "message" where the stream names none */
    const char *data;
};

typedef void sse_event_fn(void *context, const struct sse_event *event);

struct sse;

struct sse *sse_create(sse_event_fn *event, void *context); /* NULL without memory */
void sse_free(struct sse *sse);                             /* NULL is allowed */

/* Takes the next bytes, cut anywhere. False when a line or an event is over SSE_EVENT_MAX or memory is out: drop the stream. */
bool sse_feed(struct sse *sse, struct slice bytes);

/* What a reconnect sends as Last-Event-ID; "" before the first id. */
const char *sse_last_id(const struct sse *sse);

/* A new connection begins: what was left of an unfinished event is dropped, the last id stays. */
void sse_restart(struct sse *sse);

#endif
