/* What the fuzz harnesses share: they abort where something does not hold that every caller builds on, whatever the bytes are.
 */
#ifndef TOCSIN_TESTS_FUZZ_REQUIRE_H
#define TOCSIN_TESTS_FUZZ_REQUIRE_H

#include "codecs/base.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool holds)
{
    if (!holds)
        abort();
}

static inline void require_text(const char *text)
{
    require(text && text[0] && text_is_utf8(slice_of(text)));
}

#endif
