#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Throughput over time when something fails in mid-transfer: a path dies, the relay dies, the relay's daemon is
# killed or replaced, a link loses a fifth of its packets. An upload with a detour, and beside it one without: the same
# server by an address that the agent is told to exclude, which is MPTCP with the direct path alone.
#
# Both paths have 10 Mbit/s behind an access link of 15: either alone is two thirds of both, so "below half of
# the rate before" is an outage and not just the loss of a path. What fails is mended after a while. Rates are what the
# application at the server gets, in order, in steps of 0.2 s; lib/outage.py makes the figures. "nothing" is the control:
# what its row has is the noise of the others.
#
# QUICK=1, SMOKE=1, TRIALS=, CC= (congestion control, cubic without), ROWS= (some of the events).
set -euo pipefail

# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"

TRIALS=${TRIALS:-$(by_size 3 1 1)}
CC=${CC:-cubic}
PORT=6001
BREAK_S=$(by_size 4 2.5 1)  # from the transfer's begin to the event
MEND_S=$(by_size 12 6.5 2)  # ... and until things are as before
DETOUR_MB=$(by_size 28 13 3) DIRECT_MB=$(by_size 15 8 2) # so that some seconds come after that
ROWS=${ROWS:-nothing direct relay killed upgraded loss}
EXCLUDED=10.77.2.99 # the server's address without detours
DAEMON=relay        # the process that serves now

# ---- Events --------------------------------------------------------------------------------

declare -A EVENTS=(
	[nothing]="nothing happens"
	[direct]="the direct path dies"
	[relay]="the relay's host dies"
	[killed]="the relay's daemon is killed"
	[upgraded]="the relay's daemon is replaced"
	[loss]="20 % loss on the direct path"
)

nothing_break() { :; }
nothing_mend() { :; }
direct_break() { lab_links cut direct; }
direct_mend() { lab_links restore direct; }
relay_break() { lab_links cut relay; }
relay_mend() { lab_links restore relay; }
killed_break() { lab_kill "$DAEMON" KILL; }
killed_mend() { relay_start relay "$DAEMON"; }
upgraded_break() { # the second takes over from the first
	if [ "$DAEMON" = relay ]; then DAEMON="relay-new"; else DAEMON="relay"; fi
	relay_start relay "$DAEMON"
}
upgraded_mend() { :; }
loss_break() { lab_links set direct loss=20%; }
loss_mend() { lab_links set direct loss=0; }

# ---- One transfer --------------------------------------------------------------------------

failover_lab() {
	lab_up --no-agent --set access:rate=15mbit >"$BENCH_WORK/lab" 2>&1 || bench_die "no lab: $(cat "$BENCH_WORK/lab")"
	lab_exec client sysctl -qw net.ipv4.tcp_no_metrics_save=1
	lab_ip server addr add "$EXCLUDED/24" dev to-r2
	agent_config client "Exclude=$EXCLUDED/32" >"$LAB_DIR/client.conf"
	agents_up
	head -c "${DETOUR_MB}000000" /dev/urandom >"$LAB_DIR/file-detour"
	head -c "${DIRECT_MB}000000" "$LAB_DIR/file-detour" >"$LAB_DIR/file-direct"
}

# now, until MOMENT: seconds since 1970.
now() { echo "${EPOCHREALTIME/,/.}"; }
until_moment() { sleep "$(awk -v at="$1" -v now="$(now)" 'BEGIN { print (at > now ? at - now : 0) }')"; }
later() { awk -v at="$1" -v by="$2" 'BEGIN { printf "%.6f", at + by }'; }

one_detour() { agent client connections --json | jq -e '[.connections[].subflows[] | select(.kind == "detour" and .state == "established")] | length == 1'; }

# run EVENT detour|direct ADDRESS: BROKEN and MENDED are when; the diary is in the file `series`.
run() {
	local begin
	PORT=$((PORT + 1))
	rm -f "$LAB_DIR"/{copy,series}
	lab_spawn_in server receive "$LAB_BUILD/xfer" receive "0.0.0.0:$PORT" "$LAB_DIR/copy" --once \
		--series "$LAB_DIR/series" --interval 0.05 --report "$LAB_DIR/report"
	lab_wait 5 lab_listens server "$PORT" || bench_die "the receiver does not listen"
	begin=$(now)
	lab_spawn_in client send timeout 90 "$LAB_BUILD/xfer" send "$3:$PORT" "$LAB_DIR/file-$2" \
		--congestion "$CC" --report "$LAB_DIR/sender"
	[ "$2" = direct ] || lab_wait 1 one_detour || bench_die "$1: there is no detour"
	until_moment "$(later "$begin" "$BREAK_S")"
	BROKEN=$(now)
	"$1_break" >/dev/null || bench_die "$1: it did not happen"
	until_moment "$(later "$begin" "$MEND_S")"
	MENDED=$(now)
	"$1_mend" >/dev/null || bench_die "$1: it was not mended"
	lab_wait 90 lab_dead send || true
	lab_kill send
	lab_kill receive
}

# lost EVENT detour|direct: bytes that are not in the copy as they were in the file.
lost() { { cmp -l "$LAB_DIR/file-$1" "$LAB_DIR/copy" 2>/dev/null || true; } | wc -l | awk -v missing="$(missing "$1")" '{ print $1 + missing }'; }
missing() { echo $(($(stat -c %s "$LAB_DIR/file-$1") - $(stat -c %s "$LAB_DIR/copy"))); }

# values EVENT COLUMN TRIAL detour|direct
values() {
	local row=${EVENTS[$1]} figures
	figures=$(/usr/bin/python3 "$BENCH_HERE/lib/outage.py" "$LAB_DIR/series" "$(lab_addr4 client)" "$BROKEN" "$MENDED") ||
		bench_die "$row: no figures"
	bench_value below "$row" "$2" "$3" "$(jq .below_s <<<"$figures")" s
	bench_value pause "$row" "$2" "$3" "$(jq .pause_s <<<"$figures")" s
	bench_value rate "$row" "$2: before" "$3" "$(jq .before_mbit <<<"$figures")" Mbit/s
	bench_value rate "$row" "$2: until mended" "$3" "$(jq .during_mbit <<<"$figures")" Mbit/s
	bench_value lost "$row" "$2" "$3" "$(lost "$4")" bytes
	[ "$3" != 1 ] || points "$row" "$4" "$figures"
}

# points ROW detour|direct FIGURES: of the first trial.
points() {
	local name x y series=".curves"
	[ "$2" = detour ] || series='{"without a detour": .curves.total}'
	while IFS=$'\t' read -r name x y; do
		bench_point rate "$1 ($BREAK_S s to $MEND_S s)" "$name" "$x" "$y"
	done < <(jq -r "$series | to_entries[] | .key as \$name | .value[] | [\$name, .[0], .[1]] | @tsv" <<<"$3")
}

# settle: as it was before the first event.
settle() { lab_wait 60 agent_connected client || bench_die "the agent has not come back to the relay"; }

measure() { # EVENT TRIAL
	bench_step "${EVENTS[$1]}, trial $2"
	settle
	run "$1" detour "$(lab_addr4 server)"
	values "$1" "with a detour" "$2" detour
	settle
	run "$1" direct "$EXCLUDED"
	values "$1" "without" "$2" direct
}

main() {
	local trial event
	for event in $ROWS; do
		[ -n "${EVENTS[$event]:-}" ] || bench_die "no event '$event'; there are: ${!EVENTS[*]}"
	done
	bench_begin failover "What an application feels when something fails"
	bench_table below bars s "" "Time below half of the rate before"
	bench_table pause bars s "" "Longest time without a byte"
	bench_table rate none Mbit/s "" "Throughput over time"
	bench_table lost none bytes "" "Bytes lost or damaged"
	bench_note "It happens $BREAK_S s after the transfer's begin and is mended at $MEND_S s. Paths of 10 Mbit/s each behind an access link of 15, $CC."
	bench_plan $((TRIALS * $(wc -w <<<"$ROWS")))
	failover_lab
	for ((trial = 1; trial <= TRIALS; trial++)); do
		for event in $ROWS; do measure "$event" "$trial"; done
	done
	bench_end
}

main
