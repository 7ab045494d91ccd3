/* The matching's inside, shared by area*.c only. area is the area of the alert that is looked at, for the lists. */
#ifndef TOCSIN_CONTROLLER_AREA_INTERN_H
#define TOCSIN_CONTROLLER_AREA_INTERN_H

#include "controller/area.h"

struct area_entry {
    int64_t number; /* a terminal's code */
    uint32_t terminal;
    uint8_t marked; /* bit per level: the area of that level that begins here was gone through */
    uint8_t hit;    /* and meant somebody */
};

struct area_home {
    const struct config_place *place;
    size_t from, to; /* the entries of just its code */
};

bool area_can_sound(const struct config *config, size_t terminal);
bool area_mean(struct area_match *match, size_t terminal);     /* false: its source may not address it; listed */
bool area_may_mean(struct area_match *match, size_t terminal); /* the same, and nothing is meant */

/* For the lists; each thing once. description may be NULL. */
void area_note_not_ours(struct area_match *match, const char *what, const char *description);
void area_note_code(struct area_match *match, const struct config *config, const struct area_code *code);
void area_note_place(struct area_match *match, const struct config_place *place);
bool area_is_new(struct area_match *match, const json_t *list, const char *what); /* true: add it to the list */

/* Each means the terminals of one thing that the area names; true if there are any. What is not ours is listed. */
bool area_match_code(struct area_match *match, const struct area_code *code, bool covers);
bool area_match_around(struct area_match *match, const struct area_code *code, enum area_level level); /* just these codes */
bool area_match_place(struct area_match *match, const struct config *config, const struct alert_area *area, const char *id,
                      bool covers);
bool area_match_terminal(struct area_match *match, const struct config *config, const struct alert_area *area, const char *id);
bool area_match_polygon(struct area_match *match, const struct config *config, const struct alert_area *area,
                        const struct alert_polygon *polygon);
bool area_match_circle(struct area_match *match, const struct config *config, const struct alert_area *area,
                       const struct alert_circle *circle, bool covers);

/* After the last area: fills match->groups. */
void area_match_groups(struct area_match *match, const struct config *config);

#endif
