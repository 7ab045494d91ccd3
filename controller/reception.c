/* One row for each media type. */
#include "controller/reception.h"

#include "codecs/alert_json.h"
#include "codecs/cap.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name; /* others are read as the same */
    enum media media;
} TYPES[] = {
    {"application/cap+xml", MEDIA_CAP}, {"application/xml", MEDIA_CAP},   {"text/xml", MEDIA_CAP},
    {"application/json", MEDIA_JSON},   {"application/x-tar", MEDIA_EBM}, {"application/tar", MEDIA_EBM},
};

const char *media_name(enum media media)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (TYPES[i].media == media)
            return TYPES[i].name;
    return "";
}

bool media_parse(const char *content_type, enum media *media)
{
    for (size_t i = 0; content_type && i < sizeof TYPES / sizeof *TYPES; i++) {
        size_t n = strlen(TYPES[i].name);
        if (strncasecmp(content_type, TYPES[i].name, n) != 0 || !strchr("; \t", content_type[n]))
            continue;
        *media = TYPES[i].media;
        return true;
    }
    return false;
}

const char *media_known(void)
{
    return "a CAP alert as application/cap+xml, one in parts as application/json, or an EBM package as application/x-tar";
}

static bool decode_ebm(struct slice bytes, struct alert_message **message, struct ebm_package **package, struct error *error)
{
    if (!ebm_decode(bytes, package, error))
        return false;
    *message = (*package)->message;
    (*package)->message = NULL;
    return true;
}

bool reception_decode(enum media media, struct slice bytes, struct alert_message **message, struct ebm_package **package,
                      struct error *error)
{
    *package = NULL;
    switch (media) {
    case MEDIA_CAP: return cap_decode(bytes, message, error);
    case MEDIA_EBM: return decode_ebm(bytes, message, package, error);
    case MEDIA_JSON: return alert_json_decode(bytes, message, error);
    case MEDIA_COUNT: break;
    }
    return error_set(error, ERROR_UNSUPPORTED, "this media type is not taken: send %s", media_known());
}
