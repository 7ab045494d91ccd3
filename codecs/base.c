/* Errors, slices and text helpers that every folder shares. */
#include "codecs/base.h"

#include <stdio.h>
#include <string.h>

const char *error_name(enum error_code code)
{
    switch (code) {
    case ERROR_NONE: return "none";
    case ERROR_INVALID: return "invalid";
    case ERROR_MISSING: return "missing";
    case ERROR_TOO_LARGE: return "too_large";
    case ERROR_UNSUPPORTED: return "unsupported";
    case ERROR_NOT_FOUND: return "not_found";
    case ERROR_CONFLICT: return "conflict";
    case ERROR_DENIED: return "denied";
    case ERROR_TIMEOUT: return "timeout";
    case ERROR_DISCONNECTED: return "disconnected";
    case ERROR_IO: return "io";
    case ERROR_NO_MEMORY: return "no_memory";
    case ERROR_INTERNAL: return "internal";
    }
    return "unknown";
}

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    if (!error)
        return false;
    char text[sizeof error->message * 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error->code = code;
    text_copy(error->message, sizeof error->message, text);
    return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    char text[sizeof error->message * 2];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    snprintf(text + used, sizeof text - used, ": %s", error->message);
    text_copy(error->message, sizeof error->message, text);
    return false;
}

struct slice slice_of(const char *text)
{
    return (struct slice){text, text ? strlen(text) : 0};
}

bool text_copy(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);
    if (n < size) {
        memcpy(to, from, n + 1);
        return true;
    }
    if (size == 0)
        return false;
    n = size - 1;
    while (n > 0 && ((unsigned char)from[n] & 0xC0) == 0x80)
        n--;
    memcpy(to, from, n);
    to[n] = '\0';
    return false;
}

/* Length of the character that starts at p, 0 if it is not well-formed (RFC 3629 section 4). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    if (p[0] >= 0x01 && p[0] <= 0x7F)
        return 1;
    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

bool text_print(char *to, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(to, size, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < size)
        return true;
    size_t end = size > 0 ? strlen(to) : 0, begin = end;
    while (begin > 0 && ((unsigned char)to[begin - 1] & 0xC0) == 0x80)
        begin--;
    if (begin > 0 && (unsigned char)to[begin - 1] >= 0xC0 && !utf8_length((unsigned char *)to + begin - 1, end - begin + 1))
        to[begin - 1] = '\0';
    return false;
}

bool text_is_utf8(struct slice text)
{
    const unsigned char *p = (const unsigned char *)text.data;
    for (size_t i = 0; i < text.size;) {
        size_t n = utf8_length(p + i, text.size - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

size_t text_next(const char *text, uint32_t *c)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = p[0] == 0 ? 0 : p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n <= 1) {
        *c = p[0];
        return n;
    }
    if (strnlen(text, n) < n || !text_is_utf8((struct slice){text, n})) {
        *c = 0xFFFD;
        return 1;
    }
    *c = p[0] & (0xFFU >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *c = *c << 6 | (p[i] & 0x3FU);
    return n;
}

static bool is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x061C, 0x061C}, {0x200B, 0x200B},   {0x200E, 0x200F},
        {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

void text_clean(char *to, size_t size, const char *from)
{
    size_t used = 0;
    uint32_t c;
    for (size_t n; (n = text_next(from, &c)) > 0; from += n) {
        bool bad = (c == 0xFFFD && n == 1) || is_hidden(c);
        char one = c == '\n' || c == '\t' || c == '\r' ? ' ' : '?';
        size_t m = bad ? 1 : n;
        if (used + m >= size)
            break;
        memcpy(to + used, bad ? &one : from, m);
        used += m;
    }
    to[used] = '\0';
}
