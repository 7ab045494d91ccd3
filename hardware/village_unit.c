/* What all simulated terminals share: the Modbus functions, power and reboots. The vendors' registers are in files of their
 * own, faults and hearing in village_fault.c and village_ear.c. */
#include "hardware/village_unit.h"

#include "hardware/village_chance.h"
#include "hardware/village_wire.h"

#include <string.h>

enum { BOOT_US = 1500000 };

static const struct village_vendor *const vendors[] = {&village_linghu, &village_beishan, &village_informer,
                                                       &village_luming, &village_cuiwei,  &village_ups};
enum { VENDORS = sizeof vendors / sizeof(const struct village_vendor *) };

const struct village_vendor *village_vendor_find(const char *name)
{
    for (size_t i = 0; i < VENDORS; i++)
        if (strcmp(vendors[i]->name, name) == 0)
            return vendors[i];
    return NULL;
}

void village_vendor_names(char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < VENDORS; i++) {
        size_t used = strlen(text);
        text_print(text + used, size - used, "%s%s", i ? ", " : "", vendors[i]->name);
    }
}

double village_unit_random(struct village_unit *unit)
{
    return village_chance_share(&unit->chance);
}

static void power_up(struct village_unit *unit, struct mono at)
{
    unit->booted = at;
    unit->spoken_to = at;
    unit->amplifier = unit->started = false;
    unit->token = unit->source = 0;
    unit->volume = unit->vendor->volume_reset;
    unit->hold_s = unit->vendor->hold_reset_s;
    unit->test_until = at;
    memset(unit->memory, 0, sizeof unit->memory);
    memset(&unit->ear, 0, sizeof unit->ear);
}

void village_unit_open(struct village_unit *unit, const struct village_vendor *vendor, uint8_t address, uint64_t seed,
                       struct mono now)
{
    *unit = (struct village_unit){.address = address, .vendor = vendor, .chance = seed * 1000003 + address};
    /* They have been up for some hours, each for its own time. */
    power_up(unit, mono_plus_ms(now, -(int64_t)(7200 + 3600 * village_unit_random(unit)) * 1000));
}

void village_unit_set_fault(struct village_unit *unit, struct village_fault fault, struct mono now)
{
    village_unit_tick(unit, now);
    bool was_dead = unit->fault.kind == FAULT_DEAD;
    if (was_dead && fault.kind == FAULT_DEAD)
        return;
    unit->fault = fault;
    unit->fault_at = now;
    if (was_dead || fault.kind == FAULT_DEAD)
        power_up(unit, now);
    if (fault.kind == FAULT_LOCAL) /* it takes the amplifier over; our session is gone */
        unit->started = false, unit->token = 0;
}

/* Not dead, not booting. */
static bool has_power(const struct village_unit *unit, struct mono now)
{
    return unit->fault.kind != FAULT_DEAD && mono_since(now, unit->booted) >= BOOT_US;
}

bool village_unit_settled(const struct village_unit *unit, struct mono now)
{
    int64_t ms = unit->fault.kind == FAULT_SETTLE ? unit->fault.argument : unit->vendor->settle_ms;
    return unit->amplifier && unit->fault.kind != FAULT_AMPLIFIER && mono_since(now, unit->amplifier_on) >= ms * 1000;
}

bool village_unit_stops(const struct village_unit *unit)
{
    return !(unit->fault.kind == FAULT_WONT_STOP && unit->started);
}

void village_unit_start(struct village_unit *unit, struct mono now)
{
    if (unit->started || unit->fault.kind == FAULT_REFUSES_START)
        return;
    unit->started = true;
    unit->started_at = now;
}

void village_unit_tick(struct village_unit *unit, struct mono now)
{
    struct mono falls = mono_plus_ms(unit->started_at, unit->fault.argument);
    if (unit->fault.kind == FAULT_REBOOT && unit->started && !mono_before(now, falls))
        power_up(unit, falls);
    if (unit->fault.kind == FAULT_STOPS && unit->started && !mono_before(now, falls))
        unit->started = false, unit->token = 0;
    if (unit->vendor->tick)
        unit->vendor->tick(unit, now);
}

void village_unit_hear(struct village_unit *unit, double power, struct mono now)
{
    village_unit_tick(unit, now);
    if (unit->vendor->plays || !unit->started || !village_unit_settled(unit, now) || !has_power(unit, now))
        return;
    if (unit->fault.kind != FAULT_MUTE && unit->fault.kind != FAULT_LOCAL)
        village_ear_add(&unit->ear, power * unit->vendor->gain(unit), now);
}

double village_unit_loudness(const struct village_unit *unit, int64_t window_ms, struct mono now)
{
    if (!unit->vendor->plays)
        return village_ear_mean(&unit->ear, window_ms, now);
    return unit->started && unit->fault.kind != FAULT_MUTE && has_power(unit, now) ? unit->vendor->plays(unit) : 0;
}

bool village_unit_sounding(const struct village_unit *unit, struct mono now)
{
    return unit->started || village_unit_loudness(unit, 300, now) > village_power_of(-60);
}

static uint16_t word(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool has_all(const struct village_unit *unit, enum village_space space, size_t from, size_t n, bool write)
{
    if (from + n > 65536)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!unit->vendor->has(space, (uint16_t)(from + i), write))
            return false;
    return true;
}

/* Functions 01 to 04. Fills reply from its third byte on; *size becomes that of the reply without CRC. */
static enum village_exception answer_read(struct village_unit *unit, const uint8_t *request, struct mono now, uint8_t *reply,
                                          size_t *size)
{
    static const enum village_space spaces[] = {VILLAGE_COIL, VILLAGE_DISCRETE, VILLAGE_HOLDING, VILLAGE_INPUT};
    enum village_space space = spaces[request[1] - 1];
    bool bits = space == VILLAGE_COIL || space == VILLAGE_DISCRETE;
    size_t from = word(request + 2), n = word(request + 4);
    if (n == 0 || n > (bits ? 2000 : 125))
        return VILLAGE_ILLEGAL_VALUE;
    if (!has_all(unit, space, from, n, false))
        return VILLAGE_ILLEGAL_ADDRESS;
    size_t bytes = bits ? (n + 7) / 8 : 2 * n;
    reply[2] = (uint8_t)bytes;
    memset(reply + 3, 0, bytes);
    for (size_t i = 0; i < n; i++) {
        uint16_t value = unit->vendor->read(unit, space, (uint16_t)(from + i), now);
        if (bits) {
            reply[3 + i / 8] = (uint8_t)(reply[3 + i / 8] | (value ? 1u << i % 8 : 0u));
        } else {
            reply[3 + 2 * i] = (uint8_t)(value >> 8);
            reply[4 + 2 * i] = (uint8_t)(value & 0xFF);
        }
    }
    *size = 3 + bytes;
    return VILLAGE_DONE;
}

/* Functions 05 and 06: a coil is written as FF00 or 0000. */
static enum village_exception obey_single(struct village_unit *unit, const uint8_t *request, bool broadcast, struct mono now)
{
    bool coil = request[1] == 5;
    uint16_t address = word(request + 2), value = word(request + 4);
    if (coil && value != 0 && value != 0xFF00)
        return VILLAGE_ILLEGAL_VALUE;
    if (!has_all(unit, coil ? VILLAGE_COIL : VILLAGE_HOLDING, address, 1, true))
        return VILLAGE_ILLEGAL_ADDRESS;
    return unit->vendor->write(unit, address, coil ? value == 0xFF00 : value, broadcast, now);
}

/* The i-th value of functions 15 and 16. */
static uint16_t written_value(const uint8_t *request, size_t i)
{
    if (request[1] == 15)
        return (request[7 + i / 8] & 1u << i % 8) != 0;
    return word(request + 7 + 2 * i);
}

/* Functions 15 and 16, in ascending order; what stands before a refused one has been obeyed. */
static enum village_exception obey_several(struct village_unit *unit, const uint8_t *request, bool broadcast, struct mono now)
{
    bool coils = request[1] == 15;
    size_t from = word(request + 2), n = word(request + 4);
    if (n == 0 || n > (coils ? 1968 : 123) || request[6] != (coils ? (n + 7) / 8 : 2 * n))
        return VILLAGE_ILLEGAL_VALUE;
    if (!has_all(unit, coils ? VILLAGE_COIL : VILLAGE_HOLDING, from, n, true))
        return VILLAGE_ILLEGAL_ADDRESS;
    for (size_t i = 0; i < n; i++) {
        uint16_t value = written_value(request, i);
        enum village_exception refused = unit->vendor->write(unit, (uint16_t)(from + i), value, broadcast, now);
        if (refused)
            return refused;
    }
    return VILLAGE_DONE;
}

static enum village_exception obey(struct village_unit *unit, const uint8_t *request, struct mono now, uint8_t *reply,
                                   size_t *size)
{
    uint8_t function = request[1];
    if (function > 31 || !(unit->vendor->functions >> function & 1))
        return VILLAGE_ILLEGAL_FUNCTION;
    if (function <= 4)
        return answer_read(unit, request, now, reply, size);
    if (unit->fault.kind == FAULT_EXCEPTION)
        return (enum village_exception)unit->fault.argument;
    memcpy(reply + 2, request + 2, 4); /* the address, and the value or the number of values */
    *size = 6;
    bool broadcast = request[0] == 0;
    return function <= 6 ? obey_single(unit, request, broadcast, now) : obey_several(unit, request, broadcast, now);
}

static bool by_chance(struct village_unit *unit, enum village_fault_kind kind)
{
    return unit->fault.kind == kind && village_chance_strikes(&unit->chance, unit->fault.argument);
}

static int64_t lateness_us(struct village_unit *unit)
{
    const struct village_fault *fault = &unit->fault;
    bool late = fault->kind == FAULT_SLOW ||
                (fault->kind == FAULT_SOMETIMES_SLOW && village_chance_strikes(&unit->chance, fault->percent));
    return late ? (int64_t)fault->argument * 1000 : 0;
}

/* Two units with one address obey and answer at once. To a write they say the same; what they measure differs, and where the
 * bits on the wire differ they are neither's. */
static void collide(struct village_unit *unit, uint8_t *reply, size_t size)
{
    for (size_t i = 3; i < size; i++)
        reply[i] &= (uint8_t)(village_unit_random(unit) * 256);
    reply[size - 1] ^= 0x55; /* never right by chance */
}

bool village_unit_takes(const struct village_unit *unit, uint8_t address)
{
    return address == 0 || address == unit->address ||
           (unit->fault.kind == FAULT_ANSWERS_FOR && address == unit->fault.argument);
}

size_t village_unit_answer(struct village_unit *unit, const uint8_t *request, size_t n, struct mono now, uint8_t *reply,
                           int64_t *late_us)
{
    *late_us = 0;
    village_unit_tick(unit, now);
    if (n < 4 || !has_power(unit, now) || by_chance(unit, FAULT_FLAKY))
        return 0;
    unit->spoken_to = now;
    /* Most firmware builds its answer in the request's own bytes, so that an impostor's has the address that was asked. */
    reply[0] = unit->fault.kind == FAULT_WRONG_ID ? (uint8_t)unit->fault.argument : request[0];
    reply[1] = request[1];
    size_t size = 0;
    enum village_exception refused = obey(unit, request, now, reply, &size);
    if (request[0] == 0 || unit->fault.kind == FAULT_NO_ANSWER)
        return 0;
    *late_us = lateness_us(unit);
    if (refused) {
        reply[1] |= 0x80;
        reply[2] = (uint8_t)refused;
        size = 3;
    }
    size = village_crc_add(reply, size);
    if (unit->fault.kind == FAULT_DUPLICATE && reply[1] <= 4)
        collide(unit, reply, size);
    if (by_chance(unit, FAULT_CRC))
        reply[size - 1] ^= 0xFF;
    return size;
}
