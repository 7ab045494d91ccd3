/* Event stream parser: collects lines that end with CR, LF or both, and the fields of one event until its empty line. */
#include "controller/cli_sse.h"

#include <stdlib.h>
#include <string.h>

struct text {
    char *data;
    size_t size, room;
};

struct sse {
    sse_event_fn *event;
    void *context;
    struct text line, type, data, id;
    bool after_cr;   /* a line ended with CR: a LF that follows belongs to it */
    bool first_line; /* may begin with a byte-order mark */
    bool has_data;
};

static bool text_add(struct text *text, const char *from, size_t size)
{
    if (size > SSE_EVENT_MAX - text->size)
        return false;
    if (text->size + size + 1 > text->room) {
        size_t room = (text->size + size + 1) * 2;
        char *data = realloc(text->data, room);
        if (!data)
            return false;
        text->data = data;
        text->room = room;
    }
    if (size > 0)
        memcpy(text->data + text->size, from, size);
    text->size += size;
    text->data[text->size] = '\0';
    return true;
}

static bool text_set(struct text *text, const char *from, size_t size)
{
    text->size = 0;
    return text_add(text, from, size);
}

static const char *text_of(const struct text *text)
{
    return text->size > 0 ? text->data : "";
}

struct sse *sse_create(sse_event_fn *event, void *context)
{
    struct sse *sse = calloc(1, sizeof *sse);
    if (!sse)
        return NULL;
    sse->event = event;
    sse->context = context;
    sse->first_line = true;
    return sse;
}

void sse_free(struct sse *sse)
{
    if (!sse)
        return;
    free(sse->line.data);
    free(sse->type.data);
    free(sse->data.data);
    free(sse->id.data);
    free(sse);
}

const char *sse_last_id(const struct sse *sse)
{
    return text_of(&sse->id);
}

void sse_restart(struct sse *sse)
{
    sse->line.size = sse->type.size = sse->data.size = 0;
    sse->has_data = sse->after_cr = false;
    sse->first_line = true;
}

static void dispatch(struct sse *sse)
{
    if (sse->has_data) {
        struct sse_event event = {text_of(&sse->id), sse->type.size > 0 ? sse->type.data : "message", text_of(&sse->data)};
        sse->event(sse->context, &event);
    }
    sse->type.size = sse->data.size = 0;
    sse->has_data = false;
}

static bool take_field(struct sse *sse, struct slice name, struct slice value)
{
    if (name.size == 4 && memcmp(name.data, "data", 4) == 0) {
        if (sse->has_data && !text_add(&sse->data, "\n", 1))
            return false;
        sse->has_data = true;
        return text_add(&sse->data, value.data, value.size);
    }
    if (name.size == 5 && memcmp(name.data, "event", 5) == 0)
        return text_set(&sse->type, value.data, value.size);
    if (name.size == 2 && memcmp(name.data, "id", 2) == 0 && !memchr(value.data, '\0', value.size))
        return text_set(&sse->id, value.data, value.size);
    return true;
}

static bool take_line(struct sse *sse)
{
    struct slice line = {text_of(&sse->line), sse->line.size};
    if (sse->first_line && line.size >= 3 && memcmp(line.data, "\xEF\xBB\xBF", 3) == 0)
        line = (struct slice){line.data + 3, line.size - 3};
    sse->first_line = false;
    bool ok = true;
    const char *colon = memchr(line.data, ':', line.size);
    size_t name = colon ? (size_t)(colon - line.data) : line.size;
    if (line.size == 0) {
        dispatch(sse);
    } else if (name > 0) { /* a line that begins with a colon is a comment: a heartbeat */
        size_t skip = colon ? name + 1 : name;
        if (skip < line.size && line.data[skip] == ' ')
            skip++;
        ok = take_field(sse, (struct slice){line.data, name}, (struct slice){line.data + skip, line.size - skip});
    }
    sse->line.size = 0;
    return ok;
}

bool sse_feed(struct sse *sse, struct slice bytes)
{
    for (size_t at = 0; at < bytes.size;) {
        if (sse->after_cr && bytes.data[at] == '\n')
            at++;
        sse->after_cr = false;
        size_t end = at;
        while (end < bytes.size && bytes.data[end] != '\r' && bytes.data[end] != '\n')
            end++;
        if (!text_add(&sse->line, bytes.data + at, end - at))
            return false;
        if (end < bytes.size) {
            sse->after_cr = bytes.data[end] == '\r';
            if (!take_line(sse))
                return false;
            end++;
        }
        at = end;
    }
    return true;
}
