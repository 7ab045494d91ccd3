/* From a message to an alert of this site, or to a reason why not. */
#include "controller/intake.h"

#include "controller/alert_audio.h"
#include "controller/area.h"
#include "controller/coverage.h"
#include "controller/ebm_trust.h"
#include "controller/phrase.h"
#include "controller/rights.h"
#include "controller/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void note(struct alert *alert, const char *text)
{
    json_array_append_new(alert->notes, json_string(text));
}

/* Blanks and case are no part of a value: "4; red; Extreme" is also written "4;red;extreme". */
static bool same_value(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, " ");
        b += strspn(b, " ");
        if (strncasecmp(a, b, 1) != 0)
            return false;
        if (!*a)
            return true;
    }
}

static bool has_pair(const struct alert_pair *pairs, size_t n, const char *name, const char *value)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(pairs[i].name, name) == 0 && same_value(pairs[i].value, value))
            return true;
    return false;
}

static enum level level_of(const struct config *config, const struct config_source *source, const struct alert_info *info)
{
    for (size_t i = 0; i < config->n_level_rules; i++) {
        const struct config_level_rule *rule = &config->level_rules[i];
        if (*rule->source && (!source || strcmp(rule->source, source->id) != 0))
            continue;
        if (has_pair(info->parameters, info->n_parameters, rule->name, rule->value) ||
            has_pair(info->event_codes, info->n_event_codes, rule->name, rule->value))
            return rule->level;
    }
    switch (info->severity) {
    case SEVERITY_EXTREME: return LEVEL_RED;
    case SEVERITY_SEVERE: return LEVEL_ORANGE;
    case SEVERITY_MINOR: return LEVEL_BLUE;
    case SEVERITY_MODERATE:
    case SEVERITY_UNKNOWN: break;
    }
    return LEVEL_YELLOW;
}

/* MeteoAlarm's <event> is a text in the country's language; its parameter awareness_type is the code. */
static bool has_event(const struct alert_info *info, const char *event)
{
    if (info->event && strcasecmp(event, info->event) == 0)
        return true;
    for (size_t i = 0; i < info->n_event_codes; i++)
        if (strcasecmp(event, info->event_codes[i].value) == 0)
            return true;
    return has_pair(info->parameters, info->n_parameters, "awareness_type", event);
}

static bool hazard_named(const struct config_hazard *hazard, const struct alert_info *info)
{
    for (size_t e = 0; e < hazard->n_events; e++)
        if (has_event(info, hazard->events[e]))
            return true;
    for (size_t i = 0; *hazard->code && i < info->n_event_codes; i++)
        if (strcasecmp(hazard->code, info->event_codes[i].value) == 0)
            return true;
    return false;
}

static int hazard_of(const struct config *config, const struct alert_info *info)
{
    for (size_t i = 0; i < config->n_hazards; i++)
        if (hazard_named(&config->hazards[i], info))
            return (int)i;
    return (int)config->n_hazards - 1; /* "other": spoken, never refused */
}

/* Only JSON says both by our own names; a wrong one there is a mistake. False after refusing. */
static bool find_named(const struct config *config, const struct alert_form *form, enum level *level, int *hazard,
                       struct refusal *refusal)
{
    char known[192] = "";
    *level = LEVEL_RED;
    while (*level < LEVEL_COUNT && strcmp(level_name(*level), form->level) != 0)
        (*level)++;
    if (*level == LEVEL_COUNT)
        return refusal_set(refusal, "level_unknown", "level: \"%.40s\" is none of red, orange, yellow, blue, advisory, daily",
                           form->level);
    *hazard = 0;
    while ((size_t)*hazard < config->n_hazards && strcmp(config->hazards[*hazard].id, form->hazard) != 0)
        (*hazard)++;
    if ((size_t)*hazard < config->n_hazards)
        return true;
    for (size_t i = 0; i < config->n_hazards; i++)
        text_print(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", config->hazards[i].id);
    return refusal_set(refusal, "hazard_unknown", "hazard: \"%.33s\" is not configured; known: %s", form->hazard, known);
}

static int urgency_order(enum alert_urgency urgency)
{
    return urgency == URGENCY_UNKNOWN ? URGENCY_EXPECTED : (int)urgency;
}

/* One info block whose area is ours: level, urgency and times are the gravest and longest of all such blocks. */
static void take_danger(struct alert *alert, const struct config *config, const struct config_source *source,
                        const struct alert_info *info)
{
    enum level level = level_of(config, source, info);
    struct wall expires =
        info->has_expires ? info->expires : (struct wall){alert->message->sent.ms + (int64_t)config->default_life_s * 1000};
    struct wall effective = info->has_effective ? info->effective : (struct wall){0}; /* now: a sender's clock may be fast */
    if (!alert->first_info) {
        alert->first_info = info;
        alert->hazard = hazard_of(config, info);
        alert->level = level;
        alert->urgency = info->urgency;
        alert->expires = expires;
        alert->effective = effective;
        return;
    }
    if (level < alert->level)
        alert->level = level;
    if (urgency_order(info->urgency) < urgency_order(alert->urgency))
        alert->urgency = info->urgency;
    if (expires.ms > alert->expires.ms)
        alert->expires = expires;
    if (effective.ms < alert->effective.ms)
        alert->effective = effective;
}

static bool have_language(const struct alert *alert, const char *language)
{
    for (size_t i = 0; i < alert->n_words; i++)
        if (words_same_language(alert->words[i].language, language))
            return true;
    return false;
}

static void not_spoken(struct alert *alert, const char *language, const char *reason)
{
    char tag[36]; /* as long as the longest that has a meaning (RFC 5646, 4.4.1) */
    text_copy(tag, sizeof tag, language);
    json_array_append_new(alert->not_spoken, json_pack("{s:s, s:s}", "language", tag, "reason", reason));
}

/* The block's recording, where it may be played. Whatever is wrong with it, the block's text can still be spoken. */
static const struct alert_resource *take_recording(struct alert *alert, const struct config *config,
                                                   const struct config_source *source, const struct alert_info *info)
{
    const struct alert_resource *recording = alert_audio_find(info);
    struct error why = {0};
    if (!recording)
        return NULL;
    if (alert_audio_promises(recording, source, &why) && alert->message->status == STATUS_EXERCISE &&
        !(words_text(config, TEXT_DRILL_BEGIN, words_language(info)) &&
          words_text(config, TEXT_DRILL_AGAIN, words_language(info))))
        error_set(&why, ERROR_UNSUPPORTED,
                  "a drill says so before and after it, and for that there is no sentence in its language");
    if (why.code == ERROR_NONE)
        return recording;
    error_prefix(&why, "recording");
    not_spoken(alert, info->language, why.message);
    return NULL;
}

typedef char *choose_fn(const struct config *config, const struct alert_message *message, const struct alert_info *info,
                        bool *shortened);

static void take_words(struct alert *alert, const struct config *config, const struct config_source *source,
                       const struct alert_info *info, choose_fn *choose)
{
    const char *language = words_language(info);
    if (have_language(alert, language)) {
        not_spoken(alert, info->language, "an earlier block in this language is spoken");
        return;
    }
    if (alert->n_words == CONFIG_LANGUAGES_MAX) {
        not_spoken(alert, info->language, "more than four languages");
        return;
    }
    struct alert_words *words = &alert->words[alert->n_words];
    words->recording = take_recording(alert, config, source, info);
    if (!words->recording && !voice_speaks(language)) {
        not_spoken(alert, info->language, "no voice speaks this language");
        return;
    }
    words->text = choose(config, alert->message, info, &words->shortened);
    if (!words->text && words->recording)
        words->text = strdup("");
    if (!words->text) {
        not_spoken(alert, info->language, "the block has neither parameter speech, headline, instruction nor description");
        return;
    }
    words->all_clear = words_all_clear(alert->message, info);
    text_copy(words->language, sizeof words->language, language);
    alert->n_words++;
    if (words_same_language(info->language, "en") && words_same_language(language, "zh"))
        note(alert, "language: a block says English, or nothing, but its words are Chinese; it is spoken so");
}

/* Words of all blocks that are ours, and why the others are not spoken. */
static void take_all_words(struct alert *alert, const struct config *config, const struct config_source *source,
                           const bool *ours, choose_fn *choose)
{
    json_array_clear(alert->not_spoken);
    for (size_t i = 0; i < alert->message->n_infos; i++)
        if (ours[i])
            take_words(alert, config, source, &alert->message->infos[i], choose);
        else
            not_spoken(alert, alert->message->infos[i].language, "no area of its block is ours");
}

static bool keep_match(struct alert *alert, struct area_match *match)
{
    alert->terminals = calloc(match->n_meant + 1, sizeof *alert->terminals);
    if (!alert->terminals)
        return false;
    for (size_t t = 0; alert->n_terminals < match->n_meant; t++)
        if (match->meant[t])
            alert->terminals[alert->n_terminals++] = (uint32_t)t;
    alert->feature = match->feature;
    alert->groups = match->groups;
    alert->n_groups = match->n_groups;
    match->groups = NULL;
    json_array_extend(alert->notes, match->notes);
    json_decref(alert->places);
    json_decref(alert->not_ours);
    json_decref(alert->no_position);
    alert->places = json_incref(match->places);
    alert->not_ours = json_incref(match->not_ours);
    alert->no_position = json_incref(match->no_position);
    return true;
}

static bool refuse_area(const struct area_match *match, struct refusal *refusal)
{
    const char *first = json_string_value(json_array_get(match->not_ours, 0));
    char unjudged[120] = "";
    if (*match->degenerate)
        return refusal_set(refusal, "area_degenerate", "area: %s", match->degenerate);
    if (match->n_no_position > 0)
        snprintf(unjudged, sizeof unjudged,
                 " (%zu terminals without a position could not be judged: give them one, or name codes)", match->n_no_position);
    return refusal_set(refusal, "area_not_ours", "area: %s has a terminal here%s%s%s%s",
                       match->n_shapes > 0 ? "nothing in it" : "none of its codes and ids", unjudged, first ? ": " : "",
                       first ? first : "", match->n_shapes > 0 ? "" : "; 'tocsin place list' names what has");
}

static bool judge_match(struct alert *alert, const struct area_match *match, struct refusal *refusal)
{
    if (match->n_areas == 0)
        return refusal_set(refusal, "no_area",
                           "area: no info block has one; an alert without an area is refused, name the codes it is for");
    if (match->n_meant == 0 && match->n_barred > 0)
        return refusal_set(refusal, "not_permitted_area",
                           "area: nothing in it lies in the areas that source %s may address (areas of the source in the "
                           "configuration); send it through a source that may, or add the area there",
                           match->source);
    if (match->n_meant == 0)
        return refuse_area(match, refusal);
    if (match->n_unlisted > 0)
        note(alert, "not_listed: its area has more than is listed here");
    return true;
}

/* Area and danger of all blocks; ours: whose area is ours. */
static bool judge_blocks(struct alert *alert, const struct intake_terms *terms, const struct config_source *source,
                         struct area_match *match, bool *ours, struct refusal *refusal)
{
    const struct alert_message *message = alert->message;
    bool clears = false, warns = false;
    for (size_t i = 0; i < message->n_infos; i++) {
        const struct alert_info *info = &message->infos[i];
        ours[i] = area_match_info(match, terms->config, info, source && source->covers);
        if (!ours[i])
            continue;
        bool past = words_all_clear(message, info);
        clears |= past;
        warns |= !past && info->urgency != URGENCY_UNKNOWN && info->urgency != URGENCY_PAST;
        take_danger(alert, terms->config, source, info);
    }
    if (alert->first_info && message->form && !find_named(terms->config, message->form, &alert->level, &alert->hazard, refusal))
        return false;
    alert->all_clear = clears && !warns;
    if (clears)
        note(alert, warns ? "all_clear_mixed: it says that a danger is past, and warns of one as well; it sounds as a warning"
                          : "all_clear: it says that the danger is past");
    area_match_end(match, terms->config);
    return judge_match(alert, match, refusal);
}

/* Once it is known what the alert means here, so that it can be put into words. */
static bool judge_words(struct alert *alert, const struct config *config, const struct config_source *source, const bool *ours,
                        struct refusal *refusal)
{
    const struct alert_message *message = alert->message;
    if (message->form && !phrase_alert(config, alert, refusal))
        return false;
    take_all_words(alert, config, source, ours, words_choose);
    if (alert->n_words == 0) /* what has no words is said by the names of its events */
        take_all_words(alert, config, source, ours, words_of_event);
    if (alert->n_words == 0)
        note(alert, "no_words: no language of the alert can be spoken; the shipped recording follows the tone");
    return true;
}

void intake_leave_unchecked(struct alert *alert, const struct config *config, struct moment now, const char *why)
{
    char text[200];
    text_print(text, sizeof text, "expiry_unchecked: %s; it sounds for at most %u s", why, config->unchecked_life_s);
    note(alert, text);
    alert->unchecked_until = mono_plus_ms(now.mono, (int64_t)config->unchecked_life_s * 1000);
    if (alert->effective.ms > now.wall.ms)
        alert->effective = now.wall;
}

/* A clock that may be behind shows nothing as expired, so without a trusted one every alert counts as unchecked. */
static bool judge_expiry(struct alert *alert, const struct intake_terms *terms, struct refusal *refusal)
{
    if (terms->resuming)
        return true;
    if (alert->effective.ms >= alert->expires.ms)
        return refusal_set(refusal, "never_in_force",
                           "effective: it is not before expires (or an hour after sent, where there is none)");
    if (!terms->clock_trusted)
        intake_leave_unchecked(alert, terms->config, terms->now, "the clock of this box is not trusted yet");
    if (!terms->clock_trusted || alert->expires.ms > terms->now.wall.ms)
        return true;
    return refusal_set(refusal, "expired",
                       alert->first_info && alert->first_info->has_expires
                           ? "expires: it lies in the past; send an alert that is still in force"
                           : "sent: it is too old, and there is no expires; send an alert that is still in force");
}

/* ours: one for each block. */
static bool judge_meaning(struct alert *alert, const struct intake_terms *terms, const struct config_source *source, bool *ours,
                          struct refusal *refusal)
{
    struct area_match match;
    bool ok = area_match_create(&match, terms->config) || refusal_set(refusal, "no_memory", "out of memory; try again");
    match.codes_name = terms->package ? ebm_geocode_name : NULL; /* the format says what they are */
    if (ok && source && source->n_areas > 0)
        ok = area_match_bar(&match, terms->config, source) || refusal_set(refusal, "no_memory", "out of memory; try again");
    ok = ok && judge_blocks(alert, terms, source, &match, ours, refusal) && judge_expiry(alert, terms, refusal);
    if (ok && !keep_match(alert, &match))
        ok = refusal_set(refusal, "no_memory", "out of memory; try again");
    area_match_free(&match);
    return ok && judge_words(alert, terms->config, source, ours, refusal);
}

static bool judge_sounding(struct alert *alert, const struct intake_terms *terms, const struct config_source *source,
                           struct refusal *refusal)
{
    if (alert->message->scope != SCOPE_PUBLIC)
        return refusal_set(
            refusal, "scope_not_public",
            "scope: it is Restricted or Private, and everybody hears a loudspeaker; send it as Public if all may");
    if (alert->message->n_infos == 0)
        return refusal_set(refusal, "no_info", "info: missing; there is nothing to say and no area to say it in");
    bool *ours = calloc(alert->message->n_infos, sizeof *ours);
    alert->ended = calloc(terms->config->n_channels + 1, sizeof *alert->ended);
    alert->repetitions_planned = terms->config->repetitions;
    alert->outcome = ALERT_FINISHED;
    bool ok = ours && alert->ended ? judge_meaning(alert, terms, source, ours, refusal)
                                   : refusal_set(refusal, "no_memory", "out of memory; try again");
    free(ours);
    return ok;
}

/* What the message does here, said for people where it does not sound. */
static bool does_sound(struct alert *alert)
{
    static const char *const WHY[] = {
        [STATUS_SYSTEM] = "recorded: status System does not sound",
        [STATUS_TEST] = "recorded: status Test does not sound",
        [STATUS_DRAFT] = "recorded: status Draft does not sound",
    };
    const struct alert_message *m = alert->message;
    if (m->status != STATUS_ACTUAL && m->status != STATUS_EXERCISE)
        text_copy(alert->reason, sizeof alert->reason, WHY[m->status]);
    else if (m->msg_type == MSG_CANCEL)
        text_copy(alert->reason, sizeof alert->reason, "cancel: stops what it references and sounds nothing");
    else if (m->msg_type == MSG_ACK || m->msg_type == MSG_ERROR)
        text_copy(alert->reason, sizeof alert->reason, "recorded: an acknowledgement or error report does not sound");
    else
        return true;
    return false;
}

/* A signature within CAP (XML-DSig) cannot be checked, so where one is required no CAP is taken; for an alert in
 * parts its login answers. What was taken in once goes on
 * after a restart, whatever has become of the certificates since; the note says what they say now. */
static bool judge_signature(struct alert *alert, const struct intake_terms *terms, const struct config_source *source,
                            struct refusal *refusal)
{
    char text[320];
    if (!terms->package)
        return alert->message->form || !source || source->signature != SIGNATURE_REQUIRED || terms->resuming ||
               refusal_set(refusal, "signature_required",
                           "signature: the source %s requires one, and only those of EBM packages can be checked here",
                           source->id);
    struct ebm_verdict verdict = ebm_judge_signature(source, terms->package, terms->clock_trusted ? &terms->now.wall : NULL);
    if (!verdict.taken && !terms->resuming)
        return refusal_set(refusal, verdict.code, "signature: %s", verdict.why);
    text_print(text, sizeof text, "%s: %s", verdict.code, verdict.why);
    note(alert, text);
    return true;
}

bool intake_judge(const struct intake_terms *terms, struct alert_message *message, struct alert **alert_out,
                  struct refusal *refusal)
{
    const struct config_source *source = rights_source_of(terms->config, message->sender);
    if (!source && terms->config->n_sources > 0)
        return refusal_set(refusal, "sender_unknown",
                           "sender: not a configured source; add it to sources in the configuration: %s", message->sender);
    struct alert *alert = calloc(1, sizeof *alert);
    if (!alert)
        return refusal_set(refusal, "no_memory", "out of memory; try again");
    alert->message = message;
    alert->received = terms->now.wall;
    alert->source = source ? (int)(source - terms->config->sources) : -1;
    alert->places = json_array();
    alert->not_ours = json_array();
    alert->no_position = json_array();
    alert->not_spoken = json_array();
    alert->notes = json_array();
    alert->sounds = does_sound(alert);
    alert->state = alert->sounds ? ALERT_QUEUED : ALERT_FINISHED;
    if (!judge_signature(alert, terms, source, refusal) || (alert->sounds && !judge_sounding(alert, terms, source, refusal))) {
        alert->message = NULL; /* stays the caller's */
        alert_free(alert);
        return false;
    }
    coverage_share(terms->config, alert);
    if (alert->sounds && alert->effective.ms > terms->now.wall.ms)
        alert->state = ALERT_WAITING;
    *alert_out = alert;
    return true;
}
