#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# detour-agent is killed and started again; it leaves the host as it found it.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --no-agent
pm_type() { lab_exec client sysctl -n net.mptcp.pm_type; }
found=$(pm_type)
agents_up
check "the agent sets the userspace path manager" [ "$(pm_type)" = 1 ]

subflow_count() { lab_exec client ss -Htn state established "dport = :$1 or dst $(lab_addr4 relay)" | grep -vc ":45672 *$" || true; }
no_connections() { agent client connections --json | jq -e '[.connections[] | select(.left_alone == null)] | length == 0'; }
# What the agent knows of the running connection, without what it can only know by having made it.
subflows() { agent client connections --json | jq -cS '.connections[] | select(.left_alone == null) | .token as $token | .subflows[] |
	{$token, kind, local, remote, local_id, remote_id, relay, backup, state}' | sort; }
transfer_file_long 20
transfer_begin kill
sleep 2
check "a detour is there" has_detours client 1
before=$(subflows)
lab_kill client KILL
sleep 1
check "both subflows live on without the agent" [ "$(subflow_count $((TRANSFER_PORT - 1)))" = 2 ]
check "it starts again" agent_start client
check "it finds the detour" sees 5 has_detours client 1
knows_again() { diff <(echo "$before") <(subflows); }
check "and all that it knew of the subflows" sees 5 knows_again
sleep 1
check "it opens nothing twice" [ "$(subflow_count $((TRANSFER_PORT - 1)))" = 2 ]
check "the transfer completes" transfer_end kill
check "whole" transfer_whole kill
check "both paths carry" transfer_shared kill
transfer_file 8
check "the next transfer gets a detour" transfer next
check "both paths carry" transfer_shared next

# ---- The kernel drops events ----------------------------------------------------------------

SERVER=$(lab_addr4 server)
overruns() { agent client status --json | jq .counters.overruns; }
lab_spawn_in server short "$E2E_HERE/short_connections.py" serve "$SERVER" 7001
lab_wait 5 lab_listens server 7001
kill -STOP "$(lab_pid client)"
lab_exec client timeout 60 "$E2E_HERE/short_connections.py" open "$SERVER" 7001 4000 >"$E2E_OUTPUT" 2>&1 || true
kill -CONT "$(lab_pid client)"
overran() { [ "$(overruns)" -gt 0 ]; }
check "a stopped agent loses events, and knows" sees 10 overran
check "connections that are gone are forgotten" sees 10 no_connections
lab_wait 15 agent_connected client
transfer_file 8
check "the next transfer" transfer overrun
check "gets a detour" transfer_shared overrun

lab_kill client
check "an orderly end puts the path manager back" [ "$(pm_type)" = "$found" ]
check "an orderly end leaves no socket" not ls "$LAB_DIR"/run/agent*.sock
finish
