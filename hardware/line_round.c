/* Bytes, silences and answers of one round. */
#include "hardware/line_round.h"

#include "hardware/frame.h"
#include "hardware/line_time.h"

enum { ANSWER_US = 10000 /* from a request to the first byte of its answer: many need less */ };

int64_t line_round_us(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n)
{
    int64_t sum_us = 0, character_ns = line_character_ns(settings);
    int64_t around_us = 2 * line_silence_us(settings) + 2 * line_way_us(settings) + ANSWER_US; /* beside the bytes */
    for (size_t i = 0; i < n; i++) {
        struct profile_read reads[PROFILE_READS_MAX];
        size_t n_reads = terminals[i].profile ? profile_plan_reads(terminals[i].profile, reads) : 0;
        for (size_t r = 0; r < n_reads; r++) {
            struct frame_request request = frame_of_read(terminals[i].unit, &reads[r]);
            uint8_t bytes[FRAME_BYTES_MAX];
            size_t characters = frame_encode(&request, bytes) + frame_reply_size(&request) + (size_t)FRAME_CRC_BYTES * 2;
            sum_us += line_bytes_us(character_ns, characters) + around_us;
        }
    }
    return sum_us;
}

int64_t line_fault_us(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n)
{
    int64_t round_us = line_round_us(settings, terminals, n), poll_us = INT64_C(1000000) * settings->poll_s;
    return poll_us + round_us; /* just read when it came, and all others are due before it */
}
