/* What a terminal has to tell, as events: each trouble once until it came right, in words that help at the pole. */
#include "hardware/terminal.h"

#include <stdio.h>

const char *terminal_trouble_name(enum terminal_trouble trouble)
{
    static const char *const names[] = {"none",         "no_reply",          "exception",     "not_armed",
                                        "not_sounding", "rebooted",          "stopped_early", "busy_other",
                                        "not_stopped",  "duplicate_address", "foreign_answer"};
    return (size_t)trouble < sizeof names / sizeof *names ? names[trouble] : "unknown";
}

bool terminal_trouble_is_symptom(enum terminal_trouble trouble)
{
    return trouble == TROUBLE_DUPLICATE || trouble == TROUBLE_FOREIGN;
}

const char *modbus_exception_name(uint8_t code) /* Modbus Application Protocol V1.1b3, 7 */
{
    switch (code) {
    case 1: return "illegal_function";
    case 2: return "illegal_data_address";
    case 3: return "illegal_data_value";
    case 4: return "server_device_failure";
    case 5: return "acknowledge";
    case 6: return "server_device_busy";
    case 8: return "memory_parity_error";
    case 10: return "gateway_path_unavailable";
    case 11: return "gateway_target_no_response";
    default: return "unknown_exception";
    }
}

const char *terminal_class_name(enum terminal_class class)
{
    static const char *const names[] = {"stop", "start", "arm", "verify", "technician", "poll", "probe"};
    return (size_t) class < sizeof names / sizeof *names ? names[class] : "none";
}

static struct line_event event_of(const struct terminal *terminal, enum line_event_kind kind, struct mono at)
{
    return (struct line_event){.kind = kind, .terminal = terminal->index, .session = terminal->world->session, .at = at};
}

void terminal_event(const struct terminal *terminal, enum line_event_kind kind, struct mono at)
{
    struct line_event event = event_of(terminal, kind, at);
    terminal->world->event(terminal->world->context, &event);
}

void terminal_event_reading(const struct terminal *terminal, enum line_event_kind kind)
{
    struct line_event event = event_of(terminal, kind, terminal->last.received);
    event.reading = terminal->last;
    terminal->world->event(terminal->world->context, &event);
}

/* Somebody who answers, but never so that it can be used, has another fault than one that is silent. */
static void explain_no_reply(const struct terminal *terminal, struct error *error)
{
    unsigned unit = terminal->settings.unit;
    if (terminal->history.damaged & 1)
        error_set(error, ERROR_TIMEOUT, "what unit %u answers is damaged; check wiring, and for a second one with its address",
                  unit);
    else if (terminal->late)
        error_set(error, ERROR_TIMEOUT, "unit %u answers, but later than the first_byte_ms of its line; enlarge that", unit);
    else
        error_set(error, ERROR_TIMEOUT, "unit %u does not answer; check power, wiring and address", unit);
}

static void explain_not_sounding(const struct terminal *terminal, struct error *error)
{
    unsigned unit = terminal->settings.unit;
    if (terminal->hold_ran_out)
        error_set(error, ERROR_IO, "unit %u fell silent by itself, for %u s nothing reached it", unit,
                  terminal->settings.profile->hold_s);
    else
        error_set(error, ERROR_IO, "unit %u was started but does not sound", unit);
}

/* Which registers, for whoever writes a profile: "reading input 256 to 263". */
static void explain_exception(const struct terminal *terminal, uint8_t exception, struct error *error)
{
    static const char *const WHAT[] = {[0] = "",
                                       [1] = "reading coil",
                                       [2] = "reading discrete",
                                       [3] = "reading holding",
                                       [4] = "reading input",
                                       [5] = "writing coil",
                                       [6] = "writing holding",
                                       [15] = "writing coil",
                                       [16] = "writing holding"};
    const struct terminal_history *last = &terminal->history;
    char to[16] = "";
    if (last->count > 1)
        snprintf(to, sizeof to, " to %u", last->address + last->count - 1u);
    error_set(error, ERROR_DENIED, "unit %u refuses %s %u%s with exception %u (%s)", terminal->settings.unit,
              WHAT[last->function], last->address, to, exception, modbus_exception_name(exception));
}

static void explain(const struct terminal *terminal, enum terminal_trouble trouble, uint8_t exception, struct error *error)
{
    unsigned unit = terminal->settings.unit;
    switch (trouble) {
    case TROUBLE_NONE: break;
    case TROUBLE_NO_REPLY: explain_no_reply(terminal, error); break;
    case TROUBLE_EXCEPTION: explain_exception(terminal, exception, error); break;
    case TROUBLE_NOT_ARMED: error_set(error, ERROR_IO, "unit %u answered but does not read as armed", unit); break;
    case TROUBLE_NOT_SOUNDING: explain_not_sounding(terminal, error); break;
    case TROUBLE_REBOOTED:
        error_set(error, ERROR_IO, "unit %u started anew while sounding; check its power supply", unit);
        break;
    case TROUBLE_STOPPED_EARLY:
        error_set(error, ERROR_IO, "unit %u stopped by itself while sounding; check who may switch it there, and its amplifier",
                  unit);
        break;
    case TROUBLE_BUSY_OTHER: error_set(error, ERROR_CONFLICT, "another source plays at unit %u; left alone", unit); break;
    case TROUBLE_NOT_STOPPED: error_set(error, ERROR_IO, "unit %u did not confirm its stop and may still sound", unit); break;
    case TROUBLE_DUPLICATE:
        error_set(error, ERROR_CONFLICT,
                  "unit %u answers twice, or damaged: %d of the last %d; two terminals may have address %u, or its transmitter "
                  "is bad",
                  unit, __builtin_popcount(terminal->history.damaged | terminal->history.doubled),
                  __builtin_popcount(terminal->history.came), unit);
        break;
    case TROUBLE_FOREIGN:
        error_set(error, ERROR_CONFLICT, "unit %u answered when unit %u was asked; check the addresses of both",
                  terminal->health.foreign_unit, unit);
        break;
    }
}

void terminal_trouble(struct terminal *terminal, enum terminal_trouble trouble, uint8_t exception, struct mono at)
{
    uint32_t bit = UINT32_C(1) << trouble;
    if (terminal->troubles_told & bit)
        return;
    terminal->troubles_told |= bit;
    struct line_event event = event_of(terminal, LINE_TROUBLE, at);
    event.trouble = trouble;
    event.exception = exception;
    explain(terminal, trouble, exception, &event.error);
    terminal->world->event(terminal->world->context, &event);
}

void terminal_well(struct terminal *terminal, enum terminal_trouble trouble)
{
    terminal->troubles_told &= ~(UINT32_C(1) << trouble);
}
