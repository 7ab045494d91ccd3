/* How long a test waits for what must come: only one that has failed waits so long. */
#ifndef TOCSIN_TESTS_PATIENCE_H
#define TOCSIN_TESTS_PATIENCE_H

#include <stdlib.h>

/* TOCSIN_TEST_PATIENCE is in seconds {60}. */
static inline int patience_ms(void)
{
    const char *seconds = getenv("TOCSIN_TEST_PATIENCE");
    return 1000 * (seconds ? atoi(seconds) : 60);
}

#endif
