#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh PART...: parts of the benchmark, one after the other. One that fails does not keep the others from running.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
failed=()
trap 'exit 130' INT TERM HUP # a part keeps what it has measured; the others need not begin

# What has been asked for, to be asked for again.
asked() {
	local name
	for name in QUICK CC TRIALS ROWS SIZES CONGESTION; do [ -z "${!name:-}" ] || printf ' %s="%s"' "$name" "${!name}"; done
}

[ $# -le 1 ] || [ -z "${ROWS:-}" ] || { echo "bench: ROWS= goes with one part, such as make bench-table1: each has rows of its own" >&2; exit 2; }
for part; do
	BENCH_COMMAND="make bench-$part$(asked)"
	export BENCH_COMMAND
	echo "== $part =="
	"$here/$part.sh" || failed+=("$part")
done
[ ${#failed[@]} = 0 ] || { echo "bench: failed or ended early: ${failed[*]}" >&2; exit 1; }
