/* Fuzz harness of codecs/alert_json. */
#include "codecs/alert_json.h"
#include "tests/fuzz/require.h"

#include <string.h>

static void require_info(const struct alert_info *info, const struct alert_form *form)
{
    require_text(info->language);
    require(strcmp(info->event, form->hazard) == 0);
    require(info->n_areas == 1 && info->areas[0].n_geocodes > 0);
    for (size_t i = 0; i < info->areas[0].n_geocodes; i++) {
        const char *name = info->areas[0].geocodes[i].name;
        require(strcmp(name, alert_geocode_place) == 0 || strcmp(name, alert_geocode_terminal) == 0);
        require_text(info->areas[0].geocodes[i].value);
    }
    require(info->n_parameters <= 1 && info->n_response_types == (form->kind == FORM_ALL_CLEAR));
    for (size_t i = 0; i < info->n_parameters; i++)
        require_text(info->parameters[i].value);
}

static void require_form(const struct alert_form *form)
{
    require_text(form->hazard);
    require_text(form->level);
    require(form->n_values <= ALERT_JSON_SLOTS_MAX);
    for (size_t i = 0; i < form->n_values; i++) {
        require(form->values[i].slot && !form->values[i].text == (form->values[i].places != NULL));
        for (size_t p = 0; p < form->values[i].n_places; p++)
            require_text(form->values[i].places[p]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alert_message *message = NULL;
    struct error error = {ERROR_NONE, ""};
    if (!alert_json_decode((struct slice){(const char *)data, size}, &message, &error)) {
        require(!message && error.code != ERROR_NONE);
        require_text(error.message);
        return 0;
    }
    require_text(message->identifier);
    require_text(message->sender);
    require_text(message->sent_text);
    require_form(message->form);
    require((message->msg_type == MSG_ALERT) == (message->form->kind == FORM_ALERT));
    require(message->n_infos > 0 && (message->msg_type == MSG_ALERT || message->n_references > 0));
    for (size_t i = 0; i < message->n_infos; i++)
        require_info(&message->infos[i], message->form);
    alert_message_free(message);
    return 0;
}
