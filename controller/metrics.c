/* A text that grows. */
#include "controller/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct metrics *metrics, const char *data, size_t size)
{
    if (size > metrics->room - metrics->used) {
        size_t room = 2 * metrics->room + size + 4096;
        char *text = realloc(metrics->text, room);
        metrics->lost = metrics->lost || !text;
        if (!text)
            return;
        metrics->text = text;
        metrics->room = room;
    }
    memcpy(metrics->text + metrics->used, data, size);
    metrics->used += size;
}

static void put_text(struct metrics *metrics, const char *text)
{
    put(metrics, text, strlen(text));
}

/* Nearly all labels are ids. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

/* As the format wants it inside of quotes; what is no UTF-8 becomes '?'. */
static void put_escaped(struct metrics *metrics, const char *text)
{
    char clean[512];
    if (is_plain(text)) {
        put_text(metrics, text);
        return;
    }
    text_clean(clean, sizeof clean, text); /* no line breaks are left */
    for (const char *at = clean; *at;) {
        size_t plain = strcspn(at, "\\\"");
        put(metrics, at, plain);
        at += plain;
        if (!*at)
            break;
        put(metrics, (const char[]){'\\', *at++}, 2);
    }
}

void metrics_family(struct metrics *metrics, const char *name, const char *type, const char *help)
{
    const char *const parts[] = {"# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        put_text(metrics, parts[i]);
    metrics->name = name;
}

static void put_value(struct metrics *metrics, double value)
{
    char text[40];
    bool whole = value >= 0 && value < 9e15 && value == floor(value);
    int n =
        whole ? snprintf(text, sizeof text, " %" PRIu64 "\n", (uint64_t)value) : snprintf(text, sizeof text, " %.15g\n", value);
    put(metrics, text, (size_t)n);
}

void metrics_sample(struct metrics *metrics, const struct metrics_label labels[], size_t n, double value)
{
    if (!isfinite(value))
        return;
    put_text(metrics, metrics->name);
    for (size_t i = 0; i < n; i++) {
        put_text(metrics, i == 0 ? "{" : ",");
        put_text(metrics, labels[i].name);
        put_text(metrics, "=\"");
        put_escaped(metrics, labels[i].value);
        put_text(metrics, "\"");
    }
    if (n > 0)
        put_text(metrics, "}");
    put_value(metrics, value);
}

void metrics_free(struct metrics *metrics)
{
    free(metrics->text);
    *metrics = (struct metrics){0};
}
