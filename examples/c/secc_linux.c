/*
 * A charging station on an interface: answers searches, lets one vehicle at a time connect over TLS 1.3, and charges it. The converter
 * is a simulation; what it is told and asked stands in `act` and `measure`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/cable.h"
#include "linux/converter.h"
#include "linux/host.h"
#include "linux/secure.h"
#include "linux/transport.h"

#define KILO 3
/* A peer that takes nothing any more is waited for so long at the end, ms. */
#define GRACE 1000u
/* Longest handshake of TLS, ms. */
#define SECURE_WITHIN 10000u
/* Seconds that a vehicle has to end the session when the station is told to. */
#define NOTICE 10u

typedef struct options {
    const char *interface;
    uint16_t service;
    uint16_t port;
    const char *pki;
    int lab;
    int once;
} options;

typedef struct station {
    cable link;
    int epoll, signals, requests, listener;
    v2g_responder *responder;
    v2g_secc *secc;
    v2g_responder_storage responder_memory;
    v2g_secc_storage secc_memory;
    uint8_t buffer[8192];

    /* Without TLS in it: plain TCP. */
    security secured;
    transport connection;
    uint32_t watched;
    int has_begun, is_closing;
    uint64_t close_by;
    converter plant;

    unsigned sessions, failures;
    int is_leaving;
} station;

static void measure(station *self, uint64_t now)
{
    converter_count(&self->plant, now);
    /* A reading that has never moved is left out: some vehicles do not know it. */
    const uint64_t taken_wh = self->plant.taken / 3600000;
    const v2g_maybe_u64 taken = { .value = taken_wh, .present = taken_wh > 0 ? 1 : 0 };
    must(v2g_secc_report_measurement(self->secc, now, from_milli(self->plant.millivolts),
                                     from_milli(self->plant.milliamperes)),
         "measurement");
    must(v2g_secc_set_meter(self->secc, self->plant.given / 3600000, taken), "meter");
}

static void switch_off(station *self, uint64_t now)
{
    converter_off(&self->plant, now);
    measure(self, now);
    must(v2g_secc_report_contactor(self->secc, now, V2G_CONTACTOR_OPEN), "contactor");
}

static void vehicle_known(const station *self)
{
    uint8_t name[64];
    size_t length = 0;
    if (v2g_secc_vehicle_id(self->secc, name, sizeof name, &length) == V2G_OK) {
        /* It comes from the vehicle, and may contain anything. */
        for (size_t i = 0; i < length; i++) {
            name[i] = name[i] >= 0x20 && name[i] < 0x7F ? name[i] : '?';
        }
        say("event     session with vehicle %.*s", (int)length, (const char *)name);
    }
}

static void act(station *self, uint64_t now, const v2g_secc_event *event)
{
    v2g_secc *secc = self->secc;
    switch (event->kind) {
    case V2G_SECC_SESSION_STARTED:
        vehicle_known(self);
        break;
    case V2G_SECC_AUTHORIZATION_WANTED:
        say("event     authorization wanted: accepted");
        must(v2g_secc_respond_authorization(secc, now, V2G_AUTHORIZATION_ACCEPTED), "authorization");
        break;
    case V2G_SECC_SERVICE_SELECTED:
        say("event     service %u selected, control mode %u", event->data.selection.service,
            event->data.selection.parameters.control_mode);
        break;
    case V2G_SECC_VEHICLE_LIMITS:
        say("event     the vehicle has said its limits");
        break;
    case V2G_SECC_ISOLATION_TEST:
        say("event     isolation test: valid");
        must(v2g_secc_respond_isolation(secc, now, 1), "isolation");
        break;
    case V2G_SECC_PRE_CHARGE:
        converter_hold(&self->plant, now, milli(event->data.voltage));
        say("event     pre-charge to %.1f V", (double)self->plant.millivolts / 1000);
        measure(self, now);
        break;
    case V2G_SECC_CLOSE_CONTACTOR:
        say("event     contactors close");
        must(v2g_secc_report_contactor(secc, now, V2G_CONTACTOR_CLOSED), "contactor");
        break;
    case V2G_SECC_OUTPUT:
        converter_follow(&self->plant, now, &event->data.output);
        say("event     output %.1f A, %.1f W", (double)self->plant.milliamperes / 1000,
            (double)milli(event->data.output.power) / 1000);
        measure(self, now);
        break;
    case V2G_SECC_VEHICLE_STATUS:
        /* The battery holds the voltage of the outlet. */
        if (event->data.status.voltage.present && self->plant.millivolts != 0) {
            converter_hold(&self->plant, now, milli(event->data.status.voltage));
        }
        break;
    case V2G_SECC_OPEN_CONTACTOR:
        say("event     contactors open");
        switch_off(self, now);
        break;
    case V2G_SECC_POWER_OFF:
        say("event     power off");
        switch_off(self, now);
        break;
    case V2G_SECC_OVERDUE:
        say("event     not done in time: timer %u", (unsigned)event->data.timer);
        break;
    case V2G_SECC_ENDED:
        self->failures += event->data.end.is_ok ? 0 : 1;
        say_end(&event->data.end);
        break;
    case V2G_SECC_CLOSE:
        self->is_closing = 1;
        self->close_by = now + GRACE;
        break;
    default:
        say("event     %u", (unsigned)event->kind);
        break;
    }
}

static void close_connection(station *self)
{
    const converter *plant = &self->plant;
    if (self->connection.fd >= 0) {
        (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, self->connection.fd, NULL);
    }
    transport_close(&self->connection);
    say("closed    %.1f Wh given, %.1f Wh taken", (double)plant->given / 3.6e6, (double)plant->taken / 3.6e6);
}

static void begin_session(station *self, uint64_t now)
{
    uint8_t session[8], challenge[16];
    if (host_random(NULL, session, sizeof session) != 0 || host_random(NULL, challenge, sizeof challenge) != 0) {
        (void)complain("get random numbers");
        self->failures++;
        close_connection(self);
        return;
    }
    const v2g_connection connection = transport_connection(&self->connection);
    self->has_begun = 1;
    self->close_by = V2G_NEVER;
    must(v2g_secc_start(self->secc, now, &connection, session, challenge), "start");
}

/* One step towards a session: 1 if there may be more to do at once. */
static int step_before(station *self, uint64_t now)
{
    const transport *connection = &self->connection;
    if (connection->state == TRANSPORT_OPEN) {
        begin_session(self, now);
        return 1;
    }
    if (connection->state == TRANSPORT_SECURING && now < self->close_by) {
        return transport_move(&self->connection);
    }
    say("event     no TLS %s", now < self->close_by ? "with this vehicle" : "in time");
    self->failures++;
    close_connection(self);
    return 0;
}

/* One step of the session: 1 if there may be more to do at once. */
static int step(station *self, uint64_t now)
{
    transport *connection = &self->connection;
    v2g_transmit sent = V2G_TRANSMIT_INIT;
    v2g_secc_event event = V2G_SECC_EVENT_INIT;
    v2g_received received = V2G_RECEIVED_INIT;
    uint64_t deadline = V2G_NEVER;
    size_t length;

    if (v2g_secc_poll_event(self->secc, &event) == V2G_OK) {
        act(self, now, &event);
        return 1;
    }
    if (transport_is_idle(connection)) {
        int32_t status = v2g_secc_poll_transmit(self->secc, now, connection->out.at, sizeof connection->out.at, &sent);
        must(status, "frame");
        if (status == V2G_OK) {
            say_message("sent", sent.kind);
            transport_send(connection, sent.length);
            return 1;
        }
    }
    must(v2g_secc_poll_timeout(self->secc, &deadline), "deadline");
    if (deadline <= now) {
        must(v2g_secc_handle_timeout(self->secc, now), "time");
        return 1;
    }
    if (self->is_closing) {
        (void)transport_move(connection);
        if (connection->state != TRANSPORT_OPEN || transport_is_idle(connection) || self->close_by <= now) {
            close_connection(self);
        }
        return 0;
    }
    const uint8_t *bytes = transport_peek(connection, &length);
    if (length > 0 && transport_is_idle(connection)) {
        measure(self, now);
        must(v2g_secc_handle_input(self->secc, now, bytes, length, &received), "input");
        transport_consume(connection, received.consumed);
        if (received.payload_type != 0) {
            say_message("received", received.kind);
        }
        return 1;
    }
    if (connection->state != TRANSPORT_OPEN) {
        say("event     the vehicle %s", connection->state == TRANSPORT_PEER_CLOSED ? "has closed the connection" : "is gone");
        must(v2g_secc_handle_disconnect(self->secc, now), "disconnect");
        self->is_closing = 1;
        return 1;
    }
    return transport_move(connection);
}

/* Watches for what the connection waits for. */
static int watch(station *self)
{
    uint32_t wanted = transport_wants(&self->connection);
    struct epoll_event event = { .events = wanted, .data.fd = self->connection.fd };
    if (self->connection.state == TRANSPORT_CLOSED || wanted == self->watched) {
        return 0;
    }
    self->watched = wanted;
    return epoll_ctl(self->epoll, EPOLL_CTL_MOD, self->connection.fd, &event) == 0 ? 0 : complain("watch a connection");
}

static void let_in(station *self, int fd)
{
    uint64_t now = host_now();
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        (void)complain("watch a connection");
        close(fd);
        return;
    }
    self->watched = EPOLLIN;
    self->has_begun = self->is_closing = 0;
    self->close_by = now + SECURE_WITHIN;
    self->plant = (converter){ .since = now };
    self->sessions++;
    transport_open(&self->connection, fd, self->secured.tls != NULL ? &self->secured : NULL);
    say("connected");
}

static int accept_vehicle(station *self)
{
    int fd;
    while ((fd = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (self->connection.state != TRANSPORT_CLOSED || self->is_leaving) {
            say("refused   another connection: a cable has one vehicle");
            close(fd);
        } else {
            let_in(self, fd);
        }
    }
    /* A vehicle that is gone before it was let in is not the station's business. */
    return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : complain("accept a connection");
}

static void answer_searches(station *self)
{
    uint8_t datagram[512];
    v2g_address peer;
    size_t length;
    int received;
    while ((received = cable_receive(&self->link, self->requests, datagram, sizeof datagram, &peer)) >= 0) {
        /* What is ignored is ignored for a reason that the vehicle has to mend. */
        int32_t status = v2g_responder_handle_input(self->responder, host_now(), &peer, datagram, (size_t)received);
        say("search    %s", status == V2G_OK ? "answered" : v2g_status_str(status));
        while (v2g_responder_poll_transmit(self->responder, datagram, sizeof datagram, &length, &peer) == V2G_OK) {
            cable_send(&self->link, self->requests, datagram, length, &peer);
        }
    }
}

static void interrupt(station *self)
{
    uint64_t now = host_now();
    int is_second = self->is_leaving;
    self->is_leaving = 1;
    if (self->connection.state == TRANSPORT_CLOSED) {
        return;
    }
    say("event     %s", is_second ? "emergency stop" : "stop");
    if (!self->has_begun) {
        self->failures++;
        close_connection(self);
    } else if (is_second) {
        must(v2g_secc_emergency_stop(self->secc, now), "emergency stop");
    } else {
        must(v2g_secc_stop(self->secc, now, NOTICE), "stop");
    }
}

static int watch_socket(const station *self, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : complain("watch a socket");
}

/* Waits for something, and takes it: 0, or -1 if that cannot go on. */
static int wait_and_take(station *self)
{
    struct epoll_event events[4];
    uint64_t deadline = V2G_NEVER;
    if (self->connection.state != TRANSPORT_CLOSED) {
        if (self->has_begun) {
            must(v2g_secc_poll_timeout(self->secc, &deadline), "deadline");
        }
        deadline = self->close_by < deadline ? self->close_by : deadline;
    }
    int count = epoll_wait(self->epoll, events, 4, host_wait(deadline));
    if (count < 0) {
        return errno == EINTR ? 0 : complain("wait");
    }
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        if (fd == self->signals && host_signalled(fd)) {
            interrupt(self);
        } else if (fd == self->requests) {
            answer_searches(self);
        } else if (fd == self->listener && accept_vehicle(self) != 0) {
            return -1;
        }
    }
    return 0;
}

static int serve(station *self, int once)
{
    while (!(self->connection.state == TRANSPORT_CLOSED && (self->is_leaving || (once && self->sessions > 0)))) {
        if (wait_and_take(self) != 0) {
            return -1;
        }
        while (self->connection.state != TRANSPORT_CLOSED &&
               (self->has_begun ? step(self, host_now()) : step_before(self, host_now()))) {
        }
        if (watch(self) != 0) {
            return -1;
        }
    }
    return 0;
}

static void configure(station *self, uint16_t service)
{
    static const v2g_parameters sets[] = {
        { .id = 1, .control_mode = V2G_CONTROL_DYNAMIC },
        { .id = 2, .control_mode = V2G_CONTROL_SCHEDULED },
    };
    const v2g_offer offers[] = { { .service = service, .set_count = 2, .sets = sets } };
    v2g_secc_config config = V2G_SECC_CONFIG_INIT;
    config.evse_id = V2G_STR("DE*V2G*E1");
    config.meter_id = V2G_STR("M1");
    config.offers = offers;
    config.offer_count = 1;
    config.buffer = self->buffer;
    config.buffer_size = sizeof self->buffer;
    must(v2g_secc_init(&self->secc_memory, sizeof self->secc_memory, &config, &self->secc), "station");

    int is_both_ways = service == V2G_SERVICE_DC_BPT;
    v2g_dc_limits limits = V2G_DC_LIMITS_INIT;
    limits.charge = (v2g_flow_limits){ .max_power = V2G_NUMBER(50, KILO), .max_current = V2G_NUMBER(125, 0) };
    limits.discharge = limits.charge;
    limits.has_discharge = is_both_ways ? 1 : 0;
    limits.max_voltage = v2g_number_of(920, 0);
    limits.min_voltage = v2g_number_of(150, 0);
    must(v2g_secc_set_dc_limits(self->secc, &limits), "limits");
    /* Where the station plans, a vehicle that may give gives. */
    must(v2g_secc_set_grid_permit(self->secc, v2g_number_of(50, KILO), v2g_number_of(50, KILO)), "permit");
    must(v2g_secc_set_dispatch(self->secc, v2g_number_of(is_both_ways ? -5 : 11, KILO)), "dispatch");
}

static int listen_on(station *self, const options *given)
{
    v2g_responder_config config = V2G_RESPONDER_CONFIG_INIT;
    uint16_t port = 0;
    if (cable_find(&self->link, given->interface) != 0) {
        return -1;
    }
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->signals = host_signals();
    self->requests = cable_responder_socket(&self->link);
    self->listener = cable_listener(&self->link, given->port, &port);
    if (self->epoll < 0 || self->signals < 0 || self->requests < 0 || self->listener < 0 ||
        watch_socket(self, self->signals) != 0 || watch_socket(self, self->requests) != 0 ||
        watch_socket(self, self->listener) != 0) {
        return -1;
    }
    config.scope_id = cable_scope(&self->link);
    must(v2g_responder_init(&self->responder_memory, sizeof self->responder_memory, &config, &self->responder), "responder");
    const v2g_address own = cable_own(&self->link, port);
    must(v2g_responder_listen(self->responder, self->secured.tls != NULL ? &own : NULL, self->secured.tls != NULL ? NULL : &own), "responder");
    must(v2g_responder_set_link(self->responder, 1), "responder");
    say("listening on %s, %s port %u", given->interface, self->secured.tls != NULL ? "TLS" : "TCP", port);
    return 0;
}

static void leave(station *self)
{
    const int sockets[] = { self->listener, self->requests, self->signals, self->epoll };
    if (self->connection.state != TRANSPORT_CLOSED && self->has_begun) {
        /* Something has failed in the middle of a session: what is live goes off first. */
        v2g_secc_event event = V2G_SECC_EVENT_INIT;
        must(v2g_secc_handle_disconnect(self->secc, host_now()), "disconnect");
        while (v2g_secc_poll_event(self->secc, &event) == V2G_OK) {
            act(self, host_now(), &event);
        }
    }
    if (self->connection.state != TRANSPORT_CLOSED) {
        close_connection(self);
    }
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        if (sockets[i] >= 0) {
            close(sockets[i]);
        }
    }
    if (self->responder != NULL) {
        must(v2g_responder_deinit(self->responder), "end of the responder");
    }
    must(v2g_secc_deinit(self->secc), "end of the station");
    secure_free(&self->secured);
}

static int read_options(int argc, char **argv, options *given)
{
    static const struct option names[] = {
        { "lab", no_argument, NULL, 'l' },        { "once", no_argument, NULL, 'o' },
        { "pki", required_argument, NULL, 'k' },  { "port", required_argument, NULL, 'p' },
        { "service", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 },
    };
    unsigned long port = 0;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'l') {
            given->lab = 1;
        } else if (option == 'o') {
            given->once = 1;
        } else if (option == 'k') {
            given->pki = optarg;
        } else if (option == 'p' && host_number(optarg, UINT16_MAX, &port) == 0 && port != 0) {
            given->port = (uint16_t)port;
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
    static station self = { .epoll = -1, .signals = -1, .requests = -1, .listener = -1, .connection.fd = -1 };
    options given = { .service = V2G_SERVICE_DC_BPT };
    must(V2G_CHECK(), "library");
    if (read_options(argc, argv, &given) != 0) {
        fprintf(stderr, "usage: %s INTERFACE [--pki FOLDER] [--lab] [--once] [--port N] [--service dc|dc-bpt]\n", argv[0]);
        return 2;
    }
    if (given.pki == NULL && !given.lab) {
        fprintf(stderr, "ISO 15118-20 needs TLS, and that a folder of keys and certificates: --pki FOLDER. In a laboratory, --lab "
                        "alone allows plain TCP, and with --pki what deployed vehicles have: P-256\n");
        return 2;
    }
    if (given.pki != NULL && secure_station(&self.secured, given.pki, given.lab ? V2G_TLS_LAB : V2G_TLS_STRICT) != 0) {
        return 1;
    }
    configure(&self, given.service);
    int status = listen_on(&self, &given);
    if (status == 0) {
        status = serve(&self, given.once);
    }
    leave(&self);
    say("%u sessions, %u of them ended badly", self.sessions, self.failures);
    return status == 0 && self.sessions > 0 && self.failures == 0 ? 0 : 1;
}
