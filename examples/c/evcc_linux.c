/*
 * A vehicle on an interface: searches for the charger, connects over TLS 1.3, charges for some rounds of the loop, and stops. The
 * battery is a simulation; what it is told and asked stands in `act`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "linux/cable.h"
#include "linux/host.h"
#include "linux/secure.h"
#include "linux/transport.h"

#define KILO 3
/* Longest wait for the connection, for TLS on it, and for a charger that takes nothing any more at the end, ms. */
#define CONNECT_WITHIN 5000u
#define SECURE_WITHIN 10000u
#define GRACE 1000u
/* Voltage of the battery, V. */
#define BATTERY 400

typedef struct options {
    const char *interface;
    uint16_t service;
    uint32_t rounds;
    const char *pki;
    int lab;
} options;

typedef struct vehicle {
    cable link;
    int signals;
    v2g_evcc *evcc;
    v2g_evcc_storage evcc_memory;
    uint8_t buffer[8192];

    /* Without TLS in it: plain TCP. */
    security secured;
    transport connection;
    int is_closing;
    uint64_t close_by;
    uint32_t rounds_left;
    int is_leaving;
    v2g_end end;
} vehicle;

/* Sleeps until a socket has events, a signal has come or the time is over: 1 if the socket has, 2 after a signal, else 0; -1 if that
   cannot go on. */
static int sleep_for(const vehicle *self, int fd, short events, uint64_t deadline)
{
    struct pollfd watched[] = { { .fd = self->signals, .events = POLLIN }, { .fd = fd, .events = events } };
    if (poll(watched, 2, host_wait(deadline)) < 0) {
        return errno == EINTR ? 0 : complain("wait");
    }
    if (watched[0].revents != 0 && host_signalled(self->signals)) {
        return 2;
    }
    return watched[1].revents != 0;
}

/* Sends what is due, takes what has come: V2G_OK with an event, else V2G_NONE. */
static int32_t search_step(const vehicle *self, v2g_discovery *discovery, int fd, v2g_discovery_event *event)
{
    uint8_t datagram[512];
    v2g_address peer;
    size_t length;
    int received;
    while ((received = cable_receive(&self->link, fd, datagram, sizeof datagram, &peer)) >= 0) {
        /* What is no answer is ignored: the search goes on. */
        (void)v2g_discovery_handle_input(discovery, host_now(), &peer, datagram, (size_t)received);
    }
    must(v2g_discovery_handle_timeout(discovery, host_now()), "time");
    while (v2g_discovery_poll_transmit(discovery, datagram, sizeof datagram, &length, &peer) == V2G_OK) {
        say("search    request");
        cable_send(&self->link, fd, datagram, length, &peer);
    }
    return v2g_discovery_poll_event(discovery, event);
}

static uint32_t security_of(const vehicle *self)
{
    return self->secured.tls != NULL ? V2G_SECURITY_TLS : V2G_SECURITY_PLAIN;
}

static int search_with(const vehicle *self, v2g_discovery *discovery, int fd, v2g_address *charger)
{
    int is_found = 0;
    must(v2g_discovery_start(discovery, host_now()), "search");
    for (;;) {
        v2g_discovery_event event = V2G_DISCOVERY_EVENT_INIT;
        uint64_t deadline = V2G_NEVER;
        if (search_step(self, discovery, fd, &event) == V2G_OK) {
            if (event.kind == V2G_DISCOVERY_FOUND && event.first.security == security_of(self)) {
                say("search    found a charger at port %u", event.first.address.port);
                *charger = event.first.address;
                is_found = 1;
                continue;
            }
            if (event.kind == V2G_DISCOVERY_FOUND) {
                say("search    the charger %s", self->secured.tls != NULL ? "has no TLS" : "wants TLS");
            } else if (event.kind == V2G_DISCOVERY_CONFLICT) {
                say("search    two chargers answered: the link reaches further than the cable");
            } else {
                say("search    no charger answered any of %u requests", (unsigned)event.requests);
            }
            return -1;
        }
        must(v2g_discovery_poll_timeout(discovery, &deadline), "deadline");
        if (is_found && deadline == V2G_NEVER) {
            return 0;
        }
        int woken = sleep_for(self, fd, POLLIN, deadline);
        if (woken < 0 || woken == 2) {
            return -1;
        }
    }
}

static int search(const vehicle *self, v2g_address *charger)
{
    v2g_discovery_storage memory;
    v2g_discovery *discovery = NULL;
    v2g_discovery_config config = V2G_DISCOVERY_CONFIG_INIT;
    int fd = cable_discovery_socket(&self->link);
    if (fd < 0) {
        return -1;
    }
    config.scope_id = cable_scope(&self->link);
    config.security = security_of(self);
    must(v2g_discovery_init(&memory, sizeof memory, &config, &discovery), "search");
    int status = search_with(self, discovery, fd, charger);
    must(v2g_discovery_deinit(discovery), "end of the search");
    close(fd);
    return status;
}

static int connect_to(vehicle *self, const v2g_address *charger)
{
    uint64_t give_up = host_now() + CONNECT_WITHIN;
    int woken = 0;
    int fd = cable_connect(&self->link, charger);
    if (fd < 0) {
        return -1;
    }
    while (woken == 0 && host_now() < give_up) {
        woken = sleep_for(self, fd, POLLOUT, give_up);
    }
    if (woken == 0) {
        fprintf(stderr, "the charger does not answer\n");
    }
    if (woken != 1 || cable_connected(fd) != 0) {
        close(fd);
        return -1;
    }
    transport_open(&self->connection, fd, self->secured.tls != NULL ? &self->secured : NULL);
    say("connected");
    return 0;
}

/* Waits for TLS: 0 once there is a connection that a session may go over. */
static int secure(vehicle *self)
{
    transport *connection = &self->connection;
    uint64_t give_up = host_now() + SECURE_WITHIN;
    while (connection->state == TRANSPORT_SECURING && host_now() < give_up) {
        if (transport_move(connection)) {
            continue;
        }
        int woken = sleep_for(self, connection->fd, (short)transport_wants(connection), give_up);
        if (woken < 0 || woken == 2) {
            return -1;
        }
    }
    if (connection->state != TRANSPORT_OPEN) {
        say("event     no TLS %s", host_now() < give_up ? "with this charger" : "in time");
        return -1;
    }
    return 0;
}

static void act(vehicle *self, uint64_t now, const v2g_evcc_event *event)
{
    v2g_evcc *evcc = self->evcc;
    switch (event->kind) {
    case V2G_EVCC_SESSION_STARTED:
        say("event     there is a session");
        break;
    case V2G_EVCC_SERVICE_SELECTED:
        say("event     service %u selected, control mode %u", event->data.selection.service,
            event->data.selection.parameters.control_mode);
        break;
    case V2G_EVCC_STATION_LIMITS:
        say("event     the charger has said its limits");
        break;
    case V2G_EVCC_SCHEDULED:
        say("event     the schedules are known");
        break;
    case V2G_EVCC_CABLE_CHECK:
        say("event     the charger tests the isolation");
        break;
    case V2G_EVCC_PRE_CHARGE:
        say("event     pre-charge");
        must(v2g_evcc_report_measurement(evcc, now, v2g_number_of(BATTERY, 0), v2g_number_none()), "measurement");
        break;
    case V2G_EVCC_CLOSE_CONTACTOR:
        say("event     contactors close");
        must(v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_CLOSED), "contactor");
        break;
    case V2G_EVCC_REQUEST_POWER:
        say("event     control pilot to state C");
        break;
    case V2G_EVCC_STATION_STATUS:
        /* The battery has instruments of its own; the simulated one takes over what the charger measures. */
        must(v2g_evcc_report_measurement(evcc, now, v2g_number_of(BATTERY, 0), event->data.status.current), "measurement");
        if (self->rounds_left > 0 && --self->rounds_left == 0) {
            say("event     enough: stop");
            must(v2g_evcc_stop(evcc, now), "stop");
        }
        break;
    case V2G_EVCC_OPEN_CONTACTOR:
    case V2G_EVCC_POWER_OFF:
        say("event     %s", event->kind == V2G_EVCC_POWER_OFF ? "power off" : "contactors open");
        must(v2g_evcc_report_measurement(evcc, now, v2g_number_none(), v2g_number_none()), "measurement");
        must(v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_OPEN), "contactor");
        break;
    case V2G_EVCC_NOTIFIED:
        say("event     the charger wants something: notification %u", (unsigned)event->data.notification.kind);
        break;
    case V2G_EVCC_ENDED:
        self->end = event->data.end;
        say_end(&self->end);
        break;
    case V2G_EVCC_CLOSE:
        self->is_closing = 1;
        self->close_by = now + GRACE;
        break;
    default:
        say("event     %u", (unsigned)event->kind);
        break;
    }
}

/* One step of the session: 1 if there may be more to do at once. */
static int step(vehicle *self, uint64_t now)
{
    transport *connection = &self->connection;
    v2g_transmit sent = V2G_TRANSMIT_INIT;
    v2g_evcc_event event = V2G_EVCC_EVENT_INIT;
    v2g_received received = V2G_RECEIVED_INIT;
    uint64_t deadline = V2G_NEVER;
    size_t length;

    if (v2g_evcc_poll_event(self->evcc, &event) == V2G_OK) {
        act(self, now, &event);
        return 1;
    }
    if (transport_is_idle(connection)) {
        int32_t status = v2g_evcc_poll_transmit(self->evcc, now, connection->out.at, sizeof connection->out.at, &sent);
        must(status, "frame");
        if (status == V2G_OK) {
            say_message("sent", sent.kind);
            transport_send(connection, sent.length);
            return 1;
        }
    }
    must(v2g_evcc_poll_timeout(self->evcc, &deadline), "deadline");
    if (deadline <= now) {
        must(v2g_evcc_handle_timeout(self->evcc, now), "time");
        return 1;
    }
    if (self->is_closing) {
        (void)transport_move(connection);
        if (connection->state != TRANSPORT_OPEN || transport_is_idle(connection) || self->close_by <= now) {
            transport_close(connection);
        }
        return 0;
    }
    const uint8_t *bytes = transport_peek(connection, &length);
    if (length > 0) {
        must(v2g_evcc_handle_input(self->evcc, now, bytes, length, &received), "input");
        transport_consume(connection, received.consumed);
        if (received.payload_type != 0) {
            say_message("received", received.kind);
        }
        return 1;
    }
    if (connection->state != TRANSPORT_OPEN) {
        say("event     the charger %s", connection->state == TRANSPORT_PEER_CLOSED ? "has closed the connection" : "is gone");
        must(v2g_evcc_handle_disconnect(self->evcc, now), "disconnect");
        self->is_closing = 1;
        return 1;
    }
    return transport_move(connection);
}

/* Somebody wants the program to end: in good order, and if that takes too long, at once. */
static void interrupt(vehicle *self)
{
    uint64_t now = host_now();
    say("event     %s", self->is_leaving ? "emergency stop" : "stop");
    if (self->is_leaving) {
        must(v2g_evcc_emergency_stop(self->evcc, now), "emergency stop");
    } else {
        must(v2g_evcc_stop(self->evcc, now), "stop");
    }
    self->is_leaving = 1;
}

/* Something has failed in the middle of the session: what is live goes off. */
static void abandon(vehicle *self)
{
    v2g_evcc_event event = V2G_EVCC_EVENT_INIT;
    must(v2g_evcc_handle_disconnect(self->evcc, host_now()), "disconnect");
    while (v2g_evcc_poll_event(self->evcc, &event) == V2G_OK) {
        act(self, host_now(), &event);
    }
}

static int charge(vehicle *self)
{
    const v2g_connection connection = transport_connection(&self->connection);
    self->close_by = V2G_NEVER;
    must(v2g_evcc_start(self->evcc, host_now(), &connection), "start");
    for (;;) {
        uint64_t deadline = V2G_NEVER;
        while (self->connection.state != TRANSPORT_CLOSED && step(self, host_now())) {
        }
        if (self->connection.state == TRANSPORT_CLOSED) {
            return self->end.is_ok ? 0 : -1;
        }
        must(v2g_evcc_poll_timeout(self->evcc, &deadline), "deadline");
        deadline = self->close_by < deadline ? self->close_by : deadline;
        int woken = sleep_for(self, self->connection.fd, (short)transport_wants(&self->connection), deadline);
        if (woken < 0) {
            abandon(self);
            return -1;
        }
        if (woken == 2) {
            interrupt(self);
        }
    }
}

static void configure(vehicle *self, uint16_t service)
{
    const v2g_wish wishes[] = {
        { .service = service, .control_mode = V2G_CONTROL_DYNAMIC },
        { .service = service, .control_mode = V2G_CONTROL_SCHEDULED },
    };
    v2g_evcc_config config = V2G_EVCC_CONFIG_INIT;
    /* A charger compares it with the certificate. */
    const char *name = self->secured.tls != NULL && self->secured.profile == V2G_TLS_STRICT ? self->secured.name : "WMIV1234567890ABC";
    config.evcc_id = (v2g_str){ .data = name, .length = strlen(name) };
    config.wishes = wishes;
    config.wish_count = 2;
    config.buffer = self->buffer;
    config.buffer_size = sizeof self->buffer;
    must(v2g_evcc_init(&self->evcc_memory, sizeof self->evcc_memory, &config, &self->evcc), "vehicle");

    v2g_dc_limits limits = V2G_DC_LIMITS_INIT;
    limits.charge = (v2g_flow_limits){ .max_power = V2G_NUMBER(50, KILO), .max_current = V2G_NUMBER(125, 0) };
    limits.discharge = (v2g_flow_limits){ .max_power = V2G_NUMBER(11, KILO), .max_current = V2G_NUMBER(30, 0) };
    limits.has_discharge = service == V2G_SERVICE_DC_BPT ? 1 : 0;
    limits.max_voltage = v2g_number_of(460, 0);
    limits.min_voltage = v2g_number_of(300, 0);
    must(v2g_evcc_set_dc_limits(self->evcc, &limits), "limits");
    must(v2g_evcc_set_dc_demand(self->evcc, v2g_number_of(BATTERY, 0), v2g_number_of(410, 0), v2g_number_of(20, 0)), "demand");
    must(v2g_evcc_set_discharge_permit(self->evcc, limits.has_discharge), "permit");

    v2g_needs needs = V2G_NEEDS_INIT;
    needs.departure_time = 3600;
    needs.target_energy = v2g_number_of(10, KILO);
    needs.max_energy = v2g_number_of(30, KILO);
    needs.min_energy = v2g_number_of(-20, KILO);
    needs.present_soc = v2g_number_of(55, 0);
    must(v2g_evcc_set_needs(self->evcc, &needs), "needs");
}

static int read_options(int argc, char **argv, options *given)
{
    static const struct option names[] = {
        { "lab", no_argument, NULL, 'l' },
        { "loops", required_argument, NULL, 'n' },
        { "pki", required_argument, NULL, 'k' },
        { "service", required_argument, NULL, 's' },
        { NULL, 0, NULL, 0 },
    };
    unsigned long rounds = 0;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'l') {
            given->lab = 1;
        } else if (option == 'k') {
            given->pki = optarg;
        } else if (option == 'n' && host_number(optarg, UINT32_MAX, &rounds) == 0 && rounds != 0) {
            given->rounds = (uint32_t)rounds;
        } else if (option == 's' && strcmp(optarg, "dc") == 0) {
            given->service = V2G_SERVICE_DC;
        } else if (option == 's' && strcmp(optarg, "dc-bpt") == 0) {
            given->service = V2G_SERVICE_DC_BPT;
        } else {
            return -1;
        }
    }
    if (optind + 1 != argc) {
        return -1;
    }
    given->interface = argv[optind];
    return 0;
}

int main(int argc, char **argv)
{
    static vehicle self = { .signals = -1, .connection.fd = -1 };
    options given = { .service = V2G_SERVICE_DC_BPT, .rounds = 10 };
    v2g_address charger;
    must(V2G_CHECK(), "library");
    if (read_options(argc, argv, &given) != 0) {
        fprintf(stderr, "usage: %s INTERFACE [--pki FOLDER] [--lab] [--loops N] [--service dc|dc-bpt]\n", argv[0]);
        return 2;
    }
    if (given.pki == NULL && !given.lab) {
        fprintf(stderr, "ISO 15118-20 needs TLS, and that a folder of keys and certificates: --pki FOLDER. In a laboratory, --lab "
                        "alone allows plain TCP, and with --pki what deployed chargers have: P-256\n");
        return 2;
    }
    if (given.pki != NULL && secure_vehicle(&self.secured, given.pki, given.lab ? V2G_TLS_LAB : V2G_TLS_STRICT) != 0) {
        return 1;
    }
    configure(&self, given.service);
    self.rounds_left = given.rounds;
    self.signals = host_signals();
    int status = self.signals >= 0 ? cable_find(&self.link, given.interface) : -1;
    if (status == 0) {
        status = search(&self, &charger);
    }
    if (status == 0) {
        status = connect_to(&self, &charger);
    }
    if (status == 0) {
        status = secure(&self);
    }
    if (status == 0) {
        status = charge(&self);
    }
    transport_close(&self.connection);
    if (self.signals >= 0) {
        close(self.signals);
    }
    must(v2g_evcc_deinit(self.evcc), "end of the vehicle");
    secure_free(&self.secured);
    return status == 0 ? 0 : 1;
}
