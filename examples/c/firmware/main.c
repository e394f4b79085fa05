/*
 * Charger and vehicle as two tasks of a super-loop on one Cortex-M4, over a link in memory: a DC_BPT session that feeds the grid,
 * and an AC session. Prints the sessions and what they took, and ends with status 0 if both ended well.
 */
#include "board.h"
#include "task.h"

#define ROUNDS 20

static wire to_station;
static wire to_vehicle;

static size_t station_stack;
static size_t vehicle_stack;
static uint64_t station_ticks;
static uint32_t station_turns;
static uint16_t last_shown;
static uint32_t repeats;

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
    /* Rounds of the loop are counted, not printed. */
    int is_request = kind == V2G_MSG_DC_CHARGE_LOOP_REQ || kind == V2G_MSG_AC_CHARGE_LOOP_REQ;
    int is_response = kind == V2G_MSG_DC_CHARGE_LOOP_RES || kind == V2G_MSG_AC_CHARGE_LOOP_RES;
    if (is_response && repeats > 0) {
        station_turns++;
    }
    if (is_request && last_shown == kind) {
        repeats++;
        return;
    }
    if (is_response && repeats > 0) {
        return;
    }
    if (repeats > 0) {
        print("             ... ");
        print_number(repeats);
        print(" more rounds\n");
        repeats = 0;
    }
    if (!is_response) {
        last_shown = kind;
    }
    v2g_str name = v2g_message_name(kind);
    print_number((int64_t)now);
    print(" ms  ");
    print(who);
    print("  ");
    print_part(name.data, name.length);
    print("\n");
}

typedef enum measure { STACK, TIME } measure;

/* Steps a task with a fresh stack, so that what each takes is known apart. */
static progress measured(progress (*step)(uint64_t, wire *, wire *), wire *in, wire *out, size_t *most, measure what)
{
    if (what == TIME) {
        return step(board_now(), in, out);
    }
    stack_paint();
    progress state = step(board_now(), in, out);
    size_t used = stack_used();
    *most = used > *most ? used : *most;
    return state;
}

static int report(const char *who, const v2g_end *end)
{
    print(who);
    if (end->is_ok) {
        print(" ended well\n");
        return 0;
    }
    print(" ended badly: cause ");
    print_number(end->cause);
    print(", stage ");
    print_number(end->stage);
    print(", message ");
    print_number(end->request);
    print(", code ");
    print_number(end->response_code);
    print("\n");
    return 1;
}

static int session(uint16_t service, measure what)
{
    progress station = BUSY, vehicle = BUSY;
    to_station = (wire){ .count = 0 };
    to_vehicle = (wire){ .count = 0 };
    repeats = 0;
    last_shown = 0;
    stack_paint();
    must(station_begin(service, board_now()), "charger");
    size_t used = stack_used();
    station_stack = used > station_stack ? used : station_stack;
    stack_paint();
    must(vehicle_begin(service, ROUNDS, board_now()), "vehicle");
    used = stack_used();
    vehicle_stack = used > vehicle_stack ? used : vehicle_stack;
    while (station != OVER || vehicle != OVER) {
        if (vehicle != OVER) {
            vehicle = measured(vehicle_step, &to_vehicle, &to_station, &vehicle_stack, what);
        }
        if (station != OVER) {
            int in_loop = repeats > 0 && what == TIME;
            uint64_t before = board_ticks();
            station = measured(station_step, &to_station, &to_vehicle, &station_stack, what);
            if (in_loop && station == BUSY) {
                station_ticks += board_ticks() - before;
            }
        }
        if (station != BUSY && vehicle != BUSY && !(station == OVER && vehicle == OVER)) {
            board_sleep();
        }
    }
    int failed = report("charger", station_result()) + report("vehicle", vehicle_result());
    station_end();
    vehicle_end();
    return failed;
}

static void figure(const char *name, uint64_t value)
{
    print("figure ");
    print(name);
    print(" ");
    print_number((int64_t)value);
    print("\n");
}

int main(void)
{
    must(V2G_CHECK(), "library");
    print("DC_BPT, the charger plans:\n");
    int failed = session(V2G_SERVICE_DC_BPT, STACK);
#ifdef WITH_AC
    print("AC, the charger plans:\n");
    failed += session(V2G_SERVICE_AC, STACK);
#endif
    print("DC_BPT again, for the time:\n");
    station_turns = 0;
    failed += session(V2G_SERVICE_DC_BPT, TIME);
    figure("charger-stack", station_stack);
    figure("vehicle-stack", vehicle_stack);
    figure("static-memory", static_memory());
    figure("charger-turn-ticks", station_turns > 0 ? station_ticks / station_turns : 0);
    return failed == 0 ? 0 : 1;
}
