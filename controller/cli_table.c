/* Width of text, and tables of it. */
#include "controller/cli_table.h"

#include <stdlib.h>
#include <string.h>

struct range {
    uint32_t first, last;
};

/* East Asian Wide and Fullwidth (Unicode 15, EastAsianWidth.txt), joined where gaps are unassigned. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x17000, 0x18CFF}, {0x1B000, 0x1B2FF}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};
static const struct range zero[] = {
    {0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0x302A, 0x302D},
    {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

static bool within(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static size_t character_width(uint32_t c)
{
    if (within(zero, sizeof zero / sizeof *zero, c))
        return 0;
    return within(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

size_t text_width(const char *text)
{
    size_t width = 0;
    uint32_t c;
    for (size_t n; (n = text_next(text, &c)) > 0; text += n)
        width += character_width(c);
    return width;
}

size_t text_fit(const char *text, size_t width)
{
    size_t bytes = 0, used = 0;
    uint32_t c;
    for (size_t n; (n = text_next(text + bytes, &c)) > 0; bytes += n) {
        used += character_width(c);
        if (used > width)
            break;
    }
    return bytes;
}

struct table {
    size_t n_columns, n_rows, room;
    const char *titles[TABLE_COLUMNS_MAX];
    bool right[TABLE_COLUMNS_MAX];
    size_t width[TABLE_COLUMNS_MAX];
    char **cells; /* n_rows * n_columns */
    bool lost;
};

struct table *table_create(const char *const titles[], size_t n)
{
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->n_columns = n < TABLE_COLUMNS_MAX ? n : TABLE_COLUMNS_MAX;
    for (size_t i = 0; i < table->n_columns; i++) {
        table->right[i] = titles[i][0] == '>';
        table->titles[i] = titles[i] + (table->right[i] ? 1 : 0);
        table->width[i] = text_width(table->titles[i]);
    }
    return table;
}

static bool make_room(struct table *table)
{
    if (table->n_rows < table->room)
        return true;
    size_t room = table->room == 0 ? 32 : table->room * 2;
    char **cells = realloc(table->cells, room * table->n_columns * sizeof *cells);
    if (!cells)
        return false;
    table->cells = cells;
    table->room = room;
    return true;
}

static char *clean_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy)
        text_clean(copy, size, text);
    return copy;
}

void table_add(struct table *table, const char *const cells[])
{
    if (!make_room(table)) {
        table->lost = true;
        return;
    }
    char **row = table->cells + table->n_rows * table->n_columns;
    for (size_t i = 0; i < table->n_columns; i++) {
        row[i] = clean_copy(cells[i] ? cells[i] : "");
        table->lost = table->lost || !row[i];
        size_t width = row[i] ? text_width(row[i]) : 0;
        if (width > table->width[i])
            table->width[i] = width;
    }
    table->n_rows++;
}

static void print_row(const struct table *table, const char *const *cells, FILE *out)
{
    size_t owed = 0; /* spaces before the next text */
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *cell = cells[i] ? cells[i] : "?";
        size_t pad = table->width[i] - (cells[i] ? text_width(cell) : 0);
        owed += table->right[i] ? pad : 0;
        if (*cell) {
            fprintf(out, "%*s%s", (int)owed, "", cell);
            owed = 0;
        }
        owed += (table->right[i] ? 0 : pad) + 2;
    }
    fputc('\n', out);
}

bool table_print(const struct table *table, FILE *out)
{
    print_row(table, table->titles, out);
    for (size_t i = 0; i < table->n_rows; i++)
        print_row(table, (const char *const *)table->cells + i * table->n_columns, out);
    return !table->lost;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}
