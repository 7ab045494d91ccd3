/* For the tests of decoders without memory: each allocation of a decode fails once, and then each from there on. Every failure
 * must be told as no memory, and nothing may leak (which the sanitizer and valgrind see). To be included by one file of a
 * program only: the functions here stand before the C library's. */
#ifndef TOCSIN_TESTS_CODECS_NO_MEMORY_H
#define TOCSIN_TESTS_CODECS_NO_MEMORY_H

#include "codecs/base.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* volatile: compilers know what malloc does, and that it reads no such thing. */
static volatile long countdown = -1; /* allocations until the first that fails; -1: none fails */
static volatile bool for_good;
static volatile long failures;

static inline bool must_fail(void)
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

void *calloc(size_t n, size_t size)
{
    static void *(*next)(size_t, size_t);
    if (!next)
        next = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    return must_fail() ? NULL : next(n, size);
}

/* valgrind puts its own malloc before ours, unless it is run with --soname-synonyms=somalloc=nouserintercepts. */
static inline void need_own_malloc(const char *test)
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

/* Decodes and frees again. */
typedef bool decode_fn(struct slice bytes, struct error *error);

static inline void every_allocation_fails(const char *name, struct slice bytes, decode_fn *decode, bool good)
{
    long n = 0;
    for (;; n++) {
        struct error error = {ERROR_NONE, ""};
        failures = 0;
        for_good = good;
        countdown = n;
        bool ok = decode(bytes, &error);
        countdown = -1;
        if (failures == 0)
            break;
        if (ok || error.code != ERROR_NO_MEMORY)
            fail_msg("%s: allocation %ld failed, but: %s", name, n, ok ? "it was read" : error.message);
    }
    assert_true(n > 20); /* else nothing was tried */
}

#endif
