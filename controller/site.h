/* The hardware of the site as the main loop sees it: every line and playout of the configuration, their events brought onto the
 * loop, and the last that is known of each terminal. */
#ifndef TOCSIN_CONTROLLER_SITE_H
#define TOCSIN_CONTROLLER_SITE_H

#include "audio/playout.h"
#include "config/config.h"
#include "hardware/line.h"

#include <jansson.h>

struct site;
struct uv_loop_s;

struct site_ports {
    void *context;
    void (*line_event)(void *context, uint32_t line, const struct line_event *event);
    void (*playout_event)(void *context, uint32_t channel, const struct playout_event *event);
};

/* Makes lines and playouts and starts their threads; without playout_event no playouts. tokens: per channel, of the session
 * that a crash may have left. */
struct site *site_create(const struct config *config, const uint16_t *tokens, const struct site_ports *ports,
                         struct uv_loop_s *loop, struct error *error);

/* Builds a line anew whose thread hangs; the others go on. To be called now and then. */
void site_mend_lines(struct site *site);

struct line *const *site_lines(const struct site *site);
struct playout *site_playout(const struct site *site, uint32_t channel);

/* As docs/api.yaml shows them. New references; site_terminal_json NULL where there is none. */
json_t *site_lines_json(const struct site *site);
json_t *site_terminals_json(const struct site *site);
json_t *site_terminal_json(const struct site *site, const char *id);
size_t site_lines_up(const struct site *site);

/* Stops what is ours on every line, all at once, within grace_ms, then ends the threads. NULL is allowed. */
void site_destroy(struct site *site, uint32_t grace_ms);

#endif
