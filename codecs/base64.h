/* Base64 (RFC 4648, 4). Pure. */
#ifndef TOCSIN_CODECS_BASE64_H
#define TOCSIN_CODECS_BASE64_H

#include "codecs/base.h"

/* Line breaks and blanks are let in. Returns the number of bytes, of which at most max are written; -1 if text is no base64. */
long base64_decode(const char *text, uint8_t *to, size_t max);

#endif
