/* The simulated terminals in virtual time, row by row of docs/terminals.md; their faults; what they hear. */
#include "tests/hardware/village_bench.h"

enum { T8_STATE, T8_TOKEN, T8_SOURCE, T8_LEVEL, T8_VOLUME, T8_MAINS, T8_BATTERY, T8_FAULTS, T8_UPTIME };
static int level(struct bench *bench)
{
    return (int16_t)input(bench, bench->unit.vendor == &village_linghu ? T8_LEVEL : 104);
}

/* The arm frame that a profile uses: power, source, token, volume in one write. */
static int arm(struct bench *bench, uint16_t token, uint16_t volume)
{
    const uint16_t values[4] = {1, 1, token, volume};
    return write_several(bench, 7, 16, 4, values);
}

static void test_t8_group_start(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    assert_int_equal(input(&t8, T8_STATE), 0);
    assert_int_equal(input(&t8, T8_TOKEN), 0);
    assert_int_equal(input(&t8, T8_SOURCE), 0);
    assert_int_equal(arm(&t8, 77, 80), 0);
    assert_int_equal(t8.size, 8);
    assert_int_equal(input(&t8, T8_STATE), 1);
    assert_int_equal(input(&t8, T8_TOKEN), 77);
    assert_int_equal(input(&t8, T8_VOLUME), 80);         /* behind the token's reset to 50, in the same write */
    assert_int_equal(ask6(&t8, 0, 6, 20, 78), NO_REPLY); /* another session's start */
    assert_int_equal(input(&t8, T8_STATE), 1);
    assert_int_equal(write_one(&t8, 20, 78), 3);
    assert_int_equal(ask6(&t8, 0, 6, 20, 77), NO_REPLY);
    assert_int_equal(input(&t8, T8_STATE), 2);
    assert_int_equal(input(&t8, T8_SOURCE), 1);
    assert_int_equal(input(&t8, T8_TOKEN), 77);
    assert_int_equal(write_one(&t8, 21, 1), 0);
    assert_int_equal(input(&t8, T8_STATE), 0);
    assert_int_equal(input(&t8, T8_TOKEN), 0);
    assert_int_equal(input(&t8, T8_SOURCE), 0);
    assert_int_equal(read_register(&t8, 3, 16), 1); /* the amplifier stays on */
    assert_int_equal(write_one(&t8, 20, 77), 3);
    assert_int_equal(write_one(&t8, 20, 0), 3); /* no token is no session */
}

static void test_t8_arming(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    assert_int_equal(write_one(&t8, 19, 90), 0);
    assert_int_equal(input(&t8, T8_VOLUME), 90);
    assert_int_equal(write_one(&t8, 18, 5), 0);
    assert_int_equal(input(&t8, T8_VOLUME), 50);
    assert_int_equal(write_one(&t8, 18, 0), 0);
    assert_int_equal(input(&t8, T8_STATE), 0);
    arm(&t8, 5, 60);
    assert_int_equal(write_one(&t8, 16, 0), 0); /* power off also disarms */
    assert_int_equal(input(&t8, T8_STATE), 0);
    arm(&t8, 5, 60);
    assert_int_equal(write_one(&t8, 20, 5), 0);
    arm(&t8, 5, 70); /* the same session again does not stop it, another one does */
    assert_int_equal(input(&t8, T8_STATE), 2);
    arm(&t8, 6, 70);
    assert_int_equal(input(&t8, T8_STATE), 1);
    assert_int_equal(input(&t8, T8_TOKEN), 6);
}

static void test_t8_refusals(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    static const uint8_t unknown[] = {1, 2, 5, 15, 7, 0x2B, 0x7F};
    for (size_t i = 0; i < sizeof unknown; i++)
        assert_int_equal(ask6(&t8, 7, unknown[i], 0, 1), 1);
    assert_int_equal(t8.size, 5);
    assert_int_equal(ask6(&t8, 7, 4, 9, 1), 2);
    assert_int_equal(ask6(&t8, 7, 4, 0, 10), 2);
    assert_int_equal(ask6(&t8, 7, 4, 0xFFFF, 2), 2);
    assert_int_equal(ask6(&t8, 7, 3, 15, 1), 2);
    assert_int_equal(ask6(&t8, 7, 3, 16, 7), 0);
    assert_int_equal(t8.size, 19);
    assert_int_equal(ask6(&t8, 7, 4, 0, 0), 3);
    assert_int_equal(ask6(&t8, 7, 4, 0, 126), 3);
    assert_int_equal(write_one(&t8, 15, 1), 2);
    assert_int_equal(write_one(&t8, 23, 1), 2);
    assert_int_equal(write_one(&t8, 16, 2), 3);
    assert_int_equal(write_one(&t8, 17, 2), 3);
    assert_int_equal(write_one(&t8, 19, 101), 3);
    assert_int_equal(write_one(&t8, 21, 0), 3);
    const uint16_t beyond[2] = {600, 0};
    assert_int_equal(write_several(&t8, 7, 22, 2, beyond), 2);
    const uint16_t values[4] = {1, 1, 9, 200}; /* what stands before the refused one is obeyed */
    assert_int_equal(write_several(&t8, 7, 16, 4, values), 3);
    assert_int_equal(input(&t8, T8_TOKEN), 9);
    const uint8_t short_count[9] = {7, 16, 0, 16, 0, 2, 2, 0, 1}; /* the byte count does not match */
    assert_int_equal(ask(&t8, short_count, 9), 3);
}

static void test_t8_health(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    assert_in_range(input(&t8, T8_MAINS), 210, 240);
    assert_int_equal(input(&t8, T8_BATTERY), 267);
    assert_int_equal(input(&t8, T8_FAULTS), 0);
    assert_in_range(input(&t8, T8_UPTIME), 3600, 20000);
    wait_ms(&t8, 70000000);
    assert_int_equal(input(&t8, T8_UPTIME), 65535);
    set_fault(&t8, "fault");
    assert_int_equal(input(&t8, T8_FAULTS), 1);
    assert_int_equal(input(&t8, T8_STATE), 3);
    set_fault(&t8, "battery_low");
    assert_int_equal(input(&t8, T8_FAULTS), 2);
    assert_true(input(&t8, T8_BATTERY) < 220);
    set_fault(&t8, "door");
    assert_int_equal(input(&t8, T8_FAULTS), 4);
    set_fault(&t8, "mains_lost");
    assert_int_equal(input(&t8, T8_FAULTS), 8);
    assert_int_equal(input(&t8, T8_MAINS), 0);
}

static void test_t8_hold(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    assert_int_equal(read_register(&t8, 3, 22), 600);
    assert_int_equal(write_one(&t8, 22, 2), 0);
    arm(&t8, 5, 50);
    write_one(&t8, 20, 5);
    wait_ms(&t8, 1900);
    assert_int_equal(input(&t8, T8_STATE), 2); /* this reading speaks to it */
    wait_ms(&t8, 1900);
    assert_int_equal(input(&t8, T8_STATE), 2);
    wait_ms(&t8, 2100);
    village_unit_tick(&t8.unit, t8.now); /* 2 s without a word */
    assert_false(t8.unit.started);
    assert_int_equal(input(&t8, T8_STATE), 0);
    write_one(&t8, 22, 0);
    arm(&t8, 6, 50);
    write_one(&t8, 20, 6);
    wait_ms(&t8, 1000000000);
    assert_int_equal(input(&t8, T8_STATE), 2);
}

static void test_t8_hears(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    play(&t8, -10, 400);
    assert_int_equal(level(&t8), -60); /* off */
    arm(&t8, 5, 100);
    play(&t8, -10, 400);
    assert_int_equal(level(&t8), -60); /* armed only */
    write_one(&t8, 20, 5);
    play(&t8, -120, 400);
    assert_int_equal(level(&t8), -60); /* started, and silence plays */
    play(&t8, -10, 400);
    assert_int_equal(level(&t8), -10);
    assert_true(village_unit_sounding(&t8.unit, t8.now));
    write_one(&t8, 19, 50);
    play(&t8, -10, 400);
    assert_int_equal(level(&t8), -16); /* half the volume: 6 dB */
    write_one(&t8, 19, 0);
    play(&t8, -10, 400);
    assert_int_equal(level(&t8), -60);
    write_one(&t8, 19, 100);
    play(&t8, -10, 160); /* of 300 ms: 8 blocks of 15 */
    assert_int_equal(level(&t8), -13);
    wait_ms(&t8, 300); /* nothing comes any more */
    assert_int_equal(level(&t8), -60);
    play(&t8, -10, 400);
    write_one(&t8, 21, 1);
    play(&t8, -10, 400);
    assert_int_equal(level(&t8), -60);
}

static void test_t8_settles(void **state)
{
    (void)state;
    for (int slow = 0; slow <= 1; slow++) {
        struct bench t8;
        open_unit(&t8, &village_linghu);
        set_fault(&t8, slow ? "settle:2000" : "none");
        arm(&t8, 5, 100);
        write_one(&t8, 20, 5);
        play(&t8, -10, 180);
        assert_int_equal(level(&t8), -60);
        play(&t8, -10, 400);
        assert_int_equal(level(&t8), slow ? -60 : -10);
        play(&t8, -10, 2000);
        assert_int_equal(level(&t8), -10);
    }
}

static void test_t8_needs_its_source(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    write_one(&t8, 16, 1);
    write_one(&t8, 18, 5);
    write_one(&t8, 20, 5);
    play(&t8, -10, 600);
    assert_int_equal(level(&t8), -60);
    write_one(&t8, 17, 1);
    play(&t8, -10, 600);
    assert_int_equal(level(&t8), -16);
}

static void test_t8_local_microphone(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    set_fault(&t8, "local");
    assert_int_equal(input(&t8, T8_STATE), 2);
    assert_int_equal(input(&t8, T8_SOURCE), 3);
    assert_int_equal(input(&t8, T8_TOKEN), 0);
    assert_int_equal(level(&t8), -20);
    assert_int_equal(arm(&t8, 5, 100), 6);
    assert_int_equal(write_one(&t8, 21, 1), 0); /* stop does not touch it */
    assert_int_equal(input(&t8, T8_SOURCE), 3);
    set_fault(&t8, "none");
    assert_int_equal(input(&t8, T8_STATE), 0);
    assert_int_equal(arm(&t8, 5, 100), 0);
}

static void test_c4_power_and_relay(void **state)
{
    (void)state;
    struct bench c4;
    open_unit(&c4, &village_beishan);
    assert_false(read_bit(&c4, 2, 0));
    assert_int_equal(write_one(&c4, 40, 15), 0);
    assert_int_equal(write_coil(&c4, 0, true), 0);
    assert_int_equal(c4.size, 8);
    assert_int_equal(read_register(&c4, 3, 40), 8); /* switching on resets the volume */
    assert_int_equal(write_one(&c4, 40, 12), 0);
    assert_int_equal(write_coil(&c4, 0, true), 0);
    assert_int_equal(read_register(&c4, 3, 40), 12); /* on already */
    wait_ms(&c4, 590);
    assert_false(read_bit(&c4, 2, 0));
    wait_ms(&c4, 20);
    assert_true(read_bit(&c4, 2, 0));
    assert_true(read_bit(&c4, 1, 0));
    assert_int_equal(write_coil(&c4, 1, true), 0);
    assert_true(read_bit(&c4, 2, 1));
    assert_true(read_bit(&c4, 1, 1));
    assert_int_equal(write_coil(&c4, 1, false), 0);
    assert_false(read_bit(&c4, 2, 1));
    assert_int_equal(write_coil(&c4, 0, false), 0);
    assert_false(read_bit(&c4, 2, 0));
    assert_int_equal(write_coil(&c4, 1, true), 0); /* armed or not, on or not */
    assert_true(read_bit(&c4, 2, 1));
}

static void test_c4_several_coils(void **state)
{
    (void)state;
    struct bench c4;
    open_unit(&c4, &village_beishan);
    const uint8_t both[8] = {7, 15, 0, 0, 0, 2, 1, 0x03};
    assert_int_equal(ask(&c4, both, 8), 0);
    assert_int_equal(ask6(&c4, 7, 1, 0, 3), 0);
    assert_int_equal(c4.reply[3], 0x03);
    assert_int_equal(ask6(&c4, 7, 2, 0, 6), 0);
    assert_int_equal(c4.reply[3], 0x12); /* relay and mains; the amplifier is not ready yet */
    const uint8_t wrong[8] = {7, 15, 0, 0, 0, 2, 2, 0x03};
    assert_int_equal(ask(&c4, wrong, 8), 3);
    const uint8_t beyond[8] = {7, 15, 0, 2, 0, 2, 1, 0x03};
    assert_int_equal(ask(&c4, beyond, 8), 2);
    const uint16_t volume[1] = {3};
    assert_int_equal(write_several(&c4, 7, 40, 1, volume), 0);
    assert_int_equal(read_register(&c4, 3, 40), 3);
}

static void test_c4_refusals(void **state)
{
    (void)state;
    struct bench c4;
    open_unit(&c4, &village_beishan);
    assert_int_equal(ask6(&c4, 7, 7, 0, 1), 1);
    assert_int_equal(ask6(&c4, 7, 0x2B, 0, 1), 1);
    assert_int_equal(ask6(&c4, 7, 1, 3, 1), 2);
    assert_int_equal(ask6(&c4, 7, 2, 6, 1), 2);
    assert_int_equal(ask6(&c4, 7, 4, 99, 1), 2);
    assert_int_equal(ask6(&c4, 7, 4, 100, 7), 2);
    assert_int_equal(ask6(&c4, 7, 3, 39, 1), 2);
    assert_int_equal(ask6(&c4, 7, 1, 0, 2001), 3);
    assert_int_equal(ask6(&c4, 7, 5, 0, 1), 3); /* neither FF00 nor 0000 */
    assert_int_equal(ask6(&c4, 7, 5, 3, 0xFF00), 2);
    assert_int_equal(write_one(&c4, 40, 16), 3);
    assert_int_equal(write_one(&c4, 16, 1), 2);
    const uint16_t values[4] = {1, 1, 77, 80};
    assert_int_equal(write_several(&c4, 0, 16, 4, values), NO_REPLY); /* the other vendor's arm, by broadcast */
    assert_false(c4.unit.amplifier || c4.unit.started);
    assert_int_equal(ask6(&c4, 0, 5, 1, 0xFF00), NO_REPLY); /* its own, by broadcast, is obeyed */
    assert_true(c4.unit.started);
}

static void test_c4_readings(void **state)
{
    (void)state;
    struct bench c4;
    open_unit(&c4, &village_beishan);
    unsigned uptime = input(&c4, 100) | input(&c4, 101) << 16;
    assert_in_range(uptime, 3600, 20000);
    wait_ms(&c4, 100000000);
    assert_int_equal(input(&c4, 100) | input(&c4, 101) << 16, uptime + 100000);
    assert_int_not_equal(input(&c4, 101), 0); /* low word first */
    assert_int_equal(input(&c4, 102) | input(&c4, 103) << 16, 26400);
    assert_int_equal(input(&c4, 105), 0x0214);
    assert_in_range(level(&c4), 415, 425);
    assert_true(read_bit(&c4, 2, 4));
    set_fault(&c4, "door");
    assert_true(read_bit(&c4, 2, 3));
    set_fault(&c4, "mains_lost");
    assert_false(read_bit(&c4, 2, 4));
    set_fault(&c4, "battery_low");
    assert_true((input(&c4, 102) | input(&c4, 103) << 16) < 21000);
    set_fault(&c4, "noise");
    assert_in_range(level(&c4), 795, 805);
    set_fault(&c4, "local");
    assert_true(read_bit(&c4, 2, 2));
    assert_int_equal(write_coil(&c4, 1, true), 6);
    assert_true(level(&c4) > 850);
}

static void test_c4_hears(void **state)
{
    (void)state;
    struct bench c4;
    open_unit(&c4, &village_beishan);
    write_coil(&c4, 1, true);
    play(&c4, -16, 1200);
    assert_in_range(level(&c4), 415, 425); /* off */
    write_coil(&c4, 0, true);
    write_one(&c4, 40, 15);
    play(&c4, -16, 580);
    assert_in_range(level(&c4), 415, 425); /* not ready */
    play(&c4, -16, 1200);
    assert_in_range(level(&c4), 944, 956);
    write_one(&c4, 40, 8);
    play(&c4, -16, 1200);
    assert_in_range(level(&c4), 889, 901);
    play(&c4, -120, 1200);
    assert_in_range(level(&c4), 415, 425);
    write_coil(&c4, 1, false);
    play(&c4, -16, 1200);
    assert_in_range(level(&c4), 415, 425);
    assert_false(village_unit_sounding(&c4.unit, c4.now));
    assert_int_equal(write_coil(&c4, 2, true), 0);
    assert_in_range(level(&c4), 594, 606); /* the beep */
    assert_true(read_bit(&c4, 1, 2));
    assert_false(village_unit_sounding(&c4.unit, c4.now)); /* is no programme */
    wait_ms(&c4, 1001);
    assert_in_range(level(&c4), 415, 425);
}

/* Brings either vendor to sounding at full volume. Returns the answer to the start. */
static int sound(struct bench *bench)
{
    if (bench->unit.vendor == &village_linghu) {
        arm(bench, 5, 100);
        return write_one(bench, 20, 5);
    }
    write_coil(bench, 0, true);
    write_one(bench, 40, 15);
    return write_coil(bench, 1, true);
}

static const struct village_vendor *const vendors[] = {&village_linghu, &village_beishan};

static void test_fault_mute_and_amplifier(void **state)
{
    (void)state;
    static const char *const faults[] = {"none", "mute", "fault"};
    for (size_t v = 0; v < 2; v++) {
        for (size_t k = 0; k < 3; k++) {
            struct bench bench;
            open_unit(&bench, vendors[v]);
            int quiet = level(&bench);
            set_fault(&bench, faults[k]);
            assert_int_equal(sound(&bench), 0);
            play(&bench, -16, 2000);
            assert_true(bench.unit.started);
            if (k == 0)
                assert_true(level(&bench) > quiet + 20);
            else
                assert_true(level(&bench) < quiet + 20);
        }
    }
}

static void test_fault_refuses_and_wont_stop(void **state)
{
    (void)state;
    struct bench t8, c4;
    open_unit(&t8, &village_linghu);
    set_fault(&t8, "refuses_arm");
    assert_int_equal(arm(&t8, 5, 100), 0);
    assert_int_equal(input(&t8, T8_STATE), 0);
    set_fault(&t8, "refuses_start");
    sound(&t8);
    assert_int_equal(input(&t8, T8_STATE), 1);
    set_fault(&t8, "wont_stop");
    assert_int_equal(write_one(&t8, 21, 1), 0);
    assert_int_equal(input(&t8, T8_STATE), 0); /* it was not sounding */
    sound(&t8);
    assert_int_equal(write_one(&t8, 21, 1), 0);
    assert_int_equal(write_one(&t8, 18, 0), 0);
    assert_int_equal(write_one(&t8, 16, 0), 0);
    assert_int_equal(input(&t8, T8_STATE), 2);
    play(&t8, -10, 600);
    assert_int_equal(level(&t8), -10);

    open_unit(&c4, &village_beishan);
    set_fault(&c4, "refuses_arm");
    sound(&c4);
    play(&c4, -16, 2000);
    assert_false(read_bit(&c4, 2, 0));
    assert_in_range(level(&c4), 415, 425);
    open_unit(&c4, &village_beishan);
    set_fault(&c4, "refuses_start");
    assert_int_equal(sound(&c4), 0);
    assert_false(read_bit(&c4, 2, 1));
    set_fault(&c4, "wont_stop");
    sound(&c4);
    assert_int_equal(write_coil(&c4, 1, false), 0);
    assert_true(read_bit(&c4, 2, 1));
}

static void test_fault_dead(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct bench bench;
        open_unit(&bench, vendors[v]);
        sound(&bench);
        play(&bench, -10, 1000);
        assert_true(village_unit_sounding(&bench.unit, bench.now));
        set_fault(&bench, "dead");
        assert_false(village_unit_sounding(&bench.unit, bench.now));
        assert_int_equal(sound(&bench), NO_REPLY);
        play(&bench, -10, 1000);
        assert_false(village_unit_sounding(&bench.unit, bench.now));
        set_fault(&bench, "none");
        assert_int_equal(sound(&bench), NO_REPLY); /* it starts up first */
        wait_ms(&bench, 2000);
        assert_int_equal(input(&bench, v == 0 ? T8_UPTIME : 100), 2);
        assert_int_equal(sound(&bench), 0);
    }
}

static void test_fault_reboot(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct bench bench;
        open_unit(&bench, vendors[v]);
        set_fault(&bench, "reboot:5000");
        sound(&bench);
        play(&bench, -10, 4900);
        assert_int_not_equal(ask6(&bench, 7, 4, v == 0 ? T8_STATE : 100, 1), NO_REPLY);
        assert_true(village_unit_sounding(&bench.unit, bench.now));
        play(&bench, -10, 200);
        assert_false(village_unit_sounding(&bench.unit, bench.now));
        assert_int_equal(ask6(&bench, 7, 4, v == 0 ? T8_STATE : 100, 1), NO_REPLY);
        wait_ms(&bench, 2000);
        assert_int_equal(input(&bench, v == 0 ? T8_UPTIME : 100), 2);
        assert_false(bench.unit.amplifier || bench.unit.token);
    }
}

static void test_fault_stops(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct bench bench;
        open_unit(&bench, vendors[v]);
        unsigned up = input(&bench, v == 0 ? T8_UPTIME : 100);
        set_fault(&bench, "stops:5000");
        for (int time = 0; time < 2; time++) { /* each time that it is started */
            sound(&bench);
            play(&bench, -10, 4900);
            assert_true(village_unit_sounding(&bench.unit, bench.now));
            play(&bench, -10, 200);
            wait_ms(&bench, 1000);
            assert_false(village_unit_sounding(&bench.unit, bench.now));
            assert_int_equal(bench.unit.token, 0);
        }
        assert_true(input(&bench, v == 0 ? T8_UPTIME : 100) >= up + 12); /* it did not start up anew */
    }
}

static void test_faults_of_the_answer(void **state)
{
    (void)state;
    struct bench bench;
    open_unit(&bench, &village_linghu);
    set_fault(&bench, "slow:300");
    assert_int_equal(write_one(&bench, 19, 20), 0);
    assert_int_equal(bench.late_us, 300000);
    set_fault(&bench, "exception:4");
    assert_int_equal(write_one(&bench, 19, 30), 4);
    assert_int_equal(bench.late_us, 0);
    assert_int_equal(input(&bench, T8_VOLUME), 20); /* reading goes, nothing was obeyed */
    int missing = 0, broken = 0;
    set_fault(&bench, "flaky:30");
    for (int i = 0; i < 1000; i++)
        missing += ask6(&bench, 7, 4, 0, 1) == NO_REPLY;
    assert_in_range(missing, 240, 360);
    set_fault(&bench, "crc:30");
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ask6(&bench, 7, 4, 0, 1), 0);
        broken += village_crc(bench.reply, bench.size) != 0;
    }
    assert_in_range(broken, 240, 360);
}

static void test_sometimes_slow(void **state)
{
    (void)state;
    struct bench bench;
    open_unit(&bench, &village_linghu);
    set_fault(&bench, "sometimes_slow:250@30");
    int slow = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ask6(&bench, 7, 4, 0, 1), 0);
        assert_true(bench.late_us == 0 || bench.late_us == 250000);
        slow += bench.late_us > 0;
    }
    assert_in_range(slow, 240, 360);
}

/* A request with its CRC to a unit that may answer under another's address; returns that address, 0 without an answer. */
static uint8_t answered_as(struct bench *bench, uint8_t unit, uint8_t function, uint8_t address, uint8_t value)
{
    uint8_t request[8] = {unit, function, 0, address, 0, value};
    village_crc_add(request, 6);
    assert_true(village_unit_takes(&bench->unit, unit));
    size_t n = village_unit_answer(&bench->unit, request, 8, bench->now, bench->reply, &bench->late_us);
    assert_true(n == 0 || village_crc(bench->reply, n) == 0);
    return n > 0 ? bench->reply[0] : 0;
}

static void test_wrong_id(void **state)
{
    (void)state;
    struct bench bench;
    open_unit(&bench, &village_linghu);
    set_fault(&bench, "wrong_id:9");
    assert_int_equal(answered_as(&bench, 7, 4, 0, 1), 9);
    assert_int_equal(answered_as(&bench, 7, 6, 19, 33), 9);
    assert_int_equal(bench.unit.volume, 33);
    assert_false(village_unit_takes(&bench.unit, 9)); /* it only says so */
}

static void test_no_answer(void **state)
{
    (void)state;
    struct bench bench;
    open_unit(&bench, &village_linghu);
    set_fault(&bench, "no_answer");
    assert_int_equal(answered_as(&bench, 7, 6, 19, 33), 0);
    assert_int_equal(answered_as(&bench, 7, 4, 0, 1), 0);
    assert_int_equal(bench.unit.volume, 33); /* it hears and obeys */
}

static void test_answers_for(void **state)
{
    (void)state;
    struct bench bench;
    open_unit(&bench, &village_linghu);
    assert_false(village_unit_takes(&bench.unit, 9));
    set_fault(&bench, "answers_for:9");
    assert_int_equal(answered_as(&bench, 9, 6, 19, 33), 9); /* under the address that was asked */
    assert_int_equal(bench.unit.volume, 33);
    assert_int_equal(answered_as(&bench, 7, 4, 0, 1), 7);
    assert_false(village_unit_takes(&bench.unit, 8));
    assert_true(village_unit_takes(&bench.unit, 0));
}

/* Two units with one address: both obey a write and say the same; their readings collide, every time. */
static void test_duplicate(void **state)
{
    (void)state;
    struct bench bench;
    open_unit(&bench, &village_linghu);
    set_fault(&bench, "duplicate");
    assert_int_equal(write_one(&bench, 19, 35), 0);
    assert_int_equal(village_crc(bench.reply, bench.size), 0);
    for (int i = 0; i < 100; i++) {
        ask6(&bench, 7, 4, 0, 1);
        assert_int_not_equal(village_crc(bench.reply, bench.size), 0);
    }
    set_fault(&bench, "none");
    assert_int_equal(input(&bench, T8_VOLUME), 35);
}

static void test_noise_of_t8(void **state)
{
    (void)state;
    struct bench t8;
    open_unit(&t8, &village_linghu);
    set_fault(&t8, "noise");
    assert_int_equal(level(&t8), -25);
    assert_false(village_unit_sounding(&t8.unit, t8.now)); /* it hums; that is no programme */
}

static void test_same_seed_same_unit(void **state)
{
    (void)state;
    struct bench a, b, c;
    open_unit(&a, &village_beishan);
    open_unit(&b, &village_beishan);
    open_unit(&c, &village_beishan);
    village_unit_open(&c.unit, &village_beishan, 7, 2, c.now);
    int differs = 0;
    for (int i = 0; i < 50; i++) {
        int level_a = level(&a);
        assert_int_equal(level_a, level(&b));
        differs += level_a != level(&c);
    }
    assert_true(differs > 0);
}

static void test_fault_names(void **state)
{
    (void)state;
    struct village_fault fault;
    struct error error;
    for (int kind = 0; kind < FAULT_COUNT; kind++) {
        char text[48], printed[48];
        snprintf(text, sizeof text, "%s:50@20", village_fault_name((enum village_fault_kind)kind));
        bool twice = village_fault_parse(text, &fault, NULL);
        if (!twice)
            *strchr(text, '@') = '\0';
        bool with = village_fault_parse(text, &fault, NULL);
        if (!with)
            *strchr(text, ':') = '\0';
        assert_true(village_fault_parse(text, &fault, &error));
        assert_int_equal(fault.kind, kind);
        assert_int_equal(fault.argument, with ? 50 : 0);
        assert_int_equal(fault.percent, twice ? 20 : 0);
        village_fault_print(&fault, printed, sizeof printed);
        assert_string_equal(printed, text);
    }
    assert_false(village_fault_parse("silent", &fault, &error));
    assert_non_null(strstr(error.message, "\"silent\""));
    assert_non_null(strstr(error.message, "none dead slow")); /* those known, to the last */
    assert_non_null(strstr(error.message, "answers_for late_direction"));
    static const char *const wrong[] = {"slow",
                                        "slow:",
                                        "slow:x",
                                        "slow:0",
                                        "slow:60001",
                                        "flaky:101",
                                        "mute:3",
                                        "",
                                        "dea",
                                        "wrong_id:0",
                                        "wrong_id:248",
                                        "sometimes_slow:50",
                                        "sometimes_slow:50@",
                                        "sometimes_slow:50@101",
                                        "sometimes_slow@5",
                                        "slow:5@5"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(village_fault_parse(wrong[i], &fault, &error));
}

static void test_ear(void **state)
{
    (void)state;
    int16_t sine[960], zero[960] = {0};
    for (int i = 0; i < 960; i++)
        sine[i] = (int16_t)lrint(32767 * sin(i * 2 * 3.14159265358979 / 48));
    assert_true(fabs(village_decibel(village_power(sine, 960), -120) + 3.01) < 0.01);
    assert_true(village_decibel(village_power(zero, 960), -120) <= -120);
    assert_true(village_power(sine, 0) <= 0);
    struct village_ear ear = {0};
    struct mono now = {1000000};
    assert_true(village_ear_mean(&ear, 300, now) <= 0);
    for (int i = 0; i < 200; i++, now.us += 20000)
        village_ear_add(&ear, 0.5, now);
    now.us -= 20000; /* the last one */
    assert_true(fabs(village_ear_mean(&ear, 300, now) - 0.5) < 1e-9);
    assert_true(fabs(village_ear_mean(&ear, 1000, now) - 0.5) < 1e-9);
    now.us += 500000;
    assert_true(village_ear_mean(&ear, 300, now) <= 0);
    assert_true(fabs(village_ear_mean(&ear, 1000, now) - 0.25) < 1e-9);
}

static void test_vendors_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(village_vendor_find("linghu-t8"), &village_linghu);
    assert_ptr_equal(village_vendor_find("beishan-c4"), &village_beishan);
    assert_null(village_vendor_find("acme"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t8_group_start),
        cmocka_unit_test(test_t8_arming),
        cmocka_unit_test(test_t8_refusals),
        cmocka_unit_test(test_t8_health),
        cmocka_unit_test(test_t8_hold),
        cmocka_unit_test(test_t8_hears),
        cmocka_unit_test(test_t8_settles),
        cmocka_unit_test(test_t8_needs_its_source),
        cmocka_unit_test(test_t8_local_microphone),
        cmocka_unit_test(test_c4_power_and_relay),
        cmocka_unit_test(test_c4_several_coils),
        cmocka_unit_test(test_c4_refusals),
        cmocka_unit_test(test_c4_readings),
        cmocka_unit_test(test_c4_hears),
        cmocka_unit_test(test_fault_mute_and_amplifier),
        cmocka_unit_test(test_fault_refuses_and_wont_stop),
        cmocka_unit_test(test_fault_dead),
        cmocka_unit_test(test_fault_reboot),
        cmocka_unit_test(test_fault_stops),
        cmocka_unit_test(test_faults_of_the_answer),
        cmocka_unit_test(test_sometimes_slow),
        cmocka_unit_test(test_wrong_id),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_answers_for),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_noise_of_t8),
        cmocka_unit_test(test_same_seed_same_unit),
        cmocka_unit_test(test_fault_names),
        cmocka_unit_test(test_ear),
        cmocka_unit_test(test_vendors_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
