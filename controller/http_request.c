/* One request from its first header to its answer: refusals, body, handler, late replies. */
#include "controller/http_private.h"

#include "codecs/monotonic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DRAIN_MAX = 65536, /* a refused body up to here is read, so that the client reads the refusal and keeps its connection */
    DISCARD_MAX = 4 * 1024 * 1024, /* of an endless one; then the connection is closed */
};

static struct MHD_Response *make_response(char *text, size_t size, enum MHD_ResponseMemoryMode mode, const char *media_type)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, text, mode);
    if (!response)
        return NULL;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    return response;
}

static struct MHD_Response *make_json(const json_t *body, const char *media_type)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    struct MHD_Response *response = text ? make_response(text, strlen(text), MHD_RESPMEM_MUST_FREE, media_type) : NULL;
    if (!response)
        free(text);
    return response;
}

struct MHD_Response *http_make_problem(unsigned status, const char *code, const char *detail)
{
    const char *title = MHD_get_reason_phrase_for(status);
    char type[96];
    snprintf(type, sizeof type, "about:blank#%s", code);
    json_t *body = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", title, "status", (int)status, "detail",
                             text_is_utf8(slice_of(detail)) ? detail : title, "code", code);
    struct MHD_Response *response = make_json(body, "application/problem+json");
    json_decref(body);
    if (response && status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"tocsin\"");
    return response;
}

static void refuse(struct http_request *request, unsigned status, const char *code, const char *detail)
{
    http_body_free(&request->body);
    request->status = status;
    request->response = http_make_problem(status, code, detail);
}

/* True if pattern matches url; what stands for {id} is put into id. */
static bool matches(const char *pattern, const char *url, char id[HTTP_ID_SIZE])
{
    const char *open = strstr(pattern, "{id}");
    id[0] = '\0';
    if (!open)
        return strcmp(pattern, url) == 0;
    size_t before = (size_t)(open - pattern);
    if (strncmp(pattern, url, before) != 0)
        return false;
    const char *part = url + before;
    size_t n = strcspn(part, "/");
    if (n == 0 || n >= HTTP_ID_SIZE || strcmp(part + n, open + strlen("{id}")) != 0)
        return false;
    memcpy(id, part, n);
    id[n] = '\0';
    return true;
}

/* The route of this method and path, or NULL with the methods that the path has. */
static const struct http_route *find_route(struct http_request *request, const char *url, const char *method, char allow[64])
{
    allow[0] = '\0';
    for (size_t i = 0; i < request->http->n_routes; i++) {
        const struct http_route *route = &request->http->routes[i];
        if (!matches(route->pattern, url, request->id))
            continue;
        if (strcmp(route->method, method) == 0)
            return route;
        size_t used = strlen(allow);
        snprintf(allow + used, 64 - used, "%s%s", used ? ", " : "", route->method);
    }
    return NULL;
}

static unsigned long long declared_size(const struct http_request *request)
{
    const char *length = http_header(request, "Content-Length");
    return length ? strtoull(length, NULL, 10) : 0;
}

/* Decides by the headers alone. Strangers learn nothing of what is here. */
static void judge(struct http_request *request, const char *url, const char *method)
{
    char allow[64];
    const struct http_route *route = find_route(request, url, method, allow);
    request->route = route;
    if (!http_host_is_local(request))
        refuse(request, MHD_HTTP_MISDIRECTED_REQUEST, "wrong_host", "The Host header must be 127.0.0.1, localhost or [::1]");
    else if (!http_login(request) && !(route && route->open))
        refuse(request, MHD_HTTP_UNAUTHORIZED, "not_logged_in",
               request->connection->door->tcp
                   ? "Send the header Authorization: Bearer TOKEN; the token is in the daemon's token file"
                   : "Only root, the daemon's own user and the members of its group may use this socket");
    else if (!route && allow[0]) {
        refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method_not_allowed", "This path has other methods: see Allow");
        if (request->response)
            MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, allow);
    } else if (!route)
        refuse(request, MHD_HTTP_NOT_FOUND, "not_found", "There is no such path");
    else if (declared_size(request) > route->body_max)
        refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "The body is larger than this path takes");
}

static enum MHD_Result queue(struct http_request *request)
{
    enum MHD_Result result = MHD_queue_response(request->mhd, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    request->queued = true;
    return result;
}

static enum MHD_Result begin(struct http_door *door, struct MHD_Connection *mhd, const char *url, const char *method,
                             void **state)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_connection *connection = info ? info->socket_context : NULL;
    struct http_request *request = connection ? calloc(1, sizeof *request) : NULL;
    if (!request)
        return MHD_NO;
    struct http *http = door->http;
    request->http = http;
    request->mhd = mhd;
    request->connection = connection;
    request->local = !door->tcp;
    request->next = http->requests;
    request->link = &http->requests;
    if (request->next)
        request->next->link = &request->next;
    http->requests = *state = request;
    judge(request, url, method);
    bool refused = request->status != 0;
    if (refused && !request->response)
        return MHD_NO;
    if (refused && (declared_size(request) > DRAIN_MAX || http_header(request, "Expect")))
        return queue(request);
    return MHD_YES;
}

/* Takes a piece of the body; MHD_NO closes the connection. */
static enum MHD_Result take_body(struct http_request *request, const char *data, size_t size)
{
    if (request->status != 0) {
        request->n_discarded += size;
        return request->n_discarded <= DISCARD_MAX ? MHD_YES : MHD_NO;
    }
    if (size > request->route->body_max - request->body.n) {
        refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "The body is larger than this path takes");
        return request->response ? MHD_YES : MHD_NO;
    }
    if (!http_body_add(&request->body, request->http->spool_folder, data, size, (size_t)declared_size(request)))
        refuse(request, MHD_HTTP_INSUFFICIENT_STORAGE, "no_room",
               "There is no room for the body; see to the controller's disk");
    request->connection->n_body = request->body.n;
    return request->status == 0 || request->response ? MHD_YES : MHD_NO;
}

static void handle(struct http_request *request)
{
    const struct http *http = request->http;
    bool guarded = http->guard && strcmp(request->route->method, MHD_HTTP_METHOD_GET) != 0;
    if (!guarded || http->guard(http->context, request))
        request->route->handler(http->context, request);
}

/* The whole request is here, or its late answer: libmicrohttpd calls once more after a resume. */
static enum MHD_Result finish(struct http_request *request)
{
    struct http *http = request->http;
    request->connection->busy = true;
    if (!request->handled && !request->response && http->stopping)
        refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping", "The daemon is stopping");
    else if (!request->handled && !request->response && !http_body_end(&request->body))
        refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no_memory", "Out of memory; send it again");
    else if (!request->handled && !request->response) {
        request->handled = request->with_handler = true;
        handle(request);
    }
    if (request->response)
        return queue(request);
    if (!request->with_handler || http->stopping)
        return MHD_NO; /* there was no memory for an answer */
    request->suspended = true;
    MHD_suspend_connection(request->mhd);
    return MHD_YES;
}

enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
                                const char *upload, size_t *upload_size, void **state)
{
    (void)version;
    struct http_request *request = *state;
    if (!request)
        return begin(cls, mhd, url, method, state);
    if (*upload_size == 0)
        return request->queued ? MHD_YES : finish(request);
    size_t size = *upload_size;
    *upload_size = 0;
    return take_body(request, upload, size);
}

static void free_request(struct http_request *request)
{
    http_body_free(&request->body);
    free(request);
}

void http_on_completed(void *cls, struct MHD_Connection *mhd, void **state, enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)mhd;
    (void)code;
    struct http_request *request = *state;
    if (!request)
        return;
    *state = NULL;
    *request->link = request->next;
    if (request->next)
        request->next->link = request->link;
    request->connection->busy = false;
    request->connection->n_body = 0;
    request->connection->since = mono_now();
    request->connection = NULL;
    request->mhd = NULL;
    if (request->stream)
        request->stream->request = NULL;
    if (request->response)
        MHD_destroy_response(request->response);
    request->response = NULL;
    if (!request->with_handler)
        free_request(request);
}

void http_answer(struct http_request *request, unsigned status, struct MHD_Response *response)
{
    request->with_handler = false;
    if (!request->mhd || request->response || request->queued) { /* the client is gone, or was told that the daemon stops */
        if (response)
            MHD_destroy_response(response);
        if (!request->mhd)
            free_request(request);
        return;
    }
    request->status = status;
    request->response = response;
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->mhd);
    http_wake(request->http);
}

void http_answer_all(struct http *http)
{
    for (struct http_request *request = http->requests; request; request = request->next) {
        if (!request->suspended)
            continue;
        refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping", "The daemon is stopping");
        request->suspended = false;
        MHD_resume_connection(request->mhd);
    }
}

void http_reply_json(struct http_request *request, unsigned status, json_t *body)
{
    struct MHD_Response *response = make_json(body, "application/json");
    json_decref(body);
    if (response)
        http_answer(request, status, response);
    else
        http_reply_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "internal", "The answer cannot be written as JSON");
}

void http_reply_text(struct http_request *request, unsigned status, const char *media_type, struct slice text)
{
    union {
        const char *in;
        char *out; /* copied, not changed */
    } data = {text.size ? text.data : ""};
    http_answer(request, status, make_response(data.out, text.size, MHD_RESPMEM_MUST_COPY, media_type));
}

void http_reply_problem(struct http_request *request, unsigned status, const char *code, const char *format, ...)
{
    char detail[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    http_answer(request, status, http_make_problem(status, code, detail));
}

const char *http_id(const struct http_request *request)
{
    return request->id;
}

const char *http_user(const struct http_request *request)
{
    return request->user;
}

bool http_is_local(const struct http_request *request)
{
    return request->local;
}

const char *http_path(const struct http_request *request)
{
    return request->route->pattern;
}

static const char *lookup(const struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    const char *value = NULL;
    if (!request->mhd || MHD_lookup_connection_value_n(request->mhd, kind, name, strlen(name), &value, NULL) != MHD_YES)
        return NULL;
    return value ? value : "";
}

const char *http_query(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_HEADER_KIND, name);
}

struct slice http_body(const struct http_request *request)
{
    return (struct slice){request->body.bytes ? request->body.bytes : "", request->body.n};
}
