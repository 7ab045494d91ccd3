/* The command line: operations of one or two words, one argument at most, and options anywhere. */
#include "controller/cli_parse.h"

#include <string.h>

struct option {
    const char *name;
    const char *value; /* name of what follows; NULL for a switch */
    unsigned only;     /* CLI_... that an operation must have; 0: all take it */
    size_t offset;     /* in struct cli_options: const char * or bool */
    const char *help;
};

static const struct option options[] = {
    {"--watch", NULL, CLI_WATCH, offsetof(struct cli_options, watch), "follow the alert to its end, then report"},
    {"--reason", "TEXT", CLI_REASON, offsetof(struct cli_options, reason), "why; it is kept"},
    {"--since", "TIME", CLI_SPAN, offsetof(struct cli_options, since), "only from then on"},
    {"--until", "TIME", CLI_UNTIL | CLI_SPAN, offsetof(struct cli_options, until), "such as 2026-11-22T05:20:00+08:00"},
    {"--return", "PLACES", CLI_HOME, offsetof(struct cli_options, home), "who may go home {everyone}"},
    {"--stay", "PLACES", CLI_HOME, offsetof(struct cli_options, stay), "who may not yet"},
    {"--phone", "NUMBER", CLI_HOME, offsetof(struct cli_options, phone), "where help is"},
    {"--right", "PLACES", CLI_RIGHT, offsetof(struct cli_options, right), "who must move; they hear it too"},
    {"--wrong", "PLACES", CLI_RIGHT, offsetof(struct cli_options, wrong), "who was told to by mistake"},
    {"--csv", NULL, CLI_CSV, offsetof(struct cli_options, csv), "as a table for spreadsheets (RFC 4180)"},
    {"--head", "SEQ:HASH", CLI_HEAD, offsetof(struct cli_options, head), "a head that was written down before"},
    {"--limit", "N", CLI_PAGE | CLI_LIMIT, offsetof(struct cli_options, limit), "how many, at most 500 {50}"},
    {"--before", "ID", CLI_PAGE, offsetof(struct cli_options, before), "those that are older than this alert"},
    {"--now", NULL, CLI_NOW, offsetof(struct cli_options, now), "read it first, and show what it says now"},
    {"--line", "LINE", CLI_FILTER, offsetof(struct cli_options, line), "only those on this line"},
    {"--state", "STATE", CLI_FILTER, offsetof(struct cli_options, state),
     "only those that are good, degraded, dead or unknown"},
    {"--interval", "S", CLI_REPEAT, offsetof(struct cli_options, interval), "seconds between two looks {1}"},
    {"--count", "N", CLI_REPEAT, offsetof(struct cli_options, count), "end after so many looks"},
    {"--json", NULL, 0, offsetof(struct cli_options, json), "the same as JSON"},
    {"--socket", "PATH", CLI_REMOTE, offsetof(struct cli_options, socket),
     "the daemon's socket {TOCSIN_SOCKET, /run/tocsin/tocsin.sock}"},
    {"--url", "URL", CLI_REMOTE, offsetof(struct cli_options, url),
     "the daemon over HTTP, such as http://127.0.0.1:8080 {TOCSIN_URL}"},
    {"--token-file", "PATH", CLI_REMOTE, offsetof(struct cli_options, token_file), "the token for --url {TOCSIN_TOKEN_FILE}"},
    {"--help", NULL, 0, offsetof(struct cli_options, help), "this text; after a command, more on that command"},
    {"--version", NULL, 0, offsetof(struct cli_options, version), "the version of this program"},
};

enum { N_OPTIONS = sizeof options / sizeof *options };

static bool known_option(const struct cli_operation *operation, const struct option *option)
{
    return option->only == 0 || option->only == CLI_REMOTE || (operation && (operation->options & option->only));
}

/* Appends as much as fits. */
static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    text_copy(text + used, size - used, more);
}

static bool unknown_option(const struct cli_operation *operation, const char *word, struct error *error)
{
    char list[sizeof error->message] = "";
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (known_option(operation, &options[i])) {
            append(list, sizeof list, *list ? ", " : "");
            append(list, sizeof list, options[i].name);
        }
    return error_set(error, ERROR_INVALID, "unknown option '%s'%s%s; known: %s", word, operation ? " of " : "",
                     operation ? operation->words : "", list);
}

/* Reads argv[*i], an option, and its value; *i is left at its last word. */
static bool take_option(const struct cli_operation *operation, int argc, char *const argv[], int *i, struct cli_options *into,
                        struct error *error)
{
    const char *word = strcmp(argv[*i], "-h") == 0 ? "--help" : argv[*i];
    size_t length = strcspn(word, "=");
    for (size_t k = 0; k < N_OPTIONS; k++) {
        const struct option *option = &options[k];
        if (strlen(option->name) != length || memcmp(option->name, word, length) != 0 || !known_option(operation, option))
            continue;
        char *place = (char *)into + option->offset;
        if (!option->value && word[length])
            return error_set(error, ERROR_INVALID, "%s takes no value", option->name);
        if (!option->value) {
            *(bool *)place = true;
            return true;
        }
        if (!word[length] && *i + 1 >= argc)
            return error_set(error, ERROR_INVALID, "%s needs %s after it", option->name, option->value);
        const char *value = word[length] ? word + length + 1 : argv[++*i];
        if (!*value)
            return error_set(error, ERROR_INVALID, "%s: %s is empty", option->name, option->value);
        *(const char **)(void *)place = value;
        return true;
    }
    return unknown_option(operation, argv[*i], error);
}

/* "alert send" matches {"alert", "send"}; how many of the words it took, 0 for no match. */
static size_t match_words(const char *words, const char *const given[], size_t n)
{
    size_t used = 0;
    while (*words) {
        size_t length = strcspn(words, " ");
        if (used >= n || strlen(given[used]) != length || memcmp(given[used], words, length) != 0)
            return 0;
        used++;
        words += length + (words[length] ? 1 : 0);
    }
    return used;
}

static bool unknown_operation(const struct cli_operation *operations, size_t n, const char *const given[], size_t n_given,
                              struct error *error)
{
    char list[sizeof error->message] = "";
    bool family = false; /* the first word is right: name only what follows it */
    for (size_t i = 0; i < n && n_given > 0; i++)
        family = family || (strncmp(operations[i].words, given[0], strlen(given[0])) == 0 &&
                            operations[i].words[strlen(given[0])] == ' ');
    for (size_t i = 0; i < n; i++) {
        if (family && strncmp(operations[i].words, given[0], strlen(given[0])) != 0)
            continue;
        append(list, sizeof list, *list ? ", " : "");
        append(list, sizeof list, operations[i].words);
    }
    if (n_given == 0)
        return error_set(error, ERROR_INVALID, "no command given; known: %s", list);
    return error_set(error, ERROR_INVALID, "unknown command '%s%s%s'; known: %s", given[0], n_given > 1 ? " " : "",
                     n_given > 1 ? given[1] : "", list);
}

static bool take_words(const struct cli_operation *operations, size_t n, const char *const given[], size_t n_given,
                       struct cli_parsed *parsed, size_t *used)
{
    *used = 0;
    for (size_t i = 0; i < n; i++) {
        size_t words = match_words(operations[i].words, given, n_given);
        if (words > *used) {
            *used = words;
            parsed->operation = &operations[i];
        }
    }
    return *used > 0;
}

/* The words that are no options, at most four: enough to name a command, its argument and one too many. */
enum { WORDS_MAX = 4 };

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* How many words follow an option as its value; needed before the operation, and so its options, are known. */
static int option_values(const char *word)
{
    for (size_t k = 0; k < N_OPTIONS; k++)
        if (options[k].value && strcmp(options[k].name, word) == 0)
            return 1;
    return 0;
}

static size_t collect_words(int argc, char *const argv[], const char *given[WORDS_MAX])
{
    size_t n = 0;
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && is_option(argv[i]))
            i += option_values(argv[i]);
        else if (n < WORDS_MAX)
            given[n++] = argv[i];
    }
    return n;
}

static bool check_words(const struct cli_parsed *parsed, const char *const given[], size_t n_given, size_t used,
                        struct error *error)
{
    const struct cli_operation *operation = parsed->operation;
    size_t most = used + (operation->argument ? 1 : 0);
    size_t least = operation->argument && operation->argument[0] == '[' ? used : most;
    if (parsed->options.help || parsed->options.version)
        return true;
    if (n_given < least)
        return error_set(error, ERROR_INVALID, "%s needs %s after it", operation->words, operation->argument);
    if (n_given > most)
        return error_set(error, ERROR_INVALID, "%s: '%s' is one word too many", operation->words, given[most]);
    if ((operation->options & CLI_REASON) && !parsed->options.reason)
        return error_set(error, ERROR_MISSING, "%s needs --reason TEXT: it is kept", operation->words);
    if ((operation->options & CLI_UNTIL) && !parsed->options.until)
        return error_set(error, ERROR_MISSING, "%s needs --until TIME, such as 2026-11-22T05:20:00+08:00", operation->words);
    const char *limit = parsed->options.limit;
    if (limit && (strlen(limit) > 4 || limit[strspn(limit, "0123456789")] != '\0'))
        return error_set(error, ERROR_INVALID, "--limit: a number, not '%.20s'", limit);
    if (parsed->options.csv && parsed->options.json)
        return error_set(error, ERROR_INVALID, "--csv and --json exclude each other");
    if (parsed->options.socket && parsed->options.url)
        return error_set(error, ERROR_INVALID, "--socket and --url exclude each other");
    return true;
}

bool cli_parse(const struct cli_operation *operations, size_t n, int argc, char *const argv[], struct cli_parsed *parsed,
               struct error *error)
{
    const char *given[WORDS_MAX];
    size_t used, n_given = collect_words(argc, argv, given);
    *parsed = (struct cli_parsed){0};
    bool found = take_words(operations, n, given, n_given, parsed, &used);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_option(argv[i]) && !take_option(parsed->operation, argc, argv, &i, &parsed->options, error))
            return false;
    if (!found && (parsed->options.help || parsed->options.version))
        return true;
    if (!found)
        return unknown_operation(operations, n, given, n_given, error);
    if (!check_words(parsed, given, n_given, used, error))
        return false;
    parsed->argument = n_given > used ? given[used] : NULL;
    return true;
}

static void print_options(const struct cli_operation *operation, FILE *out)
{
    fputs("\nOptions:\n", out);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        bool useless = operation && operation->local && options[i].only == CLI_REMOTE;
        if (useless || !known_option(operation, &options[i]))
            continue;
        char left[40];
        snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        fprintf(out, "  %-20s %s\n", left, options[i].help);
    }
}

void cli_print_help(const struct cli_operation *operations, size_t n, const struct cli_operation *operation, FILE *out)
{
    if (operation) {
        fprintf(out, "Usage: tocsin %s%s%s%s%s [OPTIONS]\n\n%s.\n%s", operation->words, operation->argument ? " " : "",
                operation->argument ? operation->argument : "", operation->options & CLI_UNTIL ? " --until TIME" : "",
                operation->options & CLI_REASON ? " --reason TEXT" : "", operation->summary,
                operation->help ? operation->help : "");
        print_options(operation, out);
        return;
    }
    fputs("Usage: tocsin COMMAND [ARGUMENT] [OPTIONS]\n\nSends warnings to the village loudspeakers and shows what each one "
          "did.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < n; i++) {
        char left[40];
        snprintf(left, sizeof left, "%s%s%s", operations[i].words, operations[i].argument ? " " : "",
                 operations[i].argument ? operations[i].argument : "");
        fprintf(out, "  %-20s %s\n", left, operations[i].summary);
    }
    print_options(NULL, out);
    fputs("\nExit status: 0 every meant terminal reached the highest evidence that its kind can show; 1 some did not;\n"
          "2 refused or wrong usage; 3 the daemon cannot be reached.\n",
          out);
}
