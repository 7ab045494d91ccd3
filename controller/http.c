/* The HTTP server's life: its two doors, their connections, and libmicrohttpd's epoll descriptors under the libuv loop. */
#include "codecs/monotonic.h"
#include "controller/http_private.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IDLE_S = 15, /* without a byte in either direction */
    CROWDED_MS = 2000,
    TICK_MS = 1000,
    CONNECTION_MEMORY = 16384, /* bounds the request line and the headers; above it libmicrohttpd answers 431 or 414 */
    CONNECTIONS_DEFAULT = 256,
};

static const struct http_limits default_limits = {
    .request_ms = 30000, .heartbeat_ms = 10000, .stream_backlog = (size_t)256 * 1024};

static void turn(struct http *http);

static void on_again(uv_idle_t *idle)
{
    turn(idle->data);
}

void http_wake(struct http *http)
{
    uv_idle_start(&http->again, on_again);
}

static void connection_opened(struct http_door *door, struct MHD_Connection *mhd, void **socket_context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_connection *connection = info ? calloc(1, sizeof *connection) : NULL;
    *socket_context = connection;
    if (!connection)
        return; /* begin() closes it */
    connection->door = door;
    connection->fd = info->connect_fd;
    connection->since = mono_now();
    door->n++;
    connection->next = door->http->connections;
    connection->link = &door->http->connections;
    if (connection->next)
        connection->next->link = &connection->next;
    door->http->connections = connection;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_opened(cls, mhd, socket_context);
        return;
    }
    struct http_door *door = cls;
    struct http_connection *connection = *socket_context;
    http_wake(door->http); /* at its cap libmicrohttpd 0.9.75 listens again only in the run after this one */
    if (!connection)
        return;
    door->n--;
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    free(connection);
    *socket_context = NULL;
}

/* Where little room is left, who only sits there makes way for others. */
static int64_t patience_ms(const struct http *http, const struct http_door *door)
{
    bool crowded = door->n >= door->room - door->room / 4;
    return crowded && http->limits.request_ms > CROWDED_MS ? CROWDED_MS : http->limits.request_ms;
}

/* One byte every few seconds would outlast any time-out of silence; a large body over a slow line is given its time. */
static int64_t time_ms(const struct http_connection *connection)
{
    return patience_ms(connection->door->http, connection->door) + (int64_t)(connection->n_body / HTTP_SLOWEST);
}

static void sweep_connections(struct http *http, struct mono now)
{
    for (struct http_connection *connection = http->connections; connection; connection = connection->next)
        if (!connection->busy && mono_since(now, connection->since) > time_ms(connection) * 1000)
            shutdown(connection->fd, SHUT_RDWR);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    turn(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

static void on_tick(uv_timer_t *tick)
{
    struct http *http = tick->data;
    struct mono now = mono_now();
    http_sweep_streams(http, now);
    sweep_connections(http, now);
}

/* Runs both daemons once and arms the next time: at once by the idle handle, which lets all else in the loop have its turn
 * between, or later by the timer. */
static void turn(struct http *http)
{
    bool any = false;
    MHD_UNSIGNED_LONG_LONG wait = 0, least = 0;
    uv_idle_stop(&http->again);
    for (int i = 0; i < 2; i++)
        if (http->doors[i].daemon)
            MHD_run(http->doors[i].daemon);
    for (int i = 0; i < 2; i++) {
        if (!http->doors[i].daemon || MHD_get_timeout(http->doors[i].daemon, &wait) != MHD_YES)
            continue;
        least = any && least < wait ? least : wait;
        any = true;
    }
    uv_timer_stop(&http->timer);
    if (any && least == 0)
        http_wake(http);
    else if (any)
        uv_timer_start(&http->timer, on_timer, least, 0);
}

/* fd is taken over. Each door has its own share of the connections: strangers on one cannot shut the other. */
static bool open_door(struct http *http, struct http_door *door, int fd, unsigned connections, struct error *error)
{
    door->http = http;
    door->room = connections;
    if (fd < 0)
        return false;
    door->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_on_request, door,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, connections,
                                    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, door,
                                    MHD_OPTION_NOTIFY_CONNECTION, on_connection, door, MHD_OPTION_END);
    if (!door->daemon)
        return error_set(error, ERROR_INTERNAL, "http: libmicrohttpd does not start");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || uv_poll_init(http->loop, &door->poll, info->epoll_fd) != 0) {
        MHD_stop_daemon(door->daemon);
        door->daemon = NULL;
        return error_set(error, ERROR_INTERNAL, "http: the loop does not take libmicrohttpd's descriptor");
    }
    http->n_handles++;
    door->poll.data = http;
    uv_poll_start(&door->poll, UV_READABLE, on_poll);
    return true;
}

static bool open_doors(struct http *http, const struct http_settings *settings, struct error *error)
{
    unsigned connections = settings->connections_max ? settings->connections_max : CONNECTIONS_DEFAULT;
    if (settings->tcp)
        connections = (connections + 1) / 2;
    http->socket_path = strdup(settings->socket_path);
    http->spool_folder = settings->spool_folder ? strdup(settings->spool_folder) : NULL;
    if (!http->socket_path || (settings->spool_folder && !http->spool_folder))
        return error_set(error, ERROR_NO_MEMORY, "http: no memory");
    if (!open_door(http, &http->doors[0], http_listen_unix(http, settings->socket_group, error), connections, error))
        return false;
    if (!settings->tcp)
        return true;
    http->port = settings->port;
    http->doors[1].tcp = true;
    return http_load_token(settings->token_file, http->token, error) &&
           open_door(http, &http->doors[1], http_listen_tcp(&http->port, error), connections, error);
}

struct http *http_start(const struct http_settings *settings, const struct http_route *routes, size_t n_routes, void *context,
                        struct uv_loop_s *loop, struct error *error)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http) {
        error_set(error, ERROR_NO_MEMORY, "http: no memory");
        return NULL;
    }
    http->routes = routes;
    http->n_routes = n_routes;
    http->context = context;
    http->guard = settings->guard;
    http->loop = loop;
    http->limits = default_limits;
    uv_timer_init(loop, &http->timer);
    uv_timer_init(loop, &http->tick);
    uv_idle_init(loop, &http->again);
    http->timer.data = http->tick.data = http->again.data = http;
    http->n_handles = 3;
    if (!open_doors(http, settings, error)) {
        http_stop(http);
        return NULL;
    }
    uv_timer_start(&http->tick, on_tick, TICK_MS, TICK_MS);
    http_wake(http);
    return http;
}

uint16_t http_port(const struct http *http)
{
    return http->port;
}

static void on_closed(uv_handle_t *handle)
{
    struct http *http = handle->data;
    if (--http->n_handles > 0)
        return;
    OPENSSL_cleanse(http->token, sizeof http->token);
    free(http->socket_path);
    free(http->spool_folder);
    free(http);
}

void http_stop(struct http *http)
{
    if (!http)
        return;
    http->stopping = true;
    http_end_streams(http);
    http_answer_all(http);
    turn(http); /* takes up what was resumed */
    turn(http); /* and sends what was left of it */
    for (int i = 0; i < 2; i++) {
        if (!http->doors[i].daemon)
            continue;
        uv_close((uv_handle_t *)&http->doors[i].poll, on_closed);
        MHD_stop_daemon(http->doors[i].daemon);
        http->doors[i].daemon = NULL;
    }
    http_unlisten_unix(http);
    uv_close((uv_handle_t *)&http->timer, on_closed);
    uv_close((uv_handle_t *)&http->tick, on_closed);
    uv_close((uv_handle_t *)&http->again, on_closed);
}
