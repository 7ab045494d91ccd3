/* Reads a CSV table row by row. */
#include "codecs/csv.h"

#include <string.h>

bool csv_begin(struct csv *csv, struct slice table, struct error *error)
{
    static const char MARK[] = "\xEF\xBB\xBF";
    *csv = (struct csv){table, 1};
    if (table.size >= 3 && memcmp(table.data, MARK, 3) == 0)
        csv->rest = (struct slice){table.data + 3, table.size - 3};
    for (struct slice rest = csv->rest; rest.size > 0; csv->line++) {
        const char *end = memchr(rest.data, '\n', rest.size); /* no character has this byte in it but the line's end */
        size_t n = end ? (size_t)(end - rest.data) + 1 : rest.size;
        if (!text_is_utf8((struct slice){rest.data, n}))
            return error_set(
                error, ERROR_INVALID,
                "is not UTF-8: save it as \"CSV UTF-8\" in the spreadsheet, or convert it: iconv -f GB18030 -t UTF-8");
        rest = (struct slice){rest.data + n, rest.size - n};
    }
    csv->line = 1;
    return true;
}

static bool ends(const struct csv *csv)
{
    return csv->rest.size == 0 || csv->rest.data[0] == '\r' || csv->rest.data[0] == '\n';
}

static char take(struct csv *csv)
{
    char c = csv->rest.data[0];
    bool pair = c == '\r' && csv->rest.size > 1 && csv->rest.data[1] == '\n';
    csv->line += c == '\n' || (c == '\r' && !pair);
    csv->rest = (struct slice){csv->rest.data + 1, csv->rest.size - 1};
    return c;
}

static bool put(struct csv_row *row, size_t *used, char c, struct error *error)
{
    if (*used == CSV_ROW_MAX)
        return error_set(error, ERROR_TOO_LARGE, "the row has more than %d bytes", CSV_ROW_MAX);
    row->text[(*used)++] = c;
    return true;
}

/* A quote within quotes stands twice. */
static bool read_quoted(struct csv *csv, struct csv_row *row, size_t *used, struct error *error)
{
    take(csv);
    while (csv->rest.size > 0) {
        char c = take(csv);
        if (c == '"' && (csv->rest.size == 0 || csv->rest.data[0] != '"'))
            return ends(csv) || csv->rest.data[0] == ',' ||
                   error_set(error, ERROR_INVALID, "behind the closing quote of cell %zu stands neither a comma nor a line end",
                             row->n_cells);
        if (c == '"')
            take(csv);
        if (!put(row, used, c, error))
            return false;
    }
    return error_set(error, ERROR_INVALID, "the quote that opens cell %zu is never closed", row->n_cells);
}

static bool read_plain(struct csv *csv, struct csv_row *row, size_t *used, struct error *error)
{
    while (!ends(csv) && csv->rest.data[0] != ',') {
        char c = take(csv);
        if (c == '"')
            return error_set(error, ERROR_INVALID, "a quote stands within cell %zu, which has none around it", row->n_cells);
        if (!put(row, used, c, error))
            return false;
    }
    return true;
}

static bool read_cell(struct csv *csv, struct csv_row *row, size_t *used, struct error *error)
{
    if (row->n_cells == CSV_CELLS_MAX)
        return error_set(error, ERROR_TOO_LARGE, "the row has more than %d cells", CSV_CELLS_MAX);
    row->cells[row->n_cells++] = row->text + *used;
    bool quoted = csv->rest.size > 0 && csv->rest.data[0] == '"';
    return (quoted ? read_quoted(csv, row, used, error) : read_plain(csv, row, used, error)) && put(row, used, '\0', error);
}

bool csv_next(struct csv *csv, struct csv_row *row, struct error *error)
{
    size_t used = 0;
    *error = (struct error){0};
    while (csv->rest.size > 0 && ends(csv))
        take(csv);
    row->line = csv->line;
    row->n_cells = 0;
    if (csv->rest.size == 0)
        return false;
    while (read_cell(csv, row, &used, error)) {
        if (ends(csv))
            return true;
        take(csv); /* the comma */
    }
    return false;
}
