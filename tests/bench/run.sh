#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh PART...: parts of the benchmark, one after the other. One that fails does not keep the others from running.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
failed=()
for part; do
	export BENCH_COMMAND="make bench-$part${QUICK:+ QUICK=$QUICK}${CC:+ CC=$CC}${TRIALS:+ TRIALS=$TRIALS}${ROWS:+ ROWS=\"$ROWS\"}${SIZES:+ SIZES=\"$SIZES\"}"
	echo "== $part =="
	"$here/$part.sh" || failed+=("$part")
done
[ ${#failed[@]} = 0 ] || { echo "bench: failed or ended early: ${failed[*]}" >&2; exit 1; }
