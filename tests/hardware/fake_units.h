/* Units of docs/terminals.md as far as the tests of hardware need them, in whatever time they are told. Written from the
 * manual's notes, not from the profiles. */
#ifndef TESTS_HARDWARE_FAKE_UNITS_H
#define TESTS_HARDWARE_FAKE_UNITS_H

#include "codecs/base.h"

#include <string.h>

enum { FAKE_UNITS_MAX = 247, FAKE_C4_READY_US = 600000 };

struct fake_unit {
    uint8_t address;
    bool c4;
    bool dead;
    int64_t answer_us;
    int64_t (*pace)(const struct fake_unit *unit); /* in place of answer_us */
    unsigned damaged, doubled;                     /* so many per cent of its answers */
    uint8_t answers_as;                            /* its frames carry this address */
    unsigned lose_replies;                         /* so many requests are obeyed and not answered */
    unsigned deaf;                                 /* so many requests are not even heard */
    unsigned refuse;                               /* so many writes are refused with 04 */
    uint8_t refuses_reads, refuses_writes;         /* all, with this exception */
    bool ignores_start, ignores_stop;
    /* T8 */
    uint16_t power, state, token, source, volume, hold_s;
    int64_t booted_at; /* -1: it starts up when it is asked next */
    int64_t spoken_at;
    bool held_by_write; /* what is read from it does not begin its hold anew */
    /* C4 */
    bool relay, local;
    int64_t power_at;
    unsigned heard; /* requests meant for it, broadcasts too */
};

static inline unsigned fake_t8_write(struct fake_unit *u, unsigned address, unsigned value)
{
    bool other = u->source >= 2;
    switch (address) {
    case 16:
        u->power = (uint16_t)value;
        if (!value)
            u->state = u->token = 0;
        return 0;
    case 17: return value == 1 ? 0 : 3;
    case 18:
        if (other)
            return 6;
        u->token = (uint16_t)value;
        u->state = value ? 1 : 0;
        u->volume = 50;
        return 0;
    case 19: u->volume = (uint16_t)value; return value <= 100 ? 0 : 3;
    case 20:
        if (!u->token || u->token != value)
            return 3;
        if (!u->ignores_start)
            u->state = 2;
        return 0;
    case 21:
        if (!u->ignores_stop)
            u->state = u->token = 0;
        return 0;
    case 22: u->hold_s = (uint16_t)value; return 0;
    default: return 2;
    }
}

/* Left alone for its hold it falls silent. */
static inline void fake_unit_tick(struct fake_unit *u, int64_t now)
{
    if (u->hold_s > 0 && u->state == 2 && now - u->spoken_at > u->hold_s * INT64_C(1000000))
        u->state = u->token = 0;
}

static inline unsigned fake_c4_coil(struct fake_unit *u, unsigned address, unsigned value, int64_t now)
{
    if (address == 0) {
        if (value && !u->power) {
            u->power_at = now;
            u->volume = 8;
        }
        u->power = value != 0;
        return 0;
    }
    if (address != 1)
        return 2;
    if (value && u->local)
        return 6;
    if (value ? !u->ignores_start : !u->ignores_stop)
        u->relay = value != 0;
    return 0;
}

static inline unsigned fake_word(const struct fake_unit *u, unsigned function, unsigned address, int64_t now, uint16_t *word)
{
    *word = 0;
    if (!u->c4) {
        const uint16_t words[] = {u->state,      u->token,  u->source >= 2 ? u->source : (uint16_t)(u->state == 2),
                                  (uint16_t)-60, u->volume, 230,
                                  126,           0,         (uint16_t)((now - u->booted_at) / 1000000)};
        if (function != 4 || address > 8)
            return 2;
        *word = words[address];
        return 0;
    }
    if (function == 2 && address < 6) {
        const bool bits[] = {u->power && now - u->power_at >= FAKE_C4_READY_US, u->relay, u->local, false, true, false};
        *word = bits[address];
        return 0;
    }
    *word = (uint16_t)(address == 104 ? 420 : address == 100 ? (now - u->booted_at) / 1000000 : 0);
    return function == 4 && address >= 100 && address <= 105 ? 0 : 2;
}

static inline size_t fake_read(const struct fake_unit *u, const uint8_t *q, uint8_t *r, int64_t now, unsigned *exception)
{
    unsigned address = (unsigned)q[2] << 8 | q[3], count = (unsigned)q[4] << 8 | q[5];
    bool bits = q[1] <= 2;
    r[2] = (uint8_t)(bits ? (count + 7) / 8 : count * 2);
    memset(r + 3, 0, r[2]);
    for (unsigned i = 0; i < count && !*exception; i++) {
        uint16_t word;
        *exception = fake_word(u, q[1], address + i, now, &word);
        if (bits)
            r[3 + i / 8] |= (uint8_t)((word & 1) << i % 8);
        else
            r[3 + 2 * i] = (uint8_t)(word >> 8), r[4 + 2 * i] = (uint8_t)word;
    }
    return 3U + r[2];
}

static inline unsigned fake_write(struct fake_unit *u, const uint8_t *q, int64_t now)
{
    unsigned address = (unsigned)q[2] << 8 | q[3], value = (unsigned)q[4] << 8 | q[5];
    if (u->refuse > 0) {
        u->refuse--;
        return 4;
    }
    if (q[1] == 5)
        return u->c4 ? fake_c4_coil(u, address, value, now) : 1;
    if (u->c4) {
        u->volume = (uint16_t)value;
        return address == 40 && q[1] == 6 ? 0 : 2;
    }
    if (q[1] == 6)
        return fake_t8_write(u, address, value);
    for (unsigned i = 0; i < value; i++) {
        unsigned exception = fake_t8_write(u, address + i, (unsigned)q[7 + 2 * i] << 8 | q[8 + 2 * i]);
        if (exception)
            return exception;
    }
    return 0;
}

/* One request (unit and PDU, no CRC) at one unit. Returns the bytes of its reply without CRC, 0 for none. */
static inline size_t fake_unit_obey(struct fake_unit *u, const uint8_t *q, uint8_t *r, int64_t now)
{
    unsigned exception = 0;
    if (u->dead || (q[0] != 0 && q[0] != u->address))
        return 0;
    if (u->deaf > 0) {
        u->deaf--;
        return 0;
    }
    u->heard++;
    if (u->booted_at < 0)
        u->booted_at = now;
    fake_unit_tick(u, now);
    if (!u->held_by_write || (q[1] == 6 && (q[3] == 20 || q[3] == 22)))
        u->spoken_at = now;
    size_t n = 6;
    memcpy(r, q, 6);
    if (q[1] <= 4)
        n = fake_read(u, q, r, now, &exception);
    else
        exception = fake_write(u, q, now);
    if (q[1] <= 4 ? u->refuses_reads : u->refuses_writes)
        exception = q[1] <= 4 ? u->refuses_reads : u->refuses_writes;
    if (exception) {
        r[1] = q[1] | 0x80;
        r[2] = (uint8_t)exception;
        n = 3;
    }
    if (u->lose_replies > 0) {
        u->lose_replies--;
        return 0;
    }
    return q[0] == 0 ? 0 : n;
}

static inline void fake_unit_reboot(struct fake_unit *u)
{
    u->power = u->state = u->token = u->source = u->hold_s = 0;
    u->relay = false;
    u->booted_at = -1;
}

#endif
