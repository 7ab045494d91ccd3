/* Event streams: a listener is first brought up to date from the store, then told what is committed. */
#include "controller/api_intern.h"

#include <stdlib.h>
#include <string.h>

enum {
    REPLAY_PAGE = 100,         /* events asked for at once */
    REPLAY_BYTES = 128 * 1024, /* sent at once, and one event more: well within a stream's backlog */
};

/* The number in "epoch:seq"; 0 where there is none. */
static int64_t number_of(const char *id)
{
    const char *colon = strchr(id, ':');
    return colon ? strtoll(colon + 1, NULL, 10) : 0;
}

struct listener {
    struct listener *next;
    struct api *api;
    struct http_stream *stream; /* NULL once the client is gone */
    char last[64];              /* id of the last event sent while the past is replayed */
    bool asking;                /* a page is on its way from the store */
    bool live;                  /* told what is committed; false until the past was sent */
};

static void free_listener(struct listener *listener)
{
    for (struct listener **at = &listener->api->listeners; *at; at = &(*at)->next)
        if (*at == listener) {
            *at = listener->next;
            break;
        }
    free(listener);
}

static void on_closed(void *context)
{
    struct listener *listener = context;
    listener->stream = NULL;
    if (!listener->asking)
        free_listener(listener);
}

static void on_page(void *context, json_t *result, const struct error *error);

static void ask_page(struct listener *listener)
{
    listener->asking = true;
    store_list_events(listener->api->store, listener->last, REPLAY_PAGE, on_page, listener);
}

/* The client has taken what it was sent: the next page of the past, if it is not in the present yet. */
static void on_drained(void *context)
{
    struct listener *listener = context;
    if (!listener->live && !listener->asking)
        ask_page(listener);
}

/* What followed the client's id is not to be had: it gets what is so now. This may be large; what came after the last event of
 * the answer follows when it is taken. */
static void send_reset(struct listener *listener, const json_t *result)
{
    const struct desk *desk = listener->api->desk;
    const char *last = json_string_value(json_object_get(result, "last"));
    json_t *reset = json_pack("{s:o, s:o, s:o}", "alerts", desk_live_alerts(desk), "terminals",
                              site_terminals_json(desk_site(desk)), "lines", site_lines_json(desk_site(desk)));
    text_copy(listener->last, sizeof listener->last, last ? last : "0:0");
    http_stream_send(listener->stream, listener->last, "reset", reset);
    json_decref(reset);
    listener->live = !last; /* the store does not answer: at least what is new */
}

/* As much as may wait; the rest follows when this is taken. True if nothing waits and there is more all the same: what was told
 * to the others since the store looked. */
static bool send_page(struct listener *listener, const json_t *events)
{
    const json_t *event;
    size_t i;
    json_array_foreach(events, i, event)
    {
        if (http_stream_waiting(listener->stream) > REPLAY_BYTES)
            break;
        const char *id = json_string_value(json_object_get(event, "id"));
        text_copy(listener->last, sizeof listener->last, id ? id : "");
        http_stream_send(listener->stream, listener->last, json_string_value(json_object_get(event, "type")),
                         json_object_get(event, "data"));
    }
    bool all = i == json_array_size(events) && i < REPLAY_PAGE;
    bool missed = number_of(listener->last) < listener->api->told;
    listener->live = all && !missed;
    return all && missed;
}

static void on_page(void *context, json_t *result, const struct error *error)
{
    struct listener *listener = context;
    (void)error;
    listener->asking = false;
    if (!listener->stream) { /* went while we asked */
        free_listener(listener);
        json_decref(result);
        return;
    }
    bool more = false;
    if (!result || json_is_true(json_object_get(result, "reset")))
        send_reset(listener, result);
    else
        more = send_page(listener, json_object_get(result, "events"));
    json_decref(result);
    if (more)
        ask_page(listener);
}

void api_get_events(void *context, struct http_request *request)
{
    struct api *api = context;
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
        return;
    }
    const char *last = http_header(request, "Last-Event-ID");
    text_copy(listener->last, sizeof listener->last, last ? last : "");
    listener->api = api;
    listener->live = !last;
    listener->next = api->listeners;
    api->listeners = listener;
    listener->stream = http_reply_stream(request, on_closed, listener);
    if (!listener->stream) { /* refused, and answered */
        free_listener(listener);
        return;
    }
    http_stream_set_drained(listener->stream, on_drained);
    if (!listener->live)
        ask_page(listener);
}

/* What a listener had from the store already is not told again. */
static void tell(struct listener *listener, const char *id, const char *type, const json_t *data)
{
    if (!listener->stream || !listener->live || (id && number_of(id) <= number_of(listener->last)))
        return;
    if (id)
        text_copy(listener->last, sizeof listener->last, id);
    http_stream_send(listener->stream, id, type, data);
}

void api_tell(void *context, const char *id, const char *type, const json_t *data)
{
    struct api *api = context;
    if (id)
        api->told = number_of(id);
    for (struct listener *listener = api->listeners, *next; listener; listener = next) {
        next = listener->next; /* a slow client may be dropped by the call */
        tell(listener, id, type, data);
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
