#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A subflow whose path loses packets by chance gets bbr in place of cubic; all others keep what they have.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# congestions FAMILY PEER: the congestion controls of the client's connections with it, the channel aside.
congestions() { lab_exec client ss -Htino state established "dst $1 and dport != :45672" | grep -oE '\b(cubic|bbr|reno)\b' | sort -u; }
direct_is() { [ "$(congestions "$(host server "$1")")" = "$2" ]; }
detour_is() { [ "$(congestions "$(host relay "$1")")" = "$2" ]; }
host() { if [ "$2" = 6 ]; then echo "[$(lab_addr6 "$1")]"; else lab_addr4 "$1"; fi; }
changed() { agent client status --json | jq .counters.congestion_changed; }

direct_loses() { lab_links set direct loss="$1" >/dev/null; }

lab
transfer_file_long 12
for family in 4 6; do
	before=$(changed)
	transfer_begin "clean$family" "$family"
	check "v$family: both subflows are there" sees 5 detour_is "$family" cubic
	check "v$family: full queues change nothing" transfer_end "clean$family"
	check "v$family: nothing was changed" [ "$(changed)" = "$before" ]

	direct_loses 3%
	transfer_begin "lossy$family" "$family"
	check "v$family: a lossy direct path gets bbr" sees 10 direct_is "$family" bbr
	check "v$family: the detour keeps cubic" detour_is "$family" cubic
	check "v$family: the transfer completes" transfer_end "lossy$family"
	check "v$family: whole" transfer_whole "lossy$family"
	check "v$family: it was counted" [ "$(changed)" -gt "$before" ]
	direct_loses 0
done

# Not Detour's: TCP, connections of another namespace, what an application chose that is neither cubic nor reno.
direct_loses 5%
before=$(changed)
lab_spawn_in server iperf-tcp iperf3 -s -1 -p 5300
lab_spawn_in server iperf-mptcp mptcpize run iperf3 -s -1 -p 5301
sees 5 lab_listens server 5300 && sees 5 lab_listens server 5301
check "TCP" lab_exec client iperf3 -c "$(lab_addr4 server)" -p 5300 -C cubic -t 3
check "MPTCP of another namespace" lab_exec r1 mptcpize run iperf3 -c "$(lab_addr4 server)" -p 5301 -C cubic -t 3
check "are left alone" [ "$(changed)" = "$before" ]

lab_kill client
agent_config client Congestion=keep >"$LAB_DIR/client.conf"
agents_up
transfer_file_long 3
transfer_begin keep
check "Congestion=keep: both subflows are there" sees 5 detour_is 4 cubic
check "Congestion=keep: the transfer completes" transfer_end keep
check "Congestion=keep: nothing is changed" [ "$(changed)" = 0 ]
finish
