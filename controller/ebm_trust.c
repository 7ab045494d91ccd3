/* Signature, certificate, policy: what is known of who sent a package. */
#include "controller/ebm_trust.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WHY_SIZE = 256, NUMBER_SIZE = 2 * EBM_CERTIFICATE_SIZE + 1 };

static void print_number(const uint8_t bytes[EBM_CERTIFICATE_SIZE], char text[NUMBER_SIZE])
{
    for (size_t i = 0; i < EBM_CERTIFICATE_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static const char *without_zeros(const char *number)
{
    return number + strspn(number, "0");
}

/* CertSN is written with more or fewer zeros in front; all zeros are a place that was not filled in. */
static bool same_number(const char *a, const char *b)
{
    return *without_zeros(b) && strcasecmp(without_zeros(a), without_zeros(b)) == 0;
}

static const struct config_certificate *find_certificate(const struct config_source *source,
                                                         const struct ebm_signature *signature)
{
    char number[NUMBER_SIZE];
    print_number(signature->certificate, number);
    for (size_t i = 0; source && i < source->n_certificates; i++)
        if (strcasecmp(source->certificates[i].number, number) == 0)
            return &source->certificates[i];
    for (size_t i = 0; source && signature->certificate_number && i < source->n_certificates; i++)
        if (same_number(source->certificates[i].number, signature->certificate_number))
            return &source->certificates[i];
    return NULL;
}

static struct slice slice_of_bytes(const uint8_t *bytes, size_t n)
{
    return (struct slice){(const char *)bytes, n};
}

/* In each of the two forms that are known. */
static bool is_signed_by(const struct sm2_key *key, const char *id, const struct ebm_package *package)
{
    const struct ebm_signature *signature = &package->signature;
    const struct slice parts[] = {
        package->signed_bytes,
        slice_of_bytes(signature->time, sizeof signature->time),
        slice_of_bytes(signature->certificate, sizeof signature->certificate),
    };
    return sm2_verify(key, id, parts, 1, signature->value) || sm2_verify(key, id, parts, 3, signature->value);
}

static enum ebm_finding judge_time(const struct config_certificate *certificate, const struct wall *now, char *why)
{
    struct wall from, until;
    snprintf(why, WHY_SIZE, "certificate %s", certificate->number);
    if (!now || !sm2_key_validity(certificate->key, &from, &until) || (from.ms <= now->ms && now->ms <= until.ms))
        return EBM_GOOD;
    snprintf(why, WHY_SIZE, "the signature is right, but the certificate %s is %s: ask its platform for a new one",
             certificate->number, now->ms < from.ms ? "not valid yet" : "not valid any more");
    return EBM_OUT_OF_TIME;
}

static enum ebm_finding find_signer(const struct config_source *source, const struct ebm_package *package,
                                    const struct wall *now, char *why)
{
    const struct ebm_signature *signature = &package->signature;
    const struct config_certificate *certificate = find_certificate(source, signature);
    char number[NUMBER_SIZE];
    print_number(signature->certificate, number);
    if (!certificate) {
        snprintf(why, WHY_SIZE, "no certificate of number %s is configured for the source: add it to its certificates", number);
        return EBM_CERTIFICATE_UNKNOWN;
    }
    if (is_signed_by(certificate->key, source->signer_id, package))
        return judge_time(certificate, now, why);
    snprintf(why, WHY_SIZE,
             "the signature is not of certificate %s over this document: it was changed, or another key signed it",
             certificate->number);
    return EBM_WRONG;
}

enum ebm_finding ebm_find_signer(const struct config_source *source, const struct ebm_package *package, const struct wall *now,
                                 char why[WHY_SIZE])
{
    char unwanted[WHY_SIZE];
    why = why ? why : unwanted;
    switch (package->signature.state) {
    case EBM_UNSIGNED: text_copy(why, WHY_SIZE, "the package has no signature file (EBDS_EBDB_*.xml)"); return EBM_NOT_SIGNED;
    case EBM_SIGNATURE_REFUSED: text_copy(why, WHY_SIZE, package->signature.why.message); return EBM_UNREADABLE;
    case EBM_SIGNED: break;
    }
    return find_signer(source, package, now, why);
}

static const char *code_of(enum ebm_finding finding)
{
    switch (finding) {
    case EBM_GOOD: return "signature_verified";
    case EBM_OUT_OF_TIME: return "signature_out_of_time";
    case EBM_CERTIFICATE_UNKNOWN: return "signature_not_checked";
    case EBM_NOT_SIGNED: return "signature_missing";
    case EBM_WRONG:
    case EBM_UNREADABLE: break;
    }
    return "signature_wrong";
}

struct ebm_verdict ebm_judge_signature(const struct config_source *source, const struct ebm_package *package,
                                       const struct wall *now)
{
    struct ebm_verdict verdict = {.taken = true};
    enum signature_policy policy = source ? source->signature : SIGNATURE_PREFERRED;
    if (policy == SIGNATURE_OFF) {
        text_copy(verdict.code, sizeof verdict.code, "signature_not_checked");
        text_copy(verdict.why, sizeof verdict.why, "signatures of this source are off in the configuration");
        return verdict;
    }
    enum ebm_finding finding = ebm_find_signer(source, package, now, verdict.why);
    text_copy(verdict.code, sizeof verdict.code, code_of(finding));
    verdict.taken = finding == EBM_GOOD || (policy == SIGNATURE_PREFERRED && finding != EBM_WRONG && finding != EBM_UNREADABLE);
    return verdict;
}
