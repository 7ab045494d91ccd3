/* 12-digit administrative codes: reading, depth, and which lies in which. */
#include "codecs/area_code.h"

#include <string.h>

enum { CODE_DIGITS = 12 };

/* Where each level's own digits end. */
static const size_t level_end[] = {
    [AREA_NONE] = 0, [AREA_PROVINCE] = 2, [AREA_CITY] = 4, [AREA_COUNTY] = 6, [AREA_TOWNSHIP] = 9, [AREA_VILLAGE] = 12};

bool area_code_parse(struct slice text, struct area_code *code, struct error *error)
{
    struct area_code read = {0};
    if (text.size != 6 && text.size != 9 && text.size != CODE_DIGITS)
        return error_set(error, ERROR_INVALID, "area code has %zu characters; use 12 digits, or 6 or 9 that zeros fill up",
                         text.size);
    memset(read.digits, '0', CODE_DIGITS);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return error_set(error, ERROR_INVALID, "area code: character %zu is not a digit; use 12 digits, or 6 or 9", i + 1);
        read.digits[i] = text.data[i];
    }
    if (area_code_level(&read) == AREA_NONE)
        return error_set(error, ERROR_INVALID, "area code is all zeros, which names no area");
    *code = read;
    return true;
}

enum area_level area_code_level(const struct area_code *code)
{
    size_t used = strlen(code->digits);
    while (used > 0 && code->digits[used - 1] == '0')
        used--;
    enum area_level level = AREA_NONE;
    while (level_end[level] < used)
        level++;
    return level;
}

struct area_range area_code_range(const struct area_code *code, enum area_level level)
{
    int64_t number = 0, size = 1;
    for (size_t i = 0; i < CODE_DIGITS; i++) {
        number = number * 10 + (code->digits[i] - '0');
        if (i >= level_end[level])
            size *= 10;
    }
    int64_t first = number - number % size;
    return (struct area_range){first, first + size - 1};
}

bool area_code_contains(const struct area_code *outer, const struct area_code *inner)
{
    enum area_level level = area_code_level(outer);
    return level != AREA_NONE && strncmp(outer->digits, inner->digits, level_end[level]) == 0;
}
