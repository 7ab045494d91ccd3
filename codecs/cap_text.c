/* Texts of CAP: trimming, splitting, comparing, quoting and copying them, and the arrays that they are kept in. */
#include "codecs/cap_internal.h"

#include <stdlib.h>
#include <string.h>

struct cap_quote cap_quote(struct slice text)
{
    struct cap_quote quote = {""};
    char line[sizeof quote.text + 4] = ""; /* 4 bytes more, so that a character is cut only by text_copy */
    size_t n = text.size < sizeof line - 1 ? text.size : sizeof line - 1;
    for (size_t i = 0; i < n; i++)
        line[i] = (unsigned char)text.data[i] < ' ' || text.data[i] == 0x7F ? ' ' : text.data[i];
    text_copy(quote.text, sizeof quote.text, line);
    return quote;
}

void *cap_grow(void *array, size_t n, size_t size)
{
    char *grown = array;
    if ((n & (n - 1)) == 0) /* 0 and the powers of two: full */
        grown = realloc(array, (n ? n * 2 : 1) * size);
    if (grown)
        memset(grown + n * size, 0, size);
    return grown;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct slice cap_trim(struct slice text)
{
    for (; text.size > 0 && is_space(text.data[0]); text.size--)
        text.data++;
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

bool cap_take_word(struct slice *rest, struct slice *word)
{
    *word = cap_trim(*rest);
    size_t n = 0;
    while (n < word->size && !is_space(word->data[n]))
        n++;
    *rest = n < word->size ? (struct slice){word->data + n, word->size - n} : (struct slice){0};
    word->size = n;
    return n > 0;
}

bool cap_take_list(struct slice *rest, struct slice *list)
{
    struct slice more, word;
    if (!cap_take_word(rest, list))
        return false;
    for (more = *rest; cap_take_word(&more, &word); *rest = more) {
        if (list->data[list->size - 1] != ',' && word.data[0] != ',')
            break;
        list->size = (size_t)(word.data - list->data) + word.size;
    }
    return true;
}

bool cap_split(struct slice text, char at, struct slice *before, struct slice *after)
{
    const char *found = text.size ? memchr(text.data, at, text.size) : NULL;
    if (!found)
        return false;
    size_t n = (size_t)(found - text.data);
    *before = (struct slice){text.data, n};
    *after = (struct slice){found + 1, text.size - n - 1};
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool cap_equal(struct slice a, struct slice b, bool any_case)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (a.data[i] != b.data[i] && !(any_case && lower(a.data[i]) == lower(b.data[i])))
            return false;
    return true;
}

/* The position of text among words that are separated by ", "; -1 if it is not there. */
int cap_find_word(const char *words, struct slice text, bool any_case)
{
    struct slice rest = slice_of(words), word;
    for (int i = 0; rest.size > 0; i++) {
        if (!cap_split(rest, ',', &word, &rest)) {
            word = rest;
            rest.size = 0;
        }
        if (cap_equal(cap_trim(word), text, any_case))
            return i;
    }
    return -1;
}

bool cap_copy_text(struct cap_reader *reader, struct slice text, char **copy)
{
    *copy = strndup(text.size ? text.data : "", text.size);
    return *copy || cap_no_memory(reader);
}
