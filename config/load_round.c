/* How long a round over all terminals of a line takes: a fault must be shown within 100 s (EN 54-16). */
#include "config/load.h"

enum {
    ANSWER_MS = 20,    /* an ordinary terminal's, and the silences around its frames */
    REQUEST_BYTES = 8, /* of a read, with its CRC */
    REPLY_BYTES = 5,   /* and its values */
    BITS = 11,         /* of a character */
    SECOND_IN_MS = 1000,
};

static double read_ms(const struct profile_read *read, int baud)
{
    bool bits = read->space == SPACE_COIL || read->space == SPACE_DISCRETE;
    int values = bits ? (read->count + 7) / 8 : 2 * read->count;
    double wire_ms = baud > 0 ? (REQUEST_BYTES + REPLY_BYTES + values) * BITS * (double)SECOND_IN_MS / baud : 0;
    return wire_ms + ANSWER_MS;
}

void load_check_round(struct loader *loader, const config_setting_t *element, const struct config_line *line)
{
    double round_ms = 0;
    for (size_t i = 0; i < line->n_terminals; i++) {
        struct profile_read reads[PROFILE_READS_MAX];
        size_t n = profile_plan_reads(loader->config->terminals[line->terminals[i]].hardware.profile, reads);
        for (size_t r = 0; r < n; r++)
            round_ms += read_ms(&reads[r], line->hardware.baud);
    }
    if (round_ms > LOAD_POLL_MAX_S * (double)SECOND_IN_MS)
        schema_warning(&loader->site, element,
                       "a round over the %zu terminals of line %s takes about %.0f s: a fault is shown later than 100 s; "
                       "raise baud, or part them over two lines",
                       line->n_terminals, line->hardware.id, round_ms / SECOND_IN_MS);
}
