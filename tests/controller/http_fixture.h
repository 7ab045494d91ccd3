/* A server on this thread's loop with handlers of every kind, and clients that are plain blocking sockets on a thread of their
 * own. Each test program of the HTTP server includes it once. */
#ifndef TOCSIN_TESTS_HTTP_FIXTURE_H
#define TOCSIN_TESTS_HTTP_FIXTURE_H

#include "controller/http_private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LATE_MAX = 64 };

struct fixture {
    char folder[64], socket[96], token_file[96], token[128];
    uv_loop_t loop;
    struct http *http;
    struct http_settings settings;
    uv_timer_t timer; /* a test's own, each millisecond */
    uv_async_t done;  /* from the client's thread */
    bool is_done;
    void (*client)(struct fixture *f);
    struct http_request *late[LATE_MAX];
    int n_late, n_wanted; /* answered, last first, when so many wait */
    struct http_stream *stream;
    int n_streams, n_closed, n_echoed;
    bool may_leave, has_left;
    pid_t peer;
};

struct reply {
    int status;
    char head[4096];
    char body[70000];
    size_t n_body;
};

/* --- handlers --- */

static inline void handle_health(void *context, struct http_request *request)
{
    (void)context;
    http_reply_json(request, 200, json_pack("{s:s}", "status", "ok"));
}

static inline void handle_who(void *context, struct http_request *request)
{
    (void)context;
    const char *query = http_query(request, "format"), *header = http_header(request, "X-Test");
    http_reply_json(request, 200,
                    json_pack("{s:s, s:s, s:s*, s:s*}", "user", http_user(request), "id", http_id(request), "query", query,
                              "header", header));
}

static inline void handle_echo(void *context, struct http_request *request)
{
    struct fixture *f = context;
    f->n_echoed++;
    http_reply_text(request, 200, "text/plain", http_body(request));
}

/* What came, and whether it lies in a file that has no name. */
static inline void handle_package(void *context, struct http_request *request)
{
    (void)context;
    struct slice body = http_body(request);
    struct stat status = {0};
    size_t good = 0;
    while (good < body.size && body.data[good] == 'b')
        good++;
    bool nameless = request->body.spooled && fstat(request->body.spool, &status) == 0 && status.st_nlink == 0;
    http_reply_json(request, 200, json_pack("{s:I, s:b}", "good", (json_int_t)good, "spooled", nameless));
}

static inline void handle_problem(void *context, struct http_request *request)
{
    (void)context;
    http_reply_problem(request, 422, "area_not_ours", "no \"terminal\" in %s", "360404");
}

static inline void handle_late(void *context, struct http_request *request)
{
    struct fixture *f = context;
    f->late[f->n_late++] = request;
    if (f->n_late < f->n_wanted)
        return;
    while (f->n_late > 0) {
        struct http_request *one = f->late[--f->n_late];
        http_reply_json(one, 200, json_pack("{s:s}", "id", http_id(one)));
    }
}

static inline void on_stream_closed(void *context)
{
    struct fixture *f = context;
    f->n_closed++;
    f->stream = NULL;
}

static inline void handle_events(void *context, struct http_request *request)
{
    struct fixture *f = context;
    f->stream = http_reply_stream(request, on_stream_closed, f);
    assert_non_null(f->stream);
    f->n_streams++;
}

static const struct http_route routes[] = {
    {"GET", "/healthz", 0, true, handle_health},
    {"GET", "/v1/who", 0, false, handle_who},
    {"GET", "/v1/alerts/{id}", 0, false, handle_who},
    {"GET", "/v1/alerts/{id}/deliveries", 0, false, handle_who},
    {"POST", "/v1/echo", 60000, false, handle_echo},
    {"GET", "/v1/echo", 0, false, handle_who},
    {"POST", "/v1/large", 1 << 20, false, handle_echo},
    {"GET", "/v1/problem", 0, false, handle_problem},
    {"POST", "/v1/package", 8 << 20, false, handle_package},
    {"GET", "/v1/late/{id}", 0, false, handle_late},
    {"GET", "/v1/events", 0, false, handle_events},
};

/* --- the fixture --- */

static inline void start(struct fixture *f)
{
    struct error error = {0};
    f->http = http_start(&f->settings, routes, sizeof routes / sizeof *routes, f, &f->loop, &error);
    if (!f->http)
        fail_msg("%s", error.message);
    text_copy(f->token, sizeof f->token, f->http->token);
}

static inline void on_client_done(uv_async_t *async)
{
    struct fixture *f = async->data;
    f->is_done = true;
}

static inline void stop(struct fixture *f)
{
    http_stop(f->http);
    f->http = NULL;
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/test_http.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->socket, sizeof f->socket, "%s/s", f->folder);
    snprintf(f->token_file, sizeof f->token_file, "%s/token", f->folder);
    f->settings = (struct http_settings){.socket_path = f->socket,
                                         .socket_group = "no-such-group",
                                         .tcp = true,
                                         .token_file = f->token_file,
                                         .spool_folder = f->folder};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    uv_async_init(&f->loop, &f->done, on_client_done);
    uv_timer_init(&f->loop, &f->timer);
    f->done.data = f->timer.data = f;
    f->n_wanted = 1;
    start(f);
    *state = f;
    return 0;
}

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->http)
        stop(f);
    uv_close((uv_handle_t *)&f->done, NULL);
    uv_close((uv_handle_t *)&f->timer, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    assert_int_equal(access(f->socket, F_OK), -1);
    nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static inline void *run_client(void *context)
{
    struct fixture *f = context;
    f->client(f);
    uv_async_send(&f->done);
    return NULL;
}

/* Runs client on a thread of its own and the loop on this one until it has ended. */
static inline void with_client(struct fixture *f, void (*client)(struct fixture *f))
{
    pthread_t thread;
    f->client = client;
    f->is_done = false;
    assert_int_equal(pthread_create(&thread, NULL, run_client, f), 0);
    while (!f->is_done)
        uv_run(&f->loop, UV_RUN_ONCE);
    pthread_join(thread, NULL);
}

/* --- a client --- */

#define CHECK(condition)                                                                                                       \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                    \
            abort(); /* cmocka cannot leave another thread */                                                                  \
        }                                                                                                                      \
    } while (0)

static inline int connect_unix(const struct fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    text_copy(address.sun_path, sizeof address.sun_path, f->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static inline int connect_tcp(const struct fixture *f)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(http_port(f->http)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* False if the other side has closed. */
static inline bool send_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

static inline bool send_text(int fd, const char *text)
{
    return send_all(fd, text, strlen(text));
}

/* The value of a header, copied; "" without. */
static const char *header_of(const struct reply *reply, const char *name, char value[256])
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\n%s: ", name);
    const char *at = strcasestr(reply->head, wanted);
    value[0] = '\0';
    if (at)
        snprintf(value, 256, "%.*s", (int)strcspn(at + strlen(wanted), "\r\n"), at + strlen(wanted));
    return value;
}

static inline void read_head(int fd, struct reply *reply)
{
    size_t n = 0;
    *reply = (struct reply){0};
    while (n < sizeof reply->head - 1 && recv(fd, reply->head + n, 1, 0) == 1) {
        reply->head[++n] = '\0';
        if (n >= 4 && strcmp(reply->head + n - 4, "\r\n\r\n") == 0)
            break;
    }
    if (n > 12)
        reply->status = (int)strtol(reply->head + 9, NULL, 10);
}

/* One answer; status 0: the connection was closed without one. */
static inline struct reply *read_reply(int fd, struct reply *reply)
{
    char value[256];
    read_head(fd, reply);
    if (reply->status == 100)
        read_head(fd, reply);
    size_t size = strtoul(header_of(reply, "Content-Length", value), NULL, 10);
    CHECK(size < sizeof reply->body);
    while (reply->n_body < size) {
        ssize_t n = recv(fd, reply->body + reply->n_body, size - reply->n_body, 0);
        CHECK(n > 0);
        reply->n_body += (size_t)n;
    }
    return reply;
}

/* Sends one request on a connection of its own, and checks the status of the answer. */
static inline void ask(int fd, const char *request, int status, struct reply *reply)
{
    CHECK(send_text(fd, request));
    read_reply(fd, reply);
    if (reply->status != status)
        fprintf(stderr, "%s-> %d instead of %d: %s\n", request, reply->status, status, reply->body);
    CHECK(reply->status == status);
    close(fd);
}

static inline void get(const struct fixture *f, const char *path, int status, struct reply *reply)
{
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    ask(connect_unix(f), request, status, reply);
}

static inline bool is_problem(const struct reply *reply, const char *code)
{
    char value[256];
    json_t *body = json_loads(reply->body, 0, NULL);
    const char *got = json_string_value(json_object_get(body, "code"));
    bool same = strcmp(header_of(reply, "Content-Type", value), "application/problem+json") == 0 && got &&
                strcmp(got, code) == 0 && json_integer_value(json_object_get(body, "status")) == reply->status &&
                strncmp(json_string_value(json_object_get(body, "type")), "about:blank#", 12) == 0;
    json_decref(body);
    return same;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
