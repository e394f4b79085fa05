/*
 * TLS 1.3 with keys and certificates of a folder, laid out as `v2g pki new` does it: ROLE/chain.pem, ROLE/key.pem, roots/KIND/root.pem,
 * ocsp/NAME.ocsp, where ROLE is `secc` or `vehicle`.
 */
#ifndef SECURE_H
#define SECURE_H

#include <v2g_hosted.h>

/* Octets of a common name, and a zero. */
#define SECURE_NAME 65u

/* One end of TLS, for one connection after the other. */
typedef struct security {
    v2g_tls *tls;
    uint32_t profile;
    /* Common name of the own leaf: with vehicles, the EVCCID. */
    char name[SECURE_NAME];
} security;

/*
 * Makes one end: 0, or -1 after a complaint. With V2G_TLS_STRICT every certificate of the peer needs an OCSP response, its own stapled or
 * all in the folder; with V2G_TLS_LAB those whose status nobody knows will do, and vehicles may call themselves as they like.
 */
int secure_station(security *end, const char *folder, uint32_t profile);
int secure_vehicle(security *end, const char *folder, uint32_t profile);

/* Gives it up. One that was never made will do. */
void secure_free(security *end);

/* What engines are to know of a link that is open; prints what it is made of. `name` gets what the peer's certificate calls it, which has to
   outlive the connection that is returned. */
v2g_connection secure_connection(const security *end, char name[SECURE_NAME]);

/* Prints why a link is over. */
void secure_say_why(const security *end);

#endif
