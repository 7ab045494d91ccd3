/* What an alert can be for: areas with a 12-digit code, the groups (组) of a village, hazard points (隐患点), reservoirs and
 * dykes with the places below them, and named groups of places; and what is known of each: who lives there, where they go. */
#ifndef TOCSIN_CONFIG_PLACE_H
#define TOCSIN_CONFIG_PLACE_H

#include "codecs/area_code.h"
#include "codecs/geometry.h"

struct config;

/* The languages that we have words of our own in. */
enum text_language { TEXT_ZH, TEXT_EN, TEXT_LANGUAGES };

enum place_kind { PLACE_AREA, PLACE_GROUP, PLACE_HAZARD_POINT, PLACE_RESERVOIR, PLACE_DYKE, PLACE_NAMED, PLACE_KINDS };

/* What is said of a place, by the slots of these names (config/slots.h). */
enum place_words { PLACE_SHELTER, PLACE_ROUTE, PLACE_CLOSED, PLACE_RIVER, PLACE_OPERATOR, PLACE_WORDS };

struct place_contact {
    char name[64], phone[32], role[64];
};

struct config_place {
    char id[33]; /* of an area its 12 digits */
    enum place_kind kind;
    struct area_code code; /* of a village group that of its village; empty from PLACE_HAZARD_POINT on */
    char name[TEXT_LANGUAGES][64];
    char *words[PLACE_WORDS][TEXT_LANGUAGES]; /* owned; NULL: not known */
    uint32_t population;                      /* 0: not known; of a village without one the sum of its groups */
    bool counted;                             /* it was given, and is no such sum */
    size_t n_contacts;
    struct place_contact *contacts; /* owned; the phone of the first is the one that is said */
    struct geometry *outline;       /* owned; NULL: not known */
    bool has_position;              /* of hazard points, reservoirs and dykes */
    struct alert_point position;
    char hazard[33];                    /* what a hazard point threatens with: a hazard's id, or empty */
    const struct config_place *village; /* of a village group; NULL where it is not among the places */
    size_t n_members;
    const struct config_place **members; /* owned; the places of a named group, or below a reservoir and its like */
    bool by_village;                     /* a village group that no terminal is of: its terminals are those of its village */
    size_t n_terminals;
    uint32_t *terminals; /* owned; indexes, rising: whom an alert means that names the place. Site devices are none */
};

/* "province" to "village" by the code, "group", "hazard_point", "reservoir", "dyke", "place_group". */
const char *place_kind_name(const struct config_place *place);

/* 0: areas and groups; 1: hazard points, reservoirs, dykes; 2: named groups. Members have a lower one, so there are no cycles.
 */
enum { PLACE_DEPTHS = 3 };
int place_depth(const struct config_place *place);

/* True if inner is outer, or is one of its groups, or lies in it by its code. */
bool place_contains(const struct config_place *outer, const struct config_place *inner);

/* Frees what it owns, not the place itself. */
void place_release(struct config_place *place);

/* The place of this code, or of this id or 12-digit code; NULL without. The places must stand in the order of their ids. */
const struct config_place *config_find_place(const struct config *config, const struct area_code *code);
const struct config_place *config_find_place_id(const struct config *config, const char *id);

/* Fills n_terminals, terminals and by_village of all places, whose members are known; false without memory. */
bool config_gather_terminals(struct config *config);

#endif
