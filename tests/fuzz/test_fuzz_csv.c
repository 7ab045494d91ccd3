/* The corpus of fuzz_csv.c and thousands of mutations of it. */
#include "tests/fuzz/fuzz_csv.c"
#include "tests/fuzz/replay.h"

static void corpus_and_mutations(void **state)
{
    (void)state;
    size_t runs = replay_folder("tests/fuzz/corpus/csv", LLVMFuzzerTestOneInput);
    print_message("%zu inputs\n", runs);
    assert_true(runs > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(corpus_and_mutations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
