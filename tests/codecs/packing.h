/* For the tests of tar and EBM: archives made in memory. Shares no code with what it tests. */
#ifndef TOCSIN_TESTS_CODECS_PACKING_H
#define TOCSIN_TESTS_CODECS_PACKING_H

#include "codecs/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACK_BLOCK = 512 };

struct pack {
    char *bytes;
    size_t size;
};

static inline char *pack_room(struct pack *pack, size_t n)
{
    pack->bytes = realloc(pack->bytes, pack->size + n);
    if (!pack->bytes)
        abort();
    char *room = memset(pack->bytes + pack->size, 0, n);
    pack->size += n;
    return room;
}

static inline void pack_sum(char *header)
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < PACK_BLOCK; i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum & 0777777);
}

/* Returns where the header begins: to be looked at before the next call. */
static inline char *pack_add(struct pack *pack, const char *name, char type, const char *data, size_t size)
{
    size_t at = pack->size;
    char *header = pack_room(pack, PACK_BLOCK);
    memcpy(header, name, strlen(name) < 100 ? strlen(name) : 100);
    memcpy(header + 100, "0000644", 7);
    snprintf(header + 124, 12, "%011o", (unsigned)size);
    header[156] = type;
    memcpy(header + 257, "ustar\00000", 8);
    pack_sum(header);
    char *to = pack_room(pack, (size + PACK_BLOCK - 1) / PACK_BLOCK * PACK_BLOCK);
    if (size > 0)
        memcpy(to, data, size);
    return pack->bytes + at;
}

static inline void pack_text(struct pack *pack, const char *name, const char *text)
{
    pack_add(pack, name, '0', text, strlen(text));
}

/* The end mark. */
static inline struct slice pack_end(struct pack *pack)
{
    pack_room(pack, 2 * PACK_BLOCK);
    return (struct slice){pack->bytes, pack->size};
}

static inline void pack_free(struct pack *pack)
{
    free(pack->bytes);
    *pack = (struct pack){0};
}

#endif
