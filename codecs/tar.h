/* The entries of a tar archive that is held in memory: POSIX ustar and pax (IEEE 1003.1, "pax", ustar interchange format) and
 * GNU tar. Nothing is copied but names, nothing is written anywhere. What one unpacker could read differently from another is
 * refused, so that what was checked is what is used. */
#ifndef TOCSIN_CODECS_TAR_H
#define TOCSIN_CODECS_TAR_H

#include "codecs/base.h"

/* More than these is refused with ERROR_TOO_LARGE. */
enum {
    TAR_ENTRIES_MAX = 256,    /* headers, also those that only carry a long name */
    TAR_NAME_MAX = 512,       /* bytes of a name */
    TAR_EXTENSION_MAX = 8192, /* bytes of a pax header or of a GNU long name */
};

enum tar_type { TAR_FILE, TAR_FOLDER };

struct tar_entry {
    char name[TAR_NAME_MAX + 1]; /* UTF-8, relative, never empty, without "..", backslash or control characters */
    enum tar_type type;
    struct slice data; /* in the archive; empty for a folder */
};

enum tar_step { TAR_ENTRY, TAR_END, TAR_REFUSED };

struct tar_reader { /* private */
    struct slice archive;
    size_t at, n_headers;
    bool has_long_name;
    char long_name[TAR_NAME_MAX + 1];
};

/* Begins at the first entry. The archive must live as long as the reader and the data of its entries. */
void tar_begin(struct tar_reader *reader, struct slice archive);

/* The next file or folder: fills *entry for TAR_ENTRY, *error (which may be NULL) for TAR_REFUSED, after which the reader is
 * not to be used any more. The error names the entry by its number and, where it can be read, its name.
 *
 * Understood: ustar prefix, pax "path", GNU long names; other pax keys are skipped. Refused: a wrong checksum, size or name,
 * an absolute name or one with "..", links, devices, FIFOs, sparse files and every other type, pax "size" and sparse keys,
 * sizes beyond octal digits, an archive that is cut off (also one without its end mark, a block of zeros) or goes on after its
 * end. */
enum tar_step tar_next(struct tar_reader *reader, struct tar_entry *entry, struct error *error);

#endif
