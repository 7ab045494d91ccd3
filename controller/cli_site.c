/* tocsin terminal list, terminal show, line list, place list, health. */
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

/* Seconds as "12 s", "3 min", "5 h". */
static void seconds_text(double s, char text[24])
{
    snprintf(text, 24, s < 120 ? "%.0f s" : s < 7200 ? "%.0f min" : "%.0f h", s < 120 ? s : s < 7200 ? s / 60 : s / 3600);
}

/* The same of a terminal's last answer; "never" without. */
static void age_text(const json_t *terminal, char text[24])
{
    const json_t *age = json_object_get(terminal, "age");
    text_copy(text, 24, "never");
    if (json_is_number(age))
        seconds_text(json_number_value(age), text);
}

static void answer_text(const json_t *terminal, char text[24])
{
    const json_t *answer = json_object_get(terminal, "answer_ms");
    text[0] = '\0';
    if (json_is_number(answer))
        snprintf(text, 24, "%.0f", json_number_value(answer));
}

/* Requests that brought no good answer. Another unit's frames are not counted: what was asked then has an end of its own. */
static long errors_of(const json_t *terminal)
{
    static const char *const KINDS[] = {"timeouts", "damaged", "exceptions"};
    long sum = 0;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        sum += cli_integer(json_object_get(terminal, "counts"), KINDS[i]);
    return sum;
}

static void value_text(const json_t *terminal, const char *field, char *text, size_t size)
{
    const json_t *value = json_object_get(json_object_get(terminal, "values"), field);
    const char *unit = cli_text(json_object_get(terminal, "units"), field);
    text[0] = '\0';
    if (json_is_number(value))
        text_print(text, size, "%g%s%s", json_number_value(value), *unit ? " " : "", unit);
}

/* One that is good may still be in use by somebody else. */
static const char *why_text(const json_t *terminal)
{
    const char *why = cli_text(terminal, "why");
    bool busy = strcmp(cli_text(json_object_get(terminal, "when"), "busy_when"), "true") == 0;
    return *why ? why : busy ? "another source plays there" : "";
}

static void add_terminal(struct table *table, const json_t *terminal)
{
    char unit[24], age[24], answer[24], errors[24], battery[48], state[48];
    snprintf(unit, sizeof unit, "%ld", cli_integer(terminal, "unit"));
    snprintf(errors, sizeof errors, "%ld", errors_of(terminal));
    age_text(terminal, age);
    answer_text(terminal, answer);
    value_text(terminal, "battery", battery, sizeof battery);
    snprintf(state, sizeof state, "%s%s", cli_text(terminal, "state"),
             json_is_true(json_object_get(terminal, "maintenance")) ? " (maintenance)" : "");
    const char *cells[] = {cli_text(terminal, "id"),
                           cli_text(terminal, "name"),
                           cli_text(terminal, "line"),
                           unit,
                           cli_text(terminal, "profile"),
                           state,
                           age,
                           answer,
                           errors,
                           battery,
                           why_text(terminal)};
    add(table, cells);
}

/* Only what the options ask for is left in the answer. */
static void filter(const struct cli_options *options, json_t *terminals)
{
    for (size_t i = json_array_size(terminals); i-- > 0;) {
        const json_t *terminal = json_array_get(terminals, i);
        if ((options->line && strcmp(options->line, cli_text(terminal, "line")) != 0) ||
            (options->state && strcmp(options->state, cli_text(terminal, "state")) != 0))
            json_array_remove(terminals, i);
    }
}

static bool is_state(const char *text)
{
    static const char *const STATES[] = {"good", "degraded", "dead", "unknown"};
    for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
        if (strcmp(text, STATES[i]) == 0)
            return true;
    return false;
}

/* False, and told, where --line names none of them: a table without rows would look like a line without terminals. */
static bool is_line(const struct cli *cli, const json_t *terminals)
{
    size_t i;
    const json_t *terminal;
    json_array_foreach(terminals, i, terminal)
    {
        if (!cli->options.line || strcmp(cli->options.line, cli_text(terminal, "line")) == 0)
            return true;
    }
    fprintf(cli->err, "tocsin: no terminal is on a line \"%.40s\"; 'tocsin line list' names the lines\n", cli->options.line);
    return false;
}

enum cli_exit cli_terminal_list(struct cli *cli)
{
    static const char *const titles[] = {"terminal",   "name",       "line",    ">unit",    "profile", "state",
                                         ">last seen", ">answer ms", ">errors", ">battery", "why"};
    enum cli_exit exit;
    if (cli->options.state && !is_state(cli->options.state)) {
        fprintf(cli->err, "tocsin: --state: good, degraded, dead or unknown, not '%.20s'\n", cli->options.state);
        return CLI_REFUSED;
    }
    json_t *answer = cli_get(cli, &exit, "/v1/terminals", "", "");
    if (answer && cli->options.line && !is_line(cli, json_object_get(answer, "terminals"))) {
        json_decref(answer);
        return CLI_REFUSED;
    }
    struct table *table = table_create(titles, sizeof titles / sizeof *titles);
    size_t i;
    const json_t *terminal;
    filter(&cli->options, json_object_get(answer, "terminals"));
    json_array_foreach(json_object_get(answer, "terminals"), i, terminal) add_terminal(table, terminal);
    finish(cli, table, answer);
    return exit;
}

/* ---- one terminal ---- */

/* The value last: only it may be long. */
static void add_row(struct table *table, const char *key, const char *value, const char *age)
{
    const char *cells[] = {key, age, value};
    if (*value)
        add(table, cells);
}

static void add_values(struct table *table, const json_t *terminal)
{
    json_t *values = json_object_get(terminal, "values");
    const char *field;
    const json_t *value;
    json_object_foreach(values, field, value)
    {
        char text[96], age[24];
        value_text(terminal, field, text, sizeof text);
        seconds_text(json_number_value(json_object_get(json_object_get(terminal, "ages"), field)), age);
        add_row(table, field, text, age);
    }
}

/* A row for each part of "why", which has them joined by "; ". */
static void add_reasons(struct table *table, const json_t *terminal)
{
    const char *why = cli_text(terminal, "why"), *key = "why";
    while (*why) {
        char part[300];
        const char *end = strstr(why, "; ");
        size_t length = end ? (size_t)(end - why) : strlen(why);
        snprintf(part, sizeof part, "%.*s", (int)length, why);
        add_row(table, key, part, "");
        why += length + (end ? 2 : 0);
        key = "";
    }
}

/* What its last reading means. Being armed and sounding are always shown, the rest where it is so or not known. */
static void add_meaning(struct table *table, const json_t *terminal)
{
    static const struct {
        const char *key, *says;
        bool always;
    } MEANINGS[] = {{"armed_when", "armed", true},
                    {"sounding_when", "sounding", true},
                    {"ours_when", "plays our programme", false},
                    {"busy_when", "another source plays", false},
                    {"fault_when", "reports a fault", false},
                    {"mains_lost_when", "runs on its battery", false}};
    const json_t *when = json_object_get(terminal, "when");
    char age[24];
    age_text(terminal, age);
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++) {
        const char *truth = cli_text(when, MEANINGS[i].key);
        bool no = strcmp(truth, "false") == 0;
        if (MEANINGS[i].always || !no)
            add_row(table, MEANINGS[i].says, no ? "no" : strcmp(truth, "true") == 0 ? "yes" : truth, age);
    }
}

static void add_counts(struct table *table, const json_t *terminal)
{
    static const char *const COUNTS[][2] = {{"requests", "asked"},        {"replies", "good answers"},
                                            {"timeouts", "no answer"},    {"damaged", "damaged answers"},
                                            {"exceptions", "refusals"},   {"foreign", "answers by others"},
                                            {"doubled", "answered twice"}};
    const json_t *counts = json_object_get(terminal, "counts");
    for (size_t i = 0; counts && i < sizeof COUNTS / sizeof *COUNTS; i++) {
        char text[96], unit[32];
        const char *exception = strcmp(COUNTS[i][0], "exceptions") == 0 ? cli_text(terminal, "last_exception") : "";
        snprintf(unit, sizeof unit, ", the last by unit %ld", cli_integer(terminal, "foreign_unit"));
        bool other = strcmp(COUNTS[i][0], "foreign") == 0 && json_object_get(terminal, "foreign_unit");
        snprintf(text, sizeof text, "%ld%s%s%s", cli_integer(counts, COUNTS[i][0]), *exception ? ", the last " : "", exception,
                 other ? unit : "");
        add_row(table, COUNTS[i][1], text, "");
    }
}

static void add_facts(struct table *table, const json_t *terminal)
{
    static const char *const keys[] = {"id", "name", "line", "profile", "channel", "state"};
    char text[24], age[24];
    size_t i;
    const json_t *code;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        add_row(table, keys[k], cli_text(terminal, keys[k]), "");
    add_reasons(table, terminal);
    age_text(terminal, age);
    const char *seen = cli_text(terminal, "last_seen");
    add_row(table, "last seen", *seen ? seen : "never", *seen ? age : "");
    answer_text(terminal, text);
    add_row(table, "answer ms", text, "");
    snprintf(text, sizeof text, "%ld", cli_integer(terminal, "unit"));
    add_row(table, "unit", text, "");
    if (json_is_true(json_object_get(terminal, "maintenance")))
        add_row(table, "maintenance", "yes: it is not asked to sound", "");
    json_array_foreach(json_object_get(terminal, "codes"), i, code)
    {
        const char *digits = json_string_value(code);
        add_row(table, "area code", digits ? digits : "", "");
    }
}

enum cli_exit cli_terminal_show(struct cli *cli)
{
    static const char *const titles[] = {"what", ">age", "value"};
    enum cli_exit exit;
    json_t *terminal = cli_get(cli, &exit, "/v1/terminals/", cli->argument, cli->options.now ? "?now=true" : "");
    struct table *table = table_create(titles, sizeof titles / sizeof *titles);
    if (terminal && table) {
        add_facts(table, terminal);
        add_counts(table, terminal);
        add_meaning(table, terminal);
        add_values(table, terminal);
    }
    finish(cli, table, terminal);
    return exit;
}

/* ---- lines ---- */

static void add_line(struct table *table, const json_t *line)
{
    static const char *const numbers[] = {"baud",     "terminals", "requests",   "replies",
                                          "timeouts", "damaged",   "exceptions", "reopened"};
    enum { M = sizeof numbers / sizeof *numbers };
    char text[M][24], use[24], state[300];
    const json_t *occupied = json_object_get(json_object_get(line, "use_percent"), "occupied");
    for (size_t k = 0; k < M; k++)
        snprintf(text[k], sizeof text[k], "%ld", cli_integer(line, numbers[k]));
    snprintf(use, sizeof use, "%.1f", json_number_value(json_object_get(occupied, "10min")));
    bool up = json_is_true(json_object_get(line, "up"));
    snprintf(state, sizeof state, up ? "up" : "DOWN: %s", cli_text(line, "error"));
    const char *cells[] = {cli_text(line, "id"),
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
                           use};
    add(table, cells);
}

enum cli_exit cli_line_list(struct cli *cli)
{
    static const char *const titles[] = {"line",     "device",    ">baud",    "state",       ">terminals", ">requests",
                                         ">replies", ">timeouts", ">damaged", ">exceptions", ">reopened",  ">use %"};
    enum cli_exit exit;
    json_t *answer = cli_get(cli, &exit, "/v1/lines", "", "");
    struct table *table = table_create(titles, sizeof titles / sizeof *titles);
    size_t i;
    const json_t *line;
    json_array_foreach(json_object_get(answer, "lines"), i, line) add_line(table, line);
    finish(cli, table, answer);
    return exit;
}

/* ---- places ---- */

static void add_place(struct table *table, const json_t *place)
{
    char terminals[24], people[24] = "";
    const char *code = cli_text(place, "code"), *shelter = cli_text(place, "shelter_zh");
    snprintf(terminals, sizeof terminals, "%ld", cli_integer(place, "terminals"));
    if (json_object_get(place, "population"))
        snprintf(people, sizeof people, "%ld", cli_integer(place, "population"));
    const char *cells[] = {*code ? code : cli_text(place, "id"),
                           cli_text(place, "kind"),
                           cli_text(place, "name_zh"),
                           cli_text(place, "name_en"),
                           terminals,
                           people,
                           *shelter ? shelter : cli_text(place, "shelter_en")};
    add(table, cells);
}

enum cli_exit cli_place_list(struct cli *cli)
{
    static const char *const titles[] = {"place", "kind", "name", "English", ">terminals", ">people", "shelter"};
    enum cli_exit exit;
    json_t *answer = cli_get(cli, &exit, "/v1/places", "", "");
    struct table *table = table_create(titles, sizeof titles / sizeof *titles);
    size_t i;
    const json_t *place;
    json_array_foreach(json_object_get(answer, "places"), i, place) add_place(table, place);
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
