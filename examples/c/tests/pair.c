/*
 * Whole sessions of charger and vehicle under virtual time, each in a thread of its own with handles of its own; without threads
 * if the program is built without them (-DALONE).
 */
#include "handles.h"

#ifndef ALONE
#include <pthread.h>
#endif

#define THREADS 4
#define SESSIONS 20

void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    fprintf(stderr, "panic in %.*s:%u\n", (int)length, file, (unsigned)line);
    abort();
}

typedef struct side {
    uint8_t frame[4096];
    size_t length;
} side;

/* What an engine has let one see. */
typedef struct seen {
    v2g_secc *secc;
    v2g_evcc *evcc;
    int sent, received, ended;
} seen;

static void trace(void *user, const v2g_trace_record *record)
{
    seen *so_far = user;
    EXPECT(record->size >= sizeof *record);
    switch (record->event) {
    case V2G_TRACE_SENT:
    case V2G_TRACE_RECEIVED:
        EXPECT(v2g_message_name(record->message).length > 0 && record->stream == V2G_STREAM_MAIN);
        EXPECT(record->stage >= V2G_STAGE_NEGOTIATION && record->stage <= V2G_STAGE_ENDED);
        /* Requests have no code; every answer here is good. */
        EXPECT((record->response_code == 0) == (record->message % 2 == 1));
        so_far->sent += record->event == V2G_TRACE_SENT;
        so_far->received += record->event == V2G_TRACE_RECEIVED;
        break;
    case V2G_TRACE_ENDED:
        EXPECT(record->cause == V2G_CAUSE_TERMINATED);
        so_far->ended++;
        break;
    default:
        EXPECT(record->event == V2G_TRACE_EXPIRED && record->timer != 0);
    }
    /* Inside a call the engine is busy. */
    EXPECT(so_far->secc == NULL || v2g_secc_handle_timeout(so_far->secc, record->at_ms) == V2G_E_BUSY);
    EXPECT(so_far->evcc == NULL || v2g_evcc_handle_timeout(so_far->evcc, record->at_ms) == V2G_E_BUSY);
}

static void prepare(v2g_secc *secc, v2g_evcc *evcc)
{
    v2g_dc_limits limits = V2G_DC_LIMITS_INIT;
    limits.charge = (v2g_flow_limits){ .max_power = V2G_NUMBER(22, 3), .max_current = V2G_NUMBER(60, 0) };
    limits.discharge = limits.charge;
    limits.has_discharge = 1;
    limits.max_voltage = v2g_number_of(500, 0);
    limits.min_voltage = v2g_number_of(200, 0);
    EXPECT(v2g_secc_set_dc_limits(secc, &limits) == V2G_OK);
    EXPECT(v2g_evcc_set_dc_limits(evcc, &limits) == V2G_OK);
    EXPECT(v2g_secc_set_grid_permit(secc, v2g_number_of(22, 3), v2g_number_of(22, 3)) == V2G_OK);
    EXPECT(v2g_secc_set_dispatch(secc, v2g_number_of(-5, 3)) == V2G_OK);
    EXPECT(v2g_evcc_set_discharge_permit(evcc, 1) == V2G_OK);
    EXPECT(v2g_evcc_set_dc_demand(evcc, v2g_number_of(400, 0), v2g_number_none(), v2g_number_none()) == V2G_OK);
    v2g_needs needs = V2G_NEEDS_INIT;
    needs.departure_time = 3600;
    needs.target_energy = v2g_number_of(10, 3);
    needs.max_energy = v2g_number_of(30, 3);
    needs.min_energy = v2g_number_of(-20, 3);
    needs.present_soc = v2g_number_of(55, 0);
    EXPECT(v2g_evcc_set_needs(evcc, &needs) == V2G_OK);
}

static int station_acts(v2g_secc *secc, uint64_t now, const v2g_secc_event *event, v2g_number *voltage)
{
    switch (event->kind) {
    case V2G_SECC_AUTHORIZATION_WANTED:
        return v2g_secc_respond_authorization(secc, now, V2G_AUTHORIZATION_ACCEPTED);
    case V2G_SECC_ISOLATION_TEST:
        return v2g_secc_respond_isolation(secc, now, 1);
    case V2G_SECC_PRE_CHARGE:
        *voltage = event->data.voltage;
        return v2g_secc_report_measurement(secc, now, *voltage, v2g_number_none());
    case V2G_SECC_CLOSE_CONTACTOR:
        return v2g_secc_report_contactor(secc, now, V2G_CONTACTOR_CLOSED);
    case V2G_SECC_OUTPUT: {
        int flows = event->data.output.power.value != 0;
        return v2g_secc_report_measurement(secc, now, *voltage, v2g_number_of(flows ? -12 : 0, 0));
    }
    case V2G_SECC_POWER_OFF:
    case V2G_SECC_OPEN_CONTACTOR:
        *voltage = v2g_number_none();
        EXPECT(v2g_secc_report_contactor(secc, now, V2G_CONTACTOR_OPEN) == V2G_OK);
        return v2g_secc_report_measurement(secc, now, *voltage, v2g_number_none());
    case V2G_SECC_ENDED:
        EXPECT(event->data.end.is_ok);
        return V2G_OK;
    default:
        return V2G_OK;
    }
}

static int vehicle_acts(v2g_evcc *evcc, uint64_t now, const v2g_evcc_event *event, int *rounds)
{
    switch (event->kind) {
    case V2G_EVCC_PRE_CHARGE:
        return v2g_evcc_report_measurement(evcc, now, v2g_number_of(400, 0), v2g_number_none());
    case V2G_EVCC_CLOSE_CONTACTOR:
        return v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_CLOSED);
    case V2G_EVCC_STATION_STATUS:
        return ++*rounds == 10 ? v2g_evcc_stop(evcc, now) : V2G_OK;
    case V2G_EVCC_POWER_OFF:
    case V2G_EVCC_OPEN_CONTACTOR:
        EXPECT(v2g_evcc_report_measurement(evcc, now, v2g_number_none(), v2g_number_none()) == V2G_OK);
        return v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_OPEN);
    case V2G_EVCC_ENDED:
        EXPECT(event->data.end.is_ok);
        return V2G_OK;
    default:
        return V2G_OK;
    }
}

/* One session, from the connection to its close at both ends. */
static void session(v2g_secc *secc, v2g_evcc *evcc, uint64_t start, uint8_t number)
{
    uint64_t now = start;
    int rounds = 0, charger_open = 1, vehicle_open = 1;
    v2g_number voltage = v2g_number_none();
    side *to_charger = storage(sizeof *to_charger);
    side *to_vehicle = storage(sizeof *to_vehicle);
    v2g_connection connection = V2G_CONNECTION_INIT;
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    connection.unix_seconds = 1700000000;
    const uint8_t id[8] = { 1, number }, challenge[16] = { number };
    prepare(secc, evcc);
    EXPECT(v2g_secc_start(secc, now, &connection, id, challenge) == V2G_OK);
    EXPECT(v2g_evcc_start(evcc, now, &connection) == V2G_OK);
    while (charger_open || vehicle_open) {
        int moved = 0;
        v2g_transmit sent = V2G_TRANSMIT_INIT;
        v2g_received received = V2G_RECEIVED_INIT;
        v2g_secc_event charger = V2G_SECC_EVENT_INIT;
        v2g_evcc_event vehicle = V2G_EVCC_EVENT_INIT;
        if (to_vehicle->length == 0 &&
            v2g_secc_poll_transmit(secc, now, to_vehicle->frame, sizeof to_vehicle->frame, &sent) == V2G_OK) {
            to_vehicle->length = sent.length;
            moved = 1;
        }
        while (v2g_secc_poll_event(secc, &charger) == V2G_OK) {
            EXPECT(station_acts(secc, now, &charger, &voltage) == V2G_OK);
            charger_open = charger_open && charger.kind != V2G_SECC_CLOSE;
            moved = 1;
        }
        if (to_charger->length == 0 &&
            v2g_evcc_poll_transmit(evcc, now, to_charger->frame, sizeof to_charger->frame, &sent) == V2G_OK) {
            to_charger->length = sent.length;
            moved = 1;
        }
        while (v2g_evcc_poll_event(evcc, &vehicle) == V2G_OK) {
            EXPECT(vehicle_acts(evcc, now, &vehicle, &rounds) == V2G_OK);
            vehicle_open = vehicle_open && vehicle.kind != V2G_EVCC_CLOSE;
            moved = 1;
        }
        if (to_charger->length > 0) {
            EXPECT(v2g_secc_handle_input(secc, now, to_charger->frame, to_charger->length, &received) == V2G_OK);
            EXPECT(received.consumed == to_charger->length && received.kind != 0);
            to_charger->length = 0;
            continue;
        }
        if (to_vehicle->length > 0) {
            EXPECT(v2g_evcc_handle_input(evcc, now, to_vehicle->frame, to_vehicle->length, &received) == V2G_OK);
            EXPECT(received.consumed == to_vehicle->length && received.kind != 0);
            to_vehicle->length = 0;
            continue;
        }
        if (!moved) {
            uint64_t charger_due, vehicle_due;
            EXPECT(v2g_secc_poll_timeout(secc, &charger_due) == V2G_OK);
            EXPECT(v2g_evcc_poll_timeout(evcc, &vehicle_due) == V2G_OK);
            now = charger_due < vehicle_due ? charger_due : vehicle_due;
            EXPECT(now != V2G_NEVER);
            EXPECT(v2g_secc_handle_timeout(secc, now) == V2G_OK);
            EXPECT(v2g_evcc_handle_timeout(evcc, now) == V2G_OK);
        }
    }
    EXPECT(rounds >= 10);
    uint8_t name[64];
    size_t length = 0;
    EXPECT(v2g_secc_vehicle_id(secc, name, sizeof name, &length) == V2G_OK);
    EXPECT(length == 17 && memcmp(name, "WMIV1234567890ABC", 17) == 0);
    EXPECT(v2g_secc_vehicle_id(secc, name, 16, &length) == V2G_E_BUFFER && length == 17);
    free(to_charger);
    free(to_vehicle);
}

/* The buffers of make_secc and make_evcc are shared, so each thread has its own here. */
static void *run(void *argument)
{
    static const v2g_parameters sets[] = { { .id = 1, .control_mode = V2G_CONTROL_DYNAMIC } };
    static const v2g_offer offers[] = { { .service = V2G_SERVICE_DC_BPT, .set_count = 1, .sets = sets } };
    static const v2g_wish wishes[] = { { .service = V2G_SERVICE_DC_BPT, .control_mode = V2G_CONTROL_DYNAMIC } };
    void *secc_memory = storage(v2g_secc_size()), *evcc_memory = storage(v2g_evcc_size());
    uint8_t *buffers = storage(4096);
    v2g_secc *secc = NULL;
    v2g_evcc *evcc = NULL;
    v2g_secc_config station = V2G_SECC_CONFIG_INIT;
    station.evse_id = V2G_STR("DE*V2G*E1");
    station.meter_id = V2G_STR("M1");
    station.offers = offers;
    station.offer_count = 1;
    station.buffer = buffers;
    station.buffer_size = 2048;
    seen charger = { 0 }, car = { 0 };
    station.trace = trace;
    station.trace_user = &charger;
    v2g_evcc_config vehicle = V2G_EVCC_CONFIG_INIT;
    vehicle.evcc_id = V2G_STR("WMIV1234567890ABC");
    vehicle.wishes = wishes;
    vehicle.wish_count = 1;
    vehicle.buffer = buffers + 2048;
    vehicle.buffer_size = 2048;
    vehicle.trace = trace;
    vehicle.trace_user = &car;
    EXPECT(v2g_secc_init(secc_memory, v2g_secc_size(), &station, &secc) == V2G_OK);
    EXPECT(v2g_evcc_init(evcc_memory, v2g_evcc_size(), &vehicle, &evcc) == V2G_OK);
    charger.secc = secc;
    car.evcc = evcc;
    for (int i = 0; i < SESSIONS; i++) {
        session(secc, evcc, (uint64_t)i * 1000000, (uint8_t)(i + 1));
    }
    EXPECT(charger.ended == SESSIONS && car.ended == SESSIONS);
    EXPECT(charger.received == car.sent && charger.sent == car.received && car.sent > 20 * SESSIONS);
    EXPECT(v2g_secc_deinit(secc) == V2G_OK);
    EXPECT(v2g_evcc_deinit(evcc) == V2G_OK);
    free(secc_memory);
    free(evcc_memory);
    free(buffers);
    return argument;
}

int main(void)
{
#ifdef ALONE
    (void)run(NULL);
    printf("%d sessions ended well\n", SESSIONS);
#else
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_create(&threads[i], NULL, run, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
    }
    printf("%d sessions in %d threads ended well\n", SESSIONS * THREADS, THREADS);
#endif
    return 0;
}
