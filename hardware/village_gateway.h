/* What stands between a network connection and simulated terminals: the Modbus TCP framing, a gateway that puts one request
 * at a time on the wire behind it, terminals that are on the network themselves, and the delay of a mobile network. Pure:
 * the time comes as an argument, bytes leave by callbacks. */
#ifndef TOCSIN_HARDWARE_VILLAGE_GATEWAY_H
#define TOCSIN_HARDWARE_VILLAGE_GATEWAY_H

#include "codecs/base.h"
#include "hardware/village_wire.h"

enum {
    VILLAGE_MBAP_HEAD = 6,   /* transaction, protocol, length; the unit behind them is counted by the length */
    VILLAGE_MBAP_MAX = 260,  /* Modbus Messaging on TCP/IP V1.0b, 4.1 */
    VILLAGE_QUEUE_MAX = 16,  /* requests of one connection that wait; more are answered with exception 06 */
    VILLAGE_DELAY_MAX = 4096 /* bytes under way in one direction; more are lost */
};

/* One request, in the form that it has on a wire: unit, function, data and CRC. */
struct village_mbap_request {
    uint16_t transaction;
    size_t size;
    uint8_t bytes[VILLAGE_FRAME_MAX];
};

typedef void village_mbap_fn(void *context, const struct village_mbap_request *request);

struct village_mbap {
    size_t n;
    uint8_t bytes[VILLAGE_MBAP_MAX];
};

/* Calls take for each request that is whole by now; they may come several in a segment or one in several. False where what
 * came is no Modbus TCP (a foreign protocol id, a length below 2 or above 254): the connection is to be closed. */
bool village_mbap_receive(struct village_mbap *mbap, const uint8_t *bytes, size_t n, village_mbap_fn *take, void *context);

/* Puts a frame with its CRC into the network's form. to holds VILLAGE_MBAP_MAX. Returns the size. */
size_t village_mbap_wrap(uint16_t transaction, const uint8_t *frame, size_t n, uint8_t *to);

/* A gateway with a serial wire behind it. It asks one unit at a time, in the order in which the requests came. */
struct village_gateway {
    struct village_wire *wire;
    void *context;
    void (*answer)(void *context, const uint8_t *bytes, size_t n); /* towards the master, in the network's form */
    int64_t timeout_us;                                            /* for a whole answer, from the end of the request */
    bool silent;                                                   /* says nothing where exception 11 would tell of a timeout */
    struct village_mbap in;
    size_t n_queue;
    struct village_mbap_request queue[VILLAGE_QUEUE_MAX]; /* the first is on the wire while asked */
    bool asked;
    struct mono free_at;  /* for the next request */
    struct mono deadline; /* of the one that is asked */
    size_t have;
    uint8_t reply[VILLAGE_FRAME_MAX];
    uint64_t timeouts;
};

/* What the master sent. False: close the connection. */
bool village_gateway_receive(struct village_gateway *gateway, const uint8_t *bytes, size_t n, struct mono now);
/* What came off the wire. */
void village_gateway_hear(struct village_gateway *gateway, const uint8_t *bytes, size_t n, struct mono now);
struct mono village_gateway_due(const struct village_gateway *gateway);
void village_gateway_advance(struct village_gateway *gateway, struct mono now);
/* The connection is gone: nobody waits for what was asked over it. */
void village_gateway_clear(struct village_gateway *gateway);

/* Terminals that are on the network themselves: no wire time, each has its own turnaround, and answers one after the other. */
struct village_network_reply {
    struct mono at;
    uint16_t transaction;
    struct village_frame frame;
};

struct village_network {
    void *context;
    void (*request)(void *context, const struct village_mbap_request *request, struct mono now); /* may call _reply */
    void (*answer)(void *context, const uint8_t *bytes, size_t n);
    void (*record)(void *context, const struct village_frame *frame);
    bool cut; /* nothing comes through, either way */
    struct village_mbap in;
    struct mono now; /* of the bytes that are being taken in */
    struct village_counts counts;
    size_t n_replies;
    struct village_network_reply replies[VILLAGE_QUEUE_MAX];
};

bool village_network_receive(struct village_network *network, const uint8_t *bytes, size_t n, struct mono now);
void village_network_reply(struct village_network *network, uint16_t transaction, const struct village_frame *frame);
struct mono village_network_due(const struct village_network *network);
void village_network_advance(struct village_network *network, struct mono now);
void village_network_clear(struct village_network *network);

/* Bytes that are under way for a while, in their order. */
struct village_delay {
    size_t first, n;
    struct village_delayed {
        struct mono at;
        uint8_t byte;
    } bytes[VILLAGE_DELAY_MAX];
};

void village_delay_put(struct village_delay *delay, const uint8_t *bytes, size_t n, struct mono at);
struct mono village_delay_due(const struct village_delay *delay);
/* Takes out at most size bytes whose time has come; returns how many. */
size_t village_delay_take(struct village_delay *delay, uint8_t *bytes, size_t size, struct mono now);

#endif
