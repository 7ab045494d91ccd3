/* Fuzz harness of codecs/area_code and codecs/rfc3339: 't' and a time, or any other byte and an area code. */
#include "codecs/area_code.h"
#include "codecs/rfc3339.h"
#include "tests/fuzz/require.h"

#include <string.h>

static const int64_t LAST_MS = 253402300799999; /* 9999-12-31T23:59:59.999 */

static void area(struct slice text)
{
    struct area_code code;
    struct error error = {ERROR_NONE, ""};
    if (!area_code_parse(text, &code, &error)) {
        require_text(error.message);
        return;
    }
    require(strlen(code.digits) == 12 && strspn(code.digits, "0123456789") == 12);
    require(area_code_level(&code) != AREA_NONE && area_code_contains(&code, &code));
}

static void time_of_day(struct slice text)
{
    struct wall time, again;
    struct error error = {ERROR_NONE, ""};
    char written[RFC3339_SIZE];
    int offset;
    if (!rfc3339_parse(text, &time, &offset, &error)) {
        require_text(error.message);
        return;
    }
    rfc3339_format(time, offset, written);
    bool leaves = time.ms + (int64_t)offset * 60000 > LAST_MS; /* the leap second at the end of the last year */
    require(rfc3339_parse(slice_of(written), &again, NULL, &error) && (leaves || again.ms == time.ms));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct slice text = {(const char *)data + 1, size - 1};
    if (data[0] == 't')
        time_of_day(text);
    else
        area(text);
    return 0;
}
