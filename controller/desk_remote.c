/* The site's switch: whether commands that come over the network are taken. "local_only" in the store is since when they are
 * not. */
#include "controller/desk_intern.h"

#include "controller/log.h"

#include <stdlib.h>
#include <string.h>

#define SETTING "local_only"

enum { REPEAT_MS = 60000 };

void desk_load_remote(struct desk *desk)
{
    desk->remote.refused_since.ms = store_get_setting(desk->store, SETTING, 0);
    if (!desk_takes_remote(desk))
        journal_alarm(&desk->journal, NULL, "local_only", "commands over the network are refused, as before the restart");
}

bool desk_takes_remote(const struct desk *desk)
{
    return desk->remote.refused_since.ms == 0;
}

json_t *desk_site_json(const struct desk *desk)
{
    const struct config *config = desk->config;
    const struct desk_remote *remote = &desk->remote;
    json_t *site = json_pack("{s:s, s:s, s:s, s:b}", "name_zh", config->site_name_zh, "name_en", config->site_name_en, "code",
                             config->site_code.digits, "remote", (int)desk_takes_remote(desk));
    if (!desk_takes_remote(desk))
        json_object_set_new(site, "since", json_time(remote->refused_since, config));
    if (*remote->word.by) { /* in this life */
        json_object_set_new(site, "by", json_string(remote->word.by));
        json_object_set_new(site, "reason", json_string(remote->word.reason));
    }
    return site;
}

struct switching {
    struct desk *desk;
    desk_answer_fn *answer;
    void *context;
};

static void on_switched(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct switching *switching = context;
    struct desk_answer yes = {200, NULL, NULL, desk_site_json(switching->desk)};
    json_object_set_new(yes.alert, "durable", json_boolean(error->code == ERROR_NONE));
    switching->answer(switching->context, &yes);
    free(switching);
}

/* It counts at once, and is answered when a restart would find it so. */
void desk_set_remote(struct desk *desk, bool takes, const char *reason, const char *officer, desk_answer_fn *answer,
                     void *context)
{
    char text[300];
    struct wall now = clock_read().wall;
    struct switching *switching = malloc(sizeof *switching);
    if (!switching) {
        desk_refuse(answer, context, 503, "no_memory", "out of memory; try again");
        return;
    }
    *switching = (struct switching){desk, answer, context};
    text_print(text, sizeof text, "commands over the network are %s, says %s: %s", takes ? "taken again" : "refused", officer,
               reason);
    const struct decision decision = {officer, takes ? "remote_taken" : "local_only", json_pack("{s:s}", "reason", reason)};
    journal_decision(&desk->journal, "", &decision);
    if (takes)
        journal_alarm_over(&desk->journal, "remote_taken", text);
    else
        journal_alarm(&desk->journal, NULL, "local_only", text);
    desk->remote.refused_since.ms = takes ? 0 : now.ms;
    desk_say(&desk->remote.word, officer, reason, now);
    journal_number(&desk->journal, SETTING, desk->remote.refused_since.ms, on_switched, switching);
}

/* The same again within a minute is only logged: who tries without end must not bury what else is told. */
void desk_tell_refused(struct desk *desk, const char *what)
{
    struct desk_remote *remote = &desk->remote;
    struct mono now = clock_read().mono;
    bool again =
        remote->told.us && mono_since(now, remote->told) < (int64_t)REPEAT_MS * 1000 && strcmp(remote->what, what) == 0;
    if (again) {
        log_line(LOG_WARNING, "refused once more, as the site is local-only: %s", what);
        return;
    }
    remote->told = now;
    text_copy(remote->what, sizeof remote->what, what);
    journal_alarm(&desk->journal, NULL, "remote_refused", what);
}
