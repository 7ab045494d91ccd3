/* All-clear and correction on the command line: an officer names places by their codes or ids, or says it in words. */
#include "controller/cli_alert.h"

#include <string.h>

/* "360499103201,longtang-3": codes and ids; words have other characters, Chinese ones or blanks. */
static bool names_places(const char *text)
{
    return text[strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz_-,")] == '\0';
}

static json_t *split(const char *text)
{
    json_t *list = json_array();
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, ",");
        if (n > 0)
            json_array_append_new(list, json_stringn(p, n));
        p += n + (p[n] == ',');
    }
    return list;
}

static void set_slot(json_t *slots, const char *slot, const char *text)
{
    if (text)
        json_object_set_new(slots, slot, names_places(text) ? split(text) : json_string(text));
}

enum cli_exit cli_alert_all_clear(struct cli *cli)
{
    json_t *slots = json_object();
    set_slot(slots, "return", cli->options.home);
    set_slot(slots, "stay", cli->options.stay);
    if (cli->options.phone)
        json_object_set_new(slots, "phone", json_string(cli->options.phone));
    return cli_order(cli, "/all-clear", json_pack("{s:s, s:o}", "reason", cli->options.reason, "slots", slots));
}

enum cli_exit cli_alert_correct(struct cli *cli)
{
    json_t *slots = json_object();
    if (!cli->options.right != !cli->options.wrong) {
        fputs("tocsin: --right and --wrong go together: whose places must move, and whose were named by mistake\n", cli->err);
        json_decref(slots);
        return CLI_REFUSED;
    }
    set_slot(slots, "right", cli->options.right);
    set_slot(slots, "wrong", cli->options.wrong);
    return cli_order(cli, "/correct", json_pack("{s:s, s:o}", "reason", cli->options.reason, "slots", slots));
}
