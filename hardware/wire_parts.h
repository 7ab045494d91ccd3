/* The parts of a wire: what is common to all, and what each kind of line does in its own way. Inside of the wire only. */
#ifndef TOCSIN_HARDWARE_WIRE_PARTS_H
#define TOCSIN_HARDWARE_WIRE_PARTS_H

#include "hardware/wire.h"
#include "hardware/wire_address.h"

#include <modbus/modbus.h>
#include <sys/types.h>

struct wire {
    const struct wire_kind *kind;
    modbus_t *modbus; /* RTU only */
    int descriptor;   /* -1: not open */
    enum line_adapter adapter;
    bool echo, echo_found; /* hears itself; though the settings do not say so */
    size_t got;            /* RTU: bytes of the last frame that came, also if it was damaged */
    int64_t character_ns, silence_us, turnaround_us;
    int64_t delay_us;     /* of gateway and radio, one way */
    int64_t slack_us;     /* what a frame may take longer than its bytes do */
    struct mono last_end; /* last byte on the wire, as far as we know */
    struct mono free_at;
    struct line_counts counts;
    unsigned late; /* bytes that came since the last transaction */

    /* sockets */
    char caller[ADDRESS_TEXT_MAX]; /* of a gateway that called in */
    struct line_pattern heartbeat;
    int64_t heartbeat_us; /* 0: never given up */
    struct mono heard;    /* anything at all */
    struct mono flood_since;
    size_t flood_bytes;   /* that nobody asked for, since then */
    uint16_t transaction; /* Modbus TCP: of the last request */
};

/* None of them blocks beyond its limit; all but open tell what is wrong by errno. */
struct wire_kind {
    const char *name; /* of what is lost */
    /* False after an error; close is called in any case. */
    bool (*open)(struct wire *wire, const struct line_settings *settings, int socket, int interrupt, char method[256],
                 struct error *error);
    void (*close)(struct wire *wire);
    /* Puts unit and PDU on their way. */
    bool (*send)(struct wire *wire, const uint8_t *bytes, size_t n);
    /* Waits until the driver says that all has left the wire; NULL: it cannot. */
    bool (*flush)(struct wire *wire);
    /* Reads away what nobody asked for, until give_up at the latest: somebody may never pause. Bytes, -1 when gone or to be
     * given up. */
    ssize_t (*discard)(struct wire *wire, struct mono give_up);
    /* Something is there: 1 a frame begins, 0 it was none and is taken away, -1 as above. NULL: always a frame. */
    int (*begins)(struct wire *wire);
    /* The frame whose first byte is there, most likely the reply to the request: unit and PDU, undamaged. 0: it belongs to
     * another request. -1: damaged, not whole in time, gone. */
    int (*receive)(struct wire *wire, const struct frame_request *request, int64_t within_us, uint8_t bytes[FRAME_BYTES_MAX]);
};

extern const struct wire_kind wire_rtu, wire_rtu_over_tcp, wire_tcp;

/* How long so many bytes take. */
int64_t wire_bytes_us(const struct wire *wire, size_t bytes);

/* What stands at the front of what came: 1 a frame, 0 it was a heartbeat and is gone, -1 the end. */
static inline int wire_begins(struct wire *wire)
{
    return wire->kind->begins ? wire->kind->begins(wire) : 1;
}

/* Takes back the echo of n bytes just sent, if there is to be one. False if what came is not what we sent: somebody spoke into
 * it. */
bool wire_take_echo(struct wire *wire, const uint8_t *sent, size_t n, struct mono sent_end);
/* Whether the wire->got bytes that came in place of an answer begin the request itself; if so, the rest is taken back as well,
 * and each further echo. */
bool wire_find_echo(struct wire *wire, const struct frame_request *request, uint8_t heard[FRAME_BYTES_MAX]);

/* Sleeps until events of the descriptor, an interrupt (-1: none), or the time. Returns the descriptor's events. */
short wire_wait(int descriptor, short events, int interrupt, struct mono until, bool *interrupted);

/* What the two kinds on sockets share (wire_socket.c). */
bool wire_socket_open(struct wire *wire, const struct line_settings *settings, int socket, int interrupt, char method[256],
                      struct error *error);
void wire_socket_close(struct wire *wire);
ssize_t wire_socket_discard(struct wire *wire, struct mono give_up);
int wire_socket_begins(struct wire *wire);

#endif
