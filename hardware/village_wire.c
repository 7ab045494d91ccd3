/* One wire in time: requests are laid onto it at the baud rate however fast they were written, replies come off it byte by
 * byte, and what begins too early or overlaps is lost. */
#include "hardware/village_wire.h"

#include <string.h>

/* A reply is handed over in pieces between its first and its last byte: 64 lines of single bytes at 115200 baud would be
 * 670,000 wake-ups a second. They are short enough that nobody sees a silence within it. */
enum { PIECE_MAX_US = 4000, PIECES_IN_SILENCE = 2 };

const char *village_note_name(enum village_note note)
{
    static const char *const names[] = {"ok", "garbled", "collision", "crc", "broadcast", "late", "noise", "cut"};
    return names[note];
}

uint16_t village_crc(const uint8_t *bytes, size_t n)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    return (uint16_t)crc;
}

size_t village_crc_add(uint8_t *bytes, size_t n)
{
    uint16_t crc = village_crc(bytes, n);
    bytes[n] = (uint8_t)(crc & 0xFF);
    bytes[n + 1] = (uint8_t)(crc >> 8);
    return n + 2;
}

size_t village_request_size(const uint8_t *bytes, size_t n)
{
    if (n < 2)
        return 0;
    if (bytes[1] >= 1 && bytes[1] <= 6)
        return 8;
    if (bytes[1] == 15 || bytes[1] == 16)
        return n >= 7 ? 9u + bytes[6] : 9;
    return 0;
}

size_t village_reply_size(const uint8_t *bytes, size_t n)
{
    if (n < 2)
        return 0;
    if (bytes[1] & 0x80)
        return 5;
    if (bytes[1] >= 1 && bytes[1] <= 4)
        return n >= 3 ? 5u + bytes[2] : 5;
    return bytes[1] == 5 || bytes[1] == 6 || bytes[1] == 15 || bytes[1] == 16 ? 8 : 0;
}

static bool crc_good(const struct village_frame *frame)
{
    return frame->size >= 4 && village_crc(frame->bytes, frame->size) == 0;
}

/* Complete by its length, whatever follows. */
static bool is_whole(const struct village_frame *frame)
{
    return frame->size > 0 && village_request_size(frame->bytes, frame->size) == frame->size && crc_good(frame);
}

int64_t village_wire_us(const struct village_wire *wire, size_t n)
{
    return ((int64_t)n * wire->character_ns + 999) / 1000;
}

void village_wire_open(struct village_wire *wire, int baud, const struct village_port *port)
{
    memset(wire, 0, sizeof *wire);
    wire->port = *port;
    wire->character_ns = (int64_t)VILLAGE_CHARACTER_BITS * 1000000000 / baud;
    wire->silence_us = baud > 19200 ? 1750 : (wire->character_ns * 7 / 2 + 999) / 1000;
    wire->quiet = (struct mono){INT64_MIN / 4};
}

/* What is not yet delivered of a reply arrives as rubbish. */
static void spoil(struct village_reply *reply)
{
    for (size_t i = reply->sent; i < reply->frame.size; i++)
        reply->frame.bytes[i] ^= 0x5A;
    if (reply->frame.note != NOTE_NOISE)
        reply->frame.note = NOTE_COLLISION;
}

/* A frame that begins while a reply is on the wire: the master's fault if it could already read the first byte. */
static enum village_note judge_begin(struct village_wire *wire, struct mono begin)
{
    enum village_note note = mono_since(begin, wire->quiet) < wire->silence_us - VILLAGE_TOLERANCE_US ? NOTE_GARBLED : NOTE_OK;
    for (size_t i = 0; i < wire->n_replies; i++) {
        struct village_reply *reply = &wire->replies[i];
        if (!reply->begun)
            continue;
        bool visible = reply->sent > 0 && mono_since(begin, reply->first_sent) > VILLAGE_TOLERANCE_US &&
                       reply->frame.note != NOTE_NOISE; /* nobody foresees that */
        if (visible)
            note = NOTE_GARBLED;
        else if (note == NOTE_OK)
            note = NOTE_COLLISION;
        spoil(reply);
    }
    return note;
}

static void begin_request(struct village_wire *wire, struct mono now)
{
    struct village_frame *request = &wire->request;
    request->begin = now;
    /* Bytes written behind the master's own last frame wait for it in the port: they follow without any silence. */
    if (mono_before(now, wire->quiet))
        request->begin = wire->quiet;
    request->from_master = true;
    request->note = judge_begin(wire, request->begin);
    if (request->note == NOTE_COLLISION)
        wire->counts.collisions++;
    wire->request_end_ns = request->begin.us * 1000;
}

static void add_byte(struct village_wire *wire, uint8_t byte, struct mono now)
{
    struct village_frame *request = &wire->request;
    if (request->size < sizeof request->bytes)
        request->bytes[request->size++] = byte;
    else if (request->note == NOTE_OK)
        request->note = NOTE_CRC;
    if (wire->request_end_ns < now.us * 1000)
        wire->request_end_ns = now.us * 1000;
    wire->request_end_ns += wire->character_ns;
    request->end.us = (wire->request_end_ns + 999) / 1000;
    if (wire->fault.kind == WIRE_ECHO && wire->n_echo < sizeof wire->echo)
        wire->echo[wire->n_echo++] = byte;
}

/* The master hears itself, at the earliest when the last bit has passed. */
static void send_echo(struct village_wire *wire)
{
    size_t n = wire->n_echo;
    wire->n_echo = 0;
    wire->port.deliver(wire->port.context, wire->echo, n);
}

static void finish_request(struct village_wire *wire)
{
    struct village_frame frame = wire->request;
    wire->request.size = 0;
    if (wire->n_echo > 0) /* the next one stands behind it already */
        send_echo(wire);
    village_wire_strike(wire, &frame);
    wire->quiet = mono_later(wire->quiet, frame.end);
    wire->counts.requests++;
    wire->counts.busy_us += mono_since(frame.end, frame.begin);
    size_t size = village_request_size(frame.bytes, frame.size);
    if (frame.note == NOTE_OK && (!crc_good(&frame) || (size != 0 && size != frame.size)))
        frame.note = NOTE_CRC;
    if (wire->fault.kind == WIRE_CUT)
        frame.note = NOTE_CUT;
    else if (frame.note == NOTE_OK && frame.bytes[0] == 0)
        frame.note = NOTE_BROADCAST;
    wire->counts.garbled += frame.note == NOTE_GARBLED;
    wire->counts.crc += frame.note == NOTE_CRC;
    wire->port.record(wire->port.context, &frame);
    if (frame.note == NOTE_OK || frame.note == NOTE_BROADCAST)
        wire->port.request(wire->port.context, &frame);
}

void village_wire_receive(struct village_wire *wire, const uint8_t *bytes, size_t n, struct mono now)
{
    village_wire_advance(wire, now);
    for (size_t i = 0; i < n; i++) {
        if (is_whole(&wire->request))
            finish_request(wire);
        if (wire->request.size == 0)
            begin_request(wire, now);
        add_byte(wire, bytes[i], now);
    }
}

static bool put(struct village_wire *wire, const uint8_t *bytes, size_t n, struct mono begin, enum village_note note)
{
    if (wire->n_replies == VILLAGE_REPLIES_MAX || n == 0 || n > VILLAGE_FRAME_MAX)
        return false;
    struct village_reply *reply = &wire->replies[wire->n_replies++];
    *reply = (struct village_reply){.frame = {.begin = begin, .size = n, .note = note}};
    reply->frame.end = mono_plus_us(begin, village_wire_us(wire, n));
    memcpy(reply->frame.bytes, bytes, n);
    return true;
}

bool village_wire_reply(struct village_wire *wire, const uint8_t *bytes, size_t n, struct mono begin, enum village_note note)
{
    if (!put(wire, bytes, n, begin, note))
        return false;
    village_wire_strike_reply(wire, &wire->replies[wire->n_replies - 1]);
    return true;
}

bool village_wire_burst(struct village_wire *wire, const uint8_t *bytes, size_t n, struct mono begin)
{
    return put(wire, bytes, n, begin, NOTE_NOISE);
}

void village_wire_clear(struct village_wire *wire)
{
    wire->n_replies = wire->request.size = wire->n_echo = 0;
}

/* Units do not listen before they speak: whoever is on the wire when a reply begins is lost with it. */
static void begin_reply(struct village_wire *wire, struct village_reply *reply)
{
    reply->begun = true;
    bool hit = wire->request.size > 0;
    if (hit && wire->request.note == NOTE_OK)
        wire->request.note = NOTE_COLLISION;
    for (size_t i = 0; i < wire->n_replies; i++) {
        struct village_reply *other = &wire->replies[i];
        if (other != reply && other->begun) {
            hit = true;
            spoil(other);
        }
    }
    if (hit) {
        spoil(reply);
        wire->counts.collisions++;
    }
}

static struct mono next_piece(const struct village_wire *wire, const struct village_reply *reply)
{
    int64_t piece_us =
        wire->silence_us / PIECES_IN_SILENCE < PIECE_MAX_US ? wire->silence_us / PIECES_IN_SILENCE : PIECE_MAX_US;
    size_t piece = reply->sent == 0 ? 1 : (size_t)(piece_us * 1000 / wire->character_ns) + 1;
    size_t upto = reply->sent + piece < reply->frame.size ? reply->sent + piece : reply->frame.size;
    return mono_plus_us(reply->frame.begin, village_wire_us(wire, upto));
}

/* Hands over the bytes whose last bit has passed. */
static void send_piece(struct village_wire *wire, size_t index, struct mono now)
{
    struct village_reply *reply = &wire->replies[index];
    int64_t passed = mono_since(now, reply->frame.begin) * 1000 / wire->character_ns;
    size_t upto = passed < (int64_t)reply->frame.size ? (size_t)passed : reply->frame.size;
    if (reply->sent == 0)
        reply->first_sent = now;
    if (wire->fault.kind == WIRE_CUT)
        reply->frame.note = NOTE_CUT;
    else
        wire->port.deliver(wire->port.context, reply->frame.bytes + reply->sent, upto - reply->sent);
    reply->sent = upto;
    if (upto < reply->frame.size)
        return;
    struct village_frame frame = reply->frame;
    wire->replies[index] = wire->replies[--wire->n_replies];
    if (frame.note == NOTE_NOISE) { /* no master waits for a silence behind it */
        wire->port.record(wire->port.context, &frame);
        return;
    }
    wire->counts.replies++;
    wire->counts.busy_us += mono_since(frame.end, frame.begin);
    /* A byte that the village delivers late was not there before: the master cannot wait from an earlier time. */
    frame.end = mono_later(frame.end, now);
    wire->quiet = mono_later(wire->quiet, frame.end);
    wire->port.record(wire->port.context, &frame);
}

static struct mono request_over(const struct village_wire *wire)
{
    return wire->request.size > 0 ? mono_plus_us(wire->request.end, wire->silence_us) : (struct mono){INT64_MAX};
}

struct mono village_wire_due(const struct village_wire *wire)
{
    struct mono due = wire->n_echo > 0 ? wire->request.end : request_over(wire);
    for (size_t i = 0; i < wire->n_replies; i++) {
        struct mono piece = next_piece(wire, &wire->replies[i]);
        due = mono_before(piece, due) ? piece : due;
    }
    return due;
}

/* The earliest thing to happen; *index is n_replies for the end of a request or its echo. */
static struct mono next_event(const struct village_wire *wire, size_t *index)
{
    struct mono first = wire->n_echo > 0 ? wire->request.end : request_over(wire);
    *index = wire->n_replies;
    for (size_t i = 0; i < wire->n_replies; i++) {
        const struct village_reply *reply = &wire->replies[i];
        struct mono at = reply->begun ? next_piece(wire, reply) : reply->frame.begin;
        if (mono_before(at, first)) {
            first = at;
            *index = i;
        }
    }
    return first;
}

void village_wire_advance(struct village_wire *wire, struct mono now)
{
    int64_t late = mono_since(now, village_wire_due(wire));
    if (late > wire->counts.worst_late_us)
        wire->counts.worst_late_us = late;
    for (;;) {
        size_t index;
        if (mono_before(now, next_event(wire, &index)))
            return;
        if (index == wire->n_replies && wire->n_echo > 0)
            send_echo(wire);
        else if (index == wire->n_replies)
            finish_request(wire);
        else if (!wire->replies[index].begun)
            begin_reply(wire, &wire->replies[index]);
        else
            send_piece(wire, index, now);
    }
}
