#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The kernel's own NAT as the other forwarder: the server sees the same from both.
# shellcheck disable=SC2016,SC2034 # jq's variables; variables of the libraries
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# One relay is detour-fwd, the other nftables (DNAT and masquerade, a router for it); each carries the same
# plain TCP connection to the same server, and the captures at the server are compared.

# relays_up MODE: detour-fwd on relay alone; it takes any TCP, because the comparison is made with that.
relays_up() {
	lab --mode "$1" --second-relay --no-agent
	SERVER4=$(lab_addr4 server) SERVER6=$(lab_addr6 server)
	lab_kill relay2
	fwd relay2 unload
	nft_relay
	relay_config relay "Accept=any" >"$LAB_DIR/relay.conf"
	lab_kill relay
	relay_start relay
	LAB_RELAYS=(relay)
	agent_config client >"$LAB_DIR/client.conf"
	agents_up
}

nft_relay() {
	lab_exec relay2 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	lab_exec relay2 nft -f - <<-END
		table inet nat {
			chain in {
				type nat hook prerouting priority dstnat
				ip daddr $(lab_addr4 relay2) tcp dport 7999 dnat ip to $SERVER4:7000
				ip6 daddr $(lab_addr6 relay2) tcp dport 7999 dnat ip6 to [$SERVER6]:7000
			}
			chain out { type nat hook postrouting priority srcnat; masquerade; }
		}
	END
}

# A lease for server:7000: the agent asks for one when a connection is made.
lease_for() { # FAMILY ADDRESS
	TRANSFER_PORT=7000
	transfer "lease$1" "$1" >/dev/null 2>&1 || true
	lease_port relay "$2"
}

# capture NAME COMMAND...: what the server's link carries meanwhile.
capture() {
	local name=$1 status=0
	shift
	lab_spawn_in server "tcpdump-$name" tcpdump -Z root -i to-r2 -U --immediate-mode -B 16384 -w "$LAB_DIR/$name.pcap" tcp dst port 7000
	lab_wait 5 grep -q listening "$LAB_DIR/log/tcpdump-$name"
	"$@" || status=1
	sleep 0.5
	lab_kill "tcpdump-$name" INT
	return "$status"
}

SINK='
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], 7000), family=family) as listener:
    conn, _ = listener.accept()
    with conn, open(sys.argv[2], "wb") as out:
        while data := conn.recv(65536):
            out.write(data)'
SOURCE='
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family) as conn, open(sys.argv[3], "rb") as file:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    conn.bind(("", 23456))
    conn.connect((sys.argv[1], int(sys.argv[2])))
    conn.sendfile(file)'

# plain RELAY-ADDRESS PORT SERVER: the file over plain TCP, always from the same source port.
plain() {
	rm -f "$LAB_DIR/copy-plain"
	lab_spawn_in server sink timeout 30 python3 -c "$SINK" "$3" "$LAB_DIR/copy-plain"
	lab_wait 5 lab_listens server 7000 || return 1
	lab_exec client timeout 30 python3 -c "$SOURCE" "$1" "$2" "$LAB_DIR/file" || { lab_kill sink; return 1; }
	lab_wait 10 lab_dead sink
}

# digest NAME: without the relay's own address, the only thing in which the two may differ.
digest() {
	python3 "$E2E_HERE/pcap_digest.py" "$LAB_DIR/$1.pcap" 7000 |
		sed "s/$(lab_addr4 relay)\"/RELAY\"/; s/$(lab_addr4 relay2)\"/RELAY\"/; s/$(lab_addr6 relay)\"/RELAY\"/; s/$(lab_addr6 relay2)\"/RELAY\"/"
}
same_digest() {
	digest "$1" | tee "$LAB_DIR/digest-1"
	digest "$2" | tee "$LAB_DIR/digest-2"
	[ -s "$LAB_DIR/digest-1" ] && cmp "$LAB_DIR/digest-1" "$LAB_DIR/digest-2"
}

# compare MODE FAMILY
compare() {
	local server=$SERVER4 detour peer port name="$1 v$2"
	detour=$(lab_addr4 relay) peer=$(lab_addr4 relay2)
	[ "$2" = 4 ] || { server=$SERVER6 detour=$(lab_addr6 relay) peer=$(lab_addr6 relay2); }
	port=$(lease_for "$2" "$detour")
	sleep 0.5
	check "$name: by detour-fwd (port $port)" capture "detour$2" plain "$detour" "$port" "$server"
	check "$name: whole" transfer_whole plain
	check "$name: by nftables" capture "nft$2" plain "$peer" 7999 "$server"
	check "$name: whole" transfer_whole plain
	check "$name: same tuple, options, TTL, bytes" same_digest "detour$2" "nft$2"
	check "$name: checksums right" jq -e '.bad_checksums == 0 and .bytes == 2000000' <(digest "detour$2")
}

for mode in xdp tc; do
	relays_up "$mode"
	transfer_file 2
	for family in 4 6; do compare "$mode" "$family"; done
done
finish
