#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The demo's path: a file over the direct path and a detour at once, by both hooks, both families, one and
# two arms. Whole, and both paths carry their share.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# The relay works by the hook that was asked for, and dropped nothing.
hook_is() { fwd relay status --json | jq -e --arg hook "$1" '[.interfaces[].mode] | length > 0 and all(. == $hook)'; }

run_in() { # MODE OPTION...
	local mode=$1 family name
	shift
	lab --mode "$mode" "$@"
	check "$mode $*: hook" hook_is "$mode"
	transfer_file 8
	for family in 4 6; do
		name="$mode $* v$family"
		check "$name: transfer" transfer "v$family" "$family"
		check "$name: whole" transfer_whole "v$family"
		check "$name: both paths carry" transfer_shared "v$family"
	done
	check "$mode $*: no drops" [ "$(drops relay)" = "[]" ]
}

run_in xdp
run_in tc
run_in xdp --two-armed
run_in tc --two-armed
finish
