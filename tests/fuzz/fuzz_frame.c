/* Fuzz harness of hardware/frame: eight bytes that make a request, then the reply that came; the reply also as the begin of an
 * RTU frame and of a Modbus TCP one. */
#include "hardware/frame.h"
#include "tests/fuzz/require.h"

#include <string.h>

enum { HEAD = 8, CANARY = 0xA5A5 };

/* Any request that a profile could make; counts are bounded by the check of profiles. */
static struct frame_request request_of(const uint8_t *head)
{
    static const uint8_t functions[] = {1, 2, 3, 4, 5, 6, 15, 16};
    static const uint16_t most[] = {2000, 2000, 125, 125, 1, 1, PROFILE_VALUES_MAX, PROFILE_VALUES_MAX};
    size_t f = head[1] % sizeof functions;
    bool bits = functions[f] == 5 || functions[f] == 15;
    struct frame_request request = {.unit = head[0], .function = functions[f], .address = (uint16_t)(head[2] << 8 | head[3])};
    request.count = (uint16_t)(1 + (head[4] << 8 | head[5]) % most[f]);
    for (size_t i = 0; i < PROFILE_VALUES_MAX; i++)
        request.values[i] = (uint16_t)(bits ? head[6] & 1 : head[6] << 8 | head[7]);
    return request;
}

static void check_begins(const uint8_t *reply, size_t size)
{
    uint16_t transaction, again;
    uint8_t head[FRAME_HEAD_BYTES];
    if (size >= 3)
        require(frame_rtu_size(reply) >= 3 + FRAME_CRC_BYTES && frame_rtu_size(reply) <= 3 + 255 + FRAME_CRC_BYTES);
    if (size < FRAME_HEAD_BYTES)
        return;
    size_t rest = frame_take_head(reply, &transaction);
    require(rest == 0 || (rest >= 3 && rest <= FRAME_BYTES_MAX - FRAME_CRC_BYTES));
    frame_put_head(head, transaction, rest);
    require(frame_take_head(head, &again) == rest && again == transaction);
    require(rest == 0 || memcmp(head, reply, sizeof head) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint16_t words[FRAME_WORDS_MAX + 1];
    uint8_t exception = 0;
    if (size < HEAD)
        return 0;
    struct frame_request request = request_of(data);
    const uint8_t *reply = data + HEAD;
    check_begins(reply, size - HEAD);
    for (size_t i = 0; i <= FRAME_WORDS_MAX; i++)
        words[i] = CANARY;
    enum frame_match match = frame_judge(&request, reply, size - HEAD, words, &exception);
    bool read = request.function <= 4;
    if (match != FRAME_STRAY)
        require(reply[0] == request.unit && (reply[1] & 0x7F) == request.function);
    if (match == FRAME_OURS)
        require(size - HEAD == frame_reply_size(&request));
    if (match == FRAME_EXCEPTION)
        require(reply[1] & 0x80 && exception == reply[2]);
    for (size_t i = match == FRAME_OURS && read ? request.count : 0; i <= FRAME_WORDS_MAX; i++)
        require(words[i] == CANARY); /* nothing else is touched */
    for (size_t i = 0; match == FRAME_OURS && request.function <= 2 && i < request.count; i++)
        require(words[i] <= 1);
    return 0;
}
