/* The simulated wire in virtual time: framing by length and silence, what is lost, and when a reply may be read. */
#include "hardware/village_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS = 32, REPLY = 23, TURNAROUND_US = 3000 };

/* A wire whose unit 1 answers each request with 23 bytes; everything that happens is kept. */
struct bench {
    struct village_wire wire;
    struct mono now;
    int64_t delay_us; /* of the reply, behind the noticed request */
    size_t n_requests, n_records, n_delivered;
    struct village_frame records[RECORDS];
    int64_t delivered_at[512];
    uint8_t delivered[512];
};

static const uint8_t question[6] = {1, 4, 0, 0, 0, 9};

static void on_request(void *context, const struct village_frame *frame)
{
    struct bench *bench = context;
    bench->n_requests++;
    if (frame->bytes[0] != 1)
        return;
    uint8_t reply[REPLY] = {1, 4, 18};
    village_crc_add(reply, REPLY - 2);
    assert_true(village_wire_reply(&bench->wire, reply, REPLY,
                                   mono_plus_us(frame->end, bench->wire.silence_us + bench->delay_us), NOTE_OK));
}

static void on_deliver(void *context, const uint8_t *bytes, size_t n)
{
    struct bench *bench = context;
    for (size_t i = 0; i < n; i++) {
        bench->delivered_at[bench->n_delivered] = bench->now.us;
        bench->delivered[bench->n_delivered++] = bytes[i];
    }
}

static void on_record(void *context, const struct village_frame *frame)
{
    struct bench *bench = context;
    assert_true(bench->n_records < RECORDS);
    bench->records[bench->n_records++] = *frame;
}

static void bench_open(struct bench *bench, int baud)
{
    memset(bench, 0, sizeof *bench);
    struct village_port port = {bench, on_request, on_deliver, on_record};
    village_wire_open(&bench->wire, baud, &port);
    bench->now.us = 1000000;
    bench->delay_us = TURNAROUND_US;
}

/* Wakes exactly when the wire asks for it, as the village's timer does. */
static void run_until(struct bench *bench, struct mono until)
{
    for (;;) {
        struct mono due = village_wire_due(&bench->wire);
        if (mono_before(until, due))
            break;
        bench->now = due;
        village_wire_advance(&bench->wire, due);
    }
    bench->now = until;
}

static void write_bytes(struct bench *bench, const uint8_t *bytes, size_t n)
{
    village_wire_receive(&bench->wire, bytes, n, bench->now);
}

static void write_request(struct bench *bench, const uint8_t *pdu, size_t n)
{
    uint8_t frame[VILLAGE_FRAME_MAX];
    memcpy(frame, pdu, n);
    write_bytes(bench, frame, village_crc_add(frame, n));
}

static void run_us(struct bench *bench, int64_t us)
{
    run_until(bench, mono_plus_us(bench->now, us));
}

/* One transaction; returns when its last byte was handed over, which the clock then shows. */
static void transaction(struct bench *bench)
{
    size_t before = bench->n_delivered;
    write_request(bench, question, sizeof question);
    while (bench->n_delivered < before + REPLY) {
        struct mono due = village_wire_due(&bench->wire);
        assert_true(due.us < INT64_MAX);
        run_until(bench, due);
    }
}

static const struct village_frame *last_record(const struct bench *bench)
{
    assert_true(bench->n_records > 0);
    return &bench->records[bench->n_records - 1];
}

/* A request that was noted as this, beginning silence_us after a transaction. */
static enum village_note note_after(int baud, int64_t silence_us)
{
    struct bench bench;
    bench_open(&bench, baud);
    transaction(&bench);
    run_us(&bench, silence_us);
    write_request(&bench, question, sizeof question);
    run_us(&bench, 20000); /* the frame and the silence behind it */
    for (size_t i = bench.n_records; i-- > 0;)
        if (bench.records[i].from_master)
            return bench.records[i].note;
    fail();
    return NOTE_OK;
}

static void test_crc(void **state)
{
    (void)state;
    /* Modbus over serial line V1.02, 6.2.2: address 02, function 07 gives 41 12 on the wire */
    uint8_t frame[4] = {0x02, 0x07};
    assert_int_equal(village_crc_add(frame, 2), 4);
    assert_int_equal(frame[2], 0x41);
    assert_int_equal(frame[3], 0x12);
    assert_int_equal(village_crc(frame, 4), 0);
    frame[1] ^= 1;
    assert_int_not_equal(village_crc(frame, 4), 0);
}

static void test_request_sizes(void **state)
{
    (void)state;
    uint8_t bytes[7] = {1, 0, 0, 0, 0, 2, 4};
    for (uint8_t function = 1; function <= 6; function++) {
        bytes[1] = function;
        assert_int_equal(village_request_size(bytes, 2), 8);
    }
    bytes[1] = 16;
    assert_int_equal(village_request_size(bytes, 7), 13);
    assert_int_equal(village_request_size(bytes, 6), 9); /* more than there is: not whole yet */
    bytes[1] = 15;
    assert_int_equal(village_request_size(bytes, 7), 13);
    bytes[1] = 0x2B;
    assert_int_equal(village_request_size(bytes, 7), 0);
    assert_int_equal(village_request_size(bytes, 1), 0);
}

static void test_a_transaction_takes_its_time(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    transaction(&bench);
    /* 31 characters of 11 bits, 3.5 of silence before the reply, and the turnaround: 35.52 + 4.01 + 3 ms */
    int64_t took = bench.now.us - 1000000;
    assert_in_range(took, 42531, 42540);
    assert_int_equal(bench.wire.counts.busy_us, 35521 + 1); /* both rounded up */
    assert_int_equal(bench.wire.counts.requests, 1);
    assert_int_equal(bench.wire.counts.replies, 1);
    assert_int_equal(bench.records[0].end.us - bench.records[0].begin.us, 9167);
    assert_int_equal(bench.records[1].begin.us, bench.records[0].end.us + 4011 + TURNAROUND_US);
    assert_int_equal(bench.wire.counts.worst_late_us, 0);
}

static void test_no_byte_is_early(void **state)
{
    (void)state;
    static const int bauds[] = {1200, 9600, 19200, 115200};
    for (size_t b = 0; b < 4; b++) {
        struct bench bench;
        bench_open(&bench, bauds[b]);
        transaction(&bench);
        double character = 11e6 / bauds[b];
        double begin = (double)last_record(&bench)->begin.us;
        for (size_t i = 0; i < REPLY; i++)
            assert_true((double)bench.delivered_at[i] >= begin + (double)(i + 1) * character - 0.01);
        /* the first and the last are exact */
        assert_true((double)bench.delivered_at[0] < begin + character + 2);
        assert_true((double)bench.delivered_at[REPLY - 1] < begin + REPLY * character + 2);
    }
}

/* A master that waits for the end of something else than its answer would else begin in the middle of it. */
static void test_no_silence_within_a_reply(void **state)
{
    (void)state;
    static const int bauds[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    for (size_t b = 0; b < sizeof bauds / sizeof bauds[0]; b++) {
        struct bench bench;
        bench_open(&bench, bauds[b]);
        transaction(&bench);
        for (size_t i = 1; i < REPLY; i++)
            assert_true(bench.delivered_at[i] - bench.delivered_at[i - 1] < bench.wire.silence_us * 2 / 3);
    }
}

static void test_silence_before_a_frame(void **state)
{
    (void)state;
    /* 3.5 characters at 9600 are 4.010 ms, at 19200 2.005 ms, above that 1.75 ms */
    assert_int_equal(note_after(9600, 4011), NOTE_OK);
    assert_int_equal(note_after(9600, 3011), NOTE_GARBLED); /* a master who starts 1 ms early */
    assert_int_equal(note_after(9600, 3500), NOTE_GARBLED);
    assert_int_equal(note_after(9600, 0), NOTE_GARBLED);
    assert_int_equal(note_after(19200, 2006), NOTE_OK);
    assert_int_equal(note_after(19200, 1500), NOTE_GARBLED);
    assert_int_equal(note_after(115200, 1750), NOTE_OK);
    assert_int_equal(note_after(115200, 1400), NOTE_GARBLED);
    assert_int_equal(note_after(115200, 1750 - VILLAGE_TOLERANCE_US), NOTE_OK); /* the tolerance is used up, and no more */
    assert_int_equal(note_after(115200, 1750 - VILLAGE_TOLERANCE_US - 1), NOTE_GARBLED);
}

static void test_a_garbled_frame_is_lost(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    transaction(&bench);
    write_request(&bench, question, sizeof question); /* as a plain libmodbus loop does */
    run_us(&bench, 500000);
    assert_int_equal(bench.n_requests, 1);
    assert_int_equal(bench.n_delivered, REPLY);
    assert_int_equal(bench.wire.counts.garbled, 1);
    assert_int_equal(bench.wire.counts.collisions, 0);
    transaction(&bench); /* and the next one is heard again */
    assert_int_equal(bench.wire.counts.garbled, 1);
}

static void test_two_requests_without_silence(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    static const uint8_t other[6] = {2, 4, 0, 0, 0, 9};
    write_request(&bench, other, 6);
    write_request(&bench, other, 6); /* behind the first in the same port */
    run_us(&bench, 100000);
    assert_int_equal(bench.n_records, 2);
    assert_int_equal(bench.records[0].note, NOTE_OK);
    assert_int_equal(bench.records[1].note, NOTE_GARBLED);
    assert_int_equal(bench.records[1].begin.us, bench.records[0].end.us);
    assert_int_equal(bench.n_requests, 1);
}

static void test_a_frame_in_pieces(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    uint8_t frame[8] = {1, 4, 0, 0, 0, 9};
    village_crc_add(frame, 6);
    write_bytes(&bench, frame, 3);
    run_us(&bench, 5000); /* the three take 3.4 ms; 1.6 ms of gap are less than 3.5 characters */
    write_bytes(&bench, frame + 3, 5);
    run_us(&bench, 100000);
    assert_int_equal(bench.records[0].note, NOTE_OK);
    assert_int_equal(bench.records[0].size, 8);
    assert_int_equal(bench.records[0].end.us, 1000000 + 5000 + 5730);

    bench_open(&bench, 9600);
    write_bytes(&bench, frame, 3);
    run_us(&bench, 8000); /* more than 3.5 characters: two broken frames */
    write_bytes(&bench, frame + 3, 5);
    run_us(&bench, 100000);
    assert_int_equal(bench.n_records, 2);
    assert_int_equal(bench.records[0].note, NOTE_CRC);
    assert_int_equal(bench.records[1].note, NOTE_CRC);
    assert_int_equal(bench.n_requests, 0);
    assert_int_equal(bench.wire.counts.crc, 2);
}

static void test_bad_frames(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    uint8_t wrong[8] = {1, 4, 0, 0, 0, 9, 0, 0};
    write_bytes(&bench, wrong, 8);
    run_us(&bench, 20000);
    static const uint8_t shorter[5] = {1, 4, 0, 0, 0}; /* its CRC is right, its length is not */
    write_request(&bench, shorter, 5);
    run_us(&bench, 20000);
    static const uint8_t headless[2] = {1, 16}; /* ends before it says how long it is */
    write_request(&bench, headless, 2);
    run_us(&bench, 20000);
    uint8_t endless[300] = {1, 0x2B};
    write_bytes(&bench, endless, sizeof endless);
    run_us(&bench, 400000);
    assert_int_equal(bench.wire.counts.crc, 4);
    assert_int_equal(bench.n_requests, 0);
    assert_int_equal(last_record(&bench)->end.us - last_record(&bench)->begin.us, 343750); /* all 300 had their time */
    static const uint8_t unknown[3] = {1, 0x2B, 0x0E}; /* a function without a known length ends by silence */
    write_request(&bench, unknown, 3);
    run_us(&bench, 20000);
    assert_int_equal(bench.n_requests, 1);
}

static void test_broadcast(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    static const uint8_t start[6] = {0, 6, 0, 20, 0, 77};
    write_request(&bench, start, 6);
    run_us(&bench, 100000);
    assert_int_equal(bench.n_requests, 1);
    assert_int_equal(bench.n_records, 1);
    assert_int_equal(bench.records[0].note, NOTE_BROADCAST);
}

static void test_a_late_reply_collides(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    bench.delay_us = 40000; /* the master waits 30 ms for the first byte and asks the next unit */
    write_request(&bench, question, 6);
    run_us(&bench, 9167 + 4011 + 38000);
    static const uint8_t other[6] = {2, 4, 0, 0, 0, 9};
    write_request(&bench, other, 6); /* the reply begins 2 ms later */
    run_us(&bench, 200000);
    assert_int_equal(bench.wire.counts.collisions, 1);
    assert_int_equal(bench.wire.counts.garbled, 0);
    assert_int_equal(bench.n_requests, 1);
    assert_int_equal(bench.n_delivered, REPLY);
    assert_int_not_equal(village_crc(bench.delivered, REPLY), 0);
    assert_int_equal(last_record(&bench)->note, NOTE_COLLISION);
}

static void test_beginning_into_a_reply(void **state)
{
    (void)state;
    for (int visible = 0; visible <= 1; visible++) {
        struct bench bench;
        bench_open(&bench, 9600);
        write_request(&bench, question, 6);
        /* within the first character nobody can know; after it the master could have read it */
        run_us(&bench, 9167 + 4011 + TURNAROUND_US + (visible ? 8000 : 600));
        write_request(&bench, question, 6);
        run_us(&bench, 200000);
        assert_int_equal(bench.wire.counts.garbled, visible);
        assert_int_equal(bench.wire.counts.collisions, !visible);
        assert_int_equal(bench.n_requests, 1);
        assert_int_not_equal(village_crc(bench.delivered, REPLY), 0);
    }
}

static void test_two_late_replies_collide(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    bench.delay_us = 60000;
    write_request(&bench, question, 6);
    run_us(&bench, 20000);
    write_request(&bench, question, 6);
    run_us(&bench, 300000);
    assert_int_equal(bench.wire.counts.replies, 2);
    assert_int_equal(bench.wire.counts.collisions, 1);
    assert_int_equal(bench.n_delivered, 2 * REPLY);
}

static void test_too_many_replies(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    uint8_t bytes[VILLAGE_FRAME_MAX + 1] = {0};
    assert_false(village_wire_reply(&bench.wire, bytes, 0, bench.now, NOTE_OK));
    assert_false(village_wire_reply(&bench.wire, bytes, sizeof bytes, bench.now, NOTE_OK));
    for (int i = 0; i < VILLAGE_REPLIES_MAX; i++)
        assert_true(village_wire_reply(&bench.wire, bytes, 4, bench.now, NOTE_OK));
    assert_false(village_wire_reply(&bench.wire, bytes, 4, bench.now, NOTE_OK));
}

static void test_a_late_village_owns_up(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, 9600);
    write_request(&bench, question, 6);
    bench.now.us += 60000; /* asleep through all of it */
    village_wire_advance(&bench.wire, bench.now);
    assert_int_equal(bench.n_delivered, REPLY);
    assert_int_equal(bench.wire.counts.worst_late_us, 60000 - 9167 - 4011);
    assert_int_equal(last_record(&bench)->end.us, bench.now.us); /* the master cannot have read it before */
    run_us(&bench, 4011);
    write_request(&bench, question, 6);
    run_us(&bench, 20000);
    assert_int_equal(bench.wire.counts.garbled, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_request_sizes),
        cmocka_unit_test(test_a_transaction_takes_its_time),
        cmocka_unit_test(test_no_byte_is_early),
        cmocka_unit_test(test_no_silence_within_a_reply),
        cmocka_unit_test(test_silence_before_a_frame),
        cmocka_unit_test(test_a_garbled_frame_is_lost),
        cmocka_unit_test(test_two_requests_without_silence),
        cmocka_unit_test(test_a_frame_in_pieces),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_a_late_reply_collides),
        cmocka_unit_test(test_beginning_into_a_reply),
        cmocka_unit_test(test_two_late_replies_collide),
        cmocka_unit_test(test_too_many_replies),
        cmocka_unit_test(test_a_late_village_owns_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
