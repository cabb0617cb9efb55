// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which destinations are denied, in every form that an address can hide in, and what rules change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/cleanup.h"
#include "user/conf/fwd_config.h"
#include "user/fwd/admission.h"

struct admission_case {
	const char *server;
	const char *reason; /* NULL: admitted; "": any reason */
};

/* Nothing configured; 198.51.200.7 and 2600::7 are the relay's own. */
static const struct admission_case default_cases[] = {
	{"8.8.8.8:443", NULL},
	{"[2600::1]:443", NULL},
	{"198.51.200.8:1", NULL},
	{"8.8.8.8:0", "port 0"},
	{"8.8.8.8:25", "TCP port 25 (mail)"},
	{"8.8.8.8:26", NULL},
	{"[2600::1]:25", "TCP port 25 (mail)"},
	{"198.51.200.7:443", "one of the relay's own addresses"},
	{"[2600::7]:443", "one of the relay's own addresses"},
	/* IPv4, first and last of each range, and the neighbours outside */
	{"0.0.0.0:1", "unspecified address"},
	{"0.255.255.255:1", "unspecified address"},
	{"1.0.0.0:1", NULL},
	{"9.255.255.255:1", NULL},
	{"10.0.0.0:1", "private address"},
	{"10.255.255.255:1", "private address"},
	{"11.0.0.0:1", NULL},
	{"100.63.255.255:1", NULL},
	{"100.64.0.0:1", "carrier-grade NAT address"},
	{"100.100.100.200:1", "metadata service"},
	{"100.127.255.255:1", "carrier-grade NAT address"},
	{"100.128.0.0:1", NULL},
	{"126.255.255.255:1", NULL},
	{"127.0.0.1:1", "loopback address"},
	{"127.255.255.255:1", "loopback address"},
	{"128.0.0.0:1", NULL},
	{"168.63.129.16:1", "metadata service"},
	{"169.253.255.255:1", NULL},
	{"169.254.0.0:1", "link-local address"},
	{"169.254.169.254:80", "metadata service"},
	{"169.254.255.255:1", "link-local address"},
	{"172.15.255.255:1", NULL},
	{"172.16.0.0:1", "private address"},
	{"172.31.255.255:1", "private address"},
	{"172.32.0.0:1", NULL},
	{"192.0.0.1:1", "reserved address"},
	{"192.0.2.1:1", "documentation address"},
	{"192.88.99.1:1", "6to4 relay anycast address"},
	{"192.167.255.255:1", NULL},
	{"192.168.0.0:1", "private address"},
	{"192.168.255.255:1", "private address"},
	{"198.17.255.255:1", NULL},
	{"198.18.0.0:1", "benchmark address"},
	{"198.19.255.255:1", "benchmark address"},
	{"198.51.100.1:1", "documentation address"},
	{"203.0.113.1:1", "documentation address"},
	{"223.255.255.255:1", NULL},
	{"224.0.0.1:1", "multicast address"},
	{"239.255.255.255:1", "multicast address"},
	{"240.0.0.1:1", "reserved address"},
	{"255.255.255.255:1", "reserved address"},
	/* IPv6 */
	{"[::]:1", "unspecified address"},
	{"[::1]:1", "loopback address"},
	{"[::2]:1", "IPv4-compatible address"},
	{"[::8.8.8.8]:1", "IPv4-compatible address"},
	{"[100::1]:1", "discard-only address"},
	{"[2001:2::1]:1", "benchmark address"},
	{"[2001:10::1]:1", "reserved address"},
	{"[2001:20::1]:1", "reserved address"},
	{"[2001:db8::1]:1", "documentation address"},
	{"[3fff::1]:1", "documentation address"},
	{"[4000::1]:1", "not a global unicast address"},
	{"[5f00::1]:1", "segment routing address"},
	{"[fbff::1]:1", "not a global unicast address"},
	{"[fc00::1]:1", "private (unique local) address"},
	{"[fd00:ec2::254]:80", "metadata service"},
	{"[fd20:ce::254]:80", "metadata service"},
	{"[fdff::1]:1", "private (unique local) address"},
	{"[fe80::1]:1", "link-local address"},
	{"[febf::1]:1", "link-local address"},
	{"[fec0::1]:1", "site-local address"},
	{"[ff02::1]:1", "multicast address"},
	/* IPv4 inside IPv6 */
	{"[::ffff:8.8.8.8]:1", NULL},
	{"[::ffff:10.0.0.1]:1", "private address"},
	{"[::ffff:169.254.169.254]:1", "metadata service"},
	{"[64:ff9b::8.8.8.8]:1", NULL},
	{"[64:ff9b::10.0.0.1]:1", "private address"},
	{"[64:ff9b::127.0.0.1]:1", "loopback address"},
	{"[64:ff9b::169.254.169.254]:1", "metadata service"},
	{"[64:ff9b::198.51.200.7]:1", "one of the relay's own addresses"},
	{"[64:ff9b:1::8.8.8.8]:1", "local-use NAT64 address"},
	{"[2002:808:808::1]:1", NULL},
	{"[2002:a00:1::1]:1", "private address"},
	{"[2002:c0a8:101::1]:1", "private address"},
	{"[2002:a9fe:a9fe::1]:1", "metadata service"},
	{"[2002:7f00:1::]:1", "loopback address"},
	/* Teredo: server 8.8.8.8, client 8.8.4.4 (inverted), then each made private */
	{"[2001:0:808:808::f7f7:fbfb]:1", NULL},
	{"[2001:0:a00:1::f7f7:fbfb]:1", "private address"},
	{"[2001:0:808:808::f5ff:fffe]:1", "private address"},
	/* ISATAP */
	{"[2600::5efe:8.8.8.8]:1", NULL},
	{"[2600::5efe:10.0.0.1]:1", "private address"},
	{"[2600::200:5efe:192.168.0.1]:1", "private address"},
};

struct rule_case {
	const char *config; /* lines of [relay] */
	const char *server;
	const char *reason;
};

static const struct rule_case rule_cases[] = {
	{"Allow=10.0.0.0/8", "10.1.2.3:443", NULL},
	{"Allow=10.0.0.0/8", "11.1.2.3:443", NULL},
	{"Allow=10.0.0.0/8", "192.168.0.1:443", "private address"},
	{"Allow=10.0.0.0/8:80", "10.1.2.3:443", "private address"},
	{"Allow=10.0.0.0/8:80", "10.1.2.3:80", NULL},
	{"Allow=10.0.0.0/8", "[64:ff9b::10.1.2.3]:443", NULL},
	{"Allow=10.0.0.0/8", "[2002:a01:203::1]:443", NULL},
	{"Allow=2002::/16", "[2002:a01:203::1]:443", "private address"},
	{"Allow=fd00::/8", "[fd00::1]:443", NULL},
	{"Allow=::/0", "[fd00::1]:443", NULL},
	{"Allow=::/0", "10.1.2.3:443", "private address"},
	{"Allow=::/0:25", "8.8.8.8:25", "TCP port 25 (mail)"},
	{"Deny=::/0", "8.8.8.8:443", "denied by Deny="},
	{"Deny=::/0", "[2600::1]:443", "denied by Deny="},
	/* own addresses stay denied */
	{"Allow=198.51.200.7", "198.51.200.7:443", "one of the relay's own addresses"},
	{"Allow=0.0.0.0/0", "[64:ff9b::198.51.200.7]:443", "one of the relay's own addresses"},
	/* mail wants its port named */
	{"Allow=8.8.8.0/24", "8.8.8.8:25", "TCP port 25 (mail)"},
	{"Allow=8.8.8.0/24:25", "8.8.8.8:25", NULL},
	{"Allow=10.0.0.0/8:25", "10.0.0.1:25", NULL},
	{"Allow=10.0.0.0/8:25", "10.0.0.1:80", "private address"},
	/* Deny= adds; the longer prefix wins, then the port, then Deny= */
	{"Deny=8.8.8.0/24", "8.8.8.8:443", "denied by Deny="},
	{"Deny=8.8.8.0/24", "8.8.9.8:443", NULL},
	{"Deny=8.8.8.8:443", "8.8.8.8:80", NULL},
	{"Deny=8.8.8.0/24", "[64:ff9b::8.8.8.8]:443", "denied by Deny="},
	{"Deny=8.8.8.0/24", "[2002:808:808::1]:443", "denied by Deny="},
	{"Deny=0.0.0.0/0\nAllow=8.8.8.0/24", "8.8.8.8:443", NULL},
	{"Deny=0.0.0.0/0\nAllow=8.8.8.0/24", "8.8.9.8:443", "denied by Deny="},
	{"Allow=10.0.0.0/8\nDeny=10.1.0.0/16", "10.1.0.1:443", "denied by Deny="},
	{"Allow=10.0.0.0/8\nDeny=10.1.0.0/16", "10.2.0.1:443", NULL},
	{"Allow=10.0.0.0/8\nDeny=10.0.0.0/8", "10.1.0.1:443", "denied by Deny="},
	{"Deny=10.0.0.0/8\nAllow=10.0.0.0/8:80", "10.1.0.1:80", NULL},
	{"Deny=10.0.0.0/8\nAllow=10.0.0.0/8:80", "10.1.0.1:81", "denied by Deny="},
};

static void check(const struct fwd_config *config, const char *server, const char *expected)
{
	struct detour_addr own[2];
	struct admission_rules rules = {.allow = config->allow,
					.allow_count = config->allow_count,
					.deny = config->deny,
					.deny_count = config->deny_count,
					.own = own,
					.own_count = ARRAY_SIZE(own)};
	struct endpoint endpoint;
	const char *reason;

	assert_int_equal(addr_parse("198.51.200.7", &own[0]), 0);
	assert_int_equal(addr_parse("2600::7", &own[1]), 0);
	assert_int_equal(endpoint_parse(server, &endpoint), 0);
	reason = admission_check(&rules, &endpoint);
	if ((reason == NULL) == (expected == NULL) && (!reason || strcmp(reason, expected) == 0))
		return;
	fail_msg("%s: got %s, expected %s", server, reason ? reason : "admitted",
		 expected ? expected : "admitted");
}

static struct fwd_config *parse(const char *lines)
{
	struct fwd_config *config;
	char text[256];
	int len = snprintf(text, sizeof(text), "[relay]\n%s\n", lines);

	assert_int_equal(fwd_config_parse(text, (size_t)len, "test", stderr, &config), 0);
	return config;
}

static void test_defaults(void **state)
{
	struct fwd_config *config = parse("");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(default_cases); i++)
		check(config, default_cases[i].server, default_cases[i].reason);
	fwd_config_free(config);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rule_cases); i++) {
		struct fwd_config *config = parse(rule_cases[i].config);

		check(config, rule_cases[i].server, rule_cases[i].reason);
		fwd_config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
