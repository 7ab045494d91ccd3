/* Characters, silences and ways of a line, by numbers worked out by hand. */
#include "hardware/line_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct line_settings settings_of(int baud, char parity, int stop_bits)
{
    return (struct line_settings){.baud = baud, .parity = parity, .stop_bits = stop_bits};
}

static void a_character_has_all_its_bits(void **state)
{
    (void)state;
    struct line_settings n1 = settings_of(9600, 'N', 1), e1 = settings_of(9600, 'E', 1), n2 = settings_of(9600, 'N', 2);
    struct line_settings o2 = settings_of(1200, 'O', 2), none = settings_of(0, 'E', 1);
    assert_int_equal(line_character_ns(&n1), 1041666); /* 10 bits */
    assert_int_equal(line_character_ns(&e1), 1145833); /* 11 */
    assert_int_equal(line_character_ns(&n2), 1145833);
    assert_int_equal(line_character_ns(&o2), 10000000); /* 12 */
    assert_int_equal(line_character_ns(&none), 0);
}

static void bytes_are_rounded_up_together(void **state)
{
    (void)state;
    assert_int_equal(line_bytes_us(1145833, 8), 9167); /* 9166.664 */
    assert_int_equal(line_bytes_us(1145833, 0), 0);
    assert_int_equal(line_bytes_us(1000, 3), 3);
    assert_int_equal(line_bytes_us(0, 256), 0);
}

static void the_silence_is_fixed_above_19200(void **state)
{
    (void)state;
    static const struct {
        int baud;
        char parity;
        int64_t us;
    } of[] = {{1200, 'E', 32084}, {9600, 'N', 3646},  {9600, 'E', 4011},  {19200, 'N', 1823},
              {19200, 'E', 2006}, {38400, 'N', 1750}, {38400, 'E', 1750}, {115200, 'E', 1750}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct line_settings settings = settings_of(of[i].baud, of[i].parity, 1);
        assert_int_equal(line_silence_us(&settings), of[i].us);
    }
}

static void a_radio_wants_more_silence_or_not(void **state)
{
    (void)state;
    struct line_settings settings = settings_of(9600, 'E', 1);
    settings.quiet_ms = 4;
    assert_int_equal(line_silence_us(&settings), 4011);
    settings.quiet_ms = 5;
    assert_int_equal(line_silence_us(&settings), 5000);
    settings.baud = 115200;
    assert_int_equal(line_silence_us(&settings), 5000);
    settings.quiet_ms = 1;
    assert_int_equal(line_silence_us(&settings), 1750);
}

static void without_a_wire_there_is_no_silence_but_what_is_asked_for(void **state)
{
    (void)state;
    struct line_settings settings = settings_of(0, 'E', 1);
    assert_int_equal(line_silence_us(&settings), 0);
    settings.quiet_ms = 30;
    assert_int_equal(line_silence_us(&settings), 30000);
}

/* Neither is part of a silence or of a character. */
static void gateway_and_radio_are_on_the_way(void **state)
{
    (void)state;
    struct line_settings settings = settings_of(9600, 'E', 1);
    assert_int_equal(line_way_us(&settings), 0);
    settings.gateway_delay_ms = 40;
    settings.key_up_ms = 30;
    assert_int_equal(line_way_us(&settings), 70000);
    assert_int_equal(line_silence_us(&settings), 4011);
    assert_int_equal(line_character_ns(&settings), 1145833);
    settings.quiet_ms = 200;
    assert_int_equal(line_way_us(&settings), 70000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_has_all_its_bits),
        cmocka_unit_test(bytes_are_rounded_up_together),
        cmocka_unit_test(the_silence_is_fixed_above_19200),
        cmocka_unit_test(a_radio_wants_more_silence_or_not),
        cmocka_unit_test(without_a_wire_there_is_no_silence_but_what_is_asked_for),
        cmocka_unit_test(gateway_and_radio_are_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
