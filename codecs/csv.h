/* Tables as text with commas (RFC 4180): UTF-8, with or without a byte order mark, which spreadsheets write.
 * No memory of its own: a row's cells are copied into the caller's struct. */
#ifndef TOCSIN_CODECS_CSV_H
#define TOCSIN_CODECS_CSV_H

#include "codecs/base.h"

enum { CSV_CELLS_MAX = 64, CSV_ROW_MAX = 65536 /* bytes of all cells of a row, with a NUL each */ };

struct csv {
    struct slice rest;
    unsigned line; /* of what comes next, from 1 */
};

struct csv_row {
    unsigned line; /* on which it begins */
    size_t n_cells;
    const char *cells[CSV_CELLS_MAX]; /* in text; blanks belong to a cell, line breaks may stand in one in quotes */
    char text[CSV_ROW_MAX];
};

/* Begins with a table, which must live as long. ERROR_INVALID, with csv->line at the first that is not UTF-8. */
bool csv_begin(struct csv *csv, struct slice table, struct error *error);

/* The next row that is not empty. False at the end, where error->code is ERROR_NONE, or for a mistake in the row that begins
 * on row->line: quotes that do not end, or stand within a cell that has none around it; too many or too long cells. */
bool csv_next(struct csv *csv, struct csv_row *row, struct error *error);

#endif
