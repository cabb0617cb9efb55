#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# All tests, in order of what they cost: unit, data path, fuzzers, end to end. The last line sums all of
# them up: "N passed, N failed, N skipped". A skipped test fails the run unless ALLOW_SKIP=1.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
passed=0 failed=0 skipped=0

heading() { printf '\n== %s ==\n' "$*"; }

add() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

prepare() {
	packaging/deps.sh --check --bench >/dev/null || packaging/deps.sh --bench || packaging/deps.sh || exit 1
	heading "build"
	make -s -j"$(nproc)" all lab-tools build-prog build-fuzz build-bench && make -s -j"$(nproc)" SAN=1 build-tests && return
	echo "the build failed"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

# cmocka_count WORD FILE: the number in cmocka's "[  PASSED  ] 12 test(s)." lines.
cmocka_count() { sed -nE "s/^\[ +$1 +\] ([0-9]+) test.*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'; }

# Each of cmocka's tests counts singly; a program that ends without its sums counts as one failure.
run_cmocka() {
	local program=$1 output status broken
	output=$(mktemp)
	timeout 600 "$program" >"$output" 2>&1
	status=$?
	broken=$(cmocka_count FAILED "$output")
	[ "$status" = 0 ] || [ "$broken" != 0 ] || broken=1
	if [ "$broken" = 0 ]; then
		grep -E '^\[ +(OK|SKIPPED) +\] [a-zA-Z]' "$output" | sort -u
	else
		cat "$output"
		echo "not ok - $program (exit status $status)"
	fi
	add "$(cmocka_count PASSED "$output")" "$broken" "$(cmocka_count SKIPPED "$output")"
	rm -f "$output"
}

# run_tap COMMAND...: a program that prints TAP; one that ends without its plan counts as one failure.
run_tap() {
	local output broken skips status
	output=$(mktemp)
	"$@" 2>&1 | tee "$output"
	status=$?
	broken=$(grep -c '^not ok' "$output")
	skips=$(grep -ci '^ok.*# skip' "$output")
	if [ "$broken" = 0 ] && { [ "$status" != 0 ] || ! grep -qE '^1\.\.[0-9]+' "$output"; }; then
		echo "not ok - $1: ended early (exit status $status)"
		broken=1
	fi
	add $(($(grep -c '^ok' "$output") - skips)) "$broken" "$skips"
	rm -f "$output"
}

# run_suite FOLDER BUILD: all test_*.c and test_*.sh there.
run_suite() {
	local source
	heading "$1"
	for source in "$1"/test_*.c; do
		[ -e "$source" ] || continue
		echo "# ${source##*/}"
		run_cmocka "$2/${source%.c}"
	done
	for source in "$1"/test_*.sh "$1"/test_*.py; do
		[ -e "$source" ] || continue
		echo "# ${source##*/}"
		run_tap "$source"
	done
}

run_fuzzers() {
	local source fuzzers=()
	heading "fuzzers, ${FUZZ_SECONDS:-20} s each"
	for source in tests/fuzz/fuzz_*.c; do
		fuzzers+=("$build/fuzzing/$(basename "$source" .c)")
	done
	run_tap tests/fuzz/run.sh "${FUZZ_SECONDS:-20}" "${fuzzers[@]}"
}

run_e2e() {
	local summary numbers
	heading "end to end"
	summary=$(mktemp)
	LAB_BUILD=$PWD/$build SUMMARY=$summary tests/e2e/run.sh
	read -r -a numbers < <(tr -dc '0-9 \n' <"$summary")
	if [ "${#numbers[@]}" = 3 ]; then add "${numbers[@]}"; else add 0 1 0; fi
	rm -f "$summary"
}

[ "$(id -u)" = 0 ] || { echo "make check needs root: it makes network namespaces and loads BPF programs"; exit 1; }
prepare
run_suite tests/unit "$build-san"
run_suite tests/prog "$build"
run_fuzzers
run_e2e

heading "benchmarks, in their smallest size"
LAB_BUILD=$PWD/$build run_tap tests/bench/test_parts.sh

heading "sum"
[ "$skipped" = 0 ] || [ "${ALLOW_SKIP:-0}" = 1 ] || echo "skipped tests fail the run; ALLOW_SKIP=1 lets them pass"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ] && { [ "$skipped" = 0 ] || [ "${ALLOW_SKIP:-0}" = 1 ]; }
