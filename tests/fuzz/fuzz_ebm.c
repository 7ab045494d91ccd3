/* Fuzz harness of codecs/ebm, with tar and XML below it. 't' and an archive, whose checksums are made right first, since else
 * none would get past them; or any other byte and, divided by 0xFF, which no UTF-8 has in it: document, signature, audio. */
#include "codecs/area_code.h"
#include "codecs/ebm.h"
#include "tests/codecs/packing.h"
#include "tests/fuzz/require.h"

static void require_inside(struct slice part, struct slice archive)
{
    require(part.size == 0 || (part.data >= archive.data && part.data + part.size <= archive.data + archive.size));
}

static void require_info(const struct alert_info *info, enum alert_msg_type type)
{
    struct area_code code;
    size_t good = 0;
    require_text(info->language);
    require(info->n_areas == 1 || (info->n_areas == 0 && type == MSG_CANCEL));
    for (size_t i = 0; info->n_areas && i < info->areas[0].n_geocodes; i++) {
        require(strcmp(info->areas[0].geocodes[i].name, ebm_geocode_name) == 0);
        require_text(info->areas[0].geocodes[i].value);
        good += area_code_parse(slice_of(info->areas[0].geocodes[i].value), &code, NULL);
    }
    require(good > 0 || info->n_areas == 0);
    for (size_t i = 0; i < info->n_parameters; i++)
        require_text(info->parameters[i].value);
    for (size_t i = 0; i < info->n_resources; i++)
        require_text(info->resources[i].uri);
}

static void require_message(const struct alert_message *message)
{
    require_text(message->identifier);
    require_text(message->sender);
    require_text(message->sent_text);
    require(message->n_infos > 0 || message->msg_type == MSG_CANCEL);
    require(message->n_references == (message->msg_type == MSG_CANCEL));
    for (size_t i = 0; i < message->n_references; i++) {
        require_text(message->references[i].identifier);
        require_text(message->references[i].sender);
    }
    for (size_t i = 0; i < message->n_infos; i++)
        require_info(&message->infos[i], message->msg_type);
}

static void decode(struct slice archive)
{
    struct ebm_package *package = NULL;
    struct error error = {ERROR_NONE, ""};
    if (!ebm_decode(archive, &package, &error)) {
        require(!package && error.code != ERROR_NONE);
        require_text(error.message);
        return;
    }
    require_message(package->message);
    require_text(package->ebd_id);
    require(package->signed_bytes.size > 0);
    require_inside(package->signed_bytes, archive);
    for (size_t i = 0; i < package->n_attachments; i++) {
        const struct ebm_attachment *attachment = &package->attachments[i];
        require_text(attachment->name);
        require_inside(attachment->data, archive);
        require(attachment->info < package->message->n_infos);
        require(attachment->stated_size >= -1);
    }
    if (package->signature.state == EBM_SIGNATURE_REFUSED)
        require_text(package->signature.why.message);
    ebm_package_free(package);
}

/* Makes the checksum of each header right, as far as the sizes lead to one. */
static void decode_archive(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    require(copy != NULL);
    memcpy(copy, size ? (const char *)data : "", size);
    for (size_t at = 0; at + PACK_BLOCK <= size;) {
        char text[13] = "";
        memcpy(text, copy + at + 124, 12);
        size_t data_size = strtoul(text, NULL, 8);
        if (copy[at])
            pack_sum(copy + at);
        if (data_size > size)
            break;
        at += PACK_BLOCK + (data_size + PACK_BLOCK - 1) / PACK_BLOCK * PACK_BLOCK;
    }
    decode((struct slice){copy, size});
    free(copy);
}

static void decode_parts(const char *data, size_t size)
{
    static const char *const names[] = {"EBDB_1.xml", "EBDS_EBDB_1.xml", "EBDR_1.mp3"};
    struct pack pack = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *end = i + 1 < sizeof names / sizeof *names && size ? memchr(data, 0xFF, size) : NULL;
        size_t n = end ? (size_t)(end - data) : size;
        pack_add(&pack, names[i], '0', data, n);
        if (!end)
            break;
        data += n + 1;
        size -= n + 1;
    }
    decode(pack_end(&pack));
    pack_free(&pack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 't')
        decode_archive(data + 1, size - 1);
    else
        decode_parts((const char *)data + 1, size - 1);
    return 0;
}
