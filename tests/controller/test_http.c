/* The HTTP server: who may ask, what is refused, late answers, event streams, and clients that misbehave.
 * The server runs on this thread's loop; each test's client is a plain blocking socket on a thread of its own. */
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
    bool seen_gone;
    pid_t peer;
};

struct reply {
    int status;
    char head[4096];
    char body[70000];
    size_t n_body;
};

/* --- handlers --- */

static void handle_health(void *context, struct http_request *request)
{
    (void)context;
    http_reply_json(request, 200, json_pack("{s:s}", "status", "ok"));
}

static void handle_who(void *context, struct http_request *request)
{
    (void)context;
    const char *query = http_query(request, "format"), *header = http_header(request, "X-Test");
    http_reply_json(request, 200,
                    json_pack("{s:s, s:s, s:s*, s:s*}", "user", http_user(request), "id", http_id(request), "query", query,
                              "header", header));
}

static void handle_echo(void *context, struct http_request *request)
{
    struct fixture *f = context;
    f->n_echoed++;
    http_reply_text(request, 200, "text/plain", http_body(request));
}

static void handle_problem(void *context, struct http_request *request)
{
    (void)context;
    http_reply_problem(request, 422, "area_not_ours", "no \"terminal\" in %s", "360404");
}

static void handle_late(void *context, struct http_request *request)
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

static void on_stream_closed(void *context)
{
    struct fixture *f = context;
    f->n_closed++;
    f->stream = NULL;
}

static void handle_events(void *context, struct http_request *request)
{
    struct fixture *f = context;
    f->stream = http_reply_stream(request, on_stream_closed, f);
    assert_non_null(f->stream);
    f->n_streams++;
}

static const struct http_route routes[] = {
    {"GET", "/healthz", 0, true, handle_health},        {"GET", "/v1/who", 0, false, handle_who},
    {"GET", "/v1/alerts/{id}", 0, false, handle_who},   {"GET", "/v1/alerts/{id}/deliveries", 0, false, handle_who},
    {"POST", "/v1/echo", 60000, false, handle_echo},    {"GET", "/v1/echo", 0, false, handle_who},
    {"POST", "/v1/large", 1 << 20, false, handle_echo}, {"GET", "/v1/problem", 0, false, handle_problem},
    {"GET", "/v1/late/{id}", 0, false, handle_late},    {"GET", "/v1/events", 0, false, handle_events},
};

/* --- the fixture --- */

static void start(struct fixture *f)
{
    struct error error = {0};
    f->http = http_start(&f->settings, routes, sizeof routes / sizeof *routes, f, &f->loop, &error);
    if (!f->http)
        fail_msg("%s", error.message);
    text_copy(f->token, sizeof f->token, f->http->token);
}

static void on_client_done(uv_async_t *async)
{
    struct fixture *f = async->data;
    f->is_done = true;
}

static void stop(struct fixture *f)
{
    http_stop(f->http);
    f->http = NULL;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/test_http.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->socket, sizeof f->socket, "%s/s", f->folder);
    snprintf(f->token_file, sizeof f->token_file, "%s/token", f->folder);
    f->settings = (struct http_settings){
        .socket_path = f->socket, .socket_group = "no-such-group", .tcp = true, .token_file = f->token_file};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    uv_async_init(&f->loop, &f->done, on_client_done);
    uv_timer_init(&f->loop, &f->timer);
    f->done.data = f->timer.data = f;
    f->n_wanted = 1;
    start(f);
    *state = f;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
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

static void *run_client(void *context)
{
    struct fixture *f = context;
    f->client(f);
    uv_async_send(&f->done);
    return NULL;
}

/* Runs client on a thread of its own and the loop on this one until it has ended. */
static void with_client(struct fixture *f, void (*client)(struct fixture *f))
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

static int connect_unix(const struct fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    text_copy(address.sun_path, sizeof address.sun_path, f->socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static int connect_tcp(const struct fixture *f)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(http_port(f->http)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* False if the other side has closed. */
static bool send_all(int fd, const char *text, size_t size)
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

static bool send_text(int fd, const char *text)
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

static void read_head(int fd, struct reply *reply)
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
static struct reply *read_reply(int fd, struct reply *reply)
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
static void ask(int fd, const char *request, int status, struct reply *reply)
{
    CHECK(send_text(fd, request));
    read_reply(fd, reply);
    if (reply->status != status)
        fprintf(stderr, "%s-> %d instead of %d: %s\n", request, reply->status, status, reply->body);
    CHECK(reply->status == status);
    close(fd);
}

static void get(const struct fixture *f, const char *path, int status, struct reply *reply)
{
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    ask(connect_unix(f), request, status, reply);
}

static bool is_problem(const struct reply *reply, const char *code)
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

/* --- who may ask --- */

static void ask_tcp(const struct fixture *f, const char *path, const char *headers, int status, struct reply *reply)
{
    char request[1024];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s\r\n", path, headers);
    ask(connect_tcp(f), request, status, reply);
}

static void tokens(struct fixture *f)
{
    struct reply reply;
    char headers[512], value[256], wrong[128];
    ask_tcp(f, "/v1/who", "Host: localhost\r\n", 401, &reply);
    CHECK(is_problem(&reply, "not_logged_in"));
    CHECK(strncmp(header_of(&reply, "WWW-Authenticate", value), "Bearer", 6) == 0);
    ask_tcp(f, "/v1/nowhere", "Host: localhost\r\n", 401, &reply); /* strangers do not learn what there is */
    ask_tcp(f, "/healthz", "Host: localhost\r\n", 200, &reply);
    snprintf(headers, sizeof headers, "Host: 127.0.0.1:1\r\nAuthorization: Bearer %s\r\n", f->token);
    ask_tcp(f, "/v1/who", headers, 200, &reply);
    CHECK(strstr(reply.body, "\"user\":\"token\""));
    text_copy(wrong, sizeof wrong, f->token);
    wrong[63] = wrong[63] == '0' ? '1' : '0';
    const char *const bad[] = {wrong, "", "0", "null"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(headers, sizeof headers, "Host: localhost\r\nAuthorization: Bearer %s\r\n", bad[i]);
        ask_tcp(f, "/v1/who", headers, 401, &reply);
    }
    snprintf(headers, sizeof headers, "Host: localhost\r\nAuthorization: Bearer %sx\r\n", f->token);
    ask_tcp(f, "/v1/who", headers, 401, &reply);
    snprintf(headers, sizeof headers, "Host: localhost\r\nAuthorization: Basic %s\r\n", f->token);
    ask_tcp(f, "/v1/who", headers, 401, &reply);
}

static void tokens_on_tcp(void **state)
{
    with_client(*state, tokens);
}

static void hosts(struct fixture *f)
{
    static const struct {
        const char *host;
        int status;
    } cases[] = {
        {"127.0.0.1", 200}, {"localhost:8080", 200},    {"LocalHost", 200},  {"[::1]:80", 200},      {"evil.example", 421},
        {"", 421},          {"localhost.evil.cn", 421}, {"127.0.0.1:", 421}, {"127.0.0.1:80x", 421}, {"127.0.0.11", 421},
    };
    struct reply reply;
    char headers[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(headers, sizeof headers, "Host: %s\r\nAuthorization: Bearer %s\r\n", cases[i].host, f->token);
        ask_tcp(f, "/v1/who", headers, cases[i].status, &reply);
        ask_tcp(f, "/healthz", headers, cases[i].status, &reply);
    }
    CHECK(is_problem(&reply, "wrong_host"));
    ask(connect_tcp(f), "GET /healthz HTTP/1.0\r\n\r\n", 421, &reply);
}

static void foreign_hosts_are_refused(void **state)
{
    with_client(*state, hosts);
}

static void own_user(struct fixture *f)
{
    struct reply reply;
    char wanted[64];
    get(f, "/v1/who", 200, &reply);
    if (geteuid() == 0)
        strcpy(wanted, "\"user\":\"root\"");
    else
        snprintf(wanted, sizeof wanted, "\"user\":\"uid:%u\"", geteuid());
    CHECK(strstr(reply.body, wanted));
    ask(connect_unix(f), "GET /v1/who HTTP/1.1\r\nHost: tocsin\r\n\r\n", 200, &reply); /* no page can reach this socket */
}

static void own_user_on_socket(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    with_client(f, own_user);
    assert_int_equal(stat(f->socket, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
}

/* A child of another user asks; its exit status is the answer's status less 200. */
static void wait_for_peer(struct fixture *f)
{
    int status;
    CHECK(waitpid(f->peer, &status, 0) == f->peer && WIFEXITED(status));
    f->n_echoed = WEXITSTATUS(status) + 200;
}

static int ask_as(struct fixture *f, uid_t uid, gid_t gid)
{
    f->peer = fork();
    assert_true(f->peer >= 0);
    if (f->peer == 0) {
        struct reply reply;
        if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
            _exit(99);
        int fd = connect_unix(f);
        send_text(fd, "GET /v1/who HTTP/1.1\r\nHost: localhost\r\n\r\n");
        _exit(read_reply(fd, &reply)->status - 200);
    }
    with_client(f, wait_for_peer);
    return f->n_echoed;
}

static void peers_are_checked(void **state)
{
    struct fixture *f = *state;
    const struct group *group = getgrnam("nogroup");
    if (geteuid() != 0 || !group)
        skip(); /* only root can be somebody else */
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(chmod(f->socket, 0666), 0); /* so that only the peer check stands in the way */
    assert_int_equal(ask_as(f, 65534, 65534), 401);
    stop(f);
    f->settings.socket_group = "nogroup";
    start(f);
    struct stat status;
    assert_int_equal(stat(f->socket, &status), 0);
    assert_int_equal(status.st_gid, group->gr_gid);
    assert_int_equal(chmod(f->socket, 0666), 0);
    assert_int_equal(ask_as(f, 65534, 65534), 200); /* by its own group */
    assert_int_equal(ask_as(f, 65534, 1), 200);     /* nobody is in nogroup, says the system */
    assert_int_equal(ask_as(f, 1, 1), 401);
    assert_int_equal(ask_as(f, 54321, 1), 401); /* a user whom nobody knows */
}

/* --- paths and bodies --- */

static void paths(struct fixture *f)
{
    struct reply reply;
    char value[256], path[200] = "/v1/alerts/";
    get(f, "/v1/alerts/20261122T032000Z-0001", 200, &reply);
    CHECK(strstr(reply.body, "\"id\":\"20261122T032000Z-0001\""));
    CHECK(strcmp(header_of(&reply, "Content-Type", value), "application/json") == 0);
    CHECK(strcmp(header_of(&reply, "Cache-Control", value), "no-store") == 0);
    get(f, "/v1/alerts/a/deliveries?format=csv&x", 200, &reply);
    CHECK(strstr(reply.body, "\"query\":\"csv\""));
    ask(connect_unix(f), "GET /v1/who HTTP/1.1\r\nHost: x\r\nx-test: yes\r\n\r\n", 200, &reply);
    CHECK(strstr(reply.body, "\"header\":\"yes\"") && !strstr(reply.body, "query"));
    const char *const missing[] = {"/", "/v1", "/v1/alerts/", "/v1/alerts/a/b", "/v1/alerts/a/deliveries/", "/v1/whox", "//"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        get(f, missing[i], 404, &reply);
        CHECK(is_problem(&reply, "not_found"));
    }
    memset(path + 11, 'a', 100);
    get(f, path, 404, &reply);
    ask(connect_unix(f), "DELETE /v1/echo HTTP/1.1\r\nHost: x\r\n\r\n", 405, &reply);
    CHECK(is_problem(&reply, "method_not_allowed"));
    CHECK(strcmp(header_of(&reply, "Allow", value), "POST, GET") == 0);
    ask(connect_unix(f), "POST /v1/who HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405, &reply);
    get(f, "/v1/problem", 422, &reply);
    CHECK(is_problem(&reply, "area_not_ours"));
    CHECK(strstr(reply.body, "no \\\"terminal\\\" in 360404"));
}

static void paths_and_methods(void **state)
{
    with_client(*state, paths);
}

static void post(int fd, const char *path, const char *extra, size_t size)
{
    char head[256], *body = malloc(size + 1);
    snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n", path, size, extra);
    memset(body, 'b', size);
    CHECK(send_text(fd, head) && send_all(fd, body, size));
    free(body);
}

static void bodies(struct fixture *f)
{
    struct reply reply;
    int fd = connect_unix(f);
    post(fd, "/v1/echo", "", 60000);
    CHECK(read_reply(fd, &reply)->status == 200 && reply.n_body == 60000 && reply.body[59999] == 'b');
    post(fd, "/v1/echo", "", 0); /* on the same connection */
    CHECK(read_reply(fd, &reply)->status == 200 && reply.n_body == 0);
    post(fd, "/v1/echo", "", 60001);
    CHECK(read_reply(fd, &reply)->status == 413 && is_problem(&reply, "too_large"));
    post(fd, "/v1/nowhere", "", 1000);
    CHECK(read_reply(fd, &reply)->status == 404);
    CHECK(send_text(fd,
                    "POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
    CHECK(read_reply(fd, &reply)->status == 200 && strcmp(reply.body, "abcde") == 0);
    CHECK(send_text(fd, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    read_head(fd, &reply);
    CHECK(reply.status == 100 && send_text(fd, "xyz"));
    CHECK(read_reply(fd, &reply)->status == 200 && strcmp(reply.body, "xyz") == 0);
    close(fd);
    /* refused by its head alone, before a byte of the body is sent */
    ask(connect_unix(f), "POST /v1/large HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413, &reply);
    ask(connect_unix(f), "POST /v1/large HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 413, &reply);
    ask(connect_tcp(f), "POST /v1/large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n", 401, &reply);
    ask(connect_tcp(f), "POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 401,
        &reply);
    CHECK(f->n_echoed == 4);
}

static void bodies_and_bounds(void **state)
{
    with_client(*state, bodies);
}

/* A chunked body does not say how long it will be: one a little too long is answered, an endless one is cut. */
static void chunks(struct fixture *f)
{
    struct reply reply;
    char chunk[10008];
    int fd = connect_unix(f);
    memset(chunk, 'c', sizeof chunk);
    memcpy(chunk, "2710\r\n", 6); /* 10000 */
    memcpy(chunk + 10006, "\r\n", 2);
    CHECK(send_text(fd, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 7; i++)
        CHECK(send_all(fd, chunk, sizeof chunk));
    CHECK(send_text(fd, "0\r\n\r\n") && read_reply(fd, &reply)->status == 413);
    CHECK(send_text(fd, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    int sent = 0;
    while (sent < 2000 && send_all(fd, chunk, sizeof chunk))
        sent++;
    CHECK(sent > 300 && sent < 2000);
    close(fd);
    get(f, "/healthz", 200, &reply);
}

static void endless_bodies_are_cut(void **state)
{
    struct fixture *f = *state;
    with_client(f, chunks);
    assert_int_equal(f->n_echoed, 0);
}

static void garbage(struct fixture *f)
{
    static const char *const lines[] = {
        "\x16\x03\x01\x02\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "GET /v1/who HTTP/1.1\r\nno colon here\r\n\r\n",
        "POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /%00%ff%2 HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    struct reply reply;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int fd = connect_unix(f);
        CHECK(send_text(fd, lines[i]));
        shutdown(fd, SHUT_WR);
        read_reply(fd, &reply);
        CHECK(reply.status == 0 || (reply.status >= 400 && reply.status < 600));
        close(fd);
        get(f, "/healthz", 200, &reply);
    }
    int fd = connect_unix(f);
    char filler[1001];
    memset(filler, 'h', 1000);
    memcpy(filler, "X: ", 3);
    memcpy(filler + 998, "\r\n", 3);
    send_text(fd, "GET /v1/who HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 40 && send_text(fd, filler); i++)
        continue;
    send_text(fd, "\r\n");
    read_reply(fd, &reply);
    CHECK(reply.status == 0 || reply.status == 431 || reply.status == 413);
    close(fd);
    get(f, "/healthz", 200, &reply);
}

static void garbage_is_survived(void **state)
{
    with_client(*state, garbage);
}

/* --- late answers --- */

static void many_late(struct fixture *f)
{
    int fds[20];
    struct reply reply;
    char text[128];
    for (int i = 0; i < 20; i++) {
        fds[i] = connect_unix(f);
        snprintf(text, sizeof text, "GET /v1/late/%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
        CHECK(send_text(fds[i], text));
    }
    for (int i = 0; i < 20; i++) {
        CHECK(read_reply(fds[i], &reply)->status == 200);
        snprintf(text, sizeof text, "{\"id\":\"%d\"}", i);
        CHECK(strcmp(reply.body, text) == 0);
        close(fds[i]);
    }
}

static void late_answers_find_their_clients(void **state)
{
    struct fixture *f = *state;
    f->n_wanted = 20;
    with_client(f, many_late);
}

static void leave_early(struct fixture *f)
{
    int fd = f->peer ? connect_tcp(f) : connect_unix(f);
    char request[512];
    snprintf(request, sizeof request, "GET /v1/late/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n",
             f->token);
    CHECK(send_text(fd, request));
    while (!__atomic_load_n(&f->seen_gone, __ATOMIC_ACQUIRE)) {
        struct pollfd nothing = {.fd = -1};
        poll(&nothing, 1, 1); /* the handler has it now: see on_probe */
    }
    close(fd);
}

/* Once the handler has the request it tells the client to go; once it is gone it answers. */
static void on_probe(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    if (f->n_late == 0)
        return;
    if (!f->seen_gone) {
        assert_false(http_gone(f->late[0]));
        __atomic_store_n(&f->seen_gone, true, __ATOMIC_RELEASE);
    }
    if (!http_gone(f->late[0]))
        return;
    f->n_late = 0;
    http_reply_json(f->late[0], 200, json_object());
    uv_timer_stop(timer);
}

static void client_gone_before_the_answer(void **state)
{
    struct fixture *f = *state;
    for (int tcp = 0; tcp < 2; tcp++) {
        uv_timer_start(&f->timer, on_probe, 1, 1);
        f->n_wanted = LATE_MAX;
        f->seen_gone = false;
        f->peer = tcp;
        with_client(f, leave_early);
        while (uv_is_active((uv_handle_t *)&f->timer) || f->http->requests)
            uv_run(&f->loop, UV_RUN_ONCE);
        assert_null(f->http->requests);
    }
}

static void told_to_go(struct fixture *f)
{
    struct reply reply;
    int fd = connect_unix(f);
    CHECK(send_text(fd, "GET /v1/late/x HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(read_reply(fd, &reply)->status == 503);
    CHECK(is_problem(&reply, "stopping"));
    close(fd);
}

static void on_stop(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    if (f->n_late == 0)
        return;
    stop(f);
    uv_timer_stop(timer);
}

/* The client is told; the handler's own answer comes after the server has gone, and harms nobody. */
static void stop_answers_what_is_pending(void **state)
{
    struct fixture *f = *state;
    uv_timer_start(&f->timer, on_stop, 1, 1);
    f->n_wanted = LATE_MAX;
    with_client(f, told_to_go);
    assert_int_equal(f->n_late, 1);
    assert_true(http_gone(f->late[0]));
    assert_string_equal(http_id(f->late[0]), "x");
    assert_null(http_header(f->late[0], "Host"));
    assert_null(http_reply_stream(f->late[0], on_stream_closed, f));
    assert_int_equal(f->n_closed, 0);
}

/* --- event streams --- */

enum { EVENTS = 300 };

struct line_reader {
    int fd;
    size_t begin, end;
    char buffer[4096];
};

/* One line without its end; NULL when the stream has ended. Chunk sizes of the transfer coding are lines too. */
static const char *read_line(struct line_reader *reader, char line[512])
{
    size_t n = 0;
    for (;;) {
        if (reader->begin == reader->end) {
            ssize_t got = recv(reader->fd, reader->buffer, sizeof reader->buffer, 0);
            if (got <= 0)
                return NULL;
            reader->begin = 0;
            reader->end = (size_t)got;
        }
        char c = reader->buffer[reader->begin++];
        if (c == '\n')
            break;
        if (c != '\r' && n < 511)
            line[n++] = c;
    }
    line[n] = '\0';
    return line;
}

/* Reads until a line that starts so; NULL when the stream has ended. */
static const char *read_to(struct line_reader *reader, const char *starts, char line[512])
{
    while (read_line(reader, line))
        if (strncmp(line, starts, strlen(starts)) == 0)
            return line;
    return NULL;
}

static void open_stream(struct fixture *f, struct line_reader *reader)
{
    char line[512];
    *reader = (struct line_reader){.fd = connect_unix(f)};
    CHECK(send_text(reader->fd, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(strstr(read_line(reader, line), "200"));
    CHECK(read_to(reader, "Content-Type: text/event-stream", line));
    CHECK(read_to(reader, "retry: ", line));
}

static void read_events(struct fixture *f)
{
    struct line_reader reader;
    char line[512], wanted[64];
    open_stream(f, &reader);
    for (int i = 0; i < EVENTS; i++) {
        snprintf(wanted, sizeof wanted, "id: e:%d", i);
        CHECK(read_to(&reader, "id: ", line) && strcmp(line, wanted) == 0);
        CHECK(strcmp(read_line(&reader, line), "event: line") == 0);
        snprintf(wanted, sizeof wanted, "data: {\"n\":%d,\"text\":\"two\\nlines\"}", i);
        CHECK(strcmp(read_line(&reader, line), wanted) == 0);
        CHECK(strcmp(read_line(&reader, line), "") == 0);
    }
    close(reader.fd);
}

/* One event each millisecond, until there were enough. */
static void on_next_event(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    char id[32];
    if (!f->stream || f->n_echoed == EVENTS)
        return;
    json_t *data = json_pack("{s:i, s:s}", "n", f->n_echoed, "text", "two\nlines");
    snprintf(id, sizeof id, "e:%d", f->n_echoed++);
    http_stream_send(f->stream, id, "line", data);
    json_decref(data);
}

static void events_in_order_and_at_once(void **state)
{
    struct fixture *f = *state;
    uv_timer_start(&f->timer, on_next_event, 1, 1);
    uint64_t began = uv_hrtime();
    with_client(f, read_events);
    assert_true(uv_hrtime() - began < 5000000000); /* without a run after each resume it took a second for three events */
    uv_timer_stop(&f->timer);
    f->http->limits.heartbeat_ms = 1; /* at each tick: finds that the client has gone */
    while (f->n_closed == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->n_streams, 1);
    assert_null(f->http->streams);
}

static void read_heartbeats(struct fixture *f)
{
    struct line_reader reader;
    char line[512];
    open_stream(f, &reader);
    CHECK(read_to(&reader, ":", line) && read_to(&reader, ":", line));
    close(reader.fd);
}

static void heartbeats_come_in_silence(void **state)
{
    struct fixture *f = *state;
    f->http->limits.heartbeat_ms = 100;
    f->http->limits.request_ms = 500; /* which does not hold for a stream */
    with_client(f, read_heartbeats);
}

/* Two clients: one reads all, the other nothing. */
static void read_one_of_two(struct fixture *f)
{
    struct line_reader slow, quick;
    char line[512];
    open_stream(f, &slow);
    open_stream(f, &quick);
    CHECK(read_to(&quick, "event: last", line));
    while (read_line(&slow, line))
        continue; /* the end comes, long before all that was sent */
    close(slow.fd);
    close(quick.fd);
}

static void on_flood(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    if (f->n_streams < 2)
        return;
    struct http_stream *quick = f->http->streams, *slow = quick->next; /* the newest is first */
    json_t *data =
        json_stringn("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 99);
    for (int i = 0; slow && f->n_closed == 0 && i < 500; i++)
        http_stream_send(slow, "e:1", "line", data);
    http_stream_send(quick, "e:1", f->n_closed ? "last" : "line", data);
    json_decref(data);
}

static void slow_client_is_dropped(void **state)
{
    struct fixture *f = *state;
    uv_timer_start(&f->timer, on_flood, 1, 1);
    with_client(f, read_one_of_two);
    assert_true(f->n_closed >= 1);
    uv_timer_stop(&f->timer);
}

static void read_to_the_end(struct fixture *f)
{
    struct line_reader reader;
    char line[512];
    open_stream(f, &reader);
    CHECK(read_to(&reader, "event: reset", line));
    CHECK(read_to(&reader, "0", line)); /* the last chunk: the end is a clean one */
    CHECK(!read_to(&reader, "x", line));
    close(reader.fd);
}

static void on_stop_stream(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    if (!f->stream)
        return;
    http_stream_send(f->stream, "e:1", "reset", NULL);
    stop(f);
    assert_int_equal(f->n_closed, 1);
    http_stream_send(f->stream, "e:2", "line", NULL); /* NULL is allowed */
    uv_timer_stop(timer);
}

static void stop_ends_streams(void **state)
{
    struct fixture *f = *state;
    uv_timer_start(&f->timer, on_stop_stream, 1, 1);
    with_client(f, read_to_the_end);
}

/* An id or type with a line break would forge a field. */
static void on_forged(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    if (f->stream)
        http_stream_send(f->stream, "e:1\ndata: forged", "line", NULL);
}

static void read_no_forgery(struct fixture *f)
{
    struct line_reader reader;
    char line[512];
    open_stream(f, &reader);
    CHECK(!read_to(&reader, "data:", line));
    close(reader.fd);
}

static void broken_framing_is_not_sent(void **state)
{
    struct fixture *f = *state;
    uv_timer_start(&f->timer, on_forged, 1, 1);
    with_client(f, read_no_forgery);
    uv_timer_stop(&f->timer);
}

/* --- many and slow connections --- */

static void hundred_at_once(struct fixture *f)
{
    int fds[100];
    struct reply reply;
    for (int i = 0; i < 100; i++)
        fds[i] = connect_unix(f);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++)
            CHECK(send_text(fds[i], "GET /v1/who HTTP/1.1\r\nHost: x\r\n\r\n"));
        for (int i = 0; i < 100; i++)
            CHECK(read_reply(fds[i], &reply)->status == 200);
    }
    for (int i = 0; i < 100; i++)
        close(fds[i]);
}

static void hundred_connections(void **state)
{
    with_client(*state, hundred_at_once);
}

static bool answers_within(int fd, int ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    return poll(&poller, 1, ms) == 1;
}

static void over_the_cap(struct fixture *f)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct reply reply;
    int first = connect_tcp(f), second = connect_tcp(f);
    CHECK(send_text(first, request) && read_reply(first, &reply)->status == 200);
    CHECK(send_text(second, request) && read_reply(second, &reply)->status == 200);
    int third = connect_tcp(f);
    CHECK(send_text(third, request) && !answers_within(third, 200));
    get(f, "/healthz", 200, &reply); /* the socket's door has its own share */
    close(first);
    CHECK(read_reply(third, &reply)->status == 200);
    close(second);
    close(third);
}

static void connections_are_capped(void **state)
{
    struct fixture *f = *state;
    stop(f);
    f->settings.connections_max = 4;
    start(f);
    with_client(f, over_the_cap);
}

/* Each sends a byte now and then, one in the head and one in the body; both are cut off. */
static void dawdle(struct fixture *f)
{
    struct reply reply;
    int head = connect_unix(f), body = connect_unix(f);
    CHECK(send_text(head, "GET /v1/who HTTP/1.1\r\nHost: "));
    CHECK(send_text(body, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n"));
    int sent = 0;
    while (sent < 200 && (send_text(head, "x") | send_text(body, "x"))) {
        sent++;
        struct pollfd nothing = {.fd = -1};
        poll(&nothing, 1, 50);
    }
    CHECK(sent < 200);
    close(head);
    close(body);
    get(f, "/healthz", 200, &reply);
}

static void slow_requests_are_cut_off(void **state)
{
    struct fixture *f = *state;
    f->http->limits.request_ms = 300;
    with_client(f, dawdle);
    assert_int_equal(f->n_echoed, 0);
}

/* --- files --- */

static void write_file(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void refuses_to_start(struct fixture *f, enum error_code code)
{
    struct error error = {0};
    assert_null(http_start(&f->settings, routes, sizeof routes / sizeof *routes, f, &f->loop, &error));
    assert_int_equal(error.code, code);
    assert_true(strlen(error.message) > 0);
}

static void token_file(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    char before[128];
    assert_int_equal(stat(f->token_file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 65);
    assert_int_equal(strspn(f->token, "0123456789abcdef"), 64);
    text_copy(before, sizeof before, f->token);
    stop(f);
    start(f);
    assert_string_equal(f->token, before); /* kept */
    stop(f);
    unlink(f->token_file);
    start(f);
    assert_string_not_equal(f->token, before);
    stop(f);
    assert_int_equal(chmod(f->token_file, 0640), 0);
    refuses_to_start(f, ERROR_DENIED);
    write_file(f->token_file, "", 0600);
    refuses_to_start(f, ERROR_INVALID);
    write_file(f->token_file, "short\n", 0600);
    refuses_to_start(f, ERROR_INVALID);
    f->settings.token_file = f->folder;
    refuses_to_start(f, ERROR_INVALID);
    f->settings.token_file = "/proc/nowhere/token";
    refuses_to_start(f, ERROR_IO);
}

static void sockets(void **state)
{
    struct fixture *f = *state;
    struct http *first = f->http;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint16_t port = http_port(first);
    assert_int_not_equal(port, 0);
    refuses_to_start(f, ERROR_CONFLICT); /* somebody listens */
    assert_int_equal(access(f->socket, F_OK), 0);
    stop(f);
    assert_int_equal(access(f->socket, F_OK), -1);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    text_copy(address.sun_path, sizeof address.sun_path, f->socket);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof address), 0);
    close(dead);
    start(f); /* nobody listened */
    with_client(f, own_user);
    f->settings.port = http_port(f->http);
    char other[96];
    snprintf(other, sizeof other, "%s/other", f->folder);
    f->settings.socket_path = other;
    refuses_to_start(f, ERROR_IO); /* the port is taken */
    assert_int_equal(access(other, F_OK), -1);
    stop(f);
    f->settings.port = 0;
    f->settings.tcp = false;
    start(f);
    assert_int_equal(http_port(f->http), 0);
    stop(f);
    write_file(other, "precious", 0600);
    refuses_to_start(f, ERROR_CONFLICT);
    assert_int_equal(access(other, F_OK), 0);
    char deep[200];
    memset(deep, 'd', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    f->settings.socket_path = deep;
    refuses_to_start(f, ERROR_TOO_LARGE);
    f->settings.socket_path = "/proc/nowhere/s";
    refuses_to_start(f, ERROR_IO);
    http_stop(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_on_tcp),
        TEST(foreign_hosts_are_refused),
        TEST(own_user_on_socket),
        TEST(peers_are_checked),
        TEST(paths_and_methods),
        TEST(bodies_and_bounds),
        TEST(endless_bodies_are_cut),
        TEST(garbage_is_survived),
        TEST(late_answers_find_their_clients),
        TEST(client_gone_before_the_answer),
        TEST(stop_answers_what_is_pending),
        TEST(events_in_order_and_at_once),
        TEST(heartbeats_come_in_silence),
        TEST(slow_client_is_dropped),
        TEST(stop_ends_streams),
        TEST(broken_framing_is_not_sent),
        TEST(hundred_connections),
        TEST(connections_are_capped),
        TEST(slow_requests_are_cut_off),
        TEST(token_file),
        TEST(sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
