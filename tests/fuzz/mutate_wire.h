/* The same mutations over a pty through whole transactions of hardware/wire: glued together, in pieces, cut and completed
 * during the next transaction, or a whole one that is late. A transaction may believe only a frame that came whole behind its
 * own request and is byte for byte a right reply to it. Many ptys at once, for nearly all of the time is waiting. */
#ifndef TOCSIN_TESTS_FUZZ_MUTATE_WIRE_H
#define TOCSIN_TESTS_FUZZ_MUTATE_WIRE_H

#include "hardware/wire.h"
#include "tests/fuzz/mutate_replies.h"
#include "tests/patience.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

enum { STATIONS = 16, SHORT_US = 5000 /* to the first byte, where no right reply is to come */ };

/* How it comes over the wire. */
enum passage { PASSAGE_WHOLE, PASSAGE_PIECES, PASSAGE_GLUED, PASSAGE_CUT, PASSAGE_LATE, PASSAGES };

struct wire_tally {
    uint64_t answered, exceptions, refused;
};

struct station {
    pthread_t master, unit;
    int pty;
    sem_t go, done;
    bool over;
    uint64_t seed, n;
    struct wire_tally tally;
    struct frame_request request;
    enum passage passage;
    enum mutation mutation;
    struct adu late;      /* bytes of the transaction before, CRC and all */
    bool late_behind;     /* they come behind this request, not before it */
    struct adu frames[2]; /* whole frames that come behind this request, without CRC */
    size_t n_frames;
    struct adu sent, held; /* as on the wire: now, and with the next transaction */
};

static inline uint64_t number_of(const char *variable, uint64_t without)
{
    const char *text = getenv(variable);
    return text && text[0] ? strtoull(text, NULL, 0) : without;
}

static inline void station_fail(const struct station *station, const char *what)
{
    fprintf(stderr, "%s: %s, passage %d, function %u, unit %u, count %u\n", what, mutation_names[station->mutation],
            station->passage, station->request.function, station->request.unit, station->request.count);
    abort();
}

static inline void station_write(const struct station *station, const uint8_t *bytes, size_t n)
{
    if (n > 0 && write(station->pty, bytes, n) != (ssize_t)n)
        station_fail(station, "the pty takes no more");
}

/* Reads one request to its end: that is where the unit begins to answer. */
static inline void station_hear(const struct station *station)
{
    uint8_t bytes[ADU];
    size_t have = 0;
    for (;;) {
        struct pollfd ready = {.fd = station->pty, .events = POLLIN};
        size_t whole = have < 7 || bytes[1] <= 6 ? 8 : 9u + bytes[6];
        if (have >= whole)
            return;
        ssize_t n = poll(&ready, 1, patience_ms()) > 0 ? read(station->pty, bytes + have, sizeof bytes - have) : 0;
        if (n <= 0)
            station_fail(station, "no request came");
        have += (size_t)n;
    }
}

static inline void *station_unit(void *context)
{
    struct station *station = context;
    for (;;) {
        while (sem_wait(&station->go) != 0)
            ;
        if (station->over)
            return NULL;
        station_hear(station);
        if (station->late_behind)
            station_write(station, station->late.bytes, station->late.n);
        size_t first = station->passage == PASSAGE_PIECES ? station->sent.n / 2 : station->sent.n;
        station_write(station, station->sent.bytes, first);
        if (first < station->sent.n)
            usleep(300); /* a piece is a piece */
        station_write(station, station->sent.bytes + first, station->sent.n - first);
        sem_post(&station->done);
    }
}

/* Ours and another's in one go, each with its CRC, in either order. */
static inline void plan_glued(struct station *station, const struct adu *right)
{
    struct adu other = reply_to_another(&station->request, false, &station->seed);
    bool ours_first = replay_below(&station->seed, 2);
    station->frames[0] = ours_first ? *right : other;
    station->frames[1] = ours_first ? other : *right;
    station->n_frames = 2;
    struct adu second = station->frames[1];
    add_crc(&second);
    station->sent = glued(&station->frames[0], &second);
}

/* From this byte on it comes with the next transaction. */
static inline void hold_back(struct station *station, size_t from)
{
    station->held.n = station->sent.n - from;
    memcpy(station->held.bytes, station->sent.bytes + from, station->held.n);
    station->sent.n = from;
}

/* Chooses what comes: frames, the bytes that carry them, and what is held back for the next time. */
static inline void station_plan(struct station *station)
{
    uint64_t *seed = &station->seed;
    uint8_t unit = station->request.unit;
    station->late = station->held;
    station->late_behind = station->late.n > 0 && replay_below(seed, 2);
    station->held.n = station->n_frames = 0;
    station->request = random_request(seed);
    if (station->request.unit == unit) /* a late reply that is right in form can be kept out by waiting only */
        station->request.unit = (uint8_t)(unit % 247 + 1);
    station->passage = (enum passage)replay_below(seed, PASSAGES);
    station->mutation = (enum mutation)(replay_below(seed, 3) ? replay_below(seed, MUTATIONS) : MUTATION_NONE);
    struct adu right = right_reply(&station->request, seed);
    if (station->passage == PASSAGE_GLUED || station->mutation == MUTATION_GLUED) {
        station->passage = PASSAGE_GLUED;
        plan_glued(station, &right);
        return;
    }
    struct adu reply = mutated(&station->request, &right, station->mutation, seed);
    station->sent = reply;
    add_crc(&station->sent);
    if (station->passage >= PASSAGE_CUT)
        hold_back(station, station->passage == PASSAGE_CUT ? replay_below(seed, station->sent.n) : 0);
    else
        station->frames[station->n_frames++] = reply;
}

static inline bool station_may_believe(const struct station *station, const struct wire_reply *reply)
{
    enum frame_match match = reply->outcome == WIRE_ANSWERED ? FRAME_OURS : FRAME_EXCEPTION;
    for (size_t f = 0; f < station->n_frames; f++) {
        const struct adu *frame = &station->frames[f];
        bool same = reference_judge(&station->request, frame) == match;
        if (same && match == FRAME_EXCEPTION)
            same = frame->bytes[2] == reply->exception;
        for (size_t i = 0; same && match == FRAME_OURS && is_read(&station->request) && i < station->request.count; i++)
            same = reply->words[i] == reference_word(&station->request, frame, i);
        if (same)
            return true;
    }
    return false;
}

/* A gateway answers for a unit that does not: exceptions 10 and 11 are no answer of the unit. */
static inline bool station_is_absent(const struct station *station)
{
    const uint8_t *bytes = station->sent.bytes;
    return bytes[1] & 0x80 && (bytes[2] == 10 || bytes[2] == 11);
}

static inline void station_transact(struct station *station, struct wire *wire, struct wire_reply *reply)
{
    station_plan(station);
    bool plain = station->mutation <= MUTATION_EXCEPTION && station->passage <= PASSAGE_PIECES && station->late.n == 0;
    if (!station->late_behind)
        station_write(station, station->late.bytes, station->late.n);
    sem_post(&station->go);
    wire_transact(wire, &station->request, plain ? (int64_t)patience_ms() * 1000 : SHORT_US, -1, reply);
    while (sem_wait(&station->done) != 0)
        ;
    bool believed = reply->outcome == WIRE_ANSWERED || reply->outcome == WIRE_EXCEPTION;
    if (reply->outcome == WIRE_LOST)
        station_fail(station, reply->error.message);
    if (believed && !station_may_believe(station, reply))
        station_fail(station, "a wrong reply was believed");
    if (plain && !believed && !station_is_absent(station))
        station_fail(station, "a right reply was refused");
    station->tally.answered += reply->outcome == WIRE_ANSWERED;
    station->tally.exceptions += reply->outcome == WIRE_EXCEPTION;
    station->tally.refused += !believed;
}

static inline void *station_master(void *context)
{
    struct station *station = context;
    struct line_settings settings = {.id = "mutations", .baud = 115200, .parity = 'N', .stop_bits = 1, .adapter = ADAPTER_PTY};
    char method[256];
    struct error error = {.code = ERROR_NONE};
    struct wire_reply *reply = malloc(sizeof *reply);
    if (!reply || ptsname_r(station->pty, settings.device, sizeof settings.device) != 0)
        station_fail(station, "no pty");
    struct wire *wire = wire_open(&settings, -1, -1, method, &error);
    if (!wire)
        station_fail(station, error.message);
    for (uint64_t i = 0; i < station->n; i++)
        station_transact(station, wire, reply);
    station->over = true;
    sem_post(&station->go);
    pthread_join(station->unit, NULL);
    wire_close(wire);
    free(reply);
    return NULL;
}

static inline void run_wires(uint64_t n, uint64_t seed, struct wire_tally *tally)
{
    static struct station stations[STATIONS];
    for (size_t s = 0; s < STATIONS; s++) {
        struct station *station = &stations[s];
        *station = (struct station){.seed = replay_random(&seed), .n = n / STATIONS + (s < n % STATIONS)};
        station->pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(station->pty >= 0 && grantpt(station->pty) == 0 && unlockpt(station->pty) == 0);
        assert_true(sem_init(&station->go, 0, 0) == 0 && sem_init(&station->done, 0, 0) == 0);
        assert_int_equal(pthread_create(&station->unit, NULL, station_unit, station), 0);
        assert_int_equal(pthread_create(&station->master, NULL, station_master, station), 0);
    }
    for (size_t s = 0; s < STATIONS; s++) {
        pthread_join(stations[s].master, NULL);
        sem_destroy(&stations[s].go);
        sem_destroy(&stations[s].done);
        close(stations[s].pty);
        tally->answered += stations[s].tally.answered;
        tally->exceptions += stations[s].tally.exceptions;
        tally->refused += stations[s].tally.refused;
    }
}

#endif
