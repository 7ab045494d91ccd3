/* The elements of CAP, as a table: where each may stand, what it may say, and where its value goes.
 *
 * Liberal: an empty element is an absent one, except the value of a pair, which is kept as an empty text; a text that
 * decides nothing and is given twice counts the first time; urgency, severity and certainty that are not listed are
 * UNKNOWN, and size is absent when it is no number; listed words count in upper and lower case; blanks and line breaks round
 * the commas of a reference are none of it. A pair without a name or value keeps empty texts: intake lists a
 * geocode that it cannot place, and one such geocode must not silence the others. CAP 1.0 writes a pair as "name=value". */
#include "codecs/cap_internal.h"
#include "codecs/rfc3339.h"

#include <stdlib.h>
#include <string.h>

static const char default_language[] = "en-US"; /* CAP 1.2, 3.2.2 */

static struct alert_info *last_info(struct cap_reader *reader)
{
    return &reader->message->infos[reader->message->n_infos - 1];
}

static struct alert_area *last_area(struct cap_reader *reader)
{
    struct alert_info *info = last_info(reader);
    return &info->areas[info->n_areas - 1];
}

static struct alert_resource *last_resource(struct cap_reader *reader)
{
    struct alert_info *info = last_info(reader);
    return &info->resources[info->n_resources - 1];
}

static char *struct_of(struct cap_reader *reader, const struct cap_field *field)
{
    switch (field->in) {
    case CAP_IN_INFO: return (char *)last_info(reader);
    case CAP_IN_RESOURCE: return (char *)last_resource(reader);
    case CAP_IN_AREA: return (char *)last_area(reader);
    case CAP_IN_PAIR: return (char *)&reader->pair;
    case CAP_NO_PLACE:
    case CAP_IN_ALERT: break;
    }
    return (char *)reader->message;
}

static void *target(struct cap_reader *reader, const struct cap_field *field)
{
    return struct_of(reader, field) + field->offset;
}

static void *beside(struct cap_reader *reader, const struct cap_field *field)
{
    return struct_of(reader, field) + field->beside;
}

static bool end_text(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    char **value = target(reader, field);
    return *value || text.size == 0 || cap_copy_text(reader, text, value);
}

static bool end_pair_text(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    return cap_copy_text(reader, text, target(reader, field));
}

/* identifier and sender name the alert in logs, references and the store: one line of bounded length. */
static bool end_identity(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    if (text.size == 0)
        return cap_refuse(reader, ERROR_MISSING, field->name, "empty; CAP 1.2 requires it");
    if (text.size > CAP_IDENTITY_MAX)
        return cap_refuse(reader, ERROR_TOO_LARGE, field->name, "%zu bytes; at most %d are allowed", text.size,
                          CAP_IDENTITY_MAX);
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7F)
            return cap_refuse(reader, ERROR_INVALID, field->name, "has a line break or control character in it; remove it");
    return cap_copy_text(reader, text, target(reader, field));
}

/* Every enum of the message is an unsigned int. */
static void set_enum(struct cap_reader *reader, const struct cap_field *field, int value)
{
    unsigned number = (unsigned)value;
    _Static_assert(sizeof(enum alert_status) == sizeof number && sizeof(enum alert_severity) == sizeof number, "set_enum");
    memcpy(target(reader, field), &number, sizeof number);
}

static bool end_choice(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    if (text.size == 0)
        return cap_refuse(reader, ERROR_MISSING, field->name, "empty; use one of %s", field->words);
    int found = cap_find_word(field->words, text, true);
    if (found < 0)
        return cap_refuse(reader, ERROR_INVALID, field->name, "\"%s\" is not known; use one of %s", cap_quote(text).text,
                          field->words);
    set_enum(reader, field, found);
    return true;
}

static bool end_estimate(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    int found = cap_find_word(field->words, text, true);
    set_enum(reader, field, found < 0 ? 0 : found);
    return true;
}

/* CAP 1.0 had "Very Likely", which CAP 1.1 tells to read as Likely (3.2.2). */
static bool end_certainty(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    return end_estimate(reader, field, cap_equal(text, slice_of("Very Likely"), true) ? slice_of("Likely") : text);
}

static bool read_time(struct cap_reader *reader, const struct cap_field *field, struct slice text, struct wall *time)
{
    struct error error;
    if (rfc3339_parse(text, time, NULL, &error))
        return true;
    return cap_refuse(reader, error.code, field->name, "\"%s\": %s", cap_quote(text).text, error.message);
}

static bool end_sent(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    if (text.size == 0)
        return cap_refuse(reader, ERROR_MISSING, field->name, "empty; CAP 1.2 requires the date and time of sending");
    if (text.size > CAP_TIME_MAX)
        return cap_refuse(reader, ERROR_TOO_LARGE, field->name, "%zu bytes; at most %d are allowed", text.size, CAP_TIME_MAX);
    return read_time(reader, field, text, target(reader, field)) && cap_copy_text(reader, text, &reader->message->sent_text);
}

/* A time that may be absent. */
static bool end_time(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    *(bool *)beside(reader, field) = text.size > 0;
    return text.size == 0 || read_time(reader, field, text, target(reader, field));
}

/* One "sender,identifier,sent". */
static bool read_reference(struct cap_reader *reader, const struct cap_field *field, struct slice word,
                           struct alert_reference *reference)
{
    struct slice sender = {0}, identifier = {0}, sent = {0}, rest;
    if (cap_split(word, ',', &sender, &rest))
        cap_split(rest, ',', &identifier, &sent);
    sender = cap_trim(sender), identifier = cap_trim(identifier), sent = cap_trim(sent);
    if (!sender.size || !identifier.size || !rfc3339_parse(sent, &reference->sent, NULL, NULL))
        return cap_refuse(reader, ERROR_INVALID, field->name,
                          "\"%s\" is not sender,identifier,sent; separate several by spaces", cap_quote(word).text);
    return cap_copy_text(reader, sender, &reference->sender) && cap_copy_text(reader, identifier, &reference->identifier) &&
           cap_copy_text(reader, sent, &reference->sent_text);
}

static bool end_references(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    struct alert_message *message = reader->message;
    struct slice word;
    while (cap_take_list(&text, &word)) {
        struct alert_reference *grown = cap_grow(message->references, message->n_references, sizeof *grown);
        if (!grown)
            return cap_no_memory(reader);
        message->references = grown;
        if (!read_reference(reader, field, word, &grown[message->n_references++]))
            return false;
    }
    return true;
}

static bool end_list(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    if (text.size == 0)
        return true;
    char ***texts = target(reader, field);
    size_t *n = beside(reader, field);
    char **grown = cap_grow(*texts, *n, sizeof *grown);
    if (!grown)
        return cap_no_memory(reader);
    *texts = grown;
    return cap_copy_text(reader, text, &grown[(*n)++]);
}

static bool end_size(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    double size;
    if (cap_number(text, &size) && size >= 0 && size < 9e15)
        *(int64_t *)target(reader, field) = (int64_t)size;
    return true;
}

static bool end_feet(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    bool *has = beside(reader, field);
    *has = text.size > 0;
    if (!*has || cap_number(text, target(reader, field)))
        return true;
    return cap_refuse(reader, ERROR_INVALID, field->name, "\"%s\" is not a number of feet", cap_quote(text).text);
}

static bool end_polygon(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    (void)field;
    return text.size == 0 || cap_add_polygon(reader, last_area(reader), text);
}

static bool end_circle(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    (void)field;
    return text.size == 0 || cap_add_circle(reader, last_area(reader), text);
}

/* The pair's own text counts only where it has no elements in it, as in CAP 1.0. */
static bool end_pair(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    struct alert_pair **pairs = target(reader, field);
    size_t *n = beside(reader, field);
    struct alert_pair *pair = &reader->pair;
    struct slice name = {0}, value = text;
    if (pair->name || pair->value)
        value.size = 0;
    else
        cap_split(text, '=', &name, &value);
    if (!pair->name && !cap_copy_text(reader, cap_trim(name), &pair->name))
        return false;
    if (!pair->value && !cap_copy_text(reader, cap_trim(value), &pair->value))
        return false;
    struct alert_pair *grown = cap_grow(*pairs, *n, sizeof *grown);
    if (!grown)
        return cap_no_memory(reader);
    *pairs = grown;
    grown[(*n)++] = *pair;
    *pair = (struct alert_pair){0};
    return true;
}

static bool begin_info(struct cap_reader *reader)
{
    struct alert_message *message = reader->message;
    if (message->n_infos == CAP_INFOS_MAX)
        return cap_refuse(reader, ERROR_TOO_LARGE, "info", "more than %d of them", CAP_INFOS_MAX);
    struct alert_info *grown = cap_grow(message->infos, message->n_infos, sizeof *grown);
    if (!grown)
        return cap_no_memory(reader);
    message->infos = grown;
    message->n_infos++;
    return true;
}

static bool begin_resource(struct cap_reader *reader)
{
    struct alert_info *info = last_info(reader);
    struct alert_resource *grown = cap_grow(info->resources, info->n_resources, sizeof *grown);
    if (!grown)
        return cap_no_memory(reader);
    info->resources = grown;
    grown[info->n_resources++].size = -1;
    return true;
}

static bool begin_area(struct cap_reader *reader)
{
    struct alert_info *info = last_info(reader);
    struct alert_area *grown = cap_grow(info->areas, info->n_areas, sizeof *grown);
    if (!grown)
        return cap_no_memory(reader);
    info->areas = grown;
    info->n_areas++;
    return true;
}

static bool end_info(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    (void)field, (void)text;
    char **language = &last_info(reader)->language;
    return *language || cap_copy_text(reader, slice_of(default_language), language);
}

static bool end_alert(struct cap_reader *reader, const struct cap_field *field, struct slice text);

#define AT(type, member) .offset = offsetof(struct type, member)
#define LIST(type, member) AT(type, member), .beside = offsetof(struct type, n_##member)
#define MAYBE(type, member) AT(type, member), .beside = offsetof(struct type, has_##member)
#define ONCE .once = true
#define REQUIRED .once = true, .required = true
static const struct cap_field fields[] = {
    {CAP_NO_PLACE, "alert", end_alert, 0, .opens = CAP_IN_ALERT},

    {CAP_IN_ALERT, "identifier", end_identity, AT(alert_message, identifier), REQUIRED},
    {CAP_IN_ALERT, "sender", end_identity, AT(alert_message, sender), REQUIRED},
    {CAP_IN_ALERT, "sent", end_sent, AT(alert_message, sent), REQUIRED},
    {CAP_IN_ALERT, "status", end_choice, AT(alert_message, status), "Actual, Exercise, System, Test, Draft", REQUIRED},
    {CAP_IN_ALERT, "msgType", end_choice, AT(alert_message, msg_type), "Alert, Update, Cancel, Ack, Error", REQUIRED},
    {CAP_IN_ALERT, "scope", end_choice, AT(alert_message, scope), "Public, Restricted, Private", REQUIRED},
    {CAP_IN_ALERT, "source", end_text, AT(alert_message, source)},
    {CAP_IN_ALERT, "restriction", end_text, AT(alert_message, restriction)},
    {CAP_IN_ALERT, "addresses", end_text, AT(alert_message, addresses)},
    {CAP_IN_ALERT, "code", end_list, LIST(alert_message, codes)},
    {CAP_IN_ALERT, "note", end_text, AT(alert_message, note)},
    {CAP_IN_ALERT, "references", end_references, LIST(alert_message, references), ONCE},
    {CAP_IN_ALERT, "incidents", end_text, AT(alert_message, incidents)},
    {CAP_IN_ALERT, "info", end_info, LIST(alert_message, infos), .opens = CAP_IN_INFO, .begin = begin_info},

    {CAP_IN_INFO, "language", end_text, AT(alert_info, language), ONCE},
    {CAP_IN_INFO, "category", end_list, LIST(alert_info, categories)},
    {CAP_IN_INFO, "event", end_text, AT(alert_info, event), ONCE},
    {CAP_IN_INFO, "responseType", end_list, LIST(alert_info, response_types)},
    {CAP_IN_INFO, "urgency", end_estimate, AT(alert_info, urgency), "Unknown, Immediate, Expected, Future, Past", ONCE},
    {CAP_IN_INFO, "severity", end_estimate, AT(alert_info, severity), "Unknown, Extreme, Severe, Moderate, Minor", ONCE},
    {CAP_IN_INFO, "certainty", end_certainty, AT(alert_info, certainty), "Unknown, Observed, Likely, Possible, Unlikely", ONCE},
    {CAP_IN_INFO, "audience", end_text, AT(alert_info, audience)},
    {CAP_IN_INFO, "eventCode", end_pair, LIST(alert_info, event_codes), .opens = CAP_IN_PAIR},
    {CAP_IN_INFO, "effective", end_time, MAYBE(alert_info, effective), ONCE},
    {CAP_IN_INFO, "onset", end_time, MAYBE(alert_info, onset), ONCE},
    {CAP_IN_INFO, "expires", end_time, MAYBE(alert_info, expires), ONCE},
    {CAP_IN_INFO, "senderName", end_text, AT(alert_info, sender_name)},
    {CAP_IN_INFO, "headline", end_text, AT(alert_info, headline)},
    {CAP_IN_INFO, "description", end_text, AT(alert_info, text)},
    {CAP_IN_INFO, "instruction", end_text, AT(alert_info, instruction)},
    {CAP_IN_INFO, "web", end_text, AT(alert_info, web)},
    {CAP_IN_INFO, "contact", end_text, AT(alert_info, contact)},
    {CAP_IN_INFO, "parameter", end_pair, LIST(alert_info, parameters), .opens = CAP_IN_PAIR},
    {CAP_IN_INFO, "resource", NULL, LIST(alert_info, resources), .opens = CAP_IN_RESOURCE, .begin = begin_resource},
    {CAP_IN_INFO, "area", NULL, LIST(alert_info, areas), .opens = CAP_IN_AREA, .begin = begin_area},

    {CAP_IN_RESOURCE, "resourceDesc", end_text, AT(alert_resource, description)},
    {CAP_IN_RESOURCE, "mimeType", end_text, AT(alert_resource, mime_type)},
    {CAP_IN_RESOURCE, "size", end_size, AT(alert_resource, size)},
    {CAP_IN_RESOURCE, "uri", end_text, AT(alert_resource, uri)},
    {CAP_IN_RESOURCE, "derefUri", end_text, AT(alert_resource, deref_uri)},
    {CAP_IN_RESOURCE, "digest", end_text, AT(alert_resource, digest)},

    {CAP_IN_AREA, "areaDesc", end_text, AT(alert_area, description)},
    {CAP_IN_AREA, "polygon", end_polygon, LIST(alert_area, polygons)},
    {CAP_IN_AREA, "circle", end_circle, LIST(alert_area, circles)},
    {CAP_IN_AREA, "geocode", end_pair, LIST(alert_area, geocodes), .opens = CAP_IN_PAIR},
    {CAP_IN_AREA, "altitude", end_feet, MAYBE(alert_area, altitude), ONCE},
    {CAP_IN_AREA, "ceiling", end_feet, MAYBE(alert_area, ceiling), ONCE},

    {CAP_IN_PAIR, "valueName", end_pair_text, AT(alert_pair, name), ONCE},
    {CAP_IN_PAIR, "value", end_pair_text, AT(alert_pair, value), ONCE},
};

enum { N_FIELDS = sizeof fields / sizeof fields[0] };
_Static_assert(N_FIELDS <= 64, "cap_reader.seen has a bit for each field");

static uint64_t bit_of(const struct cap_field *field)
{
    return UINT64_C(1) << (field - fields);
}

static bool end_alert(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    (void)field, (void)text;
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (!fields[i].required || (reader->seen & bit_of(&fields[i])))
            continue;
        reader->line = 0;
        return cap_refuse(reader, ERROR_MISSING, fields[i].name, "missing; CAP 1.2 requires it%s%s",
                          fields[i].words ? ", one of " : "", fields[i].words ? fields[i].words : "");
    }
    return true;
}

const struct cap_field *cap_field_find(enum cap_place place, const char *name)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (fields[i].in == place && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool cap_field_begin(struct cap_reader *reader, const struct cap_field *field)
{
    if (field->once && (reader->seen & bit_of(field)))
        return cap_refuse(reader, ERROR_INVALID, field->name, "given twice; only one can hold");
    reader->seen |= bit_of(field);
    for (size_t i = 0; field->opens && i < N_FIELDS; i++)
        if (fields[i].in == field->opens)
            reader->seen &= ~bit_of(&fields[i]);
    return !field->begin || field->begin(reader);
}

bool cap_field_end(struct cap_reader *reader, const struct cap_field *field, struct slice text)
{
    return !field->end || field->end(reader, field, cap_trim(text));
}
