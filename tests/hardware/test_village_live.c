/* The simulated township on real ptys and FIFOs: wire time, the masters that must be caught, hearing, orders, unplugging. */
#include "tests/hardware/live_village.h"

#include <math.h>
#include <modbus/modbus.h>
#include <sys/stat.h>

enum { SILENCE_US = 4011, REPLY = 23 };

static const char township[] =
    "seed = 3; log = \"frames.log\";\n"
    "channels = ({ id = \"main\"; fifo = \"main.fifo\"; }, { id = \"other\"; fifo = \"other.fifo\"; });\n"
    "lines = (\n"
    "  { id = \"north\"; baud = 9600; channel = \"main\"; vendor = \"linghu-t8\"; units = \"1-4\"; },\n"
    "  { id = \"south\"; baud = 19200; channel = \"other\"; turnaround_ms = 5;\n"
    "    units = ({ units = \"1-2\"; vendor = \"linghu-t8\"; },\n"
    "             { unit = 9; vendor = \"beishan-c4\"; fault = \"noise\"; }); });\n";

static int begin(void **state)
{
    struct live *live = live_prepare(township);
    live_start(live);
    *state = live;
    return 0;
}

static int end(void **state)
{
    live_end(*state);
    return 0;
}

static int open_line(const struct live *live, const char *name)
{
    char path[128];
    path_in(live, name, path, sizeof path);
    int line = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(line >= 0);
    return line;
}

static void write_request(int line, uint8_t unit, uint8_t function, uint16_t address, uint16_t value)
{
    uint8_t frame[8] = {
        unit, function, (uint8_t)(address >> 8), (uint8_t)(address & 0xFF), (uint8_t)(value >> 8), (uint8_t)(value & 0xFF)};
    village_crc_add(frame, 6);
    assert_int_equal(write(line, frame, 8), 8);
}

/* Reads the nine input registers of a T8; returns when its last byte had been read. */
static struct mono transaction(int line, uint8_t unit)
{
    uint8_t reply[REPLY];
    write_request(line, unit, 4, 0, 9);
    assert_int_equal(read_reply(line, reply, REPLY, patience_ms()), REPLY);
    struct mono done = mono_now();
    assert_int_equal(village_crc(reply, REPLY), 0);
    assert_int_equal(reply[0], unit);
    return done;
}

static void test_a_reading_takes_its_time(void **state)
{
    struct live *live = *state;
    int line = open_line(live, "north");
    int64_t best = INT64_MAX;
    struct mono done = mono_now();
    for (int i = 0; i < 5; i++) {
        sleep_until(mono_plus_us(done, SILENCE_US));
        struct mono began = mono_now();
        done = transaction(line, 1);
        int64_t took = mono_since(done, began);
        /* 31 characters, 3.5 of silence, 3 ms: never less; how much more is the machine's, so only the best of them counts */
        assert_true(took >= 42531);
        best = took < best ? took : best;
    }
    assert_true(best < 5 * 42531);
    close(line);
}

static void test_a_master_who_keeps_silence(void **state)
{
    struct live *live = *state;
    int line = open_line(live, "north");
    for (int i = 0; i < 20; i++)
        sleep_until(mono_plus_us(transaction(line, (uint8_t)(1 + i % 4)), SILENCE_US));
    assert_int_equal(count_of(live, "north", "garbled"), 0);
    assert_int_equal(count_of(live, "north", "collisions"), 0);
    assert_int_equal(count_of(live, "north", "requests"), 20);
    assert_int_equal(count_of(live, "north", "replies"), 20);
    assert_int_equal(count_of(live, "north", "busy_us") / 1000, 710); /* 20 x 31 characters */
    assert_int_equal(count_of(live, "south", "requests"), 0);
    close(line);
}

/* Positive control: what libmodbus does by itself must be caught. */
static void test_a_plain_libmodbus_loop_is_garbled(void **state)
{
    struct live *live = *state;
    char path[128];
    path_in(live, "north", path, sizeof path);
    modbus_t *plain = modbus_new_rtu(path, 9600, 'E', 8, 1);
    assert_non_null(plain);
    modbus_set_slave(plain, 1);
    modbus_set_response_timeout(plain, 0, 400000);
    assert_int_equal(modbus_connect(plain), 0);
    uint64_t good = 0, asked = 0, garbled = 0;
    for (; asked < 60 && garbled < 3; asked++) { /* every second one, unless the machine was busy between two */
        uint16_t words[9];
        good += modbus_read_input_registers(plain, 0, 9, words) == 9;
        garbled = count_of(live, "north", "garbled");
    }
    modbus_close(plain);
    modbus_free(plain);
    assert_int_equal(garbled, 3);
    assert_true(good >= garbled); /* what comes after a long silence is not */
    assert_int_equal(count_of(live, "north", "requests"), asked);
}

/* Waits until the township has heard so many requests to their end; returns how many were garbled. */
static uint64_t garbled_of(struct live *live, uint64_t requests)
{
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    while (count_of(live, "north", "requests") < requests)
        assert_true(mono_before(mono_now(), give_up));
    return count_of(live, "north", "garbled");
}

/* Positive control: 1 ms too early at 9600 baud. Only starts that were really so early by the master's own clock count. */
static void test_a_master_one_millisecond_early(void **state)
{
    struct live *live = *state;
    int line = open_line(live, "north");
    uint64_t early = 0, garbled = 0;
    for (uint64_t i = 1; i <= 60 && (early < 8 || 2 * garbled < early); i++) {
        uint8_t reply[REPLY];
        struct mono done = transaction(line, 1);
        sleep_until(mono_plus_us(done, SILENCE_US - 1000));
        write_request(line, 1, 4, 0, 9);
        early += mono_since(mono_now(), done) < SILENCE_US - 700;
        uint64_t before = garbled;
        garbled = garbled_of(live, 2 * i);
        if (garbled == before) /* one that came too late after all is answered */
            assert_int_equal(read_reply(line, reply, REPLY, patience_ms()), REPLY);
        sleep_until(mono_plus_us(mono_now(), SILENCE_US));
    }
    print_message("%llu of %llu early frames caught\n", (unsigned long long)garbled, (unsigned long long)early);
    assert_true(early >= 1);
    assert_true(2 * garbled >= early); /* the village too is late now and then: it must not be by rule */
    close(line);
}

static void test_a_dead_unit_and_an_unknown_one(void **state)
{
    struct live *live = *state;
    int line = open_line(live, "north");
    uint8_t reply[REPLY];
    assert_string_equal(order(live, "fault north/2 dead"), "ok\n");
    write_request(line, 2, 4, 0, 9);
    garbled_of(live, 1);
    assert_int_equal(read_reply(line, reply, REPLY, 100), 0);
    write_request(line, 77, 4, 0, 9);
    garbled_of(live, 2);
    assert_int_equal(read_reply(line, reply, REPLY, 100), 0);
    transaction(line, 1);
    assert_int_equal(count_of(live, "north", "garbled"), 0);
    close(line);
}

static void arm_and_start(int line, uint8_t unit)
{
    uint8_t frame[17] = {unit, 16, 0, 16, 0, 4, 8, 0, 1, 0, 1, 0, 77, 0, 100}, reply[8];
    village_crc_add(frame, 15);
    assert_int_equal(write(line, frame, 17), 17);
    assert_int_equal(read_reply(line, reply, 8, patience_ms()), 8);
    sleep_until(mono_plus_us(mono_now(), SILENCE_US));
    write_request(line, unit, 6, 20, 77);
    assert_int_equal(read_reply(line, reply, 8, patience_ms()), 8);
    assert_int_equal(reply[1], 6);
}

static double loudness_of(struct live *live, const char *unit)
{
    const char *row = strstr(order(live, "show"), unit);
    assert_non_null(row);
    double level;
    assert_int_equal(sscanf(row, "%*s %*u %*s %*s %*u %*u %lf", &level), 1);
    return level;
}

/* Writes 320 ms of a 1 kHz tone; 0 is silence. */
static void play(const struct live *live, const char *fifo, double amplitude)
{
    static int16_t tone[15360];
    for (size_t i = 0; i < 15360; i++)
        tone[i] = (int16_t)lrint(32767 * amplitude * sin((double)i * 2 * 3.14159265358979 / 48));
    char path[128];
    path_in(live, fifo, path, sizeof path);
    int out = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(out >= 0);
    assert_int_equal(write(out, tone, sizeof tone), sizeof tone);
    close(out);
}

static void test_only_the_started_hear_their_channel(void **state)
{
    struct live *live = *state;
    int north = open_line(live, "north"), south = open_line(live, "south");
    arm_and_start(north, 1);
    arm_and_start(south, 1);
    double heard = -120;
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    while (heard < -10.5 && mono_before(mono_now(), give_up)) {
        play(live, "main.fifo", 0.5);
        struct mono forgotten = mono_plus_ms(mono_now(), 350); /* it may be asked before it has heard all of it */
        for (heard = -120; heard < -10.5 && mono_before(mono_now(), forgotten);)
            heard = loudness_of(live, "north 1 ");
    }
    assert_true(fabs(heard + 9) < 1.5);                /* half amplitude: -9 dBFS */
    assert_true(loudness_of(live, "north 2 ") < -119); /* not started */
    assert_true(loudness_of(live, "south 1 ") < -119); /* started, on another channel */
    assert_string_equal(order(live, "sounding"), "2\nok\n");
    close(north);
    close(south);
}

static void test_silence_is_not_heard(void **state)
{
    struct live *live = *state;
    int north = open_line(live, "north");
    arm_and_start(north, 1);
    char path[128];
    path_in(live, "main.fifo", path, sizeof path);
    int open_all_the_time = open(path, O_WRONLY | O_CLOEXEC);
    struct mono settled = mono_plus_ms(mono_now(), 300);
    while (mono_before(mono_now(), settled)) {
        play(live, "main.fifo", 0);
        assert_true(loudness_of(live, "north 1 ") < -119);
    }
    play(live, "main.fifo", 0.5); /* the control: the very next sound is */
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    double heard; /* for 300 ms only */
    while ((heard = loudness_of(live, "north 1 ")) < -20 && mono_before(mono_now(), give_up))
        play(live, "main.fifo", 0.5);
    assert_true(heard > -20);
    close(open_all_the_time);
    close(north);
}

static void test_unplugging(void **state)
{
    struct live *live = *state;
    int line = open_line(live, "north");
    transaction(line, 1);
    assert_string_equal(order(live, "detach north"), "ok\n");
    struct pollfd gone = {.fd = line, .events = POLLIN};
    assert_int_equal(poll(&gone, 1, patience_ms()), 1);
    assert_true(gone.revents & POLLHUP);
    assert_true(write(line, "x", 1) < 0);
    assert_int_equal(errno, EIO);
    close(line);
    char path[128];
    path_in(live, "north", path, sizeof path);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_non_null(strstr(order(live, "detach north"), "error: line north is detached already"));
    assert_string_equal(order(live, "attach north"), "ok\n");
    assert_non_null(strstr(order(live, "attach north"), "error: line north is attached already"));
    line = open_line(live, "north");
    sleep_until(mono_plus_us(mono_now(), SILENCE_US));
    transaction(line, 1);
    close(line);
    line = open_line(live, "north"); /* closing it was no hangup */
    sleep_until(mono_plus_us(mono_now(), SILENCE_US));
    transaction(line, 1);
    close(line);
}

static void test_orders(void **state)
{
    struct live *live = *state;
    assert_string_equal(order(live, "sounding"), "0\nok\n");
    assert_non_null(strstr(order(live, "show"), "south 9 beishan-c4 off 0 8 -120.0 no noise\n"));
    assert_string_equal(order(live, "fault north all slow:20"), "ok\n");
    assert_non_null(strstr(order(live, "show"), "north 4 linghu-t8 standby 0 50 -120.0 no slow:20\n"));
    assert_string_equal(order(live, "fault all none"), "ok\n");
    assert_null(strstr(order(live, "show"), "slow"));
    assert_null(strstr(order(live, "show"), "noise"));
    assert_string_equal(order(live, "fault south/9 door"), "ok\n");
    static const char *const wrong[][2] = {
        {"fault south/9 broken", "error: unknown fault \"broken\"; known are: none dead"},
        {"fault south/3 dead", "error: line south has no unit \"3\""},
        {"fault west/3 dead", "error: there is no line \"west\""},
        {"fault south/9", "error: say: fault LINE/UNIT KIND"},
        {"fault south/9 a b", "error: say: fault LINE/UNIT KIND"},
        {"detach", "error: say: detach LINE"},
        {"attach west", "error: there is no line \"west\""},
        {"sing", "error: unknown command \"sing\"; known are: fault"},
        {"", "error: unknown command"},
        {"a b c d e", "error: too long a command"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64]; /* a pipe carries no empty line */
        snprintf(text, sizeof text, "%s\n", wrong[i][0]);
        assert_non_null(strstr(order(live, text), wrong[i][1]));
    }
}

/* The script that recomputes everything from the log agrees with what was counted. */
static void test_the_log_says_the_same(void **state)
{
    struct live *live = *state;
    int line = open_line(live, "north");
    struct mono done = {0};
    for (int i = 0; i < 5; i++) {
        done = transaction(line, 1);
        sleep_until(mono_plus_us(done, SILENCE_US));
    }
    transaction(line, 1);
    write_request(line, 1, 4, 0, 9); /* at once */
    uint8_t reply[REPLY];
    uint64_t garbled = garbled_of(live, 7);
    if (!garbled)
        assert_int_equal(read_reply(line, reply, REPLY, patience_ms()), REPLY);
    char command[256], path[128], said[512] = "";
    path_in(live, "frames.log", path, sizeof path);
    snprintf(command, sizeof command, "python3 -B tests/tools/frames.py --line north --json %s", path);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"too_early\": %llu,", (unsigned long long)garbled);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(said, sizeof said, f));
    assert_int_equal(pclose(f), 0);
    assert_non_null(strstr(said, "\"requests\": 7, "));
    assert_non_null(strstr(said, wanted));
    double wire = atof(strstr(said, "\"wire_us\": ") + strlen("\"wire_us\": "));
    double replies = garbled ? 6 : 7; /* 7 requests, their replies, 3.5 characters before each, and 3 ms of turnaround */
    assert_true(fabs(wire - (7 * 8 + replies * 23) * 11e6 / 9600 - (7 + replies) * 4010.4 - replies * 3000) < 200);
    close(line);
}

/* One line of settings that is wrong, and what must be said of it. */
static void test_settings_that_are_wrong(void **state)
{
    struct live *live = *state;
    static const char *const wrong[][2] = {
        {"seed = ;", "line 1"},
        {"sed = 1;", "sed: unknown setting"},
        {"seed = -1;", "seed"},
        {"lines = 3;", "must be a list"},
        {"lines = ( 3 );", "must hold groups"},
        {"lines = ( { baud = 9600; } );", "needs an id"},
        {"lines = ( { id = \"North\"; } );", "needs an id"},
        {"lines = ( { id = \"a\"; baud = 300; } );", "from 1200 to 115200"},
        {"lines = ( { id = \"a\"; channel = \"x\"; } );", "its channel"},
        {"lines = ( { id = \"a\"; units = \"1-12\"; } );", "needs its vendor"},
        {"lines = ( { id = \"a\"; vendor = \"acme\"; } );", "known are linghu-t8, beishan-c4, informer15"},
        {"lines = ( { id = \"a\"; vendor = \"linghu-t8\"; units = \"0-12\"; } );", "1 to 247"},
        {"lines = ( { id = \"a\"; vendor = \"linghu-t8\"; units = \"4-248\"; } );", "1 to 247"},
        {"lines = ( { id = \"a\"; vendor = \"linghu-t8\"; units = 3; } );", "must be a text"},
        {"lines = ( { id = \"a\"; vendor = \"linghu-t8\"; units = ( { unit = 1; }, { units = \"1-2\"; } ); } );",
         "one address"},
        {"lines = ( { id = \"a\"; vendor = \"linghu-t8\"; units = ( { unit = 1; falt = \"dead\"; } ); } );", "falt"},
        {"lines = ( { id = \"a\"; vendor = \"linghu-t8\"; units = ( { unit = 1; fault = \"x\"; } ); } );", "unknown fault"},
        {"lines = ( { id = \"a\"; }, { id = \"a\"; } );", "two lines"},
        {"channels = ( { id = \"a\"; } );", "needs its fifo"},
        {"dir = 7;", "must be a text"},
    };
    struct village_settings *settings = calloc(1, sizeof *settings);
    char path[128];
    struct error error;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put_file(live, "wrong.cfg", wrong[i][0], path, sizeof path);
        assert_false(village_settings_load(path, settings, &error));
        assert_non_null(strstr(error.message, wrong[i][1]));
        assert_non_null(strstr(error.message, "wrong.cfg: "));
        assert_non_null(strstr(error.message, "line "));
    }
    unlink(path);
    assert_false(village_settings_load(path, settings, &error));
    free(settings);
}

static void test_faults_of_the_command_line(void **state)
{
    struct live *live = *state;
    struct error error;
    assert_true(village_settings_fault(live->settings, "south/9=settle:900", &error));
    assert_int_equal(live->settings->lines[1].units[2].fault.kind, FAULT_SETTLE);
    assert_int_equal(live->settings->lines[1].units[2].fault.argument, 900);
    static const char *const wrong[] = {"south/3=dead", "west/1=dead", "south=dead", "south/9", "south/9=sad", "sout/9=dead"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(village_settings_fault(live->settings, wrong[i], &error));
}

static void test_a_township_that_cannot_open(void **state)
{
    struct live *live = *state;
    struct error error;
    struct village_settings *settings = calloc(1, sizeof *settings);
    memcpy(settings, live->settings, sizeof *settings);
    snprintf(settings->dir, sizeof settings->dir, "%s/no/such", live->dir);
    assert_null(village_create(settings, &error));
    assert_non_null(strstr(error.message, "cannot make the folder"));
    snprintf(settings->dir, sizeof settings->dir, "%s", live->dir);
    snprintf(settings->channels[0].fifo, sizeof settings->channels[0].fifo, "village.cfg");
    assert_null(village_create(settings, &error));
    assert_non_null(strstr(error.message, "village.cfg is there and is no FIFO"));
    settings->n_channels = 0;
    settings->lines[0].channel = settings->lines[1].channel = -1;
    snprintf(settings->log, sizeof settings->log, "/no/such/log");
    assert_null(village_create(settings, &error));
    assert_non_null(strstr(error.message, "frame log /no/such/log"));
    char path[128];
    snprintf(path, sizeof path, "%s/frames.log", live->dir);
    unlink(path);
    free(settings);
}

#define live_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        live_test(test_a_reading_takes_its_time),
        live_test(test_a_master_who_keeps_silence),
        live_test(test_a_plain_libmodbus_loop_is_garbled),
        live_test(test_a_master_one_millisecond_early),
        live_test(test_a_dead_unit_and_an_unknown_one),
        live_test(test_only_the_started_hear_their_channel),
        live_test(test_silence_is_not_heard),
        live_test(test_unplugging),
        live_test(test_orders),
        live_test(test_the_log_says_the_same),
        live_test(test_settings_that_are_wrong),
        live_test(test_faults_of_the_command_line),
        live_test(test_a_township_that_cannot_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
