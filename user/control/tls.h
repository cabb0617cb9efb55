/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS 1.3 contexts with certificates of a private CA, both ways (OpenSSL 3). No tickets, no
 * resumption, no early data: each connection shows its certificates, and they are checked against
 * the CRL.
 */
#ifndef DETOUR_CONTROL_TLS_H
#define DETOUR_CONTROL_TLS_H

#include <stdbool.h>
#include <stdio.h>

struct tls_context;

struct tls_files {
	const char *ca, *cert, *key;
	const char *crl; /* NULL: none */
};

/*
 * Reads and checks the files: the certificate is of this CA, in its time, not revoked, has the
 * extended key usage of its side and a name that can be an identity, and the key is its own. On an
 * error prints the file and the reason to `errors` and returns -errno (-EKEYREJECTED for what does
 * not fit together).
 */
int tls_context_new(bool server, const struct tls_files *files, FILE *errors,
		    struct tls_context **ret_context);

/* The identity (common name) of the context's own certificate; lives as long as the context. */
const char *tls_context_identity(const struct tls_context *context);

/* Connections that use the context keep it alive. NULL is fine. */
void tls_context_free(struct tls_context *context);

#endif /* DETOUR_CONTROL_TLS_H */
