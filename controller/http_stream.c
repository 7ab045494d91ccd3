/* Event streams (text/event-stream): framing, a bounded backlog for each client, heartbeats that find the vanished ones. */
#include "controller/http_private.h"

#include "codecs/monotonic.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BLOCK = 8192,
    STUCK_S = 60, /* a client that takes nothing for so long while something waits is dropped by libmicrohttpd */
};

static void resume(struct http_stream *stream)
{
    if (!stream->suspended || !stream->request)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->request->mhd);
    http_wake(stream->http);
}

/* A client that does not read is not waited for: libmicrohttpd sees its connection closed, whatever it is doing. */
static void drop(struct http_stream *stream)
{
    stream->dropped = true;
    stream->begin = stream->end = 0;
    if (stream->request)
        shutdown(stream->request->connection->fd, SHUT_RDWR);
    resume(stream);
}

/* The limit is for what waits already: one event may be larger, such as a snapshot of a whole county. */
static bool make_room(struct http_stream *stream, size_t size)
{
    size_t waiting = stream->end - stream->begin;
    if (waiting > stream->http->limits.stream_backlog)
        return false;
    if (stream->begin > 0) {
        memmove(stream->backlog, stream->backlog + stream->begin, waiting);
        stream->begin = 0;
        stream->end = waiting;
    }
    if (waiting + size <= stream->capacity)
        return true;
    size_t capacity = 2 * (waiting + size);
    char *larger = realloc(stream->backlog, capacity);
    if (!larger)
        return false;
    stream->backlog = larger;
    stream->capacity = capacity;
    return true;
}

static void append(struct http_stream *stream, const char *text, size_t size)
{
    memcpy(stream->backlog + stream->end, text, size);
    stream->end += size;
}

static void send_text(struct http_stream *stream, const char *text)
{
    if (!make_room(stream, strlen(text))) {
        drop(stream);
        return;
    }
    append(stream, text, strlen(text));
    stream->sent = mono_now();
    resume(stream);
}

static ssize_t read_backlog(void *cls, uint64_t position, char *to, size_t size)
{
    (void)position;
    struct http_stream *stream = cls;
    size_t waiting = stream->end - stream->begin;
    if (stream->dropped)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (waiting == 0 && stream->drained && !stream->ending)
        stream->drained(stream->context);
    waiting = stream->end - stream->begin;
    if (waiting == 0 && stream->ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (waiting == 0) {
        stream->suspended = true;
        MHD_suspend_connection(stream->request->mhd);
        return 0;
    }
    size_t n = waiting < size ? waiting : size;
    memcpy(to, stream->backlog + stream->begin, n);
    stream->begin += n;
    return (ssize_t)n;
}

static void release(void *cls)
{
    struct http_stream *stream = cls;
    if (stream->request)
        stream->request->stream = NULL;
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    if (stream->closed)
        stream->closed(stream->context);
    free(stream->backlog);
    free(stream);
}

static struct MHD_Response *make_response(struct http_stream *stream)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_backlog, stream, release);
    if (!response)
        return NULL;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    return response;
}

static struct http_stream *refuse(struct http_request *request)
{
    http_answer(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                http_make_problem(MHD_HTTP_SERVICE_UNAVAILABLE, "no_stream", "No event stream can be opened now"));
    return NULL;
}

struct http_stream *http_reply_stream(struct http_request *request, void (*closed)(void *context), void *context)
{
    bool open = request->mhd && !request->response && !request->queued && !request->http->stopping;
    struct http_stream *stream = open ? calloc(1, sizeof *stream) : NULL;
    if (!stream)
        return refuse(request);
    struct http *http = request->http;
    *stream = (struct http_stream){.http = http, .request = request, .closed = closed, .context = context};
    struct MHD_Response *response = make_response(stream);
    if (!response) {
        free(stream);
        return refuse(request);
    }
    stream->next = http->streams;
    stream->link = &http->streams;
    if (stream->next)
        stream->next->link = &stream->next;
    http->streams = stream;
    request->stream = stream;
    MHD_set_connection_option(request->mhd, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)STUCK_S);
    send_text(stream, "retry: 1000\n\n"); /* ms until the client comes again; also carries the headers out at once */
    http_answer(request, MHD_HTTP_OK, response);
    return stream;
}

void http_stream_set_drained(struct http_stream *stream, void (*drained)(void *context))
{
    if (stream)
        stream->drained = drained;
}

size_t http_stream_waiting(const struct http_stream *stream)
{
    return stream->end - stream->begin;
}

/* JSON in one line, so that a line break within a value cannot end the event; id and type must have none. */
void http_stream_send(struct http_stream *stream, const char *id, const char *type, const json_t *data)
{
    if (!stream || stream->dropped || !stream->request)
        return;
    char *text = data ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) : strdup("null");
    const struct {
        const char *name, *value;
    } fields[] = {{id ? "id: " : "", id ? id : ""}, {id ? "\nevent: " : "event: ", type}, {"\ndata: ", text}, {"\n\n", ""}};
    size_t size = 0;
    bool good = text && (!id || !strpbrk(id, "\r\n")) && !strpbrk(type, "\r\n");
    for (size_t i = 0; good && i < 4; i++)
        size += strlen(fields[i].name) + strlen(fields[i].value);
    if (good && make_room(stream, size)) {
        for (size_t i = 0; i < 4; i++) {
            append(stream, fields[i].name, strlen(fields[i].name));
            append(stream, fields[i].value, strlen(fields[i].value));
        }
        stream->sent = mono_now();
        resume(stream);
    } else
        drop(stream); /* it comes again and asks for what it missed */
    free(text);
}

void http_sweep_streams(struct http *http, struct mono now)
{
    for (struct http_stream *stream = http->streams; stream; stream = stream->next)
        if (stream->begin == stream->end && !stream->dropped &&
            mono_since(now, stream->sent) >= http->limits.heartbeat_ms * 1000)
            send_text(stream, ":\n\n");
}

void http_end_streams(struct http *http)
{
    for (struct http_stream *stream = http->streams; stream; stream = stream->next) {
        stream->ending = true;
        resume(stream);
    }
}
