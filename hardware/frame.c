/* Modbus requests as bytes and the judgement of replies: unit, function, length and echo must all be those of the request
 * (Modbus Application Protocol V1.1b3, 6). */
#include "hardware/frame.h"

#include <string.h>

enum {
    READ_COILS = 1,
    READ_DISCRETE = 2,
    READ_HOLDING = 3,
    READ_INPUT = 4,
    WRITE_COIL = 5,
    WRITE_HOLDING = 6,
    WRITE_COILS = 15,
    WRITE_HOLDINGS = 16,
    EXCEPTION_BIT = 0x80,
    COIL_ON = 0xFF00,
    HEAD_PROTOCOL = 2, /* places in the head */
    HEAD_LENGTH = 4,
};

static bool is_read(uint8_t function)
{
    return function <= READ_INPUT;
}

/* Data bytes of a read's reply, or of a multiple write. */
static size_t data_bytes(const struct frame_request *request)
{
    bool bits = request->function <= READ_DISCRETE || request->function == WRITE_COILS;
    return bits ? ((size_t)request->count + 7) / 8 : (size_t)request->count * 2;
}

struct frame_request frame_of_read(uint8_t unit, const struct profile_read *read)
{
    static const uint8_t functions[] = {[SPACE_COIL] = READ_COILS,
                                        [SPACE_DISCRETE] = READ_DISCRETE,
                                        [SPACE_INPUT] = READ_INPUT,
                                        [SPACE_HOLDING] = READ_HOLDING};
    return (struct frame_request){
        .unit = unit, .function = functions[read->space], .address = read->address, .count = read->count};
}

struct frame_request frame_of_write(uint8_t unit, const struct profile *profile, const struct profile_write *write,
                                    const struct operand_values *operands)
{
    struct frame_request request = {.unit = unit, .address = write->address};
    bool coil = write->space == SPACE_COIL;
    request.function = coil ? (write->single ? WRITE_COIL : WRITE_COILS) : (write->single ? WRITE_HOLDING : WRITE_HOLDINGS);
    request.count = (uint16_t)profile_fill_write(profile, write, operands, request.values);
    return request;
}

static void put_16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

/* The 16 bits that stand at the place of the count: the value itself in a single write. */
static uint16_t second_word(const struct frame_request *request)
{
    if (request->function == WRITE_COIL)
        return request->values[0] ? COIL_ON : 0;
    return request->function == WRITE_HOLDING ? request->values[0] : request->count;
}

size_t frame_encode(const struct frame_request *request, uint8_t bytes[FRAME_BYTES_MAX])
{
    bytes[0] = request->unit;
    bytes[1] = request->function;
    put_16(bytes + 2, request->address);
    put_16(bytes + 4, second_word(request));
    if (request->function != WRITE_COILS && request->function != WRITE_HOLDINGS)
        return 6;
    size_t n = data_bytes(request);
    bytes[6] = (uint8_t)n;
    memset(bytes + 7, 0, n);
    for (size_t i = 0; i < request->count; i++) {
        if (request->function == WRITE_HOLDINGS)
            put_16(bytes + 7 + 2 * i, request->values[i]);
        else if (request->values[i])
            bytes[7 + i / 8] |= (uint8_t)(1U << (i % 8));
    }
    return 7 + n;
}

bool frame_answers(uint8_t function, uint8_t answer)
{
    return (answer & ~EXCEPTION_BIT) == function;
}

size_t frame_reply_size(const struct frame_request *request)
{
    return is_read(request->function) ? 3 + data_bytes(request) : 6;
}

static void take_words(const struct frame_request *request, const uint8_t *data, uint16_t *words)
{
    bool bits = request->function <= READ_DISCRETE;
    for (size_t i = 0; i < request->count; i++)
        words[i] = (uint16_t)(bits ? data[i / 8] >> (i % 8) & 1 : data[2 * i] << 8 | data[2 * i + 1]);
}

enum frame_match frame_judge(const struct frame_request *request, const uint8_t *bytes, size_t size,
                             uint16_t words[FRAME_WORDS_MAX], uint8_t *exception)
{
    if (size < 3 || bytes[0] != request->unit)
        return FRAME_STRAY;
    if (bytes[1] == (request->function | EXCEPTION_BIT) && size == 3) {
        *exception = bytes[2];
        return FRAME_EXCEPTION;
    }
    if (bytes[1] != request->function || size != frame_reply_size(request))
        return FRAME_STRAY;
    if (is_read(request->function)) {
        if (bytes[2] != data_bytes(request))
            return FRAME_STRAY;
        take_words(request, bytes + 3, words);
        return FRAME_OURS;
    }
    uint8_t sent[FRAME_BYTES_MAX];
    frame_encode(request, sent);
    return memcmp(bytes, sent, 6) == 0 ? FRAME_OURS : FRAME_STRAY;
}

size_t frame_rtu_size(const uint8_t bytes[3])
{
    if (is_read(bytes[1]))
        return 3U + bytes[2] + FRAME_CRC_BYTES;
    bool write = bytes[1] == WRITE_COIL || bytes[1] == WRITE_HOLDING || bytes[1] == WRITE_COILS || bytes[1] == WRITE_HOLDINGS;
    return (write ? 6 : 3) + FRAME_CRC_BYTES;
}

uint16_t frame_crc(const uint8_t *bytes, size_t size)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    return (uint16_t)crc;
}

void frame_put_head(uint8_t head[FRAME_HEAD_BYTES], uint16_t transaction, size_t size)
{
    put_16(head, transaction);
    put_16(head + HEAD_PROTOCOL, 0);
    put_16(head + HEAD_LENGTH, (unsigned)size);
}

size_t frame_take_head(const uint8_t head[FRAME_HEAD_BYTES], uint16_t *transaction)
{
    size_t size = (size_t)head[HEAD_LENGTH] << 8 | head[HEAD_LENGTH + 1];
    *transaction = (uint16_t)(head[0] << 8 | head[1]);
    bool modbus = head[HEAD_PROTOCOL] == 0 && head[HEAD_PROTOCOL + 1] == 0;
    return modbus && size >= 3 && size <= FRAME_BYTES_MAX - FRAME_CRC_BYTES ? size : 0;
}
