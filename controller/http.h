/* The HTTP server: two libmicrohttpd daemons (127.0.0.1 and Unix socket) under one libuv loop, one table of routes.
 * It knows who is asking, bounds bodies, answers later if the handler wants, and streams events; it knows nothing of alerts. */
#ifndef TOCSIN_CONTROLLER_HTTP_H
#define TOCSIN_CONTROLLER_HTTP_H

#include "codecs/base.h"

#include <jansson.h>

struct uv_loop_s;
struct http;

/* One request; lives until it is answered (exactly one http_reply_* call, now or later, on the main loop). */
struct http_request;

typedef void http_handler_fn(void *context, struct http_request *request);

struct http_route {
    const char *method;  /* "GET" or "POST" */
    const char *pattern; /* "/v1/alerts/{id}/deliveries"; one {id} at most */
    size_t body_max;     /* bytes; 0: none wanted */
    bool open;           /* answered to strangers as well (healthz) */
    http_handler_fn *handler;
};

/* Asked before the handler of each request that is not a GET; false: it has answered. */
typedef bool http_guard_fn(void *context, struct http_request *request);

struct http_settings {
    const char *socket_path;
    const char *socket_group;
    bool tcp;
    uint16_t port;          /* 0: any free one */
    const char *token_file; /* made (0600) with a random token when it is not there */
    unsigned connections_max;
    http_guard_fn *guard;     /* NULL: none */
    const char *spool_folder; /* for bodies that are too large to be held in memory; NULL: all are */
};

struct http *http_start(const struct http_settings *settings, const struct http_route *routes, size_t n_routes, void *context,
                        struct uv_loop_s *loop, struct error *error);
uint16_t http_port(const struct http *http); /* the one in use; 0 without TCP */
/* Pending requests are told 503, streams end (closed is called). A handler may still make its reply afterwards. What libuv
 * holds is freed when the loop runs once more. NULL is allowed. */
void http_stop(struct http *http);

const char *http_id(const struct http_request *request);   /* what stood for {id}; "" without */
const char *http_user(const struct http_request *request); /* "root", "uid:1000", "token"; "" a stranger at an open route */
bool http_is_local(const struct http_request *request);    /* it came by the Unix socket */
const char *http_path(const struct http_request *request); /* its route's pattern */
const char *http_query(const struct http_request *request, const char *name);  /* NULL without */
const char *http_header(const struct http_request *request, const char *name); /* NULL without */
struct slice http_body(const struct http_request *request);

/* Each ends the request; body is taken over (json_decref) and text copied. */
void http_reply_json(struct http_request *request, unsigned status, json_t *body);
void http_reply_text(struct http_request *request, unsigned status, const char *media_type, struct slice text);
/* application/problem+json (RFC 9457): type "about:blank#CODE", title, status, detail; code such as "area_not_ours". */
void http_reply_problem(struct http_request *request, unsigned status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Turns the request into an event stream (text/event-stream) that lives until the client goes or http_stop. Slow clients are
 * dropped at a bounded backlog. closed is called once, on the main loop; from then on the stream is not there any more. NULL
 * (closed is then never called) when the server is stopping or out of memory; http_stream_send takes NULL. */
struct http_stream;
struct http_stream *http_reply_stream(struct http_request *request, void (*closed)(void *context), void *context);
/* drained is called (with the context of http_reply_stream, on the main loop) each time the client has taken all that was sent:
 * who has more than a backlog's worth sends the next part then. It may send, but not close. */
void http_stream_set_drained(struct http_stream *stream, void (*drained)(void *context));
size_t http_stream_waiting(const struct http_stream *stream); /* bytes that the client has not taken yet */
/* id NULL: without, so that the client's last id stays. */
void http_stream_send(struct http_stream *stream, const char *id, const char *type, const json_t *data);

#endif
