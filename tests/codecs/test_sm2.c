/* codecs/sm2: the standard's own example, signatures made here, and files that are no key. */
#include "codecs/sm2.h"
#include "tests/codecs/signing.h"

#include <stdlib.h>

/* GB/T 32918.5-2017, A.2: the public key, and r and s over "message digest". */
static const char EXAMPLE_KEY[] = "-----BEGIN PUBLIC KEY-----\n"
                                  "MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAECfnfMR5UIaFQ3X0WHkvFxnIXn60Y\n"
                                  "M/wHa7CP81bzUCDM6kkM4md1pS3G6nGMwapgCu0F+/NeCEpmMvYHLamtEw==\n"
                                  "-----END PUBLIC KEY-----\n";
static const uint8_t EXAMPLE_SIGNATURE[SM2_SIGNATURE_SIZE] = {
    0xF5, 0xA0, 0x3B, 0x06, 0x48, 0xD2, 0xC4, 0x63, 0x0E, 0xEA, 0xC5, 0x13, 0xE1, 0xBB, 0x81, 0xA1,
    0x59, 0x44, 0xDA, 0x38, 0x27, 0xD5, 0xB7, 0x41, 0x43, 0xAC, 0x7E, 0xAC, 0xEE, 0xE7, 0x20, 0xB3,
    0xB1, 0xB6, 0xAA, 0x29, 0xDF, 0x21, 0x2F, 0xD8, 0x76, 0x31, 0x82, 0xBC, 0x0D, 0x42, 0x1C, 0xA1,
    0xBB, 0x90, 0x38, 0xFD, 0x1F, 0x7F, 0x42, 0xD4, 0x84, 0x0B, 0x69, 0xC4, 0x85, 0xBB, 0xC1, 0xAA,
};

static const char P256_KEY[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7Ak8jhhoPA3m5Ux3Bc+zGq/uOoBN\n"
                               "nyCBOSOvb3PtNafhL4nGTa+NjAUxAoY7spkRTfR3TCdmtg/pnR3CP1wMEg==\n"
                               "-----END PUBLIC KEY-----\n";

static struct sm2_key *key_of(const char *pem)
{
    struct sm2_key *key = NULL;
    struct error error = {0};
    if (!sm2_key_read(slice_of(pem), &key, &error))
        fail_msg("%s", error.message);
    return key;
}

static bool holds(const struct sm2_key *key, const char *id, const char *text, const uint8_t *signature)
{
    struct slice part = slice_of(text);
    return sm2_verify(key, id, &part, 1, signature);
}

static void test_example_of_the_standard(void **state)
{
    (void)state;
    struct sm2_key *key = key_of(EXAMPLE_KEY);
    struct wall from, until;
    assert_true(holds(key, sm2_default_id, "message digest", EXAMPLE_SIGNATURE));
    assert_false(holds(key, sm2_default_id, "message digesT", EXAMPLE_SIGNATURE));
    assert_false(holds(key, "1234567812345679", "message digest", EXAMPLE_SIGNATURE));
    assert_false(sm2_key_validity(key, &from, &until));
    for (size_t i = 0; i < SM2_SIGNATURE_SIZE; i++) {
        uint8_t changed[SM2_SIGNATURE_SIZE];
        memcpy(changed, EXAMPLE_SIGNATURE, sizeof changed);
        changed[i] ^= 1;
        assert_false(holds(key, sm2_default_id, "message digest", changed));
    }
    sm2_key_free(key);
}

static void test_parts_are_one_text(void **state)
{
    (void)state;
    struct sm2_key *key = key_of(EXAMPLE_KEY);
    const struct slice parts[] = {slice_of("message"), slice_of(" "), slice_of("digest")};
    assert_true(sm2_verify(key, sm2_default_id, parts, 3, EXAMPLE_SIGNATURE));
    assert_false(sm2_verify(key, sm2_default_id, parts, 2, EXAMPLE_SIGNATURE));
    sm2_key_free(key);
}

static void test_hostile_signatures(void **state)
{
    (void)state;
    struct sm2_key *key = key_of(EXAMPLE_KEY);
    uint8_t zeros[SM2_SIGNATURE_SIZE] = {0}, ones[SM2_SIGNATURE_SIZE];
    memset(ones, 0xFF, sizeof ones);
    assert_false(holds(key, sm2_default_id, "message digest", zeros));
    assert_false(holds(key, sm2_default_id, "message digest", ones));
    assert_false(holds(key, sm2_default_id, "", EXAMPLE_SIGNATURE));
    sm2_key_free(key);
}

static void test_certificate(void **state)
{
    (void)state;
    char pem[PEM_TEXT_MAX];
    uint8_t signature[SM2_SIGNATURE_SIZE];
    struct wall from, until;
    EVP_PKEY *private = make_key();
    certificate_pem(private, 1700000000, 1900000000, pem);
    sign(private, "other", "abc", 3, signature);
    struct sm2_key *key = key_of(pem);
    assert_true(sm2_key_validity(key, &from, &until));
    assert_int_equal(from.ms, 1700000000000);
    assert_int_equal(until.ms, 1900000000000);
    assert_true(holds(key, "other", "abc", signature));
    assert_false(holds(key, sm2_default_id, "abc", signature));
    sm2_key_free(key);
    EVP_PKEY_free(private);
}

static void refuse(const char *pem, const char *has)
{
    struct sm2_key *key = NULL;
    struct error error = {0};
    assert_false(sm2_key_read(slice_of(pem), &key, &error));
    assert_null(key);
    if (!strstr(error.message, has))
        fail_msg("\"%s\" does not say \"%s\"", error.message, has);
}

static void test_what_is_no_key(void **state)
{
    (void)state;
    refuse("", "neither a certificate nor a public key");
    refuse("nonsense", "neither a certificate nor a public key");
    refuse("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----\n", "neither");
    refuse(P256_KEY, "type EC; SM2 is needed");
    /* An encrypted one must not make anybody ask for its password. */
    refuse("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0123456789ABCDEF\n\n"
           "MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0D\n-----END CERTIFICATE-----\n",
           "neither");
    char *large = calloc(1, SM2_PEM_MAX + 2);
    assert_non_null(large);
    memset(large, 'x', SM2_PEM_MAX + 1);
    refuse(large, "at most 65536");
    free(large);
    sm2_key_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_of_the_standard), cmocka_unit_test(test_parts_are_one_text),
        cmocka_unit_test(test_hostile_signatures),      cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_what_is_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
