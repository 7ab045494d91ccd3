/* The simulated Beishan C4, from docs/terminals.md: coils, no token, a measuring microphone. */
#include "hardware/village_unit.h"

#include <math.h>

enum { AMPLIFIER, RELAY, SELF_TEST };
enum { UPTIME = 100, BATTERY = 102, MICROPHONE = 104, FIRMWARE = 105, VOLUME = 40 };
enum { VOLUME_MAX = 15 };

/* Sound pressure at the measuring microphone. */
static const double night_db = 42;
static const double rain_db = 80;
static const double local_db = 88; /* somebody speaks through this very loudspeaker */
static const double beep_db = 60;
static const double speech_db = 95, speech_dbfs = -16; /* 95 dB come of -16 dBFS at full volume */

static bool has(enum village_space space, uint16_t address, bool write)
{
    switch (space) {
    case VILLAGE_COIL: return address <= SELF_TEST;
    case VILLAGE_DISCRETE: return !write && address <= 5;
    case VILLAGE_INPUT: return !write && address >= UPTIME && address <= FIRMWARE;
    case VILLAGE_HOLDING: return address == VOLUME;
    }
    return false;
}

static bool ready(const struct village_unit *unit, struct mono now)
{
    return village_unit_settled(unit, now) && unit->fault.kind != FAULT_REFUSES_ARM;
}

static uint16_t microphone(struct village_unit *unit, struct mono now)
{
    double power = village_power_of(unit->fault.kind == FAULT_NOISE ? rain_db : night_db);
    power += village_ear_mean(&unit->ear, 1000, now) * village_power_of(speech_db - speech_dbfs);
    if (unit->fault.kind == FAULT_LOCAL)
        power += village_power_of(local_db);
    if (mono_before(now, unit->test_until))
        power += village_power_of(beep_db);
    double unrest = village_unit_random(unit) - 0.5; /* nights and meters are not quite still */
    return (uint16_t)(int16_t)lround(10 * (village_decibel(power, 0) + unrest));
}

static uint16_t half_of(uint32_t value, unsigned offset)
{
    return (uint16_t)(offset == 0 ? value & 0xFFFF : value >> 16);
}

static uint16_t read_input(struct village_unit *unit, uint16_t address, struct mono now)
{
    switch (address) {
    case UPTIME:
    case UPTIME + 1: return half_of((uint32_t)(mono_since(now, unit->booted) / 1000000), address - UPTIME);
    case BATTERY:
    case BATTERY + 1: return half_of(unit->fault.kind == FAULT_BATTERY_LOW ? 20100 : 26400, address - BATTERY);
    case MICROPHONE: return microphone(unit, now);
    default: return 0x0214; /* 2.14 */
    }
}

static bool read_discrete(const struct village_unit *unit, uint16_t address, struct mono now)
{
    switch (address) {
    case 0: return ready(unit, now);
    case 1: return unit->started;
    case 2: return unit->fault.kind == FAULT_LOCAL;
    case 3: return unit->fault.kind == FAULT_DOOR;
    case 4: return unit->fault.kind != FAULT_MAINS_LOST;
    default: return unit->fault.kind == FAULT_AMPLIFIER;
    }
}

static bool read_coil(const struct village_unit *unit, uint16_t address, struct mono now)
{
    switch (address) {
    case AMPLIFIER: return unit->amplifier;
    case RELAY: return unit->started;
    default: return mono_before(now, unit->test_until);
    }
}

static uint16_t read_value(struct village_unit *unit, enum village_space space, uint16_t address, struct mono now)
{
    switch (space) {
    case VILLAGE_COIL: return read_coil(unit, address, now);
    case VILLAGE_DISCRETE: return read_discrete(unit, address, now);
    case VILLAGE_INPUT: return read_input(unit, address, now);
    case VILLAGE_HOLDING: return unit->volume;
    }
    return 0;
}

static enum village_exception write_amplifier(struct village_unit *unit, bool on, struct mono now)
{
    if (on && !unit->amplifier) {
        unit->amplifier_on = now;
        unit->volume = unit->vendor->volume_reset;
    }
    if (on || village_unit_stops(unit))
        unit->amplifier = on;
    return VILLAGE_DONE;
}

static enum village_exception write_relay(struct village_unit *unit, bool on, struct mono now)
{
    if (unit->fault.kind == FAULT_LOCAL)
        return VILLAGE_BUSY;
    if (on)
        village_unit_start(unit, now);
    else if (village_unit_stops(unit))
        unit->started = false;
    return VILLAGE_DONE;
}

static enum village_exception write_value(struct village_unit *unit, uint16_t address, uint16_t value, bool broadcast,
                                          struct mono now)
{
    (void)broadcast;
    switch (address) { /* coils 0-2 and holding 40 do not overlap */
    case AMPLIFIER: return write_amplifier(unit, value, now);
    case RELAY: return write_relay(unit, value, now);
    case SELF_TEST:
        if (value && ready(unit, now))
            unit->test_until = mono_plus_ms(now, 1000);
        return VILLAGE_DONE;
    default:
        if (value > VOLUME_MAX)
            return VILLAGE_ILLEGAL_VALUE;
        unit->volume = value;
        return VILLAGE_DONE;
    }
}

static double gain(const struct village_unit *unit)
{
    double share = unit->fault.kind == FAULT_REFUSES_ARM ? 0 : (double)unit->volume / VOLUME_MAX;
    return share * share;
}

static const char *state(const struct village_unit *unit)
{
    if (unit->started)
        return unit->amplifier ? "sounding" : "relay";
    return unit->amplifier ? "amplifier" : "off";
}

const struct village_vendor village_beishan = {
    .name = "beishan-c4",
    .functions = 0x7E | 1u << 15 | 1u << 16,
    .settle_ms = 600,
    .volume_reset = 8,
    .has = has,
    .read = read_value,
    .write = write_value,
    .gain = gain,
    .state = state,
};
