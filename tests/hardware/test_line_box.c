/* What passes between a line's thread and others: whoever took what was put in is not woken for it again. */
#include "hardware/line_box.h"

#include "codecs/monotonic.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 20000 };

struct scene {
    struct line_box box;
    struct drive drive;
    _Atomic size_t taken;
};

static bool rings(int bell, int patience_ms)
{
    struct pollfd fd = {.fd = bell, .events = POLLIN};
    return poll(&fd, 1, patience_ms) == 1;
}

/* The line's thread: it is awake the moment a bell rings. */
static void *take(void *context)
{
    struct scene *scene = context;
    while (scene->taken < ROUNDS && rings(scene->box.wake, -1)) {
        line_box_take(&scene->box, &scene->drive, mono_now());
        scene->taken++;
    }
    return NULL;
}

static void a_bell_does_not_outlive_what_it_rang_for(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    struct error error = {0};
    pthread_t thread;
    size_t again = 0;
    assert_non_null(scene);
    assert_true(line_box_init(&scene->box, &error));
    assert_int_equal(pthread_create(&thread, NULL, take, scene), 0);
    for (size_t i = 0; i < ROUNDS; i++) {
        line_box_put_verify(&scene->box, NULL, 0);
        while (scene->taken <= i)
            poll(NULL, 0, 0);
        again += scene->taken > i + 1;
    }
    pthread_join(thread, NULL);
    again += rings(scene->box.wake, 0);
    assert_int_equal(again, 0);
    line_box_destroy(&scene->box);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_bell_does_not_outlive_what_it_rang_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
