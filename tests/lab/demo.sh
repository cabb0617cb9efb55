#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The demo: the same file over MPTCP, once directly, once with a detour; ends with a table. Exit 0 only if
# the file arrived whole both times and, with the detour, both subflows carried a fair share.
set -euo pipefail

# shellcheck source=tests/lab/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

SIZE_MB=${DEMO_MB:-20}
SHARE_MIN=25 # percent of the bytes, for each subflow
CONGESTION=cubic
PORT=5001

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

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

# transfer NAME: sends the file; the server's report of it goes to report-NAME, its copy to copy-NAME.
transfer() {
	local server
	server=$(lab_addr4 server):$PORT
	lab_spawn_in server "receive-$1" "$LAB_BUILD/xfer" receive "$server" "$LAB_DIR/copy-$1" --once \
		--report "$LAB_DIR/report-$1"
	lab_wait 5 lab_listens server "$PORT" || lab_die "the receiver does not listen"
	lab_exec client timeout 60 "$LAB_BUILD/xfer" send "$server" "$LAB_DIR/file" --progress \
		--congestion "$CONGESTION" --report "$LAB_DIR/sender-$1" || lab_die "the transfer failed"
	lab_wait 5 lab_dead "receive-$1" || lab_die "the receiver hangs"
}

# report NAME FILTER [ARGS...]: from the server's report; the subflow from the client's own address is
# the direct one, what comes from elsewhere came by the relay.
report() {
	local name=$1 filter=$2
	shift 2
	jq -r --arg client "$(lab_addr4 client):" "$@" \
		"def carried(s): [.subflows[] | select((.remote | startswith(\$client)) == s) | .received] | add // 0;
		 def share(s): (carried(s) * 100 / ([carried(true) + carried(false), 1] | max));
		 $filter" "$LAB_DIR/report-$name"
}

whole() { cmp -s "$LAB_DIR/file" "$LAB_DIR/copy-$1"; }
sha() { sha256sum "$1" | cut -c1-12; }

row() {
	local equal=DIFFERENT
	! whole "$1" || equal=equal
	# shellcheck disable=SC2016 # jq's variables
	report "$1" '[$title, .mbit, .seconds, carried(true) / 1e6, share(true), carried(false) / 1e6,
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
		whole $name || { echo "FAILED: the file arrived damaged ($name)"; failed=1; }
	done
	[ "$(report detour "share(true) >= $SHARE_MIN and share(false) >= $SHARE_MIN")" = true ] ||
		{ echo "FAILED: a subflow carried less than $SHARE_MIN % of the bytes"; failed=1; }
	[ $failed = 0 ] && echo "OK: whole both times, and both subflows carried at least $SHARE_MIN %."
}

main() {
	prepare
	lab_guard
	say "Making the lab: network, certificates, relay"
	lab_up --no-agent
	topology_show
	head -c "${SIZE_MB}000000" /dev/urandom >"$LAB_DIR/file"
	say "$SIZE_MB MB of random bytes to the server, directly"
	transfer direct
	say "Starting the agent on the client"
	agents_up
	agent client relays
	say "The same file, with the detour"
	transfer detour
	table
	verdict
}

main
