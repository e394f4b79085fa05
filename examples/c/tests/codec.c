/* Messages that C builds, with lists in lists and deferred elements, and what is refused. */
#include "handles.h"

#include <v2g_exi.h>

void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    fprintf(stderr, "panic in %.*s:%u\n", (int)length, file, (unsigned)line);
    abort();
}

static v2g_exi_text text(const char *literal)
{
    v2g_exi_text made = { 0 };
    made.data = literal;
    made.length = strlen(literal);
    return made;
}

static int is_text(const v2g_exi_text *given, const char *literal)
{
    uint8_t octets[64];
    size_t length = 0;
    EXPECT(v2g_exi_text_copy(given, octets, sizeof octets, &length) == V2G_OK);
    return length == strlen(literal) && memcmp(octets, literal, length) == 0;
}

static v2g_exi_message_header header(void)
{
    v2g_exi_message_header made = { .session_id = { 1, 2, 3, 4, 5, 6, 7, 8 }, .time_stamp = 1700000000 };
    return made;
}

/* Two parameter sets of three parameters each, and back. */
static void lists_in_lists(void)
{
    v2g_exi_parameter first[] = {
        { .name = text("Connector"), .value = { V2G_EXI_PARAMETER_VALUE_INT_VALUE, { .int_value = 2 } } },
        { .name = text("Paid"), .value = { V2G_EXI_PARAMETER_VALUE_BOOL_VALUE, { .bool_value = 1 } } },
        { .name = text("Note"), .value = { V2G_EXI_PARAMETER_VALUE_FINITE_STRING, { .nothing = 0 } } },
    };
    first[2].value.value.finite_string = text("any");
    v2g_exi_parameter second[] = {
        { .name = text("Power"), .value = { V2G_EXI_PARAMETER_VALUE_RATIONAL_NUMBER, { .nothing = 0 } } },
    };
    second[0].value.value.rational_number = v2g_number_of(22, 3);
    const v2g_exi_parameter_set sets[] = {
        { .parameter_set_id = 1, .parameter = { .items = first, .count = 3 } },
        { .parameter_set_id = 2, .parameter = { .items = second, .count = 1 } },
    };
    v2g_exi_common_messages_message message = { .kind = V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_DETAIL_RES };
    memset(&message.value, 0, sizeof message.value);
    message.value.service_detail_res.header = header();
    message.value.service_detail_res.response_code = V2G_EXI_COMMON_TYPES_RESPONSE_CODE_OK;
    message.value.service_detail_res.service_id = V2G_SERVICE_DC_BPT;
    message.value.service_detail_res.service_parameter_list.items = sets;
    message.value.service_detail_res.service_parameter_list.count = 2;

    uint8_t wire[512], again[512];
    size_t length = 0, length_again = 0;
    v2g_exi_error error = { 0 };
    EXPECT(v2g_exi_common_messages_encode(&message, wire, sizeof wire, &length, &error) == V2G_OK);

    v2g_exi_common_messages_message read;
    EXPECT(v2g_exi_common_messages_decode(wire, length, &read, &error) == V2G_OK);
    EXPECT(read.kind == V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_DETAIL_RES);
    const v2g_exi_service_detail_res *detail = &read.value.service_detail_res;
    EXPECT(detail->service_id == V2G_SERVICE_DC_BPT && detail->service_parameter_list.count == 2);
    EXPECT(memcmp(detail->header.session_id, header().session_id, 8) == 0);
    v2g_exi_iter outer, inner;
    v2g_exi_parameter_set set;
    v2g_exi_parameter parameter;
    EXPECT(v2g_exi_parameter_begin(&detail->service_parameter_list, &inner) == V2G_E_VALUE);
    EXPECT(v2g_exi_parameter_set_begin(&detail->service_parameter_list, &outer) == V2G_OK);
    EXPECT(v2g_exi_parameter_next(&outer, &parameter) == V2G_E_VALUE);
    EXPECT(v2g_exi_parameter_set_next(&outer, &set) == V2G_OK && set.parameter_set_id == 1 && set.parameter.count == 3);
    EXPECT(v2g_exi_parameter_begin(&set.parameter, &inner) == V2G_OK);
    EXPECT(v2g_exi_parameter_next(&inner, &parameter) == V2G_OK && is_text(&parameter.name, "Connector"));
    EXPECT(parameter.value.kind == V2G_EXI_PARAMETER_VALUE_INT_VALUE && parameter.value.value.int_value == 2);
    EXPECT(v2g_exi_parameter_next(&inner, &parameter) == V2G_OK && parameter.value.value.bool_value == 1);
    EXPECT(v2g_exi_parameter_next(&inner, &parameter) == V2G_OK && is_text(&parameter.value.value.finite_string, "any"));
    EXPECT(v2g_exi_parameter_next(&inner, &parameter) == V2G_NONE);
    EXPECT(v2g_exi_parameter_set_next(&outer, &set) == V2G_OK && set.parameter_set_id == 2);
    EXPECT(v2g_exi_parameter_begin(&set.parameter, &inner) == V2G_OK);
    EXPECT(v2g_exi_parameter_next(&inner, &parameter) == V2G_OK);
    EXPECT(v2g_number_compare(parameter.value.value.rational_number, v2g_number_of(22, 3)) == 0);
    EXPECT(v2g_exi_parameter_set_next(&outer, &set) == V2G_NONE);

    /* What was received goes out as it is. */
    EXPECT(v2g_exi_common_messages_encode(&read, again, sizeof again, &length_again, &error) == V2G_OK);
    EXPECT(length_again == length && memcmp(again, wire, length) == 0);
}

/* A response of the loop with its meter, which is deferred. */
static void deferred_elements(void)
{
    v2g_exi_meter_info meter;
    memset(&meter, 0, sizeof meter);
    meter.meter_id = text("M1");
    meter.charged_energy_reading_wh = 12345;
    v2g_exi_dc_message message = { .kind = V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_RES };
    memset(&message.value, 0, sizeof message.value);
    v2g_exi_dc_charge_loop_res *response = &message.value.dc_charge_loop_res;
    response->header = header();
    response->response_code = V2G_EXI_COMMON_TYPES_RESPONSE_CODE_OK;
    response->meter_info.value = &meter;
    response->evse_present_current = v2g_number_of(12, 0);
    response->evse_present_voltage = v2g_number_of(400, 0);
    response->control_mode.kind = V2G_EXI_DC_CL_RES_CONTROL_MODE_SCHEDULED;
    uint8_t wire[256];
    size_t length = 0;
    v2g_exi_error error = { 0 };
    EXPECT(v2g_exi_dc_encode(&message, wire, sizeof wire, &length, &error) == V2G_OK);
    v2g_exi_dc_message read;
    EXPECT(v2g_exi_dc_decode(wire, length, &read, &error) == V2G_OK);
    v2g_exi_meter_info shown;
    EXPECT(v2g_exi_meter_info_get(&read.value.dc_charge_loop_res.meter_info, &shown) == V2G_OK);
    EXPECT(shown.charged_energy_reading_wh == 12345 && is_text(&shown.meter_id, "M1"));
    EXPECT(!shown.has_meter_status);
    v2g_exi_receipt receipt;
    EXPECT(v2g_exi_receipt_get(&read.value.dc_charge_loop_res.receipt, &receipt) == V2G_NONE);
    EXPECT(v2g_exi_receipt_get(&read.value.dc_charge_loop_res.meter_info, &receipt) == V2G_E_VALUE);

    /* Mandatory, and absent. */
    response->evse_present_voltage = v2g_number_none();
    EXPECT(v2g_exi_dc_encode(&message, wire, sizeof wire, &length, &error) == V2G_E_MISSING);
    response->evse_present_voltage = v2g_number_of(400, 0);
    response->response_code = 0;
    EXPECT(v2g_exi_dc_encode(&message, wire, sizeof wire, &length, &error) == V2G_E_MISSING);
    response->response_code = 200;
    EXPECT(v2g_exi_dc_encode(&message, wire, sizeof wire, &length, &error) == V2G_E_VALUE);
    response->response_code = V2G_EXI_COMMON_TYPES_RESPONSE_CODE_OK;
    /* A text that is too long for the schema: the error says where. */
    meter.meter_id = text("123456789012345678901234567890123");
    EXPECT(v2g_exi_dc_encode(&message, wire, sizeof wire, &length, &error) == V2G_E_EXI_LENGTH);
    EXPECT(error.path_length > 0 && memcmp(error.path[error.path_length - 1].data, "MeterID", 7) == 0);
    message.kind = 0;
    EXPECT(v2g_exi_dc_encode(&message, wire, sizeof wire, &length, &error) == V2G_E_MISSING);
    message.kind = 99;
    EXPECT(v2g_exi_dc_encode(&message, wire, sizeof wire, &length, &error) == V2G_E_VALUE);
}

/* Texts in a list of structs, choices. */
static void protocols(void)
{
    v2g_exi_app_protocol offers[2];
    memset(offers, 0, sizeof offers);
    for (uint8_t i = 0; i < 2; i++) {
        offers[i].protocol_namespace = text(i == 0 ? "urn:iso:std:iso:15118:-20:DC" : "urn:iso:std:iso:15118:-20:AC");
        offers[i].version_number_major = 1;
        offers[i].schema_id = i;
        offers[i].priority = (uint16_t)(i + 1);
    }
    v2g_exi_app_protocol_message message = { .kind = V2G_EXI_APP_PROTOCOL_MESSAGE_SUPPORTED_APP_PROTOCOL_REQ };
    memset(&message.value, 0, sizeof message.value);
    message.value.supported_app_protocol_req.app_protocol.items = offers;
    message.value.supported_app_protocol_req.app_protocol.count = 2;
    uint8_t wire[256];
    size_t length = 0;
    v2g_exi_error error = { 0 };
    EXPECT(v2g_exi_app_protocol_encode(&message, wire, sizeof wire, &length, &error) == V2G_OK);
    v2g_exi_app_protocol_message read;
    EXPECT(v2g_exi_app_protocol_decode(wire, length, &read, &error) == V2G_OK);
    v2g_exi_iter iter;
    v2g_exi_app_protocol offer;
    EXPECT(v2g_exi_app_protocol_begin(&read.value.supported_app_protocol_req.app_protocol, &iter) == V2G_OK);
    EXPECT(v2g_exi_app_protocol_next(&iter, &offer) == V2G_OK && is_text(&offer.protocol_namespace, "urn:iso:std:iso:15118:-20:DC"));
    EXPECT(v2g_exi_app_protocol_next(&iter, &offer) == V2G_OK && offer.schema_id == 1 && offer.priority == 2);
    EXPECT(v2g_exi_app_protocol_next(&iter, &offer) == V2G_NONE);
    offers[0].priority = 21;
    EXPECT(v2g_exi_app_protocol_encode(&message, wire, sizeof wire, &length, &error) == V2G_E_VALUE);
}

/* The request that decode.c shows; with an argument it is printed as a frame. */
static void example(int print)
{
    v2g_exi_dc_message message = { .kind = V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_REQ };
    memset(&message.value, 0, sizeof message.value);
    v2g_exi_dc_charge_loop_req *request = &message.value.dc_charge_loop_req;
    request->header = header();
    request->has_display_parameters = 1;
    request->display_parameters.has_present_soc = 1;
    request->display_parameters.present_soc = 55;
    request->ev_present_voltage = v2g_number_of(4005, -1);
    request->control_mode.kind = V2G_EXI_DC_CL_REQ_CONTROL_MODE_BPT_DYNAMIC;
    v2g_exi_bpt_dynamic_dc_cl_req_control_mode *mode = &request->control_mode.value.bpt_dynamic;
    mode->ev_target_energy_request = v2g_number_of(10, 3);
    mode->ev_maximum_energy_request = v2g_number_of(30, 3);
    mode->ev_minimum_energy_request = v2g_number_of(-20, 3);
    mode->ev_maximum_charge_power = v2g_number_of(50, 3);
    mode->ev_minimum_charge_power = v2g_number_of(0, 0);
    mode->ev_maximum_charge_current = v2g_number_of(125, 0);
    mode->ev_maximum_voltage = v2g_number_of(460, 0);
    mode->ev_minimum_voltage = v2g_number_of(300, 0);
    mode->ev_maximum_discharge_power = v2g_number_of(11, 3);
    mode->ev_minimum_discharge_power = v2g_number_of(0, 0);
    mode->ev_maximum_discharge_current = v2g_number_of(30, 0);
    uint8_t frame[V2G_HEADER_SIZE + 128];
    size_t length = 0;
    EXPECT(v2g_exi_dc_encode(&message, frame + V2G_HEADER_SIZE, 128, &length, NULL) == V2G_OK);
    EXPECT(v2g_write_header(V2G_PAYLOAD_DC, length, frame) == V2G_OK);
    for (size_t i = 0; print && i < V2G_HEADER_SIZE + length; i++) {
        printf("%02x", frame[i]);
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    lists_in_lists();
    deferred_elements();
    protocols();
    example(argc > 1);
    puts(argc > 1 ? "" : "codec: as promised");
    return 0;
}
