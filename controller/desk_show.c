/* What the desk knows of its alerts, shown from memory: no disk is asked. */
#include "controller/desk_intern.h"

#include "controller/coverage.h"

#include <stdlib.h>
#include <string.h>

json_t *desk_expect(const struct desk *desk, const struct alert *alert)
{
    struct mono now = clock_read().mono;
    enum health_state *states = calloc(desk->config->n_terminals + 1, sizeof *states);
    for (size_t i = 0; states && i < alert->n_terminals; i++) {
        struct terminal_view view;
        site_view_terminal(desk->site, alert->terminals[i], now, &view);
        states[alert->terminals[i]] = view.verdict.state;
    }
    json_t *expected = states ? coverage_expected(desk->config, alert, states) : NULL;
    free(states);
    return expected;
}

/* What was written last is an event's as well, which may not be told yet: it stays as it is, and a copy takes its place. */
static void show_reading(const struct desk *desk, const struct alert *alert, const struct delivery *delivery)
{
    const char *terminal = desk->config->terminals[delivery->terminal].hardware.id;
    const json_t *written = json_object_get(alert->deliveries, terminal);
    json_t *shown = json_copy((json_t *)written), *times = json_copy(json_object_get(written, "times"));
    if (shown && times && delivery->read.wall.ms) {
        json_object_set_new(times, "read", json_time(delivery->read.wall, desk->config));
        json_object_set(shown, "times", times);
        json_object_set(alert->deliveries, terminal, shown);
    }
    json_decref(times);
    json_decref(shown);
}

/* A reading that changes nothing is not written; when the last one was is shown all the same. */
static void show_readings(const struct desk *desk, const struct alert *alert)
{
    for (size_t c = 0; c < desk->config->n_channels; c++) {
        const struct broadcast *broadcast = desk->dispatchers[c] ? dispatcher_current(desk->dispatchers[c]) : NULL;
        for (size_t i = 0; broadcast && broadcast->alert == alert && i < broadcast->n_deliveries; i++)
            show_reading(desk, alert, &broadcast->deliveries[i]);
    }
}

static json_t *show(const struct desk *desk, const struct alert *alert)
{
    json_t *shown = alert_to_json(alert, desk->config), *deliveries = json_array(), *detail;
    const char *terminal;
    show_readings(desk, alert);
    json_object_foreach(alert->deliveries, terminal, detail) json_array_append(deliveries, detail);
    json_t *tally = alert->deliveries ? journal_tally(deliveries) : NULL;
    json_object_update(shown, tally);
    json_object_set_new(shown, "coverage", coverage_reached(shown, deliveries));
    json_decref(tally);
    json_decref(deliveries);
    return shown;
}

json_t *desk_live_alert(const struct desk *desk, const char *id)
{
    const struct alert *alert = desk_find(desk, id);
    return alert ? show(desk, alert) : NULL;
}

static int by_arrival(const void *a, const void *b)
{
    const struct alert *const *one = a, *const *other = b;
    if ((*one)->received.ms != (*other)->received.ms)
        return (*one)->received.ms < (*other)->received.ms ? 1 : -1;
    return -strcmp((*one)->id, (*other)->id);
}

static json_t *show_all(const struct desk *desk, bool stored_too)
{
    json_t *list = json_array();
    const struct alert **sorted = calloc(desk->n_alerts + 1, sizeof(struct alert *));
    size_t n = 0;
    for (size_t i = 0; sorted && i < desk->n_alerts; i++)
        if (!desk->alerts[i]->accepting && (stored_too || !desk->alerts[i]->stored))
            sorted[n++] = desk->alerts[i];
    if (sorted)
        qsort(sorted, n, sizeof(struct alert *), by_arrival);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, show(desk, sorted[i]));
    free(sorted);
    return list;
}

json_t *desk_live_alerts(const struct desk *desk)
{
    return show_all(desk, true);
}

json_t *desk_unstored_alerts(const struct desk *desk)
{
    return show_all(desk, false);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *desk_live_deliveries(const struct desk *desk, const char *id)
{
    const struct alert *alert = desk_find(desk, id);
    if (!alert)
        return NULL;
    show_readings(desk, alert);
    json_t *list = json_array(), *detail;
    const char **names = calloc(json_object_size(alert->deliveries) + 1, sizeof *names), *terminal;
    size_t n = 0;
    json_object_foreach(alert->deliveries, terminal, detail)
    {
        if (names)
            names[n++] = terminal;
    }
    if (names)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++)
        json_array_append(list, json_object_get(alert->deliveries, names[i]));
    free(names);
    return list;
}

bool desk_accepts(const struct desk *desk, const char *id)
{
    for (size_t i = 0; i < desk->n_alerts; i++)
        if (desk->alerts[i]->accepting && strcmp(desk->alerts[i]->id, id) == 0)
            return true;
    return false;
}
