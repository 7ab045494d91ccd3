/* What the parts of the loader share: one struct for a load, lists of settings as arrays, names that refer to others. */
#ifndef TOCSIN_CONFIG_LOAD_H
#define TOCSIN_CONFIG_LOAD_H

#include "config/schema.h"

#include <limits.h>

#ifndef TOCSIN_DATA
#define TOCSIN_DATA "/usr/share/tocsin" /* shipped data; the environment's TOCSIN_DATA goes first */
#endif

extern const char *const load_level_names[]; /* of enum level, NULL at the end */

struct place_file {
    char path[PATH_MAX];
    unsigned n_said;
};

/* Where a row stands. */
struct place_origin {
    struct place_file *file; /* NULL: the site file */
    const config_setting_t *setting;
    unsigned line;    /* of a table; 0: none */
    unsigned feature; /* of a GeoJSON file, from 1; 0: none */
};

struct terminal_position {
    char id[33];
    struct alert_point point;
    struct place_origin origin;
};

/* Rows of places, of all files (config/load_places.h). */
struct place_drafts {
    struct place_draft *drafts; /* once they are merged those of config.places, whose place they hold no more */
    size_t n, n_max;
    struct terminal_position *positions; /* of terminals, in place files */
    size_t n_positions;
    struct place_file *files;
};

struct loader {
    struct config *config;
    struct reporter reporter;
    char folder[PATH_MAX], data[PATH_MAX]; /* of the site file, and of the shipped data */
    const char *roots[3];
    struct document site;
    struct place_drafts places;
};

/* Reads the list `name` of group by a table into a new array of elements of that size, one for each element of the list, good
 * or not. NULL if there are none. */
void *load_list(const struct document *document, const config_setting_t *group, const char *name,
                const struct schema_item *items, size_t size, size_t *n);

/* Reports ids that stand twice. The id is the first member of each element. */
void load_check_unique(const struct document *document, const config_setting_t *list, const void *array, size_t n, size_t size);

/* Index of the element with this id, -1 without. The id is the first member of each element. */
int load_find(const void *array, size_t n, size_t size, const char *id);

/* Index of the element that the setting `name` of group names; -1 after reporting, or if the setting is not there. */
int load_refer(const struct document *document, const config_setting_t *group, const char *name, const void *array, size_t n,
               size_t size);

/* Reads [latitude, longitude] in degrees; false after reporting. what is to be such a pair, for the message. */
bool load_point(const struct document *document, const config_setting_t *pair, const char *what, struct alert_point *point);

/* First of FOLDER/NAME and DATA/NAME that exists; false if neither does. */
bool load_find_file(const struct loader *loader, const char *name, char path[PATH_MAX]);

/* Reads the list of texts `name` of group: which of the n names (of elements of that size) stand in it. How many. */
size_t load_choose(const struct document *document, const config_setting_t *group, const char *name, const void *names,
                   size_t n, size_t size, bool *chosen);

/* The same of the names of levels. */
size_t load_levels(const struct document *document, const config_setting_t *group, const char *name, bool levels[LEVEL_COUNT]);

extern const struct schema_item load_site_items[], load_certificate_items[];
void load_settings(struct loader *loader); /* all of the site but what follows */
/* The certificates of one source, and whether its policy can be kept with them. */
void load_certificates(struct loader *loader, const config_setting_t *element, struct config_source *source);

extern const struct schema_item load_place_items[], load_group_items[], load_feature_items[], load_place_group_items[],
    load_contact_items[];
void load_places(struct loader *loader);
void load_places_end(struct loader *loader); /* when all is loaded that they refer to, and that refers to them */

extern const struct schema_item load_source_items[];
void load_sources(struct loader *loader);        /* with the site's own settings */
void load_source_hazards(struct loader *loader); /* after the hazards */

extern const struct schema_item load_night_items[], load_passage_items[];
void load_night(struct loader *loader); /* after the hazards */

extern const struct schema_item load_user_items[];
void load_users(struct loader *loader); /* after the sources */

extern const struct schema_item load_channel_items[], load_message_items[], load_line_items[], load_terminal_items[];
void load_channels(struct loader *loader); /* after the hazards */
void load_lines(struct loader *loader);    /* after the channels */
/* That no heartbeat can be taken for a reply; once it is known who is on the line. */
void load_check_heartbeat(struct loader *loader, const config_setting_t *element, const struct config_line *line);
void load_terminals(struct loader *loader); /* after the lines and places; loads the profiles that are used */

extern const struct schema_item load_hazards_items[], load_hazard_items[], load_rule_items[];
void load_hazards(struct loader *loader); /* after the sources */

extern const struct schema_item load_texts_items[], load_alert_text_items[];
void load_texts(struct loader *loader); /* after the hazards */

extern const struct schema_item load_profile_items[], load_field_items[], load_command_items[], load_write_items[],
    load_ignore_items[];
/* Loads DATA/profiles/ID.cfg or FOLDER/profiles/ID.cfg; at is where it was asked for. False after reporting. */
bool load_profile(struct loader *loader, const char *id, const config_setting_t *at, struct profile *profile);

/* A written value or the right side of a condition: a number or "$token" and its like. False if it is neither. */
bool load_operand(const char *text, struct operand *operand);

/* Reads a condition: a list of groups, each an array of texts "field op value". */
void load_condition(const struct document *document, const config_setting_t *setting, const struct profile *profile,
                    struct condition *condition);

#endif
