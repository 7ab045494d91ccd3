/* What is received, by its media type: bytes to a message. Whatever comes in goes through here, and again after a restart what
 * was stored. Pure. */
#ifndef TOCSIN_CONTROLLER_RECEPTION_H
#define TOCSIN_CONTROLLER_RECEPTION_H

#include "codecs/ebm.h"

enum media { MEDIA_CAP, MEDIA_JSON, MEDIA_EBM, MEDIA_COUNT };

/* As it is stored: "application/cap+xml". */
const char *media_name(enum media media);

/* Reads a Content-Type, with parameters or without; NULL is none. False if it is none that is taken. */
bool media_parse(const char *content_type, enum media *media);

/* All media types that are taken, for an error message. */
const char *media_known(void);

/* Decodes one message, which the caller frees with alert_message_free. It may refer to the bytes: they must live as long. What
 * an EBM comes in goes to *package, without its message, for its signature to be judged; NULL for all else. The caller frees it
 * with ebm_package_free, before the bytes. */
bool reception_decode(enum media media, struct slice bytes, struct alert_message **message, struct ebm_package **package,
                      struct error *error);

#endif
