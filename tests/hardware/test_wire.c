/* The wire on a pty whose other end is a scripted unit in a thread: silence before every frame, replies that are not ours,
 * damage, deadlines, broadcast, hang-up. */
#include "codecs/monotonic.h"
#include "hardware/wire.h"
#include "tests/hardware/two_profiles.h"
#include "tests/patience.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

/* What the unit does with each request, in order. */
struct step {
    uint32_t gap_ms;   /* between the bytes */
    size_t rest_after; /* so many bytes it rests for 30 ms */
    uint8_t reply[64];
    size_t size;
    bool raw; /* as it stands, no CRC added */
    bool hang_up;
    int gate; /* an eventfd: answers when it is written to; 0 for none */
};

struct peer {
    int master;
    char device[64];
    struct step steps[8];
    size_t n_steps;
    struct mono seen[8]; /* a request's first byte was read */
    uint8_t requests[8][64];
    size_t sizes[8], n_seen;
    pthread_t thread;
    bool running;
};

static size_t add_crc(uint8_t *bytes, size_t n)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    bytes[n] = (uint8_t)crc;
    bytes[n + 1] = (uint8_t)(crc >> 8);
    return n + 2;
}

static void pause_ms(uint32_t ms)
{
    poll(NULL, 0, (int)ms);
}

/* A request ends where nothing has come for 3 ms: ptys hand over what was written at once. */
static bool take_request(struct peer *peer)
{
    struct pollfd fd = {.fd = peer->master, .events = POLLIN};
    size_t i = peer->n_seen;
    if (poll(&fd, 1, patience_ms()) != 1)
        return false;
    peer->seen[i] = mono_now();
    while (poll(&fd, 1, 3) == 1 && (fd.revents & POLLIN)) {
        ssize_t n = read(peer->master, peer->requests[i] + peer->sizes[i], sizeof peer->requests[i] - peer->sizes[i]);
        if (n <= 0)
            return false;
        peer->sizes[i] += (size_t)n;
    }
    __atomic_store_n(&peer->n_seen, i + 1, __ATOMIC_RELEASE);
    return true;
}

static void *run_peer(void *context)
{
    struct peer *peer = context;
    for (size_t s = 0; s < peer->n_steps; s++) {
        struct step *step = &peer->steps[s];
        if (!take_request(peer))
            return NULL;
        struct pollfd gate = {.fd = step->gate, .events = POLLIN};
        if (step->gate)
            poll(&gate, 1, patience_ms());
        if (step->hang_up) {
            close(peer->master);
            peer->master = -1;
            return NULL;
        }
        size_t n = step->raw || step->size == 0 ? step->size : add_crc(step->reply, step->size);
        for (size_t i = 0; i < n;) {
            size_t piece = step->gap_ms ? 1 : (i < step->rest_after ? step->rest_after : n) - i;
            ssize_t sent = write(peer->master, step->reply + i, piece);
            if (sent < 0)
                return NULL;
            i += (size_t)sent;
            pause_ms(i == step->rest_after ? 30 : step->gap_ms);
        }
    }
    return NULL;
}

static struct line_settings settings_of(const struct peer *peer)
{
    struct line_settings settings = {.id = "l1", .baud = 19200, .parity = 'E', .stop_bits = 1, .turnaround_ms = 40};
    text_copy(settings.device, sizeof settings.device, peer->device);
    return settings;
}

static void peer_open(struct peer *peer)
{
    memset(peer, 0, sizeof *peer);
    peer->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(peer->master >= 0);
    assert_int_equal(grantpt(peer->master), 0);
    assert_int_equal(unlockpt(peer->master), 0);
    assert_int_equal(ptsname_r(peer->master, peer->device, sizeof peer->device), 0);
}

static struct wire *peer_start(struct peer *peer, const struct line_settings *settings)
{
    char method[256];
    struct error error = {0};
    struct wire *wire = wire_open(settings, -1, -1, method, &error);
    assert_non_null(wire);
    assert_non_null(strstr(method, "pty: write start"));
    assert_int_equal(pthread_create(&peer->thread, NULL, run_peer, peer), 0);
    peer->running = true;
    return wire;
}

/* A peer with steps left sees the hang-up. */
static void peer_end(struct peer *peer, struct wire *wire)
{
    wire_close(wire);
    if (peer->running)
        pthread_join(peer->thread, NULL);
    if (peer->master >= 0)
        close(peer->master);
}

static void expect(struct peer *peer, const struct step *step)
{
    peer->steps[peer->n_steps++] = *step;
}

/* Reads registers 0..1 of unit 5. */
static const struct frame_request READ_TWO = {.unit = 5, .function = 4, .address = 0, .count = 2};
static const struct step GOOD = {.reply = {5, 4, 4, 1, 2, 3, 4}, .size = 7};

static struct wire_reply ask_for(struct wire *wire, const struct frame_request *request, int64_t limit_ms)
{
    struct wire_reply reply;
    wire_transact(wire, request, limit_ms * 1000, -1, &reply);
    return reply;
}

/* With a limit that only a failed test comes to. */
static struct wire_reply ask(struct wire *wire, const struct frame_request *request)
{
    return ask_for(wire, request, patience_ms());
}

/* Before it is asked again: a late peer would take two requests for one. */
static void await_seen(const struct peer *peer, size_t n)
{
    struct mono give_up = mono_plus_ms(mono_now(), patience_ms());
    while (__atomic_load_n(&peer->n_seen, __ATOMIC_ACQUIRE) < n) {
        assert_true(mono_before(mono_now(), give_up));
        pause_ms(1);
    }
}

static uint64_t strays_of(struct wire *wire)
{
    struct line_counts counts = {0};
    wire_take_counts(wire, &counts);
    return counts.strays;
}

static void a_read_is_answered(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    expect(&peer, &GOOD);
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_ANSWERED);
    assert_int_equal(reply.words[0], 0x0102);
    assert_int_equal(reply.words[1], 0x0304);
    assert_true(mono_since(reply.sent_end, reply.sent_begin) >= 8 * 11 * 1000000 / 19200);
    assert_false(mono_before(reply.received, reply.first_byte));
    struct line_counts counts = {0};
    wire_take_counts(wire, &counts);
    assert_int_equal(counts.requests, 1);
    assert_int_equal(counts.replies, 1);
    assert_int_equal(counts.busy_us, 8 * 11 * 1000000 / 19200 + 1 + 9 * 11 * 1000000 / 19200 + 1);
    peer_end(&peer, wire);
    static const uint8_t sent[] = {5, 4, 0, 0, 0, 2};
    assert_int_equal(peer.sizes[0], 8);
    assert_memory_equal(peer.requests[0], sent, sizeof sent);
}

static void silence_is_kept_between_frames(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    for (int i = 0; i < 4; i++)
        expect(&peer, &GOOD);
    struct line_settings settings = settings_of(&peer);
    settings.baud = 1200; /* 3.5 characters of 11 bits: 32 ms, far from what scheduling can hide */
    struct wire *wire = peer_start(&peer, &settings);
    struct mono before = {0};
    for (int i = 0; i < 4; i++) {
        struct wire_reply reply = ask(wire, &READ_TWO);
        assert_int_equal(reply.outcome, WIRE_ANSWERED);
        if (i > 0)
            assert_true(mono_since(reply.sent_begin, before) >= 32083);
        /* the peer keeps no wire time: it has answered before our request can have left the wire */
        before = mono_before(reply.received, reply.sent_end) ? reply.sent_end : reply.received;
    }
    assert_true(mono_since(wire_free_at(wire), before) >= 32083);
    peer_end(&peer, wire);
}

static void replies_of_others_are_not_taken(void **state)
{
    (void)state;
    static const struct step wrong[] = {
        {.reply = {6, 4, 4, 1, 2, 3, 4}, .size = 7},                          /* another unit */
        {.reply = {5, 3, 4, 1, 2, 3, 4}, .size = 7},                          /* another function */
        {.reply = {5, 4, 6, 1, 2, 3, 4, 5, 6}, .size = 9},                    /* another length */
        {.reply = {5, 4, 4, 1, 2, 3, 4, 0xBA, 0xDC}, .size = 9, .raw = true}, /* CRC */
    };
    static const enum wire_outcome outcomes[] = {WIRE_SILENT, WIRE_SILENT, WIRE_SILENT, WIRE_GARBLED};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct peer peer;
        peer_open(&peer);
        expect(&peer, &wrong[i]);
        expect(&peer, &GOOD);
        struct line_settings settings = settings_of(&peer);
        struct wire *wire = peer_start(&peer, &settings);
        bool garbled = outcomes[i] == WIRE_GARBLED;
        struct wire_reply reply = ask_for(wire, &READ_TWO, garbled ? patience_ms() : 60);
        assert_int_equal(reply.outcome, outcomes[i]);
        assert_true(reply.foreign == 0 || (i == 0 && reply.foreign_unit == 6));
        await_seen(&peer, 1);
        assert_int_equal(ask(wire, &READ_TWO).outcome, WIRE_ANSWERED); /* back in step at once */
        assert_true(garbled || strays_of(wire) > 0);                   /* it came, in time or late */
        peer_end(&peer, wire);
    }
}

static void another_units_frame_is_named_and_costs_no_answer(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    struct step both = {.raw = true, .size = 18, .reply = {6, 4, 4, 9, 9, 9, 9}};
    add_crc(both.reply, 7);
    memcpy(both.reply + 9, GOOD.reply, 7);
    add_crc(both.reply + 9, 7);
    expect(&peer, &both);
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_ANSWERED);
    assert_int_equal(reply.words[0], 0x0102);
    assert_int_equal(reply.foreign, 1);
    assert_int_equal(reply.foreign_unit, 6);
    peer_end(&peer, wire);
}

static void what_follows_an_answer_is_late(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    struct step twice = {.raw = true, .size = 18};
    memcpy(twice.reply, GOOD.reply, 7);
    add_crc(twice.reply, 7);
    memcpy(twice.reply + 9, twice.reply, 9);
    expect(&peer, &twice);
    expect(&peer, &GOOD);
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_ANSWERED);
    assert_int_equal(reply.late_bytes, 0);
    reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_ANSWERED);
    assert_int_equal(reply.late_bytes, 9);
    peer_end(&peer, wire);
}

/* A radio modem on a port. */
static void a_radio_has_time_to_key_up_and_its_quiet(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    expect(&peer, &(struct step){0});
    struct line_settings settings = settings_of(&peer);
    settings.key_up_ms = 60;
    settings.quiet_ms = 45;
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = ask_for(wire, &READ_TWO, 10);
    struct mono now = mono_now();
    assert_int_equal(reply.outcome, WIRE_SILENT);
    assert_true(mono_since(reply.sent_end, reply.sent_begin) >= 60000 + 8 * 11 * 1000000 / 19200);
    assert_true(mono_since(now, reply.sent_end) >= 10000 + 2 * 60000);
    assert_int_equal(mono_since(wire_free_at(wire), reply.sent_end), 45000);
    peer_end(&peer, wire);
}

static void echoed_address_and_value_must_match(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    const struct frame_request write = {.unit = 5, .function = 6, .address = 20, .count = 1, .values = {513}};
    expect(&peer, &(struct step){.reply = {5, 6, 0, 20, 2, 2}, .size = 6});
    expect(&peer, &(struct step){.reply = {5, 6, 0, 21, 2, 1}, .size = 6});
    expect(&peer, &(struct step){.reply = {5, 6, 0, 20, 2, 1}, .size = 6});
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    for (size_t i = 1; i <= 2; i++) {
        assert_int_equal(ask_for(wire, &write, 60).outcome, WIRE_SILENT);
        await_seen(&peer, i);
    }
    assert_int_equal(ask(wire, &write).outcome, WIRE_ANSWERED);
    assert_true(strays_of(wire) > 0);
    peer_end(&peer, wire);
}

static void multiple_writes_and_coils_are_encoded(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    const struct frame_request holdings = {.unit = 5, .function = 16, .address = 16, .count = 2, .values = {1, 513}};
    const struct frame_request coils = {
        .unit = 5, .function = 15, .address = 0, .count = 9, .values = {1, 0, 1, 0, 0, 0, 0, 0, 1}};
    const struct frame_request coil = {.unit = 5, .function = 5, .address = 1, .count = 1, .values = {1}};
    const struct frame_request bits = {.unit = 5, .function = 2, .address = 0, .count = 10};
    expect(&peer, &(struct step){.reply = {5, 16, 0, 16, 0, 2}, .size = 6});
    expect(&peer, &(struct step){.reply = {5, 15, 0, 0, 0, 9}, .size = 6});
    expect(&peer, &(struct step){.reply = {5, 5, 0, 1, 0xFF, 0}, .size = 6});
    expect(&peer, &(struct step){.reply = {5, 2, 2, 0x05, 0x02}, .size = 5});
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    assert_int_equal(ask(wire, &holdings).outcome, WIRE_ANSWERED);
    assert_int_equal(ask(wire, &coils).outcome, WIRE_ANSWERED);
    assert_int_equal(ask(wire, &coil).outcome, WIRE_ANSWERED);
    struct wire_reply reply = ask(wire, &bits);
    assert_int_equal(reply.outcome, WIRE_ANSWERED);
    for (int i = 0; i < 10; i++)
        assert_int_equal(reply.words[i], i == 0 || i == 2 || i == 9);
    peer_end(&peer, wire);
    static const uint8_t sent_holdings[] = {5, 16, 0, 16, 0, 2, 4, 0, 1, 2, 1};
    static const uint8_t sent_coils[] = {5, 15, 0, 0, 0, 9, 2, 0x05, 0x01};
    assert_memory_equal(peer.requests[0], sent_holdings, sizeof sent_holdings);
    assert_memory_equal(peer.requests[1], sent_coils, sizeof sent_coils);
}

static void an_exception_is_not_a_success(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    expect(&peer, &(struct step){.reply = {5, 0x84, 6}, .size = 3});
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_EXCEPTION);
    assert_int_equal(reply.exception, 6);
    peer_end(&peer, wire);
}

static void the_first_byte_limit_is_a_deadline(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    struct step late = GOOD;
    late.gate = eventfd(0, EFD_CLOEXEC);
    for (int i = 0; i < 4; i++)
        expect(&peer, &(struct step){0});
    expect(&peer, &late);
    expect(&peer, &GOOD);
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    int64_t best = INT64_MAX; /* how much longer the others take is the machine's */
    for (size_t i = 1; i <= 5; i++) {
        struct wire_reply reply = ask_for(wire, &READ_TWO, 30);
        int64_t took = mono_since(mono_now(), reply.sent_end);
        assert_int_equal(reply.outcome, WIRE_SILENT);
        assert_true(took >= 30000);
        await_seen(&peer, i);
        best = took < best ? took : best;
    }
    assert_true(best < 100000);
    struct pollfd in = {.fd = wire_descriptor(wire), .events = POLLIN};
    assert_int_equal(eventfd_write(late.gate, 1), 0);
    assert_int_equal(poll(&in, 1, patience_ms()), 1); /* it comes in while nobody asks: thrown away, not taken for the next */
    struct line_counts counts = {0};
    assert_int_equal(ask(wire, &READ_TWO).outcome, WIRE_ANSWERED);
    wire_take_counts(wire, &counts);
    assert_int_equal(counts.timeouts, 5);
    assert_int_equal(counts.strays, 9);
    peer_end(&peer, wire);
    close(late.gate);
}

/* Noise, or the rest of another's late answer, comes first. A machine too busy to see the pause between the two is asked again.
 */
static void noise_before_an_answer_is_let_pass(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    enum { TRIES = 7 };
    struct step noisy = {.raw = true, .size = 15, .rest_after = 6, .reply = {0x55, 0xAA, 4, 0xFF, 5, 4}};
    for (int i = 1; i <= TRIES; i++) {
        memcpy(noisy.reply + 6, GOOD.reply, 7);
        noisy.reply[10] = (uint8_t)i; /* an answer says to which request it belongs */
        add_crc(noisy.reply + 6, 7);
        expect(&peer, &noisy);
    }
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = {.outcome = WIRE_GARBLED};
    size_t asked = 0;
    while (asked < TRIES && reply.outcome == WIRE_GARBLED) {
        reply = ask_for(wire, &READ_TWO, 1000);
        await_seen(&peer, ++asked);
    }
    assert_int_equal(reply.outcome, WIRE_ANSWERED);
    assert_int_equal(reply.words[0], 0x0100 + asked);
    assert_true(mono_since(reply.first_byte, reply.sent_end) >= 20000);
    peer_end(&peer, wire);
}

static void a_dribbling_unit_cannot_hold_the_line(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    struct step dribble = GOOD;
    dribble.gap_ms = 150; /* 9 bytes: 1350 ms, which may be 55 */
    expect(&peer, &dribble);
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_GARBLED);
    assert_in_range(mono_since(mono_now(), reply.first_byte), 0, 1000000);
    struct line_counts counts = {0};
    wire_take_counts(wire, &counts);
    assert_int_equal(counts.damaged, 1);
    assert_int_equal(counts.timeouts + counts.replies, 0);
    peer_end(&peer, wire);
}

/* Somebody else's frames, or noise, without any pause. */
struct babble {
    int master;
    uint8_t bytes[4096];
    bool over;
};

static void *run_babble(void *context)
{
    struct babble *babble = context;
    while (!__atomic_load_n(&babble->over, __ATOMIC_ACQUIRE)) {
        struct pollfd room = {.fd = babble->master, .events = POLLOUT};
        if (write(babble->master, babble->bytes, sizeof babble->bytes) <= 0)
            poll(&room, 1, 10);
    }
    return NULL;
}

static void one_who_never_pauses_cannot_hold_the_line(void **state)
{
    (void)state;
    static const uint8_t OTHERS[] = {9, 3, 2, 0, 1};
    for (int frames = 0; frames < 2; frames++) {
        struct peer peer;
        peer_open(&peer);
        struct babble babble = {.master = peer.master};
        uint8_t frame[8];
        memcpy(frame, OTHERS, sizeof OTHERS);
        size_t size = add_crc(frame, sizeof OTHERS);
        for (size_t i = 0; i < sizeof babble.bytes; i++)
            babble.bytes[i] = frames ? frame[i % size] : 0xFF;
        struct line_settings settings = settings_of(&peer);
        char method[256];
        struct error error = {0};
        struct wire *wire = wire_open(&settings, -1, -1, method, &error);
        assert_non_null(wire);
        assert_int_equal(fcntl(peer.master, F_SETFL, O_NONBLOCK), 0);
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, run_babble, &babble), 0);
        alarm(30); /* else it would hang here for ever */
        for (int i = 0; i < 3; i++) {
            struct wire_reply reply;
            struct frame_request request = {.unit = 5, .function = 3, .count = 1};
            struct mono began = mono_now();
            wire_transact(wire, &request, 100000, -1, &reply);
            assert_true(reply.outcome == WIRE_GARBLED || reply.outcome == WIRE_SILENT);
            assert_true(mono_since(mono_now(), began) < 2000000);
        }
        alarm(0);
        __atomic_store_n(&babble.over, true, __ATOMIC_RELEASE);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        peer_end(&peer, wire);
    }
}

static void a_broadcast_returns_at_once_and_keeps_its_turnaround(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    expect(&peer, &(struct step){0});
    expect(&peer, &GOOD);
    struct line_settings settings = settings_of(&peer);
    settings.turnaround_ms = 1000;
    struct wire *wire = peer_start(&peer, &settings);
    const struct frame_request start = {.unit = 0, .function = 6, .address = 20, .count = 1, .values = {513}};
    struct wire_reply reply = ask(wire, &start);
    assert_int_equal(reply.outcome, WIRE_SENT);
    assert_true(mono_before(mono_now(), wire_free_at(wire)));
    assert_int_equal(mono_since(wire_free_at(wire), reply.sent_end), 1000000);
    struct wire_reply next = ask(wire, &READ_TWO);
    assert_int_equal(next.outcome, WIRE_ANSWERED);
    assert_true(mono_since(next.sent_begin, reply.sent_end) >= 1000000);
    peer_end(&peer, wire);
}

/* The wire waits 50 ms for its echo: a peer that a busy machine holds up for longer is asked again. */
static void an_echo_is_taken_back(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    enum { TRIES = 7 };
    uint8_t sent[8] = {5, 4, 0, 0, 0, 2};
    add_crc(sent, 6);
    struct step both = {.raw = true, .size = 17};
    memcpy(both.reply, sent, 8);
    memcpy(both.reply + 8, GOOD.reply, 7);
    add_crc(both.reply + 8, 7);
    for (int i = 0; i < TRIES; i++)
        expect(&peer, &both);
    struct line_settings settings = settings_of(&peer);
    settings.echo = true;
    struct wire *wire = peer_start(&peer, &settings);
    enum wire_outcome outcome = WIRE_GARBLED;
    for (size_t i = 1; i <= TRIES && outcome == WIRE_GARBLED; i++) {
        outcome = ask(wire, &READ_TWO).outcome;
        await_seen(&peer, i);
    }
    assert_int_equal(outcome, WIRE_ANSWERED);
    peer_end(&peer, wire);
    peer_open(&peer);
    both.reply[3] ^= 1; /* somebody spoke into it */
    expect(&peer, &both);
    settings = settings_of(&peer);
    settings.echo = true;
    wire = peer_start(&peer, &settings);
    assert_int_equal(ask(wire, &READ_TWO).outcome, WIRE_GARBLED);
    peer_end(&peer, wire);
}

/* Though the settings do not say so: each echo of a read comes in place of the answer. */
static void an_echo_is_found_out(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    enum { TRIES = 5 };
    struct step both = {.raw = true, .size = 17, .reply = {5, 4, 0, 0, 0, 2}};
    add_crc(both.reply, 6);
    memcpy(both.reply + 8, GOOD.reply, 7);
    add_crc(both.reply + 8, 7);
    for (int i = 0; i < TRIES; i++)
        expect(&peer, &both);
    expect(&peer, &GOOD); /* it has been switched off */
    expect(&peer, &GOOD);
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct line_counts counts = {0};
    for (size_t i = 1; i <= TRIES; i++) {
        struct wire_reply reply = ask(wire, &READ_TWO);
        await_seen(&peer, i);
        wire_take_counts(wire, &counts);
        assert_true(reply.outcome == WIRE_ANSWERED ||
                    !counts.hears_itself); /* too busy a machine: lost once, and found again */
    }
    assert_true(counts.replies > 1);
    ask(wire, &READ_TWO);
    wire_take_counts(wire, &counts);
    assert_false(counts.hears_itself);
    assert_int_equal(ask(wire, &READ_TWO).outcome, WIRE_ANSWERED);
    peer_end(&peer, wire);
}

static void a_waiting_request_can_be_withdrawn(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    expect(&peer, &(struct step){0});
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    int interrupt = eventfd(1, EFD_CLOEXEC);
    struct wire_reply reply;
    struct mono began = mono_now();
    wire_transact(wire, &READ_TWO, patience_ms() * 1000LL, interrupt, &reply);
    assert_int_equal(reply.outcome, WIRE_WITHDRAWN);
    assert_in_range(mono_since(mono_now(), began), 0, patience_ms() * 500LL);
    close(interrupt);
    peer_end(&peer, wire);
}

static void a_hang_up_is_seen_while_waiting_and_after(void **state)
{
    (void)state;
    struct peer peer;
    peer_open(&peer);
    expect(&peer, &(struct step){.hang_up = true});
    struct line_settings settings = settings_of(&peer);
    struct wire *wire = peer_start(&peer, &settings);
    struct wire_reply reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_LOST);
    assert_int_equal(reply.error.code, ERROR_DISCONNECTED);
    reply = ask(wire, &READ_TWO);
    assert_int_equal(reply.outcome, WIRE_LOST);
    peer_end(&peer, wire);
}

static void a_port_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct line_settings settings = {.id = "l1", .device = "/nonexistent/tty", .baud = 9600, .parity = 'E', .stop_bits = 1};
    struct error error = {0};
    char method[256];
    assert_null(wire_open(&settings, -1, -1, method, &error));
    assert_int_equal(error.code, ERROR_DISCONNECTED);
    assert_non_null(strstr(error.message, "/nonexistent/tty"));
    settings.parity = 'X';
    assert_null(wire_open(&settings, -1, -1, method, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    wire_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_is_answered),
        cmocka_unit_test(silence_is_kept_between_frames),
        cmocka_unit_test(replies_of_others_are_not_taken),
        cmocka_unit_test(another_units_frame_is_named_and_costs_no_answer),
        cmocka_unit_test(what_follows_an_answer_is_late),
        cmocka_unit_test(a_radio_has_time_to_key_up_and_its_quiet),
        cmocka_unit_test(echoed_address_and_value_must_match),
        cmocka_unit_test(multiple_writes_and_coils_are_encoded),
        cmocka_unit_test(an_exception_is_not_a_success),
        cmocka_unit_test(the_first_byte_limit_is_a_deadline),
        cmocka_unit_test(noise_before_an_answer_is_let_pass),
        cmocka_unit_test(a_dribbling_unit_cannot_hold_the_line),
        cmocka_unit_test(one_who_never_pauses_cannot_hold_the_line),
        cmocka_unit_test(a_broadcast_returns_at_once_and_keeps_its_turnaround),
        cmocka_unit_test(an_echo_is_taken_back),
        cmocka_unit_test(an_echo_is_found_out),
        cmocka_unit_test(a_waiting_request_can_be_withdrawn),
        cmocka_unit_test(a_hang_up_is_seen_while_waiting_and_after),
        cmocka_unit_test(a_port_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
