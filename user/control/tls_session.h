/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS on one connected, non-blocking socket. Hides OpenSSL from the code that moves messages. What
 * is refused on one side or the other is said in words: tls_session_reason().
 */
#ifndef DETOUR_CONTROL_TLS_SESSION_H
#define DETOUR_CONTROL_TLS_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/control/tls.h"

struct tls_session;

/*
 * Begins on `fd`, which stays the caller's. `relay_name`: at a client, the name that the relay's
 * certificate must bear; NULL at a server.
 */
int tls_session_new(struct tls_context *context, int fd, const char *relay_name,
		    struct tls_session **ret_session);
void tls_session_free(struct tls_session *session);

/*
 * Each goes on as far as it can without waiting. -EAGAIN: wait for the socket, see
 * tls_session_wants_write(). -EKEYREJECTED: a certificate was refused, by this side or the other;
 * -EPROTO: not our TLS; another errno: of the socket. Read and write give the number of bytes;
 * read gives 0 when the other side has closed in order, -ECONNRESET when it has otherwise.
 */
int tls_session_handshake(struct tls_session *session);
ssize_t tls_session_read(struct tls_session *session, void *bytes, size_t size);
ssize_t tls_session_write(struct tls_session *session, const void *bytes, size_t len);

/* Bytes that are decrypted already, so that the socket will not announce them. */
bool tls_session_has_pending(const struct tls_session *session);

/* What the call that gave -EAGAIN waits for: true: room to write; false: bytes to read. */
bool tls_session_wants_write(const struct tls_session *session);

/* Says goodbye, if that does not have to wait. */
void tls_session_shutdown(struct tls_session *session);

/* Why the last call failed, in words; never NULL. */
const char *tls_session_reason(const struct tls_session *session);

/* The identity in the other side's certificate, after the handshake. */
const char *tls_session_identity(const struct tls_session *session);

/*
 * Judges the other side's certificate again: by `context` (another CRL or CA), or, NULL, by the
 * clock alone. 0, or -EKEYREJECTED with a reason.
 */
int tls_session_recheck(struct tls_session *session, struct tls_context *context);

#endif /* DETOUR_CONTROL_TLS_SESSION_H */
