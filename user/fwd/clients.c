// SPDX-License-Identifier: BSD-2-Clause
/* Channels of clients: HELLO, leases given and dropped, and what their end means for leases. */
#include "user/fwd/clients_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "user/base/log.h"
#include "user/fwd/clock.h"
#include "user/fwd/grants.h"
#include "user/fwd/identities.h"

/*
 * Channels of one identity at once: several hosts may share a name, or an address change leave one
 * behind.
 */
#define CHANNELS_PER_IDENTITY 64

static bool identity_in_use(void *data, uint32_t number)
{
	const struct clients *clients = data;

	return leases_in_use(grants_leases(clients->grants), number);
}

static unsigned int channels_of(const struct clients *clients, uint32_t identity)
{
	const struct client *client;
	unsigned int count = 0;

	DL_FOREACH (clients->list, client)
		count += client->holder.identity == identity;
	return count;
}

static void send_error(struct client *client, uint32_t request_id, enum wire_error code,
		       const char *text)
{
	struct wire_message message = {.type = WIRE_ERROR, .request_id = request_id};

	message.error.code = code;
	snprintf(message.error.text, sizeof(message.error.text), "%s", text);
	peer_send(client->peer, &message);
}

static void send_hello(const struct clients *clients, struct peer *peer)
{
	const struct fwd_config *config = clients->config;
	struct wire_message message = {.type = WIRE_HELLO};

	message.hello.version = WIRE_PROTOCOL_VERSION;
	message.hello.flags = WIRE_HELLO_IPV6;
	message.hello.max_leases = config->leases_per_client;
	message.hello.max_flows = config->flows_per_client;
	message.hello.new_flows_per_second = config->new_flows_per_second;
	message.hello.lease_grace_s = config->lease_grace_s;
	peer_send(peer, &message);
}

/* NULL, or why this identity gets no channel; *ret_number is its number. */
static const char *refuse_identity(struct clients *clients, const char *name, uint32_t *ret_number)
{
	int err;

	if (strncmp(name, IDENTITY_MPROXY, strlen(IDENTITY_MPROXY)) == 0)
		return "the certificate's name is reserved";
	if (clients->count >= clients->config->max_clients)
		return "the relay has as many clients as it may (MaxClients=)";
	err = identities_get(clients->identities, name, identity_in_use, clients, ret_number);
	if (err == -ENOSPC)
		return "the relay knows as many clients as it may (MaxClients=)";
	if (err)
		return strerror(-err);
	if (channels_of(clients, *ret_number) >= CHANNELS_PER_IDENTITY)
		return "this client has too many channels";
	return NULL;
}

static void refuse_peer(struct peer *peer, const char *reason)
{
	struct wire_message message = {.type = WIRE_ERROR};
	char remote[ADDR_TEXT_LEN];

	log_warning("client '%s' at %s refused: %s", peer_identity(peer),
		    endpoint_format(peer_remote(peer), remote), reason);
	message.error.code = WIRE_ERR_RESOURCE_EXCEEDED;
	snprintf(message.error.text, sizeof(message.error.text), "%s", reason);
	peer_send(peer, &message);
	peer_close(peer);
}

/* On the listener's behalf, whose owner is `clients`; from then on the owner is the client. */
static void peer_ready(void *owner, struct peer *peer)
{
	struct clients *clients = owner;
	struct client *client;
	char remote[ADDR_TEXT_LEN];
	uint32_t number = 0;
	const char *reason = refuse_identity(clients, peer_identity(peer), &number);

	client = reason ? NULL : calloc(1, sizeof(*client));
	if (!client) {
		refuse_peer(peer, reason ? reason : "out of memory");
		return;
	}
	client->clients = clients;
	client->peer = peer;
	client->since_ns = clock_now_ns();
	client->holder.client = peer_remote(peer)->addr;
	client->holder.relay = peer_local(peer)->addr;
	client->holder.identity = number;
	DL_APPEND(clients->list, client);
	clients->count++;
	peer_set_owner(peer, client);
	leases_channel_up(grants_leases(clients->grants), &client->holder);
	send_hello(clients, peer);
	log_info("client '%s' has come from %s", peer_identity(peer),
		 endpoint_format(peer_remote(peer), remote));
}

static void client_free(struct client *client)
{
	struct clients *clients = client->clients;

	leases_channel_down(grants_leases(clients->grants), &client->holder, clock_now_ns());
	DL_DELETE(clients->list, client);
	clients->count--;
	free(client);
}

static bool holds(const struct client *client, const struct lease *lease)
{
	return client->holder.identity == lease->entry.identity &&
	       client->holder.flags == lease->entry.flags &&
	       addr_equal(&client->holder.client, &lease->key.client) &&
	       addr_equal(&client->holder.relay, &lease->key.relay);
}

static bool lease_of(void *client, const struct lease *lease)
{
	return holds(client, lease);
}

static void peer_closed(void *owner, struct peer *peer, int err, const char *reason)
{
	char remote[ADDR_TEXT_LEN];
	struct client *client = owner;

	log_write(err ? LOG_WARNING : LOG_INFO, "client '%s' at %s has gone: %s",
		  peer_identity(peer), endpoint_format(peer_remote(peer), remote), reason);
	/* The certificate was revoked or has expired: what was granted to it has no grace. */
	if (err == -EKEYREJECTED)
		leases_remove_if(grants_leases(client->clients->grants), lease_of, client);
	client_free(client);
}

/* Anybody can cause these: one line a second at most, with the number of those left out. */
static void peer_refused(void *owner, const struct endpoint *remote, int err, const char *reason)
{
	struct clients *clients = owner;
	uint64_t now = clock_now_ns();
	char text[ADDR_TEXT_LEN];

	(void)err;
	if (now - clients->refused_logged_ns < SECOND_NS) {
		clients->refused_unlogged++;
		return;
	}
	log_warning("handshake with %s refused: %s (%llu more since the last line)",
		    endpoint_format(remote, text), reason,
		    (unsigned long long)clients->refused_unlogged);
	clients->refused_logged_ns = now;
	clients->refused_unlogged = 0;
}

static enum wire_error wire_error_of(int err)
{
	switch (err) {
	case -EPERM:
		return WIRE_ERR_NOT_AUTHORIZED;
	case -EDQUOT:
	case -ENOSPC:
	case -E2BIG:
	case -ENOMEM:
	case -EADDRNOTAVAIL:
		return WIRE_ERR_RESOURCE_EXCEEDED;
	case -EAFNOSUPPORT:
		return WIRE_ERR_DEST_UNREACHABLE;
	default:
		return WIRE_ERR_NETWORK_FAILURE;
	}
}

static void answer_lease_get(struct client *client, const struct wire_message *request)
{
	struct wire_message answer = {.type = WIRE_LEASE, .request_id = request->request_id};
	const struct clients *clients = client->clients;
	const struct lease *lease;
	const char *reason;
	int err = grants_get(clients->grants, &client->holder, &request->lease_get.server, 0,
			     &lease, &reason);

	if (err) {
		char server[ADDR_TEXT_LEN];

		log_debug("client '%s' gets no lease for %s: %s", peer_identity(client->peer),
			  endpoint_format(&request->lease_get.server, server), reason);
		send_error(client, request->request_id, wire_error_of(err), reason);
		return;
	}
	answer.lease.server = request->lease_get.server;
	answer.lease.detour = (struct endpoint){lease->key.relay, lease->key.port_be};
	answer.lease.client = lease->key.client;
	answer.lease.lifetime_s = clients->config->lease_grace_s;
	peer_send(client->peer, &answer);
}

static void answer_lease_drop(struct client *client, const struct wire_message *request)
{
	struct wire_message answer = {.type = WIRE_LEASE_DROP, .request_id = request->request_id};

	/* One that is not there is dropped already: requests may be repeated. */
	grants_drop(client->clients->grants, &client->holder, &request->lease_drop.server);
	answer.lease_drop.server = request->lease_drop.server;
	peer_send(client->peer, &answer);
}

static void peer_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	struct client *client = owner;

	(void)peer;
	switch (message->type) {
	case WIRE_LEASE_GET:
		answer_lease_get(client, message);
		break;
	case WIRE_LEASE_DROP:
		answer_lease_drop(client, message);
		break;
	default:
		send_error(client, message->request_id, WIRE_ERR_UNSUPPORTED_MESSAGE,
			   "not a request");
		break;
	}
}

static const struct peer_callbacks callbacks = {
	.ready = peer_ready,
	.message = peer_message,
	.closed = peer_closed,
	.refused = peer_refused,
};

static int listen_at(struct clients *clients, const struct endpoint *listen, FILE *errors,
		     struct peer_listener **ret_listener)
{
	char text[ADDR_TEXT_LEN];
	int err = peer_listener_new(clients->loop, clients->context, listen, &callbacks, clients,
				    ret_listener);

	if (err)
		fprintf(errors, "cannot listen at %s (Listen=): %s\n",
			endpoint_format(listen, text), strerror(-err));
	return err;
}

int clients_new(uv_loop_t *loop, struct tls_context *context, const struct fwd_config *config,
		struct grants *grants, struct identities *identities, FILE *errors,
		struct clients **ret_clients)
{
	struct clients *clients = calloc(1, sizeof(*clients));
	int err;

	if (!clients)
		return -ENOMEM;
	clients->loop = loop;
	clients->context = context;
	clients->config = config;
	clients->listen = config->listen;
	clients->grants = grants;
	clients->identities = identities;
	err = listen_at(clients, &config->listen, errors, &clients->listener);
	if (err) {
		clients_free(clients);
		return err;
	}
	*ret_clients = clients;
	return 0;
}

void clients_free(struct clients *clients)
{
	struct client *client, *next;

	if (!clients)
		return;
	peer_listener_free(clients->listener);
	DL_FOREACH_SAFE (clients->list, client, next) {
		peer_close(client->peer);
		client_free(client);
	}
	free(clients);
}

int clients_set_config(struct clients *clients, struct tls_context *context,
		       const struct fwd_config *config, FILE *errors)
{
	struct peer_listener *listener;
	struct client *client;
	int err;

	clients->context = context;
	clients->config = config;
	peer_listener_set_context(clients->listener, context);
	/* Those who came by a listener at an earlier Listen= are on no listener's list any more. */
	DL_FOREACH (clients->list, client)
		peer_recheck(client->peer, context);
	if (endpoint_equal(&clients->listen, &config->listen))
		return 0;
	err = listen_at(clients, &config->listen, errors, &listener);
	if (err)
		return err;
	peer_listener_free(clients->listener);
	clients->listener = listener;
	clients->listen = config->listen;
	return 0;
}

void clients_lease_lost(struct clients *clients, const struct lease *lease)
{
	struct wire_message message = {.type = WIRE_LEASE_LOST};
	struct client *client, *next;

	message.lease_lost.server = (struct endpoint){lease->entry.server,
						      lease->entry.server_port_be};
	DL_FOREACH_SAFE (clients->list, client, next) {
		if (holds(client, lease))
			peer_send(client->peer, &message);
	}
}

size_t clients_count(const struct clients *clients)
{
	return clients->count;
}
