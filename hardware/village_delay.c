/* Bytes that are under way through a mobile network: what went in first comes out first, each after its time. */
#include "hardware/village_gateway.h"

void village_delay_put(struct village_delay *delay, const uint8_t *bytes, size_t n, struct mono at)
{
    for (size_t i = 0; i < n && delay->n < VILLAGE_DELAY_MAX; i++)
        delay->bytes[(delay->first + delay->n++) % VILLAGE_DELAY_MAX] = (struct village_delayed){at, bytes[i]};
}

struct mono village_delay_due(const struct village_delay *delay)
{
    return delay->n > 0 ? delay->bytes[delay->first].at : (struct mono){INT64_MAX};
}

size_t village_delay_take(struct village_delay *delay, uint8_t *bytes, size_t size, struct mono now)
{
    size_t n = 0;
    for (; n < size && !mono_before(now, village_delay_due(delay)); n++) {
        bytes[n] = delay->bytes[delay->first].byte;
        delay->first = (delay->first + 1) % VILLAGE_DELAY_MAX;
        delay->n--;
    }
    return n;
}
