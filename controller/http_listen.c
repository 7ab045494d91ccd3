/* The sockets of the two doors: a Unix socket for the machine's users, and 127.0.0.1, never another address. */
#include "controller/http_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static int new_socket(int family, struct error *error)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        error_set(error, ERROR_IO, "http: no socket: %s", strerror(errno));
    return fd;
}

/* /run is empty after each start of the box: the folder of the socket is made, one level, as its group may use it. One that is
 * there stays as it is. */
static bool make_folder(const struct http *http, const char *path, struct error *error)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    text_copy(folder, sizeof folder, path);
    char *end = strrchr(folder, '/');
    if (!end || end == folder)
        return true;
    *end = '\0';
    if (mkdir(folder, 0750) != 0)
        return errno == EEXIST ||
               error_set(error, ERROR_IO, "%s: cannot make the socket's folder: %s", folder, strerror(errno));
    if (http->has_group && lchown(folder, (uid_t)-1, http->group) != 0 && errno != EPERM)
        return error_set(error, ERROR_IO, "%s: cannot give the socket's folder to its group: %s", folder, strerror(errno));
    return true;
}

/* A socket that a dead daemon left is removed; one on which somebody listens is not, nor anything else of that name. */
static bool clear_path(int fd, const struct sockaddr_un *address, struct error *error)
{
    const char *path = address->sun_path;
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT || error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return error_set(error, ERROR_CONFLICT, "%s is there and is no socket: move it away", path);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN)
        return error_set(error, ERROR_CONFLICT, "%s: somebody listens there: stop the other tocsind first", path);
    if (errno != ECONNREFUSED)
        return error_set(error, ERROR_IO, "%s: cannot see whether somebody listens there: %s", path, strerror(errno));
    return unlink(path) == 0 || error_set(error, ERROR_IO, "%s: cannot remove the old socket: %s", path, strerror(errno));
}

/* Nobody can connect before listen(), so the mode is right from the start. Without the right to give the socket to the group
 * it stays with our own; the peer check decides in any case. */
static bool bind_unix(struct http *http, int fd, const struct sockaddr_un *address, struct error *error)
{
    const char *path = address->sun_path;
    struct stat status;
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return error_set(error, ERROR_IO, "%s: cannot make the socket: %s", path, strerror(errno));
    if (http->has_group && lchown(path, (uid_t)-1, http->group) != 0 && errno != EPERM)
        return error_set(error, ERROR_IO, "%s: cannot give the socket to its group: %s", path, strerror(errno));
    if (chmod(path, 0660) != 0 || lstat(path, &status) != 0 || listen(fd, BACKLOG) != 0)
        return error_set(error, ERROR_IO, "%s: cannot listen: %s", path, strerror(errno));
    http->socket_device = status.st_dev;
    http->socket_inode = status.st_ino;
    return true;
}

static void find_group(struct http *http, const char *name)
{
    char buffer[16384];
    struct group entry, *found = NULL;
    http->has_group = name && name[0] && getgrnam_r(name, &entry, buffer, sizeof buffer, &found) == 0 && found;
    if (http->has_group)
        http->group = entry.gr_gid;
}

int http_listen_unix(struct http *http, const char *group, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    find_group(http, group);
    if (!text_copy(address.sun_path, sizeof address.sun_path, http->socket_path)) {
        error_set(error, ERROR_TOO_LARGE, "%s: the path of a socket has at most %zu bytes", http->socket_path,
                  sizeof address.sun_path - 1);
        return -1;
    }
    if (!make_folder(http, address.sun_path, error))
        return -1;
    int probe = new_socket(AF_UNIX, error);
    bool clear = probe >= 0 && clear_path(probe, &address, error);
    if (probe >= 0)
        close(probe);
    int fd = clear ? new_socket(AF_UNIX, error) : -1;
    if (fd >= 0 && !bind_unix(http, fd, &address, error)) {
        close(fd);
        return -1;
    }
    return fd;
}

void http_unlisten_unix(const struct http *http)
{
    struct stat status;
    if (http->socket_inode && lstat(http->socket_path, &status) == 0 && status.st_dev == http->socket_device &&
        status.st_ino == http->socket_inode)
        unlink(http->socket_path);
}

int http_listen_tcp(uint16_t *port, struct error *error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int on = 1;
    int fd = new_socket(AF_INET, error);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        error_set(error, ERROR_IO, "127.0.0.1:%u: cannot listen: %s", *port, strerror(errno));
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}
