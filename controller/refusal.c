/* What the message quotes may be long: it is cut between characters. */
#include "controller/refusal.h"

#include "codecs/base.h"

#include <stdio.h>

bool refusal_set(struct refusal *refusal, const char *code, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_copy(refusal->code, sizeof refusal->code, code);
    text_copy(refusal->message, sizeof refusal->message, text);
    return false;
}
