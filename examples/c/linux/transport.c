#define _GNU_SOURCE
#include "transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT, "events of poll and epoll");

/* Octets that were read or written, 0 if none can be now; or the end, in `state`. */
static size_t receive(transport *link, uint8_t *into, size_t room)
{
    ssize_t length;
    do {
        length = recv(link->fd, into, room, 0);
    } while (length < 0 && errno == EINTR);
    if (length == 0) {
        link->state = TRANSPORT_PEER_CLOSED;
    } else if (length < 0 && errno != EAGAIN) {
        link->state = TRANSPORT_BROKEN;
    }
    return length > 0 ? (size_t)length : 0;
}

static size_t transmit(transport *link, const uint8_t *from, size_t length)
{
    ssize_t sent;
    do {
        sent = send(link->fd, from, length, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN) {
        link->state = TRANSPORT_BROKEN;
    }
    return sent > 0 ? (size_t)sent : 0;
}

v2g_connection transport_connection(const transport *link)
{
    v2g_connection connection = V2G_CONNECTION_INIT;
    (void)link;
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    connection.unix_seconds = host_unix_time();
    return connection;
}

void transport_open(transport *link, int fd)
{
    const int on = 1;
    /* A response that waits for company costs time that the vehicle does not have. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        (void)complain("send without delay");
    }
    link->state = TRANSPORT_OPEN;
    link->fd = fd;
    link->in_first = link->in_end = 0;
    link->out_first = link->out_end = 0;
}

int transport_move(transport *link)
{
    size_t moved = 0;
    if (link->state != TRANSPORT_OPEN) {
        return 0;
    }
    if (link->out_first < link->out_end) {
        moved = transmit(link, &link->out[link->out_first], link->out_end - link->out_first);
        link->out_first += moved;
    }
    if (link->state == TRANSPORT_OPEN && link->in_first == link->in_end) {
        link->in_first = 0;
        link->in_end = receive(link, link->in, sizeof link->in);
        moved += link->in_end;
    }
    return moved > 0 || link->state != TRANSPORT_OPEN;
}

uint32_t transport_wants(const transport *link)
{
    if (link->state != TRANSPORT_OPEN) {
        return 0;
    }
    return (uint32_t)(link->in_first == link->in_end ? POLLIN : 0) |
           (uint32_t)(link->out_first < link->out_end ? POLLOUT : 0);
}

int transport_is_idle(const transport *link)
{
    return link->state == TRANSPORT_OPEN && link->out_first == link->out_end;
}

void transport_send(transport *link, size_t length)
{
    link->out_first = 0;
    link->out_end = length;
    (void)transport_move(link);
}

const uint8_t *transport_peek(const transport *link, size_t *length)
{
    *length = link->in_end - link->in_first;
    return &link->in[link->in_first];
}

void transport_consume(transport *link, size_t length)
{
    link->in_first += length;
}

void transport_close(transport *link)
{
    if (link->state != TRANSPORT_CLOSED) {
        (void)shutdown(link->fd, SHUT_RDWR);
        (void)close(link->fd);
        link->fd = -1;
        link->state = TRANSPORT_CLOSED;
    }
}
