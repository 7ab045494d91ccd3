/* Date and time as RFC 3339 text, the form of CAP (section 3.3.2 of CAP 1.2) and of the API. */
#ifndef TOCSIN_CODECS_RFC3339_H
#define TOCSIN_CODECS_RFC3339_H

#include "codecs/base.h"

enum { RFC3339_SIZE = 40 }; /* bytes that rfc3339_format needs, with the NUL */

/* Reads "2026-11-22T03:20:00+08:00", with optional fraction, "Z" or a numeric offset (required; "-00:00" is UTC). Two habits of
 * senders that can mean one thing only are taken as well: a blank for the T (RFC 3339, 5.6 lets it be), and +0800 or +08.
 * offset_minutes may be NULL. On failure *error says what is wrong with the text. */
bool rfc3339_parse(struct slice text, struct wall *time, int *offset_minutes, struct error *error);

/* Writes time with milliseconds and the given offset, such as "2026-11-22T03:20:00.000+08:00". */
void rfc3339_format(struct wall time, int offset_minutes, char text[RFC3339_SIZE]);

#endif
