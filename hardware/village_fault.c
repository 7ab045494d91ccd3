/* The faults that a simulated terminal can have, by name. */
#include "hardware/village_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fault_name {
    const char *name;
    const char *argument; /* what stands behind the colon; NULL: nothing may */
    uint32_t least, most;
    bool percent; /* behind an @ stands how often */
} names[FAULT_COUNT] = {
    [FAULT_NONE] = {.name = "none"},
    [FAULT_DEAD] = {.name = "dead"},
    [FAULT_SLOW] = {"slow", "milliseconds", 1, 60000, false},
    [FAULT_FLAKY] = {"flaky", "percent", 1, 100, false},
    [FAULT_CRC] = {"crc", "percent", 1, 100, false},
    [FAULT_DUPLICATE] = {.name = "duplicate"},
    [FAULT_MUTE] = {.name = "mute"},
    [FAULT_REBOOT] = {"reboot", "milliseconds", 0, 3600000, false},
    [FAULT_STOPS] = {"stops", "milliseconds", 0, 3600000, false},
    [FAULT_SETTLE] = {"settle", "milliseconds", 0, 60000, false},
    [FAULT_REFUSES_ARM] = {.name = "refuses_arm"},
    [FAULT_REFUSES_START] = {.name = "refuses_start"},
    [FAULT_WONT_STOP] = {.name = "wont_stop"},
    [FAULT_LOCAL] = {.name = "local"},
    [FAULT_NOISE] = {.name = "noise"},
    [FAULT_AMPLIFIER] = {.name = "fault"},
    [FAULT_DOOR] = {.name = "door"},
    [FAULT_BATTERY_LOW] = {.name = "battery_low"},
    [FAULT_MAINS_LOST] = {.name = "mains_lost"},
    [FAULT_EXCEPTION] = {"exception", "code", 1, 255, false},
    [FAULT_SOMETIMES_SLOW] = {"sometimes_slow", "milliseconds", 1, 60000, true},
    [FAULT_WRONG_ID] = {"wrong_id", "address", 1, 247, false},
    [FAULT_NO_ANSWER] = {.name = "no_answer"},
    [FAULT_ANSWERS_FOR] = {"answers_for", "address", 1, 247, false},
    [FAULT_LATE_DIRECTION] = {"late_direction", "bytes", 1, 255, false},
};

const char *village_fault_name(enum village_fault_kind kind)
{
    return names[kind].name;
}

static bool refuse_name(const char *text, size_t n, struct error *error)
{
    char known[240] = "";
    for (size_t i = 0, used = 0; i < FAULT_COUNT && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? " " : "", names[i].name);
    return error_set(error, ERROR_INVALID, "unknown fault \"%.*s\"; known are: %s", (int)(n < 30 ? n : 30), text, known);
}

static bool take_number(const char **text, uint32_t least, uint32_t most, uint32_t *to)
{
    char *end;
    long long value = strtoll(*text, &end, 10);
    bool good = end != *text && value >= least && value <= most;
    *to = good ? (uint32_t)value : 0;
    *text = end;
    return good;
}

bool village_fault_parse(const char *text, struct village_fault *fault, struct error *error)
{
    size_t n = strcspn(text, ":");
    size_t kind = 0;
    while (kind < FAULT_COUNT && (strlen(names[kind].name) != n || memcmp(names[kind].name, text, n) != 0))
        kind++;
    if (kind == FAULT_COUNT)
        return refuse_name(text, n, error);
    const struct fault_name *name = &names[kind];
    *fault = (struct village_fault){.kind = (enum village_fault_kind)kind};
    if (!name->argument)
        return text[n] == '\0' || error_set(error, ERROR_INVALID, "fault %s takes no argument", name->name);
    text += n;
    bool good = *text++ == ':' && take_number(&text, name->least, name->most, &fault->argument);
    if (good && name->percent)
        good = *text++ == '@' && take_number(&text, 1, 100, &fault->percent);
    if (good && *text == '\0')
        return true;
    return error_set(error, ERROR_INVALID, "fault %s needs its %s, %s:%u to %s:%u%s", name->name, name->argument, name->name,
                     name->least, name->name, name->most, name->percent ? ", and how often, @1 to @100 percent" : "");
}

void village_fault_print(const struct village_fault *fault, char *to, size_t size)
{
    const char *name = village_fault_name(fault->kind);
    if (fault->percent)
        snprintf(to, size, "%s:%u@%u", name, fault->argument, fault->percent);
    else
        snprintf(to, size, fault->argument ? "%s:%u" : "%s", name, fault->argument);
}
