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

/* Decodes one alert. Strict in what decides (identifier, sender, sent, status, msgType, scope, area geometry, expires),
 * liberal in harmless things (order of elements, a byte-order mark, unknown elements, ISO-8859-1, empty optionals).
 * A document type declaration is refused outright. On success the caller owns *message and frees it with
 * alert_message_free; on failure error->message names the element, such as "scope: missing; CAP 1.2 requires it". */
bool cap_decode(struct slice bytes, struct alert_message **message, struct error *error);

#endif
