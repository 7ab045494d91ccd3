/* The simulated township: lines on ptys and behind gateways that keep wire time, terminals that obey, fail and hear. One
 * thread serves all. It knows nothing of profiles and frames by itself: it is what the rest of hardware/ is tested against. */
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

enum village_line_kind {
    VILLAGE_PTY,          /* Modbus RTU on a serial port */
    VILLAGE_TCP,          /* a Modbus TCP gateway, or terminals on the network */
    VILLAGE_RTU_OVER_TCP, /* a transparent gateway */
    VILLAGE_KINDS
};

const char *village_line_kind_name(enum village_line_kind kind); /* as in the settings */

/* False, with the reason, where no line of that kind can have the fault: an echo in a gateway, noise without a wire. */
bool village_line_can(enum village_line_kind kind, int baud, struct village_wire_fault fault, struct error *error);

enum { VILLAGE_GREETING_MAX = 64 };

struct village_greeting {
    size_t n;
    uint8_t bytes[VILLAGE_GREETING_MAX];
};

/* The network's side of a line that is no pty. */
struct village_socket_settings {
    uint16_t port;         /* to listen on at 127.0.0.1 (0: any free one), or to call */
    bool refuses_second;   /* a second connection is closed at once; else it replaces the first */
    bool calls_in;         /* it connects to host and port, and again reconnect_ms after it was dropped or refused */
    char host[46];         /* numeric */
    uint32_t reconnect_ms; /* with calls_in, like the rest */
    uint32_t heartbeat_s;  /* 0: sends none */
    struct village_greeting registration, heartbeat;
};

struct village_line_settings {
    char id[33];
    enum village_line_kind kind;
    int baud;    /* 1200..115200; of a TCP line also 0: no wire, the terminals are on the network */
    int channel; /* index of the channel that its terminals hear; -1: none */
    struct village_wire_fault fault;
    struct village_socket_settings socket;
    uint32_t gateway_timeout_ms; /* TCP: for an answer of a unit */
    bool gateway_silent;         /* TCP: it does not tell of one that does not come */
    uint32_t gateway_delay_ms;   /* RTU over TCP: each way */
    size_t n_units;
    struct village_unit_settings units[VILLAGE_UNITS_MAX];
};

struct village_channel_settings {
    char id[33];
    char fifo[256]; /* raw S16LE, mono, 48000 Hz, in real time; made if it is not there */
};

struct village_settings {
    uint64_t seed;
    char dir[200];    /* made if it is not there; relative paths are below it, each line's link is DIR/LINE */
    char log[256];    /* frame log; empty: none */
    char script[256]; /* timed orders; empty: none */
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
