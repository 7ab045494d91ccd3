/* One Modbus request and its reply as bytes: encoding, expected size, and whether a reply belongs to a request at all.
 * libmodbus leaves that to us where raw requests are used (it takes exceptions for success). No I/O, no clock. */
#ifndef TOCSIN_HARDWARE_FRAME_H
#define TOCSIN_HARDWARE_FRAME_H

#include "hardware/profile.h"

enum {
    FRAME_BYTES_MAX = 256, /* Modbus over serial line V1.02, 2.3, with unit and CRC */
    FRAME_WORDS_MAX = 2000,
    FRAME_CRC_BYTES = 2,
};

struct frame_request {
    uint8_t unit;     /* 0: to all, no reply */
    uint8_t function; /* 1-6, 15, 16 */
    uint16_t address, count;
    uint16_t values[PROFILE_VALUES_MAX]; /* of a write; coils 0 or 1 */
};

enum frame_match { FRAME_OURS, FRAME_EXCEPTION, FRAME_STRAY };

struct frame_request frame_of_read(uint8_t unit, const struct profile_read *read);
struct frame_request frame_of_write(uint8_t unit, const struct profile *profile, const struct profile_write *write,
                                    const struct operand_values *operands);

/* Unit and PDU without CRC. Returns the number of bytes. */
size_t frame_encode(const struct frame_request *request, uint8_t bytes[FRAME_BYTES_MAX]);

/* Bytes of the reply that is hoped for, with unit and CRC. */
size_t frame_reply_size(const struct frame_request *request);

/* Judges a reply whose CRC was good; size with CRC. words takes registers or one bit each of a read. */
enum frame_match frame_judge(const struct frame_request *request, const uint8_t *bytes, size_t size,
                             uint16_t words[FRAME_WORDS_MAX], uint8_t *exception);

#endif
