// SPDX-License-Identifier: BSD-2-Clause
/* xfer: carries a file over one MPTCP connection and says what each subflow carried, and when. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "tests/lab/xfer/commands.h"
#include "user/base/cleanup.h"

static const struct {
	const char *name;
	int (*run)(const struct arguments *args, const struct endpoint *endpoint, const char *path);
} commands[] = {
	{"send", send_file},
	{"receive", receive_files},
	{"fetch", fetch_file},
	{"serve", serve_file},
};

static int usage(void)
{
	fputs("usage: xfer send SERVER:PORT FILE [--progress]\n"
	      "       xfer receive ADDR:PORT FILE [--once] [--series FILE [--interval SECONDS]]\n"
	      "       xfer fetch SERVER:PORT FILE --bytes N\n"
	      "       xfer serve ADDR:PORT FILE [--once]\n"
	      "each: [--congestion NAME] [--tcp] [--report FILE]\n",
	      stderr);
	return 2;
}

static int run(const struct arguments *args, char **words)
{
	struct endpoint endpoint;
	int err = endpoint_parse(words[1], &endpoint);

	if (err)
		return usage();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, words[0]))
			continue;
		err = commands[i].run(args, &endpoint, words[2]);
		if (err)
			fprintf(stderr, "xfer: %s %s: %s\n", words[0], words[1], strerror(-err));
		return err ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	return usage();
}

static bool take_option(struct arguments *args, int option)
{
	switch (option) {
	case 'c':
		args->congestion = optarg;
		return true;
	case 'r':
		args->report = optarg;
		return true;
	case 's':
		args->series = optarg;
		return true;
	case 'i':
		args->interval_s = strtod(optarg, NULL);
		return args->interval_s > 0;
	case 'b':
		args->bytes = strtoull(optarg, NULL, 10);
		return args->bytes > 0;
	case 'p':
		args->progress = true;
		return true;
	case 't':
		args->tcp = true;
		return true;
	case '1':
		args->once = true;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"congestion", required_argument, NULL, 'c'},
		{"report", required_argument, NULL, 'r'},
		{"series", required_argument, NULL, 's'},
		{"interval", required_argument, NULL, 'i'},
		{"bytes", required_argument, NULL, 'b'},
		{"progress", no_argument, NULL, 'p'},
		{"tcp", no_argument, NULL, 't'},
		{"once", no_argument, NULL, '1'},
		{NULL, 0, NULL, 0},
	};
	struct arguments args = {.interval_s = 0.1};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!take_option(&args, option))
			return usage();
	}
	return argc - optind == 3 ? run(&args, argv + optind) : usage();
}
