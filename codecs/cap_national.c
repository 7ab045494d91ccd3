/* CAP: the form of China's national warning system (12379): <alert> without a namespace, with senderCode. Read as a tree, and
 * said again to cap_fields.c in the words of CAP 1.2; so what must be there and what is refused is the same. cap.h says which
 * element becomes what. */
#include "codecs/cap_internal.h"
#include "codecs/xml_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char cap_national_geocode_name[] = "geocode";
const char cap_national_event_code_name[] = "eventType";
const char cap_national_mark[] = "senderCode";

static const char method_of_speakers[] = "SPEAKER";

struct national {
    struct cap_reader reader;
    struct xml_tree tree;
    const char *issuer; /* sender, which is a name here */
    const char *sender; /* senderCode */
    const char *speech; /* what the issuer wants loudspeakers to say; empty: description */
};

/* What an element of one place is called in CAP. NULL: it is left out. */
struct renamed {
    const char *name, *as;
};

static const struct renamed OF_ALERT[] = {
    {"identifier", "identifier"}, {"senderCode", "sender"}, {"sendTime", "sent"}, {"status", "status"},
    {"msgType", "msgType"},       {"scope", "scope"},       {"note", "note"},     {NULL, NULL},
};

static const struct renamed OF_INFO[] = {
    {"language", "language"},
    {"urgency", "urgency"},
    {"effective", "effective"},
    {"onset", "onset"},
    {"expires", "expires"},
    {"headline", "headline"},
    {"description", "description"},
    {"instruction", "instruction"},
    {"web", "web"},
    {NULL, NULL},
};

static const struct renamed OF_RESOURCE[] = {
    {"resourceDesc", "resourceDesc"}, {"size", "size"}, {"digest", "digest"}, {NULL, NULL}};

/* The four colours of GB/T 34283's severity are the four levels, gravest first. */
static const struct renamed SEVERITIES[] = {
    {"Red", "Extreme"}, {"Orange", "Severe"}, {"Yellow", "Moderate"}, {"Blue", "Minor"}, {NULL, NULL}};

static const char *as_in_cap(const struct renamed *table, const char *name)
{
    while (table->name && strcasecmp(table->name, name) != 0)
        table++;
    return table->as;
}

static bool begin(struct national *n, enum cap_place place, const char *name)
{
    return cap_field_begin(&n->reader, cap_field_find(place, name));
}

static bool end(struct national *n, enum cap_place place, const char *name, struct slice text)
{
    return cap_field_end(&n->reader, cap_field_find(place, name), text);
}

static bool say(struct national *n, enum cap_place place, const char *name, struct slice text)
{
    return begin(n, place, name) && end(n, place, name, text);
}

static bool say_pair(struct national *n, enum cap_place place, const char *name, const char *value_name, struct slice value)
{
    return begin(n, place, name) && say(n, CAP_IN_PAIR, "valueName", slice_of(value_name)) &&
           say(n, CAP_IN_PAIR, "value", value) && end(n, place, name, (struct slice){0});
}

/* The children of an element one after the other; 0 behind the last. */
static size_t next_child(const struct xml_tree *tree, size_t parent, size_t after)
{
    for (size_t i = (after ? after : parent) + 1; i < tree->n; i++)
        if (tree->elements[i].parent == parent)
            return i;
    return 0;
}

/* Says each child of a place that the table names. */
static bool say_children(struct national *n, size_t parent, enum cap_place place, const struct renamed *table)
{
    for (size_t i = 0; (i = next_child(&n->tree, parent, i)) > 0;) {
        const struct xml_element *element = &n->tree.elements[i];
        const char *as = NULL;
        for (const struct renamed *row = table; row->name; row++)
            if (strcmp(row->name, element->name) == 0)
                as = row->as;
        if (as && !say(n, place, as, slice_of(element->text)))
            return false;
    }
    return true;
}

/* Takes the next part between commas, also wide ones, and white space; its size is 0 at the end. */
static struct slice take_part(const char **text)
{
    static const char wide_comma[] = "，";
    for (;;) {
        *text += strspn(*text, ", \t\r\n");
        if (strncmp(*text, wide_comma, sizeof wide_comma - 1) != 0)
            break;
        *text += sizeof wide_comma - 1;
    }
    size_t size = strcspn(*text, ", \t\r\n");
    const char *wide = strstr(*text, wide_comma);
    if (wide && (size_t)(wide - *text) < size)
        size = (size_t)(wide - *text);
    struct slice part = {*text, size};
    *text += size;
    return part;
}

/* Shapes are left out: the codes are required and say the area, while the order of a shape's coordinates is not said. */
static bool read_area(struct national *n, size_t area)
{
    size_t codes = xml_tree_child(&n->tree, area, "geocode", 0), name = xml_tree_child(&n->tree, area, "areaDesc", 0);
    const char *rest = codes ? n->tree.elements[codes].text : "";
    struct slice code;
    if (!begin(n, CAP_IN_INFO, "area") || (name && !say(n, CAP_IN_AREA, "areaDesc", slice_of(n->tree.elements[name].text))))
        return false;
    while ((code = take_part(&rest)).size > 0)
        if (!say_pair(n, CAP_IN_AREA, "geocode", cap_national_geocode_name, code))
            return false;
    return true;
}

static bool read_info_element(struct national *n, const struct xml_element *element, size_t i)
{
    struct slice text = slice_of(element->text);
    const char *severity = as_in_cap(SEVERITIES, element->text);
    if (strcmp(element->name, "severity") == 0)
        return say(n, CAP_IN_INFO, "severity", severity ? slice_of(severity) : text);
    if (strcmp(element->name, "certainty") == 0)
        return say(n, CAP_IN_INFO, "certainty", strcasecmp(element->text, "VeryLikely") == 0 ? slice_of("Likely") : text);
    if (strcmp(element->name, "eventType") == 0)
        return say(n, CAP_IN_INFO, "event", text) &&
               (!text.size || say_pair(n, CAP_IN_INFO, "eventCode", cap_national_event_code_name, text));
    if (strcmp(element->name, "resource") == 0)
        return begin(n, CAP_IN_INFO, "resource") && say_children(n, i, CAP_IN_RESOURCE, OF_RESOURCE);
    return strcmp(element->name, "area") != 0 || read_area(n, i);
}

/* senderName is the officer who signed it, which is not to be said: the issuer's name stands for it. */
static bool read_info(struct national *n, size_t info)
{
    if (!begin(n, CAP_IN_ALERT, "info") || !say_children(n, info, CAP_IN_INFO, OF_INFO) ||
        !say(n, CAP_IN_INFO, "senderName", slice_of(n->issuer)))
        return false;
    for (size_t i = 0; (i = next_child(&n->tree, info, i)) > 0;)
        if (!read_info_element(n, &n->tree.elements[i], i))
            return false;
    size_t language = xml_tree_child(&n->tree, info, "language", 0);
    if (!language && !say(n, CAP_IN_INFO, "language", slice_of("zh-CN")))
        return false;
    if (*n->speech && !say_pair(n, CAP_IN_INFO, "parameter", "speech", slice_of(n->speech)))
        return false;
    return end(n, CAP_IN_ALERT, "info", (struct slice){0});
}

/* "41000041600000_20200204121842" names an alert whole: what stands before _ is the code of its sender. */
static bool read_reference(struct national *n, struct slice identifier)
{
    struct alert_message *m = n->reader.message;
    struct alert_reference *grown = cap_grow(m->references, m->n_references, sizeof *grown);
    struct slice sender = {0}, rest;
    if (!grown)
        return cap_no_memory(&n->reader);
    m->references = grown;
    struct alert_reference *reference = &grown[m->n_references++];
    if (!cap_split(identifier, '_', &sender, &rest) || sender.size == 0)
        sender = slice_of(n->sender);
    return cap_copy_text(&n->reader, sender, &reference->sender) &&
           cap_copy_text(&n->reader, identifier, &reference->identifier);
}

static bool read_references(struct national *n)
{
    size_t element = xml_tree_child(&n->tree, 0, "references", 0);
    const char *rest = element ? n->tree.elements[element].text : "";
    struct slice part;
    while ((part = take_part(&rest)).size > 0)
        if (!read_reference(n, part))
            return false;
    return true;
}

/* code holds one method for each way of dissemination, with the text for it. */
static const char *speech_of(const struct xml_tree *tree)
{
    for (size_t code = 0; (code = xml_tree_child(tree, 0, "code", code)) > 0;)
        for (size_t method = 0; (method = xml_tree_child(tree, code, "method", method)) > 0;) {
            size_t name = xml_tree_child(tree, method, "methodName", 0);
            size_t text = xml_tree_child(tree, method, "message", 0);
            if (name && text && strcasecmp(tree->elements[name].text, method_of_speakers) == 0)
                return tree->elements[text].text;
        }
    return "";
}

static const char *text_of(const struct xml_tree *tree, const char *name)
{
    size_t element = xml_tree_child(tree, 0, name, 0);
    return element ? tree->elements[element].text : "";
}

/* What is for officers only is not of public scope, whatever scope says. */
static bool read_classification(struct national *n)
{
    if (strcasecmp(text_of(&n->tree, "secClassification"), "Inner") == 0)
        n->reader.message->scope = SCOPE_RESTRICTED;
    return true;
}

/* All of one event name its first alert: an Update and a Cancel in references, the first itself. */
static bool read_incident(struct national *n)
{
    struct alert_message *m = n->reader.message;
    const char *first = m->n_references > 0 ? m->references[0].identifier : m->identifier;
    return cap_copy_text(&n->reader, slice_of(first), &m->incidents);
}

static bool read_alert(struct national *n)
{
    n->issuer = text_of(&n->tree, "sender");
    n->sender = text_of(&n->tree, cap_national_mark);
    n->speech = speech_of(&n->tree);
    if (!begin(n, CAP_NO_PLACE, "alert") || !say_children(n, 0, CAP_IN_ALERT, OF_ALERT) || !read_references(n))
        return false;
    for (size_t i = 0; (i = xml_tree_child(&n->tree, 0, "info", i)) > 0;)
        if (!read_info(n, i))
            return false;
    return end(n, CAP_NO_PLACE, "alert", (struct slice){0}) && read_incident(n) && read_classification(n);
}

static bool read_tree(struct national *n, struct slice bytes)
{
    return xml_tree_read(bytes, &n->tree, &n->reader.error) || error_prefix(&n->reader.error, "not CAP");
}

bool cap_national_decode(struct slice bytes, struct alert_message **message, struct error *error)
{
    struct national n = {.reader = {.message = calloc(1, sizeof **message)}};
    bool ok = n.reader.message ? read_tree(&n, bytes) && read_alert(&n) : cap_no_memory(&n.reader);
    xml_tree_free(&n.tree);
    free(n.reader.pair.name);
    free(n.reader.pair.value);
    if (ok) {
        *message = n.reader.message;
        return true;
    }
    alert_message_free(n.reader.message);
    return error_set(error, n.reader.error.code, "%s", n.reader.error.message);
}
