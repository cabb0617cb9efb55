#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# detour-fwd is killed, restarted and upgraded under load: no flow notices.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab
ports() { jq -r '[.subflows[] | .remote] | sort | join(" ")' "$LAB_DIR/$1"; }

# The subflows at the end are those that were there before: none was lost and made anew.
subflows_of() { lab_exec server ss -Htn state established "sport = :$1" | awk '{print $4}' | sort | paste -sd' '; }
same_subflows() {
	echo "before: $1"
	echo "after:  $(ports "$2")"
	[ "$1" = "$(ports "$2")" ] && [ "$(wc -w <<<"$1")" = 2 ]
}

# A SYN under a lease makes a flow without the daemon.
syn_forwarded() {
	local before after
	before=$(verdict relay FORWARD_NEW)
	lab_exec client python3 "$E2E_HERE/syn.py" --option join --to "$(lab_addr4 relay)" --port "$(lease_port relay "$(lab_addr4 relay)")"
	sleep 0.3
	after=$(verdict relay FORWARD_NEW)
	[ $((after - before)) = 1 ]
}

transfer_file 16
transfer_begin kill
sleep 2
before=$(subflows_of $((TRANSFER_PORT - 1)))
lab_kill relay KILL
check "flows can be listed with the daemon dead" [ "$(relay_count relay flows)" -ge 1 ]
check "a new SYN under a lease is forwarded with the daemon dead" syn_forwarded
check "it starts again" relay_start relay
check "the agent comes back" sees 15 relay_up client relay
check "the transfer completes" transfer_end kill
check "whole" transfer_whole kill
check "kill -9: no subflow was lost" same_subflows "$before" report-kill

transfer_begin upgrade
sleep 2
before=$(subflows_of $((TRANSFER_PORT - 1)))
check "a second daemon takes over" relay_start relay relay-new
check "the first one ends by itself" sees 5 lab_dead relay
check "the agent comes back" sees 15 relay_up client relay
check "the transfer completes" transfer_end upgrade
check "whole" transfer_whole upgrade
check "upgrade: no subflow was lost" same_subflows "$before" report-upgrade
check "nothing was dropped" [ "$(drops relay)" = "[]" ]

lab_kill relay-new
check "unload" fwd relay unload
# A kernel with BPF preload puts two files of its own into every bpffs.
check "unload leaves no pins" [ -z "$(find "$LAB_DIR/bpf/relay" -mindepth 1 ! -name '*.debug')" ]
check "unload leaves no XDP program" not grep -q xdp <(lab_ip relay link show)
check "unload leaves no clsact" not grep -q clsact <(lab_exec relay tc qdisc show)
finish
