// SPDX-License-Identifier: BSD-2-Clause
/* What can be wrong with a certificate, in words that name the remedy where there is one. */
#include "user/control/tls_internal.h"

#include "user/base/cleanup.h"

struct text {
	int code;
	const char *text;
};

/* Found here, in the other side's certificate (or, at the start, in our own). */
static const struct text x509_texts[] = {
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "the certificate is of another CA"},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "the certificate is self-signed, not of our CA"},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "the certificate is of another CA"},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "the certificate is of another CA"},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, "the certificate is of another CA of the same name"},
	{X509_V_ERR_CERT_HAS_EXPIRED, "the certificate has expired"},
	{X509_V_ERR_CERT_NOT_YET_VALID, "the certificate is not yet valid; are the clocks right?"},
	{X509_V_ERR_CERT_REVOKED, "the certificate has been revoked"},
	{X509_V_ERR_INVALID_PURPOSE, "the certificate is not for this side (relay or client)"},
	{X509_V_ERR_HOSTNAME_MISMATCH, "the certificate bears another name than the relay's"},
	{X509_V_ERR_APPLICATION_VERIFICATION, "the certificate's common name is no identity"},
	{X509_V_ERR_UNABLE_TO_GET_CRL, "the CRL is not of the certificate's CA"},
	{X509_V_ERR_CRL_SIGNATURE_FAILURE, "the CRL is not of the certificate's CA"},
	{X509_V_ERR_CRL_HAS_EXPIRED, "the CRL has expired; make a new one with detour-pki"},
	{X509_V_ERR_CRL_NOT_YET_VALID, "the CRL is not yet valid; are the clocks right?"},
};

/* Found there, in ours, and told by an alert (RFC 8446, section 6.2). */
static const struct text alert_texts[] = {
	{SSL_AD_BAD_CERTIFICATE, "our certificate was refused: not yet valid there, or damaged"},
	{SSL_AD_UNSUPPORTED_CERTIFICATE,
	 "our certificate was refused: not for this side (relay or client)"},
	{SSL_AD_CERTIFICATE_REVOKED, "our certificate was refused: it has been revoked"},
	{SSL_AD_CERTIFICATE_EXPIRED, "our certificate was refused: it, or their CRL, has expired"},
	{SSL_AD_CERTIFICATE_UNKNOWN, "our certificate was refused"},
	{SSL_AD_UNKNOWN_CA, "our certificate was refused: it is of another CA"},
	{SSL_AD_CERTIFICATE_REQUIRED, "we have shown no certificate"},
};

static const char *text_of(const struct text *texts, size_t count, int code)
{
	for (size_t i = 0; i < count; i++) {
		if (texts[i].code == code)
			return texts[i].text;
	}
	return NULL;
}

const char *tls_x509_text(int x509_error)
{
	const char *text = text_of(x509_texts, ARRAY_SIZE(x509_texts), x509_error);

	return text ? text : X509_verify_cert_error_string(x509_error);
}

const char *tls_alert_text(int alert)
{
	return text_of(alert_texts, ARRAY_SIZE(alert_texts), alert);
}
