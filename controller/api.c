/* Operations on alerts, and the table of all. */
#include "controller/api.h"
#include "codecs/rfc3339.h"

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

/* Bytes of a body: 17 minutes of audio at 64 kbit/s. What is larger than HTTP holds in memory lies on the disk. */
enum { PACKAGE_MAX = 8 * 1024 * 1024 };

typedef void order_fn(struct api *api, struct http_request *request); /* to an alert that is known */

/* A request that waits for the store; parts are what has come so far. */
struct waiting {
    struct api *api;
    struct http_request *request;
    json_t *alert;
    bool csv;
    order_fn *order;
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

static void on_submitted(void *context, const struct desk_answer *answer)
{
    struct http_request *request = context;
    if (answer->alert)
        http_reply_json(request, answer->status, answer->alert);
    else
        http_reply_problem(request, answer->status, answer->code, "%s", answer->message);
}

/* True if the login has the right; else it is answered. */
static bool may(const struct api *api, struct http_request *request, enum right right)
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
        desk_submit(api->desk, sender, MEDIA_EBM, http_body(request), on_submitted, request);
}

static void post_alert(void *context, struct http_request *request)
{
    struct api *api = context;
    const struct desk_sender sender = {http_user(request), http_header(request, "Idempotency-Key")};
    enum media media;
    bool known = media_parse(http_header(request, "Content-Type"), &media);
    if (known && media == MEDIA_EBM && api_ebm_asked(api, request)) /* who only asks needs no right, as with GET */
        return;
    if (!may(api, request, RIGHT_SEND))
        return;
    if (known && media == MEDIA_EBM)
        post_package(api, request, &sender);
    else if (known)
        desk_submit(api->desk, &sender, media, http_body(request), on_submitted, request);
    else
        desk_refuse_media(api->desk, &sender, http_body(request), on_submitted, request);
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

/* ---- stop, extend and resume ---- */

/* The body of an order, with its reason; NULL: answered. */
static json_t *reasoned(struct http_request *request, const char *example)
{
    json_error_t where;
    struct slice body = http_body(request);
    json_t *asked = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, &where);
    const char *reason = json_string_value(json_object_get(asked, "reason"));
    if (reason && *reason)
        return asked;
    http_reply_problem(request, 422, "reason", "reason: missing; send %s", example);
    json_decref(asked);
    return NULL;
}

static void stop(struct api *api, struct http_request *request)
{
    json_t *asked = reasoned(request, "{\"reason\": \"why it is stopped\"}");
    if (!asked)
        return;
    const char *reason = json_string_value(json_object_get(asked, "reason"));
    log_line(LOG_NOTE, "%s: %s asks to stop it: %s", http_id(request), http_user(request), reason);
    desk_stop(api->desk, http_id(request), reason, http_user(request), on_submitted, request);
    json_decref(asked);
}

static void extend(struct api *api, struct http_request *request)
{
    json_t *asked = reasoned(request, "{\"expires\": \"2026-11-22T05:20:00+08:00\", \"reason\": \"why it stays in force\"}");
    if (!asked)
        return;
    const char *expires = json_string_value(json_object_get(asked, "expires"));
    struct wall until;
    struct error error;
    if (!expires)
        http_reply_problem(request, 422, "expires", "expires: missing; send a time such as 2026-11-22T05:20:00+08:00");
    else if (!rfc3339_parse(slice_of(expires), &until, NULL, &error))
        http_reply_problem(request, 422, "expires", "expires: %s", error.message);
    else
        desk_extend(api->desk, http_id(request), until, json_string_value(json_object_get(asked, "reason")), http_user(request),
                    on_submitted, request);
    json_decref(asked);
}

static void follow_up(struct api *api, struct http_request *request, enum form_kind kind)
{
    const struct desk_sender sender = {http_user(request), http_header(request, "Idempotency-Key")};
    json_t *asked = reasoned(request, "{\"reason\": \"why\"}");
    if (!asked)
        return;
    desk_follow_up(api->desk, &sender, http_id(request), kind, asked, on_submitted, request);
    json_decref(asked);
}

static void post_all_clear(void *context, struct http_request *request)
{
    if (may(context, request, RIGHT_ALL_CLEAR))
        follow_up(context, request, FORM_ALL_CLEAR);
}

static void post_correct(void *context, struct http_request *request)
{
    if (may(context, request, RIGHT_CORRECT))
        follow_up(context, request, FORM_CORRECTION);
}

static void resume(struct api *api, struct http_request *request)
{
    desk_resume(api->desk, http_id(request), http_user(request), on_submitted, request);
}

static void on_order_found(void *context, json_t *row, const struct error *error)
{
    struct waiting *waiting = context;
    if (!row) {
        fail(waiting, error);
        return;
    }
    json_decref(row);
    waiting->order(waiting->api, waiting->request);
    free(waiting);
}

/* What is live can be stopped even where the store does not know it: on a full disk it sounds all the same. */
static void give_order(struct api *api, struct http_request *request, order_fn *order)
{
    json_t *live = desk_live_alert(api->desk, http_id(request));
    struct waiting *waiting = live ? NULL : wait_with(api, request);
    if (live)
        order(api, request);
    else if (waiting) {
        waiting->order = order;
        store_get_alert(api->store, http_id(request), on_order_found, waiting);
    }
    json_decref(live);
}

static void post_stop(void *context, struct http_request *request)
{
    if (may(context, request, RIGHT_STOP))
        give_order(context, request, stop);
}

static void post_extend(void *context, struct http_request *request)
{
    if (may(context, request, RIGHT_EXTEND))
        give_order(context, request, extend);
}

static void post_resume(void *context, struct http_request *request)
{
    if (may(context, request, RIGHT_STOP))
        give_order(context, request, resume);
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
    {"POST", "/v1/alerts/{id}/stop", 4096, false, post_stop},
    {"POST", "/v1/alerts/{id}/extend", 4096, false, post_extend},
    {"POST", "/v1/alerts/{id}/resume", 0, false, post_resume},
    {"POST", "/v1/alerts/{id}/all-clear", 65536, false, post_all_clear},
    {"POST", "/v1/alerts/{id}/correct", 65536, false, post_correct},
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
