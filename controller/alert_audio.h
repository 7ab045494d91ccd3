/* The recording that an alert brings: which resource of an info block it is, and whether it is what it says to be. Pure.
 *
 * Sources: CAP 1.2, 3.2.3 (mimeType, size, derefUri in base64, digest: SHA-1 "per FIPS 180-2", without saying how it is written
 * down); the AuxiliaryType, Size and Digest of an EBM (codecs/ebm.h). That a file begins as its type begins does not mean that
 * it can be decoded: voice_play finds that out, in a process of its own. */
#ifndef TOCSIN_CONTROLLER_ALERT_AUDIO_H
#define TOCSIN_CONTROLLER_ALERT_AUDIO_H

#include "codecs/alert_message.h"
#include "config/config.h"

enum { ALERT_AUDIO_MAX = 8 * 1024 * 1024 /* bytes: an hour and a half of speech as MP3, two minutes as WAV */ };

/* The block's recording: its first resource of an audio type whose bytes came with the message, else the first of an audio
 * type; NULL if there is none. */
const struct alert_resource *alert_audio_find(const struct alert_info *info);

/* True if its bytes came with the message. */
bool alert_audio_is_here(const struct alert_resource *resource);

/* What can be told without a look at the bytes: they are here or may be fetched, are not too many, and of a type that is
 * played. The error's message names what is wrong, for people.
 *
 * Fetched may be what the source's configuration allows, and only a file whose digest the alert states: whatever a server gives
 * out is believed because the message, which was let in, says that it is the file that is meant. */
bool alert_audio_promises(const struct alert_resource *resource, const struct config_source *source, struct error *error);

/* Of a resource that promises: all that alert_audio_open needs, for another thread. NULL without memory. */
struct alert_resource *alert_audio_copy(const struct alert_resource *resource);
void alert_audio_free_copy(struct alert_resource *copy); /* NULL is allowed */

struct alert_audio {
    struct slice file; /* in the resource, or in decoded */
    uint8_t *decoded;  /* owned; NULL where the resource has the bytes themselves */
};

/* Decodes and checks what is here: size as stated, digest right, the content begins as its type says and is whole as far as its
 * container tells. An absent size or digest is not a wrong one. A digest is hexadecimal or base64, and its length says which:
 * MD5, SHA-1, SHA-256 or SM3 (GB/T 32905), SHA-384, SHA-512. Takes some ten milliseconds: for a worker thread. On success the
 * caller frees with alert_audio_close, and the resource must live as long. */
bool alert_audio_open(const struct alert_resource *resource, struct alert_audio *audio, struct error *error);
void alert_audio_close(struct alert_audio *audio);

#endif
