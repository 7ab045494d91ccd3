/* Who is asking: the bearer token of 127.0.0.1, the peer of the Unix socket, and the Host header that keeps web pages out. */
#include "controller/http_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_BYTES = 32, TOKEN_LEAST = 32 /* characters of one that somebody wrote */ };

static bool make_token(char token[HTTP_TOKEN_SIZE], struct error *error)
{
    unsigned char bytes[TOKEN_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return error_set(error, ERROR_INTERNAL, "http: no random numbers for a token");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}

/* Written beside, made durable, then renamed: the file is never there half. mkstemp gives mode 0600. */
static bool write_token(const char *path, const char *token, struct error *error)
{
    char beside[4096], folder[4096];
    snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    int fd = mkstemp(beside);
    if (fd < 0)
        return error_set(error, ERROR_IO, "%s: cannot write the token: %s", path, strerror(errno));
    bool good = dprintf(fd, "%s\n", token) > 0 && fsync(fd) == 0;
    good = close(fd) == 0 && good && rename(beside, path) == 0;
    if (!good) {
        error_set(error, ERROR_IO, "%s: cannot write the token: %s", path, strerror(errno));
        unlink(beside);
        return false;
    }
    text_copy(folder, sizeof folder, path);
    fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    return true;
}

static bool read_token(int fd, const char *path, char token[HTTP_TOKEN_SIZE], struct error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return error_set(error, ERROR_INVALID, "%s: the token must be in a regular file", path);
    if (status.st_mode & 077)
        return error_set(error, ERROR_DENIED, "%s: others can read the token (mode %04o): remove the file, a new one is made",
                         path, status.st_mode & 07777);
    ssize_t n = read(fd, token, HTTP_TOKEN_SIZE - 1);
    if (n < 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    token[n] = '\0';
    token[strcspn(token, " \t\r\n")] = '\0';
    return strlen(token) >= TOKEN_LEAST ||
           error_set(error, ERROR_INVALID, "%s: a token has at least %d characters: remove the file, a new one is made", path,
                     TOKEN_LEAST);
}

bool http_load_token(const char *path, char token[HTTP_TOKEN_SIZE], struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? make_token(token, error) && write_token(path, token, error)
                               : error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    bool good = read_token(fd, path, token, error);
    close(fd);
    return good;
}

/* In constant time as far as the characters go; the length is no secret. */
static bool login_token(struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *given = http_header(request, "Authorization");
    const char *token = request->http->token;
    if (!given || strncasecmp(given, scheme, sizeof scheme - 1) != 0)
        return false;
    given += sizeof scheme - 1;
    if (strlen(given) != strlen(token) || CRYPTO_memcmp(given, token, strlen(token)) != 0)
        return false;
    text_copy(request->user, sizeof request->user, "token");
    return true;
}

static bool in_group(uid_t uid, gid_t group)
{
    char buffer[16384];
    struct passwd entry, *found = NULL;
    gid_t groups[256];
    int n = sizeof groups / sizeof *groups;
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || !found)
        return false;
    if (getgrouplist(entry.pw_name, entry.pw_gid, groups, &n) < 0)
        n = sizeof groups / sizeof *groups; /* in more than fit: these are looked at */
    for (int i = 0; i < n; i++)
        if (groups[i] == group)
            return true;
    return false;
}

static void check_peer(struct http_connection *connection)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    const struct http *http = connection->door->http;
    connection->peer_checked = true;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer)
        return;
    connection->peer_allowed = peer.uid == 0 || peer.uid == geteuid() ||
                               (http->has_group && (peer.gid == http->group || in_group(peer.uid, http->group)));
    if (peer.uid == 0)
        text_copy(connection->user, sizeof connection->user, "root");
    else
        snprintf(connection->user, sizeof connection->user, "uid:%u", peer.uid);
}

bool http_login(struct http_request *request)
{
    struct http_connection *connection = request->connection;
    if (connection->door->tcp)
        return login_token(request);
    if (!connection->peer_checked)
        check_peer(connection);
    if (connection->peer_allowed)
        text_copy(request->user, sizeof request->user, connection->user);
    return connection->peer_allowed;
}

/* A web page whose name was made to resolve to 127.0.0.1 sends its own name here. */
bool http_host_is_local(struct http_request *request)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = http_header(request, "Host");
    if (!request->connection->door->tcp)
        return true;
    for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncasecmp(host, names[i], n) != 0)
            continue;
        const char *port = host + n;
        if (*port == '\0' || (*port == ':' && port[1] && port[1 + strspn(port + 1, "0123456789")] == '\0'))
            return true;
    }
    return false;
}
