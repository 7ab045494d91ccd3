/* Fuzz harness of codecs/csv: what is read, written again with quotes around every cell, reads the same. */
#include "codecs/csv.h"
#include "tests/fuzz/require.h"

#include <string.h>

static size_t write_row(const struct csv_row *row, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < row->n_cells; i++) {
        if (i > 0)
            to[n++] = ',';
        to[n++] = '"';
        for (const char *c = row->cells[i]; *c; c++) {
            to[n++] = *c;
            if (*c == '"')
                to[n++] = '"';
        }
        to[n++] = '"';
    }
    to[n++] = '\n';
    return n;
}

static void reads_the_same(const struct csv_row *row)
{
    static struct csv_row again;
    static char written[2 * CSV_ROW_MAX + 4 * CSV_CELLS_MAX];
    struct csv csv;
    struct error error;
    require(csv_begin(&csv, (struct slice){written, write_row(row, written)}, &error) && csv_next(&csv, &again, &error));
    require(again.n_cells == row->n_cells && csv.rest.size == 1); /* the line end */
    for (size_t i = 0; i < row->n_cells; i++)
        require(strcmp(again.cells[i], row->cells[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct csv_row row;
    struct csv csv;
    struct error error = {0};
    unsigned line = 0;
    if (!csv_begin(&csv, (struct slice){(const char *)data, size}, &error)) {
        require_text(error.message);
        return 0;
    }
    while (csv_next(&csv, &row, &error)) {
        require(row.line > line && row.n_cells > 0 && row.n_cells <= CSV_CELLS_MAX);
        line = row.line;
        reads_the_same(&row);
    }
    if (error.code != ERROR_NONE)
        require_text(error.message);
    return 0;
}
