# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The lab's links by the kernel's own emulator, in place of linkem: veth pairs, on each end netem for delay and
# loss, below it tbf for rate and queue. LAB_EMULATOR=netem asks for it.
#
# XDP's frames pass by the qdiscs of the interface that sends them (they go straight to the other end), so an
# XDP relay's own link is not shaped on the way out; the links behind it are.

NETEM_BURST=3000 # bytes: two frames

# netem_settings ROW: RATE, DELAY, LOSS, QUEUE of a link.
netem_settings() {
	local assignment settings
	DELAY=$LAB_DELAY LOSS=0% QUEUE=$LAB_QUEUE
	settings=$(link_settings "$1")
	for assignment in ${settings//,/ }; do
		case "$assignment" in
		rate=*) RATE=${assignment#*=} ;;
		delay=*) DELAY=${assignment#*=} ;;
		loss=*) LOSS=${assignment#*=} ;;
		queue=*) QUEUE=${assignment#*=} ;;
		*) lab_die "netem knows no setting '$assignment'" ;;
		esac
	done
}

# netem_shape NODE INTERFACE: by RATE, DELAY, LOSS, QUEUE.
netem_shape() {
	local where=(dev "$2") words=(limit 100000)
	[ "$DELAY" = 0 ] || words+=(delay "$DELAY")
	[ "$LOSS" = 0% ] || words+=(loss "$LOSS")
	lab_exec "$1" tc qdisc replace "${where[@]}" root handle 1: netem "${words[@]}" || lab_die "no netem on $1"
	[ "$RATE" = 0 ] || lab_exec "$1" tc qdisc replace "${where[@]}" parent 1: handle 2: \
		tbf rate "${RATE/mbit/Mbit}" burst "$NETEM_BURST" limit "$(netem_bytes "$QUEUE")" || lab_die "no tbf on $1"
}

netem_bytes() { if [[ $1 = *kB ]]; then echo $((${1%kB} * 1000)); else echo "$1"; fi; }

# Frames as a wire has them: none larger than the MTU, checksums complete. With GRO on, XDP may send to the
# interface (the kernel's veth_xdp_xmit() wants the other end to poll).
netem_link() { # ROW
	local a b end
	read -r _ a b _ <<<"$1"
	ip -n "$(lab_netns "$a")" link add "to-$b" type veth peer "to-$a" netns "$(lab_netns "$b")"
	netem_settings "$1"
	for end in "$a to-$b" "$b to-$a"; do
		# shellcheck disable=SC2086 # node and interface
		set -- $end
		lab_exec "$1" ethtool -K "$2" tx off tso off gso off gro on >/dev/null || lab_die "ethtool on $1"
		[[ " ${LAB_RELAYS[*]} " != *" ${2#to-} "* ]] ||
			lab_ip "$1" link set "$2" xdp object "$LAB_BUILD/tests/lab/pass.bpf.o" section xdp || lab_die "no XDP program on $1"
		lab_ip "$1" link set "$2" up
		netem_shape "$1" "$2"
	done
}

netem_start() {
	local link
	for link in "${LAB_LINKS[@]}"; do netem_link "$link"; done
}

# netem_call cut LINK | restore LINK | set LINK KEY=VALUE: as linkem's.
netem_call() {
	local command=$1 row a b
	row=$(lab_link "$2") || return
	read -r _ a b _ <<<"$row"
	case "$command" in
	set) LAB_SETTINGS+=("$2 $3"); lab_save ;;
	cut | restore) ;;
	*) echo "netem has no command '$command'" >&2; return 1 ;;
	esac
	netem_settings "$row"
	[ "$command" != cut ] || LOSS=100%
	netem_shape "$a" "to-$b"
	netem_shape "$b" "to-$a"
}
