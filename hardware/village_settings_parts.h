/* What the files that read a township's settings share among themselves; nobody else includes this. */
#ifndef TOCSIN_HARDWARE_VILLAGE_SETTINGS_PARTS_H
#define TOCSIN_HARDWARE_VILLAGE_SETTINGS_PARTS_H

#include "hardware/village.h"

#include <libconfig.h>

/* Returns false: "line 7: name: what". */
bool village_complain(const config_setting_t *at, struct error *error, const char *what);

/* Every name that stands in a group must be known: a mistyped fault must not be a healthy terminal. */
bool village_check_names(const config_setting_t *group, const char *const known[], struct error *error);

/* Each leaves *to as it is where the name does not stand in the group. */
bool village_take_text(const config_setting_t *group, const char *name, char *to, size_t size, struct error *error);
bool village_take_number(const config_setting_t *group, const char *name, int least, int most, int *to, struct error *error);
bool village_take_bool(const config_setting_t *group, const char *name, bool *to, struct error *error);

bool village_take_id(const config_setting_t *group, char id[33], struct error *error);

/* The units of a line, and what the line says for them all. */
bool village_take_units(const config_setting_t *group, struct village_line_settings *line, struct error *error);

/* What a line is for the master: its kind, wire, connection and fault. Refuses a name that no such line knows. */
bool village_take_kind(const config_setting_t *group, struct village_line_settings *line, struct error *error);

#endif
