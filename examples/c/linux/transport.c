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

static size_t held(const octets *row)
{
    return row->end - row->first;
}

/* Fills a row that is empty from the socket: how many octets, 0 if there are none now; or the end, in `state`. */
static size_t receive(transport *link, octets *into)
{
    ssize_t length;
    do {
        length = recv(link->fd, into->at, sizeof into->at, 0);
    } while (length < 0 && errno == EINTR);
    if (length == 0) {
        link->state = TRANSPORT_PEER_CLOSED;
    } else if (length < 0 && errno != EAGAIN) {
        link->state = TRANSPORT_BROKEN;
    }
    into->first = 0;
    into->end = length > 0 ? (size_t)length : 0;
    return into->end;
}

/* Sends of a row what the socket takes: how many octets. */
static size_t transmit(transport *link, octets *from)
{
    ssize_t sent;
    do {
        sent = send(link->fd, &from->at[from->first], held(from), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN) {
        link->state = TRANSPORT_BROKEN;
    }
    from->first += sent > 0 ? (size_t)sent : 0;
    return sent > 0 ? (size_t)sent : 0;
}

static int is_alive(const transport *link)
{
    return link->state == TRANSPORT_SECURING || link->state == TRANSPORT_OPEN;
}

/* Sends what TLS has for the wire, as far as the socket takes it. */
static size_t send_records(transport *link)
{
    size_t moved = 0;
    for (;;) {
        if (held(&link->wire_out) == 0) {
            size_t length = 0;
            link->wire_out.first = 0;
            link->wire_out.end = 0;
            if (v2g_tls_poll_transmit(link->secured->tls, link->wire_out.at, sizeof link->wire_out.at, &length) != V2G_OK) {
                return moved;
            }
            link->wire_out.end = length;
        }
        size_t sent = transmit(link, &link->wire_out);
        if (sent == 0) {
            return moved;
        }
        moved += sent;
    }
}

/* TLS has ended the link: the peer gets to know why, as does the operator. */
static void give_up(transport *link)
{
    secure_say_why(link->secured);
    (void)send_records(link);
    link->state = TRANSPORT_BROKEN;
}

/* Gives TLS what comes from the socket, until there is data or nothing comes. */
static size_t receive_records(transport *link)
{
    size_t moved = 0, consumed = 0;
    while (is_alive(link)) {
        size_t length = 0;
        if (v2g_tls_read(link->secured->tls, link->in.at, sizeof link->in.at, &length) == V2G_OK) {
            link->in.first = 0;
            link->in.end = length;
            return moved + length;
        }
        if (held(&link->wire_in) == 0 && receive(link, &link->wire_in) == 0) {
            if (link->state == TRANSPORT_PEER_CLOSED && v2g_tls_handle_end(link->secured->tls) < 0) {
                give_up(link);
            }
            return moved;
        }
        if (v2g_tls_handle_input(link->secured->tls, &link->wire_in.at[link->wire_in.first], held(&link->wire_in), &consumed) < 0) {
            give_up(link);
            return moved;
        }
        link->wire_in.first += consumed;
        moved += consumed;
    }
    return moved;
}

static size_t move_secured(transport *link)
{
    uint32_t state = V2G_TLS_HANDSHAKE;
    size_t moved = 0, taken = 0;
    if (held(&link->out) > 0 &&
        v2g_tls_write(link->secured->tls, &link->out.at[link->out.first], held(&link->out), &taken) == V2G_OK) {
        link->out.first += taken;
        moved += taken;
    }
    moved += send_records(link);
    if (is_alive(link) && held(&link->in) == 0) {
        moved += receive_records(link);
    }
    must(v2g_tls_state(link->secured->tls, &state), "state of TLS");
    if (link->state == TRANSPORT_SECURING && state == V2G_TLS_OPEN) {
        link->state = TRANSPORT_OPEN;
        moved++;
    } else if (is_alive(link) && state == V2G_TLS_CLOSED && held(&link->in) == 0) {
        link->state = TRANSPORT_PEER_CLOSED;
    }
    return moved;
}

static size_t move_plain(transport *link)
{
    size_t moved = 0;
    if (held(&link->out) > 0) {
        moved = transmit(link, &link->out);
    }
    if (link->state == TRANSPORT_OPEN && held(&link->in) == 0) {
        moved += receive(link, &link->in);
    }
    return moved;
}

v2g_connection transport_connection(transport *link)
{
    v2g_connection connection = V2G_CONNECTION_INIT;
    if (link->secured != NULL) {
        return secure_connection(link->secured, link->peer);
    }
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    connection.unix_seconds = host_unix_time();
    return connection;
}

void transport_open(transport *link, int fd, const security *secured)
{
    const int on = 1;
    /* A response that waits for company costs time that the vehicle does not have. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        (void)complain("send without delay");
    }
    if (secured != NULL) {
        must(v2g_tls_reset(secured->tls), "TLS");
    }
    link->state = secured != NULL ? TRANSPORT_SECURING : TRANSPORT_OPEN;
    link->fd = fd;
    link->secured = secured;
    link->in.first = link->in.end = 0;
    link->out.first = link->out.end = 0;
    link->wire_in.first = link->wire_in.end = 0;
    link->wire_out.first = link->wire_out.end = 0;
}

int transport_move(transport *link)
{
    if (!is_alive(link)) {
        return 0;
    }
    size_t moved = link->secured != NULL ? move_secured(link) : move_plain(link);
    return moved > 0 || !is_alive(link);
}

uint32_t transport_wants(const transport *link)
{
    if (!is_alive(link)) {
        return 0;
    }
    return (uint32_t)(held(&link->in) == 0 ? POLLIN : 0) |
           (uint32_t)(held(&link->out) + held(&link->wire_out) > 0 ? POLLOUT : 0);
}

int transport_is_idle(const transport *link)
{
    return link->state == TRANSPORT_OPEN && held(&link->out) + held(&link->wire_out) == 0;
}

void transport_send(transport *link, size_t length)
{
    link->out.first = 0;
    link->out.end = length;
    (void)transport_move(link);
}

const uint8_t *transport_peek(const transport *link, size_t *length)
{
    *length = held(&link->in);
    return &link->in.at[link->in.first];
}

void transport_consume(transport *link, size_t length)
{
    link->in.first += length;
}

void transport_close(transport *link)
{
    if (link->state != TRANSPORT_CLOSED) {
        if (link->secured != NULL && is_alive(link)) {
            (void)v2g_tls_close(link->secured->tls);
            (void)send_records(link);
        }
        (void)shutdown(link->fd, SHUT_RDWR);
        (void)close(link->fd);
        link->fd = -1;
        link->state = TRANSPORT_CLOSED;
    }
}
