/* The HTTP server over time: late answers, event streams, and clients that leave, dawdle or come in crowds. */
#include "tests/controller/http_fixture.h"

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
    while (!__atomic_load_n(&f->may_leave, __ATOMIC_ACQUIRE)) {
        struct pollfd nothing = {.fd = -1};
        poll(&nothing, 1, 1); /* the handler has it now: see on_probe */
    }
    close(fd);
    __atomic_store_n(&f->has_left, true, __ATOMIC_RELEASE);
}

/* Once the handler has the request it tells the client to go; once it is gone it answers. */
static void on_probe(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    if (f->n_late == 0)
        return;
    __atomic_store_n(&f->may_leave, true, __ATOMIC_RELEASE);
    if (!__atomic_load_n(&f->has_left, __ATOMIC_ACQUIRE))
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
        f->may_leave = f->has_left = false;
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
    assert_true(uv_hrtime() - began < 50000000000); /* without a run after each resume it took a second for three events */
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
    for (int i = 0; i < 5; i++) /* one each second */
        CHECK(read_to(&reader, ":", line));
    close(reader.fd);
}

static void heartbeats_come_in_silence(void **state)
{
    struct fixture *f = *state;
    f->http->limits.heartbeat_ms = 100;
    f->http->limits.request_ms = 3000; /* which does not hold for a stream */
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
    if (f->n_streams < 2 || !f->http->streams)
        return;
    struct http_stream *quick = f->http->streams, *slow = quick->next; /* the newest is first */
    char text[100];
    memset(text, 'x', sizeof text);
    json_t *data = json_stringn(text, sizeof text);
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

static void read_large(struct fixture *f)
{
    struct line_reader reader;
    char line[512];
    open_stream(f, &reader);
    CHECK(read_to(&reader, "data: ", line) && strlen(line) == 6 + 2 + 300);
    close(reader.fd);
}

static void on_send_large(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    char text[300];
    if (!f->stream)
        return;
    memset(text, 'x', sizeof text);
    json_t *data = json_stringn(text, sizeof text);
    http_stream_send(f->stream, "e:1", "reset", data);
    json_decref(data);
    uv_timer_stop(timer);
}

/* A snapshot may be larger than all that may wait behind it. */
static void one_event_may_be_large(void **state)
{
    struct fixture *f = *state;
    f->http->limits.stream_backlog = 100;
    uv_timer_start(&f->timer, on_send_large, 1, 1);
    with_client(f, read_large);
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

/* At the cap those who only sit there are shut before their time: 2 s, and not the 15 s that silence is allowed otherwise. */
static void sit_there(struct fixture *f)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct reply reply;
    int idle[4];
    for (int i = 0; i < 4; i++)
        idle[i] = connect_tcp(f);
    int fifth = connect_tcp(f);
    CHECK(send_text(fifth, request) && answers_within(fifth, 10000) && read_reply(fifth, &reply)->status == 200);
    for (int i = 0; i < 4; i++)
        close(idle[i]);
    close(fifth);
}

static void idle_ones_make_way(void **state)
{
    struct fixture *f = *state;
    stop(f);
    f->settings.connections_max = 8;
    start(f);
    with_client(f, sit_there);
}

/* Each sends a byte now and then, one in the head and one in the body; both are cut off. */
static void dawdle(struct fixture *f)
{
    struct reply reply;
    int head = connect_unix(f), body = connect_unix(f);
    CHECK(send_text(head, "GET /v1/who HTTP/1.1\r\nHost: "));
    CHECK(send_text(body, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n"));
    int sent = 0;
    bool open[] = {true, true};
    while (sent < 1200 && (open[0] || open[1])) {
        open[0] = open[0] && send_text(head, "x");
        open[1] = open[1] && send_text(body, "x");
        sent++;
        struct pollfd nothing = {.fd = -1};
        poll(&nothing, 1, 50);
    }
    CHECK(sent < 1200);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(late_answers_find_their_clients), TEST(client_gone_before_the_answer),
        TEST(stop_answers_what_is_pending),    TEST(events_in_order_and_at_once),
        TEST(heartbeats_come_in_silence),      TEST(slow_client_is_dropped),
        TEST(one_event_may_be_large),          TEST(stop_ends_streams),
        TEST(broken_framing_is_not_sent),      TEST(hundred_connections),
        TEST(connections_are_capped),          TEST(idle_ones_make_way),
        TEST(slow_requests_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
