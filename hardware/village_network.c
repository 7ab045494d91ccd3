/* Terminals that speak Modbus TCP themselves: nothing is serialised and nothing collides; each answers in its own time. */
#include "hardware/village_gateway.h"

static void take_request(void *context, const struct village_mbap_request *request)
{
    struct village_network *network = context;
    struct village_frame frame = {.begin = network->now, .end = network->now, .size = request->size, .from_master = true};
    for (size_t i = 0; i < request->size; i++)
        frame.bytes[i] = request->bytes[i];
    frame.note = network->cut ? NOTE_CUT : frame.bytes[0] == 0 ? NOTE_BROADCAST : NOTE_OK;
    network->counts.requests++;
    network->record(network->context, &frame);
    if (!network->cut)
        network->request(network->context, request, network->now);
}

bool village_network_receive(struct village_network *network, const uint8_t *bytes, size_t n, struct mono now)
{
    village_network_advance(network, now);
    network->now = now;
    return village_mbap_receive(&network->in, bytes, n, take_request, network);
}

void village_network_reply(struct village_network *network, uint16_t transaction, const struct village_frame *frame)
{
    if (network->n_replies == VILLAGE_QUEUE_MAX)
        return;
    struct mono from = network->now;
    for (size_t i = 0; i < network->n_replies; i++) /* the unit is busy with what it was asked before */
        if (network->replies[i].frame.bytes[0] == frame->bytes[0])
            from = mono_later(from, network->replies[i].at);
    struct mono at = mono_plus_us(from, mono_since(frame->begin, network->now));
    network->replies[network->n_replies++] = (struct village_network_reply){at, transaction, *frame};
}

/* The earliest; n_replies where there is none. */
static size_t first_of(const struct village_network *network)
{
    size_t first = network->n_replies;
    for (size_t i = 0; i < network->n_replies; i++)
        if (first == network->n_replies || mono_before(network->replies[i].at, network->replies[first].at))
            first = i;
    return first;
}

struct mono village_network_due(const struct village_network *network)
{
    size_t first = first_of(network);
    return first < network->n_replies ? network->replies[first].at : (struct mono){INT64_MAX};
}

static void send_reply(struct village_network *network, size_t index, struct mono now)
{
    struct village_network_reply reply = network->replies[index];
    for (network->n_replies--; index < network->n_replies; index++) /* the order of equals is kept */
        network->replies[index] = network->replies[index + 1];
    uint8_t bytes[VILLAGE_MBAP_MAX];
    size_t size = village_mbap_wrap(reply.transaction, reply.frame.bytes, reply.frame.size, bytes);
    reply.frame.begin = reply.frame.end = now;
    network->counts.replies++;
    if (network->cut)
        reply.frame.note = NOTE_CUT;
    else
        network->answer(network->context, bytes, size);
    network->record(network->context, &reply.frame);
}

void village_network_advance(struct village_network *network, struct mono now)
{
    int64_t late = mono_since(now, village_network_due(network));
    if (late > network->counts.worst_late_us)
        network->counts.worst_late_us = late;
    while (!mono_before(now, village_network_due(network)))
        send_reply(network, first_of(network), now);
}

void village_network_clear(struct village_network *network)
{
    network->n_replies = network->in.n = 0;
}
