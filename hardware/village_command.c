/* The orders that a running township takes, from standard input and from scripts: one table of their words, what they need,
 * and what they do. An order is understood whole before anything is done. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 4 };

struct words {
    size_t n;
    char text[WORDS_MAX][VILLAGE_ORDER_MAX];
};

static bool split(const char *text, struct words *words, struct error *error)
{
    words->n = 0;
    for (const char *p = text + strspn(text, " \t\r\n"); *p; p += strspn(p, " \t\r\n")) {
        size_t n = strcspn(p, " \t\r\n");
        if (words->n == WORDS_MAX || n >= sizeof words->text[0])
            return error_set(error, ERROR_TOO_LARGE, "too long a command");
        memcpy(words->text[words->n], p, n);
        words->text[words->n++][n] = '\0';
        p += n;
    }
    return true;
}

/* ---- what an order needs ---- */

static bool needs(const struct words *words, size_t n, const char *usage, struct error *error)
{
    return words->n == n || error_set(error, ERROR_INVALID, "say: %s%s", words->text[0], usage);
}

static bool find_line(struct village *village, const char *id, struct village_order *order, struct error *error)
{
    for (size_t i = 0; i < village->n_lines && !order->line; i++)
        if (strcmp(village->lines[i].id, id) == 0)
            order->line = &village->lines[i];
    return order->line || error_set(error, ERROR_NOT_FOUND, "there is no line \"%s\"", id);
}

static bool find_unit(const char *text, struct village_order *order, struct error *error)
{
    char *end;
    unsigned long address = strtoul(text, &end, 10);
    for (size_t i = 0; i < order->line->n_units && end != text && *end == '\0'; i++)
        if (order->line->units[i].address == address)
            order->unit = (uint8_t)address;
    return order->unit || error_set(error, ERROR_NOT_FOUND, "line %s has no unit \"%s\"", order->line->id, text);
}

static bool understand_bare(struct village *village, struct words *words, struct village_order *order, struct error *error)
{
    (void)village;
    (void)order;
    return needs(words, 1, ", and no more", error);
}

static bool understand_line(struct village *village, struct words *words, struct village_order *order, struct error *error)
{
    return needs(words, 2, " LINE", error) && find_line(village, words->text[1], order, error);
}

static bool understand_file(struct village *village, struct words *words, struct village_order *order, struct error *error)
{
    (void)village;
    return needs(words, 2, " FILE", error) && text_copy(order->file, sizeof order->file, words->text[1]);
}

/* "fault LINE/UNIT KIND", "fault LINE all KIND" or "fault all KIND". */
static bool understand_fault(struct village *village, struct words *words, struct village_order *order, struct error *error)
{
    char *slash = words->n > 1 ? strchr(words->text[1], '/') : NULL;
    bool spoken_all = !slash && words->n == 4 && strcmp(words->text[2], "all") == 0;
    bool everywhere = words->n == 3 && strcmp(words->text[1], "all") == 0;
    if (!spoken_all && !everywhere && !(slash && words->n == 3))
        return error_set(error, ERROR_INVALID, "say: fault LINE/UNIT KIND, fault LINE all KIND, or fault all KIND");
    if (!village_fault_parse(words->text[words->n - 1], &order->fault, error))
        return false;
    if (slash)
        *slash = '\0';
    return everywhere || (find_line(village, words->text[1], order, error) && (!slash || find_unit(slash + 1, order, error)));
}

static bool understand_line_fault(struct village *village, struct words *words, struct village_order *order,
                                  struct error *error)
{
    return needs(words, 3, " LINE KIND", error) && village_wire_fault_parse(words->text[2], &order->line_fault, error) &&
           find_line(village, words->text[1], order, error) &&
           village_line_can(order->line->kind, order->line->baud, order->line_fault, error);
}

/* ---- what it does ---- */

static bool obey_fault(struct village *village, const struct village_order *order, struct error *error)
{
    (void)error;
    struct mono now = mono_now();
    for (size_t i = 0; i < village->n_lines; i++) {
        struct village_line *line = &village->lines[i];
        for (size_t j = 0; j < line->n_units && (!order->line || order->line == line); j++)
            if (order->unit == 0 || order->unit == line->units[j].address)
                village_unit_set_fault(&line->units[j], order->fault, now);
    }
    return true;
}

static bool obey_line_fault(struct village *village, const struct village_order *order, struct error *error)
{
    (void)village;
    (void)error;
    village_line_set_fault(order->line, order->line_fault);
    return true;
}

static bool obey_detach(struct village *village, const struct village_order *order, struct error *error)
{
    (void)village;
    if (!order->line->attached)
        return error_set(error, ERROR_CONFLICT, "line %s is detached already", order->line->id);
    village_line_detach(order->line);
    return true;
}

static bool obey_attach(struct village *village, const struct village_order *order, struct error *error)
{
    (void)village;
    return village_line_attach(order->line, error);
}

static bool obey_freeze(struct village *village, const struct village_order *order, struct error *error)
{
    (void)village;
    return village_line_freeze(order->line, true, error);
}

static bool obey_thaw(struct village *village, const struct village_order *order, struct error *error)
{
    (void)village;
    return village_line_freeze(order->line, false, error);
}

static bool obey_script(struct village *village, const struct village_order *order, struct error *error)
{
    return village_script_start(village, order->file, error);
}

static bool obey_quit(struct village *village, const struct village_order *order, struct error *error)
{
    (void)order;
    (void)error;
    village_stop(village);
    return true;
}

static const struct verb {
    const char *name;
    bool (*understand)(struct village *village, struct words *words, struct village_order *order, struct error *error);
    bool (*obey)(struct village *village, const struct village_order *order, struct error *error);
    void (*report)(struct village *village, FILE *f); /* in place of obey */
} verbs[] = {
    {"fault", understand_fault, obey_fault, NULL},          {"fault-line", understand_line_fault, obey_line_fault, NULL},
    {"show", understand_bare, NULL, village_show},          {"sounding", understand_bare, NULL, village_show_sounding},
    {"counts", understand_bare, NULL, village_show_counts}, {"ports", understand_bare, NULL, village_show_ports},
    {"detach", understand_line, obey_detach, NULL},         {"attach", understand_line, obey_attach, NULL},
    {"freeze", understand_line, obey_freeze, NULL},         {"thaw", understand_line, obey_thaw, NULL},
    {"script", understand_file, obey_script, NULL},         {"quit", understand_bare, obey_quit, NULL},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static bool refuse_verb(const char *verb, struct error *error)
{
    char known[160] = "";
    for (size_t i = 0, used = 0; i < VERBS && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", verbs[i].name);
    return error_set(error, ERROR_INVALID, "unknown command \"%.30s\"; known are: %s", verb, known);
}

bool village_order_understand(struct village *village, const char *text, struct village_order *order, struct error *error)
{
    struct words words;
    if (!split(text, &words, error))
        return false;
    const char *verb = words.n > 0 ? words.text[0] : "";
    *order = (struct village_order){0};
    while (order->verb < VERBS && strcmp(verbs[order->verb].name, verb) != 0)
        order->verb++;
    if (order->verb == VERBS)
        return refuse_verb(verb, error);
    return verbs[order->verb].understand(village, &words, order, error);
}

void village_order_obey(struct village *village, const struct village_order *order, FILE *f)
{
    const struct verb *verb = &verbs[order->verb];
    struct error error;
    if (verb->report)
        verb->report(village, f);
    if (!verb->obey || verb->obey(village, order, &error))
        fprintf(f, "ok\n");
    else
        fprintf(f, "error: %s\n", error.message);
}

void village_command(struct village *village, const char *text, FILE *f)
{
    struct village_order order;
    struct error error;
    if (village_order_understand(village, text, &order, &error))
        village_order_obey(village, &order, f);
    else
        fprintf(f, "error: %s\n", error.message);
    fflush(f);
}
