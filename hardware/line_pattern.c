/* Patterns of bytes: reading and matching. */
#include "hardware/line_pattern.h"

#include <string.h>

enum { ANY = 0, EXACT = 0xFF };

static bool add(struct line_pattern *pattern, uint8_t byte, uint8_t mask, struct error *error)
{
    if (pattern->n == LINE_PATTERN_MAX)
        return error_set(error, ERROR_TOO_LARGE, "must be at most %d bytes", LINE_PATTERN_MAX);
    pattern->bytes[pattern->n] = byte;
    pattern->mask[pattern->n++] = mask;
    return true;
}

static int digit_of(char c)
{
    static const char DIGITS[] = "0123456789ABCDEF0123456789abcdef";
    const char *at = c ? strchr(DIGITS, c) : NULL;
    return at ? (int)((at - DIGITS) % 16) : -1;
}

static bool parse_hex(const char *text, struct line_pattern *pattern, struct error *error)
{
    while (*text) {
        if (*text == ' ') {
            text++;
            continue;
        }
        int high = digit_of(text[0]), low = high < 0 ? -1 : digit_of(text[1]);
        bool any = text[0] == '?' && text[1] == '?';
        if (low < 0 && !any)
            return error_set(error, ERROR_INVALID, "must have two hexadecimal digits or ?? for each byte behind hex:");
        if (!add(pattern, any ? 0 : (uint8_t)(high * 16 + low), any ? ANY : EXACT, error))
            return false;
        text += 2;
    }
    return true;
}

bool line_pattern_parse(const char *text, struct line_pattern *pattern, struct error *error)
{
    *pattern = (struct line_pattern){.n = 0};
    if (strncmp(text, "hex:", 4) == 0) {
        if (!parse_hex(text + 4, pattern, error))
            return false;
    } else {
        for (; *text; text++)
            if (!add(pattern, (uint8_t)*text, *text == '?' ? ANY : EXACT, error))
                return false;
    }
    for (size_t i = 0; i < pattern->n; i++)
        if (pattern->mask[i] == EXACT)
            return true;
    return error_set(error, ERROR_INVALID, "must have a byte that is not any");
}

enum pattern_match line_pattern_match(const struct line_pattern *pattern, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n && i < pattern->n; i++)
        if ((bytes[i] ^ pattern->bytes[i]) & pattern->mask[i])
            return PATTERN_NONE;
    if (pattern->n == 0)
        return PATTERN_NONE;
    return n < pattern->n ? PATTERN_PART : PATTERN_WHOLE;
}

bool line_patterns_meet(const struct line_pattern *a, const struct line_pattern *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++)
        if ((a->bytes[i] ^ b->bytes[i]) & a->mask[i] & b->mask[i])
            return false;
    return a->n == b->n && a->n > 0;
}
