// SPDX-License-Identifier: BSD-2-Clause
/* Command table, shared options, --help. */
#include "user/base/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"

#ifndef DETOUR_VERSION
#define DETOUR_VERSION "unknown"
#endif

enum {
	OPT_INSTANCE = 256,
	OPT_BPFFS,
	OPT_RUN_DIR,
	OPT_MODE,
	OPT_JSON,
	OPT_WATCH,
	OPT_CHECK,
	OPT_LOG,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"instance", required_argument, NULL, OPT_INSTANCE},
	{"bpffs", required_argument, NULL, OPT_BPFFS},
	{"run-dir", required_argument, NULL, OPT_RUN_DIR},
	{"mode", required_argument, NULL, OPT_MODE},
	{"json", no_argument, NULL, OPT_JSON},
	{"watch", no_argument, NULL, OPT_WATCH},
	{"check", no_argument, NULL, OPT_CHECK},
	{"log", required_argument, NULL, OPT_LOG},
	{"verbose", no_argument, NULL, 'v'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

struct option_help {
	unsigned int needs; /* enum cli_option; 0: every program has it */
	const char *text;
};

static const struct option_help option_help[] = {
	{0, "-c, --config FILE    configuration file"},
	{0, "    --check          with a daemon's command: check the configuration, run nothing"},
	{0, "    --instance NAME  keeps two of the same program on one host apart"},
	{CLI_BPFFS, "    --bpffs DIR      where bpffs is mounted (/sys/fs/bpf)"},
	{0, "    --run-dir DIR    where the sockets are (/run/detour)"},
	{CLI_MODE, "    --mode MODE      hook of the data path: auto, xdp, xdp-generic, tc"},
	{0, "    --json           print JSON"},
	{CLI_WATCH, "    --watch          print again and again, as a live table"},
	{0, "    --log TARGET     auto, stderr, syslog, journal"},
	{0, "-v, --verbose        log more"},
	{0, "-q, --quiet          log warnings and errors only"},
	{0, "-h, --help           this text"},
	{0, "    --version        print the version"},
};

static void print_usage(const struct cli_program *program, FILE *out)
{
	fprintf(out, "%s: %s\n\nUsage: %s COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n",
		program->name, program->summary, program->name);
	for (size_t i = 0; i < program->command_count; i++) {
		const struct cli_command *command = &program->commands[i];
		char left[64];

		snprintf(left, sizeof(left), "%s %s", command->name, command->args);
		fprintf(out, "  %-19s  %s\n", left, command->help);
	}
	fprintf(out, "\nOptions:\n");
	for (size_t i = 0; i < ARRAY_SIZE(option_help); i++) {
		if (!option_help[i].needs || program->options & option_help[i].needs)
			fprintf(out, "  %s\n", option_help[i].text);
	}
	fprintf(out, "\nManual: man %s\n", program->name);
}

static const struct cli_command *find_command(const struct cli_program *program, const char *name)
{
	for (size_t i = 0; i < program->command_count; i++) {
		if (strcmp(program->commands[i].name, name) == 0)
			return &program->commands[i];
	}
	return NULL;
}

/* Names end up in paths: letters, digits, '-' and '_' only. */
static bool instance_name_valid(const char *name)
{
	size_t len = strspn(name,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return len > 0 && len <= 32 && name[len] == '\0';
}

struct cli_parse {
	const struct cli_program *program;
	struct cli_options options;
	enum log_target log_target;
	int log_level;
	bool help;
	bool version;
};

/* The bit of an option that only some programs have; 0: every program has it. */
static unsigned int option_needs(int opt)
{
	switch (opt) {
	case OPT_BPFFS:
		return CLI_BPFFS;
	case OPT_MODE:
		return CLI_MODE;
	case OPT_WATCH:
		return CLI_WATCH;
	default:
		return 0;
	}
}

/* False, with the reason printed, for an option that is wrong. */
static bool take_option(int opt, struct cli_parse *parse)
{
	if (option_needs(opt) & ~parse->program->options) {
		fprintf(stderr, "%s has no such option\n", parse->program->name);
		return false;
	}
	switch (opt) {
	case 'c':
		parse->options.config = optarg;
		return true;
	case OPT_INSTANCE:
		parse->options.instance = optarg;
		if (instance_name_valid(optarg))
			return true;
		fprintf(stderr, "--instance %s: 1 to 32 letters, digits, '-' or '_'\n", optarg);
		return false;
	case OPT_BPFFS:
		parse->options.bpffs = optarg;
		return true;
	case OPT_RUN_DIR:
		parse->options.run_dir = optarg;
		return true;
	case OPT_MODE:
		parse->options.mode = optarg;
		return true;
	case OPT_JSON:
		return parse->options.json = true;
	case OPT_WATCH:
		return parse->options.watch = true;
	case OPT_CHECK:
		return parse->options.check = true;
	case OPT_LOG:
		if (log_target_parse(optarg, &parse->log_target) == 0)
			return true;
		fprintf(stderr, "--log %s: auto, stderr, syslog or journal\n", optarg);
		return false;
	case 'v':
		parse->log_level = LOG_DEBUG;
		return true;
	case 'q':
		parse->log_level = LOG_WARNING;
		return true;
	case 'h':
		return parse->help = true;
	case OPT_VERSION:
		return parse->version = true;
	default: /* getopt has said what is wrong */
		return false;
	}
}

static int wrong_usage(const struct cli_program *program)
{
	fprintf(stderr, "Try '%s --help'.\n", program->name);
	return 2;
}

static bool argument_count_fits(const struct cli_command *command, int count)
{
	return count >= command->min_args && (command->max_args < 0 || count <= command->max_args);
}

int cli_run(const struct cli_program *program, int argc, char **argv)
{
	struct cli_parse parse = {
		.program = program,
		.options = {.instance = "default",
			    .bpffs = "/sys/fs/bpf",
			    .run_dir = "/run/detour"},
		.log_target = LOG_TO_AUTO,
		.log_level = LOG_INFO,
	};
	const struct cli_command *command;
	int opt;

	while ((opt = getopt_long(argc, argv, "c:vqh", long_options, NULL)) != -1) {
		if (!take_option(opt, &parse))
			return wrong_usage(program);
	}
	if (parse.help) {
		print_usage(program, stdout);
		return 0;
	}
	log_init(program->name, parse.log_target, parse.log_level);
	if (parse.version)
		return cli_version(&parse.options, 0, NULL);
	if (optind >= argc) {
		print_usage(program, stderr);
		return 2;
	}
	command = find_command(program, argv[optind]);
	if (!command) {
		fprintf(stderr, "%s: no command '%s'\n", program->name, argv[optind]);
		return wrong_usage(program);
	}
	argc -= optind + 1;
	argv += optind + 1;
	if (!argument_count_fits(command, argc)) {
		fprintf(stderr, "Usage: %s %s %s\n", program->name, command->name, command->args);
		return wrong_usage(program);
	}
	return command->run(&parse.options, argc, argv);
}

int cli_version(const struct cli_options *options, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!options->json) {
		printf("detour %s\n", DETOUR_VERSION);
		return 0;
	}
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "version", json_object_new_string(DETOUR_VERSION));
	printf("%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY));
	json_object_put(object);
	return 0;
}
