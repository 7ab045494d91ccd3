/* codecs/cap without memory: each allocation of a decode fails once, and then each from there on. Every failure must be
 * told as no memory, and nothing may leak (which the sanitizer and valgrind see). */
#include "tests/codecs/cap_reading.h"

#include <dlfcn.h>

/* volatile: compilers know what malloc does, and that it reads no such thing. */
static volatile long countdown = -1; /* allocations until the first that fails; -1: none fails */
static volatile bool for_good;
static volatile long failures;

static bool must_fail(void)
{
    if (countdown < 0)
        return false;
    if (countdown > 0) {
        countdown--;
        return false;
    }
    if (!for_good)
        countdown = -1;
    failures++;
    return true;
}

/* These stand before the C library's for the whole program. */
void *malloc(size_t size)
{
    static void *(*next)(size_t);
    if (!next)
        next = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    return must_fail() ? NULL : next(size);
}

void *realloc(void *old, size_t size)
{
    static void *(*next)(void *, size_t);
    if (!next)
        next = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    return must_fail() ? NULL : next(old, size);
}

static void every_allocation_fails(const char *path, bool good)
{
    struct slice bytes = read_whole(path);
    long n = 0;
    for (;; n++) {
        struct alert_message *message = NULL;
        struct error error = {ERROR_NONE, ""};
        failures = 0;
        for_good = good;
        countdown = n;
        bool ok = cap_decode(bytes, &message, &error);
        countdown = -1;
        if (ok)
            alert_message_free(message);
        if (failures == 0)
            break;
        if (ok || error.code != ERROR_NO_MEMORY)
            fail_msg("%s: allocation %ld failed, but: %s", path, n, ok ? "it was read" : error.message);
    }
    free((char *)bytes.data);
    assert_true(n > 20); /* else nothing was tried */
}

/* valgrind puts its own malloc before ours, unless it is run with --soname-synonyms=somalloc=nouserintercepts. */
static void need_own_malloc(const char *test)
{
    countdown = 0;
    void *volatile block = malloc(1);
    countdown = -1;
    if (!block)
        return;
    free(block);
    print_message("%s is skipped: another malloc stands before the one of this test\n", test);
    skip();
}

static void one_fails(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    every_allocation_fails("tests/codecs/data/whole.cap", false);
    every_allocation_fails("tests/codecs/data/version10.cap", false);
}

static void all_fail_from_there(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    every_allocation_fails("tests/codecs/data/whole.cap", true);
    every_allocation_fails("tests/codecs/data/version10.cap", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fails),
        cmocka_unit_test(all_fail_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
