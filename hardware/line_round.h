/* How long a line needs to read all its terminals once. Pure. */
#ifndef TOCSIN_HARDWARE_LINE_ROUND_H
#define TOCSIN_HARDWARE_LINE_ROUND_H

#include "hardware/line.h"

/* Microseconds: the bytes of every status at the line's rate, the silences between them, and a usual time until an answer. More
 * in practice: dead ones are waited for. Terminals without a profile are left out. */
int64_t line_round_us(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n);

/* The longest that a fault can be there before a reading shows it, while nothing sounds and nobody is dead. */
int64_t line_fault_us(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n);

#endif
