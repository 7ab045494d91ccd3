/* Signatures that are owed: alerts that could not wait for their second person. They are asked for until they are there, also
 * when the alert has ended long ago. "owed.ID" in the store is how often, in seconds. */
#include "controller/desk_intern.h"

#include "controller/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "owed."

enum { OWED_MAX = 200, NAME_SIZE = 64 };

static void name_of(const char *id, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, PREFIX "%s", id);
}

static struct desk_owed *find(struct desk *desk, const char *id)
{
    for (size_t i = 0; i < desk->n_signatures; i++)
        if (strcmp(desk->signatures[i].id, id) == 0)
            return &desk->signatures[i];
    return NULL;
}

/* Beyond so many the newest are not asked for again; that they are owed stands with the alert. */
static void keep(struct desk *desk, const char *id, uint32_t every_s)
{
    if (find(desk, id) || desk->n_signatures == OWED_MAX)
        return;
    struct desk_owed *owed = &desk->signatures[desk->n_signatures++];
    *owed = (struct desk_owed){.every_s = every_s};
    text_copy(owed->id, sizeof owed->id, id);
}

static void take_stored(void *context, const char *name, int64_t value)
{
    struct desk *desk = context;
    const char *id = name + strlen(PREFIX);
    if (store_has_alert(desk->store, id))
        keep(desk, id, value > 0 && value <= UINT32_MAX ? (uint32_t)value : 1);
    else
        journal_forget_number(&desk->journal, name); /* too old to be kept */
}

bool desk_load_owed(struct desk *desk, struct error *error)
{
    desk->signatures = calloc(OWED_MAX, sizeof *desk->signatures);
    if (!desk->signatures)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    return store_load_settings(desk->store, PREFIX, take_stored, desk, error);
}

void desk_owe(struct desk *desk, const struct alert *alert)
{
    char name[NAME_SIZE];
    uint32_t every_s = alert->source >= 0 ? desk->config->sources[alert->source].approve_within_s : 1;
    name_of(alert->id, name);
    if (!find(desk, alert->id)) {
        const struct decision owed = {"tocsin", "signature_owed", NULL};
        journal_decision(&desk->journal, alert->id, &owed);
    }
    journal_number(&desk->journal, name, every_s, NULL, NULL);
    keep(desk, alert->id, every_s);
}

void desk_forget_owed(struct desk *desk, const char *id)
{
    char name[NAME_SIZE];
    struct desk_owed *owed = find(desk, id);
    name_of(id, name);
    journal_forget_number(&desk->journal, name);
    if (owed)
        *owed = desk->signatures[--desk->n_signatures];
}

void desk_chase_signatures(struct desk *desk, struct mono now)
{
    for (size_t i = 0; i < desk->n_signatures; i++) {
        struct desk_owed *owed = &desk->signatures[i];
        char text[300];
        if (owed->asked.us && mono_since(now, owed->asked) < (int64_t)owed->every_s * 1000000)
            continue;
        owed->asked = now;
        text_print(text, sizeof text, "%s could not wait for a second person, whose signature is owed: tocsin alert approve %s",
                   owed->id, owed->id);
        journal_alarm_of(&desk->journal, owed->id, "signature_owed", text);
    }
}

/* ---- of an alert that has ended ---- */

struct signing {
    desk_answer_fn *answer;
    void *context;
    json_t *detail;
};

static void on_signed(void *context, int64_t seq, const struct error *error)
{
    (void)seq;
    struct signing *signing = context;
    struct desk_answer yes = {200, NULL, NULL, signing->detail};
    if (error->code != ERROR_NONE)
        json_object_set_new(signing->detail, "durable", json_false());
    signing->answer(signing->context, &yes);
    free(signing);
}

static void sign(struct desk *desk, struct store_alert *row, const char *officer, const char *reason, desk_answer_fn *answer,
                 void *context)
{
    struct wall now = clock_read().wall;
    struct signing *signing = malloc(sizeof *signing);
    if (!signing) {
        desk_refuse(answer, context, 503, "no_memory", "out of memory; try again");
        return;
    }
    json_object_del(row->detail, "signature_owed");
    json_object_set_new(row->detail, "approved",
                        json_pack("{s:s, s:o, s:s}", "by", officer, "at", json_time(now, desk->config), "reason", reason));
    *signing = (struct signing){answer, context, json_deep_copy(row->detail)};
    const struct decision decision = {officer, "signed", json_pack("{s:s}", "reason", reason)};
    desk_forget_owed(desk, row->id);
    journal_stored(&desk->journal, row, now, &decision, on_signed, signing);
}

bool desk_sign_stored(struct desk *desk, const char *id, const char *reason, const char *officer, desk_answer_fn *answer,
                      void *context)
{
    struct store_alert row = {0};
    struct error error = {0};
    bool found = false;
    if (!store_find_alert(desk->store, id, &row, &found, &error))
        log_line(LOG_ERROR, "%s: cannot be read back: %s", id, error.message);
    const char *sent_by = json_string_value(json_object_get(row.detail, "sent_by"));
    bool owed = found && json_is_true(json_object_get(row.detail, "signature_owed"));
    if (owed && !desk_is_sender(desk, id, sent_by ? sent_by : "", officer, answer, context))
        sign(desk, &row, officer, reason, answer, context);
    store_alert_clear(&row);
    return owed;
}
