/* The command line against a small HTTP server on a Unix socket: sending, refusals, unreachable, watching, reconnecting. */
#include "controller/cli.h"
#include "tests/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { STAGES = 4, REQUEST_MAX = 8192 };

/* What the server says. A stage ends with the events that follow an answer about deliveries (or a reconnect); if another
 * stage has events, the stream is cut between them. */
struct script {
    const char *answer; /* to everything that has no answer below: "STATUS\nMEDIA TYPE\nBODY" */
    const char *alert[STAGES], *deliveries[STAGES], *events[STAGES];
    bool refuse_stream;        /* 403 instead of the event stream */
    bool leave_after_events;   /* stops listening and cuts the stream */
    bool interrupt_after_list; /* Ctrl-C when the first deliveries were answered */
};

struct server {
    char folder[64], path[96];
    int listener, stream;
    pthread_t thread;
    const struct script *script;
    unsigned stage;
    char request[REQUEST_MAX]; /* the last one that was not of the watch, whole */
    char last_event_id[64];
    unsigned n_streams;
    bool leave;
};

static void send_all(int fd, const char *text)
{
    size_t size = strlen(text);
    for (ssize_t n; size > 0 && (n = send(fd, text, size, MSG_NOSIGNAL)) > 0; size -= (size_t)n)
        text += n;
}

static void answer(int fd, const char *status, const char *type, const char *body)
{
    char head[256];
    snprintf(head, sizeof head, "HTTP/1.1 %s X\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
             type, strlen(body));
    send_all(fd, head);
    send_all(fd, body);
}

/* Reads a request with its body. */
static void read_request(int fd, char request[REQUEST_MAX])
{
    size_t size = 0, wanted = SIZE_MAX;
    while (size < wanted && size + 1 < REQUEST_MAX) {
        ssize_t n = recv(fd, request + size, REQUEST_MAX - 1 - size, 0);
        if (n <= 0)
            break;
        size += (size_t)n;
        request[size] = '\0';
        const char *end = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "\r\nContent-Length:");
        if (end)
            wanted = (size_t)(end - request) + 4 + (length ? strtoul(length + 17, NULL, 10) : 0);
    }
    request[size] = '\0';
}

static void cut_stream(struct server *server)
{
    if (server->stream >= 0)
        close(server->stream);
    server->stream = -1;
}

static void end_stage(struct server *server)
{
    const struct script *script = server->script;
    if (server->stream < 0 || !script->events[server->stage])
        return;
    send_all(server->stream, script->events[server->stage]);
    server->stage++;
    if (script->leave_after_events)
        server->leave = true;
    if (script->leave_after_events || script->events[server->stage])
        cut_stream(server);
}

static void open_stream(struct server *server, int fd, const char *request)
{
    const char *last = strcasestr(request, "\r\nLast-Event-ID: ");
    server->n_streams++;
    if (server->script->refuse_stream) {
        answer(fd, "403", "application/problem+json", "{\"title\":\"Forbidden\",\"detail\":\"not you\",\"code\":\"denied\"}");
        close(fd);
        return;
    }
    cut_stream(server);
    server->stream = fd;
    send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: welcome\n\n");
    if (last) {
        sscanf(last + 17, "%63[^\r]", server->last_event_id);
        end_stage(server);
    }
}

static void serve(struct server *server, int fd)
{
    char request[REQUEST_MAX], status[8], type[64];
    const struct script *script = server->script;
    read_request(fd, request);
    if (strncmp(request, "GET /v1/events ", 15) == 0) {
        open_stream(server, fd, request);
        return;
    }
    if (strncmp(request, "GET /v1/alerts/A ", 17) == 0 && script->alert[0]) {
        answer(fd, "200", "application/json", script->alert[server->stage]);
    } else if (strncmp(request, "GET /v1/alerts/A/deliveries ", 28) == 0 && script->deliveries[0]) {
        answer(fd, "200", "application/json", script->deliveries[server->stage]);
        end_stage(server);
        if (script->interrupt_after_list)
            kill(getpid(), SIGINT);
    } else {
        strcpy(server->request, request);
        assert_int_equal(sscanf(script->answer, "%7[^\n]\n%63[^\n]\n", status, type), 2);
        answer(fd, status, type, script->answer + strlen(status) + strlen(type) + 2);
    }
    close(fd);
}

static void *run_server(void *context)
{
    struct server *server = context;
    while (!server->leave) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            break;
        serve(server, fd);
    }
    close(server->listener);
    cut_stream(server);
    return NULL;
}

static void start(struct server *server, const struct script *script)
{
    sigset_t all, before;
    *server = (struct server){.folder = "/tmp/tocsin-test-XXXXXX", .stream = -1, .script = script};
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->path, sizeof server->path, "%s/socket", server->folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, server->path);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    sigfillset(&all); /* signals go to the thread of the test */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    assert_int_equal(pthread_create(&server->thread, NULL, run_server, server), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR); /* wakes accept; EBADF or ENOTCONN when it has left by itself */
    pthread_join(server->thread, NULL);
    unlink(server->path);
    rmdir(server->folder);
}

/* How long a watch looks for a daemon that is away; short where it shall give up. */
static uint32_t patience;

struct said {
    char *out, *err;
    enum cli_exit exit;
};

/* Runs `tocsin WORDS... --socket PATH` with text as standard input. */
static struct said tocsin(const char *socket, const char *input, const char *a, const char *b, const char *c, const char *d)
{
    struct said said = {0};
    size_t n_out, n_err;
    char option[128];
    snprintf(option, sizeof option, "--socket=%s", socket);
    char *argv[] = {"tocsin", option, (char *)a, (char *)b, (char *)c, (char *)d};
    int argc = 2;
    while (argc < 6 && argv[argc])
        argc++;
    FILE *in = fmemopen((char *)input, strlen(input), "r");
    struct cli_setup setup = {in, open_memstream(&said.out, &n_out), open_memstream(&said.err, &n_err), patience};
    said.exit = cli_run(&setup, argc, argv);
    fclose(in);
    fclose(setup.out);
    fclose(setup.err);
    return said;
}

static void clear(struct said *said)
{
    free(said->out);
    free(said->err);
}

/* Fails with both texts unless all is as wanted; frees. "" is in every text. */
static void expect(struct said *said, enum cli_exit exit, const char *in_out, const char *in_err)
{
    if (said->exit != exit || !strstr(said->out, in_out) || !strstr(said->err, in_err))
        fail_msg("exit %d, wanted %d, '%s', '%s'\nout: %s\nerr: %s", said->exit, exit, in_out, in_err, said->out, said->err);
    clear(said);
}

/* One call against a server that gives one answer; the request must have the given part. */
static void expect_call(const char *given, const char *a, const char *b, const char *c, const char *d, const char *request,
                        enum cli_exit exit, const char *in_out, const char *in_err)
{
    struct server server;
    struct script script = {.answer = given};
    start(&server, &script);
    struct said said = tocsin(server.path, "\xEF\xBB\xBF <alert/>", a, b, c, d);
    stop(&server);
    if (!strstr(server.request, request))
        fail_msg("'%s' is not in the request: %s", request, server.request);
    expect(&said, exit, in_out, in_err);
}

#define ALERT(state)                                                                                                                 \
    "{\"id\":\"A\",\"state\":\"" state "\",\"level\":\"red\",\"hazard\":\"reservoir_release\",\"hazard_zh\":\"水库放水\","       \
    "\"status\":\"Actual\",\"terminals\":2,\"received\":\"2026-11-22T03:20:00.000+08:00\",\"places\":[{\"code\":"                    \
    "\"360404101000\",\"name_zh\":\"青溪镇\",\"name_en\":\"Qingxi\"}],\"words\":[{\"language\":\"zh-CN\",\"text\":\"请注意\"," \
    "\"shortened\":false}],\"not_spoken\":[{\"language\":\"fr\",\"reason\":\"no voice\"}],\"counts\":{\"heard\":1},"                 \
    "\"ends\":{\"failed\":1},\"repetitions\":{\"ended\":3,\"planned\":3},\"notes\":[\"all_clear\"]}"
#define DELIVERY(id, rest)                                                                                                     \
    "{\"alert\":\"A\",\"terminal\":\"" id "\",\"name\":\"一组\",\"line\":\"east\",\"highest\":\"heard\"," rest "}"
#define PENDING "\"rung\":\"none\",\"final\":false"
#define HEARD                                                                                                                  \
    "\"rung\":\"heard\",\"end\":\"heard\",\"final\":true,\"level\":-12.5,\"baseline\":-60,\"threshold\":-30,"                  \
    "\"times\":{\"heard\":\"2026-11-22T03:20:12.300+08:00\"}"
#define SILENT "\"rung\":\"sounding\",\"end\":\"failed\",\"reason\":\"silent\",\"final\":true,\"level\":-58"
#define LIST(one, two) "{\"deliveries\":[" DELIVERY("t1", one) "," DELIVERY("t2", two) "]}"
#define EVENT(id, type, data) "id: e:" id "\nevent: " type "\ndata: " data "\n\n"

static void test_send(void **state)
{
    (void)state;
    expect_call("202\napplication/json\n" ALERT("queued"), "alert", "send", "-", NULL, "POST /v1/alerts HTTP/1.1\r\n",
                CLI_REACHED, "Accepted.\nAlert        A  red  水库放水", "");
    expect_call("202\napplication/json\n" ALERT("queued"), "alert", "send", "-", NULL, "Content-Type: application/cap+xml\r\n",
                CLI_REACHED, "Area         青溪镇 Qingxi (360404101000)", "");
    expect_call("202\napplication/json\n" ALERT("queued"), "alert", "send", "-", NULL, "\r\n\r\n\xEF\xBB\xBF <alert/>",
                CLI_REACHED, "NOT SPOKEN   fr: no voice", "");
    expect_call("200\napplication/json\n" ALERT("finished"), "alert", "send", "-", NULL, "", CLI_REACHED, "Known already", "");
    expect_call("202\napplication/json\n" ALERT("queued"), "alert", "send", "-", "--json", "", CLI_REACHED, "\"id\": \"A\"",
                "");
}

static void test_what_waits_and_who_signed(void **state)
{
    (void)state;
#define GATED(more) "{\"id\":\"A\",\"received\":\"2026-11-22T03:20:00.123+08:00\",\"sent_by\":\"root\"," more "}"
#define OWED GATED("\"state\":\"sounding\",\"signature_owed\":true,\"places\":[{\"id\":\"lake\",\"name_zh\":\"水库\"}]")
    static const char WAITS[] =
        "200\napplication/json\n{\"alerts\":[" GATED("\"state\":\"waiting\",\"held\":\"approval\"") "]}",
                      OWES[] = "200\napplication/json\n{\"alerts\":[" OWED "]}", SHOWN[] = "200\napplication/json\n" OWED,
                      SIGNED[] = "200\napplication/json\n" GATED(
                          "\"approved\":{\"by\":\"li\",\"at\":\"2026-11-22T03:21:00.000+08:00\",\"reason\":\"seen\"}");
    expect_call(WAITS, "alert", "list", NULL, NULL, "", CLI_REACHED, "waiting (approval)", "");
    expect_call(WAITS, "alert", "list", NULL, NULL, "", CLI_REACHED, "  2026-11-22 03:20:00  ", "");
    expect_call(OWES, "alert", "list", NULL, NULL, "", CLI_REACHED, "sounding (to sign)", "");
    expect_call(SHOWN, "alert", "show", "A", NULL, "", CLI_REACHED, "TO SIGN      a second person", "");
    expect_call(SHOWN, "alert", "show", "A", NULL, "", CLI_REACHED, "(lake)", "");
    expect_call(SHOWN, "alert", "show", "A", NULL, "", CLI_REACHED, "Received     2026-11-22 03:20:00 by root\n", "");
    expect_call(SIGNED, "alert", "show", "A", NULL, "", CLI_REACHED, "Approved     2026-11-22 03:21:00 by li: seen\n", "");
#undef GATED
#undef OWED
}

static void test_refusals(void **state)
{
    (void)state;
    expect_call(
        "422\napplication/problem+json\n{\"title\":\"Not ours\",\"detail\":\"no terminal in 44\",\"code\":\"area_not_ours\"}",
        "alert", "send", "-", NULL, "", CLI_REFUSED, "", "tocsin: no terminal in 44 (area_not_ours)\n");
    expect_call("422\napplication/problem+json\n{\"title\":\"Not ours\",\"code\":\"x\"}", "alert", "send", "-", "--json", "",
                CLI_REFUSED, "\"code\": \"x\"", "Not ours (x)");
    expect_call("", "alert", "send", "/nonexistent", NULL, "", CLI_REFUSED, "", "/nonexistent: No such file");
    expect_call("", "alert", "send", "/nonexistent", "--json", "", CLI_REFUSED, "\"code\": \"unreadable\"", "No such file");
    expect_call("500\ntext/plain\noops", "alert", "list", NULL, NULL, "", CLI_REFUSED, "", "HTTP status 500");
    expect_call("200\ntext/plain\noops", "alert", "list", NULL, NULL, "", CLI_REFUSED, "", "is no JSON");
    expect_call("200\napplication/json\n{}", "report", "A", NULL, NULL, "", CLI_REFUSED, "", "no list of deliveries");
    expect_call("404\napplication/problem+json\n{\"title\":\"Not found\"}", "report", "a/../b c", NULL, NULL,
                "GET /v1/alerts/a%2F..%2Fb%20c HTTP", CLI_REFUSED, "", "Not found");
}

static void test_unreachable(void **state)
{
    (void)state;
    struct said said = tocsin("/nowhere/socket", "<a/>", "alert", "send", "-", NULL);
    expect(&said, CLI_UNREACHABLE, "", "socket /nowhere/socket: No such file or directory");
    said = tocsin("/nowhere/socket", "<a/>", "alert", "send", "-", NULL);
    expect(&said, CLI_UNREACHABLE, "", "safe to send the same file again");
    said = tocsin("/nowhere/socket", "<a/>", "alert", "watch", "A", NULL);
    expect(&said, CLI_UNREACHABLE, "", "look at the log of tocsind");
    said = tocsin("/nowhere/socket", "<a/>", "alert", "send", "/nowhere/x.cap", NULL);
    expect(&said, CLI_REFUSED, "", "/nowhere/x.cap: No such file");
    char path[200];
    memset(path, 'x', sizeof path);
    path[110] = '\0';
    said = tocsin(path, "<a/>", "health", NULL, NULL, NULL);
    expect(&said, CLI_REFUSED, "", "longer than 107 bytes");
}

#define TWO_TERMINALS                                                                                                          \
    "200\napplication/"                                                                                                        \
    "json\n{\"terminals\":[{\"id\":\"t1\",\"name\":\"一组\",\"line\":\"west\",\"unit\":1,\"state\":\"dead\"},{\"id\":"       \
    "\"t2\",\"name\":\"二组\",\"line\":\"east\",\"unit\":2,\"state\":\"good\",\"age\":2,\"answer_ms\":8.4,\"counts\":{"      \
    "\"requests\":"                                                                                                            \
    "40,\"timeouts\":1,\"damaged\":2,\"exceptions\":3,\"foreign\":9},\"values\":{\"battery\":12.5},\"units\":{\"battery\":"    \
    "\"V\"}}]}"

#define SHOWN                                                                                                                  \
    "200\napplication/json\n{\"id\":\"t1\",\"state\":\"dead\",\"why\":\"it reports a fault: a == 1; unit 9 answered\","        \
    "\"last_seen\":\"then\",\"age\":9,\"last_exception\":\"busy\",\"foreign_unit\":9,\"counts\":{\"requests\":9,\"replies\":"  \
    "1,"                                                                                                                       \
    "\"timeouts\":4,\"damaged\":3,\"exceptions\":1,\"foreign\":2,\"doubled\":0},\"when\":{\"armed_when\":\"false\","           \
    "\"sounding_when\":\"unknown\",\"fault_when\":\"true\",\"ours_when\":\"false\"},\"values\":{\"level\":-60},\"ages\":{"     \
    "\"level\":"                                                                                                               \
    "8}}"

static void test_numbers_and_names_of_options(void **state)
{
    (void)state;
    struct said said = tocsin("/nowhere", "-", "terminal", "list", "--state=well", NULL);
    expect(&said, CLI_REFUSED, "", "--state: good, degraded, dead or unknown, not 'well'");
    said = tocsin("/nowhere", "-", "line", "watch", "--count=0", NULL);
    expect(&said, CLI_REFUSED, "", "--count: a whole number from 1 to 1000000000, not '0'");
    said = tocsin("/nowhere", "-", "line", "watch", "--count=2.5", NULL);
    expect(&said, CLI_REFUSED, "", "--count: a whole number from 1 to 1000000000, not '2.5'");
    said = tocsin("/nowhere", "-", "line", "watch", "--interval=1s", NULL);
    expect(&said, CLI_REFUSED, "", "--interval: a number from 0.1 to 3600, not '1s'");
}

static void test_lists(void **state)
{
    (void)state;
    expect_call("200\napplication/json\n{\"alerts\":[" ALERT("finished") "]}", "alert", "list", NULL, NULL,
                "GET /v1/alerts HTTP", CLI_REACHED, "A   finished  Actual  red", "");
    expect_call("200\napplication/json\n{\"alerts\":[" ALERT("finished") "],\"before\":\"A\"}", "alert", "list", "--limit=7",
                "--before=a&b", "GET /v1/alerts?limit=7&before=a%26b HTTP", CLI_REACHED,
                "There are more: tocsin alert list --before A --limit 7\n", "");
    expect_call("200\napplication/json\n" ALERT("finished"), "alert", "show", "A", NULL, "GET /v1/alerts/A HTTP", CLI_REACHED,
                "3 of 3 played to the end", "");
    expect_call("200\napplication/json\n" ALERT("stopped"), "alert", "stop", "A", "--reason=wrong \"place\"",
                "\r\n\r\n{\"reason\":\"wrong \\\"place\\\"\"}", CLI_REACHED, "stopped", "");
    expect_call("200\napplication/json\n" ALERT("queued"), "alert", "resume", "A", NULL, "POST /v1/alerts/A/resume HTTP",
                CLI_REACHED, "queued", "");
    expect_call("200\ntext/csv\nterminal,end\r\nt1,heard\r\n", "alert", "deliveries", "A", "--csv",
                "GET /v1/alerts/A/deliveries?format=csv HTTP", CLI_REACHED, "t1,heard\r\n", "");
    expect_call(
        "200\napplication/json\n{\"terminals\":[{\"id\":\"t1\",\"name\":\"一组\",\"unit\":7,\"state\":\"dead\",\"age\":300}]}",
        "terminal", "list", NULL, NULL, "GET /v1/terminals HTTP", CLI_REACHED, "dead       5 min", "");
    expect_call(TWO_TERMINALS, "terminal", "list", "--line=east", NULL, "GET /v1/terminals HTTP", CLI_REACHED,
                "t2        二组  east     2           good         2 s          8       6   12.5 V\n", "");
    expect_call(TWO_TERMINALS, "terminal", "list", "--line=east", "--json", "", CLI_REACHED,
                "{\n  \"terminals\": [\n    {\n      \"id\": \"t2\"", "");
    expect_call(TWO_TERMINALS, "terminal", "list", "--line=north", NULL, "", CLI_REFUSED, "",
                "no terminal is on a line \"north\"; 'tocsin line list' names the lines\n");
    expect_call(TWO_TERMINALS, "terminal", "list", "--state=dead", "--json", "", CLI_REACHED,
                "{\n  \"terminals\": [\n    {\n      \"id\": \"t1\"", "");
    expect_call(
        "200\napplication/json\n{\"id\":\"t1\",\"codes\":[\"360404101001\"],\"values\":{\"mains\":231},\"units\":{\"mains\":"
        "\"V\"}}",
        "terminal", "show", "t1", NULL, "GET /v1/terminals/t1 HTTP", CLI_REACHED, "mains      0 s  231 V", "");
    expect_call(SHOWN, "terminal", "show", "t1", NULL, "", CLI_REACHED,
                "state                   dead\nwhy                     it reports a fault: a == 1\n"
                "                        unit 9 answered\nlast seen          9 s  then\n",
                "");
    expect_call(SHOWN, "terminal", "show", "t1", NULL, "", CLI_REACHED,
                "asked                   9\ngood answers            1\nno answer               4\ndamaged answers         3\n"
                "refusals                1, the last busy\nanswers by others       2, the last by unit 9\n"
                "answered twice          0\narmed              9 s  no\nsounding           9 s  unknown\n"
                "reports a fault    9 s  yes\nlevel              8 s  -60\n",
                "");
    expect_call("504\napplication/problem+json\n{\"title\":\"Gateway Timeout\",\"detail\":\"t1: unit 1 does not answer\"}",
                "terminal", "show", "t1", "--now", "GET /v1/terminals/t1?now=true HTTP", CLI_REFUSED, "",
                "tocsin: t1: unit 1 does not answer\n");
    expect_call("200\napplication/json\n{\"lines\":[{\"id\":\"east\",\"baud\":9600,\"up\":false,\"error\":\"no such port\"}]}",
                "line", "list", NULL, NULL, "GET /v1/lines HTTP", CLI_REACHED, "9600  DOWN: no such port", "");
    expect_call("200\napplication/json\n{\"status\":\"ok\",\"version\":\"1\",\"channels\":[{\"id\":\"main\"}]}", "health", NULL,
                NULL, NULL, "GET /healthz HTTP", CLI_REACHED, "well: tocsind 1", "");
    expect_call("200\napplication/json\n{\"status\":\"degraded\"}", "health", NULL, NULL, NULL, "", CLI_NOT_REACHED,
                "DEGRADED: more is told", "");
    expect_call("200\napplication/json\n{\"status\":\"degraded\",\"version\":\"1\",\"why\":\"the disk is full\"}", "health",
                NULL, NULL, NULL, "", CLI_NOT_REACHED, "DEGRADED: tocsind 1, store , 0 of 0 lines up\n  the disk is full", "");
    expect_call("200\napplication/json\n{\"status\":\"degraded\"}", "health", "--json", NULL, NULL, "", CLI_NOT_REACHED,
                "\"degraded\"", "");
}

static void test_report(void **state)
{
    (void)state;
    struct server server;
    struct script script = {.alert = {ALERT("finished")}, .deliveries = {LIST(HEARD, SILENT)}};
    start(&server, &script);
    struct said said = tocsin(server.path, "-", "report", "A", NULL, NULL);
    assert_non_null(strstr(said.out, "Best rungs   heard 1, sounding 1\nEnds         heard 1, failed 1\n"));
    assert_non_null(strstr(said.out, "t1        一组  east  heard           heard         -12.5    -60.0   -30.0"));
    assert_non_null(strstr(said.out, "12.3\n"));
    expect(&said, CLI_NOT_REACHED, "t2 一组, failed(silent): it says that it sounds, but its level (-58.0 dB)", "");
    said = tocsin(server.path, "-", "report", "A", "--json", NULL);
    expect(&said, CLI_NOT_REACHED, "\"deliveries\": [", "");
    stop(&server);
}

static void watch_script(struct script *script, const char *second_end)
{
    script->alert[0] = script->alert[1] = ALERT("sounding");
    script->deliveries[0] = script->deliveries[1] = LIST(PENDING, PENDING);
    script->alert[2] = ALERT("finished");
    script->deliveries[2] = second_end;
    script->events[0] =
        EVENT("1", "delivery", DELIVERY("t1", HEARD)) EVENT("2", "delivery", "{\"alert\":\"B\",\"terminal\":\"t9\"}");
}

/* Sends, follows over a stream that breaks once, and ends with the given status. */
static void expect_watch(const char *second, const char *list, const char *events, enum cli_exit exit)
{
    struct server server;
    struct script script = {.answer = "202\napplication/json\n" ALERT("queued")};
    watch_script(&script, list);
    script.events[1] = events;
    start(&server, &script);
    struct said said = tocsin(server.path, "<alert/>", "alert", "send", "-", "--watch");
    stop(&server);
    assert_string_equal(server.last_event_id, "e:2");
    assert_int_equal(server.n_streams, 2);
    assert_non_null(strstr(said.out, "  t1  一组  heard  -12.5 dB\n"));
    assert_non_null(strstr(said.out, "channel main: tone, repetition 2 of 3\n"));
    assert_non_null(strstr(said.out, "alert A: finished\n"));
    assert_non_null(strstr(said.err, "trying again"));
    assert_null(strstr(said.out, "t9"));
    assert_null(strchr(said.out, '\033'));
    expect(&said, exit, second, "");
}

#define TONE                                                                                                                   \
    EVENT("3", "programme", "{\"alert\":\"A\",\"channel\":\"main\",\"segment\":\"tone\",\"repetition\":2,\"repetitions\":3}")

static void test_watch(void **state)
{
    (void)state;
    expect_watch("2 of 2 terminals reached", LIST(HEARD, HEARD),
                 TONE EVENT("4", "delivery", DELIVERY("t2", HEARD)) EVENT("5", "alert", ALERT("finished")), CLI_REACHED);
    expect_watch("  t2  一组  failed(silent)  -58.0 dB\n", LIST(HEARD, SILENT),
                 TONE EVENT("4", "delivery", DELIVERY("t2", SILENT)) EVENT("5", "alert", ALERT("finished")), CLI_NOT_REACHED);
}

/* After `reset` what is so is asked for anew. */
static void test_watch_reset(void **state)
{
    (void)state;
    struct server server;
    struct script script = {0};
    watch_script(&script, LIST(HEARD, HEARD));
    script.alert[1] = ALERT("finished");
    script.deliveries[1] = LIST(HEARD, HEARD);
    script.events[0] = EVENT("1", "reset", "{\"alerts\":[],\"terminals\":[],\"lines\":[]}");
    start(&server, &script);
    struct said said = tocsin(server.path, "-", "alert", "watch", "A", "--json");
    stop(&server);
    assert_int_equal(server.n_streams, 1);
    expect(&said, CLI_REACHED, "{\"type\":\"report\",\"data\":{\"alert\":{\"id\":\"A\",\"state\":\"finished\"", "");
}

static void test_watch_refused(void **state)
{
    (void)state;
    struct server server;
    struct script script = {.answer = "404\napplication/problem+json\n{\"title\":\"No such alert\"}"};
    start(&server, &script);
    struct said said = tocsin(server.path, "-", "alert", "watch", "A", NULL);
    expect(&said, CLI_REFUSED, "", "No such alert");
    script.refuse_stream = true;
    said = tocsin(server.path, "-", "alert", "watch", "A", NULL);
    expect(&said, CLI_REFUSED, "", "HTTP status 403");
    stop(&server);
}

static void test_watch_gives_up(void **state)
{
    (void)state;
    struct server server;
    struct script script = {.leave_after_events = true};
    watch_script(&script, LIST(HEARD, HEARD));
    start(&server, &script);
    patience = 700;
    struct said said = tocsin(server.path, "-", "alert", "watch", "A", NULL);
    patience = (uint32_t)patience_ms();
    stop(&server);
    expect(&said, CLI_UNREACHABLE, "t1  一组  heard", "cannot be reached at socket ");
}

static void test_ctrl_c(void **state)
{
    (void)state;
    struct server server;
    struct script script = {.interrupt_after_list = true};
    watch_script(&script, LIST(HEARD, HEARD));
    script.events[0] = NULL;
    start(&server, &script);
    struct said said = tocsin(server.path, "-", "alert", "watch", "A", NULL);
    stop(&server);
    expect(&said, CLI_NOT_REACHED, "", "the alert goes on. See it again:  tocsin alert watch A");
}

/* On a terminal the picture is drawn in place. */
static void test_live(void **state)
{
    (void)state;
    struct server server;
    struct script script = {0};
    int master, slave;
    char path[128], text[16384] = "", *err = NULL;
    size_t size = 0, n_err;
    struct winsize screen = {.ws_row = 24, .ws_col = 100};
    watch_script(&script, NULL);
    script.alert[1] = ALERT("finished");
    script.deliveries[1] = LIST(HEARD, SILENT);
    script.events[0] = EVENT("1", "delivery", DELIVERY("t1", HEARD)) EVENT("2", "delivery", DELIVERY("t2", SILENT))
        EVENT("3", "alert", ALERT("finished"));
    start(&server, &script);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &screen), 0);
    snprintf(path, sizeof path, "--socket=%s", server.path);
    struct cli_setup setup = {stdin, fdopen(slave, "w"), open_memstream(&err, &n_err), patience};
    enum cli_exit exit = cli_run(&setup, 5, (char *[]){"tocsin", "alert", "watch", "A", path});
    fcntl(master, F_SETFL, O_NONBLOCK);
    for (ssize_t n; (n = read(master, text + size, sizeof text - 1 - size)) > 0;)
        size += (size_t)n;
    fclose(setup.out);
    fclose(setup.err);
    close(master);
    stop(&server);
    assert_int_equal(exit, CLI_NOT_REACHED);
    assert_non_null(strstr(text, "\033[J"));
    assert_non_null(strstr(text, "0/2 heard, 2 pending, 0 failed"));
    assert_non_null(strstr(text, "1/2 heard, 0 pending, 1 failed"));
    assert_non_null(strstr(text, "\033[31m  t2"));
    assert_non_null(strstr(text, "1 of 2 terminals reached"));
    free(err);
}

/* On a terminal the lines are drawn in place, cut to its width. */
static void test_live_lines(void **state)
{
    (void)state;
    struct server server;
    struct script script = {
        .answer = "200\napplication/json\n{\"lines\":[{\"id\":\"east\",\"up\":false,\"error\":\"no such port\"}]}"};
    int master, slave;
    char path[128], text[4096] = "", *err = NULL;
    size_t size = 0, n_err;
    struct winsize screen = {.ws_row = 24, .ws_col = 40};
    start(&server, &script);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &screen), 0);
    snprintf(path, sizeof path, "--socket=%s", server.path);
    struct cli_setup setup = {stdin, fdopen(slave, "w"), open_memstream(&err, &n_err), patience};
    enum cli_exit exit = cli_run(&setup, 6, (char *[]){"tocsin", "line", "watch", path, "--count=2", "--interval=0.1"});
    fcntl(master, F_SETFL, O_NONBLOCK);
    for (ssize_t n; (n = read(master, text + size, sizeof text - 1 - size)) > 0;)
        size += (size_t)n;
    fclose(setup.out);
    fclose(setup.err);
    close(master);
    stop(&server);
    assert_int_equal(exit, CLI_REACHED);
    assert_string_equal(err, "");
    assert_string_equal(
        text, "\r\033[Jline  state  use %  good/degr/dead/unkn \r\neast  DOWN     0.0              0/0/0/0 \r\n"
              "\033[2A\r\033[Jline  state  use %  good/degr/dead/unkn \r\neast  DOWN     0.0              0/0/0/0 \r\n");
    free(err);
}

/* Ctrl-C ends it well. */
static void test_ctrl_c_ends_the_lines(void **state)
{
    (void)state;
    struct server server;
    struct script script = {.answer = "200\napplication/json\n{\"lines\":[{\"id\":\"east\",\"up\":true}]}"};
    start(&server, &script);
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    raise(SIGINT); /* it waits for the watch */
    struct said said = tocsin(server.path, "-", "line", "watch", "--interval=3600", NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    stop(&server);
    expect(&said, CLI_REACHED, "east  up", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_what_waits_and_who_signed),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_numbers_and_names_of_options),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_watch_reset),
        cmocka_unit_test(test_watch_refused),
        cmocka_unit_test(test_watch_gives_up),
        cmocka_unit_test(test_ctrl_c),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_live_lines),
        cmocka_unit_test(test_ctrl_c_ends_the_lines),
    };
    patience = (uint32_t)patience_ms();
    signal(SIGPIPE, SIG_IGN);
    unsetenv("TOCSIN_URL");
    unsetenv("TOCSIN_TOKEN_FILE");
    unsetenv("NO_COLOR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
