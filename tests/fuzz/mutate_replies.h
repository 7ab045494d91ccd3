/* Replies as a faulty line brings them: a request, the right reply to it by a small reference of our own (Modbus Application
 * Protocol V1.1b3, 6), and what becomes of that reply. The reference shares no code with hardware/frame: it is the judge of it.
 * Everything follows from a seed. */
#ifndef TOCSIN_TESTS_FUZZ_MUTATE_REPLIES_H
#define TOCSIN_TESTS_FUZZ_MUTATE_REPLIES_H

#include "hardware/frame.h"
#include "tests/fuzz/replay.h"
#include "tests/fuzz/require.h"

enum { CRC = 2, ADU = 256, GLUED_MAX = 2 * ADU };

/* What is wrong with a reply. Its CRC is always good, so that the CRC never does the judge's work. */
enum mutation {
    MUTATION_NONE, /* the control: must be accepted */
    MUTATION_EXCEPTION,
    MUTATION_OTHER_UNIT,
    MUTATION_OTHER_FUNCTION,
    MUTATION_BYTE_COUNT,      /* the count lies, the data do not follow it */
    MUTATION_OTHER_COUNT,     /* the right reply to one register or bit more or fewer */
    MUTATION_OTHER_EXCEPTION, /* another unit's, another function's, or too long */
    MUTATION_NEIGHBOUR,       /* the right reply of another unit to another request */
    MUTATION_OTHER_REQUEST,   /* the right reply of this unit to another request */
    MUTATION_ECHO,            /* address, value or count of a write come back changed */
    MUTATION_CUT,
    MUTATION_LONGER,
    MUTATION_GLUED, /* two right replies, ours and a neighbour's, in either order */
    MUTATION_BITS,  /* some bits are turned */
    MUTATIONS
};

static const char *const mutation_names[MUTATIONS] = {
    "none",          "exception", "other unit", "other function", "byte count", "other count", "other exception", "neighbour",
    "other request", "echo",      "cut",        "longer",         "glued",      "bits",
};

struct adu { /* without CRC */
    size_t n;
    uint8_t bytes[GLUED_MAX + CRC];
};

static const uint8_t mutation_functions[] = {1, 2, 3, 4, 5, 6, 15, 16};

static inline bool is_read(const struct frame_request *request)
{
    return request->function <= 4;
}

static inline struct frame_request random_request(uint64_t *seed)
{
    static const uint16_t most[] = {2000, 2000, 125, 125, 1, 1, PROFILE_VALUES_MAX, PROFILE_VALUES_MAX};
    size_t f = replay_below(seed, sizeof mutation_functions);
    size_t limit = replay_below(seed, 8) == 0 ? most[f] : most[f] < 12 ? most[f] : 12; /* mostly as profiles ask */
    struct frame_request request = {.unit = (uint8_t)(1 + replay_below(seed, 247)),
                                    .function = mutation_functions[f],
                                    .address = (uint16_t)replay_random(seed),
                                    .count = (uint16_t)(1 + replay_below(seed, limit))};
    bool coils = request.function == 5 || request.function == 15;
    for (size_t i = 0; !is_read(&request) && i < request.count; i++)
        request.values[i] = (uint16_t)(coils ? replay_below(seed, 2) : replay_random(seed));
    return request;
}

static inline void put(struct adu *adu, unsigned word)
{
    adu->bytes[adu->n++] = (uint8_t)(word >> 8);
    adu->bytes[adu->n++] = (uint8_t)word;
}

static inline size_t reference_data(const struct frame_request *request)
{
    return request->function <= 2 ? (request->count + 7u) / 8u : request->count * 2u;
}

/* What a unit in order answers; the data of a read are anything. */
static inline struct adu right_reply(const struct frame_request *request, uint64_t *seed)
{
    struct adu adu = {.n = 2, .bytes = {request->unit, request->function}};
    if (is_read(request)) {
        size_t n = reference_data(request);
        adu.bytes[adu.n++] = (uint8_t)n;
        for (size_t i = 0; i < n; i++)
            adu.bytes[adu.n++] = (uint8_t)replay_random(seed);
        if (request->function <= 2 && request->count % 8)
            adu.bytes[adu.n - 1] &= (uint8_t)((1u << request->count % 8) - 1); /* 6.1: padded with zeros */
        return adu;
    }
    put(&adu, request->address);
    if (request->function == 5)
        put(&adu, request->values[0] ? 0xFF00 : 0);
    else
        put(&adu, request->function == 6 ? request->values[0] : request->count);
    return adu;
}

/* The oracle: byte for byte a right reply to this request, its exception, or nothing of ours. */
static inline enum frame_match reference_judge(const struct frame_request *request, const struct adu *reply)
{
    uint64_t seed = 1;
    struct adu right = right_reply(request, &seed);
    size_t fixed = is_read(request) ? 3 : right.n;
    if (reply->n == 3 && reply->bytes[0] == request->unit && reply->bytes[1] == request->function + 0x80)
        return FRAME_EXCEPTION;
    return reply->n == right.n && memcmp(reply->bytes, right.bytes, fixed) == 0 ? FRAME_OURS : FRAME_STRAY;
}

static inline uint16_t reference_word(const struct frame_request *request, const struct adu *reply, size_t i)
{
    const uint8_t *data = reply->bytes + 3;
    return (uint16_t)(request->function <= 2 ? (data[i / 8] >> i % 8) & 1 : data[2 * i] * 256 + data[2 * i + 1]);
}

static inline void add_crc(struct adu *adu)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < adu->n; i++) {
        crc ^= adu->bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    adu->bytes[adu->n++] = (uint8_t)crc;
    adu->bytes[adu->n++] = (uint8_t)(crc >> 8);
}

static inline struct adu glued(const struct adu *first, const struct adu *second)
{
    struct adu both = *first;
    add_crc(&both);
    memcpy(both.bytes + both.n, second->bytes, second->n);
    both.n += second->n;
    return both;
}

static inline uint8_t other_byte(uint8_t byte, uint64_t *seed)
{
    return (uint8_t)(byte + 1 + replay_below(seed, 255));
}

static inline struct adu exception_of(const struct frame_request *request, uint64_t *seed)
{
    return (struct adu){.n = 3, .bytes = {request->unit, (uint8_t)(request->function + 0x80), (uint8_t)replay_below(seed, 12)}};
}

static inline struct adu other_exception(const struct frame_request *request, uint64_t *seed)
{
    struct adu adu = exception_of(request, seed);
    switch (replay_below(seed, 3)) {
    case 0: adu.bytes[0] = other_byte(adu.bytes[0], seed); break;
    case 1: adu.bytes[1] = other_byte(adu.bytes[1], seed); break;
    default: adu.bytes[adu.n++] = (uint8_t)replay_random(seed); break;
    }
    return adu;
}

static inline struct adu reply_to_another(const struct frame_request *request, bool same_unit, uint64_t *seed)
{
    struct frame_request other = replay_below(seed, 4) ? random_request(seed) : *request;
    other.unit = same_unit ? request->unit : other_byte(request->unit, seed);
    if (same_unit && replay_below(seed, 2)) {
        other.function = request->function;
        other.count = (uint16_t)(1 + replay_below(seed, 12));
    }
    return right_reply(&other, seed);
}

static inline struct adu other_count(const struct frame_request *request, uint64_t *seed)
{
    struct frame_request other = *request;
    other.count = (uint16_t)(request->count > 1 && replay_below(seed, 2) ? request->count - 1 : request->count + 1);
    other.count = (uint16_t)(replay_below(seed, 4) ? other.count : 1 + replay_below(seed, 120));
    return right_reply(&other, seed);
}

static inline void turn_bits(struct adu *adu, uint64_t *seed)
{
    for (size_t k = 1 + replay_below(seed, 4); k > 0; k--)
        adu->bytes[replay_below(seed, adu->n)] ^= (uint8_t)(1u << replay_below(seed, 8));
}

/* The reply that comes instead of the right one. */
static inline struct adu mutated(const struct frame_request *request, const struct adu *right, enum mutation mutation,
                                 uint64_t *seed)
{
    struct adu adu = *right, other;
    switch (mutation) {
    case MUTATION_EXCEPTION: return exception_of(request, seed);
    case MUTATION_OTHER_UNIT: adu.bytes[0] = other_byte(adu.bytes[0], seed); break;
    case MUTATION_OTHER_FUNCTION: adu.bytes[1] = other_byte(adu.bytes[1], seed); break;
    case MUTATION_BYTE_COUNT: adu.bytes[2] = other_byte(adu.bytes[2], seed); break;
    case MUTATION_OTHER_COUNT: return other_count(request, seed);
    case MUTATION_OTHER_EXCEPTION: return other_exception(request, seed);
    case MUTATION_NEIGHBOUR: return reply_to_another(request, false, seed);
    case MUTATION_OTHER_REQUEST: return reply_to_another(request, true, seed);
    case MUTATION_ECHO: adu.bytes[2 + replay_below(seed, adu.n - 2)] ^= (uint8_t)(1u << replay_below(seed, 8)); break;
    case MUTATION_CUT: adu.n = replay_below(seed, adu.n); break;
    case MUTATION_LONGER:
        for (size_t k = 1 + replay_below(seed, 8); k > 0; k--)
            adu.bytes[adu.n++] = (uint8_t)replay_random(seed);
        break;
    case MUTATION_GLUED:
        other = reply_to_another(request, replay_below(seed, 4) == 0, seed);
        return replay_below(seed, 2) ? glued(right, &other) : glued(&other, right);
    case MUTATION_BITS: turn_bits(&adu, seed); break;
    case MUTATION_NONE:
    case MUTATIONS: break;
    }
    return adu;
}

#endif
