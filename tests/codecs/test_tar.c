/* codecs/tar: what is read, and what is refused with which reason. */
#include "codecs/tar.h"
#include "tests/codecs/packing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char LONG[] = "EBDT_10434152300000001030101010000000000000002/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/"
                           "EBDS_EBDB_10434152300000001030101010000000000000002.xml";

/* Reads all of it: the number of entries, or -1 with the error. */
static int read_all(struct slice archive, struct tar_entry *last, struct error *error)
{
    struct tar_reader reader;
    struct tar_entry entry;
    enum tar_step step;
    int n = 0;
    tar_begin(&reader, archive);
    while ((step = tar_next(&reader, &entry, error)) == TAR_ENTRY) {
        assert_true(entry.data.size == 0 ||
                    (entry.data.data >= archive.data && entry.data.data + entry.data.size <= archive.data + archive.size));
        *last = entry;
        n++;
    }
    return step == TAR_END ? n : -1;
}

static void refuse(struct pack *pack, enum error_code code, const char *begins, const char *has)
{
    struct error error = {ERROR_NONE, ""};
    struct tar_entry last;
    int n = read_all((struct slice){pack->bytes, pack->size}, &last, &error);
    if (n >= 0 || error.code != code || strncmp(error.message, begins, strlen(begins)) != 0 || !strstr(error.message, has))
        fail_msg("%d entries, %s \"%s\", not %s \"%s...%s\"", n, error_name(error.code), error.message, error_name(code),
                 begins, has);
    assert_true(text_is_utf8(slice_of(error.message)));
    assert_int_equal(read_all((struct slice){pack->bytes, pack->size}, &last, NULL), -1);
    pack_free(pack);
}

static void take(struct pack *pack, int n, const char *name, enum tar_type type, const char *data)
{
    struct error error = {ERROR_NONE, ""};
    struct tar_entry last = {.name = ""};
    int is = read_all((struct slice){pack->bytes, pack->size}, &last, &error);
    if (is != n)
        fail_msg("%d entries, not %d: %s", is, n, error.message);
    assert_string_equal(last.name, name);
    assert_int_equal(last.type, type);
    assert_int_equal(last.data.size, strlen(data));
    assert_memory_equal(last.data.data, data, strlen(data));
    pack_free(pack);
}

static void files_and_folders(void **state)
{
    (void)state;
    struct pack pack = {0};
    pack_add(&pack, "EBDT_1/", '5', NULL, 0);
    pack_text(&pack, "EBDT_1/empty", "");
    pack_text(&pack, "EBDT_1/龙塘.xml", "words");
    pack_end(&pack);
    take(&pack, 3, "EBDT_1/龙塘.xml", TAR_FILE, "words");
    pack_add(&pack, "old/", '\0', NULL, 0); /* before POSIX a folder was a name with a slash */
    pack_end(&pack);
    take(&pack, 1, "old/", TAR_FOLDER, "");
    pack_end(&pack);
    take(&pack, 0, "", TAR_FILE, "");
}

static void sizes_at_block_boundaries(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 511, 512, 513, 1024};
    char data[1025];
    memset(data, 'x', sizeof data);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct pack pack = {0};
        pack_add(&pack, "first", '0', data, sizes[i]);
        pack_text(&pack, "second", "behind it");
        pack_end(&pack);
        take(&pack, 2, "second", TAR_FILE, "behind it");
    }
}

/* The header of the only entry, changed and summed again, so that it is the change that is judged. */
static void changed(struct pack *pack, size_t at, const char *bytes, size_t n)
{
    char *header = pack_add(pack, "name", '0', "data", 4);
    memcpy(header + at, bytes, n);
    pack_sum(header);
    pack_end(pack);
}

static void writers_differ(void **state)
{
    (void)state;
    static const struct {
        size_t at, n;
        const char *bytes;
    } same[] = {
        {257, 8, "ustar  \0"},        /* GNU */
        {257, 8, "ustar\0\0\0"},      /* a library for Java */
        {257, 8, "\0\0\0\0\0\0\0\0"}, /* before POSIX */
        {124, 12, "          4 "},    /* blanks for zeros */
        {124, 12, "000000000004"},    /* no NUL */
        {156, 1, ""},                 /* type NUL: also a file */
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct pack pack = {0};
        changed(&pack, same[i].at, same[i].bytes, same[i].n);
        take(&pack, 1, "name", TAR_FILE, "data");
    }
}

static void signed_checksum(void **state)
{
    (void)state;
    struct pack pack = {0};
    char *header = pack_add(&pack, "\xC3\xA9", '0', NULL, 0);
    long sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < PACK_BLOCK; i++)
        sum += (signed char)header[i];
    snprintf(header + 148, 8, "%06lo", (unsigned long)sum);
    pack_end(&pack);
    take(&pack, 1, "\xC3\xA9", TAR_FILE, "");
}

static void long_names(void **state)
{
    (void)state;
    char pax[400];
    struct pack pack = {0};
    char *header = pack_add(&pack, "name", '0', "1", 1);
    memcpy(header + 345, "folder/in", 9);
    pack_sum(header);
    pack_end(&pack);
    take(&pack, 1, "folder/in/name", TAR_FILE, "1");

    pack_add(&pack, "././@LongLink", 'L', LONG, sizeof LONG);
    pack_add(&pack, LONG, '0', "2", 1);
    pack_text(&pack, "short", "3"); /* the long name is not its own */
    pack_end(&pack);
    take(&pack, 2, "short", TAR_FILE, "3");
    pack_add(&pack, "././@LongLink", 'L', LONG, sizeof LONG);
    pack_add(&pack, LONG, '0', "2", 1);
    pack_end(&pack);
    take(&pack, 1, LONG, TAR_FILE, "2");

    int n = snprintf(pax, sizeof pax, "30 mtime=1511577600.123456789\n%zu path=%s\n", strlen(LONG) + 10, LONG);
    pack_add(&pack, "PaxHeaders/x", 'x', pax, (size_t)n);
    pack_text(&pack, "cut", "4");
    pack_end(&pack);
    take(&pack, 1, LONG, TAR_FILE, "4");
    pack_add(&pack, "global", 'g', "14 comment=no\n", 14);
    pack_text(&pack, "name", "5");
    pack_end(&pack);
    take(&pack, 1, "name", TAR_FILE, "5");
}

static void names_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *begins, *has;
    } bad[] = {
        {"/etc/passwd", "entry 1 \"/etc/passwd\": ", "absolute"},
        {"..", "entry 1 \"..\": ", "leads out"},
        {"../x", "entry 1 \"../x\": ", "leads out"},
        {"a/../../x", "entry 1 \"a/../../x\": ", "leads out"},
        {"a/..", "entry 1 \"a/..\": ", "leads out"},
        {"a\\x", "entry 1 \"a\\x\": ", "backslash"},
        {"a\nx", "entry 1 \"a x\": ", "control character"},
        {"a\x7F", "entry 1 \"a?\": ", "control character"},
        {"\xC3", "entry 1 \"?\": ", "not UTF-8"},
        {"", "entry 1: ", "empty"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pack pack = {0};
        pack_text(&pack, bad[i].name, "x");
        pack_end(&pack);
        refuse(&pack, ERROR_INVALID, bad[i].begins, bad[i].has);
        pack_add(&pack, "long", 'L', bad[i].name, strlen(bad[i].name) + 1);
        pack_text(&pack, "innocent", "x");
        pack_end(&pack);
        refuse(&pack, ERROR_INVALID, *bad[i].name ? "entry 2 \"" : "entry 2: ", bad[i].has);
    }
    struct pack pack = {0};
    pack_text(&pack, "a..b/...c", "fine");
    pack_end(&pack);
    take(&pack, 1, "a..b/...c", TAR_FILE, "fine");
}

static void types_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        char type;
        const char *has;
    } bad[] = {{'1', "a hard link"}, {'2', "a symbolic link"}, {'3', "a character device"}, {'4', "a block device"},
               {'6', "a FIFO"},      {'K', "a long link"},     {'S', "a sparse file"},      {'7', "type 0x37"},
               {'D', "type 0x44"},   {'M', "type 0x4d"},       {'\xFF', "type 0xff"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pack pack = {0};
        pack_text(&pack, "good", "x");
        pack_add(&pack, "bad", bad[i].type, NULL, 0);
        pack_end(&pack);
        refuse(&pack, ERROR_INVALID, "entry 2 \"bad\": ", bad[i].has);
    }
}

static void damage(void **state)
{
    (void)state;
    static const struct {
        size_t at, n;
        const char *bytes, *begins, *has;
    } bad[] = {
        {124, 12, "00000000008\0", "entry 1 \"name\": ", "no octal number"},
        {124, 12, "\0\0\0\0\0\0\0\0\0\0\0\0", "entry 1 \"name\": ", "no octal number"},
        {124, 12, "\x80\0\0\0\0\0\0\0\0\0\0\x04", "entry 1 \"name\": ", "no octal number"},
        {124, 12, "-0000000004\0", "entry 1 \"name\": ", "no octal number"},
        {124, 12, "777777777777", "entry 1 \"name\": ", "cut off: 68719476735 bytes are stated, 1536 are left"},
        {124, 12, "00000003001\0", "entry 1 \"name\": ", "cut off: 1537 bytes are stated, 1536 are left"},
        {156, 1, "5", "entry 1 \"name\": ", "a folder cannot have 4 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pack pack = {0};
        changed(&pack, bad[i].at, bad[i].bytes, bad[i].n);
        refuse(&pack, ERROR_INVALID, bad[i].begins, bad[i].has);
    }
    for (size_t at = 0; at < 500; at += 7) { /* any byte of the header that is turned is seen */
        struct pack pack = {0};
        pack_add(&pack, "name", '0', "data", 4)[at] ^= 0x04;
        pack_end(&pack);
        refuse(&pack, ERROR_INVALID, "entry 1", "checksum is wrong; this is no tar archive");
    }
}

static void cut_anywhere(void **state)
{
    (void)state;
    struct pack pack = {0};
    pack_text(&pack, "first", "some data");
    pack_text(&pack, "second", "more data");
    pack_end(&pack);
    for (size_t size = 0; size < pack.size; size++) {
        char *exact = malloc(size ? size : 1);
        assert_non_null(exact);
        memcpy(exact, pack.bytes, size);
        struct error error = {ERROR_NONE, ""};
        struct tar_entry last;
        int n = read_all((struct slice){exact, size}, &last, &error);
        if (size >= pack.size - PACK_BLOCK) /* one block of zeros ends it */
            assert_int_equal(n, 2);
        else if (n != -1 || !strstr(error.message, "cut off"))
            fail_msg("cut at %zu: %d entries, \"%s\"", size, n, error.message);
        free(exact);
    }
    pack_free(&pack);
}

static void behind_the_end(void **state)
{
    (void)state;
    struct pack pack = {0};
    pack_text(&pack, "first", "x");
    pack_end(&pack);
    pack_text(&pack, "hidden", "y");
    pack_end(&pack);
    refuse(&pack, ERROR_INVALID, "after entry 1: ", "something follows");
    pack_text(&pack, "first", "x");
    pack_end(&pack);
    pack_room(&pack, 20 * PACK_BLOCK); /* tar fills up to its record size */
    take(&pack, 1, "first", TAR_FILE, "x");
}

static void bad_extensions(void **state)
{
    (void)state;
    static const struct {
        char type;
        const char *data, *has;
    } bad[] = {
        {'x', "11 path=a\n", "damaged pax header"},
        {'x', "8 path=a\n", "damaged pax header"},
        {'x', "path=a\n", "damaged pax header"},
        {'x', "99 path=a\n", "damaged pax header"},
        {'x', "9999999999 path=a\n", "damaged pax header"},
        {'x', "6 pat\n", "damaged pax header"},
        {'x', "0 =\n", "damaged pax header"},
        {'x', "11 size=10\n", "the key size"},
        {'x', "22 GNU.sparse.major=1\n", "the key GNU.sparse"},
        {'g', "10 path=a\n", "a path for all entries"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pack pack = {0};
        pack_add(&pack, "ext", bad[i].type, bad[i].data, strlen(bad[i].data));
        pack_text(&pack, "name", "x");
        pack_end(&pack);
        refuse(&pack, ERROR_INVALID, "entry 1 \"ext\": ", bad[i].has);
    }
    struct pack pack = {0};
    pack_add(&pack, "ext", 'x', "11 path=a\0\n", 11);
    pack_end(&pack);
    refuse(&pack, ERROR_INVALID, "entry 1 \"ext\": ", "a NUL in it");
    pack_add(&pack, "ext", 'L', "name", 5);
    pack_end(&pack);
    refuse(&pack, ERROR_INVALID, "after entry 1: ", "a long name without its entry");
}

static void bounds(void **state)
{
    (void)state;
    char *big = malloc(TAR_EXTENSION_MAX + 1);
    assert_non_null(big);
    memset(big, 'a', TAR_EXTENSION_MAX + 1);
    struct pack pack = {0};
    for (int i = 0; i < TAR_ENTRIES_MAX; i++)
        pack_text(&pack, "same", "");
    struct pack more = {0};
    memcpy(pack_room(&more, pack.size), pack.bytes, pack.size);
    pack_end(&pack);
    take(&pack, TAR_ENTRIES_MAX, "same", TAR_FILE, "");
    pack_text(&more, "last", "");
    pack_end(&more);
    refuse(&more, ERROR_TOO_LARGE, "more than 256 entries", "");
    pack_add(&pack, "ext", 'L', big, TAR_NAME_MAX);
    pack_text(&pack, "x", "");
    pack_end(&pack);
    struct tar_entry last = {.name = ""};
    assert_int_equal(read_all((struct slice){pack.bytes, pack.size}, &last, NULL), 1);
    assert_int_equal(strlen(last.name), TAR_NAME_MAX);
    pack_free(&pack);
    pack_add(&pack, "ext", 'L', big, TAR_NAME_MAX + 1);
    pack_end(&pack);
    refuse(&pack, ERROR_TOO_LARGE, "entry 1 \"ext\": ", "a name of 513 bytes");
    pack_add(&pack, "ext", 'x', big, TAR_EXTENSION_MAX + 1);
    pack_end(&pack);
    refuse(&pack, ERROR_TOO_LARGE, "entry 1 \"ext\": ", "an extended header of 8193 bytes");
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_folders),
        cmocka_unit_test(sizes_at_block_boundaries),
        cmocka_unit_test(writers_differ),
        cmocka_unit_test(signed_checksum),
        cmocka_unit_test(long_names),
        cmocka_unit_test(names_that_are_refused),
        cmocka_unit_test(types_that_are_refused),
        cmocka_unit_test(damage),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(behind_the_end),
        cmocka_unit_test(bad_extensions),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
