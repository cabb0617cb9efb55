# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Bulk transfers with iperf3 between the lab's client and its server, and what each path carries meanwhile.

IPERF_PORT=5201
IPERF_OMIT=1 # seconds at the beginning that do not count

# iperf SECONDS CONGESTION WORD... [-- iperf3's options]: client to server; IPERF_MBIT is then what the server saw. WORDs
# come before iperf3, such as `mptcpize run`. The server speaks MPTCP with those who do. On a lossy path iperf3's own
# connection may fail: so twice, before it is given up.
iperf() { iperf_once "$@" || iperf_once "$@"; }

iperf_once() {
	local seconds=$1 congestion=$2 node words=()
	shift 2
	for node in client server; do lab_ip $node tcp_metrics flush >/dev/null; done # what other connections learned
	while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
	[ $# = 0 ] || shift
	lab_kill iperf-server
	lab_spawn_in server iperf-server mptcpize run iperf3 --server --one-off --port $IPERF_PORT
	lab_wait 5 lab_listens server $IPERF_PORT || bench_die "iperf3's server does not listen"
	# In the foreground: ^C is to reach it, too.
	lab_exec client timeout --foreground $((seconds + 30)) "${words[@]}" iperf3 --time "$seconds" --omit $IPERF_OMIT --json \
		--congestion "$congestion" "$@" >"$LAB_DIR/iperf" 2>"$LAB_DIR/log/iperf-client" || {
		bench_say "iperf3: $(jq -r '.error // empty' "$LAB_DIR/iperf") $(tail -n 3 "$LAB_DIR/log/iperf-client")"
		return 1
	}
	# shellcheck disable=SC2034 # for the caller
	IPERF_MBIT=$(jq '.end.sum_received.bits_per_second / 1e6' "$LAB_DIR/iperf")
	lab_wait 5 lab_dead iperf-server || true
}

# shares_begin, shares_end: SHARES is then a file of lines "SECONDS direct|detour BYTES CWND RTT": what the client's subflows
# have had acknowledged so far, every half second.
shares_begin() {
	SHARES=$LAB_DIR/shares
	: >"$SHARES"
	lab_spawn_in client shares "$BENCH_HERE/lib/shares.sh" "$(lab_addr4 server)" "$(lab_addr4 relay)" $IPERF_PORT "$SHARES"
}

shares_end() { lab_kill shares; }

# share_percent WHICH: of all bytes.
share_percent() {
	awk -v which="$1" '$3 > most[$2] { most[$2] = $3 } END { all = most["direct"] + most["detour"]
		print all ? most[which] * 100 / all : 0 }' "$SHARES"
}

# share_mean WHICH FIELD: the mean of a column of its lines.
share_mean() { awk -v which="$1" -v field="$2" '$2 == which { sum += $field; n++ } END { print n ? sum / n : 0 }' "$SHARES"; }

# share_rates: lines "SECONDS WHICH MBIT", for curves.
share_rates() {
	awk '{ key = $2; if (key in at && $1 > at[key] && $3 >= bytes[key]) # less: a connection has ended
			 printf "%.2f %s %.3f\n", $1, key, ($3 - bytes[key]) * 8e-6 / ($1 - at[key])
		at[key] = $1; bytes[key] = $3 }' "$SHARES"
}
