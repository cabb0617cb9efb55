// SPDX-License-Identifier: BSD-2-Clause
/* Connections, their subflows and their local ids. */
#include "user/agent/conn.h"

#include <errno.h>
#include <stdlib.h>

#include <utlist.h>

int conn_new(uint32_t token, const struct endpoint *local, const struct endpoint *remote,
	     struct conn **ret_conn)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return -ENOMEM;
	conn->token = token;
	conn->local = *local;
	conn->remote = *remote;
	conn->limit = UINT32_MAX;
	conn_learn_id(conn, &local->addr, 0);
	*ret_conn = conn;
	return 0;
}

void conn_free(struct conn *conn)
{
	if (!conn)
		return;
	while (conn->subflows)
		conn_remove_subflow(conn, conn->subflows);
	backoff_done(&conn->backoffs);
	free(conn->ids);
	free(conn);
}

struct subflow *conn_add_subflow(struct conn *conn, enum subflow_kind kind,
				 const struct endpoint *local, const struct endpoint *remote)
{
	struct subflow *subflow = calloc(1, sizeof(*subflow));

	if (!subflow)
		return NULL;
	subflow->kind = kind;
	subflow->local = *local;
	subflow->remote = *remote;
	subflow->path = PATH_NONE;
	subflow->relay = RELAY_NONE;
	DL_APPEND(conn->subflows, subflow);
	return subflow;
}

void conn_remove_subflow(struct conn *conn, struct subflow *subflow)
{
	DL_DELETE(conn->subflows, subflow);
	free(subflow);
}

struct subflow *conn_find_subflow(const struct conn *conn, const struct endpoint *local,
				  const struct endpoint *remote)
{
	struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (endpoint_equal(&subflow->local, local) &&
		    endpoint_equal(&subflow->remote, remote))
			return subflow;
	}
	return NULL;
}

static bool may_be(const struct subflow *subflow, const struct endpoint *local,
		   const struct endpoint *remote)
{
	bool port_fits = subflow->local.port_be == 0 ? subflow->state == SUBFLOW_CONNECTING
						     : subflow->local.port_be == local->port_be;

	return port_fits && addr_equal(&subflow->local.addr, &local->addr) &&
	       addr_equal(&subflow->remote.addr, &remote->addr) &&
	       (remote->port_be == 0 || remote->port_be == subflow->remote.port_be);
}

struct subflow *conn_match_subflow(const struct conn *conn, const struct endpoint *local,
				   const struct endpoint *remote)
{
	struct subflow *subflow = conn_find_subflow(conn, local, remote);
	struct subflow *by_address = NULL;

	if (subflow)
		return subflow;
	DL_FOREACH (conn->subflows, subflow) {
		if (!may_be(subflow, local, remote))
			continue;
		/* A known local port says more than an unknown one. */
		if (subflow->local.port_be)
			return subflow;
		if (!by_address)
			by_address = subflow;
	}
	return by_address;
}

static struct local_id *find_id(const struct conn *conn, uint8_t id)
{
	for (size_t i = 0; i < conn->id_count; i++) {
		if (conn->ids[i].id == id)
			return &conn->ids[i];
	}
	return NULL;
}

static struct local_id *find_addr(const struct conn *conn, const struct detour_addr *addr)
{
	for (size_t i = 0; i < conn->id_count; i++) {
		if (addr_equal(&conn->ids[i].addr, addr))
			return &conn->ids[i];
	}
	return NULL;
}

static int add_id(struct conn *conn, const struct detour_addr *addr, uint8_t id)
{
	struct local_id *ids = realloc(conn->ids, (conn->id_count + 1) * sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	conn->ids = ids;
	ids[conn->id_count++] = (struct local_id){.addr = *addr, .id = id};
	return 0;
}

static int next_id(const struct conn *conn, uint8_t after, uint8_t *ret_id)
{
	for (unsigned int id = after + 1; id <= UINT8_MAX; id++) {
		if (!find_id(conn, (uint8_t)id)) {
			*ret_id = (uint8_t)id;
			return 0;
		}
	}
	return -ENOSPC;
}

int conn_local_id(struct conn *conn, const struct detour_addr *addr, uint8_t *ret_id)
{
	const struct local_id *known = find_addr(conn, addr);
	uint8_t id;
	int err;

	if (known) {
		*ret_id = known->id;
		return 0;
	}
	err = next_id(conn, 0, &id);
	if (!err)
		err = add_id(conn, addr, id);
	if (!err)
		*ret_id = id;
	return err;
}

void conn_learn_id(struct conn *conn, const struct detour_addr *addr, uint8_t id)
{
	if (!find_addr(conn, addr))
		add_id(conn, addr, id);
}

int conn_renew_id(struct conn *conn, const struct detour_addr *addr, uint8_t *ret_id)
{
	struct local_id *known = find_addr(conn, addr);
	uint8_t id;
	int err;

	if (!known)
		return conn_local_id(conn, addr, ret_id);
	err = next_id(conn, known->id, &id);
	if (err)
		return err;
	known->id = id;
	*ret_id = id;
	return 0;
}

void conn_forget_id(struct conn *conn, uint8_t id)
{
	struct local_id *known = find_id(conn, id);

	if (known)
		*known = conn->ids[--conn->id_count];
}

bool subflow_is_live(const struct subflow *subflow)
{
	return subflow->state != SUBFLOW_CLOSING && !subflow->local_gone;
}

const char *subflow_kind_word(enum subflow_kind kind)
{
	static const char *const words[] = {
		[SUBFLOW_INITIAL] = "direct", [SUBFLOW_DETOUR] = "detour",
		[SUBFLOW_DIRECT] = "direct",  [SUBFLOW_ANNOUNCED] = "announced",
		[SUBFLOW_OTHER] = "other",
	};

	return words[kind];
}

const char *subflow_state_word(enum subflow_state state)
{
	static const char *const words[] = {
		[SUBFLOW_WANTED] = "leasing",
		[SUBFLOW_CONNECTING] = "connecting",
		[SUBFLOW_ESTABLISHED] = "established",
		[SUBFLOW_CLOSING] = "closing",
	};

	return words[state];
}
