/* Files from a small server on this machine: good ones, and servers that redirect, refuse, never end or never answer. */
#include "controller/fetcher.h"
#include "tests/patience.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
    int fd;
    uint16_t port;
    atomic_uint asked;
} server;

static void answer(int fd, const char *request)
{
    static const char ENDLESS[4096];
    const char *text = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    char redirect[200];
    if (strstr(request, " /good "))
        text = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nRIFF";
    else if (strstr(request, " /claims "))
        text = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\nRIFF";
    else if (strstr(request, " /endless "))
        text = "HTTP/1.1 200 OK\r\n\r\n";
    snprintf(redirect, sizeof redirect, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/good\r\nContent-Length: 0\r\n\r\n",
             server.port);
    if (strstr(request, " /redirects "))
        text = redirect;
    send(fd, text, strlen(text), MSG_NOSIGNAL);
    while (strstr(request, " /endless ") && send(fd, ENDLESS, sizeof ENDLESS, MSG_NOSIGNAL) > 0)
        ;
}

static void *serve(void *unused)
{
    int fd, silent[64];
    size_t n_silent = 0;
    while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
        char request[2048];
        ssize_t n = read(fd, request, sizeof request - 1);
        request[n > 0 ? n : 0] = '\0';
        server.asked++;
        if (strstr(request, " /silent ") && n_silent < 64) {
            silent[n_silent++] = fd;
            continue;
        }
        answer(fd, request);
        close(fd);
    }
    while (n_silent > 0)
        close(silent[--n_silent]);
    return unused;
}

static pthread_t thread;

static int start(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.fd, (struct sockaddr *)&at, size) != 0 || listen(server.fd, 8) != 0 ||
        getsockname(server.fd, (struct sockaddr *)&at, &size) != 0)
        return -1;
    server.port = ntohs(at.sin_port);
    return pthread_create(&thread, NULL, serve, NULL);
}

static int stop(void **state)
{
    (void)state;
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    return close(server.fd);
}

static struct fetched *ask(struct fetcher *fetcher, const char *path)
{
    char uri[100];
    snprintf(uri, sizeof uri, "http://127.0.0.1:%u%s", server.port, path);
    struct fetched *fetched = fetcher_ask(fetcher, uri, 100);
    assert_non_null(fetched);
    return fetched;
}

static void test_good(void **state)
{
    (void)state;
    struct fetcher *fetcher = fetcher_create();
    struct fetched *fetched = ask(fetcher, "/good"), *also = fetched_hold(fetched);
    struct slice bytes;
    struct error error = {0};
    for (int turn = 0; turn < 2; turn++) {
        if (!fetched_wait(fetched, patience_ms(), &bytes, &error))
            fail_msg("%s", error.message);
        assert_int_equal(bytes.size, 4);
        assert_memory_equal(bytes.data, "RIFF", 4);
    }
    assert_false(fetched_failed(fetched));
    fetched_release(fetched);
    fetcher_free(fetcher);
    assert_true(fetched_wait(also, 0, &bytes, &error)); /* it outlives the fetcher */
    fetched_release(also);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *path, *word;
    } ROWS[] = {{"/none", "the server answers 404"},
                {"/redirects", "the server answers 302"},
                {"/claims", "more bytes than"},
                {"/endless", "more bytes than"}};
    struct fetcher *fetcher = fetcher_create();
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct fetched *fetched = ask(fetcher, ROWS[i].path);
        struct slice bytes;
        struct error error = {0};
        unsigned asked = server.asked;
        assert_false(fetched_wait(fetched, patience_ms(), &bytes, &error));
        if (!strstr(error.message, ROWS[i].word))
            fail_msg("%s: %s", ROWS[i].path, error.message);
        assert_true(fetched_failed(fetched) && server.asked <= asked + 1);
        fetched_release(fetched);
    }
    struct fetched *nobody = fetcher_ask(fetcher, "http://127.0.0.1:1/x", 100),
                   *file = fetcher_ask(fetcher, "file:///etc/hosts", 100);
    struct slice bytes;
    struct error error = {0};
    assert_false(fetched_wait(nobody, patience_ms(), &bytes, &error));
    assert_non_null(strstr(error.message, "could not be fetched: "));
    assert_false(fetched_wait(file, patience_ms(), &bytes, &error));
    assert_non_null(strstr(error.message, "protocol"));
    fetched_release(nobody);
    fetched_release(file);
    fetcher_free(fetcher);
}

/* Whoever waits for a server that says nothing waits as long as he wants to; and so does the end. */
static void test_silent_server(void **state)
{
    (void)state;
    struct fetcher *fetcher = fetcher_create();
    struct fetched *all[5];
    struct slice bytes;
    struct error error = {0};
    for (size_t i = 0; i < 5; i++)
        all[i] = ask(fetcher, "/silent");
    assert_false(fetched_wait(all[0], 50, &bytes, &error));
    assert_int_equal(error.code, ERROR_TIMEOUT);
    assert_non_null(strstr(error.message, "did not come in time"));
    for (size_t i = 0; i < 4; i++)
        fetched_release(all[i]); /* nobody wants them: they are given up, and the next have their turn */
    struct fetched *good = ask(fetcher, "/good");
    assert_true(fetched_wait(good, 20000, &bytes, &error)); /* two turns of a silent server would take 30 s */
    fetched_release(good);
    fetcher_free(fetcher);
    assert_false(fetched_wait(all[4], 0, &bytes, &error));
    assert_true(fetched_failed(all[4]));
    fetched_release(all[4]);
    fetched_release(NULL);
    assert_null(fetched_hold(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_silent_server),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
