# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# All of the lab's library: source this one. LAB_BUILD is where the programs are.
# shellcheck disable=SC2034 # the files below use the variables that are set here

LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
LAB_BUILD=${LAB_BUILD:-$LAB_ROOT/build}
LAB_DETOUR=1  # 0: no relay, no agent, only the network
LAB_AGENT=1   # 0: without the agents
LAB_SLOW=${LAB_SLOW:-1} # how much longer things may take; 2 on an emulated machine

# shellcheck source=tests/lab/lib/topology.sh
. "$LAB_ROOT/tests/lab/lib/topology.sh"
# shellcheck source=tests/lab/lib/netem.sh
. "$LAB_ROOT/tests/lab/lib/netem.sh"
# shellcheck source=tests/lab/lib/state.sh
. "$LAB_ROOT/tests/lab/lib/state.sh"
# shellcheck source=tests/lab/lib/detour.sh
. "$LAB_ROOT/tests/lab/lib/detour.sh"
# shellcheck source=tests/lab/lib/transfer.sh
. "$LAB_ROOT/tests/lab/lib/transfer.sh"

lab_usage() {
	cat <<-'END'
		  --two-armed       the relay has an interface of its own towards the server
		  --second-relay    relay2, beside relay
		  --second-uplink   the client has a second uplink, by r3
		  --nat             the client stands behind an nftables masquerade
		  --two-clients     client and client2 behind one address (--nat for two)
		  --fast            links without limits
		  --set LINK:K=V    a link's rate, delay, loss or queue (access direct exit near far relay)
		  --netem           links by the kernel's netem, not by linkem
		  --seed N          of the random losses
		  --mode MODE       of the relays: auto, xdp, xdp-generic, tc
		  --no-agent        agents are not started
		  --network         only the network: neither relays nor agents
	END
}

lab_fast() {
	LAB_DELAY=0 LAB_QUEUE=0
	LAB_LINKS=("${LAB_LINKS[@]/%?0mbit/0}")
}

# lab_options OPTION...: what `lab_up` is to make.
lab_options() {
	topology_base
	while [ $# -gt 0 ]; do
		case "$1" in
		--two-armed) topology_two_armed ;;
		--second-relay) topology_second_relay ;;
		--second-uplink) topology_second_uplink ;;
		--nat) topology_nat 1 ;;
		--two-clients) topology_nat 2 ;;
		--fast) LAB_FAST=1 ;;
		--set) LAB_SETTINGS+=("${2/:/ }"); shift ;;
		--netem) LAB_EMULATOR=netem ;;
		--seed) LAB_SEED=$2; shift ;;
		--mode) LAB_MODE=$2; shift ;;
		--no-agent) LAB_AGENT=0 ;;
		--network) LAB_DETOUR=0 ;;
		*) lab_die "unknown option '$1'; there are:"$'\n'"$(lab_usage)" ;;
		esac
		shift
	done
	[ -z "${LAB_FAST:-}" ] || lab_fast
}

# lab_up OPTION...: makes a lab; LAB_DIR says where its state is. First lab_guard.
lab_up() {
	[ "$(id -u)" = 0 ] || lab_die "must be root"
	lab_options "$@"
	lab_make
}

# lab_make: what the LAB_ variables say.
lab_make() {
	LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/detour-lab.XXXXXX")
	LAB_ID=${LAB_DIR##*.}
	mkdir "$LAB_DIR"/{log,pid,run,bpf}
	lab_save
	topology_up
	[ "$LAB_DETOUR" = 0 ] || detour_up
	[ "$LAB_DETOUR$LAB_AGENT" != 11 ] || agents_up
}

# lab_guard: from here on, however the script ends, the lab goes with it.
lab_guard() {
	trap 'trap "" INT TERM HUP; lab_down' EXIT
	trap 'exit 130' INT TERM HUP
}

# lab_down: everything that lab_up made, in whatever state it is. Can be repeated.
lab_down() {
	[ -n "$LAB_DIR" ] && [ -d "$LAB_DIR" ] || return 0
	lab_kill_all
	lab_kill_strays
	topology_down
	bpffs_unmount_all
	rm -rf "$LAB_DIR"
}
