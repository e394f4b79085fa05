/* Plug & Charge on the board. The certificates are of `contract-data`, which keeps the key and made the vehicle's signature. */
#include "contract.h"

#include "board.h"
#include "contract_data.h"
#include "task.h"

#define BYTES(array) { .data = (array), .length = sizeof(array) }

static uint8_t request[CONTRACT_MESSAGE];
static size_t request_length;
static uint8_t certificates[6400];

void contract_connection(v2g_connection *connection)
{
    connection->transport = V2G_TRANSPORT_SECURED;
    connection->unix_seconds = CONTRACT_UNIX_SECONDS;
    connection->has_peer = 1;
    for (size_t i = 0; i < sizeof connection->peer; i++) {
        connection->peer[i] = 7;
    }
}

void contract_challenge(uint8_t challenge[16])
{
    for (size_t i = 0; i < 16; i++) {
        challenge[i] = contract_challenge_octets[i];
    }
}

void contract_received(const v2g_received *received)
{
    if (received->kind != V2G_MSG_AUTHORIZATION_REQ || received->payload.length > sizeof request) {
        return;
    }
    request_length = received->payload.length;
    for (size_t i = 0; i < request_length; i++) {
        request[i] = received->payload.data[i];
    }
}

void contract_check(v2g_secc *secc, uint64_t now)
{
    static const v2g_root roots[] = { { .kind = V2G_ROOT_MO, .certificate = BYTES(contract_root) } };
    static const v2g_bytes ocsp[] = { BYTES(contract_ocsp_0), BYTES(contract_ocsp_1), BYTES(contract_ocsp_2) };
    v2g_trust trust = V2G_TRUST_INIT;
    trust.unix_seconds = CONTRACT_UNIX_SECONDS;
    trust.roots = roots;
    trust.root_count = 1;
    trust.ocsp = ocsp;
    trust.ocsp_count = sizeof ocsp / sizeof ocsp[0];
    v2g_contract_terms terms = V2G_CONTRACT_TERMS_INIT;
    terms.decide = V2G_DECIDE_STATION;
    v2g_contract_checked checked = V2G_CONTRACT_CHECKED_INIT;
    const v2g_bytes message = { .data = request, .length = request_length };
    uint64_t before = board_ticks();
    must(v2g_secc_check_contract(secc, now, &trust, &terms, message, certificates, sizeof certificates, &checked), "contract");
    uint64_t ticks = board_ticks() - before;
    print("             contract ");
    if (checked.verdict == V2G_VERDICT_VALID) {
        print_part((const char *)checked.emaid, checked.emaid_length);
        print(" accepted\nfigure contract-ticks ");
        print_number((int64_t)ticks);
        print("\n");
    } else {
        print("refused: ");
        print(v2g_rule_str(checked.fault.rule));
        print("\n");
    }
}

void contract_carry(v2g_evcc_config *config)
{
    static const v2g_contract contracts[] = {
        { .leaf = BYTES(contract_certificate_0), .subs = { BYTES(contract_certificate_1), BYTES(contract_certificate_2) } },
    };
    config->contracts = contracts;
    config->contract_count = 1;
}

/* What the secure element says to the message that this vehicle signs under that challenge. */
static int32_t secure_element(void *user, const v2g_sign_request *what, uint8_t *out, size_t capacity, size_t *length)
{
    (void)user;
    (void)what;
    if (capacity < sizeof contract_signature) {
        return V2G_E_BUFFER;
    }
    for (size_t i = 0; i < sizeof contract_signature; i++) {
        out[i] = contract_signature[i];
    }
    *length = sizeof contract_signature;
    return V2G_OK;
}

void contract_sign(v2g_evcc *evcc, uint64_t now)
{
    static uint8_t scratch[CONTRACT_MESSAGE];
    v2g_signing signing = V2G_SIGNING_INIT;
    must(v2g_evcc_sign(evcc, now, V2G_SCHEME_ECDSA_P521, secure_element, NULL, scratch, sizeof scratch, &signing), "signature");
}
