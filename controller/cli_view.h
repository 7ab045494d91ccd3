/* How a running alert looks: a picture that is drawn anew in place on a terminal, or one line per change in a pipe. Pure. */
#ifndef TOCSIN_CONTROLLER_CLI_VIEW_H
#define TOCSIN_CONTROLLER_CLI_VIEW_H

#include "controller/cli.h"

/* What is known of the alert, as the API's objects. */
struct view {
    json_t *alert;      /* NULL before the first answer */
    json_t *deliveries; /* object: delivery by terminal id, in the API's order */
    json_t *programmes; /* object: programme by channel id */
    char alarm[256];    /* the last one; empty without */
};

struct view_size {
    size_t columns, rows;
    bool colour;
};

/* Draws at most rows - 1 lines of at most columns; every line ends with a newline. Returns how many lines. */
size_t view_draw(const struct view *view, const struct view_size *size, FILE *out);

/* One line for a change: time (as given), then what is new. before may be NULL; nothing is printed where what is shown of a
 * delivery has not changed. type is that of the event: alert, delivery, programme, line, alarm. */
void view_line(const char *time, const char *type, const json_t *data, const json_t *before, FILE *out);

#endif
