/* The codec alone: reads a request of the charge loop, writes it again, and says what that took. */
#include "board.h"

#include <v2g_exi.h>

/* DC_ChargeLoopReq, DC_BPT, Dynamic. */
static const uint8_t request[] = {
    0x80, 0x34, 0x04, 0x00, 0x81, 0x01, 0x82, 0x02, 0x83, 0x03, 0x84, 0x08, 0x0e, 0x2c, 0xfa, 0xa0,
    0x62, 0x01, 0xba, 0x40, 0x3f, 0x85, 0x28, 0xf8, 0x12, 0x0c, 0x02, 0x81, 0x06, 0x03, 0xc0, 0x83,
    0x11, 0x30, 0x41, 0x81, 0x90, 0x20, 0x00, 0x00, 0x10, 0x00, 0xfa, 0x08, 0x00, 0xcc, 0x03, 0x04,
    0x00, 0x56, 0x01, 0x02, 0x0c, 0x02, 0xc1, 0x00, 0x00, 0x00, 0x80, 0x01, 0xe2, 0x00,
};

static v2g_exi_dc_message message;
static uint8_t again[sizeof request];

int main(void)
{
    stack_paint();
    if (v2g_exi_dc_decode(request, sizeof request, &message, NULL) != V2G_OK) {
        return 1;
    }
    const v2g_exi_dc_charge_loop_req *loop = &message.value.dc_charge_loop_req;
    size_t length = 0;
    int32_t status = v2g_exi_dc_encode(&message, again, sizeof again, &length, NULL);
    size_t used = stack_used();
    if (message.kind != V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_REQ || status != V2G_OK || length != sizeof request) {
        return 2;
    }
    for (size_t i = 0; i < length; i++) {
        if (again[i] != request[i]) {
            return 3;
        }
    }
    print("figure voltage ");
    print_number(loop->ev_present_voltage.value);
    print("\nfigure stack ");
    print_number((int64_t)used);
    print("\n");
    return 0;
}
