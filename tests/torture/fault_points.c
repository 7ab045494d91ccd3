/* The fault points of the torture's daemon (codecs/fault_point.h). TOCSIN_FAULT=commit_before:7 kills it, as kill -9 does, at
 * the seventh of that kind; TOCSIN_FAULT=count:FILE writes at its end how many of each kind there were. */
#include "codecs/fault_point.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KINDS_MAX = 32 };

static struct kind {
    const char *name;
    unsigned long passed;
} kinds[KINDS_MAX]; /* guarded by lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char fatal[64];      /* the kind at which it dies; "": none */
static unsigned long nth;   /* at its nth */
static const char *tell_in; /* NULL, or where the counts go */

__attribute__((constructor)) static void read_plan(void)
{
    const char *plan = getenv("TOCSIN_FAULT");
    const char *colon = plan ? strchr(plan, ':') : NULL;
    if (!colon)
        return;
    if (strncmp(plan, "count:", 6) == 0) {
        tell_in = colon + 1;
        return;
    }
    snprintf(fatal, sizeof fatal, "%.*s", (int)(colon - plan), plan);
    nth = strtoul(colon + 1, NULL, 10);
}

__attribute__((destructor)) static void tell_counts(void)
{
    FILE *file = tell_in ? fopen(tell_in, "we") : NULL;
    if (!file)
        return;
    for (size_t i = 0; i < KINDS_MAX && kinds[i].name; i++)
        fprintf(file, "%s %lu\n", kinds[i].name, kinds[i].passed);
    fclose(file);
}

static unsigned long count(const char *name)
{
    unsigned long passed = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < KINDS_MAX && passed == 0; i++)
        if (!kinds[i].name || strcmp(kinds[i].name, name) == 0) {
            kinds[i].name = name;
            passed = ++kinds[i].passed;
        }
    pthread_mutex_unlock(&lock);
    return passed;
}

void fault_point(const char *kind)
{
    if (count(kind) != nth || strcmp(kind, fatal) != 0)
        return;
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}
