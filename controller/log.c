/* Log lines, each written at once as a whole. */
#include "controller/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void log_line(enum log_priority priority, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' '; /* nobody writes a second line into our log */
    static const char *const WORDS[] = {"", "", "ALARM: ", "error: ", "warning: ", "", ""};
    if (getenv("JOURNAL_STREAM"))
        fprintf(stderr, "<%d>%s\n", (int)priority, text);
    else
        fprintf(stderr, "tocsind: %s%s\n", WORDS[priority], text);
}
