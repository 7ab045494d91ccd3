/* One simulated line: its units behind what the master has before it. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* One answer; begin is that of its first bit on the wire. Returns its size, 0 for none. */
static size_t answer(struct village_unit *unit, const uint8_t *request, size_t n, struct mono now, struct village_frame *frame)
{
    int64_t late_us;
    frame->size = village_unit_answer(unit, request, n, now, frame->bytes, &late_us);
    frame->begin = mono_plus_us(now, unit->turnaround_us + late_us);
    frame->note = village_crc(frame->bytes, frame->size) != 0 ? NOTE_CRC : late_us > 0 ? NOTE_LATE : NOTE_OK;
    return frame->size;
}

/* A transmitter that is switched on late: the first bytes are said to nobody. */
static void put_on_wire(struct village_line *line, const struct village_unit *unit, struct village_frame *frame)
{
    size_t lost = unit->fault.kind == FAULT_LATE_DIRECTION ? unit->fault.argument : 0;
    if (lost >= frame->size)
        return;
    village_wire_reply(&line->wire, frame->bytes + lost, frame->size - lost,
                       mono_plus_us(frame->begin, village_wire_us(&line->wire, lost)), lost > 0 ? NOTE_CRC : frame->note);
}

static void on_request(void *context, const struct village_frame *request)
{
    struct village_line *line = context;
    struct mono noticed = mono_plus_us(request->end, line->wire.silence_us);
    for (size_t i = 0; i < line->n_units; i++) {
        struct village_unit *unit = &line->units[i];
        struct village_frame frame;
        if (village_unit_takes(unit, request->bytes[0]) && answer(unit, request->bytes, request->size, noticed, &frame) > 0)
            put_on_wire(line, unit, &frame);
    }
}

/* On a network nothing is damaged: what has a wrong checksum is not there at all. */
static void on_network_request(void *context, const struct village_mbap_request *request, struct mono now)
{
    struct village_line *line = context;
    for (size_t i = 0; i < line->n_units; i++) {
        struct village_unit *unit = &line->units[i];
        struct village_frame frame = {0};
        if (village_unit_takes(unit, request->bytes[0]) && answer(unit, request->bytes, request->size, now, &frame) > 0 &&
            frame.note != NOTE_CRC)
            village_network_reply(&line->network, request->transaction, &frame);
    }
}

static void on_deliver(void *context, const uint8_t *bytes, size_t n)
{
    struct village_line *line = context;
    line->front->hear(line, bytes, n);
}

static void on_answer(void *context, const uint8_t *bytes, size_t n)
{
    village_line_write(context, bytes, n);
}

static void on_record(void *context, const struct village_frame *frame)
{
    const struct village_line *line = context;
    village_log_frame(line->village, line, frame);
}

void village_line_write(struct village_line *line, const uint8_t *bytes, size_t n)
{
    if (line->kind == VILLAGE_PTY)
        village_pty_write(line, bytes, n);
    else
        village_socket_write(line, bytes, n);
}

bool village_line_attach(struct village_line *line, struct error *error)
{
    if (line->attached)
        return error_set(error, ERROR_CONFLICT, "line %s is attached already", line->id);
    line->attached = line->kind == VILLAGE_PTY ? village_pty_attach(line, error) : village_socket_attach(line, error);
    if (!line->attached)
        village_line_detach(line);
    return line->attached;
}

/* What was on the wire of a pulled adapter is gone, too; behind a gateway it goes on. */
void village_line_detach(struct village_line *line)
{
    line->attached = false;
    if (line->kind == VILLAGE_PTY)
        village_pty_detach(line);
    else
        village_socket_detach(line);
    line->front->clear(line);
}

struct mono village_line_due(const struct village_line *line)
{
    struct mono due = line->front->due(line);
    return line->kind == VILLAGE_PTY ? due : mono_earlier(due, village_socket_due(line));
}

void village_line_advance(struct village_line *line, struct mono now)
{
    line->front->advance(line, now);
    if (line->kind != VILLAGE_PTY)
        village_socket_advance(line, now);
}

const struct village_counts *village_line_counts(const struct village_line *line)
{
    return line->front == &village_front_network ? &line->network.counts : &line->wire.counts;
}

void village_line_set_fault(struct village_line *line, struct village_wire_fault fault)
{
    line->wire.fault = fault;
    line->network.cut = fault.kind == WIRE_CUT;
}

static bool open_units(struct village_line *line, const struct village_line_settings *settings, uint64_t seed,
                       struct error *error)
{
    line->n_units = settings->n_units;
    line->units = calloc(line->n_units + 1, sizeof *line->units);
    if (!line->units)
        return error_set(error, ERROR_NO_MEMORY, "line %s: no memory", line->id);
    struct mono now = mono_now();
    for (size_t i = 0; i < line->n_units; i++) {
        const struct village_unit_settings *unit = &settings->units[i];
        village_unit_open(&line->units[i], unit->vendor, unit->address, seed, now);
        line->units[i].turnaround_us = (int64_t)unit->turnaround_ms * 1000;
        village_unit_set_fault(&line->units[i], unit->fault, now);
    }
    return true;
}

static const struct village_front *front_of(const struct village_line_settings *settings)
{
    if (settings->kind == VILLAGE_TCP)
        return settings->baud > 0 ? &village_front_gateway : &village_front_network;
    return settings->kind == VILLAGE_RTU_OVER_TCP ? &village_front_transparent : &village_front_pty;
}

static bool open_front(struct village_line *line, const struct village_line_settings *settings, struct error *error)
{
    struct village_port port = {line, on_request, on_deliver, on_record};
    line->front = front_of(settings);
    if (settings->baud > 0)
        village_wire_open(&line->wire, settings->baud, &port);
    line->gateway = (struct village_gateway){.wire = &line->wire,
                                             .context = line,
                                             .answer = on_answer,
                                             .timeout_us = (int64_t)settings->gateway_timeout_ms * 1000,
                                             .silent = settings->gateway_silent};
    line->network =
        (struct village_network){.context = line, .request = on_network_request, .answer = on_answer, .record = on_record};
    line->baud = settings->baud;
    village_line_set_fault(line, settings->fault);
    line->delay_us = (int64_t)settings->gateway_delay_ms * 1000;
    if (settings->kind != VILLAGE_RTU_OVER_TCP)
        return true;
    line->in = calloc(1, sizeof *line->in);
    line->out = calloc(1, sizeof *line->out);
    return (line->in && line->out) || error_set(error, ERROR_NO_MEMORY, "line %s: no memory", line->id);
}

bool village_line_open(struct village_line *line, struct village *village, const struct village_line_settings *settings,
                       const struct village_settings *all, struct error *error)
{
    line->village = village;
    line->kind = settings->kind;
    line->held = line->watch.descriptor = line->socket.listener.descriptor = -1;
    line->socket.settings = settings->socket;
    line->channel = settings->channel < 0 ? NULL : &village->channels[settings->channel];
    text_copy(line->id, sizeof line->id, settings->id);
    char name[48];
    snprintf(name, sizeof name, settings->kind == VILLAGE_PTY ? "%s" : "%s.port", line->id);
    uint64_t seed = all->seed * 65537 + (uint64_t)(settings - all->lines);
    bool good = open_front(line, settings, error) && open_units(line, settings, seed, error);
    line->wire.chance = seed * 1000003; /* as a unit 0 would have it */
    return good && village_path(line->path, sizeof line->path, all->dir, name, error) && village_line_attach(line, error);
}

void village_line_close(struct village_line *line)
{
    if (line->attached)
        village_line_detach(line);
    free(line->in);
    free(line->out);
    free(line->units);
    line->units = NULL;
    line->n_units = 0;
}
