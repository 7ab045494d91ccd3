/* The certificates of a source: what is read, what is a mistake, what is a warning. */
#include "tests/codecs/signing.h"
#include "tests/config/helper.h"

#include <time.h>

#define SOURCE "id = \"county\"; sender = \"w@c.example\";"
#define ONE " certificates = ( { number = \"000000000003\"; file = \"a.pem\"; } );"

static struct folder folder;
static EVP_PKEY *key;

static int begin(void **state)
{
    use_shipped_data(state);
    folder_make(&folder);
    key = make_key();
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(&folder);
    EVP_PKEY_free(key);
    return 0;
}

/* The configuration with more settings of its source; said is what was reported. */
static struct config *load_with(const char *more, struct said *said)
{
    char settings[512];
    snprintf(settings, sizeof settings, SOURCE " %s", more);
    char *site = replaced(GOOD_SITE, SOURCE, settings);
    write_good_site(&folder, site);
    free(site);
    return load_in(&folder, "site.cfg", said);
}

static void write_certificate(int64_t from_days, int64_t until_days)
{
    char pem[PEM_TEXT_MAX];
    int64_t now = time(NULL);
    certificate_pem(key, now + from_days * 86400, now + until_days * 86400, pem);
    folder_write(&folder, "a.pem", pem);
}

static void test_read(void **state)
{
    (void)state;
    struct said said;
    write_certificate(-1, 365);
    struct config *config = load_with("signature = \"required\"; signer_id = \"abc\";" ONE, &said);
    assert_non_null(config);
    assert_int_equal(said.warnings, 3); /* those of the good site */
    assert_int_equal(config->sources[0].signature, SIGNATURE_REQUIRED);
    assert_string_equal(config->sources[0].signer_id, "abc");
    assert_int_equal(config->sources[0].n_certificates, 1);
    assert_string_equal(config->sources[0].certificates[0].number, "000000000003");
    assert_non_null(config->sources[0].certificates[0].key);
    config_free(config);
}

static void test_default(void **state)
{
    (void)state;
    struct said said;
    struct config *config = load_with("", &said);
    assert_non_null(config);
    assert_int_equal(config->sources[0].signature, SIGNATURE_PREFERRED);
    assert_string_equal(config->sources[0].signer_id, "1234567812345678");
    config_free(config);
}

static void warned(const char *more, const char *part)
{
    struct said said;
    struct config *config = load_with(more, &said);
    assert_non_null(config);
    assert_said(&said, true, "site.cfg", 3, part);
    config_free(config);
}

static void test_warnings(void **state)
{
    (void)state;
    write_certificate(-1, 10);
    warned(ONE, "less than 30 days");
    write_certificate(-10, -1);
    warned(ONE, "not valid any more");
    write_certificate(1, 365);
    warned(ONE, "not valid yet");
    warned("signature = \"off\";", "are off");
}

static void refused(const char *more, const char *part)
{
    struct said said;
    assert_null(load_with(more, &said));
    assert_said(&said, false, "site.cfg", 3, part);
}

static void test_mistakes(void **state)
{
    (void)state;
    write_certificate(-1, 365);
    refused("signature = \"required\";", "requires a signature but has no certificates");
    refused("certificates = ( { number = \"3x\"; file = \"a.pem\"; } );", "must be hexadecimal digits");
    refused("certificates = ( { number = \"3\"; file = \"b.pem\"; } );", "No such file");
    refused("certificates = ( { number = \"3\"; file = \".\"; } );", "it is not a file");
    refused("certificates = ( { number = \"3\"; file = \"zh.wav\"; } );", "neither a certificate nor a public key");
    refused("certificates = ( { number = \"3\"; file = \"a.pem\"; }, { number = \"3\"; file = \"a.pem\"; } );", "3");
    refused("signature = \"sometimes\";", "\"preferred\", \"required\", \"off\"");
    folder_write(&folder, "a.pem", "");
    refused(ONE, "neither a certificate nor a public key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
