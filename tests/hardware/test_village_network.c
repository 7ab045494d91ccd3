/* The simulated township on real sockets: gateways of each kind, those that call in, freezing, unplugging; faults that need a
 * whole line; settings that are wrong. Raw bytes, as a master sends them. */
#include "tests/hardware/live_village.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { QUIET_MS = 100, QUESTION = 12, ANSWER = 27, EXCEPTION = 9 };

static const char township[] =
    "log = \"frames.log\";\n"
    "lines = (\n"
    "  { id = \"gate\"; kind = \"tcp\"; baud = 115200; gateway_timeout_ms = 60; vendor = \"linghu-t8\"; units = \"1-3\"; },\n"
    "  { id = \"quiet\"; kind = \"tcp\"; gateway_timeout_ms = 20; gateway_silent = true; second_connection = \"refuse\";\n"
    "    vendor = \"linghu-t8\"; units = \"1\"; },\n"
    "  { id = \"net\"; kind = \"tcp\"; baud = 0; vendor = \"linghu-t8\"; units = \"1-3\"; },\n"
    "  { id = \"far\"; kind = \"rtu_over_tcp\"; gateway_delay_ms = 40; vendor = \"linghu-t8\"; units = \"1-2\"; },\n"
    "  { id = \"near\"; baud = 19200; vendor = \"linghu-t8\"; units = \"1-3\"; } );\n";

static int begin(void **state)
{
    struct live *live = live_prepare(township);
    live_start(live);
    *state = live;
    return 0;
}

static int end(void **state)
{
    live_end(*state);
    return 0;
}

static uint16_t port_of(const struct live *live, const char *line)
{
    char name[64], path[192], text[16] = "";
    snprintf(name, sizeof name, "%s.port", line);
    path_in(live, name, path, sizeof path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    return (uint16_t)atoi(text);
}

/* -1 where it is refused. */
static int try_connect(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(connection >= 0);
    assert_int_equal(setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
    if (connect(connection, (struct sockaddr *)&at, sizeof at) == 0)
        return connection;
    assert_int_equal(errno, ECONNREFUSED);
    close(connection);
    return -1;
}

static int connect_to(const struct live *live, const char *line)
{
    int connection = try_connect(port_of(live, line));
    assert_true(connection >= 0);
    return connection;
}

/* Whether the other side has closed it, waited for. */
static bool is_closed(int connection)
{
    uint8_t byte;
    struct pollfd ready = {.fd = connection, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, patience_ms()), 1);
    return recv(connection, &byte, 1, 0) <= 0;
}

static void send_bytes(int connection, const uint8_t *bytes, size_t n)
{
    assert_int_equal(send(connection, bytes, n, MSG_NOSIGNAL), n);
}

/* One holding register is written or nine input registers are read; over Modbus TCP. */
static void ask_tcp(int connection, uint8_t transaction, uint8_t unit)
{
    const uint8_t bytes[QUESTION] = {7, transaction, 0, 0, 0, 6, unit, 4, 0, 0, 0, 9};
    send_bytes(connection, bytes, sizeof bytes);
}

static void expect_tcp(int connection, uint8_t transaction, uint8_t unit, uint8_t exception)
{
    uint8_t reply[ANSWER];
    const uint8_t head[9] = {
        7, transaction, 0, 0, 0, exception ? 3 : 21, unit, exception ? 0x84 : 4, exception ? exception : 18};
    size_t n = exception ? EXCEPTION : ANSWER;
    assert_int_equal(read_reply(connection, reply, n, patience_ms()), n);
    assert_memory_equal(reply, head, sizeof head);
}

static void ask_rtu(int line, uint8_t unit)
{
    uint8_t frame[8] = {unit, 4, 0, 0, 0, 9};
    village_crc_add(frame, 6);
    assert_int_equal(write(line, frame, 8), 8);
}

static void expect_rtu(int line, uint8_t unit)
{
    uint8_t reply[23];
    assert_int_equal(read_reply(line, reply, 23, patience_ms()), 23);
    assert_int_equal(village_crc(reply, 23), 0);
    assert_int_equal(reply[0], unit);
}

static void expect_nothing(int connection)
{
    uint8_t byte;
    assert_int_equal(read_reply(connection, &byte, 1, QUIET_MS), 0);
}

static void assert_ok(struct live *live, const char *text)
{
    assert_string_equal(order(live, text), "ok\n");
}

static void test_ports_are_told(void **state)
{
    struct live *live = *state;
    char wanted[64];
    snprintf(wanted, sizeof wanted, "gate tcp 127.0.0.1:%u listening\n", port_of(live, "gate"));
    assert_non_null(strstr(order(live, "ports"), wanted));
    int connection = connect_to(live, "gate");
    ask_tcp(connection, 1, 1);
    expect_tcp(connection, 1, 1, 0);
    snprintf(wanted, sizeof wanted, "gate tcp 127.0.0.1:%u connected\n", port_of(live, "gate"));
    assert_non_null(strstr(order(live, "ports"), wanted));
    assert_non_null(strstr(order(live, "ports"), "far rtu_over_tcp 127.0.0.1:"));
    assert_non_null(strstr(order(live, "ports"), "/township/near attached\n"));
    close(connection);
}

static void test_a_gateway(void **state)
{
    struct live *live = *state;
    int connection = connect_to(live, "gate");
    assert_ok(live, "fault gate/2 dead");
    const uint8_t two_and_a_half[] = {7, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 9, 7, 2, 0, 0, 0, 6, 2, 4, 0, 0, 0, 9, 7, 3, 0};
    const uint8_t rest[] = {0, 0, 6, 3, 4, 0, 0, 0, 9};
    send_bytes(connection, two_and_a_half, sizeof two_and_a_half);
    expect_tcp(connection, 1, 1, 0);
    send_bytes(connection, rest, sizeof rest);
    expect_tcp(connection, 2, 2, 11);
    expect_tcp(connection, 3, 3, 0);
    ask_tcp(connection, 4, 99);
    expect_tcp(connection, 4, 99, 11);
    assert_int_equal(count_of(live, "gate", "timeouts"), 2);
    assert_int_equal(count_of(live, "gate", "requests"), 4);
    assert_int_equal(count_of(live, "gate", "garbled"), 0);
    close(connection);
}

static void test_a_gateway_keeps_wire_time(void **state)
{
    struct live *live = *state;
    int connection = connect_to(live, "quiet");
    struct mono began = mono_now();
    ask_tcp(connection, 1, 1);
    expect_tcp(connection, 1, 1, 0);
    assert_true(mono_since(mono_now(), began) >= 42531); /* 31 characters at 9600 baud, 3.5 of silence, 3 ms */
    close(connection);
}

static void test_a_gateway_that_says_nothing(void **state)
{
    struct live *live = *state;
    int connection = connect_to(live, "quiet");
    ask_tcp(connection, 1, 9);
    ask_tcp(connection, 2, 1); /* the next answer is that of the next question */
    expect_tcp(connection, 2, 1, 0);
    assert_int_equal(count_of(live, "quiet", "timeouts"), 1);
    close(connection);
}

static void test_what_is_no_modbus(void **state)
{
    struct live *live = *state;
    static const char *const lines[] = {"gate", "net"};
    static const uint8_t foreign[] = {0, 1, 0, 5, 0, 6}, wild[] = {0, 1, 0, 0, 9, 9};
    for (size_t i = 0; i < 2; i++) {
        int connection = connect_to(live, lines[i]);
        send_bytes(connection, foreign, sizeof foreign);
        assert_true(is_closed(connection));
        close(connection);
        connection = connect_to(live, lines[i]);
        send_bytes(connection, wild, sizeof wild);
        assert_true(is_closed(connection));
        close(connection);
        connection = connect_to(live, lines[i]); /* and the next one is served */
        ask_tcp(connection, 1, 1);
        expect_tcp(connection, 1, 1, 0);
        close(connection);
    }
}

static void test_a_second_connection(void **state)
{
    struct live *live = *state;
    int first = connect_to(live, "gate");
    ask_tcp(first, 1, 1);
    expect_tcp(first, 1, 1, 0);
    int second = connect_to(live, "gate");
    assert_true(is_closed(first)); /* replaced */
    ask_tcp(second, 1, 1);
    expect_tcp(second, 1, 1, 0);
    assert_int_equal(count_of(live, "gate", "connections"), 2);
    close(first);
    close(second);
    first = connect_to(live, "quiet");
    ask_tcp(first, 1, 1);
    expect_tcp(first, 1, 1, 0);
    second = connect_to(live, "quiet");
    assert_true(is_closed(second)); /* refused */
    ask_tcp(first, 2, 1);
    expect_tcp(first, 2, 1, 0);
    assert_int_equal(count_of(live, "quiet", "refused"), 1);
    close(second);
    close(first);
    second = connect_to(live, "quiet"); /* at once: the first has gone */
    ask_tcp(second, 3, 1);
    expect_tcp(second, 3, 1, 0);
    assert_ok(live, "freeze quiet"); /* also where both are seen at the same time */
    close(second);
    first = connect_to(live, "quiet");
    assert_ok(live, "thaw quiet");
    ask_tcp(first, 4, 1);
    expect_tcp(first, 4, 1, 0);
    close(first);
}

static void test_terminals_on_the_network(void **state)
{
    struct live *live = *state;
    int connection = connect_to(live, "net");
    assert_ok(live, "fault net/2 dead");
    assert_ok(live, "fault net/3 crc:100");
    ask_tcp(connection, 1, 2); /* neither is there; nobody says so */
    ask_tcp(connection, 2, 99);
    ask_tcp(connection, 3, 3);
    ask_tcp(connection, 4, 1);
    expect_tcp(connection, 4, 1, 0);
    const uint8_t volume[] = {7, 5, 0, 0, 0, 6, 0, 6, 0, 19, 0, 33}; /* to all of them */
    send_bytes(connection, volume, sizeof volume);
    ask_tcp(connection, 6, 1);
    expect_tcp(connection, 6, 1, 0);
    assert_non_null(strstr(order(live, "show"), "net 1 linghu-t8 standby 0 33 "));
    assert_ok(live, "fault net/3 wrong_id:8");
    const uint8_t one[] = {7, 7, 0, 0, 0, 6, 3, 4, 0, 0, 0, 1}, answer[] = {7, 7, 0, 0, 0, 5, 8, 4, 2, 0, 0};
    uint8_t reply[sizeof answer];
    send_bytes(connection, one, sizeof one);
    assert_int_equal(read_reply(connection, reply, sizeof reply, patience_ms()), sizeof reply);
    assert_memory_equal(reply, answer, sizeof answer);
    assert_ok(live, "fault-line net cut");
    ask_tcp(connection, 8, 1);
    expect_nothing(connection);
    assert_ok(live, "fault-line net none");
    ask_tcp(connection, 9, 1);
    expect_tcp(connection, 9, 1, 0);
    close(connection);
}

static void test_a_transparent_gateway(void **state)
{
    struct live *live = *state;
    int connection = connect_to(live, "far");
    struct mono began = mono_now();
    ask_rtu(connection, 2);
    expect_rtu(connection, 2);
    assert_true(mono_since(mono_now(), began) >= 42531 + 2 * 40000);
    assert_int_equal(count_of(live, "far", "requests"), 1);
    uint8_t half[4] = {1, 4, 0, 0}; /* a lost connection takes with it what is under way */
    send_bytes(connection, half, sizeof half);
    close(connection);
    connection = connect_to(live, "far");
    ask_rtu(connection, 1);
    expect_rtu(connection, 1);
    assert_int_equal(count_of(live, "far", "garbled") + count_of(live, "far", "crc"), 0);
    close(connection);
}

static void test_a_gateway_that_is_gone(void **state)
{
    struct live *live = *state;
    uint16_t port = port_of(live, "gate");
    int connection = connect_to(live, "gate");
    ask_tcp(connection, 1, 1);
    expect_tcp(connection, 1, 1, 0);
    assert_ok(live, "detach gate");
    assert_true(is_closed(connection));
    close(connection);
    assert_int_equal(try_connect(port), -1);
    assert_non_null(strstr(order(live, "ports"), " detached\n"));
    assert_non_null(strstr(order(live, "detach gate"), "error: line gate is detached already"));
    assert_non_null(strstr(order(live, "freeze gate"), "error: line gate is detached"));
    assert_ok(live, "attach gate");
    assert_int_equal(port_of(live, "gate"), port);
    connection = try_connect(port);
    ask_tcp(connection, 1, 1);
    expect_tcp(connection, 1, 1, 0);
    close(connection);
}

static void test_freezing(void **state)
{
    struct live *live = *state;
    int connection = connect_to(live, "net");
    ask_tcp(connection, 1, 1);
    expect_tcp(connection, 1, 1, 0);
    assert_ok(live, "fault net/1 slow:50");
    ask_tcp(connection, 2, 1); /* its answer gets stuck */
    while (count_of(live, "net", "requests") < 2)
        ;
    assert_ok(live, "freeze net");
    assert_non_null(strstr(order(live, "ports"), " frozen\n"));
    ask_tcp(connection, 3, 1);            /* this one does not get through */
    int second = connect_to(live, "net"); /* the system takes it, and nobody answers */
    ask_tcp(second, 4, 1);
    expect_nothing(connection);
    expect_nothing(second);
    assert_int_equal(count_of(live, "net", "requests"), 2);
    close(second);
    assert_non_null(strstr(order(live, "freeze net"), "error: line net is frozen already"));
    assert_ok(live, "thaw net");
    expect_tcp(connection, 2, 1, 0);
    assert_non_null(strstr(order(live, "thaw net"), "error: line net is not frozen already"));
    assert_non_null(strstr(order(live, "freeze near"), "error: line near is a pty"));
    assert_ok(live, "freeze net"); /* unplugging thaws it */
    assert_ok(live, "detach net");
    assert_ok(live, "attach net");
    close(connection);
    connection = connect_to(live, "net");
    ask_tcp(connection, 5, 1);
    expect_tcp(connection, 5, 1, 0);
    close(connection);
}

static int open_near(const struct live *live)
{
    char path[192];
    path_in(live, "near", path, sizeof path);
    int line = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(line >= 0);
    return line;
}

static void keep_silence(void)
{
    sleep_until(mono_plus_us(mono_now(), 3000));
}

static void test_faults_of_a_line(void **state)
{
    struct live *live = *state;
    int line = open_near(live);
    uint8_t heard[64];
    assert_ok(live, "fault-line near echo");
    ask_rtu(line, 1);
    assert_int_equal(read_reply(line, heard, 8 + 23, patience_ms()), 8 + 23);
    assert_int_equal(village_crc(heard, 8), 0);
    assert_int_equal(village_crc(heard + 8, 23), 0);
    assert_ok(live, "fault-line near cut");
    ask_rtu(line, 1);
    expect_nothing(line);
    assert_ok(live, "fault-line near noise:100"); /* each frame is struck: none is understood */
    for (int i = 0; i < 5; i++) {
        ask_rtu(line, 1);
        expect_nothing(line);
    }
    assert_int_equal(count_of(live, "near", "crc"), 5);
    assert_ok(live, "fault-line near none");
    ask_rtu(line, 1);
    expect_rtu(line, 1);
    close(line);
    static const char *const wrong[][2] = {
        {"fault-line gate echo", "error: a tcp line has no echo"},
        {"fault-line net noise:5", "error: a line with baud 0 has no noise"},
        {"fault-line near hum", "error: unknown fault \"hum\" of a line; known are: none, echo, noise, cut"},
        {"fault-line west cut", "error: there is no line \"west\""},
        {"fault-line near", "error: say: fault-line LINE KIND"},
        {"freeze", "error: say: freeze LINE"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_non_null(strstr(order(live, wrong[i][0]), wrong[i][1]));
}

static void test_a_late_direction(void **state)
{
    struct live *live = *state;
    int line = open_near(live);
    uint8_t whole[23], heard[23];
    ask_rtu(line, 1);
    assert_int_equal(read_reply(line, whole, 23, patience_ms()), 23);
    assert_ok(live, "fault near/1 late_direction:2");
    keep_silence();
    struct mono began = mono_now();
    ask_rtu(line, 1);
    assert_int_equal(read_reply(line, heard, 21, patience_ms()), 21);
    assert_true(mono_since(mono_now(), began) >= 31 * 573 - 1 + 2005 + 3000); /* the lost ones took their time */
    assert_memory_equal(heard, whole + 2, 5);
    assert_ok(live, "fault near/1 late_direction:23");
    keep_silence();
    ask_rtu(line, 1);
    expect_nothing(line);
    close(line);
}

static void test_an_impostor(void **state)
{
    struct live *live = *state;
    int line = open_near(live);
    assert_ok(live, "fault near/2 answers_for:3");
    ask_rtu(line, 3); /* both answer at once */
    uint8_t reply[46];
    assert_int_equal(read_reply(line, reply, 46, patience_ms()), 46);
    assert_int_not_equal(village_crc(reply, 23), 0);
    assert_int_equal(count_of(live, "near", "collisions"), 1);
    assert_ok(live, "fault near/3 dead"); /* alone it is believed */
    keep_silence();
    ask_rtu(line, 3);
    expect_rtu(line, 3);
    close(line);
}

/* The script that recomputes everything from the log can read it, also where there is no wire. */
static void test_the_log(void **state)
{
    struct live *live = *state;
    int gate = connect_to(live, "gate"), net = connect_to(live, "net");
    ask_tcp(gate, 1, 1);
    expect_tcp(gate, 1, 1, 0);
    ask_tcp(net, 1, 1);
    expect_tcp(net, 1, 1, 0);
    close(gate);
    close(net);
    char command[320], path[192], said[2048] = "";
    path_in(live, "frames.log", path, sizeof path);
    snprintf(command, sizeof command, "python3 -B tests/tools/frames.py --json %s", path);
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    while (!strstr(said, "\"line\": \"net\", \"baud\": 0, \"frames\": 2") && mono_before(mono_now(), give_up)) {
        FILE *f = popen(command, "r"); /* it is written 50 ms later */
        assert_non_null(f);
        assert_non_null(fgets(said, sizeof said, f));
        assert_int_equal(pclose(f), 0);
    }
    assert_non_null(
        strstr(said, "\"line\": \"gate\", \"baud\": 115200, \"frames\": 2, \"requests\": 1, \"replies\": 1, \"wire_us\": 9"));
    assert_non_null(
        strstr(said, "\"line\": \"net\", \"baud\": 0, \"frames\": 2, \"requests\": 1, \"replies\": 1, \"wire_us\": null"));
}

/* ---- gateways that call in ---- */

static int listen_at(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return listener;
}

static int await_call(int listener)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, patience_ms()), 1);
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(connection >= 0);
    return connection;
}

static struct live *start_calling(uint16_t port, int baud)
{
    char settings[512];
    snprintf(
        settings, sizeof settings,
        "lines = ( { id = \"wild\"; kind = \"rtu_over_tcp\"; calls_in = true; host = \"127.0.0.1\"; port = %u; baud = %d;\n"
        "  registration = \"hex:7e 0a00FF\"; heartbeat = \"alive\"; heartbeat_s = 1; reconnect_ms = 50;\n"
        "  vendor = \"linghu-t8\"; units = \"1\"; } );",
        port, baud);
    struct live *live = live_prepare(settings);
    live_start(live);
    return live;
}

static void expect_bytes(int connection, const void *wanted, size_t n)
{
    uint8_t got[16];
    assert_int_equal(read_reply(connection, got, n, patience_ms()), n);
    assert_memory_equal(got, wanted, n);
}

static void test_calling_in(void **state)
{
    (void)state;
    static const uint8_t registration[4] = {0x7E, 0x0A, 0x00, 0xFF};
    uint16_t port = 0;
    int listener = listen_at(&port);
    close(listener); /* nobody is there at first */
    struct live *live = start_calling(port, 9600);
    assert_non_null(strstr(order(live, "ports"), "calling\n"));
    assert_ok(live, "freeze wild");
    listener = listen_at(&port);
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 3 * QUIET_MS), 0); /* without coverage there is no call */
    assert_ok(live, "thaw wild");
    int connection = await_call(listener);
    expect_bytes(connection, registration, sizeof registration);
    ask_rtu(connection, 1);
    expect_rtu(connection, 1);
    expect_bytes(connection, "alivealive", 10);
    assert_non_null(strstr(order(live, "ports"), "connected\n"));
    close(connection); /* dropped: it calls again, and says who it is */
    connection = await_call(listener);
    expect_bytes(connection, registration, sizeof registration);
    assert_ok(live, "freeze wild"); /* neither heartbeats nor answers */
    ask_rtu(connection, 1);
    uint8_t all[23 + 5];
    assert_int_equal(read_reply(connection, all, 1, 1200), 0);
    assert_ok(live, "thaw wild"); /* the heartbeat that was due comes, and the request gets through */
    assert_int_equal(read_reply(connection, all, sizeof all, patience_ms()), sizeof all);
    assert_memory_equal(all, "alive", 5);
    assert_int_equal(village_crc(all + 5, 23), 0);
    assert_ok(live, "detach wild");
    assert_true(is_closed(connection));
    close(connection);
    assert_int_equal(poll(&ready, 1, 3 * QUIET_MS), 0); /* it does not call any more */
    assert_ok(live, "attach wild");
    connection = await_call(listener);
    expect_bytes(connection, registration, sizeof registration);
    assert_int_equal(count_of(live, "wild", "connections"), 3);
    close(connection);
    close(listener);
    live_end(live);
}

/* A reply of 210 ms, in the middle of which a heartbeat is due: it waits. */
static void test_a_heartbeat_is_not_inside_a_reply(void **state)
{
    (void)state;
    uint16_t port = 0;
    int listener = listen_at(&port);
    struct live *live = start_calling(port, 1200);
    int connection = await_call(listener);
    uint8_t all[4 + 23 + 5];
    assert_int_equal(read_reply(connection, all, 4, patience_ms()), 4);
    sleep_until(mono_plus_ms(mono_now(), 800)); /* the reply is on the wire from 908 to 1119 ms */
    ask_rtu(connection, 1);
    assert_int_equal(read_reply(connection, all, 23 + 5, patience_ms()), 23 + 5);
    const uint8_t *reply = memcmp(all, "alive", 5) == 0 ? all + 5 : all; /* before it where this was asked too late */
    assert_int_equal(village_crc(reply, 23), 0);
    assert_memory_equal(reply == all ? all + 23 : all, "alive", 5);
    close(connection);
    close(listener);
    live_end(live);
}

/* ---- settings ---- */

#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A_LINE "lines = ( { id = \"a\"; "

static void test_settings_that_are_wrong(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {A_LINE "kind = \"udp\"; } );", "unknown kind of line; known are pty, tcp and rtu_over_tcp"},
        {A_LINE "baud = 0; } );", "baud: must be from 1200 to 115200, or 0 for kind tcp"},
        {A_LINE "kind = \"rtu_over_tcp\"; baud = 0; } );", "baud: must be from 1200"},
        {A_LINE "kind = \"tcp\"; baud = 1199; } );", "baud: must be from 1200"},
        {A_LINE "prot = 502; } );", "line 1: prot: unknown setting"},
        {A_LINE "port = 502; } );", "only for a line with kind tcp or rtu_over_tcp: line 1: port"},
        {A_LINE "kind = \"tcp\"; port = 70000; } );", "port"},
        {A_LINE "kind = \"tcp\"; second_connection = \"both\"; } );", "must be \"replace\" or \"refuse\""},
        {A_LINE "kind = \"tcp\"; host = \"127.0.0.1\"; } );", "only for a line with calls_in = true: line 1: host"},
        {A_LINE "calls_in = true; } );", "calls_in"},
        {A_LINE "kind = \"tcp\"; calls_in = 1; } );", "calls_in: must be true or false"},
        {A_LINE "kind = \"tcp\"; calls_in = true; } );", "needs the host, a numeric address, and the port"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"gate.example\"; port = 5; } );", "a numeric address"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; } );", "and the port"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; port = 5; heartbeat = \"x\"; } );", "are needed together"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; port = 5; heartbeat_s = 5; } );", "are needed together"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; port = 5; registration = \"hex:7\"; } );",
         "registration: must be"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; port = 5; registration = \"hex:xy\"; } );",
         "registration: must be"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; port = 5; second_connection = \"refuse\"; } );",
         "does not call in"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; port = 5; registration = \"" SIXTY_FOUR "5\"; } );",
         "registration: must be a text of at most 64 bytes"},
        {A_LINE "kind = \"tcp\"; calls_in = true; host = \"::1\"; port = 5; registration = \"hex:" SIXTY_FOUR SIXTY_FOUR
                "55\"; } );",
         "registration: must be a text of at most 64 bytes"},
        {A_LINE "gateway_silent = true; } );", "only for a line with kind tcp with a baud: line 1: gateway_silent"},
        {A_LINE "kind = \"tcp\"; baud = 0; gateway_timeout_ms = 50; } );", "only for a line with kind tcp with a baud"},
        {A_LINE "kind = \"tcp\"; gateway_timeout_ms = 0; } );", "from 1 to 60000"},
        {A_LINE "kind = \"tcp\"; gateway_delay_ms = 5; } );", "only for a line with kind rtu_over_tcp"},
        {A_LINE "line_fault = \"hum\"; } );", "unknown fault \"hum\" of a line"},
        {A_LINE "kind = \"tcp\"; line_fault = \"echo\"; } );", "a tcp line has no echo"},
        {A_LINE "kind = \"tcp\"; baud = 0; line_fault = \"noise:5\"; } );", "a line with baud 0 has no noise"},
    };
    char dir[] = "/tmp/village-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/wrong.cfg", dir);
    struct village_settings *settings = calloc(1, sizeof *settings);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error error = {0};
        FILE *f = fopen(path, "w");
        fputs(wrong[i][0], f);
        fclose(f);
        bool good = village_settings_load(path, settings, &error);
        if (good || !strstr(error.message, wrong[i][1]) || !strstr(error.message, "wrong.cfg: ") ||
            !strstr(error.message, "line 1"))
            fail_msg("%s gives \"%s\"", wrong[i][0], error.message);
    }
    unlink(path);
    rmdir(dir);
    free(settings);
}

static void test_a_port_that_is_taken(void **state)
{
    struct live *live = *state;
    struct error error;
    struct village_settings *settings = calloc(1, sizeof *settings);
    memcpy(settings, live->settings, sizeof *settings);
    snprintf(settings->dir, sizeof settings->dir, "%s/other", live->dir);
    settings->lines[0].socket.port = port_of(live, "gate");
    char wanted[96];
    snprintf(wanted, sizeof wanted, "line gate: cannot listen at 127.0.0.1:%u: Address already in use", port_of(live, "gate"));
    assert_null(village_create(settings, &error));
    assert_string_equal(error.message, wanted);
    free(settings);
}

#define live_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        live_test(test_ports_are_told),
        live_test(test_a_gateway),
        live_test(test_a_gateway_keeps_wire_time),
        live_test(test_a_gateway_that_says_nothing),
        live_test(test_what_is_no_modbus),
        live_test(test_a_second_connection),
        live_test(test_terminals_on_the_network),
        live_test(test_a_transparent_gateway),
        live_test(test_a_gateway_that_is_gone),
        live_test(test_freezing),
        live_test(test_faults_of_a_line),
        live_test(test_a_late_direction),
        live_test(test_an_impostor),
        live_test(test_the_log),
        cmocka_unit_test(test_calling_in),
        cmocka_unit_test(test_a_heartbeat_is_not_inside_a_reply),
        cmocka_unit_test(test_settings_that_are_wrong),
        live_test(test_a_port_that_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
