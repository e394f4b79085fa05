#define _GNU_SOURCE
#include "secure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "pem.h"

#define CHAIN 4u
#define LIST 4u

/* What was read from files, one behind the other. */
typedef struct shelf {
    size_t used;
    uint8_t octets[65536];
} shelf;

/* One of the two ends: its folder, and those whose status it has to know of its peers. */
typedef struct role {
    const char *name;
    const char *staple;
    const char *others[LIST];
    int32_t (*make)(const v2g_tls_config *config, v2g_tls **tls, v2g_fault *fault);
} role;

static int refuse(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    return -1;
}

/* Reads a file, and writes a zero behind it: 0; 1 if there is none, -1 after a complaint. */
static int load(shelf *to, const char *folder, const char *format, const char *name, v2g_bytes *out)
{
    char file[64], path[1024];
    if (snprintf(file, sizeof file, format, name) >= (int)sizeof file ||
        snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path) {
        return refuse(folder, "the path is too long");
    }
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return errno == ENOENT ? 1 : refuse(path, strerror(errno));
    }
    /* No copy of a key in a buffer that nobody overwrites. */
    (void)setvbuf(stream, NULL, _IONBF, 0);
    size_t room = sizeof to->octets - to->used - 1;
    size_t length = fread(&to->octets[to->used], 1, room, stream);
    int is_whole = length < room && ferror(stream) == 0;
    fclose(stream);
    if (!is_whole) {
        return refuse(path, "it cannot be read, or is too long");
    }
    *out = v2g_bytes_of(&to->octets[to->used], length);
    to->used += length;
    to->octets[to->used++] = 0;
    return 0;
}

static int load_required(shelf *to, const char *folder, const char *format, const char *name, v2g_bytes *out)
{
    int status = load(to, folder, format, name, out);
    if (status == 1) {
        fprintf(stderr, "%s: there is no ", folder);
        fprintf(stderr, format, name);
        fprintf(stderr, "; `v2g pki new` makes such folders\n");
    }
    return status == 0 ? 0 : -1;
}

/* A file that was read, in memory of ours, as the text that it is. */
static char *text_of(v2g_bytes file)
{
    return (char *)(uintptr_t)file.data;
}

/* Takes an element of DER with this tag off the front: its content, or nothing. */
static v2g_bytes take(v2g_bytes *der, uint8_t tag)
{
    const v2g_bytes nothing = v2g_bytes_of(NULL, 0);
    size_t length, header = 2;
    if (der->length < 3 || der->data[0] != tag) {
        return nothing;
    }
    length = der->data[1];
    if (length == 0x81 || length == 0x82) {
        header = length == 0x81 ? 3 : 4;
        length = length == 0x81 ? der->data[2] : (size_t)der->data[2] << 8 | (der->length > 3 ? der->data[3] : 0);
    }
    if (header + length > der->length) {
        return nothing;
    }
    v2g_bytes content = v2g_bytes_of(der->data + header, length);
    *der = v2g_bytes_of(der->data + header + length, der->length - header - length);
    return content;
}

/* The number in a private key of PKCS #8 (RFC 5208, RFC 5915). */
static v2g_bytes private_number(v2g_bytes der)
{
    enum { INTEGER = 2, OCTETS = 4, SEQUENCE = 0x30 };
    v2g_bytes outer = take(&der, SEQUENCE);
    (void)take(&outer, INTEGER);
    (void)take(&outer, SEQUENCE);
    v2g_bytes wrapped = take(&outer, OCTETS);
    v2g_bytes inner = take(&wrapped, SEQUENCE);
    (void)take(&inner, INTEGER);
    return take(&inner, OCTETS);
}

static int load_roots(shelf *to, const char *folder, v2g_root *roots, size_t *count)
{
    static const struct {
        const char *name;
        uint32_t kind;
    } kinds[] = { { "v2g", V2G_ROOT_V2G }, { "oem", V2G_ROOT_OEM } };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        v2g_bytes pem, der;
        int status = load(to, folder, "roots/%s/root.pem", kinds[i].name, &pem);
        if (status < 0) {
            return -1;
        }
        if (status == 0 && pem_decode(text_of(pem), "CERTIFICATE", &der, 1) == 1) {
            roots[(*count)++] = (v2g_root){ .kind = kinds[i].kind, .certificate = der };
        }
    }
    return *count > 0 ? 0 : refuse(folder, "there are no roots");
}

/* The common name of a certificate, as a text of C: empty if it has none. */
static void common_name(v2g_bytes certificate, char out[SECURE_NAME])
{
    v2g_certificate parsed = V2G_CERTIFICATE_INIT;
    v2g_fault fault = { 0 };
    out[0] = 0;
    if (v2g_certificate_parse(certificate, &parsed, &fault) == V2G_OK && parsed.subject.length < SECURE_NAME) {
        memcpy(out, parsed.subject.data, parsed.subject.length);
        out[parsed.subject.length] = 0;
    }
}

/* What is known of the status of peers: 0, or -1 after a complaint. */
static int load_status(shelf *to, const char *folder, const role *self, v2g_bytes *ocsp, size_t *count)
{
    for (size_t i = 0; i < LIST && self->others[i] != NULL; i++) {
        int status = load(to, folder, "ocsp/%s.ocsp", self->others[i], &ocsp[*count]);
        if (status < 0) {
            return -1;
        }
        *count += status == 0 ? 1 : 0;
    }
    return 0;
}

static int make(security *end, const role *self, const char *folder, uint32_t profile)
{
    static shelf files;
    v2g_bytes chain[CHAIN], ocsp[LIST], pem, key;
    v2g_root roots[2];
    v2g_trust trust = V2G_TRUST_INIT;
    v2g_tls_config config = V2G_TLS_CONFIG_INIT;
    v2g_fault fault = { 0 };

    files.used = 0;
    if (load_roots(&files, folder, roots, &trust.root_count) != 0 ||
        load_status(&files, folder, self, ocsp, &trust.ocsp_count) != 0 ||
        (self->staple != NULL && load(&files, folder, "ocsp/%s.ocsp", self->staple, &config.staple) < 0) ||
        load_required(&files, folder, "%s/chain.pem", self->name, &pem) != 0) {
        return -1;
    }
    config.chain = chain;
    config.chain_count = pem_decode(text_of(pem), "CERTIFICATE", chain, CHAIN);
    trust.roots = roots;
    trust.ocsp = ocsp;
    trust.flags = profile == V2G_TLS_LAB ? V2G_TRUST_LAB : 0;
    trust.revocation = profile == V2G_TLS_LAB ? V2G_REVOCATION_SOFT_FAIL : V2G_REVOCATION_REQUIRED;
    config.trust = &trust;
    config.profile = profile;
    if (load_required(&files, folder, "%s/key.pem", self->name, &pem) != 0) {
        return -1;
    }
    if (pem_decode(text_of(pem), "PRIVATE KEY", &key, 1) == 1) {
        config.key = private_number(key);
    }
    int32_t status = self->make(&config, &end->tls, &fault);
    explicit_bzero(text_of(pem), pem.length);
    if (status != V2G_OK) {
        fprintf(stderr, "%s: keys and certificates of %s are not usable: %s", folder, self->name, v2g_status_str(status));
        fprintf(stderr, fault.rule != 0 ? " (%s)\n" : "\n", v2g_rule_str(fault.rule));
        return -1;
    }
    end->profile = profile;
    common_name(chain[0], end->name);
    return 0;
}

int secure_station(security *end, const char *folder, uint32_t profile)
{
    static const role station = { "secc", "secc", { "vehicle", "oem-sub-ca1", "oem-sub-ca2" }, v2g_tls_station_new };
    return make(end, &station, folder, profile);
}

int secure_vehicle(security *end, const char *folder, uint32_t profile)
{
    static const role vehicle = { "vehicle", NULL, { "cpo-sub-ca1", "cpo-sub-ca2" }, v2g_tls_vehicle_new };
    return make(end, &vehicle, folder, profile);
}

void secure_free(security *end)
{
    if (end->tls != NULL) {
        must(v2g_tls_free(end->tls), "end of TLS");
        end->tls = NULL;
    }
}

v2g_connection secure_connection(const security *end, char name[SECURE_NAME])
{
    v2g_connection connection = V2G_CONNECTION_INIT;
    v2g_tls_peer peer = V2G_TLS_PEER_INIT;
    must(v2g_tls_get_peer(end->tls, &peer), "peer");
    common_name(peer.leaf, name);
    say("secured   TLS 1.3, suite 0x%04x, group %u, with %s", (unsigned)peer.suite, (unsigned)peer.group, name);
    connection.transport = V2G_TRANSPORT_SECURED;
    connection.unix_seconds = host_unix_time();
    connection.has_peer = 1;
    memcpy(connection.peer, peer.fingerprint, sizeof connection.peer);
    if (end->profile == V2G_TLS_STRICT) {
        /* An empty name would not be compared with anything: without one there is no session. */
        if (name[0] == 0) {
            connection.transport = V2G_TRANSPORT_PLAIN;
        }
        connection.evcc_id = (v2g_str){ .data = name, .length = strlen(name) };
    }
    return connection;
}

void secure_say_why(const security *end)
{
    v2g_tls_failure failure = V2G_TLS_FAILURE_INIT;
    if (v2g_tls_why(end->tls, &failure) == V2G_OK) {
        say("insecure  %.*s", (int)failure.text.length, (const char *)failure.text.data);
    }
}
