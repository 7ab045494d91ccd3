/* The clocks of the controller: both kinds of time read at once, and whether the wall clock can be believed. */
#ifndef TOCSIN_CONTROLLER_CLOCK_H
#define TOCSIN_CONTROLLER_CLOCK_H

#include "config/config.h"
#include "controller/delivery.h"

struct moment clock_read(void);

/* trust: always. ntp: once the kernel says that it is synchronised (adjtimex(2)). rtc: once it is not before this was built. */
bool clock_trusted(enum clock_mode mode);

#endif
