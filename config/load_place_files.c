/* Place files: tables (CSV) as a township keeps them, and GeoJSON from a map. Their columns and properties have the names of
 * settings; each row or feature becomes a draft. */
#include "config/load_places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 32 * 1024 * 1024, FILE_ROWS_MAX = 20000, FILES_MAX = 64, UNKNOWN_MAX = 32 };

static const char BLANKS[] = " \t\r\n";

struct reading {
    struct loader *loader;
    struct place_file *file;
    char unknown[UNKNOWN_MAX][64]; /* columns that were told already */
    size_t n_unknown;
};

/* A map's export has columns of its own, so one that is not known is no mistake; but a slip of the pen must be seen. */
static void warn_of_column(struct reading *reading, const struct place_origin *origin, const char *name)
{
    char text[80];
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < reading->n_unknown; i++)
        if (strncmp(reading->unknown[i], name, sizeof reading->unknown[i] - 1) == 0)
            return;
    if (reading->n_unknown == UNKNOWN_MAX)
        return;
    text_copy(reading->unknown[reading->n_unknown++], sizeof reading->unknown[0], name);
    for (int kind = 0; kind < PLACE_KINDS; kind++)
        for (const struct schema_item *item = load_kind_items((enum place_kind)kind); item->name; item++)
            nearest_try(&nearest, item->name);
    reporter_say(&reading->loader->reporter, reading->file->path, origin->line, true,
                 "\"%.60s\" is no setting of a place and is not read%s", name, nearest_text(&nearest, text));
}

/* Blanks around a value are nobody's intention. An empty value is none. */
static void add_cell(struct place_row *row, const char *name, char *value)
{
    value += strspn(value, BLANKS);
    size_t n = strlen(value);
    while (n > 0 && strchr(BLANKS, value[n - 1]))
        n--;
    value[n] = '\0';
    if (n > 0 && row->n < CSV_CELLS_MAX)
        row->cells[row->n++] = (struct geojson_property){name, value};
}

static bool too_many(struct reading *reading, const struct place_origin *origin, unsigned n)
{
    if (n <= FILE_ROWS_MAX)
        return false;
    load_place_mistake(reading->loader, origin, "there are more than %d rows", FILE_ROWS_MAX);
    return true;
}

/* ---- tables ---- */

static bool check_header(struct reading *reading, const struct csv_row *header, const struct place_origin *origin)
{
    bool named = false;
    for (size_t i = 0; i < header->n_cells; i++) {
        if (!load_is_place_column(header->cells[i]))
            warn_of_column(reading, origin, header->cells[i]);
        named |= strcmp(header->cells[i], "code") == 0 || strcmp(header->cells[i], "id") == 0;
        for (size_t k = 0; k < i; k++)
            if (strcmp(header->cells[i], header->cells[k]) == 0)
                load_place_mistake(reading->loader, origin, "the column \"%.60s\" stands twice", header->cells[i]);
    }
    if (!named)
        load_place_mistake(
            reading->loader, origin,
            "there is no column \"code\" or \"id\": the first row must name the columns, with commas between them");
    return named;
}

static void read_table_row(struct reading *reading, const struct csv_row *header, struct csv_row *cells)
{
    struct place_row row = {.origin = {.file = reading->file, .line = cells->line}};
    for (size_t i = 0; i < cells->n_cells && i < header->n_cells; i++)
        add_cell(&row, header->cells[i], cells->text + (cells->cells[i] - cells->text));
    if (cells->n_cells > header->n_cells)
        load_place_mistake(reading->loader, &row.origin, "the row has %zu cells, but the first row names %zu columns",
                           cells->n_cells, header->n_cells);
    else if (row.n > 0)
        load_place_row(reading->loader, &row);
}

static void read_rows(struct reading *reading, struct csv *csv, struct csv_row *header, struct csv_row *cells)
{
    struct error error;
    struct place_origin origin = {.file = reading->file, .line = 1};
    bool more = csv_next(csv, header, &error);
    if (!more && error.code == ERROR_NONE)
        error_set(&error, ERROR_MISSING, "there is nothing in it: its first row must name the columns");
    more = more && check_header(reading, header, &origin);
    for (unsigned n = 1; more && csv_next(csv, cells, &error) && !too_many(reading, &origin, n); n++) {
        read_table_row(reading, header, cells);
        origin.line = csv->line;
    }
    origin.line = more ? cells->line : header->line;
    if (error.code != ERROR_NONE)
        load_place_mistake(reading->loader, &origin, "%s", error.message);
}

static void read_table(struct reading *reading, struct slice bytes)
{
    struct csv csv;
    struct error error;
    struct csv_row *rows = calloc(2, sizeof *rows);
    bool good = csv_begin(&csv, bytes, &error);
    struct place_origin origin = {.file = reading->file, .line = csv.line};
    if (!good || !rows)
        load_place_mistake(reading->loader, &origin, "%s", good ? "out of memory" : error.message);
    else
        read_rows(reading, &csv, &rows[0], &rows[1]);
    free(rows);
}

/* ---- maps ---- */

static void read_feature(struct reading *reading, const struct geojson_feature *feature)
{
    struct place_row row = {.origin = {.file = reading->file, .feature = feature->number}, .shapes = feature};
    for (size_t i = 0; i < feature->n_properties; i++) {
        const struct geojson_property *property = &feature->properties[i];
        if (load_is_place_column(property->name))
            add_cell(&row, property->name, property->value);
        else
            warn_of_column(reading, &row.origin, property->name);
    }
    load_place_row(reading->loader, &row);
}

static void read_map(struct reading *reading, struct slice bytes)
{
    struct geojson map;
    struct geojson_feature feature;
    struct error error;
    struct place_origin origin = {.file = reading->file};
    enum geojson_step step = geojson_begin(&map, bytes, &error) ? GEOJSON_WRONG : GEOJSON_BROKEN;
    if (step == GEOJSON_BROKEN)
        load_place_mistake(reading->loader, &origin, "%s", error.message);
    while (step == GEOJSON_FEATURE || step == GEOJSON_WRONG) {
        step = geojson_next(&map, &feature, &error);
        origin.feature = step == GEOJSON_WRONG ? feature.number : 0;
        if (step == GEOJSON_FEATURE)
            read_feature(reading, &feature);
        else if (step != GEOJSON_END)
            load_place_mistake(reading->loader, &origin, "%s", error.message);
        geojson_feature_free(&feature);
        if (too_many(reading, &origin, map.n_features))
            return;
    }
}

/* ---- files ---- */

/* All of a file; NULL after reporting. */
static char *read_bytes(struct loader *loader, struct place_file *file, size_t *size)
{
    struct place_origin origin = {.file = file};
    FILE *stream = fopen(file->path, "re");
    char *bytes = stream ? malloc(FILE_BYTES_MAX + 1) : NULL;
    *size = bytes ? fread(bytes, 1, FILE_BYTES_MAX + 1, stream) : 0;
    if (!bytes || ferror(stream))
        load_place_mistake(loader, &origin, "cannot be read: %s", strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
    else if (*size > FILE_BYTES_MAX)
        load_place_mistake(loader, &origin, "is larger than %d MiB", FILE_BYTES_MAX / 1024 / 1024);
    bool good = bytes && !ferror(stream) && *size <= FILE_BYTES_MAX;
    if (stream)
        fclose(stream); /* nothing was written */
    if (good)
        return bytes;
    free(bytes);
    return NULL;
}

static bool has_ending(const char *path, const char *ending)
{
    size_t n = strlen(path), k = strlen(ending);
    return n > k && strcasecmp(path + n - k, ending) == 0;
}

static void read_file(struct loader *loader, struct place_file *file, const config_setting_t *at)
{
    struct reading reading = {.loader = loader, .file = file};
    bool table = has_ending(file->path, ".csv");
    size_t size;
    if (!table && !has_ending(file->path, ".geojson") && !has_ending(file->path, ".json")) {
        schema_mistake(&loader->site, at, "a place file is a .csv, .geojson or .json, and %s is none", file->path);
        return;
    }
    char *bytes = read_bytes(loader, file, &size);
    if (bytes && table)
        read_table(&reading, (struct slice){bytes, size});
    else if (bytes)
        read_map(&reading, (struct slice){bytes, size});
    free(bytes);
}

void load_place_files(struct loader *loader)
{
    const config_setting_t *list = schema_list(document_root(&loader->site), "place_files");
    size_t n = schema_length(list) < FILES_MAX ? schema_length(list) : FILES_MAX;
    loader->places.files = calloc(n + 1, sizeof *loader->places.files);
    for (size_t i = 0; loader->places.files && i < n; i++) {
        const config_setting_t *at = schema_element(list, i);
        const char *name = schema_text(&loader->site, at, "place_files");
        struct place_file *file = &loader->places.files[i];
        if (name && text_print(file->path, sizeof file->path, "%s%s%s", name[0] == '/' ? "" : loader->folder,
                               name[0] == '/' ? "" : "/", name))
            read_file(loader, file, at);
        else if (name)
            schema_mistake(&loader->site, at, "the path of a place file is too long");
    }
}
