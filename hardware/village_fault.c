/* The faults that a simulated terminal can have, by name. */
#include "hardware/village_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fault_name {
    const char *name;
    const char *argument; /* what stands behind the colon; NULL: nothing may */
    uint32_t least, most;
} names[FAULT_COUNT] = {
    [FAULT_NONE] = {.name = "none"},
    [FAULT_DEAD] = {.name = "dead"},
    [FAULT_SLOW] = {"slow", "milliseconds", 1, 60000},
    [FAULT_FLAKY] = {"flaky", "percent", 1, 100},
    [FAULT_CRC] = {"crc", "percent", 1, 100},
    [FAULT_DUPLICATE] = {.name = "duplicate"},
    [FAULT_MUTE] = {.name = "mute"},
    [FAULT_REBOOT] = {"reboot", "milliseconds", 0, 3600000},
    [FAULT_SETTLE] = {"settle", "milliseconds", 0, 60000},
    [FAULT_REFUSES_ARM] = {.name = "refuses_arm"},
    [FAULT_REFUSES_START] = {.name = "refuses_start"},
    [FAULT_WONT_STOP] = {.name = "wont_stop"},
    [FAULT_LOCAL] = {.name = "local"},
    [FAULT_NOISE] = {.name = "noise"},
    [FAULT_AMPLIFIER] = {.name = "fault"},
    [FAULT_DOOR] = {.name = "door"},
    [FAULT_BATTERY_LOW] = {.name = "battery_low"},
    [FAULT_MAINS_LOST] = {.name = "mains_lost"},
    [FAULT_EXCEPTION] = {"exception", "code", 1, 255},
};

const char *village_fault_name(enum village_fault_kind kind)
{
    return names[kind].name;
}

static bool refuse_name(const char *text, size_t n, struct error *error)
{
    char known[200] = "";
    for (size_t i = 0, used = 0; i < FAULT_COUNT && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", names[i].name);
    return error_set(error, ERROR_INVALID, "unknown fault \"%.*s\"; known are: %s", (int)(n < 30 ? n : 30), text, known);
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
    char *end = NULL;
    long long value = text[n] == ':' ? strtoll(text + n + 1, &end, 10) : -1;
    if (!end || end == text + n + 1 || *end != '\0' || value < name->least || value > name->most)
        return error_set(error, ERROR_INVALID, "fault %s needs its %s, %s:%u to %s:%u", name->name, name->argument, name->name,
                         name->least, name->name, name->most);
    fault->argument = (uint32_t)value;
    return true;
}
