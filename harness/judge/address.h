/*
 * address.h - inside the judge: addresses between strings and the socket calls.
 */
#ifndef PLUMBLINE_ADDRESS_H
#define PLUMBLINE_ADDRESS_H

#include <sys/socket.h>

/* Parses "127.0.0.1:80" or "[::1]:80"; returns the length for bind() and connect(), 0 if it is
 * neither. */
socklen_t parse_address(const char *address, struct sockaddr_storage *parsed);

/* The other way round; "?" for other families. */
const char *address_text(const struct sockaddr_storage *from);

#endif
