/* Replays a decoder's corpus, and deterministic mutations of it, through its fuzz harness: in the plain test run, with any
 * compiler. A harness aborts where something does not hold; the last file that is printed is the one. */
#ifndef TOCSIN_TESTS_FUZZ_REPLAY_H
#define TOCSIN_TESTS_FUZZ_REPLAY_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { REPLAY_MUTATIONS = 500 /* of each file */, REPLAY_SIZE = 65536, REPLAY_FILES = 256 };

typedef int replay_fn(const uint8_t *data, size_t size);

struct replay_bytes {
    uint8_t data[REPLAY_SIZE];
    size_t size;
};

/* xorshift64: the same on every machine. */
static inline uint64_t replay_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static inline size_t replay_below(uint64_t *seed, size_t limit)
{
    return limit ? (size_t)(replay_random(seed) % limit) : 0;
}

static inline void replay_run(replay_fn *run, const struct replay_bytes *bytes)
{
    uint8_t *exact = malloc(bytes->size ? bytes->size : 1); /* so that reading behind the end is seen */
    assert_non_null(exact);
    memcpy(exact, bytes->data, bytes->size);
    run(exact, bytes->size);
    free(exact);
}

/* Replaces n bytes at a place by a copy of others, of the same file or of another one. */
static inline void replay_splice(struct replay_bytes *bytes, size_t at, size_t n, const uint8_t *from, size_t size)
{
    if (bytes->size - n + size > REPLAY_SIZE)
        return;
    memmove(bytes->data + at + size, bytes->data + at + n, bytes->size - at - n);
    memcpy(bytes->data + at, from, size);
    bytes->size += size - n;
}

static inline void replay_mutate(struct replay_bytes *bytes, const struct replay_bytes *other, uint64_t *seed)
{
    static const uint8_t nasty[] = {'<', '>', '&', '"', '/', 0, 0xFF, 0x80, ' ', '-', ',', '9', '[', '!', ';', '='};
    size_t at = replay_below(seed, bytes->size), n = replay_below(seed, bytes->size - at < 64 ? bytes->size - at : 64);
    uint8_t copy[256];
    size_t from = replay_below(seed, other->size), size = replay_below(seed, sizeof copy);
    size = size < other->size - from ? size : other->size - from;
    memcpy(copy, other->data + from, size);
    switch (bytes->size ? replay_below(seed, 6) : 5) {
    case 0: bytes->data[at] ^= (uint8_t)(1 << replay_below(seed, 8)); break;
    case 1: bytes->data[at] = nasty[replay_below(seed, sizeof nasty)]; break;
    case 2: bytes->size = at; break;
    case 3: replay_splice(bytes, at, n, copy, 0); break;
    case 4: replay_splice(bytes, at, n, copy, size); break;
    default: replay_splice(bytes, at, 0, copy, size); break;
    }
}

static inline size_t replay_load(const char *folder, struct replay_bytes **files, char names[][256])
{
    struct dirent **entries;
    int found = scandir(folder, &entries, NULL, alphasort);
    size_t n = 0;
    if (found < 0)
        fail_msg("%s cannot be read; run the tests in the project's folder", folder);
    for (int i = 0; i < found; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        FILE *f = entries[i]->d_name[0] != '.' && n < REPLAY_FILES ? fopen(path, "rb") : NULL;
        if (f) {
            files[n] = malloc(sizeof *files[n]);
            assert_non_null(files[n]);
            files[n]->size = fread(files[n]->data, 1, REPLAY_SIZE, f);
            strcpy(names[n++], entries[i]->d_name);
            fclose(f);
        }
        free(entries[i]);
    }
    free(entries);
    return n;
}

/* Returns how many inputs were run. */
static inline size_t replay_folder(const char *folder, replay_fn *run)
{
    static struct replay_bytes *files[REPLAY_FILES], work;
    static char names[REPLAY_FILES][256];
    size_t n = replay_load(folder, files, names), runs = 0;
    uint64_t seed = 0x70C51A;
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        print_message("%s/%s\n", folder, names[i]);
        for (int mutation = 0; mutation <= REPLAY_MUTATIONS; mutation++, runs++) {
            work = *files[i];
            for (size_t m = mutation ? 1 + replay_below(&seed, 4) : 0; m > 0; m--)
                replay_mutate(&work, files[replay_below(&seed, n)], &seed);
            replay_run(run, &work);
        }
    }
    for (size_t i = 0; i < n; i++)
        free(files[i]);
    return runs;
}

#endif
