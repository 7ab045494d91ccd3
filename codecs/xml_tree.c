/* XML as a tree. Names and texts are written one behind the other into a piece of memory that no document of its size can
 * outgrow; the text of an element that is still open lies behind them, and goes when an element begins in it. */
#include "codecs/xml_tree.h"
#include "codecs/xml_source.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

struct builder {
    struct xml_tree tree;
    XML_Parser parser;
    size_t open[XML_TREE_DEPTH_MAX]; /* from the root inward */
    size_t depth;
    size_t kept, used, room; /* of tree.bytes: names and texts; these and the text of the element that is open; all */
    bool failed;
    struct error error;
};

static void refuse(struct builder *builder, enum error_code code, const char *reason)
{
    if (!builder->failed)
        error_set(&builder->error, code, "%s (line %lu)", reason, (unsigned long)XML_GetCurrentLineNumber(builder->parser));
    builder->failed = true;
    XML_StopParser(builder->parser, XML_FALSE);
}

static void add_text(struct builder *builder, const char *data, size_t size)
{
    if (size > builder->room - builder->used) {
        refuse(builder, ERROR_TOO_LARGE, "more text than a document of its size can have");
        return;
    }
    memcpy(builder->tree.bytes + builder->used, data, size);
    builder->used += size;
}

/* Keeps what was added, with a NUL behind it. */
static const char *keep(struct builder *builder)
{
    const char *text = builder->tree.bytes + builder->kept;
    add_text(builder, "", 1);
    builder->kept = builder->used;
    return text;
}

static struct xml_element *add_element(struct builder *builder)
{
    struct xml_tree *tree = &builder->tree;
    if ((tree->n & (tree->n - 1)) == 0) { /* 0 and the powers of two: full */
        struct xml_element *grown = realloc(tree->elements, (tree->n ? tree->n * 2 : 1) * sizeof *grown);
        if (!grown) {
            refuse(builder, ERROR_NO_MEMORY, "no memory left to read it; try again");
            return NULL;
        }
        tree->elements = grown;
    }
    return &tree->elements[tree->n++];
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    (void)attributes;
    struct builder *builder = context;
    if (builder->failed)
        return;
    if (builder->tree.n == XML_TREE_ELEMENTS_MAX) {
        refuse(builder, ERROR_TOO_LARGE, "too many elements");
        return;
    }
    if (builder->depth == XML_TREE_DEPTH_MAX) {
        refuse(builder, ERROR_TOO_LARGE, "elements nested too deeply");
        return;
    }
    struct xml_element *element = add_element(builder);
    if (!element)
        return;
    builder->used = builder->kept;
    add_text(builder, name, strlen(name));
    *element = (struct xml_element){keep(builder), "", builder->depth ? builder->open[builder->depth - 1] : 0};
    builder->open[builder->depth++] = builder->tree.n - 1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void on_end(void *context, const XML_Char *name)
{
    (void)name;
    struct builder *builder = context;
    if (builder->failed)
        return;
    size_t element = builder->open[--builder->depth];
    if (element == builder->tree.n - 1) { /* it has no element in it */
        while (builder->used > builder->kept && is_space(builder->tree.bytes[builder->used - 1]))
            builder->used--;
        const char *text = keep(builder);
        while (is_space(*text))
            text++;
        builder->tree.elements[element].text = text;
    }
    builder->used = builder->kept;
}

static void on_text(void *context, const XML_Char *data, int size)
{
    struct builder *builder = context;
    if (!builder->failed)
        add_text(builder, data, (size_t)size);
}

/* Entities come only from here: neither bombs nor files nor addresses are ever looked at. */
static void on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_internal)
{
    (void)name, (void)system, (void)public, (void)has_internal;
    refuse(context, ERROR_INVALID, "a document type declaration is refused, because it can pull in files and entities");
}

static void parse(struct builder *builder, struct slice bytes)
{
    XML_Parser parser = builder->parser;
    XML_SetUserData(parser, builder);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    if (XML_Parse(parser, bytes.data, (int)bytes.size, XML_TRUE) == XML_STATUS_OK || builder->failed)
        return;
    enum XML_Error why = XML_GetErrorCode(parser);
    builder->failed = true;
    if (why == XML_ERROR_NO_MEMORY)
        error_set(&builder->error, ERROR_NO_MEMORY, "no memory left to read it; try again");
    else
        error_set(&builder->error, ERROR_INVALID, "not well-formed XML: %s%s (line %lu)", XML_ErrorString(why),
                  why == XML_ERROR_UNKNOWN_ENCODING ? "; send it as UTF-8" : "",
                  (unsigned long)XML_GetCurrentLineNumber(parser));
}

bool xml_tree_read(struct slice bytes, struct xml_tree *tree, struct error *error)
{
    if (bytes.size == 0)
        return error_set(error, ERROR_INVALID, "there is nothing in it");
    if (bytes.size > XML_TREE_SIZE_MAX)
        return error_set(error, ERROR_TOO_LARGE, "%zu bytes; at most %d are allowed", bytes.size, XML_TREE_SIZE_MAX);
    struct xml_source source;
    if (!xml_source_open(bytes, XML_TREE_SIZE_MAX, &source, error))
        return false;
    /* "<a/>" takes three bytes here, and a character of Latin-1 becomes two. */
    struct builder builder = {.room = 2 * source.text.size + 1};
    builder.tree.bytes = malloc(builder.room);
    builder.parser = XML_ParserCreate(source.encoding);
    if (builder.tree.bytes && builder.parser)
        parse(&builder, source.text);
    else
        builder.failed = !error_set(&builder.error, ERROR_NO_MEMORY, "no memory left to read it; try again");
    if (builder.parser)
        XML_ParserFree(builder.parser);
    xml_source_close(&source);
    if (!builder.failed) {
        *tree = builder.tree;
        return true;
    }
    xml_tree_free(&builder.tree);
    return error_set(error, builder.error.code, "%s", builder.error.message);
}

void xml_tree_free(struct xml_tree *tree)
{
    free(tree->elements);
    free(tree->bytes);
    *tree = (struct xml_tree){0};
}

size_t xml_tree_child(const struct xml_tree *tree, size_t parent, const char *name, size_t after)
{
    for (size_t i = (after ? after : parent) + 1; i < tree->n; i++)
        if (tree->elements[i].parent == parent && strcmp(tree->elements[i].name, name) == 0)
            return i;
    return 0;
}
