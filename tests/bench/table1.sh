#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The thesis's experiment: throughput from client to server with and without detours, the direct path being fine, lossy or long; beside
# the thesis's own figures, an OpenVPN tunnel and the physical limit. Then one with the rates and distances of a cloud.
#
#   CC=cubic|bbr   congestion control of all sockets, set by the program (iperf3)
#   ROWS="..."     patterns of rows, "core:loss=1%", "sym*", "cloud"; all without it
#   CONGESTION=    the agent's Congestion=: what its default, adapt, does by itself
set -euo pipefail

# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
# shellcheck source=tests/bench/lib/iperf.sh
. "$BENCH_HERE/lib/iperf.sh"
# shellcheck source=tests/bench/lib/openvpn.sh
. "$BENCH_HERE/lib/openvpn.sh"

CC=${CC:-cubic}
TRIALS=${TRIALS:-$(by_size 3 1 1)}
SECONDS_CLEAN=$(by_size 10 2 1) SECONDS_LOSSY=$(by_size 20 2 1)
ROWS=${ROWS:-$(by_size "*" "core core:loss=2% sym:loss=2% cloud" "core:loss=2% cloud")}
TITLE[0]="MPTCP alone" TITLE[1]="MPTCP + detour" TITLE[2]="MPTCP + OpenVPN" TITLE[3]="TCP" TITLE[4]="TCP by detour" TITLE[5]="TCP by OpenVPN"
COLUMNS_ALL="0 3 1 4 2 5" # in this order: TCP by the detour takes the lease that MPTCP got, and agents change seldom
COLUMNS_CLOUD="0 3 1"

# Bytes of a frame, and what of it is data beside timestamps and MPTCP's data sequence mapping.
PAYLOAD=1424 FRAME=1514

# ---- The network ---------------------------------------------------------------------------

network() {
	lab_up --no-agent
	relay_config relay Accept=any >"$LAB_DIR/relay.conf"
	lab_kill relay
	relay_start relay || bench_die "detour-fwd: $(tail "$LAB_DIR/log/relay")"
	HAS_OPENVPN=1
	bench_has openvpn openvpn "MPTCP + OpenVPN" || HAS_OPENVPN=0
	[ $HAS_OPENVPN = 1 ] || bench_missing "TCP by OpenVPN" "no openvpn here; Debian has it as openvpn"
	[ $HAS_OPENVPN = 0 ] || openvpn_up
}

links() { # LINK SETTING...
	lab_links set "$@" >/dev/null || bench_die "the links cannot be set: $*"
}

# topology NAME: rates of all links, 5 ms each.
topology() {
	local link edge=10mbit core=10mbit
	[ "$1" != core ] || edge=20mbit
	for link in access exit relay; do links $link rate=$edge delay=5ms loss=0 queue=100kB; done
	for link in direct near far; do links $link rate=$core delay=5ms loss=0 queue=100kB; done
}

# 62 ms there and back directly, 65 by the relay, 300 Mbit/s everywhere, so that the access link is what both share.
topology_cloud() {
	local link
	for link in access exit near; do links $link rate=300mbit delay=5ms loss=0 queue=1000kB; done
	links direct rate=300mbit delay=21ms loss=0 queue=1000kB
	links far rate=300mbit delay=4500us loss=0 queue=1000kB
	links relay rate=300mbit delay=6500us loss=0 queue=1000kB
}

# ---- The agents ----------------------------------------------------------------------------

agent_for() { # none|nat|vpn
	[ "${AGENT:-none}" != "$1" ] || return 0
	lab_kill client
	AGENT=$1
	[ "$1" != none ] || return 0
	agent_config client "${AGENT_LINES[@]}" >"$LAB_DIR/client.conf"
	if [ "$1" = vpn ]; then # a second uplink, and no relay
		sed -i '/^\[relay/,$d' "$LAB_DIR/client.conf"
		printf '[uplink %s]\nRole=on\n' to-r1 $OPENVPN_DEVICE >>"$LAB_DIR/client.conf"
	fi
	agent_start client || bench_die "detour-agent: $(tail "$LAB_DIR/log/client")"
	[ "$1" = vpn ] || lab_wait 10 agent_connected client || bench_die "no channel: $(tail "$LAB_DIR/log/client")"
}
AGENT_LINES=()
[ -z "${CONGESTION:-}" ] || AGENT_LINES+=("Congestion=$CONGESTION")

# ---- Measuring -----------------------------------------------------------------------------

measure() { # COLUMN SECONDS
	case "$1" in
	0) agent_for none; iperf "$2" "$CC" mptcpize run -- --client "$(lab_addr4 server)" ;;
	1) agent_for nat; iperf "$2" "$CC" mptcpize run -- --client "$(lab_addr4 server)" ;;
	2) agent_for vpn; iperf "$2" "$CC" mptcpize run -- --client "$(lab_addr4 server)" ;;
	3) agent_for none; iperf "$2" "$CC" -- --client "$(lab_addr4 server)" ;;
	4) agent_for nat; iperf "$2" "$CC" -- --client "$(lab_addr4 relay)" --port "$(detour_port)" ;;
	5) agent_for vpn; iperf "$2" "$CC" -- --client "$(lab_addr4 server)" --bind $OPENVPN_CLIENT ;;
	esac
}

# The port that leads to the server.
detour_port() {
	# shellcheck disable=SC2016 # jq's variables
	fwd relay leases --json | jq -r --arg to "$(lab_addr4 server):$IPERF_PORT" --arg from "$(lab_addr4 relay):" \
		'[.[] | select(.server == $to) | .detour | select(startswith($from))][0] | sub(".*:"; "")'
}

wanted() { # COLUMN
	[ $HAS_OPENVPN = 1 ] || [[ $1 != [25] ]]
}

# limit TOPOLOGY LOSS: of MPTCP with a detour, Mbit/s: both paths' rates after loss, or the access link's.
limit() {
	awk -v topology="$1" -v loss="$2" -v share=$PAYLOAD/$FRAME 'BEGIN {
		split(share, part, "/"); share = part[1] / part[2]; both = (10 * (1 - loss / 100) + 10) * share
		edge = (topology == "core" ? 20 : topology == "cloud" ? 300 : 10) * share
		if (topology == "cloud" || edge < both) print edge; else print both }'
}

# row TABLE ROW SECONDS COLUMNS: all columns in turns. What the subflows did in the first trial is kept.
row() {
	local table=$1 row=$2 seconds=$3 columns=$4 trial column
	for ((trial = 1; trial <= TRIALS; trial++)); do
		for column in $columns; do
			wanted "$column" || continue
			bench_step "$row: ${TITLE[column]}, trial $trial of $TRIALS"
			[ "$column$trial" != 11 ] || shares_begin
			if measure "$column" "$seconds"; then
				bench_value "$table" "$row" "${TITLE[column]}" "$trial" "$IPERF_MBIT" Mbit/s
			else
				bench_note "$row, ${TITLE[column]}, trial $trial: iperf3 failed twice"
			fi
			if [ "$column$trial" = 11 ]; then
				shares_end
				share_values "$row"
			fi
		done
	done
}

share_values() { # ROW
	local which time mbit
	for which in direct detour; do
		bench_value share "$1" "$which: share %" 1 "$(share_percent $which)" ""
		bench_value share "$1" "$which: window" 1 "$(share_mean $which 4)" packets
		bench_value share "$1" "$which: RTT ms" 1 "$(share_mean $which 5)" ms
	done
	while read -r time which mbit; do bench_point curves "$1" "$which" "$time" "$mbit"; done < <(share_rates)
}

# ---- Rows ----------------------------------------------------------------------------------

is_wanted() { # ROW
	local pattern
	set -f
	for pattern in $ROWS; do
		# shellcheck disable=SC2053 # a pattern
		[[ $1 != $pattern ]] || { set +f; return 0; }
	done
	set +f
	return 1
}

thesis_rows() { grep -E '^(core|sym),' "$BENCH_HERE/thesis-table1.csv"; }

thesis_row() { # LINE
	local topology link thesis seconds=$SECONDS_CLEAN name column loss=0
	IFS=, read -r topology link thesis <<<"$1"
	name=$topology${link:+:$link}
	is_wanted "$name" || return 0
	topology "$topology"
	[ -z "$link" ] || links direct "$link"
	[[ $link != loss* ]] || { seconds=$SECONDS_LOSSY loss=${link//[^0-9.]/}; }
	row "$topology" "$name" "$seconds" "$COLUMNS_ALL"
	IFS=, read -r -a thesis <<<"$thesis"
	bench_value "$topology" "$name" "thesis: MPTCP + NAT" 1 "${thesis[1]}" Mbit/s
	bench_value "$topology" "$name" limit 1 "$(limit "$topology" "$loss")" Mbit/s
	for column in 0 1 2 3 4 5; do
		bench_value thesis "$name" "${TITLE[column]}" 1 "${thesis[column]}" Mbit/s
	done
}

cloud_row() {
	is_wanted cloud || return 0
	topology_cloud
	row cloud cloud "$SECONDS_LOSSY" "$COLUMNS_CLOUD"
	bench_value cloud cloud limit 1 "$(limit cloud 0)" Mbit/s
}

count_steps() {
	local line topology link steps=0
	while IFS=, read -r topology link line; do
		! is_wanted "$topology${link:+:$link}" || steps=$((steps + TRIALS * 6))
	done < <(thesis_rows)
	! is_wanted cloud || steps=$((steps + TRIALS * 3))
	echo $steps
}

main() {
	local line table steps
	modprobe -q "tcp_$CC" 2>/dev/null || true
	grep -qw "$CC" /proc/sys/net/ipv4/tcp_available_congestion_control || bench_die "CC=$CC: this kernel does not have it"
	steps=$(count_steps)
	[ "$steps" -gt 0 ] || bench_die "ROWS=\"$ROWS\" fits no row"
	bench_begin "table1-$CC${CONGESTION:+-$CONGESTION}" "The thesis's Table 1, with $CC"
	bench_table core boxes Mbit/s limit "Two paths of 10 Mbit/s, access links of 20 (core)"
	bench_table sym boxes Mbit/s limit "All links 10 Mbit/s (sym)"
	bench_table cloud boxes Mbit/s TCP "All links 300 Mbit/s, 62 ms directly, 65 by the relay"
	bench_table thesis none Mbit/s "" "What the thesis measured, in 2017 with coupled congestion control (lia)"
	bench_table share none "" "" "What MPTCP + detour's two subflows did, first trial"
	bench_table curves none Mbit/s "" "What each subflow carried, first trial"
	for table in core sym; do bench_columns $table "${TITLE[@]}" "thesis: MPTCP + NAT" limit; done
	bench_columns cloud "${TITLE[0]}" "${TITLE[1]}" "${TITLE[3]}" limit
	bench_columns thesis "${TITLE[@]}"
	network
	bench_plan "$steps"
	while read -r line <&3; do thesis_row "$line"; done 3< <(thesis_rows)
	cloud_row
	bench_end
}

main
