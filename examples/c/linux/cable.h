/*
 * The charging cable as sockets see it: an interface with a link-local address and multicast.
 *
 * The loopback has neither. There discovery sees a stand-in for its address, and requests go straight to the charger's port.
 */
#ifndef CABLE_H
#define CABLE_H

#include <stdint.h>

#include <netinet/in.h>

#include <v2g.h>

typedef struct cable {
    uint32_t index;
    int is_loopback;
    struct in6_addr address;
} cable;

/* Finds an interface by its name: 0, or -1 after a complaint. */
int cable_find(cable *link, const char *name);

/* What engines are to know as the scope of addresses. */
uint32_t cable_scope(const cable *link);

/* The own address with a port, as discovery is to see it. */
v2g_address cable_own(const cable *link, uint16_t port);

/* Sockets that do not block; -1 after a complaint. The charger's listen for requests and for connections (port 0: the first that is
   free of those that the standard reserves), the vehicle's sends requests. */
int cable_responder_socket(const cable *link);
int cable_listener(const cable *link, uint16_t port, uint16_t *chosen);
int cable_discovery_socket(const cable *link);

/* Begins to connect: a socket that becomes writable when that is done, or -1 after a complaint. */
int cable_connect(const cable *link, const v2g_address *to);

/* The outcome of it: 0, or -1 after a complaint. */
int cable_connected(int socket);

/* A datagram: its length, or -1 if there is none. What is longer than `capacity` is cut off. */
int cable_receive(const cable *link, int socket, uint8_t *datagram, size_t capacity, v2g_address *from);

/* Sends one. It may be lost, as on the line. */
void cable_send(const cable *link, int socket, const uint8_t *datagram, size_t length, const v2g_address *to);

#endif
