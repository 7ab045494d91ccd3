/* Puts a configuration file and its includes together to one text, line by line, so that nothing outside the allowed folders
 * is ever opened. On the way it finds what libconfig would take silently: integers beyond 32 bits, text that is not UTF-8. */
#include "config/source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the scanner is inside of; libconfig's lexer knows the same. */
enum inside { INSIDE_NOTHING, INSIDE_STRING, INSIDE_COMMENT, INSIDE_LINE_COMMENT };

struct scan { /* one file on its way into the text */
    struct source *source;
    const char *path;
    uint32_t file;
    unsigned line;
    unsigned depth;
    enum inside inside;
};

static bool read_file(struct source *source, const char *path, unsigned depth);

void reporter_say(struct reporter *reporter, const char *file, unsigned line, bool warning, const char *format, ...)
{
    char text[1024], message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_copy(message, sizeof message, text);
    if (!warning)
        reporter->mistakes++;
    reporter->report(reporter->context, file, line, message, warning);
}

bool source_is_below(const char *path, const char *const *roots)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return false;
    for (; *roots; roots++) {
        size_t n = strlen(*roots);
        if (strncmp(real, *roots, n) == 0 && (real[n] == '/' || n == 1))
            return true;
    }
    return false;
}

const char *source_where(const struct source *source, unsigned text_line, unsigned *line)
{
    if (source->n_lines == 0) {
        *line = 0;
        return source->n_files > 0 ? source->files[0] : NULL;
    }
    size_t i = text_line == 0 ? 0 : text_line > source->n_lines ? source->n_lines - 1 : text_line - 1;
    *line = source->lines[i].line;
    return source->files[source->lines[i].file];
}

static bool complain(const struct scan *scan, const char *mistake, const char *what)
{
    reporter_say(scan->source->reporter, scan->path, scan->line, false, "%s%s", mistake, what);
    return false;
}

/* Appends bytes of one line, which has its own entry in the table of lines. */
static bool append_line(struct scan *scan, const char *data, size_t size)
{
    struct source *source = scan->source;
    if (source->size + size > SOURCE_SIZE_MAX)
        return complain(scan, "the configuration is larger than 4 MiB with what it includes", "");
    char *text = realloc(source->text, source->size + size + 2);
    if (!text)
        return complain(scan, "out of memory", "");
    source->text = text;
    struct source_line *lines = realloc(source->lines, (source->n_lines + 1) * sizeof *lines);
    if (!lines)
        return complain(scan, "out of memory", "");
    source->lines = lines;
    memcpy(text + source->size, data, size);
    source->size += size;
    text[source->size++] = '\n';
    text[source->size] = '\0';
    lines[source->n_lines++] = (struct source_line){scan->file, scan->line};
    return true;
}

/* libconfig's rule: 32 bits unless an L follows; more wraps silently. Returns the end of the number. */
static const char *check_number(struct scan *scan, const char *p, bool *good)
{
    const char *digits = *p == '-' || *p == '+' ? p + 1 : p;
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end;
    errno = 0;
    long long value = strtoll(p, &end, hex ? 16 : 10);
    if (!hex && (*end == '.' || *end == 'e' || *end == 'E')) {
        strtod(p, &end); /* only to find its end */
        return end;
    }
    const char *stop = end + strspn(end, "L");
    bool large = errno == ERANGE || (*end != 'L' && (value < INT32_MIN || value > INT32_MAX));
    if (large) {
        char number[40];
        snprintf(number, sizeof number, "%.*s", (int)(stop - p), p);
        *good = complain(
            scan, "this number does not fit 32 bits and would be read as another (codes are written in quotes): ", number);
    }
    return stop;
}

static bool starts_number(const char *p)
{
    return isdigit((unsigned char)*p) || ((*p == '-' || *p == '+') && isdigit((unsigned char)p[1]));
}

/* One step outside of strings and comments. */
static const char *scan_plain(struct scan *scan, const char *p, bool *good)
{
    if (*p == '"')
        scan->inside = INSIDE_STRING;
    else if (*p == '#' || (p[0] == '/' && p[1] == '/'))
        scan->inside = INSIDE_LINE_COMMENT;
    else if (p[0] == '/' && p[1] == '*') {
        scan->inside = INSIDE_COMMENT;
        p++;
    } else if (isalpha((unsigned char)*p) || *p == '*')
        return p + 1 + strspn(p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*");
    else if (starts_number(p))
        return check_number(scan, p, good);
    return p + 1;
}

/* Follows strings and comments through one line (NUL-terminated, without its end). */
static bool scan_line(struct scan *scan, const char *p)
{
    bool good = true;
    while (*p) {
        if (scan->inside == INSIDE_NOTHING) {
            p = scan_plain(scan, p, &good);
        } else if (scan->inside == INSIDE_STRING) {
            if (*p == '"')
                scan->inside = INSIDE_NOTHING;
            p += *p == '\\' && p[1] ? 2 : 1;
        } else if (scan->inside == INSIDE_COMMENT && p[0] == '*' && p[1] == '/') {
            scan->inside = INSIDE_NOTHING;
            p += 2;
        } else {
            p++;
        }
    }
    if (scan->inside == INSIDE_STRING) /* libconfig would go on to the next " wherever it is */
        good = complain(scan, "a \" is not closed on this line", "");
    if (scan->inside != INSIDE_COMMENT)
        scan->inside = INSIDE_NOTHING;
    return good;
}

/* Finds an included file: beside the one that includes it, else below a root. Only below the roots. */
static bool find_included(struct scan *scan, const char *name, char path[PATH_MAX])
{
    const char *slash = strrchr(scan->path, '/');
    int folder = slash ? (int)(slash - scan->path) + 1 : 0;
    int n =
        name[0] == '/' ? snprintf(path, PATH_MAX, "%s", name) : snprintf(path, PATH_MAX, "%.*s%s", folder, scan->path, name);
    for (const char *const *root = scan->source->roots; *root && n < PATH_MAX && name[0] != '/' && access(path, F_OK) != 0;
         root++)
        n = snprintf(path, PATH_MAX, "%s/%s", *root, name);
    if (n >= PATH_MAX || access(path, F_OK) != 0)
        return complain(scan, "@include: there is no such file beside this one or in the shipped data: ", name);
    if (!source_is_below(path, scan->source->roots))
        return complain(
            scan, "@include: only files below the configuration's own folder or the shipped data may be included, not ", name);
    return true;
}

/* line begins with @include. */
static bool take_include(struct scan *scan, const char *line)
{
    line += strlen("@include");
    line += strspn(line, " \t");
    const char *end = *line == '"' ? strchr(line + 1, '"') : NULL;
    if (!end)
        return complain(scan, "@include needs a file name in quotes", "");
    const char *rest = end + 1 + strspn(end + 1, " \t\r;");
    if (*rest && *rest != '#' && strncmp(rest, "//", 2) != 0)
        return complain(scan, "nothing may follow an @include on its line: ", rest);
    char name[PATH_MAX], path[PATH_MAX];
    snprintf(name, sizeof name, "%.*s", (int)(end - line - 1), line + 1);
    if (scan->depth + 1 >= SOURCE_DEPTH_MAX)
        return complain(scan, "@include: files include each other too deeply, here ", name);
    return find_included(scan, name, path) && read_file(scan->source, path, scan->depth + 1);
}

static bool take_line(struct scan *scan, char *line)
{
    const char *first = line + strspn(line, " \t");
    if (scan->inside == INSIDE_NOTHING && strncmp(first, "@include", strlen("@include")) == 0)
        return take_include(scan, first);
    if (!text_is_utf8(slice_of(line)))
        return complain(scan, "this line is not UTF-8: save the file with that encoding", "");
    bool good = scan_line(scan, line);
    return append_line(scan, line, strlen(line)) && good;
}

static bool take_lines(struct scan *scan, char *data, size_t size)
{
    bool good = true;
    char *end = data + size;
    for (char *line = data; line < end; scan->line++) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        *stop = '\0';
        if (strlen(line) != (size_t)(stop - line))
            return complain(scan, "this line holds a NUL byte: this is not a configuration file", "");
        if (!take_line(scan, line))
            good = false;
        line = stop + 1;
    }
    if (scan->inside == INSIDE_COMMENT)
        return complain(scan, "a /* is not closed in this file", "");
    return good;
}

/* Opens a regular file only: a FIFO or device would block or never end. Returns its bytes and room for one more. */
static char *read_bytes(const struct scan *scan, size_t *size)
{
    int fd = open(scan->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    char *data = NULL;
    if (fd < 0 || fstat(fd, &status) != 0)
        complain(scan, "cannot be read: ", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        complain(scan, "is not a regular file", "");
    else if (status.st_size > SOURCE_SIZE_MAX)
        complain(scan, "is larger than 4 MiB", "");
    else if (!(data = malloc((size_t)status.st_size + 1)))
        complain(scan, "out of memory", "");
    for (*size = 0; data && *size < (size_t)status.st_size;) {
        ssize_t n = read(fd, data + *size, (size_t)status.st_size - *size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        *size += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    return data;
}

static bool read_file(struct source *source, const char *path, unsigned depth)
{
    struct scan scan = {.source = source, .path = path, .file = source->n_files, .depth = depth};
    if (source->n_files == SOURCE_FILES_MAX)
        return complain(&scan, "too many files are included, at most 64", "");
    source->files[source->n_files] = strdup(path);
    if (!source->files[source->n_files])
        return complain(&scan, "out of memory", "");
    source->n_files++;
    size_t size;
    char *data = read_bytes(&scan, &size);
    if (!data)
        return false;
    scan.line = 1;
    size_t mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* some editors put one there */
    bool good = take_lines(&scan, data + mark, size - mark);
    free(data);
    return good;
}

bool source_read(struct source *source, const char *path, const char *const *roots, struct reporter *reporter)
{
    *source = (struct source){.roots = roots, .reporter = reporter};
    return read_file(source, path, 0);
}

void source_free(struct source *source)
{
    for (uint32_t i = 0; i < source->n_files; i++)
        free(source->files[i]);
    free(source->lines);
    free(source->text);
    *source = (struct source){0};
}
