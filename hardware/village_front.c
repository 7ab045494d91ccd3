/* What stands between the master's bytes and the units of each kind of line: nothing, a delay, a gateway, or only a network. */
#include "codecs/monotonic.h"
#include "hardware/village_parts.h"

/* ---- a serial port: the master is on the wire ---- */

static bool wire_receive(struct village_line *line, const uint8_t *bytes, size_t n, struct mono now)
{
    village_wire_receive(&line->wire, bytes, n, now);
    return true;
}

static struct mono wire_due(const struct village_line *line)
{
    return village_wire_due(&line->wire);
}

static void wire_advance(struct village_line *line, struct mono now)
{
    village_wire_advance(&line->wire, now);
}

static void wire_clear(struct village_line *line)
{
    village_wire_clear(&line->wire);
}

const struct village_front village_front_pty = {wire_receive, village_line_write, wire_due, wire_advance, wire_clear};

/* ---- a transparent gateway: bytes both ways, each later; the wire behind it knows nothing of connections ---- */

static bool delay_receive(struct village_line *line, const uint8_t *bytes, size_t n, struct mono now)
{
    village_delay_put(line->in, bytes, n, mono_plus_us(now, line->delay_us));
    line->front->advance(line, now);
    return true;
}

static void delay_hear(struct village_line *line, const uint8_t *bytes, size_t n)
{
    if (line->delay_us == 0)
        village_line_write(line, bytes, n);
    else
        village_delay_put(line->out, bytes, n, mono_plus_us(mono_now(), line->delay_us));
}

static struct mono delay_due(const struct village_line *line)
{
    struct mono first = mono_earlier(village_delay_due(line->in), village_delay_due(line->out));
    return mono_earlier(first, village_wire_due(&line->wire));
}

static void delay_advance(struct village_line *line, struct mono now)
{
    uint8_t bytes[VILLAGE_FRAME_MAX];
    size_t n;
    while ((n = village_delay_take(line->in, bytes, sizeof bytes, now)) > 0)
        village_wire_receive(&line->wire, bytes, n, now);
    village_wire_advance(&line->wire, now);
    while ((n = village_delay_take(line->out, bytes, sizeof bytes, now)) > 0)
        village_line_write(line, bytes, n);
}

static void delay_clear(struct village_line *line)
{
    line->in->n = line->out->n = 0;
}

const struct village_front village_front_transparent = {delay_receive, delay_hear, delay_due, delay_advance, delay_clear};

/* ---- a Modbus TCP gateway ---- */

static bool gateway_receive(struct village_line *line, const uint8_t *bytes, size_t n, struct mono now)
{
    return village_gateway_receive(&line->gateway, bytes, n, now);
}

static void gateway_hear(struct village_line *line, const uint8_t *bytes, size_t n)
{
    village_gateway_hear(&line->gateway, bytes, n, mono_now());
}

static struct mono gateway_due(const struct village_line *line)
{
    return mono_earlier(village_gateway_due(&line->gateway), village_wire_due(&line->wire));
}

static void gateway_advance(struct village_line *line, struct mono now)
{
    village_wire_advance(&line->wire, now); /* an answer that is there by now is in time */
    village_gateway_advance(&line->gateway, now);
}

static void gateway_clear(struct village_line *line)
{
    village_gateway_clear(&line->gateway);
}

const struct village_front village_front_gateway = {gateway_receive, gateway_hear, gateway_due, gateway_advance, gateway_clear};

/* ---- terminals on the network ---- */

static bool network_receive(struct village_line *line, const uint8_t *bytes, size_t n, struct mono now)
{
    return village_network_receive(&line->network, bytes, n, now);
}

static struct mono network_due(const struct village_line *line)
{
    return village_network_due(&line->network);
}

static void network_advance(struct village_line *line, struct mono now)
{
    village_network_advance(&line->network, now);
}

static void network_clear(struct village_line *line)
{
    village_network_clear(&line->network);
}

const struct village_front village_front_network = {network_receive, NULL, network_due, network_advance, network_clear};
