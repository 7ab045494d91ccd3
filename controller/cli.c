/* The command line's table of operations, and what all operations share: asking the daemon and telling its refusals. */
#include "controller/cli.h"

#include "controller/cli_alert.h"
#include "controller/cli_audit.h"
#include "controller/cli_check.h"
#include "controller/cli_client.h"
#include "controller/cli_history.h"
#include "controller/cli_line_watch.h"
#include "controller/cli_parse.h"
#include "controller/cli_report.h"
#include "controller/cli_site.h"
#include "controller/cli_switch.h"
#include "controller/cli_table.h"
#include "controller/cli_watch.h"
#include "controller/version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char id_help[] = "ID is an alert's id as 'alert send' and 'alert list' show it.\n";

static const struct cli_operation operations[] = {
    {"alert send", "FILE", CLI_WATCH, false, "Send the warning in FILE (- for standard input); it sounds at once",
     "FILE is CAP 1.2. Prints the alert's id, what was understood, and whom it means.\n"
     "Sending the same file again is safe: it is the same alert.\n",
     cli_alert_send},
    {"alert list", NULL, CLI_PAGE, false, "List the newest alerts, newest first",
     "Where there are more it says how to list those.\n", cli_alert_list},
    {"alert show", "ID", 0, false, "Show what an alert says and how far it is", id_help, cli_alert_show},
    {"alert watch", "ID", 0, false, "Follow an alert to its end, terminal by terminal, then report",
     "Ctrl-C leaves the alert running.\n", cli_alert_watch},
    {"alert stop", "ID", CLI_REASON, false, "Silence an alert; the danger that it tells of stays in force", id_help,
     cli_alert_stop},
    {"alert all-clear", "ID", CLI_REASON | CLI_HOME, false, "Say that the danger of an alert is over; it ends, and this sounds",
     "Only its issuer or a level above may. PLACES are codes or ids with commas between them, or words.\n"
     "It goes to the same terminals, also where the alert was stopped or has ended.\n",
     cli_alert_all_clear},
    {"alert correct", "ID", CLI_REASON | CLI_RIGHT, false, "Take back at once what an alert said by mistake",
     "Says that there is no danger, or with --right and --wrong who must move in place of whom. Only its issuer or a level\n"
     "above may. PLACES are codes or ids with commas between them, or words.\n",
     cli_alert_correct},
    {"alert extend", "ID", CLI_UNTIL | CLI_REASON, false, "Keep an alert in force for longer than its sender said",
     "At most a day from now. Until then its programme returns as its hazard says.\n", cli_alert_extend},
    {"alert resume", "ID", 0, false, "Let an alert go on that waits, after a restart, for a clock that can be trusted",
     "Look first whether it is still in force: nobody else has.\n", cli_alert_resume},
    {"alert approve", "ID", CLI_REASON, false,
     "Let an alert sound that waits for a second person, or sign one that could not wait",
     "Whoever sent it cannot be its second person.\n", cli_alert_approve},
    {"alert reject", "ID", CLI_REASON, false, "Refuse an alert that waits for a second person; it never sounds", id_help,
     cli_alert_reject},
    {"alert release", "ID", CLI_REASON, false, "Let an alert sound now that is held for the night", id_help, cli_alert_release},
    {"alert deliveries", "ID", CLI_CSV, false, "List what each terminal did", id_help, cli_alert_deliveries},
    {"report", "ID", 0, false, "Report an alert: counts, times, and why each failed terminal failed", id_help, cli_report},
    {"terminal list", NULL, CLI_FILTER, false, "List the terminals: state, last seen, answer time, errors, battery, and why",
     "good: it answers well. degraded: it answers, and something is wrong. dead: no answer, or none that can be used.\n"
     "unknown: not read (yet), or its line is down. Whether it can be heard only a broadcast shows: tocsin report.\n"
     "answer ms: the longest that it took of late. errors: requests without a good answer; terminal show has their kinds.\n",
     cli_terminal_list},
    {"terminal show", "ID", CLI_NOW, false, "Show all that is known of one terminal", "ID is a terminal's id.\n",
     cli_terminal_show},
    {"place list", NULL, 0, false,
     "List the places: villages, groups, hazard points, reservoirs, dykes, and who hears for them",
     "An alert may name each by a geocode tocsin:place. They are settings: tocsin check reads the files that place_files "
     "names.\n",
     cli_place_list},
    {"line list", NULL, 0, false, "List the lines with their counters",
     "use %: share of the last 10 minutes in which the wire was in use.\n", cli_line_list},
    {"line watch", "[LINE]", CLI_REPEAT, false, "Follow the lines, or one: use of the wire, requests, answers, terminals",
     "Drawn in place on a terminal, a table after the other in a pipe; with --json a line of JSON for each line.\n"
     "use %: share of the last 10 seconds in which the wire was in use. Then the terminals by state (good, degraded, dead,\n"
     "unknown), what happened in a second since the last look, and what the requests were for.\n"
     "Ctrl-C ends it. Exit status 0, 3 when the daemon is gone.\n",
     cli_line_watch},
    {"site show", NULL, 0, false, "Show whether commands over the network are taken", NULL, cli_site_show},
    {"site local-only", NULL, CLI_REASON, false, "Refuse commands over the network; those at the box are taken",
     "Also warnings from above: each that is tried is told by an alarm. It lasts until 'site remote', over restarts too.\n",
     cli_site_local_only},
    {"site remote", NULL, CLI_REASON, false, "Take commands over the network again", NULL, cli_site_remote},
    {"audit list", NULL, CLI_LIMIT, false, "List the newest entries of the audit trail: who decided what, and why",
     "Times are UTC. A subject is an alert's id.\n", cli_audit_list},
    {"audit verify", "[FILE]", CLI_HEAD, false, "Prove that no entry of the audit trail was changed, taken out or moved",
     "Recomputes the chain of hashes here, over all that the daemon has, or over FILE, made by 'history export' (- for\n"
     "standard input). Whoever can write the whole database can write a whole new chain: write the head down elsewhere and\n"
     "give it with --head, then all up to it is proved. Exit status 0 unbroken, 1 not, 3 not reached.\n",
     cli_audit_verify},
    {"history export", NULL, CLI_SPAN, false, "Write alerts, deliveries and the audit trail as lines of JSON",
     "Alerts by when they came, newest first, each with its deliveries; then the entries of the audit trail. The last line\n"
     "says that it is whole. TIME is such as 2026-11-22T05:20:00+08:00; until then, without it.\n",
     cli_history_export},
    {"health", NULL, 0, false, "Show whether the daemon, its lines and its sound are well",
     "Exit status 0 well, 1 degraded, 3 not reached.\n", cli_health},
    {"check", "CONFIG", 0, true, "Check a configuration file and tell all its mistakes",
     "Reads the file itself; no daemon is needed. Exit status 0 good, 2 mistakes.\n", cli_check},
};

enum { N_OPERATIONS = sizeof operations / sizeof *operations };

enum cli_exit cli_unreachable(struct cli *cli, const struct error *error)
{
    fprintf(cli->err,
            "tocsin: the daemon cannot be reached at %s: %s\n"
            "  Is it running?                 look at the log of tocsind\n"
            "  Does it listen elsewhere?      --socket PATH, or --url URL --token-file PATH\n",
            client_where(cli->client), error->message);
    if (strncmp(client_where(cli->client), "socket", 6) == 0)
        fputs("  \"Permission denied\"?           only root, the daemon's user and group tocsin may use the socket\n",
              cli->err);
    return CLI_UNREACHABLE;
}

enum cli_exit cli_print_json(struct cli *cli, const json_t *value)
{
    json_dumpf(value, cli->out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    fputc('\n', cli->out);
    return CLI_REACHED;
}

/* application/problem+json (RFC 9457) or whatever came instead of it. */
static void tell_problem(struct cli *cli, const struct client_reply *reply, const json_t *json)
{
    char says[1024], code[64]; /* the title names the HTTP status: it matters only where nothing else is said */
    text_clean(says, sizeof says, cli_text(json, *cli_text(json, "detail") ? "detail" : "title"));
    text_clean(code, sizeof code, cli_text(json, "code"));
    if (!*says)
        snprintf(says, sizeof says, "the daemon answered with HTTP status %ld", reply->status);
    fprintf(cli->err, "tocsin: %s%s%s%s\n", says, *code ? " (" : "", code, *code ? ")" : "");
    if (reply->status == 401 && cli->options.url && !cli->options.token_file)
        fputs("  Over HTTP a token is needed: --token-file PATH (the daemon keeps it in its state folder)\n", cli->err);
    if (cli->options.json && json)
        cli_print_json(cli, json);
}

/* One call; failures and refusals are told. On CLI_REACHED the caller clears the reply. */
static enum cli_exit call(struct cli *cli, const char *method, const char *path, const char *media_type, struct slice body,
                          struct client_reply *reply)
{
    struct error error = {0};
    if (!client_call(cli->client, method, path, media_type, body, reply, &error))
        return cli_unreachable(cli, &error);
    if (reply->status / 100 == 2)
        return CLI_REACHED;
    json_t *problem = json_loadb(reply->text, reply->size, JSON_REJECT_DUPLICATES, NULL);
    tell_problem(cli, reply, problem);
    json_decref(problem);
    client_reply_clear(reply);
    return CLI_REFUSED;
}

json_t *cli_ask(struct cli *cli, const char *method, const char *path, const char *media_type, struct slice body, long *status,
                enum cli_exit *exit)
{
    struct client_reply reply;
    *exit = call(cli, method, path, media_type, body, &reply);
    if (*exit != CLI_REACHED)
        return NULL;
    json_error_t where;
    json_t *json = json_loadb(reply.text, reply.size, JSON_REJECT_DUPLICATES, &where);
    if (status)
        *status = reply.status;
    client_reply_clear(&reply);
    if (!json) {
        fprintf(cli->err, "tocsin: %s %s: the answer is no JSON: %s\n", method, path, where.text);
        *exit = CLI_REFUSED;
    }
    return json;
}

enum { PATH_SIZE = 512 };

static void make_path(char path[PATH_SIZE], const char *before, const char *id, const char *after)
{
    size_t used = (size_t)snprintf(path, PATH_SIZE, "%s", before);
    for (; *id && used + strlen(after) + 4 <= PATH_SIZE; id++) {
        unsigned char c = (unsigned char)*id;
        bool plain = isalnum(c) || strchr("-._~", c);
        used += (size_t)snprintf(path + used, PATH_SIZE - used, plain ? "%c" : "%%%02X", c);
    }
    snprintf(path + used, PATH_SIZE - used, "%s", after);
}

json_t *cli_get(struct cli *cli, enum cli_exit *exit, const char *before, const char *id, const char *after)
{
    char path[PATH_SIZE];
    make_path(path, before, id, after);
    return cli_ask(cli, "GET", path, NULL, (struct slice){0}, NULL, exit);
}

json_t *cli_post(struct cli *cli, enum cli_exit *exit, const char *before, const char *id, const char *after, struct slice body)
{
    char path[PATH_SIZE];
    make_path(path, before, id, after);
    return cli_ask(cli, "POST", path, "application/json", body, NULL, exit);
}

enum cli_exit cli_get_text(struct cli *cli, char **text, const char *before, const char *id, const char *after)
{
    char path[PATH_SIZE];
    struct client_reply reply = {0};
    make_path(path, before, id, after);
    enum cli_exit exit = call(cli, "GET", path, NULL, (struct slice){0}, &reply);
    *text = reply.text; /* taken over; NULL after a failure */
    return exit;
}

static enum cli_exit run_with_client(struct cli *cli, cli_function *run)
{
    const struct cli_options *options = &cli->options;
    const char *environment_url = options->socket ? NULL : getenv("TOCSIN_URL");
    const char *socket = options->socket ? options->socket : getenv("TOCSIN_SOCKET");
    struct client_settings settings = {
        .socket = socket ? socket : CLIENT_SOCKET,
        .url = options->url ? options->url : environment_url,
        .token_file = options->token_file ? options->token_file : getenv("TOCSIN_TOKEN_FILE"),
    };
    struct error error = {0};
    cli->client = client_open(&settings, &error);
    if (!cli->client) {
        fprintf(cli->err, "tocsin: %s\n", error.message);
        return CLI_REFUSED;
    }
    enum cli_exit exit = run(cli);
    client_close(cli->client);
    return exit;
}

enum cli_exit cli_run(const struct cli_setup *setup, int argc, char *const argv[])
{
    struct cli_parsed parsed;
    struct error error = {0};
    if (!cli_parse(operations, N_OPERATIONS, argc, argv, &parsed, &error)) {
        fprintf(setup->err, "tocsin: %s\n'tocsin --help' tells more.\n", error.message);
        return CLI_REFUSED;
    }
    if (parsed.options.help) {
        cli_print_help(operations, N_OPERATIONS, parsed.operation, setup->out);
        return CLI_REACHED;
    }
    if (parsed.options.version) {
        fprintf(setup->out, "tocsin %s\n", TOCSIN_VERSION);
        return CLI_REACHED;
    }
    struct cli cli = {
        .setup = setup, .out = setup->out, .err = setup->err, .options = parsed.options, .argument = parsed.argument};
    enum cli_exit exit = parsed.operation->local ? parsed.operation->run(&cli) : run_with_client(&cli, parsed.operation->run);
    if (fflush(setup->out) != 0 || ferror(setup->out)) {
        fprintf(setup->err, "tocsin: the output could not be written\n");
        return exit == CLI_REACHED ? CLI_REFUSED : exit;
    }
    return exit;
}
