/* What the generated program calls. */
#include "handles.h"

#include <v2g_exi.h>

static int failures;

#ifndef SWEEP_HOSTED_H
void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    fprintf(stderr, "panic in %.*s:%u\n", (int)length, file, (unsigned)line);
    abort();
}
#endif

static void check(const char *function, const char *what, int32_t status, int must_fail)
{
    if (must_fail && status >= 0) {
        fprintf(stderr, "%s with %s: %s (%d)\n", function, what, v2g_status_str(status), (int)status);
        failures++;
    }
}

/* Zeroed memory, aligned, for the argument at a place: enough for any struct and length that the sweep names. */
static void *memory(int place)
{
    static union {
        uint64_t align;
        uint8_t bytes[8192];
    } all[12];
    memset(&all[place], 0, sizeof all[place]);
    return &all[place];
}

static inline void *sized(int place, uint32_t size)
{
    uint8_t *struct_ = (uint8_t *)memory(place);
    memcpy(struct_, &size, sizeof size);
    return struct_;
}

/* Live handles are made anew each time: what an earlier call did to one says nothing about the next. */
#define LIVE(kind) \
    static inline v2g_##kind *live_v2g_##kind(void) \
    { \
        static v2g_##kind##_storage place; \
        int32_t status; \
        v2g_##kind *made = make_##kind(&place, sizeof place, &status); \
        EXPECT(status == V2G_OK); \
        return made; \
    } \
    static inline void *copied_v2g_##kind(void) \
    { \
        static v2g_##kind##_storage place; \
        memcpy(&place, live_v2g_##kind(), sizeof place); \
        return &place; \
    } \
    static inline void *dead_v2g_##kind(void) \
    { \
        v2g_##kind *dead = live_v2g_##kind(); \
        EXPECT(v2g_##kind##_deinit(dead) == V2G_OK); \
        return dead; \
    }
EACH_HANDLE(LIVE)

/* Handles of another kind. */
static inline void *foreign_v2g_secc(void) { return live_v2g_evcc(); }
static inline void *foreign_v2g_evcc(void) { return live_v2g_secc(); }
static inline void *foreign_v2g_stream(void) { return live_v2g_secc(); }
static inline void *foreign_v2g_discovery(void) { return live_v2g_secc(); }
static inline void *foreign_v2g_slac_evse(void) { return live_v2g_slac_ev(); }
static inline void *foreign_v2g_slac_ev(void) { return live_v2g_slac_evse(); }
static inline void *foreign_v2g_trust_store(void) { return live_v2g_stream(); }
static inline void *foreign_v2g_responder(void) { return live_v2g_discovery(); }

#ifndef SWEEP_HOSTED_H
static void begin(int argc, char **argv)
{
    (void)argv;
    EXPECT(argc == 1);
}

static void end(void)
{
}
#endif

static int finish(int functions, int calls)
{
    printf("%d functions, %d calls, %d that should have failed\n", functions, calls, failures);
    return failures == 0 ? 0 : 1;
}
