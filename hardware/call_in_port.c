/* Listening, and who is who. Bytes are looked at and left in the socket, so that what follows a registration packet is its
 * line's to read. */
#include "hardware/call_in_port.h"

#include "codecs/monotonic.h"
#include "hardware/line_pattern.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LONGER_WITHIN_MS = 300, /* it has named itself, unless more bytes make it another */
    TELL_EVERY_S = 60,
    BIND_FIRST_MS = 1000,
    BIND_LAST_MS = 30000,
    ACCEPTS_AT_ONCE = 64, /* then the others have their turn */
    SHOWN_BYTES = 16,     /* of a stranger's */
};

static void fail(struct listener *listener, const struct teller *teller, const char *what, int code, struct mono now)
{
    char message[256];
    if (listener->socket >= 0)
        close(listener->socket);
    listener->socket = -1;
    listener->bind_ms = listener->bind_ms == 0 ? BIND_FIRST_MS : 2 * listener->bind_ms;
    if (listener->bind_ms > BIND_LAST_MS)
        listener->bind_ms = BIND_LAST_MS;
    listener->bind_at = mono_plus_ms(now, listener->bind_ms);
    snprintf(message, sizeof message, "no gateway can call in at %s: %s: %s; it is tried again", listener->place, what,
             strerror(code));
    if (!listener->trouble_told)
        teller->event(teller->context, true, message);
    listener->trouble_told = true;
}

static bool listen_at(struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t size;
    int one = 1;
    if (!address_read(listener->host, listener->port, &address, &size)) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    listener->socket = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->socket < 0)
        return false;
    setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address.ss_family == AF_INET6)
        setsockopt(listener->socket, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    return bind(listener->socket, (const struct sockaddr *)&address, size) == 0 && listen(listener->socket, SOMAXCONN) == 0;
}

static void open_port(struct listener *listener, const struct teller *teller, struct mono now)
{
    if (listener->socket < 0 && !mono_before(now, listener->bind_at) && !listen_at(listener))
        fail(listener, teller, "listen", errno, now);
}

/* Not before it has accepted, or could have: listening alone needs no more descriptors than were just given back. */
static void tell_open(struct listener *listener, const struct teller *teller)
{
    char message[256];
    if (listener->socket < 0)
        return;
    listener->bind_ms = 0;
    snprintf(message, sizeof message, "gateways can call in at %s", listener->place);
    if (listener->trouble_told)
        teller->event(teller->context, false, message);
    listener->trouble_told = false;
}

/* ---- those who have called ---- */

static void forget(struct listener *listener, size_t i)
{
    listener->n_unnamed--;
    memmove(&listener->unnamed[i], &listener->unnamed[i + 1], (listener->n_unnamed - i) * sizeof *listener->unnamed);
}

static void refuse(struct listener *listener, size_t i, unsigned *count, const uint8_t *bytes, size_t n)
{
    struct unnamed *unnamed = &listener->unnamed[i];
    size_t used = (size_t)snprintf(listener->last, sizeof listener->last, "%s%s", unnamed->from, n > 0 ? ", which said" : "");
    for (size_t k = 0; k < n && k < SHOWN_BYTES; k++)
        used += (size_t)snprintf(listener->last + used, sizeof listener->last - used, " %02X", bytes[k]);
    ++*count;
    close(unnamed->socket);
    forget(listener, i);
}

static void tell_refused(struct listener *listener, const struct teller *teller, struct mono now)
{
    char message[512];
    if (listener->strangers + listener->silent + listener->floods == 0 || mono_before(now, listener->tell_at))
        return;
    snprintf(message, sizeof message,
             "calls refused at %s: %u with no line's registration, %u without any, %u too many at once; the last from %s",
             listener->place, listener->strangers, listener->silent, listener->floods, listener->last);
    listener->strangers = listener->silent = listener->floods = 0;
    listener->tell_at = mono_plus_ms(now, (int64_t)TELL_EVERY_S * 1000);
    teller->event(teller->context, true, message);
}

/* Or has sent urgent data, as no gateway does: bytes behind such are not seen by looking, but wake whoever waits for more. */
static bool has_hung_up(int socket)
{
    struct pollfd fd = {.fd = socket, .events = POLLRDHUP | POLLPRI};
    return poll(&fd, 1, 0) > 0;
}

static void wake_beyond(int socket, size_t n)
{
    int bytes = (int)n + 1;
    setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

static void hand_over(struct listener *listener, size_t i, const struct called *called)
{
    uint8_t bytes[LINE_PATTERN_MAX];
    int socket = listener->unnamed[i].socket;
    ssize_t ignored = recv(socket, bytes, called->registration.n, MSG_DONTWAIT); /* they were seen there */
    (void)ignored;
    wake_beyond(socket, 0);
    forget(listener, i);
    line_give_socket(called->line, socket);
}

/* Whom the bytes name; *longer: more of them could name somebody, or somebody else. */
static const struct called *named_by(const struct listener *listener, const uint8_t *bytes, size_t n, bool *longer)
{
    const struct called *called = NULL;
    *longer = false;
    for (size_t i = 0; i < listener->n_lines; i++) {
        enum pattern_match match = line_pattern_match(&listener->lines[i].registration, bytes, n);
        *longer = *longer || match == PATTERN_PART;
        if (match == PATTERN_WHOLE && !called)
            called = &listener->lines[i];
    }
    return called;
}

/* False when it is not unnamed any more. */
static bool look_at(struct listener *listener, size_t i, struct mono now)
{
    struct unnamed *unnamed = &listener->unnamed[i];
    uint8_t bytes[LINE_PATTERN_MAX];
    ssize_t got = recv(unnamed->socket, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    bool longer, late = !mono_before(now, unnamed->by);
    size_t n = got > 0 ? (size_t)got : 0;
    const struct called *called = named_by(listener, bytes, n, &longer);
    if (called && (late || !longer)) {
        hand_over(listener, i, called);
        return false;
    }
    if (late || !longer || has_hung_up(unnamed->socket)) {
        refuse(listener, i, n > 0 ? &listener->strangers : &listener->silent, bytes, n);
        return false;
    }
    if (n > unnamed->n) {
        unnamed->n = n;
        wake_beyond(unnamed->socket, n);
        if (called)
            unnamed->by = mono_earlier(unnamed->by, mono_plus_ms(now, LONGER_WITHIN_MS));
    }
    return true;
}

/* The oldest of the address that has the most: a flood from one address keeps out nobody but its own. Who has named himself
 * meanwhile goes to his line. */
static void make_way(struct listener *listener, struct mono now)
{
    size_t worst = 0, most = 0;
    for (size_t i = 0; i < listener->n_unnamed; i++) {
        size_t n = 0;
        for (size_t k = i; k < listener->n_unnamed; k++)
            n += listener->unnamed[k].host == listener->unnamed[i].host;
        if (n > most) {
            worst = i;
            most = n;
        }
    }
    if (look_at(listener, worst, now))
        refuse(listener, worst, &listener->floods, NULL, 0);
}

static void accept_calls(struct listener *listener, const struct teller *teller, struct mono now)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE && listener->socket >= 0; i++) {
        struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
        socklen_t size = sizeof from;
        int socket = accept4(listener->socket, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0 && errno == EAGAIN)
            return;
        if (socket < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
            fail(listener, teller, "accept", errno, now);
        if (socket < 0)
            continue; /* that one has gone again */
        if (listener->n_unnamed == listener->most_unnamed)
            make_way(listener, now);
        struct unnamed *unnamed = &listener->unnamed[listener->n_unnamed++];
        *unnamed = (struct unnamed){
            .socket = socket, .by = mono_plus_ms(now, (int64_t)CALL_IN_NAME_WITHIN_S * 1000), .host = address_host(&from)};
        address_print(&from, unnamed->from);
    }
}

void listener_tend(struct listener *listener, const struct teller *teller, struct mono now)
{
    open_port(listener, teller, now);
    accept_calls(listener, teller, now);
    tell_open(listener, teller);
    for (size_t i = 0; i < listener->n_unnamed;)
        i += look_at(listener, i, now);
    tell_refused(listener, teller, now);
}

struct mono listener_next(const struct listener *listener)
{
    struct mono next = {INT64_MAX};
    if (listener->socket < 0)
        next = listener->bind_at;
    for (size_t i = 0; i < listener->n_unnamed; i++)
        next = mono_earlier(next, listener->unnamed[i].by);
    if (listener->strangers + listener->silent + listener->floods > 0)
        next = mono_earlier(next, listener->tell_at);
    return next;
}
