/* The body of a request while it comes in: in memory up to a bound, beyond it in a file that has no name, mapped when it is
 * whole. So 256 clients with large packages take space on the disk, not memory, and nothing is left over after a crash. */
#include "controller/http_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file without a name; file systems that know no O_TMPFILE have one for a moment. */
static int open_spool(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char path[300];
    if (fd >= 0 || (size_t)snprintf(path, sizeof path, "%s/spool-XXXXXX", folder) >= sizeof path)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

/* What has come so far goes to the file. */
static bool begin_spool(struct http_body *body, const char *folder)
{
    int fd = open_spool(folder);
    if (fd < 0 || !write_all(fd, body->bytes, body->n)) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    free(body->bytes);
    *body = (struct http_body){.n = body->n, .spooled = true, .spool = fd};
    return true;
}

static bool grow(struct http_body *body, size_t need, size_t expected)
{
    if (need <= body->capacity)
        return true;
    size_t capacity = expected >= need ? expected : 2 * need;
    char *larger = realloc(body->bytes, capacity);
    if (!larger)
        return false;
    body->bytes = larger;
    body->capacity = capacity;
    return true;
}

bool http_body_add(struct http_body *body, const char *folder, const char *data, size_t size, size_t expected)
{
    size_t whole = body->n + size > expected ? body->n + size : expected;
    if (!body->spooled && folder && whole > HTTP_MEMORY_MAX && !begin_spool(body, folder))
        return false;
    if (body->spooled ? !write_all(body->spool, data, size) : !grow(body, body->n + size, expected))
        return false;
    if (!body->spooled)
        memcpy(body->bytes + body->n, data, size);
    body->n += size;
    return true;
}

bool http_body_end(struct http_body *body)
{
    if (!body->spooled || body->bytes)
        return true;
    void *bytes = mmap(NULL, body->n, PROT_READ, MAP_PRIVATE, body->spool, 0);
    if (bytes == MAP_FAILED)
        return false;
    body->bytes = bytes;
    return true;
}

void http_body_free(struct http_body *body)
{
    if (!body->spooled)
        free(body->bytes);
    else if (body->bytes)
        munmap(body->bytes, body->n);
    if (body->spooled)
        close(body->spool);
    *body = (struct http_body){0};
}
