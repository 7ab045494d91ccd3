/* The framing of Modbus TCP (Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3): out of a stream of bytes and into it. */
#include "hardware/village_gateway.h"

#include <string.h>

enum { LENGTH_MIN = 2, LENGTH_MAX = 254 }; /* unit and function; unit and a PDU of 253 */

static size_t word(const uint8_t *bytes)
{
    return (size_t)(bytes[0] << 8 | bytes[1]);
}

/* What the head asks for; 0 where it is no Modbus TCP. */
static size_t whole_size(const struct village_mbap *mbap)
{
    size_t protocol = word(mbap->bytes + 2), length = word(mbap->bytes + 4);
    return protocol == 0 && length >= LENGTH_MIN && length <= LENGTH_MAX ? VILLAGE_MBAP_HEAD + length : 0;
}

static void take_request(struct village_mbap *mbap, village_mbap_fn *take, void *context)
{
    struct village_mbap_request request = {.transaction = (uint16_t)word(mbap->bytes)};
    size_t n = mbap->n - VILLAGE_MBAP_HEAD;
    memcpy(request.bytes, mbap->bytes + VILLAGE_MBAP_HEAD, n);
    request.size = village_crc_add(request.bytes, n);
    mbap->n = 0;
    take(context, &request);
}

bool village_mbap_receive(struct village_mbap *mbap, const uint8_t *bytes, size_t n, village_mbap_fn *take, void *context)
{
    for (size_t i = 0; i < n; i++) {
        mbap->bytes[mbap->n++] = bytes[i];
        if (mbap->n < VILLAGE_MBAP_HEAD)
            continue;
        size_t size = whole_size(mbap);
        if (size == 0)
            return false;
        if (mbap->n == size)
            take_request(mbap, take, context);
    }
    return true;
}

size_t village_mbap_wrap(uint16_t transaction, const uint8_t *frame, size_t n, uint8_t *to)
{
    size_t length = n - 2; /* without its CRC */
    const uint8_t head[VILLAGE_MBAP_HEAD] = {(uint8_t)(transaction >> 8), (uint8_t)(transaction & 0xFF), 0, 0,
                                             (uint8_t)(length >> 8),      (uint8_t)(length & 0xFF)};
    memcpy(to, head, sizeof head);
    memcpy(to + sizeof head, frame, length);
    return sizeof head + length;
}
