#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Unmodified applications: curl from a web server, and iperf3 up, under mptcpize.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab
SERVER=$(lab_addr4 server) SERVER6=$(lab_addr6 server)
forwarded() { verdict relay FORWARD; }

# share_of COMMAND...: packets that the relay forwarded meanwhile are in FORWARDED.
forwarding() {
	local before
	before=$(forwarded)
	"$@" || return 1
	FORWARDED=$(($(forwarded) - before))
	echo "$FORWARDED packets by the relay"
}

transfer_file 10
packets=$((10000000 / 1400))
lab_spawn_in server web mptcpize run python3 -m http.server 8080 --directory "$LAB_DIR" --bind ::
lab_wait 10 lab_listens server 8080

for url in "http://$SERVER:8080/file" "http://[$SERVER6]:8080/file"; do
	check "curl $url" forwarding lab_exec client timeout 30 mptcpize run curl -sSg -o "$LAB_DIR/copy-curl" "$url"
	check "whole" transfer_whole curl
	check "a quarter or more by the relay" [ "$FORWARDED" -ge $((packets / 4)) ]
done

lab_spawn_in server iperf mptcpize run iperf3 -s
lab_wait 10 lab_listens server 5201
iperf() {
	lab_exec client timeout 30 mptcpize run iperf3 -c "$SERVER" -t 6 -C cubic --json "$@" >"$LAB_DIR/iperf.json" &&
		jq -e '.end.sum_received.bits_per_second / 1e6 | debug | . > 14' "$LAB_DIR/iperf.json"
}
check "iperf3 up: more than one path gives" forwarding iperf
check "iperf3 down: more than one path gives" forwarding iperf -R
finish
