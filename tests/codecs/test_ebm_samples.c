/* codecs/ebm against a real package: the folder ebm/ below $TOCSIN_SAMPLES, where it is unpacked. It is packed here. Without
 * the folder the test says that it is skipped. */
#include "codecs/ebm.h"
#include "codecs/rfc3339.h"
#include "tests/codecs/packing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EBD "EBDT_100102320000000000010000000000203650"

static const char *const files[] = {
    "EBDB_100102320000000000010000000000203650.xml",
    "EBDS_EBDB_100102320000000000010000000000203650.xml",
    "EBDR_d1603069-255f-4aa7-ae06-ba728dbad66d.mp3",
};

static void add_file(struct pack *pack, const char *name)
{
    enum { SIZE = 4 * 1024 * 1024 };
    char path[512];
    char *data = malloc(SIZE);
    snprintf(path, sizeof path, "%s/ebm/" EBD "/%s", getenv("TOCSIN_SAMPLES"), name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be opened", path);
    assert_non_null(data);
    pack_add(pack, name, '0', data, fread(data, 1, SIZE, f));
    fclose(f);
    free(data);
}

static void same_time(struct wall time, const char *expected)
{
    struct wall t;
    assert_true(rfc3339_parse(slice_of(expected), &t, NULL, NULL));
    assert_int_equal(time.ms, t.ms);
}

static void check_message(const struct alert_message *m)
{
    assert_string_equal(m->identifier, "010232000000000001201709190601");
    assert_string_equal(m->sender, "010232000000000001");
    assert_string_equal(m->sent_text, "2017-09-19T10:36:37+08:00");
    same_time(m->sent, "2017-09-19T02:36:37Z");
    assert_int_equal(m->status, STATUS_ACTUAL);
    assert_int_equal(m->msg_type, MSG_ALERT);
    assert_int_equal(m->n_infos, 1);
    const struct alert_info *info = m->infos;
    assert_string_equal(info->language, "zh-CN");
    assert_string_equal(info->event, "11000");
    assert_int_equal(info->severity, SEVERITY_MINOR);
    same_time(info->effective, "2017-09-19T10:36:37+08:00");
    same_time(info->expires, "2017-09-19T10:40:07+08:00");
    assert_string_equal(info->sender_name, "江苏应急平台");
    assert_string_equal(info->headline, "江苏下发广播");
    assert_string_equal(info->text, "江苏调控平台下发实时广播");
    assert_string_equal(info->parameters[0].value, "江苏调控平台下发实时广播");
    assert_int_equal(info->areas[0].n_geocodes, 1);
    assert_string_equal(info->areas[0].geocodes[0].value, "321181000000");
}

static void check_signature(const struct ebm_signature *signature)
{
    assert_int_equal(signature->state, EBM_SIGNED);
    assert_string_equal(signature->certificate_number, "000000000000");
    assert_string_equal(signature->digest_algorithm, "SM3");
    assert_string_equal(signature->signature_algorithm, "SM2");
    assert_memory_equal(signature->time, "\0\0\x74\x26", 4);
    assert_memory_equal(signature->certificate, "\0\0\0\0\x09\x0D", 6);
    assert_memory_equal(signature->value, "\xB2\x05\xBB\xD7", 4);
    assert_memory_equal(signature->value + EBM_SIGNATURE_SIZE - 4, "\x75\x39\x57\x2F", 4);
}

static void real_package(void **state)
{
    (void)state;
    struct pack pack = {0};
    struct ebm_package *p;
    struct error error;
    if (!getenv("TOCSIN_SAMPLES")) {
        print_message("%s is skipped: set TOCSIN_SAMPLES to the folder of samples\n", __func__);
        skip();
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        add_file(&pack, files[i]);
    if (!ebm_decode(pack_end(&pack), &p, &error))
        fail_msg("%s", error.message);
    check_message(p->message);
    check_signature(&p->signature);
    assert_string_equal(p->ebd_id, "100102320000000000010000000000203650");
    assert_string_equal(p->source, "010232000000000001");
    assert_string_equal(p->destination, "010332118100000001");
    assert_null(p->ebm_version);
    assert_int_equal(p->n_attachments, 1);
    assert_string_equal(p->attachments[0].name, files[2]);
    assert_int_equal(p->attachments[0].stated_size, 3242655);
    assert_int_equal(p->attachments[0].data.size, 3242655);
    assert_memory_equal(p->attachments[0].data.data, "\xFF\xFB\x90", 3);
    assert_null(p->attachments[0].digest);
    assert_int_equal(p->signed_bytes.size, 1088);
    ebm_package_free(p);
    pack_free(&pack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_package)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
