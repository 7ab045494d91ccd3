/* CAP 1.0 to 1.2 XML (OASIS CAP-v1.2) to struct alert_message. Pure: bytes in, a message or a reason out. */
#ifndef TOCSIN_CODECS_CAP_H
#define TOCSIN_CODECS_CAP_H

#include "codecs/alert_message.h"

/* More than these is refused with ERROR_TOO_LARGE. Together they keep a decode below 32 MiB (the worst found: 20). */
enum {
    CAP_SIZE_MAX = 1024 * 1024, /* bytes */
    CAP_ELEMENTS_MAX = 65536,
    CAP_INFOS_MAX = 64,
    CAP_DEPTH_MAX = 32,     /* elements within elements; CAP needs 5, signatures up to about 12 */
    CAP_IDENTITY_MAX = 512, /* bytes of identifier and of sender */
    CAP_TIME_MAX = 64,      /* bytes of sent, which is kept as written; a fraction may have any number of digits */
};

/* Of the Chinese national form (below): the valueName of its area codes, and of its eventType. */
extern const char cap_national_geocode_name[];    /* "geocode" */
extern const char cap_national_event_code_name[]; /* "eventType" */

/* Decodes one alert. Strict in what decides (identifier, sender, sent, status, msgType, scope, area geometry, expires),
 * liberal in harmless things (order of elements, a byte-order mark, encodings (xml_source.h), upper and lower case of listed
 * words, unknown elements, empty optionals, a missing namespace, blanks round commas, a ring that is not closed).
 * A document type declaration is refused outright, and so is an alert in a feed or envelope: which of them is meant, and what
 * the envelope says to it, is its reader's to know. On success the caller owns *message and frees it with alert_message_free;
 * on failure error->message names the element, such as "scope: missing; CAP 1.2 requires it".
 *
 * The Chinese national form (12379; GB/T 34283-2017 and local standards, as platforms write it; the text was not at hand, so
 * no clause can be cited) is <alert> without a namespace, with senderCode. It becomes:
 *
 *   senderCode, sender       sender (it is a code of 14 digits); senderName of each info, in place of the officer's name
 *   sendTime                 sent; here and elsewhere 2026-11-22 03:20:00+08:00
 *   references               identifiers alone: sent_text is NULL; the sender is what stands before _ in each
 *   (the same)               incidents: the first of them, or without any identifier: what all alerts of one event have in
 *                            common. An Update or a Cancel names the event's first alert, not the last
 *   code/method SPEAKER      its message is the parameter "speech": what loudspeakers are to say
 *   secClassification Inner  scope Restricted
 *   eventType                event, and event code cap_national_event_code_name
 *   severity                 Red Extreme, Orange Severe, Yellow Moderate, Blue Minor
 *   geocode                  geocodes cap_national_geocode_name, one for each code between commas
 *   polygon, circle          left out: the codes say the area, and the order of a shape's coordinates is not said
 *   language                 zh-CN where absent */
bool cap_decode(struct slice bytes, struct alert_message **message, struct error *error);

#endif
