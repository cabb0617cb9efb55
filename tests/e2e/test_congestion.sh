#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A subflow whose path loses packets by chance gets bbr in place of cubic; all others keep what they have. One that
# starves all the same becomes a backup.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# congestions PEER: the congestion controls of the client's connections with it, the channel aside.
congestions() { lab_exec client ss -Htino state established "dst $1 and dport != :45672" | grep -oE '\b(cubic|bbr|reno)\b' | sort -u; }
direct_is() { [ "$(congestions "$(host server "$1")")" = "$2" ]; }
detour_is() { [ "$(congestions "$(host relay "$1")")" = "$2" ]; }
host() { if [ "$2" = 6 ]; then echo "[$(lab_addr6 "$1")]"; else lab_addr4 "$1"; fi; }
changed() { agent client status --json | jq .counters.congestion_changed; }
says() { agent "${2:-client}" status --json | jq -e --arg word "$1" '.congestion == $word'; }
lines() { local link; for link in direct near far; do lab_links set $link rate="$1" delay="$2" queue=50kB >/dev/null; done; }
direct() { lab_links set direct "$1" >/dev/null; }

# The agent has the rights that the systemd unit gives it, and keeps fewer (agent_start in tests/lab/lib/detour.sh).
rights() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(lab_pid client)/status"; }

lab
lines 4mbit 60ms # slow and long: a machine that comes late with packets must not look like a queue
check "with the unit's rights the program is there" says adapt
check "CAP_NET_ADMIN and CAP_BPF are what it keeps ($(rights CapPrm))" [ "$((16#$(rights CapPrm)))" = $((1 << 12 | 1 << 39)) ]
for family in 4 6; do
	transfer_file_long 12
	before=$(changed)
	transfer_begin "clean$family" "$family"
	check "v$family: both subflows are there" sees 5 detour_is "$family" cubic
	check "v$family: full queues change nothing" transfer_end "clean$family"
	check "v$family: nothing was changed" [ "$(changed)" = "$before" ]

	direct loss=4%
	transfer_file_long 24
	transfer_begin "lossy$family" "$family"
	check "v$family: a lossy direct path gets bbr" sees 40 direct_is "$family" bbr
	check "v$family: the detour keeps cubic" detour_is "$family" cubic
	check "v$family: the transfer completes" transfer_end "lossy$family"
	check "v$family: whole" transfer_whole "lossy$family"
	check "v$family: it was counted" [ "$(changed)" -gt "$before" ]
	direct loss=0
done

transfer_file_long 12
direct queue=12kB
before=$(changed)
check "short queues: the transfer" transfer short
check "short queues change nothing" [ "$(changed)" = "$before" ]
direct queue=50kB

# Not this agent's: TCP, an excluded server, another namespace, even one with an agent of its own.
upload() { # NODE PORT WORDS...
	lab_spawn_in server "iperf-$2" mptcpize run iperf3 -s -1 -p "$2"
	lab_wait 5 lab_listens server "$2" && lab_exec "$1" "${@:3}" iperf3 -c "$(lab_addr4 server)" -p "$2" -C cubic -t "$seconds"
}
seconds=5
direct loss=5%
before=$(changed)
check "TCP" upload client 5300
lab_spawn_in r1 other "$LAB_BUILD/detour-agent" run --config "$LAB_DIR/client.conf" --instance other --run-dir "$LAB_DIR/run"
other() { lab_exec r1 "$LAB_BUILD/detour-agent" status --json --instance other --run-dir "$LAB_DIR/run"; }
check "another agent in another namespace" sees 5 other
seconds=15
check "MPTCP there" upload r1 5301 mptcpize run
seconds=5
check "is that agent's business" jq -e '.counters.congestion_changed > 0' <<<"$(other)"
lab_kill other
check "and not this one's" [ "$(changed)" = "$before" ]

lab_kill client
agent_config client Exclude="$(lab_addr4 server)" >"$LAB_DIR/client.conf"
agents_up
check "an excluded server" upload client 5302 mptcpize run
check "is left alone" [ "$(changed)" = 0 ]

lab_kill client
agent_config client Congestion=keep >"$LAB_DIR/client.conf"
agents_up
check "Congestion=keep is what status says" says keep
check "Congestion=keep: a transfer" upload client 5303 mptcpize run
check "Congestion=keep: nothing is changed" [ "$(changed)" = 0 ]

# Do no harm: what starves for good becomes a backup (b: this side wants it, B: the other side does).
flagged() { lab_exec "$1" ss -HtinO "$2" | grep -oE 'flags:[A-Za-z]*' | grep -q "$3"; }
lines 10mbit 5ms
direct loss=8%
transfer_file_long 24
transfer_begin harm
check "a direct subflow that starves becomes a backup" sees 15 flagged client "dst $(lab_addr4 server)" b
check "and the server knows" sees 5 flagged server "dst $(lab_addr4 client)" B
direct loss=0
check "the transfer completes" transfer_end harm
check "whole" transfer_whole harm
finish
