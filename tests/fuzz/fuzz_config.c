// SPDX-License-Identifier: BSD-2-Clause
/*
 * Both configuration files from any bytes: no crash, and what was accepted prints to a text that
 * is accepted again and prints the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/conf/agent_config.h"
#include "user/conf/fwd_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	char *bytes;
	size_t len;
};

/* False: refused, with a reason said; an acceptance says nothing. */
static bool read_fwd(const char *bytes, size_t len, struct text *ret_printed)
{
	_cleanup_free_ char *said = NULL;
	struct fwd_config *config;
	size_t said_len;
	FILE *errors = open_memstream(&said, &said_len), *out;
	int err = fwd_config_parse(bytes, len, "f", errors, &config);

	fclose(errors);
	if ((err == 0) != (said_len == 0))
		abort();
	if (err)
		return false;
	out = open_memstream(&ret_printed->bytes, &ret_printed->len);
	fwd_config_print(config, out);
	fclose(out);
	fwd_config_free(config);
	return true;
}

static bool read_agent(const char *bytes, size_t len, struct text *ret_printed)
{
	_cleanup_free_ char *said = NULL;
	struct agent_config *config;
	size_t said_len;
	FILE *errors = open_memstream(&said, &said_len), *out;
	int err = agent_config_parse(bytes, len, "f", errors, &config);

	fclose(errors);
	if ((err == 0) != (said_len == 0))
		abort();
	if (err)
		return false;
	out = open_memstream(&ret_printed->bytes, &ret_printed->len);
	agent_config_print(config, out);
	fclose(out);
	agent_config_free(config);
	return true;
}

static void check(bool (*read)(const char *, size_t, struct text *), const char *bytes, size_t len)
{
	struct text once = {NULL, 0}, twice = {NULL, 0};

	if (!read(bytes, len, &once))
		return;
	if (!read(once.bytes, once.len, &twice))
		abort();
	if (once.len != twice.len || memcmp(once.bytes, twice.bytes, once.len) != 0)
		abort();
	free(once.bytes);
	free(twice.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(read_fwd, (const char *)data, size);
	check(read_agent, (const char *)data, size);
	return 0;
}
