/* The corpus of codecs/cap and thousands of mutations of it. */
#include "tests/fuzz/fuzz_cap.c"
#include "tests/fuzz/replay.h"

static void corpus_and_mutations(void **state)
{
    (void)state;
    size_t runs = replay_folder("tests/fuzz/corpus/cap", LLVMFuzzerTestOneInput);
    print_message("%zu inputs\n", runs);
    assert_true(runs > 4000);
}

/* The replay is worth something only if mutations change the bytes, stay inside the buffer and repeat. */
static void mutations_mutate(void **state)
{
    (void)state;
    static struct replay_bytes a, b, original = {.data = "<alert><identifier>1</identifier></alert>", .size = 41};
    size_t changed = 0;
    uint64_t seed = 7, again = 7;
    a = b = original;
    for (int i = 0; i < 2000; i++) {
        replay_mutate(&a, &original, &seed);
        replay_mutate(&b, &original, &again);
        assert_true(a.size <= REPLAY_SIZE);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        changed += a.size != original.size || memcmp(a.data, original.data, a.size) != 0;
        if (i % 4 == 3)
            a = b = original;
    }
    assert_true(changed > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus_and_mutations),
        cmocka_unit_test(mutations_mutate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
