/* EBM: the package. Which file of the archive is what; the rest is in ebm_message.c and ebm_signature.c. */
#include "codecs/ebm.h"
#include "codecs/ebm_internal.h"
#include "codecs/tar.h"

#include <stdlib.h>
#include <string.h>

bool ebm_no_memory(struct error *error)
{
    return error_set(error, ERROR_NO_MEMORY, "no memory left to read the package; try again");
}

struct ebm_quote ebm_quote(const char *text)
{
    struct ebm_quote quote = {""};
    text_clean(quote.text, sizeof quote.text, text);
    return quote;
}

static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

const struct ebm_file *ebm_file_find(const struct ebm_files *files, const char *name)
{
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->files[i].name, base_name(name)) == 0)
            return &files->files[i];
    return NULL;
}

static bool add_file(struct ebm_files *files, const struct tar_entry *entry, struct error *error)
{
    if (files->n == EBM_FILES_MAX)
        return error_set(error, ERROR_TOO_LARGE, "package: more than %d files", EBM_FILES_MAX);
    if (ebm_file_find(files, entry->name))
        return error_set(error, ERROR_INVALID, "package: two files are called %s; only one can hold",
                         ebm_quote(base_name(entry->name)).text);
    struct ebm_file *file = &files->files[files->n];
    file->name = strdup(base_name(entry->name));
    if (!file->name)
        return ebm_no_memory(error);
    file->data = entry->data;
    files->n++;
    return true;
}

static bool read_files(struct slice archive, struct ebm_files *files, struct error *error)
{
    struct tar_reader reader;
    struct tar_entry entry;
    enum tar_step step;
    if (archive.size > EBM_PACKAGE_MAX)
        return error_set(error, ERROR_TOO_LARGE, "package: %zu bytes; at most %d are allowed", archive.size, EBM_PACKAGE_MAX);
    tar_begin(&reader, archive);
    while ((step = tar_next(&reader, &entry, error)) == TAR_ENTRY)
        if (entry.type == TAR_FILE && !add_file(files, &entry, error))
            return false;
    return step == TAR_END || error_prefix(error, "package");
}

static bool is_xml_called(const char *name, const char *prefix)
{
    size_t n = strlen(name);
    return strncmp(name, prefix, strlen(prefix)) == 0 && n > 4 && strcmp(name + n - 4, ".xml") == 0;
}

/* The file of that kind; NULL if there is none. *count says how many there are. */
static const struct ebm_file *find_kind(const struct ebm_files *files, const char *prefix, size_t *count)
{
    const struct ebm_file *found = NULL;
    *count = 0;
    for (size_t i = 0; i < files->n; i++)
        if (is_xml_called(files->files[i].name, prefix)) {
            found = &files->files[i];
            ++*count;
        }
    return found;
}

static bool read_document(const struct ebm_files *files, struct ebm_package *package, struct error *error)
{
    size_t count;
    struct xml_tree tree;
    const struct ebm_file *file = find_kind(files, "EBDB_", &count);
    if (count != 1)
        return error_set(error, count ? ERROR_INVALID : ERROR_MISSING,
                         "package: %zu files EBDB_*.xml; there must be exactly one, the document", count);
    if (!xml_tree_read(file->data, &tree, error))
        return error_prefix(error, "%s", ebm_quote(file->name).text);
    package->signed_bytes = file->data;
    bool ok = ebm_read_document(&tree, files, package, error);
    xml_tree_free(&tree);
    return ok;
}

static bool read_signature(const struct ebm_files *files, struct ebm_package *package, struct error *error)
{
    size_t count;
    struct ebm_signature *signature = &package->signature;
    const struct ebm_file *file = find_kind(files, "EBDS_", &count);
    if (count == 1)
        return ebm_read_signature(file, package->ebd_id, signature, error);
    signature->state = count ? EBM_SIGNATURE_REFUSED : EBM_UNSIGNED;
    if (count)
        error_set(&signature->why, ERROR_INVALID, "package: %zu files EBDS_*.xml; only one signature can hold", count);
    return true;
}

bool ebm_decode(struct slice archive, struct ebm_package **package, struct error *error)
{
    struct ebm_files files = {.n = 0};
    struct ebm_package *read = calloc(1, sizeof *read);
    bool ok =
        read ? read_files(archive, &files, error) && read_document(&files, read, error) && read_signature(&files, read, error)
             : ebm_no_memory(error);
    for (size_t i = 0; i < files.n; i++)
        free(files.files[i].name);
    if (ok)
        *package = read;
    else
        ebm_package_free(read);
    return ok;
}

void ebm_package_free(struct ebm_package *package)
{
    if (!package)
        return;
    alert_message_free(package->message);
    free(package->ebd_id);
    free(package->source);
    free(package->destination);
    free(package->ebd_version);
    free(package->ebm_version);
    free(package->ebd_time);
    for (size_t i = 0; i < package->n_attachments; i++) {
        free(package->attachments[i].name);
        free(package->attachments[i].language);
        free(package->attachments[i].digest);
    }
    free(package->attachments);
    free(package->signature.certificate_number);
    free(package->signature.issuer);
    free(package->signature.time_text);
    free(package->signature.digest_algorithm);
    free(package->signature.signature_algorithm);
    free(package);
}
