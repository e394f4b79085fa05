/*
 * SLAC on an interface to a powerline modem, as a vehicle (`slac_raw ev IF`) or a charger (`slac_raw evse IF`): which of them the
 * cable is in, and which network they meet in. There is no control pilot: the cable counts as plugged in from the start.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/host.h"

/* Duty cycle of the control pilot of a charger with digital communication, %. */
#define DIGITAL 5
/* Longest wait for the modem to hear that the program leaves, ms. */
#define LEAVE_WITHIN 1000u

typedef enum verdict { GOING_ON, MATCHED, FAILED } verdict;

/* Either end of the cable: its machine, and what it is called for. */
typedef struct end_of_cable end_of_cable;
typedef struct role {
    const char *name;
    int32_t (*begin)(end_of_cable *self, uint64_t now);
    int32_t (*handle_frame)(end_of_cable *self, uint64_t now, const uint8_t *frame, size_t length);
    int32_t (*handle_timeout)(end_of_cable *self, uint64_t now);
    int32_t (*poll_timeout)(end_of_cable *self, uint64_t *deadline);
    int32_t (*poll_transmit)(end_of_cable *self, uint8_t *out, size_t capacity, size_t *length);
    /* Takes an event, if there is one: V2G_OK or V2G_NONE. */
    int32_t (*take_event)(end_of_cable *self, verdict *outcome);
    int32_t (*nid)(end_of_cable *self, uint8_t *nid);
    int32_t (*terminate)(end_of_cable *self, uint64_t now);
    int32_t (*deinit)(end_of_cable *self);
} role;

struct end_of_cable {
    const role *role;
    int socket, signals;
    uint8_t mac[6];
    uint8_t peer[6];
    union {
        v2g_slac_ev *ev;
        v2g_slac_evse *evse;
    } machine;
    union {
        v2g_slac_ev_storage ev;
        v2g_slac_evse_storage evse;
    } memory;
};

/* An address in words. */
typedef struct text {
    char characters[18];
} text;

static text in_words(const uint8_t mac[6])
{
    text words;
    (void)snprintf(words.characters, sizeof words.characters, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                   mac[4], mac[5]);
    return words;
}

static int32_t ev_begin(end_of_cable *self, uint64_t now)
{
    v2g_slac_ev_config config = V2G_SLAC_EV_CONFIG_INIT;
    memcpy(config.mac, self->mac, sizeof config.mac);
    config.random = host_random;
    must(v2g_slac_ev_init(&self->memory.ev, sizeof self->memory.ev, &config, &self->machine.ev), "vehicle");
    must(v2g_slac_ev_start(self->machine.ev, now), "start");
    return v2g_slac_ev_report_pilot(self->machine.ev, now, V2G_PILOT_B, DIGITAL);
}

static int32_t ev_handle_frame(end_of_cable *self, uint64_t now, const uint8_t *frame, size_t length)
{
    return v2g_slac_ev_handle_frame(self->machine.ev, now, frame, length);
}

static int32_t ev_handle_timeout(end_of_cable *self, uint64_t now)
{
    return v2g_slac_ev_handle_timeout(self->machine.ev, now);
}

static int32_t ev_poll_timeout(end_of_cable *self, uint64_t *deadline)
{
    return v2g_slac_ev_poll_timeout(self->machine.ev, deadline);
}

static int32_t ev_poll_transmit(end_of_cable *self, uint8_t *out, size_t capacity, size_t *length)
{
    return v2g_slac_ev_poll_transmit(self->machine.ev, out, capacity, length);
}

static int32_t ev_take_event(end_of_cable *self, verdict *outcome)
{
    v2g_slac_ev_event event = V2G_SLAC_EV_EVENT_INIT;
    if (v2g_slac_ev_poll_event(self->machine.ev, &event) != V2G_OK) {
        return V2G_NONE;
    }
    switch (event.kind) {
    case V2G_SLAC_EV_S2:
        say("pilot     %s S2", event.s2 == 1 ? "open" : "close");
        break;
    case V2G_SLAC_EV_FAULT:
        say("fault     %s", event.reason == V2G_SLAC_FAULT_MODEM ? "the modem takes no key" : "no random numbers");
        break;
    case V2G_SLAC_EV_ATTEMPT:
        say("attempt");
        break;
    case V2G_SLAC_EV_CHOSEN:
        say("chosen    %s at %u dB", in_words(event.peer).characters, (unsigned)event.attenuation);
        break;
    case V2G_SLAC_EV_LINK_UP:
        memcpy(self->peer, event.peer, sizeof self->peer);
        *outcome = MATCHED;
        break;
    case V2G_SLAC_EV_LINK_DOWN:
        say("link down: reason %u", (unsigned)event.reason);
        break;
    case V2G_SLAC_EV_FAILED:
        say("failed    no charger was found: reason %u", (unsigned)event.reason);
        *outcome = FAILED;
        break;
    default:
        say("event     %u", (unsigned)event.kind);
        break;
    }
    return V2G_OK;
}

static int32_t ev_nid(end_of_cable *self, uint8_t *nid)
{
    return v2g_slac_ev_nid(self->machine.ev, nid);
}

static int32_t ev_terminate(end_of_cable *self, uint64_t now)
{
    return v2g_slac_ev_terminate(self->machine.ev, now);
}

static int32_t ev_deinit(end_of_cable *self)
{
    return v2g_slac_ev_deinit(self->machine.ev);
}

static int32_t evse_begin(end_of_cable *self, uint64_t now)
{
    v2g_slac_evse_config config = V2G_SLAC_EVSE_CONFIG_INIT;
    memcpy(config.mac, self->mac, sizeof config.mac);
    config.random = host_random;
    /* Nobody sees toggles of the pilot here. */
    config.validation = 1;
    must(v2g_slac_evse_init(&self->memory.evse, sizeof self->memory.evse, &config, &self->machine.evse), "charger");
    must(v2g_slac_evse_start(self->machine.evse, now), "start");
    return v2g_slac_evse_report_pilot(self->machine.evse, now, V2G_PILOT_B);
}

static int32_t evse_handle_frame(end_of_cable *self, uint64_t now, const uint8_t *frame, size_t length)
{
    return v2g_slac_evse_handle_frame(self->machine.evse, now, frame, length);
}

static int32_t evse_handle_timeout(end_of_cable *self, uint64_t now)
{
    return v2g_slac_evse_handle_timeout(self->machine.evse, now);
}

static int32_t evse_poll_timeout(end_of_cable *self, uint64_t *deadline)
{
    return v2g_slac_evse_poll_timeout(self->machine.evse, deadline);
}

static int32_t evse_poll_transmit(end_of_cable *self, uint8_t *out, size_t capacity, size_t *length)
{
    return v2g_slac_evse_poll_transmit(self->machine.evse, out, capacity, length);
}

static int32_t evse_take_event(end_of_cable *self, verdict *outcome)
{
    v2g_slac_evse_event event = V2G_SLAC_EVSE_EVENT_INIT;
    if (v2g_slac_evse_poll_event(self->machine.evse, &event) != V2G_OK) {
        return V2G_NONE;
    }
    switch (event.kind) {
    case V2G_SLAC_EVSE_PILOT:
        say("pilot     drive it: %u", (unsigned)event.pilot);
        break;
    case V2G_SLAC_EVSE_FAULT:
        say("fault     %s", event.reason == V2G_SLAC_FAULT_MODEM ? "the modem takes no key" : "no random numbers");
        break;
    case V2G_SLAC_EVSE_READY:
        say("ready     the modem has its key");
        break;
    case V2G_SLAC_EVSE_SOUNDING:
        say("sounding  %s", in_words(event.peer).characters);
        break;
    case V2G_SLAC_EVSE_CHOSEN:
        say("chosen    by %s at %u dB", in_words(event.peer).characters, (unsigned)event.attenuation);
        break;
    case V2G_SLAC_EVSE_LINK_UP:
        memcpy(self->peer, event.peer, sizeof self->peer);
        *outcome = MATCHED;
        break;
    case V2G_SLAC_EVSE_LINK_DOWN:
        say("link down: reason %u", (unsigned)event.reason);
        break;
    case V2G_SLAC_EVSE_FAILED:
        /* Another vehicle may come, or the same one again. */
        say("failed    no vehicle was matched: reason %u", (unsigned)event.reason);
        break;
    default:
        say("event     %u", (unsigned)event.kind);
        break;
    }
    return V2G_OK;
}

static int32_t evse_nid(end_of_cable *self, uint8_t *nid)
{
    return v2g_slac_evse_nid(self->machine.evse, nid);
}

static int32_t evse_terminate(end_of_cable *self, uint64_t now)
{
    return v2g_slac_evse_terminate(self->machine.evse, now);
}

static int32_t evse_deinit(end_of_cable *self)
{
    return v2g_slac_evse_deinit(self->machine.evse);
}

static const role ROLES[] = {
    { "ev", ev_begin, ev_handle_frame, ev_handle_timeout, ev_poll_timeout, ev_poll_transmit, ev_take_event, ev_nid, ev_terminate,
      ev_deinit },
    { "evse", evse_begin, evse_handle_frame, evse_handle_timeout, evse_poll_timeout, evse_poll_transmit, evse_take_event, evse_nid,
      evse_terminate, evse_deinit },
};

/* A socket for HomePlug frames of an interface, whose address goes to `mac`; -1 after a complaint. */
static int open_interface(const char *name, uint8_t mac[6])
{
    struct ifreq request = { .ifr_flags = 0 };
    struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(V2G_SLAC_ETHERTYPE) };
    unsigned index = if_nametoindex(name);
    if (index == 0 || strlen(name) >= sizeof request.ifr_name) {
        return complain(name);
    }
    /* Without a protocol nothing arrives before it is bound to the interface. */
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return complain("open a raw socket, which needs CAP_NET_RAW");
    }
    address.sll_ifindex = (int)index;
    memcpy(request.ifr_name, name, strlen(name) + 1);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0) {
        (void)complain("open the interface for raw packets");
        close(fd);
        return -1;
    }
    memcpy(mac, request.ifr_hwaddr.sa_data, 6);
    return fd;
}

/* Hands in the frames that have come: 0, or -1 if the interface has gone. */
static int receive(end_of_cable *self)
{
    uint8_t frame[2048];
    for (;;) {
        struct sockaddr_ll sender = { .sll_family = AF_PACKET };
        socklen_t size = sizeof sender;
        ssize_t length = recvfrom(self->socket, frame, sizeof frame, 0, (struct sockaddr *)&sender, &size);
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length < 0) {
            return errno == EAGAIN ? 0 : complain("receive frames");
        }
        if (sender.sll_pkttype != PACKET_OUTGOING) {
            int32_t status = self->role->handle_frame(self, host_now(), frame, (size_t)length);
            if (status != V2G_E_SLAC_IGNORED) {
                must(status, "frame");
            }
        }
    }
}

static void transmit(end_of_cable *self)
{
    uint8_t frame[V2G_SLAC_FRAME];
    size_t length;
    while (self->role->poll_transmit(self, frame, sizeof frame, &length) == V2G_OK) {
        ssize_t sent;
        do {
            sent = send(self->socket, frame, length, 0);
        } while (sent < 0 && errno == EINTR);
        if (sent < 0) {
            /* It is lost, as on the line, and sent again if that matters. */
            (void)complain("send a frame");
        }
    }
}

/* Does what can be done now. */
static verdict turn(end_of_cable *self)
{
    verdict outcome = GOING_ON;
    must(self->role->handle_timeout(self, host_now()), "time");
    transmit(self);
    while (outcome == GOING_ON && self->role->take_event(self, &outcome) == V2G_OK) {
    }
    return outcome;
}

/* Waits for a frame, a deadline or a signal: 1 after a signal, else 0; -1 if that cannot go on. */
static int wait_and_take(end_of_cable *self, uint64_t until)
{
    struct pollfd watched[] = { { .fd = self->signals, .events = POLLIN }, { .fd = self->socket, .events = POLLIN } };
    uint64_t deadline = V2G_NEVER;
    must(self->role->poll_timeout(self, &deadline), "deadline");
    if (poll(watched, 2, host_wait(deadline < until ? deadline : until)) < 0) {
        return errno == EINTR ? 0 : complain("wait");
    }
    if (watched[0].revents != 0 && host_signalled(self->signals)) {
        return 1;
    }
    return watched[1].revents != 0 ? receive(self) : 0;
}

/* Tells the modem that the network is left. */
static void leave(end_of_cable *self)
{
    uint64_t until = host_now() + LEAVE_WITHIN, deadline = 0;
    must(self->role->terminate(self, host_now()), "leave");
    do {
        (void)turn(self);
        must(self->role->poll_timeout(self, &deadline), "deadline");
    } while (deadline != V2G_NEVER && host_now() < until && wait_and_take(self, until) == 0);
}

static int match(end_of_cable *self, uint64_t until)
{
    uint8_t nid[V2G_SLAC_NID];
    must(self->role->begin(self, host_now()), "pilot");
    for (;;) {
        verdict outcome = turn(self);
        if (outcome == MATCHED) {
            must(self->role->nid(self, nid), "network");
            say("matched   with %s, NID %02x%02x%02x%02x%02x%02x%02x", in_words(self->peer).characters, nid[0], nid[1], nid[2],
                nid[3], nid[4], nid[5], nid[6]);
            return 0;
        }
        int woken = outcome == GOING_ON && host_now() < until ? wait_and_take(self, until) : 1;
        if (woken != 0) {
            say("not matched");
            leave(self);
            return -1;
        }
    }
}

int main(int argc, char **argv)
{
    static end_of_cable self = { .socket = -1, .signals = -1 };
    static const struct option names[] = { { "timeout", required_argument, NULL, 't' }, { NULL, 0, NULL, 0 } };
    unsigned long seconds = 60;
    int option, is_wrong = 0;
    must(V2G_CHECK(), "library");
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        is_wrong = is_wrong || option != 't' || host_number(optarg, 86400, &seconds) != 0;
    }
    for (size_t i = 0; optind + 2 == argc && i < sizeof ROLES / sizeof *ROLES; i++) {
        if (strcmp(argv[optind], ROLES[i].name) == 0) {
            self.role = &ROLES[i];
        }
    }
    if (is_wrong || self.role == NULL) {
        fprintf(stderr, "usage: %s ev|evse INTERFACE [--timeout SECONDS]\n", argv[0]);
        return 2;
    }
    self.signals = host_signals();
    self.socket = open_interface(argv[optind + 1], self.mac);
    int status = -1;
    if (self.signals >= 0 && self.socket >= 0) {
        status = match(&self, host_now() + seconds * 1000);
        must(self.role->deinit(&self), "end");
        close(self.socket);
        close(self.signals);
    }
    return status == 0 ? 0 : 1;
}
