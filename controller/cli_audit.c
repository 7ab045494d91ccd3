/* The audit trail: shown, and its chain recomputed on this side. */
#include "controller/cli_audit.h"

#include "controller/cli_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, LIST = 50 };

static json_t *get_page(struct cli *cli, int64_t after, unsigned limit, enum cli_exit *exit)
{
    char path[80];
    snprintf(path, sizeof path, "/v1/audit?after=%" PRId64 "&limit=%u", after, limit);
    return cli_ask(cli, "GET", path, NULL, (struct slice){0}, NULL, exit);
}

enum cli_exit cli_audit_each(struct cli *cli, void (*begin)(void *context, const char *previous), cli_audit_fn *each,
                             void *context)
{
    enum cli_exit exit = CLI_REACHED;
    bool more = true;
    for (int64_t after = 0; more;) {
        bool first = after == 0;
        json_t *page = get_page(cli, after, PAGE, &exit);
        if (page && first)
            begin(context, cli_text(page, "previous"));
        const json_t *next = json_object_get(page, "after"), *entry;
        size_t i;
        more = json_integer_value(next) > after;
        after = json_integer_value(next);
        json_array_foreach(json_object_get(page, "entries"), i, entry)
        {
            if (!each(context, entry)) {
                more = false;
                break;
            }
        }
        json_decref(page);
    }
    return exit;
}

/* ---- list ---- */

/* The day and time of "2026-11-22T03:20:00.000+00:00". */
static void short_time(const char *time, char text[20])
{
    snprintf(text, 20, "%.19s", time);
    if (strlen(text) > 10)
        text[10] = ' ';
}

static void add_row(struct table *table, const json_t *entry)
{
    char seq[24], time[20];
    snprintf(seq, sizeof seq, "%ld", cli_integer(entry, "seq"));
    short_time(cli_text(entry, "time"), time);
    const char *cells[] = {
        seq, time, cli_text(entry, "actor"), cli_text(entry, "action"), cli_text(entry, "subject"), cli_text(entry, "detail")};
    if (table)
        table_add(table, cells);
}

enum cli_exit cli_audit_list(struct cli *cli)
{
    static const char *const TITLES[] = {">seq", "time (UTC)", "actor", "action", "subject", "detail"};
    struct audit_link head = {0};
    enum cli_exit exit;
    unsigned limit = cli->options.limit ? (unsigned)strtoul(cli->options.limit, NULL, 10) : LIST;
    json_t *page = get_page(cli, 0, 1, &exit);
    if (!page)
        return exit;
    audit_link_parse(cli_text(page, "head"), &head);
    json_decref(page);
    page = get_page(cli, head.seq > limit ? head.seq - limit : 0, limit, &exit);
    if (!page)
        return exit;
    if (cli->options.json) {
        cli_print_json(cli, page);
    } else {
        struct table *table = table_create(TITLES, sizeof TITLES / sizeof *TITLES);
        const json_t *entry;
        size_t i;
        json_array_foreach(json_object_get(page, "entries"), i, entry) add_row(table, entry);
        if (table)
            table_print(table, cli->out);
        table_free(table);
    }
    json_decref(page);
    return exit;
}

/* ---- verify ---- */

struct verifying {
    const struct audit_link *head; /* NULL: none was given */
    struct audit_check check;
    struct error error; /* what is wrong */
    bool begun, ended;  /* of a file: it said what the first entry builds upon; it has its last line */
};

static bool is_broken(const struct verifying *verifying)
{
    return verifying->error.code != ERROR_NONE;
}

static void begin_chain(void *context, const char *previous)
{
    struct verifying *verifying = context;
    struct audit_link begin;
    if (!audit_link_parse(previous, &begin)) {
        error_set(&verifying->error, ERROR_INVALID, "what stands before the first entry cannot be read: it was changed");
        return;
    }
    verifying->begun = true;
    audit_check_begin(&verifying->check, &begin, verifying->head);
}

static bool check_entry(void *context, const json_t *entry)
{
    struct verifying *verifying = context;
    return !is_broken(verifying) && audit_check_entry(&verifying->check, entry, &verifying->error);
}

static bool take_line(struct verifying *verifying, const char *line)
{
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const json_t *chain = json_object_get(object, "chain"), *entry = json_object_get(object, "audit");
    if (!object)
        error_set(&verifying->error, ERROR_INVALID, "the file was changed: after entry %" PRId64 " a line is no JSON",
                  verifying->check.last.seq);
    else if (chain && !verifying->begun)
        begin_chain(verifying, cli_text(chain, "previous"));
    else if (entry && !verifying->begun)
        error_set(&verifying->error, ERROR_INVALID, "the file was changed: what stands before the first entry is missing");
    else if (entry)
        check_entry(verifying, entry);
    else if (json_object_get(object, "end"))
        verifying->ended = true;
    json_decref(object);
    return !is_broken(verifying);
}

/* False if there is nothing to check: that was told. */
static bool read_file(struct cli *cli, struct verifying *verifying)
{
    bool standard = strcmp(cli->argument, "-") == 0;
    FILE *file = standard ? cli->setup->in : fopen(cli->argument, "re");
    char *line = NULL;
    size_t size = 0;
    bool good = file;
    while (good && getline(&line, &size, file) > 0 && take_line(verifying, line))
        continue;
    good = good && !ferror(file);
    if (!good)
        fprintf(cli->err, "tocsin: %s: %s\n", cli->argument, strerror(errno));
    else if (!is_broken(verifying) && !verifying->begun) {
        fprintf(cli->err, "tocsin: %s: holds no audit trail; make it with 'tocsin history export'\n", cli->argument);
        good = false;
    } else if (!is_broken(verifying) && !verifying->ended)
        error_set(&verifying->error, ERROR_INVALID, "the file is cut off after entry %" PRId64, verifying->check.last.seq);
    free(line);
    if (file && !standard)
        fclose(file);
    return good;
}

static void print_verdict(struct cli *cli, const struct verifying *verifying)
{
    const struct audit_check *check = &verifying->check;
    char head[AUDIT_LINK_SIZE];
    audit_link_print(&check->last, head);
    if (is_broken(verifying)) {
        fprintf(cli->out, "BROKEN: %s\n%" PRIu64 " entries before that are unbroken.\n", verifying->error.message, check->n);
        return;
    }
    fprintf(cli->out, "%" PRIu64 " entries, from %" PRId64 " (%s) to %" PRId64 " (%s), unbroken; head %s\n", check->n,
            check->begin.seq + 1, check->first_time, check->last.seq, check->last_time, head);
    if (check->begin.seq > 0)
        fprintf(cli->out, "Those up to %" PRId64 " are not here: they were let go by their age, or not exported.\n",
                check->begin.seq);
    if (verifying->head)
        fputs("The head that was written down is in it: nothing up to there was changed since.\n", cli->out);
    else
        fputs("Write the head down elsewhere: with --head it proves later that nothing of this was changed or cut off.\n",
              cli->out);
}

static void print_verdict_json(struct cli *cli, const struct verifying *verifying)
{
    const struct audit_check *check = &verifying->check;
    char head[AUDIT_LINK_SIZE];
    audit_link_print(&check->last, head);
    json_t *verdict = json_pack("{s:b, s:I, s:I, s:s}", "unbroken", (int)!is_broken(verifying), "entries", (json_int_t)check->n,
                                "first", (json_int_t)check->begin.seq + 1, "head", head);
    if (is_broken(verifying))
        json_object_set_new(verdict, "why", json_string(verifying->error.message));
    cli_print_json(cli, verdict);
    json_decref(verdict);
}

enum cli_exit cli_audit_verify(struct cli *cli)
{
    struct audit_link head;
    struct verifying verifying = {0};
    enum cli_exit exit = CLI_REACHED;
    if (cli->options.head && !audit_link_parse(cli->options.head, &head)) {
        fputs("tocsin: --head: give it as it was shown, SEQ:HASH with 64 hexadecimal digits\n", cli->err);
        return CLI_REFUSED;
    }
    verifying.head = cli->options.head ? &head : NULL;
    if (!cli->argument)
        exit = cli_audit_each(cli, begin_chain, check_entry, &verifying);
    else if (!read_file(cli, &verifying))
        exit = CLI_REFUSED;
    if (exit != CLI_REACHED)
        return exit;
    if (!is_broken(&verifying))
        audit_check_end(&verifying.check, &verifying.error);
    if (cli->options.json)
        print_verdict_json(cli, &verifying);
    else
        print_verdict(cli, &verifying);
    return is_broken(&verifying) ? CLI_NOT_REACHED : CLI_REACHED;
}
