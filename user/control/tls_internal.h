/* SPDX-License-Identifier: BSD-2-Clause */
/* What tls.c and tls_session.c share. Nobody else includes this. */
#ifndef DETOUR_CONTROL_TLS_INTERNAL_H
#define DETOUR_CONTROL_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <detour/limits.h>

#include "user/control/tls.h"

/* RFC 7301: length byte and name. A client that does not offer it gets no certificate to see. */
#define TLS_ALPN     "\010detour/1"
#define TLS_ALPN_LEN 9

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *socket_bio; /* tls_bio.c */
	unsigned int users;
	bool server;
	char identity[DETOUR_IDENTITY_LEN];
};

/* One more user, who gives it back with tls_context_free(). Returns `context`. */
struct tls_context *tls_context_ref(struct tls_context *context);

/*
 * The certificate's common name, if it can be an identity: 1 to 63 of A-Z a-z 0-9 . _ -, the first
 * a letter or a digit. -EKEYREJECTED for another, or none, or several.
 */
int tls_certificate_identity(X509 *cert, char ret_identity[DETOUR_IDENTITY_LEN]);

/* Checks `cert` against the context's CA and CRL, for the use as server or client. */
int tls_context_verify(struct tls_context *context, X509 *cert, bool as_server,
		       int *ret_x509_error);

/* Words for X509_V_ERR_...; never NULL. */
const char *tls_x509_text(int x509_error);

/* Words for an alert that says what the other side found wrong with us; NULL: no such alert. */
const char *tls_alert_text(int alert);

/* A BIO on a socket that raises no SIGPIPE. NULL: no memory. */
BIO_METHOD *tls_bio_method_new(void);

/* The socket is the caller's, and outlives the BIO. NULL: no memory. */
BIO *tls_bio_new(const BIO_METHOD *method, int fd);

#endif /* DETOUR_CONTROL_TLS_INTERNAL_H */
