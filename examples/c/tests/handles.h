/* A live handle of each kind, for tests: each in storage of its own. */
#ifndef HANDLES_H
#define HANDLES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <v2g.h>
#include <v2g_platform.h>

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

/* Storage as a program would have it, zeroed, and one octet more than that would be found by AddressSanitizer. */
static inline void *storage(size_t size)
{
    void *memory = calloc(1, size);
    EXPECT(memory != NULL);
    return memory;
}

static inline v2g_secc *make_secc(void *memory, size_t size, int32_t *status)
{
    static const v2g_parameters sets[] = { { .id = 1, .control_mode = V2G_CONTROL_DYNAMIC } };
    static const v2g_offer offers[] = {
        { .service = V2G_SERVICE_DC_BPT, .set_count = 1, .sets = sets },
        { .service = V2G_SERVICE_AC, .set_count = 1, .sets = sets },
    };
    static uint8_t buffer[8192];
    v2g_secc *secc = NULL;
    v2g_secc_config config = V2G_SECC_CONFIG_INIT;
    config.evse_id = V2G_STR("DE*V2G*E1");
    config.meter_id = V2G_STR("M1");
    config.offers = offers;
    config.offer_count = 2;
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    *status = v2g_secc_init(memory, size, &config, &secc);
    return secc;
}

static inline v2g_evcc *make_evcc(void *memory, size_t size, int32_t *status)
{
    static const v2g_wish wishes[] = { { .service = V2G_SERVICE_DC_BPT, .control_mode = V2G_CONTROL_DYNAMIC } };
    static uint8_t buffer[8192];
    v2g_evcc *evcc = NULL;
    v2g_evcc_config config = V2G_EVCC_CONFIG_INIT;
    config.evcc_id = V2G_STR("WMIV1234567890ABC");
    config.wishes = wishes;
    config.wish_count = 1;
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    *status = v2g_evcc_init(memory, size, &config, &evcc);
    return evcc;
}

static inline v2g_stream *make_stream(void *memory, size_t size, int32_t *status)
{
    static uint8_t buffer[256];
    v2g_stream *stream = NULL;
    *status = v2g_stream_init(memory, size, buffer, sizeof buffer, &stream);
    return stream;
}

static inline v2g_discovery *make_discovery(void *memory, size_t size, int32_t *status)
{
    v2g_discovery *discovery = NULL;
    v2g_discovery_config config = V2G_DISCOVERY_CONFIG_INIT;
    *status = v2g_discovery_init(memory, size, &config, &discovery);
    return discovery;
}

static inline v2g_responder *make_responder(void *memory, size_t size, int32_t *status)
{
    v2g_responder *responder = NULL;
    v2g_responder_config config = V2G_RESPONDER_CONFIG_INIT;
    *status = v2g_responder_init(memory, size, &config, &responder);
    return responder;
}

static inline int32_t counting(void *user, uint8_t *out, size_t length)
{
    static uint8_t counter;
    (void)user;
    for (size_t i = 0; i < length; i++) {
        out[i] = ++counter;
    }
    return 0;
}

static inline v2g_slac_evse *make_slac_evse(void *memory, size_t size, int32_t *status)
{
    v2g_slac_evse *machine = NULL;
    v2g_slac_evse_config config = V2G_SLAC_EVSE_CONFIG_INIT;
    config.mac[0] = 2;
    config.random = counting;
    *status = v2g_slac_evse_init(memory, size, &config, &machine);
    return machine;
}

static inline v2g_slac_ev *make_slac_ev(void *memory, size_t size, int32_t *status)
{
    v2g_slac_ev *machine = NULL;
    v2g_slac_ev_config config = V2G_SLAC_EV_CONFIG_INIT;
    config.mac[0] = 2;
    config.random = counting;
    *status = v2g_slac_ev_init(memory, size, &config, &machine);
    return machine;
}

static inline v2g_trust_store *make_trust_store(void *memory, size_t size, int32_t *status)
{
    static uint8_t buffer[8192];
    v2g_trust_store *store = NULL;
    v2g_trust_store_config config = V2G_TRUST_STORE_CONFIG_INIT;
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    *status = v2g_trust_store_init(memory, size, &config, &store);
    return store;
}

#define EACH_HANDLE(DO) \
    DO(secc) \
    DO(evcc) \
    DO(stream) \
    DO(discovery) \
    DO(responder) \
    DO(slac_evse) \
    DO(slac_ev) \
    DO(trust_store)

#endif
