// SPDX-License-Identifier: BSD-2-Clause
/* Connections, their subflows and the subflows' local ids. */
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

struct subflow *conn_match_subflow(const struct conn *conn, const struct endpoint *local,
				   const struct endpoint *remote)
{
	struct subflow *subflow;

	if (remote->port_be != 0)
		return conn_find_subflow(conn, local, remote);
	DL_FOREACH (conn->subflows, subflow) {
		if (endpoint_equal(&subflow->local, local) &&
		    addr_equal(&subflow->remote.addr, &remote->addr))
			return subflow;
	}
	return NULL;
}

static bool id_in_use(const struct conn *conn, uint8_t id)
{
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->loc_id == id)
			return true;
	}
	return false;
}

uint8_t conn_take_id(struct conn *conn)
{
	uint8_t id = conn->last_id;

	for (unsigned int i = 0; i < UINT8_MAX; i++) {
		id = id == UINT8_MAX ? 1 : (uint8_t)(id + 1);
		if (!id_in_use(conn, id)) {
			conn->last_id = id;
			return id;
		}
	}
	return 0;
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
