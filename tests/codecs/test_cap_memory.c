/* codecs/cap without memory. */
#include "tests/codecs/no_memory.h"

#include "tests/codecs/cap_reading.h"

static bool decode(struct slice bytes, struct error *error)
{
    struct alert_message *message = NULL;
    bool ok = cap_decode(bytes, &message, error);
    alert_message_free(message);
    return ok;
}

static void fails(const char *path, bool good)
{
    struct slice bytes = read_whole(path);
    every_allocation_fails(path, bytes, decode, good);
    free((char *)bytes.data);
}

static void one_fails(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    fails("tests/codecs/data/whole.cap", false);
    fails("tests/codecs/data/version10.cap", false);
}

static void all_fail_from_there(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    fails("tests/codecs/data/whole.cap", true);
    fails("tests/codecs/data/version10.cap", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fails),
        cmocka_unit_test(all_fail_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
