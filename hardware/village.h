/* The simulated township: RTU lines on ptys that keep wire time, terminals that obey, fail and hear. One thread serves all.
 * It knows nothing of profiles and frames by itself: it is what the rest of hardware/ is tested against. */
#ifndef TOCSIN_HARDWARE_VILLAGE_H
#define TOCSIN_HARDWARE_VILLAGE_H

#include "codecs/base.h"
#include "hardware/village_unit.h"
#include "hardware/village_wire.h"

#include <stdio.h>

enum { VILLAGE_UNITS_MAX = 247, VILLAGE_LINES_MAX = 64, VILLAGE_CHANNELS_MAX = 64 };

struct village_unit_settings {
    uint8_t address; /* 1..247, once on a line */
    const struct village_vendor *vendor;
    uint32_t turnaround_ms; /* from the end of a request's silence to the first bit of the reply */
    struct village_fault fault;
};

struct village_line_settings {
    char id[33];
    int baud;    /* 1200..115200 */
    int channel; /* index of the channel that its terminals hear; -1: none */
    size_t n_units;
    struct village_unit_settings units[VILLAGE_UNITS_MAX];
};

struct village_channel_settings {
    char id[33];
    char fifo[256]; /* raw S16LE, mono, 48000 Hz, in real time; made if it is not there */
};

struct village_settings {
    uint64_t seed;
    char dir[200]; /* made if it is not there; relative paths are below it, each line's link is DIR/LINE */
    char log[256]; /* frame log; empty: none */
    size_t n_channels;
    struct village_channel_settings channels[VILLAGE_CHANNELS_MAX];
    size_t n_lines;
    struct village_line_settings lines[VILLAGE_LINES_MAX];
};

/* Reads a settings file into *settings, which is overwritten; errors name the file, the line and what is wrong there. */
bool village_settings_load(const char *path, struct village_settings *settings, struct error *error);

/* "LINE/UNIT=FAULT" of the command line. */
bool village_settings_fault(struct village_settings *settings, const char *text, struct error *error);

struct village;

/* Opens everything. The settings are copied. NULL with an error that names the file or line. */
struct village *village_create(const struct village_settings *settings, struct error *error);

/* Calls ready(context) from village_run whenever the descriptor can be read. At most 4. */
bool village_watch(struct village *village, int descriptor, void (*ready)(void *context), void *context, struct error *error);
void village_unwatch(struct village *village, int descriptor);

/* Serves until village_stop, which only callbacks of village_watch may call. False on a failure of the machine. */
bool village_run(struct village *village, struct error *error);
void village_stop(struct village *village);

/* Obeys one line as written on standard input (docs/village.md) and answers into f: data lines, then "ok" or "error: ...". */
void village_command(struct village *village, const char *text, FILE *f);

/* Removes the links, flushes the log, closes everything. NULL is allowed. */
void village_destroy(struct village *village);

#endif
