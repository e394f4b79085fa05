/* The charger as a task: engine, plant, and nothing else. */
#include "board.h"
#include "task.h"

#ifdef WITH_CONTRACT
#include "contract.h"
#define LONGEST CONTRACT_MESSAGE
#else
#define LONGEST 1024
#endif

#define KILO 3

static v2g_secc_storage memory;
static uint8_t buffer[2 * LONGEST];
static uint8_t frame[1024];
static size_t frame_length;
static size_t frame_sent;

static v2g_secc *secc;
static v2g_number outlet_voltage;
static v2g_number outlet_current;
static v2g_end result;
static uint64_t energy_out;

static const v2g_parameters sets[] = {
    { .id = 1, .control_mode = V2G_CONTROL_DYNAMIC },
};

int32_t station_begin(uint16_t service, uint64_t now)
{
    const v2g_offer offers[] = { { .service = service, .set_count = 1, .sets = sets } };
    v2g_secc_config config = V2G_SECC_CONFIG_INIT;
    config.evse_id = V2G_STR("DE*V2G*E1");
    config.meter_id = V2G_STR("M1");
    config.offers = offers;
    config.offer_count = 1;
#ifdef WITH_CONTRACT
    config.authorization = V2G_AUTHORIZE_CONTRACT | V2G_AUTHORIZE_EXTERNAL;
#endif
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    int32_t status = v2g_secc_init(&memory, sizeof memory, &config, &secc);
    if (status != V2G_OK) {
        return status;
    }

    const v2g_flow_limits flow = { .max_power = V2G_NUMBER(22, KILO), .max_current = V2G_NUMBER(60, 0) };
    v2g_dc_limits dc = V2G_DC_LIMITS_INIT;
    dc.charge = flow;
    dc.discharge = flow;
    dc.has_discharge = 1;
    dc.max_voltage = v2g_number_of(500, 0);
    dc.min_voltage = v2g_number_of(200, 0);
    must(v2g_secc_set_dc_limits(secc, &dc), "limits");
#ifdef WITH_AC
    v2g_ac_limits ac = V2G_AC_LIMITS_INIT;
    ac.max_charge.phase[0] = v2g_number_of(11, KILO);
    ac.min_charge.phase[0] = v2g_number_of(1, KILO);
    must(v2g_secc_set_ac_limits(secc, &ac), "AC limits");
#endif
    /* The grid takes back what there is: 5 kW out of the vehicle over DC, 7 kW into it over AC. */
    must(v2g_secc_set_grid_permit(secc, v2g_number_of(22, KILO), v2g_number_of(22, KILO)), "permit");
    must(v2g_secc_set_dispatch(secc, v2g_number_of(service == V2G_SERVICE_DC_BPT ? -5 : 7, KILO)), "dispatch");

    uint8_t session[8], challenge[16];
    board_random(session, sizeof session);
    board_random(challenge, sizeof challenge);
    v2g_connection connection = V2G_CONNECTION_INIT;
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    connection.unix_seconds = 1700000000;
#ifdef WITH_CONTRACT
    contract_connection(&connection);
    contract_challenge(challenge);
#endif
    frame_length = 0;
    frame_sent = 0;
    outlet_voltage = v2g_number_none();
    outlet_current = v2g_number_none();
    return v2g_secc_start(secc, now, &connection, session, challenge);
}

static void act(uint64_t now, const v2g_secc_event *event)
{
    switch (event->kind) {
    case V2G_SECC_AUTHORIZATION_WANTED:
        must(v2g_secc_respond_authorization(secc, now, V2G_AUTHORIZATION_ACCEPTED), "authorization");
        break;
#ifdef WITH_CONTRACT
    case V2G_SECC_CONTRACT_WANTED:
        contract_check(secc, now);
        break;
#endif
    case V2G_SECC_ISOLATION_TEST:
        must(v2g_secc_respond_isolation(secc, now, 1), "isolation");
        break;
    case V2G_SECC_PRE_CHARGE:
        outlet_voltage = event->data.voltage;
        break;
    case V2G_SECC_CLOSE_CONTACTOR:
        must(v2g_secc_report_contactor(secc, now, V2G_CONTACTOR_CLOSED), "contactor");
        break;
    case V2G_SECC_OUTPUT:
        /* A converter that follows at once: at 400 V, 5 kW are 12.5 A. */
        outlet_current = event->data.output.power.value == 0 ? v2g_number_none() : v2g_number_of(-125, -1);
        energy_out += event->data.output.power.value == 0 ? 0 : 1;
        must(v2g_secc_set_meter(secc, 0, (v2g_maybe_u64){ energy_out, 1, 0 }), "meter");
        break;
    case V2G_SECC_OPEN_CONTACTOR:
    case V2G_SECC_POWER_OFF:
        outlet_voltage = v2g_number_none();
        outlet_current = v2g_number_none();
        must(v2g_secc_report_contactor(secc, now, V2G_CONTACTOR_OPEN), "contactor");
        break;
    case V2G_SECC_ENDED:
        result = event->data.end;
        break;
    default:
        break;
    }
    must(v2g_secc_report_measurement(secc, now, outlet_voltage, outlet_current), "measurement");
}

progress station_step(uint64_t now, wire *in, wire *out)
{
    if (frame_sent < frame_length) {
        size_t written = wire_write(out, &frame[frame_sent], frame_length - frame_sent);
        frame_sent += written;
        return written > 0 ? BUSY : IDLE;
    }
    v2g_transmit sent = V2G_TRANSMIT_INIT;
    if (v2g_secc_poll_transmit(secc, now, frame, sizeof frame, &sent) == V2G_OK) {
        show(now, "charger", sent.kind);
        frame_length = sent.length;
        frame_sent = 0;
        return BUSY;
    }
    v2g_secc_event event = V2G_SECC_EVENT_INIT;
    if (v2g_secc_poll_event(secc, &event) == V2G_OK) {
        act(now, &event);
        return event.kind == V2G_SECC_CLOSE ? OVER : BUSY;
    }
    size_t length;
    const uint8_t *bytes = wire_peek(in, &length);
    if (length > 0) {
        v2g_received received = V2G_RECEIVED_INIT;
        must(v2g_secc_handle_input(secc, now, bytes, length, &received), "input");
#ifdef WITH_CONTRACT
        contract_received(&received);
#endif
        wire_consume(in, received.consumed);
        return BUSY;
    }
    uint64_t deadline;
    must(v2g_secc_poll_timeout(secc, &deadline), "deadline");
    if (deadline <= now) {
        must(v2g_secc_handle_timeout(secc, now), "time");
        return BUSY;
    }
    return IDLE;
}

const v2g_end *station_result(void)
{
    return &result;
}

void station_end(void)
{
    must(v2g_secc_deinit(secc), "end of the charger");
}
