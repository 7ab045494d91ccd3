/* The wire over the network, Modbus TCP and RTU over TCP, on gateways that do whatever gateways do: segments of any size, late,
 * foreign and broken replies, heartbeats anywhere, closing in the middle, not being there at all. */
#include "codecs/monotonic.h"
#include "hardware/line_pattern.h"
#include "hardware/wire.h"
#include "tests/hardware/fake_gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const enum line_kind KINDS[] = {LINE_TCP, LINE_RTU_OVER_TCP};
enum { N_KINDS = 2 };

/* Reads registers 0..1 of unit 5. */
static const struct frame_request READ_TWO = {.unit = 5, .function = 4, .address = 0, .count = 2};
static const uint8_t GOOD[] = {5, 4, 4, 1, 2, 3, 4}, OTHERS[] = {6, 4, 4, 9, 9, 9, 9};

static size_t request_size(enum line_kind kind)
{
    return kind == LINE_TCP ? 12 : 8;
}

static struct line_settings settings_of(const struct gateway *gateway, enum line_kind kind)
{
    return (struct line_settings){.id = "l1",
                                  .kind = kind,
                                  .host = "127.0.0.1",
                                  .port = gateway->port,
                                  .baud = 115200,
                                  .parity = 'E',
                                  .stop_bits = 1,
                                  .turnaround_ms = 20};
}

static struct wire *connect_with(struct gateway *gateway, const struct line_settings *settings)
{
    char method[256];
    struct error error = {0};
    struct wire *wire = wire_open(settings, -1, -1, method, &error);
    if (!wire)
        fail_msg("%s", error.message);
    assert_non_null(strstr(method, "connected to 127.0.0.1:"));
    gateway_start(gateway);
    return wire;
}

static struct wire *connect_to(struct gateway *gateway, enum line_kind kind)
{
    struct line_settings settings = settings_of(gateway, kind);
    return connect_with(gateway, &settings);
}

static void end(struct gateway *gateway, struct wire *wire)
{
    wire_close(wire);
    gateway_end(gateway);
}

static struct wire_reply ask_for(struct wire *wire, int64_t limit_ms)
{
    struct wire_reply reply;
    wire_transact(wire, &READ_TWO, limit_ms * 1000, -1, &reply);
    return reply;
}

/* With a limit that only a failed test comes to. */
static struct wire_reply ask(struct wire *wire)
{
    return ask_for(wire, patience_ms());
}

static void assert_answered(const struct wire_reply *reply)
{
    if (reply->outcome != WIRE_ANSWERED)
        fail_msg("outcome %d: %s", (int)reply->outcome, reply->error.message);
    assert_int_equal(reply->words[0], 0x0102);
    assert_int_equal(reply->words[1], 0x0304);
}

static struct line_counts counts_of(struct wire *wire)
{
    struct line_counts counts = {0};
    wire_take_counts(wire, &counts);
    return counts;
}

/* ---- replies ---- */

static void a_read_is_answered(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        for (int i = 0; i < 2; i++) {
            gateway_hears(&gateway, request_size(KINDS[k]));
            gateway_answers(&gateway, KINDS[k], GOOD, sizeof GOOD);
        }
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        for (int i = 0; i < 2; i++) {
            struct wire_reply reply = ask(wire);
            assert_answered(&reply);
            assert_int_equal(reply.late_bytes + reply.foreign, 0);
        }
        struct line_counts counts = counts_of(wire);
        assert_int_equal(counts.requests, 2);
        assert_int_equal(counts.replies, 2);
        assert_true(counts.occupied_us > counts.busy_us && counts.busy_us > 2 * 17 * 95);
        end(&gateway, wire);
        if (KINDS[k] == LINE_TCP) { /* each request has a number of its own */
            static const uint8_t REST[] = {0, 0, 0, 6, 5, 4, 0, 0, 0, 2};
            assert_memory_equal(gateway.heard[0] + 2, REST, sizeof REST);
            assert_memory_not_equal(gateway.heard[0], gateway.heard[2], 2);
        }
    }
}

static void a_reply_may_come_byte_by_byte(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        gateway_hears(&gateway, request_size(KINDS[k]));
        gateway_answers(&gateway, KINDS[k], GOOD, sizeof GOOD)->what = GATEWAY_DRIBBLES;
        gateway.acts[1].ms = 10;
        struct line_settings settings = settings_of(&gateway, KINDS[k]);
        settings.gateway_delay_ms = 2000; /* so much may lie between its first byte and its last */
        struct wire *wire = connect_with(&gateway, &settings);
        struct wire_reply reply = ask(wire);
        assert_answered(&reply);
        end(&gateway, wire);
    }
}

static void a_dribble_cannot_hold_the_line(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        gateway_hears(&gateway, request_size(KINDS[k]));
        gateway_answers(&gateway, KINDS[k], GOOD, sizeof GOOD)->what = GATEWAY_DRIBBLES;
        gateway.acts[1].ms = 150; /* 9 or 13 bytes, which may take 51 ms */
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        struct wire_reply reply = ask(wire);
        assert_int_equal(reply.outcome, WIRE_GARBLED);
        assert_in_range(mono_since(mono_now(), reply.first_byte), 0, 1000000);
        end(&gateway, wire);
    }
}

static const uint8_t LATE[] = {5, 4, 4, 7, 7, 7, 7};

static void a_late_reply_is_not_taken(void **state)
{
    (void)state;
    struct gateway gateway;
    gateway_make(&gateway);
    gateway_hears(&gateway, 12);
    gateway_hears(&gateway, 12);
    struct gateway_act *late = gateway_answers(&gateway, LINE_TCP, LATE, sizeof LATE);
    late->bytes[0] = late->bytes[1] = 0xFF; /* the number of the request before */
    gateway_hears(&gateway, 12);
    gateway_answers(&gateway, LINE_TCP, GOOD, sizeof GOOD);
    struct wire *wire = connect_to(&gateway, LINE_TCP);
    assert_int_equal(ask_for(wire, 10).outcome, WIRE_SILENT);
    struct wire_reply reply = ask_for(wire, 100);
    assert_int_equal(reply.outcome, WIRE_SILENT);
    assert_int_equal(reply.foreign, 0);
    gateway_await(&gateway, 3);
    reply = ask(wire);
    assert_answered(&reply);
    assert_int_equal(counts_of(wire).strays, late->n);
    end(&gateway, wire);
}

static void an_answer_behind_a_late_reply_is_taken(void **state)
{
    (void)state;
    uint8_t both[300];
    struct gateway gateway;
    gateway_make(&gateway);
    gateway_hears(&gateway, 12);
    size_t n = gateway_frame(LINE_TCP, LATE, sizeof LATE, both);
    n += gateway_frame(LINE_TCP, GOOD, sizeof GOOD, both + n);
    both[n / 2 + 1] = 1; /* the number of the first request */
    gateway_says(&gateway, both, n);
    struct wire *wire = connect_to(&gateway, LINE_TCP);
    struct wire_reply reply = ask(wire);
    assert_answered(&reply);
    assert_int_equal(counts_of(wire).strays, n / 2);
    end(&gateway, wire);
}

static void a_second_reply_behind_the_first_is_late(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        uint8_t both[300];
        struct gateway gateway;
        gateway_make(&gateway);
        gateway_hears(&gateway, request_size(KINDS[k]));
        size_t n = gateway_frame(KINDS[k], GOOD, sizeof GOOD, both);
        n += gateway_frame(KINDS[k], GOOD, sizeof GOOD, both + n);
        gateway_says(&gateway, both, n)->numbered = KINDS[k] == LINE_TCP;
        gateway_hears(&gateway, request_size(KINDS[k]));
        gateway_answers(&gateway, KINDS[k], GOOD, sizeof GOOD);
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        struct wire_reply reply = ask(wire);
        assert_answered(&reply);
        assert_int_equal(reply.late_bytes, 0);
        reply = ask(wire);
        assert_answered(&reply);
        assert_int_equal(reply.late_bytes, n / 2);
        assert_int_equal(ask_for(wire, 10).late_bytes, 0); /* told once */
        end(&gateway, wire);
    }
}

static void replies_of_other_units_are_named_and_not_taken(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        gateway_hears(&gateway, request_size(KINDS[k]));
        gateway_answers(&gateway, KINDS[k], OTHERS, sizeof OTHERS);
        gateway_answers(&gateway, KINDS[k], GOOD, sizeof GOOD);
        gateway_hears(&gateway, request_size(KINDS[k]));
        gateway_answers(&gateway, KINDS[k], OTHERS, sizeof OTHERS);
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        struct wire_reply reply = ask(wire);
        assert_answered(&reply);
        assert_int_equal(reply.foreign, 1);
        assert_int_equal(reply.foreign_unit, 6);
        reply = ask_for(wire, 200);
        assert_int_equal(reply.outcome, WIRE_SILENT);
        end(&gateway, wire);
    }
}

static void other_functions_and_lengths_are_not_taken(void **state)
{
    (void)state;
    static const uint8_t wrong[][9] = {{5, 3, 4, 9, 9, 9, 9}, {5, 4, 6, 9, 9, 9, 9, 9, 9}, {5, 4, 2, 9, 9}};
    static const size_t sizes[] = {7, 9, 5};
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        for (int i = 0; i < 3; i++) {
            gateway_hears(&gateway, request_size(KINDS[k]));
            gateway_answers(&gateway, KINDS[k], wrong[i], sizes[i]);
        }
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        for (size_t i = 0; i < 3; i++) {
            struct wire_reply reply = ask_for(wire, 60);
            assert_int_equal(reply.outcome, WIRE_SILENT);
            assert_int_equal(reply.foreign, 0);
            gateway_await(&gateway, 2 * i + 2);
        }
        end(&gateway, wire);
    }
}

/* The head of Modbus TCP: wrong protocols, lengths of nothing and of 64 KiB. */
static void a_wrong_head_damages_the_reply_at_once(void **state)
{
    (void)state;
    static const uint8_t heads[][6] = {
        {0, 0, 0, 1, 0, 7}, {0, 0, 1, 0, 0, 7},   {0, 0, 0, 0, 0, 0},     {0, 0, 0, 0, 0, 2},
        {0, 0, 0, 0, 1, 7}, {0, 0, 0, 0, 0, 255}, {0, 0, 0, 0, 255, 255},
    };
    enum { N = sizeof heads / sizeof *heads };
    struct gateway gateway;
    gateway_make(&gateway);
    for (size_t i = 0; i < N; i++) {
        uint8_t bytes[13];
        memcpy(bytes, heads[i], 6);
        memcpy(bytes + 6, GOOD, sizeof GOOD);
        gateway_hears(&gateway, 12);
        gateway_says(&gateway, bytes, sizeof bytes)->numbered = true;
    }
    gateway_hears(&gateway, 12);
    gateway_answers(&gateway, LINE_TCP, GOOD, sizeof GOOD);
    struct wire *wire = connect_to(&gateway, LINE_TCP);
    struct wire_reply reply;
    for (size_t i = 0; i < N; i++) {
        reply = ask(wire);
        assert_int_equal(reply.outcome, WIRE_GARBLED);
        assert_in_range(mono_since(mono_now(), reply.first_byte), 0, 1000000);
    }
    reply = ask(wire);
    assert_answered(&reply); /* back in step */
    end(&gateway, wire);
}

static void a_gateway_that_speaks_for_a_dead_unit_is_no_reply(void **state)
{
    (void)state;
    static const uint8_t codes[] = {10, 11, 2};
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        for (int i = 0; i < 3; i++) {
            const uint8_t refusal[] = {5, 0x84, codes[i]};
            gateway_hears(&gateway, request_size(KINDS[k]));
            gateway_answers(&gateway, KINDS[k], refusal, sizeof refusal);
        }
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        for (int i = 0; i < 3; i++) {
            struct wire_reply reply = ask(wire);
            assert_int_equal(reply.outcome, codes[i] == 2 ? WIRE_EXCEPTION : WIRE_SILENT);
            assert_int_equal(reply.exception, codes[i]);
        }
        struct line_counts counts = counts_of(wire);
        assert_int_equal(counts.timeouts, 2);
        assert_int_equal(counts.exceptions, 1);
        assert_int_equal(counts.replies, 1);
        end(&gateway, wire);
    }
}

static void an_echo_is_taken_back(void **state)
{
    (void)state;
    uint8_t echo[8] = {5, 4, 0, 0, 0, 2}, reply_bytes[16];
    gateway_frame(LINE_RTU_OVER_TCP, echo, 6, echo);
    size_t n = gateway_frame(LINE_RTU_OVER_TCP, GOOD, sizeof GOOD, reply_bytes);
    struct gateway gateway;
    gateway_make(&gateway);
    for (int wrong = 0; wrong < 2; wrong++) {
        gateway_hears(&gateway, 8);
        gateway_says(&gateway, "HB", 2);
        echo[3] = (uint8_t)wrong; /* somebody spoke into it */
        gateway_says(&gateway, echo, 5);
        gateway_does(&gateway, GATEWAY_WAITS, 5);
        gateway_says(&gateway, echo + 5, 3);
        gateway_says(&gateway, reply_bytes, n);
    }
    struct line_settings settings = settings_of(&gateway, LINE_RTU_OVER_TCP);
    settings.echo = true;
    settings.gateway_delay_ms = 1000; /* it may come so much later */
    assert_true(line_pattern_parse("HB", &settings.heartbeat, NULL));
    struct wire *wire = connect_with(&gateway, &settings);
    struct wire_reply reply = ask(wire);
    assert_answered(&reply);
    assert_int_equal(ask(wire).outcome, WIRE_GARBLED);
    assert_int_equal(counts_of(wire).heartbeats, 2);
    end(&gateway, wire);
}

/* ---- time ---- */

/* What a frame of 8 bytes takes at 9600 baud, in microseconds. */
enum { FRAME_US = 8 * 11 * 1000000 / 9600, SILENCE_US = 4010 };

static void delays_are_waited_for_on_each_kind(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        struct line_settings settings = settings_of(&gateway, KINDS[k]);
        settings.baud = 9600;
        settings.gateway_delay_ms = 40;
        settings.key_up_ms = 30;
        settings.quiet_ms = 25;
        struct wire *wire = connect_with(&gateway, &settings);
        struct wire_reply reply = ask_for(wire, 10);
        struct mono now = mono_now();
        assert_int_equal(reply.outcome, WIRE_SILENT);
        assert_in_range(mono_since(reply.sent_end, reply.sent_begin), FRAME_US + 70000, FRAME_US + 70000 + 500000);
        assert_true(mono_since(now, reply.sent_end) >= 10000 + 2 * 70000);
        assert_int_equal(mono_since(wire_free_at(wire), reply.sent_end), 25000);
        assert_true(counts_of(wire).occupied_us >= FRAME_US + 70000 + 10000 + 2 * 70000);
        end(&gateway, wire);
    }
}

static void silence_is_kept_behind_a_gateway_and_not_without_a_wire(void **state)
{
    (void)state;
    for (int baud = 9600; baud >= 0; baud -= 9600) {
        struct gateway gateway;
        gateway_make(&gateway);
        gateway_hears(&gateway, 12);
        gateway_answers(&gateway, LINE_TCP, GOOD, sizeof GOOD);
        struct line_settings settings = settings_of(&gateway, LINE_TCP);
        settings.baud = baud;
        struct wire *wire = connect_with(&gateway, &settings);
        struct wire_reply reply = ask(wire);
        assert_answered(&reply);
        struct mono last = mono_later(reply.received, reply.sent_end);
        if (baud > 0)
            assert_in_range(mono_since(wire_free_at(wire), last), SILENCE_US, SILENCE_US + 2);
        else
            assert_int_equal(mono_since(wire_free_at(wire), last), 0);
        assert_int_equal(counts_of(wire).busy_us > 0, baud > 0);
        end(&gateway, wire);
    }
}

static void a_broadcast_is_not_answered(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        const struct frame_request start = {.unit = 0, .function = 6, .address = 20, .count = 1, .values = {513}};
        struct wire_reply reply;
        wire_transact(wire, &start, patience_ms() * 1000LL, -1, &reply);
        assert_int_equal(reply.outcome, WIRE_SENT);
        assert_int_equal(mono_since(wire_free_at(wire), reply.sent_end), 20000);
        end(&gateway, wire);
    }
}

static void a_waiting_request_can_be_withdrawn(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        struct gateway gateway;
        gateway_make(&gateway);
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        int interrupt = eventfd(1, EFD_CLOEXEC);
        struct wire_reply reply;
        wire_transact(wire, &READ_TWO, patience_ms() * 1000LL, interrupt, &reply);
        assert_int_equal(reply.outcome, WIRE_WITHDRAWN);
        close(interrupt);
        end(&gateway, wire);
    }
}

/* ---- heartbeats ---- */

static const uint8_t BEAT[] = {0xFE, 0x01, 0xFE, 0x02};

/* Waits at the wire until so many have come, as an idle line does. */
static void rest_until(struct wire *wire, struct line_counts *counts, uint64_t heartbeats)
{
    struct error error = {0};
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    while (counts->heartbeats < heartbeats) {
        struct pollfd fd = {.fd = wire_descriptor(wire), .events = POLLIN};
        assert_true(poll(&fd, 1, patience_ms()) == 1 && mono_before(mono_now(), give_up));
        assert_true(wire_rest(wire, &error));
        wire_take_counts(wire, counts);
    }
}

static void say_reply_with(struct gateway *gateway, size_t before, size_t behind, int cut)
{
    uint8_t bytes[64];
    size_t n = 0;
    for (size_t i = 0; i < before; i++, n += sizeof BEAT)
        memcpy(bytes + n, BEAT, sizeof BEAT);
    n += gateway_frame(LINE_RTU_OVER_TCP, GOOD, sizeof GOOD, bytes + n);
    for (size_t i = 0; i < behind; i++, n += sizeof BEAT)
        memcpy(bytes + n, BEAT, sizeof BEAT);
    gateway_hears(gateway, 8);
    if (cut > 0) {
        gateway_says(gateway, bytes, (size_t)cut);
        gateway_does(gateway, GATEWAY_WAITS, 20);
    }
    gateway_says(gateway, bytes + cut, n - (size_t)cut);
}

static void heartbeats_are_taken_out_wherever_they_stand(void **state)
{
    (void)state;
    struct gateway gateway;
    gateway_make(&gateway);
    gateway_says(&gateway, BEAT, sizeof BEAT); /* while nobody asks: whole, then cut */
    gateway_says(&gateway, BEAT, 1);
    gateway_does(&gateway, GATEWAY_WAITS, 20);
    gateway_says(&gateway, BEAT + 1, 3);
    say_reply_with(&gateway, 1, 0, 0); /* before the reply, in its segment */
    say_reply_with(&gateway, 3, 0, 0); /* several */
    say_reply_with(&gateway, 2, 0, 6); /* cut */
    say_reply_with(&gateway, 1, 0, 4); /* in a segment of its own */
    say_reply_with(&gateway, 0, 2, 0); /* behind the reply */
    say_reply_with(&gateway, 0, 1, 0);
    struct line_settings settings = settings_of(&gateway, LINE_RTU_OVER_TCP);
    assert_true(line_pattern_parse("hex:FE 01 FE ??", &settings.heartbeat, NULL));
    struct wire *wire = connect_with(&gateway, &settings);
    struct line_counts counts = {0};
    rest_until(wire, &counts, 2);
    for (int i = 0; i < 6; i++) {
        struct wire_reply reply = ask(wire);
        assert_answered(&reply);
        assert_int_equal(reply.late_bytes + reply.foreign, 0);
    }
    rest_until(wire, &counts, 2 + 7 + 3);
    assert_int_equal(counts.strays + counts.damaged, 0);
    end(&gateway, wire);
}

static void what_only_begins_like_a_heartbeat_is_a_stray(void **state)
{
    (void)state;
    struct gateway gateway;
    gateway_make(&gateway);
    gateway_says(&gateway, "x\xFE\x01", 3);
    struct line_settings settings = settings_of(&gateway, LINE_RTU_OVER_TCP);
    assert_true(line_pattern_parse("hex:FE 01 FE 02", &settings.heartbeat, NULL));
    gateway_hears(&gateway, 8);
    gateway_answers(&gateway, LINE_RTU_OVER_TCP, GOOD, sizeof GOOD);
    struct wire *wire = connect_with(&gateway, &settings);
    struct error error = {0};
    gateway_await(&gateway, 1);
    assert_true(wire_rest(wire, &error)); /* waits for the rest of it, not for ever */
    assert_int_equal(counts_of(wire).strays, 3);
    struct wire_reply reply = ask(wire);
    assert_answered(&reply);
    assert_int_equal(reply.late_bytes, 3);
    end(&gateway, wire);
}

static void a_missing_heartbeat_ends_the_connection(void **state)
{
    (void)state;
    struct gateway gateway;
    gateway_make(&gateway);
    gateway_does(&gateway, GATEWAY_WAITS, 300);
    gateway_says(&gateway, BEAT, sizeof BEAT);
    struct line_settings settings = settings_of(&gateway, LINE_RTU_OVER_TCP);
    assert_true(line_pattern_parse("hex:FE 01 FE 02", &settings.heartbeat, NULL));
    settings.heartbeat_s = 1;
    struct mono began = mono_now();
    struct wire *wire = connect_with(&gateway, &settings);
    struct line_counts counts = {0};
    rest_until(wire, &counts, 1);
    struct error error = {0};
    int64_t alive_us = mono_since(wire_rest_at(wire), began);
    assert_true(alive_us >= 1300000); /* it was heard */
    while (wire_rest(wire, &error))
        poll(NULL, 0, 10);
    assert_true(mono_since(mono_now(), began) >= alive_us);
    assert_non_null(strstr(error.message, "no heartbeat came for 1 s"));
    struct wire_reply reply = ask(wire); /* also in the middle of work */
    assert_int_equal(reply.outcome, WIRE_LOST);
    assert_non_null(strstr(reply.error.message, "no heartbeat"));
    end(&gateway, wire);
}

/* ---- noise ---- */

/* Random bytes around and in place of answers: no wrong value ever, and nothing holds the line. */
static void noise_never_makes_a_value(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        unsigned seed = 4711;
        struct gateway gateway;
        gateway_make(&gateway);
        for (int i = 0; i < 13; i++) {
            uint8_t noise[300];
            size_t n = 1 + (size_t)rand_r(&seed) % 40;
            for (size_t b = 0; b < n; b++)
                noise[b] = (uint8_t)rand_r(&seed);
            if (i % 3 == 1)
                noise[0] = 5; /* our unit, or a head's first byte */
            gateway_hears(&gateway, request_size(KINDS[k]));
            gateway_says(&gateway, noise, n);
            if (i % 2)
                gateway_answers(&gateway, KINDS[k], GOOD, sizeof GOOD);
        }
        struct wire *wire = connect_to(&gateway, KINDS[k]);
        for (int i = 0; i < 13; i++) {
            struct mono began = mono_now();
            struct wire_reply reply = ask_for(wire, 30);
            assert_true(reply.outcome == WIRE_GARBLED || reply.outcome == WIRE_SILENT || reply.outcome == WIRE_ANSWERED);
            if (reply.outcome == WIRE_ANSWERED)
                assert_answered(&reply);
            assert_true(mono_since(mono_now(), began) < 2000000);
        }
        end(&gateway, wire);
    }
}

/* ---- coming and going ---- */

static void a_gateway_that_goes_in_the_middle_is_lost(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++)
        for (int part = 0; part < 4; part++) {
            struct gateway gateway;
            gateway_make(&gateway);
            gateway_hears(&gateway, request_size(KINDS[k]));
            if (part % 2)
                gateway_answers(&gateway, KINDS[k], GOOD, sizeof GOOD)->n = 4; /* the begin of a reply */
            gateway_does(&gateway, part < 2 ? GATEWAY_CLOSES : GATEWAY_RESETS, 0);
            struct wire *wire = connect_to(&gateway, KINDS[k]);
            struct wire_reply reply = ask(wire);
            assert_int_equal(reply.outcome, WIRE_LOST);
            assert_int_equal(reply.error.code, ERROR_DISCONNECTED);
            assert_non_null(strstr(reply.error.message, "connection lost"));
            assert_int_equal(ask(wire).outcome, WIRE_LOST); /* and stays so; nobody is killed by SIGPIPE */
            end(&gateway, wire);
        }
}

static void a_closed_connection_is_seen_at_rest(void **state)
{
    (void)state;
    struct gateway gateway;
    gateway_make(&gateway);
    gateway_does(&gateway, GATEWAY_CLOSES, 0);
    struct wire *wire = connect_to(&gateway, LINE_TCP);
    struct pollfd fd = {.fd = wire_descriptor(wire), .events = POLLIN};
    struct error error = {0};
    assert_int_equal(poll(&fd, 1, patience_ms()), 1);
    assert_false(wire_rest(wire, &error));
    assert_non_null(strstr(error.message, "closed by the other side"));
    end(&gateway, wire);
}

/* It hears nothing and says nothing, and its host still takes what is sent. */
static void a_half_dead_gateway_costs_no_more_than_the_limit(void **state)
{
    (void)state;
    struct gateway gateway;
    gateway_make(&gateway);
    struct wire *wire = connect_to(&gateway, LINE_TCP);
    int64_t best = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        struct wire_reply reply = ask_for(wire, 20);
        int64_t took = mono_since(mono_now(), reply.sent_end);
        assert_int_equal(reply.outcome, WIRE_SILENT);
        best = took < best ? took : best;
    }
    assert_in_range(best, 20000, 60000);
    static const int options[][3] = {{IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
                                     {IPPROTO_TCP, TCP_KEEPIDLE, 10}, {IPPROTO_TCP, TCP_KEEPINTVL, 5},
                                     {IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 15000}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        int value = 0;
        socklen_t size = sizeof value;
        assert_int_equal(getsockopt(wire_descriptor(wire), options[i][0], options[i][1], &value, &size), 0);
        assert_int_equal(value, options[i][2]);
    }
    end(&gateway, wire);
}

static void fail_to_open(const struct line_settings *settings, int socket, int interrupt, enum error_code code,
                         const char *words)
{
    char method[256];
    struct error error = {0};
    assert_null(wire_open(settings, socket, interrupt, method, &error));
    assert_int_equal(error.code, code);
    if (!strstr(error.message, words))
        fail_msg("not said: %s: %s", words, error.message);
}

static void what_is_not_there_is_said_in_words(void **state)
{
    (void)state;
    struct gateway gateway;
    gateway_make(&gateway);
    struct line_settings settings = settings_of(&gateway, LINE_TCP);
    close(gateway.listener);
    gateway.listener = -1;
    fail_to_open(&settings, -1, -1, ERROR_DISCONNECTED, "refused: is the gateway's server on");
    text_copy(settings.host, sizeof settings.host, "gateway.example");
    fail_to_open(&settings, -1, -1, ERROR_INVALID, "\"gateway.example\" is not an IP address");
    settings = settings_of(&gateway, LINE_RTU_OVER_TCP);
    settings.calls_in = true;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    close(pair[1]);
    fail_to_open(&settings, pair[0], -1, ERROR_DISCONNECTED, "called in and hung up at once");
    assert_int_equal(fcntl(pair[0], F_GETFD), -1); /* it was the wire's to close */
    gateway_end(&gateway);
}

/* A listener whose queue is full answers nothing at all, like an address behind which nobody is. */
static void a_connection_that_is_not_answered_is_given_up(void **state)
{
    (void)state;
    struct gateway gateway;
    int fillers[8];
    gateway_make(&gateway);
    assert_int_equal(listen(gateway.listener, 0), 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(gateway.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    struct line_settings settings = settings_of(&gateway, LINE_TCP);
    struct mono began = mono_now();
    fail_to_open(&settings, -1, -1, ERROR_DISCONNECTED, "no answer within 3 s: is the gateway on");
    assert_in_range(mono_since(mono_now(), began), 3000000, 3000000 + patience_ms() * 100LL);
    int interrupt = eventfd(1, EFD_CLOEXEC);
    began = mono_now();
    fail_to_open(&settings, -1, interrupt, ERROR_DISCONNECTED, "the line is closing");
    assert_in_range(mono_since(mono_now(), began), 0, 2000000);
    close(interrupt);
    for (int i = 0; i < 8; i++)
        close(fillers[i]);
    gateway_end(&gateway);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as every program does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_is_answered),
        cmocka_unit_test(a_reply_may_come_byte_by_byte),
        cmocka_unit_test(a_dribble_cannot_hold_the_line),
        cmocka_unit_test(a_late_reply_is_not_taken),
        cmocka_unit_test(an_answer_behind_a_late_reply_is_taken),
        cmocka_unit_test(a_second_reply_behind_the_first_is_late),
        cmocka_unit_test(replies_of_other_units_are_named_and_not_taken),
        cmocka_unit_test(other_functions_and_lengths_are_not_taken),
        cmocka_unit_test(a_wrong_head_damages_the_reply_at_once),
        cmocka_unit_test(a_gateway_that_speaks_for_a_dead_unit_is_no_reply),
        cmocka_unit_test(an_echo_is_taken_back),
        cmocka_unit_test(delays_are_waited_for_on_each_kind),
        cmocka_unit_test(silence_is_kept_behind_a_gateway_and_not_without_a_wire),
        cmocka_unit_test(a_broadcast_is_not_answered),
        cmocka_unit_test(a_waiting_request_can_be_withdrawn),
        cmocka_unit_test(heartbeats_are_taken_out_wherever_they_stand),
        cmocka_unit_test(what_only_begins_like_a_heartbeat_is_a_stray),
        cmocka_unit_test(a_missing_heartbeat_ends_the_connection),
        cmocka_unit_test(noise_never_makes_a_value),
        cmocka_unit_test(a_gateway_that_goes_in_the_middle_is_lost),
        cmocka_unit_test(a_closed_connection_is_seen_at_rest),
        cmocka_unit_test(a_half_dead_gateway_costs_no_more_than_the_limit),
        cmocka_unit_test(what_is_not_there_is_said_in_words),
        cmocka_unit_test(a_connection_that_is_not_answered_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
