/* The text of a configuration file with its includes put in, where each of its lines came from, and how mistakes in it are
 * reported. libconfig itself never opens a file: it would follow an @include anywhere. */
#ifndef TOCSIN_CONFIG_SOURCE_H
#define TOCSIN_CONFIG_SOURCE_H

#include "config/config.h"

enum { SOURCE_FILES_MAX = 64, SOURCE_DEPTH_MAX = 8, SOURCE_SIZE_MAX = 4 * 1024 * 1024 };

/* Where mistakes go; shared by all files of one load. */
struct reporter {
    config_report_fn *report;
    void *context;
    unsigned mistakes; /* warnings are not counted */
};

struct source_line {
    uint32_t file; /* index into files */
    uint32_t line; /* from 1 */
};

struct source {
    char *text; /* NUL-terminated, UTF-8 */
    size_t size;
    struct source_line *lines; /* of each line of text */
    size_t n_lines;
    char *files[SOURCE_FILES_MAX]; /* as a person would name them */
    uint32_t n_files;
    struct reporter *reporter;
    const char *const *roots; /* real paths of the folders that may be read from, NULL at the end */
};

void reporter_say(struct reporter *reporter, const char *file, unsigned line, bool warning, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Reads path and what it includes. Mistakes go to the reporter; true if there were none. Call source_free in any case. */
bool source_read(struct source *source, const char *path, const char *const *roots, struct reporter *reporter);
void source_free(struct source *source);

/* Where a line of the text (from 1) came from; the last line for one that is too large. */
const char *source_where(const struct source *source, unsigned text_line, unsigned *line);

/* True if path, with all links followed, lies below one of the folders. */
bool source_is_below(const char *path, const char *const *roots);

#endif
