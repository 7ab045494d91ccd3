/* One simulated line: its pty, its link in the file system, and its units behind the wire. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void on_request(void *context, const struct village_frame *frame)
{
    struct village_line *line = context;
    struct village_wire *wire = &line->wire;
    struct mono noticed = mono_plus_us(frame->end, wire->silence_us);
    for (size_t i = 0; i < line->n_units; i++) {
        struct village_unit *unit = &line->units[i];
        if (frame->bytes[0] != 0 && frame->bytes[0] != unit->address)
            continue;
        uint8_t reply[VILLAGE_FRAME_MAX];
        int64_t late_us;
        size_t n = village_unit_answer(unit, frame->bytes, frame->size, noticed, reply, &late_us);
        enum village_note note = village_crc(reply, n) != 0 ? NOTE_CRC : late_us > 0 ? NOTE_LATE : NOTE_OK;
        if (n > 0)
            village_wire_reply(wire, reply, n, mono_plus_us(noticed, unit->turnaround_us + late_us), note);
    }
}

static void on_deliver(void *context, const uint8_t *bytes, size_t n)
{
    const struct village_line *line = context;
    /* A full pty (nobody reads) loses bytes as a real wire does. */
    if (line->watch.descriptor >= 0 && write(line->watch.descriptor, bytes, n) < 0)
        return;
}

static void on_record(void *context, const struct village_frame *frame)
{
    const struct village_line *line = context;
    village_log_frame(line->village, line, frame);
}

static void on_readable(void *context)
{
    struct village_line *line = context;
    struct mono now = mono_now();
    uint8_t bytes[1024];
    ssize_t n;
    while (line->watch.descriptor >= 0 && (n = read(line->watch.descriptor, bytes, sizeof bytes)) > 0)
        village_wire_receive(&line->wire, bytes, (size_t)n, now);
}

static bool make_link(struct village_line *line, const char *device, struct error *error)
{
    char beside[sizeof line->link + 8];
    snprintf(beside, sizeof beside, "%s.new", line->link);
    unlink(beside);
    if (symlink(device, beside) != 0 || rename(beside, line->link) != 0)
        return error_set(error, ERROR_IO, "link %s: %s", line->link, strerror(errno));
    return true;
}

static bool make_pty(struct village_line *line, char *device, size_t size, struct error *error)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    line->watch.descriptor = master;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, device, size) != 0)
        return error_set(error, ERROR_IO, "line %s: no pty: %s", line->id, strerror(errno));
    line->held = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios raw;
    if (line->held < 0 || tcgetattr(line->held, &raw) != 0)
        return error_set(error, ERROR_IO, "line %s: %s: %s", line->id, device, strerror(errno));
    cfmakeraw(&raw);
    if (tcsetattr(line->held, TCSANOW, &raw) != 0)
        return error_set(error, ERROR_IO, "line %s: %s cannot be made raw: %s", line->id, device, strerror(errno));
    return true;
}

bool village_line_attach(struct village_line *line, struct error *error)
{
    if (line->watch.descriptor >= 0)
        return error_set(error, ERROR_CONFLICT, "line %s is attached already", line->id);
    char device[128];
    if (make_pty(line, device, sizeof device, error) && village_watch_add(line->village, &line->watch, error) &&
        make_link(line, device, error))
        return true;
    village_line_detach(line);
    return false;
}

/* As when an adapter is pulled out: the daemon's descriptor hangs up, and what was on the wire is gone. */
void village_line_detach(struct village_line *line)
{
    if (line->held >= 0) {
        unlink(line->link);
        close(line->held);
    }
    if (line->watch.descriptor >= 0)
        close(line->watch.descriptor);
    line->watch.descriptor = line->held = -1;
    line->wire.n_replies = line->wire.request.size = 0;
}

bool village_line_open(struct village_line *line, struct village *village, const struct village_line_settings *settings,
                       const struct village_settings *all, struct error *error)
{
    line->village = village;
    line->held = -1;
    line->watch = (struct village_watch){-1, on_readable, line};
    line->channel = settings->channel < 0 ? NULL : &village->channels[settings->channel];
    text_copy(line->id, sizeof line->id, settings->id);
    struct village_port port = {line, on_request, on_deliver, on_record};
    village_wire_open(&line->wire, settings->baud, &port);
    line->n_units = settings->n_units;
    line->units = calloc(line->n_units + 1, sizeof *line->units);
    if (!line->units)
        return error_set(error, ERROR_NO_MEMORY, "line %s: no memory", line->id);
    struct mono now = mono_now();
    for (size_t i = 0; i < line->n_units; i++) {
        const struct village_unit_settings *unit = &settings->units[i];
        uint64_t seed = all->seed * 65537 + (uint64_t)(settings - all->lines);
        village_unit_open(&line->units[i], unit->vendor, unit->address, seed, now);
        line->units[i].turnaround_us = (int64_t)unit->turnaround_ms * 1000;
        village_unit_set_fault(&line->units[i], unit->fault, now);
    }
    return village_path(line->link, sizeof line->link, all->dir, line->id, error) && village_line_attach(line, error);
}

void village_line_close(struct village_line *line)
{
    village_line_detach(line);
    free(line->units);
    line->units = NULL;
    line->n_units = 0;
}
