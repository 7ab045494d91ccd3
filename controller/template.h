/* Fills the texts of the configuration with what an alert says, and puts times and shelters into words for them. Pure.
 *
 * A slot that may be empty (slot_may_be_empty) and has no value takes its clause with it: what stands between the two nearest
 * clause marks of the text (config/slots.h; marks within values do not count). Of the two marks the one that ends a sentence
 * stays: "往高处走，不要走{closed}。" becomes "往高处走。", "请走{route}，到X。" becomes "到X。", and a sentence of one clause
 * goes as a whole. Where the beginning of a sentence went, the next letter becomes a capital. */
#ifndef TOCSIN_CONTROLLER_TEMPLATE_H
#define TOCSIN_CONTROLLER_TEMPLATE_H

#include "config/config.h"
#include "config/slots.h"

enum {
    TEMPLATE_TIME_SIZE = 64, /* room for any time in words */
    TEMPLATE_SHELTERS_MAX = 3,
};

/* By slot; NULL and blanks are no value. They are put in as they are. */
struct template_values {
    const char *of[SLOT_COUNT];
};

/* Text with its slots filled, to be freed by the caller. Without a shelter it says "a safe place". NULL and ERROR_MISSING where
 * other slots that must not be empty are, all named; ERROR_INVALID for a text that slots_check refuses. */
char *template_fill(const char *text, enum text_language language, const struct template_values *values, struct error *error);

/* Where the places that hear one broadcast go: {shelter}. Up to three different shelters are named (a place without one: a safe
 * place); false for more, or without room, where it says "your agreed shelter". What is shown before sending says which. */
bool template_shelters(const char *const *shelters, size_t n, enum text_language language, char *text, size_t size);

/* A time of day as it is said, with its part of the day: 凌晨三点二十分, "3:20 at night"; the offset is the site's. Different
 * for each minute of a day. */
void template_time(struct wall at, int utc_offset_minutes, enum text_language language, char text[TEMPLATE_TIME_SIZE]);

#endif
