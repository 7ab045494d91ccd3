/* Slots and clauses of the texts that are said. */
#include "config/slots.h"

#include "config/schema.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name;
    bool may_be_empty;
} SLOTS[SLOT_COUNT] = {
    [SLOT_PLACES] = {"places"},
    [SLOT_ISSUER] = {"issuer"},
    [SLOT_TIME] = {"time"},
    [SLOT_HAZARD] = {"hazard"},
    [SLOT_POINT] = {"point"},
    [SLOT_RIVER] = {"river"},
    [SLOT_ZONE] = {"zone"},
    [SLOT_STATE] = {"state"},
    [SLOT_DIRECTION] = {"direction", true},
    [SLOT_RESERVOIR] = {"reservoir"},
    [SLOT_OPERATOR] = {"operator"},
    [SLOT_START] = {"start"},
    [SLOT_SHELTER] = {"shelter"},
    [SLOT_ROUTE] = {"route", true},
    [SLOT_CLOSED] = {"closed", true},
    [SLOT_RETURN] = {"return"},
    [SLOT_STAY] = {"stay", true},
    [SLOT_PHONE] = {"phone", true},
    [SLOT_NEWS] = {"news"},
    [SLOT_ACTION] = {"action"},
    [SLOT_CORRECT] = {"correct"},
    [SLOT_WRONG_TIME] = {"wrong_time"},
    [SLOT_RIGHT] = {"right"},
    [SLOT_WRONG] = {"wrong"},
};

static const struct {
    const char *mark;
    bool ends_sentence;
} MARKS[] = {{"，", false}, {"、", false}, {"；", false}, {"。", true}, {"！", true}, {"？", true},
             {",", false},  {";", false},  {".", true},   {"!", true},  {"?", true}};

const char *slot_name(enum slot slot)
{
    return (unsigned)slot < SLOT_COUNT ? SLOTS[slot].name : "unknown";
}

bool slot_may_be_empty(enum slot slot)
{
    return (unsigned)slot < SLOT_COUNT && SLOTS[slot].may_be_empty;
}

static enum slot slot_of(struct slice name)
{
    unsigned slot = 0;
    while (slot < SLOT_COUNT && (strlen(SLOTS[slot].name) != name.size || memcmp(SLOTS[slot].name, name.data, name.size) != 0))
        slot++;
    return (enum slot)slot;
}

enum slot slot_named(const char *name)
{
    return slot_of(slice_of(name));
}

void slots_list(uint32_t set, char *text, size_t size)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        size_t used = strlen(text);
        if (set & 1U << slot)
            text_print(text + used, size - used, "%s{%s}", used ? ", " : "", SLOTS[slot].name);
    }
}

/* ---- clauses and pieces ---- */

/* Bytes of the clause mark that text begins with, 0 if it does not. */
static size_t mark_at(const char *text, bool *ends_sentence)
{
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
        size_t n = strlen(MARKS[i].mark);
        if (strncmp(text, MARKS[i].mark, n) == 0 && (n > 1 || !isalnum((unsigned char)text[1]))) {
            *ends_sentence = MARKS[i].ends_sentence;
            return n;
        }
    }
    return 0;
}

bool slots_next_clause(const char **text, struct clause *clause)
{
    const char *p = *text;
    size_t mark = 0;
    clause->ends_sentence = true;
    while (*p && (mark = mark_at(p, &clause->ends_sentence)) == 0)
        p++;
    clause->words = (struct slice){*text, (size_t)(p - *text)};
    clause->mark = (struct slice){p, mark};
    *text = p + mark;
    return clause->words.size + mark > 0;
}

bool slots_next_piece(struct slice *rest, struct slot_piece *piece)
{
    if (rest->size == 0)
        return false;
    bool slot = rest->data[0] == '{';
    const char *end = memchr(rest->data, slot ? '}' : '{', rest->size);
    size_t size = end ? (size_t)(end - rest->data) + slot : rest->size;
    piece->words = (struct slice){rest->data, size};
    piece->slot = slot ? slot_of((struct slice){rest->data + 1, size - 2}) : SLOT_COUNT;
    *rest = (struct slice){rest->data + size, rest->size - size};
    return true;
}

/* ---- checks ---- */

static bool unknown_slot(struct slice name, struct error *error)
{
    char wrong[41], text[80];
    text_print(wrong, sizeof wrong, "%.*s", (int)name.size, name.data);
    struct nearest nearest = nearest_to(wrong);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        nearest_try(&nearest, SLOTS[slot].name);
    return error_set(error, ERROR_INVALID, "there is no slot {%s}%s", wrong, nearest_text(&nearest, text));
}

static bool check_braces(const char *text, struct error *error)
{
    for (const char *p = text; (p = strpbrk(p, "{}"));) {
        char near[31];
        text_copy(near, sizeof near, p);
        size_t n = strcspn(p + 1, "{}");
        if (*p == '}')
            return error_set(error, ERROR_INVALID, "a } without its { stands at \"%s\"", near);
        if (p[1 + n] != '}')
            return error_set(error, ERROR_INVALID, "a { is not closed by a }: \"%s\"", near);
        struct slice name = {p + 1, n};
        if (slot_of(name) == SLOT_COUNT)
            return unknown_slot(name, error);
        p += n + 2;
    }
    return true;
}

static uint32_t slots_in(struct slice text)
{
    uint32_t set = 0;
    struct slot_piece piece;
    while (slots_next_piece(&text, &piece))
        if (piece.slot != SLOT_COUNT)
            set |= 1U << piece.slot;
    return set;
}

static bool check_use(const char *text, uint32_t allowed, uint32_t required, struct error *error)
{
    char first[128] = "", all[200] = "";
    uint32_t set = slots_in(slice_of(text));
    slots_list(required & ~set, first, sizeof first);
    if (required & ~set)
        return error_set(error, ERROR_MISSING, "%s must stand in this text", first);
    slots_list(set & ~allowed, first, sizeof first);
    slots_list(allowed, all, sizeof all);
    if (set & ~allowed)
        return error_set(error, ERROR_INVALID, "%s may not stand in this text; %s%s", first,
                         allowed ? "what may: " : "it has no slots", all);
    return true;
}

static bool check_clauses(const char *text, struct error *error)
{
    for (struct clause clause; slots_next_clause(&text, &clause);) {
        uint32_t set = slots_in(clause.words);
        for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
            char others[128] = "";
            slots_list(set & ~(1U << slot), others, sizeof others);
            if ((set & 1U << slot) && SLOTS[slot].may_be_empty && others[0])
                return error_set(error, ERROR_INVALID,
                                 "{%s} may be empty, and its clause would be left out with %s: put a comma between them",
                                 SLOTS[slot].name, others);
        }
    }
    return true;
}

bool slots_check(const char *text, uint32_t allowed, uint32_t required, struct error *error)
{
    return check_braces(text, error) && check_use(text, allowed, required, error) && check_clauses(text, error);
}
