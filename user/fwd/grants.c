// SPDX-License-Identifier: BSD-2-Clause
/* Granting leases. */
#include "user/fwd/grants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/dataplane/tables.h"
#include "user/fwd/admission.h"
#include "user/fwd/clock.h"
#include "user/fwd/nexthops.h"
#include "user/net/links.h"
#include "user/net/listeners.h"

/* A new port is checked against local listeners that are known as of this long ago. */
#define LISTENERS_FRESH_NS (SECOND_NS / 10)

struct grants {
	struct tables *tables;
	struct nexthops *nexthops;
	struct leases *leases;
	struct nl_socket *route_sock, *diag_sock;
	struct admission_rules rules;
	struct detour_addr *own;
	struct port_pool ports;
	uint64_t listeners_read_ns;
};

static int store_put(void *data, const struct lease_key *key, const struct lease_entry *entry)
{
	const struct grants *grants = data;

	return tables_lease_put(grants->tables, key, entry);
}

static int store_remove(void *data, const struct lease_key *key, const struct lease_entry *entry)
{
	const struct grants *grants = data;

	nexthops_put(grants->nexthops, entry->nexthop_server);
	nexthops_put(grants->nexthops, entry->nexthop_client);
	return tables_lease_delete(grants->tables, key);
}

static struct lease_limits limits_of(const struct grants *grants, const struct fwd_config *config)
{
	uint32_t room = tables_max_leases(grants->tables);

	return (struct lease_limits){
		.max_leases = config->max_leases < room ? config->max_leases : room,
		.leases_per_identity = config->leases_per_client,
		.grace_ns = config->lease_grace_s * SECOND_NS,
	};
}

static void take_config(struct grants *grants, const struct fwd_config *config)
{
	grants->ports.range = config->detour_ports;
	grants->rules.allow = config->allow;
	grants->rules.allow_count = config->allow_count;
	grants->rules.deny = config->deny;
	grants->rules.deny_count = config->deny_count;
}

static bool lease_denied(void *data, const struct lease *lease)
{
	const struct grants *grants = data;
	struct endpoint server = {lease->entry.server, lease->entry.server_port_be};

	return !port_usable(&grants->ports, ntohs(lease->key.port_be)) ||
	       admission_check(&grants->rules, &server);
}

static int adopt_lease(void *data, const struct lease_key *key, const struct lease_entry *entry)
{
	struct grants *grants = data;
	int err = leases_adopt(grants->leases, key, entry, clock_now_ns());

	if (err == -EEXIST) /* twice for one server: nobody would find the second again */
		return tables_lease_delete(grants->tables, key);
	if (err)
		return err;
	nexthops_hold(grants->nexthops, entry->nexthop_server);
	nexthops_hold(grants->nexthops, entry->nexthop_client);
	return 0;
}

static int grants_open(struct grants *grants, const struct fwd_config *config)
{
	struct lease_limits limits = limits_of(grants, config);
	struct lease_store store = {store_put, store_remove, grants};
	int err = leases_new(&store, &limits, &grants->leases);

	if (!err)
		err = nl_open(NETLINK_ROUTE, &grants->route_sock);
	if (!err)
		err = nl_open(NETLINK_SOCK_DIAG, &grants->diag_sock);
	if (!err)
		err = grants_read_addresses(grants);
	if (!err)
		err = grants_read_listeners(grants);
	if (!err)
		err = tables_leases_each(grants->tables, adopt_lease, grants);
	if (!err)
		leases_remove_if(grants->leases, lease_denied, grants);
	return err;
}

int grants_new(struct tables *tables, struct nexthops *nexthops, const struct fwd_config *config,
	       struct grants **ret_grants)
{
	struct grants *grants = calloc(1, sizeof(*grants));
	int err;

	if (!grants)
		return -ENOMEM;
	grants->tables = tables;
	grants->nexthops = nexthops;
	take_config(grants, config);
	err = grants_open(grants, config);
	if (err) {
		grants_free(grants);
		return err;
	}
	*ret_grants = grants;
	return 0;
}

void grants_free(struct grants *grants)
{
	if (!grants)
		return;
	leases_free(grants->leases);
	nl_close(grants->route_sock);
	nl_close(grants->diag_sock);
	free(grants->own);
	free(grants);
}

static int find_path(struct grants *grants, const struct detour_addr *client,
		     const struct detour_addr *server, struct lease_path *ret_path)
{
	struct lease_path path;
	struct detour_addr ignored;
	int err = nexthops_get(grants->nexthops, server, &path.nexthop_server, &path.relay_src);

	if (err)
		return err;
	err = nexthops_get(grants->nexthops, client, &path.nexthop_client, &ignored);
	if (err) {
		nexthops_put(grants->nexthops, path.nexthop_server);
		return err;
	}
	*ret_path = path;
	return 0;
}

static const char *reason_of(int err)
{
	switch (err) {
	case -EDQUOT:
		return "this client holds as many leases as it may";
	case -ENOSPC:
	case -E2BIG:
		return "the relay holds as many leases as it may";
	case -EADDRNOTAVAIL:
		return "no detour port is free for this client";
	case -EAFNOSUPPORT:
		return "the relay does not translate between IPv4 and IPv6";
	default:
		return "the relay has no route";
	}
}

/* A port that a listener took a moment ago must not be handed out. */
static void refresh_listeners(struct grants *grants)
{
	if (clock_now_ns() - grants->listeners_read_ns >= LISTENERS_FRESH_NS)
		grants_read_listeners(grants);
}

static int add_lease(struct grants *grants, const struct lease_holder_key *holder,
		     const struct endpoint *server, uint16_t wish, const struct lease **ret_lease)
{
	struct lease_path path;
	int err = leases_room(grants->leases, holder->identity);

	if (err)
		return err;
	if (addr_is_v4(&holder->client) != addr_is_v4(&server->addr))
		return -EAFNOSUPPORT;
	err = find_path(grants, &holder->client, &server->addr, &path);
	if (err)
		return err;
	refresh_listeners(grants);
	err = leases_add(grants->leases, holder, server, &path, &grants->ports, wish,
			 clock_now_ns(), ret_lease);
	if (err) {
		nexthops_put(grants->nexthops, path.nexthop_server);
		nexthops_put(grants->nexthops, path.nexthop_client);
	}
	return err;
}

int grants_get(struct grants *grants, const struct lease_holder_key *holder,
	       const struct endpoint *server, uint16_t wish, const struct lease **ret_lease,
	       const char **ret_reason)
{
	const char *reason = admission_check(&grants->rules, server);
	const struct lease *lease;
	int err;

	if (reason) {
		*ret_reason = reason;
		return -EPERM;
	}
	lease = leases_find(grants->leases, holder, server, clock_now_ns());
	if (lease) {
		*ret_lease = lease;
		return 0;
	}
	err = add_lease(grants, holder, server, wish, ret_lease);
	if (err)
		*ret_reason = reason_of(err);
	return err;
}

int grants_drop(struct grants *grants, const struct lease_holder_key *holder,
		const struct endpoint *server)
{
	return leases_drop(grants->leases, holder, server, clock_now_ns());
}

/* Tells of a lease that is about to go. */
struct lost_run {
	struct grants *grants;
	void (*lost)(void *data, const struct lease *lease);
	void *data;
};

static bool lose_denied(void *data, const struct lease *lease)
{
	const struct lost_run *run = data;

	if (!lease_denied(run->grants, lease))
		return false;
	run->lost(run->data, lease);
	return true;
}

void grants_set_config(struct grants *grants, const struct fwd_config *config,
		       void (*lost)(void *data, const struct lease *lease), void *data)
{
	struct lost_run run = {grants, lost, data};
	struct lease_limits limits = limits_of(grants, config);

	take_config(grants, config);
	leases_set_limits(grants->leases, &limits);
	leases_remove_if(grants->leases, lose_denied, &run);
}

int grants_read_addresses(struct grants *grants)
{
	_cleanup_free_ struct link_address *addresses = NULL;
	_cleanup_free_ struct detour_addr *own = NULL;
	_cleanup_free_ uint32_t *ifindexes = NULL;
	size_t count;
	int err = links_read_addresses(grants->route_sock, &addresses, &count);

	if (err)
		return err;
	own = calloc(count + 1, sizeof(*own));
	ifindexes = calloc(count + 1, sizeof(*ifindexes));
	if (!own || !ifindexes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		own[i] = addresses[i].addr;
		ifindexes[i] = addresses[i].ifindex;
	}
	free(grants->own);
	grants->own = take_ptr(&own);
	grants->rules.own = grants->own;
	grants->rules.own_count = count;
	return tables_local_addrs_set(grants->tables, grants->own, ifindexes, count);
}

static const struct detour_addr *source_of(void *data, uint32_t slot)
{
	return nexthops_source(data, slot);
}

void grants_follow_routes(struct grants *grants)
{
	leases_follow_sources(grants->leases, source_of, grants->nexthops);
}

int grants_read_listeners(struct grants *grants)
{
	int err = listeners_read(grants->diag_sock, grants->ports.busy);

	if (err)
		return err;
	grants->listeners_read_ns = clock_now_ns();
	tables_ports_busy_set(grants->tables, grants->ports.busy);
	return 0;
}

void grants_expire(struct grants *grants)
{
	leases_expire(grants->leases, clock_now_ns());
}

void grants_leave(struct grants *grants)
{
	leases_leave(grants->leases, clock_now_ns());
}

struct leases *grants_leases(struct grants *grants)
{
	return grants->leases;
}
