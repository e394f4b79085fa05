/* The two tasks of the super-loop. */
#ifndef TASK_H
#define TASK_H

#include <stdint.h>

#include <v2g.h>

#include "wire.h"

typedef enum progress { IDLE, BUSY, OVER } progress;

/* Begins a session of one service (V2G_SERVICE_*). */
int32_t station_begin(uint16_t service, uint64_t now);
int32_t vehicle_begin(uint16_t service, uint32_t rounds, uint64_t now);

/* Takes one step: BUSY while there is more to do at once, OVER after the end of the session. */
progress station_step(uint64_t now, wire *in, wire *out);
progress vehicle_step(uint64_t now, wire *in, wire *out);

/* How the session ended. */
const v2g_end *station_result(void);
const v2g_end *vehicle_result(void);

/* Gives the memory back. */
void station_end(void);
void vehicle_end(void);

/* Prints a message that leaves. */
void show(uint64_t now, const char *who, uint16_t kind);

/* Prints a status that must not be, and ends the program. */
void must(int32_t status, const char *what);

#endif
