/* The command line: commands, arguments, options, help; every refusal says what is known. */
#include "controller/cli_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum cli_exit nothing(struct cli *cli)
{
    (void)cli;
    return CLI_REACHED;
}

static const struct cli_operation table[] = {
    {"alert send", "FILE", CLI_WATCH, false, "Send", NULL, nothing},
    {"alert list", NULL, CLI_PAGE, false, "List", NULL, nothing},
    {"alert stop", "ID", CLI_REASON, false, "Stop", NULL, nothing},
    {"alert deliveries", "ID", CLI_CSV, false, "Deliveries", NULL, nothing},
    {"line watch", "[LINE]", CLI_REPEAT, false, "Watch", NULL, nothing},
    {"report", "ID", 0, false, "Report", "More.\n", nothing},
};

enum { N = sizeof table / sizeof *table };

/* Parses a line of words that are separated by single spaces. */
static bool parse(const char *line, struct cli_parsed *parsed, struct error *error)
{
    static char copy[512];
    char *argv[20] = {"tocsin"};
    int argc = 1;
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return cli_parse(table, N, argc, argv, parsed, error);
}

static void expect(const char *line, const char *words, const char *argument)
{
    struct cli_parsed parsed;
    struct error error = {0};
    if (!parse(line, &parsed, &error))
        fail_msg("%s: %s", line, error.message);
    assert_string_equal(parsed.operation->words, words);
    if (argument)
        assert_string_equal(parsed.argument, argument);
    else
        assert_null(parsed.argument);
}

static void expect_refused(const char *line, const char *part)
{
    struct cli_parsed parsed;
    struct error error = {0};
    assert_false(parse(line, &parsed, &error));
    if (!strstr(error.message, part))
        fail_msg("%s: '%s' is not in '%s'", line, part, error.message);
}

static void test_commands(void **state)
{
    (void)state;
    expect("alert send a.cap", "alert send", "a.cap");
    expect("alert send -", "alert send", "-");
    expect("alert list", "alert list", NULL);
    expect("report 1", "report", "1");
    expect("line watch", "line watch", NULL);
    expect("line watch --count 2 north", "line watch", "north");
    expect("--json alert send --watch a.cap", "alert send", "a.cap");
    expect("alert --socket alert list", "alert list", NULL); /* "alert" is the socket's path here */
    expect("alert send -- --odd.cap", "alert send", "--odd.cap");
}

static void test_options(void **state)
{
    (void)state;
    struct cli_parsed parsed;
    assert_true(parse("alert send a --watch --json --socket /s", &parsed, NULL));
    assert_true(parsed.options.watch && parsed.options.json && !parsed.options.csv);
    assert_string_equal(parsed.options.socket, "/s");
    assert_true(parse("alert stop 1 --reason=tested --url=http://h --token-file=/t", &parsed, NULL));
    assert_string_equal(parsed.options.reason, "tested");
    assert_string_equal(parsed.options.url, "http://h");
    assert_string_equal(parsed.options.token_file, "/t");
    assert_true(parse("alert list --limit 7 --before x", &parsed, NULL));
    assert_string_equal(parsed.options.limit, "7");
    assert_string_equal(parsed.options.before, "x");
    assert_true(parse("-h", &parsed, NULL) && parsed.options.help && !parsed.operation);
    assert_true(parse("alert send --help", &parsed, NULL) && parsed.options.help && parsed.operation == &table[0]);
    assert_true(parse("--version", &parsed, NULL) && parsed.options.version);
    assert_true(parse("alert --help", &parsed, NULL) && parsed.options.help && !parsed.operation);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refused("", "no command given; known: alert send, alert list");
    expect_refused("alarm",
                   "unknown command 'alarm'; known: alert send, alert list, alert stop, alert deliveries, line watch, report");
    expect_refused("alert snd x", "unknown command 'alert snd'; known: alert send, alert list, alert stop, alert deliveries");
    expect_refused("alert", "unknown command 'alert'; known: alert send");
    expect_refused("alert send", "alert send needs FILE after it");
    expect_refused("alert send a b", "'b' is one word too many");
    expect_refused("line watch a b", "line watch: 'b' is one word too many");
    expect_refused("alert list --count 1", "unknown option '--count' of alert list");
    expect_refused("alert list x", "'x' is one word too many");
    expect_refused("alert list --watch", "unknown option '--watch' of alert list; known: --limit, --before, --json");
    expect_refused("alert send a --wat", "unknown option '--wat' of alert send; known: --watch, --json");
    expect_refused("alert list --limit 1&x", "--limit: a number, not '1&x'");
    expect_refused("alert send a --limit 1", "unknown option '--limit' of alert send");
    expect_refused("alert stop 1", "needs --reason TEXT");
    expect_refused("alert stop 1 --reason", "--reason needs TEXT after it");
    expect_refused("alert stop 1 --reason=", "--reason: TEXT is empty");
    expect_refused("alert send a --watch=1", "--watch takes no value");
    expect_refused("alert deliveries 1 --csv --json", "exclude each other");
    expect_refused("report 1 --socket a --url http://b", "exclude each other");
    expect_refused("snd --json", "unknown command 'snd'");
}

static void expect_output(int argc, char *const argv[], enum cli_exit wanted, const char *in_out, const char *in_err)
{
    char *out = NULL, *err = NULL;
    size_t n_out, n_err;
    struct cli_setup setup = {stdin, open_memstream(&out, &n_out), open_memstream(&err, &n_err), 1000};
    assert_int_equal(cli_run(&setup, argc, argv), wanted);
    fclose(setup.out);
    fclose(setup.err);
    assert_non_null(strstr(out, in_out));
    assert_non_null(strstr(err, in_err));
    free(out);
    free(err);
}

/* The real table of operations. */
static void test_run(void **state)
{
    (void)state;
    expect_output(2, (char *[]){"tocsin", "--help"}, CLI_REACHED, "terminal show ID", "");
    expect_output(4, (char *[]){"tocsin", "alert", "stop", "--help"}, CLI_REACHED, "--reason TEXT", "");
    expect_output(2, (char *[]){"tocsin", "--version"}, CLI_REACHED, "tocsin ", "");
    expect_output(1, (char *[]){"tocsin"}, CLI_REFUSED, "", "no command given; known: alert send");
    expect_output(3, (char *[]){"tocsin", "alert", "snooze"}, CLI_REFUSED, "", "known: alert send, alert list");
    expect_output(3, (char *[]){"tocsin", "health", "--sokket=1"}, CLI_REFUSED, "", "known: --json, --socket");
    expect_output(4, (char *[]){"tocsin", "alert", "list", "--url=ftp://x"}, CLI_REFUSED, "", "must begin with http://");
    expect_output(4, (char *[]){"tocsin", "alert", "list", "--token-file=/nowhere/t"}, CLI_REFUSED, "",
                  "/nowhere/t: No such file");
    expect_output(4, (char *[]){"tocsin", "history", "export", "--since=yesterday"}, CLI_REFUSED, "", "--since: ");
    expect_output(4, (char *[]){"tocsin", "audit", "list", "--limit=x"}, CLI_REFUSED, "", "--limit: a number");
    expect_output(4, (char *[]){"tocsin", "audit", "list", "--before=x"}, CLI_REFUSED, "", "known: --limit, --json");
    expect_output(3, (char *[]){"tocsin", "check", "/nowhere/site.cfg"}, CLI_REFUSED, "would not start", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
