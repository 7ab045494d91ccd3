/* Characters, silences and ways (line_time.h). */
#include "hardware/line_time.h"

enum {
    BITS_BESIDE_PARITY_STOP = 9, /* start bit and 8 data bits */
    FAST_BAUD = 19200,           /* above it the silence is fixed */
    FAST_SILENCE_US = 1750,
    SILENCE_HALF_CHARACTERS = 7,
};

int64_t line_character_ns(const struct line_settings *settings)
{
    int bits = BITS_BESIDE_PARITY_STOP + (settings->parity != 'N') + settings->stop_bits;
    return settings->baud > 0 ? (int64_t)bits * 1000000000 / settings->baud : 0;
}

int64_t line_bytes_us(int64_t character_ns, size_t n)
{
    return ((int64_t)n * character_ns + 999) / 1000;
}

int64_t line_silence_us(const struct line_settings *settings)
{
    int64_t quiet_us = (int64_t)settings->quiet_ms * 1000;
    int64_t silence_us = FAST_SILENCE_US;
    if (settings->baud <= FAST_BAUD)
        silence_us = (line_character_ns(settings) * SILENCE_HALF_CHARACTERS / 2 + 999) / 1000;
    return silence_us > quiet_us ? silence_us : quiet_us;
}

int64_t line_way_us(const struct line_settings *settings)
{
    return ((int64_t)settings->gateway_delay_ms + settings->key_up_ms) * 1000;
}
