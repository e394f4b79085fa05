#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <v2g_platform.h>

void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    fprintf(stderr, "panic in %.*s:%u\n", (int)length, file, (unsigned)line);
    abort();
}

static uint64_t milliseconds(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) {
        perror("clock");
        abort();
    }
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint64_t host_now(void)
{
    static uint64_t start;
    uint64_t now = milliseconds(CLOCK_MONOTONIC);
    if (start == 0) {
        start = now;
    }
    return now - start;
}

uint64_t host_unix_time(void)
{
    return milliseconds(CLOCK_REALTIME) / 1000;
}

int host_wait(uint64_t deadline)
{
    uint64_t now = host_now();
    if (deadline == V2G_NEVER) {
        return -1;
    }
    if (deadline <= now) {
        return 0;
    }
    return deadline - now < INT_MAX ? (int)(deadline - now) : INT_MAX;
}

int32_t host_random(void *user, uint8_t *out, size_t length)
{
    (void)user;
    size_t filled = 0;
    while (filled < length) {
        ssize_t more = getrandom(out + filled, length - filled, 0);
        if (more < 0 && errno != EINTR) {
            return -1;
        }
        filled += more > 0 ? (size_t)more : 0;
    }
    return 0;
}

int host_signals(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    /* A reader of the lines that has gone must not end a session. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) != 0) {
        return complain("block signals");
    }
    int signals = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    return signals >= 0 ? signals : complain("watch for signals");
}

int host_signalled(int signals)
{
    struct signalfd_siginfo info;
    return read(signals, &info, sizeof info) == (ssize_t)sizeof info;
}

int host_number(const char *text, unsigned long most, unsigned long *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number <= most ? 0 : -1;
}

void say(const char *format, ...)
{
    uint64_t now = host_now();
    va_list arguments;
    printf("%5llu.%03u  ", (unsigned long long)(now / 1000), (unsigned)(now % 1000));
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    /* Whoever watches through a pipe wants to see it now. */
    fflush(stdout);
}

void say_message(const char *what, uint16_t kind)
{
    v2g_str name = v2g_message_name(kind);
    say("%-8s  %.*s", what, (int)name.length, name.length > 0 ? name.data : "");
}

void say_end(const v2g_end *end)
{
    if (end->is_ok) {
        say("ended as it should");
        return;
    }
    v2g_str request = v2g_message_name(end->request);
    say("ended badly: cause %u, stage %u, message %.*s, code %u, timer %u, requirement %.*s", end->cause, end->stage,
        (int)request.length, request.length > 0 ? request.data : "", end->response_code, end->timer,
        (int)end->requirement.length, end->requirement.length > 0 ? end->requirement.data : "");
}

int complain(const char *what)
{
    fprintf(stderr, "cannot %s: %s\n", what, strerror(errno));
    return -1;
}

void must(int32_t status, const char *what)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", what, v2g_status_str(status));
        abort();
    }
}
