/* Bytes that a gateway sends by itself, as they are written in a configuration and found again in a stream. No I/O. */
#ifndef TOCSIN_HARDWARE_LINE_PATTERN_H
#define TOCSIN_HARDWARE_LINE_PATTERN_H

#include "hardware/line.h"

enum pattern_match {
    PATTERN_NONE,
    PATTERN_PART, /* all bytes fit, more are needed */
    PATTERN_WHOLE,
};

/* Reads "text", in which ? stands for any byte, or "hex:DE AD ??". False with ERROR_INVALID or ERROR_TOO_LARGE. */
bool line_pattern_parse(const char *text, struct line_pattern *pattern, struct error *error);

/* How the bytes begin. An empty pattern matches nothing. */
enum pattern_match line_pattern_match(const struct line_pattern *pattern, const uint8_t *bytes, size_t n);

/* True if some bytes are both. */
bool line_patterns_meet(const struct line_pattern *a, const struct line_pattern *b);

#endif
