/* What stands before the simulated terminals on a network, in virtual time: framing, the gateway with its queue and its
 * wire, terminals without a wire, and the delay. Raw bytes, as a master sends them. */
#include "hardware/village_gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TURNAROUND_US = 3000, TIMEOUT_US = 200000, ANSWERS = 64, QUESTION = 12 };

/* A gateway at 9600 baud with a unit 1 that answers nine registers. */
struct bench {
    struct village_wire wire;
    struct village_gateway gateway;
    struct village_network network;
    struct mono now;
    int64_t delay_us;
    enum { WELL, BAD_CRC, OTHER_UNIT, OTHER_FUNCTION, WITH_NOISE } answers;
    size_t n_frames, n_answers;
    struct village_frame frames[ANSWERS]; /* on the wire or, without one, as they are logged */
    struct {
        struct mono at;
        size_t size;
        uint8_t bytes[VILLAGE_MBAP_MAX];
    } answered[ANSWERS];
};

static size_t reply_of(const struct bench *bench, uint8_t unit, uint8_t *reply)
{
    memset(reply, 0, 23);
    reply[0] = unit;
    reply[1] = bench->answers == OTHER_FUNCTION ? 3 : 4;
    reply[2] = 18;
    reply[4] = 77;
    village_crc_add(reply, 21);
    reply[22] ^= bench->answers == BAD_CRC;
    return 23;
}

static void on_request(void *context, const struct village_frame *frame)
{
    struct bench *bench = context;
    uint8_t reply[VILLAGE_FRAME_MAX];
    if (frame->bytes[0] != 1)
        return;
    struct mono begin = mono_plus_us(frame->end, bench->wire.silence_us + bench->delay_us);
    size_t n = reply_of(bench, bench->answers == OTHER_UNIT ? 2 : 1, reply);
    if (bench->answers == WITH_NOISE) { /* another unit's frame, then its own */
        uint8_t other[5] = {9, 0x84, 2};
        village_wire_reply(&bench->wire, other, village_crc_add(other, 3), begin, NOTE_OK);
        begin = mono_plus_us(begin, village_wire_us(&bench->wire, 5) + 1);
    }
    village_wire_reply(&bench->wire, reply, n, begin, NOTE_OK);
}

static void on_deliver(void *context, const uint8_t *bytes, size_t n)
{
    struct bench *bench = context;
    village_gateway_hear(&bench->gateway, bytes, n, bench->now);
}

static void on_record(void *context, const struct village_frame *frame)
{
    struct bench *bench = context;
    assert_true(bench->n_frames < ANSWERS);
    bench->frames[bench->n_frames++] = *frame;
}

static void on_answer(void *context, const uint8_t *bytes, size_t n)
{
    struct bench *bench = context;
    assert_true(bench->n_answers < ANSWERS);
    bench->answered[bench->n_answers].at = bench->now;
    bench->answered[bench->n_answers].size = n;
    memcpy(bench->answered[bench->n_answers++].bytes, bytes, n);
}

/* Every unit of the network answers; unit 1 needs 3 ms, unit 2 needs 10. */
static void on_network_request(void *context, const struct village_mbap_request *request, struct mono now)
{
    struct bench *bench = context;
    struct village_frame frame = {.begin = mono_plus_ms(now, request->bytes[0] == 1 ? 3 : 10)};
    frame.size = reply_of(bench, request->bytes[0], frame.bytes);
    village_network_reply(&bench->network, request->transaction, &frame);
}

static void bench_open(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    struct village_port port = {bench, on_request, on_deliver, on_record};
    village_wire_open(&bench->wire, 9600, &port);
    bench->gateway =
        (struct village_gateway){.wire = &bench->wire, .context = bench, .answer = on_answer, .timeout_us = TIMEOUT_US};
    bench->network =
        (struct village_network){.context = bench, .request = on_network_request, .answer = on_answer, .record = on_record};
    bench->now.us = 1000000;
    bench->delay_us = TURNAROUND_US;
}

static void run_us(struct bench *bench, int64_t us)
{
    struct mono until = mono_plus_us(bench->now, us);
    for (;;) {
        struct mono due = mono_earlier(village_wire_due(&bench->wire), village_gateway_due(&bench->gateway));
        due = mono_earlier(due, village_network_due(&bench->network));
        if (mono_before(until, due))
            break;
        bench->now = mono_later(bench->now, due);
        village_wire_advance(&bench->wire, bench->now);
        village_gateway_advance(&bench->gateway, bench->now);
        village_network_advance(&bench->network, bench->now);
    }
    bench->now = until;
}

/* Nine input registers of a unit. */
static size_t question(uint8_t *to, uint8_t transaction, uint8_t unit)
{
    const uint8_t bytes[QUESTION] = {0xAB, transaction, 0, 0, 0, 6, unit, 4, 0, 0, 0, 9};
    memcpy(to, bytes, QUESTION);
    return QUESTION;
}

static void ask(struct bench *bench, uint8_t transaction, uint8_t unit)
{
    uint8_t bytes[QUESTION];
    question(bytes, transaction, unit);
    assert_true(village_gateway_receive(&bench->gateway, bytes, sizeof bytes, bench->now));
}

/* The i-th answer is to this transaction: a good one, or an exception. */
static void assert_answer(const struct bench *bench, size_t i, uint8_t transaction, uint8_t unit, uint8_t exception)
{
    const uint8_t head[9] = {
        0xAB, transaction, 0, 0, 0, exception ? 3 : 21, unit, exception ? 0x84 : 4, exception ? exception : 18};
    assert_true(i < bench->n_answers);
    assert_int_equal(bench->answered[i].size, exception ? 9 : 27);
    assert_memory_equal(bench->answered[i].bytes, head, sizeof head);
    if (!exception)
        assert_int_equal(bench->answered[i].bytes[10], 77);
}

static void test_a_request_goes_over_the_wire(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    ask(&bench, 1, 1);
    run_us(&bench, 100000);
    assert_int_equal(bench.n_answers, 1);
    assert_answer(&bench, 0, 1, 1, 0);
    /* 31 characters, 3.5 of silence and the turnaround */
    assert_in_range(bench.answered[0].at.us - 1000000, 42531, 42540);
    static const uint8_t on_the_wire[6] = {1, 4, 0, 0, 0, 9};
    assert_int_equal(bench.frames[0].size, 8);
    assert_memory_equal(bench.frames[0].bytes, on_the_wire, 6);
    assert_int_equal(village_crc(bench.frames[0].bytes, 8), 0);
}

static void test_segments(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t bytes[3 * QUESTION];
    for (size_t piece = 1; piece <= sizeof bytes; piece++) { /* byte by byte, in odd pieces, three at once */
        bench_open(&bench);
        for (uint8_t i = 0; i < 3; i++)
            question(bytes + (size_t)i * QUESTION, i, 1);
        for (size_t at = 0; at < sizeof bytes; at += piece) {
            size_t n = sizeof bytes - at < piece ? sizeof bytes - at : piece;
            assert_true(village_gateway_receive(&bench.gateway, bytes + at, n, bench.now));
        }
        run_us(&bench, 200000);
        assert_int_equal(bench.n_answers, 3);
        for (uint8_t i = 0; i < 3; i++)
            assert_answer(&bench, i, i, 1, 0);
        /* one after the other, with a silence before each */
        assert_in_range(bench.answered[2].at.us - 1000000, 3 * 42531 + 2 * 4010, 3 * 42540 + 2 * 4020);
        assert_int_equal(bench.wire.counts.garbled + bench.wire.counts.collisions, 0);
    }
}

static void test_what_is_no_modbus(void **state)
{
    (void)state;
    static const uint8_t wrong[][7] = {
        {0, 1, 0, 1, 0, 6, 1},   /* a foreign protocol id */
        {0, 1, 0, 0, 0, 1, 1},   /* too short for a function */
        {0, 1, 0, 0, 0, 0, 1},   /* nothing at all */
        {0, 1, 0, 0, 0, 255, 1}, /* longer than any frame */
        {0, 1, 0, 0, 1, 6, 1},   /* much longer */
        {'G', 'E', 'T', ' ', '/', ' ', 'H'},
    };
    struct bench bench;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bench_open(&bench);
        assert_true(village_gateway_receive(&bench.gateway, wrong[i], 5, bench.now));
        assert_false(village_gateway_receive(&bench.gateway, wrong[i] + 5, 1, bench.now));
    }
    bench_open(&bench);
    uint8_t longest[260] = {0, 1, 0, 0, 0, 254, 1, 0x2B};
    assert_true(village_gateway_receive(&bench.gateway, longest, sizeof longest, bench.now));
    run_us(&bench, 500000);
    assert_int_equal(bench.frames[0].size, VILLAGE_FRAME_MAX);
}

static void test_a_unit_that_does_not_answer(void **state)
{
    (void)state;
    for (int silent = 0; silent <= 1; silent++) {
        struct bench bench;
        bench_open(&bench);
        bench.gateway.silent = silent;
        ask(&bench, 1, 2);
        ask(&bench, 2, 1); /* waits for its turn */
        run_us(&bench, 500000);
        assert_int_equal(bench.n_answers, silent ? 1 : 2);
        if (!silent) {
            assert_answer(&bench, 0, 1, 2, 11);
            assert_int_equal(bench.answered[0].at.us - 1000000, 9167 + TIMEOUT_US);
        }
        assert_answer(&bench, bench.n_answers - 1, 2, 1, 0);
        assert_int_equal(bench.gateway.timeouts, 1);
    }
}

static void test_only_its_answer_is_believed(void **state)
{
    (void)state;
    for (int what = BAD_CRC; what <= OTHER_FUNCTION; what++) {
        struct bench bench;
        bench_open(&bench);
        bench.answers = what;
        ask(&bench, 1, 1);
        run_us(&bench, 500000);
        assert_int_equal(bench.n_answers, 1);
        assert_answer(&bench, 0, 1, 1, 11);
    }
    struct bench bench;
    bench_open(&bench);
    bench.answers = WITH_NOISE;
    ask(&bench, 1, 1);
    run_us(&bench, 500000);
    assert_int_equal(bench.n_answers, 1);
    assert_answer(&bench, 0, 1, 1, 0);
}

static void test_an_answer_that_has_begun_is_heard(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    bench.delay_us = TIMEOUT_US - 10000; /* its last byte comes 20 ms after the time is over */
    ask(&bench, 1, 1);
    run_us(&bench, 500000);
    assert_answer(&bench, 0, 1, 1, 0);
    bench.delay_us = TIMEOUT_US + 1000; /* and this one is too late; it meets the next question */
    ask(&bench, 2, 1);
    run_us(&bench, 500000);
    assert_answer(&bench, 1, 2, 1, 11);
    assert_int_equal(bench.n_answers, 2);
}

static void test_a_broadcast_is_not_answered(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    static const uint8_t start[] = {0, 1, 0, 0, 0, 6, 0, 6, 0, 20, 0, 77};
    assert_true(village_gateway_receive(&bench.gateway, start, sizeof start, bench.now));
    ask(&bench, 2, 1);
    run_us(&bench, 100000);
    assert_int_equal(bench.frames[0].note, NOTE_BROADCAST);
    assert_int_equal(bench.frames[1].begin.us, bench.frames[0].end.us + 4011);
    assert_int_equal(bench.n_answers, 1);
    assert_answer(&bench, 0, 2, 1, 0);
    assert_int_equal(bench.gateway.timeouts, 0);
}

static void test_a_full_queue_is_busy(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    for (uint8_t i = 0; i < VILLAGE_QUEUE_MAX + 2; i++)
        ask(&bench, i, 1);
    assert_int_equal(bench.n_answers, 2);
    assert_answer(&bench, 0, VILLAGE_QUEUE_MAX, 1, 6);
    run_us(&bench, 1000000);
    assert_int_equal(bench.n_answers, VILLAGE_QUEUE_MAX + 2);
    for (uint8_t i = 0; i < VILLAGE_QUEUE_MAX; i++)
        assert_answer(&bench, i + 2u, i, 1, 0);
}

static void test_a_connection_that_ends(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    ask(&bench, 1, 1);
    ask(&bench, 2, 1);
    static const uint8_t half[] = {0, 3, 0, 0};
    assert_true(village_gateway_receive(&bench.gateway, half, sizeof half, bench.now));
    run_us(&bench, 20000); /* the first is on the wire */
    village_gateway_clear(&bench.gateway);
    ask(&bench, 9, 1); /* of the next connection */
    run_us(&bench, 500000);
    assert_int_equal(bench.n_answers, 1);
    assert_answer(&bench, 0, 9, 1, 0);
    assert_int_equal(bench.wire.counts.requests, 2);
    assert_int_equal(bench.wire.counts.collisions + bench.wire.counts.garbled, 0);
}

static void test_terminals_on_the_network(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    uint8_t bytes[4 * QUESTION];
    static const uint8_t units[4] = {2, 1, 2, 1};
    for (uint8_t i = 0; i < 4; i++)
        question(bytes + (size_t)i * QUESTION, i, units[i]);
    assert_true(village_network_receive(&bench.network, bytes, sizeof bytes, bench.now));
    run_us(&bench, 100000);
    assert_int_equal(bench.n_answers, 4);
    static const uint8_t order[4] = {1, 3, 0, 2}; /* each unit in its order, and nobody waits for another */
    static const int64_t at_us[4] = {3000, 6000, 10000, 20000};
    for (size_t i = 0; i < 4; i++) {
        assert_answer(&bench, i, order[i], units[order[i]], 0);
        assert_int_equal(bench.answered[i].at.us - 1000000, at_us[i]);
    }
    assert_int_equal(bench.network.counts.requests, 4);
    assert_int_equal(bench.network.counts.replies, 4);
    assert_int_equal(bench.n_frames, 8);
    assert_true(bench.frames[0].from_master && bench.frames[0].begin.us == bench.frames[0].end.us);
}

static void test_a_network_that_is_cut(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    uint8_t bytes[QUESTION];
    question(bytes, 1, 1);
    assert_true(village_network_receive(&bench.network, bytes, sizeof bytes, bench.now));
    bench.network.cut = true; /* with an answer under way */
    run_us(&bench, 100000);
    assert_true(village_network_receive(&bench.network, bytes, sizeof bytes, bench.now));
    run_us(&bench, 100000);
    assert_int_equal(bench.n_answers, 0);
    assert_int_equal(bench.n_frames, 3);
    assert_int_equal(bench.frames[1].note, NOTE_CUT);
    assert_int_equal(bench.frames[2].note, NOTE_CUT);
    bench.network.cut = false;
    assert_true(village_network_receive(&bench.network, bytes, sizeof bytes, bench.now));
    village_network_clear(&bench.network); /* nobody is there any more */
    run_us(&bench, 100000);
    assert_int_equal(bench.n_answers, 0);
}

static void test_more_than_a_network_keeps(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    uint8_t bytes[QUESTION];
    for (uint8_t i = 0; i < VILLAGE_QUEUE_MAX + 3; i++) {
        question(bytes, i, 2);
        assert_true(village_network_receive(&bench.network, bytes, sizeof bytes, bench.now));
    }
    run_us(&bench, 1000000);
    assert_int_equal(bench.n_answers, VILLAGE_QUEUE_MAX);
}

static void test_a_delay(void **state)
{
    (void)state;
    static struct village_delay delay;
    uint8_t bytes[VILLAGE_DELAY_MAX + 10], got[VILLAGE_DELAY_MAX];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    assert_int_equal(village_delay_due(&delay).us, INT64_MAX);
    for (int round = 0; round < 3; round++) { /* over the end of its ring */
        village_delay_put(&delay, bytes, 2000, (struct mono){500});
        village_delay_put(&delay, bytes + 2000, 10, (struct mono){600});
        assert_int_equal(village_delay_due(&delay).us, 500);
        assert_int_equal(village_delay_take(&delay, got, sizeof got, (struct mono){499}), 0);
        assert_int_equal(village_delay_take(&delay, got, 1500, (struct mono){599}), 1500);
        assert_int_equal(village_delay_take(&delay, got + 1500, 1500, (struct mono){599}), 500);
        assert_int_equal(village_delay_due(&delay).us, 600);
        assert_int_equal(village_delay_take(&delay, got + 2000, 1500, (struct mono){600}), 10);
        assert_memory_equal(got, bytes, 2010);
    }
    village_delay_put(&delay, bytes, sizeof bytes, (struct mono){500});
    assert_int_equal(village_delay_take(&delay, got, sizeof got, (struct mono){500}), VILLAGE_DELAY_MAX);
    assert_memory_equal(got, bytes, VILLAGE_DELAY_MAX);
    assert_int_equal(village_delay_take(&delay, got, sizeof got, (struct mono){500}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_goes_over_the_wire),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_what_is_no_modbus),
        cmocka_unit_test(test_a_unit_that_does_not_answer),
        cmocka_unit_test(test_only_its_answer_is_believed),
        cmocka_unit_test(test_an_answer_that_has_begun_is_heard),
        cmocka_unit_test(test_a_broadcast_is_not_answered),
        cmocka_unit_test(test_a_full_queue_is_busy),
        cmocka_unit_test(test_a_connection_that_ends),
        cmocka_unit_test(test_terminals_on_the_network),
        cmocka_unit_test(test_a_network_that_is_cut),
        cmocka_unit_test(test_more_than_a_network_keeps),
        cmocka_unit_test(test_a_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
