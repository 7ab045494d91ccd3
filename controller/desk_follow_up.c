/* All-clear and correction: the alert that they follow is looked up, wherever it is, and what follows goes through the door. */
#include "controller/desk_intern.h"

#include "controller/follow_up.h"
#include "controller/rights.h"

#include <stdlib.h>

/* Waits for the store. */
struct following {
    struct desk *desk;
    enum form_kind kind;
    char login[64], key[130], id[ALERT_ID_SIZE]; /* key: one that is too long stays so, and is refused */
    char *keyed; /* what the key was given to: the form that is made of it differs once the alert has ended */
    json_t *asked, *of;
    desk_answer_fn *answer;
    void *context;
};

static void end(struct following *following)
{
    json_decref(following->asked);
    json_decref(following->of);
    free(following->keyed);
    free(following);
}

static struct desk_sender sender_of(const struct following *following)
{
    return (struct desk_sender){following->login, *following->key ? following->key : NULL, slice_of(following->keyed)};
}

static void submit(struct following *following, json_t *terminals)
{
    struct desk *desk = following->desk;
    struct refusal refusal = {0};
    const struct config_source *source = rights_source(desk->config, following->login, &refusal);
    json_t *form = source ? follow_up_make(desk->config, following->kind, following->of, terminals, following->asked,
                                           source->sender, &refusal)
                          : NULL;
    char *bytes = form ? json_dumps(form, JSON_COMPACT) : NULL;
    const struct desk_sender sender = sender_of(following);
    if (bytes)
        desk_submit(desk, &sender, MEDIA_JSON, slice_of(bytes), following->answer, following->context);
    else {
        desk_denied(desk, following->login, following->id, &refusal);
        desk_refuse(following->answer, following->context, source ? 409 : 403, refusal.code, refusal.message);
    }
    free(bytes);
    json_decref(form);
    end(following);
}

static void on_failed(struct following *following, const struct error *error)
{
    bool unknown = error->code == ERROR_NOT_FOUND;
    desk_refuse(following->answer, following->context, unknown ? 404 : 503, error_name(error->code), error->message);
    end(following);
}

static void on_deliveries(void *context, json_t *rows, const struct error *error)
{
    struct following *following = context;
    json_t *terminals = json_array();
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) json_array_append(terminals, json_object_get(row, "terminal"));
    if (rows)
        submit(following, terminals);
    else
        on_failed(following, error);
    json_decref(terminals);
    json_decref(rows);
}

static void on_alert(void *context, json_t *row, const struct error *error)
{
    struct following *following = context;
    if (!row) {
        on_failed(following, error);
        return;
    }
    following->of = json_deep_copy(json_object_get(row, "detail"));
    json_decref(row);
    store_list_deliveries(following->desk->store, following->id, on_deliveries, following);
}

/* NULL without memory. */
static char *keyed_of(const struct following *following)
{
    json_t *keyed = json_pack("{s:s, s:i, s:O}", "id", following->id, "kind", (int)following->kind, "asked", following->asked);
    char *text = json_dumps(keyed, JSON_COMPACT);
    json_decref(keyed);
    return text;
}

static json_t *terminals_of(const struct desk *desk, const struct alert *alert)
{
    json_t *terminals = json_array();
    for (size_t i = 0; i < alert->n_terminals; i++)
        json_array_append_new(terminals, json_string(desk->config->terminals[alert->terminals[i]].hardware.id));
    return terminals;
}

/* NULL without memory. */
static struct following *begin(struct desk *desk, const struct desk_sender *sender, const char *id, enum form_kind kind,
                               json_t *asked)
{
    struct following *following = calloc(1, sizeof *following);
    if (!following)
        return NULL;
    *following = (struct following){.desk = desk, .kind = kind, .asked = json_incref(asked)};
    text_copy(following->login, sizeof following->login, sender->user);
    text_copy(following->key, sizeof following->key, sender->key ? sender->key : "");
    text_copy(following->id, sizeof following->id, id);
    following->keyed = keyed_of(following);
    if (following->keyed)
        return following;
    end(following);
    return NULL;
}

void desk_follow_up(struct desk *desk, const struct desk_sender *sender, const char *id, enum form_kind kind, json_t *asked,
                    desk_answer_fn *answer, void *context)
{
    const struct alert *live = desk_find(desk, id);
    struct following *following = begin(desk, sender, id, kind, asked);
    if (!following) {
        desk_refuse(answer, context, 503, "no_memory", "out of memory; try again");
        return;
    }
    following->answer = answer;
    following->context = context;
    const struct desk_sender again = sender_of(following);
    if (desk_answer_again(desk, &again, answer, context)) {
        end(following);
        return;
    }
    if (!live) {
        store_get_alert(desk->store, id, on_alert, following);
        return;
    }
    following->of = alert_to_json(live, desk->config);
    json_t *terminals = terminals_of(desk, live);
    submit(following, terminals);
    json_decref(terminals);
}
