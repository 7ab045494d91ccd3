/* Texts of the configuration, filled. */
#include "controller/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const SAFE_PLACE[TEXT_LANGUAGES] = {"安全的地方", "a safe place"};
static const char *const AGREED_SHELTER[TEXT_LANGUAGES] = {"原定安置点", "your agreed shelter"};

static bool is_blank(const char *text)
{
    return !text || text[strspn(text, " ")] == '\0';
}

/* ---- filling ---- */

struct filling {
    const struct template_values *values;
    enum text_language language;
    char *out;
    size_t used;
    size_t kept;    /* of out, without the mark at its end */
    bool beginning; /* nothing of this sentence is in out yet */
    bool cut;       /* and its beginning was left out */
};

static bool has_value(const struct template_values *values, enum slot slot)
{
    return !is_blank(values->of[slot]);
}

static struct slice words_of(const struct filling *filling, const struct slot_piece *piece)
{
    if (piece->slot == SLOT_COUNT)
        return piece->words;
    if (piece->slot == SLOT_SHELTER && !has_value(filling->values, SLOT_SHELTER))
        return slice_of(SAFE_PLACE[filling->language]);
    return slice_of(has_value(filling->values, piece->slot) ? filling->values->of[piece->slot] : NULL);
}

static bool check_given(const char *text, const struct template_values *values, struct error *error)
{
    char missing[200] = "";
    uint32_t set = 0;
    struct slot_piece piece;
    for (struct slice rest = slice_of(text); slots_next_piece(&rest, &piece);)
        if (piece.slot != SLOT_COUNT && piece.slot != SLOT_SHELTER && !slot_may_be_empty(piece.slot) &&
            !has_value(values, piece.slot))
            set |= 1U << piece.slot;
    slots_list(set, missing, sizeof missing);
    return !set || error_set(error, ERROR_MISSING, "the text needs a value for %s", missing);
}

/* The most that it can become. */
static size_t filled_size(const struct filling *filling, const char *text)
{
    size_t size = 0;
    struct slot_piece piece;
    for (struct slice rest = slice_of(text); slots_next_piece(&rest, &piece);)
        size += words_of(filling, &piece).size;
    return size;
}

static bool is_left_out(const struct filling *filling, struct slice words)
{
    struct slot_piece piece;
    while (slots_next_piece(&words, &piece))
        if (slot_may_be_empty(piece.slot) && !has_value(filling->values, piece.slot))
            return true;
    return false;
}

static void append(struct filling *filling, struct slice words)
{
    memcpy(filling->out + filling->used, words.data, words.size);
    filling->used += words.size;
}

/* Capitals: the first letter of what begins here. */
static void begin_sentence(struct filling *filling, size_t from)
{
    while (from < filling->used && filling->out[from] == ' ')
        from++;
    if (from < filling->used)
        filling->out[from] = (char)toupper((unsigned char)filling->out[from]);
}

static void keep(struct filling *filling, const struct clause *clause)
{
    size_t from = filling->used;
    struct slot_piece piece;
    for (struct slice rest = clause->words; slots_next_piece(&rest, &piece);)
        append(filling, words_of(filling, &piece));
    if (filling->cut)
        begin_sentence(filling, from);
    filling->kept = filling->used;
    append(filling, clause->mark);
    filling->beginning = clause->ends_sentence;
    filling->cut = false;
}

/* The end of a sentence takes the place of the comma before it. */
static void leave_out(struct filling *filling, const struct clause *clause)
{
    if (!clause->ends_sentence) {
        filling->cut = filling->beginning;
        return;
    }
    if (!filling->beginning) {
        filling->used = filling->kept;
        append(filling, clause->mark);
    }
    filling->beginning = true;
    filling->cut = false;
}

char *template_fill(const char *text, enum text_language language, const struct template_values *values, struct error *error)
{
    struct filling filling = {.values = values, .language = language, .beginning = true};
    if (!slots_check(text, SLOTS_ALL, 0, error) || !check_given(text, values, error))
        return NULL;
    filling.out = malloc(filled_size(&filling, text) + 1);
    if (!filling.out) {
        error_set(error, ERROR_NO_MEMORY, "out of memory");
        return NULL;
    }
    for (struct clause clause; slots_next_clause(&text, &clause);) {
        if (is_left_out(&filling, clause.words))
            leave_out(&filling, &clause);
        else
            keep(&filling, &clause);
    }
    filling.out[filling.used] = '\0';
    size_t blanks = strspn(filling.out, " "); /* where the first sentence went */
    memmove(filling.out, filling.out + blanks, filling.used + 1 - blanks);
    return filling.out;
}

/* ---- shelters ---- */

static const char *shelter_or_safe(const char *shelter, enum text_language language)
{
    return is_blank(shelter) ? SAFE_PLACE[language] : shelter;
}

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* "A, B or C". */
static bool join_names(const char *const *names, size_t n, enum text_language language, char *text, size_t size)
{
    static const char *const COMMA[TEXT_LANGUAGES] = {"、", ", "}, *const OR[TEXT_LANGUAGES] = {"或", " or "};
    bool whole = text_copy(text, size, names[0]);
    for (size_t i = 1; whole && i < n; i++) {
        size_t used = strlen(text);
        whole = text_print(text + used, size - used, "%s%s", i + 1 < n ? COMMA[language] : OR[language], names[i]);
    }
    return whole;
}

bool template_shelters(const char *const *shelters, size_t n, enum text_language language, char *text, size_t size)
{
    const char *names[TEMPLATE_SHELTERS_MAX] = {SAFE_PLACE[language]};
    size_t n_names = 0;
    bool few = true;
    for (size_t i = 0; few && i < n; i++) {
        const char *name = shelter_or_safe(shelters[i], language);
        if (is_among(name, names, n_names))
            continue;
        few = n_names < TEMPLATE_SHELTERS_MAX;
        if (few)
            names[n_names++] = name;
    }
    if (few && join_names(names, n_names, language, text, size))
        return true;
    text_copy(text, size, AGREED_SHELTER[language]);
    return false;
}

/* ---- times ---- */

enum { MINUTES_OF_DAY = 24 * 60 };

static int minute_of_day(struct wall at, int utc_offset_minutes)
{
    int64_t minute = at.ms / 60000 - (at.ms % 60000 < 0) + utc_offset_minutes;
    return (int)((minute % MINUTES_OF_DAY + MINUTES_OF_DAY) % MINUTES_OF_DAY);
}

struct day_part {
    int before; /* this hour */
    const char *name;
};

static const char *part_of(const struct day_part *parts, int hour)
{
    while (hour >= parts->before)
        parts++;
    return parts->name;
}

/* 0 to 59. */
static void chinese_number(int n, char *text, size_t size)
{
    static const char *const DIGITS[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    const char *tens = n >= 20 ? DIGITS[n / 10] : "", *ten = n >= 10 ? "十" : "";
    text_print(text, size, "%s%s%s", tens, ten, n == 0 || n % 10 ? DIGITS[n % 10] : "");
}

static void chinese_time(int hour, int minute, char text[TEMPLATE_TIME_SIZE])
{
    static const struct day_part PARTS[] = {{5, "凌晨"},  {8, "早上"},  {11, "上午"}, {13, "中午"},
                                            {17, "下午"}, {19, "傍晚"}, {24, "晚上"}};
    char hours[16], minutes[16];
    int said = hour > 12 ? hour - 12 : hour;
    chinese_number(said, hours, sizeof hours);
    chinese_number(minute, minutes, sizeof minutes);
    text_print(text, TEMPLATE_TIME_SIZE, "%s%s点%s%s%s", part_of(PARTS, hour), said == 2 ? "两" : hours,
               minute > 0 && minute < 10 ? "零" : "", minute > 0 ? minutes : "", minute > 0 ? "分" : "");
}

static void english_time(int hour, int minute, char text[TEMPLATE_TIME_SIZE])
{
    static const struct day_part PARTS[] = {
        {5, "at night"}, {12, "in the morning"}, {18, "in the afternoon"}, {22, "in the evening"}, {24, "at night"}};
    int said = hour % 12 == 0 ? 12 : hour % 12;
    if (minute == 0)
        text_print(text, TEMPLATE_TIME_SIZE, "%d o'clock %s", said, part_of(PARTS, hour));
    else
        text_print(text, TEMPLATE_TIME_SIZE, "%d:%02d %s", said, minute, part_of(PARTS, hour));
}

void template_time(struct wall at, int utc_offset_minutes, enum text_language language, char text[TEMPLATE_TIME_SIZE])
{
    int minute = minute_of_day(at, utc_offset_minutes);
    if (language == TEXT_ZH)
        chinese_time(minute / 60, minute % 60, text);
    else
        english_time(minute / 60, minute % 60, text);
}
