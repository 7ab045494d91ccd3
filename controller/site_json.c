/* Lines and terminals as docs/api.yaml shows them. */
#include "controller/alert.h"
#include "controller/clock.h"
#include "controller/site_intern.h"
#include "hardware/wire_address.h"

#include <string.h>

enum { WORST_MAX = 5 };

static void set_count(json_t *object, const char *name, uint64_t n)
{
    json_object_set_new(object, name, json_integer((json_int_t)n));
}

static json_t *time_ago(struct mono at, struct moment now, const struct config *config)
{
    return json_time((struct wall){now.wall.ms - mono_since(now.mono, at) / 1000}, config);
}

static double seconds_since(struct mono at, struct mono now)
{
    return (double)mono_since(now, at) / 1e6;
}

/* ---- terminals ---- */

static void set_fields(json_t *object, const struct profile *profile, const struct terminal_reading *reading, struct mono now)
{
    json_t *when = json_object(), *values = json_object(), *units = json_object(), *ages = json_object();
    for (int c = 0; c < WHEN_COUNT; c++)
        json_object_set_new(when, condition_name((enum condition_kind)c), json_string(truth_name(reading->when[c])));
    for (size_t i = 0; i < profile->n_fields; i++) {
        if (!(reading->values.valid >> i & 1))
            continue;
        json_object_set_new(values, profile->fields[i].name, json_real(reading->values.value[i]));
        json_object_set_new(ages, profile->fields[i].name, json_real(seconds_since(reading->values.at[i], now)));
        if (*profile->fields[i].unit)
            json_object_set_new(units, profile->fields[i].name, json_string(profile->fields[i].unit));
    }
    json_object_set_new(object, "when", when);
    json_object_set_new(object, "values", values);
    json_object_set_new(object, "ages", ages);
    json_object_set_new(object, "units", units);
}

static json_t *counts_json(const struct terminal_health *seen)
{
    json_t *counts = json_object();
    set_count(counts, "requests", seen->requests);
    set_count(counts, "replies", seen->replies);
    set_count(counts, "timeouts", seen->timeouts);
    set_count(counts, "damaged", seen->damaged);
    set_count(counts, "exceptions", seen->exceptions);
    set_count(counts, "foreign", seen->foreign);
    set_count(counts, "doubled", seen->doubled);
    return counts;
}

static void set_health(json_t *object, const struct config *config, const struct profile *profile,
                       const struct terminal_view *view, struct moment now)
{
    const struct terminal_health *seen = &view->seen;
    struct mono last = view->last_seen;
    json_object_set_new(object, "state", json_string(health_state_name(view->verdict.state)));
    if (*view->verdict.why)
        json_object_set_new(object, "why", json_string(view->verdict.why));
    if (last.us != 0) {
        json_object_set_new(object, "last_seen", time_ago(last, now, config));
        json_object_set_new(object, "age", json_real(seconds_since(last, now.mono)));
    }
    if (seen->answer_us > 0)
        json_object_set_new(object, "answer_ms", json_real((double)seen->answer_us / 1000));
    json_object_set_new(object, "counts", counts_json(seen));
    if (seen->exceptions > 0)
        json_object_set_new(object, "last_exception", json_string(modbus_exception_name(seen->last_exception)));
    if (seen->foreign > 0)
        set_count(object, "foreign_unit", seen->foreign_unit);
    if (view->reading)
        set_fields(object, profile, view->reading, now.mono);
}

static json_t *terminal_json(const struct site *site, uint32_t index, struct moment now)
{
    const struct config_terminal *terminal = &site->config->terminals[index];
    const struct config_line *line = &site->config->lines[terminal->line];
    const struct profile *profile = terminal->hardware.profile;
    struct terminal_view view;
    json_t *codes = json_array();
    for (size_t i = 0; i < terminal->n_codes; i++)
        json_array_append_new(codes, json_string(terminal->codes[i].digits));
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:b}", "id", terminal->hardware.id, "name", terminal->name, "line",
                  line->hardware.id, "unit", (int)terminal->hardware.unit, "profile", profile->id, "channel",
                  site->config->channels[line->channel].id, "codes", codes, "maintenance", (int)terminal->maintenance);
    site_view_terminal(site, index, now.mono, &view);
    set_health(object, site->config, profile, &view, now);
    return object;
}

json_t *site_terminal_json(const struct site *site, uint32_t terminal)
{
    return terminal_json(site, terminal, clock_read());
}

json_t *site_terminals_json(const struct site *site)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < site->config->n_terminals; i++)
        json_array_append_new(list, terminal_json(site, i, clock_read()));
    return list;
}

/* ---- lines ---- */

static void set_place(json_t *object, const struct line_settings *line)
{
    static const char *const KINDS[] = {[LINE_RTU] = "rtu", [LINE_TCP] = "tcp", [LINE_RTU_OVER_TCP] = "rtu_over_tcp"};
    char place[LINE_PLACE_MAX];
    line_place(line, place);
    json_object_set_new(object, "kind", json_string(KINDS[line->kind]));
    json_object_set_new(object, "device", json_string(place));
    json_object_set_new(object, "baud", json_integer(line->baud));
    if (line->calls_in)
        json_object_set_new(object, "calls_in", json_true());
}

static void set_counts(json_t *object, const struct line_counts *counts)
{
    json_t *classes = json_object();
    set_count(object, "requests", counts->requests);
    set_count(object, "replies", counts->replies);
    set_count(object, "timeouts", counts->timeouts);
    set_count(object, "damaged", counts->damaged);
    set_count(object, "exceptions", counts->exceptions);
    set_count(object, "strays", counts->strays);
    set_count(object, "reopened", counts->reopened);
    set_count(object, "heartbeats", counts->heartbeats);
    json_object_set_new(object, "hears_itself", json_boolean(counts->hears_itself));
    for (int c = 0; c < TERMINAL_CLASSES; c++)
        set_count(classes, terminal_class_name((enum terminal_class)c), counts->class_requests[c]);
    json_object_set_new(object, "classes", classes);
}

static json_t *use_json(const struct line_use_share use[USE_SPANS])
{
    static const char *const SPANS[USE_SPANS] = {"10s", "10min", "all"};
    json_t *occupied = json_object(), *bytes = json_object();
    for (int span = 0; span < USE_SPANS; span++) {
        json_object_set_new(occupied, SPANS[span], json_real(use[span].occupied));
        json_object_set_new(bytes, SPANS[span], json_real(use[span].bytes));
    }
    return json_pack("{s:o, s:o}", "occupied", occupied, "bytes", bytes);
}

static json_t *states_json(const size_t states[HEALTH_STATES])
{
    json_t *object = json_object();
    for (int s = 0; s < HEALTH_STATES; s++)
        set_count(object, health_state_name((enum health_state)s), states[s]);
    return object;
}

/* The dead before the unknown before the degraded, each as they stand in the configuration. */
static json_t *worst_json(const struct site *site, const struct config_line *line, struct mono now)
{
    static const enum health_state ORDER[] = {HEALTH_DEAD, HEALTH_UNKNOWN, HEALTH_DEGRADED};
    json_t *list = json_array();
    for (size_t s = 0; s < sizeof ORDER / sizeof *ORDER; s++)
        for (size_t i = 0; i < line->n_terminals && json_array_size(list) < WORST_MAX; i++) {
            const struct config_terminal *terminal = &site->config->terminals[line->terminals[i]];
            struct terminal_view view;
            site_view_terminal(site, line->terminals[i], now, &view);
            if (view.verdict.state == ORDER[s])
                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:s, s:s}", "id", terminal->hardware.id, "name", terminal->name,
                                                "state", health_state_name(ORDER[s]), "why", view.verdict.why));
        }
    return list;
}

json_t *site_line_json(const struct site *site, uint32_t index)
{
    const struct config_line *line = &site->config->lines[index];
    struct moment now = clock_read();
    struct line_view view;
    site_view_line(site, index, now.mono, &view);
    json_t *object =
        json_pack("{s:s, s:s, s:b, s:s, s:I}", "id", line->hardware.id, "channel", site->config->channels[line->channel].id,
                  "up", (int)view.up, view.up ? "method" : "error", view.words, "terminals", (json_int_t)line->n_terminals);
    set_place(object, &line->hardware);
    if (view.since.us != 0)
        json_object_set_new(object, "since", time_ago(view.since, now, site->config));
    set_counts(object, &view.counts);
    json_object_set_new(object, "use_percent", use_json(view.use));
    json_object_set_new(object, "states", states_json(view.states));
    if (view.up)
        json_object_set_new(object, "worst", worst_json(site, line, now.mono));
    return object;
}

json_t *site_lines_json(const struct site *site)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < site->config->n_lines; i++)
        json_array_append_new(list, site_line_json(site, i));
    return list;
}

size_t site_lines_up(const struct site *site)
{
    size_t n = 0;
    for (size_t i = 0; i < site->config->n_lines; i++)
        n += site->states[i].up;
    return n;
}
