/* Numeric addresses of the network: no name is ever asked for, so that no name server can hold back a warning. */
#ifndef TOCSIN_HARDWARE_WIRE_ADDRESS_H
#define TOCSIN_HARDWARE_WIRE_ADDRESS_H

#include "hardware/line.h"

#include <sys/socket.h>

enum { ADDRESS_TEXT_MAX = 56 /* "[IPv6]:PORT" */, LINE_PLACE_MAX = 256 };

/* False if host is neither an IPv4 nor an IPv6 address. */
bool address_read(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *size);

/* "192.0.2.7:502" or "[2001:db8::7]:502". */
void address_print(const struct sockaddr_storage *address, char text[ADDRESS_TEXT_MAX]);

/* The same of the other end of a connection; "?:0" where that is gone. */
void address_print_peer(int socket, char text[ADDRESS_TEXT_MAX]);

/* The same for all connections of one peer: its IPv4 address, or the network (/64) of its IPv6 address. */
uint64_t address_host(const struct sockaddr_storage *address);

/* What a line hangs on, for people: its device, or its host and port. */
void line_place(const struct line_settings *settings, char place[LINE_PLACE_MAX]);

#endif
