/* What a terminal has to tell, as events: each trouble once until it came right, in words that help at the pole. */
#include "hardware/terminal.h"

const char *terminal_trouble_name(enum terminal_trouble trouble)
{
    static const char *const names[] = {"none",     "no_reply",   "exception",   "not_armed",         "not_sounding",
                                        "rebooted", "busy_other", "not_stopped", "duplicate_address", "foreign_answer"};
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
    const char *id = terminal->settings.id;
    unsigned unit = terminal->settings.unit;
    if (terminal->history.damaged & 1)
        error_set(error, ERROR_TIMEOUT,
                  "%s: what unit %u answers is damaged; check wiring, and for a second one with its address", id, unit);
    else if (terminal->late)
        error_set(error, ERROR_TIMEOUT, "%s: unit %u answers later than after the first_byte_ms of its line; enlarge it", id,
                  unit);
    else
        error_set(error, ERROR_TIMEOUT, "%s: unit %u does not answer; check power, wiring and address", id, unit);
}

static void explain_not_sounding(const struct terminal *terminal, struct error *error)
{
    const char *id = terminal->settings.id;
    unsigned unit = terminal->settings.unit;
    if (terminal->hold_ran_out)
        error_set(error, ERROR_IO, "%s: unit %u fell silent by itself, for %u s nothing reached it", id, unit,
                  terminal->settings.profile->hold_s);
    else
        error_set(error, ERROR_IO, "%s: unit %u was started but does not sound", id, unit);
}

static void explain(const struct terminal *terminal, enum terminal_trouble trouble, uint8_t exception, struct error *error)
{
    const char *id = terminal->settings.id;
    unsigned unit = terminal->settings.unit;
    switch (trouble) {
    case TROUBLE_NONE: break;
    case TROUBLE_NO_REPLY: explain_no_reply(terminal, error); break;
    case TROUBLE_EXCEPTION:
        error_set(error, ERROR_DENIED, "%s: unit %u refuses with exception %u (%s)", id, unit, exception,
                  modbus_exception_name(exception));
        break;
    case TROUBLE_NOT_ARMED: error_set(error, ERROR_IO, "%s: unit %u answered but does not read as armed", id, unit); break;
    case TROUBLE_NOT_SOUNDING: explain_not_sounding(terminal, error); break;
    case TROUBLE_REBOOTED:
        error_set(error, ERROR_IO, "%s: unit %u started anew while sounding; check its supply", id, unit);
        break;
    case TROUBLE_BUSY_OTHER:
        error_set(error, ERROR_CONFLICT, "%s: another source plays at unit %u; left alone", id, unit);
        break;
    case TROUBLE_NOT_STOPPED:
        error_set(error, ERROR_IO, "%s: unit %u did not confirm its stop and may still sound", id, unit);
        break;
    case TROUBLE_DUPLICATE:
        error_set(error, ERROR_CONFLICT,
                  "%s: unit %u answers twice, or damaged: %d of the last %d; two terminals may have address %u", id, unit,
                  __builtin_popcount(terminal->history.damaged | terminal->history.doubled),
                  __builtin_popcount(terminal->history.came), unit);
        break;
    case TROUBLE_FOREIGN:
        error_set(error, ERROR_CONFLICT, "%s: unit %u answered when unit %u was asked; check its address", id,
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
