/* Values go in the order of who knows best: what the alert says, what its places are, what holds for all. */
#include "controller/phrase.h"

#include "controller/gazetteer.h"
#include "controller/rights.h"
#include "controller/template.h"
#include "controller/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PHRASE_TEXT_MAX = 700 };

struct phrase {
    const struct config *config;
    struct alert *alert;
    const struct gazetteer_heard *heard;
    enum text_language language;
    char *values[SLOT_COUNT]; /* owned; NULL: none yet */
    bool shelters_differ;     /* too many to name */
};

/* Bytes of the mark or blank at its end. */
static size_t last_mark(const char *text)
{
    static const char *const MARKS[] = {"。", "！", "？", "；", "，", "、", ".", "!", "?", ";", ",", " "};
    size_t size = strlen(text);
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++) {
        size_t n = strlen(MARKS[i]);
        if (size >= n && strcmp(text + size - n, MARKS[i]) == 0)
            return n;
    }
    return 0;
}

/* Without the marks at its end: those of the text stand behind it. */
static void give(struct phrase *phrase, enum slot slot, const char *text)
{
    if (phrase->values[slot] || !text || !*text)
        return;
    char *value = phrase->values[slot] = strdup(text);
    for (size_t n; value && (n = last_mark(value)) > 0;)
        value[strlen(value) - n] = '\0';
} /* NOLINT(clang-analyzer-unix.Malloc): phrase_alert frees all values */

static void note_once(json_t *notes, const char *note)
{
    const json_t *other;
    size_t i;
    json_array_foreach(notes, i, other)
    {
        if (strcmp(json_string_value(other), note) == 0)
            return;
    }
    json_array_append_new(notes, json_string(note));
}

/* ---- places ---- */

/* Of a list of ids or codes. False for one that is not known. Free with gazetteer_free in any case. */
static bool find_places(const struct phrase *phrase, char *const *ids, size_t n, struct gazetteer_heard *named,
                        const char **unknown)
{
    *named = (struct gazetteer_heard){.said = calloc(n + 1, sizeof(struct config_place *)),
                                      .places = calloc(n + 1, sizeof(struct config_place *))};
    bool known = named->said && named->places;
    for (size_t i = 0; known && i < n; i++) {
        struct area_code code;
        const struct config_place *place =
            config_find_place_id(phrase->config, area_code_parse(slice_of(ids[i]), &code, NULL) ? code.digits : ids[i]);
        *unknown = ids[i];
        known = place != NULL;
        if (known)
            named->said[named->n_said++] = named->places[named->n_places++] = place;
    }
    return known;
}

static bool join_places(const struct phrase *phrase, char *const *ids, size_t n, char *text, size_t size, const char **unknown)
{
    struct gazetteer_heard named;
    bool known = find_places(phrase, ids, n, &named, unknown);
    if (known)
        gazetteer_names(&named, phrase->language, text, size);
    gazetteer_free(&named);
    return known;
}

/* Where those go who must move after all; who was named by mistake hears it too, and stays. */
static void give_shelter_of_right(struct phrase *phrase)
{
    const struct alert_form *form = phrase->alert->message->form;
    for (size_t i = 0; i < form->n_values; i++) {
        const struct form_value *value = &form->values[i];
        struct gazetteer_heard named;
        const char *unknown;
        char text[PHRASE_TEXT_MAX] = "";
        if (slot_named(value->slot) != SLOT_RIGHT || value->text)
            continue;
        if (find_places(phrase, value->places, value->n_places, &named, &unknown) && !phrase->values[SLOT_SHELTER]) {
            phrase->shelters_differ = !gazetteer_shelter(&named, phrase->language, text, sizeof text);
            give(phrase, SLOT_SHELTER, text);
        }
        gazetteer_free(&named);
    }
}

/* What is known of those who hear it. */
static void give_heard(struct phrase *phrase)
{
    static const struct {
        enum slot slot;
        enum place_words words;
    } WORDS[] = {{SLOT_ROUTE, PLACE_ROUTE}, {SLOT_CLOSED, PLACE_CLOSED}, {SLOT_RIVER, PLACE_RIVER}};
    const struct gazetteer_heard *heard = phrase->heard;
    char text[PHRASE_TEXT_MAX] = "";
    if (gazetteer_names(heard, phrase->language, text, sizeof text))
        give(phrase, SLOT_PLACES, text);
    if (!phrase->values[SLOT_SHELTER] && heard->n_places > 0) {
        phrase->shelters_differ = !gazetteer_shelter(heard, phrase->language, text, sizeof text);
        give(phrase, SLOT_SHELTER, text);
    }
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        gazetteer_words(heard, WORDS[i].words, phrase->language, text, sizeof text);
        give(phrase, WORDS[i].slot, text);
    }
    if (gazetteer_phone(phrase->config, heard, phrase->language, text, sizeof text))
        give(phrase, SLOT_PHONE, text);
}

/* The reservoir, dyke or hazard point that it names. */
static void give_feature(struct phrase *phrase)
{
    const struct config_place *feature = phrase->alert->feature;
    if (!feature)
        return;
    give(phrase, SLOT_POINT, feature->name[phrase->language]);
    give(phrase, SLOT_RIVER, feature->words[PLACE_RIVER][phrase->language]);
    if (feature->kind != PLACE_RESERVOIR)
        return;
    give(phrase, SLOT_RESERVOIR, feature->name[phrase->language]);
    give(phrase, SLOT_OPERATOR, feature->words[PLACE_OPERATOR][phrase->language]);
}

/* ---- values ---- */

/* Chinese characters and marks: U+3000 to U+9FFF, and the wide forms from U+FF00. */
static bool has_chinese(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if ((*p >= 0xE3 && *p <= 0xE9) || *p == 0xEF)
            return true;
    return false;
}

static void note_other_language(const struct phrase *phrase, const struct form_value *value)
{
    char note[160];
    text_print(note, sizeof note,
               "one_language: {%.32s} is in Chinese and said so in English too; give it as {\"zh\": \"...\", \"en\": \"...\"}",
               value->slot);
    if (phrase->language == TEXT_EN && !value->language && value->text && has_chinese(value->text))
        note_once(phrase->alert->notes, note);
}

/* A value of the form that is good for this language. */
static bool give_value(struct phrase *phrase, const struct form_value *value, struct refusal *refusal)
{
    enum slot slot = slot_named(value->slot);
    enum text_language language = phrase->language;
    char names[PHRASE_TEXT_MAX];
    const char *unknown = "";
    if (slot == SLOT_COUNT)
        return refusal_set(refusal, "slot_unknown", "slots: there is no slot \"%.40s\"; docs/configuration.md lists them",
                           value->slot);
    if (value->language && (!words_own_language(value->language, &language) || language != phrase->language))
        return true;
    if (!value->text && !join_places(phrase, value->places, value->n_places, names, sizeof names, &unknown))
        return refusal_set(refusal, "place_unknown", "slots: no place %.60s is configured, so its name is not known", unknown);
    note_other_language(phrase, value);
    bool number = slot == SLOT_PHONE && value->text && !value->text[strspn(value->text, "0123456789 +-()")];
    if (number && gazetteer_spell(value->text, language, names, sizeof names))
        give(phrase, slot, names);
    give(phrase, slot, value->text ? value->text : names);
    return true;
}

static bool give_form(struct phrase *phrase, struct refusal *refusal)
{
    const struct alert_form *form = phrase->alert->message->form;
    for (size_t i = 0; i < form->n_values; i++)
        if (!give_value(phrase, &form->values[i], refusal))
            return false;
    return true;
}

static void give_issuer(struct phrase *phrase)
{
    const struct config *config = phrase->config;
    const struct config_source *source = rights_source_of(config, phrase->alert->message->sender);
    bool zh = phrase->language == TEXT_ZH;
    if (source)
        give(phrase, SLOT_ISSUER, zh ? source->name_zh : source->name_en);
    give(phrase, SLOT_ISSUER, zh ? config->site_name_zh : config->site_name_en);
}

static void give_times(struct phrase *phrase)
{
    const struct alert *alert = phrase->alert;
    char text[TEMPLATE_TIME_SIZE];
    template_time(alert->received, phrase->config->utc_offset_minutes, phrase->language, text);
    give(phrase, SLOT_TIME, text);
    if (!alert->first_info->has_onset)
        return;
    template_time(alert->first_info->onset, phrase->config->utc_offset_minutes, phrase->language, text);
    give(phrase, SLOT_START, text);
}

static const char *text_in(const struct phrase *phrase, enum text_key key)
{
    return phrase->config->texts[key].in[phrase->language];
}

/* What is right: whoever else must move, or that nobody has to. */
static void give_correct(struct phrase *phrase)
{
    struct template_values values = {0};
    struct error error;
    for (size_t slot = 0; slot < SLOT_COUNT; slot++)
        values.of[slot] = phrase->values[slot];
    char *place = phrase->values[SLOT_RIGHT] && phrase->values[SLOT_WRONG]
                      ? template_fill(text_in(phrase, TEXT_CORRECT_PLACE), phrase->language, &values, &error)
                      : NULL;
    give(phrase, SLOT_CORRECT, place ? place : text_in(phrase, TEXT_CORRECT_NO_DANGER));
    free(place);
}

static void give_rest(struct phrase *phrase)
{
    static const char *const EVERYBODY[TEXT_LANGUAGES] = {"大家", "Everyone"}, *const OTHERS[TEXT_LANGUAGES] = {
                                                                                   "其他人", "Everyone else"};
    if (phrase->alert->message->form->kind == FORM_CORRECTION)
        give_shelter_of_right(phrase);
    give_feature(phrase);
    give_heard(phrase);
    give_issuer(phrase);
    give_times(phrase);
    give(phrase, SLOT_HAZARD, phrase->config->hazards[phrase->alert->hazard].spoken[phrase->language]);
    give(phrase, SLOT_ZONE, phrase->values[SLOT_PLACES]);
    give(phrase, SLOT_STATE, text_in(phrase, TEXT_FLASH_FLOOD_COMING));
    give(phrase, SLOT_RETURN, phrase->values[SLOT_STAY] ? OTHERS[phrase->language] : EVERYBODY[phrase->language]);
    give_correct(phrase);
}

/* ---- texts ---- */

static const char *choose_text(const struct phrase *phrase)
{
    const struct alert *alert = phrase->alert;
    switch (alert->message->form->kind) {
    case FORM_UPDATE: return text_in(phrase, TEXT_UPDATE);
    case FORM_ALL_CLEAR: return text_in(phrase, TEXT_ALL_CLEAR);
    case FORM_CORRECTION: return text_in(phrase, TEXT_CORRECTION);
    case FORM_ALERT: break;
    }
    return alert->message->status == STATUS_EXERCISE ? text_in(phrase, TEXT_DRILL)
                                                     : phrase->config->hazards[alert->hazard].text.in[phrase->language];
}

/* What was given for a slot that the text does not have is not said. */
static void note_unsaid(const struct phrase *phrase, const char *text)
{
    const struct alert_form *form = phrase->alert->message->form;
    for (size_t i = 0; i < form->n_values; i++) {
        enum slot slot = slot_named(form->values[i].slot);
        char name[40], note[100];
        bool of_correct = form->kind == FORM_CORRECTION && (slot == SLOT_RIGHT || slot == SLOT_WRONG || slot == SLOT_SHELTER);
        text_print(name, sizeof name, "{%s}", form->values[i].slot);
        text_print(note, sizeof note, "not_said: the text for this has no %s", name);
        if (!of_correct && !strstr(text, name))
            note_once(phrase->alert->notes, note);
    }
}

static void note_shelters(const struct phrase *phrase, const char *text)
{
    bool of_correct = phrase->alert->message->form->kind == FORM_CORRECTION && phrase->values[SLOT_RIGHT];
    if (phrase->shelters_differ && (of_correct || strstr(text, "{shelter}")))
        note_once(phrase->alert->notes,
                  "shelters_differ: they are too many to name; it says 原定安置点, \"your agreed shelter\"");
}

static bool set_speech(struct alert_info *info, char *text)
{
    struct alert_pair *pairs = realloc(info->parameters, (info->n_parameters + 1) * sizeof *pairs);
    char *name = strdup("speech");
    if (pairs)
        info->parameters = pairs;
    if (!pairs || !name) {
        free(name);
        free(text);
        return false;
    }
    struct alert_pair *pair = &info->parameters[info->n_parameters++];
    pair->name = name;
    pair->value = text;
    return true;
}

static bool phrase_info(struct phrase *phrase, struct alert_info *info, struct refusal *refusal)
{
    struct template_values values = {0};
    struct error error = {0};
    if (!give_form(phrase, refusal))
        return false;
    give_rest(phrase);
    const char *text = choose_text(phrase);
    for (size_t slot = 0; slot < SLOT_COUNT; slot++)
        values.of[slot] = phrase->values[slot];
    char *filled = template_fill(text, phrase->language, &values, &error);
    if (!filled)
        return refusal_set(refusal, "slot_missing",
                           strstr(error.message, "{start}")
                               ? "slots: %s; give it in slots ({start} also as onset), or words of your own in text"
                               : "slots: %s; give it in slots, or words of your own in text",
                           error.message);
    note_unsaid(phrase, text);
    note_shelters(phrase, text);
    return set_speech(info, filled) || refusal_set(refusal, "no_memory", "out of memory; try again");
}

static bool has_speech(const struct alert_info *info)
{
    for (size_t i = 0; i < info->n_parameters; i++)
        if (strcasecmp(info->parameters[i].name, "speech") == 0)
            return true;
    return false;
}

bool phrase_alert(const struct config *config, struct alert *alert, struct refusal *refusal)
{
    struct gazetteer_heard heard;
    bool ok = gazetteer_hear(config, alert->terminals, alert->n_terminals, alert->groups, alert->n_groups, &heard) ||
              refusal_set(refusal, "no_memory", "out of memory; try again");
    for (size_t i = 0; ok && i < alert->message->n_infos; i++) {
        struct alert_info *info = &alert->message->infos[i];
        struct phrase phrase = {.config = config, .alert = alert, .heard = &heard};
        if (has_speech(info) || !words_own_language(info->language, &phrase.language))
            continue;
        ok = phrase_info(&phrase, info, refusal);
        for (size_t slot = 0; slot < SLOT_COUNT; slot++)
            free(phrase.values[slot]);
    }
    gazetteer_free(&heard);
    return ok;
}
