/* tocsind, the daemon: main is the ordered list of its beginnings, and that list backwards is its end. */
#include "config/config.h"
#include "controller/api.h"
#include "controller/clock.h"
#include "controller/desk.h"
#include "controller/http.h"
#include "controller/log.h"
#include "controller/silence.h"
#include "controller/store.h"
#include "controller/version.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <uv.h>

enum {
    DESCRIPTORS_MAX = 1024, /* FD_SET in libmodbus aborts above it */
    ARENAS_MAX = 2,         /* of malloc: one for each of 64 lines' threads would be memory that nobody needs */
    GRACE_MS = 3000,        /* at the end: to stop what is ours on the lines */
};

static void usage(FILE *out)
{
    fprintf(out,
            "usage: tocsind --config FILE [--check | --silence]\n"
            "  -c, --config FILE  the site's configuration\n"
            "      --check        only check the configuration: mistakes and warnings are told, 2 is returned for mistakes\n"
            "      --silence      stop what a daemon that is gone has left sounding, and end\n"
            "      --version, --help\n"
            "It stays in the foreground, logs to standard error, and ends on SIGTERM or SIGINT (Ctrl-C).\n"
            "Exit status: 0 well; 1 could not start, or with --silence something may still sound; 2 wrong usage or\n"
            "configuration.\n");
}

static void on_mistake(void *context, const char *file, unsigned line, const char *message, bool warning)
{
    (void)context;
    if (file && line)
        log_line(warning ? LOG_WARNING : LOG_ERROR, "%s:%u: %s", file, line, message);
    else
        log_line(warning ? LOG_WARNING : LOG_ERROR, "%s%s%s", file ? file : "", file ? ": " : "", message);
}

enum task { TASK_SERVE, TASK_CHECK, TASK_SILENCE };

static int misused(const char *why, const char *word)
{
    fprintf(stderr, "tocsind: %s%s\n", why, word);
    usage(stderr);
    return 3;
}

/* 0 go on, else the exit status + 1. */
static int read_arguments(int argc, char **argv, const char **path, enum task *task)
{
    static const struct option OPTIONS[] = {{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
                                            {"silence", no_argument, NULL, 's'},      {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    bool check = false, silence = false;
    for (int option; (option = getopt_long(argc, argv, "c:h", OPTIONS, NULL)) != -1;) {
        switch (option) {
        case 'c': *path = optarg; break;
        case 'k': check = true; break;
        case 's': silence = true; break;
        case 'v': printf("tocsind %s\n", TOCSIN_VERSION); return 1;
        case 'h': usage(stdout); return 1;
        default: usage(stderr); return 3;
        }
    }
    if (optind < argc)
        return misused("one word too many: ", argv[optind]);
    if (!*path)
        return misused("--config FILE is missing", "");
    if (check && silence)
        return misused("--check and --silence exclude each other", "");
    *task = check ? TASK_CHECK : silence ? TASK_SILENCE : TASK_SERVE;
    return 0;
}

static void limit_process(void)
{
    struct rlimit limit = {DESCRIPTORS_MAX, DESCRIPTORS_MAX};
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, ARENAS_MAX);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_line(LOG_WARNING, "cannot limit the number of descriptors to %d: %s", DESCRIPTORS_MAX, strerror(errno));
    umask(0027);
}

/* Each channel has as many workers as it can ask for voices at once, its words and its closing words: a text over which the
 * voice hangs never keeps the words of another channel waiting. */
static void size_thread_pool(const struct config *config)
{
    char size[16];
    snprintf(size, sizeof size, "%zu", config->n_channels * 2 * CONFIG_LANGUAGES_MAX);
    setenv("UV_THREADPOOL_SIZE", size, 1);
}

static void on_signal(uv_signal_t *handle, int number)
{
    log_line(LOG_NOTE, "signal %d: silencing the lines and ending", number);
    uv_stop(handle->loop);
}

static struct http *start_http(const struct config *config, struct api *api, uv_loop_t *loop, struct error *error)
{
    char token_file[300];
    snprintf(token_file, sizeof token_file, "%s/token", config->state_dir);
    const struct http_settings settings = {
        .socket_path = config->socket_path,
        .socket_group = config->socket_group,
        .tcp = config->http_enabled,
        .port = config->http_port,
        .token_file = token_file,
        .connections_max = config->http_connections,
        .guard = api_guard,
        .spool_folder = config->state_dir,
    };
    size_t n_routes;
    const struct http_route *routes = api_routes(&n_routes);
    return http_start(&settings, routes, n_routes, api, loop, error);
}

/* The port in use, for those who let the system choose it. */
static void write_port(const struct config *config, uint16_t port)
{
    char path[300];
    snprintf(path, sizeof path, "%s/port", config->state_dir);
    if (!port)
        return;
    FILE *file = fopen(path, "we");
    bool written = file && fprintf(file, "%u\n", port) > 0;
    if (file && fclose(file) != 0)
        written = false;
    if (!written)
        log_line(LOG_WARNING, "cannot write %s: %s", path, strerror(errno));
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Runs until a signal, then ends all that it began, and the store: its last answers still find their takers. Returns the
 * status. */
static int serve(const struct config *config, struct store *store, uv_loop_t *loop)
{
    struct error error = {0};
    struct desk *desk = desk_create(config, store, loop, &error);
    struct api *api = desk ? api_create(config, desk, store) : NULL;
    struct http *http = NULL;
    if (api) {
        store_set_listener(store, api_tell, api);
        http = start_http(config, api, loop, &error);
    }
    uv_signal_t terminate, interrupt;
    uv_signal_init(loop, &terminate);
    uv_signal_init(loop, &interrupt);
    uv_signal_start(&terminate, on_signal, SIGTERM);
    uv_signal_start(&interrupt, on_signal, SIGINT);
    if (http) {
        write_port(config, http_port(http));
        log_line(LOG_NOTE, "ready: %s, %zu terminals on %zu lines, socket %s", config->site_name_en, config->n_terminals,
                 config->n_lines, config->socket_path);
        uv_run(loop, UV_RUN_DEFAULT);
    } else {
        log_line(LOG_ERROR, "cannot start: %s", error.message);
    }
    desk_silence(desk);
    store_close(store);
    http_stop(http);
    desk_destroy(desk, GRACE_MS);
    playout_end_library();
    api_free(api);
    uv_close((uv_handle_t *)&terminate, NULL);
    uv_close((uv_handle_t *)&interrupt, NULL);
    return http ? 0 : 1;
}

static int open_and_serve(const struct config *config, uv_loop_t *loop)
{
    struct error error = {0};
    char damaged[256] = "";
    struct store *store = store_open(config->state_dir, loop, damaged, &error);
    if (*damaged)
        log_line(LOG_ALARM, "the store was damaged; it was set aside as %s and a new one begun", damaged);
    if (!store)
        log_line(LOG_ERROR, "cannot open the store: %s", error.message);
    if (store && !clock_start(config->clock, store_last_time(store)))
        log_line(LOG_ALARM, "the clock stands before the last time that was stored: time goes on from there; set the clock");
    return store ? serve(config, store, loop) : 1;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    enum task task = TASK_SERVE;
    int status = read_arguments(argc, argv, &path, &task);
    if (status)
        return status - 1;
    limit_process();
    struct config *config = config_load(path, on_mistake, NULL);
    if (!config)
        return 2;
    if (task == TASK_CHECK) {
        config_free(config);
        return 0;
    }
    size_thread_pool(config);
    uv_loop_t loop;
    uv_loop_init(&loop);
    status = task == TASK_SILENCE ? silence_run(config, &loop) : open_and_serve(config, &loop);
    uv_run(&loop, UV_RUN_DEFAULT); /* what was closed is told so */
    uv_walk(&loop, close_handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    config_free(config);
    return status;
}
