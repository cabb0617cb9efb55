#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs the end-to-end tests and sums up: run.sh [TEST...]; a TEST is a file's name between test_ and .sh.
# The summary is one line, "N passed, N failed, N skipped", also written to the file SUMMARY.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${LAB_BUILD:-$(cd "$here/../.." && pwd)/build}
limit=${E2E_LIMIT:-240} # seconds for one file
passed=0 failed=0 skipped=0

# run_one FILE: its TAP goes through to stdout, each case with the file's name.
run_one() {
	local name=${1##*/test_} output status begin=$SECONDS
	name=${name%.sh}
	output=$(mktemp)
	rm -rf "$build/e2e/$name"
	E2E_KEEP=$build/e2e/$name LAB_BUILD=$build timeout --kill-after=30 "$limit" "$1" >"$output" 2>&1 </dev/null
	status=$?
	sed -E "s/^((not )?ok [0-9]+ - )/\1$name: /" "$output"
	count "$output" "$status" "$name"
	echo "# $name: $((SECONDS - begin)) s"
	rm -f "$output"
}

count() {
	skipped=$((skipped + $(grep -cE '^ok .*# SKIP' "$1")))
	passed=$((passed + $(grep -E '^ok ' "$1" | grep -vc '# SKIP')))
	failed=$((failed + $(grep -cE '^not ok ' "$1")))
	grep -qE '^1\.\.[0-9]+$' "$1" && return
	failed=$((failed + 1))
	echo "not ok - $3: ended early (exit status $2)"
	[ ! -e "$build/e2e/$3/output" ] || sed 's/^/# /' "$build/e2e/$3/output"
}

tests=("$@")
[ $# -gt 0 ] || mapfile -t tests < <(cd "$here" && ls test_*.sh)
trap 'exit 130' INT TERM
for test in "${tests[@]}"; do
	test=${test#test_}
	run_one "$here/test_${test%.sh}.sh"
done
summary="$passed passed, $failed failed, $skipped skipped"
echo "$summary"
[ -z "${SUMMARY:-}" ] || echo "$summary" >"$SUMMARY"
[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
