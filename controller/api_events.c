/* Event streams: a listener is first brought up to date from the store, then told what is committed. */
#include "controller/api_intern.h"

#include <stdlib.h>

enum { REPLAY_MAX = 100000 };

struct listener {
    struct listener *next;
    struct api *api;
    struct http_stream *stream; /* NULL once the client is gone */
    bool live;                  /* false until the replay was sent: the store answers queries and tells events in one order */
};

static void unlink_listener(struct listener *listener)
{
    for (struct listener **at = &listener->api->listeners; *at; at = &(*at)->next)
        if (*at == listener) {
            *at = listener->next;
            return;
        }
}

static void on_closed(void *context)
{
    struct listener *listener = context;
    listener->stream = NULL;
    if (listener->live) {
        unlink_listener(listener);
        free(listener);
    }
}

static void on_replay(void *context, json_t *result, const struct error *error)
{
    struct listener *listener = context;
    if (!listener->stream) { /* went while we asked */
        unlink_listener(listener);
        free(listener);
        json_decref(result);
        return;
    }
    (void)error;
    listener->live = true;
    if (!result || json_is_true(json_object_get(result, "reset"))) {
        json_t *reset = json_object();
        http_stream_send(listener->stream, NULL, "reset", reset);
        json_decref(reset);
    }
    json_t *event;
    size_t i;
    json_array_foreach(json_object_get(result, "events"), i, event)
    {
        if (!listener->stream)
            break;
        http_stream_send(listener->stream, json_string_value(json_object_get(event, "id")),
                         json_string_value(json_object_get(event, "type")), json_object_get(event, "data"));
    }
    json_decref(result);
}

void api_get_events(void *context, struct http_request *request)
{
    struct api *api = context;
    struct listener *listener = calloc(1, sizeof *listener);
    const char *last = http_header(request, "Last-Event-ID");
    if (!listener) {
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
        return;
    }
    listener->api = api;
    listener->live = !last;
    listener->next = api->listeners;
    api->listeners = listener;
    if (last) /* the header lives only until the request is answered */
        store_list_events(api->store, last, REPLAY_MAX, on_replay, listener);
    listener->stream = http_reply_stream(request, on_closed, listener);
    if (!listener->stream && listener->live) {
        unlink_listener(listener);
        free(listener);
    }
}

void api_tell(void *context, const char *id, const char *type, const json_t *data)
{
    struct api *api = context;
    for (struct listener *listener = api->listeners, *next; listener; listener = next) {
        next = listener->next; /* a slow client may be dropped by the call */
        if (listener->stream && listener->live)
            http_stream_send(listener->stream, id, type, data);
    }
}

void api_free(struct api *api)
{
    while (api && api->listeners) {
        struct listener *listener = api->listeners;
        api->listeners = listener->next;
        free(listener);
    }
    free(api);
}
