/* SM2 over SM3, by OpenSSL's EVP. */
#include "codecs/sm2.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char sm2_default_id[] = "1234567812345678";

struct sm2_key {
    EVP_PKEY *public;
    bool dated;
    struct wall from, until;
};

/* Without one OpenSSL would ask at the terminal for the password of an encrypted file. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static bool read_time(const ASN1_TIME *from, struct wall *to)
{
    struct tm tm;
    if (!ASN1_TIME_to_tm(from, &tm))
        return false;
    to->ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

/* True if there is a certificate; its key may be NULL where OpenSSL cannot use it. */
static bool take_certificate(struct slice pem, struct sm2_key *key)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    if (!certificate)
        return false;
    key->public = X509_get_pubkey(certificate);
    key->dated =
        read_time(X509_get0_notBefore(certificate), &key->from) && read_time(X509_get0_notAfter(certificate), &key->until);
    X509_free(certificate);
    return true;
}

static void take_bare_key(struct slice pem, struct sm2_key *key)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    key->public = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
}

static bool refuse(const struct sm2_key *key, bool certificate, struct error *error)
{
    if (key->public && !EVP_PKEY_is_a(key->public, "SM2"))
        return error_set(error, ERROR_UNSUPPORTED, "its key is of type %s; SM2 is needed",
                         EVP_PKEY_get0_type_name(key->public));
    if (!key->public)
        return error_set(error, ERROR_INVALID,
                         certificate
                             ? "its key cannot be read"
                             : "it is neither a certificate nor a public key in PEM (BEGIN CERTIFICATE, BEGIN PUBLIC KEY)");
    if (certificate && !key->dated)
        return error_set(error, ERROR_INVALID, "the times between which it is valid cannot be read");
    return true;
}

bool sm2_key_read(struct slice pem, struct sm2_key **key, struct error *error)
{
    if (pem.size > SM2_PEM_MAX)
        return error_set(error, ERROR_TOO_LARGE, "it has %zu bytes; at most %d are read", pem.size, SM2_PEM_MAX);
    struct sm2_key *read = calloc(1, sizeof *read);
    if (!read)
        return error_set(error, ERROR_NO_MEMORY, "no memory left to read it");
    bool certificate = take_certificate(pem, read);
    if (!certificate)
        take_bare_key(pem, read);
    ERR_clear_error(); /* what was tried in vain is not the next caller's */
    if (!refuse(read, certificate, error)) {
        sm2_key_free(read);
        return false;
    }
    *key = read;
    return true;
}

void sm2_key_free(struct sm2_key *key)
{
    if (key)
        EVP_PKEY_free(key->public);
    free(key);
}

bool sm2_key_validity(const struct sm2_key *key, struct wall *from, struct wall *until)
{
    *from = key->from;
    *until = key->until;
    return key->dated;
}

/* The signature as OpenSSL wants it, a sequence of two integers. Returns its bytes, to be freed with OPENSSL_free. */
static int to_der(const uint8_t signature[SM2_SIGNATURE_SIZE], uint8_t **der)
{
    enum { HALF = SM2_SIGNATURE_SIZE / 2 };
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, HALF, NULL), *s = BN_bin2bn(signature + HALF, HALF, NULL);
    if (!pair || !r || !s || !ECDSA_SIG_set0(pair, r, s)) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return 0;
    }
    int n = i2d_ECDSA_SIG(pair, der);
    ECDSA_SIG_free(pair);
    return n;
}

static bool verify(EVP_MD_CTX *digest, EVP_PKEY_CTX *with, const char *id, const struct slice *parts, size_t n_parts,
                   const uint8_t *der, size_t n_der)
{
    if (EVP_PKEY_CTX_set1_id(with, id, (int)strlen(id)) <= 0)
        return false;
    EVP_MD_CTX_set_pkey_ctx(digest, with);
    if (EVP_DigestVerifyInit(digest, NULL, EVP_sm3(), NULL, EVP_PKEY_CTX_get0_pkey(with)) <= 0)
        return false;
    for (size_t i = 0; i < n_parts && i < SM2_PARTS_MAX; i++)
        if (EVP_DigestVerifyUpdate(digest, parts[i].data, parts[i].size) <= 0)
            return false;
    return EVP_DigestVerifyFinal(digest, der, n_der) == 1;
}

bool sm2_verify(const struct sm2_key *key, const char *id, const struct slice *parts, size_t n_parts,
                const uint8_t signature[SM2_SIGNATURE_SIZE])
{
    uint8_t *der = NULL;
    int n_der = to_der(signature, &der);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *with = EVP_PKEY_CTX_new(key->public, NULL);
    bool ok = n_der > 0 && digest && with && verify(digest, with, id, parts, n_parts, der, (size_t)n_der);
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(with);
    OPENSSL_free(der);
    ERR_clear_error();
    return ok;
}
