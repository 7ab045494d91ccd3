/* The simulated Informer15, from docs/terminals.md: messages and tones of its own, and the result of the last activation. */
#include "hardware/village_unit.h"

enum { ACTIVATION, INPUT_1, TIME_SYNC = 5, FUNCTION_1 = 16, FUNCTIONS = 64 };
enum { FUNCTION, MESSAGE, TONE, UTILITY, ATTENUATION, AMBIENT, RELAYS_END = 13, SEEN_BY_HAND };
enum { ARM, DISARM, MASTER_RESET, CANCEL, QUIET_TEST };
enum { ATTENUATION_MAX = 20, TONE_MAX = 7, MESSAGE_MAX = 4093 };
enum { DETECT_MS = 300, PLAYS_MS = 20000 };
enum { BY_HAND = 1 }; /* the function that somebody activates at the unit */

static const double played_dbfs = -16;

static bool has(enum village_space space, uint16_t address, bool write)
{
    if (space == VILLAGE_COIL)
        return (!write && address <= TIME_SYNC) || (address >= FUNCTION_1 && address < FUNCTION_1 + FUNCTIONS);
    return space == VILLAGE_HOLDING && address <= RELAYS_END;
}

/* The last activation was detected; stays so when what it plays has ended. source: it took. */
static bool is_detected(const struct village_unit *unit, struct mono now)
{
    bool took = unit->source && unit->fault.kind != FAULT_AMPLIFIER;
    return took && mono_since(now, unit->started_at) >= DETECT_MS * INT64_C(1000);
}

static uint16_t read_coil(const struct village_unit *unit, uint16_t address, struct mono now)
{
    if (address == ACTIVATION)
        return is_detected(unit, now);
    if (address == INPUT_1)
        return unit->fault.kind == FAULT_DOOR;
    return address >= FUNCTION_1 && unit->memory[FUNCTION] == address - FUNCTION_1 + 1;
}

static uint16_t read_value(struct village_unit *unit, enum village_space space, uint16_t address, struct mono now)
{
    if (space == VILLAGE_COIL)
        return read_coil(unit, address, now);
    return unit->memory[address];
}

static void fall_silent(struct village_unit *unit)
{
    if (village_unit_stops(unit))
        unit->started = false;
}

/* One thing at a time: what is activated takes the place of what plays, and its result is not known yet. */
static void activate(struct village_unit *unit, uint16_t what, uint16_t number, struct mono now)
{
    if (unit->fault.kind == FAULT_LOCAL)
        return;
    unit->memory[FUNCTION] = unit->memory[MESSAGE] = unit->memory[TONE] = 0;
    unit->memory[what] = number;
    unit->source = 0;
    if (what != FUNCTION && !unit->amplifier)
        return;
    unit->started = false;
    village_unit_start(unit, now);
    unit->source = unit->started;
}

static enum village_exception write_utility(struct village_unit *unit, uint16_t value)
{
    if (value > QUIET_TEST)
        return VILLAGE_ILLEGAL_VALUE;
    if (value == ARM && unit->fault.kind == FAULT_REFUSES_ARM)
        return VILLAGE_DONE;
    unit->memory[UTILITY] = value;
    switch (value) {
    case ARM:
        unit->amplifier = true;
        unit->memory[ATTENUATION] = unit->memory[AMBIENT] = 0;
        break;
    case DISARM: unit->amplifier = false; break;
    case MASTER_RESET:
        fall_silent(unit);
        unit->source = unit->started;
        break;
    case CANCEL: fall_silent(unit); break;
    default: break; /* a quiet test cannot be heard */
    }
    return VILLAGE_DONE;
}

static bool is_allowed(uint16_t address, uint16_t value)
{
    switch (address) {
    case FUNCTION: return value >= 1 && value <= FUNCTIONS;
    case MESSAGE: return value >= 1 && value <= MESSAGE_MAX;
    case TONE: return value >= 1 && value <= TONE_MAX;
    case ATTENUATION: return value <= ATTENUATION_MAX;
    case AMBIENT: return value == 0 || (value >= 50 && value <= 80);
    default: return true;
    }
}

/* Coils begin at FUNCTION_1, behind the holding registers: an address says which it is. */
static enum village_exception write_value(struct village_unit *unit, uint16_t address, uint16_t value, bool broadcast,
                                          struct mono now)
{
    (void)broadcast;
    if (address >= FUNCTION_1) {
        if (value)
            activate(unit, FUNCTION, (uint16_t)(address - FUNCTION_1 + 1), now);
        return VILLAGE_DONE;
    }
    if (!is_allowed(address, value))
        return VILLAGE_ILLEGAL_VALUE;
    switch (address) {
    case FUNCTION:
    case MESSAGE:
    case TONE: activate(unit, address, value, now); return VILLAGE_DONE;
    case UTILITY: return write_utility(unit, value);
    default: unit->memory[address] = value; return VILLAGE_DONE;
    }
}

/* A message or tone ends by itself; its result stays. What is activated by hand takes our place once. */
static void tick(struct village_unit *unit, struct mono now)
{
    bool by_hand = unit->fault.kind == FAULT_LOCAL;
    if (by_hand && !unit->memory[SEEN_BY_HAND]) {
        unit->memory[FUNCTION] = BY_HAND;
        unit->memory[MESSAGE] = unit->memory[TONE] = 0;
        unit->source = 1;
    }
    unit->memory[SEEN_BY_HAND] = by_hand;
    if (unit->started && mono_since(now, unit->started_at) >= PLAYS_MS * INT64_C(1000))
        fall_silent(unit);
}

static double plays(const struct village_unit *unit)
{
    return village_power_of(played_dbfs - unit->memory[ATTENUATION]);
}

static const char *state(const struct village_unit *unit)
{
    if (unit->started)
        return "sounding";
    return unit->amplifier ? "armed" : "disarmed";
}

const struct village_vendor village_informer = {
    .name = "informer15",
    .functions = 1u << 1 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 15 | 1u << 16,
    .has = has,
    .read = read_value,
    .write = write_value,
    .tick = tick,
    .plays = plays,
    .state = state,
};
