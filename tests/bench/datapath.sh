#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The data path: ns per packet of the programs alone, packets per second through a relay, bulk TCP.
# ROWS="programs packets bulk": only some of these.
set -euo pipefail

# shellcheck source=tests/bench/lib/bench.sh
. "$(dirname "$0")/lib/bench.sh"
# shellcheck source=tests/bench/lib/veth.sh
. "$BENCH_HERE/lib/veth.sh"
# shellcheck source=tests/bench/lib/bulk.sh
. "$BENCH_HERE/lib/bulk.sh"

TOOLS=$LAB_BUILD/tests/bench
PARTS=" ${ROWS:-programs packets bulk} "
TRIALS=${TRIALS:-$(by_size 7 3 1)}
CPU=$(($(nproc) > 1)) # that everything happens on, where packets are counted

has_part() { [[ "$PARTS" = *" $1 "* ]]; }

# ---- The programs alone --------------------------------------------------------------------

ENTRIES=$(by_size "2 20000 2000000" "2 20000 2000000" "2 2000 20000")

programs_tables() {
	bench_table xdp bars "ns per packet" "bare lookup" "The XDP program by TEST_RUN, by entries in the table, two a flow"
	bench_table tc bars "ns per packet" "bare lookup" "The TC program by TEST_RUN, by entries in the table, two a flow"
	bench_table syn bars "ns per SYN" "two bare insertions" "A SYN that makes a flow, by TEST_RUN"
}

# 2000000: 2M
short_number() { sed 's/000000$/M/; s/000$/k/' <<<"$1"; }

programs_flows() { # HOOK FAMILY ENTRIES
	local lines frame entries round program ns column
	bench_step "$1, IPv$2, $(short_number "$3") entries"
	lines=$(taskset -c "$CPU" "$TOOLS/bench_dataplane" --rounds "$TRIALS" --packets "$(by_size 200 40 4)" \
		--hook "$1" --family "$2" flows "$3")
	while IFS=, read -r _ _ frame entries round program ns; do
		case "$program" in
		pass) column="empty program" ;;
		lookup) column="bare lookup" ;;
		*) column=relay ;;
		esac
		bench_value "$1" "IPv$2 $frame B; $(short_number "$entries")" "$column" "$round" "$ns" ns
	done <<<"$lines"
}

programs_syn() { # HOOK FAMILY
	local lines round program ns column
	bench_step "$1, IPv$2, new flows"
	lines=$(taskset -c "$CPU" "$TOOLS/bench_dataplane" --rounds "$TRIALS" --packets "$(by_size 100 40 4)" \
		--hook "$1" --family "$2" syn)
	while IFS=, read -r _ _ _ _ round program ns; do
		column=relay
		[ "$program" = relay ] || column="two bare insertions"
		bench_value syn "${1^^} IPv$2" "$column" "$round" "$ns" ns
	done <<<"$lines"
}

programs() {
	local hook family entries memory
	for hook in xdp tc; do
		for family in 4 6; do
			for entries in $ENTRIES; do programs_flows "$hook" "$family" "$entries"; done
		done
	done
	for hook in xdp tc; do
		for family in 4 6; do programs_syn "$hook" "$family"; done
	done
	bench_step "memory"
	memory=$("$TOOLS/bench_dataplane" memory)
	bench_note "The maps for a million flows take $((${memory#*,} >> 20)) MiB."
}
programs_steps() { echo $((2 * 2 * ($(wc -w <<<"$ENTRIES") + 1) + 1)); }

# ---- Packets per second --------------------------------------------------------------------

# WORLD|what readers know it by|kind of the relay's host|what makes it. "gen" has none: packets are
# counted, and end, where the others have their relay.
FORWARDERS=("gen|generator alone||packets_generator" "xdp|XDP|detour|world_detour xdp" "xdpg|XDP generic|detour|world_detour xdp-generic"
	"tc|TC|detour|world_detour tc" "route|plain routing|router|world_route" "nft|nftables|router|world_nftables"
	"ipt|iptables|router|world_iptables" "fwd|xdp-forward|router|packets_xdp_forward")
declare -A FORWARDER_TITLE=() OWN_NS=()
PACKETS=$(by_size 500000 100000 2000)

packets_tables() {
	bench_table packets bars "million packets per second" nftables \
		"Forwarded over veth by one core, net of the generator's time"
	bench_table cost bars "ns per packet" "plain routing" "The same as time per packet"
	bench_note "Packets over veth: a generator's frames enter the relay's interface in batches of 64, of 1024 flows in turn, and all that follows happens on the same core. What the generator takes alone, with a program behind it that drops, is taken off."
}

# The relay's end of the link counts and drops.
packets_generator() {
	WORLD_SENT[$1]=$VETH_SERVER:$VETH_PORT
	WORLD_SEEN[$1]=$VETH_CLIENT,$VETH_SERVER:$VETH_PORT
	WORLD_COUNTER[$1]=xdp
}

# Debian 12's xdp-tools is without it; trixie's, unpacked, runs here too.
packets_xdp_forward() {
	local program interfaces
	program=$(command -v xdp-forward) || program=$("$LAB_ROOT/vmtest/fetch.sh" xdp-forward) || return 1
	mapfile -t interfaces < <(relay_interfaces "r-$1")
	lab_exec "r-$1" "$program" load "${interfaces[@]}" || return 1
	world_plain "$1" xdp
}

# packets_worlds: one of each forwarder with two arms, one with one; those that could be made are in WORLDS.
packets_worlds() {
	local row name title kind make arms
	veth_begin
	for row in "${FORWARDERS[@]}"; do
		IFS='|' read -r name title kind make <<<"$row"
		for arms in 2 1; do world_add "$name$arms" "$arms" "$kind"; done
	done
	veth_up
	WORLDS=()
	for row in "${FORWARDERS[@]}"; do
		IFS='|' read -r name title kind make <<<"$row"
		FORWARDER_TITLE[$name]=$title
		packets_world "$name" "$title" "$make" || bench_missing "$title" "$(packets_why "$name")"
	done
}

# packets_why NAME: the last that was said when it was set up.
packets_why() { tail -n 1 "$LAB_DIR/log/$1" 2>/dev/null | grep . || echo "it cannot be set up here"; }

packets_world() { # NAME TITLE MAKE
	local arms words
	read -r -a words <<<"$3"
	for arms in 2 1; do
		# Frames enter the relay's interface by its NAPI, which it has with GRO or an XDP program.
		lab_exec "r-$1$arms" ethtool -K "to-c-$1$arms" gro on >/dev/null
		"${words[0]}" "$1$arms" "${words[@]:1}" >>"$LAB_DIR/log/$1" 2>&1 || return 1
		[ "$1" = gen ] || lab_exec "c-$1$arms" ping -c 1 -W 2 "$VETH_RELAY" >/dev/null || return 1
		packets_neighbours "$1$arms"
	done
	WORLDS+=("$1")
}

# The relay's neighbours are known before packets come. With one arm the client's is all there is.
packets_neighbours() {
	[ "${WORLD_ARMS[$1]}" = 1 ] || lab_exec "r-$1" ping -c 1 -W 2 "$VETH_SERVER" >/dev/null || return 1
}

# packets_run WORLD SIZE: sets NS, the time per packet that arrived, and ARRIVED, of 1.
packets_run() {
	local from at mac sent seen open=() line
	from=$(lab_netns "c-$1")/to-r-$1 at=$(packets_end "$1")
	mac=$(lab_ip "r-$1" -json link show "to-c-$1" | jq -r '.[0].address')
	sent=$VETH_CLIENT,${WORLD_SENT[$1]} seen=${WORLD_SEEN[$1]}
	[[ " ${LAB_RELAYS[*]} " != *" r-$1 "* ]] || open=(--open)
	line=$(taskset -c "$CPU" "$TOOLS/bench_forward" --from "$from" --at "$at" --counter "${WORLD_COUNTER[$1]}" \
		--mac "$mac" --sent "$sent" --seen "$seen" --size "$2" "${open[@]}" "$PACKETS") || bench_die "no packets through $1"
	NS=$(awk '{ if ($2) printf "%.1f", $3 / $2; else print 0 }' <<<"$line")
	ARRIVED=$(awk '{ printf "%.4f", $2 / $1 }' <<<"$line")
	[ "$NS" != 0 ] || bench_die "through $1 nothing arrived"
}

packets_end() {
	case "$1" in
	gen?) echo "$(lab_netns "r-$1")/to-c-$1" ;;
	*1) echo "$(lab_netns "c-$1")/to-r-$1" ;;
	*) echo "$(lab_netns "s-$1")/to-r-$1" ;;
	esac
}

# packets_own ROW NS: the generator's own time, the least so far. Whatever disturbs it makes it longer.
packets_own() {
	OWN_NS[$1]=$(awk -v a="${OWN_NS[$1]:-$2}" -v b="$2" 'BEGIN { print a < b ? a : b }')
}

packets_row() { # TRIAL ARMS SIZE
	local name row="one arm" net
	[ "$2" = 1 ] || row="two arms"
	row+="; $3 B"
	for name in "${WORLDS[@]}"; do
		bench_step "trial $1: ${FORWARDER_TITLE[$name]}, $row"
		packets_run "$name$2" "$3"
		[ "$name" != gen ] || { packets_own "$row" "$NS"; bench_value cost "$row" "${FORWARDER_TITLE[gen]}" "$1" "$NS" ns; continue; }
		awk -v a="$ARRIVED" 'BEGIN { exit a >= 0.99 }' && LOST["${FORWARDER_TITLE[$name]}, $row"]=$ARRIVED
		net=$(awk -v all="$NS" -v own="${OWN_NS[$row]}" -v a="$ARRIVED" 'BEGIN { printf "%.1f", all - own / a }')
		[ "$SMOKE" = 0 ] || net=${net/#-*/1} net=${net/#0.0/1} # noise can be all there is in so short a run
		bench_value cost "$row" "${FORWARDER_TITLE[$name]}" "$1" "$net" ns
		bench_value packets "$row" "${FORWARDER_TITLE[$name]}" "$1" "$(awk -v ns="$net" 'BEGIN { printf "%.4f", 1000 / ns }')" Mpps
	done
}

packets() {
	local trial arms size what
	declare -gA LOST=()
	packets_worlds
	for ((trial = 1; trial <= TRIALS; trial++)); do
		for arms in 2 1; do
			for size in 64 1400; do packets_row "$trial" "$arms" "$size"; done
		done
	done
	for what in "${!LOST[@]}"; do bench_note "$what: only ${LOST[$what]} of the packets arrived in a trial."; done
	lab_down
}
packets_steps() { echo $((TRIALS * 2 * 2 * ${#FORWARDERS[@]})); }

# ---- Bulk TCP ------------------------------------------------------------------------------

BULKS=("route|plain routing|router|world_route" "nft|nftables|router|world_nftables" "tc|TC|detour|world_detour tc"
	"xdp|XDP|detour|world_detour xdp" "ovpn|OpenVPN|router|world_openvpn" "socat|socat||world_socat")
BULK_SECONDS=$(by_size 3 1 1)

bulk_tables() { bench_table bulk bars "Gbit/s" "plain routing" "Bulk TCP over veth, one connection"; }

bulk_worlds() {
	local row name title kind make words
	veth_begin
	for row in "${BULKS[@]}"; do
		IFS='|' read -r name title kind make <<<"$row"
		world_add "$name" 2 "$kind"
	done
	veth_up
	WORLDS=()
	for row in "${BULKS[@]}"; do
		IFS='|' read -r name title kind make <<<"$row"
		read -r -a words <<<"$make"
		FORWARDER_TITLE[$name]=$title
		bulk_server "$name"
		if "${words[0]}" "$name" "${words[@]:1}" >>"$LAB_DIR/log/$name" 2>&1; then WORLDS+=("$name"); else
			bench_missing "$title" "$(packets_why "$name")"; fi
	done
}

bulk() {
	local trial gso name rate
	bulk_worlds
	for ((trial = 1; trial <= TRIALS; trial++)); do
		for gso in on off; do
			for name in "${WORLDS[@]}"; do
				bench_step "trial $trial: ${FORWARDER_TITLE[$name]}, GSO $gso"
				bulk_ends "$name" "$gso"
				rate=$(bulk_run "$name" "$BULK_SECONDS")
				bench_value bulk "GSO $gso" "${FORWARDER_TITLE[$name]}" "$trial" "$rate" "Gbit/s"
			done
		done
	done
	lab_down
}
bulk_steps() { echo $((TRIALS * 2 * ${#BULKS[@]})); }

# ---- All -----------------------------------------------------------------------------------

bench_begin datapath "The data path"
steps=0
for part in programs packets bulk; do
	! has_part "$part" || { "${part}_tables"; steps=$((steps + $("${part}_steps"))); }
done
bench_plan "$steps"
for part in programs packets bulk; do
	! has_part "$part" || "$part"
done
bench_end
