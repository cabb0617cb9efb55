// SPDX-License-Identifier: BSD-2-Clause
/* TLS contexts: the files, what they must satisfy, and what a connection may negotiate. */
#include "user/control/tls_internal.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "user/base/cleanup.h"

/* An EC certificate is 600 bytes; OpenSSL would take 100 kB of anybody. */
#define CERT_LIST_MAX 16384

static void cleanup_context(struct tls_context **context)
{
	tls_context_free(*context);
}

static void cleanup_store_ctx(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
}

static void cleanup_crl(X509_CRL **crl)
{
	X509_CRL_free(*crl);
}

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool identity_valid(const char *text, size_t len)
{
	if (len == 0 || len >= DETOUR_IDENTITY_LEN || !is_alphanumeric(text[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alphanumeric(text[i]) && text[i] != '.' && text[i] != '_' && text[i] != '-')
			return false;
	}
	return true;
}

int tls_certificate_identity(X509 *cert, char ret_identity[DETOUR_IDENTITY_LEN])
{
	X509_NAME *subject = X509_get_subject_name(cert);
	int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	const ASN1_STRING *value;
	const char *text;
	size_t len;

	if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0)
		return -EKEYREJECTED;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first));
	text = (const char *)ASN1_STRING_get0_data(value);
	len = ASN1_STRING_length(value);
	if (!identity_valid(text, len))
		return -EKEYREJECTED;
	memcpy(ret_identity, text, len);
	ret_identity[len] = '\0';
	return 0;
}

/*
 * OpenSSL lets a certificate without extended key usage serve for anything; here each has to say
 * what it is for, so that a client can never act as a relay.
 */
static bool has_usage(X509 *cert, bool as_server)
{
	uint32_t usage = X509_get_extended_key_usage(cert);

	return usage != UINT32_MAX && (usage & (as_server ? XKU_SSL_SERVER : XKU_SSL_CLIENT));
}

/* Called for each certificate of a chain; adds our own rules about the last, the other side's. */
static int verify_callback(int ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	char identity[DETOUR_IDENTITY_LEN];

	if (!ok || X509_STORE_CTX_get_error_depth(ctx) != 0)
		return ok;
	if (!has_usage(cert, !SSL_is_server(ssl)))
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_INVALID_PURPOSE);
	else if (tls_certificate_identity(cert, identity) < 0)
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
	else
		return 1;
	return 0;
}

int tls_context_verify(struct tls_context *context, X509 *cert, bool as_server, int *ret_x509_error)
{
	_cleanup_(cleanup_store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!ctx || !X509_STORE_CTX_init(ctx, SSL_CTX_get_cert_store(context->ssl), cert, NULL))
		return -ENOMEM;
	X509_STORE_CTX_set_default(ctx, as_server ? "ssl_server" : "ssl_client");
	if (X509_verify_cert(ctx) == 1 && has_usage(cert, as_server))
		return 0;
	*ret_x509_error = X509_STORE_CTX_get_error(ctx);
	if (*ret_x509_error == X509_V_OK)
		*ret_x509_error = X509_V_ERR_INVALID_PURPOSE;
	return -EKEYREJECTED;
}

/* Without our ALPN name no certificate leaves this host: a scanner learns nothing. */
static int client_hello_callback(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *extension;
	size_t len;

	(void)arg;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
				      &extension, &len))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static int alpn_callback(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
			 const unsigned char *offered, unsigned int offered_len, void *arg)
{
	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto((unsigned char **)ret_name, ret_len,
				  (const unsigned char *)TLS_ALPN, TLS_ALPN_LEN, offered,
				  offered_len) == OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A key under a passphrase is an error: OpenSSL would ask for it on the terminal. */
static int passphrase_callback(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int set_protocol(struct tls_context *context)
{
	SSL_CTX *ssl = context->ssl;

	if (!SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) ||
	    !SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) ||
	    !SSL_CTX_set_num_tickets(ssl, 0) ||
	    SSL_CTX_set_alpn_protos(ssl, (const unsigned char *)TLS_ALPN, TLS_ALPN_LEN) != 0)
		return -EPROTONOSUPPORT;
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ssl, passphrase_callback);
	SSL_CTX_set_max_cert_list(ssl, CERT_LIST_MAX);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify_callback);
	if (context->server) {
		SSL_CTX_set_client_hello_cb(ssl, client_hello_callback, NULL);
		SSL_CTX_set_alpn_select_cb(ssl, alpn_callback, NULL);
	}
	return 0;
}

/* Says what is wrong with a file: `file_errno`, or, if that is 0, what OpenSSL met first. */
static int file_error(FILE *errors, const char *path, int file_errno)
{
	unsigned long first = ERR_peek_error();
	const char *reason = ERR_reason_error_string(first);

	if (ERR_GET_LIB(first) == ERR_LIB_PEM)
		reason = "holds nothing of this kind in PEM format";
	if (file_errno != 0)
		reason = strerror(file_errno);
	fprintf(errors, "%s: %s\n", path, reason ? reason : "cannot be read");
	ERR_clear_error();
	return file_errno != 0 ? -file_errno : -EKEYREJECTED;
}

/* So that a missing or closed file is told from a bad one. */
static int check_readable(FILE *errors, const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");

	return file ? 0 : file_error(errors, path, errno);
}

static int load_crl(struct tls_context *context, const char *path, FILE *errors)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_(cleanup_crl) X509_CRL *crl = NULL;
	X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);

	if (!file)
		return file_error(errors, path, errno);
	crl = PEM_read_X509_CRL(file, NULL, NULL, NULL);
	if (!crl || !X509_STORE_add_crl(store, crl))
		return file_error(errors, path, 0);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return 0;
}

static int load_files(struct tls_context *context, const struct tls_files *files, FILE *errors)
{
	const char *paths[] = {files->ca, files->cert, files->key};
	SSL_CTX *ssl = context->ssl;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int err = check_readable(errors, paths[i]);

		if (err < 0)
			return err;
	}
	ERR_clear_error();
	if (!SSL_CTX_load_verify_locations(ssl, files->ca, NULL))
		return file_error(errors, files->ca, 0);
	if (SSL_CTX_use_certificate_file(ssl, files->cert, SSL_FILETYPE_PEM) != 1)
		return file_error(errors, files->cert, 0);
	if (SSL_CTX_use_PrivateKey_file(ssl, files->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ssl) != 1)
		return file_error(errors, files->key, 0);
	return files->crl ? load_crl(context, files->crl, errors) : 0;
}

static int check_own_certificate(struct tls_context *context, const char *path, FILE *errors)
{
	X509 *cert = SSL_CTX_get0_certificate(context->ssl);
	int x509_error = X509_V_ERR_OUT_OF_MEM;
	int err = tls_context_verify(context, cert, context->server, &x509_error);

	if (err < 0) {
		fprintf(errors, "%s: %s\n", path, tls_x509_text(x509_error));
		return err;
	}
	err = tls_certificate_identity(cert, context->identity);
	if (err < 0)
		fprintf(errors,
			"%s: the common name is no identity (1 to 63 letters, digits, . _ -)\n",
			path);
	return err;
}

int tls_context_new(bool server, const struct tls_files *files, FILE *errors,
		    struct tls_context **ret_context)
{
	_cleanup_(cleanup_context) struct tls_context *context = calloc(1, sizeof(*context));
	int err;

	if (!context)
		return -ENOMEM;
	context->users = 1;
	context->server = server;
	context->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	context->socket_bio = tls_bio_method_new();
	if (!context->ssl || !context->socket_bio)
		return -ENOMEM;
	err = set_protocol(context);
	if (err < 0)
		return err;
	err = load_files(context, files, errors);
	if (err < 0)
		return err;
	err = check_own_certificate(context, files->cert, errors);
	if (err < 0)
		return err;
	*ret_context = take_ptr(&context);
	return 0;
}

const char *tls_context_identity(const struct tls_context *context)
{
	return context->identity;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
	context->users++;
	return context;
}

void tls_context_free(struct tls_context *context)
{
	if (!context || --context->users > 0)
		return;
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->socket_bio);
	free(context);
}
