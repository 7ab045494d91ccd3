/* A gateway that never stops sending: no transaction lasts longer for it, and its connection is given up. */
#include "codecs/monotonic.h"
#include "hardware/line_pattern.h"
#include "hardware/wire.h"
#include "tests/hardware/fake_gateway.h"

#include <signal.h>

enum { FLOOD_MS = 4000, LIMIT_MS = 2, SOON_US = 2000000 };

static const struct frame_request READ_TWO = {.unit = 5, .function = 4, .address = 0, .count = 2};

/* These bytes over and over, so many times in each segment. */
static void floods(struct gateway *gateway, const char *bytes, int times, int ms)
{
    struct gateway_act *act = gateway_act(gateway);
    *act = (struct gateway_act){.what = GATEWAY_FLOODS, .ms = ms};
    for (int i = 0; i < times; i++) {
        memcpy(act->bytes + act->n, bytes, strlen(bytes));
        act->n += strlen(bytes);
    }
}

static struct wire *connect_to(struct gateway *gateway, enum line_kind kind, bool echo)
{
    char method[256];
    struct error error = {0};
    struct line_settings settings = {.id = "l1",
                                     .kind = kind,
                                     .host = "127.0.0.1",
                                     .port = gateway->port,
                                     .baud = 115200,
                                     .parity = 'E',
                                     .stop_bits = 1,
                                     .echo = echo};
    if (kind == LINE_RTU_OVER_TCP)
        assert_true(line_pattern_parse("HB", &settings.heartbeat, NULL));
    struct wire *wire = wire_open(&settings, -1, -1, method, &error);
    if (!wire)
        fail_msg("%s", error.message);
    gateway_start(gateway);
    return wire;
}

static void end(struct gateway *gateway, struct wire *wire)
{
    wire_close(wire); /* first: nobody else would end its sending */
    gateway_end(gateway);
}

static void heartbeats_without_end_hold_no_transaction(void **state)
{
    (void)state;
    for (int echo = 0; echo <= 1; echo++) {
        struct gateway gateway;
        struct wire_reply reply;
        gateway_make(&gateway);
        gateway_hears(&gateway, 8);
        floods(&gateway, "HB", 300, FLOOD_MS);
        struct wire *wire = connect_to(&gateway, LINE_RTU_OVER_TCP, echo);
        struct mono began = mono_now();
        wire_transact(wire, &READ_TWO, LIMIT_MS * 1000, -1, &reply);
        assert_in_range(mono_since(mono_now(), began), 0, SOON_US);
        assert_int_equal(reply.outcome, echo ? WIRE_GARBLED : WIRE_SILENT);
        end(&gateway, wire);
    }
}

static void a_withdrawal_does_not_wait_for_the_end_of_heartbeats(void **state)
{
    (void)state;
    struct gateway gateway;
    struct wire_reply reply;
    int interrupt = eventfd(1, EFD_CLOEXEC);
    gateway_make(&gateway);
    gateway_hears(&gateway, 8);
    floods(&gateway, "HB", 300, FLOOD_MS);
    struct wire *wire = connect_to(&gateway, LINE_RTU_OVER_TCP, false);
    struct mono began = mono_now();
    wire_transact(wire, &READ_TWO, patience_ms() * 1000LL, interrupt, &reply);
    assert_in_range(mono_since(mono_now(), began), 0, SOON_US);
    assert_int_equal(reply.outcome, WIRE_WITHDRAWN);
    close(interrupt);
    end(&gateway, wire);
}

static void a_flood_is_given_up(void **state)
{
    (void)state;
    static const struct {
        enum line_kind kind;
        const char *bytes;
        int times; /* few: all is read before more comes */
    } of[] = {{LINE_RTU_OVER_TCP, "HB", 300},
              {LINE_RTU_OVER_TCP, "HB", 2},
              {LINE_RTU_OVER_TCP, "noise", 100},
              {LINE_TCP, "noise", 100},
              {LINE_TCP, "noise", 1}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct gateway gateway;
        struct error error = {0};
        gateway_make(&gateway);
        floods(&gateway, of[i].bytes, of[i].times, patience_ms());
        struct wire *wire = connect_to(&gateway, of[i].kind, false);
        for (int left = patience_ms(); wire_rest(wire, &error); left--) { /* it may have to fetch its breath */
            assert_true(left > 0);
            poll(NULL, 0, 1);
        }
        assert_int_equal(error.code, ERROR_DISCONNECTED);
        assert_non_null(strstr(error.message, "the other side sends without end"));
        end(&gateway, wire);
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as every program does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heartbeats_without_end_hold_no_transaction),
        cmocka_unit_test(a_withdrawal_does_not_wait_for_the_end_of_heartbeats),
        cmocka_unit_test(a_flood_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
