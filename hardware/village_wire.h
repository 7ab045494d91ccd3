/* The wire of one simulated line: how long bytes occupy it, where a frame begins and ends, which are lost, and when a reply
 * may be read. Pure: the time comes as an argument, bytes leave by callbacks. */
#ifndef TOCSIN_HARDWARE_VILLAGE_WIRE_H
#define TOCSIN_HARDWARE_VILLAGE_WIRE_H

#include "codecs/base.h"

enum {
    VILLAGE_FRAME_MAX = 256, /* Modbus over serial line V1.02, 2.3 */
    VILLAGE_REPLIES_MAX = 8, /* under way or waiting at once on one line; more are lost */
    VILLAGE_CHARACTER_BITS = 11,
    /* A master's frame is timed when the village wakes for it, later than it was written by 20 to 200 us. Two frames without
     * a reply between them are measured against each other, so the silence may read that much too short. */
    VILLAGE_TOLERANCE_US = 250,
};

enum village_note { NOTE_OK, NOTE_GARBLED, NOTE_COLLISION, NOTE_CRC, NOTE_BROADCAST, NOTE_LATE, NOTE_NOISE, NOTE_CUT };

const char *village_note_name(enum village_note note);

struct village_frame {
    struct mono begin, end; /* first bit, last bit */
    size_t size;
    uint8_t bytes[VILLAGE_FRAME_MAX];
    enum village_note note;
    bool from_master;
};

struct village_counts {
    uint64_t requests, replies;
    uint64_t garbled;    /* frames that the master began too early */
    uint64_t collisions; /* of a late reply with another frame */
    uint64_t crc;        /* requests with a wrong CRC or length */
    int64_t busy_us;
    int64_t worst_late_us; /* the worst delay of the village itself: how far its times can be trusted */
};

enum village_wire_fault_kind {
    WIRE_WELL,
    WIRE_ECHO,  /* the master hears what it writes */
    WIRE_NOISE, /* so many percent of the frames meet a burst of random bytes: inside them, before or behind them */
    WIRE_CUT,   /* the units hear nothing of the master, and it nothing of them */
    WIRE_FAULT_COUNT
};

struct village_wire_fault {
    enum village_wire_fault_kind kind;
    uint32_t percent;
};

/* "none", "echo", "noise:20", "cut"; an unknown one is refused with those known. */
bool village_wire_fault_parse(const char *text, struct village_wire_fault *fault, struct error *error);

/* What the wire asks of its owner. None may call the wire back except request, which may call village_wire_reply. */
struct village_port {
    void *context;
    void (*request)(void *context, const struct village_frame *frame); /* a good frame, complete since 3.5 characters */
    void (*deliver)(void *context, const uint8_t *bytes, size_t n);    /* the master may read these now */
    void (*record)(void *context, const struct village_frame *frame);  /* every frame, when it is over */
};

struct village_reply {
    struct village_frame frame;
    bool begun;
    size_t sent; /* bytes handed over */
    struct mono first_sent;
};

struct village_wire {
    struct village_port port;
    int64_t character_ns;
    int64_t silence_us; /* 3.5 characters; 1750 above 19200 baud (V1.02, 2.5.1.1) */
    struct mono quiet;  /* end of the last byte of either direction */
    struct village_frame request;
    int64_t request_end_ns;
    struct village_wire_fault fault;
    uint64_t chance; /* its stream (village_chance.h) */
    size_t n_echo;   /* bytes of the request that the master has not heard of itself yet */
    uint8_t echo[VILLAGE_FRAME_MAX];
    size_t n_replies;
    struct village_reply replies[VILLAGE_REPLIES_MAX];
    struct village_counts counts;
};

void village_wire_open(struct village_wire *wire, int baud, const struct village_port *port);

/* Bytes that the master wrote, all at once, at now. */
void village_wire_receive(struct village_wire *wire, const uint8_t *bytes, size_t n, struct mono now);

/* Puts a reply on the wire at begin. False if there are too many. */
bool village_wire_reply(struct village_wire *wire, const uint8_t *bytes, size_t n, struct mono begin, enum village_note note);

/* When village_wire_advance must be called next; INT64_MAX: nothing is under way. */
struct mono village_wire_due(const struct village_wire *wire);

/* Lets everything happen that happens until now. */
void village_wire_advance(struct village_wire *wire, struct mono now);

/* Forgets what is under way: the port is gone. */
void village_wire_clear(struct village_wire *wire);

/* For the wire itself: some bytes may be struck inside a frame (then its note is changed, from ok to crc); a reply may get a
 * burst before or behind it. */
void village_wire_strike(struct village_wire *wire, struct village_frame *frame);
void village_wire_strike_reply(struct village_wire *wire, struct village_reply *reply);

/* Puts a burst of noise on the wire at begin. */
bool village_wire_burst(struct village_wire *wire, const uint8_t *bytes, size_t n, struct mono begin);

/* Microseconds that n characters take, rounded up. */
int64_t village_wire_us(const struct village_wire *wire, size_t n);

/* CRC of Modbus RTU (V1.02, 6.2.2); the low byte is sent first. */
uint16_t village_crc(const uint8_t *bytes, size_t n);

/* Puts the CRC behind n bytes; returns n + 2. */
size_t village_crc_add(uint8_t *bytes, size_t n);

/* Size of the request, or reply, that begins with these bytes, with its CRC, as far as they show it; 0 where only silence can
 * tell. */
size_t village_request_size(const uint8_t *bytes, size_t n);
size_t village_reply_size(const uint8_t *bytes, size_t n);

#endif
