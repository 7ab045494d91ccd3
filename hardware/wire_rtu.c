/* Modbus RTU by libmodbus: on a serial port, and on a socket to a transparent gateway, which libmodbus does not know of but
 * reads and writes like a port. */
#include "codecs/monotonic.h"
#include "hardware/wire_parts.h"
#include "hardware/wire_port.h"

#include <errno.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

enum {
    SHORTEST = 5,      /* bytes of an exception, the shortest reply */
    HEAD = 3,          /* by so many its length is known */
    GATHER_US = 10000, /* at most so long a rest is hoped for */
};

static bool make_context(struct wire *wire, const struct line_settings *settings, const char *device, char parity,
                         struct error *error)
{
    wire->modbus = modbus_new_rtu(device, settings->baud, parity, 8, settings->stop_bits);
    if (!wire->modbus)
        return error_set(error, ERROR_INVALID, "line %s: settings of %s refused: %s", settings->id, device,
                         modbus_strerror(errno));
    modbus_set_error_recovery(wire->modbus, MODBUS_ERROR_RECOVERY_NONE);
    modbus_set_byte_timeout(wire->modbus, 0, 0); /* the response timeout is the total then */
    return true;
}

static bool open_port(struct wire *wire, const struct line_settings *settings, int socket, int interrupt, char method[256],
                      struct error *error)
{
    (void)socket, (void)interrupt;
    /* A pty has no parity; asking it twice for one is refused as invalid, so a port left behind by a crash could not be
     * reopened. */
    wire->adapter = wire_port_adapter(settings);
    if (!make_context(wire, settings, settings->device, wire->adapter == ADAPTER_PTY ? 'N' : settings->parity, error))
        return false;
    if (modbus_connect(wire->modbus) != 0)
        return error_set(error, ERROR_DISCONNECTED, "line %s: cannot open %s: %s", settings->id, settings->device,
                         modbus_strerror(errno));
    wire->descriptor = modbus_get_socket(wire->modbus);
    wire_port_tune(wire->modbus, wire->adapter, method);
    return true;
}

/* Not modbus_close: that sets the port back to what it was, also under a line that was built anew on it meanwhile. */
static void close_port(struct wire *wire)
{
    if (wire->descriptor >= 0)
        close(wire->descriptor);
    modbus_free(wire->modbus);
}

static bool open_over_tcp(struct wire *wire, const struct line_settings *settings, int socket, int interrupt, char method[256],
                          struct error *error)
{
    if (!wire_socket_open(wire, settings, socket, interrupt, method, error) ||
        !make_context(wire, settings, "the gateway", settings->parity, error))
        return false;
    modbus_set_socket(wire->modbus, wire->descriptor);
    return true;
}

static void close_over_tcp(struct wire *wire)
{
    modbus_free(wire->modbus);
    wire_socket_close(wire);
}

static bool send_frame(struct wire *wire, const uint8_t *bytes, size_t n)
{
    modbus_set_slave(wire->modbus, bytes[0]);
    return modbus_send_raw_request(wire->modbus, bytes, (int)n) >= 0;
}

static bool flush_port(struct wire *wire)
{
    return wire->adapter != ADAPTER_UART || tcdrain(wire->descriptor) == 0 || errno != EIO;
}

/* Not tcflush: on a pty that would also throw away what we sent and nobody has read yet. */
static ssize_t discard(struct wire *wire, struct mono give_up)
{
    uint8_t rubbish[FRAME_BYTES_MAX];
    ssize_t n, total = 0;
    do {
        n = read(wire->descriptor, rubbish, sizeof rubbish);
        total += n > 0 ? n : 0;
    } while ((n > 0 || (n < 0 && errno == EINTR)) && mono_before(mono_now(), give_up));
    return n < 0 && errno != EAGAIN && errno != EINTR ? -1 : total;
}

/* Sleeps while bytes come that must come, so that they are taken at once: 64 lines would else wake for each few of them. Of a
 * frame whose length is not known yet only its head must come; what is hoped for is waited for if it is short. */
static void gather(const struct wire *wire, size_t must, size_t hoped)
{
    int64_t must_us = wire_bytes_us(wire, must), hoped_us = wire_bytes_us(wire, hoped);
    bool interrupted;
    wire_wait(-1, 0, -1, mono_plus_us(mono_now(), hoped_us <= GATHER_US ? hoped_us : must_us), &interrupted);
}

/* What is there, waited for until the deadline. Bytes; 0: nothing came (ETIMEDOUT), or it is gone (errno). */
static size_t take(const struct wire *wire, uint8_t *to, size_t n, struct mono deadline)
{
    bool promised = wire->kind != &wire_rtu; /* a port reads 0 when there is nothing, too */
    for (;;) {
        ssize_t got = read(wire->descriptor, to, n);
        if (got > 0)
            return (size_t)got;
        if (got == 0 && promised)
            errno = ESHUTDOWN;
        if (got == 0 ? promised : errno != EAGAIN && errno != EINTR)
            return 0;
        bool interrupted;
        promised = wire_wait(wire->descriptor, POLLIN, -1, deadline, &interrupted) != 0;
        if (!promised) {
            errno = ETIMEDOUT;
            return 0;
        }
    }
}

/* libmodbus would select and read three times for the parts of a reply, and take another unit's without looking at its CRC. */
static int receive(struct wire *wire, const struct frame_request *request, int64_t within_us, uint8_t bytes[FRAME_BYTES_MAX])
{
    struct mono deadline = mono_plus_us(mono_now(), within_us);
    size_t size = SHORTEST;
    wire->got = 0;
    while (wire->got < size) {
        size_t wanted = size - wire->got, n = take(wire, bytes + wire->got, wanted, deadline);
        if (n == 0)
            return -1;
        wire->got += n;
        bool known = wire->got >= HEAD;
        size = known ? frame_rtu_size(bytes) : size;
        if (size > FRAME_BYTES_MAX)
            break;
        if (n < wanted)
            gather(wire, size - wire->got, (known ? size : frame_reply_size(request) + FRAME_CRC_BYTES) - wire->got);
    }
    errno = EMBBADCRC;
    return size <= FRAME_BYTES_MAX && frame_crc(bytes, size) == 0 ? (int)size - FRAME_CRC_BYTES : -1;
}

const struct wire_kind wire_rtu = {.name = "port",
                                   .open = open_port,
                                   .close = close_port,
                                   .send = send_frame,
                                   .flush = flush_port,
                                   .discard = discard,
                                   .receive = receive};

const struct wire_kind wire_rtu_over_tcp = {.name = "connection",
                                            .open = open_over_tcp,
                                            .close = close_over_tcp,
                                            .send = send_frame,
                                            .discard = wire_socket_discard,
                                            .begins = wire_socket_begins,
                                            .receive = receive};
