/* A converter at the outlet that follows at once, and its meter. */
#ifndef CONVERTER_H
#define CONVERTER_H

#include <stdint.h>

#include <v2g.h>

typedef struct converter {
    int64_t millivolts;
    int64_t milliamperes;
    /* Energy out of the station and into it, mJ, up to a time. */
    uint64_t given, taken;
    uint64_t since;
} converter;

/* Brings the outlet to a voltage, which the battery holds from then on. */
void converter_hold(converter *plant, uint64_t now, int64_t millivolts);

/* Lets the current flow at which the first of the bounds is reached. */
void converter_follow(converter *plant, uint64_t now, const v2g_output *output);

/* No current and no voltage. */
void converter_off(converter *plant, uint64_t now);

/* Counts the energy up to now. */
void converter_count(converter *plant, uint64_t now);

/* Numbers of messages in thousandths, and back. */
int64_t milli(v2g_number number);
v2g_number from_milli(int64_t value);

#endif
