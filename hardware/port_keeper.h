/* Keeps a line's port (or connection): opens it, loses it, and opens it again after a pause that grows while that is in vain or
 * does not last. For the line's thread alone; tells the drive when it is up and when it is down. */
#ifndef TOCSIN_HARDWARE_PORT_KEEPER_H
#define TOCSIN_HARDWARE_PORT_KEEPER_H

#include "hardware/line_box.h"

struct port_keeper {
    struct drive *drive;
    struct line_box *box; /* sockets of gateways that call in come from there; counts go there */
    struct wire *wire;    /* NULL: not open */
    struct mono opened_at, reopen_at;
    struct mono answered; /* a terminal, over the wire that is open; the line sets it */
    int64_t reopen_ms;
    bool down_told; /* so its return is one after a loss */
};

void port_keeper_init(struct port_keeper *keeper, struct drive *drive, struct line_box *box);
void port_keeper_close(struct port_keeper *keeper);

/* Opens what can be opened now, and decides between the open connection and the one of a gateway that called in anew. Returns
 * when to come again; INT64_MAX: when a gateway has called in. */
struct mono port_keeper_open(struct port_keeper *keeper);

/* The port failed, error says how; what it hangs on is named before that. */
void port_keeper_lose(struct port_keeper *keeper, struct error *error);

#endif
