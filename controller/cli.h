/* What every operation of the command line `tocsin` gets, and the exit statuses. */
#ifndef TOCSIN_CONTROLLER_CLI_H
#define TOCSIN_CONTROLLER_CLI_H

#include "codecs/base.h"

#include <jansson.h>
#include <stdio.h>

enum cli_exit {
    CLI_REACHED = 0,     /* done; of an alert: every meant terminal reached the highest rung that its profile can show */
    CLI_NOT_REACHED = 1, /* of an alert: some did not (or not yet) */
    CLI_REFUSED = 2,     /* refused by the daemon, wrong usage, or the answer could not be written */
    CLI_UNREACHABLE = 3, /* the daemon cannot be reached */
};

/* Given by main, or by a test. */
struct cli_setup {
    FILE *in, *out, *err;
    uint32_t patience_ms; /* a watch gives up when the daemon was away for so long */
};

struct cli_options {
    const char *socket, *url, *token_file; /* where the daemon is */
    const char *reason, *until, *since;
    const char *head;                /* of the audit trail, written down before */
    const char *home, *stay, *phone; /* of an all-clear */
    const char *right, *wrong;       /* of a correction */
    const char *before, *limit;      /* a page of a list; limit is a number */
    const char *count, *interval;    /* of a watch: how often, seconds between */
    const char *line, *state;        /* only those terminals */
    bool json, watch, csv, now, help, version;
};

struct client;

struct cli {
    const struct cli_setup *setup;
    FILE *out, *err;
    struct cli_options options;
    const char *argument;  /* FILE, ID, LINE or CONFIG; NULL where there is none */
    struct client *client; /* NULL where the operation is local */
};

typedef enum cli_exit cli_function(struct cli *cli);

/* Parses, runs the operation, returns the exit status. */
enum cli_exit cli_run(const struct cli_setup *setup, int argc, char *const argv[]);

/* Asks the daemon. NULL after a failure that was told on err, with *exit set to CLI_REFUSED or CLI_UNREACHABLE; status may be
 * NULL. The caller frees the answer with json_decref. */
json_t *cli_ask(struct cli *cli, const char *method, const char *path, const char *media_type, struct slice body, long *status,
                enum cli_exit *exit);
/* GET of before + id + after, where id is percent-encoded. */
json_t *cli_get(struct cli *cli, enum cli_exit *exit, const char *before, const char *id, const char *after);
/* The same as POST of a JSON text. */
json_t *cli_post(struct cli *cli, enum cli_exit *exit, const char *before, const char *id, const char *after,
                 struct slice body);
/* GET of what is no JSON; *text is NULL after a failure that was told, else the caller frees it. */
enum cli_exit cli_get_text(struct cli *cli, char **text, const char *before, const char *id, const char *after);

/* Tells that the daemon cannot be reached, where it was looked for and what to do. Returns CLI_UNREACHABLE. */
enum cli_exit cli_unreachable(struct cli *cli, const struct error *error);

/* --json: prints value indented. Returns CLI_REACHED. */
enum cli_exit cli_print_json(struct cli *cli, const json_t *value);

/* A text member; "" where it is not there or no text. */
static inline const char *cli_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static inline long cli_integer(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

#endif
