/* Lines: what each hangs on, and what must be told of it and what not. */
#include "config/load.h"
#include "hardware/line_pattern.h"
#include "hardware/wire_address.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {"rtu", "tcp", "rtu_over_tcp", NULL};    /* enum line_kind */
static const char *const adapter_names[] = {"auto", "uart", "usb", "pty", NULL}; /* enum line_adapter */
static const char *const parity_names[] = {"none", "even", "odd", NULL};
static const char parity_letters[] = "NEO";
static const char *const unasked_names[] = {"report", "stop", NULL}; /* bool stop_unasked */

static const char *check_baud(const void *baud)
{
    static const int rates[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (*(const int *)baud == rates[i])
            return NULL;
    return "must be 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200";
}

static const char *check_host(const void *host)
{
    struct sockaddr_storage address;
    socklen_t size;
    return address_read(host, 0, &address, &size)
               ? NULL
               : "must be an IP address, not a name: a warning must not wait for a name server";
}

const struct schema_item load_line_items[] = {
    {"id", SCHEMA_ID, SCHEMA_AT(config_line, hardware.id)},
    {"kind", SCHEMA_CHOICE, .initial = "rtu", SCHEMA_AT(config_line, hardware.kind), .names = kind_names},
    {.name = "channel", .type = SCHEMA_REFERENCE},
    {"device", SCHEMA_PATH, .least = 1, .initial = "", SCHEMA_AT(config_line, hardware.device)},
    {"host", SCHEMA_TEXT, .least = 1, .initial = "", SCHEMA_AT(config_line, hardware.host), .check = check_host},
    {"port", SCHEMA_INTEGER, 1, 65535, "0", SCHEMA_AT(config_line, hardware.port)},
    {"calls_in", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_line, hardware.calls_in)},
    {.name = "registration", .type = SCHEMA_ANY, .initial = ""},
    {.name = "heartbeat", .type = SCHEMA_ANY, .initial = ""},
    {"heartbeat_s", SCHEMA_INTEGER, 0, 3600, "0", SCHEMA_AT(config_line, hardware.heartbeat_s)},
    {"gateway_delay_ms", SCHEMA_INTEGER, 0, 5000, "0", SCHEMA_AT(config_line, hardware.gateway_delay_ms)},
    {"key_up_ms", SCHEMA_INTEGER, 0, 2000, "0", SCHEMA_AT(config_line, hardware.key_up_ms)},
    {"quiet_ms", SCHEMA_INTEGER, 0, 2000, "0", SCHEMA_AT(config_line, hardware.quiet_ms)},
    {"baud", SCHEMA_INTEGER, 1200, 115200, "0", SCHEMA_AT(config_line, hardware.baud), .check = check_baud},
    {"parity", SCHEMA_CHOICE, .initial = "even", SCHEMA_AT(config_line, hardware.parity), .names = parity_names},
    {"stop_bits", SCHEMA_INTEGER, 1, 2, "1", SCHEMA_AT(config_line, hardware.stop_bits)},
    {"adapter", SCHEMA_CHOICE, .initial = "auto", SCHEMA_AT(config_line, hardware.adapter), .names = adapter_names},
    {"echo", SCHEMA_BOOLEAN, .initial = "false", SCHEMA_AT(config_line, hardware.echo)},
    {"turnaround_ms", SCHEMA_INTEGER, 0, 2000, "100", SCHEMA_AT(config_line, hardware.turnaround_ms)},
    {"first_byte_ms", SCHEMA_INTEGER, 20, 5000, "500", SCHEMA_AT(config_line, hardware.first_byte_ms)},
    {"poll_s", SCHEMA_INTEGER, 1, 60, "10", SCHEMA_AT(config_line, hardware.poll_s)},
    {"arm_wait_ms", SCHEMA_INTEGER, 0, 10000, "1000", SCHEMA_AT(config_line, hardware.arm_wait_ms)},
    {"unasked", SCHEMA_CHOICE, .initial = "report", SCHEMA_AT(config_line, hardware.stop_unasked), .names = unasked_names},
    {0},
};

/* What a line must have, or must not, by what it hangs on. */
enum { ON_RTU = 1, ON_TCP = 2, ON_RTU_OVER_TCP = 4, CALLING_IN = 8, WITH_HEARTBEAT = 16 };

static const struct line_rule {
    const char *setting;
    unsigned allowed, needed; /* on any of these */
    const char *where;        /* it is for */
    const char *what;         /* it is, where it is needed */
} line_rules[] = {
    {"device", ON_RTU, ON_RTU, "kind = \"rtu\"", "the serial port"},
    {"adapter", ON_RTU, 0, "kind = \"rtu\"", ""},
    {"echo", ON_RTU | ON_RTU_OVER_TCP, 0, "kind = \"rtu\" or \"rtu_over_tcp\"", ""},
    {"host", ON_TCP | ON_RTU_OVER_TCP, ON_TCP | ON_RTU_OVER_TCP, "kind = \"tcp\" or \"rtu_over_tcp\"",
     "the gateway's IP address or, with calls_in, ours (0.0.0.0: any)"},
    {"port", ON_TCP | ON_RTU_OVER_TCP, ON_TCP | ON_RTU_OVER_TCP, "kind = \"tcp\" or \"rtu_over_tcp\"", "its TCP port"},
    {"calls_in", ON_RTU_OVER_TCP, 0, "kind = \"rtu_over_tcp\"", ""},
    {"registration", CALLING_IN, CALLING_IN, "calls_in = true", "what the gateway names itself by"},
    {"heartbeat", ON_RTU_OVER_TCP, 0, "kind = \"rtu_over_tcp\"", ""},
    {"heartbeat_s", WITH_HEARTBEAT, 0, "a line with heartbeat", ""},
    {"baud", ON_RTU | ON_TCP | ON_RTU_OVER_TCP, ON_RTU | ON_RTU_OVER_TCP, "", "the speed of the terminals"},
};

static void check_rules(const struct document *site, const config_setting_t *element, const struct line_settings *line)
{
    unsigned is = line->kind == LINE_RTU ? ON_RTU : line->kind == LINE_TCP ? ON_TCP : ON_RTU_OVER_TCP;
    is |= (line->calls_in ? CALLING_IN : 0U) | (line->heartbeat.n > 0 ? WITH_HEARTBEAT : 0U);
    for (size_t i = 0; i < sizeof line_rules / sizeof *line_rules; i++) {
        const struct line_rule *rule = &line_rules[i];
        const config_setting_t *setting = config_setting_get_member(element, rule->setting);
        if (setting && !(is & rule->allowed))
            schema_mistake(site, setting, "%s is only for %s", rule->setting, rule->where);
        else if (!setting && is & rule->needed)
            schema_mistake(site, element, "%s is missing: %s is needed", rule->setting, rule->what);
    }
}

static void read_pattern(const struct document *site, const config_setting_t *element, const char *name,
                         struct line_pattern *pattern)
{
    const config_setting_t *setting = config_setting_get_member(element, name);
    const char *text = setting ? config_setting_get_string(setting) : NULL;
    struct error error = {0};
    if (setting && (!text || schema_has_control(text)))
        schema_mistake(site, setting, "%s must be a text in quotes; write control characters as \"hex:0D 0A\"", name);
    else if (text && !line_pattern_parse(text, pattern, &error))
        schema_mistake(site, setting, "%s %s", name, error.message);
}

static bool same_place(const struct line_settings *a, const struct line_settings *b)
{
    if (a->kind == LINE_RTU || b->kind == LINE_RTU)
        return a->kind == b->kind && a->device[0] && strcmp(a->device, b->device) == 0;
    return a->host[0] && a->port == b->port && strcmp(a->host, b->host) == 0;
}

static void check_pair(const struct document *site, const config_setting_t *element, const struct line_settings *a,
                       const struct line_settings *b)
{
    char place[LINE_PLACE_MAX];
    line_place(b, place);
    if (!same_place(a, b))
        return;
    if (!a->calls_in || !b->calls_in)
        schema_mistake(site, element, "the lines %s and %s have the same %s", a->id, b->id,
                       a->kind == LINE_RTU ? "device" : "host and port");
    else if (line_patterns_meet(&a->registration, &b->registration))
        schema_mistake(site, element, "the lines %s and %s are called in on at %s with registrations that can be the same",
                       a->id, b->id, place);
}

static void read_line(struct loader *loader, const config_setting_t *element, size_t index)
{
    const struct document *site = &loader->site;
    struct line_settings *line = &loader->config->lines[index].hardware;
    line->parity = parity_letters[(unsigned char)line->parity % 3];
    read_pattern(site, element, "registration", &line->registration);
    read_pattern(site, element, "heartbeat", &line->heartbeat);
    check_rules(site, element, line);
    for (size_t k = 0; k < index; k++)
        check_pair(site, element, &loader->config->lines[k].hardware, line);
}

void load_lines(struct loader *loader)
{
    struct config *config = loader->config;
    const struct document *site = &loader->site;
    const config_setting_t *root = document_root(site), *list = schema_list(root, "lines");
    config->lines = load_list(site, root, "lines", load_line_items, sizeof *config->lines, &config->n_lines);
    load_check_unique(site, list, config->lines, config->n_lines, sizeof *config->lines);
    bool *used = calloc(config->n_channels + 1, sizeof *used);
    for (size_t i = 0; i < config->n_lines; i++) {
        struct config_line *line = &config->lines[i];
        const config_setting_t *element = schema_element(list, i);
        if (config_setting_is_group(element))
            read_line(loader, element, i);
        int channel = load_refer(site, element, "channel", config->channels, config->n_channels, sizeof *config->channels);
        line->channel = channel < 0 ? 0 : (uint32_t)channel;
        if (channel >= 0 && used)
            used[channel] = true;
    }
    for (size_t i = 0; used && i < config->n_channels; i++)
        if (!used[i])
            schema_warning(site, schema_element(schema_list(root, "channels"), i), "no line hears the channel %s",
                           config->channels[i].id);
    free(used);
}

/* True if a reply of this unit can begin like the pattern (MODBUS Application Protocol V1.1b3, 4.1). */
static bool like_a_reply(const struct line_pattern *pattern, uint8_t unit)
{
    static const uint8_t functions[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0F, 0x10,
                                        0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x8F, 0x90};
    bool like = false;
    for (size_t i = 0; i < sizeof functions; i++) {
        const uint8_t begin[] = {unit, functions[i]};
        like = like || line_pattern_match(pattern, begin, sizeof begin) != PATTERN_NONE;
    }
    return like;
}

void load_check_heartbeat(struct loader *loader, const config_setting_t *element, const struct config_line *line)
{
    for (size_t i = 0; i < line->n_terminals; i++) {
        const struct terminal_settings *terminal = &loader->config->terminals[line->terminals[i]].hardware;
        if (like_a_reply(&line->hardware.heartbeat, terminal->unit)) {
            schema_mistake(&loader->site, config_setting_get_member(element, "heartbeat"),
                           "heartbeat can be the begin of a reply of the terminal %s (unit %u), which would be lost",
                           terminal->id, terminal->unit);
            return;
        }
    }
}
