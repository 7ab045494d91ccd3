/* EBM: one MsgContent. Its words, its area, and what goes with it. */
#include "codecs/area_code.h"
#include "codecs/ebm_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char ebm_geocode_name[] = "AreaCode";

static const char no_text[] = "无"; /* as a platform's source fills in a MsgDesc that is empty */
static const char area_separators[] = ",;| \t\r\n";
static const char *const wide_separators[] = {"，", "；", "、"}; /* as a Chinese keyboard makes them */

enum { AUXILIARY_STREAM = 61 }; /* audio or video stream: AuxiliaryDesc is its address */

/* AuxiliaryType, as a platform's form for messages lists it. */
static const struct {
    int type;
    const char *mime_type;
} MIME_TYPES[] = {{1, "audio/mpeg"}, {2, "audio/mpeg"}, {41, "image/png"}, {42, "image/jpeg"}, {43, "image/gif"}};

static const struct {
    const char *code, *language;
} LANGUAGES[] = {{"", "zh-CN"}, {"zho", "zh-CN"}, {"chi", "zh-CN"}, {"eng", "en-US"}};

/* The bytes of the separator that text begins with; 0 if it is none. */
static size_t separator_size(const char *text)
{
    for (size_t i = 0; i < sizeof wide_separators / sizeof *wide_separators; i++)
        if (strncmp(text, wide_separators[i], strlen(wide_separators[i])) == 0)
            return strlen(wide_separators[i]);
    return *text && strchr(area_separators, *text);
}

/* Takes the next code; its size is 0 at the end. */
static struct slice take_code(const char **text)
{
    for (size_t n; (n = separator_size(*text)) > 0;)
        *text += n;
    struct slice code = {*text, 0};
    while (**text && separator_size(*text) == 0)
        ++*text;
    code.size = (size_t)(*text - code.data);
    return code;
}

static bool add_codes(const struct ebm_reading *r, const char *text, struct alert_area *area)
{
    struct slice code;
    while ((code = take_code(&text)).size > 0) {
        struct alert_pair *pair = &area->geocodes[area->n_geocodes++];
        pair->value = strndup(code.data, code.size);
        if (!pair->value)
            return ebm_no_memory(r->error);
        if (!ebm_copy_text(ebm_geocode_name, &pair->name, r->error))
            return false;
    }
    return true;
}

static bool read_area(const struct ebm_reading *r, size_t content, struct alert_info *info)
{
    const char *text, *rest;
    struct area_code parsed;
    struct slice code;
    size_t codes = 0, good = 0;
    if (!ebm_text(r->tree, content, "AreaCode", &text, r->error))
        return false;
    for (rest = text; (code = take_code(&rest)).size > 0; codes++)
        good += area_code_parse(code, &parsed, NULL);
    if (codes == 0)
        return r->message->msg_type == MSG_CANCEL || ebm_missing(r, "MsgContent/AreaCode");
    if (codes > EBM_AREA_CODES_MAX)
        return error_set(r->error, ERROR_TOO_LARGE, "AreaCode: %zu codes; at most %d are allowed", codes, EBM_AREA_CODES_MAX);
    if (good == 0)
        return error_set(r->error, ERROR_INVALID,
                         "AreaCode: \"%s\" has no area code in it; give 12 digits each, separated by commas",
                         ebm_quote(text).text);
    info->areas = calloc(1, sizeof *info->areas);
    if (!info->areas)
        return ebm_no_memory(r->error);
    info->n_areas = 1;
    info->areas->geocodes = calloc(codes, sizeof *info->areas->geocodes);
    return info->areas->geocodes ? add_codes(r, text, info->areas) : ebm_no_memory(r->error);
}

static bool read_words(const struct ebm_reading *r, size_t content, struct alert_info *info)
{
    const char *language, *words;
    if (!ebm_short_text(r->tree, content, "LanguageCode", &language, r->error) ||
        !ebm_text(r->tree, content, "MsgDesc", &words, r->error) ||
        !ebm_copy(r->tree, content, "MsgTitle", &info->headline, r->error))
        return false;
    for (size_t i = 0; i < sizeof LANGUAGES / sizeof *LANGUAGES; i++)
        if (strcasecmp(language, LANGUAGES[i].code) == 0) {
            language = LANGUAGES[i].language;
            break;
        }
    if (!ebm_copy_text(language, &info->language, r->error))
        return false;
    return !*words || strcmp(words, no_text) == 0 ||
           (ebm_copy_text(words, &info->text, r->error) &&
            ebm_one_pair(r, "speech", words, &info->parameters, &info->n_parameters));
}

/* Size of an Auxiliary: -1 where absent. */
static bool read_size(const struct ebm_reading *r, size_t auxiliary, int64_t *size)
{
    const char *text;
    if (!ebm_text(r->tree, auxiliary, "Size", &text, r->error))
        return false;
    *size = ebm_number(text);
    return !*text || *size >= 0 ||
           error_set(r->error, ERROR_INVALID, "Size: \"%s\" is no number of bytes", ebm_quote(text).text);
}

/* A file that is missing, or is not as stated, does not refuse the package: its words are not kept from those who are to hear
 * them. Who wants the file sees that it is not there, or that size and data differ. */
static bool add_attachment(const struct ebm_reading *r, struct alert_resource *resource, int type)
{
    struct ebm_package *package = r->package;
    const struct ebm_file *file = ebm_file_find(r->files, resource->uri);
    if (!file)
        return true;
    struct ebm_attachment *attachment = &package->attachments[package->n_attachments++];
    attachment->info = r->message->n_infos - 1;
    attachment->type = type;
    attachment->stated_size = resource->size;
    attachment->data = resource->data = file->data;
    return ebm_copy_text(resource->uri, &attachment->name, r->error) &&
           ebm_copy_text(r->message->infos[attachment->info].language, &attachment->language, r->error) &&
           (!resource->digest || ebm_copy_text(resource->digest, &attachment->digest, r->error));
}

/* One without AuxiliaryDesc names nothing and is skipped. */
static bool read_auxiliary(const struct ebm_reading *r, size_t auxiliary, struct alert_info *info)
{
    const char *name, *type_text;
    if (!ebm_text(r->tree, auxiliary, "AuxiliaryDesc", &name, r->error) ||
        !ebm_text(r->tree, auxiliary, "AuxiliaryType", &type_text, r->error))
        return false;
    if (!*name)
        return true;
    int64_t number = ebm_number(type_text);
    int type = number > 255 ? -1 : (int)number;
    struct alert_resource *resource = &info->resources[info->n_resources++];
    if (!read_size(r, auxiliary, &resource->size) || !ebm_copy_text(name, &resource->uri, r->error) ||
        !ebm_copy_text(name, &resource->description, r->error) ||
        !ebm_copy(r->tree, auxiliary, "Digest", &resource->digest, r->error))
        return false;
    for (size_t i = 0; i < sizeof MIME_TYPES / sizeof *MIME_TYPES; i++)
        if (type == MIME_TYPES[i].type && !ebm_copy_text(MIME_TYPES[i].mime_type, &resource->mime_type, r->error))
            return false;
    return type == AUXILIARY_STREAM || strstr(name, "://") || add_attachment(r, resource, type);
}

/* For n more attachments. */
static bool make_room(struct ebm_package *package, size_t n)
{
    struct ebm_attachment *grown = realloc(package->attachments, (package->n_attachments + n) * sizeof *grown);
    if (!grown)
        return false;
    memset(grown + package->n_attachments, 0, n * sizeof *grown);
    package->attachments = grown;
    return true;
}

static bool read_auxiliaries(const struct ebm_reading *r, size_t content, struct alert_info *info)
{
    size_t n = ebm_count(r->tree, content, "Auxiliary");
    if (n == 0)
        return true;
    if (n > EBM_ATTACHMENTS_MAX)
        return error_set(r->error, ERROR_TOO_LARGE, "Auxiliary: %zu of them; at most %d are allowed", n, EBM_ATTACHMENTS_MAX);
    info->resources = calloc(n, sizeof *info->resources);
    if (!info->resources || !make_room(r->package, n))
        return ebm_no_memory(r->error);
    for (size_t i = 0; (i = xml_tree_child(r->tree, content, "Auxiliary", i)) > 0;)
        if (!read_auxiliary(r, i, info))
            return false;
    return true;
}

bool ebm_read_content(const struct ebm_reading *r, size_t content, struct alert_info *info)
{
    return read_words(r, content, info) && read_area(r, content, info) && read_auxiliaries(r, content, info);
}
