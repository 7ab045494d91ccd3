/* EBM: the document but for its MsgContents. What each element means, and what of it must be right. */
#include "codecs/ebm_internal.h"
#include "codecs/rfc3339.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char ebm_event_code_name[] = "EventType";

enum msg_type { TYPE_ACTUAL = 1, TYPE_CANCEL, TYPE_PLATFORM_DRILL, TYPE_FRONT_END_DRILL, TYPE_TERMINAL_DRILL };

bool ebm_find(const struct xml_tree *tree, size_t from, const char *path, size_t *element, struct error *error)
{
    *element = from;
    while (*path) {
        char name[32];
        size_t n = strcspn(path, "/");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        size_t found = xml_tree_child(tree, *element, name, 0);
        if (found && xml_tree_child(tree, *element, name, found))
            return error_set(error, ERROR_INVALID, "%s: given twice; only one can hold", name);
        *element = found;
        if (!found)
            return true;
        path += n + (path[n] == '/');
    }
    return true;
}

bool ebm_text(const struct xml_tree *tree, size_t from, const char *path, const char **text, struct error *error)
{
    size_t element;
    if (!ebm_find(tree, from, path, &element, error))
        return false;
    *text = element ? tree->elements[element].text : "";
    return true;
}

bool ebm_short_text(const struct xml_tree *tree, size_t from, const char *path, const char **text, struct error *error)
{
    if (!ebm_text(tree, from, path, text, error))
        return false;
    return strlen(*text) <= EBM_SHORT_MAX ||
           error_set(error, ERROR_TOO_LARGE, "%s: %zu bytes; at most %d are allowed", path, strlen(*text), EBM_SHORT_MAX);
}

bool ebm_copy_text(const char *text, char **to, struct error *error)
{
    *to = strdup(text);
    return *to || ebm_no_memory(error);
}

bool ebm_copy(const struct xml_tree *tree, size_t from, const char *path, char **to, struct error *error)
{
    const char *text;
    return ebm_text(tree, from, path, &text, error) && (!*text || ebm_copy_text(text, to, error));
}

static bool of_ebm(const struct ebm_reading *r, const char *path, const char **text)
{
    return ebm_text(r->tree, r->ebm, path, text, r->error);
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool ebm_missing(const struct ebm_reading *r, const char *name)
{
    return error_set(r->error, ERROR_MISSING, "%s: missing or empty", name);
}

/* What names packages, messages and senders: letters and digits, of bounded length. */
static bool identity(const struct ebm_reading *r, size_t from, const char *path, bool required, char **to)
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    const char *text;
    if (!ebm_text(r->tree, from, path, &text, r->error))
        return false;
    if (!*text)
        return !required || ebm_missing(r, path);
    if (strlen(text) > EBM_IDENTITY_MAX)
        return error_set(r->error, ERROR_TOO_LARGE, "%s: %zu bytes; at most %d are allowed", path, strlen(text),
                         EBM_IDENTITY_MAX);
    if (text[strspn(text, allowed)])
        return error_set(r->error, ERROR_INVALID, "%s: \"%s\" has more in it than letters, digits and . _ -", path,
                         ebm_quote(text).text);
    return ebm_copy_text(text, to, r->error);
}

/* A number of at most 18 digits; -1 for any other text. */
int64_t ebm_number(const char *text)
{
    int64_t number = 0;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 18 || text[n])
        return -1;
    for (; *text; text++)
        number = number * 10 + (*text - '0');
    return number;
}

/* Beijing time without an offset, as RFC 3339. */
static bool read_time(const struct ebm_reading *r, const char *path, const char *text, struct wall *time,
                      char rfc[RFC3339_SIZE])
{
    *rfc = '\0';
    if (strlen(text) == strlen("2026-11-22 03:20:00") && text[10] == ' ')
        snprintf(rfc, RFC3339_SIZE, "%.10sT%s+08:00", text, text + 11);
    return rfc3339_parse(slice_of(rfc), time, NULL, NULL) ||
           error_set(r->error, ERROR_INVALID, "%s: \"%s\" is no date and time; write Beijing time as 2026-11-22 03:20:00",
                     last_name(path), ebm_quote(text).text);
}

/* A time that may be absent. */
static bool maybe_time(const struct ebm_reading *r, const char *path, bool *has, struct wall *time)
{
    const char *text;
    char rfc[RFC3339_SIZE];
    if (!of_ebm(r, path, &text))
        return false;
    *has = *text != '\0';
    return !*has || read_time(r, path, text, time, rfc);
}

static bool read_sent(const struct ebm_reading *r)
{
    const char *text, *other;
    char rfc[RFC3339_SIZE];
    if (!of_ebm(r, "MsgBasicInfo/SentTime", &text) || !of_ebm(r, "MsgBasicInfo/SendTime", &other))
        return false;
    if (*text && *other && strcmp(text, other) != 0)
        return error_set(r->error, ERROR_INVALID, "SentTime: SendTime is given too, and differs; only one can hold");
    text = *text ? text : other;
    if (!*text)
        return ebm_missing(r, "MsgBasicInfo/SentTime");
    return read_time(r, "SentTime", text, &r->message->sent, rfc) && ebm_copy_text(rfc, &r->message->sent_text, r->error);
}

static bool read_type(const struct ebm_reading *r)
{
    const char *text;
    if (!of_ebm(r, "MsgBasicInfo/MsgType", &text))
        return false;
    if (!*text)
        return ebm_missing(r, "MsgBasicInfo/MsgType");
    int64_t number = ebm_number(text);
    if (number < TYPE_ACTUAL || number > TYPE_TERMINAL_DRILL)
        return error_set(r->error, ERROR_INVALID,
                         "MsgType: \"%s\" is not known; use 1 (actual), 2 (cancel), 3, 4 or 5 (drill of platform, front end, "
                         "terminals)",
                         ebm_quote(text).text);
    r->message->msg_type = number == TYPE_CANCEL ? MSG_CANCEL : MSG_ALERT;
    r->message->status = number == TYPE_PLATFORM_DRILL                                     ? STATUS_SYSTEM
                         : number == TYPE_FRONT_END_DRILL || number == TYPE_TERMINAL_DRILL ? STATUS_EXERCISE
                                                                                           : STATUS_ACTUAL;
    return true;
}

/* Without one of what it cancels, the EBMID that it has is that of the message: its own identity is the package's then. */
static bool take_own_identity(const struct ebm_reading *r)
{
    struct alert_message *m = r->message;
    m->references->identifier = m->identifier;
    m->identifier = NULL;
    return ebm_copy_text(r->package->ebd_id, &m->identifier, r->error);
}

static bool read_cancelled(const struct ebm_reading *r)
{
    struct alert_message *m = r->message;
    m->references = calloc(1, sizeof *m->references);
    if (!m->references)
        return ebm_no_memory(r->error);
    m->n_references = 1;
    char **identifier = &m->references->identifier;
    return identity(r, r->ebm, "RelatedInfo/EBMID", false, identifier) &&
           (*identifier || identity(r, r->ebm, "RelatedEBM/EBMID", false, identifier)) &&
           (*identifier || take_own_identity(r)) && ebm_copy_text(m->sender, &m->references->sender, r->error);
}

static bool add_pair(const struct ebm_reading *r, const char *name, const char *value, struct alert_pair *pairs, size_t *n)
{
    struct alert_pair *pair = &pairs[(*n)++];
    return ebm_copy_text(name, &pair->name, r->error) && ebm_copy_text(value, &pair->value, r->error);
}

bool ebm_one_pair(const struct ebm_reading *r, const char *name, const char *value, struct alert_pair **pairs, size_t *n)
{
    *pairs = calloc(1, sizeof **pairs);
    return *pairs ? add_pair(r, name, value, *pairs, n) : ebm_no_memory(r->error);
}

/* What MsgBasicInfo says is so for each info. */
static bool read_basic_info(const struct ebm_reading *r, struct alert_info *info)
{
    const char *event, *severity, *name;
    if (!ebm_short_text(r->tree, r->ebm, "MsgBasicInfo/EventType", &event, r->error) ||
        !ebm_short_text(r->tree, r->ebm, "MsgBasicInfo/SenderName", &name, r->error) ||
        !of_ebm(r, "MsgBasicInfo/Severity", &severity))
        return false;
    int64_t grade = ebm_number(severity);
    info->severity = grade >= 1 && grade <= 4 ? (enum alert_severity)(SEVERITY_EXTREME + grade - 1) : SEVERITY_UNKNOWN;
    if (*event && (!ebm_copy_text(event, &info->event, r->error) ||
                   !ebm_one_pair(r, ebm_event_code_name, event, &info->event_codes, &info->n_event_codes)))
        return false;
    return (!*name || ebm_copy_text(name, &info->sender_name, r->error)) &&
           maybe_time(r, "MsgBasicInfo/StartTime", &info->has_effective, &info->effective) &&
           maybe_time(r, "MsgBasicInfo/EndTime", &info->has_expires, &info->expires);
}

size_t ebm_count(const struct xml_tree *tree, size_t parent, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; (i = xml_tree_child(tree, parent, name, i)) > 0;)
        n++;
    return n;
}

static bool read_contents(const struct ebm_reading *r)
{
    struct alert_message *m = r->message;
    size_t n = ebm_count(r->tree, r->ebm, "MsgContent");
    if (n == 0)
        return m->msg_type == MSG_CANCEL || ebm_missing(r, "MsgContent");
    if (n > EBM_CONTENTS_MAX)
        return error_set(r->error, ERROR_TOO_LARGE, "MsgContent: %zu of them; at most %d are allowed", n, EBM_CONTENTS_MAX);
    m->infos = calloc(n, sizeof *m->infos);
    if (!m->infos)
        return ebm_no_memory(r->error);
    for (size_t i = 0; (i = xml_tree_child(r->tree, r->ebm, "MsgContent", i)) > 0;) {
        struct alert_info *info = &m->infos[m->n_infos++];
        if (!read_basic_info(r, info) || !ebm_read_content(r, i, info))
            return false;
    }
    return true;
}

static bool read_message(const struct ebm_reading *r)
{
    return identity(r, r->ebm, "EBMID", true, &r->message->identifier) &&
           identity(r, r->ebm, "MsgBasicInfo/SenderCode", true, &r->message->sender) && read_type(r) && read_sent(r) &&
           (r->message->msg_type != MSG_CANCEL || read_cancelled(r)) && read_contents(r);
}

/* What is there in packages of every type. */
static bool read_envelope(const struct ebm_reading *r)
{
    struct ebm_package *p = r->package;
    return identity(r, 0, "EBDID", true, &p->ebd_id) && identity(r, 0, "SRC/EBRID", false, &p->source) &&
           identity(r, 0, "DEST/EBRID", false, &p->destination) &&
           ebm_copy(r->tree, 0, "EBDVersion", &p->ebd_version, r->error) &&
           ebm_copy(r->tree, 0, "EBDTime", &p->ebd_time, r->error) &&
           ebm_copy(r->tree, r->ebm, "EBMVersion", &p->ebm_version, r->error);
}

/* True for an EBM. */
static bool is_ebm(const struct xml_tree *tree, struct error *error)
{
    const char *type;
    if (strcmp(tree->elements[0].name, "EBD") != 0)
        return error_set(error, ERROR_INVALID, "not an EBD: root element is <%s>; <EBD> is expected",
                         ebm_quote(tree->elements[0].name).text);
    if (!ebm_text(tree, 0, "EBDType", &type, error))
        return false;
    if (!*type)
        return error_set(error, ERROR_MISSING, "EBDType: missing or empty");
    return strcmp(type, "EBM") == 0 || error_set(error, ERROR_UNSUPPORTED, "not an EBM: EBDType %s", ebm_quote(type).text);
}

bool ebm_read_document(const struct xml_tree *tree, const struct ebm_files *files, struct ebm_package *package,
                       struct error *error)
{
    struct ebm_reading r = {.tree = tree, .files = files, .package = package, .error = error};
    if (!is_ebm(tree, error) || !ebm_find(tree, 0, "EBM", &r.ebm, error))
        return false;
    if (!r.ebm)
        return ebm_missing(&r, "EBM");
    r.message = package->message = calloc(1, sizeof *package->message);
    if (!r.message)
        return ebm_no_memory(error);
    return read_envelope(&r) && read_message(&r);
}
