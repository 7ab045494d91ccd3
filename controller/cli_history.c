/* The history as lines of JSON, written as they come: no more than a page is in memory. */
#include "controller/cli_history.h"

#include "codecs/rfc3339.h"
#include "controller/cli_audit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct exporting {
    struct cli *cli;
    struct wall since, until;
    json_int_t alerts, deliveries, entries;
    char previous[AUDIT_LINK_SIZE]; /* of the next entry */
    bool begun;                     /* the first entry is out, and what stands before it */
};

/* Takes the value over. */
static void put(struct exporting *exporting, const char *kind, json_t *value)
{
    json_t *line = json_pack("{s:o}", kind, value);
    json_dumpf(line, exporting->cli->out, JSON_COMPACT | JSON_REAL_PRECISION(15));
    fputc('\n', exporting->cli->out);
    json_decref(line);
}

static bool read_time(struct cli *cli, const char *option, const char *text, struct wall *time)
{
    struct error error = {0};
    if (!text || rfc3339_parse(slice_of(text), time, NULL, &error))
        return true;
    fprintf(cli->err, "tocsin: %s: %s; give it as 2026-11-22T05:20:00+08:00\n", option, error.message);
    return false;
}

static void put_header(struct exporting *exporting)
{
    const struct cli_options *options = &exporting->cli->options;
    char now[RFC3339_SIZE];
    rfc3339_format((struct wall){(int64_t)time(NULL) * 1000}, 0, now);
    json_t *header = json_pack("{s:i, s:s}", "format", 1, "exported", now);
    if (options->since)
        json_object_set_new(header, "since", json_string(options->since));
    if (options->until)
        json_object_set_new(header, "until", json_string(options->until));
    put(exporting, "history", header);
}

/* ---- alerts ---- */

static enum cli_exit put_alert(struct exporting *exporting, const char *id)
{
    enum cli_exit exit;
    json_t *alert = cli_get(exporting->cli, &exit, "/v1/alerts/", id, "");
    json_t *answer = alert ? cli_get(exporting->cli, &exit, "/v1/alerts/", id, "/deliveries") : NULL;
    if (!answer) {
        json_decref(alert);
        return exit;
    }
    json_t *delivery;
    size_t i;
    put(exporting, "alert", alert);
    exporting->alerts++;
    json_array_foreach(json_object_get(answer, "deliveries"), i, delivery)
    {
        put(exporting, "delivery", json_incref(delivery));
        exporting->deliveries++;
    }
    json_decref(answer);
    return exit;
}

static struct wall time_of(const json_t *object, const char *name)
{
    struct wall time = {0};
    struct error error;
    rfc3339_parse(slice_of(cli_text(object, name)), &time, NULL, &error);
    return time;
}

/* The alerts of a page that are wanted. *older: there may be more of these. */
static enum cli_exit put_page(struct exporting *exporting, const json_t *page, bool *older)
{
    enum cli_exit exit = CLI_REACHED;
    const json_t *alert;
    size_t i;
    json_array_foreach(json_object_get(page, "alerts"), i, alert)
    {
        struct wall received = time_of(alert, "received");
        *older = received.ms >= exporting->since.ms;
        if (!*older || exit != CLI_REACHED)
            break;
        if (received.ms < exporting->until.ms)
            exit = put_alert(exporting, cli_text(alert, "id"));
    }
    return exit;
}

static enum cli_exit put_alerts(struct exporting *exporting)
{
    enum cli_exit exit = CLI_REACHED;
    char before[64] = "";
    for (bool more = true; more && exit == CLI_REACHED;) {
        json_t *page =
            cli_get(exporting->cli, &exit, *before ? "/v1/alerts?limit=100&before=" : "/v1/alerts?limit=100", before, "");
        if (page)
            exit = put_page(exporting, page, &more);
        text_copy(before, sizeof before, cli_text(page, "before"));
        more = more && *before;
        json_decref(page);
    }
    return exit;
}

/* ---- the audit trail ---- */

static void begin_chain(void *context, const char *previous)
{
    struct exporting *exporting = context;
    text_copy(exporting->previous, sizeof exporting->previous, previous);
}

static void put_previous(struct exporting *exporting)
{
    if (!exporting->begun)
        put(exporting, "chain", json_pack("{s:s}", "previous", exporting->previous));
    exporting->begun = true;
}

/* Without a gap, whatever the clock did: from the first that is wanted until one that is not. */
static bool put_entry(void *context, const json_t *entry)
{
    struct exporting *exporting = context;
    struct wall time = time_of(entry, "time");
    if (!exporting->begun && time.ms < exporting->since.ms) {
        snprintf(exporting->previous, sizeof exporting->previous, "%ld:%.64s", cli_integer(entry, "seq"),
                 cli_text(entry, "hash"));
        return true;
    }
    if (time.ms >= exporting->until.ms)
        return false;
    put_previous(exporting);
    put(exporting, "audit", json_deep_copy(entry));
    exporting->entries++;
    return true;
}

enum cli_exit cli_history_export(struct cli *cli)
{
    struct exporting exporting = {.cli = cli, .until = {INT64_MAX}};
    if (!read_time(cli, "--since", cli->options.since, &exporting.since) ||
        !read_time(cli, "--until", cli->options.until, &exporting.until))
        return CLI_REFUSED;
    put_header(&exporting);
    enum cli_exit exit = put_alerts(&exporting);
    if (exit == CLI_REACHED)
        exit = cli_audit_each(cli, begin_chain, put_entry, &exporting);
    if (exit != CLI_REACHED) {
        fputs("tocsin: the export is not whole: it has no last line\n", cli->err);
        return exit;
    }
    put_previous(&exporting);
    put(&exporting, "end",
        json_pack("{s:I, s:I, s:I}", "alerts", exporting.alerts, "deliveries", exporting.deliveries, "audit",
                  exporting.entries));
    return CLI_REACHED;
}
