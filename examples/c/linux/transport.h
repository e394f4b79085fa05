/*
 * The connection that a session goes over, with what has come and is not taken yet, and what is to go and has not gone: TLS 1.3, or
 * plain TCP for laboratories.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include <v2g.h>

#include "secure.h"

/* Messages without certificates are shorter than this. */
#define TRANSPORT_ROOM 4096u

typedef enum transport_state {
    TRANSPORT_CLOSED,
    /* The handshake of TLS is under way. */
    TRANSPORT_SECURING,
    TRANSPORT_OPEN,
    TRANSPORT_PEER_CLOSED,
    TRANSPORT_BROKEN,
} transport_state;

/* Octets in a row, of which the first have been taken. */
typedef struct octets {
    size_t first, end;
    uint8_t at[TRANSPORT_ROOM];
} octets;

typedef struct transport {
    transport_state state;
    int fd;
    /* NULL: plain TCP. */
    const security *secured;
    char peer[SECURE_NAME];
    octets in, out;
    /* What the socket has given, and is to get, where TLS is in between. */
    octets wire_in, wire_out;
} transport;

/* Takes over a connected socket that does not block. `secured`, NULL for plain TCP, is begun anew, and stays the caller's. */
void transport_open(transport *link, int fd, const security *secured);

/* What the engines are to know of it, once it is open. */
v2g_connection transport_connection(transport *link);

/* Moves what can be moved now, both ways, and says in `state` if that was the end: 1 if anything has changed. */
int transport_move(transport *link);

/* What to wait for: events of poll and epoll, which have the same values. */
uint32_t transport_wants(const transport *link);

/* Whether all has gone, and a frame may be written to `out.at` and announced by `transport_send`. */
int transport_is_idle(const transport *link);
void transport_send(transport *link, size_t length);

/* What has come, and how much of it was taken. */
const uint8_t *transport_peek(const transport *link, size_t *length);
void transport_consume(transport *link, size_t length);

/* Ends it. The peer gets what has gone before. */
void transport_close(transport *link);

#endif
