/* tocsin-village: the simulated township as a program. Settings from a file, orders by lines on standard input. */
#include "hardware/village.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct session {
    struct village *village;
    bool stdin_quit;
    size_t filled;
    char text[512];
};

static const char usage[] =
    "usage: tocsin-village [--dir DIR] [--log FILE] [--fault LINE/UNIT=KIND[:ARGUMENT]]... [--stdin-quit] "
    "SETTINGS\n";

static void take_lines(struct session *session)
{
    char *end;
    while ((end = memchr(session->text, '\n', session->filled))) {
        *end = '\0';
        village_command(session->village, session->text, stdout);
        session->filled -= (size_t)(end + 1 - session->text);
        memmove(session->text, end + 1, session->filled);
    }
    if (session->filled == sizeof session->text) { /* no command is so long */
        session->filled = 0;
        village_command(session->village, "(too long)", stdout);
    }
}

static void on_stdin(void *context)
{
    struct session *session = context;
    ssize_t n = read(STDIN_FILENO, session->text + session->filled, sizeof session->text - session->filled);
    if (n > 0) {
        session->filled += (size_t)n;
        take_lines(session);
    } else if (n == 0 || errno != EINTR) {
        village_unwatch(session->village, STDIN_FILENO);
        if (session->stdin_quit)
            village_stop(session->village);
    }
}

static void on_signal(void *context)
{
    struct session *session = context;
    village_stop(session->village);
}

/* Options to settings; the file is read first, since options override it. */
static bool take_options(int argc, char **argv, struct village_settings *settings, bool *stdin_quit, struct error *error)
{
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
                                            {"log", required_argument, NULL, 'l'},
                                            {"fault", required_argument, NULL, 'f'},
                                            {"stdin-quit", no_argument, NULL, 'q'},
                                            {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (option == '?')
            return error_set(error, ERROR_INVALID, "%.*s", (int)strlen(usage) - 1, usage);
    if (optind + 1 != argc)
        return error_set(error, ERROR_MISSING, "%s; %.*s",
                         optind < argc ? "one file of SETTINGS only" : "a file of SETTINGS is missing", (int)strlen(usage) - 1,
                         usage);
    if (!village_settings_load(argv[optind], settings, error))
        return false;
    optind = 0; /* glibc: begin anew */
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'q')
            *stdin_quit = true;
        else if (option == 'f' && !village_settings_fault(settings, optarg, error))
            return false;
        else if (option == 'd' && !text_copy(settings->dir, sizeof settings->dir, optarg))
            return error_set(error, ERROR_TOO_LARGE, "--dir %s: too long", optarg);
        else if (option == 'l' && !text_copy(settings->log, sizeof settings->log, optarg))
            return error_set(error, ERROR_TOO_LARGE, "--log %s: too long", optarg);
    }
    return true;
}

/* A measuring instrument must not wait for what it measures. Both may be refused; then it is only less exact. */
static void be_punctual(void)
{
    struct sched_param first = {.sched_priority = 1};
    prctl(PR_SET_TIMERSLACK, 1UL);
    sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &first);
}

/* Two descriptors for each line and one for each channel, whatever the shell allows. May be refused; then opening says so. */
static void take_descriptors(void)
{
    enum { WANTED = 2 * VILLAGE_LINES_MAX + VILLAGE_CHANNELS_MAX + 64 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < WANTED ? limit.rlim_max : WANTED;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool serve(const struct village_settings *settings, bool stdin_quit, struct error *error)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    take_descriptors();
    struct session session = {.stdin_quit = stdin_quit};
    int signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    session.village = village_create(settings, error);
    bool good = session.village && village_watch(session.village, signals, on_signal, &session, error);
    if (good) {
        /* A regular file or /dev/null cannot be watched, and has nothing to say. */
        if (!village_watch(session.village, STDIN_FILENO, on_stdin, &session, NULL) && stdin_quit)
            village_stop(session.village);
        be_punctual();
        puts("ready");
        fflush(stdout);
        good = village_run(session.village, error);
    }
    village_destroy(session.village);
    if (signals >= 0)
        close(signals);
    return good;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    struct error error = {0};
    struct village_settings *settings = calloc(1, sizeof *settings);
    bool stdin_quit = false;
    bool good = settings && take_options(argc, argv, settings, &stdin_quit, &error) && serve(settings, stdin_quit, &error);
    free(settings);
    if (!good)
        fprintf(stderr, "tocsin-village: %s\n", error.message);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
