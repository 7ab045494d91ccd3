/* For the tests of signatures: keys made, certificates issued and bytes signed while a test runs. */
#ifndef TOCSIN_TESTS_CODECS_SIGNING_H
#define TOCSIN_TESTS_CODECS_SIGNING_H

#include "codecs/sm2.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PEM_TEXT_MAX = 4096 };

static inline EVP_PKEY *make_key(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    assert_non_null(key);
    return key;
}

static inline void text_of(BIO *bio, char text[PEM_TEXT_MAX])
{
    int n = BIO_read(bio, text, PEM_TEXT_MAX - 1);
    assert_true(n > 0);
    text[n] = '\0';
    BIO_free(bio);
}

static inline void public_pem(EVP_PKEY *key, char text[PEM_TEXT_MAX])
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    text_of(bio, text);
}

/* A certificate that its own key signed, valid between two times in seconds since 1970. */
static inline void certificate_pem(EVP_PKEY *key, int64_t from_s, int64_t until_s, char text[PEM_TEXT_MAX])
{
    X509 *x = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    assert_non_null(x);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 3);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from_s));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)until_s));
    X509_set_pubkey(x, key);
    X509_set_version(x, X509_VERSION_3);
    assert_true(X509_sign(x, key, EVP_sm3()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    text_of(bio, text);
    X509_free(x);
}

/* r and s, 32 bytes each. */
static inline void sign(EVP_PKEY *key, const char *id, const void *bytes, size_t n, uint8_t signature[SM2_SIGNATURE_SIZE])
{
    uint8_t der[256];
    const uint8_t *at = der;
    size_t n_der = sizeof der;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *with = EVP_PKEY_CTX_new(key, NULL);
    EVP_PKEY_CTX_set1_id(with, id, (int)strlen(id));
    EVP_MD_CTX_set_pkey_ctx(digest, with);
    assert_int_equal(EVP_DigestSignInit(digest, NULL, EVP_sm3(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(digest, der, &n_der, bytes, n), 1);
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)n_der);
    assert_non_null(pair);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32);
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(with);
}

#endif
