/* Signatures of SM2 over SM3 (GB/T 32918.2-2016, GB/T 32905-2016) by public keys that stand in PEM files. On OpenSSL 3. Pure:
 * bytes in, a key or a verdict out; a certificate's chain is not looked at, for whoever names the file has chosen to trust it.
 */
#ifndef TOCSIN_CODECS_SM2_H
#define TOCSIN_CODECS_SM2_H

#include "codecs/base.h"

enum {
    SM2_SIGNATURE_SIZE = 64, /* r and s, 32 bytes each, big endian */
    SM2_ID_MAX = 64,         /* bytes of a signer's distinguishing identifier */
    SM2_PEM_MAX = 65536,     /* bytes of a file */
    SM2_PARTS_MAX = 4,
};

extern const char sm2_default_id[]; /* "1234567812345678" (GM/T 0009-2012, clause 10) */

struct sm2_key;

/* Reads the first certificate of PEM text or, where there is none, the first public key. Another kind of key than SM2 is
 * refused. The caller frees the key with sm2_key_free. */
bool sm2_key_read(struct slice pem, struct sm2_key **key, struct error *error);
void sm2_key_free(struct sm2_key *key); /* NULL is allowed */

/* From when to when the certificate is valid, both included; false for a bare key, which has no such times. */
bool sm2_key_validity(const struct sm2_key *key, struct wall *from, struct wall *until);

/* True if the signature is of this key and identifier over the parts, one behind the other; at most SM2_PARTS_MAX. False as
 * well where memory is lacking. */
bool sm2_verify(const struct sm2_key *key, const char *id, const struct slice *parts, size_t n_parts,
                const uint8_t signature[SM2_SIGNATURE_SIZE]);

#endif
