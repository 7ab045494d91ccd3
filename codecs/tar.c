/* tar: headers, the extensions that carry long names, and all that is refused. */
#include "codecs/tar.h"

#include <string.h>

enum { BLOCK = 512 };

/* A field of the header (ustar interchange format, "ustar Header Block"). */
struct field {
    size_t at, size;
};

static const struct field NAME = {0, 100}, SIZE = {124, 12}, CHECKSUM = {148, 8}, TYPE = {156, 1}, MAGIC = {257, 6},
                          PREFIX = {345, 155};

static const struct {
    char type;
    const char *what;
} REFUSED_TYPES[] = {
    {'1', "a hard link"}, {'2', "a symbolic link"}, {'3', "a character device"}, {'4', "a block device"},
    {'6', "a FIFO"},      {'K', "a long link"},     {'S', "a sparse file"},
};

/* The text of a field: up to its first NUL. */
static struct slice field_text(const char *header, struct field field)
{
    return (struct slice){header + field.at, strnlen(header + field.at, field.size)};
}

static bool is_text(struct slice text, const char *is)
{
    return text.size == strlen(is) && memcmp(text.data, is, text.size) == 0;
}

/* Octal digits between spaces, ended by a space, a NUL or the field's end. */
static bool read_octal(const char *header, struct field field, size_t *value)
{
    struct slice text = field_text(header, field);
    size_t n = 0, digits = 0;
    while (text.size > 0 && text.data[0] == ' ')
        text = (struct slice){text.data + 1, text.size - 1};
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    for (; digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '7'; digits++)
        n = n << 3 | (size_t)(text.data[digits] - '0');
    *value = n;
    return digits > 0 && digits == text.size && digits <= 12 && (sizeof n > 4 || digits <= 10);
}

/* The sum of the header's bytes, its own field counted as spaces. Some old writers summed signed bytes; both are taken. */
static bool checksum_holds(const char *header)
{
    size_t stated;
    long sum = 0, signed_sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        bool own = i >= CHECKSUM.at && i < CHECKSUM.at + CHECKSUM.size;
        sum += own ? ' ' : (unsigned char)header[i];
        signed_sum += own ? ' ' : (signed char)header[i];
    }
    return read_octal(header, CHECKSUM, &stated) && ((long)stated == sum || (long)stated == signed_sum);
}

static bool all_zeros(struct slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i])
            return false;
    return true;
}

/* Why the name cannot be taken; NULL if it can. */
static const char *name_fault(const char *name)
{
    if (!*name)
        return "the name is empty";
    if (!text_is_utf8(slice_of(name)))
        return "the name is not UTF-8";
    if (*name == '/')
        return "the name is absolute; pack it by a relative one";
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F || *p == '\\')
            return "the name has a backslash or control character in it";
    for (const char *part = name; *part;) {
        size_t n = strcspn(part, "/");
        if (n == 2 && memcmp(part, "..", 2) == 0)
            return "the name leads out of the archive (..)";
        part += n + (part[n] == '/');
    }
    return NULL;
}

/* The name as far as it can be shown in a message. */
static void name_entry(const struct tar_reader *reader, const char *name, struct error *error)
{
    char shown[80];
    text_clean(shown, sizeof shown, name);
    error_prefix(error, "entry %zu%s%s%s", reader->n_headers, *shown ? " \"" : "", shown, *shown ? "\"" : "");
}

static bool copy_name(struct slice text, char name[TAR_NAME_MAX + 1], struct error *error)
{
    if (text.size > TAR_NAME_MAX)
        return error_set(error, ERROR_TOO_LARGE, "a name of %zu bytes; at most %d are allowed", text.size, TAR_NAME_MAX);
    if (memchr(text.data, '\0', text.size))
        return error_set(error, ERROR_INVALID, "the long name has a NUL in it");
    memcpy(name, text.data, text.size);
    name[text.size] = '\0';
    return true;
}

/* The header's own name, or the long one that came before it. Only POSIX has a prefix; GNU uses its place for times. */
static void name_of(const struct tar_reader *reader, const char *header, char name[TAR_NAME_MAX + 1])
{
    struct slice prefix = {0}, text = field_text(header, NAME);
    size_t n = 0;
    if (reader->has_long_name) {
        memcpy(name, reader->long_name, sizeof reader->long_name);
        return;
    }
    if (memcmp(header + MAGIC.at, "ustar", MAGIC.size) == 0)
        prefix = field_text(header, PREFIX);
    memcpy(name, prefix.data ? prefix.data : "", prefix.size);
    n = prefix.size;
    if (n > 0)
        name[n++] = '/';
    memcpy(name + n, text.data, text.size);
    name[n + text.size] = '\0';
}

/* Takes one record "length key=value\n" of a pax header. */
static bool take_record(struct slice *rest, struct slice *key, struct slice *value)
{
    size_t length = 0, digits = 0;
    for (; digits < rest->size && digits < 5 && rest->data[digits] >= '0' && rest->data[digits] <= '9'; digits++)
        length = length * 10 + (size_t)(rest->data[digits] - '0');
    if (digits == 0 || digits == rest->size || rest->data[digits] != ' ' || length < digits + 3 || length > rest->size ||
        rest->data[length - 1] != '\n')
        return false;
    struct slice record = {rest->data + digits + 1, length - digits - 2};
    const char *equals = memchr(record.data, '=', record.size);
    if (!equals)
        return false;
    *key = (struct slice){record.data, (size_t)(equals - record.data)};
    *value = (struct slice){equals + 1, record.size - key->size - 1};
    *rest = (struct slice){rest->data + length, rest->size - length};
    return true;
}

static bool read_pax(struct tar_reader *reader, struct slice data, bool global, struct error *error)
{
    static const char sparse[] = "GNU.sparse.";
    struct slice key, value;
    while (data.size > 0) {
        if (!take_record(&data, &key, &value))
            return error_set(error, ERROR_INVALID, "a damaged pax header");
        bool path = is_text(key, "path");
        bool strange = key.size >= sizeof sparse - 1 && memcmp(key.data, sparse, sizeof sparse - 1) == 0;
        if (strange || is_text(key, "size") || (global && path))
            return error_set(error, ERROR_INVALID, "a pax header with %s; pack it as plain ustar",
                             strange ? "the key GNU.sparse"
                             : path  ? "a path for all entries"
                                     : "the key size");
        if (!path)
            continue;
        if (!copy_name(value, reader->long_name, error))
            return false;
        reader->has_long_name = true;
    }
    return true;
}

static bool read_gnu_name(struct tar_reader *reader, struct slice data, struct error *error)
{
    if (data.size > 0 && data.data[data.size - 1] == '\0')
        data.size--;
    if (!copy_name(data, reader->long_name, error))
        return false;
    reader->has_long_name = true;
    return true;
}

static bool is_extension(char type)
{
    return type == 'x' || type == 'g' || type == 'L';
}

static bool read_extension(struct tar_reader *reader, char type, struct slice data, struct error *error)
{
    if (data.size > TAR_EXTENSION_MAX)
        return error_set(error, ERROR_TOO_LARGE, "an extended header of %zu bytes; at most %d are allowed", data.size,
                         TAR_EXTENSION_MAX);
    return type == 'L' ? read_gnu_name(reader, data, error) : read_pax(reader, data, type == 'g', error);
}

static bool read_type(char type, struct tar_entry *entry, struct error *error)
{
    for (size_t i = 0; i < sizeof REFUSED_TYPES / sizeof *REFUSED_TYPES; i++)
        if (type == REFUSED_TYPES[i].type)
            return error_set(error, ERROR_INVALID, "it is %s; only files and folders are taken", REFUSED_TYPES[i].what);
    if (type != '\0' && type != '0' && type != '5')
        return error_set(error, ERROR_INVALID, "its type 0x%02x is not known; only files and folders are taken",
                         (unsigned)(unsigned char)type);
    entry->type = type == '5' || entry->name[strlen(entry->name) - 1] == '/' ? TAR_FOLDER : TAR_FILE;
    if (entry->type == TAR_FOLDER && entry->data.size > 0)
        return error_set(error, ERROR_INVALID, "a folder cannot have %zu bytes in it", entry->data.size);
    return true;
}

/* Takes the data behind a header, with the zeros that fill up their last block. */
static bool take_data(struct tar_reader *reader, const char *header, struct slice *data, struct error *error)
{
    size_t size, left = reader->archive.size - reader->at;
    if (!read_octal(header, SIZE, &size))
        return error_set(error, ERROR_INVALID, "its size is no octal number");
    if (size > left || (BLOCK - size % BLOCK) % BLOCK > left - size)
        return error_set(error, ERROR_INVALID, "cut off: %zu bytes are stated, %zu are left in the archive; send it again",
                         size, left);
    *data = (struct slice){reader->archive.data + reader->at, size};
    reader->at += size + (BLOCK - size % BLOCK) % BLOCK;
    return true;
}

static enum tar_step end(const struct tar_reader *reader, struct error *error)
{
    struct slice rest = {reader->archive.data + reader->at, reader->archive.size - reader->at};
    if (reader->has_long_name)
        error_set(error, ERROR_INVALID, "after entry %zu: a long name without its entry", reader->n_headers);
    else if (!all_zeros(rest))
        error_set(error, ERROR_INVALID, "after entry %zu: something follows the end of the archive", reader->n_headers);
    else
        return TAR_END;
    return TAR_REFUSED;
}

/* One header with its data. TAR_ENTRY also for an extension, of which only the type is told. */
static enum tar_step next_header(struct tar_reader *reader, char *type, struct tar_entry *entry, struct error *error)
{
    const char *header = reader->archive.data + reader->at;
    if (reader->archive.size - reader->at < BLOCK) {
        error_set(error, ERROR_INVALID, "cut off after %zu entries: the end mark is missing; send it again", reader->n_headers);
        return TAR_REFUSED;
    }
    if (all_zeros((struct slice){header, BLOCK}))
        return end(reader, error);
    if (reader->n_headers++ == TAR_ENTRIES_MAX) {
        error_set(error, ERROR_TOO_LARGE, "more than %d entries", TAR_ENTRIES_MAX);
        return TAR_REFUSED;
    }
    if (!checksum_holds(header)) {
        error_set(error, ERROR_INVALID, "entry %zu: its header's checksum is wrong%s", reader->n_headers,
                  reader->n_headers == 1 ? "; this is no tar archive, or it is damaged or compressed" : "; send it again");
        return TAR_REFUSED;
    }
    reader->at += BLOCK;
    *type = header[TYPE.at];
    name_of(reader, header, entry->name);
    bool ok = take_data(reader, header, &entry->data, error);
    if (ok && is_extension(*type))
        ok = read_extension(reader, *type, entry->data, error);
    else if (ok) {
        const char *fault = name_fault(entry->name);
        ok = fault ? error_set(error, ERROR_INVALID, "%s", fault) : read_type(*type, entry, error);
        reader->has_long_name = false;
    }
    if (!ok)
        name_entry(reader, entry->name, error);
    return ok ? TAR_ENTRY : TAR_REFUSED;
}

void tar_begin(struct tar_reader *reader, struct slice archive)
{
    *reader = (struct tar_reader){.archive = archive};
}

enum tar_step tar_next(struct tar_reader *reader, struct tar_entry *entry, struct error *error)
{
    char type = '\0';
    enum tar_step step;
    do
        step = next_header(reader, &type, entry, error);
    while (step == TAR_ENTRY && is_extension(type));
    return step;
}
