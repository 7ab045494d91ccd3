/* A simulated UPS, from docs/terminals.md: a site device, which is only read. */
#include "hardware/village_unit.h"

enum { MAINS_PRESENT, CHARGER_FAULT, DOOR_OPEN };
enum { SOURCE, BATTERY, ON_BATTERY_S, CHARGE, MINUTES, BATTERY_VOLTAGE, TEMPERATURE, INPUT_VOLTAGE, LOAD };
enum { FROM_MAINS = 3, FROM_BATTERY = 5 };       /* RFC 1628 upsOutputSource: normal, battery */
enum { BATTERY_NORMAL = 2, BATTERY_IS_LOW = 3 }; /* upsBatteryStatus */

static bool has(enum village_space space, uint16_t address, bool write)
{
    return !write && ((space == VILLAGE_DISCRETE && address <= DOOR_OPEN) || (space == VILLAGE_INPUT && address <= LOAD));
}

static uint16_t read_discrete(const struct village_unit *unit, uint16_t address)
{
    switch (address) {
    case MAINS_PRESENT: return unit->fault.kind != FAULT_MAINS_LOST;
    case CHARGER_FAULT: return unit->fault.kind == FAULT_AMPLIFIER;
    default: return unit->fault.kind == FAULT_DOOR;
    }
}

static uint16_t read_input(const struct village_unit *unit, uint16_t address, struct mono now)
{
    bool away = unit->fault.kind == FAULT_MAINS_LOST, low = unit->fault.kind == FAULT_BATTERY_LOW;
    switch (address) {
    case SOURCE: return away ? FROM_BATTERY : FROM_MAINS;
    case BATTERY: return low ? BATTERY_IS_LOW : BATTERY_NORMAL;
    case ON_BATTERY_S: return (uint16_t)(away ? mono_since(now, unit->fault_at) / 1000000 % 65536 : 0);
    case CHARGE: return low ? 9 : away ? 92 : 100;
    case MINUTES: return low ? 6 : 240;
    case BATTERY_VOLTAGE: return low ? 213 : away ? 251 : 273;
    case TEMPERATURE: return 24;
    case INPUT_VOLTAGE: return away ? 0 : 229;
    default: return 11;
    }
}

static uint16_t read_value(struct village_unit *unit, enum village_space space, uint16_t address, struct mono now)
{
    return space == VILLAGE_DISCRETE ? read_discrete(unit, address) : read_input(unit, address, now);
}

static const char *state(const struct village_unit *unit)
{
    return unit->fault.kind == FAULT_MAINS_LOST ? "battery" : "mains";
}

const struct village_vendor village_ups = {
    .name = "generic-ups",
    .functions = 1u << 2 | 1u << 4,
    .has = has,
    .read = read_value,
    .state = state,
};
