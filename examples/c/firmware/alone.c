/*
 * One end alone, over the serial port as a byte link: the charger, or with ROLE_VEHICLE the vehicle. Ends with status 0 if the
 * session ended well.
 */
#include "board.h"
#include "task.h"

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
    v2g_str name = v2g_message_name(kind);
    print_number((int64_t)now);
    print(" ms  ");
    print(who);
    print("  ");
    print_part(name.data, name.length);
    print("\n");
}

/* Moves what the port has, and what it takes. */
static int exchange(void)
{
    uint8_t octet;
    int moved = 0;
    while (incoming.count < WIRE_SIZE && uart_read(&octet)) {
        (void)wire_write(&incoming, &octet, 1);
        moved = 1;
    }
    while (outgoing.count > 0 && uart_write(outgoing.bytes[outgoing.first])) {
        wire_consume(&outgoing, 1);
        moved = 1;
    }
    return moved;
}

int main(void)
{
    must(V2G_CHECK(), "library");
    uart_open();
#ifdef ROLE_VEHICLE
    must(vehicle_begin(V2G_SERVICE_DC_BPT, 20, board_now()), "vehicle");
#else
    must(station_begin(V2G_SERVICE_DC_BPT, board_now()), "charger");
#endif
    progress state = BUSY;
    while (state != OVER || outgoing.count > 0) {
        int moved = exchange();
        if (state != OVER) {
#ifdef ROLE_VEHICLE
            state = vehicle_step(board_now(), &incoming, &outgoing);
#else
            state = station_step(board_now(), &incoming, &outgoing);
#endif
        }
        if (state == IDLE && !moved) {
            board_sleep();
        }
    }
#ifdef ROLE_VEHICLE
    return vehicle_result()->is_ok ? 0 : 1;
#else
    return station_result()->is_ok ? 0 : 1;
#endif
}
