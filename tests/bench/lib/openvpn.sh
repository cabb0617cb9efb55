# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A tunnel from the lab's client to the relay's host by OpenVPN over UDP, without cipher and authentication: the thesis's other
# detour. The relay's host forwards what comes out of it, with its own address.

OPENVPN_CLIENT=10.88.0.2 OPENVPN_RELAY=10.88.0.1
OPENVPN_DEVICE=vpn
OPENVPN_TABLE=88 # of routes, for what has the tunnel's address

openvpn_end() { # NODE LOCAL REMOTE OPTION...
	lab_spawn_in "$1" "openvpn-$1" openvpn --dev $OPENVPN_DEVICE --dev-type tun --proto udp --ifconfig "$2" "$3" --ping 5 --verb 1 \
		"${@:4}"
}

openvpn_device_up() { lab_ip "$1" -j link show dev $OPENVPN_DEVICE up | jq -e 'length > 0'; }
openvpn_answers() { lab_exec client ping -c 1 -W 1 -I $OPENVPN_CLIENT $OPENVPN_RELAY; }

openvpn_up() {
	local node
	openvpn_end relay $OPENVPN_RELAY $OPENVPN_CLIENT
	openvpn_end client $OPENVPN_CLIENT $OPENVPN_RELAY --remote "$(lab_addr4 relay)"
	for node in relay client; do
		lab_wait 10 openvpn_device_up $node || bench_die "openvpn on $node: $(tail -n 3 "$LAB_DIR/log/openvpn-$node")"
	done
	lab_exec relay sysctl -qw net.ipv4.ip_forward=1
	lab_exec relay nft -f - <<-END
		table ip vpn {
			chain out { type nat hook postrouting priority srcnat; ip saddr $OPENVPN_CLIENT masquerade; }
		}
	END
	lab_ip client route add default dev $OPENVPN_DEVICE table $OPENVPN_TABLE
	lab_ip client rule add from $OPENVPN_CLIENT table $OPENVPN_TABLE
	lab_wait 10 openvpn_answers || bench_die "nothing comes through the tunnel: $(tail -n 3 "$LAB_DIR"/log/openvpn-*)"
}
