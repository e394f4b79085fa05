/* A byte link in memory: what one end writes, the other reads, in whatever pieces. */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_SIZE 1024u

typedef struct wire {
    uint8_t bytes[WIRE_SIZE];
    size_t first;
    size_t count;
} wire;

/* Writes as much as there is room for, and says how much that was. */
static inline size_t wire_write(wire *w, const uint8_t *from, size_t length)
{
    size_t written = 0;
    while (written < length && w->count < WIRE_SIZE) {
        w->bytes[(w->first + w->count) % WIRE_SIZE] = from[written++];
        w->count++;
    }
    return written;
}

/* What can be read in one piece. */
static inline const uint8_t *wire_peek(const wire *w, size_t *length)
{
    size_t until_end = WIRE_SIZE - w->first;
    *length = w->count < until_end ? w->count : until_end;
    return &w->bytes[w->first];
}

static inline void wire_consume(wire *w, size_t length)
{
    w->first = (w->first + length) % WIRE_SIZE;
    w->count -= length;
}

#endif
