/* The simulated Cuiwei S2, from docs/terminals.md: tasks with a number, and messages that it keeps itself. */
#include "hardware/village_unit.h"

enum { STATE, TASK_IN_USE, PLAYING, VOLUME_IN_USE, MAINS, SUPPLY_24, SUPPLY_12, CURRENT, SIGNAL, PLACE, FAULT = 17, UPTIME };
enum { TASK = 32, VOLUME, MESSAGE, TIMES, GO, STOP };
enum { STANDBY = 0x00, LOCAL_INSERT = 0x83, PREPARED = 0x86, PLAYS = 0x87 };
enum { VOLUME_MAX = 63, MESSAGE_MAX = 99, MESSAGE_MS = 8000, FORGETS_S = 300 };
enum { SUPPLY_LOW = 1, OUTPUT_LOW = 3, CANNOT_MONITOR = 5 };
enum { KEPT_MESSAGE, KEPT_TIMES }; /* of the unit's memory */

static const double played_dbfs = -14;

static bool has(enum village_space space, uint16_t address, bool write)
{
    if (space == VILLAGE_INPUT)
        return !write && address <= UPTIME;
    return space == VILLAGE_HOLDING && address >= TASK && address <= STOP;
}

static uint16_t state_of(const struct village_unit *unit)
{
    if (unit->fault.kind == FAULT_LOCAL)
        return LOCAL_INSERT;
    if (unit->started)
        return PLAYS;
    return unit->token ? PREPARED : STANDBY;
}

static uint16_t fault_code(const struct village_unit *unit)
{
    switch (unit->fault.kind) {
    case FAULT_BATTERY_LOW:
    case FAULT_MAINS_LOST: return SUPPLY_LOW;
    case FAULT_AMPLIFIER: return OUTPUT_LOW;
    case FAULT_DOOR: return CANNOT_MONITOR; /* its monitor's plug hangs at the door */
    default: return 0;
    }
}

/* High word first. */
static uint16_t read_place(const struct village_unit *unit, uint16_t address)
{
    const uint32_t pairs[] = {11580130, 2960210, 499103201, 0x53320000u + unit->address};
    uint32_t pair = pairs[(address - PLACE) / 2];
    return (uint16_t)((address - PLACE) % 2 == 0 ? pair >> 16 : pair & 0xFFFF);
}

static uint16_t read_input(const struct village_unit *unit, uint16_t address, struct mono now)
{
    switch (address) {
    case STATE: return state_of(unit);
    case TASK_IN_USE: return unit->token;
    case PLAYING: return unit->started ? unit->memory[KEPT_MESSAGE] : 0;
    case VOLUME_IN_USE: return unit->volume;
    case MAINS: return unit->fault.kind == FAULT_MAINS_LOST ? 0 : 231;
    case SUPPLY_24: return unit->fault.kind == FAULT_BATTERY_LOW ? 2010 : 2455;
    case SUPPLY_12: return 1208;
    case CURRENT: return unit->started && unit->fault.kind != FAULT_AMPLIFIER ? 172 : 0;
    case SIGNAL: return (uint16_t)-71;
    case FAULT: return fault_code(unit);
    case UPTIME: return (uint16_t)(mono_since(now, unit->booted) / 1000000 % 65536);
    default: return read_place(unit, address);
    }
}

static uint16_t read_value(struct village_unit *unit, enum village_space space, uint16_t address, struct mono now)
{
    if (space == VILLAGE_INPUT)
        return read_input(unit, address, now);
    switch (address) {
    case TASK: return unit->token;
    case VOLUME: return unit->volume;
    case MESSAGE: return unit->memory[KEPT_MESSAGE];
    case TIMES: return unit->memory[KEPT_TIMES];
    default: return 0; /* commands */
    }
}

static void give_up(struct village_unit *unit)
{
    if (!village_unit_stops(unit))
        return;
    unit->started = false;
    unit->token = 0;
}

/* Another number is another task: what the one before plays ends. */
static enum village_exception write_task(struct village_unit *unit, uint16_t value)
{
    if (unit->fault.kind == FAULT_LOCAL)
        return VILLAGE_BUSY;
    if (value != unit->token)
        give_up(unit);
    if (unit->fault.kind != FAULT_REFUSES_ARM && village_unit_stops(unit))
        unit->token = value;
    return VILLAGE_DONE;
}

static enum village_exception write_go(struct village_unit *unit, uint16_t value, bool broadcast, struct mono now)
{
    if (value == 0 || value != unit->token || unit->memory[KEPT_MESSAGE] == 0)
        return broadcast ? VILLAGE_DONE : VILLAGE_ILLEGAL_VALUE;
    if (unit->fault.kind == FAULT_LOCAL)
        return VILLAGE_BUSY;
    village_unit_start(unit, now);
    return VILLAGE_DONE;
}

static enum village_exception keep(uint16_t *to, uint16_t value, uint16_t least, uint16_t most)
{
    if (value < least || value > most)
        return VILLAGE_ILLEGAL_VALUE;
    *to = value;
    return VILLAGE_DONE;
}

static enum village_exception write_value(struct village_unit *unit, uint16_t address, uint16_t value, bool broadcast,
                                          struct mono now)
{
    switch (address) {
    case TASK: return write_task(unit, value);
    case VOLUME: return keep(&unit->volume, value, 0, VOLUME_MAX);
    case MESSAGE: return keep(&unit->memory[KEPT_MESSAGE], value, 1, MESSAGE_MAX);
    case TIMES: return keep(&unit->memory[KEPT_TIMES], value, 0, 99);
    case GO: return write_go(unit, value, broadcast, now);
    default:
        if (value != 1)
            return VILLAGE_ILLEGAL_VALUE;
        give_up(unit);
        return VILLAGE_DONE;
    }
}

/* It is through with its task, or the master is gone. */
static void tick(struct village_unit *unit, struct mono now)
{
    int64_t plays_us = INT64_C(1000) * MESSAGE_MS * unit->memory[KEPT_TIMES];
    bool through = unit->started && plays_us > 0 && mono_since(now, unit->started_at) >= plays_us;
    if (through || (unit->token && mono_since(now, unit->spoken_to) > FORGETS_S * INT64_C(1000000)))
        give_up(unit);
}

static double plays(const struct village_unit *unit)
{
    double share = unit->fault.kind == FAULT_AMPLIFIER ? 0 : (double)unit->volume / VOLUME_MAX;
    return share * share * village_power_of(played_dbfs);
}

static const char *state(const struct village_unit *unit)
{
    switch (state_of(unit)) {
    case LOCAL_INSERT: return "local";
    case PLAYS: return "sounding";
    case PREPARED: return "armed";
    default: return "standby";
    }
}

const struct village_vendor village_cuiwei = {
    .name = "cuiwei-s2",
    .functions = 1u << 3 | 1u << 4 | 1u << 6 | 1u << 16,
    .volume_reset = 20,
    .has = has,
    .read = read_value,
    .write = write_value,
    .tick = tick,
    .plays = plays,
    .state = state,
};
