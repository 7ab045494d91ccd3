/* For auditors: the audit trail by the page, and an alert's message as it came. */
#include "controller/api_intern.h"

#include <stdlib.h>
#include <string.h>

/* A page of the trail that waits for the store. */
struct reading {
    struct http_request *request;
    size_t limit;
};

static void reply_failure(struct http_request *request, const struct error *error)
{
    http_reply_problem(request, error->code == ERROR_NOT_FOUND ? 404 : 500, error_name(error->code), "%s", error->message);
}

/* One entry more than fits was asked for: it shows that there is more. */
static void on_entries(void *context, json_t *page, const struct error *error)
{
    struct reading *reading = context;
    json_t *entries = json_object_get(page, "entries");
    if (json_array_size(entries) > reading->limit) {
        json_array_remove(entries, reading->limit);
        json_object_set(page, "after", json_object_get(json_array_get(entries, reading->limit - 1), "seq"));
    }
    if (page)
        http_reply_json(reading->request, 200, page);
    else
        reply_failure(reading->request, error);
    free(reading);
}

void api_get_audit(void *context, struct http_request *request)
{
    const struct api *api = context;
    const char *after = http_query(request, "after");
    size_t limit, digits = after ? strspn(after, "0123456789") : 0;
    if (!api_read_limit(request, &limit))
        return;
    if (after && (digits == 0 || digits > 18 || after[digits] != '\0')) {
        http_reply_problem(request, 422, "after", "after: the number of an entry, not \"%.40s\"", after);
        return;
    }
    struct reading *reading = malloc(sizeof *reading);
    if (!reading) {
        http_reply_problem(request, 503, "no_memory", "out of memory; try again");
        return;
    }
    *reading = (struct reading){request, limit};
    store_list_audit(api->store, after ? strtoll(after, NULL, 10) : 0, limit + 1, on_entries, reading);
}

/* ---- messages ---- */

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* SQLite's hex() back into bytes, in place. */
static size_t unhex(char *text)
{
    size_t n = 0;
    for (; text[2 * n]; n++)
        text[n] = (char)(digit(text[2 * n]) << 4 | digit(text[2 * n + 1]));
    return n;
}

static void on_message(void *context, json_t *message, const struct error *error)
{
    struct http_request *request = context;
    const char *hex = json_string_value(json_object_get(message, "hex"));
    char *bytes = hex ? strdup(hex) : NULL;
    if (bytes)
        http_reply_text(request, 200, json_string_value(json_object_get(message, "media_type")),
                        (struct slice){bytes, unhex(bytes)});
    else
        reply_failure(request, error);
    free(bytes);
    json_decref(message);
}

void api_get_message(void *context, struct http_request *request)
{
    const struct api *api = context;
    store_get_message(api->store, http_id(request), on_message, request);
}
