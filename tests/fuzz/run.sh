#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh SECONDS BINARY...: runs each fuzzer for so long, from the seeds in tests/fuzz/seeds/<name>/.
# What it finds on the way stays in a temporary corpus; an input that crashes it is kept in
# build/fuzz-crashes/. Prints a line of TAP a fuzzer; fails if one crashed, hung or leaked.
set -euo pipefail

seconds=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
kept=${BUILD:-build}/fuzz-crashes
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What libFuzzer's last lines say: number of runs, and of features seen.
summary() {
	awk '/^stat::number_of_executed_units:/ { runs = $2 }
	     /^stat::average_exec_per_sec:/ { rate = $2 }
	     / ft: / { for (i = 1; i < NF; i++) if ($i == "ft:") features = $(i + 1) }
	     END { printf "%d runs, %d/s, %d features", runs, rate, features }' "$1"
}

run_fuzzer() {
	local binary=$1 name log
	name=$(basename "$binary")
	log=$work/$name.log
	mkdir -p "$work/$name" "$here/seeds/$name"
	"$binary" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$kept/$name-" "$work/$name" "$here/seeds/$name" >"$log" 2>&1
}

mkdir -p "$kept"
number=0
failed=0
echo "1..$#"
for binary in "$@"; do
	number=$((number + 1))
	name=$(basename "$binary")
	if run_fuzzer "$binary"; then
		echo "ok $number - $name: $(summary "$work/$name.log")"
	else
		failed=1
		echo "not ok $number - $name: the input is in $kept/"
		tail -40 "$work/$name.log" | sed 's/^/# /'
	fi
done
exit "$failed"
