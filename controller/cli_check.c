/* tocsin check CONFIG: loads the file as the daemon would and prints every mistake. */
#include "controller/cli_check.h"

#include "config/config.h"
#include "controller/cli_table.h"

enum { SHOWN_MAX = 100 }; /* more do not help anybody */

struct check {
    struct cli *cli;
    json_t *list; /* with --json */
    unsigned mistakes, warnings;
};

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

static void take(void *context, const char *file, unsigned line, const char *message, bool warning)
{
    struct check *check = context;
    const char *kind = warning ? "warning" : "mistake";
    if (warning)
        check->warnings++;
    else
        check->mistakes++;
    if (check->mistakes + check->warnings > SHOWN_MAX)
        return;
    if (check->cli->options.json) {
        json_array_append_new(
            check->list, json_pack("{s:s*, s:i, s:s, s:s}", "file", file, "line", (int)line, "kind", kind, "message", message));
        return;
    }
    char clean[1024], name[1024];
    text_clean(clean, sizeof clean, message);
    text_clean(name, sizeof name, file ? file : check->cli->argument);
    if (file && line > 0)
        fprintf(check->cli->out, "%s:%u: %s: %s\n", name, line, kind, clean);
    else
        fprintf(check->cli->out, "%s: %s: %s\n", name, kind, clean);
}

enum cli_exit cli_check(struct cli *cli)
{
    struct check check = {.cli = cli, .list = json_array()};
    struct config *config = config_load(cli->argument, take, &check);
    if (cli->options.json) {
        json_t *answer = json_pack("{s:b, s:O}", "ok", config != NULL, "mistakes", check.list);
        cli_print_json(cli, answer);
        json_decref(answer);
    } else if (config) {
        fprintf(cli->out, "%s: good: terminals %zu, lines %zu, channels %zu; %u warning%s\n", cli->argument,
                config->n_terminals, config->n_lines, config->n_channels, check.warnings, plural(check.warnings));
    } else {
        if (check.mistakes + check.warnings > SHOWN_MAX)
            fprintf(cli->out, "... and %u more\n", check.mistakes + check.warnings - SHOWN_MAX);
        fprintf(cli->out, "%s: %u mistake%s, %u warning%s: the daemon would not start\n", cli->argument, check.mistakes,
                plural(check.mistakes), check.warnings, plural(check.warnings));
    }
    json_decref(check.list);
    enum cli_exit exit = config ? CLI_REACHED : CLI_REFUSED;
    config_free(config);
    return exit;
}
