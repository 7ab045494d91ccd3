/* Deliveries as CSV (RFC 4180). */
#include "controller/delivery_csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the table. Times stand in the member "times". */
static const char *const columns[] = {"terminal", "end",   "reason",    "rung",       "highest", "name",  "line",  "channel",
                                      "baseline", "level", "threshold", "level_kind", "counted", "token", "alert", "people"};
static const char *const times[] = {"sent",  "acknowledged", "armed", "started", "sounding",
                                    "heard", "stopped",      "read",  "ended"};

enum { N_COLUMNS = sizeof columns / sizeof *columns, N_TIMES = sizeof times / sizeof *times };

static void put_text(FILE *out, const char *text)
{
    if (!text[strcspn(text, "\",\r\n")]) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        put_text(out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        fprintf(out, "%.2f", json_real_value(value));
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", out);
}

static void put_row(FILE *out, const json_t *delivery)
{
    const json_t *reached = json_object_get(delivery, "times");
    for (size_t i = 0; i < N_COLUMNS; i++) {
        put_value(out, json_object_get(delivery, columns[i]));
        fputc(',', out);
    }
    for (size_t i = 0; i < N_TIMES; i++) {
        put_value(out, json_object_get(reached, times[i]));
        fputs(i + 1 < N_TIMES ? "," : "\r\n", out);
    }
}

char *delivery_csv(const json_t *deliveries)
{
    char *text = NULL;
    size_t size = 0, i;
    const json_t *delivery;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (i = 0; i < N_COLUMNS; i++)
        fprintf(out, "%s,", columns[i]);
    for (i = 0; i < N_TIMES; i++)
        fprintf(out, "%s%s", times[i], i + 1 < N_TIMES ? "," : "\r\n");
    json_array_foreach(deliveries, i, delivery)
    {
        put_row(out, delivery);
    }
    bool lost = ferror(out);
    if (fclose(out) == 0 && !lost)
        return text;
    free(text);
    return NULL;
}
