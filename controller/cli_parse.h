/* Reads the command line against a table of operations. Pure. */
#ifndef TOCSIN_CONTROLLER_CLI_PARSE_H
#define TOCSIN_CONTROLLER_CLI_PARSE_H

#include "controller/cli.h"

/* Options that only some operations take. Where the daemon is, CLI_REMOTE, may be said with each, but means nothing to local
 * ones. */
enum {
    CLI_WATCH = 1,
    CLI_REASON = 2,
    CLI_CSV = 4,
    CLI_PAGE = 8,
    CLI_NOW = 16,
    CLI_FILTER = 32,
    CLI_REPEAT = 64,
    CLI_REMOTE = 128,
    CLI_UNTIL = 256, /* needs it */
    CLI_HOME = 512,
    CLI_RIGHT = 1024,
    CLI_LIMIT = 2048,
    CLI_SPAN = 4096, /* from and until when; both may be left out */
    CLI_HEAD = 8192
};

struct cli_operation {
    const char *words;    /* "alert send" */
    const char *argument; /* "FILE"; "[LINE]" may be left out; NULL for none */
    unsigned options;     /* CLI_... */
    bool local;           /* needs no daemon */
    const char *summary;  /* one line */
    const char *help;     /* more, or NULL */
    cli_function *run;
};

struct cli_parsed {
    const struct cli_operation *operation; /* NULL: none was named (with --help or --version) */
    struct cli_options options;
    const char *argument;
};

/* On a mistake the error says what is wrong and what is known. argv[0] is the program. */
bool cli_parse(const struct cli_operation *operations, size_t n, int argc, char *const argv[], struct cli_parsed *parsed,
               struct error *error);

/* Help on one operation, or on all where operation is NULL. */
void cli_print_help(const struct cli_operation *operations, size_t n, const struct cli_operation *operation, FILE *out);

#endif
