/* One seed, one fate: two townships with the same seed and the same requests decide every chance alike, however the requests
 * to their lines are interleaved; another seed decides otherwise. */
#include "tests/hardware/live_village.h"

#include <arpa/inet.h>
#include <sys/socket.h>

enum { LINES = 3, UNITS = 5, BATCHES = 4, BATCH = 15, QUESTION = 12, LOG_MAX = 65536 };

static const char *const ids[LINES] = {"east", "west", "south"};

/* Everything that chance can decide, on gateways, which always answer. */
#define GATEWAY "kind = \"tcp\"; baud = 115200; gateway_timeout_ms = 25; "
#define UNITS_AND_NOISE                                                                                                        \
    "line_fault = \"noise:15\"; vendor = \"linghu-t8\"; units = (\n"                                                           \
    "    { unit = 1; fault = \"flaky:30\"; }, { unit = 2; fault = \"crc:30\"; }, { unit = 3; fault = "                         \
    "\"sometimes_slow:3@40\"; },\n"                                                                                            \
    "    { unit = 4; fault = \"duplicate\"; }, { unit = 5; } );"

static const char township[] =
    "log = \"frames.log\";\nlines = (\n"
    "  { id = \"east\"; " GATEWAY UNITS_AND_NOISE " },\n"
    "  { id = \"west\"; " GATEWAY UNITS_AND_NOISE " },\n"
    "  { id = \"south\"; " GATEWAY "vendor = \"beishan-c4\"; fault = \"flaky:40\"; units = \"1-5\"; } );\n";

static int connect_to(const struct live *live, const char *line)
{
    char name[64], path[192];
    unsigned port = 0;
    snprintf(name, sizeof name, "%s.port", line);
    path_in(live, name, path, sizeof path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%u", &port), 1);
    fclose(f);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&at, sizeof at), 0);
    return connection;
}

/* State to mains voltage of a T8, the microphone of a C4: what is not a clock. */
static void send_batch(int connection, bool c4)
{
    uint8_t bytes[BATCH * QUESTION];
    for (uint8_t i = 0; i < BATCH; i++) {
        const uint8_t question[QUESTION] = {0, i, 0, 0, 0, 6, (uint8_t)(1 + i % UNITS), 4, 0, c4 ? 104 : 0, 0, c4 ? 1 : 6};
        memcpy(bytes + (size_t)i * QUESTION, question, QUESTION);
    }
    assert_int_equal(send(connection, bytes, sizeof bytes, MSG_NOSIGNAL), sizeof bytes);
}

static void take_batch(int connection)
{
    for (int i = 0; i < BATCH; i++) {
        uint8_t head[6], body[256];
        assert_int_equal(read_reply(connection, head, 6, patience_ms()), 6);
        assert_int_equal(head[1], i);
        assert_int_equal(read_reply(connection, body, head[5], patience_ms()), head[5]);
    }
}

/* The frames of one line as the log has them, without their times: bytes and notes are what chance decided. */
static void decisions_of(const struct live *live, const char *line, char *to)
{
    char path[192], text[1024];
    path_in(live, "frames.log", path, sizeof path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = 0;
    while (fgets(text, sizeof text, f)) {
        char id[33];
        int rest = 0;
        if (text[0] != '#' && sscanf(text, "%*d %*d %32s %n", id, &rest) == 1 && strcmp(id, line) == 0)
            n += (size_t)snprintf(to + n, LOG_MAX - n, "%s", text + rest);
        assert_true(n < LOG_MAX);
    }
    fclose(f);
    static const char noise[] = " noise\n"; /* behind the last reply it may have come too late */
    while (n > sizeof noise && strcmp(to + n - strlen(noise), noise) == 0) {
        while (to[--n - 1] != '\n')
            ;
        to[n] = '\0';
    }
}

/* The lines one after the other in this order, or all at once. */
static void run_township(uint64_t seed, bool at_once, const int sequence[LINES], char decisions[LINES][LOG_MAX])
{
    struct live *live = live_prepare(township);
    live->settings->seed = seed;
    live_start(live);
    int connections[LINES];
    for (size_t i = 0; i < LINES; i++)
        connections[i] = connect_to(live, ids[i]);
    for (int step = 0; step < BATCHES * LINES; step += at_once ? LINES : 1) {
        for (int i = 0; i < (at_once ? LINES : 1); i++)
            send_batch(connections[sequence[at_once ? i : step / BATCHES]], sequence[at_once ? i : step / BATCHES] == 2);
        for (int i = 0; i < (at_once ? LINES : 1); i++)
            take_batch(connections[sequence[at_once ? i : step / BATCHES]]);
    }
    for (size_t i = 0; i < LINES; i++) {
        assert_int_equal(count_of(live, ids[i], "requests"), BATCHES * BATCH);
        close(connections[i]);
    }
    order(live, "quit");
    live_stop(live);
    for (size_t i = 0; i < LINES; i++)
        decisions_of(live, ids[i], decisions[i]);
    live_end(live);
}

static void test_one_seed(void **state)
{
    (void)state;
    static char first[LINES][LOG_MAX], second[LINES][LOG_MAX], other[LINES][LOG_MAX];
    run_township(7, false, (const int[]){0, 1, 2}, first);
    run_township(7, true, (const int[]){2, 0, 1}, second);
    run_township(8, true, (const int[]){0, 1, 2}, other);
    for (size_t i = 0; i < LINES; i++) {
        assert_string_equal(first[i], second[i]);
        assert_string_not_equal(first[i], other[i]);
    }
    assert_string_not_equal(first[0], first[1]); /* neighbours have fates of their own */
    static const char *const kinds[] = {" crc\n", " late\n", " noise\n", " ok\n"};
    for (size_t i = 0; i < 4; i++) /* each kind of decision was there to be compared */
        assert_non_null(strstr(first[0], kinds[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
