/* 64 lines and 2,000 terminals in one tocsin-village, on ptys and behind gateways: one master polls all lines at once, as fast
 * as each wire allows. */
#include "codecs/monotonic.h"
#include "hardware/village_wire.h"
#include "tests/patience.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINES = 64, LONGER = 16, UNITS = 31, TERMINALS = 2000, REQUEST = 8, REPLY = 23, TURNAROUND_US = 3000 };

/* One line as the master sees it. */
struct poll_line {
    int port;
    int units, unit; /* how many; the one being asked */
    int left;        /* transactions to do */
    bool asked;
    size_t have;
    uint8_t reply[REPLY];
    struct mono send_at, done_at;
};

struct scale {
    char dir[64], file[128];
    pid_t pid;
    FILE *in, *out;
    int epoll, timer;
    int64_t silence_us;
    struct poll_line lines[LINES];
};

static void start_village(struct scale *scale, const char *kind, int baud)
{
    FILE *f = fopen(scale->file, "w");
    assert_non_null(f);
    fprintf(f, "dir = \"%s\";\nlines = (\n", scale->dir);
    for (int i = 0; i < LINES; i++)
        fprintf(f, "  { id = \"line%d\"; kind = \"%s\"; baud = %d; vendor = \"linghu-t8\"; units = \"1-%d\"; }%s\n", i, kind,
                baud, i < LONGER ? UNITS + 1 : UNITS, i + 1 < LINES ? "," : " );");
    assert_int_equal(fclose(f), 0);
    const char *build = getenv("BUILD");
    char path[256];
    snprintf(path, sizeof path, "%s/tocsin-village", build ? build : "build");
    if (access(path, X_OK) != 0)
        skip();
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    scale->pid = fork();
    assert_true(scale->pid >= 0);
    if (scale->pid == 0) {
        struct rlimit few = {64, 4096}; /* fewer than it needs */
        setrlimit(RLIMIT_NOFILE, &few);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(out[1], STDERR_FILENO);
        execl(path, path, scale->file, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    scale->in = fdopen(in[1], "w");
    scale->out = fdopen(out[0], "r");
    char text[512] = "";
    assert_non_null(fgets(text, sizeof text, scale->out));
    assert_string_equal(text, "ready\n");
}

static int open_pty(const struct scale *scale, uint32_t line)
{
    char path[128];
    snprintf(path, sizeof path, "%s/line%u", scale->dir, line);
    return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static int open_gateway(const struct scale *scale, uint32_t line)
{
    char path[128], text[16] = "";
    snprintf(path, sizeof path, "%s/line%u.port", scale->dir, line);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(text)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&at, sizeof at), 0);
    return connection;
}

static void open_lines(struct scale *scale, const char *kind, int passes)
{
    scale->epoll = epoll_create1(EPOLL_CLOEXEC);
    scale->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event timer = {.events = EPOLLIN, .data.u32 = LINES};
    assert_int_equal(epoll_ctl(scale->epoll, EPOLL_CTL_ADD, scale->timer, &timer), 0);
    for (uint32_t i = 0; i < LINES; i++) {
        struct poll_line *line = &scale->lines[i];
        *line = (struct poll_line){.units = i < LONGER ? UNITS + 1 : UNITS};
        line->left = passes * line->units;
        line->port = strcmp(kind, "pty") == 0 ? open_pty(scale, i) : open_gateway(scale, i);
        assert_true(line->port >= 0);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        assert_int_equal(epoll_ctl(scale->epoll, EPOLL_CTL_ADD, line->port, &event), 0);
    }
}

static void ask(struct poll_line *line)
{
    uint8_t frame[REQUEST] = {(uint8_t)(line->unit + 1), 4, 0, 0, 0, 9};
    village_crc_add(frame, 6);
    assert_int_equal(write(line->port, frame, REQUEST), REQUEST);
    line->asked = true;
    line->have = 0;
}

/* Asks whoever may be asked; returns how many transactions are left, and sets the timer for the next. */
static int ask_all(struct scale *scale)
{
    int left = 0;
    struct mono now = mono_now(), next = {INT64_MAX};
    for (size_t i = 0; i < LINES; i++) {
        struct poll_line *line = &scale->lines[i];
        left += line->left;
        if (line->left == 0 || line->asked)
            continue;
        if (!mono_before(now, line->send_at))
            ask(line);
        else
            next = mono_earlier(next, line->send_at);
    }
    struct itimerspec at = {0};
    if (next.us < INT64_MAX)
        at.it_value = (struct timespec){next.us / 1000000, next.us % 1000000 * 1000};
    assert_int_equal(timerfd_settime(scale->timer, TFD_TIMER_ABSTIME, &at, NULL), 0);
    return left;
}

static void take(struct scale *scale, struct poll_line *line)
{
    ssize_t n = read(line->port, line->reply + line->have, REPLY - line->have);
    assert_true(n > 0);
    line->have += (size_t)n;
    if (line->have < REPLY)
        return;
    assert_int_equal(village_crc(line->reply, REPLY), 0);
    assert_int_equal(line->reply[0], line->unit + 1);
    line->unit = (line->unit + 1) % line->units;
    line->left--;
    line->asked = false;
    line->done_at = mono_now();
    line->send_at = mono_plus_us(line->done_at, scale->silence_us);
}

static void poll_all(struct scale *scale)
{
    while (ask_all(scale) > 0) {
        struct epoll_event events[LINES];
        int n = epoll_wait(scale->epoll, events, LINES, patience_ms());
        assert_true(n > 0 || errno == EINTR);
        for (int i = 0; i < n; i++)
            if (events[i].data.u32 < LINES)
                take(scale, &scale->lines[events[i].data.u32]);
            else
                assert_true(read(scale->timer, &(uint64_t){0}, sizeof(uint64_t)) > 0 || errno == EAGAIN);
    }
}

/* Sums up what the village counted; returns its worst delay. */
static int64_t check_counts(struct scale *scale, uint64_t transactions)
{
    uint64_t sums[5] = {0};
    int64_t worst = 0;
    fputs("counts\n", scale->in);
    fflush(scale->in);
    for (int i = 0; i < LINES; i++) {
        char text[512];
        unsigned long long c[5];
        long long late;
        assert_non_null(fgets(text, sizeof text, scale->out));
        assert_int_equal(sscanf(text,
                                "%*s requests=%llu replies=%llu garbled=%llu collisions=%llu crc=%llu busy_us=%*d "
                                "worst_late_us=%lld",
                                &c[0], &c[1], &c[2], &c[3], &c[4], &late),
                         6);
        for (int j = 0; j < 5; j++)
            sums[j] += c[j];
        worst = late > worst ? late : worst;
    }
    assert_int_equal(sums[0], transactions);
    assert_int_equal(sums[1], transactions);
    assert_int_equal(sums[2] + sums[3] + sums[4], 0); /* garbled, collisions, crc */
    return worst;
}

static void end_village(struct scale *scale, struct rusage *used)
{
    fputs("quit\n", scale->in);
    fclose(scale->in);
    int status = -1;
    while (wait4(scale->pid, &status, 0, used) < 0)
        assert_int_equal(errno, EINTR);
    assert_int_equal(status, 0);
    fclose(scale->out);
    for (size_t i = 0; i < LINES; i++)
        close(scale->lines[i].port);
    close(scale->epoll);
    close(scale->timer);
}

static void poll_at(struct scale *scale, const char *kind, int baud, int passes)
{
    scale->silence_us = baud > 19200 ? 1750 : (int64_t)(3.5 * 11e6 / baud) + 1;
    start_village(scale, kind, baud);
    open_lines(scale, kind, passes);
    struct mono began = mono_now();
    poll_all(scale);
    double wire_us = passes * (UNITS + 1) * ((REQUEST + REPLY) * 11e6 / baud + 2.0 * (double)scale->silence_us + TURNAROUND_US);
    double took_us = (double)mono_since(mono_now(), began), worst_line_us = 0;
    for (size_t i = 0; i < LINES; i++)
        worst_line_us = fmax(worst_line_us, (double)mono_since(scale->lines[i].done_at, began));
    int64_t late_us = check_counts(scale, (uint64_t)passes * TERMINALS);
    struct rusage used;
    end_village(scale, &used);
    double cpu_us =
        (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    print_message(
        "%s, %d baud: %d terminals x %d in %.2f s, slowest line %.3f W, village %.1f %% of a core and %ld KiB, late by "
        "at most %lld us\n",
        kind, baud, TERMINALS, passes, took_us / 1e6, worst_line_us / wire_us, 100 * cpu_us / took_us, used.ru_maxrss,
        (long long)late_us);
    assert_true(worst_line_us >= wire_us - 2 * (double)scale->silence_us); /* the wire took its time */
    assert_true(cpu_us < 0.75 * took_us);
}

static void test_all_lines_at_9600(void **state)
{
    poll_at(*state, "pty", 9600, 2);
}

static void test_all_lines_at_115200(void **state)
{
    poll_at(*state, "pty", 115200, 10);
}

static void test_all_gateways_at_115200(void **state)
{
    poll_at(*state, "rtu_over_tcp", 115200, 10);
}

static int begin(void **state)
{
    struct scale *scale = calloc(1, sizeof *scale);
    *state = scale;
    snprintf(scale->dir, sizeof scale->dir, "/tmp/village-XXXXXX");
    if (!mkdtemp(scale->dir))
        return -1;
    return snprintf(scale->file, sizeof scale->file, "%s/village.cfg", scale->dir) < 0;
}

static int end(void **state)
{
    struct scale *scale = *state;
    unlink(scale->file);
    int left = rmdir(scale->dir);
    free(scale);
    return left;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_lines_at_9600, begin, end),
        cmocka_unit_test_setup_teardown(test_all_lines_at_115200, begin, end),
        cmocka_unit_test_setup_teardown(test_all_gateways_at_115200, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
