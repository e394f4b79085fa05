#define _GNU_SOURCE
#include "cable.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"

/* Ports that chargers listen on. */
#define FIRST_PORT 49152u
#define LAST_PORT 65535u

static const struct in6_addr STAND_IN = { .s6_addr = { 0xFE, 0x80, [15] = 1 } };

static int is_link_local(const struct ifaddrs *entry)
{
    if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != AF_INET6) {
        return 0;
    }
    struct sockaddr_in6 address;
    memcpy(&address, entry->ifa_addr, sizeof address);
    return IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr);
}

int cable_find(cable *link, const char *name)
{
    struct ifaddrs *entries = NULL;
    int found = 0;
    *link = (cable){ .index = if_nametoindex(name) };
    if (link->index == 0) {
        return complain(name);
    }
    if (getifaddrs(&entries) != 0) {
        return complain("list the addresses of this machine");
    }
    for (const struct ifaddrs *entry = entries; entry != NULL && !found; entry = entry->ifa_next) {
        if (strcmp(entry->ifa_name, name) != 0) {
            continue;
        }
        if ((entry->ifa_flags & IFF_LOOPBACK) != 0) {
            link->is_loopback = 1;
            link->address = in6addr_loopback;
            found = 1;
        } else if (is_link_local(entry)) {
            struct sockaddr_in6 address;
            memcpy(&address, entry->ifa_addr, sizeof address);
            link->address = address.sin6_addr;
            found = 1;
        }
    }
    freeifaddrs(entries);
    if (!found) {
        fprintf(stderr, "%s has no IPv6 link-local address\n", name);
        return -1;
    }
    return 0;
}

uint32_t cable_scope(const cable *link)
{
    return link->is_loopback ? 0 : link->index;
}

v2g_address cable_own(const cable *link, uint16_t port)
{
    v2g_address own = { .scope_id = cable_scope(link), .port = port };
    memcpy(own.ip, link->is_loopback ? &STAND_IN : &link->address, sizeof own.ip);
    return own;
}

static struct sockaddr_in6 bound_to(const cable *link, uint16_t port)
{
    return (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = link->address, .sin6_scope_id = cable_scope(link)
    };
}

static struct sockaddr_in6 real(const cable *link, const v2g_address *address)
{
    struct sockaddr_in6 socket_address = bound_to(link, address->port);
    if (!link->is_loopback) {
        memcpy(&socket_address.sin6_addr, address->ip, sizeof address->ip);
    }
    return socket_address;
}

/* A socket that does not block, and belongs to IPv6 alone. */
static int open_socket(int type)
{
    const int on = 1;
    int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return complain("open a socket");
    }
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        (void)complain("restrict a socket to IPv6");
        close(fd);
        return -1;
    }
    return fd;
}

static int give_up(int fd, const char *what)
{
    (void)complain(what);
    close(fd);
    return -1;
}

int cable_responder_socket(const cable *link)
{
    const int on = 1;
    struct sockaddr_in6 any = bound_to(link, V2G_SDP_PORT);
    struct ipv6_mreq all_nodes = { .ipv6mr_interface = link->index };
    int fd = open_socket(SOCK_DGRAM);
    if (fd < 0) {
        return -1;
    }
    if (!link->is_loopback) {
        /* Requests come to a multicast address. Other interfaces are no cables: the kernel drops what comes from there. */
        any.sin6_addr = in6addr_any;
        any.sin6_scope_id = 0;
        (void)inet_pton(AF_INET6, "ff02::1", &all_nodes.ipv6mr_multiaddr);
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &link->index, sizeof link->index) != 0) {
            return give_up(fd, "bind a socket to the interface");
        }
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &all_nodes, sizeof all_nodes) != 0) {
            return give_up(fd, "listen to ff02::1");
        }
    }
    if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) {
        return give_up(fd, "listen on UDP port 15118");
    }
    return fd;
}

int cable_listener(const cable *link, uint16_t port, uint16_t *chosen)
{
    const int on = 1;
    uint32_t first = port != 0 ? port : FIRST_PORT, last = port != 0 ? port : LAST_PORT;
    int fd = open_socket(SOCK_STREAM);
    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return give_up(fd, "share a TCP port with connections that are over");
    }
    for (uint32_t next = first; next <= last; next++) {
        struct sockaddr_in6 own = bound_to(link, (uint16_t)next);
        if (bind(fd, (const struct sockaddr *)&own, sizeof own) == 0) {
            if (listen(fd, 4) != 0) {
                return give_up(fd, "listen for connections");
            }
            *chosen = (uint16_t)next;
            return fd;
        }
        if (errno != EADDRINUSE) {
            break;
        }
    }
    return give_up(fd, "listen on a TCP port");
}

int cable_discovery_socket(const cable *link)
{
    struct sockaddr_in6 own = bound_to(link, 0);
    int fd = open_socket(SOCK_DGRAM);
    if (fd < 0) {
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)&own, sizeof own) != 0 ||
        (!link->is_loopback &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &link->index, sizeof link->index) != 0)) {
        return give_up(fd, "search for a charger");
    }
    return fd;
}

int cable_connect(const cable *link, const v2g_address *to)
{
    struct sockaddr_in6 charger = real(link, to);
    int fd = open_socket(SOCK_STREAM);
    if (fd < 0) {
        return -1;
    }
    /* Interrupted, it goes on by itself. */
    if (connect(fd, (const struct sockaddr *)&charger, sizeof charger) != 0 && errno != EINPROGRESS && errno != EINTR) {
        return give_up(fd, "connect to the charger");
    }
    return fd;
}

int cable_connected(int socket)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) == 0) {
        errno = error;
    }
    return errno == 0 ? 0 : complain("connect to the charger");
}

int cable_receive(const cable *link, int socket, uint8_t *datagram, size_t capacity, v2g_address *from)
{
    struct sockaddr_in6 sender;
    socklen_t size = sizeof sender;
    ssize_t length;
    do {
        length = recvfrom(socket, datagram, capacity, 0, (struct sockaddr *)&sender, &size);
    } while (length < 0 && errno == EINTR);
    if (length < 0) {
        return -1;
    }
    *from = (v2g_address){ .scope_id = link->is_loopback ? 0 : sender.sin6_scope_id, .port = ntohs(sender.sin6_port) };
    memcpy(from->ip, link->is_loopback ? &STAND_IN : &sender.sin6_addr, sizeof from->ip);
    return (int)length;
}

void cable_send(const cable *link, int socket, const uint8_t *datagram, size_t length, const v2g_address *to)
{
    struct sockaddr_in6 receiver = real(link, to);
    ssize_t sent;
    do {
        sent = sendto(socket, datagram, length, 0, (const struct sockaddr *)&receiver, sizeof receiver);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN) {
        (void)complain("send a datagram");
    }
}
