/* Plug & Charge: the vehicle shows a contract, the charger checks it, signatures over P-521 and all. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <v2g.h>

/* Room for a request with certificates. */
#define CONTRACT_MESSAGE 4096

/* Both ends: the link counts as TLS that identified the peer, and it is a day on which the certificates are valid. */
void contract_connection(v2g_connection *connection);

/* The charger: the challenge of its session; the request that is to be checked; the check. */
void contract_challenge(uint8_t challenge[16]);
void contract_received(const v2g_received *received);
void contract_check(v2g_secc *secc, uint64_t now);

/* The vehicle: its contract, and what its secure element signs. */
void contract_carry(v2g_evcc_config *config);
void contract_sign(v2g_evcc *evcc, uint64_t now);

#endif
