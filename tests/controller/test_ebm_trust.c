/* Whose signature a package has, and what each policy makes of it. */
#include "controller/ebm_trust.h"
#include "tests/codecs/signing.h"

static const char DOCUMENT[] = "<EBD><EBDID>1</EBDID></EBD>";
static const struct wall NOW = {1800000000000};
enum { FROM_S = 1700000000, UNTIL_S = 1900000000 };

static EVP_PKEY *county, *stranger;
static struct config_certificate certificates[2]; /* of another platform, and of the county */
static struct config_source source;

static void issue(EVP_PKEY *key, const char *number, int64_t from_s, int64_t until_s, struct config_certificate *certificate)
{
    char pem[PEM_TEXT_MAX];
    certificate_pem(key, from_s, until_s, pem);
    sm2_key_free(certificate->key);
    strcpy(certificate->number, number);
    assert_true(sm2_key_read(slice_of(pem), &certificate->key, NULL));
}

static int make_keys(void **state)
{
    (void)state;
    county = make_key();
    stranger = make_key();
    issue(stranger, "000000000001", FROM_S, UNTIL_S, &certificates[0]);
    issue(county, "00000000090D", FROM_S, UNTIL_S, &certificates[1]);
    source = (struct config_source){
        .id = "county", .signature = SIGNATURE_REQUIRED, .certificates = certificates, .n_certificates = 2};
    strcpy(source.signer_id, sm2_default_id);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        sm2_key_free(certificates[i].key);
    EVP_PKEY_free(county);
    EVP_PKEY_free(stranger);
    return 0;
}

static struct ebm_package unsigned_package(void)
{
    return (struct ebm_package){.signed_bytes = {DOCUMENT, sizeof DOCUMENT - 1}};
}

/* n_more: so many of the 10 bytes of counter and certificate number are signed with the document. */
static struct ebm_package signed_by(EVP_PKEY *key, const char *id, size_t n_more)
{
    struct ebm_package package = unsigned_package();
    struct ebm_signature *signature = &package.signature;
    const uint8_t number[] = {0, 0, 0, 0, 9, 0x0D}, counter[] = {0, 0, 0x74, 0x26};
    uint8_t bytes[sizeof DOCUMENT - 1 + 10];
    signature->state = EBM_SIGNED;
    memcpy(signature->time, counter, sizeof counter);
    memcpy(signature->certificate, number, sizeof number);
    memcpy(bytes, DOCUMENT, sizeof DOCUMENT - 1);
    memcpy(bytes + sizeof DOCUMENT - 1, counter, sizeof counter);
    memcpy(bytes + sizeof DOCUMENT - 1 + sizeof counter, number, sizeof number);
    sign(key, id, bytes, sizeof DOCUMENT - 1 + n_more, signature->value);
    return package;
}

static void finds(const struct ebm_package *package, enum ebm_finding expected, const char *has)
{
    char why[256] = "";
    enum ebm_finding found = ebm_find_signer(&source, package, &NOW, why);
    if (found != expected || !strstr(why, has))
        fail_msg("found %d \"%s\", not %d \"...%s...\"", found, why, expected, has);
    assert_int_equal(ebm_find_signer(&source, package, &NOW, NULL), expected);
}

static void test_both_forms(void **state)
{
    (void)state;
    struct ebm_package alone = signed_by(county, sm2_default_id, 0), with_both = signed_by(county, sm2_default_id, 10);
    struct ebm_package with_counter = signed_by(county, sm2_default_id, 4);
    finds(&alone, EBM_GOOD, "certificate 00000000090D");
    finds(&with_both, EBM_GOOD, "certificate 00000000090D");
    finds(&with_counter, EBM_WRONG, "changed, or another key");
}

static void test_wrong(void **state)
{
    (void)state;
    struct ebm_package other_key = signed_by(stranger, sm2_default_id, 0), other_id = signed_by(county, "x", 0);
    struct ebm_package changed = signed_by(county, sm2_default_id, 0), renumbered = signed_by(county, sm2_default_id, 0);
    changed.signed_bytes.size--;
    renumbered.signature.certificate[4] = 0;
    renumbered.signature.certificate[5] = 1; /* a platform that is trusted, but did not sign it */
    finds(&other_key, EBM_WRONG, "00000000090D");
    finds(&other_id, EBM_WRONG, "00000000090D");
    finds(&changed, EBM_WRONG, "00000000090D");
    finds(&renumbered, EBM_WRONG, "000000000001");
    strcpy(source.signer_id, "x");
    finds(&other_id, EBM_GOOD, "");
    strcpy(source.signer_id, sm2_default_id);
}

static void test_which_certificate(void **state)
{
    (void)state;
    char with_zeros[] = "000000000000090d", placeholder[] = "000000000000";
    struct ebm_package package = signed_by(county, sm2_default_id, 0);
    package.signature.certificate[5] = 0x77;
    finds(&package, EBM_CERTIFICATE_UNKNOWN, "000000000977");
    package.signature.certificate_number = placeholder;
    finds(&package, EBM_CERTIFICATE_UNKNOWN, "000000000977");
    strcpy(certificates[0].number, placeholder); /* one that really has this number is not meant by a place holder */
    finds(&package, EBM_CERTIFICATE_UNKNOWN, "000000000977");
    strcpy(certificates[0].number, "000000000001");
    package.signature.certificate_number = with_zeros;
    finds(&package, EBM_GOOD, "");
    assert_int_equal(ebm_find_signer(NULL, &package, &NOW, NULL), EBM_CERTIFICATE_UNKNOWN);
}

static void test_time_of_the_certificate(void **state)
{
    (void)state;
    struct ebm_package package = signed_by(county, sm2_default_id, 0);
    issue(county, "00000000090D", 1800000001, UNTIL_S, &certificates[1]);
    finds(&package, EBM_OUT_OF_TIME, "not valid yet");
    issue(county, "00000000090D", FROM_S, 1799999999, &certificates[1]);
    finds(&package, EBM_OUT_OF_TIME, "not valid any more");
    assert_int_equal(ebm_find_signer(&source, &package, NULL, NULL), EBM_GOOD); /* nobody knows what time it is */
    package.signed_bytes.size--;
    finds(&package, EBM_WRONG, "changed"); /* which is worse */
    issue(county, "00000000090D", FROM_S, UNTIL_S, &certificates[1]);
}

static void test_policies(void **state)
{
    (void)state;
    struct ebm_package packages[] = {signed_by(county, sm2_default_id, 0),
                                     unsigned_package(),
                                     unsigned_package(),
                                     unsigned_package(),
                                     unsigned_package(),
                                     unsigned_package()};
    packages[1] = signed_by(stranger, sm2_default_id, 0);
    packages[3].signature.state = EBM_SIGNATURE_REFUSED;
    strcpy(packages[3].signature.why.message, "SignatureValue: all zeros");
    packages[4] = signed_by(county, sm2_default_id, 0);
    packages[4].signature.certificate[0] = 1;
    packages[5] = packages[4];
    static const struct {
        const char *code;
        bool required, preferred;
    } ROWS[] = {
        {"signature_verified", true, true}, {"signature_wrong", false, false},      {"signature_missing", false, true},
        {"signature_wrong", false, false},  {"signature_not_checked", false, true}, {"signature_not_checked", false, true},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        source.signature = SIGNATURE_REQUIRED;
        struct ebm_verdict verdict = ebm_judge_signature(&source, &packages[i], &NOW);
        assert_string_equal(verdict.code, ROWS[i].code);
        assert_int_equal(verdict.taken, ROWS[i].required);
        assert_true(*verdict.why);
        source.signature = SIGNATURE_PREFERRED;
        verdict = ebm_judge_signature(&source, &packages[i], &NOW);
        assert_string_equal(verdict.code, ROWS[i].code);
        assert_int_equal(verdict.taken, ROWS[i].preferred);
        source.signature = SIGNATURE_OFF;
        verdict = ebm_judge_signature(&source, &packages[i], &NOW);
        assert_string_equal(verdict.code, "signature_not_checked"); /* never silently */
        assert_true(verdict.taken);
        assert_non_null(strstr(verdict.why, "off"));
    }
    source.signature = SIGNATURE_REQUIRED;
}

static void test_out_of_time_by_policy(void **state)
{
    (void)state;
    struct ebm_package package = signed_by(county, sm2_default_id, 0);
    issue(county, "00000000090D", FROM_S, 1799999999, &certificates[1]);
    struct ebm_verdict verdict = ebm_judge_signature(&source, &package, &NOW);
    assert_false(verdict.taken);
    assert_string_equal(verdict.code, "signature_out_of_time");
    source.signature = SIGNATURE_PREFERRED;
    assert_true(ebm_judge_signature(&source, &package, &NOW).taken);
    source.signature = SIGNATURE_REQUIRED;
    issue(county, "00000000090D", FROM_S, UNTIL_S, &certificates[1]);
    assert_string_equal(ebm_judge_signature(NULL, &package, &NOW).code, "signature_not_checked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_forms),        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_which_certificate), cmocka_unit_test(test_time_of_the_certificate),
        cmocka_unit_test(test_policies),          cmocka_unit_test(test_out_of_time_by_policy),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
