/* The simulated Luming L6, from docs/terminals.md: played by the township for as long as it is told so again and again. */
#include "hardware/village_unit.h"

#include <math.h>

enum { STATE = 256, FLAGS, FAULTS, VOLUME, MAINS, SUPPLY_24, SUPPLY_12, CURRENT, SIGNAL, LEVEL, LAST = 273 };
enum { AMPLIFIER = 512, SET_VOLUME, PLAY, HOLD };
enum { STANDBY = 0x00, LOCAL_INSERT = 0x83, TOWNSHIP = 0x85 };
enum { VOLUME_MAX = 31, HOLD_MAX_S = 600, HOLD_INITIAL_S = 20 };
enum { SUPPLY_LOW, OUTPUT_LOW = 2, CANNOT_MONITOR = 4 };
enum { READY, DOOR, ON_BATTERY };

static const double floor_db = -60;
static const double hum_db = -25;
static const double local_db = -20;

static bool has(enum village_space space, uint16_t address, bool write)
{
    if (space != VILLAGE_HOLDING)
        return false;
    return (!write && address >= STATE && address <= LAST) || (address >= AMPLIFIER && address <= HOLD);
}

static uint16_t bcd(unsigned value)
{
    return (uint16_t)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10);
}

/* Low word first. */
static uint16_t half_of(uint32_t value, unsigned offset)
{
    return (uint16_t)(offset == 0 ? value & 0xFFFF : value >> 16);
}

static uint16_t state_of(const struct village_unit *unit)
{
    if (unit->fault.kind == FAULT_LOCAL)
        return LOCAL_INSERT;
    return unit->started ? TOWNSHIP : STANDBY;
}

static bool is_ready(const struct village_unit *unit, struct mono now)
{
    return village_unit_settled(unit, now) && unit->fault.kind != FAULT_REFUSES_ARM;
}

static uint16_t flags(const struct village_unit *unit, struct mono now)
{
    return (uint16_t)(is_ready(unit, now) << READY | (unit->fault.kind == FAULT_DOOR) << DOOR |
                      (unit->fault.kind == FAULT_MAINS_LOST) << ON_BATTERY);
}

static uint16_t faults(const struct village_unit *unit)
{
    switch (unit->fault.kind) {
    case FAULT_BATTERY_LOW: return 1 << SUPPLY_LOW;
    case FAULT_AMPLIFIER: return 1 << OUTPUT_LOW;
    case FAULT_NOISE: return 1 << CANNOT_MONITOR;
    default: return 0;
    }
}

/* Tenths of a decibel above the floor. */
static uint16_t level(const struct village_unit *unit, struct mono now)
{
    double power = village_ear_mean(&unit->ear, 500, now);
    if (unit->fault.kind == FAULT_NOISE)
        power += village_power_of(hum_db);
    if (unit->fault.kind == FAULT_LOCAL)
        power += village_power_of(local_db);
    return (uint16_t)lround(10 * (village_decibel(power, floor_db) - floor_db));
}

static uint16_t read_place(const struct village_unit *unit, uint16_t address)
{
    const uint32_t pairs[] = {115801300, 29602100, 3201, 0x4C360000u + unit->address};
    unsigned offset = (unsigned)(address - LEVEL - 1);
    return half_of(pairs[offset / 2], offset % 2);
}

static uint16_t read_value(struct village_unit *unit, enum village_space space, uint16_t address, struct mono now)
{
    (void)space;
    switch (address) {
    case STATE: return state_of(unit);
    case FLAGS: return flags(unit, now);
    case FAULTS: return faults(unit);
    case VOLUME:
    case SET_VOLUME: return unit->volume;
    case MAINS: return unit->fault.kind == FAULT_MAINS_LOST ? 0 : bcd(224);
    case SUPPLY_24: return bcd(unit->fault.kind == FAULT_BATTERY_LOW ? 201 : 246);
    case SUPPLY_12: return bcd(121);
    case CURRENT: return unit->started && unit->amplifier ? 1850 : 0;
    case SIGNAL: return bcd(87);
    case LEVEL: return level(unit, now);
    case AMPLIFIER: return unit->amplifier;
    case PLAY: return unit->started;
    case HOLD: return unit->hold_s;
    default: return read_place(unit, address);
    }
}

static void end_play(struct village_unit *unit)
{
    if (village_unit_stops(unit))
        unit->started = false;
}

static enum village_exception write_amplifier(struct village_unit *unit, uint16_t value, struct mono now)
{
    if (value > 1)
        return VILLAGE_ILLEGAL_VALUE;
    if (value && !unit->amplifier)
        unit->amplifier_on = now;
    if (!value)
        end_play(unit);
    unit->amplifier = value || unit->started;
    return VILLAGE_DONE;
}

static enum village_exception write_play(struct village_unit *unit, uint16_t value, struct mono now)
{
    if (value > 1)
        return VILLAGE_ILLEGAL_VALUE;
    if (!value) {
        end_play(unit);
        return VILLAGE_DONE;
    }
    if (unit->fault.kind == FAULT_LOCAL)
        return VILLAGE_BUSY;
    if (!unit->started)
        unit->until = mono_plus_ms(now, unit->hold_s * INT64_C(1000));
    village_unit_start(unit, now);
    return VILLAGE_DONE;
}

static enum village_exception write_value(struct village_unit *unit, uint16_t address, uint16_t value, bool broadcast,
                                          struct mono now)
{
    (void)broadcast;
    switch (address) {
    case AMPLIFIER: return write_amplifier(unit, value, now);
    case SET_VOLUME:
        if (value > VOLUME_MAX)
            return VILLAGE_ILLEGAL_VALUE;
        unit->volume = value;
        return VILLAGE_DONE;
    case PLAY: return write_play(unit, value, now);
    default:
        if (value < 1 || value > HOLD_MAX_S)
            return VILLAGE_ILLEGAL_VALUE;
        unit->hold_s = value;
        unit->until = mono_plus_ms(now, value * INT64_C(1000));
        return VILLAGE_DONE;
    }
}

/* Being read does not count: only the hold register, written again, lets it play on. */
static void tick(struct village_unit *unit, struct mono now)
{
    if (unit->started && !mono_before(now, unit->until))
        end_play(unit);
}

static double gain(const struct village_unit *unit)
{
    double share = unit->fault.kind == FAULT_REFUSES_ARM ? 0 : (double)unit->volume / VOLUME_MAX;
    return share * share;
}

static const char *state(const struct village_unit *unit)
{
    switch (state_of(unit)) {
    case LOCAL_INSERT: return "local";
    case TOWNSHIP: return "sounding";
    default: return unit->amplifier ? "open" : "standby";
    }
}

const struct village_vendor village_luming = {
    .name = "luming-l6",
    .functions = 1u << 3 | 1u << 6 | 1u << 16,
    .settle_ms = 400,
    .volume_reset = 16,
    .hold_reset_s = HOLD_INITIAL_S,
    .has = has,
    .read = read_value,
    .write = write_value,
    .tick = tick,
    .gain = gain,
    .state = state,
};
