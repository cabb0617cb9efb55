// SPDX-License-Identifier: BSD-2-Clause
/* Commands and options, tables, log lines, and the local socket of a daemon. */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "user/base/cleanup.h"
#include "user/base/cli.h"
#include "user/base/ipc.h"
#include "user/base/log.h"
#include "user/base/table.h"

static int run_echo(const struct cli_options *options, int argc, char **argv)
{
	(void)argv;
	if (strcmp(options->instance, "default") != 0)
		return 40;
	return (options->json ? 20 : 10) + argc;
}

static void cli_table(void **state)
{
	static const struct cli_command commands[] = {
		{"echo", run_echo, "[WORD...]", "counts its arguments", 0, 2},
	};
	static const struct cli_program program = {"prog", "a test", commands, ARRAY_SIZE(commands),
						   CLI_WATCH};
	static const struct {
		const char *argv[6];
		int status;
	} cases[] = {
		{{"prog", "echo"}, 10},
		{{"prog", "echo", "a", "b"}, 12},
		{{"prog", "echo", "a", "b", "c"}, 2},
		{{"prog", "echo", "--json", "a"}, 21},
		{{"prog", "--json", "echo", "a"}, 21},
		{{"prog", "echo", "--instance", "blue"}, 40},
		{{"prog", "echo", "--instance", "../x"}, 2},
		{{"prog", "echo", "--instance", ""}, 2},
		{{"prog", "echo", "--log", "nowhere"}, 2},
		{{"prog", "echo", "--nonsense"}, 2},
		{{"prog", "echo", "--watch"}, 10},
		{{"prog", "echo", "--mode", "xdp"}, 2},
		{{"prog", "sing"}, 2},
		{{"prog"}, 2},
		{{"prog", "--help"}, 0},
		{{"prog", "--version"}, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *argv[ARRAY_SIZE(cases[i].argv) + 1] = {NULL};
		int argc = 0, status;

		for (; argc < (int)ARRAY_SIZE(cases[i].argv) && cases[i].argv[argc]; argc++)
			argv[argc] = (char *)cases[i].argv[argc];
		optind = 0; /* getopt starts anew */
		status = cli_run(&program, argc, argv);
		if (status != cases[i].status)
			fail_msg("case %zu: status %d, expected %d", i, status, cases[i].status);
	}
}

static void table_text(void **state)
{
	static const struct table_column columns[] = {
		{"name", "NAME", TABLE_TEXT},	 {"bytes", "BYTES", TABLE_BYTES},
		{"rate", "RATE", TABLE_BITRATE}, {"age", "AGE", TABLE_SECONDS},
		{"rtt", "RTT", TABLE_MILLI},	 {"n", "N", TABLE_NUMBER},
	};
	static const char expected[] = "NAME  BYTES  RATE     AGE   RTT  N\n"
				       "a      1.5k  9.4M   2h04m  12.3  7\n"
				       "long      0     -  49d17h     -  -\n";
	struct json_object *rows = json_tokener_parse(
		"[{\"name\":\"a\",\"bytes\":1536,\"rate\":9400000,\"age\":7440,\"rtt\":12300,\"n\":7},"
		"{\"name\":\"long\",\"bytes\":0,\"rate\":null,\"age\":4294967}]");
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	table_print(out, columns, ARRAY_SIZE(columns), rows);
	fclose(out);
	assert_string_equal(text, expected);
	json_object_put(rows);
}

/* What a function writes to stderr. */
static char *stderr_of(void (*function)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char *text = calloc(1, 4096);

	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	function();
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	text[fread(text, 1, 4095, file)] = '\0';
	fclose(file);
	return text;
}

static void log_some(void)
{
	static const struct log_field fields[] = {{"IDENTITY", "alice"}, {"PORT", "10001"}};

	log_init("prog", LOG_TO_STDERR, LOG_INFO);
	log_debug("not shown");
	log_warning("%d shown", 1);
	log_fields(LOG_INFO, "flow start", fields, ARRAY_SIZE(fields));
	log_fields(LOG_DEBUG, "not shown", fields, ARRAY_SIZE(fields));
}

static void log_overlong(void)
{
	char value[3000];
	struct log_field fields[] = {{"A", "1"}, {"LONG", value}, {"B", "2"}};

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	log_fields(LOG_INFO, "line", fields, ARRAY_SIZE(fields));
}

static void log_lines(void **state)
{
	_cleanup_free_ char *text = stderr_of(log_some);
	_cleanup_free_ char *overlong = stderr_of(log_overlong);

	(void)state;
	assert_string_equal(text, "prog: warning: 1 shown\n"
				  "prog: info: flow start identity=alice port=10001\n");
	assert_string_equal(overlong, "prog: info: line a=1 b=2\n");
}

static struct json_object *answer(void *owner, const char *command)
{
	struct json_object *object;

	if (strcmp(command, "stop") == 0)
		uv_stop(owner);
	else if (strcmp(command, "hello") != 0)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "command", json_object_new_string(command));
	return object;
}

static void *run_loop(void *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	return NULL;
}

static void ipc_calls(const char *path)
{
	struct json_object *object;

	assert_int_equal(ipc_call(path, "hello", &object), 0);
	assert_string_equal(json_object_get_string(json_object_object_get(object, "command")),
			    "hello");
	json_object_put(object);
	assert_int_equal(ipc_call(path, "unknown", &object), -EPROTO);
	assert_int_equal(
		ipc_call(path, "a command that is much longer than any command has a right to be",
			 &object),
		-ENAMETOOLONG);
	if (ipc_call(path, "stop", &object) == 0)
		json_object_put(object);
}

static void ipc_round_trip(void **state)
{
	char dir[] = "/tmp/detour-ipc-XXXXXX", path[108], other[108];
	struct ipc_server *server, *second;
	struct json_object *object;
	pthread_t thread;
	uv_loop_t loop;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(ipc_socket_path(dir, "fwd", "default", path), 0);
	assert_string_equal(path + strlen(dir), "/fwd.sock");
	assert_int_equal(ipc_socket_path(dir, "fwd", "blue", other), 0);
	assert_string_equal(other + strlen(dir), "/fwd-blue.sock");
	assert_int_equal(ipc_call(path, "hello", &object), -ENOENT);
	uv_loop_init(&loop);
	assert_int_equal(ipc_server_new(&loop, path, answer, &loop, &server), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ipc_server_new(&loop, path, answer, &loop, &second), -EADDRINUSE);
	pthread_create(&thread, NULL, run_loop, &loop);
	ipc_calls(path);
	pthread_join(thread, NULL);
	ipc_server_free(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(stat(path, &st), -1);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cli_table),
		cmocka_unit_test(table_text),
		cmocka_unit_test(log_lines),
		cmocka_unit_test(ipc_round_trip),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
