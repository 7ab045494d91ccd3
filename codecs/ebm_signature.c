/* EBM: the signature file. Everything wrong in it refuses the signature, not the package. */
#include "codecs/base64.h"
#include "codecs/ebm_internal.h"

#include <string.h>

enum {
    PARTS_SIZE = EBM_SIGN_TIME_SIZE + EBM_CERTIFICATE_SIZE + EBM_SIGNATURE_SIZE,
    LENGTH_SIZE = 2,
    HEAD_SIZE = EBM_SIGN_TIME_SIZE + EBM_CERTIFICATE_SIZE,
    VALUE_MAX = PARTS_SIZE + LENGTH_SIZE,
};

static bool is_length(const uint8_t *bytes, unsigned length)
{
    return (unsigned)(bytes[0] << 8 | bytes[1]) == length;
}

static bool all_zeros(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return false;
    return true;
}

/* Takes time, certificate number and signature apart. */
static bool read_value(const char *text, struct ebm_signature *signature, struct error *error)
{
    uint8_t bytes[VALUE_MAX];
    long n = base64_decode(text, bytes, sizeof bytes);
    if (!*text || n < 0)
        return error_set(error, ERROR_INVALID, "SignatureValue: %s", *text ? "it is no base64" : "missing or empty");
    bool front = n == VALUE_MAX && is_length(bytes, PARTS_SIZE);
    bool middle = n == VALUE_MAX && !front && is_length(bytes + HEAD_SIZE, EBM_SIGNATURE_SIZE);
    if (n != PARTS_SIZE && !front && !middle)
        return error_set(
            error, ERROR_INVALID,
            "SignatureValue: %ld bytes; %d are expected (time, certificate number, signature), or %d with a length "
            "of %d in front or of %d before the signature",
            n, PARTS_SIZE, VALUE_MAX, PARTS_SIZE, EBM_SIGNATURE_SIZE);
    const uint8_t *time = bytes + (front ? LENGTH_SIZE : 0), *certificate = time + EBM_SIGN_TIME_SIZE;
    const uint8_t *value = certificate + EBM_CERTIFICATE_SIZE + (middle ? LENGTH_SIZE : 0);
    if (all_zeros(value, EBM_SIGNATURE_SIZE))
        return error_set(error, ERROR_INVALID, "SignatureValue: the signature is all zeros, which signs nothing");
    memcpy(signature->time, time, sizeof signature->time);
    memcpy(signature->certificate, certificate, sizeof signature->certificate);
    memcpy(signature->value, value, sizeof signature->value);
    return true;
}

static bool read_texts(const struct xml_tree *tree, struct ebm_signature *signature, struct error *error)
{
    return ebm_copy(tree, 0, "SignatureCert/CertSN", &signature->certificate_number, error) &&
           (signature->certificate_number || ebm_copy(tree, 0, "CertSN", &signature->certificate_number, error)) &&
           ebm_copy(tree, 0, "SignatureCert/IssuerID", &signature->issuer, error) &&
           ebm_copy(tree, 0, "SignatureTime", &signature->time_text, error) &&
           ebm_copy(tree, 0, "DigestAlgorithm", &signature->digest_algorithm, error) &&
           ebm_copy(tree, 0, "SignatureAlgorithm", &signature->signature_algorithm, error);
}

static bool read_tree(const struct xml_tree *tree, const char *ebd_id, struct ebm_signature *signature, struct error *error)
{
    const char *related, *value;
    if (strcmp(tree->elements[0].name, "Signature") != 0)
        return error_set(error, ERROR_INVALID, "root element is <%s>; <Signature> is expected",
                         ebm_quote(tree->elements[0].name).text);
    if (!ebm_text(tree, 0, "RelatedEBD/EBDID", &related, error) || !ebm_text(tree, 0, "SignatureValue", &value, error))
        return false;
    if (strcmp(related, ebd_id) != 0)
        return error_set(error, ERROR_INVALID, "RelatedEBD/EBDID: it is for package \"%s\", not for \"%s\"",
                         ebm_quote(related).text, ebm_quote(ebd_id).text);
    return read_value(value, signature, error) && read_texts(tree, signature, error);
}

bool ebm_read_signature(const struct ebm_file *file, const char *ebd_id, struct ebm_signature *signature, struct error *error)
{
    struct xml_tree tree = {0};
    struct error why = {ERROR_NONE, ""};
    bool ok = xml_tree_read(file->data, &tree, &why) && read_tree(&tree, ebd_id, signature, &why);
    xml_tree_free(&tree);
    if (why.code == ERROR_NO_MEMORY)
        return ebm_no_memory(error);
    signature->state = ok ? EBM_SIGNED : EBM_SIGNATURE_REFUSED;
    if (!ok) {
        error_prefix(&why, "%s", ebm_quote(file->name).text);
        signature->why = why;
    }
    return true;
}
