/* tocsin alert send, list, show, stop, extend, resume, approve, reject, release, deliveries. */
#include "controller/cli_alert.h"

#include "controller/cli_client.h"
#include "controller/cli_report.h"
#include "controller/cli_table.h"
#include "controller/cli_watch.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 8 * 1024 * 1024 }; /* as the daemon takes */

/* All of a file, NULL with an error; at most one byte more than the daemon takes, so that it is the daemon that refuses. */
static char *read_stream(FILE *file, size_t *size, struct error *error)
{
    char *bytes = malloc(FILE_MAX + 1);
    if (!bytes) {
        error_set(error, ERROR_NO_MEMORY, "no memory");
        return NULL;
    }
    *size = fread(bytes, 1, FILE_MAX + 1, file);
    if (ferror(file))
        error_set(error, ERROR_IO, "%s", strerror(errno));
    else if (*size == 0)
        error_set(error, ERROR_INVALID, "is empty");
    else
        return bytes;
    free(bytes);
    return NULL;
}

/* Refused before the daemon was asked; with --json in the form in which the daemon refuses. */
static void refuse_file(struct cli *cli, const char *why)
{
    fprintf(cli->err, "tocsin: %s: %s\n", cli->argument, why);
    if (!cli->options.json)
        return;
    json_t *problem = json_pack("{s:s, s:s, s:s}", "title", "The file cannot be sent", "detail", why, "code", "unreadable");
    cli_print_json(cli, problem);
    json_decref(problem);
}

static char *read_message(struct cli *cli, size_t *size)
{
    bool standard = strcmp(cli->argument, "-") == 0;
    struct error error = {0};
    char *bytes = NULL;
    FILE *file = standard ? cli->setup->in : fopen(cli->argument, "re");
    if (!file)
        error_set(&error, ERROR_IO, "%s", strerror(errno));
    else
        bytes = read_stream(file, size, &error);
    if (file && !standard)
        fclose(file);
    if (!bytes)
        refuse_file(cli, error.message);
    return bytes;
}

/* By content: a tar file has its name in its first header (POSIX ustar), XML begins with '<' after an optional byte-order mark
 * and white space, JSON with '{'. */
static const char *media_type_of(struct slice bytes)
{
    if (bytes.size >= 512 && memcmp(bytes.data + 257, "ustar", 5) == 0)
        return "application/x-tar";
    size_t at = bytes.size >= 3 && memcmp(bytes.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < bytes.size && isspace((unsigned char)bytes.data[at]))
        at++;
    if (at < bytes.size && bytes.data[at] == '<')
        return "application/cap+xml";
    return at < bytes.size && bytes.data[at] == '{' ? "application/json" : "application/octet-stream";
}

enum cli_exit cli_alert_send(struct cli *cli)
{
    enum cli_exit exit;
    long status = 0;
    struct slice bytes = {0};
    char *message = read_message(cli, &bytes.size);
    if (!message)
        return CLI_REFUSED;
    bytes.data = message;
    const char *media_type = media_type_of(bytes);
    json_t *alert = cli_ask(cli, "POST", "/v1/alerts", media_type, bytes, &status, &exit);
    free(message);
    if (!alert) {
        if (exit == CLI_UNREACHABLE)
            fputs(strcmp(media_type, "application/json") == 0
                      ? "  Look first whether it came all the same (tocsin alert list): sent again it is another alert.\n"
                      : "  It is safe to send the same file again: it stays the same alert.\n",
                  cli->err);
        return exit;
    }
    if (cli->options.json && !cli->options.watch)
        cli_print_json(cli, alert);
    if (!cli->options.json) {
        fputs(status == 200 ? "Known already: the same message was accepted before.\n" : "Accepted.\n", cli->out);
        report_alert(cli->out, alert);
        fflush(cli->out);
    }
    if (cli->options.watch)
        exit = watch_alert(cli, cli_text(alert, "id"));
    json_decref(alert);
    return exit;
}

/* A number that is not known is not zero. */
static void count_text(const json_t *counts, const char *name, char text[24])
{
    if (counts)
        snprintf(text, 24, "%ld", cli_integer(counts, name));
    else
        text_copy(text, 24, "-");
}

/* "waiting (approval)": for what it waits; "sounding (to sign)": a second person's signature is owed. */
static void state_text(const json_t *alert, char text[64])
{
    const char *held = cli_text(alert, "held");
    bool owed = json_is_true(json_object_get(alert, "signature_owed"));
    const char *more = *held ? held : owed ? "to sign" : "";
    snprintf(text, 64, "%s%s%s%s", cli_text(alert, "state"), *more ? " (" : "", more, *more ? ")" : "");
}

static json_t *get_page(struct cli *cli, enum cli_exit *exit)
{
    const struct cli_options *options = &cli->options;
    char path[64] = "/v1/alerts";
    size_t used = strlen(path);
    if (options->limit)
        used += (size_t)snprintf(path + used, sizeof path - used, "?limit=%s", options->limit);
    if (options->before)
        snprintf(path + used, sizeof path - used, "%sbefore=", options->limit ? "&" : "?");
    return cli_get(cli, exit, path, options->before ? options->before : "", "");
}

static void tell_more(struct cli *cli, const json_t *answer)
{
    char before[64], limit[16] = "";
    text_clean(before, sizeof before, cli_text(answer, "before"));
    if (cli->options.limit)
        snprintf(limit, sizeof limit, " --limit %s", cli->options.limit);
    if (*before)
        fprintf(cli->out, "There are more: tocsin alert list --before %s%s\n", before, limit);
}

enum cli_exit cli_alert_list(struct cli *cli)
{
    static const char *const titles[] = {"id",       "state",  "status",  "level", "hazard",
                                         "received", ">heard", ">failed", ">of",   "headline"};
    enum { N = sizeof titles / sizeof *titles };
    enum cli_exit exit;
    json_t *answer = get_page(cli, &exit);
    struct table *table = answer ? table_create(titles, N) : NULL;
    size_t i;
    const json_t *alert;
    json_array_foreach(json_object_get(answer, "alerts"), i, alert)
    {
        char numbers[3][24], state[64], received[REPORT_TIME];
        state_text(alert, state);
        report_time(cli_text(alert, "received"), received);
        count_text(json_object_get(alert, "counts"), "heard", numbers[0]);
        count_text(json_object_get(alert, "ends"), "failed", numbers[1]);
        snprintf(numbers[2], sizeof numbers[2], "%ld", cli_integer(alert, "terminals"));
        const char *cells[N] = {cli_text(alert, "id"),
                                state,
                                cli_text(alert, "status"),
                                cli_text(alert, "level"),
                                cli_text(alert, "hazard"),
                                received,
                                numbers[0],
                                numbers[1],
                                numbers[2],
                                cli_text(alert, "headline")};
        if (table)
            table_add(table, cells);
    }
    if (answer && cli->options.json)
        cli_print_json(cli, answer);
    else if (table) {
        table_print(table, cli->out);
        tell_more(cli, answer);
    }
    table_free(table);
    json_decref(answer);
    return exit;
}

static enum cli_exit show(struct cli *cli, json_t *alert, enum cli_exit exit)
{
    if (alert && cli->options.json)
        cli_print_json(cli, alert);
    else if (alert)
        report_alert(cli->out, alert);
    json_decref(alert);
    return exit;
}

enum cli_exit cli_alert_show(struct cli *cli)
{
    enum cli_exit exit;
    json_t *alert = cli_get(cli, &exit, "/v1/alerts/", cli->argument, "");
    return show(cli, alert, exit);
}

enum cli_exit cli_order(struct cli *cli, const char *what, json_t *body)
{
    enum cli_exit exit;
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text) {
        fputs("tocsin: --reason: is no UTF-8 text\n", cli->err);
        return CLI_REFUSED;
    }
    json_t *alert = cli_post(cli, &exit, "/v1/alerts/", cli->argument, what, slice_of(text));
    free(text);
    return show(cli, alert, exit);
}

enum cli_exit cli_alert_stop(struct cli *cli)
{
    return cli_order(cli, "/stop", json_pack("{s:s}", "reason", cli->options.reason));
}

enum cli_exit cli_alert_extend(struct cli *cli)
{
    return cli_order(cli, "/extend", json_pack("{s:s, s:s}", "expires", cli->options.until, "reason", cli->options.reason));
}

enum cli_exit cli_alert_resume(struct cli *cli)
{
    enum cli_exit exit;
    json_t *alert = cli_post(cli, &exit, "/v1/alerts/", cli->argument, "/resume", (struct slice){0});
    return show(cli, alert, exit);
}

enum cli_exit cli_alert_approve(struct cli *cli)
{
    return cli_order(cli, "/approve", json_pack("{s:s}", "reason", cli->options.reason));
}

enum cli_exit cli_alert_reject(struct cli *cli)
{
    return cli_order(cli, "/reject", json_pack("{s:s}", "reason", cli->options.reason));
}

enum cli_exit cli_alert_release(struct cli *cli)
{
    return cli_order(cli, "/release", json_pack("{s:s}", "reason", cli->options.reason));
}

static enum cli_exit print_csv(struct cli *cli)
{
    char *text = NULL;
    enum cli_exit exit = cli_get_text(cli, &text, "/v1/alerts/", cli->argument, "/deliveries?format=csv");
    if (text)
        fputs(text, cli->out);
    free(text);
    return exit;
}

enum cli_exit cli_alert_deliveries(struct cli *cli)
{
    enum cli_exit exit;
    json_t *alert, *deliveries;
    if (cli->options.csv)
        return print_csv(cli);
    if (!report_fetch(cli, cli->argument, &alert, &deliveries, &exit))
        return exit;
    if (cli->options.json) {
        json_t *object = json_pack("{s:O}", "deliveries", deliveries);
        cli_print_json(cli, object);
        json_decref(object);
    } else {
        report_deliveries(cli->out, alert, deliveries);
    }
    json_decref(alert);
    json_decref(deliveries);
    return CLI_REACHED;
}
