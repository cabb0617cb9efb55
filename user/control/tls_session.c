// SPDX-License-Identifier: BSD-2-Clause
/* One connection's TLS: OpenSSL's calls and its many ways to fail, made into errno and words. */
#include "user/control/tls_session.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>

#include "user/base/cleanup.h"
#include "user/control/tls_internal.h"

struct tls_session {
	SSL *ssl;
	struct tls_context *context;
	bool wants_write;
	char identity[DETOUR_IDENTITY_LEN];
	const char *reason; /* static text */
};

static void cleanup_session(struct tls_session **session)
{
	tls_session_free(*session);
}

/* The name is matched with the certificate's SAN, or its CN if there is no SAN; no wildcards. */
static int expect_name(struct tls_session *session, const char *relay_name)
{
	SSL_set_hostflags(session->ssl, X509_CHECK_FLAG_NO_WILDCARDS);
	return SSL_set1_host(session->ssl, relay_name) ? 0 : -ENOMEM;
}

int tls_session_new(struct tls_context *context, int fd, const char *relay_name,
		    struct tls_session **ret_session)
{
	_cleanup_(cleanup_session) struct tls_session *session = calloc(1, sizeof(*session));
	BIO *bio;

	if (!session)
		return -ENOMEM;
	session->context = tls_context_ref(context);
	session->reason = "";
	session->ssl = SSL_new(context->ssl);
	bio = tls_bio_new(context->socket_bio, fd);
	if (!session->ssl || !bio) {
		BIO_free(bio);
		return -ENOMEM;
	}
	SSL_set_bio(session->ssl, bio, bio);
	if (relay_name && expect_name(session, relay_name) < 0)
		return -ENOMEM;
	if (context->server)
		SSL_set_accept_state(session->ssl);
	else
		SSL_set_connect_state(session->ssl);
	*ret_session = take_ptr(&session);
	return 0;
}

void tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	SSL_free(session->ssl);
	tls_context_free(session->context);
	free(session);
}

static int fail(struct tls_session *session, int err, const char *reason)
{
	session->reason = reason;
	return err;
}

/* The other side's alerts are error codes of OpenSSL, counted from SSL_AD_REASON_OFFSET. */
static int fail_protocol(struct tls_session *session, unsigned long error)
{
	int code = ERR_GET_REASON(error);
	const char *text;

	if (code == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return fail(session, -ECONNRESET, "the other side broke off");
	if (code == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return fail(session, -EKEYREJECTED,
			    tls_x509_text(SSL_get_verify_result(session->ssl)));
	if (code == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return fail(session, -EKEYREJECTED, "no certificate was shown");
	text = code > SSL_AD_REASON_OFFSET ? tls_alert_text(code - SSL_AD_REASON_OFFSET) : NULL;
	if (text)
		return fail(session, -EKEYREJECTED, text);
	text = ERR_reason_error_string(error);
	return fail(session, -EPROTO, text ? text : "the other side does not speak our TLS");
}

/* What a call of OpenSSL that gave `ret` <= 0 means. Call right after it. */
static int session_error(struct tls_session *session, int ret)
{
	int saved_errno = errno;

	switch (SSL_get_error(session->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		session->wants_write = false;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		session->wants_write = true;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return fail(session, 0, "closed by the other side");
	case SSL_ERROR_SSL:
		return fail_protocol(session, ERR_peek_error());
	default:
		if (saved_errno == 0)
			return fail(session, -ECONNRESET, "the other side broke off");
		return fail(session, -saved_errno, strerrordesc_np(saved_errno));
	}
}

/* OpenSSL's queue of errors is the thread's: what others left in it would be taken for ours. */
static void forget_errors(void)
{
	ERR_clear_error();
	errno = 0;
}

int tls_session_handshake(struct tls_session *session)
{
	int err, ret;

	forget_errors();
	ret = SSL_do_handshake(session->ssl);
	if (ret != 1) {
		err = session_error(session, ret);
		return err == 0 ? -ECONNRESET : err;
	}
	err = tls_certificate_identity(SSL_get0_peer_certificate(session->ssl), session->identity);
	return err < 0 ? fail(session, err, tls_x509_text(X509_V_ERR_APPLICATION_VERIFICATION)) : 0;
}

ssize_t tls_session_read(struct tls_session *session, void *bytes, size_t size)
{
	int ret;

	forget_errors();
	ret = SSL_read(session->ssl, bytes, size);
	return ret > 0 ? ret : session_error(session, ret);
}

ssize_t tls_session_write(struct tls_session *session, const void *bytes, size_t len)
{
	int err, ret;

	forget_errors();
	ret = SSL_write(session->ssl, bytes, len);
	if (ret > 0)
		return ret;
	err = session_error(session, ret);
	return err == 0 ? -EPIPE : err;
}

bool tls_session_has_pending(const struct tls_session *session)
{
	return SSL_pending(session->ssl) > 0;
}

bool tls_session_wants_write(const struct tls_session *session)
{
	return session->wants_write;
}

void tls_session_shutdown(struct tls_session *session)
{
	forget_errors();
	if (SSL_is_init_finished(session->ssl))
		SSL_shutdown(session->ssl);
}

const char *tls_session_reason(const struct tls_session *session)
{
	return session->reason;
}

const char *tls_session_identity(const struct tls_session *session)
{
	return session->identity;
}

int tls_session_recheck(struct tls_session *session, struct tls_context *context)
{
	X509 *cert = SSL_get0_peer_certificate(session->ssl);
	int x509_error = X509_V_ERR_OUT_OF_MEM;

	if (!context) {
		if (X509_cmp_current_time(X509_get0_notAfter(cert)) > 0)
			return 0;
		return fail(session, -EKEYREJECTED, tls_x509_text(X509_V_ERR_CERT_HAS_EXPIRED));
	}
	if (tls_context_verify(context, cert, !SSL_is_server(session->ssl), &x509_error) == 0)
		return 0;
	return fail(session, -EKEYREJECTED, tls_x509_text(x509_error));
}
