/* The places that hear an alert, in words and numbers. */
#include "controller/gazetteer.h"

#include "controller/template.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- who hears ---- */

struct hearing {
    const struct config *config;
    bool *meant; /* by terminal */
    bool *heard; /* by place */
};

static void hear_codes(struct hearing *hearing, const struct config_terminal *terminal)
{
    for (size_t i = 0; i < terminal->n_codes; i++) {
        const struct config_place *place = config_find_place(hearing->config, &terminal->codes[i]);
        if (place)
            hearing->heard[place - hearing->config->places] = true;
    }
}

static void hear_group(struct hearing *hearing, const struct config_place *group)
{
    for (size_t i = 0; i < group->n_terminals; i++) {
        if (!hearing->meant[group->terminals[i]])
            continue;
        hearing->heard[group - hearing->config->places] = true;
        if (group->village)
            hearing->heard[group->village - hearing->config->places] = false;
        return;
    }
}

static bool is_within(const struct config_place *place, const struct config_place *const *places, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (places[i] != place && place_contains(places[i], place))
            return true;
    return false;
}

/* Several villages of it hear the alert, all of each, and nobody in it does not. */
static bool stands_for_all(const struct hearing *hearing, const struct config_place *place, const struct gazetteer_heard *heard)
{
    size_t n = 0;
    if (place->kind != PLACE_AREA || area_code_level(&place->code) == AREA_VILLAGE)
        return false;
    for (size_t i = 0; i < place->n_terminals; i++)
        if (!hearing->meant[place->terminals[i]])
            return false;
    for (size_t i = 0; i < heard->n_places; i++) {
        if (!place_contains(place, heard->places[i]))
            continue;
        if (heard->places[i]->kind == PLACE_GROUP)
            return false;
        n++;
    }
    return n > 1;
}

/* Codes stand in order and areas nest, so what lies in a chosen area follows on it. Groups stand behind all codes. */
static void choose_said(const struct hearing *hearing, struct gazetteer_heard *heard)
{
    const struct config *config = hearing->config;
    const struct config_place *around = NULL;
    for (size_t i = 0; i < config->n_places; i++) {
        const struct config_place *place = &config->places[i];
        bool within =
            place->kind == PLACE_GROUP ? is_within(place, heard->said, heard->n_said) : around && place_contains(around, place);
        if (within || !(hearing->heard[i] || stands_for_all(hearing, place, heard)))
            continue;
        heard->said[heard->n_said++] = place;
        if (place->kind == PLACE_AREA)
            around = place;
    }
}

bool gazetteer_hear(const struct config *config, const uint32_t *terminals, size_t n_terminals,
                    const struct config_place *const *groups, size_t n_groups, struct gazetteer_heard *heard)
{
    struct hearing hearing = {config, calloc(config->n_terminals + 1, sizeof(bool)),
                              calloc(config->n_places + 1, sizeof(bool))};
    *heard = (struct gazetteer_heard){.places = calloc(config->n_places + 1, sizeof(const struct config_place *)),
                                      .said = calloc(config->n_places + 1, sizeof(const struct config_place *))};
    bool ok = hearing.meant && hearing.heard && heard->places && heard->said;
    for (size_t i = 0; ok && i < n_terminals; i++) {
        hearing.meant[terminals[i]] = true;
        hear_codes(&hearing, &config->terminals[terminals[i]]);
    }
    for (size_t i = 0; ok && i < n_groups; i++)
        hear_group(&hearing, groups[i]);
    for (size_t i = 0; ok && i < config->n_places; i++)
        if (hearing.heard[i])
            heard->places[heard->n_places++] = &config->places[i];
    if (ok)
        choose_said(&hearing, heard);
    free(hearing.meant);
    free(hearing.heard);
    return ok;
}

void gazetteer_free(struct gazetteer_heard *heard)
{
    free(heard->places);
    free(heard->said);
    *heard = (struct gazetteer_heard){0};
}

/* ---- words ---- */

static const char *words_of(const struct config_place *place, enum place_words words, enum text_language language)
{
    const char *own = place->words[words][language];
    return own || !place->village ? own : place->village->words[words][language];
}

/* "A、B", "A, B and C". What does not fit is left out as a whole, and false is returned. */
static bool join(const char *const *names, size_t n, enum text_language language, char *text, size_t size)
{
    static const char *const COMMA[TEXT_LANGUAGES] = {"、", ", "}, *const AND[TEXT_LANGUAGES] = {"、", " and "};
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const char *between = i == 0 ? "" : i + 1 < n ? COMMA[language] : AND[language];
        if (!text_print(text + used, size - used, "%s%s", between, names[i])) {
            text[used] = '\0';
            return false;
        }
        used = strlen(text);
    }
    return n > 0;
}

bool gazetteer_names(const struct gazetteer_heard *heard, enum text_language language, char *text, size_t size)
{
    const char **names = calloc(heard->n_said + 1, sizeof(const char *));
    text[0] = '\0';
    for (size_t i = 0; names && i < heard->n_said; i++)
        names[i] = heard->said[i]->name[language];
    bool whole = names && join(names, heard->n_said, language, text, size);
    free(names);
    return whole;
}

bool gazetteer_shelter(const struct gazetteer_heard *heard, enum text_language language, char *text, size_t size)
{
    const char **shelters = calloc(heard->n_places + 1, sizeof(const char *));
    for (size_t i = 0; shelters && i < heard->n_places; i++)
        shelters[i] = words_of(heard->places[i], PLACE_SHELTER, language);
    bool named = template_shelters(shelters, shelters ? heard->n_places : 0, language, text, size);
    free(shelters);
    return named;
}

/* The same way for all, or none: whoever has another one would be sent off his. */
static void say_route(const struct gazetteer_heard *heard, enum text_language language, char *text, size_t size)
{
    const char *route = heard->n_places > 0 ? words_of(heard->places[0], PLACE_ROUTE, language) : NULL;
    for (size_t i = 1; route && i < heard->n_places; i++) {
        const char *other = words_of(heard->places[i], PLACE_ROUTE, language);
        if (!other || strcmp(other, route) != 0)
            route = NULL;
    }
    if (!text_copy(text, size, route ? route : ""))
        text[0] = '\0';
}

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void gazetteer_words(const struct gazetteer_heard *heard, enum place_words words, enum text_language language, char *text,
                     size_t size)
{
    const char *names[GAZETTEER_JOINED_MAX];
    size_t n = 0;
    text[0] = '\0';
    if (words == PLACE_ROUTE) {
        say_route(heard, language, text, size);
        return;
    }
    for (size_t i = 0; i < heard->n_places; i++) {
        const char *name = words_of(heard->places[i], words, language);
        if (!name || is_among(name, names, n))
            continue;
        if (n == GAZETTEER_JOINED_MAX)
            return;
        names[n++] = name;
    }
    if (!join(names, n, language, text, size))
        text[0] = '\0';
}

static const char *phone_of(const struct config_place *place)
{
    if (place->n_contacts == 0 && place->village)
        place = place->village;
    return place->n_contacts > 0 ? place->contacts[0].phone : NULL;
}

static bool contains_all(const struct config_place *place, const struct gazetteer_heard *heard)
{
    for (size_t i = 0; i < heard->n_places; i++)
        if (!place_contains(place, heard->places[i]))
            return false;
    return true;
}

static const char *find_phone(const struct config *config, const struct gazetteer_heard *heard)
{
    const char *phone = heard->n_places > 0 ? phone_of(heard->places[0]) : NULL;
    for (size_t i = 1; phone && i < heard->n_places; i++)
        if (!phone_of(heard->places[i]) || strcmp(phone_of(heard->places[i]), phone) != 0)
            phone = NULL;
    for (size_t i = config->n_places; !phone && heard->n_places > 0 && i-- > 0;) /* smaller ones come behind larger ones */
        if (config->places[i].n_contacts > 0 && contains_all(&config->places[i], heard))
            phone = config->places[i].contacts[0].phone;
    return phone;
}

bool gazetteer_spell(const char *phone, enum text_language language, char *text, size_t size)
{
    static const char *const DIGITS[TEXT_LANGUAGES][10] = {{"零", "幺", "二", "三", "四", "五", "六", "七", "八", "九"},
                                                           {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
    size_t used = 0;
    text[0] = '\0';
    for (const char *p = phone; *p; p++) {
        if (*p < '0' || *p > '9')
            continue;
        if (!text_print(text + used, size - used, "%s%s", used > 0 && language == TEXT_EN ? " " : "",
                        DIGITS[language][*p - '0'])) {
            text[0] = '\0'; /* half a number is another one */
            return false;
        }
        used = strlen(text);
    }
    return used > 0;
}

bool gazetteer_phone(const struct config *config, const struct gazetteer_heard *heard, enum text_language language, char *text,
                     size_t size)
{
    const char *phone = find_phone(config, heard);
    return gazetteer_spell(phone ? phone : "", language, text, size);
}

/* ---- people ---- */

static double people_of(const struct config_place *place, const bool *reached)
{
    size_t n = 0;
    for (size_t t = 0; t < place->n_terminals; t++)
        n += !reached || reached[place->terminals[t]];
    return place->n_terminals > 0 ? place->population * ((double)n / (double)place->n_terminals) : 0;
}

/* Its people are those of another one that is heard. around: the area last counted. As in choose_said. */
static bool is_counted_around(const struct gazetteer_heard *heard, size_t i, const struct config_place *around)
{
    const struct config_place *place = heard->places[i];
    bool within = around && place_contains(around, place);
    for (size_t k = 0; place->kind == PLACE_GROUP && !within && k < i; k++)
        within = heard->places[k]->population > 0 && place != heard->places[k] && place_contains(heard->places[k], place);
    return within;
}

uint64_t gazetteer_people(const struct gazetteer_heard *heard, const bool *reached)
{
    double people = 0;
    const struct config_place *around = NULL;
    for (size_t i = 0; i < heard->n_places; i++) {
        const struct config_place *place = heard->places[i];
        if (place->population == 0 || is_counted_around(heard, i, around))
            continue;
        people += people_of(place, reached);
        if (place->kind == PLACE_AREA)
            around = place;
    }
    return (uint64_t)llround(people);
}

size_t gazetteer_share(const struct gazetteer_heard *heard, uint32_t *people)
{
    size_t unknown = 0;
    const struct config_place *around = NULL;
    for (size_t i = 0; i < heard->n_places; i++) {
        const struct config_place *place = heard->places[i];
        if (is_counted_around(heard, i, around))
            continue;
        unknown += place->population == 0;
        for (size_t t = 0; t < place->n_terminals; t++) /* the first have one more where it does not divide */
            people[place->terminals[t]] +=
                (uint32_t)(place->population / place->n_terminals + (t < place->population % place->n_terminals));
        if (place->kind == PLACE_AREA && place->population > 0)
            around = place;
    }
    return unknown;
}
