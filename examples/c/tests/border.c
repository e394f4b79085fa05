/* What the border promises: storage, sizes, handles, states, buffers. */
#include "handles.h"

void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    fprintf(stderr, "panic in %.*s:%u\n", (int)length, file, (unsigned)line);
    abort();
}

/* Storage that is one octet too short is refused, storage of exactly the size is enough, and not one octet more is touched. */
#define STORAGE(kind) \
    { \
        int32_t status; \
        size_t need = v2g_##kind##_size(); \
        EXPECT(need <= sizeof(v2g_##kind##_storage)); \
        void *exact = storage(need); \
        EXPECT(make_##kind(exact, need - 1, &status) == NULL && status == V2G_E_STORAGE); \
        v2g_##kind *made = make_##kind(exact, need, &status); \
        EXPECT(made == exact && status == V2G_OK); \
        EXPECT(v2g_##kind##_deinit(made) == V2G_OK); \
        for (size_t i = 0; i < need; i++) { \
            EXPECT(((const uint8_t *)exact)[i] == 0); \
        } \
        EXPECT(v2g_##kind##_deinit(made) == V2G_E_HANDLE); \
        EXPECT(make_##kind((uint8_t *)exact + 1, need - 1, &status) == NULL && status == V2G_E_ALIGN); \
        free(exact); \
    }

static void storage_is_checked(void)
{
    EACH_HANDLE(STORAGE)
}

static void old_callers_are_served(void)
{
    v2g_secc_storage memory;
    int32_t status;
    v2g_secc *secc = make_secc(&memory, sizeof memory, &status);
    EXPECT(status == V2G_OK);

    /* A caller that knows the first fields of an event only: nothing behind them is written. */
    struct {
        v2g_secc_event event;
    } holder;
    memset(&holder, 0xEE, sizeof holder);
    holder.event.size = 16;
    EXPECT(v2g_secc_poll_event(secc, &holder.event) == V2G_NONE);
    v2g_connection connection = V2G_CONNECTION_INIT;
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    const uint8_t session[8] = { 1 }, challenge[16] = { 2 };
    EXPECT(v2g_secc_start(secc, 0, &connection, session, challenge) == V2G_OK);
    EXPECT(v2g_secc_emergency_stop(secc, 5) == V2G_OK);
    EXPECT(v2g_secc_poll_event(secc, &holder.event) == V2G_OK);
    EXPECT(holder.event.kind == V2G_SECC_POWER_OFF && holder.event.size == 16);
    EXPECT(holder.event.deadline_ms == V2G_NEVER);
    const uint8_t *rest = (const uint8_t *)&holder + 16;
    for (size_t i = 0; i < sizeof holder - 16; i++) {
        EXPECT(rest[i] == 0xEE);
    }

    /* A newer caller: what it sets and this library does not know is refused, zeros are not. */
    struct {
        v2g_dc_limits limits;
        uint32_t newer;
    } newer = { V2G_DC_LIMITS_INIT, 0 };
    newer.limits.size = (uint32_t)sizeof newer;
    EXPECT(v2g_secc_set_dc_limits(secc, &newer.limits) == V2G_OK);
    newer.newer = 1;
    EXPECT(v2g_secc_set_dc_limits(secc, &newer.limits) == V2G_E_SIZE);
    EXPECT(v2g_secc_deinit(secc) == V2G_OK);
}

static void configurations_are_checked(void)
{
    static const v2g_parameters none[] = { { .id = 1 } };
    static const v2g_parameters odd[] = { { .id = 1, .control_mode = V2G_CONTROL_DYNAMIC, .pricing = 9 } };
    static const v2g_parameters good[] = { { .id = 1, .control_mode = V2G_CONTROL_SCHEDULED } };
    static uint8_t buffer[64];
    v2g_secc_storage memory;
    v2g_secc *secc = NULL;
    v2g_offer offers[9];
    for (size_t i = 0; i < 9; i++) {
        offers[i] = (v2g_offer){ .service = (uint16_t)(i + 1), .set_count = 1, .sets = good };
    }
    v2g_secc_config config = V2G_SECC_CONFIG_INIT;
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    config.offers = offers;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_CONFIG_SERVICES);
    config.offer_count = 9;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_CONFIG_SERVICES);
    config.offer_count = 8;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_OK);
    offers[1].service = 1;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_CONFIG_SERVICES);
    offers[1].service = 77;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_VALUE);
    offers[1].service = 2;
    offers[1].sets = none;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_VALUE);
    offers[1].sets = odd;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_VALUE);
    offers[1].sets = NULL;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_NULL);
    offers[1].sets = good;
    offers[1].set_count = 5;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_CONFIG_SERVICES);
    offers[1].set_count = 1;
    config.evse_id = V2G_STR("\xFF");
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_TEXT);
    char long_name[256];
    memset(long_name, 'a', sizeof long_name);
    config.evse_id = v2g_str_of(long_name, sizeof long_name);
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_CONFIG_IDENTIFIER);
    config.evse_id = v2g_str_of(long_name, SIZE_MAX);
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_VALUE);
    config.evse_id = v2g_str_of(long_name, 3);
    config.flags = 0x80000000u;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_VALUE);
    config.flags = 0;
    v2g_settings settings = V2G_SETTINGS_INIT;
    settings.profile = 7;
    config.settings = &settings;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_VALUE);
    settings.profile = V2G_PROFILE_STRICT;
    settings.discharge_sign = 3;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_E_VALUE);
    settings.discharge_sign = 2;
    EXPECT(v2g_secc_init(&memory, sizeof memory, &config, &secc) == V2G_OK);
    EXPECT(v2g_secc_deinit(secc) == V2G_OK);
}

static void states_are_checked(void)
{
    v2g_secc_storage memory;
    v2g_evcc_storage other;
    int32_t status;
    v2g_secc *secc = make_secc(&memory, sizeof memory, &status);
    v2g_evcc *evcc = make_evcc(&other, sizeof other, &status);
    uint8_t out[256];
    v2g_transmit sent = V2G_TRANSMIT_INIT;
    v2g_end end;
    uint64_t deadline = 0;
    size_t length = 0;
    EXPECT(v2g_secc_end(secc, &end) == V2G_NONE);
    EXPECT(v2g_secc_poll_timeout(secc, &deadline) == V2G_OK && deadline == V2G_NEVER);
    EXPECT(v2g_secc_notify(secc, 0, V2G_NOTIFY_PAUSE, 0) == V2G_E_STATE);
    EXPECT(v2g_secc_notify(secc, 0, 99, 0) == V2G_E_VALUE);
    v2g_schedules schedules = V2G_SCHEDULES_INIT;
    EXPECT(v2g_secc_respond_schedule(secc, 0, &schedules, out, sizeof out, &sent) == V2G_E_NOT_ASKED);
    schedules.count = 4;
    EXPECT(v2g_secc_respond_schedule(secc, 0, &schedules, out, sizeof out, &sent) == V2G_E_VALUE);
    EXPECT(v2g_evcc_pause(evcc, 0) == V2G_E_STATE);
    EXPECT(v2g_evcc_exit_standby(evcc, 0) == V2G_E_STATE);
    EXPECT(v2g_evcc_to_be_signed(evcc, out, sizeof out, &length) == V2G_NONE);
    EXPECT(v2g_evcc_respond_signature(evcc, 0, V2G_SCHEME_ECDSA_P521, v2g_bytes_of(out, 65), v2g_bytes_of(out, 0)) ==
           V2G_E_VALUE);

    /* A link that is not protected ends the vehicle's session at once. */
    v2g_connection connection = V2G_CONNECTION_INIT;
    EXPECT(v2g_evcc_start(evcc, 0, &connection) == V2G_E_VALUE);
    connection.transport = V2G_TRANSPORT_PLAIN;
    EXPECT(v2g_evcc_start(evcc, 0, &connection) == V2G_OK);
    EXPECT(v2g_evcc_end(evcc, &end) == V2G_OK);
    EXPECT(end.cause == V2G_CAUSE_NOT_SECURED && end.is_ok == 0);
    EXPECT(end.requirement.length == 10 && memcmp(end.requirement.data, "V2G20-2356", 10) == 0);

    /* A frame stays until there is room for it, and the need is said. */
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    EXPECT(v2g_evcc_start(evcc, 1000, &connection) == V2G_OK);
    EXPECT(v2g_evcc_poll_transmit(evcc, 1000, out, 8, &sent) == V2G_E_BUFFER);
    EXPECT(sent.length > 8 && sent.length <= sizeof out);
    size_t need = sent.length;
    EXPECT(v2g_evcc_poll_transmit(evcc, 1000, out, need - 1, &sent) == V2G_E_BUFFER && sent.length == need);
    EXPECT(v2g_evcc_poll_transmit(evcc, 1000, out, need, &sent) == V2G_OK);
    EXPECT(sent.length == need && sent.kind == V2G_MSG_SUPPORTED_APP_PROTOCOL_REQ && sent.stream == V2G_STREAM_MAIN);

    /* A session ID of zeros is none. */
    const uint8_t zeros[16] = { 0 };
    EXPECT(v2g_secc_start(secc, 0, &connection, zeros, zeros) == V2G_E_VALUE);

    /* Nor is a name that no certificate can have. */
    const uint8_t session[8] = { 1 };
    static const char long_name[65] = "1234567890123456789012345678901234567890123456789012345678901234";
    connection.evcc_id = (v2g_str){ .data = long_name, .length = 65 };
    EXPECT(v2g_secc_start(secc, 0, &connection, session, zeros) == V2G_E_VALUE);
    connection.evcc_id = (v2g_str){ .data = "\xFF", .length = 1 };
    EXPECT(v2g_secc_start(secc, 0, &connection, session, zeros) < 0);
    connection.evcc_id = (v2g_str){ .data = long_name, .length = 64 };
    EXPECT(v2g_secc_start(secc, 0, &connection, session, zeros) == V2G_OK);
    connection.evcc_id = (v2g_str){ .data = NULL, .length = 0 };

    /* Garbage ends a session, and the end says why and where. */
    EXPECT(v2g_secc_start(secc, 0, &connection, session, zeros) == V2G_OK);
    static const uint8_t garbage[] = { 0x01, 0xFE, 0x80, 0x01, 0, 0, 0, 4, 0x80, 0xFF, 0xFF, 0xFF };
    v2g_received received = V2G_RECEIVED_INIT;
    EXPECT(v2g_secc_handle_input(secc, 0, garbage, sizeof garbage, &received) == V2G_OK);
    EXPECT(received.consumed == sizeof garbage && received.payload_type == V2G_PAYLOAD_SAP && received.kind == 0);
    EXPECT(received.payload.length == 4 && received.payload.data == garbage + 8);
    EXPECT(v2g_secc_end(secc, &end) == V2G_OK && end.cause == V2G_CAUSE_UNDECODABLE);
    EXPECT(end.status <= V2G_E_EXI_END && end.status >= V2G_E_EXI_OTHER && end.bit_offset >= 8);
    EXPECT(v2g_secc_deinit(secc) == V2G_OK);
    EXPECT(v2g_evcc_deinit(evcc) == V2G_OK);
}

/* The last message that a charger takes of a vehicle that calls itself WMIV1234567890ABC, where its certificate has this name. */
static v2g_end met_by(v2g_str certified)
{
    static const uint8_t session[8] = { 1 }, challenge[16] = { 2 };
    v2g_secc_storage memory;
    v2g_evcc_storage other;
    int32_t status;
    v2g_secc *secc = make_secc(&memory, sizeof memory, &status);
    v2g_evcc *evcc = make_evcc(&other, sizeof other, &status);
    v2g_connection connection = V2G_CONNECTION_INIT;
    v2g_end end = { 0 };
    connection.transport = V2G_TRANSPORT_INSECURE_LAB;
    EXPECT(v2g_evcc_start(evcc, 0, &connection) == V2G_OK);
    connection.evcc_id = certified;
    EXPECT(v2g_secc_start(secc, 0, &connection, session, challenge) == V2G_OK);
    for (int message = 0; message < 2; message++) {
        uint8_t frame[2048];
        v2g_transmit sent = V2G_TRANSMIT_INIT;
        v2g_received received = V2G_RECEIVED_INIT;
        EXPECT(v2g_evcc_poll_transmit(evcc, 0, frame, sizeof frame, &sent) == V2G_OK);
        EXPECT(v2g_secc_handle_input(secc, 0, frame, sent.length, &received) == V2G_OK);
        EXPECT(v2g_secc_poll_transmit(secc, 0, frame, sizeof frame, &sent) == V2G_OK);
        EXPECT(v2g_evcc_handle_input(evcc, 0, frame, sent.length, &received) == V2G_OK);
    }
    EXPECT(v2g_secc_end(secc, &end) >= 0);
    EXPECT(v2g_secc_deinit(secc) == V2G_OK);
    EXPECT(v2g_evcc_deinit(evcc) == V2G_OK);
    return end;
}

static void impostors_are_refused(void)
{
    EXPECT(met_by((v2g_str){ .data = NULL, .length = 0 }).cause == 0);
    EXPECT(met_by(V2G_STR("WMIV1234567890ABC")).cause == 0);
    v2g_end end = met_by(V2G_STR("WMIV1234567890ABD"));
    EXPECT(end.cause == V2G_CAUSE_REFUSED && end.response_code != 0 && !end.is_ok);
}

static void streams_are_cut(void)
{
    v2g_stream_storage memory;
    int32_t status;
    v2g_stream *stream = make_stream(&memory, sizeof memory, &status);
    uint8_t frame[V2G_HEADER_SIZE + 5] = { 0 };
    EXPECT(v2g_write_header(V2G_PAYLOAD_DC, 5, frame) == V2G_OK);
    frame[V2G_HEADER_SIZE] = 0x80;
    v2g_received received = V2G_RECEIVED_INIT;
    for (size_t i = 0; i + 1 < sizeof frame; i++) {
        EXPECT(v2g_stream_handle_input(stream, &frame[i], 1, &received) == V2G_NONE && received.consumed == 1);
    }
    EXPECT(v2g_stream_handle_input(stream, &frame[sizeof frame - 1], 1, &received) == V2G_OK);
    EXPECT(received.payload_type == V2G_PAYLOAD_DC && received.payload.length == 5 && received.payload.data[0] == 0x80);
    const uint16_t wanted[] = { V2G_PAYLOAD_AC };
    EXPECT(v2g_stream_accept(stream, wanted, 1) == V2G_OK);
    EXPECT(v2g_stream_handle_input(stream, frame, sizeof frame, &received) == V2G_NONE);
    const uint16_t unknown[] = { 0x1234 };
    EXPECT(v2g_stream_accept(stream, unknown, 1) == V2G_E_VALUE);
    EXPECT(v2g_stream_handle_input(stream, &frame[1], 1, &received) == V2G_E_FRAME);
    EXPECT(v2g_stream_handle_input(stream, frame, sizeof frame, &received) == V2G_E_FRAME);
    EXPECT(v2g_stream_reset(stream) == V2G_OK);
    EXPECT(v2g_write_header(V2G_PAYLOAD_AC, 257, frame) == V2G_OK);
    EXPECT(v2g_stream_handle_input(stream, frame, V2G_HEADER_SIZE, &received) == V2G_E_FRAME_TOO_LONG);
    EXPECT(v2g_stream_deinit(stream) == V2G_OK);
}

/* A vehicle finds a charger: request, answer, event. */
static void discovery_finds(void)
{
    v2g_discovery_storage searching;
    v2g_responder_storage answering;
    int32_t status;
    v2g_discovery *discovery = make_discovery(&searching, sizeof searching, &status);
    v2g_responder *responder = make_responder(&answering, sizeof answering, &status);
    const v2g_address vehicle = { .ip = { 0xFE, 0x80, [15] = 1 }, .port = 40000 };
    v2g_address charger = { .ip = { 0xFE, 0x80, [15] = 2 }, .port = 50000 };
    uint8_t datagram[V2G_SDP_DATAGRAM];
    size_t length = 0;
    v2g_address to;
    uint64_t deadline = 0;
    v2g_discovery_event event = V2G_DISCOVERY_EVENT_INIT;

    EXPECT(v2g_discovery_start(discovery, 0) == V2G_OK);
    EXPECT(v2g_discovery_poll_transmit(discovery, datagram, sizeof datagram, &length, &to) == V2G_OK);
    EXPECT(length == 10 && to.port == V2G_SDP_PORT && to.ip[0] == 0xFF);
    EXPECT(v2g_discovery_poll_transmit(discovery, datagram, sizeof datagram, &length, &to) == V2G_NONE);
    EXPECT(v2g_discovery_poll_timeout(discovery, &deadline) == V2G_OK && deadline == 250);

    EXPECT(v2g_responder_handle_input(responder, 0, &vehicle, datagram, length) == V2G_E_SDP_IGNORED);
    EXPECT(v2g_responder_set_link(responder, 1) == V2G_OK);
    charger.port = 0;
    EXPECT(v2g_responder_listen(responder, &charger, NULL) == V2G_E_SDP_ENDPOINT);
    charger.port = 50000;
    EXPECT(v2g_responder_listen(responder, &charger, NULL) == V2G_OK);
    EXPECT(v2g_responder_handle_input(responder, 0, &vehicle, datagram, length) == V2G_OK);
    EXPECT(v2g_responder_poll_transmit(responder, datagram, sizeof datagram, &length, &to) == V2G_OK);
    EXPECT(to.port == 40000 && memcmp(to.ip, vehicle.ip, 16) == 0);

    EXPECT(v2g_discovery_handle_input(discovery, 10, &charger, datagram, length - 1) == V2G_E_SDP_IGNORED);
    EXPECT(v2g_discovery_handle_input(discovery, 10, &charger, datagram, length) == V2G_OK);
    EXPECT(v2g_discovery_poll_event(discovery, &event) == V2G_OK && event.kind == V2G_DISCOVERY_FOUND);
    EXPECT(event.first.security == V2G_SECURITY_TLS && event.first.address.port == 50000);
    EXPECT(memcmp(event.first.address.ip, charger.ip, 16) == 0);
    EXPECT(v2g_discovery_poll_event(discovery, &event) == V2G_NONE);

    /* Nobody answers: fifty requests, then it is over. */
    EXPECT(v2g_discovery_start(discovery, 1000) == V2G_OK);
    for (uint64_t now = 1000; now <= 1000 + 50 * 250; now += 250) {
        EXPECT(v2g_discovery_handle_timeout(discovery, now) == V2G_OK);
    }
    EXPECT(v2g_discovery_poll_event(discovery, &event) == V2G_OK);
    EXPECT(event.kind == V2G_DISCOVERY_FAILED && event.requests == 50);
    EXPECT(v2g_discovery_deinit(discovery) == V2G_OK);
    EXPECT(v2g_responder_deinit(responder) == V2G_OK);
}

static void numbers_are_exact(void)
{
    v2g_number number;
    int64_t milli = 0;
    EXPECT(v2g_number_from_milli(-1500, V2G_ROUND_NEAREST, &number) == V2G_OK);
    EXPECT(number.value == -15 && number.exponent == -1 && number.present == 1);
    EXPECT(v2g_number_to_milli(number, V2G_ROUND_DOWN, &milli) == V2G_OK && milli == -1500);
    EXPECT(v2g_number_to_milli(v2g_number_of(1, 127), V2G_ROUND_DOWN, &milli) == V2G_E_VALUE);
    EXPECT(v2g_number_compare(v2g_number_of(16, 2), v2g_number_of(1600, 0)) == 0);
    EXPECT(v2g_number_compare(v2g_number_of(-1, 0), v2g_number_none()) == -1);
}

int main(void)
{
    EXPECT(V2G_CHECK() == V2G_OK);
    EXPECT(v2g_abi_check(V2G_HEADER_ABI_VERSION + 1, (uint32_t)sizeof(void *)) == V2G_E_ABI);
    EXPECT(strcmp(v2g_version(), V2G_VERSION) == 0);
    storage_is_checked();
    old_callers_are_served();
    configurations_are_checked();
    states_are_checked();
    impostors_are_refused();
    streams_are_cut();
    discovery_finds();
    numbers_are_exact();
    puts("border: as promised");
    return 0;
}
