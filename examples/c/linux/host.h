/* What the programs want of Linux besides sockets: time, random numbers, signals, and words about what happens. */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdint.h>

#include <v2g.h>

/* Milliseconds since the program began, by a clock that does not go back. */
uint64_t host_now(void);

/* Time of day, Unix time in seconds. */
uint64_t host_unix_time(void);

/* How long poll and epoll_wait are to sleep until a deadline of an engine: milliseconds, -1 for V2G_NEVER. */
int host_wait(uint64_t deadline);

/* Fills memory with random numbers. A `v2g_random`. */
int32_t host_random(void *user, uint8_t *out, size_t length);

/* A descriptor that is readable once somebody wants the program to end (SIGINT, SIGTERM), or -1. */
int host_signals(void);

/* Takes a signal from it: 1 if there was one. */
int host_signalled(int signals);

/* Reads a whole number up to `most` from the command line: 0, or -1 if it is none. */
int host_number(const char *text, unsigned long most, unsigned long *number);

/* Prints a line with the time. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void say(const char *format, ...);

/* Prints a message that has gone or come: "sent", "received". */
void say_message(const char *what, uint16_t kind);

/* Prints how a session ended. */
void say_end(const v2g_end *end);

/* Prints what the operating system refuses, and why, to the standard error; -1. */
int complain(const char *what);

/*
 * For calls that can fail only by a fault of the program's own: prints it and ends the program. A real charger or vehicle opens
 * its contactors first.
 */
void must(int32_t status, const char *what);

#endif
