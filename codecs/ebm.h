/* Emergency broadcast packages of China (EBD with an EBM in it) to struct alert_message and what belongs to it: audio,
 * identity, signature. Pure: the bytes of the tar file in, a package or a reason out; nothing is verified that needs a key.
 *
 * Sources: GD/J 082-2018 and its successor GY/T 385-2023 (format of messages; the names, values and comments of its elements
 * below are as real packages and platforms use them, since the texts were not at hand and no clause can be cited), GD/J
 * 081-2018 (digital signature), and one real package of 2017. Where only real packages or platforms are the source it is said.
 *
 *   EBDB_<EBDID>.xml       the document: EBD {EBDVersion, EBDID, EBDType, SRC/EBRID, DEST/EBRID, EBDTime, EBM {...}}
 *   EBDS_EBDB_<EBDID>.xml  its signature; may be missing
 *   EBDR_<...>.mp3         what Auxiliary elements name
 *
 * How an EBM becomes a message:
 *
 *   EBMID                    identifier (18 or more digits of the platform, date, number)
 *   MsgBasicInfo/SenderCode  sender;  SenderName: senderName of each info
 *   .../SentTime             sent; the spelling SendTime, which platforms also write, is taken as well. sent_text is RFC 3339
 *   .../MsgType              1 Actual Alert, 2 Actual Cancel, 3 (drill of the platform) System Alert, 4 and 5 (drills of front
 *                            ends and of terminals) Exercise Alert; anything else is refused
 *   .../Severity             1 Extreme, 2 Severe, 3 Moderate, 4 Minor; all else, with 0, and none: Unknown
 *   .../EventType            event, and event code ebm_event_code_name
 *   .../StartTime, EndTime   effective, expires; absent where empty
 *   MsgContent               one info each; none is allowed for a cancel only
 *   .../LanguageCode         language: zho and chi are zh-CN, eng is en-US, others as they stand; none is zh-CN
 *   .../MsgTitle, MsgDesc    headline, description. MsgDesc is what the sender wants spoken, so it is the parameter "speech"
 * too, which goes before every other text. The lone text of no content that platforms put in (a single character that means
 * "none") counts as empty: then the title is spoken.
 *   .../AreaCode             geocodes ebm_geocode_name of one area. At least one must be a code that area_code_parse takes;
 *                            the others stay as they stand, for intake to list: one must not silence the others
 *   .../Auxiliary            resource, and if it is a file its data and attachment
 *
 * All times are Beijing time, "2026-11-22 03:20:00" (+08:00). Urgency and certainty are not said: Unknown. Each element that is
 * read may stand once, but for MsgContent and Auxiliary; unknown elements are skipped.
 *
 * What a cancel ends: RelatedInfo/EBMID (RelatedEBM/EBMID in an older form) is the EBMID of the message. Without it the
 * reference has the cancel's own EBMID, since platforms also cancel by sending the EBMID again, perhaps with its SentTime; the
 * cancel's identifier is its EBDID then, so that it is not taken for the same message with other bytes. The format gives
 * neither sender nor time of the message that is meant. So the reference has the cancel's sender (nobody cancels what another
 * sender sent), and sent_text is NULL: it is to be matched by sender and identifier alone. RelatedInfo of other types is a
 * message's origin, not what it replaces, and is left out. */
#ifndef TOCSIN_CODECS_EBM_H
#define TOCSIN_CODECS_EBM_H

#include "codecs/alert_message.h"

/* More than these is refused with ERROR_TOO_LARGE; the limits of tar.h and xml_tree.h come on top. Beside the archive a decode
 * takes less than 32 MiB (the worst found: 12). */
enum {
    EBM_PACKAGE_MAX = 32 * 1024 * 1024, /* bytes of the archive */
    EBM_FILES_MAX = 64,
    EBM_CONTENTS_MAX = 16,     /* MsgContent */
    EBM_ATTACHMENTS_MAX = 32,  /* Auxiliary of one MsgContent */
    EBM_AREA_CODES_MAX = 8192, /* codes of one MsgContent */
    EBM_SHORT_MAX = 512,       /* bytes of SenderName, EventType and LanguageCode, which are kept more than once */
    EBM_IDENTITY_MAX = 64,     /* bytes of EBDID, EBMID, SenderCode and EBRID: letters, digits, . _ - */
};

/* The sizes of the three parts of SignatureValue (as seen in a real package). */
enum { EBM_SIGN_TIME_SIZE = 4, EBM_CERTIFICATE_SIZE = 6, EBM_SIGNATURE_SIZE = 64 };

extern const char ebm_geocode_name[];    /* "AreaCode" */
extern const char ebm_event_code_name[]; /* "EventType" */

/* A file that an Auxiliary names, where it is in the package. Whether size and digest are right is the caller's to check: a
 * package is not refused for the sake of a file, for its words can still be spoken. */
struct ebm_attachment {
    char *name;          /* AuxiliaryDesc */
    char *language;      /* of its info */
    size_t info;         /* index in message->infos */
    int type;            /* AuxiliaryType: 1, 2 MPEG audio, 3, 4 DRA audio, 41 PNG, 42 JPEG, 43 GIF; -1 where absent */
    int64_t stated_size; /* Size; -1 where absent */
    struct slice data;   /* in the archive */
    char *digest;        /* Digest as it stands; NULL where absent or empty, which is not a wrong one */
};

enum ebm_signing { EBM_UNSIGNED /* there is no signature file */, EBM_SIGNED, EBM_SIGNATURE_REFUSED };

/* What the signature file says. EBM_SIGNED means only that it can be read and is for this EBDID: the caller verifies value.
 * SignatureValue is the base64 of time, certificate and value. A form with two more bytes is known, where it is not; both
 * places are taken that prove themselves: 74 in front of all, or 64 in front of value (big endian). */
struct ebm_signature {
    enum ebm_signing state;
    struct error why; /* for EBM_SIGNATURE_REFUSED, with the file's name */
    /* As they stand; NULL where absent. CertSN need not be the certificate below: the real package has zeros there. */
    char *certificate_number, *issuer, *time_text, *digest_algorithm, *signature_algorithm;
    /* Only for EBM_SIGNED. value: r and s of SM2. */
    uint8_t time[EBM_SIGN_TIME_SIZE], certificate[EBM_CERTIFICATE_SIZE], value[EBM_SIGNATURE_SIZE];
};

struct ebm_package {
    struct alert_message *message; /* whoever takes it over puts NULL here */
    char *ebd_id;                  /* EBDID, never NULL; the EBMID is message->identifier */
    char *source, *destination;    /* EBRID of SRC and DEST; NULL where absent, like all below */
    char *ebd_version, *ebm_version;
    char *ebd_time; /* EBDTime as it stands */
    struct ebm_attachment *attachments;
    size_t n_attachments;
    struct ebm_signature signature;
    struct slice
        signed_bytes; /* the document, byte for byte, in the archive: what the signature is over (as signing devices of
                       * platforms take it; whether time and certificate are hashed with it is GD/J 081-2018's to say) */
};

/* Decodes one package. On success the caller owns *package and frees it with ebm_package_free; the archive must live as long,
 * for attachments and signed_bytes lie in it. On failure the error names the file or the element.
 *
 * ERROR_UNSUPPORTED means one thing only: a good package that is no EBM (a heartbeat, a request for states ...), with the
 * message "not an EBM: EBDType ConnectionCheck". A signature that cannot be read does not refuse the package: whether an alert
 * may go out without one is the caller's policy. */
bool ebm_decode(struct slice archive, struct ebm_package **package, struct error *error);

/* Frees the package and all that it owns; NULL is allowed. */
void ebm_package_free(struct ebm_package *package);

#endif
