/* One notice for each thing that can begin and end: each group of a terminal's fault_when, the loss of a site device, and the
 * mains of what supplies the controller. */
#include "controller/site_alarm.h"

#include "controller/flap.h"

#include <stdlib.h>
#include <string.h>

enum notice_kind { NOTICE_FAULT, NOTICE_LOST, NOTICE_MAINS };

struct notice {
    uint32_t terminal;
    enum notice_kind kind;
    uint8_t group; /* NOTICE_FAULT */
    bool on;
    struct flap flap;
    char *words; /* of what is so now; NULL before it was ever on */
};

struct site_alarms {
    const struct config *config;
    site_alarm_fn *alarm;
    void *context;
    size_t n;
    struct notice *notices;
    size_t *first; /* per terminal, and one more: its notices */
};

static const struct profile *profile_of(const struct config *config, uint32_t terminal)
{
    return config->terminals[terminal].hardware.profile;
}

/* What is in maintenance is left out. */
static void add_notices(struct site_alarms *alarms, uint32_t terminal)
{
    const struct config_terminal *settings = &alarms->config->terminals[terminal];
    const struct profile *profile = profile_of(alarms->config, terminal);
    struct notice *to = alarms->notices;
    if (settings->maintenance)
        return;
    for (size_t g = 0; g < profile->conditions[WHEN_FAULT].n_groups; g++)
        to[alarms->n++] = (struct notice){.terminal = terminal, .kind = NOTICE_FAULT, .group = (uint8_t)g};
    if (!profile_can_sound(profile) || settings->supplies_controller)
        to[alarms->n++] = (struct notice){.terminal = terminal, .kind = NOTICE_LOST};
    if (settings->supplies_controller)
        to[alarms->n++] = (struct notice){.terminal = terminal, .kind = NOTICE_MAINS};
}

struct site_alarms *site_alarms_create(const struct config *config, site_alarm_fn *alarm, void *context)
{
    struct site_alarms *alarms = calloc(1, sizeof *alarms);
    if (!alarms)
        return NULL;
    size_t most = 0;
    for (uint32_t t = 0; t < config->n_terminals; t++)
        most += profile_of(config, t)->conditions[WHEN_FAULT].n_groups + 2;
    *alarms = (struct site_alarms){.config = config, .alarm = alarm, .context = context};
    alarms->notices = calloc(most + 1, sizeof *alarms->notices);
    alarms->first = calloc(config->n_terminals + 1, sizeof *alarms->first);
    if (!alarms->notices || !alarms->first) {
        site_alarms_free(alarms);
        return NULL;
    }
    for (uint32_t t = 0; t < config->n_terminals; t++) {
        add_notices(alarms, t);
        alarms->first[t + 1] = alarms->n;
    }
    return alarms;
}

void site_alarms_free(struct site_alarms *alarms)
{
    if (!alarms)
        return;
    for (size_t i = 0; i < alarms->n; i++)
        free(alarms->notices[i].words);
    free(alarms->notices);
    free(alarms->first);
    free(alarms);
}

static const char *what_of(const struct notice *notice)
{
    static const char *const names[][2] = {
        {"fault_over", "fault"}, {"device_back", "device_lost"}, {"controller_on_mains", "controller_on_battery"}};
    return names[notice->kind][notice->on];
}

/* Tells the notice if that is due. */
static void tell(const struct site_alarms *alarms, struct notice *notice, struct mono now)
{
    char often[FLAP_TEXT_SIZE], detail[400];
    const struct config_terminal *terminal = &alarms->config->terminals[notice->terminal];
    if (!flap_take(&notice->flap, notice->on, now, often))
        return;
    text_print(detail, sizeof detail, "%s (%s): %s%s", terminal->hardware.id, terminal->name,
               notice->words ? notice->words : "", often);
    alarms->alarm(alarms->context, !notice->on, what_of(notice), detail);
}

/* It is on or not from now on; words: how it reads. What was never on is not worth a word. */
static void set(const struct site_alarms *alarms, struct notice *notice, bool on, const char *words, struct mono now)
{
    if (notice->on == on)
        return;
    notice->on = on;
    free(notice->words);
    notice->words = strdup(words);
    tell(alarms, notice, now);
}

static void read_notice(const struct site_alarms *alarms, struct notice *notice, const struct terminal_reading *reading)
{
    const struct profile *profile = profile_of(alarms->config, notice->terminal);
    const struct operand_values nothing = {0};
    char words[PROFILE_WORDS_SIZE];
    enum truth truth = TRUTH_FALSE;
    switch (notice->kind) {
    case NOTICE_FAULT:
        truth = profile_judge_group(profile, WHEN_FAULT, notice->group, &reading->values, &nothing, reading->received);
        profile_group_words(profile, WHEN_FAULT, notice->group, &reading->values, words);
        break;
    case NOTICE_LOST: text_copy(words, sizeof words, "it answers again"); break;
    case NOTICE_MAINS:
        truth = reading->when[WHEN_MAINS_LOST];
        text_copy(words, sizeof words,
                  truth == TRUTH_TRUE ? "the controller's own mains is gone; it runs on its battery"
                                      : "the controller's own mains is back");
        break;
    }
    if (truth != TRUTH_UNKNOWN)
        set(alarms, notice, truth == TRUTH_TRUE, words, reading->received);
}

static void lose(const struct site_alarms *alarms, uint32_t terminal, const char *why, struct mono at)
{
    for (size_t i = alarms->first[terminal]; i < alarms->first[terminal + 1]; i++)
        if (alarms->notices[i].kind == NOTICE_LOST)
            set(alarms, &alarms->notices[i], true, why, at);
}

void site_alarms_take(struct site_alarms *alarms, uint32_t line, const struct line_event *event)
{
    const struct config_line *settings = &alarms->config->lines[line];
    if (event->kind == LINE_DOWN)
        for (size_t i = 0; i < settings->n_terminals; i++)
            lose(alarms, settings->terminals[i], "its line is down", event->at);
    if (event->terminal >= settings->n_terminals)
        return;
    uint32_t terminal = settings->terminals[event->terminal];
    bool only_read = !profile_can_sound(profile_of(alarms->config, terminal)); /* it has no trouble but that it cannot be */
    if (event->kind == LINE_TROUBLE && (only_read || event->trouble == TROUBLE_NO_REPLY))
        lose(alarms, terminal, event->error.message, event->at);
    for (size_t i = alarms->first[terminal]; event->kind == LINE_READING && i < alarms->first[terminal + 1]; i++)
        read_notice(alarms, &alarms->notices[i], &event->reading);
}

void site_alarms_tick(struct site_alarms *alarms, struct mono now)
{
    for (size_t i = 0; i < alarms->n; i++)
        if (alarms->notices[i].flap.losses > 0)
            tell(alarms, &alarms->notices[i], now);
}

bool site_alarms_on_battery(const struct site_alarms *alarms, char *why, size_t size)
{
    for (size_t i = 0; i < alarms->n; i++) {
        const struct notice *notice = &alarms->notices[i];
        const struct config_terminal *terminal = &alarms->config->terminals[notice->terminal];
        if (!notice->on || !terminal->supplies_controller || notice->kind == NOTICE_FAULT)
            continue;
        text_print(why, size, notice->kind == NOTICE_MAINS ? "%s: %s" : "%s, which supplies the controller, is lost: %s",
                   terminal->hardware.id, notice->words ? notice->words : "");
        return true;
    }
    return false;
}
