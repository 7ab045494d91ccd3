/* Which places hear an alert, and what the texts say of them: the slots {places} {shelter} {route} {closed} {river} {phone}
 * (config/slots.h), and how many people they are. Pure.
 *
 * What is not known of a village group is its village's. Several places hear one programme, so nothing is said to all that is
 * right only for some: a route is said where it is the same for all, roads that are closed are named together. */
#ifndef TOCSIN_CONTROLLER_GAZETTEER_H
#define TOCSIN_CONTROLLER_GAZETTEER_H

#include "config/config.h"

enum { GAZETTEER_JOINED_MAX = 3 /* rivers or closed roads that are named together */ };

/* In the order of the configuration; the places are the configuration's. */
struct gazetteer_heard {
    size_t n_places;
    const struct config_place **places; /* areas and village groups, each once */
    size_t n_said;
    const struct config_place **said; /* by what names: all of a township is 青溪镇 */
};

/* The places of these terminals (indexes): the areas of their codes, but the groups where a village is meant only for those (an
 * alert's n_groups, groups). A code that is not among the places has no name and is left out. False without memory; free with
 * gazetteer_free in any case. */
bool gazetteer_hear(const struct config *config, const uint32_t *terminals, size_t n_terminals,
                    const struct config_place *const *groups, size_t n_groups, struct gazetteer_heard *heard);
void gazetteer_free(struct gazetteer_heard *heard);

/* {places}: 龙塘村、石桥村三组; "Longtang, Shiqiao and Zhuping". False if it had to be cut (between names) or is empty. */
bool gazetteer_names(const struct gazetteer_heard *heard, enum text_language language, char *text, size_t size);

/* {shelter}, as template_shelters says it; false where it says "your agreed shelter". */
bool gazetteer_shelter(const struct gazetteer_heard *heard, enum text_language language, char *text, size_t size);

/* {route}, {closed} or {river}; "" where there is none to be said: routes that differ, more than three roads or rivers. */
void gazetteer_words(const struct gazetteer_heard *heard, enum place_words words, enum text_language language, char *text,
                     size_t size);

/* A telephone number digit by digit, as it is said (1 is 幺); whatever else it holds is left out. False, and "", without a
 * digit or without room. */
bool gazetteer_spell(const char *phone, enum text_language language, char *text, size_t size);

/* {phone}, as gazetteer_spell says it: the one of all places; where theirs differ that of the smallest area around
 * them all that has one. False, and "", without one. */
bool gazetteer_phone(const struct config *config, const struct gazetteer_heard *heard, enum text_language language, char *text,
                     size_t size);

/* People of these places, rounded: each place's population, of which each of its terminals has an equal share; only those
 * that are `reached` (by terminal of the configuration; NULL: all of them). A place within another one that is heard, and whose
 * population is known, is in that one. Places without a population count as nobody. */
uint64_t gazetteer_people(const struct gazetteer_heard *heard, const bool *reached);

/* The same in whole persons by terminal: adds each one's share to people (by terminal of the configuration). Returns how many
 * of these places have a population that is not known. */
size_t gazetteer_share(const struct gazetteer_heard *heard, uint32_t *people);

#endif
