/* CAP: the XML side of the decoder, on expat. It knows which elements are open and what stands in them; what an element
 * means is in cap_fields.c. What is unknown, of another namespace or signed is skipped with all that is in it. An <alert>
 * without any namespace is read as well: what it must say to be one is asked of it all the same. */
#include "codecs/cap.h"
#include "codecs/cap_internal.h"
#include "codecs/xml_source.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stands between namespace and name in what expat reports. No XML name has it, so the last one is always expat's. */
static const char separator = '|';

static const char *const namespaces[] = {
    "urn:oasis:names:tc:emergency:cap:1.2",
    "urn:oasis:names:tc:emergency:cap:1.1",
    "http://www.incident.com/cap/1.0",
};

struct decoder {
    struct cap_reader reader;
    XML_Parser parser;
    const struct cap_field *open[CAP_DEPTH_MAX]; /* the elements from the root inward; NULL: not understood */
    size_t depth, n_elements;
    bool plain;    /* the root is <alert> without a namespace */
    bool national; /* and the document is of the Chinese national form */
    char *text;    /* of the innermost element that is understood */
    size_t text_size, text_room;
};

bool cap_refuse(struct cap_reader *reader, enum error_code code, const char *name, const char *format, ...)
{
    if (reader->failed)
        return false;
    char reason[sizeof reader->error.message], where[32] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    if (reader->line)
        snprintf(where, sizeof where, " (line %lu)", reader->line);
    reader->failed = true;
    return error_set(&reader->error, code, "%s: %s%s", name, reason, where);
}

bool cap_no_memory(struct cap_reader *reader)
{
    return cap_refuse(reader, ERROR_NO_MEMORY, "alert", "no memory left to read it; try again");
}

/* Cuts "namespace|name" in two; the namespace is empty where there is none. */
static struct slice split_name(const char *full, const char **name)
{
    const char *bar = strrchr(full, separator);
    *name = bar ? bar + 1 : full;
    return (struct slice){full, bar ? (size_t)(bar - full) : 0};
}

static bool is_cap(const struct decoder *decoder, struct slice space)
{
    if (decoder->plain && space.size == 0)
        return true;
    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
        if (space.size == strlen(namespaces[i]) && memcmp(space.data, namespaces[i], space.size) == 0)
            return true;
    return false;
}

static bool not_cap(struct cap_reader *reader, struct slice space, const char *name)
{
    return cap_refuse(
        reader, ERROR_INVALID, "not CAP",
        "root element is <%s> %s%s; <alert> of %s is expected: send each alert by itself, out of its feed or envelope",
        cap_quote(slice_of(name)).text, space.size ? "of " : "without a namespace", cap_quote(space).text, namespaces[0]);
}

static bool open_element(struct decoder *decoder, struct slice space, const char *name)
{
    struct cap_reader *reader = &decoder->reader;
    if (decoder->n_elements++ == CAP_ELEMENTS_MAX)
        return cap_refuse(reader, ERROR_TOO_LARGE, "alert", "more than %d elements", CAP_ELEMENTS_MAX);
    if (decoder->depth == CAP_DEPTH_MAX)
        return cap_refuse(reader, ERROR_TOO_LARGE, "alert", "elements nested deeper than %d", CAP_DEPTH_MAX);
    const struct cap_field *parent = decoder->depth ? decoder->open[decoder->depth - 1] : NULL, *field = NULL;
    if (decoder->depth == 0)
        decoder->plain = space.size == 0;
    decoder->national = decoder->plain && decoder->depth == 1 && strcmp(name, cap_national_mark) == 0;
    if (decoder->national)
        return false; /* it is read anew, whole */
    if (is_cap(decoder, space) && decoder->depth == 0)
        field = cap_field_find(CAP_NO_PLACE, name);
    else if (is_cap(decoder, space) && parent && parent->opens)
        field = cap_field_find(parent->opens, name);
    if (decoder->depth == 0 && !field)
        return not_cap(reader, space, name);
    decoder->open[decoder->depth++] = field;
    if (!field)
        return true;
    decoder->text_size = 0;
    reader->line = XML_GetCurrentLineNumber(decoder->parser);
    return cap_field_begin(reader, field);
}

static void on_start(void *context, const XML_Char *full, const XML_Char **attributes)
{
    (void)attributes;
    struct decoder *decoder = context;
    const char *name;
    struct slice space = split_name(full, &name);
    if (!decoder->reader.failed && !decoder->national && !open_element(decoder, space, name))
        XML_StopParser(decoder->parser, XML_FALSE);
}

static void on_end(void *context, const XML_Char *name)
{
    (void)name;
    struct decoder *decoder = context;
    if (decoder->reader.failed || decoder->national)
        return;
    const struct cap_field *field = decoder->open[--decoder->depth];
    if (!field)
        return;
    struct slice text = {decoder->text, decoder->text_size};
    decoder->text_size = 0;
    if (!cap_field_end(&decoder->reader, field, text))
        XML_StopParser(decoder->parser, XML_FALSE);
}

static bool append_text(struct decoder *decoder, const char *data, size_t size)
{
    if (size > decoder->text_room - decoder->text_size) {
        size_t room = 2 * (decoder->text_size + size);
        char *grown = realloc(decoder->text, room);
        if (!grown)
            return cap_no_memory(&decoder->reader);
        decoder->text = grown;
        decoder->text_room = room;
    }
    memcpy(decoder->text + decoder->text_size, data, size);
    decoder->text_size += size;
    return true;
}

static void on_text(void *context, const XML_Char *data, int size)
{
    struct decoder *decoder = context;
    const struct cap_field *field = decoder->depth ? decoder->open[decoder->depth - 1] : NULL;
    if (decoder->reader.failed || !field || !field->end)
        return;
    if (!append_text(decoder, data, (size_t)size))
        XML_StopParser(decoder->parser, XML_FALSE);
}

/* Entities come only from here, and CAP has no use for them: neither bombs nor files nor addresses are ever looked at. */
static void on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_internal)
{
    (void)system, (void)public, (void)has_internal;
    struct decoder *decoder = context;
    cap_refuse(&decoder->reader, ERROR_UNSUPPORTED, "document type declaration",
               "<!DOCTYPE %s> is refused, because it can pull in files and entities; send the alert without it",
               cap_quote(slice_of(name)).text);
    XML_StopParser(decoder->parser, XML_FALSE);
}

/* expat 2.5 can take a failed allocation for an unbound prefix. Its allocators get no context, so this flag is the thread's. */
static _Thread_local bool xml_memory_failed;

static void *xml_realloc(void *old, size_t size)
{
    void *block = realloc(old, size);
    xml_memory_failed = xml_memory_failed || !block;
    return block;
}

static void *xml_malloc(size_t size)
{
    return xml_realloc(NULL, size);
}

static bool parse(struct decoder *decoder, struct slice text)
{
    XML_Parser parser = decoder->parser;
    struct cap_reader *reader = &decoder->reader;
    XML_SetUserData(parser, decoder);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    enum XML_Status status = XML_Parse(parser, text.data, (int)text.size, XML_TRUE);
    enum XML_Error why = XML_GetErrorCode(parser);
    if (xml_memory_failed)
        return cap_no_memory(reader);
    if (status == XML_STATUS_OK || decoder->national)
        return !reader->failed;
    reader->line = XML_GetCurrentLineNumber(parser);
    return cap_refuse(reader, ERROR_INVALID, "not CAP", "not well-formed XML: %s%s", XML_ErrorString(why),
                      why == XML_ERROR_UNKNOWN_ENCODING ? "; send it as UTF-8" : "");
}

static bool parse_source(struct decoder *decoder, const struct xml_source *source)
{
    struct cap_reader *reader = &decoder->reader;
    const XML_Memory_Handling_Suite memory = {xml_malloc, xml_realloc, free};
    xml_memory_failed = false;
    reader->message = calloc(1, sizeof *reader->message);
    decoder->parser = XML_ParserCreate_MM(source->encoding, &memory, (const char[]){separator, '\0'});
    if (!reader->message || !decoder->parser)
        return cap_no_memory(reader);
    return parse(decoder, source->text);
}

static bool decode(struct decoder *decoder, struct slice bytes)
{
    struct cap_reader *reader = &decoder->reader;
    if (bytes.size == 0)
        return cap_refuse(reader, ERROR_INVALID, "not CAP", "there is nothing in it");
    if (bytes.size > CAP_SIZE_MAX)
        return cap_refuse(reader, ERROR_TOO_LARGE, "alert", "%zu bytes; at most %d are allowed", bytes.size, CAP_SIZE_MAX);
    struct xml_source source;
    struct error why;
    if (!xml_source_open(bytes, CAP_SIZE_MAX, &source, &why))
        return cap_refuse(reader, why.code, "not CAP", "%s", why.message);
    bool ok = parse_source(decoder, &source);
    xml_source_close(&source);
    return ok;
}

bool cap_decode(struct slice bytes, struct alert_message **message, struct error *error)
{
    struct decoder decoder = {0};
    bool ok = decode(&decoder, bytes);
    bool national = ok && decoder.national;
    if (decoder.parser)
        XML_ParserFree(decoder.parser);
    free(decoder.text);
    free(decoder.reader.pair.name);
    free(decoder.reader.pair.value);
    if (ok && !national) {
        *message = decoder.reader.message;
        return true;
    }
    alert_message_free(decoder.reader.message);
    if (national)
        return cap_national_decode(bytes, message, error);
    return error_set(error, decoder.reader.error.code, "%s", decoder.reader.error.message);
}
