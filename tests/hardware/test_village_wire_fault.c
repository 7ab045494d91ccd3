/* What can be wrong with a wire, in virtual time: echo, noise, a cut; and that chance decides the same for the same frames. */
#include "hardware/village_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS = 512, HEARD = 8192, REQUEST = 8, REPLY = 23, PERIOD_US = 60000 };

/* A wire at 9600 baud whose unit 1 answers each request with 23 bytes, 3 ms later. */
struct bench {
    struct village_wire wire;
    struct mono now;
    size_t n_requests, n_records, n_heard;
    struct village_frame records[RECORDS];
    struct mono heard_at[HEARD];
    uint8_t heard[HEARD];
};

static void on_request(void *context, const struct village_frame *frame)
{
    struct bench *bench = context;
    bench->n_requests++;
    uint8_t reply[REPLY] = {1, 4, 18};
    village_crc_add(reply, REPLY - 2);
    village_wire_reply(&bench->wire, reply, REPLY, mono_plus_us(frame->end, bench->wire.silence_us + 3000), NOTE_OK);
}

static void on_deliver(void *context, const uint8_t *bytes, size_t n)
{
    struct bench *bench = context;
    assert_true(bench->n_heard + n <= HEARD);
    for (size_t i = 0; i < n; i++) {
        bench->heard_at[bench->n_heard] = bench->now;
        bench->heard[bench->n_heard++] = bytes[i];
    }
}

static void on_record(void *context, const struct village_frame *frame)
{
    struct bench *bench = context;
    assert_true(bench->n_records < RECORDS);
    bench->records[bench->n_records++] = *frame;
}

static void bench_open(struct bench *bench, const char *fault, uint64_t chance)
{
    memset(bench, 0, sizeof *bench);
    struct village_port port = {bench, on_request, on_deliver, on_record};
    village_wire_open(&bench->wire, 9600, &port);
    assert_true(village_wire_fault_parse(fault, &bench->wire.fault, NULL));
    bench->wire.chance = chance;
    bench->now.us = 1000000;
}

static void run_us(struct bench *bench, int64_t us)
{
    struct mono until = mono_plus_us(bench->now, us);
    for (struct mono due; !mono_before(until, due = village_wire_due(&bench->wire));) {
        bench->now = due;
        village_wire_advance(&bench->wire, due);
    }
    bench->now = until;
}

static void ask(struct bench *bench)
{
    uint8_t request[REQUEST] = {1, 4, 0, 0, 0, 9};
    village_crc_add(request, 6);
    village_wire_receive(&bench->wire, request, REQUEST, bench->now);
}

static void test_echo(void **state)
{
    (void)state;
    static struct bench bench;
    bench_open(&bench, "echo", 1);
    ask(&bench);
    run_us(&bench, PERIOD_US);
    static const uint8_t request[6] = {1, 4, 0, 0, 0, 9};
    assert_int_equal(bench.n_heard, REQUEST + REPLY);
    assert_memory_equal(bench.heard, request, 6);
    assert_int_equal(bench.heard_at[0].us, 1000000 + 9167); /* when it has been on the wire */
    assert_int_equal(village_crc(bench.heard + REQUEST, REPLY), 0);
    assert_int_equal(bench.n_records, 2); /* no frame of its own */
    assert_int_equal(bench.wire.counts.garbled + bench.wire.counts.collisions, 0);
    village_wire_receive(&bench.wire, request, 3, bench.now); /* in pieces, with a gap */
    run_us(&bench, 5000);
    assert_int_equal(bench.n_heard, REQUEST + REPLY + 3);
    village_wire_receive(&bench.wire, request, 3, bench.now);
    village_wire_clear(&bench.wire); /* unplugged before the rest was heard */
    run_us(&bench, PERIOD_US);
    assert_int_equal(bench.n_heard, REQUEST + REPLY + 3);
}

static void test_echo_of_two_frames_at_once(void **state)
{
    (void)state;
    static struct bench bench;
    bench_open(&bench, "echo", 1);
    ask(&bench);
    ask(&bench);
    run_us(&bench, 2 * PERIOD_US);
    assert_int_equal(bench.n_heard, 2 * REQUEST + REPLY); /* the reply meets the second frame: all is heard, not all is right */
    assert_int_equal(village_crc(bench.heard, REQUEST), 0);
    assert_int_equal(bench.wire.counts.garbled, 1);
}

static void test_cut(void **state)
{
    (void)state;
    static struct bench bench;
    bench_open(&bench, "cut", 1);
    ask(&bench);
    run_us(&bench, PERIOD_US);
    assert_int_equal(bench.n_requests + bench.n_heard, 0);
    assert_int_equal(bench.records[0].note, NOTE_CUT);
    bench.wire.fault.kind = WIRE_WELL;
    ask(&bench);
    run_us(&bench, 20000); /* it is cut while the reply is on the wire */
    size_t before = bench.n_heard;
    bench.wire.fault.kind = WIRE_CUT;
    run_us(&bench, PERIOD_US);
    assert_int_equal(bench.n_requests, 1);
    assert_int_equal(bench.n_heard, before);
    assert_true(before < REPLY);
    assert_int_equal(bench.records[2].note, NOTE_CUT);
    bench.wire.fault.kind = WIRE_WELL;
    ask(&bench);
    run_us(&bench, PERIOD_US);
    assert_int_equal(bench.n_heard, before + REPLY);
}

struct struck {
    size_t requests, inside, before, behind, bursts;
};

/* Where noise struck, from the log, which must agree with what the master heard. */
static struct struck look(const struct bench *bench)
{
    struct struck struck = {0};
    size_t bytes = 0;
    for (size_t i = 0; i < bench->n_records; i++) {
        const struct village_frame *frame = &bench->records[i];
        assert_true(frame->note == NOTE_OK || frame->note == NOTE_CRC || frame->note == NOTE_NOISE);
        if (frame->note == NOTE_CRC)
            assert_int_not_equal(village_crc(frame->bytes, frame->size), 0);
        bytes += frame->from_master ? 0 : frame->size;
        struck.requests += frame->from_master && frame->note == NOTE_CRC;
        struck.inside += !frame->from_master && frame->note == NOTE_CRC;
        struck.bursts += frame->note == NOTE_NOISE;
        /* what is before a reply is logged before it, and lies right before it */
        if (frame->note == NOTE_NOISE && i + 1 < bench->n_records && !bench->records[i + 1].from_master)
            struck.before += mono_since(bench->records[i + 1].begin, frame->end) <= 1;
        else
            struck.behind += frame->note == NOTE_NOISE;
    }
    assert_int_equal(bytes, bench->n_heard);
    return struck;
}

static void test_noise(void **state)
{
    (void)state;
    static struct bench bench;
    bench_open(&bench, "noise:30", 5);
    for (int i = 0; i < 200; i++) {
        ask(&bench);
        run_us(&bench, PERIOD_US);
    }
    struct struck struck = look(&bench);
    assert_in_range(struck.requests, 40, 80); /* 30 % of 200 */
    assert_int_equal(bench.n_requests, 200 - struck.requests);
    assert_in_range(struck.inside, 5, 25); /* a third of 30 % of 140, each */
    assert_in_range(struck.before, 5, 25);
    assert_in_range(struck.behind, 5, 25);
    assert_int_equal(struck.bursts, struck.before + struck.behind);
    /* it is nobody's fault, and nothing that a master could wait for */
    assert_int_equal(bench.wire.counts.garbled + bench.wire.counts.collisions, 0);
    assert_int_equal(bench.wire.counts.replies, bench.n_requests);
}

/* A burst behind a reply may still be on the wire when the master begins in good time: both are lost, and it is not to blame.
 */
static void test_noise_meets_a_frame(void **state)
{
    (void)state;
    static struct bench bench;
    bench_open(&bench, "none", 1);
    static const uint8_t burst[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_true(village_wire_burst(&bench.wire, burst, 8, bench.now));
    run_us(&bench, 5000); /* four of them have been heard */
    ask(&bench);
    run_us(&bench, PERIOD_US);
    assert_int_equal(bench.n_requests, 0);
    assert_int_equal(bench.wire.counts.collisions, 1);
    assert_int_equal(bench.wire.counts.garbled, 0);
    assert_int_equal(bench.records[0].note, NOTE_NOISE);
    assert_int_equal(bench.records[1].note, NOTE_COLLISION);
}

static void test_the_same_chance(void **state)
{
    (void)state;
    static struct bench a, b, c;
    bench_open(&a, "noise:40", 5);
    bench_open(&b, "noise:40", 5);
    bench_open(&c, "noise:40", 6);
    for (int i = 0; i < 100; i++) {
        ask(&a);
        ask(&b);
        ask(&c);
        run_us(&a, PERIOD_US);
        run_us(&b, PERIOD_US + 1000 * (i % 7)); /* the frames count, not their times */
        run_us(&c, PERIOD_US);
    }
    assert_int_equal(a.n_heard, b.n_heard);
    assert_memory_equal(a.heard, b.heard, a.n_heard);
    assert_true(a.n_heard != c.n_heard || memcmp(a.heard, c.heard, a.n_heard) != 0);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const right[] = {"none", "echo", "noise:1", "noise:100", "cut"};
    static const char *const wrong[][2] = {
        {"hum", "unknown fault \"hum\" of a line; known are: none, echo, noise, cut"},
        {"", "unknown fault"},
        {"echo:3", "takes no argument"},
        {"noise", "noise:1 to noise:100"},
        {"noise:", "noise:1 to noise:100"},
        {"noise:0", "noise:1 to noise:100"},
        {"noise:101", "noise:1 to noise:100"},
        {"noise:5x", "noise:1 to noise:100"},
    };
    struct village_wire_fault fault;
    struct error error;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_true(village_wire_fault_parse(right[i], &fault, &error));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(village_wire_fault_parse(wrong[i][0], &fault, &error));
        assert_non_null(strstr(error.message, wrong[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),  cmocka_unit_test(test_echo_of_two_frames_at_once), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_noise), cmocka_unit_test(test_noise_meets_a_frame),        cmocka_unit_test(test_the_same_chance),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
