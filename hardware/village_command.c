/* What can be asked of a running township: faults, unplugging, and the truth about its terminals and wires. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 4 };

struct words {
    size_t n;
    char text[WORDS_MAX][64];
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

static struct village_line *find_line(struct village *village, const char *id, struct error *error)
{
    for (size_t i = 0; i < village->n_lines; i++)
        if (strcmp(village->lines[i].id, id) == 0)
            return &village->lines[i];
    error_set(error, ERROR_NOT_FOUND, "there is no line \"%s\"", id);
    return NULL;
}

/* Sets it on one unit of a line, or on all of them. */
static bool fault_line(struct village_line *line, const char *unit, struct village_fault fault, struct error *error)
{
    bool all = strcmp(unit, "all") == 0, found = all;
    for (size_t i = 0; i < line->n_units; i++) {
        if (!all && line->units[i].address != strtoul(unit, NULL, 10))
            continue;
        village_unit_set_fault(&line->units[i], fault, mono_now());
        found = true;
    }
    return found || error_set(error, ERROR_NOT_FOUND, "line %s has no unit \"%s\"", line->id, unit);
}

/* "fault LINE/UNIT KIND", "fault LINE all KIND" or "fault all KIND". */
static bool do_fault(struct village *village, struct words *words, struct error *error)
{
    char *slash = words->n > 1 ? strchr(words->text[1], '/') : NULL;
    const char *unit = slash ? slash + 1 : "all";
    bool spoken_all = !slash && words->n == 4 && strcmp(words->text[2], "all") == 0;
    if (words->n != 3 && !spoken_all)
        return error_set(error, ERROR_INVALID, "say: fault LINE/UNIT KIND, fault LINE all KIND, or fault all KIND");
    struct village_fault fault;
    if (!village_fault_parse(words->text[words->n - 1], &fault, error))
        return false;
    if (slash)
        *slash = '\0';
    else if (strcmp(words->text[1], "all") == 0) {
        for (size_t i = 0; i < village->n_lines; i++)
            fault_line(&village->lines[i], unit, fault, NULL);
        return true;
    }
    struct village_line *line = find_line(village, words->text[1], error);
    return line && fault_line(line, unit, fault, error);
}

static bool do_plug(struct village *village, const struct words *words, struct error *error)
{
    if (words->n != 2)
        return error_set(error, ERROR_INVALID, "say: %s LINE", words->text[0]);
    struct village_line *line = find_line(village, words->text[1], error);
    if (!line)
        return false;
    if (strcmp(words->text[0], "attach") == 0)
        return village_line_attach(line, error);
    if (line->watch.descriptor < 0)
        return error_set(error, ERROR_CONFLICT, "line %s is detached already", line->id);
    village_line_detach(line);
    return true;
}

static void show_unit(const struct village_line *line, struct village_unit *unit, struct mono now, FILE *f)
{
    village_unit_tick(unit, now);
    char fault[48];
    snprintf(fault, sizeof fault, unit->fault.argument ? "%s:%u" : "%s", village_fault_name(unit->fault.kind),
             unit->fault.argument);
    fprintf(f, "%s %u %s %s %u %u %.1f %s %s\n", line->id, unit->address, unit->vendor->name, unit->vendor->state(unit),
            unit->token, unit->volume, village_decibel(village_unit_loudness(unit, 300, now), -120),
            village_unit_sounding(unit, now) ? "yes" : "no", fault);
}

static void show(struct village *village, FILE *f)
{
    struct mono now = mono_now();
    for (size_t i = 0; i < village->n_lines; i++)
        for (size_t j = 0; j < village->lines[i].n_units; j++)
            show_unit(&village->lines[i], &village->lines[i].units[j], now, f);
}

static void count_sounding(struct village *village, FILE *f)
{
    struct mono now = mono_now();
    size_t n = 0;
    for (size_t i = 0; i < village->n_lines; i++) {
        for (size_t j = 0; j < village->lines[i].n_units; j++) {
            village_unit_tick(&village->lines[i].units[j], now);
            n += village_unit_sounding(&village->lines[i].units[j], now);
        }
    }
    fprintf(f, "%zu\n", n);
}

static void show_counts(const struct village *village, FILE *f)
{
    for (size_t i = 0; i < village->n_lines; i++) {
        const struct village_counts *c = &village->lines[i].wire.counts;
        fprintf(f,
                "%s requests=%" PRIu64 " replies=%" PRIu64 " garbled=%" PRIu64 " collisions=%" PRIu64 " crc=%" PRIu64
                " busy_us=%" PRId64 " worst_late_us=%" PRId64 "\n",
                village->lines[i].id, c->requests, c->replies, c->garbled, c->collisions, c->crc, c->busy_us, c->worst_late_us);
    }
}

static bool obey(struct village *village, struct words *words, FILE *f, struct error *error)
{
    const char *verb = words->n > 0 ? words->text[0] : "";
    if (strcmp(verb, "fault") == 0)
        return do_fault(village, words, error);
    if (strcmp(verb, "attach") == 0 || strcmp(verb, "detach") == 0)
        return do_plug(village, words, error);
    if (strcmp(verb, "show") == 0)
        show(village, f);
    else if (strcmp(verb, "sounding") == 0)
        count_sounding(village, f);
    else if (strcmp(verb, "counts") == 0)
        show_counts(village, f);
    else if (strcmp(verb, "quit") == 0)
        village_stop(village);
    else
        return error_set(error, ERROR_INVALID,
                         "unknown command \"%s\"; known are: fault, show, sounding, counts, detach, attach, quit", verb);
    return true;
}

void village_command(struct village *village, const char *text, FILE *f)
{
    struct words words;
    struct error error;
    if (split(text, &words, &error) && obey(village, &words, f, &error))
        fprintf(f, "ok\n");
    else
        fprintf(f, "error: %s\n", error.message);
    fflush(f);
}
