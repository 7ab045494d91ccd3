/* The certificates of a source. A file that cannot be used is a mistake: at three in the morning it would refuse the warning.
 */
#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SOON_DAYS = 30 };

static const char *check_number(const void *number)
{
    size_t digits = strspn(number, "0123456789abcdefABCDEF");
    return digits > 0 && digits == strlen(number) ? NULL : "must be hexadecimal digits, such as \"000000000003\"";
}

const struct schema_item load_certificate_items[] = {
    {"number", SCHEMA_TEXT, .least = 1, SCHEMA_AT(config_certificate, number), .check = check_number},
    {"file", SCHEMA_PATH, .least = 1, SCHEMA_AT(config_certificate, file)},
    {0},
};

/* One byte more than is allowed shows that there are too many. Not a FIFO, on which the daemon would wait for ever. */
static bool read_file(const char *path, char bytes[SM2_PEM_MAX + 1], size_t *n, struct error *error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = -1;
    if (fd < 0 || fstat(fd, &status) != 0)
        error_set(error, ERROR_IO, "it cannot be read: %s",
                  strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread yet */
    else if (!S_ISREG(status.st_mode))
        error_set(error, ERROR_INVALID, "it is not a file");
    else if ((got = read(fd, bytes, SM2_PEM_MAX + 1)) < 0)
        error_set(error, ERROR_IO, "it cannot be read: %s", strerror(errno)); /* NOLINT(concurrency-mt-unsafe): the same */
    if (fd >= 0)
        close(fd);
    *n = got > 0 ? (size_t)got : 0;
    return got >= 0;
}

static void warn_of_dates(const struct loader *loader, const config_setting_t *at, const struct config_certificate *certificate)
{
    struct wall from, until;
    int64_t now_ms = (int64_t)time(NULL) * 1000, soon_ms = now_ms + (int64_t)SOON_DAYS * 86400 * 1000;
    if (!sm2_key_validity(certificate->key, &from, &until))
        return;
    if (until.ms < now_ms)
        schema_warning(&loader->site, at, "the certificate %s is not valid any more: ask its platform for the one that follows",
                       certificate->file);
    else if (until.ms < soon_ms)
        schema_warning(&loader->site, at, "the certificate %s is valid for less than %d days more", certificate->file,
                       SOON_DAYS);
    if (from.ms > now_ms)
        schema_warning(&loader->site, at, "the certificate %s is not valid yet, or the clock of this box is behind",
                       certificate->file);
}

static void read_key(const struct loader *loader, const config_setting_t *at, struct config_certificate *certificate)
{
    char bytes[SM2_PEM_MAX + 1];
    size_t n = 0;
    struct error error = {0};
    if (!*certificate->file)
        return; /* reported */
    if (read_file(certificate->file, bytes, &n, &error) && sm2_key_read((struct slice){bytes, n}, &certificate->key, &error))
        warn_of_dates(loader, at, certificate);
    else
        schema_mistake(&loader->site, at, "the certificate %s cannot be used: %s", certificate->file, error.message);
}

static void check_policy(const struct loader *loader, const config_setting_t *element, const struct config_source *source)
{
    if (source->signature == SIGNATURE_REQUIRED && source->n_certificates == 0)
        schema_mistake(&loader->site, element,
                       "the source %s requires a signature but has no certificates, so nothing of it could be taken",
                       source->id);
    if (source->signature == SIGNATURE_OFF)
        schema_warning(&loader->site, element,
                       "signatures of the source %s are off: whoever can log in can make a package in its name", source->id);
}

void load_certificates(struct loader *loader, const config_setting_t *element, struct config_source *source)
{
    if (!element || !config_setting_is_group(element))
        return; /* reported */
    const config_setting_t *list = schema_list(element, "certificates");
    source->certificates = load_list(&loader->site, element, "certificates", load_certificate_items,
                                     sizeof *source->certificates, &source->n_certificates);
    load_check_unique(&loader->site, list, source->certificates, source->n_certificates, sizeof *source->certificates);
    for (size_t i = 0; i < source->n_certificates; i++)
        read_key(loader, schema_element(list, i), &source->certificates[i]);
    check_policy(loader, element, source);
}
