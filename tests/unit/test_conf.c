// SPDX-License-Identifier: BSD-2-Clause
/* fwd.conf and agent.conf: defaults, every mistake named with its line, print and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/conf/agent_config.h"
#include "user/conf/fwd_config.h"

/* Both files through one pair of functions: what is printed (NULL: refused), what is reported. */
struct file_kind {
	char *(*read)(const char *text, FILE *errors);
};

static char *read_fwd(const char *text, FILE *errors)
{
	struct fwd_config *config = NULL;
	char *printed = NULL;
	size_t len;
	FILE *out;

	if (fwd_config_parse(text, strlen(text), "f", errors, &config)) {
		assert_null(config);
		return NULL;
	}
	out = open_memstream(&printed, &len);
	fwd_config_print(config, out);
	fclose(out);
	fwd_config_free(config);
	return printed;
}

static char *read_agent(const char *text, FILE *errors)
{
	struct agent_config *config = NULL;
	char *printed = NULL;
	size_t len;
	FILE *out;

	if (agent_config_parse(text, strlen(text), "f", errors, &config)) {
		assert_null(config);
		return NULL;
	}
	out = open_memstream(&printed, &len);
	agent_config_print(config, out);
	fclose(out);
	agent_config_free(config);
	return printed;
}

static const struct file_kind fwd = {read_fwd}, agent = {read_agent};

static const struct {
	const struct file_kind *kind;
	const char *text;
	const char *errors;
} wrong[] = {
	{&fwd, "", ""},
	{&fwd, "[relay]\nMode=fast\n",
	 "f:2: [relay] Mode: 'fast' is not allowed; allowed: auto, xdp, xdp-generic, tc\n"},
	{&fwd, "[relay]\nMode=\n",
	 "f:2: [relay] Mode: '' is not allowed; allowed: auto, xdp, xdp-generic, tc\n"},
	{&fwd, "[relay]\n\nMaxFlows=0\nMaxLeases=x\n",
	 "f:3: [relay] MaxFlows: '0' is out of range; allowed: a number from 1 to 16777216\n"
	 "f:4: [relay] MaxLeases: 'x' is not allowed; allowed: a number from 1 to "
	 "16777216\n"},
	{&fwd, "[relay]\nModes=tc\nInterfaces=a b/c\n",
	 "f:2: [relay] Modes: no such key; did you mean Mode?\n"
	 "f:3: [relay] Interfaces: 'b/c' is not allowed; allowed: names of network "
	 "interfaces\n"},
	{&fwd, "[relay]\nColour=red\n", "f:2: [relay] Colour: no such key\n"},
	{&fwd, "[relay]\nEstablished=1h\n",
	 "f:2: [relay] Established: no such key here; it belongs in [timeouts]\n"},
	{&fwd, "[limit]\nA=1\n", "f:1: [limit]: no such section; did you mean [limits]?\n"},
	{&fwd, "[wallpaper]\nA=1\n", "f:1: [wallpaper]: no such section\n"},
	{&fwd, "[relay fra]\n", "f:1: [relay fra]: this section has no name; allowed: [relay]\n"},
	{&fwd, "Mode=tc\n", "f:1: Mode: stands before the first [section]\n"},
	{&fwd, "[relay]\nMode=tc\n[limits]\n[relay]\nMode=xdp\n",
	 "f:5: [relay] Mode: given before, in line 2\n"},
	{&fwd, "[relay]\nnonsense\n", "f:2: neither a [section] nor a Key=value\n"},
	{&fwd, "[timeouts]\nEstablished=31d\nTransitory=5x\n",
	 "f:2: [timeouts] Established: '31d' is out of range; allowed: a duration such as "
	 "90s, 4m or 2h4m, from 1s to 30d\n"
	 "f:3: [timeouts] Transitory: '5x' is not allowed; allowed: a duration such as "
	 "90s, 4m or 2h4m, from 1s to 1d\n"},
	{&fwd, "[timeouts]\nEstablished=1m\n",
	 "f:2: [timeouts] Established: Transitory=4m is longer than Established; allowed: "
	 "at most as long\n"},
	{&fwd, "[relay]\nDetourPorts=10000-20000\n",
	 "f:2: [relay] DetourPorts: SourcePorts=20000-32767 and DetourPorts=10000-20000 "
	 "overlap; allowed: ranges without a common port\n"},
	{&fwd, "[relay]\nSourcePorts=19999\n",
	 "f:2: [relay] SourcePorts: SourcePorts=19999 and DetourPorts=10000-19999 overlap; "
	 "allowed: ranges without a common port\n"},
	{&fwd, "[relay]\nSourcePorts=20000-21000\nSourcePorts=20500\n",
	 "f:3: [relay] SourcePorts: 20000-21000 and 20500 overlap; allowed: ranges without "
	 "a common port\n"},
	{&fwd, "[relay]\nSourcePorts=\n",
	 "f:2: [relay] SourcePorts: is empty; allowed: one range or more\n"},
	{&fwd, "[relay]\nSourcePorts=2000,2002,2004,2006,2008\n",
	 "f:2: [relay] SourcePorts: '2008' is one too many; allowed: up to 4 port ranges "
	 "FIRST-LAST from 1024 to 65535\n"},
	{&fwd, "[relay]\nListen=[::]:10005\n",
	 "f:2: [relay] Listen: Listen has port 10005, which lies in "
	 "DetourPorts=10000-19999; allowed: a port outside of it\n"},
	{&fwd, "[relay]\nCA=ca.crt\nKey=\nAllow=10.0.0.1/8\n",
	 "f:2: [relay] CA: 'ca.crt' is not allowed; allowed: an absolute path\n"
	 "f:3: [relay] Key: '' is not allowed; allowed: an absolute path\n"
	 "f:4: [relay] Allow: '10.0.0.1/8' is not allowed; allowed: prefixes with an "
	 "optional port, such as 192.0.2.0/24:443, host bits zero\n"},
	{&agent, "", ""},
	{&agent, "[relay fra]\n[uplink wan1]\n",
	 "f:1: [relay fra] Address: is missing; allowed: HOST:PORT, where HOST is a name, "
	 "an IPv4 address or an [IPv6] address\n"},
	{&agent, "[relay fra]\nAddress=relay.example.net\n",
	 "f:2: [relay fra] Address: 'relay.example.net' is not allowed; allowed: "
	 "HOST:PORT, where HOST is a name, an IPv4 address or an [IPv6] address\n"},
	{&agent, "[relay fra]\nAddress=,\n",
	 "f:2: [relay fra] Address: '' is not allowed; allowed: HOST:PORT, where HOST is a name, "
	 "an IPv4 address or an [IPv6] address\n"},
	{&agent, "[relay fra]\nAddress=a:1\n[relay fra]\nAddress=b:1\n",
	 "f:3: [relay fra]: is there already; allowed: [relay NAME], NAME as in the "
	 "relay's certificate: 1 to 63 letters, digits, '.', '-' or '_', each relay "
	 "once\n"},
	{&agent, "[relay]\nAddress=a:1\n",
	 "f:1: [relay]: needs a proper name; allowed: [relay NAME], NAME as in the relay's "
	 "certificate: 1 to 63 letters, digits, '.', '-' or '_', each relay once\n"},
	{&agent, "[uplink a/b]\n",
	 "f:1: [uplink a/b]: needs a proper name; allowed: [uplink NAME], NAME of a network "
	 "interface, each once\n"},
	{&agent, "[uplink wan1]\nRole=spare\n",
	 "f:2: [uplink wan1] Role: 'spare' is not allowed; allowed: on, master, backup, "
	 "handover, off\n"},
	{&agent, "[agent]\nSubflows=8\nAddress=a:1\n",
	 "f:2: [agent] Subflows: '8' is out of range; allowed: a number from 0 to 7\n"
	 "f:3: [agent] Address: no such key here; it belongs in [relay NAME]\n"},
};

static void mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_free_ char *printed = NULL, *said = NULL;
		size_t len;
		FILE *errors = open_memstream(&said, &len);

		printed = wrong[i].kind->read(wrong[i].text, errors);
		fclose(errors);
		assert_string_equal(said, wrong[i].errors);
		assert_int_equal(printed != NULL, *wrong[i].errors == '\0');
	}
}

#define FWD_DEFAULTS                                                             \
	"Listen=[::]:45672\nCA=/etc/detour/ca.crt\nCert=/etc/detour/relay.crt\n" \
	"Key=/etc/detour/relay.key\n"

/* What is in force, as printed; which, read again, prints the same. */
static void printed(void **state)
{
	static const struct {
		const struct file_kind *kind;
		const char *text;
		const char *printed;
	} cases[] = {
		{&fwd, "",
		 "[relay]\nInterfaces=\nMode=auto\n" FWD_DEFAULTS "CRL=\nDetourPorts=10000-19999\n"
		 "SourcePorts=20000-32767\nSourcePorts=61000-65535\nAccept=join\nAllow=\nDeny=\n"
		 "MProxy=\nMaxClients=1024\nMaxLeases=65536\nMaxFlows=65536\n\n"
		 "[limits]\nFlowsPerClient=4096\nNewFlowsPerSecond=200\nLeasesPerClient=1024\n\n"
		 "[timeouts]\nEstablished=2h4m\nTransitory=4m\nLeaseGrace=2m\n"},
		{&fwd,
		 "[relay]\nInterfaces=eth0, eth1\nInterfaces=eth2\nMode=xdp-generic\n"
		 "CRL=/etc/detour/crl.pem\nDetourPorts=2000\nSourcePorts=3000-3001 # two\n"
		 "Accept=any\nAllow=10.0.0.0/8:443 2001:db8::/32\nDeny=192.0.2.1:80\n"
		 "MProxy=198.51.100.0/24\nMaxClients=1\nMaxLeases=2\nMaxFlows=3\n"
		 "[timeouts]\nEstablished=5m\nTransitory=30\nLeaseGrace=0\n"
		 "[limits]\nFlowsPerClient=0\nNewFlowsPerSecond=0\nLeasesPerClient=0\n",
		 "[relay]\nInterfaces=eth0\nInterfaces=eth1\nInterfaces=eth2\nMode=xdp-generic\n" FWD_DEFAULTS
		 "CRL=/etc/detour/crl.pem\nDetourPorts=2000\nSourcePorts=3000-3001\n"
		 "Accept=any\nAllow=10.0.0.0/8:443\nAllow=2001:db8::/32\nDeny=192.0.2.1/32:80\n"
		 "MProxy=198.51.100.0/24\nMaxClients=1\nMaxLeases=2\nMaxFlows=3\n\n"
		 "[limits]\nFlowsPerClient=0\nNewFlowsPerSecond=0\nLeasesPerClient=0\n\n"
		 "[timeouts]\nEstablished=5m\nTransitory=30s\nLeaseGrace=0s\n"},
		{&agent, "",
		 "[agent]\nCA=/etc/detour/ca.crt\nCert=/etc/detour/agent.crt\n"
		 "Key=/etc/detour/agent.key\nSubflows=2\nExclude=\nCongestion=adapt\n"},
		{&agent,
		 "[uplink wan1]\n[uplink wan2]\nRole=backup\n"
		 "[relay fra]\nAddress=relay.example.net:45672 [2001:db8::1]:45672\n"
		 "[relay ams]\nAddress=192.0.2.1:45672\n"
		 "[agent]\nCA=/ca\nCert=/c\nKey=/k\nSubflows=0\nExclude=10.0.0.0/8,fe80::/10\n"
		 "Congestion=keep\n",
		 "[agent]\nCA=/ca\nCert=/c\nKey=/k\nSubflows=0\nExclude=10.0.0.0/8\n"
		 "Exclude=fe80::/10\nCongestion=keep\n\n"
		 "[relay fra]\nAddress=relay.example.net:45672\nAddress=[2001:db8::1]:45672\n\n"
		 "[relay ams]\nAddress=192.0.2.1:45672\n\n"
		 "[uplink wan1]\nRole=on\n\n[uplink wan2]\nRole=backup\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *once = cases[i].kind->read(cases[i].text, stderr);
		_cleanup_free_ char *twice = NULL;

		assert_non_null(once);
		assert_string_equal(once, cases[i].printed);
		twice = cases[i].kind->read(once, stderr);
		assert_non_null(twice);
		assert_string_equal(twice, once);
	}
}

static void fields(void **state)
{
	static const char text[] = "[relay]\nInterfaces=eth0 eth1\nMode=tc\nAccept=mptcp\n"
				   "Listen=192.0.2.1:443\nAllow=10.0.0.0/8:443\n";
	struct fwd_config *config;

	(void)state;
	assert_int_equal(fwd_config_parse(text, strlen(text), "f", stderr, &config), 0);
	assert_string_equal(config->interfaces[1], "eth1");
	assert_null(config->interfaces[2]);
	assert_int_equal(config->mode, FWD_MODE_TC);
	assert_int_equal(config->accept, DETOUR_ACCEPT_MPTCP);
	assert_int_equal(ntohs(config->listen.port_be), 443);
	assert_int_equal(config->allow_count, 1);
	assert_int_equal(config->allow[0].port, 443);
	assert_int_equal(config->allow[0].prefix.bits, 96 + 8);
	assert_null(config->crl);
	assert_int_equal(config->detour_ports.first, 10000);
	assert_int_equal(config->source_ports[1].last, 65535);
	assert_true(config->source_ports[2].first > config->source_ports[2].last);
	assert_int_equal(config->established_s, 7440);
	fwd_config_free(config);
	assert_int_equal(fwd_config_parse("", 0, "f", stderr, &config), 0);
	assert_null(config->interfaces[0]);
	fwd_config_free(config);
}

static void words(void **state)
{
	enum fwd_mode mode = FWD_MODE_TC;

	(void)state;
	assert_int_equal(fwd_mode_parse("xdp-generic", &mode), 0);
	assert_int_equal(mode, FWD_MODE_XDP_GENERIC);
	assert_int_equal(fwd_mode_parse("XDP", &mode), -EINVAL);
	assert_int_equal(mode, FWD_MODE_XDP_GENERIC);
	assert_string_equal(fwd_mode_word(FWD_MODE_AUTO), "auto");
	assert_string_equal(fwd_accept_word(DETOUR_ACCEPT_MPTCP), "mptcp");
	assert_string_equal(uplink_role_word(UPLINK_HANDOVER), "handover");
}

static void files(void **state)
{
	_cleanup_free_ char *said = NULL;
	struct fwd_config *config = NULL;
	size_t len;
	FILE *errors = open_memstream(&said, &len);

	(void)state;
	assert_int_equal(fwd_config_load("/nonexistent/fwd.conf", errors, &config), -ENOENT);
	assert_int_equal(fwd_config_load("/dev/zero", errors, &config), -EFBIG);
	assert_int_equal(fwd_config_load("/", errors, &config), -EISDIR);
	fclose(errors);
	assert_null(config);
	assert_string_equal(said,
			    "/nonexistent/fwd.conf: cannot be read: No such file or directory\n"
			    "/dev/zero: cannot be read: File too large\n"
			    "/: cannot be read: Is a directory\n");
	fwd_config_free(NULL);
	agent_config_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes), cmocka_unit_test(printed), cmocka_unit_test(fields),
		cmocka_unit_test(words),    cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
