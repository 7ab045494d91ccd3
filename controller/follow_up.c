/* From an alert and an officer's words to the JSON of the next alert. */
#include "controller/follow_up.h"

#include "codecs/rfc3339.h"
#include "controller/rights.h"
#include "controller/template.h"
#include "controller/words.h"

#include <ctype.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* "Actual" is "actual" in an alert in parts. */
static json_t *lower(const char *text, const char *otherwise)
{
    char low[16] = "";
    for (size_t i = 0; text[i] && i + 1 < sizeof low; i++) {
        low[i] = (char)tolower((unsigned char)text[i]);
        low[i + 1] = '\0';
    }
    static const char *const KNOWN[] = {"actual", "exercise", "immediate", "expected", "future"};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (strcmp(low, KNOWN[i]) == 0)
            return json_string(low);
    return json_string(otherwise);
}

/* Those of the alert that the site has texts in, by the names by which an officer's "text" has them: whether the alert said
 * zh-CN is nothing that he must know. */
static json_t *languages_of(const json_t *of)
{
    json_t *languages = json_array();
    const json_t *words;
    enum text_language language;
    size_t i;
    json_array_foreach(json_object_get(of, "words"), i, words)
    {
        if (words_own_language(text_of(words, "language"), &language))
            json_array_append_new(languages, json_string(words_own_tag(language)));
    }
    return languages;
}

static json_t *code_or_id(const json_t *place)
{
    json_t *code = json_object_get(place, "code");
    return json_incref(code ? code : json_object_get(place, "id"));
}

/* A village or a group: of a reservoir or a named group it is said who hears it. */
static const struct config_place *people_at(const struct config *config, const json_t *place)
{
    const char *code = text_of(place, "code");
    const struct config_place *found = config_find_place_id(config, *code ? code : text_of(place, "id"));
    return found && (found->kind == PLACE_AREA || found->kind == PLACE_GROUP) ? found : NULL;
}

static bool is_within_another(const struct config *config, const json_t *places, const struct config_place *place)
{
    const json_t *other;
    size_t i;
    json_array_foreach(places, i, other)
    {
        const struct config_place *around = people_at(config, other);
        if (around && around != place && place_contains(around, place))
            return true;
    }
    return false;
}

/* Its places are named as they were then. None where one is no place where people are. */
static json_t *places_of(const struct config *config, const json_t *of)
{
    json_t *all = json_object_get(of, "places"), *places = json_array();
    const json_t *place;
    size_t i;
    json_array_foreach(all, i, place)
    {
        const struct config_place *known = people_at(config, place);
        if (!known) {
            json_array_clear(places);
            break;
        }
        if (!is_within_another(config, all, known))
            json_array_append_new(places, code_or_id(place));
    }
    return places;
}

/* When the alert came that was wrong. */
static json_t *time_of(const struct config *config, const json_t *of)
{
    char zh[TEMPLATE_TIME_SIZE], en[TEMPLATE_TIME_SIZE];
    struct wall received = {0};
    rfc3339_parse(slice_of(text_of(of, "received")), &received, NULL, NULL);
    template_time(received, config->utc_offset_minutes, TEXT_ZH, zh);
    template_time(received, config->utc_offset_minutes, TEXT_EN, en);
    return json_pack("{s:s, s:s}", "zh", zh, "en", en);
}

static json_t *slots_of(const struct config *config, enum form_kind kind, const json_t *of, const json_t *asked)
{
    json_t *given = json_object_get(asked, "slots"), *slots = json_is_object(given) ? json_copy(given) : json_object();
    json_t *places = places_of(config, of);
    if (json_array_size(places) > 0)
        json_object_set_new(slots, "places", json_incref(places));
    if (kind == FORM_CORRECTION)
        json_object_set_new(slots, "wrong_time", time_of(config, of));
    json_decref(places);
    return slots;
}

static void set_places(json_t *form, const json_t *asked)
{
    json_t *places = json_array(), *right = json_object_get(json_object_get(asked, "slots"), "right");
    json_t *more = json_object_get(asked, "places");
    if (json_is_array(more))
        json_array_extend(places, more);
    if (json_is_array(right))
        json_array_extend(places, right);
    if (json_array_size(places) > 0)
        json_object_set(form, "places", places);
    json_decref(places);
}

static bool may_follow(const struct config *config, enum form_kind kind, const json_t *of, const json_t *terminals,
                       const json_t *asked, const char *sender, struct refusal *refusal)
{
    if (!*text_of(asked, "reason"))
        return refusal_set(refusal, "reason", "reason: missing; say why");
    if (json_array_size(terminals) == 0)
        return refusal_set(refusal, "never_sounded", "the alert was only recorded (%.60s): there is nothing to follow it",
                           text_of(of, "status"));
    if (kind == FORM_ALL_CLEAR && strcmp(text_of(of, "state"), "cleared") == 0)
        return refusal_set(refusal, "cleared", "the all-clear for it was given already");
    if (kind == FORM_ALL_CLEAR && json_is_true(json_object_get(of, "all_clear")))
        return refusal_set(refusal, "all_clear", "it is an all-clear itself; if it was wrong, correct it");
    if (rights_may_end(config, sender, text_of(of, "sender")))
        return true;
    return refusal_set(refusal, "not_issuer", "only its issuer, %.100s, or a level above may do this; stop silences it here",
                       text_of(of, "sender"));
}

json_t *follow_up_make(const struct config *config, enum form_kind kind, const json_t *of, json_t *terminals,
                       const json_t *asked, const char *sender, struct refusal *refusal)
{
    if (!may_follow(config, kind, of, terminals, asked, sender, refusal))
        return NULL;
    json_t *languages = languages_of(of);
    json_t *form = json_pack(
        "{s:s, s:o, s:s, s:s, s:o, s:O, s:o, s:[{s:s, s:s, s:s}], s:s}", "kind",
        kind == FORM_ALL_CLEAR ? "all_clear" : "correction", "status", lower(text_of(of, "status"), "actual"), "hazard",
        text_of(of, "hazard"), "level", text_of(of, "level"), "urgency", lower(text_of(of, "urgency"), "expected"), "terminals",
        terminals, "slots", slots_of(config, kind, of, asked), "references", "sender", text_of(of, "sender"), "identifier",
        text_of(of, "identifier"), "sent", text_of(of, "sent"), "reason", text_of(asked, "reason"));
    if (form && json_array_size(languages) > 0)
        json_object_set(form, "languages", languages);
    if (form && json_object_get(asked, "text"))
        json_object_set(form, "text", json_object_get(asked, "text"));
    if (form)
        set_places(form, asked);
    json_decref(languages);
    if (!form)
        refusal_set(refusal, "no_memory", "out of memory; try again");
    return form;
}
