/* Draws a running alert. */
#include "controller/cli_view.h"

#include "controller/cli_coverage.h"
#include "controller/cli_outcome.h"
#include "controller/cli_table.h"
#include "controller/coverage.h"

#include <string.h>

enum { LINE_SIZE = 1024, BAR_MAX = 50, ROWS_FOR_COVERAGE = 12 };

static const char red[] = "\033[31m", green[] = "\033[32m", yellow[] = "\033[33m", plain[] = "\033[0m";

/* One line, cleaned and cut to the terminal's width. */
static void put(const struct view_size *size, const char *colour, const char *text, FILE *out)
{
    char clean[LINE_SIZE];
    text_clean(clean, sizeof clean, text);
    size_t fit = text_fit(clean, size->columns);
    bool paint = size->colour && colour;
    fprintf(out, "%s%.*s%s\n", paint ? colour : "", (int)fit, clean, paint ? plain : "");
}

static json_t *as_array(const json_t *object)
{
    json_t *array = json_array(), *value;
    const char *key;
    json_object_foreach((json_t *)object, key, value)
    {
        json_array_append(array, value);
    }
    return array;
}

static void phase_text(const json_t *programme, char *text, size_t size)
{
    const char *segment = cli_text(programme, "segment"), *language = cli_text(programme, "language");
    snprintf(text, size, "channel %s: %s%s%s, repetition %ld of %ld", cli_text(programme, "channel"),
             strcmp(segment, "none") == 0 ? "no sound" : segment, *language ? " " : "", language,
             cli_integer(programme, "repetition"), cli_integer(programme, "repetitions"));
}

static void draw_bar(const struct outcome_counts *counts, long meant, const struct view_size *size, FILE *out)
{
    char bar[BAR_MAX + 1], line[LINE_SIZE];
    if (counts->total == 0 && meant > 0) { /* before its turn it has no deliveries */
        snprintf(line, sizeof line, "%ld terminals meant, none of them started yet", meant);
        put(size, NULL, line, out);
        return;
    }
    size_t width = size->columns > 60 + BAR_MAX ? BAR_MAX : size->columns > 70 ? size->columns - 60 : 10;
    size_t total = counts->total > 0 ? counts->total : 1;
    size_t heard = counts->reached * width / total;
    size_t ended = (counts->total - counts->pending) * width / total;
    for (size_t i = 0; i < width; i++)
        bar[i] = i < heard ? '#' : i < ended ? 'x' : '.';
    bar[width] = '\0';
    snprintf(line, sizeof line, "[%s] %zu/%zu heard, %zu pending, %zu failed", bar, counts->reached, counts->total,
             counts->pending, counts->failed);
    put(size, counts->failed ? yellow : green, line, out);
}

/* Reckoned here from what was seen: the alert itself is not sent with each change of a delivery. */
static size_t draw_coverage(const json_t *alert, const json_t *deliveries, const struct view_size *size, FILE *out)
{
    char text[COVERAGE_LINE];
    json_t *coverage = size->rows > ROWS_FOR_COVERAGE ? coverage_reached(alert, deliveries) : NULL;
    bool any = coverage_reached_text(coverage, text);
    if (any)
        put(size, NULL, text, out);
    json_decref(coverage);
    return any;
}

static void draw_delivery(const json_t *delivery, const struct view_size *size, FILE *out)
{
    char label[96], level[32] = "", line[LINE_SIZE];
    const json_t *number = json_object_get(delivery, "level");
    outcome_label(delivery, label, sizeof label);
    if (json_is_number(number))
        snprintf(level, sizeof level, "%8.1f dB", json_number_value(number));
    char name[64];
    text_clean(name, sizeof name, cli_text(delivery, "name"));
    size_t width = text_width(name);
    snprintf(line, sizeof line, "  %-12s %s%*s %-24s%s", cli_text(delivery, "terminal"), name,
             width < 20 ? (int)(20 - width) : 0, "", label, level);
    bool failed = strcmp(cli_text(delivery, "end"), "failed") == 0;
    put(size, failed ? red : outcome_is_reached(delivery) ? green : NULL, line, out);
}

/* What must be seen when not all terminals fit: 0 failed, 1 pending, 2 the rest. */
static int rank(const json_t *delivery)
{
    const char *end = cli_text(delivery, "end");
    return strcmp(end, "failed") == 0 ? 0 : !*end && !outcome_is_reached(delivery) ? 1 : 2;
}

static size_t draw_deliveries(const json_t *list, const struct view_size *size, size_t room, FILE *out)
{
    size_t n = json_array_size(list), lines = 0, i;
    const json_t *delivery;
    bool all = n <= room;
    for (int wanted = 0; wanted < (all ? 1 : 3); wanted++)
        json_array_foreach(list, i, delivery)
        {
            if (!all && (rank(delivery) != wanted || lines + 1 >= room))
                continue;
            draw_delivery(delivery, size, out);
            lines++;
        }
    if (lines < n && room > 0) {
        char more[64];
        snprintf(more, sizeof more, "  ... and %zu more", n - lines);
        put(size, NULL, more, out);
        lines++;
    }
    return lines;
}

size_t view_draw(const struct view *view, const struct view_size *size, FILE *out)
{
    char line[LINE_SIZE];
    json_t *list = as_array(view->deliveries);
    struct outcome_counts counts = outcome_count(list);
    snprintf(line, sizeof line, "%s  %s  %s %s  %s: %s", cli_text(view->alert, "id"), cli_text(view->alert, "level"),
             cli_text(view->alert, "hazard_zh"), cli_text(view->alert, "hazard_en"), cli_text(view->alert, "status"),
             cli_text(view->alert, "state"));
    put(size, NULL, line, out);
    draw_bar(&counts, cli_integer(view->alert, "terminals"), size, out);
    size_t lines = 2 + draw_coverage(view->alert, list, size, out);
    const char *channel;
    json_t *programme;
    json_object_foreach(view->programmes, channel, programme)
    {
        if (lines + 4 > size->rows)
            break;
        phase_text(programme, line, sizeof line);
        put(size, NULL, line, out);
        lines++;
    }
    if (*view->alarm) {
        snprintf(line, sizeof line, "! %s", view->alarm);
        put(size, red, line, out);
        lines++;
    }
    lines += draw_deliveries(list, size, size->rows > lines + 1 ? size->rows - lines - 1 : 0, out);
    json_decref(list);
    return lines;
}

/* Text of a delivery's change; false where nothing that is shown has changed. */
static bool delivery_text(const json_t *data, const json_t *before, char *text, size_t size)
{
    char label[96], old[96] = "none", level[32] = "";
    const json_t *number = json_object_get(data, "level");
    outcome_label(data, label, sizeof label);
    if (before)
        outcome_label(before, old, sizeof old);
    if (strcmp(label, old) == 0)
        return false;
    if (json_is_number(number))
        snprintf(level, sizeof level, "  %.1f dB", json_number_value(number));
    snprintf(text, size, "%s  %s  %s%s", cli_text(data, "terminal"), cli_text(data, "name"), label, level);
    return true;
}

void view_line(const char *time, const char *type, const json_t *data, const json_t *before, FILE *out)
{
    char text[LINE_SIZE] = "", clean[LINE_SIZE];
    if (strcmp(type, "delivery") == 0) {
        if (!delivery_text(data, before, text, sizeof text))
            return;
    } else if (strcmp(type, "alert") == 0) {
        if (before && strcmp(cli_text(data, "state"), cli_text(before, "state")) == 0)
            return;
        const char *reason = cli_text(data, "reason");
        snprintf(text, sizeof text, "alert %s: %s%s%s", cli_text(data, "id"), cli_text(data, "state"), *reason ? ": " : "",
                 reason);
    } else if (strcmp(type, "programme") == 0) {
        phase_text(data, text, sizeof text);
    } else if (strcmp(type, "alarm") == 0) {
        snprintf(text, sizeof text, "ALARM %s: %s", cli_text(data, "what"), cli_text(data, "detail"));
    } else {
        return;
    }
    text_clean(clean, sizeof clean, text);
    fprintf(out, "%s  %s\n", time, clean);
}
