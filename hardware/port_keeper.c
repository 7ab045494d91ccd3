/* Opening and losing, and the pauses between (port_keeper.h). */
#include "hardware/port_keeper.h"

#include <unistd.h>

#include "codecs/monotonic.h"
#include "hardware/wire_address.h"

enum {
    REOPEN_FIRST_MS = 250,      /* soon: a broadcast may be under way */
    REOPEN_LAST_MS = 2000,      /* while it is not there */
    REOPEN_FLAPPING_MS = 30000, /* it opens and is lost again at once: opening means a sweep each time */
    LIFE_MS = 10000,            /* who lived so long is not flapping */
    UNDER_WAY_MS = 500,
    PROOF_MS = 3000, /* a line that is used has an answer in that time; else nothing is lost */
};

void port_keeper_init(struct port_keeper *keeper, struct drive *drive, struct line_box *box)
{
    *keeper = (struct port_keeper){.drive = drive, .box = box, .reopen_at = mono_now(), .reopen_ms = REOPEN_FIRST_MS};
}

void port_keeper_close(struct port_keeper *keeper)
{
    wire_close(keeper->wire);
    keeper->wire = NULL;
}

static const struct mono never = {INT64_MAX};

static int64_t doubled(int64_t ms, int64_t most)
{
    return ms * 2 < most ? ms * 2 : most;
}

static void tell_down(struct port_keeper *keeper, const struct error *error, struct mono now)
{
    if (!keeper->down_told)
        drive_port_down(keeper->drive, error, now);
    keeper->down_told = true;
}

void port_keeper_lose(struct port_keeper *keeper, struct error *error)
{
    const struct line_settings *settings = &keeper->drive->settings;
    struct mono now = mono_now();
    char place[LINE_PLACE_MAX];
    const char *caller = wire_caller(keeper->wire);
    line_place(settings, place);
    error_prefix(error, "line %s: %s%s%s", settings->id, place, *caller ? ", called in from " : "", caller);
    line_box_count(keeper->box, keeper->wire, CLASS_NONE);
    port_keeper_close(keeper);
    bool lived = mono_since(now, keeper->opened_at) >= (int64_t)LIFE_MS * 1000;
    keeper->reopen_ms = lived ? REOPEN_FIRST_MS : doubled(keeper->reopen_ms, REOPEN_FLAPPING_MS);
    keeper->reopen_at = mono_plus_ms(now, keeper->reopen_ms);
    line_box_count(keeper->box, NULL, CLASS_NONE);
    tell_down(keeper, error, now);
}

static void refuse(struct port_keeper *keeper, const char *from, struct mono now)
{
    struct error error = {.code = ERROR_NONE};
    int socket = line_box_take_socket(keeper->box);
    if (socket >= 0)
        close(socket);
    error_set(
        &error, ERROR_CONFLICT,
        "line %s: a call from %s with the registration of its gateway was refused: terminals answer through the one from %s",
        keeper->drive->settings.id, from, wire_caller(keeper->wire));
    drive_line_event(keeper->drive, LINE_CALL_REFUSED, &error, now);
}

/* The old connection of a gateway that calls in again may be half dead; but it stays while terminals answer through it, or
 * whoever learns a registration could silence a line that works. What was under way at the call is no proof. Returns when to
 * look again. */
static struct mono choose(struct port_keeper *keeper, struct mono now)
{
    char from[ADDRESS_TEXT_MAX];
    struct error error = {.code = ERROR_NONE};
    struct mono called = line_box_called_at(keeper->box);
    if (!keeper->wire || called.us == never.us)
        return never;
    line_box_print_caller(keeper->box, from);
    if (!mono_before(keeper->answered, mono_plus_ms(called, UNDER_WAY_MS))) {
        refuse(keeper, from, now);
        return never;
    }
    if (mono_before(now, mono_plus_ms(called, PROOF_MS)))
        return mono_plus_ms(called, PROOF_MS);
    error_set(&error, ERROR_DISCONNECTED, "connection given up: its gateway called in again, from %s", from);
    port_keeper_lose(keeper, &error);
    return never;
}

static void await_call(struct port_keeper *keeper, struct mono now)
{
    const struct line_settings *settings = &keeper->drive->settings;
    char place[LINE_PLACE_MAX];
    struct error error = {.code = ERROR_NONE};
    line_place(settings, place);
    error_set(&error, ERROR_DISCONNECTED, "line %s: its gateway has not called in at %s", settings->id, place);
    tell_down(keeper, &error, now);
}

static void try_open(struct port_keeper *keeper, struct mono now)
{
    char method[256];
    struct error error = {.code = ERROR_NONE};
    if (mono_before(now, keeper->reopen_at))
        return;
    keeper->wire = wire_open(&keeper->drive->settings, line_box_take_socket(keeper->box), keeper->box->closing, method, &error);
    now = mono_now();
    if (!keeper->wire) {
        keeper->reopen_at = mono_plus_ms(now, keeper->reopen_ms);
        if (keeper->reopen_ms < REOPEN_LAST_MS)
            keeper->reopen_ms = doubled(keeper->reopen_ms, REOPEN_LAST_MS);
        tell_down(keeper, &error, now);
        return;
    }
    keeper->opened_at = now;
    if (keeper->down_told)
        line_box_count_reopening(keeper->box);
    keeper->down_told = false;
    line_box_count(keeper->box, keeper->wire, CLASS_NONE);
    drive_port_up(keeper->drive, method, now);
}

struct mono port_keeper_open(struct port_keeper *keeper)
{
    struct mono look_again = choose(keeper, mono_now());
    if (keeper->wire)
        return look_again;
    if (keeper->drive->settings.calls_in && line_box_called_at(keeper->box).us == never.us) {
        await_call(keeper, mono_now());
        return never;
    }
    try_open(keeper, mono_now());
    return keeper->wire ? never : keeper->reopen_at;
}
