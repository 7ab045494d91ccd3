/* One Modbus request and its reply as bytes: encoding, expected size, and whether a reply belongs to a request at all.
 * libmodbus leaves that to us where raw requests are used (it takes exceptions for success). A frame is the unit and the PDU;
 * what RTU adds behind it (CRC) and Modbus TCP in front of it (head) is apart. No I/O, no clock. */
#ifndef TOCSIN_HARDWARE_FRAME_H
#define TOCSIN_HARDWARE_FRAME_H

#include "hardware/profile.h"

enum {
    FRAME_BYTES_MAX = 256, /* Modbus over serial line V1.02, 2.3, with unit and CRC */
    FRAME_WORDS_MAX = 2000,
    FRAME_CRC_BYTES = 2,
    FRAME_HEAD_BYTES = 6, /* transaction, protocol, length (Modbus messaging on TCP/IP V1.0b, 3.1.3) */
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

/* Returns the number of bytes. */
size_t frame_encode(const struct frame_request *request, uint8_t bytes[FRAME_BYTES_MAX]);

/* Bytes of the reply that is hoped for. */
size_t frame_reply_size(const struct frame_request *request);

/* Whether this is the function of an answer to a request of that one, perhaps an exception. */
bool frame_answers(uint8_t function, uint8_t answer);

/* Judges a whole and undamaged frame. words takes registers or one bit each of a read. */
enum frame_match frame_judge(const struct frame_request *request, const uint8_t *bytes, size_t size,
                             uint16_t words[FRAME_WORDS_MAX], uint8_t *exception);

/* RTU: the size, CRC included, of the reply that begins with these three bytes; and the CRC of bytes, 0 over a whole
 * undamaged frame with its own (Modbus over serial line V1.02, 2.5.1.2). */
size_t frame_rtu_size(const uint8_t bytes[3]);
uint16_t frame_crc(const uint8_t *bytes, size_t size);

/* Modbus TCP: makes the head of a frame of that size; and reads one: the size of the frame behind it, 0 if this is none. */
void frame_put_head(uint8_t head[FRAME_HEAD_BYTES], uint16_t transaction, size_t size);
size_t frame_take_head(const uint8_t head[FRAME_HEAD_BYTES], uint16_t *transaction);

#endif
