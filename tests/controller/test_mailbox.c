/* From other threads onto the loop: everything, once, each writer's items in order. */
#include "controller/mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

enum { WRITERS = 4, EACH = 2000 };

struct item {
    int writer, number;
};

struct post {
    uv_loop_t loop;
    struct mailbox *mailbox;
    int next[WRITERS], taken;
    pthread_t loop_thread;
};

struct writer {
    struct post *post;
    int writer;
};

static void take(void *context, const void *data)
{
    struct post *post = context;
    const struct item *item = data;
    assert_true(pthread_equal(post->loop_thread, pthread_self()));
    assert_int_equal(item->number, post->next[item->writer]++);
    if (++post->taken == WRITERS * EACH)
        mailbox_close(post->mailbox);
}

static void open_post(struct post *post)
{
    struct error error;
    *post = (struct post){.loop_thread = pthread_self()};
    assert_int_equal(uv_loop_init(&post->loop), 0);
    post->mailbox = mailbox_create(&post->loop, sizeof(struct item), take, post, &error);
    assert_non_null(post->mailbox);
}

static void *write_all(void *context)
{
    const struct writer *writer = context;
    for (int i = 0; i < EACH; i++) {
        struct item item = {writer->writer, i};
        if (!mailbox_push(writer->post->mailbox, &item))
            return context;
    }
    return NULL;
}

static void test_all_in_order(void **state)
{
    (void)state;
    struct post post;
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    open_post(&post);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){&post, i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_all, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    uv_run(&post.loop, UV_RUN_DEFAULT); /* ends when the mailbox is closed */
    assert_int_equal(post.taken, WRITERS * EACH);
    assert_int_equal(uv_loop_close(&post.loop), 0);
}

static void test_closed_with_items_inside(void **state)
{
    (void)state;
    struct post post;
    struct item item = {0, 0};
    open_post(&post);
    assert_true(mailbox_push(post.mailbox, &item));
    mailbox_close(post.mailbox);
    uv_run(&post.loop, UV_RUN_DEFAULT);
    assert_int_equal(post.taken, 0); /* dropped, and freed: the sanitizers look */
    assert_int_equal(uv_loop_close(&post.loop), 0);
    mailbox_close(NULL);
}

/* While the loop rests between two batches nobody wakes it: what comes then is handed over all the same. */
static void push_the_next(void *context, const void *data)
{
    struct post *post = context;
    struct item item = *(const struct item *)data;
    assert_int_equal(item.number++, post->taken++);
    if (item.number == 5)
        mailbox_close(post->mailbox);
    else
        assert_true(mailbox_push(post->mailbox, &item));
}

static void test_what_comes_while_it_rests(void **state)
{
    (void)state;
    struct error error;
    struct post post = {.taken = 0};
    const struct item first = {0, 0};
    assert_int_equal(uv_loop_init(&post.loop), 0);
    post.mailbox = mailbox_create(&post.loop, sizeof first, push_the_next, &post, &error);
    assert_non_null(post.mailbox);
    assert_true(mailbox_push(post.mailbox, &first));
    alarm(60); /* else it would hang here for ever */
    uv_run(&post.loop, UV_RUN_DEFAULT);
    alarm(0);
    assert_int_equal(post.taken, 5);
    assert_int_equal(uv_loop_close(&post.loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_in_order), cmocka_unit_test(test_what_comes_while_it_rests),
                                       cmocka_unit_test(test_closed_with_items_inside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
