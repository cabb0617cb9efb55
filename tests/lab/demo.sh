#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The demo: the same file over MPTCP, once directly, once with a detour; ends with a table. Exit 0 only if
# the file arrived whole both times and, with the detour, both subflows carried a fair share.
set -euo pipefail

# shellcheck source=tests/lab/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

SIZE_MB=${DEMO_MB:-20}
SHARE_MIN=25 # percent of the bytes, for each subflow

BOLD="" PLAIN=""
[ ! -t 1 ] || BOLD=$'\033[1m' PLAIN=$'\033[0m'

say() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }

prepare() {
	"$LAB_ROOT/packaging/deps.sh" --check >/dev/null || "$LAB_ROOT/packaging/deps.sh"
	say "Building"
	make -C "$LAB_ROOT" -s -j"$(nproc)" all lab-tools
}

topology_show() {
	cat <<-'END'

		    client --20-- r1 --10-- r2 --20-- server
		                   \        /              Mbit/s; 5 ms one way a link
		                   10      10
		                     \    /
		                       r3 --20-- relay

	END
}

# send NAME: with a live line.
send() { transfer "$1" 4 client --progress || lab_die "the transfer failed"; }

sha() { sha256sum "$1" | cut -c1-12; }

row() {
	local equal=DIFFERENT
	! transfer_whole "$1" >/dev/null || equal=equal
	# shellcheck disable=SC2016 # jq's variables
	transfer_report "$1" '[$title, .mbit, .seconds, carried(true) / 1e6, share(true), carried(false) / 1e6,
		share(false), $sha, $equal] | @tsv' --arg title "$2" --arg sha "$(sha "$LAB_DIR/copy-$1")…" \
		--arg equal "$equal" | {
		IFS=$'\t' read -r -a cell
		printf '  %-17s %7.2f %7.1f   %6.2f MB %3.0f %%   %6.2f MB %3.0f %%   %s %s\n' "${cell[@]}"
	}
}

table() {
	say "What the server saw"
	printf '  %-17s %7s %7s   %15s   %15s   %s\n' "" Mbit/s s "direct subflow" "via the relay" sha256
	row direct "directly"
	row detour "with the detour"
	echo
}

verdict() {
	local failed=0 name
	for name in direct detour; do
		transfer_whole $name >/dev/null || { echo "FAILED: the file arrived damaged ($name)"; failed=1; }
	done
	transfer_shared detour "$SHARE_MIN" ||
		{ echo "FAILED: a subflow carried less than $SHARE_MIN % of the bytes"; failed=1; }
	[ $failed = 0 ] && echo "OK: whole both times, and both subflows carried at least $SHARE_MIN %."
}

main() {
	prepare
	lab_guard
	say "Making the lab: network, certificates, relay"
	lab_up --no-agent
	topology_show
	transfer_file "$SIZE_MB"
	say "$SIZE_MB MB of random bytes to the server, directly"
	send direct
	say "Starting the agent on the client"
	agents_up
	agent client relays
	say "The same file, with the detour"
	send detour
	table
	verdict
}

main
