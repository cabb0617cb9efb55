// SPDX-License-Identifier: BSD-2-Clause
/* Decoding of path manager events: what each must bring, and every way to bring it wrongly. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <linux/genetlink.h>
#include <linux/mptcp.h>

#include "user/base/cleanup.h"
#include "user/pm/event.h"

#define BUFFER_LEN 512

enum part {
	TOKEN = 1 << 0,
	TUPLE4 = 1 << 1,
	TUPLE6 = 1 << 2,
	IDS = 1 << 3,
	REMOTE4 = 1 << 4,
	SERVER = 1 << 5,
	SERVER_FLAG = 1 << 6,
	ERROR = 1 << 7,
	RESET = 1 << 8,
	BACKUP = 1 << 9,
	MIXED = 1 << 10,    /* an IPv4 source and an IPv6 destination */
	LATER = 1 << 11,    /* an attribute that this kernel header does not know */
	SHORT = 1 << 12,    /* a token of two bytes */
	LONG_ADDR = 1 << 13 /* an IPv4 address of 16 bytes */
};

static const struct in6_addr v6_source = {.s6_addr = {0x20, 1, 0xd, 0xb8, [15] = 1}};
static const struct in6_addr v6_dest = {.s6_addr = {0x20, 1, 0xd, 0xb8, [15] = 2}};

static void put_tuple(struct nlmsghdr *nlh, unsigned int parts)
{
	struct in_addr source = {.s_addr = htonl(0x0a090001)}, dest = {.s_addr = htonl(0x0a050005)};

	if (parts & (TUPLE4 | MIXED))
		mnl_attr_put(nlh, MPTCP_ATTR_SADDR4, sizeof(source), &source);
	if (parts & (TUPLE4 | REMOTE4))
		mnl_attr_put(nlh, MPTCP_ATTR_DADDR4, sizeof(dest), &dest);
	if (parts & LONG_ADDR)
		mnl_attr_put(nlh, MPTCP_ATTR_DADDR4, sizeof(v6_dest), &v6_dest);
	if (parts & TUPLE6)
		mnl_attr_put(nlh, MPTCP_ATTR_SADDR6, sizeof(v6_source), &v6_source);
	if (parts & (TUPLE6 | MIXED))
		mnl_attr_put(nlh, MPTCP_ATTR_DADDR6, sizeof(v6_dest), &v6_dest);
	if (parts & (TUPLE4 | TUPLE6 | MIXED)) {
		mnl_attr_put_u16(nlh, MPTCP_ATTR_SPORT, htons(4242));
		mnl_attr_put_u16(nlh, MPTCP_ATTR_DPORT, htons(443));
	}
}

static struct nlmsghdr *build(char *buffer, unsigned int cmd, unsigned int parts)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	genl->cmd = (uint8_t)cmd;
	if (parts & TOKEN)
		mnl_attr_put_u32(nlh, MPTCP_ATTR_TOKEN, 0xdecafbad);
	if (parts & SHORT)
		mnl_attr_put_u16(nlh, MPTCP_ATTR_TOKEN, 0xbad);
	put_tuple(nlh, parts);
	if (parts & IDS) {
		mnl_attr_put_u8(nlh, MPTCP_ATTR_LOC_ID, 3);
		mnl_attr_put_u8(nlh, MPTCP_ATTR_REM_ID, 5);
	}
	if (parts & SERVER)
		mnl_attr_put_u8(nlh, MPTCP_ATTR_SERVER_SIDE, 1);
	if (parts & SERVER_FLAG)
		mnl_attr_put_u16(nlh, MPTCP_ATTR_FLAGS, 2);
	if (parts & ERROR)
		mnl_attr_put_u8(nlh, MPTCP_ATTR_ERROR, ECONNREFUSED);
	if (parts & RESET)
		mnl_attr_put_u32(nlh, MPTCP_ATTR_RESET_REASON, MPTCP_RST_EPROHIBIT);
	if (parts & BACKUP)
		mnl_attr_put_u8(nlh, MPTCP_ATTR_BACKUP, 1);
	if (parts & LATER)
		mnl_attr_put_u64(nlh, MPTCP_ATTR_MAX + 7, 1);
	return nlh;
}

static const struct {
	const char *name;
	unsigned int cmd, parts;
	int err;
} rows[] = {
	{"created", PM_CREATED, TOKEN | TUPLE4, 0},
	{"established", PM_ESTABLISHED, TOKEN | TUPLE4, 0},
	{"established, v6", PM_ESTABLISHED, TOKEN | TUPLE6, 0},
	{"established, as the server", PM_ESTABLISHED, TOKEN | TUPLE4 | SERVER, 0},
	{"the same, told by a flag", PM_ESTABLISHED, TOKEN | TUPLE4 | SERVER_FLAG, 0},
	{"closed", PM_CLOSED, TOKEN, 0},
	{"announced without a port", PM_ANNOUNCED, TOKEN | REMOTE4 | IDS, 0},
	{"removed", PM_REMOVED, TOKEN | IDS, 0},
	{"subflow established", PM_SUB_ESTABLISHED, TOKEN | TUPLE4 | IDS | BACKUP, 0},
	{"subflow closed", PM_SUB_CLOSED, TOKEN | TUPLE6 | IDS | ERROR | RESET, 0},
	{"priority", PM_SUB_PRIORITY, TOKEN | TUPLE4 | IDS | BACKUP, 0},
	{"an attribute of a later kernel", PM_CLOSED, TOKEN | LATER, 0},
	{"a listener", 15, TOKEN | TUPLE4, -EOPNOTSUPP},
	{"an event of a later kernel", 99, TOKEN, -EOPNOTSUPP},
	{"no token", PM_CLOSED, 0, -EBADMSG},
	{"a short token", PM_CLOSED, SHORT, -EBADMSG},
	{"no addresses", PM_ESTABLISHED, TOKEN, -EBADMSG},
	{"no source", PM_SUB_CLOSED, TOKEN | REMOTE4, -EBADMSG},
	{"an address of the wrong size", PM_ANNOUNCED, TOKEN | LONG_ADDR | IDS, -EBADMSG},
	{"both families", PM_SUB_ESTABLISHED, TOKEN | MIXED, -EBADMSG},
	{"removed, but which", PM_REMOVED, TOKEN, -EBADMSG},
};

static void check_fields(const struct pm_event *event, unsigned int parts)
{
	bool v6 = parts & TUPLE6;

	assert_int_equal(event->token, 0xdecafbad);
	assert_int_equal(event->server_side, (parts & (SERVER | SERVER_FLAG)) != 0);
	assert_int_equal(event->backup, (parts & BACKUP) != 0);
	assert_int_equal(event->error, parts & ERROR ? ECONNREFUSED : 0);
	assert_int_equal(event->has_reset, (parts & RESET) != 0);
	assert_int_equal(event->loc_id, parts & IDS ? 3 : 0);
	assert_int_equal(event->rem_id, parts & IDS ? 5 : 0);
	if (parts & (TUPLE4 | TUPLE6)) {
		char local[ADDR_TEXT_LEN], remote[ADDR_TEXT_LEN];

		assert_string_equal(endpoint_format(&event->local, local),
				    v6 ? "[2001:db8::1]:4242" : "10.9.0.1:4242");
		assert_string_equal(endpoint_format(&event->remote, remote),
				    v6 ? "[2001:db8::2]:443" : "10.5.0.5:443");
	}
}

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char buffer[BUFFER_LEN];
		struct pm_event event;
		int err = pm_event_decode(build(buffer, rows[i].cmd, rows[i].parts), &event);

		if (err != rows[i].err)
			fail_msg("%s: %d instead of %d", rows[i].name, err, rows[i].err);
		if (err)
			continue;
		assert_int_equal(event.type, rows[i].cmd);
		check_fields(&event, rows[i].parts);
	}
}

/* A message cut anywhere gives an error or an event, and reads nothing behind its end. */
static void test_truncated(void **state)
{
	char buffer[BUFFER_LEN];
	struct nlmsghdr *whole = build(buffer, PM_SUB_CLOSED,
				       TOKEN | TUPLE4 | IDS | ERROR | RESET | BACKUP);

	(void)state;
	for (uint32_t len = NLMSG_HDRLEN; len < whole->nlmsg_len; len++) {
		_cleanup_free_ struct nlmsghdr *cut = malloc(len);
		struct pm_event event;

		assert_non_null(cut);
		memcpy(cut, whole, len);
		cut->nlmsg_len = len;
		pm_event_decode(cut, &event);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(pm_event_name(PM_SUB_CLOSED), "sub_closed");
	assert_string_equal(pm_event_name((enum pm_event_type)77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
