/* The network's side of a simulated gateway: it listens for its master or calls it, greets, goes silent and comes back. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BEAT_LATER_MS = 5 };

static const struct mono never = {INT64_MAX};

static void hang_up(struct village_line *line)
{
    struct village_socket *socket = &line->socket;
    if (line->watch.descriptor >= 0)
        close(line->watch.descriptor);
    line->watch.descriptor = -1;
    socket->connecting = false;
    socket->n_held = 0;
    socket->beat_at = never;
    socket->call_at = socket->settings.calls_in ? mono_plus_ms(mono_now(), socket->settings.reconnect_ms) : never;
    line->front->clear(line);
}

void village_socket_write(struct village_line *line, const uint8_t *bytes, size_t n)
{
    struct village_socket *socket = &line->socket;
    if (line->watch.descriptor < 0 || socket->connecting)
        return;
    if (socket->frozen) {
        for (size_t i = 0; i < n && socket->n_held < sizeof socket->held; i++)
            socket->held[socket->n_held++] = bytes[i];
        return;
    }
    /* Who does not read loses what does not fit; that he is gone is read. */
    if (send(line->watch.descriptor, bytes, n, MSG_NOSIGNAL) < 0)
        return;
}

static void say(struct village_line *line, const struct village_greeting *greeting)
{
    if (greeting->n > 0)
        village_socket_write(line, greeting->bytes, greeting->n);
}

static void set_beat(struct village_socket *socket, struct mono now)
{
    socket->beat_at = socket->settings.heartbeat_s ? mono_plus_ms(now, (int64_t)socket->settings.heartbeat_s * 1000) : never;
}

static void prepare(int descriptor)
{
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* The call was answered or refused. */
static void end_call(struct village_line *line)
{
    struct village_socket *socket = &line->socket;
    int failed = 0;
    socklen_t size = sizeof failed;
    if (getsockopt(line->watch.descriptor, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed) {
        hang_up(line);
        return;
    }
    village_watch_remove(line->village, &line->watch);
    socket->connecting = false;
    if (!village_watch_add(line->village, &line->watch, NULL)) {
        hang_up(line);
        return;
    }
    socket->connections++;
    prepare(line->watch.descriptor);
    say(line, &socket->settings.registration);
    set_beat(socket, mono_now());
}

static void on_connection(void *context)
{
    struct village_line *line = context;
    struct mono now = mono_now();
    uint8_t bytes[1024];
    if (line->socket.connecting)
        end_call(line);
    while (line->watch.descriptor >= 0) {
        ssize_t n = recv(line->watch.descriptor, bytes, sizeof bytes, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0 || !line->front->receive(line, bytes, (size_t)n, now))
            hang_up(line);
    }
}

static void take_connection(struct village_line *line, int descriptor)
{
    line->watch = (struct village_watch){descriptor, on_connection, line};
    prepare(descriptor);
    if (!village_watch_add(line->village, &line->watch, NULL))
        hang_up(line);
    else
        line->socket.connections++;
}

static void on_caller(void *context)
{
    struct village_line *line = context;
    int descriptor;
    while ((descriptor = accept4(line->socket.listener.descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        on_connection(line); /* perhaps the one before has gone, and nobody has read it yet */
        if (line->watch.descriptor >= 0 && line->socket.settings.refuses_second) {
            line->socket.refused++;
            close(descriptor);
            continue;
        }
        if (line->watch.descriptor >= 0)
            hang_up(line);
        take_connection(line, descriptor);
    }
}

static bool tell_port(const struct village_line *line, struct error *error)
{
    char beside[sizeof line->path + 8];
    snprintf(beside, sizeof beside, "%s.new", line->path);
    FILE *f = fopen(beside, "we");
    if (f)
        fprintf(f, "%u\n", line->socket.settings.port);
    if (!f || fclose(f) != 0 || rename(beside, line->path) != 0)
        return error_set(error, ERROR_IO, "line %s: %s: %s", line->id, line->path, strerror(errno));
    return true;
}

static bool listen_at(struct village_line *line, struct error *error)
{
    struct village_socket *s = &line->socket;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(s->settings.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    s->listener = (struct village_watch){descriptor, on_caller, line};
    if (descriptor < 0 || setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
        bind(descriptor, (struct sockaddr *)&at, size) != 0 || listen(descriptor, 4) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&at, &size) != 0)
        return error_set(error, ERROR_IO, "line %s: cannot listen at 127.0.0.1:%u: %s", line->id, s->settings.port,
                         strerror(errno));
    s->settings.port = ntohs(at.sin_port);
    return village_watch_add(line->village, &s->listener, error) && tell_port(line, error);
}

static int open_call(const struct village_socket_settings *settings)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(settings->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(settings->port)};
    bool is_v4 = inet_pton(AF_INET, settings->host, &v4.sin_addr) == 1;
    if (!is_v4)
        inet_pton(AF_INET6, settings->host, &v6.sin6_addr);
    int descriptor = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    const struct sockaddr *to = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    if (connect(descriptor, to, is_v4 ? sizeof v4 : sizeof v6) == 0 || errno == EINPROGRESS)
        return descriptor;
    close(descriptor);
    return -1;
}

static void call(struct village_line *line)
{
    line->socket.call_at = never;
    line->watch = (struct village_watch){open_call(&line->socket.settings), on_connection, line};
    line->socket.connecting = true;
    if (line->watch.descriptor < 0 || !village_watch_call(line->village, &line->watch, NULL))
        hang_up(line);
}

bool village_socket_attach(struct village_line *line, struct error *error)
{
    struct village_socket *socket = &line->socket;
    socket->beat_at = never;
    socket->call_at = socket->settings.calls_in ? mono_now() : never;
    return socket->settings.calls_in || listen_at(line, error);
}

void village_socket_detach(struct village_line *line)
{
    struct village_socket *socket = &line->socket;
    hang_up(line);
    socket->call_at = never;
    socket->frozen = false;
    if (socket->listener.descriptor < 0)
        return;
    close(socket->listener.descriptor);
    socket->listener.descriptor = -1;
    unlink(line->path);
}

/* Without coverage there is no call; a heartbeat is held like everything else. */
static struct mono call_due(const struct village_socket *socket)
{
    return socket->frozen ? never : socket->call_at;
}

struct mono village_socket_due(const struct village_line *line)
{
    return mono_earlier(call_due(&line->socket), line->socket.beat_at);
}

/* A gateway packs what comes off its wire, so that nothing of its own gets between the bytes of a reply. */
static bool is_speaking(const struct village_line *line)
{
    bool speaks = line->out && line->out->n > 0;
    for (size_t i = 0; i < line->wire.n_replies; i++)
        speaks = speaks || line->wire.replies[i].begun;
    return speaks;
}

void village_socket_advance(struct village_line *line, struct mono now)
{
    struct village_socket *socket = &line->socket;
    if (!mono_before(now, call_due(socket)))
        call(line);
    if (mono_before(now, socket->beat_at))
        return;
    if (is_speaking(line)) {
        socket->beat_at = mono_plus_ms(now, BEAT_LATER_MS);
        return;
    }
    say(line, &socket->settings.heartbeat);
    set_beat(socket, now);
}

static bool thaw(struct village_line *line, struct error *error)
{
    struct village_socket *socket = &line->socket;
    size_t n = socket->n_held;
    socket->frozen = false;
    socket->n_held = 0;
    village_socket_write(line, socket->held, n);
    const struct village_watch *listener = &socket->listener;
    bool good = listener->descriptor < 0 || village_watch_add(line->village, &socket->listener, error);
    if (good && line->watch.descriptor >= 0)
        good = socket->connecting ? village_watch_call(line->village, &line->watch, error)
                                  : village_watch_add(line->village, &line->watch, error);
    return good;
}

bool village_line_freeze(struct village_line *line, bool frozen, struct error *error)
{
    struct village_socket *socket = &line->socket;
    if (line->kind == VILLAGE_PTY)
        return error_set(error, ERROR_UNSUPPORTED, "line %s is a pty; only what has a connection can freeze", line->id);
    if (!line->attached)
        return error_set(error, ERROR_CONFLICT, "line %s is detached", line->id);
    if (socket->frozen == frozen)
        return error_set(error, ERROR_CONFLICT, "line %s is %s already", line->id, frozen ? "frozen" : "not frozen");
    if (!frozen)
        return thaw(line, error);
    socket->frozen = true;
    if (line->watch.descriptor >= 0)
        village_watch_remove(line->village, &line->watch);
    if (socket->listener.descriptor >= 0)
        village_watch_remove(line->village, &socket->listener);
    return true;
}
