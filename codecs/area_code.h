/* 12-digit administrative codes (GB/T 2260 and the statistical codes below it): province 2, city 4, county 6,
 * township 9, village 12 digits; zeros fill to the right. */
#ifndef TOCSIN_CODECS_AREA_CODE_H
#define TOCSIN_CODECS_AREA_CODE_H

#include "codecs/base.h"

enum area_level { AREA_NONE, AREA_PROVINCE, AREA_CITY, AREA_COUNTY, AREA_TOWNSHIP, AREA_VILLAGE };

struct area_code {
    char digits[13]; /* 12 digits and a NUL; empty when there is none */
};

/* Accepts 12 digits, or 6 or 9 that are padded with zeros. All zeros is no area. */
bool area_code_parse(struct slice text, struct area_code *code, struct error *error);

/* The deepest level whose own digits are not all zero: 360404000000 is a county. */
enum area_level area_code_level(const struct area_code *code);

/* Codes as numbers: those of one area are one range. */
struct area_range {
    int64_t first, last;
};

/* The area of this level in which the code lies. */
struct area_range area_code_range(const struct area_code *code, enum area_level level);

/* True if inner is outer or lies inside it, judged only at the level boundaries 2, 4, 6, 9, 12. */
bool area_code_contains(const struct area_code *outer, const struct area_code *inner);

#endif
