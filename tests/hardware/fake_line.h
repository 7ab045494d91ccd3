/* A line in virtual time: the drive, units that obey it, a wire at 9600 baud that takes its time, and what was seen. */
#ifndef TESTS_HARDWARE_FAKE_LINE_H
#define TESTS_HARDWARE_FAKE_LINE_H

#include "hardware/line_drive.h"
#include "tests/hardware/fake_units.h"
#include "tests/hardware/two_profiles.h"

#include <stdio.h>
#include <stdlib.h>

enum { FAKE_CHARACTER_US = 1146, FAKE_SILENCE_US = 4011, FAKE_EVENTS_MAX = 20000, FAKE_FRAMES_MAX = 20000 };

struct fake_frame {
    struct frame_request request;
    struct mono begin, end;
    enum terminal_class class;
    enum terminal_doubt doubt;
};

struct fake_line {
    struct drive drive;
    struct profile t8, u8, c4;
    struct fake_unit units[FAKE_UNITS_MAX];
    size_t n;
    struct mono now, free_at;
    struct mono bell; /* a new target comes then: whoever may yield to it is not waited for any longer; 0: none */
    struct line_event *events;
    size_t n_events;
    struct fake_frame *frames;
    size_t n_frames;
    struct wire_reply reply;
    struct {
        size_t bytes;
        uint8_t unit;
        struct mono at;
    } late; /* an answer that nobody waits for any more */
    uint32_t chance;
};

static inline bool fake_chance(struct fake_line *line, unsigned per_cent)
{
    line->chance = line->chance * 1103515245 + 12345;
    return (line->chance >> 16) % 100 < per_cent;
}

static inline void fake_event(void *context, const struct line_event *event)
{
    struct fake_line *line = context;
    if (line->n_events < FAKE_EVENTS_MAX)
        line->events[line->n_events++] = *event;
}

static inline struct line_settings fake_settings(void)
{
    return (struct line_settings){.id = "l1",
                                  .baud = 9600,
                                  .parity = 'E',
                                  .stop_bits = 1,
                                  .turnaround_ms = 100,
                                  .first_byte_ms = 500,
                                  .poll_s = 10,
                                  .arm_wait_ms = 1000};
}

/* kinds: one letter per terminal, 't' T8, 'u' T8 by another profile, 'c' C4; units 1, 2, ... The profiles may be changed after.
 */
static inline struct fake_line *fake_line_new(const char *kinds, uint16_t recorded_token)
{
    struct fake_line *line = calloc(1, sizeof *line);
    struct terminal_settings terminals[FAKE_UNITS_MAX] = {0};
    struct line_settings settings = fake_settings();
    line->events = calloc(FAKE_EVENTS_MAX, sizeof *line->events);
    line->frames = calloc(FAKE_FRAMES_MAX, sizeof *line->frames);
    line->t8 = line->u8 = profile_t8();
    line->c4 = profile_c4();
    line->now.us = 1000000000;
    line->n = strlen(kinds);
    for (size_t i = 0; i < line->n; i++) {
        snprintf(terminals[i].id, sizeof terminals[i].id, "t%zu", i);
        terminals[i].unit = (uint8_t)(i + 1);
        terminals[i].profile = kinds[i] == 't' ? &line->t8 : kinds[i] == 'u' ? &line->u8 : &line->c4;
        line->units[i] = (struct fake_unit){.address = (uint8_t)(i + 1), .c4 = kinds[i] == 'c', .answer_us = 5000};
    }
    struct error error;
    if (!drive_init(&line->drive, &settings, terminals, line->n, recorded_token, fake_event, line, &error))
        abort();
    return line;
}

static inline void fake_line_free(struct fake_line *line)
{
    drive_free(&line->drive);
    free(line->events);
    free(line->frames);
    free(line);
}

static inline void fake_answer(struct fake_line *line, const struct frame_request *request, int64_t first_byte_us,
                               const uint8_t *bytes, size_t n, int64_t answer_us)
{
    struct wire_reply *reply = &line->reply;
    reply->first_byte = mono_plus_us(reply->sent_end, answer_us + FAKE_CHARACTER_US);
    reply->received = mono_plus_us(reply->first_byte, (int64_t)(n + 1) * FAKE_CHARACTER_US);
    line->now = reply->received;
    if (mono_since(reply->first_byte, reply->sent_end) > first_byte_us) {
        reply->outcome = WIRE_SILENT;
        line->late.bytes = n + FRAME_CRC_BYTES;
        line->late.unit = request->unit;
        line->late.at = reply->received;
        line->now = mono_plus_us(reply->sent_end, first_byte_us);
        return;
    }
    uint8_t copy[FRAME_BYTES_MAX] = {0};
    memcpy(copy, bytes, n);
    enum frame_match match = frame_judge(request, copy, n, reply->words, &reply->exception);
    reply->outcome = match == FRAME_OURS ? WIRE_ANSWERED : match == FRAME_EXCEPTION ? WIRE_EXCEPTION : WIRE_GARBLED;
}

/* What else two units with one address, a bad line and a wrong address do. */
static inline void fake_spoil(struct fake_line *line, const struct fake_unit *unit, size_t n, int64_t first_byte_us)
{
    struct wire_reply *reply = &line->reply;
    if (reply->outcome != WIRE_ANSWERED && reply->outcome != WIRE_EXCEPTION)
        return;
    if (unit->answers_as) {
        reply->foreign = 1;
        reply->foreign_unit = unit->answers_as;
        reply->outcome = WIRE_SILENT;
        line->now = mono_plus_us(reply->sent_end, first_byte_us);
    } else if (fake_chance(line, unit->damaged)) {
        reply->outcome = WIRE_GARBLED;
    } else if (fake_chance(line, unit->doubled)) {
        line->late.bytes = n + FRAME_CRC_BYTES;
        line->late.unit = unit->address;
        line->late.at = line->now;
    }
}

/* An answer that comes late lies there before the next request, */
static inline void fake_find_late(struct fake_line *line)
{
    struct wire_reply *reply = &line->reply;
    bool there = line->late.bytes > 0 && !mono_before(reply->sent_begin, line->late.at);
    reply->late_bytes = there ? (unsigned)line->late.bytes : 0;
    if (there)
        line->late.bytes = 0;
}

/* or meets the wait for the answer of another. */
static inline void fake_meet_late(struct fake_line *line, uint8_t asked)
{
    bool met = line->late.bytes > 0 && line->late.unit != asked && mono_before(line->late.at, line->now);
    if (met) {
        line->reply.foreign = 1;
        line->reply.foreign_unit = line->late.unit;
        line->late.bytes = 0;
    }
}

static inline void fake_transact(struct fake_line *line, const struct frame_request *request, int64_t first_byte_us)
{
    uint8_t q[FRAME_BYTES_MAX], r[FRAME_BYTES_MAX], answer[FRAME_BYTES_MAX];
    size_t n = frame_encode(request, q), n_answer = 0;
    int64_t answer_us = 0;
    const struct fake_unit *answering = NULL;
    if (mono_before(line->now, line->free_at))
        line->now = line->free_at;
    line->reply.sent_begin = line->now;
    line->reply.sent_end = mono_plus_us(line->now, (int64_t)(n + 2) * FAKE_CHARACTER_US);
    if (line->n_frames < FAKE_FRAMES_MAX)
        line->frames[line->n_frames++] =
            (struct fake_frame){.request = *request, .begin = line->reply.sent_begin, .end = line->reply.sent_end};
    for (size_t i = 0; i < line->n; i++) {
        size_t got = fake_unit_obey(&line->units[i], q, r, line->reply.sent_end.us);
        if (got == 0)
            continue;
        n_answer = got;
        answering = &line->units[i];
        answer_us = answering->pace ? answering->pace(answering) : answering->answer_us;
        memcpy(answer, r, got);
    }
    line->reply.foreign = 0;
    fake_find_late(line);
    if (request->unit == 0) {
        line->reply.outcome = WIRE_SENT;
        line->free_at = mono_plus_ms(line->reply.sent_end, 100);
        return;
    }
    if (n_answer > 0) {
        fake_answer(line, request, first_byte_us, answer, n_answer, answer_us);
        fake_spoil(line, answering, n_answer, first_byte_us);
    } else {
        line->reply.outcome = WIRE_SILENT;
        line->now = mono_plus_us(line->reply.sent_end, first_byte_us);
    }
    fake_meet_late(line, request->unit);
    line->free_at = mono_plus_us(line->now, FAKE_SILENCE_US);
}

/* The wait for an answer that a bell ends, as line.c has it. */
static inline void fake_yield(struct fake_line *line, const struct terminal_plan *plan)
{
    struct mono over = line->reply.outcome == WIRE_SILENT ? line->now : line->reply.first_byte;
    bool rings = mono_before(line->reply.sent_begin, line->bell) && mono_before(line->bell, over);
    if (!rings || plan->request.unit == 0 || arbiter_yield(plan, line->drive.world.ceiling_us) == YIELD_NOT)
        return;
    line->reply.outcome = WIRE_WITHDRAWN;
    line->now = mono_later(line->bell, line->reply.sent_end);
    line->free_at = mono_plus_us(line->now, FAKE_SILENCE_US);
}

/* One decision: a transaction, or time passes to the next. False when until is reached. */
static inline bool fake_step(struct fake_line *line, struct mono until)
{
    struct drive_step step;
    struct mono wake;
    if (mono_before(line->now, line->free_at))
        line->now = line->free_at;
    if (!mono_before(line->now, until))
        return false;
    if (drive_next(&line->drive, line->now, &step, &wake)) {
        fake_transact(line, &step.plan.request, step.plan.first_byte_us);
        fake_yield(line, &step.plan);
        if (line->n_frames > 0) {
            line->frames[line->n_frames - 1].class = step.plan.class;
            line->frames[line->n_frames - 1].doubt = step.plan.doubt;
        }
        drive_done(&line->drive, &step, &line->reply, line->now);
        return true;
    }
    line->now = mono_before(wake, until) ? wake : until;
    return mono_before(wake, until);
}

static inline void fake_run(struct fake_line *line, int64_t ms)
{
    struct mono until = mono_plus_ms(line->now, ms);
    while (fake_step(line, until))
        ;
}

static inline size_t fake_count(const struct fake_line *line, enum line_event_kind kind, int terminal)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n_events; i++)
        n += line->events[i].kind == kind && (terminal < 0 || line->events[i].terminal == terminal);
    return n;
}

static inline size_t fake_troubles(const struct fake_line *line, enum terminal_trouble trouble, int terminal)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n_events; i++)
        n += line->events[i].kind == LINE_TROUBLE && line->events[i].trouble == trouble &&
             (terminal < 0 || line->events[i].terminal == terminal);
    return n;
}

static inline const struct line_event *fake_find(const struct fake_line *line, enum line_event_kind kind, int terminal)
{
    for (size_t i = 0; i < line->n_events; i++)
        if (line->events[i].kind == kind && (terminal < 0 || line->events[i].terminal == terminal))
            return &line->events[i];
    return NULL;
}

/* Frames to a unit that write; address < 0: any. */
static inline size_t fake_writes(const struct fake_line *line, int unit, int address)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n_frames; i++) {
        const struct frame_request *r = &line->frames[i].request;
        n += r->function > 4 && r->unit == unit && (address < 0 || r->address == address);
    }
    return n;
}

static inline void fake_forget(struct fake_line *line)
{
    line->n_events = line->n_frames = 0;
}

/* members: one digit per member, its index. */
static inline void fake_target(struct fake_line *line, uint32_t session, uint16_t token, const char *members, uint8_t volume)
{
    struct line_target target = {.session = session, .token = token, .n_members = strlen(members)};
    for (size_t i = 0; i < target.n_members; i++)
        target.members[i] = (struct line_member){.terminal = (uint16_t)(members[i] - '0'), .volume_percent = volume};
    drive_set_target(&line->drive, &target, line->now);
}

static inline void fake_verify(struct fake_line *line, const char *members)
{
    uint16_t list[FAKE_UNITS_MAX];
    size_t n = strlen(members);
    for (size_t i = 0; i < n; i++)
        list[i] = (uint16_t)(members[i] - '0');
    drive_set_verify(&line->drive, list, n);
}

/* Port up, everything swept. */
static inline void fake_open(struct fake_line *line)
{
    drive_port_up(&line->drive, "fake", line->now);
    fake_run(line, 3000);
}

#endif
