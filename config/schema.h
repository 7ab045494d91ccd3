/* Settings as tables: each row names a setting, its type, range, default and place in a struct; one reader obeys them all and
 * reports every mistake with its file and line. Unknown settings are mistakes, with the nearest known name. */
#ifndef TOCSIN_CONFIG_SCHEMA_H
#define TOCSIN_CONFIG_SCHEMA_H

#include "config/source.h"

#include <libconfig.h>

enum schema_type {
    SCHEMA_TEXT,      /* char[]: UTF-8 without control characters; least: characters at least */
    SCHEMA_STRING,    /* char *, owned: the same, of most bytes at most; stays NULL for "" */
    SCHEMA_ID,        /* char[33]: [a-z0-9_-]{1,32} */
    SCHEMA_PATH,      /* char[]: a relative one is below the file's folder */
    SCHEMA_CODE,      /* struct area_code */
    SCHEMA_INTEGER,   /* any integer type, signed where least is below zero */
    SCHEMA_REAL,      /* double; an integer is taken as well */
    SCHEMA_BOOLEAN,   /* bool */
    SCHEMA_CHOICE,    /* an enum: position of the text among names */
    SCHEMA_REFERENCE, /* a text that names something else; the loader finds it */
    SCHEMA_GROUP,     /* a group of settings of its own (items; NULL: read by the loader), in the same struct */
    SCHEMA_LIST,      /* a list or array that the loader reads itself; least and most: elements */
    SCHEMA_ANY,       /* read by the loader itself */
};

/* NULL if the value is good, else what is wrong with it, as the end of a sentence. */
typedef const char *schema_check_fn(const void *value);

struct schema_item {
    const char *name; /* NULL ends a table */
    enum schema_type type;
    double least, most;              /* both included */
    const char *initial;             /* as it would be written, without quotes; NULL: the setting is required */
    size_t offset, size;             /* place in the struct */
    const char *const *names;        /* SCHEMA_CHOICE, NULL at the end */
    const struct schema_item *items; /* SCHEMA_GROUP */
    schema_check_fn *check;          /* may be NULL */
};

/* Offset and size of a member. */
#define SCHEMA_AT(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

/* One file, parsed. */
struct document {
    struct source source;
    config_t parsed;
    struct reporter *reporter;
    const char *folder; /* relative paths are below it */
};

/* Reads and parses path. False after reporting why; call document_close in any case. */
bool document_open(struct document *document, const char *path, const char *folder, const char *const *roots,
                   struct reporter *reporter);
void document_close(struct document *document);
const config_setting_t *document_root(const struct document *document);

/* A mistake or warning at a setting. */
void schema_mistake(const struct document *document, const config_setting_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void schema_warning(const struct document *document, const config_setting_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads a group by its table into target, defaults first. group may be NULL: defaults only. */
void schema_read(const struct document *document, const config_setting_t *group, const struct schema_item *items, void *target);

/* Gives every setting of the table that has one its default; folder may be NULL where there are no paths. */
void schema_default(const char *folder, const struct schema_item *items, void *target);

/* The list or array of this name in a group (empty and absent: NULL); wrong types were reported by schema_read. */
const config_setting_t *schema_list(const config_setting_t *group, const char *name);
size_t schema_length(const config_setting_t *list); /* 0 for NULL */
const config_setting_t *schema_element(const config_setting_t *list, size_t i);

/* True if the element is a group; else reported. */
bool schema_is_group(const struct document *document, const config_setting_t *element, const char *what);

/* Reads a list of texts into an array of n_max texts of width bytes; returns how many. */
size_t schema_texts(const struct document *document, const config_setting_t *list, char *texts, size_t width, size_t n_max);

/* A text of its own, such as an element of an array; NULL after reporting. */
const char *schema_text(const struct document *document, const config_setting_t *setting, const char *what);

/* The known name that is nearest to a wrong one. */
struct nearest {
    const char *wrong, *name; /* name: NULL while none is near enough */
    unsigned distance;
};
struct nearest nearest_to(const char *wrong);
void nearest_try(struct nearest *nearest, const char *name);
const char *nearest_text(const struct nearest *nearest, char text[80]); /* "; did you mean ...?" or "" */

bool schema_has_control(const char *text); /* control characters, line ends among them */

const char *schema_check_id(const void *id); /* [a-z0-9_-]{1,32} */

/* The tables, by the name of what they describe, for the test that holds docs/configuration.md against them. NULL after the
 * last one. */
const struct schema_item *schema_table(size_t i, const char **name);

#endif
