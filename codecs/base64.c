/* Base64: digits to bytes. */
#include "codecs/base64.h"

#include <string.h>

static int sextet_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

long base64_decode(const char *text, uint8_t *to, size_t max)
{
    size_t n = 0, digits = 0, pads = 0;
    uint32_t bits = 0;
    for (; *text; text++) {
        if (strchr(" \t\r\n", *text))
            continue;
        int sextet = sextet_of(*text);
        if (*text == '=' ? ++pads > 2 : sextet < 0 || pads > 0)
            return -1;
        if (*text == '=')
            continue;
        bits = (bits << 6 | (uint32_t)sextet) & 0xFFFFFF;
        if (++digits % 4 == 1)
            continue;
        uint8_t byte = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
        if (n < max)
            to[n] = byte;
        n++;
    }
    return (digits + pads) % 4 == 0 && digits % 4 != 1 ? (long)n : -1;
}
