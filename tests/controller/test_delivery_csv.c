/* Deliveries as CSV: quoting, absent members, line ends. */
#include "controller/delivery_csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
    (void)state;
    json_t *list = json_loads(
        "[{\"terminal\":\"t1\",\"name\":\"龙塘村, \\\"一组\\\"\",\"end\":\"heard\",\"rung\":\"heard\","
        "\"highest\":\"heard\",\"level\":-12.25,\"counted\":2,\"people\":150,\"times\":{\"heard\":\"2026-11-22T03:20:00Z\"}},"
        "{\"terminal\":\"t2\",\"end\":\"failed\",\"reason\":\"silent\",\"token\":\"none\"}]",
        0, NULL);
    assert_non_null(list);
    char *text = delivery_csv(list);
    json_decref(list);
    assert_non_null(text);
    assert_string_equal(text,
                        "terminal,end,reason,rung,highest,name,line,channel,baseline,level,threshold,level_kind,counted,"
                        "token,alert,people,sent,acknowledged,armed,started,sounding,heard,stopped,read,ended\r\n"
                        "t1,heard,,heard,heard,\"龙塘村, \"\"一组\"\"\",,,,-12.25,,,2,,,150,,,,,,2026-11-22T03:20:00Z,,,\r\n"
                        "t2,failed,silent,,,,,,,,,,,none,,,,,,,,,,,\r\n");
    free(text);
}

static void test_no_rows(void **state)
{
    (void)state;
    json_t *list = json_array();
    char *text = delivery_csv(list);
    json_decref(list);
    assert_non_null(strstr(text, "heard,stopped,read,ended\r\n"));
    assert_int_equal(strlen(strstr(text, "ended")), strlen("ended\r\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_no_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
