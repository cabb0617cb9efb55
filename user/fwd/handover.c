// SPDX-License-Identifier: BSD-2-Clause
/* The asking side of a handover; the answering side is in relay_status.c. */
#include "user/fwd/handover.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "user/base/ipc.h"
#include "user/fwd/relay.h"

#define HANDOVER_WAIT_MS 5000
#define HANDOVER_POLL_MS 10

static int call(const char *path, const char *command)
{
	struct json_object *answer;
	int err = ipc_call(path, command, &answer);

	if (!err)
		json_object_put(answer);
	return err;
}

static bool nobody_there(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED;
}

int handover_ask(const struct cli_options *options, FILE *errors)
{
	const struct timespec pause = {.tv_nsec = HANDOVER_POLL_MS * 1000000L};
	char path[108];
	int err = relay_socket_path(options, path);

	if (err) {
		fprintf(errors, "--run-dir %s: the path is too long\n", options->run_dir);
		return err;
	}
	err = call(path, "handover");
	if (nobody_there(err))
		return 0;
	for (int waited = 0; !err && waited < HANDOVER_WAIT_MS; waited += HANDOVER_POLL_MS) {
		nanosleep(&pause, NULL);
		if (nobody_there(call(path, "ping")))
			return 0;
	}
	fprintf(errors, "the daemon at %s does not make room: %s\n", path,
		strerror(err ? -err : ETIMEDOUT));
	return err ? err : -ETIMEDOUT;
}
