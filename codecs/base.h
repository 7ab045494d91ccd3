/* The lowest header of Tocsin: errors, slices of bytes, and the two kinds of time.
 * Everything may include it; it includes nothing of Tocsin. No I/O, no clock. */
#ifndef TOCSIN_CODECS_BASE_H
#define TOCSIN_CODECS_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a call failed. The kind decides what the caller does; the message tells a person. */
enum error_code {
    ERROR_NONE,
    ERROR_INVALID,     /* the input is wrong: the message names the part and what to do */
    ERROR_MISSING,     /* a required part is not there */
    ERROR_TOO_LARGE,   /* over a stated bound */
    ERROR_UNSUPPORTED, /* right, but not done here */
    ERROR_NOT_FOUND,
    ERROR_CONFLICT, /* same name, other content */
    ERROR_DENIED,
    ERROR_TIMEOUT,
    ERROR_DISCONNECTED, /* a port, card or peer is gone */
    ERROR_IO,
    ERROR_NO_MEMORY,
    ERROR_INTERNAL,
};

struct error {
    enum error_code code;
    char message[256]; /* UTF-8, one line, no full stop needed */
};

/* The name of a code in lower case, such as "not_found". Never NULL. */
const char *error_name(enum error_code code);

/* Fills *error (which may be NULL) and returns false, so that "return error_set(...)" reads well. */
bool error_set(struct error *error, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that is there already; returns false. */
bool error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Bytes that belong to somebody else and live at least as long as the call. */
struct slice {
    const char *data;
    size_t size;
};

struct slice slice_of(const char *text); /* of a C string; NULL gives an empty slice */

/* Monotonic time, microseconds since boot: for every timer and measurement. */
struct mono {
    int64_t us;
};

/* Wall time, milliseconds since 1970-01-01T00:00:00Z: only for schedules, expiry and people. */
struct wall {
    int64_t ms;
};

static inline struct mono mono_plus_us(struct mono t, int64_t us)
{
    return (struct mono){t.us + us};
}

static inline struct mono mono_plus_ms(struct mono t, int64_t ms)
{
    return (struct mono){t.us + ms * 1000};
}

/* Microseconds from b to a; positive when a is later. */
static inline int64_t mono_since(struct mono a, struct mono b)
{
    return a.us - b.us;
}

static inline bool mono_before(struct mono a, struct mono b)
{
    return a.us < b.us;
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
    return mono_before(a, b) ? a : b;
}

static inline struct mono mono_later(struct mono a, struct mono b)
{
    return mono_before(a, b) ? b : a;
}

/* Copies at most size-1 bytes and always ends with NUL, never inside a UTF-8 character. Returns false if it had to cut. */
bool text_copy(char *to, size_t size, const char *from);

/* Prints as text_copy copies; precisions in the format count bytes, so they may cut a character. */
bool text_print(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* True if all of it is well-formed UTF-8 (RFC 3629), without NUL. */
bool text_is_utf8(struct slice text);

/* Reads the first character of UTF-8 text. Returns its bytes: 0 at the end, 1 with *c = 0xFFFD for a broken one. */
size_t text_next(const char *text, uint32_t *c);

/* Copies text; control characters (also C1 and the bidirectional ones, which can hide or reorder what follows) and broken
 * bytes become '?'; a line break or tab becomes a space. to has room for at least 1 byte; cut like text_copy. */
void text_clean(char *to, size_t size, const char *from);

#endif
