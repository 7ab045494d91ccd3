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
    fails("tests/codecs/data/national.cap", false);
}

static void all_fail_from_there(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    fails("tests/codecs/data/whole.cap", true);
    fails("tests/codecs/data/version10.cap", true);
    fails("tests/codecs/data/national.cap", true);
}

/* The C library's converters say "not supported" where they had no memory, too. It must be for once: the same bytes are read
 * when there is memory again. */
static void a_converter_comes_back(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    struct slice bytes = read_whole("tests/codecs/data/gbk.cap");
    struct error error;
    bool ok = false;
    for (long n = 0; !ok; n++) {
        for (int forever = 0; forever < 2; forever++) {
            countdown = n;
            for_good = forever;
            ok = decode(bytes, &error);
            countdown = -1;
            assert_true(ok || error.code == ERROR_NO_MEMORY || error.code == ERROR_INTERNAL);
            if (!decode(bytes, &error))
                fail_msg("allocation %ld failed, and then never again, but: %s", n, error.message);
        }
    }
    free((char *)bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_converter_comes_back),
        cmocka_unit_test(one_fails),
        cmocka_unit_test(all_fail_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
