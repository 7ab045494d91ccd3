/* One alert as received: the wire form that every decoder (CAP, EBM, JSON) fills.
 * It has the whole of CAP 1.2 (OASIS CAP-v1.2, section 3.2); what it means here is intake's to say. */
#ifndef TOCSIN_CODECS_ALERT_MESSAGE_H
#define TOCSIN_CODECS_ALERT_MESSAGE_H

#include "codecs/base.h"

enum alert_status { STATUS_ACTUAL, STATUS_EXERCISE, STATUS_SYSTEM, STATUS_TEST, STATUS_DRAFT };
enum alert_msg_type { MSG_ALERT, MSG_UPDATE, MSG_CANCEL, MSG_ACK, MSG_ERROR };
enum alert_scope { SCOPE_PUBLIC, SCOPE_RESTRICTED, SCOPE_PRIVATE };
/* UNKNOWN also stands for an absent or unlisted value; info.severity_text etc. are not kept. */
enum alert_urgency { URGENCY_UNKNOWN, URGENCY_IMMEDIATE, URGENCY_EXPECTED, URGENCY_FUTURE, URGENCY_PAST };
enum alert_severity { SEVERITY_UNKNOWN, SEVERITY_EXTREME, SEVERITY_SEVERE, SEVERITY_MODERATE, SEVERITY_MINOR };
enum alert_certainty { CERTAINTY_UNKNOWN, CERTAINTY_OBSERVED, CERTAINTY_LIKELY, CERTAINTY_POSSIBLE, CERTAINTY_UNLIKELY };

/* CAP's own spelling ("Actual", "Alert", "Immediate", ...). Never NULL. */
const char *alert_status_name(enum alert_status status);
const char *alert_msg_type_name(enum alert_msg_type type);
const char *alert_urgency_name(enum alert_urgency urgency);
const char *alert_severity_name(enum alert_severity severity);

struct alert_pair { /* eventCode, parameter, geocode */
    char *name;
    char *value;
};

struct alert_reference { /* references: "sender,identifier,sent" */
    char *sender;
    char *identifier;
    char *sent_text; /* NULL where the format does not say it (EBM, the Chinese national form of CAP): then sent is 0; match the
                        other two */
    struct wall sent;
};

struct alert_point { /* WGS 84 degrees */
    double latitude, longitude;
};

struct alert_polygon { /* closed: the last point equals the first; at least 4 points */
    struct alert_point *points;
    size_t n_points;
};

struct alert_circle {
    struct alert_point centre;
    double radius_km;
};

struct alert_area {
    char *description; /* areaDesc; NULL if absent */
    struct alert_polygon *polygons;
    size_t n_polygons;
    struct alert_circle *circles;
    size_t n_circles;
    struct alert_pair *geocodes;
    size_t n_geocodes;
    bool has_altitude, has_ceiling; /* feet above mean sea level */
    double altitude, ceiling;
};

struct alert_resource {
    char *description, *mime_type, *uri, *deref_uri, *digest; /* NULL where absent */
    int64_t size;                                             /* bytes; -1 where absent */
    struct slice data; /* bytes of the resource where they came with the message (EBM: in the archive, which outlives the
                        * message); empty otherwise */
};

struct alert_info {
    char *language; /* RFC 3066 tag as it stands; "en-US" where absent (CAP 1.2, 3.2.2) */
    char **categories;
    size_t n_categories;
    char *event;
    char **response_types;
    size_t n_response_types;
    enum alert_urgency urgency;
    enum alert_severity severity;
    enum alert_certainty certainty;
    char *audience; /* NULL where absent, like all texts below */
    struct alert_pair *event_codes;
    size_t n_event_codes;
    bool has_effective, has_onset, has_expires;
    struct wall effective, onset, expires;
    char *sender_name, *headline, *text /* description */, *instruction, *web, *contact;
    struct alert_pair *parameters;
    size_t n_parameters;
    struct alert_resource *resources;
    size_t n_resources;
    struct alert_area *areas;
    size_t n_areas;
};

/* Only of JSON (alert_json.h): what is to be put into the words of the site's texts. */
enum form_kind { FORM_ALERT, FORM_UPDATE, FORM_ALL_CLEAR, FORM_CORRECTION };

struct form_value {
    char *slot;     /* as in a text, without the braces */
    char *language; /* NULL: good for all */
    char *text;     /* NULL: the names of these places, by code or id */
    char **places;
    size_t n_places;
};

struct alert_form {
    enum form_kind kind;
    char *hazard; /* id */
    char *level;  /* name */
    struct form_value *values;
    size_t n_values;
};

/* Geocodes of JSON: a place by its code or id, and a terminal by its id. */
extern const char alert_geocode_place[], alert_geocode_terminal[];

struct alert_message {
    char *identifier, *sender, *sent_text; /* never NULL, never empty */
    struct wall sent;
    enum alert_status status;
    enum alert_msg_type msg_type;
    enum alert_scope scope;
    char *source, *restriction, *addresses, *note, *incidents; /* NULL where absent */
    char **codes;
    size_t n_codes;
    struct alert_reference *references;
    size_t n_references;
    struct alert_info *infos;
    size_t n_infos;
    struct alert_form *form; /* NULL: of another format */
};

/* Frees the message and all that it owns; NULL is allowed. */
void alert_message_free(struct alert_message *message);

#endif
