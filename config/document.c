/* One configuration file, parsed: where its mistakes are reported, its lists and texts, and the nearest name to a wrong one. */
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

static void say(const struct document *document, const config_setting_t *at, bool warning, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void say(const struct document *document, const config_setting_t *at, bool warning, const char *format, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    unsigned line;
    const char *file = source_where(&document->source, at ? config_setting_source_line(at) : 0, &line);
    reporter_say(document->reporter, file, at && !config_setting_is_root(at) ? line : 0, warning, "%s", text);
}

void schema_mistake(const struct document *document, const config_setting_t *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(document, at, false, format, args);
    va_end(args);
}

void schema_warning(const struct document *document, const config_setting_t *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(document, at, true, format, args);
    va_end(args);
}

bool document_open(struct document *document, const char *path, const char *folder, const char *const *roots,
                   struct reporter *reporter)
{
    document->reporter = reporter;
    document->folder = folder;
    config_init(&document->parsed);
    /* All includes are in the text already. Should libconfig ever see one that our scanner did not, it finds nothing here. */
    config_set_include_dir(&document->parsed, "/nonexistent");
    if (!source_read(&document->source, path, roots, reporter))
        return false;
    if (config_read_string(&document->parsed, document->source.text ? document->source.text : ""))
        return true;
    unsigned line;
    const char *file = source_where(&document->source, (unsigned)config_error_line(&document->parsed), &line);
    const char *why = config_error_text(&document->parsed);
    reporter_say(reporter, file, line, false, "cannot be understood here or just above: %s", why ? why : "syntax error");
    return false;
}

void document_close(struct document *document)
{
    config_destroy(&document->parsed);
    source_free(&document->source);
}

const config_setting_t *document_root(const struct document *document)
{
    return config_root_setting(&document->parsed);
}

enum { LETTERS_MAX = 40 };

/* Edit distance (insert, delete, replace, two neighbours exchanged), at most LETTERS_MAX characters a side. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[LETTERS_MAX + 1][LETTERS_MAX + 1];
    size_t n = strlen(b), m = strlen(a);
    if (n > LETTERS_MAX || m > LETTERS_MAX)
        return 99;
    for (unsigned j = 0; j <= n; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= m; i++) {
        rows[i][0] = i;
        for (size_t j = 1; j <= n; j++) {
            unsigned best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            unsigned other = (rows[i - 1][j] < rows[i][j - 1] ? rows[i - 1][j] : rows[i][j - 1]) + 1;
            best = best < other ? best : other;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && rows[i - 2][j - 2] + 1 < best)
                best = rows[i - 2][j - 2] + 1;
            rows[i][j] = best;
        }
    }
    return rows[m][n];
}

struct nearest nearest_to(const char *wrong)
{
    return (struct nearest){.wrong = wrong,
                            .distance = 2 + (unsigned)strlen(wrong) / 3}; /* a third of the letters may differ */
}

void nearest_try(struct nearest *nearest, const char *name)
{
    unsigned d = distance(nearest->wrong, name);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->name = name;
    }
}

const char *nearest_text(const struct nearest *nearest, char text[80])
{
    text[0] = '\0';
    if (nearest->name)
        snprintf(text, 80, "; did you mean \"%s\"?", nearest->name);
    return text;
}

bool schema_has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

const config_setting_t *schema_list(const config_setting_t *group, const char *name)
{
    const config_setting_t *list = group ? config_setting_get_member(group, name) : NULL;
    return list && (config_setting_is_list(list) || config_setting_is_array(list)) ? list : NULL;
}

size_t schema_length(const config_setting_t *list)
{
    return list ? (size_t)config_setting_length(list) : 0;
}

const config_setting_t *schema_element(const config_setting_t *list, size_t i)
{
    return config_setting_get_elem(list, (unsigned)i);
}

bool schema_is_group(const struct document *document, const config_setting_t *element, const char *what)
{
    if (config_setting_is_group(element))
        return true;
    schema_mistake(document, element, "each of %s must be a group in { }", what);
    return false;
}

const char *schema_text(const struct document *document, const config_setting_t *setting, const char *what)
{
    if (config_setting_type(setting) == CONFIG_TYPE_STRING && !schema_has_control(config_setting_get_string(setting)))
        return config_setting_get_string(setting);
    schema_mistake(document, setting, "each of %s must be a text in quotes on one line", what);
    return NULL;
}

size_t schema_texts(const struct document *document, const config_setting_t *list, char *texts, size_t width, size_t n_max)
{
    size_t n = 0;
    for (size_t i = 0; i < schema_length(list) && n < n_max; i++) {
        const config_setting_t *element = schema_element(list, i);
        const char *text = schema_text(document, element, config_setting_name(list));
        if (text && text_copy(texts + n * width, width, text) && text[0])
            n++;
        else if (text)
            schema_mistake(document, element, "each of %s must have 1 to %zu bytes", config_setting_name(list), width - 1);
    }
    return n;
}
