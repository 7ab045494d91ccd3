/* tocsin audit verify FILE: what an exported file proves, and that whatever is wrong with one is told and shows in the status.
 */
#include "controller/audit.h"
#include "controller/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

struct scene {
    char chain[256], entries[3][512], head[AUDIT_LINK_SIZE]; /* lines of an export; head: of the last entry */
};

static const char HISTORY[] = "{\"history\":{\"format\":1}}\n{\"alert\":{\"id\":\"x\"}}\n", END[] = "{\"end\":{}}\n";

static int set_up(void **state)
{
    static struct scene scene;
    char hash[AUDIT_HASH_SIZE] = ZEROS;
    snprintf(scene.chain, sizeof scene.chain, "{\"chain\":{\"previous\":\"4:" ZEROS "\"}}\n");
    for (int i = 0; i < 3; i++) {
        const struct audit_entry entry = {5 + i, "2026-11-21T19:20:00.000+00:00", "b", "root", "stopped", "a", "{}"};
        assert_true(audit_hash(hash, &entry, hash));
        snprintf(scene.entries[i], sizeof scene.entries[i],
                 "{\"audit\":{\"seq\":%d,\"time\":\"%s\",\"boot\":\"b\",\"actor\":\"root\",\"action\":\"stopped\","
                 "\"subject\":\"a\",\"detail\":\"{}\",\"hash\":\"%s\"}}\n",
                 5 + i, entry.time, hash);
    }
    snprintf(scene.head, sizeof scene.head, "7:%s", hash);
    *state = &scene;
    return 0;
}

/* Verifies lines as standard input; last: one more word, or NULL. */
static void expect(const char *const lines[], const char *last, enum cli_exit wanted, const char *in_out, const char *in_err)
{
    char file[4096] = "", *out = NULL, *err = NULL;
    size_t n_out, n_err;
    for (size_t i = 0; lines[i]; i++)
        strcat(file, lines[i]);
    char *argv[] = {(char *)"tocsin", (char *)"audit", (char *)"verify", (char *)"-", (char *)last};
    struct cli_setup setup = {fmemopen(file, strlen(file), "r"), open_memstream(&out, &n_out), open_memstream(&err, &n_err),
                              1000};
    enum cli_exit got = cli_run(&setup, last ? 5 : 4, argv);
    fclose(setup.in);
    fclose(setup.out);
    fclose(setup.err);
    if (got != wanted || !strstr(out, in_out) || !strstr(err, in_err))
        fail_msg("status %d, \"%s\", \"%s\"", (int)got, out, err);
    free(out);
    free(err);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_good_file(void **state)
{
    const struct scene *s = *state;
    char head[128];
    const char *const *good = LINES(HISTORY, s->chain, s->entries[0], s->entries[1], s->entries[2], END);
    snprintf(head, sizeof head, "--head=%s", s->head);
    expect(good, NULL, CLI_REACHED, "3 entries, from 5 (2026-11-21T19:20:00.000+00:00) to 7 (", "");
    expect(good, NULL, CLI_REACHED, "Those up to 4 are not here", "");
    expect(good, head, CLI_REACHED, "The head that was written down is in it", "");
    expect(good, "--json", CLI_REACHED, "\"unbroken\": true", "");
    expect(LINES(HISTORY, s->chain, END), NULL, CLI_REACHED, "0 entries", "");
}

static void a_bad_file(void **state)
{
    const struct scene *s = *state;
    char head[128], changed[512];
    snprintf(head, sizeof head, "--head=%s", s->head);
    text_copy(changed, sizeof changed, s->entries[1]);
    memcpy(strstr(changed, "root"), "rood", 4);
    expect(LINES(s->chain, s->entries[0], changed, s->entries[2], END), NULL, CLI_NOT_REACHED, "BROKEN: entry 6 (", "");
    expect(LINES(s->chain, s->entries[0], changed, s->entries[2], END), "--json", CLI_NOT_REACHED, "\"unbroken\": false", "");
    expect(LINES(s->chain, s->entries[0], s->entries[2], END), NULL, CLI_NOT_REACHED, "entry 6 is missing", "");
    expect(LINES(s->chain, s->entries[1], s->entries[0], END), NULL, CLI_NOT_REACHED, "entry 5 is missing", "");
    expect(LINES(s->chain, s->entries[0], s->entries[0], END), NULL, CLI_NOT_REACHED, "the order was changed", "");
    expect(LINES(s->chain, s->entries[0], s->entries[1], END), head, CLI_NOT_REACHED, "entries 7 to 7 are missing", "");
    expect(LINES(s->chain, s->entries[0]), NULL, CLI_NOT_REACHED, "cut off after entry 5", "");
    expect(LINES(s->chain, s->entries[0], "{\"aud", END), NULL, CLI_NOT_REACHED, "after entry 5 a line is no JSON", "");
    expect(LINES(s->entries[0], END), NULL, CLI_NOT_REACHED, "before the first entry is missing", "");
    expect(LINES("{\"chain\":{\"previous\":\"4:x\"}}\n", s->entries[0], END), NULL, CLI_NOT_REACHED, "cannot be read", "");
}

/* A second chain line does not begin anew in the middle. */
static void only_one_beginning(void **state)
{
    const struct scene *s = *state;
    expect(LINES(s->chain, s->entries[0], s->entries[1], s->chain, s->entries[0], END), NULL, CLI_NOT_REACHED,
           "entry 5 comes where 7 should", "");
}

static void nothing_to_verify(void **state)
{
    const struct scene *s = *state;
    expect(LINES(HISTORY, END), NULL, CLI_REFUSED, "", "holds no audit trail");
    expect(LINES(s->chain, END), "--head=7:abc", CLI_REFUSED, "", "--head: give it as it was shown");
    char *argv[] = {(char *)"tocsin", (char *)"audit", (char *)"verify", (char *)"/nowhere/x"};
    char *err = NULL;
    size_t n;
    struct cli_setup setup = {stdin, stdout, open_memstream(&err, &n), 1000};
    assert_int_equal(cli_run(&setup, 4, argv), CLI_REFUSED);
    fclose(setup.err);
    assert_non_null(strstr(err, "/nowhere/x: No such file"));
    free(err);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_good_file), TEST(a_bad_file), TEST(only_one_beginning), TEST(nothing_to_verify)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
