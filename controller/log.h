/* The log: one line an event on standard error, with the priority in front where systemd reads it (sd-daemon(3)). */
#ifndef TOCSIN_CONTROLLER_LOG_H
#define TOCSIN_CONTROLLER_LOG_H

enum log_priority { LOG_ALARM = 2, LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTE = 6 };

void log_line(enum log_priority priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
