/* Many terminals on a fake line: lines and targets by number. */
#ifndef TESTS_HARDWARE_MANY_H
#define TESTS_HARDWARE_MANY_H

#include "tests/hardware/fake_line.h"

/* n T8s, open and swept, nothing remembered. */
static inline struct fake_line *many_opened(size_t n)
{
    char kinds[FAKE_UNITS_MAX + 1] = "";
    memset(kinds, 't', n);
    struct fake_line *line = fake_line_new(kinds, 0);
    drive_port_up(&line->drive, "fake", line->now);
    fake_run(line, 15000);
    fake_forget(line);
    return line;
}

/* Terminals first to first + n - 1 shall sound, all at one volume. */
static inline void many_target(struct fake_line *line, uint16_t token, size_t first, size_t n)
{
    struct line_target target = {.session = token, .token = token, .n_members = n};
    for (size_t i = 0; i < n; i++)
        target.members[i] = (struct line_member){.terminal = (uint16_t)(first + i), .volume_percent = 50};
    drive_set_target(&line->drive, &target, line->now);
}

static inline void many_verify(struct fake_line *line, size_t first, size_t n)
{
    uint16_t list[FAKE_UNITS_MAX];
    for (size_t i = 0; i < n; i++)
        list[i] = (uint16_t)(first + i);
    drive_set_verify(&line->drive, list, n);
}

static inline size_t many_sounding(const struct fake_line *line)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n; i++)
        n += line->units[i].c4 ? line->units[i].relay : line->units[i].state == 2;
    return n;
}

#endif
