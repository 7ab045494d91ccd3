/* Judges deliveries as the API shows them. The reasons are those of docs/architecture.md, "Ends". */
#include "controller/cli_outcome.h"

#include "codecs/rfc3339.h"

#include <string.h>

bool outcome_is_final(const char *state)
{
    static const char *const final[] = {"returning", "finished", "stopped",    "cleared",
                                        "cancelled", "expired",  "superseded", "refused"};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        if (strcmp(state, final[i]) == 0)
            return true;
    return false;
}

bool outcome_all_ended(const json_t *deliveries)
{
    json_t *all = (json_t *)deliveries; /* jansson's iterators are not const */
    for (void *at = json_object_iter(all); at; at = json_object_iter_next(all, at))
        if (json_is_false(json_object_get(json_object_iter_value(at), "final")))
            return false;
    return true;
}

/* excluded(maintenance): named in reports, never counted. */
static bool is_excluded(const json_t *delivery)
{
    return strcmp(cli_text(delivery, "end"), "excluded") == 0;
}

bool outcome_is_reached(const json_t *delivery)
{
    const char *highest = cli_text(delivery, "highest");
    /* it ended there: one that was heard and then lost its line did not */
    return *highest && strcmp(cli_text(delivery, "rung"), highest) == 0 && strcmp(cli_text(delivery, "end"), "failed") != 0;
}

enum cli_exit outcome_exit(const json_t *alert, const json_t *deliveries)
{
    size_t i, counted = 0;
    const json_t *delivery;
    if (strcmp(cli_text(alert, "state"), "refused") == 0)
        return CLI_REFUSED;
    json_array_foreach(deliveries, i, delivery)
    {
        if (is_excluded(delivery))
            continue;
        counted++;
        if (!outcome_is_reached(delivery))
            return CLI_NOT_REACHED;
    }
    return counted > 0 || cli_integer(alert, "terminals") == 0 ? CLI_REACHED : CLI_NOT_REACHED;
}

void outcome_label(const json_t *delivery, char *text, size_t size)
{
    const char *end = cli_text(delivery, "end"), *reason = cli_text(delivery, "reason");
    char whole[128];
    if (*end && *reason)
        snprintf(whole, sizeof whole, "%s(%s)", end, reason);
    else
        snprintf(whole, sizeof whole, "%s", *end ? end : cli_text(delivery, "rung"));
    text_copy(text, size, whole);
}

struct explanation {
    const char *reason;
    const char *words;
};

static const struct explanation explanations[] = {
    {"no_reply", "the line works, but it does not answer: check its power, its unit address and the wiring of its branch"},
    {"exception", "it refuses a command of ours: its profile does not fit its model or firmware"},
    {"not_armed", "it answers, but did not become ready to sound: check its amplifier, and its profile's armed_when"},
    {"not_sounding", "it was told to start, but says that it does not sound: check its amplifier and its faults"},
    {"stopped_early", "it stopped before the warning was over: check its supply and who may switch it on site"},
    {"rebooted", "it started up anew while it sounded: its supply gives way under load; check battery and mains"},
    {"busy_other", "another source was playing there (upper level, microphone or button) and is never cut off by us"},
    {"line_down", "the line's port or connection was gone: check adapter, cable and gateway"},
    {"no_audio", "our own sound output was silent, so no terminal is blamed: check the sound card ('tocsin health')"},
    {"no_message", "it plays stored messages, and none is configured for this hazard, level and language"},
    {"not_stopped", "it did not confirm that it stopped: go and listen whether it still sounds"},
    {"controller_lost", "the controller was not running when this ended: see its log"},
    {"no_level",
     "it says that it sounds; it plays a stored message or cannot measure its own sound, so nobody can say that it was heard"},
    {"not_sampled", "it says that it sounds, but its level was not read often enough while words were spoken: check the line"},
    {"maintenance", "it is marked as under maintenance in the configuration and was not asked to sound"},
    {"cancelled", "the alert was cancelled or stopped before it got further"},
    {"expired", "the alert expired before it got further"},
    {"superseded", "a newer alert took this one's place before it got further"},
};

/* "it says that it sounds, but its level stayed at -55.0 dB, 1.0 over its own silence, where -30.0 is needed: ..." */
static void explain_silent(const json_t *delivery, char *text, size_t size)
{
    const json_t *level = json_object_get(delivery, "level"), *baseline = json_object_get(delivery, "baseline");
    const json_t *threshold = json_object_get(delivery, "threshold");
    char at[40] = "", over[64] = "", needed[48] = "";
    if (json_is_number(level))
        snprintf(at, sizeof at, " (%.1f dB)", json_number_value(level));
    if (json_is_number(threshold))
        snprintf(needed, sizeof needed, " of %.1f dB", json_number_value(threshold));
    if (json_is_number(level) && json_is_number(baseline))
        snprintf(over, sizeof over, ", %+.1f dB against its own silence",
                 json_number_value(level) - json_number_value(baseline));
    bool microphone = strcmp(cli_text(delivery, "level_kind"), "microphone") == 0;
    char whole[OUTCOME_TEXT];
    snprintf(whole, sizeof whole,
             "it says that it sounds, but its level%s did not come up to the threshold%s%s: check loudspeaker, amplifier%s", at,
             needed, over, microphone ? " and measuring microphone" : " and the sound that reaches it");
    text_copy(text, size, whole);
}

void outcome_explain(const json_t *delivery, char *text, size_t size)
{
    const char *end = cli_text(delivery, "end"), *reason = cli_text(delivery, "reason");
    text_copy(text, size, "");
    if (strcmp(reason, "silent") == 0) {
        explain_silent(delivery, text, size);
        return;
    }
    if (!*end || (!*reason && outcome_is_reached(delivery)))
        return;
    const char *key = *reason ? reason : end;
    size_t length = strcspn(key, "("); /* exception(illegal_data_address) */
    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
        if (strlen(explanations[i].reason) == length && memcmp(explanations[i].reason, key, length) == 0) {
            bool untold = strcmp(reason, "no_reply") == 0 && !*cli_text(json_object_get(delivery, "times"), "started");
            text_print(text, size, "%s%s", explanations[i].words, untold ? "; it was not told to start" : "");
            return;
        }
    char whole[OUTCOME_TEXT];
    snprintf(whole, sizeof whole, "ended with '%s', which this program does not know: see the daemon's log", key);
    text_copy(text, size, whole);
}

struct outcome_counts outcome_count(const json_t *deliveries)
{
    struct outcome_counts counts = {0};
    size_t i;
    const json_t *delivery;
    json_array_foreach(deliveries, i, delivery)
    {
        if (is_excluded(delivery)) {
            counts.excluded++;
            continue;
        }
        const char *end = cli_text(delivery, "end");
        counts.total++;
        if (strcmp(end, "failed") == 0)
            counts.failed++;
        if (outcome_is_reached(delivery))
            counts.reached++;
        else if (!*end)
            counts.pending++;
    }
    return counts;
}

bool outcome_seconds(const json_t *alert, const json_t *delivery, const char *time, double *seconds)
{
    const char *from = cli_text(alert, "received"), *to = cli_text(json_object_get(delivery, "times"), time);
    struct wall began, reached;
    if (!*from || !*to || !rfc3339_parse(slice_of(from), &began, NULL, NULL) ||
        !rfc3339_parse(slice_of(to), &reached, NULL, NULL))
        return false;
    *seconds = (double)(reached.ms - began.ms) / 1000.0;
    return true;
}
