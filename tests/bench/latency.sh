#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What a detour costs in time, and what it gives to transfers of all sizes.
#
# 1. From the client's ESTABLISHED to the first byte on the detour, in round trips to the relay (measured by ping).
#    A capture at the client's interface has both moments, by the kernel's stamps (lib/first_byte.py). The relay is
#    1, 20 or 100 ms away and beside the server, so that the detour's own handshake, which no one can shorten, takes two
#    of its round trips: SYN and SYN/ACK, then the ACK that MP_JOIN has on top. "fresh": the first connection to that
#    server, whose lease is asked for; "cached": the second one.
# 2. Time to the first byte and to the last of transfers with and without detours. "Without" is a second address
#    of the same server, which the agent is told to exclude: everything else is equal, and trials can take turns.
#
# QUICK=1, SMOKE=1, TRIALS=, CC= (congestion control, cubic without), SIZES= (of transfers, in kB).
set -euo pipefail

# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"

TRIALS=${TRIALS:-$(by_size 9 3 1)}
CC=${CC:-cubic}
PORT=6001 # the next server's
RTTS=$(by_size "1 20 100" "1 20 100" 20)
SIZES=${SIZES:-$(by_size "10 100 1000 10000" "10 100 1000" "10 100")} # kB
LONG=10000 # kB; from here on a third of the trials do
EXCLUDED="" # the server's address without detours

# ---- Both parts ----------------------------------------------------------------------------

# Each lab is new, and no connection profits from what the kernel has kept of one before.
fresh_lab() { # OPTION...
	local server
	lab_down
	LAB_SETTINGS=()
	lab_up --no-agent "$@" >"$BENCH_WORK/lab" 2>&1 || bench_die "no lab: $(cat "$BENCH_WORK/lab")"
	lab_exec client sysctl -qw net.ipv4.tcp_no_metrics_save=1
	lab_exec server sysctl -qw net.ipv4.tcp_no_metrics_save=1
	EXCLUDED=10.77.2.99
	lab_ip server addr add "$EXCLUDED/24" dev to-r2
	agent_config client "Exclude=$EXCLUDED/32" >"$LAB_DIR/client.conf"
	agents_up
	# The first packet of all waits for every hop's ARP.
	for server in "$(lab_addr4 server)" "$EXCLUDED"; do
		lab_exec client ping -qnc 2 -i 0.2 "$server" >/dev/null || bench_die "no way to $server"
	done
	transfer_file 20
}

# serve up|down: a server on a port of its own, so that no lease for it is there yet. SERVER is its process.
serve() {
	PORT=$((PORT + 1)) SERVER=server-$PORT
	if [ "$1" = up ]; then
		lab_spawn_in server "$SERVER" "$LAB_BUILD/xfer" receive "0.0.0.0:$PORT" "$LAB_DIR/copy" --report /dev/null
	else
		lab_spawn_in server "$SERVER" "$LAB_BUILD/xfer" serve "0.0.0.0:$PORT" "$LAB_DIR/file" --congestion "$CC"
	fi
	lab_wait 5 lab_listens server "$PORT" || bench_die "the server does not listen"
}

# carry up|down ADDRESS KB OPTION...: one transfer; what the client saw of it is in the file `seen`.
carry() {
	local command=(send "$2:$PORT" "$LAB_DIR/file-$3")
	[ "$1" = up ] || command=(fetch "$2:$PORT" "$LAB_DIR/copy" --bytes "${3}000")
	[ "$1" = down ] || [ -e "$LAB_DIR/file-$3" ] || head -c "${3}000" "$LAB_DIR/file" >"$LAB_DIR/file-$3"
	lab_exec client timeout 60 "$LAB_BUILD/xfer" "${command[@]}" --congestion "$CC" --report "$LAB_DIR/seen" "${@:4}" ||
		bench_die "a transfer failed: $1 $3 kB"
	cmp -s -n "${3}000" "$LAB_DIR/file" "$LAB_DIR/copy" || bench_die "a transfer was damaged: $1 $3 kB"
}

seen() { jq ".$1" "$LAB_DIR/seen"; }

# ---- 1: the detour's first byte ------------------------------------------------------------

# Only the way to the relay takes time, and no other link makes a queue.
relay_lab() { # RTT_MS
	local half
	half=$(($1 * 500))us
	fresh_lab --set access:rate=1gbit,delay=0 --set relay:rate=1gbit,delay=0 --set far:delay=0 \
		--set exit:rate=1gbit,delay=0 --set "near:delay=$half" --set "direct:delay=$half"
}

# relay_rtt: in ms, the median of some pings.
relay_rtt() {
	lab_exec client ping -n -c 15 -i 0.05 "$(lab_addr4 relay)" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
		awk '{ ms[NR] = $1 } END { print ms[int((NR + 1) / 2)] }'
}

capture_start() {
	lab_spawn_in client capture tcpdump -i to-r1 -w "$LAB_DIR/pcap" -s 128 -U --immediate-mode \
		--time-stamp-precision=nano -Z root tcp
	lab_wait 5 grep -q "listening on" "$LAB_DIR/log/capture" || bench_die "tcpdump: $(cat "$LAB_DIR/log/capture")"
}

# measure_rtt RTT_MS: all trials at that distance; each leaves a line about what the capture will show.
measure_rtt() {
	local trial kind way unit moment
	bench_step "the detour's first byte, relay at $1 ms"
	relay_lab "$1"
	unit=$(relay_rtt)
	capture_start
	: >"$LAB_DIR/trials"
	for ((trial = 1; trial <= TRIALS; trial++)); do
		for way in up down; do
			serve $way
			for kind in fresh cached; do
				carry $way "$(lab_addr4 server)" 1500
				echo "$PORT $trial $way $kind" >>"$LAB_DIR/trials"
			done
			lab_kill "$SERVER"
		done
	done
	lab_kill capture INT
	/usr/bin/python3 "$BENCH_HERE/lib/first_byte.py" "$LAB_DIR/pcap" "$(lab_addr4 client)" >"$LAB_DIR/moments"
	[ "$(wc -l <"$LAB_DIR/moments")" = "$(wc -l <"$LAB_DIR/trials")" ] || bench_die "the capture lacks connections"
	# Sorted by kind, for the order of the columns.
	while read -r -a moment; do
		first_byte "$1" "$unit" "${moment[@]}"
	done < <(paste -d" " "$LAB_DIR/trials" "$LAB_DIR/moments" | sort -s -k4,4)
}

# first_byte RTT_MS UNIT_MS PORT TRIAL WAY KIND PORT TO_SYN HANDSHAKE TO_DATA
first_byte() {
	local row="$1 ms $5" trial=$4 kind=$6
	[ "$3" = "$7" ] || bench_die "trials and capture do not fit"
	[ "$8" != - ] || bench_die "$row, $kind: the detour carried nothing"
	# The handshake without agent and lease: of each trial the one beside "cached".
	if [ "$kind" = cached ]; then
		bench_value first "$row" "own handshake" "$trial" "$(rtts "$9" "$2")" RTT
		bench_value first-ms "$row" "relay RTT" "$trial" "$2" ms
		bench_value first-ms "$row" "own handshake" "$trial" "$9" ms
	fi
	bench_value first "$row" "$kind lease" "$trial" "$(rtts "${10}" "$2")" RTT
	bench_value first-ms "$row" "$kind: SYN leaves" "$trial" "$8" ms
	bench_value first-ms "$row" "$kind: first byte" "$trial" "${10}" ms
}

rtts() { awk -v ms="$1" -v unit="$2" 'BEGIN { printf "%.4f", ms / unit }'; }

# ---- 2: transfers --------------------------------------------------------------------------

# transfer_trial WAY KB RELAY TRIAL: the four one after the other.
transfer_trial() {
	local way=$1 kb=$2 row="$2 kB ($3 relay)" trial=$4 base
	serve "$way"
	carry "$way" "$EXCLUDED" "$kb" --tcp
	transfer_values "$row" TCP
	carry "$way" "$EXCLUDED" "$kb"
	transfer_values "$row" "no detour"
	base=$(seen end_ms)
	carry "$way" "$(lab_addr4 server)" "$kb"
	transfer_values "$row" "fresh lease"
	transfer_ratio "fresh lease ($3 relay)"
	carry "$way" "$(lab_addr4 server)" "$kb"
	transfer_values "$row" "cached lease"
	transfer_ratio "cached lease ($3 relay)"
	lab_kill "$SERVER"
}

transfer_values() { # ROW COLUMN
	bench_value "$way" "$1" "$2" "$trial" "$(seen end_ms)" ms
	[ "$way" = up ] || bench_value ttfb "$1" "$2" "$trial" "$(seen first_ms)" ms
}

transfer_ratio() { # COLUMN
	bench_value ratio "$kb kB $way" "$1" "$trial" "$(rtts "$(seen end_ms)" "$base")" ""
}

# measure_transfers RELAY OPTION...
measure_transfers() {
	local relay=$1 way kb trial trials
	shift
	fresh_lab "$@"
	for way in down up; do
		for kb in $SIZES; do
			bench_step "$kb kB $way, $relay relay"
			trials=$TRIALS
			[ "$kb" -lt "$LONG" ] || trials=$(((TRIALS + 2) / 3))
			for ((trial = 1; trial <= trials; trial++)); do transfer_trial "$way" "$kb" "$relay" "$trial"; done
		done
	done
}

main() {
	bench_begin latency "How soon a detour is there, and what short transfers feel of it"
	bench_table first bars "relay RTTs" "own handshake" "From ESTABLISHED to the first byte on the detour"
	bench_table first-ms none ms "" "The same in ms, and its pieces"
	bench_table ratio bars "of the time without detour" "" "Time to completion with a detour, of that without"
	bench_table ttfb none ms "no detour" "Download: time from connect() to the first byte"
	bench_table down none ms "no detour" "Download: time from connect() to the last byte"
	bench_table up none ms "no detour" "Upload: time from connect() to the server's word that it has all"
	bench_note "Links of 20 + 10 + 20 Mbit/s, cubic (CC=), RTT 30 ms directly; by the near relay 60 ms, by the far one 160 ms."
	# shellcheck disable=SC2086 # words
	bench_plan $(($(wc -w <<<"$RTTS") + 4 * $(wc -w <<<"$SIZES")))
	export LAB_PKI_CACHE=$BENCH_WORK/pki
	for rtt in $RTTS; do measure_rtt "$rtt"; done
	measure_transfers near
	measure_transfers far --set near:delay=55ms
	bench_end
}

main
