/* What lines over the network share: connecting within a limit, noticing a dead connection, and what a gateway says by itself
 * between frames. */
#include "codecs/monotonic.h"
#include "hardware/line_pattern.h"
#include "hardware/wire_address.h"
#include "hardware/wire_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECT_LIMIT_MS = 3000,
    KEEP_IDLE_S = 10, /* a peer that is gone without a word is noticed within 25 s, */
    KEEP_INTERVAL_S = 5,
    KEEP_COUNT = 3,
    UNACKNOWLEDGED_LIMIT_MS = 15000, /* within 15 s if something was sent to it */
    HEARTBEAT_REST_US = 200000,      /* one that came in two parts */
    FLOOD_BYTES = 16384,             /* that nobody asked for, */
    FLOOD_WITHIN_US = 1000000,       /* in a second: the fastest wire brings 11,520 */
};

/* ---- connecting ---- */

static void set(int descriptor, int level, int option, int value)
{
    setsockopt(descriptor, level, option, &value, sizeof value); /* each kernel that we run on has them */
}

static void tune(int descriptor)
{
    set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
    set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_LIMIT_MS);
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

static const char *words_of(int code)
{
    switch (code) {
    case ECONNREFUSED: return "refused: is the gateway's server on, and the port right?";
    case ETIMEDOUT: return "no answer within 3 s: is the gateway on, and the address right?";
    case EHOSTUNREACH:
    case ENETUNREACH: return "no way there: is the network cable in?";
    case ECANCELED: return "given up, the line is closing";
    default: return strerror(code);
    }
}

/* Waits for what connect began. Returns 0 or an errno. */
static int await_connect(int descriptor, int interrupt)
{
    bool interrupted;
    int code = 0;
    socklen_t size = sizeof code;
    short events = wire_wait(descriptor, POLLOUT, interrupt, mono_plus_ms(mono_now(), CONNECT_LIMIT_MS), &interrupted);
    if (events == 0)
        return interrupted ? ECANCELED : ETIMEDOUT;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

static int connect_to(const struct sockaddr_storage *address, socklen_t size, int descriptor, int interrupt)
{
    if (connect(descriptor, (const struct sockaddr *)address, size) == 0)
        return 0;
    return errno == EINPROGRESS ? await_connect(descriptor, interrupt) : errno;
}

static bool call(struct wire *wire, const struct line_settings *settings, int interrupt, struct error *error)
{
    struct sockaddr_storage address;
    socklen_t size;
    if (!address_read(settings->host, settings->port, &address, &size))
        return error_set(error, ERROR_INVALID, "line %s: host \"%s\" is not an IP address", settings->id, settings->host);
    wire->descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->descriptor < 0)
        return error_set(error, ERROR_IO, "line %s: no socket: %s", settings->id, strerror(errno));
    tune(wire->descriptor);
    int code = connect_to(&address, size, wire->descriptor, interrupt);
    if (code == 0)
        return true;
    char place[LINE_PLACE_MAX];
    line_place(settings, place);
    return error_set(error, ERROR_DISCONNECTED, "line %s: cannot connect to %s: %s", settings->id, place, words_of(code));
}

/* Of a gateway that called in; it may be gone again already. */
static bool adopt(struct wire *wire, const struct line_settings *settings, int socket, struct error *error)
{
    uint8_t byte;
    wire->descriptor = socket;
    address_print_peer(socket, wire->caller);
    tune(socket);
    ssize_t n = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0 || (n < 0 && errno == EAGAIN))
        return true;
    return error_set(error, ERROR_DISCONNECTED, "line %s: its gateway called in and hung up at once", settings->id);
}

static void print_method(const struct wire *wire, const struct line_settings *settings, char method[256])
{
    char text[ADDRESS_TEXT_MAX];
    address_print_peer(wire->descriptor, text);
    snprintf(method, 256, "%s %s: write start%s + gateway_delay", settings->calls_in ? "called in from" : "connected to", text,
             settings->baud > 0 ? " + bytes x character time" : "");
}

bool wire_socket_open(struct wire *wire, const struct line_settings *settings, int socket, int interrupt, char method[256],
                      struct error *error)
{
    if (settings->calls_in ? !adopt(wire, settings, socket, error) : !call(wire, settings, interrupt, error))
        return false;
    wire->heartbeat = settings->heartbeat;
    wire->heartbeat_us = (int64_t)settings->heartbeat_s * 1000000;
    wire->heard = mono_now();
    print_method(wire, settings, method);
    return true;
}

void wire_socket_close(struct wire *wire)
{
    if (wire->descriptor >= 0)
        close(wire->descriptor);
}

/* ---- what comes between frames ---- */

/* What has come, left where it is. 0: nothing; -1 when gone. */
static ssize_t peek(struct wire *wire, uint8_t *bytes, size_t size)
{
    ssize_t n;
    do
        n = recv(wire->descriptor, bytes, size, MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        wire->heard = mono_now();
    if (n == 0)
        errno = ESHUTDOWN;
    return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
}

/* Takes away what nobody asked for. False, with errno, where it is more than any wire brings. */
static bool take(struct wire *wire, size_t n)
{
    uint8_t bytes[FRAME_BYTES_MAX];
    struct mono now = mono_now();
    ssize_t ignored = recv(wire->descriptor, bytes, n, MSG_DONTWAIT); /* they were seen there */
    (void)ignored;
    if (mono_since(now, wire->flood_since) > FLOOD_WITHIN_US) {
        wire->flood_since = now;
        wire->flood_bytes = 0;
    }
    wire->flood_bytes += n;
    if (wire->flood_bytes <= FLOOD_BYTES)
        return true;
    errno = EOVERFLOW;
    return false;
}

/* Waits for more than the n bytes that were seen: so far they begin like a heartbeat. False if there is no more by then. */
static bool await_more(struct wire *wire, size_t n, struct mono until)
{
    uint8_t bytes[LINE_PATTERN_MAX + 1];
    bool interrupted;
    set(wire->descriptor, SOL_SOCKET, SO_RCVLOWAT, (int)n + 1);
    wire_wait(wire->descriptor, POLLIN, -1, until, &interrupted);
    set(wire->descriptor, SOL_SOCKET, SO_RCVLOWAT, 1);
    return peek(wire, bytes, n + 1) > (ssize_t)n;
}

int wire_socket_begins(struct wire *wire)
{
    uint8_t bytes[LINE_PATTERN_MAX];
    struct mono until = mono_plus_us(mono_now(), HEARTBEAT_REST_US);
    ssize_t n;
    while ((n = peek(wire, bytes, sizeof bytes)) > 0) {
        enum pattern_match match = line_pattern_match(&wire->heartbeat, bytes, (size_t)n);
        if (match == PATTERN_WHOLE) { /* only this one: there may be no end of them */
            wire->counts.heartbeats++;
            return take(wire, wire->heartbeat.n) ? 0 : -1;
        }
        if (match == PATTERN_NONE || !await_more(wire, (size_t)n, until))
            return 1;
    }
    return (int)n;
}

/* Counts heartbeats and strays among the bytes. Returns how many are decided; the rest may become a heartbeat. */
static size_t sort(struct wire *wire, const uint8_t *bytes, size_t n, ssize_t *strays)
{
    size_t i = 0;
    while (i < n) {
        enum pattern_match match = line_pattern_match(&wire->heartbeat, bytes + i, n - i);
        if (match == PATTERN_PART)
            break;
        wire->counts.heartbeats += match == PATTERN_WHOLE;
        *strays += match == PATTERN_NONE;
        i += match == PATTERN_WHOLE ? wire->heartbeat.n : 1;
    }
    return i;
}

ssize_t wire_socket_discard(struct wire *wire, struct mono give_up)
{
    uint8_t bytes[FRAME_BYTES_MAX];
    ssize_t n, strays = 0;
    while ((n = peek(wire, bytes, sizeof bytes)) > 0) {
        size_t decided = sort(wire, bytes, (size_t)n, &strays);
        if (decided == 0 && !await_more(wire, (size_t)n, mono_plus_us(mono_now(), HEARTBEAT_REST_US))) {
            decided = (size_t)n;
            strays += n;
        }
        if (decided > 0 && !take(wire, decided))
            return -1;
        if (!mono_before(mono_now(), give_up))
            return strays;
    }
    return n < 0 ? -1 : strays;
}
