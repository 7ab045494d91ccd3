/* What the files of the simulated township share among themselves; nobody else includes this. */
#ifndef TOCSIN_HARDWARE_VILLAGE_PARTS_H
#define TOCSIN_HARDWARE_VILLAGE_PARTS_H

#include "hardware/village.h"

/* Something that epoll watches. */
struct village_watch {
    int descriptor; /* -1: unused */
    void (*ready)(void *context);
    void *context;
};

enum { VILLAGE_BLOCK_SAMPLES = 48 * VILLAGE_BLOCK_MS };

struct village_channel {
    char id[33];
    struct village *village;
    struct village_watch watch;
    size_t filled; /* bytes of the block under way */
    struct mono filled_at;
    int16_t block[VILLAGE_BLOCK_SAMPLES];
    uint64_t blocks; /* whole ones heard */
};

struct village_line {
    char id[33];
    struct village *village;
    char link[256];
    struct village_watch watch;            /* the master side of the pty */
    int held;                              /* its slave side, kept open so that a daemon that closes it is no hangup here */
    const struct village_channel *channel; /* NULL: hears nothing */
    struct village_wire wire;
    size_t n_units;
    struct village_unit *units;
};

struct village {
    int epoll, timer;
    bool stopping;
    struct village_watch timer_watch, extra[4];
    FILE *log;
    struct mono log_flushed;
    bool log_dirty;
    size_t n_channels, n_lines;
    struct village_channel *channels;
    struct village_line *lines;
};

/* Registers the watch, which must not move afterwards. */
bool village_watch_add(struct village *village, struct village_watch *watch, struct error *error);

/* Opens the pty and puts its link in place; closes both and removes the link. */
bool village_line_attach(struct village_line *line, struct error *error);
void village_line_detach(struct village_line *line);

bool village_line_open(struct village_line *line, struct village *village, const struct village_line_settings *settings,
                       const struct village_settings *all, struct error *error);
void village_line_close(struct village_line *line);

bool village_channel_open(struct village_channel *channel, struct village *village,
                          const struct village_channel_settings *settings, const char *dir, struct error *error);
void village_channel_close(struct village_channel *channel);

void village_log_frame(struct village *village, const struct village_line *line, const struct village_frame *frame);

/* path as it stands if absolute, else below dir. */
bool village_path(char *to, size_t size, const char *dir, const char *path, struct error *error);

#endif
