#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# How long after ESTABLISHED the detour is there: one relay round trip more with a fresh lease.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab
# The subflow's own handshake takes a round trip by the relay to the server: six links each way.
HANDSHAKE_MS=60 RELAY_RTT_MS=30 SLACK_MS=$E2E_SLACK_MS
# One look for all: the transfer goes on meanwhile.
detour_report() { agent client connections --json | jq -e '[.connections[].subflows[] | select(.setup_us and .lease)][0]' >"$LAB_DIR/detour"; }

# measure NAME KIND: the running transfer's detour.
measure() {
	transfer_begin "$1"
	sees 5 detour_report || return 1
	MS=$(jq '.setup_us / 1000 | floor' "$LAB_DIR/detour") KIND=$(jq -r .lease "$LAB_DIR/detour")
	transfer_end "$1"
	echo "# $1: $MS ms, $KIND lease; relay RTT $RELAY_RTT_MS ms"
}
at_most() { echo "$1 ms, at most $2"; [ "$1" -le "$2" ]; }

transfer_file 4
port=$TRANSFER_PORT
measure fresh
check "the first connection asks for a lease" [ "$KIND" = fresh ]
check "fresh: handshake and one relay round trip ($MS ms)" at_most "$MS" $((HANDSHAKE_MS + RELAY_RTT_MS + SLACK_MS))
lab_wait 5 not lab_listens server "$port"
TRANSFER_PORT=$port
measure cached
check "the second to the same server has it" [ "$KIND" = cached ]
check "cached: the handshake alone ($MS ms)" at_most "$MS" $((HANDSHAKE_MS + SLACK_MS))
finish
