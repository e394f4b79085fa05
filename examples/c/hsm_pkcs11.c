/*
 * Plug & Charge with a contract key that never leaves its token.
 *
 *     hsm_pkcs11 MODULE TOKEN LABEL PKI EMAID
 *
 * MODULE is a PKCS #11 library, TOKEN and LABEL name the private key, P-521; the PIN is in V2G_PIN. PKI is a folder as
 * `v2g pki new` makes it, EMAID a contract in it. Charger and vehicle are both here, joined by memory. A thread of its own signs
 * on the token, which may take its time: meanwhile the loop of the vehicle goes on. The exit status is 0 only if the charger has
 * accepted the contract and the vehicle knows it.
 */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <p11-kit/pkcs11.h>

#include <v2g.h>
#include <v2g_platform.h>

#include "linux/pem.h"

#define SIGNATURE 132
#define DIGEST 64
#define MOST_CERTIFICATES 4
#define MOST_LISTS 3

void v2g_platform_panic(const char *file, size_t length, uint32_t line)
{
    fprintf(stderr, "panic in %.*s:%u\n", (int)length, file, (unsigned)line);
    abort();
}

static void fail(const char *what, long number)
{
    fprintf(stderr, "hsm_pkcs11: %s (%ld)\n", what, number);
    exit(1);
}

static void must(const char *what, int32_t status)
{
    if (status != V2G_OK) {
        fprintf(stderr, "%s: %s\n", what, v2g_status_str(status));
        fail(what, status);
    }
}

enum job { IDLE, WANTED, DONE, OVER };

typedef struct hsm {
    CK_FUNCTION_LIST *functions;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    pthread_t worker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* What follows is looked at under the lock. */
    enum job job;
    CK_RV result;
    uint8_t digest[DIGEST];
    uint8_t signature[SIGNATURE];
    size_t length;
} hsm;

static void checked(const char *what, CK_RV result)
{
    if (result != CKR_OK) {
        fail(what, (long)result);
    }
}

/* Texts of tokens are padded with blanks. */
static int is_named(const CK_UTF8CHAR *label, size_t size, const char *name)
{
    size_t length = strlen(name);
    if (length > size || memcmp(label, name, length) != 0) {
        return 0;
    }
    while (length < size && label[length] == ' ') {
        length++;
    }
    return length == size;
}

static CK_SLOT_ID find_token(CK_FUNCTION_LIST *functions, const char *name)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = sizeof slots / sizeof slots[0];
    checked("C_GetSlotList", functions->C_GetSlotList(CK_TRUE, slots, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;
        checked("C_GetTokenInfo", functions->C_GetTokenInfo(slots[i], &info));
        if (is_named(info.label, sizeof info.label, name)) {
            return slots[i];
        }
    }
    fail("no such token", 0);
    return 0;
}

static CK_OBJECT_HANDLE find_key(const hsm *device, char *label)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_LABEL, label, strlen(label) } };
    CK_OBJECT_HANDLE keys[2];
    CK_ULONG found = 0;
    checked("C_FindObjectsInit", device->functions->C_FindObjectsInit(device->session, wanted, 2));
    checked("C_FindObjects", device->functions->C_FindObjects(device->session, keys, 2, &found));
    checked("C_FindObjectsFinal", device->functions->C_FindObjectsFinal(device->session));
    if (found != 1) {
        fail("keys with this label", (long)found);
    }
    return keys[0];
}

/* Signs digests, one after the other. */
static void *work(void *argument)
{
    hsm *device = argument;
    CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
    pthread_mutex_lock(&device->lock);
    while (device->job != OVER) {
        if (device->job != WANTED) {
            pthread_cond_wait(&device->changed, &device->lock);
            continue;
        }
        uint8_t digest[DIGEST], signature[SIGNATURE];
        CK_ULONG length = sizeof signature;
        memcpy(digest, device->digest, sizeof digest);
        pthread_mutex_unlock(&device->lock);

        CK_RV result = device->functions->C_SignInit(device->session, &ecdsa, device->key);
        if (result == CKR_OK) {
            result = device->functions->C_Sign(device->session, digest, sizeof digest, signature, &length);
        }
        /* As long as an element of a vehicle may take. */
        nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000000L }, NULL);

        pthread_mutex_lock(&device->lock);
        device->result = result;
        device->length = length;
        memcpy(device->signature, signature, sizeof signature);
        if (device->job == WANTED) {
            device->job = DONE;
        }
    }
    pthread_mutex_unlock(&device->lock);
    return NULL;
}

/* Called by the library: begins, and does not wait. */
static int32_t begin(void *user, const v2g_sign_request *request, uint8_t *out, size_t capacity, size_t *length)
{
    hsm *device = user;
    int32_t status = V2G_E_KEY;
    (void)out;
    (void)capacity;
    (void)length;
    pthread_mutex_lock(&device->lock);
    /* There is one key: that of the contract. */
    if (device->job == IDLE && request->subject == V2G_SIGN_AUTHORIZATION && request->contract == 0 &&
        request->digest.length == DIGEST) {
        memcpy(device->digest, request->digest.data, DIGEST);
        device->job = WANTED;
        pthread_cond_signal(&device->changed);
        status = V2G_PENDING;
    }
    pthread_mutex_unlock(&device->lock);
    return status;
}

/* The signature, once it is there. */
static int ready(hsm *device, uint8_t *signature, size_t *length)
{
    pthread_mutex_lock(&device->lock);
    int done = device->job == DONE;
    if (done) {
        checked("C_Sign", device->result);
        memcpy(signature, device->signature, device->length);
        *length = device->length;
        device->job = IDLE;
    }
    pthread_mutex_unlock(&device->lock);
    return done;
}

static void *open_device(hsm *device, const char *module, const char *token, char *label)
{
    CK_C_GetFunctionList list;
    CK_C_INITIALIZE_ARGS threads = { .flags = CKF_OS_LOCKING_OK };
    char *pin = getenv("V2G_PIN");
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
    if (symbol == NULL || pin == NULL) {
        fail(pin == NULL ? "V2G_PIN is not set" : dlerror(), 0);
    }
    /* ISO C has no conversion from a pointer to data to one to a function; POSIX promises that this works. */
    memcpy(&list, &symbol, sizeof list);
    checked("C_GetFunctionList", list(&device->functions));
    checked("C_Initialize", device->functions->C_Initialize(&threads));
    CK_SLOT_ID slot = find_token(device->functions, token);
    checked("C_OpenSession", device->functions->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &device->session));
    checked("C_Login", device->functions->C_Login(device->session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)));
    device->key = find_key(device, label);
    pthread_mutex_init(&device->lock, NULL);
    pthread_cond_init(&device->changed, NULL);
    if (pthread_create(&device->worker, NULL, work, device) != 0) {
        fail("no thread", 0);
    }
    return library;
}

static void close_device(hsm *device, void *library)
{
    pthread_mutex_lock(&device->lock);
    device->job = OVER;
    pthread_cond_signal(&device->changed);
    pthread_mutex_unlock(&device->lock);
    pthread_join(device->worker, NULL);
    pthread_cond_destroy(&device->changed);
    pthread_mutex_destroy(&device->lock);
    checked("C_CloseSession", device->functions->C_CloseSession(device->session));
    checked("C_Finalize", device->functions->C_Finalize(NULL));
    dlclose(library);
}

typedef struct contents {
    uint8_t octets[16384];
    size_t length;
} contents;

static void load(contents *file, const char *folder, const char *name)
{
    char path[1024];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        fail("a path is too long", 0);
    }
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        perror(path);
        exit(1);
    }
    file->length = fread(file->octets, 1, sizeof file->octets, stream);
    fclose(stream);
    if (file->length == sizeof file->octets) {
        fail("a file is too long", 0);
    }
    file->octets[file->length] = 0;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Both ends have time: here one waits while the other computes, and watched by valgrind that is long. */
static v2g_settings patient(void)
{
    v2g_settings settings = V2G_SETTINGS_INIT;
    settings.communication_setup_ms = 600000;
    settings.message_ms = 600000;
    settings.sequence_ms = 600000;
    settings.ongoing_ms = 600000;
    settings.security_ms = 600000;
    return settings;
}

static v2g_secc *make_charger(void)
{
    static v2g_secc_storage memory;
    static uint8_t buffer[16384];
    static const v2g_parameters sets[] = { { .id = 1, .control_mode = V2G_CONTROL_DYNAMIC } };
    static const v2g_offer offers[] = { { .service = V2G_SERVICE_DC, .set_count = 1, .sets = sets } };
    v2g_secc *secc = NULL;
    v2g_settings settings = patient();
    v2g_secc_config config = V2G_SECC_CONFIG_INIT;
    config.settings = &settings;
    config.authorization = V2G_AUTHORIZE_CONTRACT;
    config.evse_id = V2G_STR("DE*V2G*E1");
    config.meter_id = V2G_STR("M1");
    config.offers = offers;
    config.offer_count = 1;
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    must("v2g_secc_init", v2g_secc_init(&memory, sizeof memory, &config, &secc));
    return secc;
}

static v2g_evcc *make_vehicle(const v2g_bytes *chain, size_t count)
{
    static v2g_evcc_storage memory;
    static uint8_t buffer[16384];
    static const v2g_wish wishes[] = { { .service = V2G_SERVICE_DC, .control_mode = V2G_CONTROL_DYNAMIC } };
    v2g_evcc *evcc = NULL;
    v2g_contract contract = { .leaf = chain[0] };
    for (size_t i = 1; i < count; i++) {
        contract.subs[i - 1] = chain[i];
    }
    v2g_settings settings = patient();
    v2g_evcc_config config = V2G_EVCC_CONFIG_INIT;
    config.settings = &settings;
    config.authorization = V2G_POLICY_CONTRACT_ONLY;
    config.evcc_id = V2G_STR("WMIV1234567890ABCDEX");
    config.wishes = wishes;
    config.wish_count = 1;
    config.contracts = &contract;
    config.contract_count = 1;
    config.buffer = buffer;
    config.buffer_size = sizeof buffer;
    must("v2g_evcc_init", v2g_evcc_init(&memory, sizeof memory, &config, &evcc));
    return evcc;
}

/* The last request for authorization, which outlives the frame that it came in. */
static uint8_t request[8192];
static size_t request_length;

/* Hands a frame of the vehicle's to the charger. */
static void to_charger(v2g_secc *secc, uint64_t now, const uint8_t *frame, size_t length)
{
    v2g_received received = V2G_RECEIVED_INIT;
    must("v2g_secc_handle_input", v2g_secc_handle_input(secc, now, frame, length, &received));
    if (received.kind == V2G_MSG_AUTHORIZATION_REQ && received.payload.length <= sizeof request) {
        memcpy(request, received.payload.data, received.payload.length);
        request_length = received.payload.length;
    }
}

/* Checks the contract that is shown; 1 if it is accepted. */
static int charger_judges(v2g_secc *secc, uint64_t now, const v2g_trust *trust, const char *emaid)
{
    static uint8_t buffer[6400];
    v2g_contract_terms terms = V2G_CONTRACT_TERMS_INIT;
    v2g_contract_checked found = V2G_CONTRACT_CHECKED_INIT;
    terms.decide = V2G_DECIDE_STATION;
    must("v2g_secc_check_contract", v2g_secc_check_contract(secc, now, trust, &terms, v2g_bytes_of(request, request_length),
                                                            buffer, sizeof buffer, &found));
    if (found.verdict != V2G_VERDICT_VALID) {
        printf("the charger refuses: %s\n", v2g_rule_str(found.fault.rule));
        return 0;
    }
    printf("the charger accepts %.*s\n", (int)found.emaid_length, (const char *)found.emaid);
    return found.emaid_length == strlen(emaid) && memcmp(found.emaid, emaid, found.emaid_length) == 0;
}

/* One session until the vehicle is past its authorization, or can go no further. */
static int session(v2g_secc *secc, v2g_evcc *evcc, hsm *device, const v2g_trust *trust, const char *emaid)
{
    static uint8_t frame[16384], scratch[8192];
    v2g_signing signing = V2G_SIGNING_INIT;
    int accepted = 0, ended = 0, waiting = 0;
    unsigned long meanwhile = 0;
    uint16_t stage = V2G_STAGE_NEGOTIATION;
    while (!ended && !(accepted && stage > V2G_STAGE_AUTHORIZATION)) {
        uint64_t now = now_ms();
        v2g_transmit sent = V2G_TRANSMIT_INIT;
        v2g_received received = V2G_RECEIVED_INIT;
        v2g_secc_event charger = V2G_SECC_EVENT_INIT;
        v2g_evcc_event vehicle = V2G_EVCC_EVENT_INIT;
        uint8_t signature[SIGNATURE];
        size_t length = 0;

        must("v2g_secc_handle_timeout", v2g_secc_handle_timeout(secc, now));
        must("v2g_evcc_handle_timeout", v2g_evcc_handle_timeout(evcc, now));
        if (v2g_evcc_poll_transmit(evcc, now, frame, sizeof frame, &sent) == V2G_OK) {
            to_charger(secc, now, frame, sent.length);
        }
        while (v2g_secc_poll_event(secc, &charger) == V2G_OK) {
            if (charger.kind == V2G_SECC_CONTRACT_WANTED) {
                accepted = charger_judges(secc, now, trust, emaid);
            }
        }
        if (v2g_secc_poll_transmit(secc, now, frame, sizeof frame, &sent) == V2G_OK) {
            must("v2g_evcc_handle_input", v2g_evcc_handle_input(evcc, now, frame, sent.length, &received));
        }
        while (v2g_evcc_poll_event(evcc, &vehicle) == V2G_OK) {
            if (vehicle.kind == V2G_EVCC_SIGN_AUTHORIZATION) {
                int32_t status = v2g_evcc_sign(evcc, now, V2G_SCHEME_ECDSA_P521, begin, device, scratch, sizeof scratch,
                                               &signing);
                if (status != V2G_PENDING) {
                    must("v2g_evcc_sign", status);
                }
                waiting = 1;
            }
            ended = ended || vehicle.kind == V2G_EVCC_ENDED;
        }
        if (waiting && ready(device, signature, &length)) {
            must("v2g_evcc_complete_signature",
                 v2g_evcc_complete_signature(evcc, now, &signing, v2g_bytes_of(signature, length)));
            printf("the token has signed; meanwhile the vehicle went round %lu times\n", meanwhile);
            waiting = 0;
        }
        meanwhile += (unsigned long)waiting;
        must("v2g_evcc_stage", v2g_evcc_stage(evcc, &stage));
        nanosleep(&(struct timespec){ .tv_nsec = 1000000L }, NULL);
    }
    return accepted && !ended && meanwhile > 0;
}

int main(int argc, char **argv)
{
    static contents chain_file, root_file, lists[MOST_LISTS];
    static const char *const names[MOST_LISTS] = { "crl/mo-root.crl", "crl/mo-sub-ca1.crl", "crl/mo-sub-ca2.crl" };
    static hsm device;
    v2g_bytes chain[MOST_CERTIFICATES], crls[MOST_LISTS];
    v2g_root root = { .kind = V2G_ROOT_MO };
    char name[256];
    if (argc != 6) {
        fprintf(stderr, "usage: V2G_PIN=... %s MODULE TOKEN LABEL PKI EMAID\n", argv[0]);
        return 2;
    }
    must("v2g_abi_check", V2G_CHECK());
    snprintf(name, sizeof name, "contracts/%s/chain.pem", argv[5]);
    load(&chain_file, argv[4], name);
    load(&root_file, argv[4], "roots/mo/root.pem");
    size_t count = pem_decode((char *)chain_file.octets, "CERTIFICATE", chain, MOST_CERTIFICATES);
    if (count < 2 || pem_decode((char *)root_file.octets, "CERTIFICATE", &root.certificate, 1) != 1) {
        fail("certificates are missing", (long)count);
    }
    for (size_t i = 0; i < MOST_LISTS; i++) {
        load(&lists[i], argv[4], names[i]);
        crls[i] = v2g_bytes_of(lists[i].octets, lists[i].length);
    }
    v2g_trust trust = V2G_TRUST_INIT;
    trust.unix_seconds = (int64_t)time(NULL);
    trust.roots = &root;
    trust.root_count = 1;
    trust.crls = crls;
    trust.crl_count = MOST_LISTS;

    void *library = open_device(&device, argv[1], argv[2], argv[3]);
    v2g_secc *secc = make_charger();
    v2g_evcc *evcc = make_vehicle(chain, count);
    /* The link between the two is memory; over a network this is TLS 1.3, and the peers are those of its handshake. */
    v2g_connection connection = V2G_CONNECTION_INIT;
    connection.transport = V2G_TRANSPORT_SECURED;
    connection.unix_seconds = (uint64_t)trust.unix_seconds;
    connection.has_peer = 1;
    uint8_t id[8], challenge[16];
    checked("C_GenerateRandom", device.functions->C_GenerateRandom(device.session, id, sizeof id));
    checked("C_GenerateRandom", device.functions->C_GenerateRandom(device.session, challenge, sizeof challenge));
    must("v2g_secc_start", v2g_secc_start(secc, now_ms(), &connection, id, challenge));
    must("v2g_evcc_start", v2g_evcc_start(evcc, now_ms(), &connection));
    int accepted = session(secc, evcc, &device, &trust, argv[5]);
    must("v2g_secc_deinit", v2g_secc_deinit(secc));
    must("v2g_evcc_deinit", v2g_evcc_deinit(evcc));
    close_device(&device, library);
    puts(accepted ? "authorized by contract" : "not authorized");
    return accepted ? 0 : 1;
}
