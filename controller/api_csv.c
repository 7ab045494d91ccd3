/* Deliveries as a table for a spreadsheet. */
#include "controller/api_intern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const COLUMNS[] = {"terminal", "name",  "line",     "channel", "rung",      "highest", "end",
                                      "reason",   "final", "baseline", "level",   "threshold", "counted", "token"};
static const char *const TIMES[] = {"sent", "acknowledged", "armed", "started", "sounding", "heard", "stopped", "ended"};

/* A field that a spreadsheet would take for a formula is kept from being one by a leading apostrophe. */
static void put_text(FILE *out, const char *text)
{
    bool formula = *text && strchr("=+@", *text);
    if (!formula && !strpbrk(text, "\",\r\n")) {
        fputs(text, out);
        return;
    }
    fputs(formula ? "\"'" : "\"", out);
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            fputc('"', out);
        fputc(*p, out);
    }
    fputc('"', out);
}

static void put_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        put_text(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        fprintf(out, "%.1f", json_real_value(value));
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", out);
}

static void put_row(FILE *out, const json_t *delivery)
{
    const json_t *times = json_object_get(delivery, "times");
    for (size_t i = 0; i < sizeof COLUMNS / sizeof *COLUMNS; i++) {
        put_value(out, json_object_get(delivery, COLUMNS[i]));
        fputc(',', out);
    }
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
        put_value(out, json_object_get(times, TIMES[i]));
        fputs(i + 1 < sizeof TIMES / sizeof *TIMES ? "," : "\r\n", out);
    }
}

char *api_deliveries_csv(const json_t *deliveries)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (size_t i = 0; i < sizeof COLUMNS / sizeof *COLUMNS; i++)
        fprintf(out, "%s,", COLUMNS[i]);
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++)
        fprintf(out, "%s%s", TIMES[i], i + 1 < sizeof TIMES / sizeof *TIMES ? "," : "\r\n");
    size_t i;
    const json_t *delivery;
    json_array_foreach(deliveries, i, delivery) put_row(out, delivery);
    fclose(out);
    return text;
}
