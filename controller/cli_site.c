/* tocsin terminal list, terminal show, line list, health. */
#include "controller/cli_site.h"

#include "controller/cli_table.h"

#include <string.h>

static void add(struct table *table, const char *const cells[])
{
    if (table)
        table_add(table, cells);
}

/* Prints the table or, with --json, the answer; frees both. */
static void finish(struct cli *cli, struct table *table, json_t *answer)
{
    if (answer && cli->options.json)
        cli_print_json(cli, answer);
    else if (answer && (!table || !table_print(table, cli->out)))
        fputs("tocsin: rows are missing: no memory\n", cli->err);
    table_free(table);
    json_decref(answer);
}

/* Seconds as "12 s", "3 min", "5 h"; "never" without. */
static void age_text(const json_t *terminal, char text[24])
{
    const json_t *age = json_object_get(terminal, "age");
    double s = json_number_value(age);
    if (!json_is_number(age))
        text_copy(text, 24, "never");
    else
        snprintf(text, 24, s < 120 ? "%.0f s" : s < 7200 ? "%.0f min" : "%.0f h", s < 120 ? s : s < 7200 ? s / 60 : s / 3600);
}

enum cli_exit cli_terminal_list(struct cli *cli)
{
    static const char *const titles[] = {"terminal", "name", "line", ">unit", "profile", "state", ">last seen", "why"};
    enum { N = sizeof titles / sizeof *titles };
    enum cli_exit exit;
    json_t *answer = cli_get(cli, &exit, "/v1/terminals", "", "");
    struct table *table = table_create(titles, N);
    size_t i;
    const json_t *terminal;
    json_array_foreach(json_object_get(answer, "terminals"), i, terminal)
    {
        char unit[24], age[24], state[48];
        snprintf(unit, sizeof unit, "%ld", cli_integer(terminal, "unit"));
        age_text(terminal, age);
        snprintf(state, sizeof state, "%s%s", cli_text(terminal, "state"),
                 json_is_true(json_object_get(terminal, "maintenance")) ? " (maintenance)" : "");
        const char *cells[N] = {cli_text(terminal, "id"),
                                cli_text(terminal, "name"),
                                cli_text(terminal, "line"),
                                unit,
                                cli_text(terminal, "profile"),
                                state,
                                age,
                                cli_text(terminal, "why")};
        add(table, cells);
    }
    finish(cli, table, answer);
    return exit;
}

static void add_pair(struct table *table, const char *key, const char *value)
{
    const char *cells[] = {key, value};
    if (*value)
        add(table, cells);
}

/* Members of an object as rows: texts as they are, numbers with their unit. */
static void add_members(struct table *table, json_t *object, const json_t *units)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char text[96];
        if (json_is_number(value))
            snprintf(text, sizeof text, "%g %s", json_number_value(value), cli_text(units, key));
        else
            snprintf(text, sizeof text, "%s", json_is_string(value) ? json_string_value(value) : "");
        add_pair(table, key, text);
    }
}

enum cli_exit cli_terminal_show(struct cli *cli)
{
    static const char *const titles[] = {"what", "value"};
    static const char *const keys[] = {"id", "name", "line", "profile", "channel", "state", "why", "last_seen"};
    enum cli_exit exit;
    json_t *terminal = cli_get(cli, &exit, "/v1/terminals/", cli->argument, "");
    struct table *table = table_create(titles, 2);
    if (terminal && table) {
        char text[24];
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            add_pair(table, keys[i], cli_text(terminal, keys[i]));
        age_text(terminal, text);
        add_pair(table, "age", text);
        snprintf(text, sizeof text, "%ld", cli_integer(terminal, "unit"));
        add_pair(table, "unit", text);
        if (json_is_true(json_object_get(terminal, "maintenance")))
            add_pair(table, "maintenance", "yes: it is not asked to sound");
        size_t i;
        const json_t *code;
        json_array_foreach(json_object_get(terminal, "codes"), i, code)
        {
            add_pair(table, "area code", json_is_string(code) ? json_string_value(code) : "");
        }
        add_members(table, json_object_get(terminal, "when"), NULL);
        add_members(table, json_object_get(terminal, "values"), json_object_get(terminal, "units"));
    }
    finish(cli, table, terminal);
    return exit;
}

enum cli_exit cli_line_list(struct cli *cli)
{
    static const char *const titles[] = {"line",     "device",    ">baud",       "state",       ">terminals", ">requests",
                                         ">replies", ">timeouts", ">crc errors", ">exceptions", ">reopened",  ">wire %"};
    static const char *const numbers[] = {"baud",     "terminals",  "requests",   "replies",
                                          "timeouts", "crc_errors", "exceptions", "reopened"};
    enum { N = sizeof titles / sizeof *titles, M = sizeof numbers / sizeof *numbers };
    enum cli_exit exit;
    json_t *answer = cli_get(cli, &exit, "/v1/lines", "", "");
    struct table *table = table_create(titles, N);
    size_t i;
    const json_t *line;
    json_array_foreach(json_object_get(answer, "lines"), i, line)
    {
        char text[M][24], wire[24], state[300];
        for (size_t k = 0; k < M; k++)
            snprintf(text[k], sizeof text[k], "%ld", cli_integer(line, numbers[k]));
        snprintf(wire, sizeof wire, "%.1f", json_number_value(json_object_get(line, "wire_percent")));
        bool up = json_is_true(json_object_get(line, "up"));
        snprintf(state, sizeof state, up ? "up" : "DOWN: %s", cli_text(line, "error"));
        const char *cells[N] = {cli_text(line, "id"),
                                cli_text(line, "device"),
                                text[0],
                                state,
                                text[1],
                                text[2],
                                text[3],
                                text[4],
                                text[5],
                                text[6],
                                text[7],
                                wire};
        add(table, cells);
    }
    finish(cli, table, answer);
    return exit;
}

enum cli_exit cli_health(struct cli *cli)
{
    enum cli_exit exit;
    json_t *health = cli_get(cli, &exit, "/healthz", "", "");
    if (!health)
        return exit;
    bool well = strcmp(cli_text(health, "status"), "ok") == 0;
    char text[512];
    if (cli->options.json) {
        cli_print_json(cli, health);
    } else if (!json_object_get(health, "version")) { /* as to a stranger */
        fprintf(cli->out, "%s: more is told to those who may use the daemon: --token-file PATH\n", well ? "well" : "DEGRADED");
    } else {
        text_clean(text, sizeof text, cli_text(health, "store"));
        fprintf(cli->out, "%s: tocsind %s, store %s, %ld of %ld lines up\n", well ? "well" : "DEGRADED",
                cli_text(health, "version"), text, cli_integer(health, "lines_up"), cli_integer(health, "lines"));
        text_clean(text, sizeof text, cli_text(health, "why"));
        if (*text)
            fprintf(cli->out, "  %s\n", text);
        size_t i;
        const json_t *channel;
        json_array_foreach(json_object_get(health, "channels"), i, channel)
        {
            char line[256];
            snprintf(line, sizeof line, "channel %s: output %s, %s", cli_text(channel, "id"), cli_text(channel, "output"),
                     cli_text(channel, "state"));
            text_clean(text, sizeof text, line);
            fprintf(cli->out, "  %s\n", text);
        }
    }
    json_decref(health);
    return well ? CLI_REACHED : CLI_NOT_REACHED;
}
