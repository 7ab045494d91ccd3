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
        cmocka_unit_test_setup_teardown(test_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_the_middle_and_growth, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
