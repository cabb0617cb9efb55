#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# format.sh FILE...: fails if clang-format would change a file. Versions differ in what they make of
# the same settings, so only the one that the project uses can judge.
set -eu

wanted=14
clang_format=${CLANG_FORMAT:-clang-format}

major()
{
	"$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p'
}

if [ "$(major "$clang_format")" != "$wanted" ]; then
	clang_format=clang-format-$wanted
fi
if [ "$(major "$clang_format")" != "$wanted" ]; then
	echo "format-check: SKIPPED: it takes clang-format $wanted (Debian 12: apt install clang-format-14)"
	exit 0
fi
exec "$clang_format" --dry-run --Werror "$@"
