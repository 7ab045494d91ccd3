/* Names of the alert's enums in CAP's own spelling, and the release of a whole message. */
#include "codecs/alert_message.h"

#include <stdlib.h>

const char *alert_status_name(enum alert_status status)
{
    switch (status) {
    case STATUS_ACTUAL: return "Actual";
    case STATUS_EXERCISE: return "Exercise";
    case STATUS_SYSTEM: return "System";
    case STATUS_TEST: return "Test";
    case STATUS_DRAFT: return "Draft";
    }
    return "unknown";
}

const char *alert_msg_type_name(enum alert_msg_type type)
{
    switch (type) {
    case MSG_ALERT: return "Alert";
    case MSG_UPDATE: return "Update";
    case MSG_CANCEL: return "Cancel";
    case MSG_ACK: return "Ack";
    case MSG_ERROR: return "Error";
    }
    return "unknown";
}

const char *alert_urgency_name(enum alert_urgency urgency)
{
    switch (urgency) {
    case URGENCY_UNKNOWN: return "Unknown";
    case URGENCY_IMMEDIATE: return "Immediate";
    case URGENCY_EXPECTED: return "Expected";
    case URGENCY_FUTURE: return "Future";
    case URGENCY_PAST: return "Past";
    }
    return "Unknown";
}

const char *alert_severity_name(enum alert_severity severity)
{
    switch (severity) {
    case SEVERITY_UNKNOWN: return "Unknown";
    case SEVERITY_EXTREME: return "Extreme";
    case SEVERITY_SEVERE: return "Severe";
    case SEVERITY_MODERATE: return "Moderate";
    case SEVERITY_MINOR: return "Minor";
    }
    return "Unknown";
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

static void free_pairs(struct alert_pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(pairs[i].name);
        free(pairs[i].value);
    }
    free(pairs);
}

static void free_references(struct alert_reference *references, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(references[i].sender);
        free(references[i].identifier);
        free(references[i].sent_text);
    }
    free(references);
}

static void free_resources(struct alert_resource *resources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(resources[i].description);
        free(resources[i].mime_type);
        free(resources[i].uri);
        free(resources[i].deref_uri);
        free(resources[i].digest);
    }
    free(resources);
}

static void free_areas(struct alert_area *areas, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(areas[i].description);
        for (size_t p = 0; p < areas[i].n_polygons; p++)
            free(areas[i].polygons[p].points);
        free(areas[i].polygons);
        free(areas[i].circles);
        free_pairs(areas[i].geocodes, areas[i].n_geocodes);
    }
    free(areas);
}

static void free_info(struct alert_info *info)
{
    free(info->language);
    free_texts(info->categories, info->n_categories);
    free(info->event);
    free_texts(info->response_types, info->n_response_types);
    free(info->audience);
    free_pairs(info->event_codes, info->n_event_codes);
    free(info->sender_name);
    free(info->headline);
    free(info->text);
    free(info->instruction);
    free(info->web);
    free(info->contact);
    free_pairs(info->parameters, info->n_parameters);
    free_resources(info->resources, info->n_resources);
    free_areas(info->areas, info->n_areas);
}

static void free_form(struct alert_form *form)
{
    if (!form)
        return;
    for (size_t i = 0; i < form->n_values; i++) {
        free(form->values[i].slot);
        free(form->values[i].language);
        free(form->values[i].text);
        free_texts(form->values[i].places, form->values[i].n_places);
    }
    free(form->values);
    free(form->hazard);
    free(form->level);
    free(form);
}

void alert_message_free(struct alert_message *message)
{
    if (!message)
        return;
    free(message->identifier);
    free(message->sender);
    free(message->sent_text);
    free(message->source);
    free(message->restriction);
    free(message->addresses);
    free(message->note);
    free(message->incidents);
    free_texts(message->codes, message->n_codes);
    free_references(message->references, message->n_references);
    for (size_t i = 0; i < message->n_infos; i++)
        free_info(&message->infos[i]);
    free(message->infos);
    free_form(message->form);
    free(message);
}
