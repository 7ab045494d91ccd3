/* The simulated Linghu T8, from docs/terminals.md: token, group start, output level. */
#include "hardware/village_unit.h"

#include <math.h>

enum { POWER = 16, SOURCE, TOKEN, VOLUME, START, STOP, HOLD };
enum { LINE_INPUT = 1, LOCAL_MICROPHONE = 3 };
enum { STANDBY, ARMED, SOUNDING, FAULTY };

static const double floor_db = -60;
static const double hum_db = -25;   /* of a defective output stage, whatever plays */
static const double local_db = -20; /* somebody speaks into the local microphone */

static bool has(enum village_space space, uint16_t address, bool write)
{
    (void)write;
    return space == VILLAGE_INPUT ? address <= 8 : space == VILLAGE_HOLDING && address >= POWER && address <= HOLD;
}

static int state_of(const struct village_unit *unit)
{
    if (unit->fault.kind == FAULT_AMPLIFIER)
        return FAULTY;
    if (unit->started || unit->fault.kind == FAULT_LOCAL)
        return SOUNDING;
    return unit->token ? ARMED : STANDBY;
}

static uint16_t source_in_use(const struct village_unit *unit)
{
    if (unit->fault.kind == FAULT_LOCAL)
        return LOCAL_MICROPHONE;
    return unit->started ? unit->source : 0;
}

static uint16_t output_level(const struct village_unit *unit, struct mono now)
{
    double power = village_ear_mean(&unit->ear, 300, now);
    if (unit->fault.kind == FAULT_NOISE)
        power += village_power_of(hum_db);
    if (unit->fault.kind == FAULT_LOCAL)
        power += village_power_of(local_db);
    return (uint16_t)(int16_t)lround(village_decibel(power, floor_db));
}

static uint16_t faults(const struct village_unit *unit)
{
    switch (unit->fault.kind) {
    case FAULT_AMPLIFIER: return 1 << 0;
    case FAULT_BATTERY_LOW: return 1 << 1;
    case FAULT_DOOR: return 1 << 2;
    case FAULT_MAINS_LOST: return 1 << 3;
    default: return 0;
    }
}

static uint16_t uptime(const struct village_unit *unit, struct mono now)
{
    int64_t seconds = mono_since(now, unit->booted) / 1000000;
    return (uint16_t)(seconds < 65535 ? seconds : 65535);
}

static uint16_t read_input(struct village_unit *unit, uint16_t address, struct mono now)
{
    switch (address) {
    case 0: return (uint16_t)state_of(unit);
    case 1: return unit->token;
    case 2: return source_in_use(unit);
    case 3: return output_level(unit, now);
    case 4: return unit->volume;
    case 5: return unit->fault.kind == FAULT_MAINS_LOST ? 0 : (uint16_t)(226 + 5 * village_unit_random(unit));
    case 6: return unit->fault.kind == FAULT_BATTERY_LOW ? 212 : 267;
    case 7: return faults(unit);
    default: return uptime(unit, now);
    }
}

static uint16_t read_value(struct village_unit *unit, enum village_space space, uint16_t address, struct mono now)
{
    if (space == VILLAGE_INPUT)
        return read_input(unit, address, now);
    switch (address) {
    case POWER: return unit->amplifier;
    case SOURCE: return unit->source;
    case TOKEN: return unit->token;
    case VOLUME: return unit->volume;
    case HOLD: return unit->hold_s;
    default: return 0; /* start and stop are commands */
    }
}

static void disarm(struct village_unit *unit)
{
    if (!village_unit_stops(unit))
        return;
    unit->started = false;
    unit->token = 0;
}

static enum village_exception write_power(struct village_unit *unit, uint16_t value, struct mono now)
{
    if (value > 1)
        return VILLAGE_ILLEGAL_VALUE;
    if (value && !unit->amplifier)
        unit->amplifier_on = now;
    if (value || village_unit_stops(unit))
        unit->amplifier = value;
    if (!value)
        disarm(unit);
    return VILLAGE_DONE;
}

static enum village_exception write_token(struct village_unit *unit, uint16_t value)
{
    if (unit->fault.kind == FAULT_LOCAL)
        return VILLAGE_BUSY;
    if (value == 0) {
        disarm(unit);
        return VILLAGE_DONE;
    }
    if (unit->fault.kind == FAULT_REFUSES_ARM)
        return VILLAGE_DONE;
    /* The same token again leaves a terminal that sounds in that session sounding. */
    if (value != unit->token)
        unit->started = unit->started && !village_unit_stops(unit);
    unit->token = value;
    unit->volume = unit->vendor->volume_reset;
    return VILLAGE_DONE;
}

static enum village_exception write_start(struct village_unit *unit, uint16_t value, bool broadcast, struct mono now)
{
    if (value == 0 || value != unit->token)
        return broadcast ? VILLAGE_DONE : VILLAGE_ILLEGAL_VALUE;
    village_unit_start(unit, now);
    return VILLAGE_DONE;
}

static enum village_exception write_value(struct village_unit *unit, uint16_t address, uint16_t value, bool broadcast,
                                          struct mono now)
{
    switch (address) {
    case POWER: return write_power(unit, value, now);
    case SOURCE:
        if (value != LINE_INPUT)
            return VILLAGE_ILLEGAL_VALUE;
        unit->source = value;
        return VILLAGE_DONE;
    case TOKEN: return write_token(unit, value);
    case VOLUME:
        if (value > 100)
            return VILLAGE_ILLEGAL_VALUE;
        unit->volume = value;
        return VILLAGE_DONE;
    case START: return write_start(unit, value, broadcast, now);
    case STOP:
        if (value != 1)
            return VILLAGE_ILLEGAL_VALUE;
        disarm(unit);
        return VILLAGE_DONE;
    default: unit->hold_s = value; return VILLAGE_DONE;
    }
}

/* Without a word from the master it falls silent. */
static void tick(struct village_unit *unit, struct mono now)
{
    if (unit->started && unit->hold_s && mono_since(now, unit->spoken_to) > (int64_t)unit->hold_s * 1000000)
        disarm(unit);
}

static double gain(const struct village_unit *unit)
{
    double share = unit->volume / 100.0;
    return unit->source == LINE_INPUT ? share * share : 0;
}

static const char *state(const struct village_unit *unit)
{
    static const char *const names[] = {"standby", "armed", "sounding", "fault"};
    return names[state_of(unit)];
}

const struct village_vendor village_linghu = {
    .name = "linghu-t8",
    .functions = 1u << 3 | 1u << 4 | 1u << 6 | 1u << 16,
    .settle_ms = 200,
    .volume_reset = 50,
    .hold_reset_s = 600,
    .has = has,
    .read = read_value,
    .write = write_value,
    .tick = tick,
    .gain = gain,
    .state = state,
};
