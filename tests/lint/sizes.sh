#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# sizes.sh FILE...: fails if a C file or a function in it is longer than STYLE allows. In kernel
# style a function's body stands between a '{' and a '}' that are alone in column 1. A file of tests
# may be longer by its tables.
set -eu

max_file=${MAX_FILE:-400}
max_test_file=${MAX_TEST_FILE:-500}
max_function=${MAX_FUNCTION:-70}

exec awk -v max_code="$max_file" -v max_test="$max_test_file" -v max_function="$max_function" '
function complain(line, what)
{
	printf "%s:%d: %s\n", file, line, what
	wrong = 1
}

function end_file()
{
	max_file = file ~ /^tests\// ? max_test : max_code
	if (file != "" && lines > max_file)
		complain(lines, "the file has " lines " lines; allowed: " max_file)
}

FNR == 1 { end_file(); file = FILENAME; start = 0 }
{ lines = FNR }
/^\{$/ { start = FNR }
/^\}/ && start {
	if (FNR - start - 1 > max_function)
		complain(start, "the function has " FNR - start - 1 " lines; allowed: " max_function)
	start = 0
}
END { end_file(); exit wrong }
' "$@"
