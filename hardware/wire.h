/* One line's way to its terminals (a serial port, a Modbus TCP gateway, a transparent gateway) and one Modbus transaction on it
 * at a time, with what makes it keep time on a strict RS-485 line, also on one behind a gateway. No threads: whoever opened it
 * uses it. Never blocks beyond the limits it is given. */
#ifndef TOCSIN_HARDWARE_WIRE_H
#define TOCSIN_HARDWARE_WIRE_H

#include "hardware/frame.h"
#include "hardware/line.h"

enum wire_outcome {
    WIRE_ANSWERED,  /* words are valid for a read */
    WIRE_SENT,      /* broadcast: it has left, or will have at sent_end; nobody answers */
    WIRE_EXCEPTION, /* the unit refused: exception */
    WIRE_SILENT,    /* no reply of this unit within its limit, or its gateway says so (exception 10 or 11, else 0) */
    WIRE_GARBLED,   /* something came, but damaged or not whole in time */
    WIRE_WITHDRAWN, /* interrupted while waiting for the first byte */
    WIRE_LOST,      /* the port or connection is gone: close it */
};

struct wire_reply {
    enum wire_outcome outcome;
    uint8_t exception;
    struct mono sent_begin; /* just before the first byte could leave */
    struct mono sent_end;   /* last bit of the request */
    struct mono first_byte; /* of an answer */
    struct mono received;   /* last byte of an answer */
    unsigned late_bytes;    /* came before this request, behind the end of the transaction before it */
    unsigned foreign;       /* frames of another unit that came in place of the answer; */
    uint8_t foreign_unit;   /* the last of them */
    uint16_t words[FRAME_WORDS_MAX];
    struct error error; /* with WIRE_LOST */
};

struct wire;

/* Opens and sets the port, or connects within 3 s and unless interrupt is readable (-1: none). socket: of a line that calls_in,
 * the connection that its gateway made, which is the wire's from now on in any case; else -1. method tells how the end of a
 * transmission is known, and warnings; shown to people. Fails with ERROR_DISCONNECTED when nothing is there, ERROR_INVALID for
 * impossible settings. */
struct wire *wire_open(const struct line_settings *settings, int socket, int interrupt, char method[256], struct error *error);
void wire_close(struct wire *wire); /* NULL is allowed */

/* Whence its gateway called in; empty where none did. */
const char *wire_caller(const struct wire *wire);

int wire_descriptor(const struct wire *wire); /* to poll while nothing is asked; then call wire_rest */

/* Takes what came while nobody asked: heartbeats, and strays for the late_bytes of the next transaction. False with
 * ERROR_DISCONNECTED when it is gone, also when its heartbeat is overdue. */
bool wire_rest(struct wire *wire, struct error *error);
/* When wire_rest is to be called even though nothing came; INT64_MAX for never. */
struct mono wire_rest_at(const struct wire *wire);

/* The earliest time at which the next frame may begin: silence kept, turnaround of a broadcast over. */
struct mono wire_free_at(const struct wire *wire);

/* Sends when the wire is free, then waits for the reply until first_byte_us after the end of the request, longer by the ways
 * through gateway and radio, and then as long as the reply takes on the wire. A readable interrupt (eventfd, -1 for none) ends
 * the wait for the first byte. */
void wire_transact(struct wire *wire, const struct frame_request *request, int64_t first_byte_us, int interrupt,
                   struct wire_reply *reply);

/* Adds what happened since the last call to counts and forgets it (requests, replies, timeouts, ..., busy_us). */
void wire_take_counts(struct wire *wire, struct line_counts *counts);

#endif
