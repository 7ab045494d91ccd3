/* What is asked of alerts, and the table of all operations. */
#include "controller/api.h"

#include "codecs/cap.h"
#include "controller/api_ebm.h"
#include "controller/api_intern.h"
#include "controller/clock.h"
#include "controller/coverage.h"
#include "controller/delivery_csv.h"
#include "controller/journal.h"
#include "controller/log.h"
#include "controller/rights.h"
#include "controller/version.h"

#include <stdlib.h>
#include <string.h>

enum {
    PACKAGE_MAX = 8 * 1024 * 1024
}; /* 17 minutes of audio at 64 kbit/s. What is larger than HTTP holds in memory lies on
       the disk. */

/* A request that waits for the store; parts are what has come so far. */
struct waiting {
    struct api *api;
    struct http_request *request;
    json_t *alert;
    bool csv;
};

static struct waiting *wait_with(struct api *api, struct http_request *request)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting)
        *waiting = (struct waiting){.api = api, .request = request};
    else
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
    return waiting;
}

static void finish(struct waiting *waiting, json_t *body)
{
    http_reply_json(waiting->request, 200, body);
    json_decref(waiting->alert);
    free(waiting);
}

static void fail(struct waiting *waiting, const struct error *error)
{
    bool unknown = error->code == ERROR_NOT_FOUND;
    http_reply_problem(waiting->request, unknown ? 404 : 500, error_name(error->code), "%s", error->message);
    json_decref(waiting->alert);
    free(waiting);
}

/* ---- alerts ---- */

void api_on_answer(void *context, const struct desk_answer *answer)
{
    struct http_request *request = context;
    if (answer->alert)
        http_reply_json(request, answer->status, answer->alert);
    else
        http_reply_problem(request, answer->status, answer->code, "%s", answer->message);
}

/* True if the login has the right; else it is answered. */
bool api_may(const struct api *api, struct http_request *request, enum right right)
{
    struct refusal refusal;
    if (rights_have(api->config, http_user(request), right, &refusal))
        return true;
    desk_denied(api->desk, http_user(request), http_id(request), &refusal);
    http_reply_problem(request, 403, refusal.code, "%s", refusal.message);
    return false;
}

/* An answer to an EBM package for whoever wants it as a package. */
static void on_package(void *context, const struct desk_answer *answer)
{
    struct waiting *waiting = context;
    api_ebm_reply_submitted(waiting->api, waiting->request, answer);
    free(waiting);
}

static void post_package(struct api *api, struct http_request *request, const struct desk_sender *sender)
{
    struct waiting *waiting = api_ebm_wanted(request) ? wait_with(api, request) : NULL;
    if (waiting)
        desk_submit(api->desk, sender, MEDIA_EBM, http_body(request), on_package, waiting);
    else if (!api_ebm_wanted(request))
        desk_submit(api->desk, sender, MEDIA_EBM, http_body(request), api_on_answer, request);
}

static void post_alert(void *context, struct http_request *request)
{
    struct api *api = context;
    const struct desk_sender sender = {.user = http_user(request), .key = http_header(request, "Idempotency-Key")};
    enum media media;
    bool known = media_parse(http_header(request, "Content-Type"), &media);
    if (known && media == MEDIA_EBM && api_ebm_asked(api, request)) /* who only asks needs no right, as with GET */
        return;
    if (!api_may(api, request, RIGHT_SEND))
        return;
    if (known && media == MEDIA_EBM)
        post_package(api, request, &sender);
    else if (known)
        desk_submit(api->desk, &sender, media, http_body(request), api_on_answer, request);
    else
        desk_refuse_media(api->desk, &sender, http_body(request), api_on_answer, request);
}

json_t *api_alert_of_row(const struct api *api, const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    json_t *live = id ? desk_live_alert(api->desk, id) : NULL;
    if (live)
        return live;
    json_t *alert = json_deep_copy(json_object_get(row, "detail"));
    if (!json_is_object(alert)) {
        json_decref(alert);
        alert = json_object();
    }
    json_object_set(alert, "id", json_object_get(row, "id"));
    json_object_set(alert, "state", json_object_get(row, "state"));
    return alert;
}

static void on_tally(void *context, json_t *rows, const struct error *error)
{
    struct waiting *waiting = context;
    if (!rows) {
        fail(waiting, error);
        return;
    }
    json_t *tally = journal_tally(rows);
    json_object_update(waiting->alert, tally);
    json_object_set_new(waiting->alert, "coverage", coverage_reached(waiting->alert, rows));
    json_decref(tally);
    json_decref(rows);
    finish(waiting, json_incref(waiting->alert));
}

static void on_alert(void *context, json_t *row, const struct error *error)
{
    struct waiting *waiting = context;
    if (!row) {
        fail(waiting, error);
        return;
    }
    waiting->alert = api_alert_of_row(waiting->api, row);
    json_decref(row);
    store_list_deliveries(waiting->api->store, http_id(waiting->request), on_tally, waiting);
}

static void get_alert(void *context, struct http_request *request)
{
    struct api *api = context;
    if (api_ebm_wanted(request)) {
        api_ebm_reply_state(api, request, http_id(request));
        return;
    }
    json_t *live = desk_live_alert(api->desk, http_id(request));
    struct waiting *waiting = live ? NULL : wait_with(api, request);
    if (live)
        http_reply_json(request, 200, live);
    else if (waiting)
        store_get_alert(api->store, http_id(request), on_alert, waiting);
}

/* ---- deliveries ---- */

static void on_readings(void *context, json_t *readings, const struct error *error)
{
    struct waiting *waiting = context;
    if (!readings) {
        fail(waiting, error);
        return;
    }
    json_object_set_new(waiting->alert, "raw", readings);
    finish(waiting, json_incref(waiting->alert));
}

/* Of one terminal only, or all. */
static json_t *choose(const json_t *details, const char *terminal)
{
    json_t *chosen = json_array(), *detail;
    size_t i;
    json_array_foreach(details, i, detail)
    {
        const char *id = json_string_value(json_object_get(detail, "terminal"));
        if (!terminal || (id && strcmp(id, terminal) == 0))
            json_array_append(chosen, detail);
    }
    return chosen;
}

static void reply_csv(struct waiting *waiting, const json_t *deliveries)
{
    char *text = delivery_csv(deliveries);
    http_reply_text(waiting->request, 200, "text/csv; charset=utf-8", slice_of(text));
    free(text);
    free(waiting);
}

/* details are all deliveries of the alert, as the API shows them. */
static void reply_deliveries(struct waiting *waiting, const json_t *details)
{
    const char *terminal = http_query(waiting->request, "terminal");
    json_t *deliveries = choose(details, terminal);
    if (waiting->csv) {
        reply_csv(waiting, deliveries);
        json_decref(deliveries);
        return;
    }
    waiting->alert = json_pack("{s:o}", "deliveries", deliveries);
    if (terminal)
        store_list_readings(waiting->api->store, http_id(waiting->request), terminal, on_readings, waiting);
    else
        finish(waiting, json_incref(waiting->alert));
}

static void on_deliveries(void *context, json_t *rows, const struct error *error)
{
    struct waiting *waiting = context;
    if (!rows) {
        fail(waiting, error);
        return;
    }
    json_t *details = json_array();
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) json_array_append(details, json_object_get(row, "detail"));
    json_decref(rows);
    reply_deliveries(waiting, details);
    json_decref(details);
}

/* Asked first, so that an unknown alert is 404 and not an empty list. */
static void on_alert_of_deliveries(void *context, json_t *row, const struct error *error)
{
    struct waiting *waiting = context;
    if (!row) {
        fail(waiting, error);
        return;
    }
    json_decref(row);
    store_list_deliveries(waiting->api->store, http_id(waiting->request), on_deliveries, waiting);
}

static void get_deliveries(void *context, struct http_request *request)
{
    struct api *api = context;
    const char *format = http_query(request, "format");
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0) {
        http_reply_problem(request, 400, "format", "format: csv or json, not \"%.40s\"", format);
        return;
    }
    struct waiting *waiting = wait_with(api, request);
    if (!waiting)
        return;
    waiting->csv = format && strcmp(format, "csv") == 0;
    json_t *live = desk_live_deliveries(api->desk, http_id(request));
    if (live)
        reply_deliveries(waiting, live);
    else
        store_get_alert(api->store, http_id(request), on_alert_of_deliveries, waiting);
    json_decref(live);
}

/* ---- the site ---- */

/* Whoever may not use the API is told no more than a watchdog needs. */
static void get_health(void *context, struct http_request *request)
{
    const struct api *api = context;
    const struct site *site = desk_site(api->desk);
    char why[DESK_WHY_SIZE];
    bool healthy = desk_healthy(api->desk, why);
    json_t *health = json_pack("{s:s}", "status", healthy ? "ok" : "degraded");
    if (*http_user(request)) { /* a stranger is told no more */
        json_t *more = json_pack("{s:s, s:s, s:I, s:I, s:o}", "version", TOCSIN_VERSION, "store", store_epoch(api->store),
                                 "lines_up", (json_int_t)site_lines_up(site), "lines", (json_int_t)api->config->n_lines,
                                 "channels", desk_channels_json(api->desk));
        if (!healthy)
            json_object_set_new(more, "why", json_string(why));
        json_object_update(health, more);
        json_decref(more);
    }
    http_reply_json(request, 200, health);
}

static const struct http_route ROUTES[] = {
    {"POST", "/v1/alerts", PACKAGE_MAX, false, post_alert},
    {"GET", "/v1/alerts", 0, false, api_get_alerts},
    {"GET", "/v1/alerts/{id}", 0, false, get_alert},
    {"GET", "/v1/alerts/{id}/deliveries", 0, false, get_deliveries},
    {"GET", "/v1/alerts/{id}/message", 0, false, api_get_message},
    {"POST", "/v1/alerts/{id}/stop", 4096, false, api_post_stop},
    {"POST", "/v1/alerts/{id}/extend", 4096, false, api_post_extend},
    {"POST", "/v1/alerts/{id}/resume", 0, false, api_post_resume},
    {"POST", "/v1/alerts/{id}/approve", 4096, false, api_post_approve},
    {"POST", "/v1/alerts/{id}/reject", 4096, false, api_post_reject},
    {"POST", "/v1/alerts/{id}/release", 4096, false, api_post_release},
    {"GET", "/v1/site", 0, false, api_get_site},
    {"POST", "/v1/site", 4096, false, api_post_site},
    {"POST", "/v1/alerts/{id}/all-clear", 65536, false, api_post_all_clear},
    {"POST", "/v1/alerts/{id}/correct", 65536, false, api_post_correct},
    {"GET", "/v1/terminals", 0, false, api_get_terminals},
    {"GET", "/v1/terminals/{id}", 0, false, api_get_terminal},
    {"GET", "/v1/places", 0, false, api_get_places},
    {"GET", "/v1/lines", 0, false, api_get_lines},
    {"GET", "/v1/lines/{id}", 0, false, api_get_line},
    {"GET", "/v1/audit", 0, false, api_get_audit},
    {"GET", "/v1/events", 0, false, api_get_events},
    {"GET", "/metrics", 0, false, api_get_metrics},
    {"GET", "/healthz", 0, true, get_health},
};

size_t api_body_most(const struct http_route *route, const char *content_type)
{
    enum media media;
    bool package = media_parse(content_type, &media) && media == MEDIA_EBM;
    return package || route->body_max < CAP_SIZE_MAX ? route->body_max : CAP_SIZE_MAX;
}

const struct http_route *api_routes(size_t *n)
{
    *n = sizeof ROUTES / sizeof *ROUTES;
    return ROUTES;
}

struct api *api_create(const struct config *config, struct desk *desk, struct store *store)
{
    struct api *api = calloc(1, sizeof *api);
    if (api)
        *api = (struct api){.config = config, .desk = desk, .store = store, .started = clock_read().wall};
    return api;
}
