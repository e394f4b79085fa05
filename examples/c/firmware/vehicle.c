/* The vehicle as a task. */
#include "board.h"
#include "task.h"

#ifdef WITH_CONTRACT
#include "contract.h"
#define LONGEST CONTRACT_MESSAGE
#else
#define LONGEST 1024
#endif

#define KILO 3

static v2g_evcc_storage memory;
static uint8_t buffer[2 * LONGEST];
static uint8_t frame[LONGEST];
static size_t frame_length;
static size_t frame_sent;

static v2g_evcc *evcc;
static uint32_t rounds_left;
static v2g_end result;

int32_t vehicle_begin(uint16_t service, uint32_t rounds, uint64_t now)
{
    const v2g_wish wishes[] = { { .service = service, .control_mode = V2G_CONTROL_DYNAMIC } };
    v2g_evcc_config config = V2G_EVCC_CONFIG_INIT;
    config.evcc_id = V2G_STR("WMIV1234567890ABC");
    config.wishes = wishes;
    config.wish_count = 1;
#ifdef WITH_CONTRACT
    contract_carry(&config);
#endif
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    int32_t status = v2g_evcc_init(&memory, sizeof memory, &config, &evcc);
    if (status != V2G_OK) {
        return status;
    }

    v2g_dc_limits dc = V2G_DC_LIMITS_INIT;
    dc.charge = (v2g_flow_limits){ .max_power = V2G_NUMBER(50, KILO), .max_current = V2G_NUMBER(125, 0) };
    dc.discharge = (v2g_flow_limits){ .max_power = V2G_NUMBER(11, KILO), .max_current = V2G_NUMBER(30, 0) };
    dc.has_discharge = 1;
    dc.max_voltage = v2g_number_of(460, 0);
    dc.min_voltage = v2g_number_of(300, 0);
    must(v2g_evcc_set_dc_limits(evcc, &dc), "limits");
    must(v2g_evcc_set_dc_demand(evcc, v2g_number_of(400, 0), v2g_number_none(), v2g_number_none()), "demand");
#ifdef WITH_AC
    v2g_ac_limits ac = V2G_AC_LIMITS_INIT;
    ac.max_charge.phase[0] = v2g_number_of(11, KILO);
    ac.min_charge.phase[0] = v2g_number_of(1, KILO);
    must(v2g_evcc_set_ac_limits(evcc, &ac), "AC limits");
#endif
    v2g_needs needs = V2G_NEEDS_INIT;
    needs.departure_time = 3600;
    needs.target_energy = v2g_number_of(10, KILO);
    needs.max_energy = v2g_number_of(30, KILO);
    needs.min_energy = v2g_number_of(-20, KILO);
    needs.present_soc = v2g_number_of(55, 0);
    must(v2g_evcc_set_needs(evcc, &needs), "needs");
    must(v2g_evcc_set_discharge_permit(evcc, 1), "permit");

    v2g_connection connection = V2G_CONNECTION_INIT;
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    connection.unix_seconds = 1700000000;
#ifdef WITH_CONTRACT
    contract_connection(&connection);
#endif
    frame_length = 0;
    frame_sent = 0;
    rounds_left = rounds;
    return v2g_evcc_start(evcc, now, &connection);
}

static void act(uint64_t now, const v2g_evcc_event *event)
{
    switch (event->kind) {
#ifdef WITH_CONTRACT
    case V2G_EVCC_SIGN_AUTHORIZATION:
        contract_sign(evcc, now);
        break;
#endif
    case V2G_EVCC_PRE_CHARGE:
        must(v2g_evcc_report_measurement(evcc, now, v2g_number_of(400, 0), v2g_number_none()), "measurement");
        break;
    case V2G_EVCC_CLOSE_CONTACTOR:
        must(v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_CLOSED), "contactor");
        break;
    case V2G_EVCC_STATION_STATUS:
        if (rounds_left > 0 && --rounds_left == 0) {
            must(v2g_evcc_stop(evcc, now), "stop");
        }
        break;
    case V2G_EVCC_OPEN_CONTACTOR:
    case V2G_EVCC_POWER_OFF:
        must(v2g_evcc_report_measurement(evcc, now, v2g_number_none(), v2g_number_none()), "measurement");
        must(v2g_evcc_report_contactor(evcc, now, V2G_CONTACTOR_OPEN), "contactor");
        break;
    case V2G_EVCC_ENDED:
        result = event->data.end;
        break;
    default:
        break;
    }
}

progress vehicle_step(uint64_t now, wire *in, wire *out)
{
    if (frame_sent < frame_length) {
        size_t written = wire_write(out, &frame[frame_sent], frame_length - frame_sent);
        frame_sent += written;
        return written > 0 ? BUSY : IDLE;
    }
    v2g_transmit sent = V2G_TRANSMIT_INIT;
    if (v2g_evcc_poll_transmit(evcc, now, frame, sizeof frame, &sent) == V2G_OK) {
        show(now, "vehicle", sent.kind);
        frame_length = sent.length;
        frame_sent = 0;
        return BUSY;
    }
    v2g_evcc_event event = V2G_EVCC_EVENT_INIT;
    if (v2g_evcc_poll_event(evcc, &event) == V2G_OK) {
        act(now, &event);
        return event.kind == V2G_EVCC_CLOSE ? OVER : BUSY;
    }
    size_t length;
    const uint8_t *bytes = wire_peek(in, &length);
    if (length > 0) {
        v2g_received received = V2G_RECEIVED_INIT;
        must(v2g_evcc_handle_input(evcc, now, bytes, length, &received), "input");
        wire_consume(in, received.consumed);
        return BUSY;
    }
    uint64_t deadline;
    must(v2g_evcc_poll_timeout(evcc, &deadline), "deadline");
    if (deadline <= now) {
        must(v2g_evcc_handle_timeout(evcc, now), "time");
        return BUSY;
    }
    return IDLE;
}

const v2g_end *vehicle_result(void)
{
    return &result;
}

void vehicle_end(void)
{
    must(v2g_evcc_deinit(evcc), "end of the vehicle");
}
