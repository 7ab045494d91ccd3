/* tocsin site show, local-only, remote. */
#include "controller/cli_switch.h"

#include "controller/cli_table.h"

#include <stdlib.h>

/* Takes the site over. */
static enum cli_exit show(struct cli *cli, json_t *site, enum cli_exit exit)
{
    bool takes = json_is_true(json_object_get(site, "remote"));
    char line[512], clean[512];
    if (site && cli->options.json) {
        cli_print_json(cli, site);
    } else if (site) {
        snprintf(line, sizeof line, "%s %s (%s): commands over the network are %s%s%s%s%s%s%s", cli_text(site, "name_zh"),
                 cli_text(site, "name_en"), cli_text(site, "code"), takes ? "taken" : "REFUSED", takes ? "" : " since ",
                 cli_text(site, "since"), *cli_text(site, "by") ? ", says " : "", cli_text(site, "by"),
                 *cli_text(site, "by") ? ": " : "", cli_text(site, "reason"));
        text_clean(clean, sizeof clean, line);
        fprintf(cli->out, "%s\n", clean);
        if (json_is_false(json_object_get(site, "durable")))
            fputs("WARNING: this is not on disk: after a restart it would be as it was before\n", cli->out);
    }
    json_decref(site);
    return exit;
}

static enum cli_exit turn(struct cli *cli, bool takes)
{
    enum cli_exit exit;
    json_t *body = json_pack("{s:b, s:s}", "remote", (int)takes, "reason", cli->options.reason);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text) {
        fputs("tocsin: --reason: is no UTF-8 text\n", cli->err);
        return CLI_REFUSED;
    }
    json_t *site = cli_post(cli, &exit, "/v1/site", "", "", slice_of(text));
    free(text);
    return show(cli, site, exit);
}

enum cli_exit cli_site_show(struct cli *cli)
{
    enum cli_exit exit;
    json_t *site = cli_get(cli, &exit, "/v1/site", "", "");
    return show(cli, site, exit);
}

enum cli_exit cli_site_local_only(struct cli *cli)
{
    return turn(cli, false);
}

enum cli_exit cli_site_remote(struct cli *cli)
{
    return turn(cli, true);
}
