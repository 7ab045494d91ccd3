/* A Modbus gateway: requests of the network wait in its queue, one at a time is on the serial wire behind it. */
#include "hardware/village_gateway.h"

#include <string.h>

enum { BUSY = 6, NO_RESPONSE = 11 }; /* exceptions; Modbus Application Protocol V1.1b3, 7 */
enum { BETWEEN_BYTES_US = 20000 };   /* an answer that has begun is heard to its end */

static void send_answer(struct village_gateway *gateway, uint16_t transaction, const uint8_t *frame, size_t n)
{
    uint8_t bytes[VILLAGE_MBAP_MAX];
    size_t size = village_mbap_wrap(transaction, frame, n, bytes);
    gateway->answer(gateway->context, bytes, size);
}

static void send_exception(struct village_gateway *gateway, const struct village_mbap_request *request, uint8_t code)
{
    uint8_t frame[5] = {request->bytes[0], request->bytes[1] | 0x80, code};
    send_answer(gateway, request->transaction, frame, village_crc_add(frame, 3));
}

static void enqueue(void *context, const struct village_mbap_request *request)
{
    struct village_gateway *gateway = context;
    if (gateway->n_queue < VILLAGE_QUEUE_MAX)
        gateway->queue[gateway->n_queue++] = *request;
    else
        send_exception(gateway, request, BUSY);
}

/* The first of the queue is done with. */
static void finish(struct village_gateway *gateway, struct mono free_at)
{
    gateway->asked = false;
    gateway->free_at = free_at;
    gateway->n_queue--;
    memmove(gateway->queue, gateway->queue + 1, gateway->n_queue * sizeof gateway->queue[0]);
}

static void put_on_wire(struct village_gateway *gateway, struct mono now)
{
    const struct village_mbap_request *request = &gateway->queue[0];
    struct village_wire *wire = gateway->wire;
    village_wire_receive(wire, request->bytes, request->size, now);
    struct mono end = wire->request.end;
    gateway->asked = true;
    gateway->have = 0;
    gateway->deadline = mono_plus_us(end, gateway->timeout_us);
    if (request->bytes[0] == 0) /* nobody answers a broadcast */
        finish(gateway, mono_plus_us(end, wire->silence_us));
}

bool village_gateway_receive(struct village_gateway *gateway, const uint8_t *bytes, size_t n, struct mono now)
{
    bool good = village_mbap_receive(&gateway->in, bytes, n, enqueue, gateway);
    village_gateway_advance(gateway, now);
    return good;
}

static bool is_answer(const struct village_gateway *gateway)
{
    const uint8_t *asked = gateway->queue[0].bytes, *reply = gateway->reply;
    return gateway->have >= 4 && reply[0] == asked[0] && (reply[1] & 0x7F) == asked[1] &&
           village_crc(reply, gateway->have) == 0;
}

/* It believes only a whole answer of the unit and to the function that it asked; it throws everything else away. */
static bool hear_byte(struct village_gateway *gateway, uint8_t byte)
{
    if (gateway->have == sizeof gateway->reply)
        gateway->have = 0;
    gateway->reply[gateway->have++] = byte;
    size_t size = village_reply_size(gateway->reply, gateway->have);
    if (size != 0 && gateway->have < size)
        return false;
    if (is_answer(gateway))
        return true;
    if (size != 0)
        gateway->have = 0;
    return false;
}

void village_gateway_hear(struct village_gateway *gateway, const uint8_t *bytes, size_t n, struct mono now)
{
    if (!gateway->asked)
        return;
    gateway->deadline = mono_later(gateway->deadline, mono_plus_us(now, BETWEEN_BYTES_US));
    for (size_t i = 0; i < n; i++) {
        if (!hear_byte(gateway, bytes[i]))
            continue;
        send_answer(gateway, gateway->queue[0].transaction, gateway->reply, gateway->have);
        finish(gateway, mono_plus_us(now, gateway->wire->silence_us));
        return;
    }
}

static void give_up(struct village_gateway *gateway, struct mono now)
{
    gateway->timeouts++;
    if (!gateway->silent)
        send_exception(gateway, &gateway->queue[0], NO_RESPONSE);
    finish(gateway, now);
}

struct mono village_gateway_due(const struct village_gateway *gateway)
{
    if (gateway->asked)
        return gateway->deadline;
    return gateway->n_queue > 0 ? gateway->free_at : (struct mono){INT64_MAX};
}

void village_gateway_advance(struct village_gateway *gateway, struct mono now)
{
    while (!mono_before(now, village_gateway_due(gateway)))
        if (gateway->asked)
            give_up(gateway, now);
        else
            put_on_wire(gateway, now);
}

/* What is on the wire stays there; the next request waits until it must be over. */
void village_gateway_clear(struct village_gateway *gateway)
{
    if (gateway->asked)
        gateway->free_at = gateway->deadline;
    gateway->asked = false;
    gateway->n_queue = gateway->in.n = 0;
}
