/* What a line's settings make of time: characters, the silence between frames, the way there. Pure; all others ask here. Only
 * the village counts for itself, so that it sees where this is wrong. */
#ifndef TOCSIN_HARDWARE_LINE_TIME_H
#define TOCSIN_HARDWARE_LINE_TIME_H

#include "hardware/line.h"

/* Nanoseconds of one character: start bit, 8 data bits, parity, stop bits. 0 without a serial wire (baud 0). */
int64_t line_character_ns(const struct line_settings *settings);

/* Microseconds of n such characters, rounded up. */
int64_t line_bytes_us(int64_t character_ns, size_t n);

/* Microseconds of silence before a frame: 3.5 characters, rounded up, or 1750 above 19200 baud (Modbus over serial line V1.02,
 * 2.5.1.1); quiet_ms where that is longer. */
int64_t line_silence_us(const struct line_settings *settings);

/* Microseconds from writing a frame until it is on the wire, and the same back: gateway_delay_ms and key_up_ms. */
int64_t line_way_us(const struct line_settings *settings);

#endif
