/* One Modbus transaction, in time, on whatever the line hangs: silence before, our own wait for the first byte, the rest with a
 * true deadline, and only the reply that was asked for counts (docs/architecture.md). */
#include "hardware/wire_parts.h"

#include "codecs/fault_point.h"
#include "codecs/monotonic.h"
#include "hardware/line_time.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECEIVE_SLACK_US = 50000, /* over the time that the bytes take: USB latency, a busy machine */
    BABBLE_LIMIT_US = 250000, /* a line that is never quiet is used all the same */
    GATEWAY_NO_PATH = 10,     /* exceptions of a gateway, which answers for a unit that does not (MODBUS Application */
    GATEWAY_NO_ANSWER = 11,   /* Protocol V1.1b3, 7) */
};

int64_t wire_bytes_us(const struct wire *wire, size_t bytes)
{
    return line_bytes_us(wire->character_ns, bytes);
}

static void note_end(struct wire *wire, struct mono end)
{
    wire->last_end = end;
    wire->free_at = mono_later(wire->free_at, mono_plus_us(end, wire->silence_us));
}

short wire_wait(int descriptor, short events, int interrupt, struct mono until, bool *interrupted)
{
    struct pollfd fds[2] = {{.fd = descriptor, .events = events}, {.fd = interrupt, .events = POLLIN}};
    int n;
    do {
        int64_t left = mono_since(until, mono_now());
        if (left < 0)
            left = 0;
        struct timespec timeout = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
        n = ppoll(fds, 2, &timeout, NULL);
    } while (n < 0 && errno == EINTR);
    *interrupted = n > 0 && fds[1].revents != 0;
    return n > 0 ? fds[0].revents : 0;
}

static bool is_gone(int code)
{
    return code == EIO || code == ECONNRESET || code == ESHUTDOWN || code == EPIPE || code == ENODEV || code == EBADF ||
           code == ENXIO;
}

static const char *words_of(int code)
{
    switch (code) {
    case 0: return "hung up";
    case ESHUTDOWN: return "closed by the other side";
    case EOVERFLOW: return "the other side sends without end";
    default: return strerror(code);
    }
}

static bool lose(const struct wire *wire, struct error *error, const char *what, int code)
{
    return error_set(error, ERROR_DISCONNECTED, "%s lost (%s): %s", wire->kind->name, what, words_of(code));
}

/* Throws away what nobody asked for, heartbeats aside. */
static bool discard(struct wire *wire, struct mono give_up, struct error *error)
{
    ssize_t n = wire->kind->discard(wire, give_up);
    if (n < 0)
        return lose(wire, error, "read", errno);
    if (n > 0)
        note_end(wire, mono_now());
    wire->counts.strays += (uint64_t)n;
    wire->late += (unsigned)n;
    if (!mono_before(mono_now(), wire_rest_at(wire)))
        return error_set(error, ERROR_DISCONNECTED, "connection given up: no heartbeat came for %d s",
                         (int)(wire->heartbeat_us / 1000000));
    return true;
}

/* Returns when the wire has been quiet for 3.5 characters and the turnaround of a broadcast is over. */
static bool wait_quiet(struct wire *wire, struct error *error)
{
    struct mono give_up = mono_plus_us(mono_later(mono_now(), wire->free_at), BABBLE_LIMIT_US);
    for (;;) {
        if (!discard(wire, give_up, error))
            return false;
        struct mono now = mono_now();
        if (!mono_before(now, wire->free_at) || mono_before(give_up, now))
            return true;
        bool interrupted;
        short events = wire_wait(wire->descriptor, POLLIN, -1, wire->free_at, &interrupted);
        if (events & (POLLHUP | POLLERR | POLLNVAL))
            return lose(wire, error, "poll", 0);
    }
}

static bool transmit(struct wire *wire, const struct frame_request *request, struct wire_reply *reply)
{
    uint8_t bytes[FRAME_BYTES_MAX];
    size_t n = frame_encode(request, bytes);
    int64_t takes_us = wire_bytes_us(wire, n + FRAME_CRC_BYTES);
    fault_point("frame_before");
    reply->sent_begin = mono_now();
    bool sent = wire->kind->send(wire, bytes, n);
    int code = errno;
    fault_point("frame_after");
    struct mono written = mono_now(); /* later than the true start, never earlier: silence is kept for sure */
    if (!sent && code != EAGAIN && code != EMBBADDATA)
        return lose(wire, &reply->error, "write", code);
    if (wire->kind->flush && !wire->kind->flush(wire))
        return lose(wire, &reply->error, "drain", errno);
    reply->sent_end = mono_plus_us(written, takes_us + wire->delay_us);
    if (wire->adapter == ADAPTER_UART)
        reply->sent_end = mono_later(reply->sent_end, mono_now());
    note_end(wire, reply->sent_end);
    wire->counts.requests++;
    wire->counts.busy_us += (uint64_t)takes_us;
    if (sent && wire_take_echo(wire, bytes, n, reply->sent_end))
        return true;
    reply->outcome = WIRE_GARBLED;
    return false;
}

/* Takes away what is still coming of it, until a silence. */
static bool let_pass(struct wire *wire, struct error *error)
{
    struct mono give_up = mono_plus_us(mono_now(), BABBLE_LIMIT_US);
    bool interrupted, there;
    do
        there = discard(wire, give_up, error);
    while (there && mono_before(mono_now(), give_up) &&
           wire_wait(wire->descriptor, POLLIN, -1, wire->free_at, &interrupted) & POLLIN);
    wire->late = 0; /* it did not come after the transaction's end */
    return there;
}

static bool begins_like_answer(const struct frame_request *request, const uint8_t *bytes)
{
    return bytes[0] == request->unit && (bytes[1] == 0 || frame_answers(request->function, bytes[1])); /* 0: no more came */
}

/* True when the transaction is over: what was damaged began like the answer, or the wire is gone. Noise and the rest of
 * somebody's late answer are let pass instead, for the true one may be on its way, and a request would run into it. On a
 * network there is nothing to run into, but no way to find the begin of the next frame. */
static bool damaged(struct wire *wire, const struct frame_request *request, uint8_t *bytes, int code, struct wire_reply *reply)
{
    if (is_gone(code))
        return !lose(wire, &reply->error, "read", code);
    if (wire->kind != &wire_tcp && !wire->echo && wire_find_echo(wire, request, bytes))
        return false;
    reply->outcome = WIRE_GARBLED;
    return wire->kind == &wire_tcp || begins_like_answer(request, bytes) || !let_pass(wire, &reply->error);
}

static void take_answer(struct wire *wire, enum frame_match match, size_t size, struct wire_reply *reply)
{
    bool absent = match == FRAME_EXCEPTION && (reply->exception == GATEWAY_NO_PATH || reply->exception == GATEWAY_NO_ANSWER);
    fault_point("frame_answered");
    reply->received = wire->last_end;
    reply->outcome = absent ? WIRE_SILENT : match == FRAME_OURS ? WIRE_ANSWERED : WIRE_EXCEPTION;
    wire->counts.replies += !absent;
    wire->counts.timeouts += absent;
    wire->counts.exceptions += match == FRAME_EXCEPTION && !absent;
    wire->counts.busy_us += (uint64_t)wire_bytes_us(wire, size + FRAME_CRC_BYTES);
}

/* One frame that began to arrive. True when the transaction is over. */
static bool take_frame(struct wire *wire, const struct frame_request *request, struct wire_reply *reply)
{
    uint8_t bytes[FRAME_BYTES_MAX] = {0};
    int64_t within_us = wire_bytes_us(wire, frame_reply_size(request) + FRAME_CRC_BYTES) + wire->slack_us;
    reply->first_byte = mono_now();
    int size = wire->kind->receive(wire, request, within_us, bytes);
    int code = errno;
    note_end(wire, mono_now());
    if (size < 0)
        return damaged(wire, request, bytes, code, reply);
    enum frame_match match =
        size == 0 ? FRAME_STRAY : frame_judge(request, bytes, (size_t)size, reply->words, &reply->exception);
    if (match != FRAME_STRAY) {
        take_answer(wire, match, (size_t)size, reply);
        return true;
    }
    wire->counts.strays += (uint64_t)size;
    if (size > 0 && bytes[0] != request->unit) {
        reply->foreign++;
        reply->foreign_unit = bytes[0];
    }
    return false;
}

static void await_reply(struct wire *wire, const struct frame_request *request, int64_t first_byte_us, int interrupt,
                        struct wire_reply *reply)
{
    struct mono deadline = mono_plus_us(reply->sent_end, first_byte_us + 2 * wire->delay_us);
    for (;;) {
        bool interrupted = false;
        short events = wire_wait(wire->descriptor, POLLIN, interrupt, deadline, &interrupted);
        int begun = events & POLLIN ? wire_begins(wire) : 0;
        if (begun < 0) {
            lose(wire, &reply->error, "read", errno);
            return;
        }
        if (begun > 0 && take_frame(wire, request, reply))
            return;
        if (!(events & POLLIN) && events & (POLLHUP | POLLERR | POLLNVAL)) {
            lose(wire, &reply->error, "poll", 0);
            return;
        }
        if (interrupted) {
            reply->outcome = WIRE_WITHDRAWN;
            return;
        }
        if (!mono_before(mono_now(), deadline)) { /* also while others keep talking */
            wire->counts.timeouts += reply->outcome == WIRE_SILENT;
            return;
        }
    }
}

static void exchange(struct wire *wire, const struct frame_request *request, int64_t first_byte_us, int interrupt,
                     struct wire_reply *reply)
{
    reply->late_bytes = wire->late;
    wire->late = 0;
    if (!transmit(wire, request, reply))
        return;
    if (request->unit == 0) {
        reply->outcome = WIRE_SENT;
        wire->free_at = mono_later(wire->free_at, mono_plus_us(reply->sent_end, wire->turnaround_us));
        return;
    }
    await_reply(wire, request, first_byte_us, interrupt, reply);
}

void wire_transact(struct wire *wire, const struct frame_request *request, int64_t first_byte_us, int interrupt,
                   struct wire_reply *reply)
{
    reply->outcome = WIRE_SILENT;
    reply->exception = 0;
    reply->late_bytes = reply->foreign = 0;
    reply->sent_begin = reply->sent_end = reply->first_byte = reply->received = mono_now();
    reply->error = (struct error){.code = ERROR_NONE};
    if (wait_quiet(wire, &reply->error)) {
        exchange(wire, request, first_byte_us, interrupt, reply);
        wire->counts.damaged += reply->outcome == WIRE_GARBLED;
        wire->counts.occupied_us += (uint64_t)mono_since(mono_later(wire->free_at, mono_now()), reply->sent_begin);
    }
    if (reply->error.code != ERROR_NONE)
        reply->outcome = WIRE_LOST;
}

bool wire_rest(struct wire *wire, struct error *error)
{
    return discard(wire, mono_plus_us(mono_now(), BABBLE_LIMIT_US), error);
}

struct mono wire_rest_at(const struct wire *wire)
{
    return wire->heartbeat_us > 0 ? mono_plus_us(wire->heard, wire->heartbeat_us) : (struct mono){INT64_MAX};
}

static void set_times(struct wire *wire, const struct line_settings *settings)
{
    wire->character_ns = line_character_ns(settings);
    wire->silence_us = line_silence_us(settings);
    wire->turnaround_us = (int64_t)settings->turnaround_ms * 1000;
    wire->delay_us = line_way_us(settings);
    wire->slack_us = RECEIVE_SLACK_US + (int64_t)settings->gateway_delay_ms * 1000;
}

struct wire *wire_open(const struct line_settings *settings, int socket, int interrupt, char method[256], struct error *error)
{
    static const struct wire_kind *const kinds[] = {
        [LINE_RTU] = &wire_rtu, [LINE_TCP] = &wire_tcp, [LINE_RTU_OVER_TCP] = &wire_rtu_over_tcp};
    struct wire *wire = calloc(1, sizeof *wire);
    if (!wire) {
        if (socket >= 0)
            close(socket);
        error_set(error, ERROR_NO_MEMORY, "line %s: no memory", settings->id);
        return NULL;
    }
    wire->kind = kinds[settings->kind];
    wire->descriptor = -1;
    wire->echo = settings->echo;
    set_times(wire, settings);
    if (!wire->kind->open(wire, settings, socket, interrupt, method, error)) {
        wire_close(wire);
        return NULL;
    }
    note_end(wire, mono_now());
    return wire;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    wire->kind->close(wire);
    free(wire);
}

const char *wire_caller(const struct wire *wire)
{
    return wire->caller;
}

int wire_descriptor(const struct wire *wire)
{
    return wire->descriptor;
}

struct mono wire_free_at(const struct wire *wire)
{
    return wire->free_at;
}

void wire_take_counts(struct wire *wire, struct line_counts *counts)
{
    counts->requests += wire->counts.requests;
    counts->replies += wire->counts.replies;
    counts->timeouts += wire->counts.timeouts;
    counts->damaged += wire->counts.damaged;
    counts->exceptions += wire->counts.exceptions;
    counts->strays += wire->counts.strays;
    counts->heartbeats += wire->counts.heartbeats;
    counts->hears_itself = wire->echo_found;
    counts->busy_us += wire->counts.busy_us;
    counts->occupied_us += wire->counts.occupied_us;
    wire->counts = (struct line_counts){0};
}
