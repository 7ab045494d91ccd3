/* JSON in, JSON out. */
#include "controller/form.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

enum { LOAD = JSON_REJECT_DUPLICATES, DUMP = JSON_COMPACT };

char *form_with_key(struct slice body, const char *identifier, const char *sender, const char *sent, struct error *error)
{
    static const char *const GIVEN[] = {"identifier", "sender", "sent"};
    const char *const values[] = {identifier, sender, sent};
    json_error_t where;
    json_t *form = json_loadb(body.data ? body.data : "", body.size, LOAD, &where);
    if (!json_is_object(form)) {
        error_set(error, ERROR_INVALID, form ? "not an alert: a JSON object is needed" : "not JSON: line %d: %.160s",
                  where.line, where.text);
        json_decref(form);
        return NULL;
    }
    char *text = NULL;
    for (size_t i = 0; i < 3; i++) {
        if (json_object_get(form, GIVEN[i])) {
            error_set(error, ERROR_INVALID, "%s: is given by the controller; leave it out", GIVEN[i]);
            json_decref(form);
            return NULL;
        }
        json_object_set_new(form, GIVEN[i], json_string(values[i]));
    }
    text = json_dumps(form, DUMP);
    json_decref(form);
    if (!text)
        error_set(error, ERROR_NO_MEMORY, "out of memory; send it again");
    return text;
}

char *form_with_words(struct slice form, const struct alert_message *message)
{
    json_t *object = json_loadb(form.data, form.size, LOAD, NULL), *texts = json_object();
    for (size_t i = 0; i < message->n_infos; i++) {
        const struct alert_info *info = &message->infos[i];
        for (size_t p = 0; p < info->n_parameters; p++)
            if (strcasecmp(info->parameters[p].name, "speech") == 0)
                json_object_set_new(texts, info->language, json_string(info->parameters[p].value));
    }
    if (json_object_size(texts) > 0)
        json_object_set(object, "text", texts);
    char *text = json_dumps(object, DUMP);
    json_decref(texts);
    json_decref(object);
    return text;
}
