/* HTTP to the daemon: one connection set-up for requests and for the event stream. */
#include "controller/cli_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPLY_MAX = 64 * 1024 * 1024, /* bytes; 2,000 deliveries are about 2 MB */
    CONNECT_MS = 5000,
    CALL_MS = 30000,
    TOKEN_MAX = 512,
};

struct client {
    char socket[108]; /* sun_path's size; empty with a URL */
    char url[256];    /* without a slash at its end */
    char where[300];
    char authorization[TOKEN_MAX + 32]; /* whole header; empty without a token */
};

static bool read_token(struct client *client, const char *path, struct error *error)
{
    char token[TOKEN_MAX];
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(error, ERROR_IO, "token file %s: %s", path, strerror(errno));
    bool got = fgets(token, sizeof token, file);
    fclose(file);
    if (got)
        token[strcspn(token, "\r\n")] = '\0';
    if (!got || !*token)
        return error_set(error, ERROR_INVALID, "token file %s: is empty", path);
    snprintf(client->authorization, sizeof client->authorization, "Authorization: Bearer %s", token);
    return true;
}

static bool set_place(struct client *client, const struct client_settings *settings, struct error *error)
{
    if (!settings->url) {
        if (!text_copy(client->socket, sizeof client->socket, settings->socket))
            return error_set(error, ERROR_TOO_LARGE, "socket path %s: longer than 107 bytes", settings->socket);
        snprintf(client->url, sizeof client->url, "http://localhost");
        snprintf(client->where, sizeof client->where, "socket %s", client->socket);
        return true;
    }
    if (strncmp(settings->url, "http://", 7) != 0 && strncmp(settings->url, "https://", 8) != 0)
        return error_set(error, ERROR_INVALID, "--url %s: must begin with http:// or https://", settings->url);
    if (!text_copy(client->url, sizeof client->url, settings->url))
        return error_set(error, ERROR_TOO_LARGE, "--url: longer than 255 bytes");
    for (size_t n = strlen(client->url); n > 0 && client->url[n - 1] == '/'; n--)
        client->url[n - 1] = '\0';
    snprintf(client->where, sizeof client->where, "%s", client->url);
    return true;
}

struct client *client_open(const struct client_settings *settings, struct error *error)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        error_set(error, ERROR_NO_MEMORY, "no memory for a connection");
        return NULL;
    }
    if (!set_place(client, settings, error) || (settings->token_file && !read_token(client, settings->token_file, error))) {
        client_close(client);
        return NULL;
    }
    return client;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    curl_global_cleanup();
    explicit_bzero(client->authorization, sizeof client->authorization);
    free(client);
}

const char *client_where(const struct client *client)
{
    return client->where;
}

/* A header list that takes NULL as "no memory so far" only at its beginning. */
static bool add_header(struct curl_slist **headers, const char *name, const char *value)
{
    char line[TOKEN_MAX + 64];
    if (value)
        snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(*headers, value ? line : name);
    if (longer)
        *headers = longer;
    return longer;
}

/* A handle for path with everything that all requests share. */
static CURL *make_handle(const struct client *client, const char *path)
{
    char url[1024];
    if (snprintf(url, sizeof url, "%s%s", client->url, path) >= (int)sizeof url)
        return NULL;
    CURL *curl = curl_easy_init();
    if (!curl)
        return NULL;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    if (*client->socket)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* what the environment says of proxies is not meant for this box */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    return curl;
}

static size_t take_reply(char *data, size_t one, size_t n, void *context)
{
    struct client_reply *reply = context;
    size_t size = one * n;
    if (size > REPLY_MAX - reply->size)
        return 0;
    char *text = realloc(reply->text, reply->size + size + 1);
    if (!text)
        return 0;
    memcpy(text + reply->size, data, size);
    reply->text = text;
    reply->size += size;
    text[reply->size] = '\0';
    return size;
}

/* Why a transfer ended without an answer, in words that tell what to do. */
static bool disconnected(CURL *curl, CURLcode code, struct error *error)
{
    long system = 0;
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &system);
    if (code == CURLE_COULDNT_CONNECT && system != 0)
        return error_set(error, ERROR_DISCONNECTED, "%s", strerror((int)system));
    return error_set(error, ERROR_DISCONNECTED, "%s", curl_easy_strerror(code));
}

bool client_call(struct client *client, const char *method, const char *path, const char *media_type, struct slice body,
                 struct client_reply *reply, struct error *error)
{
    *reply = (struct client_reply){0};
    struct curl_slist *headers = NULL;
    CURL *curl = make_handle(client, path);
    bool ready = curl && (!*client->authorization || add_header(&headers, client->authorization, NULL)) &&
                 (!media_type || add_header(&headers, "Content-Type", media_type)) && add_header(&headers, "Expect:", NULL) &&
                 (reply->text = calloc(1, 1));
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (ready) {
        if (strcmp(method, "POST") == 0) {
            curl_easy_setopt(curl, CURLOPT_POST, 1L);
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.size > 0 ? body.data : "");
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
        }
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)CALL_MS);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
    }
    bool ok = code == CURLE_OK;
    if (!ready)
        error_set(error, ERROR_NO_MEMORY, "no memory for a request");
    else if (!ok)
        disconnected(curl, code, error);
    if (!ok)
        client_reply_clear(reply);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return ok;
}

void client_reply_clear(struct client_reply *reply)
{
    free(reply->text);
    *reply = (struct client_reply){0};
}

struct client_stream {
    CURLM *multi;
    CURL *curl;
    struct curl_slist *headers;
    client_bytes_fn *bytes;
    void *context;
    bool answered, refused; /* the daemon's status line and headers are here; it is not 200 */
};

static size_t take_header(char *data, size_t one, size_t n, void *context)
{
    struct client_stream *stream = context;
    size_t size = one * n;
    if (size <= 2 && (data[0] == '\r' || data[0] == '\n')) { /* the empty line after the headers */
        long status = 0;
        curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
        stream->refused = status != 200;
        stream->answered = status >= 200;
    }
    return size;
}

static size_t take_bytes(char *data, size_t one, size_t n, void *context)
{
    struct client_stream *stream = context;
    size_t size = one * n;
    if (stream->refused) /* the reason is asked for by a request of its own */
        return size;
    return stream->bytes(stream->context, (struct slice){data, size}) ? size : 0;
}

struct client_stream *client_stream_open(struct client *client, const char *path, const char *last_id, client_bytes_fn *bytes,
                                         void *context, struct error *error)
{
    struct client_stream *stream = calloc(1, sizeof *stream);
    if (stream) {
        stream->bytes = bytes;
        stream->context = context;
        stream->curl = make_handle(client, path);
        stream->multi = curl_multi_init();
    }
    bool ready = stream && stream->curl && stream->multi && add_header(&stream->headers, "Accept", "text/event-stream") &&
                 (!*client->authorization || add_header(&stream->headers, client->authorization, NULL)) &&
                 (!*last_id || add_header(&stream->headers, "Last-Event-ID", last_id));
    if (ready) {
        curl_easy_setopt(stream->curl, CURLOPT_HTTPHEADER, stream->headers);
        curl_easy_setopt(stream->curl, CURLOPT_HEADERFUNCTION, take_header);
        curl_easy_setopt(stream->curl, CURLOPT_HEADERDATA, stream);
        curl_easy_setopt(stream->curl, CURLOPT_WRITEFUNCTION, take_bytes);
        curl_easy_setopt(stream->curl, CURLOPT_WRITEDATA, stream);
        ready = curl_multi_add_handle(stream->multi, stream->curl) == CURLM_OK;
    }
    if (!ready) {
        client_stream_close(stream);
        error_set(error, ERROR_NO_MEMORY, "no memory for the event stream");
        return NULL;
    }
    return stream;
}

enum client_stream_state client_stream_wait(struct client_stream *stream, int wake_fd, int timeout_ms, long *status,
                                            struct error *error)
{
    int running = 0, left = 0;
    struct curl_waitfd wake = {.fd = wake_fd, .events = CURL_WAIT_POLLIN};
    CURLMcode ok = curl_multi_perform(stream->multi, &running);
    if (ok == CURLM_OK && running > 0)
        ok = curl_multi_poll(stream->multi, &wake, wake_fd >= 0 ? 1 : 0, timeout_ms, NULL);
    if (ok == CURLM_OK && running > 0)
        ok = curl_multi_perform(stream->multi, &running);
    *status = 0;
    curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, status);
    if (ok == CURLM_OK && running > 0 && !stream->refused)
        return stream->answered ? STREAM_OPEN : STREAM_OPENING;
    CURLMsg *message = curl_multi_info_read(stream->multi, &left);
    if (stream->refused)
        error_set(error, ERROR_DENIED, "the event stream was answered with HTTP status %ld", *status);
    else if (message && message->data.result != CURLE_OK)
        disconnected(stream->curl, message->data.result, error);
    else
        error_set(error, ERROR_DISCONNECTED, "the daemon ended the event stream");
    return STREAM_CLOSED;
}

void client_stream_close(struct client_stream *stream)
{
    if (!stream)
        return;
    if (stream->multi && stream->curl)
        curl_multi_remove_handle(stream->multi, stream->curl);
    curl_easy_cleanup(stream->curl);
    curl_multi_cleanup(stream->multi);
    curl_slist_free_all(stream->headers);
    free(stream);
}
