#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The demo's path: a file over the direct path and a detour at once, by both hooks, both families, one and
# two arms. Whole, and both paths carry their share.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# The relay works by the hook that was asked for, and dropped nothing.
hook_is() { fwd relay status --json | jq -e --arg hook "$1" '[.interfaces[].mode] | length > 0 and all(. == $hook)'; }

# The server is any MPTCP host: the kernel's own path manager, its limits as they are from the start, no endpoints.
server_is_stock() {
	local found
	found="$(lab_exec server sysctl -n net.mptcp.pm_type) $(lab_ip server mptcp limits show) $(lab_ip server mptcp endpoint show)"
	echo "$found"
	[ "$(xargs <<<"$found")" = "0 add_addr_accepted 0 subflows 2" ]
}

run_in() { # MODE OPTION...
	local mode=$1 family name
	shift
	lab --mode "$mode" "$@"
	check "$mode $*: hook" hook_is "$mode"
	check "$mode $*: the server has the kernel's path manager and its default limits" server_is_stock
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
