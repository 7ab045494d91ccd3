/* Sentences, punctuation and digits of Chinese and English text. */
#include "audio/voice_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool voice_language_of(const char *tag, enum voice_language *language)
{
    bool known = strncasecmp(tag, "zh", 2) == 0 || strncasecmp(tag, "en", 2) == 0;
    if (!known || (tag[2] != '\0' && tag[2] != '-' && tag[2] != '_'))
        return false;
    *language = tolower((unsigned char)tag[0]) == 'z' ? VOICE_CHINESE : VOICE_ENGLISH;
    return true;
}

/* ---- characters ---- */

/* In rising strength: of several in a row the strongest is kept. */
enum mark { MARK_NONE, MARK_QUIET, MARK_SPACE, MARK_PAUSE, MARK_STOP };

/* Decodes the character at i of well-formed text; 0 behind the end. */
static uint32_t character(struct slice text, size_t i, size_t *next)
{
    if (i >= text.size) {
        *next = text.size;
        return 0;
    }
    const unsigned char *p = (const unsigned char *)text.data + i;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    n = n < text.size - i ? n : text.size - i;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7FU >> n);
    for (size_t k = 1; k < n; k++)
        c = c << 6 | (p[k] & 0x3F);
    *next = i + n;
    return c;
}

static bool among(uint32_t c, const char *set)
{
    struct slice all = slice_of(set);
    for (size_t i = 0; i < all.size;)
        if (character(all, i, &i) == c)
            return true;
    return false;
}

/* Arrows, boxes, stars, warning signs, emoji: an ornament that no voice speaks and that must not silence what stands around it.
 */
static bool ornament(uint32_t c)
{
    return (c >= 0x2190 && c <= 0x21FF) || (c >= 0x2300 && c <= 0x2BFF) || (c >= 0xFE00 && c <= 0xFE0F) ||
           (c >= 0x1F000 && c <= 0x1FAFF);
}

static enum mark mark_of(uint32_t c)
{
    if (ornament(c))
        return MARK_QUIET;
    if (c <= ' ' || c == 0x7F || c == 0xA0 || c == 0x3000 || c == 0xFEFF || (c >= 0x2000 && c <= 0x200F))
        return c == '\n' ? MARK_STOP : MARK_SPACE;
    if (among(c, ".!?;。！？；｡…"))
        return MARK_STOP;
    if (among(c, ",:，、：—–～~|-"))
        return MARK_PAUSE;
    if (among(c, "%&+=$#@°") || !(c < 0x80 && ispunct((int)c)))
        return (c >= 0x2010 && c <= 0x206F) || (c >= 0x3001 && c <= 0x301F && c != 0x3007) || among(c, "（）［］｛｝＂＇") ||
                       (c >= 0x80 && c < 0xA0)
                   ? MARK_QUIET
                   : MARK_NONE;
    return MARK_QUIET;
}

static bool latin(uint32_t c)
{
    return c < 0x80 && isalnum((int)c);
}

static int digit(uint32_t c)
{
    return c >= '0' && c <= '9' ? (int)(c - '0') : c >= 0xFF10 && c <= 0xFF19 ? (int)(c - 0xFF10) : -1;
}

/* A mark inside a word or number belongs to it: 3.5, 15:30, don't, check-up. */
static bool inner(struct slice text, size_t i, uint32_t before)
{
    size_t next;
    uint32_t c = character(text, i, &next), after = character(text, next, &next);
    bool joins = c == '.' || c == ',' || c == ':' || c == '\'' || c == 0x2019;
    bool hyphen = c == '-' && digit(before) < 0 && digit(after) < 0;
    return (joins || hyphen) && latin(before) && latin(after);
}

/* ---- sentences ---- */

/* A full stop ends a sentence unless a small letter or a digit follows ("No. 5"). */
static bool ends_sentence(struct slice text, size_t i, uint32_t before)
{
    size_t next;
    uint32_t c = character(text, i, &next);
    if (mark_of(c) != MARK_STOP || inner(text, i, before))
        return false;
    if (c != '.' || next >= text.size)
        return true;
    uint32_t after = character(text, next, &next);
    while (after == ' ')
        after = character(text, next, &next);
    return !(after < 0x80 && (islower((int)after) || isdigit((int)after)));
}

static size_t end_of_marks(struct slice text, size_t i)
{
    size_t next = i;
    while (i < text.size && mark_of(character(text, i, &next)) != MARK_NONE)
        i = next;
    return i;
}

/* Where the sentence at the front of text ends, its marks included. */
static size_t sentence_end(struct slice text, bool *speakable)
{
    size_t i = 0, next, cut = 0;
    uint32_t before = 0;
    *speakable = false;
    while (i < text.size) {
        uint32_t c = character(text, i, &next);
        enum mark mark = mark_of(c);
        if (ends_sentence(text, i, before))
            return end_of_marks(text, i);
        if (next > VOICE_SENTENCE_MAX)
            return cut ? cut : i;
        if (mark >= MARK_SPACE)
            cut = next;
        *speakable = *speakable || mark == MARK_NONE;
        before = c;
        i = next;
    }
    return text.size;
}

struct slice voice_next_sentence(struct slice *rest)
{
    while (rest->size > 0) {
        bool speakable;
        struct slice sentence = {rest->data, sentence_end(*rest, &speakable)};
        rest->data += sentence.size;
        rest->size -= sentence.size;
        if (!speakable)
            continue;
        if (sentence.size > VOICE_SENTENCE_MAX) /* only by marks at its end */
            sentence.size = sentence_end((struct slice){sentence.data, VOICE_SENTENCE_MAX}, &speakable);
        return sentence;
    }
    return (struct slice){0};
}

/* ---- cleaning ---- */

struct writer {
    char *to;
    size_t n;
    enum voice_language language;
};

static void put(struct writer *w, const char *text, size_t n)
{
    if (w->n + n < VOICE_CLEAN_MAX) {
        memcpy(w->to + w->n, text, n);
        w->n += n;
        w->to[w->n] = '\0';
    }
}

static void put_mark(struct writer *w, enum mark mark, uint32_t c)
{
    static const char *const english[] = {"", " ", " ", ", ", ". "};
    static const char *const chinese[] = {"", "", " ", "，", "。"};
    if (w->n == 0)
        return;
    const char *text = w->language == VOICE_CHINESE ? chinese[mark] : english[mark];
    if (mark == MARK_STOP && (c == '!' || c == 0xFF01))
        text = w->language == VOICE_CHINESE ? "！" : "! ";
    if (mark == MARK_STOP && (c == '?' || c == 0xFF1F))
        text = w->language == VOICE_CHINESE ? "？" : "? ";
    put(w, text, strlen(text));
}

/* The strongest of a run of marks, once. */
static size_t clean_marks(struct writer *w, struct slice text, size_t i)
{
    enum mark strongest = MARK_NONE;
    uint32_t which = 0;
    size_t next = i;
    for (; i < text.size; i = next) {
        uint32_t c = character(text, i, &next);
        enum mark mark = mark_of(c);
        if (mark == MARK_NONE)
            break;
        if (mark > strongest) {
            strongest = mark;
            which = c;
        }
    }
    put_mark(w, strongest, which);
    return i;
}

/* A number that is called, not counted: emergency and service numbers, telephone numbers; not what a measure follows. */
static bool is_called(const char *digits, size_t n, uint32_t before, uint32_t after, enum voice_language language)
{
    static const char *const short_numbers[] = {"110", "112", "119", "120", "122", "911", "999"};
    if (before == '.' || after == '.' ||
        among(after, "%℃°毫厘米公里千克吨元角人户个名条辆点时分秒天年月日号度亩万百亿座栋级次倍"))
        return false;
    for (size_t i = 0; i < sizeof short_numbers / sizeof *short_numbers; i++)
        if (n == 3 && memcmp(digits, short_numbers[i], 3) == 0)
            return true;
    return (n >= 3 && digits[0] == '0') || n >= 7 || (n >= 5 && (language == VOICE_CHINESE || memcmp(digits, "123", 3) == 0));
}

/* Digits one by one; yao for 1 in numbers that are called, yi in years. */
static void put_digits(struct writer *w, const char *digits, size_t n, bool called)
{
    static const char *const names[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    for (size_t i = 0; i < n; i++) {
        if (w->language == VOICE_ENGLISH) {
            put(w, digits + i, 1);
            put(w, " ", i + 1 < n);
        } else {
            const char *name = digits[i] == '1' && called ? "幺" : names[digits[i] - '0'];
            put(w, name, strlen(name));
        }
    }
}

static size_t clean_number(struct writer *w, struct slice text, size_t i, uint32_t before)
{
    char digits[VOICE_SENTENCE_MAX];
    size_t n = 0, next = i;
    uint32_t c;
    while (digit(c = character(text, i, &next)) >= 0 && n < sizeof digits && i < text.size) {
        digits[n++] = (char)('0' + digit(c));
        i = next;
    }
    size_t beyond;
    uint32_t after = i < text.size ? c : 0;
    bool part = after == '.' && digit(character(text, next, &beyond)) < 0; /* a full stop, not a decimal point */
    bool called = is_called(digits, n, before, part ? 0 : after, w->language);
    bool year = w->language == VOICE_CHINESE && n == 4 && after == 0x5E74;
    if (called || year)
        put_digits(w, digits, n, called);
    else
        put(w, digits, n);
    return i;
}

static bool check(struct slice sentence, struct error *error)
{
    if (sentence.size > VOICE_SENTENCE_MAX)
        return error_set(error, ERROR_TOO_LARGE, "a sentence of %zu bytes: at most %d", sentence.size, VOICE_SENTENCE_MAX);
    if (!text_is_utf8(sentence))
        return error_set(error, ERROR_INVALID, "the text is not UTF-8");
    size_t letters = 0;
    for (size_t i = 0; i < sentence.size; i++) {
        letters = latin((unsigned char)sentence.data[i]) ? letters + 1 : 0;
        if (letters > VOICE_WORD_MAX)
            return error_set(error, ERROR_INVALID, "a word of more than %d letters cannot be spoken", VOICE_WORD_MAX);
    }
    return true;
}

bool voice_clean(struct slice sentence, enum voice_language language, char to[VOICE_CLEAN_MAX], struct error *error)
{
    struct writer w = {.to = to, .language = language};
    uint32_t before = 0;
    to[0] = '\0';
    if (!check(sentence, error))
        return false;
    for (size_t i = 0, next; i < sentence.size;) {
        uint32_t c = character(sentence, i, &next);
        if (digit(c) >= 0) {
            i = clean_number(&w, sentence, i, before);
            before = '0';
        } else if (mark_of(c) == MARK_NONE || inner(sentence, i, before)) {
            put(&w, c == 0x2019 ? "'" : sentence.data + i, c == 0x2019 ? 1 : next - i);
            before = c;
            i = next;
        } else {
            i = clean_marks(&w, sentence, i);
            before = ' ';
        }
    }
    return w.n > 0 || error_set(error, ERROR_INVALID, "there is nothing to speak in it");
}
