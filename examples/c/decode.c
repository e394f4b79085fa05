/*
 * One frame to fields: reads a V2GTP frame in hexadecimal (the first argument, or a DC_ChargeLoopReq of its own) and prints what the
 * message says. Without arguments it also encodes what it has read and compares.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <v2g_exi.h>
#include <v2g_platform.h>

void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    fprintf(stderr, "panic in %.*s:%u\n", (int)length, file, (unsigned)line);
    abort();
}

/* A vehicle in the charge loop: DC_BPT, Dynamic. */
static const char EXAMPLE[] =
    "01fe80040000003e8034040081018202830384080e2cfaa06201ba403f8528f8120c02810603c0831130418190200000"
    "1000fa0800cc0304005601020c02c10000008001e200";

static size_t from_hex(const char *hex, uint8_t *out, size_t capacity)
{
    size_t length = 0;
    unsigned octet;
    while (length < capacity && sscanf(hex + 2 * length, "%2x", &octet) == 1) {
        out[length++] = (uint8_t)octet;
    }
    return length;
}

static void show(const char *name, v2g_number number, const char *unit)
{
    int64_t milli;
    if (number.present && v2g_number_to_milli(number, V2G_ROUND_NEAREST, &milli) == V2G_OK) {
        printf("  %-22s %10.3f %s\n", name, (double)milli / 1000, unit);
    }
}

static void loop_request(const v2g_exi_dc_charge_loop_req *request)
{
    printf("  %-22s ", "session");
    for (size_t i = 0; i < sizeof request->header.session_id; i++) {
        printf("%02X", request->header.session_id[i]);
    }
    printf("\n  %-22s %10llu s\n", "time stamp", (unsigned long long)request->header.time_stamp);
    show("present voltage", request->ev_present_voltage, "V");
    if (request->has_display_parameters && request->display_parameters.has_present_soc) {
        printf("  %-22s %10u %%\n", "state of charge", request->display_parameters.present_soc);
    }
    switch (request->control_mode.kind) {
    case V2G_EXI_DC_CL_REQ_CONTROL_MODE_BPT_DYNAMIC: {
        const v2g_exi_bpt_dynamic_dc_cl_req_control_mode *mode = &request->control_mode.value.bpt_dynamic;
        show("target energy", mode->ev_target_energy_request, "Wh");
        show("maximum charge power", mode->ev_maximum_charge_power, "W");
        show("maximum discharge power", mode->ev_maximum_discharge_power, "W");
        break;
    }
    case V2G_EXI_DC_CL_REQ_CONTROL_MODE_SCHEDULED:
        show("target current", request->control_mode.value.scheduled.ev_target_current, "A");
        show("target voltage", request->control_mode.value.scheduled.ev_target_voltage, "V");
        break;
    default:
        break;
    }
}

static void session_setup(const v2g_exi_session_setup_req *request)
{
    uint8_t text[256];
    size_t length;
    if (v2g_exi_text_copy(&request->evcc_id, text, sizeof text, &length) == V2G_OK) {
        printf("  %-22s %.*s\n", "EVCCID", (int)length, (const char *)text);
    }
}

static int fail(const v2g_exi_error *error, int32_t status)
{
    fprintf(stderr, "%s at bit %u", v2g_status_str(status), (unsigned)error->bit_offset);
    for (uint32_t i = 0; i < error->path_length; i++) {
        fprintf(stderr, "%s%.*s", i == 0 ? " in " : "/", (int)error->path[i].length, error->path[i].data);
    }
    fprintf(stderr, "\n");
    return 1;
}

int main(int argc, char **argv)
{
    static uint8_t frame[8192], again[8192];
    static uint8_t buffer[8192];
    static v2g_stream_storage memory;
    size_t length = from_hex(argc > 1 ? argv[1] : EXAMPLE, frame, sizeof frame);
    v2g_stream *stream;
    v2g_received received = V2G_RECEIVED_INIT;
    v2g_exi_error error = { 0 };

    if (V2G_CHECK() != V2G_OK) {
        fprintf(stderr, "%s\n", v2g_status_str(V2G_E_ABI));
        return 1;
    }
    int32_t status = v2g_stream_init(&memory, sizeof memory, buffer, sizeof buffer, &stream);
    if (status == V2G_OK) {
        status = v2g_stream_handle_input(stream, frame, length, &received);
    }
    if (status != V2G_OK) {
        fprintf(stderr, "%s\n", status == V2G_NONE ? "the frame is not complete" : v2g_status_str(status));
        return 1;
    }
    printf("payload type 0x%04X, %zu octets\n", received.payload_type, received.payload.length);

    if (received.payload_type == V2G_PAYLOAD_DC) {
        v2g_exi_dc_message message;
        status = v2g_exi_dc_decode(received.payload.data, received.payload.length, &message, &error);
        if (status != V2G_OK) {
            return fail(&error, status);
        }
        if (message.kind == V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_REQ) {
            printf("DC_ChargeLoopReq\n");
            loop_request(&message.value.dc_charge_loop_req);
        }
        size_t written;
        status = v2g_exi_dc_encode(&message, again, sizeof again, &written, &error);
        if (status != V2G_OK) {
            return fail(&error, status);
        }
        int same = written == received.payload.length && memcmp(again, received.payload.data, written) == 0;
        printf("encoded again: %zu octets, %s\n", written, same ? "the same" : "others");
        return argc > 1 || same ? 0 : 1;
    }
    if (received.payload_type == V2G_PAYLOAD_COMMON) {
        v2g_exi_common_messages_message message;
        status = v2g_exi_common_messages_decode(received.payload.data, received.payload.length, &message, &error);
        if (status != V2G_OK) {
            return fail(&error, status);
        }
        printf("message of kind %u\n", (unsigned)message.kind);
        if (message.kind == V2G_EXI_COMMON_MESSAGES_MESSAGE_SESSION_SETUP_REQ) {
            session_setup(&message.value.session_setup_req);
        }
        return 0;
    }
    printf("not a message of the sets DC and CommonMessages\n");
    return 0;
}
