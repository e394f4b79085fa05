#include "converter.h"

#include "host.h"

int64_t milli(v2g_number number)
{
    int64_t value = 0;
    /* What does not fit is more than any converter has: it then stays at nothing. */
    (void)v2g_number_to_milli(number, V2G_ROUND_TO_ZERO, &value);
    return value;
}

v2g_number from_milli(int64_t value)
{
    v2g_number number = v2g_number_none();
    must(v2g_number_from_milli(value, V2G_ROUND_TO_ZERO, &number), "number");
    return number;
}

/* Numbers of messages reach further than products of them may. */
static int64_t within(int64_t value, int64_t most)
{
    if (value > most) {
        return most;
    }
    return value < -most ? -most : value;
}

void converter_hold(converter *plant, uint64_t now, int64_t millivolts)
{
    converter_count(plant, now);
    plant->millivolts = within(millivolts, 2000000);
}

void converter_follow(converter *plant, uint64_t now, const v2g_output *output)
{
    int64_t power = within(milli(output->power), 10000000000);
    int64_t current = within(milli(output->current), 5000000);
    int64_t by_power = plant->millivolts > 0 ? power * 1000 / plant->millivolts : 0;
    converter_count(plant, now);
    if (power >= 0) {
        plant->milliamperes = by_power < current ? by_power : current;
    } else {
        plant->milliamperes = by_power > current ? by_power : current;
    }
}

void converter_off(converter *plant, uint64_t now)
{
    converter_count(plant, now);
    plant->millivolts = 0;
    plant->milliamperes = 0;
}

void converter_count(converter *plant, uint64_t now)
{
    int64_t milliwatts = plant->millivolts * plant->milliamperes / 1000;
    uint64_t passed = now - plant->since;
    if (milliwatts >= 0) {
        plant->given += (uint64_t)milliwatts * passed / 1000;
    } else {
        plant->taken += (uint64_t)-milliwatts * passed / 1000;
    }
    plant->since = now;
}
