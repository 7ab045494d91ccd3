/* GET /v1/places: what an alert can be for, and what is known of each. */
#include "controller/api_intern.h"

#include <stdio.h>

static const char *const LANGUAGES[TEXT_LANGUAGES] = {"zh", "en"};

static void set_words(json_t *object, const char *name, enum text_language language, const char *text)
{
    char key[24];
    snprintf(key, sizeof key, "%s_%s", name, LANGUAGES[language]);
    if (text && *text)
        json_object_set_new(object, key, json_string(text));
}

static json_t *contacts_json(const struct config_place *place)
{
    json_t *list = json_array();
    for (size_t i = 0; i < place->n_contacts; i++) {
        const struct place_contact *contact = &place->contacts[i];
        json_t *one = json_pack("{s:s, s:s}", "name", contact->name, "phone", contact->phone);
        if (*contact->role)
            json_object_set_new(one, "role", json_string(contact->role));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *members_json(const struct config_place *place)
{
    json_t *list = json_array();
    for (size_t i = 0; i < place->n_members; i++)
        json_array_append_new(list, json_string(place->members[i]->id));
    return list;
}

static void set_facts(json_t *object, const struct config_place *place)
{
    if (place->population > 0)
        json_object_set_new(object, "population", json_integer(place->population));
    if (place->kind == PLACE_AREA)
        json_object_set_new(object, "outline", json_boolean(place->outline));
    if (place->village)
        json_object_set_new(object, "village", json_string(place->village->id));
    if (place->by_village)
        json_object_set_new(object, "by_village", json_true());
    if (*place->hazard)
        json_object_set_new(object, "hazard", json_string(place->hazard));
    if (place->has_position)
        json_object_set_new(object, "position", json_pack("[f, f]", place->position.latitude, place->position.longitude));
    if (place->n_contacts > 0)
        json_object_set_new(object, "contacts", contacts_json(place));
    if (place->n_members > 0)
        json_object_set_new(object, "places", members_json(place));
}

static json_t *place_json(const struct config_place *place)
{
    static const char *const WORDS[PLACE_WORDS] = {"shelter", "route", "closed", "river", "operator"};
    json_t *object = json_pack("{s:s, s:s, s:I}", place->kind == PLACE_AREA ? "code" : "id", place->id, "kind",
                               place_kind_name(place), "terminals", (json_int_t)place->n_terminals);
    for (size_t l = 0; l < TEXT_LANGUAGES; l++) {
        set_words(object, "name", (enum text_language)l, place->name[l]);
        for (size_t w = 0; w < PLACE_WORDS; w++)
            set_words(object, WORDS[w], (enum text_language)l, place->words[w][l]);
    }
    set_facts(object, place);
    return object;
}

void api_get_places(void *context, struct http_request *request)
{
    const struct api *api = context;
    json_t *list = json_array();
    for (size_t i = 0; i < api->config->n_places; i++)
        json_array_append_new(list, place_json(&api->config->places[i]));
    http_reply_json(request, 200, json_pack("{s:o}", "places", list));
}
