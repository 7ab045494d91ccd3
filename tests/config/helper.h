/* What the tests of the configuration share: a temporary folder, a list of what was reported, and a small good site. */
#ifndef TOCSIN_TESTS_CONFIG_HELPER_H
#define TOCSIN_TESTS_CONFIG_HELPER_H

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct said {
    unsigned mistakes, warnings;
    struct {
        char file[256];
        unsigned line;
        char message[512];
        bool warning;
    } items[64];
};

static inline int find_hazard(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->n_hazards; i++)
        if (strcmp(config->hazards[i].id, id) == 0)
            return (int)i;
    return -1;
}

static inline void remember(void *context, const char *file, unsigned line, const char *message, bool warning)
{
    struct said *said = context;
    unsigned i = said->mistakes + said->warnings;
    assert_true(i < 64);
    snprintf(said->items[i].file, sizeof said->items[i].file, "%s", file ? file : "");
    snprintf(said->items[i].message, sizeof said->items[i].message, "%s", message);
    said->items[i].line = line;
    said->items[i].warning = warning;
    if (warning)
        said->warnings++;
    else
        said->mistakes++;
}

static inline void print_said(const struct said *said)
{
    for (unsigned i = 0; i < said->mistakes + said->warnings; i++)
        print_message("%s:%u: %s%s\n", said->items[i].file, said->items[i].line, said->items[i].warning ? "warning: " : "",
                      said->items[i].message);
}

/* True if it was reported: file by its end, line, a part of the message. */
static inline bool was_said(const struct said *said, bool warning, const char *file, unsigned line, const char *part)
{
    for (unsigned i = 0; i < said->mistakes + said->warnings; i++) {
        size_t n = strlen(said->items[i].file), k = strlen(file);
        if (said->items[i].warning == warning && said->items[i].line == line && strstr(said->items[i].message, part) &&
            n >= k && strcmp(said->items[i].file + n - k, file) == 0)
            return true;
    }
    return false;
}

static inline void assert_said(const struct said *said, bool warning, const char *file, unsigned line, const char *part)
{
    if (was_said(said, warning, file, line, part))
        return;
    print_said(said);
    fail_msg("not said: %s:%u: %s", file, line, part);
}

struct folder {
    char path[64];
};

static inline void folder_make(struct folder *folder)
{
    strcpy(folder->path, "/tmp/tocsin-config-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static inline void folder_write(const struct folder *folder, const char *name, const char *text)
{
    char path[512];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%s/%.*s", folder->path, (int)(slash - name), name);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void folder_remove(const struct folder *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder->path);
    assert_int_equal(system(command), 0);
}

static inline struct config *load_in(const struct folder *folder, const char *name, struct said *said)
{
    char path[512];
    memset(said, 0, sizeof *said);
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return config_load(path, remember, said);
}

/* A new text in which the first `from` is replaced by `to`; the caller frees. */
static inline char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (!at)
        fail_msg("not in the text: %s", from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *changed = malloc(size);
    assert_non_null(changed);
    snprintf(changed, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return changed;
}

/* Line of the text in which `part` stands, from 1. */
static inline unsigned line_of(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    unsigned line = 1;
    if (!at)
        fail_msg("not in the text: %s", part);
    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    return line;
}

#define GOOD_SITE                                                                                                              \
    "site = { name_zh = \"青溪镇\"; name_en = \"Qingxi\"; code = \"360499103000\"; };\n"                                    \
    "geocode_names = [ \"areaCode\" ];\n"                                                                                      \
    "sources = ( { id = \"county\"; sender = \"w@c.example\"; } );\n"                                                          \
    "users = ( { login = \"*\"; source = \"county\"; } );\n"                                                                   \
    "places = (\n"                                                                                                             \
    "  { code = \"360499103201\"; zh = \"龙塘村\"; en = \"Longtang\"; },\n"                                                 \
    "  { code = \"360499103202\"; zh = \"石桥村\"; en = \"Shiqiao\"; }\n"                                                   \
    ");\n"                                                                                                                     \
    "programme = {\n"                                                                                                          \
    "  fallback_zh = \"zh.wav\"; fallback_en = \"en.wav\";\n"                                                                  \
    "  fallback_drill_zh = \"zh.wav\"; fallback_drill_en = \"en.wav\";\n"                                                      \
    "  fallback_all_clear_zh = \"zh.wav\"; fallback_all_clear_en = \"en.wav\";\n"                                              \
    "};\n"                                                                                                                     \
    "channels = ( { id = \"main\"; output = \"alsa:default\"; } );\n"                                                          \
    "lines = (\n"                                                                                                              \
    "  { id = \"north\"; channel = \"main\"; device = \"tty/north\"; baud = 9600; },\n"                                        \
    "  { id = \"south\"; channel = \"main\"; device = \"/dev/ttyUSB0\"; baud = 19200; }\n"                                     \
    ");\n"                                                                                                                     \
    "terminals = (\n"                                                                                                          \
    "  { id = \"n1\"; name = \"one\"; line = \"north\"; unit = 1; profile = \"linghu-t8\"; codes = [ \"360499103201\" ]; },\n" \
    "  { id = \"n2\"; name = \"two\"; line = \"north\"; unit = 2; profile = \"linghu-t8\"; codes = [ \"360499103202\" ]; },\n" \
    "  { id = \"s1\"; name = \"three\"; line = \"south\"; unit = 1; profile = \"beishan-c4\"; codes = [ \"360499103\" ]; }\n"  \
    ");\n"

/* The shipped data is found below the working folder: the tests run from the top of the tree. */
static inline int use_shipped_data(void **state)
{
    (void)state;
    return setenv("TOCSIN_DATA", "config", 1);
}

static inline void write_good_site(const struct folder *folder, const char *site)
{
    folder_write(folder, "site.cfg", site);
    folder_write(folder, "zh.wav", "x");
    folder_write(folder, "en.wav", "x");
}

#endif
