/* Text for terminals: columns that line up although Chinese characters are two wide. Pure. */
#ifndef TOCSIN_CONTROLLER_CLI_TABLE_H
#define TOCSIN_CONTROLLER_CLI_TABLE_H

#include "codecs/base.h"

#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 12 };

/* Columns that UTF-8 text takes (Unicode UAX 11: wide and full-width are 2, combining marks 0; a broken byte is 1). */
size_t text_width(const char *text);

/* Bytes of the longest beginning of text that is at most width columns wide. */
size_t text_fit(const char *text, size_t width);

struct table;

/* titles: n of them, at most TABLE_COLUMNS_MAX; one that begins with '>' (not printed) is set to the right. NULL without
 * memory. */
struct table *table_create(const char *const titles[], size_t n);

/* Adds one row of n cells, copied and cleaned; NULL counts as empty. Without memory the row is lost and table_print says so. */
void table_add(struct table *table, const char *const cells[]);

/* Prints titles and rows; two spaces between columns, none at line ends. False if a row was lost. */
bool table_print(const struct table *table, FILE *out);
void table_free(struct table *table);

#endif
