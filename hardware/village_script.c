/* A script of timed orders: read and understood whole before any is due, obeyed in the order of their times, and written to
 * the frame log as comments when they happen. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 512, SECONDS_MAX = 1000000 };

struct village_timed {
    struct mono at;
    struct village_order order;
    char text[VILLAGE_ORDER_MAX];
    struct village_timed *next;
};

/* Behind those that are due at the same time. */
static void insert(struct village_timed **list, struct village_timed *timed)
{
    while (*list && !mono_before(timed->at, (*list)->at))
        list = &(*list)->next;
    timed->next = *list;
    *list = timed;
}

static void free_list(struct village_timed *list)
{
    while (list) {
        struct village_timed *next = list->next;
        free(list);
        list = next;
    }
}

/* "12.5 fault north/2 dead", without its comment. An empty line is nothing. */
static bool take_line(struct village *village, char *text, struct mono start, struct village_timed **list, struct error *error)
{
    size_t n = strcspn(text, "#\r\n");
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    text[n] = '\0';
    text += strspn(text, " \t");
    if (*text == '\0')
        return true;
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || (*end != ' ' && *end != '\t') || !(seconds >= 0 && seconds <= SECONDS_MAX))
        return error_set(error, ERROR_INVALID,
                         "needs the seconds since the start and an order, such as 12.5 fault north/2 dead");
    struct village_timed *timed = calloc(1, sizeof *timed);
    if (!timed)
        return error_set(error, ERROR_NO_MEMORY, "no memory");
    timed->at = mono_plus_us(start, (int64_t)(seconds * 1e6));
    text_copy(timed->text, sizeof timed->text, end + strspn(end, " \t"));
    insert(list, timed);
    return village_order_understand(village, end, &timed->order, error);
}

static bool take_file(struct village *village, FILE *f, struct mono start, struct village_timed **list, struct error *error)
{
    char text[LINE_MAX_BYTES];
    for (unsigned line = 1; fgets(text, sizeof text, f); line++) {
        bool whole = strlen(text) + 1 < sizeof text || text[sizeof text - 2] == '\n';
        if (!whole)
            error_set(error, ERROR_TOO_LARGE, "too long a line");
        if (!whole || !take_line(village, text, start, list, error))
            return error_prefix(error, "line %u", line);
    }
    return !ferror(f) || error_set(error, ERROR_IO, "cannot be read");
}

bool village_script_start(struct village *village, const char *path, struct error *error)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return error_set(error, ERROR_NOT_FOUND, "script %s: %s", path, strerror(errno));
    struct village_timed *list = NULL;
    bool good = take_file(village, f, mono_now(), &list, error);
    fclose(f);
    while (good && list) {
        struct village_timed *timed = list;
        list = timed->next;
        insert(&village->script, timed);
    }
    free_list(list);
    return good || error_prefix(error, "script %s", path);
}

struct mono village_script_due(const struct village *village)
{
    return village->script ? village->script->at : (struct mono){INT64_MAX};
}

/* What it answers goes to the log; standard output belongs to who gives orders there. */
static void obey_one(struct village *village, const struct village_timed *timed)
{
    char *answer = NULL;
    size_t size;
    FILE *f = open_memstream(&answer, &size);
    if (!f)
        return;
    village_order_obey(village, &timed->order, f);
    if (fclose(f) == 0)
        village_log_order(village, timed->text, answer);
    free(answer);
}

void village_script_advance(struct village *village, struct mono now)
{
    while (!mono_before(now, village_script_due(village))) {
        struct village_timed *timed = village->script;
        village->script = timed->next;
        obey_one(village, timed);
        free(timed);
    }
}

void village_script_clear(struct village *village)
{
    free_list(village->script);
    village->script = NULL;
}
