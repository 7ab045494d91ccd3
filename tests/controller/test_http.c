/* The HTTP server: who may ask, what is refused, paths, bodies, and the files that it makes. */
#include "tests/controller/http_fixture.h"

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

/* Only what came by the socket passes. */
static bool guard(void *context, struct http_request *request)
{
    (void)context;
    if (http_is_local(request))
        return true;
    http_reply_problem(request, 403, "local_only", "%s is not taken", http_path(request));
    return false;
}

static void guarded(struct fixture *f)
{
    struct reply reply;
    char text[512];
    snprintf(text, sizeof text,
             "POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: "
             "2\r\n\r\nhi",
             f->token);
    ask(connect_tcp(f), text, 403, &reply);
    CHECK(strstr(reply.body, "/v1/echo is not taken"));
    snprintf(text, sizeof text, "GET /v1/who HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", f->token);
    ask(connect_tcp(f), text, 200, &reply);
    CHECK(f->n_echoed == 0);
    ask(connect_unix(f), "POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi", 200, &reply);
    CHECK(f->n_echoed == 1);
}

static void a_guard_is_asked_before_what_changes_something(void **state)
{
    struct fixture *f = *state;
    f->http->guard = guard;
    with_client(f, guarded);
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
    uv_run(&f->loop, UV_RUN_NOWAIT); /* frees it: a child would count it as lost */
    f->settings.socket_group = "nogroup";
    char made[96];
    snprintf(made, sizeof made, "%s/run", f->folder);
    snprintf(f->socket, sizeof f->socket, "%s/run/tocsin.sock", f->folder);
    start(f);
    struct stat status;
    assert_int_equal(stat(made, &status), 0);
    assert_int_equal(status.st_gid, group->gr_gid); /* else its members could not come to the socket */
    assert_int_equal(chmod(made, 0755), 0);
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

/* A body of more than 1 MiB lies on the disk, whether it says its length or not; no name is left in the folder. */
static void large_bodies(struct fixture *f)
{
    struct reply reply;
    static char chunk[1 << 16];
    int fd = connect_unix(f);
    post(fd, "/v1/package", "", HTTP_MEMORY_MAX);
    CHECK(read_reply(fd, &reply)->status == 200 && strstr(reply.body, "\"good\":1048576,\"spooled\":false"));
    post(fd, "/v1/package", "", HTTP_MEMORY_MAX + 1);
    CHECK(read_reply(fd, &reply)->status == 200 && strstr(reply.body, "\"good\":1048577,\"spooled\":true"));
    memset(chunk, 'b', sizeof chunk);
    CHECK(send_text(fd, "POST /v1/package HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 48; i++)
        CHECK(send_text(fd, "10000\r\n") && send_all(fd, chunk, sizeof chunk) && send_text(fd, "\r\n"));
    CHECK(send_text(fd, "0\r\n\r\n") && read_reply(fd, &reply)->status == 200);
    CHECK(strstr(reply.body, "\"good\":3145728,\"spooled\":true"));
    close(fd);
    fd = connect_unix(f); /* who goes in the middle of it leaves nothing behind */
    CHECK(send_text(fd, "POST /v1/package HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n") &&
          send_all(fd, chunk, sizeof chunk));
    close(fd);
    ask(connect_unix(f), "POST /v1/package HTTP/1.1\r\nHost: x\r\nContent-Length: 8388609\r\n\r\n", 413, &reply);
}

static void large_bodies_lie_on_the_disk(void **state)
{
    with_client(*state, large_bodies);
}

static void no_room(struct fixture *f)
{
    struct reply reply;
    int fd = connect_unix(f);
    post(fd, "/v1/package", "", 2000000);
    CHECK(read_reply(fd, &reply)->status == 507 && is_problem(&reply, "no_room"));
    close(fd);
    get(f, "/healthz", 200, &reply);
}

static void no_room_is_said(void **state)
{
    struct fixture *f = *state;
    free(f->http->spool_folder);
    f->http->spool_folder = strdup("/proc");
    with_client(f, no_room);
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
    snprintf(other, sizeof other, "%s/run/a.sock", f->folder);
    f->settings.socket_path = other;
    start(f); /* its folder is made */
    *strrchr(other, '/') = '\0';
    struct stat status;
    assert_int_equal(stat(other, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0750);
    strcat(other, "/a.sock");
    stop(f);
    start(f); /* and used again */
    stop(f);
    snprintf(other, sizeof other, "%s/no/folder/a.sock", f->folder); /* but one level only */
    refuses_to_start(f, ERROR_IO);
    f->settings.socket_path = "/proc/nowhere/s";
    refuses_to_start(f, ERROR_IO);
    http_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_on_tcp),
        TEST(foreign_hosts_are_refused),
        TEST(own_user_on_socket),
        TEST(a_guard_is_asked_before_what_changes_something),
        TEST(peers_are_checked),
        TEST(paths_and_methods),
        TEST(bodies_and_bounds),
        TEST(large_bodies_lie_on_the_disk),
        TEST(no_room_is_said),
        TEST(endless_bodies_are_cut),
        TEST(garbage_is_survived),
        TEST(token_file),
        TEST(sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
