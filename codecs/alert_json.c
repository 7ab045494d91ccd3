/* JSON by jansson, which rejects duplicates, bad UTF-8 and trailing bytes; each member is read by name. */
#include "codecs/alert_json.h"

#include "codecs/rfc3339.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char alert_geocode_place[] = "tocsin:place";
const char alert_geocode_terminal[] = "tocsin:terminal";

struct reading {
    json_t *root;
    struct alert_message *message;
    struct error *error;
};

static bool no_memory(struct error *error)
{
    error_set(error, ERROR_NO_MEMORY, "out of memory");
    return false;
}

static bool copy(const char *text, char **to, struct error *error)
{
    char *copied = strdup(text);
    *to = copied;
    return copied != NULL || no_memory(error);
}

/* The text of a value, which may not be empty; NULL after saying what is wrong with it. */
static const char *text_of(const json_t *value, const char *name, struct error *error)
{
    const char *text = json_string_value(value);
    if (!text)
        error_set(error, ERROR_INVALID, "%s: must be a text in quotes", name);
    else if (!*text)
        error_set(error, ERROR_INVALID, "%s: is empty; leave it out or say something", name);
    return text && *text ? text : NULL;
}

/* Copies a text; *to stays NULL where it is not there. */
static bool take_text(struct reading *r, const char *name, bool required, char **to)
{
    const json_t *value = json_object_get(r->root, name);
    if (!value)
        return !required || error_set(r->error, ERROR_MISSING, "%s: missing", name);
    const char *text = text_of(value, name, r->error);
    return text && copy(text, to, r->error);
}

/* One of the names, which end with NULL; otherwise where it is not there, and -1 for required. */
static bool take_choice(struct reading *r, const char *name, const char *const *names, int otherwise, int *choice)
{
    char *text = NULL, known[120] = "";
    *choice = otherwise;
    if (!take_text(r, name, otherwise < 0, &text))
        return false;
    for (int i = 0; text && names[i]; i++) {
        text_print(known + strlen(known), sizeof known - strlen(known), "%s\"%s\"", i ? ", " : "", names[i]);
        if (strcmp(text, names[i]) != 0)
            continue;
        *choice = i;
        free(text);
        return true;
    }
    bool absent = !text;
    if (!absent)
        error_set(r->error, ERROR_INVALID, "%s: must be one of %s, not \"%.40s\"", name, known, text);
    free(text);
    return absent;
}

static bool take_time(struct reading *r, const char *name, bool *has, struct wall *time)
{
    char *text = NULL;
    struct error why = {0};
    if (!take_text(r, name, false, &text))
        return false;
    *has = text != NULL;
    bool ok = !text || rfc3339_parse(slice_of(text), time, NULL, &why);
    free(text);
    return ok || error_set(r->error, ERROR_INVALID, "%s: %s", name, why.message);
}

/* A list of texts; its length counts against most. */
static bool read_texts(const json_t *list, const char *name, size_t most, char ***texts, size_t *n, struct error *error)
{
    const json_t *element;
    size_t i, size = json_array_size(list);
    if (!json_is_array(list))
        return error_set(error, ERROR_INVALID, "%s: must be a list, such as [\"360499103201\"]", name);
    if (size > most)
        return error_set(error, ERROR_TOO_LARGE, "%s: has %zu elements, at most %zu are taken", name, size, most);
    *texts = calloc(size + 1, sizeof **texts);
    if (!*texts)
        return no_memory(error);
    json_array_foreach(list, i, element)
    {
        const char *text = text_of(element, name, error);
        if (!text || !copy(text, &(*texts)[*n], error))
            return false;
        (*n)++;
    }
    return true;
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

/* ---- key and references ---- */

static bool read_key(struct reading *r)
{
    struct alert_message *m = r->message;
    struct error why = {0};
    if (!take_text(r, "identifier", true, &m->identifier) || !take_text(r, "sender", true, &m->sender) ||
        !take_text(r, "sent", true, &m->sent_text))
        return false;
    return rfc3339_parse(slice_of(m->sent_text), &m->sent, NULL, &why) ||
           error_set(r->error, ERROR_INVALID, "sent: %s", why.message);
}

static bool read_reference(const json_t *element, struct alert_reference *reference, struct error *error)
{
    struct error why = {0};
    const char *sender = text_of(json_object_get(element, "sender"), "references: sender", error);
    const char *identifier = sender ? text_of(json_object_get(element, "identifier"), "references: identifier", error) : NULL;
    const char *sent = identifier ? text_of(json_object_get(element, "sent"), "references: sent", error) : NULL;
    if (!sent || !copy(sender, &reference->sender, error) || !copy(identifier, &reference->identifier, error) ||
        !copy(sent, &reference->sent_text, error))
        return false;
    return rfc3339_parse(slice_of(sent), &reference->sent, NULL, &why) ||
           error_set(error, ERROR_INVALID, "references: sent: %s", why.message);
}

static bool read_references(struct reading *r)
{
    struct alert_message *m = r->message;
    const json_t *list = json_object_get(r->root, "references"), *element;
    size_t i, n = json_array_size(list);
    if (list && !json_is_array(list))
        return error_set(r->error, ERROR_INVALID, "references: must be a list of {sender, identifier, sent}");
    if (n > ALERT_JSON_REFERENCES_MAX)
        return error_set(r->error, ERROR_TOO_LARGE, "references: at most %d are taken", ALERT_JSON_REFERENCES_MAX);
    m->references = calloc(n + 1, sizeof *m->references);
    if (!m->references)
        return no_memory(r->error);
    json_array_foreach(list, i, element)
    {
        m->n_references++;
        if (!read_reference(element, &m->references[i], r->error))
            return false;
    }
    if (n == 0 && m->msg_type == MSG_UPDATE)
        return error_set(r->error, ERROR_MISSING, "references: missing; name the alert that this one is about");
    return true;
}

/* ---- slots ---- */

static struct form_value *add_value(struct alert_form *form, const char *slot, struct error *error)
{
    if (form->n_values == ALERT_JSON_SLOTS_MAX) {
        error_set(error, ERROR_TOO_LARGE, "slots: at most %d values are taken", ALERT_JSON_SLOTS_MAX);
        return NULL;
    }
    struct form_value *value = &form->values[form->n_values++];
    return copy(slot, &value->slot, error) ? value : NULL;
}

static bool read_slot(struct alert_form *form, const char *slot, json_t *given, struct error *error)
{
    const char *language, *text;
    json_t *in;
    char name[64];
    text_print(name, sizeof name, "slots: %s", slot);
    if (!json_is_object(given)) {
        struct form_value *value = add_value(form, slot, error);
        if (!value)
            return false;
        if (json_is_array(given))
            return read_texts(given, name, ALERT_JSON_AREA_MAX, &value->places, &value->n_places, error);
        text = text_of(given, name, error);
        return text && copy(text, &value->text, error);
    }
    json_object_foreach(given, language, in)
    {
        struct form_value *value = add_value(form, slot, error);
        text = value ? text_of(in, name, error) : NULL;
        if (!text || !copy(text, &value->text, error) || !copy(language, &value->language, error))
            return false;
    }
    return true;
}

static bool read_slots(struct reading *r)
{
    json_t *slots = json_object_get(r->root, "slots"), *given;
    const char *slot;
    struct alert_form *form = r->message->form;
    if (slots && !json_is_object(slots))
        return error_set(r->error, ERROR_INVALID, "slots: must be an object, such as {\"river\": \"清溪河\"}");
    json_object_foreach(slots, slot, given)
    {
        if (!read_slot(form, slot, given, r->error))
            return false;
    }
    return true;
}

static bool read_form(struct reading *r)
{
    static const char *const KINDS[] = {"alert", "update", "all_clear", "correction", NULL}; /* enum form_kind */
    struct alert_form *form = r->message->form = calloc(1, sizeof *form);
    int kind;
    if (!form || !(form->values = calloc(ALERT_JSON_SLOTS_MAX, sizeof *form->values)))
        return no_memory(r->error);
    if (!take_choice(r, "kind", KINDS, FORM_ALERT, &kind) || !take_text(r, "hazard", true, &form->hazard) ||
        !take_text(r, "level", true, &form->level))
        return false;
    form->kind = (enum form_kind)kind;
    r->message->msg_type = kind == FORM_ALERT ? MSG_ALERT : MSG_UPDATE;
    return read_slots(r);
}

/* ---- info blocks ---- */

/* What all blocks have in common; each has a copy of it. */
struct common {
    int urgency;
    bool has_effective, has_onset, has_expires;
    struct wall effective, onset, expires;
    char **places, **terminals;
    size_t n_places, n_terminals;
};

static bool read_common(struct reading *r, struct common *common)
{
    static const char *const URGENCIES[] = {"immediate", "expected", "future", NULL};
    json_t *places = json_object_get(r->root, "places"), *terminals = json_object_get(r->root, "terminals");
    if (!take_choice(r, "urgency", URGENCIES, 1, &common->urgency) ||
        !take_time(r, "effective", &common->has_effective, &common->effective) ||
        !take_time(r, "onset", &common->has_onset, &common->onset) ||
        !take_time(r, "expires", &common->has_expires, &common->expires))
        return false;
    if ((places && !read_texts(places, "places", ALERT_JSON_AREA_MAX, &common->places, &common->n_places, r->error)) ||
        (terminals && !read_texts(terminals, "terminals", ALERT_JSON_AREA_MAX - common->n_places, &common->terminals,
                                  &common->n_terminals, r->error)))
        return false;
    return common->n_places + common->n_terminals > 0 ||
           error_set(r->error, ERROR_MISSING, "places: missing; an alert without an area is refused: name the codes it is for");
}

static bool add_geocode(struct alert_area *area, const char *name, const char *value, struct error *error)
{
    struct alert_pair *pair = &area->geocodes[area->n_geocodes++];
    return copy(name, &pair->name, error) && copy(value, &pair->value, error);
}

static bool fill_area(const struct common *common, struct alert_info *info, struct error *error)
{
    struct alert_area *area = info->areas = calloc(1, sizeof *area);
    if (!area || !(area->geocodes = calloc(common->n_places + common->n_terminals, sizeof *area->geocodes)))
        return no_memory(error);
    info->n_areas = 1;
    for (size_t i = 0; i < common->n_places; i++)
        if (!add_geocode(area, alert_geocode_place, common->places[i], error))
            return false;
    for (size_t i = 0; i < common->n_terminals; i++)
        if (!add_geocode(area, alert_geocode_terminal, common->terminals[i], error))
            return false;
    return true;
}

static bool fill_speech(const struct json_t *texts, struct alert_info *info, struct error *error)
{
    const json_t *given = json_object_get(texts, info->language);
    if (!given)
        return true;
    const char *text = text_of(given, "text", error);
    info->parameters = calloc(1, sizeof *info->parameters);
    if (text && !info->parameters)
        return no_memory(error);
    info->n_parameters = info->parameters ? 1 : 0;
    return text && copy("speech", &info->parameters[0].name, error) && copy(text, &info->parameters[0].value, error);
}

static bool fill_response(struct alert_info *info, struct error *error)
{
    info->response_types = calloc(1, sizeof *info->response_types);
    if (!info->response_types)
        return no_memory(error);
    info->n_response_types = 1;
    return copy("AllClear", &info->response_types[0], error);
}

static bool fill_info(const struct reading *r, const struct common *common, const json_t *texts, const char *language,
                      struct alert_info *info)
{
    static const enum alert_urgency URGENCIES[] = {URGENCY_IMMEDIATE, URGENCY_EXPECTED, URGENCY_FUTURE};
    const struct alert_form *form = r->message->form;
    info->urgency = URGENCIES[common->urgency];
    info->has_effective = common->has_effective;
    info->effective = common->effective;
    info->has_onset = common->has_onset;
    info->onset = common->onset;
    info->has_expires = common->has_expires;
    info->expires = common->expires;
    return copy(language, &info->language, r->error) && copy(form->hazard, &info->event, r->error) &&
           (form->kind != FORM_ALL_CLEAR || fill_response(info, r->error)) && fill_area(common, info, r->error) &&
           fill_speech(texts, info, r->error);
}

/* What "text" says in a language that is not spoken would be lost without a word. */
static bool check_texts(json_t *texts, char *const *languages, size_t n, struct error *error)
{
    const char *language;
    const json_t *text;
    if (texts && !json_is_object(texts))
        return error_set(error, ERROR_INVALID, "text: must be an object, such as {\"zh\": \"...\"}");
    json_object_foreach(texts, language, text)
    {
        size_t i = 0;
        while (i < n && strcmp(languages[i], language) != 0)
            i++;
        if (i == n)
            return error_set(error, ERROR_INVALID, "text: \"%.20s\" is none of the languages", language);
    }
    return true;
}

static bool read_infos(struct reading *r, const struct common *common, char *const *languages, size_t n)
{
    struct alert_message *m = r->message;
    json_t *texts = json_object_get(r->root, "text");
    m->infos = calloc(n + 1, sizeof *m->infos);
    if (!m->infos)
        return no_memory(r->error);
    if (!check_texts(texts, languages, n, r->error))
        return false;
    for (size_t i = 0; i < n; i++) {
        m->n_infos++;
        if (!fill_info(r, common, texts, languages[i], &m->infos[i]))
            return false;
    }
    return true;
}

static bool read_languages(struct reading *r, char ***languages, size_t *n)
{
    json_t *given = json_object_get(r->root, "languages");
    json_t *both = given ? NULL : json_pack("[s, s]", "zh", "en");
    bool ok = read_texts(given ? given : both, "languages", ALERT_JSON_LANGUAGES_MAX, languages, n, r->error) &&
              (*n > 0 || error_set(r->error, ERROR_MISSING, "languages: is empty; name at least one"));
    json_decref(both);
    return ok;
}

static bool read_blocks(struct reading *r)
{
    struct common common = {0};
    char **languages = NULL;
    size_t n = 0;
    bool ok = read_common(r, &common) && read_languages(r, &languages, &n) && read_infos(r, &common, languages, n);
    free_texts(languages, n);
    free_texts(common.places, common.n_places);
    free_texts(common.terminals, common.n_terminals);
    return ok;
}

/* ---- all of it ---- */

static bool read_status(struct reading *r)
{
    static const char *const NAMES[] = {"actual", "exercise", "test", NULL};
    static const enum alert_status STATUSES[] = {STATUS_ACTUAL, STATUS_EXERCISE, STATUS_TEST};
    int status = -1;
    if (!take_choice(r, "status", NAMES, -1, &status) || status < 0)
        return false;
    r->message->status = STATUSES[status];
    return true;
}

/* Said before what is missing, for a member that is misspelt is missing as well. */
static bool all_known(const struct reading *r)
{
    static const char *const KNOWN[] = {"identifier", "sender", "sent",      "status", "kind",      "references",
                                        "hazard",     "level",  "urgency",   "places", "terminals", "languages",
                                        "slots",      "text",   "effective", "onset",  "expires",   "reason"};
    const char *name;
    json_t *value;
    json_object_foreach(r->root, name, value)
    {
        size_t i = 0;
        while (i < sizeof KNOWN / sizeof *KNOWN && strcmp(KNOWN[i], name) != 0)
            i++;
        if (i == sizeof KNOWN / sizeof *KNOWN)
            return error_set(r->error, ERROR_INVALID, "%.60s: is not known; it would not be said. See docs/api.yaml", name);
    }
    return true;
}

bool alert_json_decode(struct slice bytes, struct alert_message **message, struct error *error)
{
    json_error_t where;
    struct reading r = {.error = error};
    if (bytes.size > ALERT_JSON_SIZE_MAX)
        return error_set(error, ERROR_TOO_LARGE, "the alert has more than 1 MiB");
    r.root = json_loadb(bytes.data ? bytes.data : "", bytes.size, JSON_REJECT_DUPLICATES, &where);
    if (!r.root)
        return error_set(error, ERROR_INVALID, "not JSON: line %d: %.160s", where.line, where.text);
    if (!json_is_object(r.root)) {
        json_decref(r.root);
        return error_set(error, ERROR_INVALID, "not an alert: a JSON object is needed");
    }
    r.message = calloc(1, sizeof *r.message);
    bool ok = r.message || no_memory(error);
    ok = ok && all_known(&r) && read_key(&r) && read_status(&r) && read_form(&r) && read_references(&r) && read_blocks(&r) &&
         take_text(&r, "reason", false, &r.message->note);
    json_decref(r.root);
    if (ok)
        *message = r.message;
    else
        alert_message_free(r.message);
    return ok;
}
