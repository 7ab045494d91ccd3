/* Alerts in JSON (application/json), as a duty officer's page or a county centre's program sends them: an alert in parts, which
 * the controller puts into the words of its texts. Pure: bytes in, a message or a reason out.
 *
 *   identifier, sender, sent   CAP's key; the controller gives them when it comes in
 *   status      "actual", "exercise" or "test"; required, so that no drill is an alert by mistake
 *   kind        "alert" {default}, "update", "all_clear", "correction"; the last three need references
 *   references  [{sender, identifier, sent}]
 *   hazard      id of the configuration; required, like
 *   level       "red", "orange", "yellow", "blue", "advisory" or "daily"
 *   urgency     "immediate", "expected" {default}, "future"
 *   places      [12-digit codes, ids of village groups, groups or features]
 *   terminals   [ids]; of both lists at least one element
 *   languages   ["zh", "en"] {default}: in which it is spoken
 *   slots       {name: text | {language: text} | [places, whose names are said]}
 *   text        {language: text}: said in place of the site's own text
 *   effective, onset, expires  RFC 3339
 *   reason      why it is sent: the message's note
 *
 * Any other member is refused: a warning must not go out without what somebody believed to have said. It becomes a message of
 * one info block for each language with the same area (geocodes alert_geocode_place and alert_geocode_terminal), "text" as its
 * parameter "speech"; kind, hazard, level and slots are the message's form. An all-clear has responseType AllClear; update,
 * all-clear and correction are msgType Update. */
#ifndef TOCSIN_CODECS_ALERT_JSON_H
#define TOCSIN_CODECS_ALERT_JSON_H

#include "codecs/alert_message.h"

/* More than these is refused with ERROR_TOO_LARGE. */
enum {
    ALERT_JSON_SIZE_MAX = 1024 * 1024, /* bytes */
    ALERT_JSON_LANGUAGES_MAX = 8,
    ALERT_JSON_AREA_MAX = 8192, /* places and terminals together */
    ALERT_JSON_SLOTS_MAX = 64,
    ALERT_JSON_REFERENCES_MAX = 64,
};

/* On success the caller owns *message and frees it with alert_message_free; on failure the error names the member. */
bool alert_json_decode(struct slice bytes, struct alert_message **message, struct error *error);

#endif
