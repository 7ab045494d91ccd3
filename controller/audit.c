/* Hashes, links and the check of the audit trail's chain. */
#include "controller/audit.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_hex(const unsigned char *bytes, char hash[AUDIT_HASH_SIZE])
{
    for (size_t i = 0; 2 * i + 2 < AUDIT_HASH_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", bytes[i]);
}

bool audit_digest(struct slice bytes, char hash[AUDIT_HASH_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    bool good = EVP_Digest(bytes.data, bytes.size, digest, NULL, EVP_sha256(), NULL) == 1;
    if (good)
        write_hex(digest, hash);
    return good;
}

/* As a netstring: its length in front says where it ends, so no two lists of texts are the same bytes. */
static bool add(EVP_MD_CTX *digest, const char *text)
{
    char length[24];
    size_t size = strlen(text);
    int n = snprintf(length, sizeof length, "%zu:", size);
    return EVP_DigestUpdate(digest, length, (size_t)n) == 1 && EVP_DigestUpdate(digest, text, size) == 1 &&
           EVP_DigestUpdate(digest, ",", 1) == 1;
}

bool audit_hash(const char *previous, const struct audit_entry *entry, char hash[AUDIT_HASH_SIZE])
{
    char seq[24];
    snprintf(seq, sizeof seq, "%" PRId64, entry->seq);
    const char *const fields[] = {previous,     seq,           entry->time,    entry->boot,
                                  entry->actor, entry->action, entry->subject, entry->detail};
    unsigned char bytes[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; good && i < sizeof fields / sizeof *fields; i++)
        good = add(digest, fields[i]);
    good = good && EVP_DigestFinal_ex(digest, bytes, NULL) == 1;
    EVP_MD_CTX_free(digest);
    if (good)
        write_hex(bytes, hash);
    return good;
}

bool audit_link_parse(const char *text, struct audit_link *link)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != ':')
        return false;
    const char *hash = text + digits + 1;
    if (strspn(hash, "0123456789abcdef") != AUDIT_HASH_SIZE - 1 || hash[AUDIT_HASH_SIZE - 1] != '\0')
        return false;
    link->seq = strtoll(text, NULL, 10);
    text_copy(link->hash, sizeof link->hash, hash);
    return true;
}

void audit_link_print(const struct audit_link *link, char text[AUDIT_LINK_SIZE])
{
    snprintf(text, AUDIT_LINK_SIZE, "%" PRId64 ":%s", link->seq, link->hash);
}

/* ---- the check ---- */

static bool same(const struct audit_link *one, const struct audit_link *other)
{
    return one->seq == other->seq && strcmp(one->hash, other->hash) == 0;
}

void audit_check_begin(struct audit_check *check, const struct audit_link *begin, const struct audit_link *head)
{
    *check = (struct audit_check){.begin = *begin, .last = *begin};
    if (head)
        check->head = *head;
}

/* False if a member is missing, or is no text. */
static bool read_entry(const json_t *object, struct audit_entry *entry, const char **hash)
{
    struct {
        const char *name, **place;
    } texts[] = {{"time", &entry->time},
                 {"boot", &entry->boot},
                 {"actor", &entry->actor},
                 {"action", &entry->action},
                 {"subject", &entry->subject},
                 {"detail", &entry->detail},
                 {"hash", hash}};
    const json_t *seq = json_object_get(object, "seq");
    entry->seq = json_integer_value(seq);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!(*texts[i].place = json_string_value(json_object_get(object, texts[i].name))))
            return false;
    return json_is_integer(seq);
}

static bool misplaced(const struct audit_check *check, int64_t seq, struct error *error)
{
    int64_t next = check->last.seq + 1;
    if (seq < next)
        return error_set(error, ERROR_INVALID, "entry %" PRId64 " comes where %" PRId64 " should: the order was changed", seq,
                         next);
    if (seq == next + 1)
        return error_set(error, ERROR_INVALID, "entry %" PRId64 " is missing", next);
    return error_set(error, ERROR_INVALID, "entries %" PRId64 " to %" PRId64 " are missing", next, seq - 1);
}

bool audit_check_entry(struct audit_check *check, const json_t *object, struct error *error)
{
    struct audit_entry entry;
    struct audit_link link;
    const char *hash;
    if (!read_entry(object, &entry, &hash))
        return error_set(error, ERROR_INVALID, "what follows entry %" PRId64 " is no entry", check->last.seq);
    if (entry.seq != check->last.seq + 1)
        return misplaced(check, entry.seq, error);
    link.seq = entry.seq;
    if (!audit_hash(check->last.hash, &entry, link.hash))
        return error_set(error, ERROR_NO_MEMORY, "no memory for a hash");
    if (strcmp(link.hash, hash) != 0)
        return error_set(error, ERROR_INVALID,
                         "entry %" PRId64 " (%.40s, %.40s) was changed, or what stands before it: its hash should be %s",
                         entry.seq, entry.time, entry.action, link.hash);
    if (link.seq == check->head.seq && !same(&link, &check->head))
        return error_set(error, ERROR_INVALID,
                         "entry %" PRId64 " is not the one of the head that was written down: the trail was "
                         "written anew",
                         link.seq);
    if (check->n++ == 0)
        text_copy(check->first_time, sizeof check->first_time, entry.time);
    text_copy(check->last_time, sizeof check->last_time, entry.time);
    check->last = link;
    return true;
}

bool audit_check_end(const struct audit_check *check, struct error *error)
{
    int64_t head = check->head.seq;
    if (head > check->last.seq)
        return error_set(error, ERROR_INVALID,
                         "entries %" PRId64 " to %" PRId64 " are missing: the trail was cut off at its end",
                         check->last.seq + 1, head);
    if (head > 0 && head < check->begin.seq)
        return error_set(error, ERROR_INVALID,
                         "the head that was written down cannot be compared: what is here begins after entry "
                         "%" PRId64,
                         check->begin.seq);
    if (head > 0 && head == check->begin.seq && !same(&check->head, &check->begin))
        return error_set(error, ERROR_INVALID, "what stands before entry %" PRId64 " is not the head that was written down",
                         head + 1);
    return true;
}
