/* The simulated terminals beside the first two, and the UPS, by raw requests, row by row of docs/terminals.md. */
#include "tests/hardware/village_bench.h"

static unsigned holding(struct bench *bench, unsigned address)
{
    return read_register(bench, 3, address);
}

static bool sounds(struct bench *bench)
{
    village_unit_tick(&bench->unit, bench->now);
    return village_unit_sounding(&bench->unit, bench->now);
}

static double loudness(const struct bench *bench)
{
    return village_decibel(village_unit_loudness(&bench->unit, 300, bench->now), -120);
}

/* Whatever a vendor knows: it is found by its name, knows no function but its own and no address but its own. */
static void test_names_and_limits(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t reads, beyond_function; /* a function that it does not know */
        uint16_t first, last;           /* of what can be read */
    } cases[] = {
        {"informer15", 3, 4, 0, 13},
        {"luming-l6", 3, 4, 256, 273},
        {"cuiwei-s2", 4, 5, 0, 18},
        {"generic-ups", 4, 6, 0, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        const struct village_vendor *vendor = village_vendor_find(cases[i].name);
        assert_non_null(vendor);
        assert_string_equal(vendor->name, cases[i].name);
        open_unit(&b, vendor);
        unsigned n = cases[i].last - cases[i].first + 1u;
        assert_int_equal(ask6(&b, 7, cases[i].reads, cases[i].first, n), 0);
        assert_int_equal(b.size, 5 + 2 * n);
        assert_int_equal(ask6(&b, 7, cases[i].reads, cases[i].first, n + 1), 2);
        assert_int_equal(ask6(&b, 7, cases[i].beyond_function, 0, 1), 1);
    }
    char names[120];
    village_vendor_names(names, sizeof names);
    assert_string_equal(names, "linghu-t8, beishan-c4, informer15, luming-l6, cuiwei-s2, generic-ups");
}

/* ---- Informer15 ---- */

enum { MESSAGE = 1, TONE, UTILITY, ATTENUATION, AMBIENT };
enum { ARM, DISARM, RESET, CANCEL, QUIET };

static bool activated(struct bench *bench)
{
    return read_bit(bench, 1, 0);
}

static void test_informer_plays_by_itself(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_informer);
    assert_int_equal(write_one(&b, MESSAGE, 5), 0); /* not armed: nothing comes of it */
    wait_ms(&b, 400);
    assert_false(activated(&b));
    assert_false(sounds(&b));
    assert_int_equal(write_one(&b, UTILITY, ARM), 0);
    assert_int_equal(write_one(&b, TONE, 1), 0);
    assert_false(activated(&b)); /* not detected yet */
    wait_ms(&b, 400);
    assert_true(activated(&b));
    assert_int_equal(write_one(&b, MESSAGE, 5), 0); /* takes the tone's place, and its result begins anew */
    assert_false(activated(&b));
    wait_ms(&b, 400);
    assert_true(activated(&b));
    assert_int_equal(holding(&b, MESSAGE), 5);
    assert_int_equal(holding(&b, TONE), 0);
    assert_true(sounds(&b));
    play(&b, 0, 100); /* what is on the bus is nothing to it */
    assert_true(fabs(loudness(&b) + 16) < 0.1);
    wait_ms(&b, 20000); /* the message is over; its result stands */
    assert_false(sounds(&b));
    assert_true(activated(&b));
    assert_int_equal(write_one(&b, UTILITY, CANCEL), 0);
    assert_true(activated(&b));
    assert_int_equal(write_one(&b, UTILITY, RESET), 0);
    assert_false(activated(&b));
    assert_int_equal(holding(&b, UTILITY), RESET);
}

static void test_informer_registers(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_informer);
    assert_int_equal(write_one(&b, ATTENUATION, 20), 0);
    assert_int_equal(write_one(&b, AMBIENT, 60), 0);
    assert_int_equal(write_one(&b, UTILITY, ARM), 0); /* clears both */
    assert_int_equal(holding(&b, ATTENUATION), 0);
    assert_int_equal(holding(&b, AMBIENT), 0);
    assert_int_equal(write_one(&b, ATTENUATION, 6), 0);
    write_one(&b, MESSAGE, 1);
    assert_true(fabs(loudness(&b) + 22) < 0.1); /* 6 dB below full volume */
    static const struct {
        unsigned address, bad;
    } bad[] = {{0, 0},    {0, 65},      {MESSAGE, 0},      {MESSAGE, 4094}, {TONE, 0},
               {TONE, 8}, {UTILITY, 5}, {ATTENUATION, 21}, {AMBIENT, 49},   {AMBIENT, 81}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(write_one(&b, bad[i].address, bad[i].bad), 3);
    assert_int_equal(write_coil(&b, 0, true), 2); /* results and inputs are only read */
    assert_int_equal(write_one(&b, UTILITY, QUIET), 0);
    set_fault(&b, "door"); /* its contact is the first input */
    assert_true(read_bit(&b, 1, 1));
    assert_false(read_bit(&b, 1, 2));
    assert_false(read_bit(&b, 1, 5));
}

static void test_informer_functions(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_informer);
    assert_int_equal(write_coil(&b, 18, true), 0); /* function 3: needs no arming */
    wait_ms(&b, 400);
    assert_true(activated(&b));
    assert_true(read_bit(&b, 1, 18));
    assert_false(read_bit(&b, 1, 17));
    assert_int_equal(holding(&b, 0), 3);
    assert_int_equal(write_coil(&b, 18, true), 0); /* again, without a 0 between them */
    assert_false(activated(&b));
    assert_true(sounds(&b));
    assert_int_equal(write_coil(&b, 18, false), 0);
    assert_true(sounds(&b));
}

static void test_informer_faults(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        bool armed, activated, loud;
    } cases[] = {{"none", true, true, true},  {"refuses_arm", false, false, false}, {"refuses_start", true, false, false},
                 {"mute", true, true, false}, {"fault", true, false, true},         {"local", true, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        open_unit(&b, &village_informer);
        write_one(&b, UTILITY, DISARM);
        set_fault(&b, cases[i].fault);
        assert_int_equal(write_one(&b, UTILITY, ARM), 0);
        assert_int_equal(write_one(&b, MESSAGE, 5), 0);
        wait_ms(&b, 400);
        assert_int_equal(holding(&b, UTILITY) == ARM, cases[i].armed);
        assert_int_equal(activated(&b) && holding(&b, MESSAGE) == 5, cases[i].activated);
        assert_int_equal(loudness(&b) > -20, cases[i].loud);
    }
}

/* Somebody activates it at the unit: what it reports is that, until it is reset. */
static void test_informer_by_hand(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_informer);
    set_fault(&b, "local");
    assert_true(activated(&b));
    assert_int_equal(holding(&b, 0), 1);
    assert_int_equal(holding(&b, MESSAGE), 0);
    write_one(&b, UTILITY, RESET);
    assert_false(activated(&b));
}

static void test_informer_stops(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_informer);
    write_one(&b, UTILITY, ARM);
    write_one(&b, MESSAGE, 5);
    set_fault(&b, "wont_stop");
    wait_ms(&b, 30000);
    write_one(&b, UTILITY, RESET);
    assert_true(activated(&b));
    assert_true(sounds(&b));
    set_fault(&b, "reboot:500");
    wait_ms(&b, 3000); /* it has fallen and is up again: nothing is left */
    assert_int_equal(holding(&b, MESSAGE), 0);
    assert_int_equal(holding(&b, UTILITY), 0);
    assert_false(activated(&b));
}

/* ---- Luming L6 ---- */

enum { STATE = 256, FLAGS, FAULTS, LEVEL = 265, AMPLIFIER = 512, VOLUME, PLAY, HOLD };

static void test_luming_plays(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_luming);
    assert_int_equal(holding(&b, STATE), 0x00);
    assert_int_equal(write_one(&b, AMPLIFIER, 1), 0);
    assert_int_equal(holding(&b, FLAGS), 0);
    wait_ms(&b, 400);
    assert_int_equal(holding(&b, FLAGS), 1);
    assert_int_equal(write_one(&b, VOLUME, 31), 0);
    assert_int_equal(write_one(&b, PLAY, 1), 0);
    assert_int_equal(holding(&b, STATE), 0x85);
    play(&b, -16, 600);
    assert_in_range(holding(&b, LEVEL), 435, 445); /* -16 dB */
    assert_true(sounds(&b));
    assert_int_equal(ask6(&b, 0, 6, PLAY, 0), NO_REPLY);
    assert_int_equal(holding(&b, STATE), 0x00);
    assert_int_equal(holding(&b, FLAGS), 1); /* the amplifier stays on */
    write_one(&b, PLAY, 1);
    write_one(&b, AMPLIFIER, 0);
    assert_int_equal(holding(&b, STATE), 0x00);
    assert_int_equal(holding(&b, LEVEL + 1), 115801300 & 0xFFFF); /* low word of 115.801300 degrees first */
    assert_int_equal(holding(&b, LEVEL + 2), 115801300 >> 16);
}

/* Reading it does not count: it plays on only if the hold register is written again. */
static void test_luming_holds(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_luming);
    assert_int_equal(holding(&b, HOLD), 20);
    write_one(&b, PLAY, 1);
    wait_ms(&b, 19000);
    assert_int_equal(holding(&b, STATE), 0x85);
    assert_int_equal(write_one(&b, HOLD, 5), 0);
    wait_ms(&b, 4900);
    assert_int_equal(holding(&b, STATE), 0x85);
    wait_ms(&b, 200);
    assert_int_equal(holding(&b, STATE), 0x00);
    assert_int_equal(write_one(&b, HOLD, 0), 3);
    assert_int_equal(write_one(&b, HOLD, 601), 3);
}

static void test_luming_faults(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        unsigned flags, faults, mains, supply;
    } cases[] = {{"none", 1, 0, 0x224, 0x246},        {"door", 3, 0, 0x224, 0x246},  {"mains_lost", 5, 0, 0, 0x246},
                 {"battery_low", 1, 1, 0x224, 0x201}, {"fault", 0, 4, 0x224, 0x246}, {"noise", 1, 16, 0x224, 0x246},
                 {"refuses_arm", 0, 0, 0x224, 0x246}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        open_unit(&b, &village_luming);
        set_fault(&b, cases[i].fault);
        write_one(&b, AMPLIFIER, 1);
        wait_ms(&b, 400);
        assert_int_equal(holding(&b, FLAGS), cases[i].flags);
        assert_int_equal(holding(&b, FAULTS), cases[i].faults);
        assert_int_equal(holding(&b, 260), cases[i].mains); /* BCD */
        assert_int_equal(holding(&b, 261), cases[i].supply);
    }
}

static void test_luming_refusals(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_luming);
    assert_int_equal(write_one(&b, STATE, 1), 2);
    assert_int_equal(write_one(&b, AMPLIFIER, 2), 3);
    assert_int_equal(write_one(&b, VOLUME, 32), 3);
    assert_int_equal(write_one(&b, PLAY, 2), 3);
    write_one(&b, PLAY, 1);
    set_fault(&b, "local"); /* a local insert ends ours, and is not ended by us */
    assert_int_equal(holding(&b, STATE), 0x83);
    assert_int_equal(write_one(&b, PLAY, 1), 6);
    assert_int_equal(write_one(&b, PLAY, 0), 0);
    assert_int_equal(holding(&b, STATE), 0x83);
    set_fault(&b, "none");
    assert_int_equal(holding(&b, STATE), 0x00);
    set_fault(&b, "refuses_start");
    assert_int_equal(write_one(&b, PLAY, 1), 0);
    assert_int_equal(holding(&b, STATE), 0x00);
    set_fault(&b, "none");
    write_one(&b, AMPLIFIER, 1);
    write_one(&b, PLAY, 1);
    set_fault(&b, "wont_stop");
    write_one(&b, PLAY, 0);
    write_one(&b, AMPLIFIER, 0);
    wait_ms(&b, 60000);
    assert_int_equal(holding(&b, STATE), 0x85);
}

/* ---- Cuiwei S2 ---- */

static int task(struct bench *bench, uint16_t number, uint16_t volume, uint16_t message, uint16_t times)
{
    const uint16_t values[4] = {number, volume, message, times};
    return write_several(bench, 7, 32, 4, values);
}

static void test_cuiwei_plays(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_cuiwei);
    assert_int_equal(input(&b, 0), 0x00);
    assert_int_equal(task(&b, 4711, 63, 12, 0), 0);
    assert_int_equal(input(&b, 0), 0x86);
    assert_int_equal(input(&b, 1), 4711);
    assert_int_equal(input(&b, 2), 0);
    assert_int_equal(input(&b, 3), 63);
    assert_int_equal(ask6(&b, 0, 6, 36, 4712), NO_REPLY); /* another task's */
    assert_int_equal(input(&b, 0), 0x86);
    assert_int_equal(write_one(&b, 36, 4712), 3);
    assert_int_equal(ask6(&b, 0, 6, 36, 4711), NO_REPLY);
    assert_int_equal(input(&b, 0), 0x87);
    assert_int_equal(input(&b, 2), 12);
    assert_true(fabs(loudness(&b) + 14) < 0.1);
    play(&b, 0, 1000); /* what is on the bus is nothing to it */
    assert_true(fabs(loudness(&b) + 14) < 0.1);
    assert_true(sounds(&b));
    wait_ms(&b, 100000); /* 0 times: until it is stopped */
    assert_int_equal(input(&b, 0), 0x87);
    assert_int_equal(write_one(&b, 37, 1), 0);
    assert_int_equal(input(&b, 0), 0x00);
    assert_int_equal(input(&b, 1), 0);
    assert_false(sounds(&b));
}

static void test_cuiwei_ends_by_itself(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_cuiwei);
    task(&b, 9, 30, 3, 2);
    write_one(&b, 36, 9);
    wait_ms(&b, 15900);
    assert_int_equal(input(&b, 0), 0x87);
    wait_ms(&b, 200); /* twice 8 s */
    assert_int_equal(input(&b, 0), 0x00);
    task(&b, 10, 30, 3, 0);
    write_one(&b, 36, 10);
    wait_ms(&b, 299000);
    assert_int_equal(input(&b, 0), 0x87); /* and this speaks to it */
    wait_ms(&b, 301000);
    assert_false(sounds(&b));
    assert_int_equal(input(&b, 1), 0);
}

static void test_cuiwei_refusals(void **state)
{
    (void)state;
    struct bench b;
    open_unit(&b, &village_cuiwei);
    assert_int_equal(task(&b, 5, 64, 1, 0), 3);
    assert_int_equal(task(&b, 5, 63, 0, 0), 3);
    assert_int_equal(task(&b, 5, 63, 100, 0), 3);
    assert_int_equal(task(&b, 5, 63, 1, 100), 3);
    assert_int_equal(write_one(&b, 37, 0), 3);
    assert_int_equal(write_one(&b, 31, 1), 2);
    task(&b, 5, 63, 1, 0);
    write_one(&b, 36, 5);
    assert_int_equal(write_one(&b, 32, 6), 0); /* another task ends this one */
    assert_int_equal(input(&b, 0), 0x86);
    set_fault(&b, "local");
    assert_int_equal(input(&b, 0), 0x83);
    assert_int_equal(input(&b, 1), 0);
    assert_int_equal(task(&b, 7, 63, 1, 0), 6);
    set_fault(&b, "refuses_arm");
    assert_int_equal(task(&b, 7, 63, 1, 0), 0);
    assert_int_equal(input(&b, 0), 0x00);
    set_fault(&b, "mute");
    task(&b, 7, 63, 1, 0);
    write_one(&b, 36, 7);
    assert_int_equal(input(&b, 0), 0x87);
    assert_true(loudness(&b) < -100);
}

static void test_cuiwei_health(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        unsigned code, mains, supply;
    } cases[] = {{"none", 0, 231, 2455},
                 {"battery_low", 1, 231, 2010},
                 {"mains_lost", 1, 0, 2455},
                 {"fault", 3, 231, 2455},
                 {"door", 5, 231, 2455}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        open_unit(&b, &village_cuiwei);
        set_fault(&b, cases[i].fault);
        assert_int_equal(input(&b, 17), cases[i].code);
        assert_int_equal(input(&b, 4), cases[i].mains);
        assert_int_equal(input(&b, 5), cases[i].supply);
        assert_int_equal((int16_t)input(&b, 8), -71);
        assert_int_equal(input(&b, 9) << 16 | input(&b, 10), 11580130); /* 1e-5 degrees, high word first */
        assert_int_equal(input(&b, 16) & 0xFF, 7);
    }
}

/* ---- the UPS ---- */

static void test_ups(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        bool mains, charger, door;
        unsigned source, battery, charge, voltage;
    } cases[] = {{"none", true, false, false, 3, 2, 100, 273},
                 {"mains_lost", false, false, false, 5, 2, 92, 251},
                 {"battery_low", true, false, false, 3, 3, 9, 213},
                 {"door", true, false, true, 3, 2, 100, 273},
                 {"fault", true, true, false, 3, 2, 100, 273}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        open_unit(&b, &village_ups);
        set_fault(&b, cases[i].fault);
        assert_int_equal(read_bit(&b, 2, 0), cases[i].mains);
        assert_int_equal(read_bit(&b, 2, 1), cases[i].charger);
        assert_int_equal(read_bit(&b, 2, 2), cases[i].door);
        assert_int_equal(input(&b, 0), cases[i].source);
        assert_int_equal(input(&b, 1), cases[i].battery);
        assert_int_equal(input(&b, 3), cases[i].charge);
        assert_int_equal(input(&b, 5), cases[i].voltage);
        wait_ms(&b, 60000);
        assert_int_equal(input(&b, 2), cases[i].mains ? 0 : 60);
        play(&b, 0, 100);
        assert_false(sounds(&b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_limits),      cmocka_unit_test(test_informer_plays_by_itself),
        cmocka_unit_test(test_informer_registers),    cmocka_unit_test(test_informer_functions),
        cmocka_unit_test(test_informer_faults),       cmocka_unit_test(test_informer_by_hand),
        cmocka_unit_test(test_informer_stops),        cmocka_unit_test(test_luming_plays),
        cmocka_unit_test(test_luming_holds),          cmocka_unit_test(test_luming_faults),
        cmocka_unit_test(test_luming_refusals),       cmocka_unit_test(test_cuiwei_plays),
        cmocka_unit_test(test_cuiwei_ends_by_itself), cmocka_unit_test(test_cuiwei_refusals),
        cmocka_unit_test(test_cuiwei_health),         cmocka_unit_test(test_ups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
