/* The daemon's API over its Unix socket, or over HTTP on 127.0.0.1 with a token (libcurl). */
#ifndef TOCSIN_CONTROLLER_CLI_CLIENT_H
#define TOCSIN_CONTROLLER_CLI_CLIENT_H

#include "codecs/base.h"

#define CLIENT_SOCKET "/run/tocsin/tocsin.sock"

struct client_settings {
    const char *socket;     /* path; used where url is NULL */
    const char *url;        /* "http://127.0.0.1:8080", or NULL */
    const char *token_file; /* NULL: no token is sent */
};

struct client;

/* Reads the token; connects to nothing yet. ERROR_INVALID or ERROR_IO with a reason. Close with client_close. */
struct client *client_open(const struct client_settings *settings, struct error *error);
void client_close(struct client *client); /* NULL is allowed */

/* "socket /run/tocsin/tocsin.sock" or the URL: for people. Lives as long as the client. */
const char *client_where(const struct client *client);

struct client_reply {
    long status; /* HTTP */
    char *text;  /* the body with a NUL after it; never NULL after success */
    size_t size;
};

/* One request, at most 30 s. True when there is an answer, whatever its status; the caller frees with client_reply_clear.
 * ERROR_DISCONNECTED: no connection or no whole answer. media_type NULL: no body. */
bool client_call(struct client *client, const char *method, const char *path, const char *media_type, struct slice body,
                 struct client_reply *reply, struct error *error);
void client_reply_clear(struct client_reply *reply);

/* An answer that goes on: the event stream. */
struct client_stream;
enum client_stream_state { STREAM_OPENING, STREAM_OPEN, STREAM_CLOSED };

/* Bytes as they come; false closes the stream. */
typedef bool client_bytes_fn(void *context, struct slice bytes);

/* Begins a GET of path. last_id: sent as Last-Event-ID unless empty. NULL without memory. */
struct client_stream *client_stream_open(struct client *client, const char *path, const char *last_id, client_bytes_fn *bytes,
                                         void *context, struct error *error);

/* Lets bytes come for at most timeout_ms, or until something happened, or until wake_fd (-1: none) is readable. OPEN from the
 * moment the daemon has answered 200. CLOSED: *error says why; *status is the HTTP status, 0 when there was no answer. */
enum client_stream_state client_stream_wait(struct client_stream *stream, int wake_fd, int timeout_ms, long *status,
                                            struct error *error);
void client_stream_close(struct client_stream *stream); /* NULL is allowed */

#endif
