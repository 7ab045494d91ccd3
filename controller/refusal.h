/* Why something is not done, for whoever asked: a code for programs, and words that name what is wrong and what to do. */
#ifndef TOCSIN_CONTROLLER_REFUSAL_H
#define TOCSIN_CONTROLLER_REFUSAL_H

#include <stdbool.h>

struct refusal {
    char code[32];     /* "expired", "no_area", "area_not_ours", "not_issuer", ... */
    char message[256]; /* cut between characters */
};

/* Fills it and returns false, so that "return refusal_set(...)" reads well. */
bool refusal_set(struct refusal *refusal, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
