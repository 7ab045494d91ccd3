/* The waiting alerts of a channel: always the highest first, each once. */
#include "controller/queue.h"

#include "tests/controller/site_fixture.h"

struct waiting {
    struct fixture fixture;
    struct alert *alerts[40];
    size_t n;
    struct queue *queue;
};

static struct alert *add(struct waiting *w, struct cap_text cap)
{
    char id[ALERT_ID_SIZE];
    snprintf(id, sizeof id, "id-%03zu", w->n);
    return w->alerts[w->n++] = fixture_alert(&w->fixture.config, id, cap);
}

static int set_up(void **state)
{
    struct waiting *w = calloc(1, sizeof *w);
    w->queue = queue_create(fixture_init(&w->fixture));
    *state = w;
    return w->queue ? 0 : -1;
}

static int tear_down(void **state)
{
    struct waiting *w = *state;
    queue_free(w->queue);
    for (size_t i = 0; i < w->n; i++)
        alert_free(w->alerts[i]);
    free(w);
    return 0;
}

static void test_empty(void **state)
{
    struct waiting *w = *state;
    assert_null(queue_first(w->queue));
    struct alert *one = add(w, (struct cap_text){0});
    assert_false(queue_remove(w->queue, one));
}

static void test_highest_first(void **state)
{
    struct waiting *w = *state;
    const char *orange = info_xml((struct info_text){.severity = "Severe"});
    const char *landslide = info_xml((struct info_text){.event = "landslide"});
    struct alert *drill = add(w, (struct cap_text){.status = "Exercise"});
    struct alert *minor = add(w, (struct cap_text){.infos = orange});
    struct alert *flood = add(w, (struct cap_text){0});
    struct alert *later = add(w, (struct cap_text){0});
    struct alert *slide = add(w, (struct cap_text){.infos = landslide});
    for (size_t i = 0; i < w->n; i++)
        assert_true(queue_push(w->queue, w->alerts[i]));
    struct alert *const expected[] = {slide, flood, later, minor, drill};
    for (size_t i = 0; i < 5; i++) {
        assert_ptr_equal(queue_first(w->queue), expected[i]);
        assert_true(queue_remove(w->queue, expected[i]));
        assert_false(queue_remove(w->queue, expected[i]));
    }
    assert_null(queue_first(w->queue));
}

static void test_claims(void **state)
{
    struct waiting *w = *state;
    struct alert *sounding = add(w, (struct cap_text){0}), *later = add(w, (struct cap_text){0});
    struct alert *slide = add(w, (struct cap_text){.infos = info_xml((struct info_text){.event = "landslide"})});
    struct alert *drill = add(w, (struct cap_text){.status = "Exercise"});
    assert_int_equal(queue_claim(w->queue, sounding), CLAIM_NONE);
    assert_true(queue_push(w->queue, later));
    assert_int_equal(queue_claim(w->queue, sounding), CLAIM_TURN);
    assert_int_equal(queue_claim(w->queue, slide), CLAIM_NONE);
    assert_int_equal(queue_claim(w->queue, drill), CLAIM_CUT_OFF);
    assert_true(queue_push(w->queue, slide));
    assert_int_equal(queue_claim(w->queue, sounding), CLAIM_PREEMPT);
}

static void test_equals_take_turns(void **state)
{
    struct waiting *w = *state;
    struct alert *minor = add(w, (struct cap_text){.infos = info_xml((struct info_text){.severity = "Severe"})});
    for (size_t i = 0; i < 3; i++)
        add(w, (struct cap_text){0});
    for (size_t i = 0; i < w->n; i++)
        assert_true(queue_push(w->queue, w->alerts[i]));
    for (size_t turn = 0; turn < 9; turn++) {
        struct alert *next = queue_first(w->queue);
        assert_ptr_equal(next, w->alerts[1 + turn % 3]);
        assert_true(queue_remove(w->queue, next));
        assert_true(queue_push_after_turn(w->queue, next));
    }
    for (size_t i = 1; i < 4; i++)
        assert_true(queue_remove(w->queue, w->alerts[i]));
    assert_ptr_equal(queue_first(w->queue), minor);
}

static void test_twice(void **state)
{
    struct waiting *w = *state;
    struct alert *one = add(w, (struct cap_text){0});
    assert_true(queue_push(w->queue, one));
    assert_false(queue_push(w->queue, one));
    assert_true(queue_remove(w->queue, one));
    assert_null(queue_first(w->queue)); /* it was there once */
}

static void test_out_of_the_middle_and_growth(void **state)
{
    struct waiting *w = *state;
    for (size_t i = 0; i < 40; i++)
        assert_true(queue_push(w->queue, add(w, (struct cap_text){0})));
    for (size_t i = 1; i < 40; i += 2)
        assert_true(queue_remove(w->queue, w->alerts[i]));
    for (size_t i = 0; i < 40; i += 2) {
        assert_ptr_equal(queue_first(w->queue), w->alerts[i]); /* by id, all else is equal */
        queue_remove(w->queue, w->alerts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_highest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_claims, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_equals_take_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_the_middle_and_growth, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
