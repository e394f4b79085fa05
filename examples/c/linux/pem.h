/* Certificates and keys in the text form of RFC 7468. */
#ifndef PEM_H
#define PEM_H

#include <stddef.h>

#include <v2g.h>

/*
 * Decodes the parts of a text with a label such as "CERTIFICATE", each where it stands, as it is shorter than its text: how many there
 * are, at most `most`. A zero stands behind the text, which is gone afterwards.
 */
size_t pem_decode(char *text, const char *label, v2g_bytes *out, size_t most);

#endif
