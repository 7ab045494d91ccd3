/* Emergency broadcast packages over the API. What is asked of several alerts is gathered one by one, so that the loop and the
 * store have their turn between. */
#include "controller/api_ebm.h"

#include "codecs/ebm_request.h"
#include "controller/clock.h"
#include "controller/ebm_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_ALERTS_MAX = 50 }; /* the newest of the time that is asked for */

static const char tar_type[] = "application/x-tar";

bool api_ebm_wanted(const struct http_request *request)
{
    const char *format = http_query(request, "format"), *accept = http_header(request, "Accept");
    return format ? strcmp(format, "ebm") == 0 : accept && strstr(accept, tar_type);
}

/* ---- envelopes ---- */

struct envelope {
    struct ebm_request asked;
    char source[EBM_IDENTITY_MAX + 1], ebd_id[64];
    struct ebm_envelope wire;
};

/* We are who the package was sent to; without one, the site's area code stands in the place of our EBRID. */
static void name_us(const struct api *api, struct envelope *envelope)
{
    if (*envelope->asked.destination)
        text_copy(envelope->source, sizeof envelope->source, envelope->asked.destination);
    else
        snprintf(envelope->source, sizeof envelope->source, "%.12s000001", api->config->site_code.digits);
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* Each package has a number of its own: the time and a count. */
static void make_envelope(struct api *api, const struct http_request *request, struct envelope *envelope)
{
    struct wall now = clock_read().wall;
    *envelope = (struct envelope){.asked = ebm_request_read(http_body(request))};
    name_us(api, envelope);
    snprintf(envelope->ebd_id, sizeof envelope->ebd_id, "10%.18s%013lld%03u", envelope->source, (long long)now.ms,
             api->n_packages++ % 1000);
    envelope->wire = (struct ebm_envelope){envelope->ebd_id, envelope->source, or_null(envelope->asked.source),
                                           or_null(envelope->asked.ebd_id), now};
}

static void reply(struct http_request *request, unsigned status, struct ebm_archive archive)
{
    if (archive.data)
        http_reply_text(request, status, tar_type, (struct slice){archive.data, archive.size});
    else
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
    free(archive.data);
}

static void reply_result(struct api *api, struct http_request *request, unsigned status, enum ebm_result result,
                         const char *description)
{
    struct envelope envelope;
    make_envelope(api, request, &envelope);
    reply(request, status, ebm_encode_response(&envelope.wire, result, description));
}

static enum ebm_result result_of(const struct desk_answer *answer)
{
    if (answer->alert)
        return EBM_RESULT_TAKEN;
    if (strncmp(answer->code, "signature", strlen("signature")) == 0)
        return EBM_RESULT_SIGNATURE;
    if (strcmp(answer->code, "missing_element") == 0)
        return EBM_RESULT_INCOMPLETE;
    return strcmp(answer->code, "not_an_alert") == 0 ? EBM_RESULT_UNREADABLE : EBM_RESULT_OTHER;
}

void api_ebm_reply_submitted(struct api *api, struct http_request *request, const struct desk_answer *answer)
{
    reply_result(api, request, answer->status, result_of(answer), answer->alert ? "接收解析及数据校验成功" : answer->message);
    json_decref(answer->alert);
}

/* ---- states and records ---- */

struct gathering {
    struct api *api;
    struct http_request *request;
    bool log;
    struct envelope envelope;
    char (*ids)[ALERT_ID_SIZE];
    size_t n, i;
    json_t *found; /* [{alert, deliveries}] */
};

static void free_gathering(struct gathering *g)
{
    json_decref(g->found);
    free(g->ids);
    free(g);
}

static void fail(struct gathering *g, const struct error *error)
{
    bool unknown = error->code == ERROR_NOT_FOUND;
    reply(g->request, unknown ? 404 : 500,
          ebm_encode_response(&g->envelope.wire, EBM_RESULT_OTHER, unknown ? "查找不到该EBMID" : error->message));
    free_gathering(g);
}

static void reply_found(struct gathering *g)
{
    size_t n = json_array_size(g->found);
    struct ebm_report *reports = calloc(n + 1, sizeof *reports);
    struct ebm_record *records = calloc(n + 1, sizeof *records);
    struct ebm_archive archive = {0};
    for (size_t i = 0; reports && records && i < n; i++) {
        const json_t *one = json_array_get(g->found, i);
        ebm_report_fill(&reports[i], json_object_get(one, "alert"), json_object_get(one, "deliveries"));
        records[i] = reports[i].record;
    }
    if (reports && records && g->log)
        archive = ebm_encode_log(&g->envelope.wire, g->envelope.asked.from, g->envelope.asked.until, records, n);
    else if (reports && records)
        archive = ebm_encode_state(&g->envelope.wire, records);
    reply(g->request, 200, archive);
    free(reports);
    free(records);
    free_gathering(g);
}

static void gather_next(struct gathering *g);

static void on_deliveries(void *context, json_t *rows, const struct error *error)
{
    struct gathering *g = context;
    json_t *details = json_array();
    const json_t *row;
    size_t i;
    if (!rows) {
        json_decref(details);
        fail(g, error);
        return;
    }
    json_array_foreach(rows, i, row) json_array_append(details, json_object_get(row, "detail"));
    json_decref(rows);
    json_object_set_new(json_array_get(g->found, json_array_size(g->found) - 1), "deliveries", details);
    gather_next(g);
}

static void on_alert(void *context, json_t *row, const struct error *error)
{
    struct gathering *g = context;
    if (!row) {
        fail(g, error);
        return;
    }
    json_array_append_new(g->found, json_pack("{s:o}", "alert", api_alert_of_row(g->api, row)));
    json_decref(row);
    store_list_deliveries(g->api->store, g->ids[g->i - 1], on_deliveries, g);
}

/* What lives is known here better than on the disk. */
static void gather_next(struct gathering *g)
{
    while (g->i < g->n) {
        const char *id = g->ids[g->i++];
        json_t *deliveries = desk_live_deliveries(g->api->desk, id),
               *alert = deliveries ? desk_live_alert(g->api->desk, id) : NULL;
        if (!alert) {
            json_decref(deliveries);
            store_get_alert(g->api->store, id, on_alert, g);
            return;
        }
        json_array_append_new(g->found, json_pack("{s:o, s:o}", "alert", alert, "deliveries", deliveries));
    }
    reply_found(g);
}

/* NULL: answered. */
static struct gathering *begin_gathering(struct api *api, struct http_request *request, bool log, size_t room)
{
    struct gathering *g = calloc(1, sizeof *g);
    char(*ids)[ALERT_ID_SIZE] = calloc(room, sizeof *ids);
    if (!g || !ids) {
        free(g);
        free(ids);
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
        return NULL;
    }
    *g = (struct gathering){.api = api, .request = request, .log = log, .ids = ids, .found = json_array()};
    make_envelope(api, request, &g->envelope);
    return g;
}

static void reply_of_one(struct api *api, struct http_request *request, bool log, const char *id)
{
    struct gathering *g = begin_gathering(api, request, log, 1);
    if (!g)
        return;
    text_copy(g->ids[0], ALERT_ID_SIZE, id);
    g->n = 1;
    gather_next(g);
}

void api_ebm_reply_state(struct api *api, struct http_request *request, const char *id)
{
    reply_of_one(api, request, false, id);
}

/* What is no id finds nothing. */
static void reply_by_number(struct api *api, struct http_request *request, const char *ebm_id, bool log)
{
    char id[ALERT_ID_SIZE];
    if (store_find_identifier(api->store, ebm_id, id))
        reply_of_one(api, request, log, id);
    else
        reply_result(api, request, 404, EBM_RESULT_OTHER, "查找不到该EBMID");
}

static bool is_asked_for(const struct ebm_request *asked, const json_t *row)
{
    json_int_t received = json_integer_value(json_object_get(row, "received"));
    return (!asked->from.ms || received >= asked->from.ms) && (!asked->until.ms || received <= asked->until.ms);
}

static void on_rows(void *context, json_t *rows, const struct error *error)
{
    struct gathering *g = context;
    const json_t *row;
    size_t i;
    if (!rows) {
        fail(g, error);
        return;
    }
    json_array_foreach(rows, i, row)
    {
        const char *id = json_string_value(json_object_get(row, "id"));
        if (id && is_asked_for(&g->envelope.asked, row) && !desk_accepts(g->api->desk, id))
            text_copy(g->ids[g->n++], ALERT_ID_SIZE, id);
    }
    json_decref(rows);
    gather_next(g);
}

static void reply_log(struct api *api, struct http_request *request)
{
    struct gathering *g = begin_gathering(api, request, true, LOG_ALERTS_MAX);
    if (g)
        store_list_alerts(api->store, NULL, LOG_ALERTS_MAX, on_rows, g);
}

bool api_ebm_asked(struct api *api, struct http_request *request)
{
    struct ebm_request asked = ebm_request_read(http_body(request));
    char text[160];
    switch (asked.kind) {
    case EBM_REQUEST_NONE: return false;
    case EBM_REQUEST_STATE: reply_by_number(api, request, asked.ebm_id, false); return true;
    case EBM_REQUEST_LOG:
        if (*asked.ebm_id)
            reply_by_number(api, request, asked.ebm_id, true);
        else
            reply_log(api, request);
        return true;
    case EBM_REQUEST_CHECK: reply_result(api, request, 200, EBM_RESULT_TAKEN, "心跳正常"); return true;
    case EBM_REQUEST_OTHER: break;
    }
    snprintf(text, sizeof text, "不支持的数据包类型：%s", asked.type);
    reply_result(api, request, 422, EBM_RESULT_OTHER, text);
    return true;
}
