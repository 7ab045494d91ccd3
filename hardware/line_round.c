/* Bytes, silences and answers of one round. */
#include "hardware/line_round.h"

#include "hardware/frame.h"

enum {
    ANSWER_US = 10000, /* from a request to the first byte of its answer: many need less */
    FAST_BAUD = 19200, /* above it the silence is FAST_SILENCE_US (Modbus over serial line V1.02, 2.5.1.1) */
    FAST_SILENCE_US = 1750,
};

static int64_t character_us(const struct line_settings *settings)
{
    int bits = 9 + (settings->parity != 'N') + settings->stop_bits;
    return settings->baud > 0 ? (INT64_C(1000000) * bits + settings->baud - 1) / settings->baud : 0;
}

/* What a request and its answer need beside their bytes. */
static int64_t around_us(const struct line_settings *settings)
{
    int64_t silence_us = settings->baud > FAST_BAUD ? FAST_SILENCE_US : character_us(settings) * 7 / 2;
    int64_t quiet_us = INT64_C(1000) * settings->quiet_ms;
    int64_t ways_us = INT64_C(2000) * ((int64_t)settings->gateway_delay_ms + settings->key_up_ms);
    return 2 * (silence_us > quiet_us ? silence_us : quiet_us) + ways_us + ANSWER_US;
}

int64_t line_round_us(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n)
{
    int64_t sum_us = 0;
    for (size_t i = 0; i < n; i++) {
        struct profile_read reads[PROFILE_READS_MAX];
        size_t n_reads = terminals[i].profile ? profile_plan_reads(terminals[i].profile, reads) : 0;
        for (size_t r = 0; r < n_reads; r++) {
            struct frame_request request = frame_of_read(terminals[i].unit, &reads[r]);
            uint8_t bytes[FRAME_BYTES_MAX];
            size_t characters = frame_encode(&request, bytes) + frame_reply_size(&request) + (size_t)FRAME_CRC_BYTES * 2;
            sum_us += (int64_t)characters * character_us(settings) + around_us(settings);
        }
    }
    return sum_us;
}

int64_t line_fault_us(const struct line_settings *settings, const struct terminal_settings *terminals, size_t n)
{
    int64_t round_us = line_round_us(settings, terminals, n), poll_us = INT64_C(1000000) * settings->poll_s;
    return poll_us + round_us; /* just read when it came, and all others are due before it */
}
