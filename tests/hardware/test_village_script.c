/* Timed orders: what happens when, what the frame log says of it, and that nothing happens where a line of a script is wrong.
 */
#include "tests/hardware/live_village.h"

static const char lines[] = "log = \"frames.log\"; script = \"faults.txt\";\n"
                            "lines = ( { id = \"north\"; vendor = \"linghu-t8\"; units = \"1-3\"; } );\n";

/* A township with this script beside its settings. */
static struct live *prepare(const char *script)
{
    struct live *live = live_prepare(lines);
    char path[128], wanted[128];
    put_file(live, "faults.txt", script, path, sizeof path);
    snprintf(wanted, sizeof wanted, "%s/faults.txt", live->dir);
    assert_string_equal(live->settings->script, wanted);
    return live;
}

static bool says(struct live *live, const char *question, const char *wanted)
{
    return strstr(order(live, question), wanted) != NULL;
}

static void await(struct live *live, const char *question, const char *wanted)
{
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    while (!says(live, question, wanted))
        assert_true(mono_before(mono_now(), give_up));
}

/* The log as far as it is written, without its times. */
static char *read_log(const struct live *live)
{
    static char text[8192];
    char path[128];
    path_in(live, "frames.log", path, sizeof path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

/* The time at which the log says that this was ordered; 0 if it does not yet. */
static int64_t ordered_at(const struct live *live, const char *wanted)
{
    char *at = strstr(read_log(live), wanted);
    if (!at)
        return 0;
    while (at[-1] != '\n')
        at--;
    return strtoll(at + 2, NULL, 10);
}

static int64_t await_log(const struct live *live, const char *wanted)
{
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    int64_t at;
    while (!(at = ordered_at(live, wanted)))
        assert_true(mono_before(mono_now(), give_up));
    return at;
}

static void test_orders_in_their_time(void **state)
{
    (void)state;
    struct live *live = prepare("# first comes what is first due\n"
                                "0.6\tfault north/2 none # well again\n"
                                "\n"
                                "  0.2 fault north/2 dead\n"
                                "0.2 fault north/3 mute\n"
                                "0.4 fault north/3 door\r\n");
    struct mono before = mono_now();
    live_start(live);
    struct mono after = mono_now();
    int64_t none = await_log(live, "script: fault north/2 none\n#   ok\n");
    int64_t dead = ordered_at(live, "script: fault north/2 dead\n#   ok\n");
    int64_t mute = ordered_at(live, "script: fault north/3 mute\n#   ok\n");
    int64_t door = ordered_at(live, "script: fault north/3 door\n#   ok\n");
    assert_true(dead >= before.us + 200000 && mute >= dead && door >= before.us + 400000 && none >= before.us + 600000);
    assert_true(door > mute && none > door);
    assert_true(none < after.us + 600000 + (int64_t)patience_ms() * 1000);
    assert_true(says(live, "show", "north 2 linghu-t8 standby 0 50 -120.0 no none\n"));
    assert_true(says(live, "show", "north 3 linghu-t8 standby 0 50 -120.0 no door\n"));
    live_end(live);
}

static void test_every_order(void **state)
{
    (void)state;
    struct live *live = prepare("0 fault-line north echo\n0 detach north\n0 detach north\n0 attach north\n0 ports\n0 sounding\n"
                                "0 counts\n0 freeze north\n0 thaw north\n0 show\n0 script /no/such/file\n");
    live_start(live);
    await_log(live, "script: script /no/such/file\n#   error: script /no/such/file: No such file");
    assert_true(ordered_at(live, "script: detach north\n#   ok\n") > 0);
    assert_true(ordered_at(live, "script: detach north\n#   error: line north is detached already\n") > 0);
    assert_true(ordered_at(live, "script: sounding\n#   0\n#   ok\n") > 0);
    assert_true(ordered_at(live, "script: freeze north\n#   error: line north is a pty") > 0);
    assert_true(ordered_at(live, "script: show\n#   north 1 linghu-t8 standby 0 50 -120.0 no none\n#   north 2 ") > 0);
    char command[256], path[128], said[512] = "";
    path_in(live, "frames.log", path, sizeof path);
    snprintf(command, sizeof command, "python3 -B tests/tools/frames.py %s", path); /* to which all of this is nothing */
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(said, sizeof said, f));
    assert_int_equal(pclose(f), 0);
    assert_non_null(strstr(said, "north: 0 requests"));
    live_end(live);
}

static void test_a_script_by_order(void **state)
{
    (void)state;
    struct live *live = prepare("# nothing\n");
    live_start(live);
    char path[128], text[160];
    put_file(live, "more.txt", "0 fault all mute\n0.1 fault north/1 none\n", path, sizeof path);
    snprintf(text, sizeof text, "script %s", path);
    assert_string_equal(order(live, text), "ok\n");
    await(live, "show", "north 1 linghu-t8 standby 0 50 -120.0 no none\n");
    assert_true(says(live, "show", "north 2 linghu-t8 standby 0 50 -120.0 no mute\n"));
    char again[200]; /* a script may begin itself: for ever, until the end */
    put_file(live, "again.txt", "", path, sizeof path);
    snprintf(again, sizeof again, "0.02 fault north/1 slow:20\n0.04 fault north/1 none\n0.05 script %s\n", path);
    put_file(live, "again.txt", again, path, sizeof path);
    snprintf(text, sizeof text, "script %s", path);
    assert_string_equal(order(live, text), "ok\n");
    for (int i = 0; i < 3; i++) {
        await(live, "show", "north 1 linghu-t8 standby 0 50 -120.0 no slow:20\n");
        await(live, "show", "north 1 linghu-t8 standby 0 50 -120.0 no none\n");
    }
    live_end(live);
}

/* Each as the third line, behind one that must not happen. */
static void test_scripts_that_are_wrong(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"fault north/2 dead", "needs the seconds since the start and an order"},
        {"-1 fault north/2 dead", "needs the seconds"},
        {"nan fault north/2 dead", "needs the seconds"},
        {"1e9 fault north/2 dead", "needs the seconds"},
        {"5", "needs the seconds"},
        {"5s fault north/2 dead", "needs the seconds"},
        {"5 fault north/9 dead", "line north has no unit \"9\""},
        {"5 fault north/2x dead", "line north has no unit \"2x\""},
        {"5 fault west/2 dead", "there is no line \"west\""},
        {"5 fault north/2 deaf", "unknown fault \"deaf\""},
        {"5 fault-line north hum", "unknown fault \"hum\" of a line"},
        {"5 detach", "say: detach LINE"},
        {"5 detach west", "there is no line \"west\""},
        {"5 show all", "say: show, and no more"},
        {"5 script", "say: script FILE"},
        {"5 dance", "unknown command \"dance\"; known are: fault, fault-line, show"},
    };
    struct live *live = prepare("# nothing\n");
    live_start(live);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[256], path[128], named[256];
        struct error error = {0};
        snprintf(text, sizeof text, "# wrong\n0 fault north/1 dead\n%s\n", wrong[i][0]);
        put_file(live, "wrong.txt", text, path, sizeof path);
        snprintf(text, sizeof text, "script %s", path);
        snprintf(named, sizeof named, "error: script %s: line 3: %s", path, wrong[i][1]);
        assert_non_null(strstr(order(live, text), named));
        snprintf(live->settings->script, sizeof live->settings->script, "%s", path); /* the same of the settings' own */
        assert_null(village_create(live->settings, &error));
        assert_non_null(strstr(error.message, named + strlen("error: ")));
    }
    char path[128], text[1024];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    put_file(live, "wrong.txt", text, path, sizeof path);
    snprintf(text, sizeof text, "script %s", path);
    assert_true(says(live, text, "line 1: too long a line"));
    snprintf(text, sizeof text, "script %s", live->dir);
    assert_true(says(live, text, "cannot be read"));
    assert_true(says(live, "show", "north 1 linghu-t8 standby 0 50 -120.0 no none\n"));
    live_end(live);
}

static void test_a_script_ends_it(void **state)
{
    (void)state;
    struct live *live = prepare("0.1 quit\n5 fault north/1 dead\n");
    live_start(live);
    live_stop(live);
    live_end(live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders_in_their_time), cmocka_unit_test(test_every_order),
        cmocka_unit_test(test_a_script_by_order),    cmocka_unit_test(test_scripts_that_are_wrong),
        cmocka_unit_test(test_a_script_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
