/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's commands as a table, and the options that all of them share. main() is then one
 * call of cli_run().
 */
#ifndef DETOUR_BASE_CLI_H
#define DETOUR_BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>

/* Options that every command understands; what a command does not use it ignores. */
struct cli_options {
	const char *config;   /* --config F; NULL: the program's default, if it is there */
	const char *instance; /* --instance NAME; "default" */
	const char *bpffs;    /* --bpffs DIR; "/sys/fs/bpf" */
	const char *run_dir;  /* --run-dir DIR; "/run/detour" */
	const char *mode;     /* --mode WORD; NULL: as configured */
	bool json;	      /* --json */
	bool watch;	      /* --watch */
	bool check;	      /* --check */
};

struct cli_command {
	const char *name;
	/* Gets what follows the command's name, options taken out; returns the exit status. */
	int (*run)(const struct cli_options *options, int argc, char **argv);
	const char *args; /* for the usage line: "IFACE..." or "" */
	const char *help; /* one line */
	int min_args;
	int max_args; /* -1: any number */
};

/* Options that not every program has. */
enum cli_option {
	CLI_BPFFS = 1 << 0,
	CLI_MODE = 1 << 1,
	CLI_WATCH = 1 << 2,
};

struct cli_program {
	const char *name;
	const char *summary; /* one line */
	const struct cli_command *commands;
	size_t command_count;
	unsigned int options; /* enum cli_option: those it has */
};

/* Runs the command that argv names. Exit status: the command's, or 2 for wrong usage. */
int cli_run(const struct cli_program *program, int argc, char **argv);

/* The `version` command of every program: the program's and the libraries' versions. */
int cli_version(const struct cli_options *options, int argc, char **argv);

#endif /* DETOUR_BASE_CLI_H */
