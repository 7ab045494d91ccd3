/* The recording that an alert brings: chosen, and held against what is said of it. */
#include "controller/alert_audio.h"

#include "codecs/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- types ---- */

enum kind { KIND_NONE, KIND_MP3, KIND_WAV, KIND_OGG, KIND_FLAC };

static const char *const KIND_NAMES[] = {NULL, "MP3", "WAV", "Ogg", "FLAC"};

static const struct {
    const char *mime_type;
    enum kind kind;
} TYPES[] = {
    {"audio/mpeg", KIND_MP3},     {"audio/mp3", KIND_MP3},      {"audio/x-mp3", KIND_MP3}, {"audio/mpeg3", KIND_MP3},
    {"audio/x-mpeg", KIND_MP3},   {"audio/wav", KIND_WAV},      {"audio/x-wav", KIND_WAV}, {"audio/wave", KIND_WAV},
    {"audio/vnd.wave", KIND_WAV}, {"audio/x-pn-wav", KIND_WAV}, {"audio/ogg", KIND_OGG},   {"audio/x-ogg", KIND_OGG},
    {"audio/vorbis", KIND_OGG},   {"audio/opus", KIND_OGG},     {"audio/flac", KIND_FLAC}, {"audio/x-flac", KIND_FLAC},
};

/* Parameters ("audio/ogg; codecs=opus") say nothing that the file does not say. */
static enum kind kind_of_type(const char *mime_type)
{
    size_t n = strcspn(mime_type, "; ");
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (strlen(TYPES[i].mime_type) == n && strncasecmp(TYPES[i].mime_type, mime_type, n) == 0)
            return TYPES[i].kind;
    return KIND_NONE;
}

static bool is_audio(const struct alert_resource *resource)
{
    return resource->mime_type && strncasecmp(resource->mime_type, "audio/", 6) == 0;
}

bool alert_audio_is_here(const struct alert_resource *resource)
{
    return resource->data.size > 0 || (resource->deref_uri && *resource->deref_uri);
}

const struct alert_resource *alert_audio_find(const struct alert_info *info)
{
    const struct alert_resource *found = NULL;
    for (size_t i = 0; i < info->n_resources; i++) {
        const struct alert_resource *resource = &info->resources[i];
        if (is_audio(resource) && (!found || (!alert_audio_is_here(found) && alert_audio_is_here(resource))))
            found = resource;
    }
    return found;
}

/* What follows the allowed folder must not lead out of it: no dots behind a slash, however they are written. */
static bool stays_below(const char *path)
{
    for (const char *p = path; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7F || *p == '\\' || strncasecmp(p, "%2e", 3) == 0 ||
            (*p == '.' && (p == path || p[-1] == '/')))
            return false;
    return true;
}

static bool may_fetch(const char *uri, const struct config_source *source)
{
    for (size_t i = 0; source && i < source->n_audio_from; i++) {
        size_t n = strlen(source->audio_from[i]);
        if (strncmp(uri, source->audio_from[i], n) == 0 && stays_below(uri + n))
            return true;
    }
    return false;
}

static bool check_elsewhere(const struct alert_resource *resource, const struct config_source *source, struct error *error)
{
    const char *uri = resource->uri ? resource->uri : "";
    if (strncmp(uri, "http://", 7) != 0 && strncmp(uri, "https://", 8) != 0)
        return error_set(error, ERROR_MISSING, "its bytes did not come with the message");
    if (!may_fetch(uri, source))
        return error_set(error, ERROR_DENIED, "from %.100s nothing is fetched: audio_from of its source does not allow it",
                         uri);
    return (resource->digest && *resource->digest) ||
           error_set(error, ERROR_MISSING, "it lies at %.100s and has no digest, by which it could be known", uri);
}

bool alert_audio_promises(const struct alert_resource *resource, const struct config_source *source, struct error *error)
{
    if (!alert_audio_is_here(resource) && !check_elsewhere(resource, source, error))
        return false;
    if (kind_of_type(resource->mime_type) == KIND_NONE)
        return error_set(error, ERROR_UNSUPPORTED, "its type %.60s is not played: send MP3, WAV, Ogg or FLAC",
                         resource->mime_type);
    size_t text = resource->deref_uri ? strlen(resource->deref_uri) : 0;
    if (resource->data.size > ALERT_AUDIO_MAX || resource->size > ALERT_AUDIO_MAX || text / 4 * 3 > ALERT_AUDIO_MAX)
        return error_set(error, ERROR_TOO_LARGE, "it has more than %d MiB", ALERT_AUDIO_MAX >> 20);
    return true;
}

/* ---- a copy ---- */

static bool copy_text(const char *from, char **to)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

struct alert_resource *alert_audio_copy(const struct alert_resource *resource)
{
    struct alert_resource *copy = calloc(1, sizeof *copy);
    if (!copy)
        return NULL;
    copy->size = resource->size;
    char *bytes = resource->data.size > 0 ? malloc(resource->data.size) : NULL;
    if (bytes) {
        memcpy(bytes, resource->data.data, resource->data.size);
        copy->data = (struct slice){bytes, resource->data.size};
    }
    if (copy->data.size == resource->data.size && copy_text(resource->mime_type, &copy->mime_type) &&
        copy_text(resource->digest, &copy->digest) && (bytes || copy_text(resource->deref_uri, &copy->deref_uri)))
        return copy;
    alert_audio_free_copy(copy);
    return NULL;
}

void alert_audio_free_copy(struct alert_resource *copy)
{
    if (!copy)
        return;
    free((char *)copy->data.data);
    free(copy->mime_type);
    free(copy->digest);
    free(copy->deref_uri);
    free(copy);
}

/* ---- the digest ---- */

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Returns the number of bytes; 0 if text is anything but pairs of hexadecimal digits, or too long. */
static size_t read_hex(const char *text, size_t length, uint8_t bytes[EVP_MAX_MD_SIZE])
{
    if (length % 2 != 0 || length / 2 > EVP_MAX_MD_SIZE)
        return 0;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0)
            return 0;
        bytes[i / 2] = (uint8_t)(i % 2 ? bytes[i / 2] | digit : digit << 4);
    }
    return length / 2;
}

/* Hexadecimal first: 32 digits of it are base64 as well, but no digest has 24 bytes. */
static size_t read_digest(const char *text, uint8_t bytes[EVP_MAX_MD_SIZE])
{
    size_t n = read_hex(text, strlen(text), bytes);
    long m = n ? (long)n : base64_decode(text, bytes, EVP_MAX_MD_SIZE);
    return m < 0 || m > EVP_MAX_MD_SIZE ? 0 : (size_t)m;
}

static bool has_digest(struct slice file, const EVP_MD *algorithm, const uint8_t *digest)
{
    unsigned char own[EVP_MAX_MD_SIZE];
    unsigned n;
    return EVP_Digest(file.data, file.size, own, &n, algorithm, NULL) == 1 && memcmp(own, digest, n) == 0;
}

static bool check_digest(struct slice file, const char *text, struct error *error)
{
    static const struct {
        size_t size;
        const EVP_MD *(*algorithm)(void);
    } ALGORITHMS[] = {{16, EVP_md5}, {20, EVP_sha1}, {32, EVP_sha256}, {32, EVP_sm3}, {48, EVP_sha384}, {64, EVP_sha512}};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n = read_digest(text, digest);
    bool known = false;
    for (size_t i = 0; i < sizeof ALGORITHMS / sizeof *ALGORITHMS; i++) {
        if (ALGORITHMS[i].size != n)
            continue;
        known = true;
        if (has_digest(file, ALGORITHMS[i].algorithm(), digest))
            return true;
    }
    return known ? error_set(error, ERROR_INVALID, "its digest is wrong: it is not the file that its sender meant")
                 : error_set(error, ERROR_UNSUPPORTED,
                             "its digest \"%.40s\" is of no known kind: give SHA-1 or SHA-256 in "
                             "hexadecimal",
                             text);
}

/* ---- the content ---- */

static bool begins(struct slice file, size_t at, const char *with)
{
    size_t n = strlen(with);
    return file.size >= at + n && memcmp(file.data + at, with, n) == 0;
}

/* An MP3 begins with its tag or with the eleven set bits of a frame; layer 0 (AAC) is none. */
static enum kind kind_of_content(struct slice file)
{
    const uint8_t *b = (const uint8_t *)file.data;
    if (begins(file, 0, "RIFF") && begins(file, 8, "WAVE"))
        return KIND_WAV;
    if (begins(file, 0, "OggS"))
        return KIND_OGG;
    if (begins(file, 0, "fLaC"))
        return KIND_FLAC;
    bool frame = file.size >= 4 && b[0] == 0xFF && (b[1] & 0xE0) == 0xE0 && (b[1] & 0x06) != 0;
    return frame || begins(file, 0, "ID3") ? KIND_MP3 : KIND_NONE;
}

/* RIFF says its length behind its name, little endian; 0 and all ones are written by those who did not know it yet. */
static bool wav_is_whole(struct slice file)
{
    const uint8_t *b = (const uint8_t *)file.data + 4;
    uint64_t length = b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24;
    return length == 0 || length == UINT32_MAX || length + 8 <= file.size;
}

/* The last page says that it is the last: bit 2 of the byte behind the version (RFC 3533, 6). */
static bool ogg_is_whole(struct slice file)
{
    enum { FLAGS = 5, LAST = 4, PAGE_MAX = 65307 };
    size_t least = file.size > PAGE_MAX ? file.size - PAGE_MAX : 0;
    for (size_t at = file.size; at-- > least;)
        if (begins(file, at, "OggS"))
            return at + FLAGS < file.size && file.data[at + FLAGS] & LAST;
    return false;
}

static bool check_content(struct slice file, enum kind meant, struct error *error)
{
    enum kind kind = kind_of_content(file);
    if (kind == KIND_NONE)
        return error_set(error, ERROR_INVALID, "it is no %s, nor any other sound", KIND_NAMES[meant]);
    if (kind != meant)
        return error_set(error, ERROR_INVALID, "it is %s and not %s, as its type says", KIND_NAMES[kind], KIND_NAMES[meant]);
    if ((kind == KIND_WAV && !wav_is_whole(file)) || (kind == KIND_OGG && !ogg_is_whole(file)))
        return error_set(error, ERROR_INVALID, "its end is missing");
    return true;
}

/* ---- all of it ---- */

/* Bytes that came in base64. */
static bool decode(const char *text, struct alert_audio *audio, struct error *error)
{
    size_t room = strlen(text) / 4 * 3 + 3;
    audio->decoded = malloc(room);
    if (!audio->decoded)
        return error_set(error, ERROR_NO_MEMORY, "no memory for it");
    long n = base64_decode(text, audio->decoded, room);
    audio->file = (struct slice){(const char *)audio->decoded, n > 0 ? (size_t)n : 0};
    return n >= 0 || error_set(error, ERROR_INVALID, "its derefUri is no base64");
}

static bool check(struct slice file, const struct alert_resource *resource, struct error *error)
{
    if (file.size == 0)
        return error_set(error, ERROR_INVALID, "it is empty");
    if (resource->size >= 0 && (uint64_t)resource->size != file.size)
        return error_set(error, ERROR_INVALID, "it has %zu bytes, stated are %lld", file.size, (long long)resource->size);
    if (resource->digest && *resource->digest && !check_digest(file, resource->digest, error))
        return false;
    return check_content(file, kind_of_type(resource->mime_type), error);
}

bool alert_audio_open(const struct alert_resource *resource, struct alert_audio *audio, struct error *error)
{
    *audio = (struct alert_audio){.file = resource->data};
    if (!alert_audio_promises(resource, NULL, error))
        return false;
    if ((resource->data.size > 0 || decode(resource->deref_uri, audio, error)) && check(audio->file, resource, error))
        return true;
    alert_audio_close(audio);
    return false;
}

void alert_audio_close(struct alert_audio *audio)
{
    free(audio->decoded);
    *audio = (struct alert_audio){0};
}
