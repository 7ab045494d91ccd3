/* Millions of replies with a good CRC that are wrong in some other way, given to the judge of replies, and some thousands over
 * a pty to a whole transaction, where they also come glued together, cut, and late: none is taken for a right one, and no right
 * one is refused. MUTATIONS and MUTATIONS_WIRE say how many {200000, 300}; SEED another run. */
#include "codecs/monotonic.h"
#include "tests/fuzz/mutate_replies.h"
#include "tests/fuzz/mutate_wire.h"

struct tally {
    uint64_t of[MUTATIONS][3]; /* by what the judge made of it */
};

/* The one place that knows how hardware/frame wants a reply. (When MBAP replies are judged too: here and a mutation of their
 * own for transaction, protocol and length.) */
static enum frame_match judge(const struct frame_request *request, const struct adu *reply, uint16_t words[FRAME_WORDS_MAX],
                              uint8_t *exception)
{
    uint8_t *exact = malloc(reply->n); /* so that reading behind the end is seen */
    assert_non_null(exact);
    memcpy(exact, reply->bytes, reply->n);
    enum frame_match match = frame_judge(request, exact, reply->n, words, exception);
    free(exact);
    return match;
}

/* Every word of a read is the one that was sent, and nothing else was touched. */
static bool words_right(const struct frame_request *request, const struct adu *reply, enum frame_match match,
                        const uint16_t words[FRAME_WORDS_MAX])
{
    static uint16_t untouched[FRAME_WORDS_MAX];
    size_t n = match == FRAME_OURS && is_read(request) ? request->count : 0;
    if (!untouched[0])
        memset(untouched, 0xA5, sizeof untouched);
    for (size_t i = 0; i < n; i++)
        if (words[i] != reference_word(request, reply, i))
            return false;
    return memcmp(words + n, untouched, (FRAME_WORDS_MAX - n) * sizeof *words) == 0;
}

static enum frame_match judge_one(uint64_t seed, enum mutation mutation)
{
    uint16_t words[FRAME_WORDS_MAX];
    uint8_t exception = 0xEE;
    uint64_t random = seed;
    memset(words, 0xA5, sizeof words);
    struct frame_request request = random_request(&random);
    struct adu right = right_reply(&request, &random), reply = mutated(&request, &right, mutation, &random);
    enum frame_match wanted = reference_judge(&request, &reply), match = judge(&request, &reply, words, &exception);
    if (match != wanted || !words_right(&request, &reply, match, words) ||
        (match == FRAME_EXCEPTION && exception != reply.bytes[2]))
        fail_msg("%s of seed 0x%llx: function %u, unit %u, count %u, reply of %zu bytes: judged %d, right is %d",
                 mutation_names[mutation], (unsigned long long)seed, request.function, request.unit, request.count, reply.n,
                 match, wanted);
    return match;
}

static void replies_are_judged(void **state)
{
    (void)state;
    struct tally tally = {0};
    uint64_t n = number_of("MUTATIONS", 200000), seed = number_of("SEED", 0x70C51A);
    struct mono began = mono_now();
    for (uint64_t i = 0; i < n; i++) {
        enum mutation mutation = (enum mutation)(i % MUTATIONS);
        tally.of[mutation][judge_one(replay_random(&seed), mutation)]++;
    }
    print_message("%llu mutations judged in %.1f s\n", (unsigned long long)n, (double)mono_since(mono_now(), began) / 1e6);
    for (size_t m = 0; m < MUTATIONS; m++)
        print_message("  %-16s %8llu right, %8llu exceptions, %8llu strays\n", mutation_names[m],
                      (unsigned long long)tally.of[m][FRAME_OURS], (unsigned long long)tally.of[m][FRAME_EXCEPTION],
                      (unsigned long long)tally.of[m][FRAME_STRAY]);
    assert_true(tally.of[MUTATION_NONE][FRAME_OURS] > 0 && tally.of[MUTATION_EXCEPTION][FRAME_EXCEPTION] > 0);
    assert_int_equal(tally.of[MUTATION_NONE][FRAME_STRAY] + tally.of[MUTATION_EXCEPTION][FRAME_STRAY], 0);
    for (enum mutation m = MUTATION_OTHER_UNIT; m < MUTATIONS; m++)
        assert_true(tally.of[m][FRAME_STRAY] > 0);
}

static void replies_on_the_wire(void **state)
{
    (void)state;
    struct wire_tally tally = {0};
    uint64_t n = number_of("MUTATIONS_WIRE", 300);
    struct mono began = mono_now();
    run_wires(n, number_of("SEED", 0x70C51A), &tally);
    print_message("%llu mutations on the wire in %.1f s: %llu answered, %llu exceptions, %llu not taken\n",
                  (unsigned long long)n, (double)mono_since(mono_now(), began) / 1e6, (unsigned long long)tally.answered,
                  (unsigned long long)tally.exceptions, (unsigned long long)tally.refused);
    assert_int_equal(tally.answered + tally.exceptions + tally.refused, n);
    assert_true(tally.answered > n / 20 && tally.refused > n / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_judged),
        cmocka_unit_test(replies_on_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
