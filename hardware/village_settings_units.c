/* The units of a line in the township's settings: ranges, vendors, faults. */
#include "hardware/village_settings_parts.h"

#include <stdlib.h>
#include <string.h>

enum { TURNAROUND_MS = 3 };

/* "3" or "1-12". */
static bool parse_range(const char *text, int *first, int *last)
{
    char *end;
    *first = *last = (int)strtol(text, &end, 10);
    if (*end == '-')
        *last = (int)strtol(end + 1, &end, 10);
    return *end == '\0' && *first >= 1 && *last >= *first && *last <= VILLAGE_UNITS_MAX;
}

static bool add_units(const config_setting_t *at, struct village_line_settings *line, const char *range,
                      const struct village_unit_settings *like, struct error *error)
{
    int first, last;
    if (!parse_range(range, &first, &last))
        return village_complain(at, error, "units must be 1 to 247, such as \"1-12\"");
    for (int address = first; address <= last; address++) {
        for (size_t i = 0; i < line->n_units; i++)
            if (line->units[i].address == address)
                return village_complain(at, error, "two units with one address");
        line->units[line->n_units] = *like;
        line->units[line->n_units++].address = (uint8_t)address;
    }
    return true;
}

static bool refuse_vendor(const config_setting_t *group, struct error *error)
{
    char known[120], text[160];
    village_vendor_names(known, sizeof known);
    text_print(text, sizeof text, "unknown vendor; known are %s", known);
    return village_complain(group, error, text);
}

/* What a line says for all its units and each unit may say otherwise. */
static bool take_unit_settings(const config_setting_t *group, struct village_unit_settings *unit, struct error *error)
{
    char vendor[33] = "", fault[33] = "";
    int turnaround = (int)unit->turnaround_ms;
    if (!village_take_text(group, "vendor", vendor, sizeof vendor, error) ||
        !village_take_text(group, "fault", fault, sizeof fault, error) ||
        !village_take_number(group, "turnaround_ms", 0, 1000, &turnaround, error))
        return false;
    unit->turnaround_ms = (uint32_t)turnaround;
    if (vendor[0] && !(unit->vendor = village_vendor_find(vendor)))
        return refuse_vendor(group, error);
    if (fault[0] && !village_fault_parse(fault, &unit->fault, error))
        return error_prefix(error, "line %u", config_setting_source_line(group));
    return true;
}

static bool take_unit(const config_setting_t *group, struct village_line_settings *line, struct village_unit_settings unit,
                      struct error *error)
{
    static const char *const known[] = {"unit", "units", "vendor", "turnaround_ms", "fault", NULL};
    int address = 0;
    char range[16] = "";
    if (!village_check_names(group, known, error) ||
        !village_take_number(group, "unit", 1, VILLAGE_UNITS_MAX, &address, error) ||
        !village_take_text(group, "units", range, sizeof range, error) || !take_unit_settings(group, &unit, error))
        return false;
    if (address)
        snprintf(range, sizeof range, "%d", address);
    if (!unit.vendor)
        return village_complain(group, error, "a unit needs its vendor");
    return add_units(group, line, range, &unit, error);
}

bool village_take_units(const config_setting_t *group, struct village_line_settings *line, struct error *error)
{
    struct village_unit_settings like = {.turnaround_ms = TURNAROUND_MS};
    const config_setting_t *units = config_setting_get_member(group, "units");
    if (!take_unit_settings(group, &like, error))
        return false;
    if (!units)
        return true;
    const char *range = config_setting_get_string(units);
    if (range)
        return like.vendor ? add_units(units, line, range, &like, error)
                           : village_complain(group, error, "a unit needs its vendor");
    if (!config_setting_is_list(units))
        return village_complain(units, error, "must be a text such as \"1-12\" or a list of groups");
    for (int i = 0; i < config_setting_length(units); i++)
        if (!take_unit(config_setting_get_elem(units, (unsigned)i), line, like, error))
            return false;
    return true;
}
