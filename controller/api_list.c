/* The list of alerts: pages of summaries, newest first; what the store does not have yet stands before what it has. */
#include "controller/api_intern.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 50, LIMIT_MAX = 500 };

/* A page that waits for the store. */
struct listing {
    struct api *api;
    struct http_request *request;
    size_t limit;
    json_t *unstored; /* when it was asked for: those of the page that the store may not have */
};

static void free_listing(struct listing *listing)
{
    json_decref(listing->unstored);
    free(listing);
}

static const char *id_of(const json_t *alert)
{
    const char *id = json_string_value(json_object_get(alert, "id"));
    return id ? id : "";
}

/* Where the alert stands in the list; the list's length if it does not. */
static size_t place_of(const json_t *alerts, const char *id)
{
    size_t i;
    const json_t *alert;
    json_array_foreach(alerts, i, alert)
    {
        if (strcmp(id_of(alert), id) == 0)
            break;
    }
    return i;
}

/* What tells an alert from the others; an alert as a whole may take a hundred times as much. */
static json_t *summary(const json_t *alert)
{
    static const char *const MEMBERS[] = {"id",     "state",      "reason",    "durable",       "status",   "msg_type",
                                          "sender", "identifier", "sent",      "received",      "expires",  "level",
                                          "hazard", "hazard_zh",  "hazard_en", "all_clear",     "headline", "counts",
                                          "ends",   "terminals",  "held",      "signature_owed"};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        json_t *value = json_object_get(alert, MEMBERS[i]);
        if (value)
            json_object_set(object, MEMBERS[i], value);
    }
    return object;
}

/* The row as it is now; nothing for one on its way in, which nobody was told of yet. */
static void add_row(const struct listing *listing, json_t *page, const json_t *row)
{
    if (desk_accepts(listing->api->desk, id_of(row)))
        return;
    json_t *alert = api_alert_of_row(listing->api, row);
    json_array_append_new(page, summary(alert));
    json_decref(alert);
}

/* One row more than fits was asked for: it shows that there is more. */
static json_t *make_page(const struct listing *listing, const json_t *rows)
{
    json_t *page = json_array(), *answer = json_pack("{s:o}", "alerts", page);
    size_t n = 0, i;
    const char *last = NULL;
    const json_t *alert;
    json_array_foreach(listing->unstored, i, alert)
    {
        if (place_of(rows, id_of(alert)) < json_array_size(rows))
            continue; /* it has come there meanwhile */
        if (n++ >= listing->limit)
            break;
        last = id_of(alert);
        json_array_append_new(page, summary(alert));
    }
    json_array_foreach(rows, i, alert)
    {
        if (n++ >= listing->limit)
            break;
        last = id_of(alert);
        add_row(listing, page, alert);
    }
    if (n > listing->limit)
        json_object_set_new(answer, "before", json_string(last));
    return answer;
}

static void on_rows(void *context, json_t *rows, const struct error *error)
{
    struct listing *listing = context;
    if (rows)
        http_reply_json(listing->request, 200, make_page(listing, rows));
    else if (error->code == ERROR_NOT_FOUND)
        http_reply_problem(listing->request, 422, "before", "before: %s", error->message);
    else
        http_reply_problem(listing->request, 500, error_name(error->code), "%s", error->message);
    json_decref(rows);
    free_listing(listing);
}

bool api_read_limit(struct http_request *request, size_t *limit)
{
    const char *text = http_query(request, "limit");
    size_t digits = text ? strspn(text, "0123456789") : 0;
    *limit = LIMIT;
    if (text)
        *limit = digits > 0 && digits <= 3 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;
    if (*limit >= 1 && *limit <= LIMIT_MAX)
        return true;
    http_reply_problem(request, 422, "limit", "limit: a number from 1 to %d, not \"%.40s\"", LIMIT_MAX, text);
    return false;
}

/* Leaves of the unstored what follows before; true if it was among them. */
static bool cut_unstored(json_t *unstored, const char *before)
{
    size_t place = place_of(unstored, before), n = json_array_size(unstored);
    for (size_t i = 0; i < n && i <= place; i++)
        json_array_remove(unstored, 0);
    return place < n;
}

void api_get_alerts(void *context, struct http_request *request)
{
    struct api *api = context;
    const char *before = http_query(request, "before");
    size_t limit;
    if (!api_read_limit(request, &limit))
        return;
    struct listing *listing = malloc(sizeof *listing);
    if (!listing) {
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
        return;
    }
    *listing = (struct listing){api, request, limit, desk_unstored_alerts(api->desk)};
    if (before && cut_unstored(listing->unstored, before))
        before = NULL; /* all that the store has is older */
    store_list_alerts(api->store, before, limit + 1, on_rows, listing);
}
