/* The reads of a status against every way there is, for many small profiles. */
#include "hardware/profile.h"
#include "tests/hardware/two_profiles.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FIELDS_MOST = 7, PROFILES = 4000 };

struct cost {
    unsigned requests, bytes;
};

static unsigned width_of(const struct profile_field *field)
{
    return field->type == FIELD_U32 ? 2 : 1;
}

/* One request for the fields of a set; 0 if it is not allowed. */
static unsigned bytes_of(const struct profile *p, unsigned set)
{
    static bool wanted[70000];
    unsigned first = 70000, end = 0, gap = 0;
    const struct profile_field *any = NULL;
    for (size_t i = 0; i < p->n_fields; i++) {
        const struct profile_field *field = &p->fields[i];
        if (!(set >> i & 1))
            continue;
        if (any && any->space != field->space)
            return 0;
        any = field;
        first = field->address < first ? field->address : first;
        end = field->address + width_of(field) > end ? field->address + width_of(field) : end;
    }
    bool bits = any->space <= SPACE_DISCRETE;
    if (end - first > (bits ? 2000U : 125U))
        return 0;
    memset(wanted + first, 0, end - first);
    for (size_t i = 0; i < p->n_fields; i++)
        for (unsigned w = 0; set >> i & 1 && w < width_of(&p->fields[i]); w++)
            wanted[p->fields[i].address + w] = true;
    for (unsigned a = first; a < end; a++) {
        gap = wanted[a] ? 0 : gap + 1;
        if (gap > p->read_gap)
            return 0;
    }
    return bits ? (end - first + 7) / 8 : (end - first) * 2;
}

/* The best of all partitions of the fields in left. */
static struct cost best_of(const struct profile *p, unsigned left)
{
    struct cost best = {99, 0};
    if (left == 0)
        return (struct cost){0, 0};
    unsigned first = left & -left, rest = left ^ first;
    for (unsigned with = rest;; with = (with - 1) & rest) {
        unsigned bytes = bytes_of(p, first | with);
        if (bytes > 0) {
            struct cost cost = best_of(p, rest & ~with);
            cost.requests++;
            cost.bytes += bytes;
            if (cost.requests < best.requests || (cost.requests == best.requests && cost.bytes < best.bytes))
                best = cost;
        }
        if (with == 0)
            return best;
    }
}

static struct cost planned(const struct profile *p)
{
    struct profile_read reads[PROFILE_READS_MAX];
    struct cost cost = {(unsigned)profile_plan_reads(p, reads), 0};
    unsigned covered = 0;
    for (unsigned r = 0; r < cost.requests; r++) {
        bool bits = reads[r].space <= SPACE_DISCRETE;
        cost.bytes += bits ? (reads[r].count + 7U) / 8 : reads[r].count * 2U;
        assert_in_range(reads[r].count, 1, bits ? 2000 : 125);
        for (unsigned i = 0; i < p->n_fields; i++)
            if (p->fields[i].space == reads[r].space && p->fields[i].address >= reads[r].address &&
                p->fields[i].address + width_of(&p->fields[i]) <= (unsigned)reads[r].address + reads[r].count)
                covered |= 1U << i;
    }
    assert_int_equal(covered, (1U << p->n_fields) - 1);
    return cost;
}

static unsigned below(unsigned most)
{
    return (unsigned)rand() % most;
}

static struct profile random_profile(void)
{
    static const enum register_space spaces[] = {SPACE_INPUT, SPACE_INPUT, SPACE_INPUT, SPACE_DISCRETE};
    static const unsigned spreads[] = {12, 40, 130, 260, 4500};
    struct profile p = {.n_fields = 1 + below(FIELDS_MOST), .token_field = -1, .uptime_field = -1, .level_field = -1};
    unsigned spread = spreads[below(5)];
    p.read_gap = (uint16_t)(below(3) == 0 ? 100 : below(spread));
    for (size_t i = 0; i < p.n_fields; i++) {
        enum register_space space = spaces[below(4)];
        enum field_type type = space == SPACE_DISCRETE ? FIELD_BIT : below(2) ? FIELD_U16 : FIELD_U32;
        p.fields[i] = a_field("x", space, (uint16_t)below(spread), type, 1);
    }
    return p;
}

static void no_other_way_is_shorter(void **state)
{
    (void)state;
    unsigned several = 0;
    srand(7);
    for (int i = 0; i < PROFILES; i++) {
        struct profile p = random_profile();
        struct cost plan = planned(&p), best = best_of(&p, (1U << p.n_fields) - 1);
        assert_int_equal(plan.requests, best.requests);
        assert_int_equal(plan.bytes, best.bytes);
        several += plan.requests > 1;
    }
    assert_true(several > PROFILES / 4);
}

/* Two requests are needed in any case; where they part decides how many registers that nobody wants are read. */
static void a_split_that_must_be_is_made_in_the_widest_gap(void **state)
{
    (void)state;
    static const uint16_t at[] = {0, 10, 110, 130};
    struct profile p = {.n_fields = 4, .read_gap = 100};
    struct profile_read reads[PROFILE_READS_MAX];
    for (size_t i = 0; i < 4; i++)
        p.fields[i] = a_field("x", SPACE_INPUT, at[i], FIELD_U16, 1);
    assert_int_equal(profile_plan_reads(&p, reads), 2);
    assert_int_equal(reads[0].count, 11); /* filled from the left it would be 111 and 1 */
    assert_int_equal(reads[1].count, 21);
    for (size_t i = 0; i < 4; i++)
        p.fields[i] = a_field("x", SPACE_COIL, (uint16_t)(at[i] * 16), FIELD_BIT, 1);
    p.read_gap = 1600;
    assert_int_equal(profile_plan_reads(&p, reads), 2);
    assert_int_equal(reads[0].count, 161);
    assert_int_equal(reads[1].count, 321);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_other_way_is_shorter),
        cmocka_unit_test(a_split_that_must_be_is_made_in_the_widest_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
