/* The hardware of the site as the main loop sees it: every line and playout of the configuration, their events brought onto the
 * loop, and what is known of the health of each line and terminal. */
#ifndef TOCSIN_CONTROLLER_SITE_H
#define TOCSIN_CONTROLLER_SITE_H

#include "audio/playout.h"
#include "config/config.h"
#include "controller/health.h"
#include "controller/line_use.h"
#include "hardware/line.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct site;
struct uv_loop_s;

struct site_ports {
    void *context;
    void (*line_event)(void *context, uint32_t line, const struct line_event *event);
    void (*playout_event)(void *context, uint32_t channel, const struct playout_event *event);
    /* A terminal (index of the configuration) is another than was told: good, degraded, dead, or not read for too long. */
    void (*terminal_state)(void *context, uint32_t terminal, const struct health_verdict *verdict);
    /* How the terminals of a line are that came up and was swept: {id: state}, borrowed. */
    void (*line_states)(void *context, uint32_t line, const json_t *states);
};

/* What the store remembers of the life before. */
struct site_memory {
    const uint16_t *tokens;    /* per channel, of the session that a crash may have left */
    const int64_t *answers_us; /* per terminal, the learnt time of its answer; 0: unknown */
};

/* Makes lines and playouts and starts their threads; without playout_event no playouts. */
struct site *site_create(const struct config *config, const struct site_memory *memory, const struct site_ports *ports,
                         struct uv_loop_s *loop, struct error *error);

struct line *const *site_lines(const struct site *site);
struct playout *site_playout(const struct site *site, uint32_t channel);

/* Looks at what time alone decides and at the counters; call it at least once a second. */
void site_tick(struct site *site, struct mono now);

/* What an event of a line says, without the "line ID: " before it: whoever tells it names it himself. Lives as the event. */
static inline const char *site_line_words(const char *line_id, const struct line_event *event)
{
    char prefix[80];
    int n = snprintf(prefix, sizeof prefix, "line %s: ", line_id);
    return strncmp(event->error.message, prefix, (size_t)n) == 0 ? event->error.message + n : event->error.message;
}

/* It was told that the line is up: line_states follows when its terminals are known. */
void site_line_told_up(struct site *site, uint32_t line, struct mono now);

/* A line as it is now. */
struct line_view {
    struct line_counts counts;
    struct line_use_share use[USE_SPANS];
    bool up;
    struct mono since; /* up or down since; {0}: neither yet */
    const char *words; /* how it is known when a transmission ends, or why it is down */
    size_t states[HEALTH_STATES];
};
void site_view_line(const struct site *site, uint32_t line, struct mono now, struct line_view *view);

/* A terminal as it is now, by its index in the configuration. */
struct terminal_view {
    struct health_verdict verdict;
    struct terminal_health seen;
    const struct terminal_reading *reading; /* the last; NULL: none yet */
    struct mono last_seen;                  /* its last answer of any kind; {0}: none yet */
};
int64_t site_answer_us(const struct site *site, uint32_t terminal); /* learnt time until its answer; 0: unknown */
void site_view_terminal(const struct site *site, uint32_t terminal, struct mono now, struct terminal_view *view);

/* As docs/api.yaml shows them. New references. */
json_t *site_lines_json(const struct site *site);
json_t *site_line_json(const struct site *site, uint32_t line);
json_t *site_terminals_json(const struct site *site);
json_t *site_terminal_json(const struct site *site, uint32_t terminal);
size_t site_lines_up(const struct site *site);

/* error->code ERROR_NONE: it was read, and its view is new. Else why it was not: ERROR_TIMEOUT, or what the line says. */
typedef void site_answer_fn(void *context, const struct error *error);

/* Reads a terminal now, behind what a broadcast needs. done is called once, later, at the latest SITE_ASK_MS from now and a
 * little. False where it cannot be asked: ERROR_DISCONNECTED (its line is down), ERROR_CONFLICT (too many are asked). */
enum { SITE_ASK_MS = 3000 };
bool site_ask(struct site *site, uint32_t terminal, site_answer_fn *done, void *context, struct error *error);

/* Stops what is ours on every line, all at once, within grace_ms, then ends the threads. Who waits for a reading is told so.
 * NULL is allowed. */
void site_destroy(struct site *site, uint32_t grace_ms);

#endif
