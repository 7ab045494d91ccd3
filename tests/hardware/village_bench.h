/* One simulated unit and the master's view of it, in virtual time, by raw requests. */
#ifndef TOCSIN_TESTS_HARDWARE_VILLAGE_BENCH_H
#define TOCSIN_TESTS_HARDWARE_VILLAGE_BENCH_H

#include "hardware/village_unit.h"
#include "hardware/village_wire.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NO_REPLY = -1 };

struct bench {
    struct village_unit unit;
    struct mono now;
    int64_t late_us;
    size_t size; /* of the last reply */
    uint8_t reply[VILLAGE_FRAME_MAX];
};

static inline void open_unit(struct bench *bench, const struct village_vendor *vendor)
{
    memset(bench, 0, sizeof *bench);
    bench->now.us = 100000000000;
    village_unit_open(&bench->unit, vendor, 7, 1, bench->now);
}

static inline void set_fault(struct bench *bench, const char *text)
{
    struct village_fault fault;
    assert_true(village_fault_parse(text, &fault, NULL));
    village_unit_set_fault(&bench->unit, fault, bench->now);
}

static inline void wait_ms(struct bench *bench, int64_t ms)
{
    bench->now = mono_plus_ms(bench->now, ms);
}

/* Sends a request without CRC; returns the exception, 0 for a good reply, NO_REPLY without one. */
static inline int ask(struct bench *bench, const uint8_t *bytes, size_t n)
{
    uint8_t request[VILLAGE_FRAME_MAX];
    memcpy(request, bytes, n);
    bench->size =
        village_unit_answer(&bench->unit, request, village_crc_add(request, n), bench->now, bench->reply, &bench->late_us);
    if (bench->size == 0)
        return NO_REPLY;
    assert_int_equal(bench->reply[0], 7);
    assert_int_equal(bench->reply[1] & 0x7F, bytes[1]);
    return bench->reply[1] & 0x80 ? bench->reply[2] : 0;
}

static inline int ask6(struct bench *bench, uint8_t unit, uint8_t function, unsigned address, unsigned value)
{
    const uint8_t bytes[6] = {
        unit, function, (uint8_t)(address >> 8), (uint8_t)(address & 0xFF), (uint8_t)(value >> 8), (uint8_t)(value & 0xFF)};
    return ask(bench, bytes, sizeof bytes);
}

static inline int write_one(struct bench *bench, unsigned address, unsigned value)
{
    return ask6(bench, 7, 6, address, value);
}

static inline int write_coil(struct bench *bench, unsigned address, bool on)
{
    return ask6(bench, 7, 5, address, on ? 0xFF00 : 0);
}

static inline int write_several(struct bench *bench, uint8_t unit, unsigned address, size_t n, const uint16_t *values)
{
    uint8_t bytes[64] = {unit, 16, (uint8_t)(address >> 8), (uint8_t)(address & 0xFF), 0, (uint8_t)n, (uint8_t)(2 * n)};
    for (size_t i = 0; i < n; i++) {
        bytes[7 + 2 * i] = (uint8_t)(values[i] >> 8);
        bytes[8 + 2 * i] = (uint8_t)(values[i] & 0xFF);
    }
    return ask(bench, bytes, 7 + 2 * n);
}

static inline unsigned read_register(struct bench *bench, uint8_t function, unsigned address)
{
    assert_int_equal(ask6(bench, 7, function, address, 1), 0);
    assert_int_equal(bench->size, 7);
    assert_int_equal(village_crc(bench->reply, bench->size), 0);
    return (unsigned)(bench->reply[3] << 8 | bench->reply[4]);
}

static inline unsigned input(struct bench *bench, unsigned address)
{
    return read_register(bench, 4, address);
}

static inline bool read_bit(struct bench *bench, uint8_t function, unsigned address)
{
    assert_int_equal(ask6(bench, 7, function, address, 1), 0);
    assert_int_equal(bench->reply[2], 1);
    return bench->reply[3];
}

/* This much sound of this loudness comes through the bus, in blocks of 20 ms. */
static inline void play(struct bench *bench, double decibel, int64_t ms)
{
    for (int64_t i = 0; i < ms / VILLAGE_BLOCK_MS; i++) {
        wait_ms(bench, VILLAGE_BLOCK_MS);
        village_unit_hear(&bench->unit, decibel <= -120 ? 0 : village_power_of(decibel), bench->now);
    }
}

#endif
