/*
 * All that a charger needs on one microcontroller: SLAC, discovery, the engine, and WITH_CODEC messages as structs. The session is that of station.c; here
 * SLAC gets a key for its modem and answers a vehicle's question, and discovery answers a search, so that what they take is known.
 */
#include "board.h"
#include "task.h"

#include <v2g_exi.h>

static v2g_slac_evse_storage slac_memory;
static v2g_responder_storage responder_memory;
static uint8_t frame[V2G_SLAC_FRAME];
static wire incoming;
static wire outgoing;

void must(int32_t status, const char *what)
{
    if (status < 0) {
        print(what);
        print(": ");
        print(v2g_status_str(status));
        print("\n");
        board_exit(1);
    }
}

void show(uint64_t now, const char *who, uint16_t kind)
{
    (void)now;
    (void)who;
    (void)kind;
}

static int32_t random_octets(void *user, uint8_t *out, size_t length)
{
    (void)user;
    board_random(out, length);
    return 0;
}

/* CM_SLAC_PARM.REQ of a vehicle. */
static const uint8_t question[60] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0xE0, 0, 0, 0, 1, 0x88, 0xE1, 1, 0x64, 0x60, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
};

/* CM_SET_KEY.CNF of the own modem. */
static const uint8_t key_is_set[60] = {
    2, 0xC0, 0, 0, 0, 1, 2, 0xC1, 0, 0, 0, 1, 0x88, 0xE1, 1, 0x09, 0x60, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0xFF,
};

static size_t slac_answers(void)
{
    v2g_slac_evse *slac;
    v2g_slac_evse_config config = V2G_SLAC_EVSE_CONFIG_INIT;
    static const uint8_t mac[6] = { 2, 0xC0, 0, 0, 0, 1 };
    size_t length = 0, frames = 0;
    v2g_slac_evse_event event = V2G_SLAC_EVSE_EVENT_INIT;
    for (size_t i = 0; i < sizeof mac; i++) {
        config.mac[i] = mac[i];
    }
    config.random = random_octets;
    must(v2g_slac_evse_init(&slac_memory, sizeof slac_memory, &config, &slac), "SLAC");
    must(v2g_slac_evse_start(slac, 0), "SLAC");
    for (int i = 0; i < 3; i++) {
        while (v2g_slac_evse_poll_transmit(slac, frame, sizeof frame, &length) == V2G_OK) {
            frames++;
        }
        while (v2g_slac_evse_poll_event(slac, &event) == V2G_OK) {
        }
        if (i == 0) {
            (void)v2g_slac_evse_handle_frame(slac, 10, key_is_set, sizeof key_is_set);
            must(v2g_slac_evse_report_pilot(slac, 20, V2G_PILOT_B), "pilot");
        } else {
            (void)v2g_slac_evse_handle_frame(slac, 30, question, sizeof question);
        }
        must(v2g_slac_evse_handle_timeout(slac, 40), "SLAC");
    }
    return frames;
}

static size_t discovery_answers(void)
{
    v2g_responder *responder;
    v2g_responder_config config = V2G_RESPONDER_CONFIG_INIT;
    const v2g_address own = { .ip = { 0xFE, 0x80, [15] = 2 }, .port = 50000 };
    const v2g_address vehicle = { .ip = { 0xFE, 0x80, [15] = 1 }, .port = 40000 };
    static const uint8_t search[] = { 1, 0xFE, 0x90, 0, 0, 0, 0, 2, 0, 0 };
    v2g_address to;
    size_t length = 0;
    must(v2g_responder_init(&responder_memory, sizeof responder_memory, &config, &responder), "discovery");
    must(v2g_responder_set_link(responder, 1), "discovery");
    must(v2g_responder_listen(responder, &own, NULL), "discovery");
    must(v2g_responder_handle_input(responder, 0, &vehicle, search, sizeof search), "discovery");
    must(v2g_responder_poll_transmit(responder, frame, sizeof frame, &length, &to), "discovery");
    return length;
}

int main(void)
{
    stack_paint();
    size_t frames = slac_answers();
    size_t octets = discovery_answers();
    must(station_begin(V2G_SERVICE_DC_BPT, board_now()), "charger");
    size_t used = stack_used();
    (void)station_step(board_now(), &incoming, &outgoing);
#ifdef WITH_CODEC
    static v2g_exi_dc_message message;
    int32_t refused = v2g_exi_dc_decode(frame, octets, &message, NULL);
#else
    int32_t refused = V2G_E_EXI_HEADER;
#endif
    print("figure stack ");
    print_number((int64_t)used);
    print("\nfigure frames ");
    print_number((int64_t)frames);
    print("\n");
    return frames >= 2 && octets == 28 && refused < 0 ? 0 : 1;
}
