/* What a line is for the master, in the township's settings: serial port or gateway, its wire, its connection, its fault. */
#include "hardware/village_settings_parts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { GATEWAY_TIMEOUT_MS = 500, RECONNECT_MS = 1000, BAUD = 9600, BAUD_MIN = 1200, BAUD_MAX = 115200 };

const char *village_line_kind_name(enum village_line_kind kind)
{
    static const char *const names[VILLAGE_KINDS] = {"pty", "tcp", "rtu_over_tcp"};
    return names[kind];
}

bool village_line_can(enum village_line_kind kind, int baud, struct village_wire_fault fault, struct error *error)
{
    if (fault.kind == WIRE_ECHO && kind == VILLAGE_TCP)
        return error_set(error, ERROR_UNSUPPORTED, "a tcp line has no echo: a gateway keeps its own to itself");
    if (fault.kind == WIRE_NOISE && baud == 0)
        return error_set(error, ERROR_UNSUPPORTED, "a line with baud 0 has no noise: it has no wire");
    return true;
}

/* What only some lines have; for others it would be a mistake. */
struct only {
    const char *name;
    bool (*has)(const struct village_line_settings *line);
    const char *whose;
};

static bool has_socket(const struct village_line_settings *line)
{
    return line->kind != VILLAGE_PTY;
}

static bool listens(const struct village_line_settings *line)
{
    return line->kind != VILLAGE_PTY && !line->socket.calls_in;
}

static bool calls_in(const struct village_line_settings *line)
{
    return line->socket.calls_in;
}

static bool is_gateway(const struct village_line_settings *line)
{
    return line->kind == VILLAGE_TCP && line->baud > 0;
}

static bool is_transparent(const struct village_line_settings *line)
{
    return line->kind == VILLAGE_RTU_OVER_TCP;
}

static const struct only only[] = {
    {"calls_in", has_socket, "kind tcp or rtu_over_tcp"},
    {"port", has_socket, "kind tcp or rtu_over_tcp"},
    {"second_connection", listens, "kind tcp or rtu_over_tcp that does not call in"},
    {"host", calls_in, "calls_in = true"},
    {"reconnect_ms", calls_in, "calls_in = true"},
    {"registration", calls_in, "calls_in = true"},
    {"heartbeat", calls_in, "calls_in = true"},
    {"heartbeat_s", calls_in, "calls_in = true"},
    {"gateway_timeout_ms", is_gateway, "kind tcp with a baud"},
    {"gateway_silent", is_gateway, "kind tcp with a baud"},
    {"gateway_delay_ms", is_transparent, "kind rtu_over_tcp"},
};

static bool check_name(const config_setting_t *member, const struct village_line_settings *line, struct error *error)
{
    static const char *const common[] = {"id",     "kind",          "baud",  "channel",   "units",
                                         "vendor", "turnaround_ms", "fault", "line_fault"};
    const char *name = config_setting_name(member);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (strcmp(common[i], name) == 0)
            return true;
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        if (strcmp(only[i].name, name) != 0)
            continue;
        if (only[i].has(line))
            return true;
        village_complain(member, error, "");
        return error_prefix(error, "only for a line with %s", only[i].whose);
    }
    return village_complain(member, error, "unknown setting");
}

static bool check_names(const config_setting_t *group, const struct village_line_settings *line, struct error *error)
{
    for (int i = 0; i < config_setting_length(group); i++)
        if (!check_name(config_setting_get_elem(group, (unsigned)i), line, error))
            return false;
    return true;
}

static bool take_name(const config_setting_t *group, struct village_line_settings *line, struct error *error)
{
    char kind[33] = "pty";
    if (!village_take_text(group, "kind", kind, sizeof kind, error))
        return false;
    for (line->kind = 0; line->kind < VILLAGE_KINDS; line->kind++)
        if (strcmp(village_line_kind_name(line->kind), kind) == 0)
            return true;
    return village_complain(group, error, "unknown kind of line; known are pty, tcp and rtu_over_tcp");
}

static bool take_baud(const config_setting_t *group, struct village_line_settings *line, struct error *error)
{
    const config_setting_t *member = config_setting_get_member(group, "baud");
    line->baud = BAUD;
    if (!village_take_number(group, "baud", 0, BAUD_MAX, &line->baud, error))
        return false;
    if (line->baud >= BAUD_MIN || (line->baud == 0 && line->kind == VILLAGE_TCP))
        return true;
    return village_complain(member, error, "must be from 1200 to 115200, or 0 for kind tcp without a wire");
}

/* A text, or bytes after "hex:". */
static bool take_greeting(const config_setting_t *group, const char *name, struct village_greeting *greeting,
                          struct error *error)
{
    char text[3 * VILLAGE_GREETING_MAX + 8] = "";
    if (!village_take_text(group, name, text, sizeof text, error))
        return false;
    bool hex = strncmp(text, "hex:", 4) == 0, good = true;
    for (const char *p = text + (hex ? 4 : 0); good && *p; p++) {
        if (hex && *p == ' ')
            continue;
        good = greeting->n < VILLAGE_GREETING_MAX && (!hex || (isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1])));
        if (good)
            greeting->bytes[greeting->n++] = hex ? (uint8_t)strtoul((const char[]){p[0], p[1], '\0'}, NULL, 16) : (uint8_t)*p;
        p += good && hex;
    }
    return good || village_complain(config_setting_get_member(group, name), error,
                                    "must be a text of at most 64 bytes, or bytes such as \"hex:7e 01\"");
}

static bool take_port(const config_setting_t *group, struct village_socket_settings *socket, struct error *error)
{
    int port = 0;
    char second[16] = "replace";
    if (!village_take_number(group, "port", 0, 65535, &port, error) ||
        !village_take_text(group, "second_connection", second, sizeof second, error))
        return false;
    socket->port = (uint16_t)port;
    socket->refuses_second = strcmp(second, "refuse") == 0;
    if (!socket->refuses_second && strcmp(second, "replace") != 0)
        return village_complain(group, error, "second_connection must be \"replace\" or \"refuse\"");
    return true;
}

static bool take_call(const config_setting_t *group, struct village_socket_settings *socket, struct error *error)
{
    int reconnect_ms = RECONNECT_MS, heartbeat_s = 0;
    if (!village_take_text(group, "host", socket->host, sizeof socket->host, error) ||
        !village_take_number(group, "reconnect_ms", 10, 600000, &reconnect_ms, error) ||
        !village_take_number(group, "heartbeat_s", 1, 3600, &heartbeat_s, error) ||
        !take_greeting(group, "registration", &socket->registration, error) ||
        !take_greeting(group, "heartbeat", &socket->heartbeat, error))
        return false;
    socket->reconnect_ms = (uint32_t)reconnect_ms;
    socket->heartbeat_s = (uint32_t)heartbeat_s;
    uint8_t address[16];
    if (socket->calls_in && (socket->port == 0 || (inet_pton(AF_INET, socket->host, address) != 1 &&
                                                   inet_pton(AF_INET6, socket->host, address) != 1)))
        return village_complain(group, error, "calls_in needs the host, a numeric address, and the port to call");
    if ((socket->heartbeat_s > 0) != (socket->heartbeat.n > 0))
        return village_complain(group, error, "heartbeat and heartbeat_s are needed together");
    return true;
}

static bool take_gateway(const config_setting_t *group, struct village_line_settings *line, struct error *error)
{
    int timeout_ms = GATEWAY_TIMEOUT_MS, delay_ms = 0;
    if (!village_take_number(group, "gateway_timeout_ms", 1, 60000, &timeout_ms, error) ||
        !village_take_bool(group, "gateway_silent", &line->gateway_silent, error) ||
        !village_take_number(group, "gateway_delay_ms", 0, 10000, &delay_ms, error))
        return false;
    line->gateway_timeout_ms = (uint32_t)timeout_ms;
    line->gateway_delay_ms = (uint32_t)delay_ms;
    return true;
}

static bool take_fault(const config_setting_t *group, struct village_line_settings *line, struct error *error)
{
    char text[33] = "";
    if (!village_take_text(group, "line_fault", text, sizeof text, error))
        return false;
    if (text[0] &&
        (!village_wire_fault_parse(text, &line->fault, error) || !village_line_can(line->kind, line->baud, line->fault, error)))
        return error_prefix(error, "line %u", config_setting_source_line(group));
    return true;
}

bool village_take_kind(const config_setting_t *group, struct village_line_settings *line, struct error *error)
{
    return take_name(group, line, error) && take_baud(group, line, error) &&
           village_take_bool(group, "calls_in", &line->socket.calls_in, error) && check_names(group, line, error) &&
           take_port(group, &line->socket, error) && take_call(group, &line->socket, error) &&
           take_gateway(group, line, error) && take_fault(group, line, error);
}
