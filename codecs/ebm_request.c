/* EBM: what a package asks for. */
#include "codecs/ebm_request.h"

#include "codecs/ebm_internal.h"
#include "codecs/rfc3339.h"
#include "codecs/tar.h"

#include <stdio.h>
#include <string.h>

/* The document, if there is just one. */
static bool find_document(struct slice archive, struct slice *document)
{
    struct tar_reader reader;
    struct tar_entry entry;
    size_t n = 0;
    if (archive.size > EBM_PACKAGE_MAX)
        return false;
    tar_begin(&reader, archive);
    while (tar_next(&reader, &entry, NULL) == TAR_ENTRY) {
        const char *slash = strrchr(entry.name, '/'), *name = slash ? slash + 1 : entry.name;
        if (entry.type != TAR_FILE || strncmp(name, "EBDB_", 5) != 0)
            continue;
        *document = entry.data;
        n++;
    }
    return n == 1;
}

/* Only what can name something; everything else is as if it were absent. */
static void read_identity(const struct xml_tree *tree, const char *path, char to[EBM_IDENTITY_MAX + 1])
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    const char *text;
    *to = '\0';
    if (ebm_text(tree, 0, path, &text, NULL) && strlen(text) <= EBM_IDENTITY_MAX && !text[strspn(text, allowed)])
        text_copy(to, EBM_IDENTITY_MAX + 1, text);
}

static struct wall read_time(const struct xml_tree *tree, const char *path)
{
    const char *text;
    char rfc[RFC3339_SIZE];
    struct wall time = {0};
    if (!ebm_text(tree, 0, path, &text, NULL) || strlen(text) != strlen("2026-11-22 03:20:00") || text[10] != ' ')
        return time;
    snprintf(rfc, sizeof rfc, "%.10sT%s+08:00", text, text + 11);
    if (!rfc3339_parse(slice_of(rfc), &time, NULL, NULL))
        time.ms = 0;
    return time;
}

static enum ebm_request_kind kind_of(const char *type)
{
    if (strcmp(type, "EBM") == 0 || !*type)
        return EBM_REQUEST_NONE;
    if (strcmp(type, "EBMStateRequest") == 0)
        return EBM_REQUEST_STATE;
    if (strcmp(type, "ConnectionCheck") == 0)
        return EBM_REQUEST_CHECK;
    return EBM_REQUEST_OTHER;
}

static void read_log_request(const struct xml_tree *tree, struct ebm_request *request)
{
    const char *type;
    if (!ebm_text(tree, 0, "OMDRequest/OMDType", &type, NULL))
        return;
    text_clean(request->type, sizeof request->type, type);
    if (strcmp(type, "EBMBrdLog") != 0)
        return;
    request->kind = EBM_REQUEST_LOG;
    request->from = read_time(tree, "OMDRequest/Params/RptStartTime");
    request->until = read_time(tree, "OMDRequest/Params/RptEndTime");
    read_identity(tree, "OMDRequest/RelatedEBM/EBMID", request->ebm_id);
}

static void read_tree(const struct xml_tree *tree, struct ebm_request *request)
{
    const char *type;
    if (strcmp(tree->elements[0].name, "EBD") != 0 || !ebm_text(tree, 0, "EBDType", &type, NULL))
        return;
    text_clean(request->type, sizeof request->type, type);
    request->kind = kind_of(type);
    read_identity(tree, "EBDID", request->ebd_id);
    read_identity(tree, "SRC/EBRID", request->source);
    read_identity(tree, "DEST/EBRID", request->destination);
    if (request->kind == EBM_REQUEST_STATE) {
        read_identity(tree, "EBMStateRequest/EBM/EBMID", request->ebm_id);
        if (!*request->ebm_id)
            read_identity(tree, "EBMStateRequest/EBMID", request->ebm_id);
    }
    if (strcmp(type, "OMDRequest") == 0)
        read_log_request(tree, request);
}

struct ebm_request ebm_request_read(struct slice archive)
{
    struct ebm_request request = {.kind = EBM_REQUEST_NONE};
    struct slice document;
    struct xml_tree tree;
    if (!find_document(archive, &document) || !xml_tree_read(document, &tree, NULL))
        return request;
    read_tree(&tree, &request);
    xml_tree_free(&tree);
    return request;
}
