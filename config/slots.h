/* Texts with slots, such as "{river}水位超过警戒线，仍在上涨。": which slots there are, how a text falls into clauses, and what
 * may be wrong in it. The loader checks texts by it, controller/template.h fills them. Pure.
 *
 * A clause is what stands between two clause marks: ，、；。！？ and , ; . ! ? where no letter or digit follows (not the point
 * of 3.5). A colon is none: what it joins belongs together ("Help: {phone}."). */
#ifndef TOCSIN_CONFIG_SLOTS_H
#define TOCSIN_CONFIG_SLOTS_H

#include "codecs/base.h"

enum slot {
    SLOT_PLACES, /* whom it is for: 龙塘村、石桥村 */
    SLOT_ISSUER, /* who says so */
    SLOT_TIME,   /* when, with its part of the day */
    SLOT_HAZARD, /* its spoken name */
    SLOT_POINT,  /* the slope, dam, plant or fire that it is about */
    SLOT_RIVER,
    SLOT_ZONE,  /* who must move */
    SLOT_STATE, /* of a flash flood: it is here, it is coming */
    SLOT_DIRECTION,
    SLOT_RESERVOIR,
    SLOT_OPERATOR, /* of the reservoir */
    SLOT_START,    /* when its gates open */
    SLOT_SHELTER,
    SLOT_ROUTE,
    SLOT_CLOSED, /* roads and bridges */
    SLOT_RETURN, /* who may go home */
    SLOT_STAY,   /* and who may not */
    SLOT_PHONE,
    SLOT_NEWS,       /* what has happened: a sentence without its full stop */
    SLOT_ACTION,     /* what to do now: likewise */
    SLOT_CORRECT,    /* what is right: likewise */
    SLOT_WRONG_TIME, /* of the broadcast that was wrong */
    SLOT_RIGHT,      /* who must move */
    SLOT_WRONG,      /* and who was told to by mistake */
    SLOT_COUNT,
};

enum { SLOTS_ALL = (1 << SLOT_COUNT) - 1 }; /* as a set: bit n is slot n */

const char *slot_name(enum slot slot);  /* as written between the braces */
enum slot slot_named(const char *name); /* SLOT_COUNT: none is called so */

/* True for {route}, {closed}, {direction}, {stay} and {phone}: without a value their clause is left out. */
bool slot_may_be_empty(enum slot slot);

/* Checks a text: every brace has its other one; only slots of the set `allowed`, and all of `required`; a slot that may be
 * empty is alone in its clause, which else would take another with it. The error says what to do. */
bool slots_check(const char *text, uint32_t allowed, uint32_t required, struct error *error);

/* Appends "{name}" for each slot of a set, parted by commas; cut if there is no room. */
void slots_list(uint32_t set, char *text, size_t size);

struct clause { /* parts of the text that was read */
    struct slice words;
    struct slice mark;  /* empty at the end of the text */
    bool ends_sentence; /* so does the end of the text */
};

/* Takes the next clause off *text; false at its end. */
bool slots_next_clause(const char **text, struct clause *clause);

struct slot_piece {
    struct slice words; /* where slot is SLOT_COUNT */
    enum slot slot;
};

/* Takes the next piece off *rest, which is of a text that slots_check has found good; false at its end. */
bool slots_next_piece(struct slice *rest, struct slot_piece *piece);

#endif
