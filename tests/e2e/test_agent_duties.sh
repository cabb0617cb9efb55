#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What the agent leaves alone, and what the kernel's path manager would have done.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --no-agent
lab_exec client ip mptcp limits set subflows 8 add_addr_accepted 1 # the agent reads them at its start
agents_up
SERVER=$(lab_addr4 server)
counter() { agent client status --json | jq ".counters.$1"; }
server_subflows() { lab_exec server ss -Htn state established "sport = :$1"; }

# ---- A server that takes no more subflows ---------------------------------------------------

lab_exec server ip mptcp limits set subflows 0
transfer_file 6
asked=$(counter subflows_asked)
check "a server without room: transfer" transfer full
check "whole" transfer_whole full
asked=$(($(counter subflows_asked) - asked))
check "the agent does not keep asking ($asked times)" [ "$asked" -le 2 ]
lab_exec server ip mptcp limits set subflows 2

# ---- An address that the server announces ---------------------------------------------------

lab_ip server addr add 10.77.2.3/24 dev to-r2
lab_exec server ip mptcp endpoint add 10.77.2.3 dev to-r2 id 5 signal
transfer_file 10
port=$TRANSFER_PORT
transfer_begin announced
has_announced() { server_subflows "$port" | grep -q '10\.77\.2\.3'; }
check "ADD_ADDR: a subflow to the announced address" sees 5 has_announced
lab_exec server ip mptcp endpoint del id 5
check "RM_ADDR: it goes" sees 5 not has_announced
check "the transfer completes" transfer_end announced
check "whole" transfer_whole announced

# ---- Left alone -----------------------------------------------------------------------------

lab_spawn_in server web python3 -m http.server 8081 --directory "$LAB_DIR" --bind ::
lab_wait 10 lab_listens server 8081
asked=$(counter subflows_asked)
check "a server without MPTCP: curl works" lab_exec client timeout 30 mptcpize run curl -sS -o "$LAB_DIR/copy-plain" "http://$SERVER:8081/file"
check "whole" transfer_whole plain
check "and the agent does nothing" [ "$(counter subflows_asked)" = "$asked" ]

lab_kill client
agent_config client "Exclude=10.77.2.0/24" >"$LAB_DIR/client.conf"
agents_up
transfer_file 4
check "Exclude=: transfer" transfer excluded
check "only the direct subflow" [ "$(transfer_report excluded '.subflows | length')" = 1 ]
check "no detour was asked for" [ "$(counter subflows_asked)" = 0 ]
finish
