/* tocsin-village as a program: its options, orders on standard input, and how it ends. */
#include "tests/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct program {
    char dir[64], file[128];
    pid_t pid;
    FILE *in, *out; /* its standard input and what it says, errors too */
};

static const char *binary(char *path, size_t size)
{
    const char *build = getenv("BUILD");
    snprintf(path, size, "%s/tocsin-village", build ? build : "build");
    return path;
}

static int begin(void **state)
{
    struct program *program = calloc(1, sizeof *program);
    *state = program;
    snprintf(program->dir, sizeof program->dir, "/tmp/village-XXXXXX");
    if (!mkdtemp(program->dir))
        return -1;
    snprintf(program->file, sizeof program->file, "%s/village.cfg", program->dir);
    FILE *f = fopen(program->file, "w");
    fputs("lines = ( { id = \"north\"; vendor = \"linghu-t8\"; units = \"1-3\"; } );\n", f);
    return fclose(f);
}

static int end(void **state)
{
    struct program *program = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/north", program->dir);
    unlink(path); /* only where it was killed */
    snprintf(path, sizeof path, "%s/frames.log", program->dir);
    unlink(path);
    unlink(program->file);
    int left = rmdir(program->dir);
    free(program);
    return left;
}

/* arguments: behind --dir DIR, ended by NULL. */
static void start(struct program *program, const char *const arguments[])
{
    char path[256];
    if (access(binary(path, sizeof path), X_OK) != 0)
        skip();
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    const char *argv[16] = {path, "--dir", program->dir};
    for (size_t i = 0; arguments[i]; i++)
        argv[3 + i] = arguments[i];
    program->pid = fork();
    assert_true(program->pid >= 0);
    if (program->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(out[1], STDERR_FILENO);
        execv(path, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    program->in = fdopen(in[1], "w");
    program->out = fdopen(out[0], "r");
}

static void expect(struct program *program, const char *wanted)
{
    char line[512] = "";
    assert_non_null(fgets(line, sizeof line, program->out));
    line[strcspn(line, "\n")] = '\0';
    assert_string_equal(line, wanted);
}

static void say(struct program *program, const char *text)
{
    fputs(text, program->in);
    fflush(program->in);
}

static int finish(struct program *program)
{
    int status = 0;
    while (waitpid(program->pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    fclose(program->out);
    if (program->in)
        fclose(program->in);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool line_is_there(const struct program *program)
{
    char path[128];
    snprintf(path, sizeof path, "%s/north", program->dir);
    return access(path, F_OK) == 0;
}

static void test_orders(void **state)
{
    struct program *program = *state;
    start(program, (const char *const[]){"--log", "frames.log", "--fault", "north/3=mute", program->file, NULL});
    expect(program, "ready");
    assert_true(line_is_there(program));
    say(program, "sounding\nshow\nfault nor"); /* several at once, and one in pieces */
    expect(program, "0");
    expect(program, "ok");
    expect(program, "north 1 linghu-t8 standby 0 50 -120.0 no none");
    expect(program, "north 2 linghu-t8 standby 0 50 -120.0 no none");
    expect(program, "north 3 linghu-t8 standby 0 50 -120.0 no mute");
    expect(program, "ok");
    say(program, "th/2 dead\n");
    expect(program, "ok");
    char too_long[600];
    memset(too_long, 'x', sizeof too_long);
    too_long[512] = '\n';
    too_long[513] = '\0';
    say(program, too_long);
    char line[512];
    assert_non_null(fgets(line, sizeof line, program->out));
    assert_non_null(strstr(line, "error: "));
    assert_non_null(fgets(line, sizeof line, program->out)); /* the rest of it */
    say(program, "quit\n");
    expect(program, "ok");
    assert_int_equal(finish(program), 0);
    assert_false(line_is_there(program));
}

static void test_the_end_of_input(void **state)
{
    struct program *program = *state;
    start(program, (const char *const[]){"--stdin-quit", program->file, NULL});
    expect(program, "ready");
    fclose(program->in);
    program->in = NULL;
    assert_int_equal(finish(program), 0);
    start(program, (const char *const[]){program->file, NULL});
    expect(program, "ready");
    fclose(program->in); /* without the option it goes on */
    program->in = NULL;
    assert_int_equal(kill(program->pid, SIGTERM), 0);
    assert_int_equal(finish(program), 0);
    assert_false(line_is_there(program));
}

static void test_killing_it_hangs_up(void **state)
{
    struct program *program = *state;
    start(program, (const char *const[]){program->file, NULL});
    expect(program, "ready");
    char path[128];
    snprintf(path, sizeof path, "%s/north", program->dir);
    struct pollfd line = {.fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC), .events = POLLIN};
    assert_true(line.fd >= 0);
    assert_int_equal(kill(program->pid, SIGKILL), 0);
    assert_int_equal(poll(&line, 1, patience_ms()), 1);
    assert_true(line.revents & POLLHUP);
    close(line.fd);
    assert_int_equal(finish(program), -SIGKILL);
    start(program, (const char *const[]){program->file, NULL}); /* what was left behind does not disturb the next */
    expect(program, "ready");
    assert_int_equal(kill(program->pid, SIGINT), 0);
    assert_int_equal(finish(program), 0);
}

static void test_what_it_refuses(void **state)
{
    struct program *program = *state;
    const char *const wrong[][5] = {
        {program->file, "--fault", "north/3=deaf", NULL},
        {program->file, "--fault", "north/4=dead", NULL},
        {"--nonsense", program->file, NULL},
        {"/no/such/file.cfg", NULL},
        {NULL},
    };
    static const char *const said[] = {"unknown fault \"deaf\"; known are: none dead", "there is no unit \"north/4\"",
                                       "unrecognized option", "/no/such/file.cfg: cannot be read", "usage: tocsin-village"};
    for (size_t i = 0; i < 5; i++) {
        start(program, wrong[i]);
        char line[512] = "";
        assert_non_null(fgets(line, sizeof line, program->out));
        assert_non_null(strstr(line, said[i]));
        assert_int_equal(finish(program), 1);
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_orders, begin, end),
        cmocka_unit_test_setup_teardown(test_the_end_of_input, begin, end),
        cmocka_unit_test_setup_teardown(test_killing_it_hangs_up, begin, end),
        cmocka_unit_test_setup_teardown(test_what_it_refuses, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
