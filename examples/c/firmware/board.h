/* The board: Arm MPS2 with image AN386 (Cortex-M4), as QEMU has it. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds since the start, by the system timer. */
uint64_t board_now(void);

/* Ticks of the system timer, 25 MHz. With `-icount shift=0` QEMU runs 40 instructions in each. */
uint64_t board_ticks(void);

/* Sleeps until the next interrupt. */
void board_sleep(void);

/* Random octets. A product takes them from its random generator; this counts, so that every run is the same. */
void board_random(uint8_t *out, size_t length);

/* The serial port, octet by octet: 1 if there was one, or room for one. */
void uart_open(void);
int uart_read(uint8_t *octet);
int uart_write(uint8_t octet);

/* Prints through the debugger (semihosting). */
void print(const char *text);
void print_part(const char *text, size_t length);
void print_number(int64_t number);

/* Ends the program. */
_Noreturn void board_exit(int status);

/* Paints the stack below the caller; the second says how much of it was used since, octets. */
void stack_paint(void);
size_t stack_used(void);

/* Static memory: initialised and zeroed data without the stack, octets. */
size_t static_memory(void);

#endif
