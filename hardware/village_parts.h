/* What the files of the simulated township share among themselves; nobody else includes this. */
#ifndef TOCSIN_HARDWARE_VILLAGE_PARTS_H
#define TOCSIN_HARDWARE_VILLAGE_PARTS_H

#include "hardware/village.h"
#include "hardware/village_gateway.h"

/* Something that epoll watches. */
struct village_watch {
    int descriptor; /* -1: unused */
    void (*ready)(void *context);
    void *context;
};

enum { VILLAGE_BLOCK_SAMPLES = 48 * VILLAGE_BLOCK_MS };

struct village_line;

struct village_channel {
    char id[33];
    struct village *village;
    struct village_watch watch;
    size_t filled; /* bytes of the block under way */
    struct mono filled_at;
    int16_t block[VILLAGE_BLOCK_SAMPLES];
    uint64_t blocks; /* whole ones heard */
};

/* What stands between the master's bytes and the units; one for each kind of line. */
struct village_front {
    bool (*receive)(struct village_line *line, const uint8_t *bytes, size_t n, struct mono now); /* false: hang up */
    void (*hear)(struct village_line *line, const uint8_t *bytes, size_t n); /* off the wire, towards the master */
    struct mono (*due)(const struct village_line *line);
    void (*advance)(struct village_line *line, struct mono now);
    void (*clear)(struct village_line *line); /* what was under way for a connection that is gone */
};

extern const struct village_front village_front_pty, village_front_gateway, village_front_network, village_front_transparent;

/* The connection of a line that is no pty. */
struct village_socket {
    struct village_socket_settings settings; /* its port is the one in use */
    struct village_watch listener;
    bool connecting, frozen;
    struct mono call_at, beat_at; /* INT64_MAX: not wanted */
    uint64_t connections, refused;
    size_t n_held; /* what the gateway would have sent while it was frozen; more is lost */
    uint8_t held[VILLAGE_DELAY_MAX];
};

struct village_line {
    char id[33];
    enum village_line_kind kind;
    int baud;
    struct village *village;
    char path[256]; /* the pty's link, or the file that tells the port */
    bool attached;
    struct village_watch watch; /* the master side of the pty, or the connection */
    int held;                   /* the pty's other side, kept open so that a daemon that closes it is no hangup here */
    struct village_socket socket;
    const struct village_front *front;
    const struct village_channel *channel; /* NULL: hears nothing */
    struct village_wire wire;
    struct village_gateway gateway;
    struct village_network network;
    int64_t delay_us;
    struct village_delay *in, *out; /* of a transparent gateway */
    size_t n_units;
    struct village_unit *units;
};

struct village {
    int epoll, timer;
    bool stopping;
    struct village_watch timer_watch, extra[4];
    FILE *log;
    struct mono log_flushed, listened;
    bool log_dirty;
    size_t n_channels, n_lines;
    struct village_channel *channels;
    struct village_line *lines;
    struct village_timed *script; /* what is due, by its time */
};

/* Registers the watch, which must not move afterwards. */
bool village_watch_add(struct village *village, struct village_watch *watch, struct error *error);
/* The same for a call that waits to be answered or refused: ready when it can be written. */
bool village_watch_call(struct village *village, struct village_watch *watch, struct error *error);

/* It is not called until it is added again. */
void village_watch_remove(struct village *village, const struct village_watch *watch);

/* The master's side comes into being, under its link or at its port; it goes, and whoever has it open is hung up. */
bool village_line_attach(struct village_line *line, struct error *error);
void village_line_detach(struct village_line *line);

bool village_pty_attach(struct village_line *line, struct error *error);
void village_pty_detach(struct village_line *line);
void village_pty_listen(struct village_line *line);
bool village_socket_attach(struct village_line *line, struct error *error);
void village_socket_detach(struct village_line *line);

/* The connection stays and nothing comes through it, as in a mobile network without coverage; what was sent meanwhile comes
 * at thaw, as TCP repeats it. */
bool village_line_freeze(struct village_line *line, bool frozen, struct error *error);

/* Calls and heartbeats. */
struct mono village_socket_due(const struct village_line *line);
void village_socket_advance(struct village_line *line, struct mono now);

/* Towards the master; what it does not take is lost. */
void village_line_write(struct village_line *line, const uint8_t *bytes, size_t n);
void village_pty_write(const struct village_line *line, const uint8_t *bytes, size_t n);
void village_socket_write(struct village_line *line, const uint8_t *bytes, size_t n);

struct mono village_line_due(const struct village_line *line);
void village_line_advance(struct village_line *line, struct mono now);
const struct village_counts *village_line_counts(const struct village_line *line);
void village_line_set_fault(struct village_line *line, struct village_wire_fault fault);

bool village_line_open(struct village_line *line, struct village *village, const struct village_line_settings *settings,
                       const struct village_settings *all, struct error *error);
void village_line_close(struct village_line *line);

bool village_channel_open(struct village_channel *channel, struct village *village,
                          const struct village_channel_settings *settings, const char *dir, struct error *error);
void village_channel_close(struct village_channel *channel);

void village_log_frame(struct village *village, const struct village_line *line, const struct village_frame *frame);
/* What a script ordered, and what it was answered, as comments. */
void village_log_order(struct village *village, const char *text, const char *answer);

enum { VILLAGE_ORDER_MAX = 256 };

/* An order that has been understood: what it speaks of is there. */
struct village_order {
    size_t verb;
    struct village_line *line; /* NULL: all */
    uint8_t unit;              /* 0: all */
    struct village_fault fault;
    struct village_wire_fault line_fault;
    char file[VILLAGE_ORDER_MAX];
};

bool village_order_understand(struct village *village, const char *text, struct village_order *order, struct error *error);
/* Answers into f as village_command does. */
void village_order_obey(struct village *village, const struct village_order *order, FILE *f);

void village_show(struct village *village, FILE *f);
void village_show_sounding(struct village *village, FILE *f);
void village_show_counts(struct village *village, FILE *f);
void village_show_ports(struct village *village, FILE *f);

/* Reads all of a script, and begins with it now if nothing is wrong. Errors name the file and the line. */
bool village_script_start(struct village *village, const char *path, struct error *error);
struct mono village_script_due(const struct village *village);
void village_script_advance(struct village *village, struct mono now);
void village_script_clear(struct village *village);

/* path as it stands if absolute, else below dir. */
bool village_path(char *to, size_t size, const char *dir, const char *path, struct error *error);

#endif
