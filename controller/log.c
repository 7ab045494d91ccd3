/* Log lines, each written at once as a whole. */
#include "controller/log.h"

#include "codecs/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void log_line(enum log_priority priority, const char *format, ...)
{
    char text[1024], clean[sizeof text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_clean(clean, sizeof clean, text); /* nobody writes a second line into our log, or orders to a screen */
    static const char *const WORDS[] = {"", "", "ALARM: ", "error: ", "warning: ", "", ""};
    if (getenv("JOURNAL_STREAM"))
        fprintf(stderr, "<%d>%s\n", (int)priority, clean);
    else
        fprintf(stderr, "tocsind: %s%s\n", WORDS[priority], clean);
}
