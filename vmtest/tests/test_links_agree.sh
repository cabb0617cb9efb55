#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The lab's link emulator and the kernel's netem, side by side in the same VM: the same links must give the
# same round-trip times and the same throughput, or one of them is not what the tests take it for.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../../tests/e2e/lib.sh"

SIZE_MB=10 # a shorter transfer is mostly slow start, and varies
declare -A MEASURED

rtt_ms() { # NODE ADDRESS: the median
	lab_exec "$1" ping -n -c 21 -i 0.1 -W 5 "$2" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n | sed -n 11p
}

# measure EMULATOR CASE: RTTs, and Mbit/s directly and with a detour, in the lab that there is.
measure() {
	MEASURED["$1,$2, RTT to the server, ms"]=$(rtt_ms client "$(lab_addr4 server)") || return 1
	MEASURED["$1,$2, RTT to the relay, ms"]=$(rtt_ms client "$(lab_addr4 relay)") || return 1
	transfer_file "$SIZE_MB"
	transfer direct && transfer_whole direct || return 1
	MEASURED["$1,$2, direct, Mbit/s"]=$(transfer_report direct .mbit) || return 1
	agents_up || return 1
	transfer detour && transfer_whole detour || return 1
	MEASURED["$1,$2, with the detour, Mbit/s"]=$(transfer_report detour .mbit)
}

# agree A B PERCENT
agree() {
	echo "linkem $1, netem $2, at most $3 % apart"
	jq -ne --argjson a "$1" --argjson b "$2" --argjson percent "$3" \
		'$a > 0 and $b > 0 and ($a - $b | fabs) * 100 <= $percent * ([$a, $b] | max)'
}

for name in plain "30 ms more"; do
	options=()
	[ "$name" = plain ] || options=(--set "direct:delay=35ms")
	for E2E_EMULATOR in linkem netem; do
		lab --no-agent --mode tc "${options[@]}"
		check "$name: by $E2E_EMULATOR" measure "$E2E_EMULATOR" "$name"
	done
	for what in "RTT to the server, ms" "RTT to the relay, ms" "direct, Mbit/s" "with the detour, Mbit/s"; do
		a=${MEASURED["linkem,$name, $what"]:-0} b=${MEASURED["netem,$name, $what"]:-0}
		check "$name: $what: $a by linkem, $b by netem" agree "$a" "$b" 20
	done
done
finish
