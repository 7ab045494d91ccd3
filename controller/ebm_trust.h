/* Whether an EBM package may be believed: its signature against the certificates of its source, and what the source's policy
 * makes of that. Pure: the time is an argument.
 *
 * The certificate is the one whose number is that of SignatureValue (6 bytes), else that of CertSN. Its signature (SM2 over
 * SM3) is over the document, byte for byte, or over the document, then the 4 bytes of time or counter, then the certificate
 * number. Which of the two GD/J 081-2018 means could not be read: signing devices of platforms take the document and give back
 * the 10 bytes and the signature (interface of a device of 2017, SJJ1313: Base64(4B Counter || 6B CertID || 64B Signature)),
 * and in another mode give the document, the 10 bytes and the signature in one string. Both are good, and neither can be made
 * of the other: a document that ends 10 bytes later or earlier is not well-formed. The 4 bytes are not judged as a time: in
 * real packages they count signatures.
 *
 * | what is found                          | required         | preferred               | off                   |
 * | -------------------------------------- | ---------------- | ----------------------- | --------------------- |
 * | good                                   | taken, note      | taken, note             | not looked at; taken, |
 * | of a certificate out of its time       | refused          | taken, note             | with a note that says |
 * | of a certificate that is not here      | refused          | taken, note             | so                    |
 * | there is none                          | refused          | taken, note             |                       |
 * | wrong, or not to be read as one        | refused          | refused                 |                       |
 *
 * preferred is no wall against a forger, who would leave the signature out; it finds what was damaged or changed on its way,
 * and shows who signs before a source is set to required. */
#ifndef TOCSIN_CONTROLLER_EBM_TRUST_H
#define TOCSIN_CONTROLLER_EBM_TRUST_H

#include "codecs/ebm.h"
#include "config/config.h"

enum ebm_finding {
    EBM_GOOD,
    EBM_OUT_OF_TIME,
    EBM_CERTIFICATE_UNKNOWN,
    EBM_NOT_SIGNED,
    EBM_WRONG,
    EBM_UNREADABLE,
};

struct ebm_verdict {
    bool taken;
    char code[40]; /* "signature_verified", "signature_not_checked", "signature_wrong", "signature_missing" ... */
    char why[256]; /* for people: the rest of the note, or the reason of the refusal */
};

/* What the signature is worth. now NULL: the clock is not trusted, and no certificate is out of its time. why (may be NULL)
 * says more, for people. */
enum ebm_finding ebm_find_signer(const struct config_source *source, const struct ebm_package *package, const struct wall *now,
                                 char why[256]);

/* The same, weighed by the source's policy. source NULL (nobody is configured): as preferred, without certificates. */
struct ebm_verdict ebm_judge_signature(const struct config_source *source, const struct ebm_package *package,
                                       const struct wall *now);

#endif
