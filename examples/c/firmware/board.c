/* Start-up code, system timer, semihosting, stack painting. No libc. */
#include "board.h"

#include <v2g_platform.h>

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define CPACR (*(volatile uint32_t *)0xE000ED88u)

#define TICKS_PER_MS 25000u

#define SYS_WRITE0 0x04u
#define SYS_EXIT_EXTENDED 0x20u
#define APPLICATION_EXIT 0x20026u

#define PAINT 0xC5C5C5C5u

extern uint32_t data_load, data_start, data_end, bss_start, bss_end, stack_bottom, stack_top;

extern int main(void);

static volatile uint32_t milliseconds;

static uint32_t semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

_Noreturn void board_exit(int status)
{
    const uint32_t block[2] = { APPLICATION_EXIT, (uint32_t)status };
    (void)semihosting(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

void print(const char *text)
{
    (void)semihosting(SYS_WRITE0, text);
}

void print_part(const char *text, size_t length)
{
    char piece[33];
    while (length > 0) {
        size_t count = length < sizeof piece - 1 ? length : sizeof piece - 1;
        for (size_t i = 0; i < count; i++) {
            piece[i] = text[i];
        }
        piece[count] = '\0';
        print(piece);
        text += count;
        length -= count;
    }
}

void print_number(int64_t number)
{
    char digits[21];
    size_t at = sizeof digits - 1;
    uint64_t rest = number < 0 ? 0u - (uint64_t)number : (uint64_t)number;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    print(&digits[at]);
}

uint64_t board_now(void)
{
    return milliseconds;
}

uint64_t board_ticks(void)
{
    uint32_t before, within;
    do {
        before = milliseconds;
        within = SYST_CVR;
    } while (before != milliseconds);
    return (uint64_t)before * TICKS_PER_MS + (TICKS_PER_MS - 1 - within);
}

void board_sleep(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

void board_random(uint8_t *out, size_t length)
{
    static uint8_t counter = 1;
    for (size_t i = 0; i < length; i++) {
        out[i] = counter++;
    }
}

/* UART 0 of the CMSDK. */
#define UART_DATA (*(volatile uint32_t *)0x40004000u)
#define UART_STATE (*(volatile uint32_t *)0x40004004u)
#define UART_CTRL (*(volatile uint32_t *)0x40004008u)
#define UART_BAUDDIV (*(volatile uint32_t *)0x40004010u)
#define UART_TX_FULL 1u
#define UART_RX_FULL 2u

void uart_open(void)
{
    UART_BAUDDIV = 16;
    UART_CTRL = 3;
}

int uart_read(uint8_t *octet)
{
    if ((UART_STATE & UART_RX_FULL) == 0) {
        return 0;
    }
    *octet = (uint8_t)UART_DATA;
    return 1;
}

int uart_write(uint8_t octet)
{
    if ((UART_STATE & UART_TX_FULL) != 0) {
        return 0;
    }
    UART_DATA = octet;
    return 1;
}

static uint32_t *stack_pointer(void)
{
    uint32_t *pointer;
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
    return pointer;
}

void stack_paint(void)
{
    /* Not the frame of this function. */
    uint32_t *end = stack_pointer() - 16;
    for (uint32_t *word = &stack_bottom; word < end; word++) {
        *word = PAINT;
    }
}

size_t stack_used(void)
{
    const uint32_t *word = &stack_bottom;
    while (word < &stack_top && *word == PAINT) {
        word++;
    }
    return (size_t)((const uint8_t *)&stack_top - (const uint8_t *)word);
}

size_t static_memory(void)
{
    return (size_t)((const uint8_t *)&bss_end - (const uint8_t *)&data_start);
}

void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    print("panic in ");
    print_part(file, length);
    print(":");
    print_number(line);
    print("\n");
    board_exit(101);
}

_Noreturn void reset(void);

_Noreturn void reset(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end; to++) {
        *to = 0;
    }
    /* The floating point unit: the library is built for hard floats, and uses none. */
    CPACR |= 0xFu << 20;
    __asm__ volatile("dsb\n isb" ::: "memory");
    stack_paint();
    SYST_RVR = TICKS_PER_MS - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    board_exit(main());
}

static void tick(void)
{
    milliseconds = milliseconds + 1;
}

static void fault(void)
{
    print("fault\n");
    board_exit(102);
}

typedef union vector {
    const void *stack;
    void (*handler)(void);
} vector;

/* Stack, reset, NMI, faults, SVCall, PendSV, system timer. */
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    { .stack = &stack_top }, { .handler = reset }, { .handler = fault }, { .handler = fault },
    { .handler = fault },    { .handler = fault }, { .handler = fault }, { .handler = fault },
    { .handler = fault },    { .handler = fault }, { .handler = fault }, { .handler = fault },
    { .handler = fault },    { .handler = fault }, { .handler = fault }, { .handler = tick },
};
