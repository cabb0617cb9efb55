# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Bulk TCP through a world of veth.sh: what a user would take instead of a relay, and iperf3.

BULK_TUNNEL_RELAY=10.77.9.1 BULK_TUNNEL_CLIENT=10.77.9.2

routed_by_tunnel() { [[ "$(lab_exec "c-$1" ip route get "$VETH_SERVER")" = *tun0* ]]; }

# world_openvpn WORLD: neither cipher nor authentication, over UDP; the relay's host routes what comes out.
world_openvpn() {
	world_needs openvpn openvpn || return 1
	local options=(--dev tun0 --dev-type tun --proto udp --port 1194 --cipher none --auth none --tun-mtu 1472)
	lab_spawn_in "r-$1" "openvpn-r-$1" openvpn "${options[@]}" --ifconfig "$BULK_TUNNEL_RELAY" "$BULK_TUNNEL_CLIENT"
	lab_spawn_in "c-$1" "openvpn-c-$1" openvpn "${options[@]}" --remote "$VETH_RELAY" \
		--ifconfig "$BULK_TUNNEL_CLIENT" "$BULK_TUNNEL_RELAY" --route 10.77.2.0 255.255.255.0
	# The server answers without the tunnel, too: first the route.
	if ! lab_wait 10 routed_by_tunnel "$1" || ! lab_wait 10 lab_exec "c-$1" ping -c 1 -W 1 "$VETH_SERVER"; then
		tail -n 1 "$LAB_DIR/log/openvpn-c-$1"
		return 1
	fi
	world_plain "$1" ""
}

# world_socat WORLD: a relay in userspace; the client's connection ends there, another begins.
world_socat() {
	world_needs socat socat || return 1
	lab_spawn_in "r-$1" "socat-$1" socat -b 262144 "TCP4-LISTEN:$VETH_NAT_PORT,fork,reuseaddr" "TCP4:$VETH_SERVER:$VETH_PORT"
	lab_wait 5 lab_listens "r-$1" "$VETH_NAT_PORT" || return 1
	world_translated "$1" "" "$VETH_NAT_PORT"
}

# bulk_ends WORLD on|off: whether packets may be longer than the MTU on the way from and to the ends. What
# feeds an XDP program over veth must have complete checksums, and XDP can send only to who polls (GRO).
bulk_ends() {
	local end features=(tso "$2" gso "$2" gro on)
	[ "$1" != xdp ] || features=(tx off "${features[@]}")
	for end in c s; do lab_exec "$end-$1" ethtool -K "to-r-$1" "${features[@]}" >/dev/null 2>&1; done
}

bulk_server() {
	lab_spawn_in "s-$1" "iperf3-$1" iperf3 --server --port "$VETH_PORT" --affinity 1
	lab_wait 5 lab_listens "s-$1" "$VETH_PORT" || bench_die "iperf3: $(cat "$LAB_DIR/log/iperf3-$1")"
}

# bulk_run WORLD SECONDS: Gbit/s that arrive at the server. One congestion control for all, if the kernel has it.
bulk_run() {
	local to=${WORLD_SENT[$1]} control=()
	! grep -qw cubic /proc/sys/net/ipv4/tcp_available_congestion_control || control=(--congestion cubic)
	lab_exec "c-$1" timeout $(($2 + 20)) iperf3 --client "${to%:*}" --port "${to#*:}" --time "$2" --affinity 0 \
		"${control[@]}" --json >"$LAB_DIR/iperf3" || bench_die "iperf3 through $1: $(jq -r .error "$LAB_DIR/iperf3")"
	jq '.end.sum_received.bits_per_second / 1e9' "$LAB_DIR/iperf3"
}
