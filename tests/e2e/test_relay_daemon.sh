#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# detour-fwd is killed, restarted and upgraded under load: no flow notices.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

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

relay_life() {
	lab --mode "$MODE"
	transfer_file 16
	transfer_begin kill
	sleep 2
	before=$(subflows_of $((TRANSFER_PORT - 1)))
	lab_kill relay KILL
	check "$MODE: flows can be listed with the daemon dead" [ "$(relay_count relay flows)" -ge 1 ]
	check "$MODE: a new SYN under a lease is forwarded with the daemon dead" syn_forwarded
	check "$MODE: it starts again" relay_start relay
	check "$MODE: the agent comes back" sees 15 relay_up client relay
	check "$MODE: the transfer completes" transfer_end kill
	check "$MODE: whole" transfer_whole kill
	check "$MODE: kill -9: no subflow was lost" same_subflows "$before" report-kill

	transfer_begin upgrade
	sleep 2
	before=$(subflows_of $((TRANSFER_PORT - 1)))
	check "$MODE: a second daemon takes over" relay_start relay relay-new
	check "$MODE: the first one ends by itself" sees 5 lab_dead relay
	check "$MODE: the agent comes back" sees 15 relay_up client relay
	check "$MODE: the transfer completes" transfer_end upgrade
	check "$MODE: whole" transfer_whole upgrade
	check "$MODE: upgrade: no subflow was lost" same_subflows "$before" report-upgrade
	check "$MODE: nothing was dropped" [ "$(drops relay)" = "[]" ]

	check_not "$MODE: an interface that is not there: not loaded" fwd relay load "$(relay_interfaces relay | head -n 1)" to-nowhere
	check "$MODE: and the daemon goes on" relay_serves relay relay-new
	[ "$MODE" = tc ] || killed_in_attach

	lab_kill relay-new
	check "$MODE: unload" fwd relay unload
	# A kernel with BPF preload puts two files of its own into every bpffs.
	check "$MODE: unload leaves no pins" [ -z "$(find "$LAB_DIR/bpf/relay" -mindepth 1 ! -name '*.debug')" ]
	check "$MODE: unload leaves no XDP program" not grep -q xdp <(lab_ip relay link show)
	check "$MODE: unload leaves no clsact" not grep -q clsact <(lab_exec relay tc qdisc show)
}

# Killed between the link and its place among the pins: the next daemon is not in its own way.
killed_in_attach() {
	local link
	lab_kill relay-new KILL
	for link in "$LAB_DIR"/bpf/relay/detour-fwd/relay/link_*; do mv "$link" "$link%new"; done
	check "$MODE: it starts again after kill -9 in the midst of attaching" relay_start relay relay-new
}

# Maps of another layout are not touched, and what runs goes on.
refuses_layout() {
	local map=$LAB_DIR/bpf/relay/detour-fwd/relay/meta
	lab_kill relay
	bpftool map update pinned "$map" key 0 0 0 0 value hex 63 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
	! relay_start relay || return 1
	grep -i layout "$LAB_DIR/log/relay"
}

for MODE in xdp tc; do relay_life; done
lab
transfer_file 10
transfer_begin layout
sleep 2
check "maps of another layout are refused" refuses_layout
check "what runs goes on: transfer" transfer_end layout
check "whole" transfer_whole layout
check "both paths carry" transfer_shared layout
finish
