/* Numeric addresses, read and printed. */
#include "hardware/wire_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool address_read(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *size)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
        return false;
    memset(address, 0, sizeof *address);
    *size = is_v4 ? sizeof v4 : sizeof v6;
    memcpy(address, is_v4 ? (void *)&v4 : (void *)&v6, *size);
    return true;
}

void address_print(const struct sockaddr_storage *address, char text[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, address, sizeof v4);
    memcpy(&v6, address, sizeof v6);
    bool is_v6 = address->ss_family == AF_INET6;
    inet_ntop(address->ss_family, is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr, host, sizeof host);
    snprintf(text, ADDRESS_TEXT_MAX, is_v6 ? "[%s]:%u" : "%s:%u", host, ntohs(is_v6 ? v6.sin6_port : v4.sin_port));
}

void address_print_peer(int socket, char text[ADDRESS_TEXT_MAX])
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    getpeername(socket, (struct sockaddr *)&peer, &size);
    address_print(&peer, text);
}

uint64_t address_host(const struct sockaddr_storage *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    uint64_t network;
    memcpy(&v4, address, sizeof v4);
    memcpy(&v6, address, sizeof v6);
    memcpy(&network, &v6.sin6_addr, sizeof network);
    return address->ss_family == AF_INET6 ? network : v4.sin_addr.s_addr;
}

void line_place(const struct line_settings *settings, char place[LINE_PLACE_MAX])
{
    bool v6 = strchr(settings->host, ':');
    if (settings->kind == LINE_RTU)
        text_copy(place, LINE_PLACE_MAX, settings->device);
    else
        snprintf(place, LINE_PLACE_MAX, v6 ? "[%s]:%u" : "%s:%u", settings->host, settings->port);
}
