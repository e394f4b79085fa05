/* What the generated program for v2g_hosted.h calls. Its argument is a folder of keys and certificates, as `v2g pki new` makes it. */
#ifndef SWEEP_HOSTED_H
#define SWEEP_HOSTED_H

#include "sweep.h"

#include "../linux/secure.h"

static const char *folder;

/* One live handle at a time: what an earlier call did to one says nothing about the next. */
static v2g_tls *live_v2g_tls(void)
{
    static security end;
    secure_free(&end);
    EXPECT(secure_vehicle(&end, folder, V2G_TLS_STRICT) == 0);
    return end.tls;
}

static void *foreign_v2g_tls(void)
{
    return live_v2g_stream();
}

/* A link that never began has no peer, and takes no data; what is no handshake ends it, and it says so from then on. */
static void out_of_order(void)
{
    static const uint8_t garbage[] = { 0x16, 0x03, 0x01, 0xFF, 0xFF, 0x00 };
    v2g_tls *tls = live_v2g_tls();
    v2g_tls_peer peer = V2G_TLS_PEER_INIT;
    v2g_tls_failure failure = V2G_TLS_FAILURE_INIT;
    v2g_bytes certificate;
    uint32_t state = 0;
    size_t count = 0;
    EXPECT(v2g_tls_why(tls, &failure) == V2G_NONE);
    EXPECT(v2g_tls_get_peer(tls, &peer) == V2G_E_STATE);
    EXPECT(v2g_tls_certificate(tls, 0, &certificate) == V2G_E_STATE);
    EXPECT(v2g_tls_write(tls, garbage, sizeof garbage, &count) == V2G_E_STATE);
    EXPECT(v2g_tls_handle_input(tls, garbage, sizeof garbage, &count) == V2G_E_TLS);
    EXPECT(v2g_tls_handle_input(tls, garbage, sizeof garbage, &count) == V2G_E_TLS);
    EXPECT(v2g_tls_state(tls, &state) == V2G_OK && state == V2G_TLS_FAILED);
    EXPECT(v2g_tls_why(tls, &failure) == V2G_OK && failure.cause == V2G_TLS_CAUSE_PROTOCOL && failure.text.length > 0);
    EXPECT(v2g_tls_reset(tls) == V2G_OK);
    EXPECT(v2g_tls_state(tls, &state) == V2G_OK && state == V2G_TLS_HANDSHAKE);
}

static void begin(int argc, char **argv)
{
    EXPECT(argc == 2);
    folder = argv[1];
    out_of_order();
}

static void end(void)
{
    /* The last live handle is freed with the one that is made for it. */
    EXPECT(v2g_tls_free(live_v2g_tls()) == V2G_OK);
}

#endif
