/* The truth about a running township: its terminals, its wires, and where its lines are to be found. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <inttypes.h>

static void show_unit(const struct village_line *line, struct village_unit *unit, struct mono now, FILE *f)
{
    village_unit_tick(unit, now);
    char fault[48];
    village_fault_print(&unit->fault, fault, sizeof fault);
    fprintf(f, "%s %u %s %s %u %u %.1f %s %s\n", line->id, unit->address, unit->vendor->name, unit->vendor->state(unit),
            unit->token, unit->volume, village_decibel(village_unit_loudness(unit, 300, now), -120),
            village_unit_sounding(unit, now) ? "yes" : "no", fault);
}

void village_show(struct village *village, FILE *f)
{
    struct mono now = mono_now();
    for (size_t i = 0; i < village->n_lines; i++)
        for (size_t j = 0; j < village->lines[i].n_units; j++)
            show_unit(&village->lines[i], &village->lines[i].units[j], now, f);
}

void village_show_sounding(struct village *village, FILE *f)
{
    struct mono now = mono_now();
    size_t n = 0;
    for (size_t i = 0; i < village->n_lines; i++) {
        for (size_t j = 0; j < village->lines[i].n_units; j++) {
            village_unit_tick(&village->lines[i].units[j], now);
            n += village_unit_sounding(&village->lines[i].units[j], now);
        }
    }
    fprintf(f, "%zu\n", n);
}

void village_show_counts(struct village *village, FILE *f)
{
    for (size_t i = 0; i < village->n_lines; i++) {
        const struct village_line *line = &village->lines[i];
        const struct village_counts *c = village_line_counts(line);
        fprintf(f,
                "%s requests=%" PRIu64 " replies=%" PRIu64 " garbled=%" PRIu64 " collisions=%" PRIu64 " crc=%" PRIu64
                " busy_us=%" PRId64 " worst_late_us=%" PRId64,
                line->id, c->requests, c->replies, c->garbled, c->collisions, c->crc, c->busy_us, c->worst_late_us);
        if (line->kind != VILLAGE_PTY)
            fprintf(f, " connections=%" PRIu64 " refused=%" PRIu64 " timeouts=%" PRIu64, line->socket.connections,
                    line->socket.refused, line->gateway.timeouts);
        fprintf(f, "\n");
    }
}

static const char *state_of(const struct village_line *line)
{
    if (!line->attached)
        return "detached";
    if (line->kind == VILLAGE_PTY)
        return "attached";
    if (line->socket.frozen)
        return "frozen";
    if (line->watch.descriptor >= 0 && !line->socket.connecting)
        return "connected";
    return line->socket.settings.calls_in ? "calling" : "listening";
}

void village_show_ports(struct village *village, FILE *f)
{
    for (size_t i = 0; i < village->n_lines; i++) {
        const struct village_line *line = &village->lines[i];
        const struct village_socket_settings *at = &line->socket.settings;
        fprintf(f, "%s %s ", line->id, village_line_kind_name(line->kind));
        if (line->kind == VILLAGE_PTY)
            fprintf(f, "%s", line->path);
        else
            fprintf(f, "%s:%u", at->calls_in ? at->host : "127.0.0.1", at->port);
        fprintf(f, " %s\n", state_of(line));
    }
}
