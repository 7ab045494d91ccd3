/* Readings that somebody waits for. */
#include "controller/site_intern.h"

#include "codecs/monotonic.h"

enum { LATE_MS = 1000 /* beyond what the line was given */ };

static void answer(struct site *site, size_t i, const struct error *error)
{
    struct site_asking asking = site->askings[i];
    site->askings[i] = site->askings[--site->n_askings];
    asking.done(asking.context, error);
}

bool site_ask(struct site *site, uint32_t terminal, site_answer_fn *done, void *context, struct error *error)
{
    uint32_t l = site->config->terminals[terminal].line, number = site->last_number + 1;
    const struct config_line *line = &site->config->lines[l];
    uint16_t place = 0;
    while (line->terminals[place] != terminal)
        place++;
    if (!site->states[l].up)
        return error_set(error, ERROR_DISCONNECTED, "line %s is down: %s", line->hardware.id, site->states[l].words);
    if (site->n_askings == SITE_ASKINGS_MAX || !line_ask(site->lines[l], number, place, SITE_ASK_MS))
        return error_set(error, ERROR_CONFLICT, "too many terminals are being read on request; try again");
    site->last_number = number;
    site->askings[site->n_askings++] =
        (struct site_asking){number, l, mono_plus_ms(mono_now(), SITE_ASK_MS + LATE_MS), done, context};
    return true;
}

void site_answer(struct site *site, const struct line_event *event)
{
    for (size_t i = 0; i < site->n_askings; i++)
        if (site->askings[i].number == event->request) {
            answer(site, i, &event->error);
            return;
        }
}

void site_answer_late(struct site *site, struct mono now)
{
    struct error error = {0};
    error_set(&error, ERROR_TIMEOUT, "the line does not get to it");
    for (size_t i = site->n_askings; i-- > 0;)
        if (!mono_before(now, site->askings[i].until)) {
            line_withdraw(site->lines[site->askings[i].line], site->askings[i].number);
            answer(site, i, &error);
        }
}

void site_answer_all(struct site *site)
{
    struct error error = {0};
    error_set(&error, ERROR_DISCONNECTED, "the daemon is stopping");
    while (site->n_askings > 0)
        answer(site, 0, &error);
}
