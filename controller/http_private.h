/* What the files of the HTTP server share. Included by http*.c and their tests only. */
#ifndef TOCSIN_CONTROLLER_HTTP_PRIVATE_H
#define TOCSIN_CONTROLLER_HTTP_PRIVATE_H

#include "controller/http.h"

#include <microhttpd.h>
#include <sys/types.h>
#include <uv.h>

enum {
    HTTP_TOKEN_SIZE = 129,
    HTTP_USER_SIZE = 24,
    HTTP_ID_SIZE = 65,
    HTTP_MEMORY_MAX = 1024 * 1024, /* bytes of a body that are held in memory */
    HTTP_SLOWEST = 64,             /* bytes per millisecond: who sends a body this fast is given the time for it */
};

struct http_limits {
    int64_t request_ms;    /* from connecting, or from the last answer, until a whole request is here */
    int64_t heartbeat_ms;  /* of silence on a stream before a comment is sent */
    size_t stream_backlog; /* bytes that wait for a slow client, and one event more */
};

/* One of the two doors. */
struct http_door {
    struct http *http;
    struct MHD_Daemon *daemon; /* NULL: not opened */
    uv_poll_t poll;
    bool tcp;
    unsigned room, n; /* connections it may have, and has */
};

/* A client's connection, from accept to close. */
struct http_connection {
    struct http_connection *next, **link;
    struct http_door *door;
    int fd;
    struct mono since; /* when it began to owe us a request */
    size_t n_body;     /* bytes of the body that have come */
    bool busy;         /* a whole request is here and not yet answered */
    bool peer_checked, peer_allowed;
    char user[HTTP_USER_SIZE]; /* on the Unix socket: who the peer is */
};

struct http_body {
    char *bytes; /* in memory, or mapped once it is whole */
    size_t n, capacity;
    bool spooled;
    int spool; /* only if spooled */
};

/* Owned by two: libmicrohttpd until it has finished, the handler until it has answered. The later of both frees it. */
struct http_request {
    struct http_request *next, **link; /* among those that libmicrohttpd has not finished */
    struct http *http;
    struct MHD_Connection *mhd; /* NULL: finished */
    struct http_connection *connection;
    bool local;
    const struct http_route *route;
    char id[HTTP_ID_SIZE], user[HTTP_USER_SIZE];
    struct http_body body;
    size_t n_discarded;
    struct MHD_Response *response; /* made, not yet queued */
    unsigned status;
    struct http_stream *stream;
    bool queued;       /* libmicrohttpd has the response */
    bool handled;      /* the handler was called */
    bool with_handler; /* the handler owes an answer */
    bool suspended;
};

struct http_stream {
    struct http_stream *next, **link;
    struct http *http;
    struct http_request *request; /* NULL: the client is gone */
    char *backlog;                /* bytes from begin to end wait to be sent */
    size_t begin, end, capacity;
    struct mono sent;
    bool suspended, dropped, ending;
    void (*closed)(void *context);
    void (*drained)(void *context); /* NULL: nobody asks */
    void *context;
};

struct http {
    struct http_door doors[2]; /* Unix socket, TCP */
    const struct http_route *routes;
    size_t n_routes;
    void *context;
    http_guard_fn *guard;
    struct http_limits limits;
    char token[HTTP_TOKEN_SIZE];
    char *socket_path, *spool_folder; /* NULL: nothing is spooled */
    dev_t socket_device;              /* the socket that we made, and no other, is removed at the end */
    ino_t socket_inode;
    gid_t group;
    bool has_group;
    uint16_t port;
    uv_loop_t *loop;
    uv_timer_t timer; /* libmicrohttpd's next time-out */
    uv_timer_t tick;  /* heartbeats and slow requests, once a second */
    uv_idle_t again;  /* active: run libmicrohttpd once more in this turn of the loop */
    int n_handles;
    bool stopping;
    struct http_connection *connections;
    struct http_request *requests;
    struct http_stream *streams;
};

/* http.c */
void http_wake(struct http *http); /* after every resume */

/* http_listen.c: sockets that listen; -1 with *error set. */
int http_listen_unix(struct http *http, const char *group, struct error *error);
int http_listen_tcp(uint16_t *port, struct error *error);
void http_unlisten_unix(const struct http *http);

/* http_auth.c */
bool http_load_token(const char *path, char token[HTTP_TOKEN_SIZE], struct error *error);
/* Who is asking; false: nobody whom we know. */
bool http_login(struct http_request *request);
bool http_host_is_local(struct http_request *request);

/* http_request.c: callbacks of libmicrohttpd. */
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
                                const char *upload, size_t *upload_size, void **state);
void http_on_completed(void *cls, struct MHD_Connection *mhd, void **state, enum MHD_RequestTerminationCode code);
void http_answer_all(struct http *http); /* what is pending gets 503 */
struct MHD_Response *http_make_problem(unsigned status, const char *code, const char *detail);
/* The handler's answer, given now or by resuming the connection; response is taken over. */
void http_answer(struct http_request *request, unsigned status, struct MHD_Response *response);

/* http_body.c. Adds a piece; expected: bytes of the whole body as far as is known. False: no memory, or no room on the disk. */
bool http_body_add(struct http_body *body, const char *folder, const char *data, size_t size, size_t expected);
bool http_body_end(struct http_body *body); /* it is whole: bytes and n can be read */
void http_body_free(struct http_body *body);

/* http_stream.c */
void http_sweep_streams(struct http *http, struct mono now);
void http_end_streams(struct http *http);

#endif
