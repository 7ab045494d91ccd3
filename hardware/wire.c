/* One Modbus RTU transaction, in time: silence before, our own wait for the first byte, libmodbus for the rest with a true
 * deadline, and only the reply that was asked for counts (docs/architecture.md). */
#include "hardware/wire.h"

#include "codecs/monotonic.h"
#include "hardware/wire_port.h"

#include <errno.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    RECEIVE_SLACK_US = 50000,  /* over the time that the bytes take: USB latency, a busy machine */
    BABBLE_LIMIT_US = 250000,  /* a line that is never quiet is used all the same */
    FAST_SILENCE_US = 1750,    /* above 19200 baud (Modbus over serial line V1.02, 2.5.1.1) */
    SILENCE_HALF_CHARS = 7,    /* 3.5 characters */
    BITS_BESIDE_DATA_STOP = 9, /* start bit and 8 data bits */
};

struct wire {
    modbus_t *modbus;
    int descriptor;
    enum line_adapter adapter;
    bool echo;
    int64_t character_ns, silence_us, turnaround_us;
    struct mono last_end; /* last byte on the wire, as far as we know */
    struct mono free_at;
    struct line_counts counts;
};

static int64_t wire_us(const struct wire *wire, size_t bytes)
{
    return ((int64_t)bytes * wire->character_ns + 999) / 1000;
}

static void note_end(struct wire *wire, struct mono end)
{
    wire->last_end = end;
    wire->free_at = mono_later(wire->free_at, mono_plus_us(end, wire->silence_us));
}

/* Sleeps until a descriptor is readable or gone, or the time has come. Returns the descriptor's events. */
static short wait_until(int descriptor, int interrupt, struct mono until, bool *interrupted)
{
    struct pollfd fds[2] = {{.fd = descriptor, .events = POLLIN}, {.fd = interrupt, .events = POLLIN}};
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

static bool lose(struct wire_reply *reply, const char *what, int code)
{
    reply->outcome = WIRE_LOST;
    return error_set(&reply->error, ERROR_DISCONNECTED, "port lost (%s): %s", what, code ? strerror(code) : "hung up");
}

/* Reads away what nobody asked for (not tcflush: on a pty that would also throw away what we sent and nobody has read yet).
 * No longer than until give_up, for somebody may never pause. Returns the number of bytes, -1 if the port is gone. */
static ssize_t drain(struct wire *wire, struct mono give_up, struct wire_reply *reply)
{
    uint8_t rubbish[FRAME_BYTES_MAX];
    ssize_t n, total = 0;
    do {
        n = read(wire->descriptor, rubbish, sizeof rubbish);
        total += n > 0 ? n : 0;
    } while ((n > 0 || (n < 0 && errno == EINTR)) && mono_before(mono_now(), give_up));
    if (total > 0) {
        note_end(wire, mono_now());
        wire->counts.strays += (uint64_t)total;
    }
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        lose(reply, "read", errno);
        return -1;
    }
    return total;
}

/* Returns when the wire has been quiet for 3.5 characters and the turnaround of a broadcast is over. */
static bool wait_quiet(struct wire *wire, struct wire_reply *reply)
{
    struct mono give_up = mono_plus_us(mono_later(mono_now(), wire->free_at), BABBLE_LIMIT_US);
    for (;;) {
        if (drain(wire, give_up, reply) < 0)
            return false;
        struct mono now = mono_now();
        if (!mono_before(now, wire->free_at) || mono_before(give_up, now))
            return true;
        bool interrupted;
        short events = wait_until(wire->descriptor, -1, wire->free_at, &interrupted);
        if (events & (POLLHUP | POLLERR | POLLNVAL))
            return lose(reply, "poll", 0);
    }
}

/* Takes back what a two-wire adapter hears of itself. False if it was not what we sent: somebody spoke into it. */
static bool swallow_echo(struct wire *wire, const uint8_t *sent, size_t n, struct mono sent_end)
{
    uint8_t heard[FRAME_BYTES_MAX] = {0};
    size_t got = 0;
    struct mono deadline = mono_plus_us(sent_end, RECEIVE_SLACK_US);
    while (got < n) {
        bool interrupted;
        if (!(wait_until(wire->descriptor, -1, deadline, &interrupted) & POLLIN))
            return false;
        ssize_t more = read(wire->descriptor, heard + got, n - got);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return memcmp(heard, sent, n - FRAME_CRC_BYTES) == 0;
}

static bool transmit(struct wire *wire, const struct frame_request *request, struct wire_reply *reply)
{
    uint8_t bytes[FRAME_BYTES_MAX];
    size_t n = frame_encode(request, bytes);
    modbus_set_slave(wire->modbus, request->unit);
    reply->sent_begin = mono_now();
    int sent = modbus_send_raw_request(wire->modbus, bytes, (int)n);
    int code = errno;
    struct mono written = mono_now(); /* later than the true start, never earlier: silence is kept for sure */
    if (sent < 0 && code != EAGAIN && code != EMBBADDATA)
        return lose(reply, "write", code);
    if (wire->adapter == ADAPTER_UART && tcdrain(wire->descriptor) != 0 && errno == EIO)
        return lose(reply, "drain", errno);
    n += FRAME_CRC_BYTES;
    reply->sent_end = mono_plus_us(written, wire_us(wire, n));
    if (wire->adapter == ADAPTER_UART)
        reply->sent_end = mono_later(reply->sent_end, mono_now());
    note_end(wire, reply->sent_end);
    wire->counts.requests++;
    wire->counts.busy_us += (uint64_t)wire_us(wire, n);
    if (sent < 0 || (wire->echo && !swallow_echo(wire, bytes, n, reply->sent_end))) {
        reply->outcome = WIRE_GARBLED;
        return false;
    }
    return true;
}

/* The rest of a frame whose first byte is there. Returns its size, 0 for another unit's, -1 when damaged or lost. */
static int receive_rest(struct wire *wire, const struct frame_request *request, uint8_t *bytes, struct wire_reply *reply)
{
    int64_t most = wire_us(wire, frame_reply_size(request)) + RECEIVE_SLACK_US;
    modbus_set_response_timeout(wire->modbus, (uint32_t)(most / 1000000), (uint32_t)(most % 1000000));
    int size = modbus_receive_confirmation(wire->modbus, bytes);
    int code = errno;
    note_end(wire, mono_now());
    if (size >= 0)
        return size;
    if (code == EMBBADCRC)
        wire->counts.crc_errors++;
    if (code == EIO || code == ECONNRESET || code == ENODEV || code == EBADF || code == ENXIO)
        lose(reply, "read", code);
    else
        reply->outcome = WIRE_GARBLED;
    return -1;
}

/* One frame that began to arrive. True when the transaction is over. */
static bool take_frame(struct wire *wire, const struct frame_request *request, struct wire_reply *reply)
{
    uint8_t bytes[MODBUS_RTU_MAX_ADU_LENGTH] = {0};
    reply->first_byte = mono_now();
    int size = receive_rest(wire, request, bytes, reply);
    if (size < 0)
        return true;
    enum frame_match match =
        size == 0 ? FRAME_STRAY : frame_judge(request, bytes, (size_t)size, reply->words, &reply->exception);
    if (match == FRAME_STRAY) {
        wire->counts.strays += size > 0 ? (uint64_t)size : 1;
        return !wait_quiet(wire, reply);
    }
    reply->received = wire->last_end;
    reply->outcome = match == FRAME_OURS ? WIRE_ANSWERED : WIRE_EXCEPTION;
    wire->counts.replies++;
    wire->counts.exceptions += match == FRAME_EXCEPTION;
    wire->counts.busy_us += (uint64_t)wire_us(wire, (size_t)size);
    return true;
}

static void await_reply(struct wire *wire, const struct frame_request *request, int64_t first_byte_us, int interrupt,
                        struct wire_reply *reply)
{
    struct mono deadline = mono_plus_us(reply->sent_end, first_byte_us);
    for (;;) {
        bool interrupted = false;
        short events = wait_until(wire->descriptor, interrupt, deadline, &interrupted);
        if (events & POLLIN) {
            if (take_frame(wire, request, reply))
                return;
        } else if (events & (POLLHUP | POLLERR | POLLNVAL)) {
            lose(reply, "poll", 0);
            return;
        } else if (interrupted) {
            reply->outcome = WIRE_WITHDRAWN;
            return;
        }
        if (!mono_before(mono_now(), deadline)) { /* also while others keep talking */
            reply->outcome = WIRE_SILENT;
            wire->counts.timeouts++;
            return;
        }
    }
}

void wire_transact(struct wire *wire, const struct frame_request *request, int64_t first_byte_us, int interrupt,
                   struct wire_reply *reply)
{
    reply->outcome = WIRE_SILENT;
    reply->exception = 0;
    reply->late_bytes = reply->foreign = 0;
    reply->sent_begin = reply->sent_end = reply->first_byte = reply->received = mono_now();
    reply->error = (struct error){.code = ERROR_NONE};
    if (!wait_quiet(wire, reply) || !transmit(wire, request, reply))
        return;
    if (request->unit == 0) {
        reply->outcome = WIRE_SENT;
        wire->free_at = mono_later(wire->free_at, mono_plus_us(reply->sent_end, wire->turnaround_us));
        return;
    }
    await_reply(wire, request, first_byte_us, interrupt, reply);
}

static modbus_t *open_modbus(const struct line_settings *settings, struct error *error)
{
    /* A pty has no parity; asking it twice for one is refused as invalid, so a port left behind by a crash could not be
     * reopened. */
    char parity = wire_port_adapter(settings) == ADAPTER_PTY ? 'N' : settings->parity;
    modbus_t *modbus = modbus_new_rtu(settings->device, settings->baud, parity, 8, settings->stop_bits);
    if (!modbus) {
        error_set(error, ERROR_INVALID, "line %s: settings of %s refused: %s", settings->id, settings->device,
                  modbus_strerror(errno));
        return NULL;
    }
    modbus_set_error_recovery(modbus, MODBUS_ERROR_RECOVERY_NONE);
    modbus_set_byte_timeout(modbus, 0, 0); /* the response timeout is the total then */
    if (modbus_connect(modbus) != 0) {
        error_set(error, ERROR_DISCONNECTED, "line %s: cannot open %s: %s", settings->id, settings->device,
                  modbus_strerror(errno));
        modbus_free(modbus);
        return NULL;
    }
    return modbus;
}

struct wire *wire_open(const struct line_settings *settings, char method[256], struct error *error)
{
    struct wire *wire = calloc(1, sizeof *wire);
    if (!wire) {
        error_set(error, ERROR_NO_MEMORY, "line %s: no memory", settings->id);
        return NULL;
    }
    wire->modbus = open_modbus(settings, error);
    if (!wire->modbus) {
        free(wire);
        return NULL;
    }
    int bits = BITS_BESIDE_DATA_STOP + (settings->parity != 'N') + settings->stop_bits;
    wire->descriptor = modbus_get_socket(wire->modbus);
    wire->adapter = wire_port_adapter(settings);
    wire->echo = settings->echo;
    wire->character_ns = (int64_t)bits * 1000000000 / settings->baud;
    wire->silence_us = settings->baud > 19200 ? FAST_SILENCE_US : (wire->character_ns * SILENCE_HALF_CHARS / 2 + 999) / 1000;
    wire->turnaround_us = (int64_t)settings->turnaround_ms * 1000;
    wire_port_tune(wire->modbus, wire->adapter, method);
    note_end(wire, mono_now());
    return wire;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    modbus_close(wire->modbus);
    modbus_free(wire->modbus);
    free(wire);
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
    counts->crc_errors += wire->counts.crc_errors;
    counts->exceptions += wire->counts.exceptions;
    counts->strays += wire->counts.strays;
    counts->busy_us += wire->counts.busy_us;
    wire->counts = (struct line_counts){0};
}
