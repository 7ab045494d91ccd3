/* What can be wrong with a wire, by name, and where chance lets a burst of noise strike. Each frame draws from the line's own
 * stream whatever its time, so that the same frames in the same order are struck alike. */
#include "hardware/village_chance.h"
#include "hardware/village_wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    BEFORE_MAX = 3, /* characters: the silence behind a request has room for no more */
    BEHIND_MAX = 8,
    GAP_MAX = 3,
};

bool village_wire_fault_parse(const char *text, struct village_wire_fault *fault, struct error *error)
{
    static const char *const names[WIRE_FAULT_COUNT] = {"none", "echo", "noise", "cut"};
    size_t n = strcspn(text, ":"), kind = 0;
    while (kind < WIRE_FAULT_COUNT && (strlen(names[kind]) != n || memcmp(names[kind], text, n) != 0))
        kind++;
    if (kind == WIRE_FAULT_COUNT)
        return error_set(error, ERROR_INVALID, "unknown fault \"%.30s\" of a line; known are: none, echo, noise, cut", text);
    *fault = (struct village_wire_fault){.kind = (enum village_wire_fault_kind)kind};
    if (kind != WIRE_NOISE)
        return text[n] == '\0' || error_set(error, ERROR_INVALID, "fault %s of a line takes no argument", names[kind]);
    char *end = NULL;
    long percent = text[n] == ':' ? strtol(text + n + 1, &end, 10) : 0;
    if (percent < 1 || percent > 100 || *end != '\0')
        return error_set(error, ERROR_INVALID, "fault noise of a line needs how often: noise:1 to noise:100 percent");
    fault->percent = (uint32_t)percent;
    return true;
}

static size_t random_bytes(struct village_wire *wire, uint8_t *bytes, uint32_t most)
{
    size_t n = 1 + village_chance_below(&wire->chance, most);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)village_chance(&wire->chance);
    return n;
}

static bool struck(struct village_wire *wire)
{
    return wire->fault.kind == WIRE_NOISE && village_chance_strikes(&wire->chance, wire->fault.percent);
}

/* One to eight neighbouring bytes become others. */
static void strike_inside(struct village_wire *wire, struct village_frame *frame)
{
    uint8_t burst[BEHIND_MAX];
    size_t n = random_bytes(wire, burst, BEHIND_MAX), from = village_chance_below(&wire->chance, (uint32_t)frame->size);
    for (size_t i = 0; i < n && from + i < frame->size; i++)
        frame->bytes[from + i] ^= burst[i] ? burst[i] : 0xFF;
    if (frame->note == NOTE_OK || frame->note == NOTE_LATE)
        frame->note = NOTE_CRC;
}

void village_wire_strike(struct village_wire *wire, struct village_frame *frame)
{
    if (struck(wire))
        strike_inside(wire, frame);
}

void village_wire_strike_reply(struct village_wire *wire, struct village_reply *reply)
{
    if (!struck(wire))
        return;
    struct mono begin = reply->frame.begin, end = reply->frame.end;
    uint8_t burst[BEHIND_MAX];
    switch (village_chance_below(&wire->chance, 3)) {
    case 0: strike_inside(wire, &reply->frame); break;
    case 1: {
        size_t n = random_bytes(wire, burst, BEFORE_MAX);
        village_wire_burst(wire, burst, n, mono_plus_us(begin, -village_wire_us(wire, n) - 1));
        break;
    }
    default: {
        size_t n = random_bytes(wire, burst, BEHIND_MAX), gap = village_chance_below(&wire->chance, GAP_MAX);
        village_wire_burst(wire, burst, n, mono_plus_us(end, village_wire_us(wire, gap)));
    }
    }
}
