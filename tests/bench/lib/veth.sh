# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Networks of veth pairs, in which what a forwarder costs is not hidden by a link's rate. A world has a
# forwarder of its own, and all worlds stand at once, so that their turns can alternate.
#
#     c-WORLD --10.77.1.0/24-- r-WORLD --10.77.2.0/24-- s-WORLD      two arms
#     c-WORLD --10.77.1.0/24-- r-WORLD                               one arm: the server's network lies behind c
#
# A world's name has at most 8 letters: interfaces are called to-r-WORLD.
# shellcheck disable=SC2034 # the lab's library reads the LAB_ variables

# What a world's client sends to, what arrives, and by which program it is counted: the functions below set them.
declare -A WORLD_SENT WORLD_SEEN WORLD_COUNTER WORLD_ARMS

VETH_RELAY=10.77.1.2      # towards the client
VETH_CLIENT=10.77.1.1
VETH_SERVER=10.77.2.1
VETH_RELAY_OUT=10.77.2.2  # towards the server, where that is another interface
VETH_PORT=7000            # of the server
VETH_NAT_PORT=7999        # of a kernel's NAT on the relay

# veth_begin: no world yet.
veth_begin() {
	LAB_LINKS=() LAB_ROUTES=() LAB_RULES=() LAB_ROUTERS=() LAB_RELAYS=() LAB_CLIENTS=()
	LAB_EMULATOR=veth LAB_DETOUR=0 LAB_NAT=""
}

# world_add WORLD ARMS [router|detour]: the relay's host forwards, or runs detour-fwd.
world_add() {
	LAB_LINKS+=("$1-in c-$1 r-$1 1 0")
	LAB_ROUTES+=("c-$1 default $1-in")
	WORLD_ARMS[$1]=$2
	case "$2" in
	1) LAB_ROUTES+=("r-$1 2 $1-in") ;;
	2) LAB_LINKS+=("$1-out s-$1 r-$1 2 0") LAB_ROUTES+=("s-$1 default $1-out") ;;
	esac
	case "${3:-}" in
	router) LAB_ROUTERS+=("r-$1") ;;
	detour) LAB_RELAYS+=("r-$1") ;;
	esac
}

# The links, when topology_up makes them.
veth_start() {
	local link a b
	for link in "${LAB_LINKS[@]}"; do
		read -r _ a b _ <<<"$link"
		ip -n "$(lab_netns "$a")" link add "to-$b" type veth peer "to-$a" netns "$(lab_netns "$b")"
		lab_ip "$a" link set "to-$b" up
		lab_ip "$b" link set "to-$a" up
	done
}

# veth_up: all the worlds that were added. With one arm a router would tell the client of a shorter way: it does not.
veth_up() {
	local link a b
	lab_make
	for link in "${LAB_LINKS[@]}"; do
		read -r _ a b _ <<<"$link"
		lab_exec "$b" sysctl -qw net.ipv4.conf.all.send_redirects=0 "net.ipv4.conf.to-$a.send_redirects=0"
	done
	[ ${#LAB_RELAYS[@]} = 0 ] || pki_get >"$LAB_DIR/log/pki" 2>&1 || bench_die "certificates: $(cat "$LAB_DIR/log/pki")"
}

# world_out WORLD: the relay's address that the server sees, where it translates.
world_out() { if [ "${WORLD_ARMS[$1]}" = 1 ]; then echo "$VETH_RELAY"; else echo "$VETH_RELAY_OUT"; fi; }

# ---- Forwarders: each makes one of WORLD's relay -------------------------------------------------

world_needs() { # COMMAND PACKAGE
	command -v "$1" >/dev/null || { echo "no $1 here; Debian has it as $2"; return 1; }
}

# What has no translation: the client sends to the server.
world_plain() { # WORLD COUNTER
	WORLD_SENT[$1]=$VETH_SERVER:$VETH_PORT
	WORLD_SEEN[$1]=$VETH_CLIENT,$VETH_SERVER:$VETH_PORT
	WORLD_COUNTER[$1]=$2
}

world_translated() { # WORLD COUNTER PORT
	WORLD_SENT[$1]=$VETH_RELAY:$3
	WORLD_SEEN[$1]=$(world_out "$1"),$VETH_SERVER:$VETH_PORT
	WORLD_COUNTER[$1]=$2
}

world_route() { world_plain "$1" tc; }

# A packet in the middle of a connection opens it in conntrack's table, as after a restart.
world_nftables() {
	lab_exec "r-$1" nft -f - <<-END || return 1
		table ip nat {
			chain in {
				type nat hook prerouting priority dstnat
				ip daddr $VETH_RELAY tcp dport $VETH_NAT_PORT dnat to $VETH_SERVER:$VETH_PORT
			}
			chain out { type nat hook postrouting priority srcnat; masquerade; }
		}
	END
	world_conntrack "$1"
}

world_iptables() {
	world_needs iptables iptables || return 1
	lab_exec "r-$1" iptables -t nat -A PREROUTING -d "$VETH_RELAY" -p tcp --dport "$VETH_NAT_PORT" \
		-j DNAT --to-destination "$VETH_SERVER:$VETH_PORT" &&
		lab_exec "r-$1" iptables -t nat -A POSTROUTING -j MASQUERADE && world_conntrack "$1"
}

world_conntrack() {
	lab_exec "r-$1" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1 net.netfilter.nf_conntrack_tcp_be_liberal=1
	world_translated "$1" tc "$VETH_NAT_PORT"
}

# world_detour WORLD MODE: the lease is asked for by MProxy, since no agent is to be in the way, and only once.
world_detour() {
	local node=r-$1 port
	relay_config "$node" "MProxy=10.77.1.0/24" "Accept=any" "[limits]" "FlowsPerClient=0" "NewFlowsPerSecond=0" "[timeouts]" "LeaseGrace=1h" >"$LAB_DIR/$node.conf"
	LAB_MODE=$2
	relay_start "$node" || bench_die "detour-fwd on $node: $(tail "$LAB_DIR/log/$node")"
	port=$(lab_exec "c-$1" timeout 5 /usr/bin/python3 "$LAB_ROOT/tests/e2e/mproxy_client.py" "$VETH_RELAY" "$VETH_SERVER" "$VETH_PORT") ||
		bench_die "no lease from $node: $port; $(tail "$LAB_DIR/log/$node")"
	port=${port##* }
	[ "$port" -gt 0 ] || bench_die "no lease from $node"
	case "$2" in
	xdp) world_translated "$1" xdp "$port" ;;
	*) world_translated "$1" tc "$port" ;;
	esac
}
