/* An adapter that hears itself: what it heard is taken back, and found out where the settings do not tell of it. A write's echo
 * looks like its answer; but terminals are read before anything is written to them. */
#include "codecs/monotonic.h"
#include "hardware/wire_parts.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Takes back what a two-wire adapter hears of itself, of which got bytes have come. False if it is not what we sent. */
static bool swallow_echo(struct wire *wire, const uint8_t *sent, size_t n, uint8_t *heard, size_t got, struct mono deadline)
{
    size_t all = n + FRAME_CRC_BYTES;
    while (got < all) {
        bool interrupted;
        if (!(wire_wait(wire->descriptor, POLLIN, -1, deadline, &interrupted) & POLLIN))
            return false;
        if (got == 0 && wire_begins(wire) == 0) {
            if (!mono_before(mono_now(), deadline))
                return false;
            continue;
        }
        ssize_t more = read(wire->descriptor, heard + got, all - got);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return got == all && memcmp(heard, sent, n) == 0 && frame_crc(heard, all) == 0;
}

bool wire_take_echo(struct wire *wire, const uint8_t *sent, size_t n, struct mono sent_end)
{
    uint8_t heard[FRAME_BYTES_MAX] = {0};
    if (!wire->echo || swallow_echo(wire, sent, n, heard, 0, mono_plus_us(sent_end, 2 * wire->delay_us + wire->slack_us)))
        return true;
    wire->echo = !wire->echo_found; /* only found: it may have been switched off, and is soon found again */
    wire->echo_found = false;
    return false;
}

bool wire_find_echo(struct wire *wire, const struct frame_request *request, uint8_t heard[FRAME_BYTES_MAX])
{
    uint8_t sent[FRAME_BYTES_MAX];
    size_t n = frame_encode(request, sent);
    bool prefix = wire->got > 0 && wire->got <= n + FRAME_CRC_BYTES && memcmp(heard, sent, wire->got < n ? wire->got : n) == 0;
    struct mono deadline = mono_plus_us(mono_now(), wire_bytes_us(wire, n) + wire->slack_us);
    wire->echo_found = prefix && swallow_echo(wire, sent, n, heard, wire->got, deadline);
    wire->echo |= wire->echo_found;
    return wire->echo_found;
}
