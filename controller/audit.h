/* The audit trail's hash chain: each entry's hash is over what it says and over the hash of the one before it, so that none can
 * be changed, taken out or put elsewhere without breaking what follows. Pure; the daemon makes the chain with it, `tocsin audit
 * verify` recomputes it on its own side.
 *
 * hash = SHA-256 (FIPS 180-4) over eight netstrings ("3:abc,"): the hash before as 64 hexadecimal digits, seq in decimal, time,
 * boot, actor, action, subject, detail; written as 64 lower-case hexadecimal digits. Before entry 1 stand 64 zeros. */
#ifndef TOCSIN_CONTROLLER_AUDIT_H
#define TOCSIN_CONTROLLER_AUDIT_H

#include "codecs/base.h"

#include <jansson.h>

enum { AUDIT_HASH_SIZE = 65, AUDIT_LINK_SIZE = 20 + 1 + AUDIT_HASH_SIZE };

/* One place in the chain; as text "SEQ:HASH". */
struct audit_link {
    int64_t seq;
    char hash[AUDIT_HASH_SIZE];
};

/* What is hashed, each byte as it stands. None may be NULL. */
struct audit_entry {
    int64_t seq;
    const char *time; /* RFC 3339, UTC, milliseconds */
    const char *boot, *actor, *action, *subject;
    const char *detail; /* JSON text */
};

/* SHA-256 of bytes in hexadecimal. False without memory. */
bool audit_digest(struct slice bytes, char hash[AUDIT_HASH_SIZE]);

/* The hash of an entry that comes after previous. False without memory. hash may be previous. */
bool audit_hash(const char *previous, const struct audit_entry *entry, char hash[AUDIT_HASH_SIZE]);

bool audit_link_parse(const char *text, struct audit_link *link); /* false: it is none, and *link is unchanged */
void audit_link_print(const struct audit_link *link, char text[AUDIT_LINK_SIZE]);

/* Entries looked at one after another. */
struct audit_check {
    struct audit_link begin, last; /* what stands before the first entry, and the last one that was found good */
    struct audit_link head;        /* a head that was written down, which must be in the chain; seq 0: none */
    uint64_t n;                    /* entries found good */
    char first_time[40], last_time[40];
};

/* begin: what stands before the first entry that comes; head NULL: none was written down. */
void audit_check_begin(struct audit_check *check, const struct audit_link *begin, const struct audit_link *head);
/* The next entry as the API shows it. False: it is not the one that follows; *error says which and why. */
bool audit_check_entry(struct audit_check *check, const json_t *entry, struct error *error);
/* There are no more. False: the head that was written down is not among them. */
bool audit_check_end(const struct audit_check *check, struct error *error);

#endif
