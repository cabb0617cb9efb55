#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# WireGuard as a second uplink: the client's tunnel ends at r3. The tunnel's subflow, the direct one and a
# detour carry the same connection.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../../tests/e2e/lib.sh"

TUNNEL_MTU=1420

# wireguard_end NODE HOST PEER-ENDPOINT: wg0 there, 10.77.50.HOST and fd77:50::HOST.
wireguard_end() {
	lab_ip "$1" link add wg0 mtu "$TUNNEL_MTU" type wireguard
	lab_exec "$1" wg set wg0 listen-port 51820 private-key "$LAB_DIR/$1.wg"
	lab_ip "$1" addr add "10.77.50.$2/24" dev wg0
	lab_ip "$1" addr add "fd77:50::$2/64" dev wg0 nodad
	lab_ip "$1" link set wg0 up
}

wireguard_peer() { # NODE PEER [ENDPOINT]
	lab_exec "$1" wg set wg0 peer "$(wg pubkey <"$LAB_DIR/$2.wg")" allowed-ips 0.0.0.0/0,::/0 ${3:+endpoint "$3" persistent-keepalive 5}
}

wireguard_up() {
	local node
	for node in client r3; do wg genkey >"$LAB_DIR/$node.wg"; done
	wireguard_end client 2
	wireguard_end r3 1
	wireguard_peer client r3 10.77.3.1:51820
	wireguard_peer r3 client
	lab_ip r1 route add 10.77.50.0/24 via 10.77.13.2
	lab_ip r1 -6 route add fd77:50::/64 via fd77:13::2
	lab_ip r2 route add 10.77.50.0/24 via 10.77.23.1
	lab_ip r2 -6 route add fd77:50::/64 via fd77:23::1
	lab_ip client route add default dev wg0 table 50
	lab_ip client rule add from 10.77.50.2 table 50
	lab_ip client -6 route add default dev wg0 table 50
	lab_ip client -6 rule add from fd77:50::2 table 50
}

carried() { # NAME ADDRESS
	# shellcheck disable=SC2016 # jq's variables
	transfer_report "$1" '[.subflows[] | select(.remote | contains($from)) | .received] | add // 0' --arg from "$2"
}
direct() { if [ "$1" = 4 ]; then lab_addr4 client; else lab_addr6 client; fi; }
carries() { echo "$(carried "$1" "$2") bytes"; [ "$(carried "$1" "$2")" -ge 300000 ]; }

lab --no-agent
check "a tunnel from the client to r3" wireguard_up
check "it carries" lab_exec client ping -c 3 -i 0.2 -W 5 -I 10.77.50.2 "$(lab_addr4 server)"
agent_config client Subflows=1 "[uplink to-r1]" "[uplink wg0]" >"$LAB_DIR/client.conf"
agents_up
uplinks() { agent client relays --json | jq -e '[.relays[] | select(.state == "up") | .local] | length == 4'; }
check "a channel by each uplink, in each family" sees 10 uplinks

transfer_file 10
for family in 4 6; do
	tunnel=10.77.50.2 relay=$(lab_addr4 relay)
	[ $family = 4 ] || tunnel=fd77:50::2 relay=$(lab_addr6 relay)
	check "v$family: transfer" transfer "wg$family" $family
	check "v$family: whole" transfer_whole "wg$family"
	check "v$family: the direct subflow carries" carries "wg$family" "$(direct $family)"
	check "v$family: the tunnel's carries" carries "wg$family" "$tunnel"
	check "v$family: the relay's carries" carries "wg$family" "$relay"
done
check "the relay dropped nothing" [ "$(drops relay)" = "[]" ]
finish
