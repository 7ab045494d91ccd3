/* codecs/ebm without memory. */
#include "tests/codecs/no_memory.h"

#include "codecs/ebm.h"
#include "tests/codecs/packing.h"

static const char DOCUMENT[] =
    "<EBD><EBDVersion>1</EBDVersion><EBDID>1</EBDID><EBDType>EBM</EBDType><SRC><EBRID>2</EBRID></SRC><DEST><EBRID>3</EBRID></"
    "DEST>"
    "<EBM><EBMID>4</EBMID><RelatedInfo><EBMID>5</EBMID></RelatedInfo><MsgBasicInfo><MsgType>2</MsgType><SenderName>x</"
    "SenderName>"
    "<SenderCode>6</SenderCode><SentTime>2026-11-22 03:20:00</SentTime><EventType>11A01</EventType></MsgBasicInfo><MsgContent>"
    "<MsgTitle>a</MsgTitle><MsgDesc>b</MsgDesc><AreaCode>360499,360498</AreaCode><Auxiliary><AuxiliaryType>2</AuxiliaryType>"
    "<AuxiliaryDesc>EBDR_1.mp3</AuxiliaryDesc><Digest>ff</Digest></Auxiliary></MsgContent></EBM></EBD>";
static const char SIGNATURE[] =
    "<Signature><RelatedEBD><EBDID>1</EBDID></RelatedEBD><CertSN>7</CertSN><SignatureTime>8</SignatureTime><SignatureValue>"
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSEk="
    "</SignatureValue></Signature>";

static bool decode(struct slice bytes, struct error *error)
{
    struct ebm_package *package = NULL;
    bool ok = ebm_decode(bytes, &package, error);
    ebm_package_free(package);
    return ok;
}

static void fails(bool good)
{
    struct pack pack = {0};
    pack_text(&pack, "EBDB_1.xml", DOCUMENT);
    pack_text(&pack, "EBDS_EBDB_1.xml", SIGNATURE);
    pack_text(&pack, "EBDR_1.mp3", "sounds");
    every_allocation_fails("package", pack_end(&pack), decode, good);
    pack_free(&pack);
}

static void one_fails(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    fails(false);
}

static void all_fail_from_there(void **state)
{
    (void)state;
    need_own_malloc(__func__);
    fails(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fails),
        cmocka_unit_test(all_fail_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
