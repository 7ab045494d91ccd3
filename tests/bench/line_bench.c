/* One line of a site by hand: what the dispatcher tells it comes as orders on standard input, what it tells goes out as lines
 * of text, each with the time. For the rows of the benchmark that are about the wire alone.
 *
 *     line_bench SITE LINE [POLL_S]
 *     target 1-50,60      -> did 2383514458         members by unit address, 80 % volume, a new session and token each
 *     target none            verify 1-100            verify none            quit
 *     <- 2383514999 started 17                       events; 0 stands for the whole line */
#include "codecs/monotonic.h"
#include "config/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VOLUME_PERCENT = 80 };

struct bench {
    const struct config_line *settings;
    struct terminal_settings terminals[LINE_TERMINALS_MAX];
    size_t n;
    struct line *line;
    uint16_t session;
};

static const char *event_name(enum line_event_kind kind)
{
    switch (kind) {
    case LINE_UP: return "up";
    case LINE_DOWN: return "down";
    case LINE_SWEPT: return "swept";
    case LINE_ARMED: return "armed";
    case LINE_STARTED: return "started";
    case LINE_STARTS_SENT: return "starts_sent";
    case LINE_READING: return "reading";
    case LINE_TROUBLE: return "trouble";
    case LINE_STOPPED: return "stopped";
    case LINE_SETTLED: return "settled";
    case LINE_CALL_REFUSED: return "call_refused";
    default: return NULL;
    }
}

static void on_event(void *context, const struct line_event *event)
{
    const struct bench *bench = context;
    const char *name = event_name(event->kind);
    unsigned unit = event->terminal < bench->n ? bench->terminals[event->terminal].unit : 0;
    if (name)
        printf("%" PRId64 " %s %u\n", event->at.us, name, unit);
}

static void report(void *context, const char *file, unsigned line, const char *message, bool warning)
{
    (void)context;
    if (!warning)
        fprintf(stderr, "line_bench: %s:%u: %s\n", file ? file : "", line, message);
}

/* "1-50,60" or "none" as indexes of terminals. Returns how many. */
static size_t take_list(const struct bench *bench, char *text, uint16_t list[LINE_TERMINALS_MAX])
{
    size_t n = 0;
    for (char *save = NULL, *part = strtok_r(text, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
        unsigned first, last;
        int found = sscanf(part, "%u-%u", &first, &last);
        for (uint16_t i = 0; found > 0 && i < bench->n && n < LINE_TERMINALS_MAX; i++)
            if (bench->terminals[i].unit >= first && bench->terminals[i].unit <= (found == 2 ? last : first))
                list[n++] = i;
    }
    return n;
}

static void set_target(struct bench *bench, const uint16_t *list, size_t n)
{
    static struct line_target target;
    target.n_members = n;
    target.session = n > 0 ? ++bench->session : 0;
    target.token = bench->session;
    for (size_t i = 0; i < n; i++)
        target.members[i] = (struct line_member){.terminal = list[i], .volume_percent = VOLUME_PERCENT};
    struct mono at = mono_now();
    line_set_target(bench->line, &target);
    printf("did %" PRId64 "\n", at.us);
}

/* False on quit. */
static bool obey(struct bench *bench, const char *text)
{
    char word[16] = "", rest[2048] = "";
    uint16_t list[LINE_TERMINALS_MAX];
    sscanf(text, "%15s %2047s", word, rest);
    size_t n = take_list(bench, rest, list);
    if (strcmp(word, "target") == 0) {
        set_target(bench, list, n);
    } else if (strcmp(word, "verify") == 0) {
        line_set_verify(bench->line, list, n);
        printf("did %" PRId64 "\n", mono_now().us);
    }
    return strcmp(word, "quit") != 0;
}

static bool find_line(struct bench *bench, const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->n_lines; i++)
        if (strcmp(config->lines[i].hardware.id, id) == 0)
            bench->settings = &config->lines[i];
    if (!bench->settings)
        return false;
    for (; bench->n < bench->settings->n_terminals; bench->n++)
        bench->terminals[bench->n] = config->terminals[bench->settings->terminals[bench->n]].hardware;
    return true;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct error error = {.code = ERROR_NONE};
    struct config *config = argc >= 3 ? config_load(argv[1], report, NULL) : NULL;
    if (!config || !find_line(&bench, config, argv[2])) {
        fprintf(stderr, "usage: line_bench SITE LINE [POLL_S]\n");
        return EXIT_FAILURE;
    }
    struct line_settings settings = bench.settings->hardware;
    if (argc > 3)
        settings.poll_s = (uint32_t)atoi(argv[3]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    bench.line = line_create(&settings, bench.terminals, bench.n, 0, on_event, &bench, &error);
    if (!bench.line || !line_start(bench.line, &error)) {
        fprintf(stderr, "line_bench: %s\n", error.message);
        return EXIT_FAILURE;
    }
    for (char text[2100]; fgets(text, sizeof text, stdin) && obey(&bench, text);)
        ;
    line_destroy(bench.line, 5000);
    config_free(config);
    return EXIT_SUCCESS;
}
