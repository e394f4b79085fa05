/*
 * The connection that a session goes over, with what has come and is not taken yet, and what is to go and has not gone.
 *
 * Plain TCP, for laboratories. Whatever else protects the octets takes the place of the two functions at the top of
 * transport.c, and of what they say of the connection to the engines.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include <v2g.h>

/* Messages without certificates are shorter than this. */
#define TRANSPORT_ROOM 4096u

typedef enum transport_state { TRANSPORT_CLOSED, TRANSPORT_OPEN, TRANSPORT_PEER_CLOSED, TRANSPORT_BROKEN } transport_state;

typedef struct transport {
    transport_state state;
    int fd;
    size_t in_first, in_end;
    size_t out_first, out_end;
    uint8_t in[TRANSPORT_ROOM];
    uint8_t out[TRANSPORT_ROOM];
} transport;

/* Takes over a connected socket that does not block. */
void transport_open(transport *link, int fd);

/* What the engines are to know of it. */
v2g_connection transport_connection(const transport *link);

/* Moves what can be moved now, both ways, and says in `state` if that was the end: 1 if anything has changed. */
int transport_move(transport *link);

/* What to wait for: events of poll and epoll, which have the same values. */
uint32_t transport_wants(const transport *link);

/* Whether all has gone, and a frame may be written to `out` and announced by `transport_send`. */
int transport_is_idle(const transport *link);
void transport_send(transport *link, size_t length);

/* What has come, and how much of it was taken. */
const uint8_t *transport_peek(const transport *link, size_t *length);
void transport_consume(transport *link, size_t length);

/* Ends it. The peer gets what has gone before. */
void transport_close(transport *link);

#endif
