# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The lab's hosts and links: network namespaces joined by the link emulator.
#
#     client --20-- r1 --10-- r2 --20-- server        Mbit/s; 5 ms one way a link, 100 kB queues
#                    \        /
#                    10      10
#                      \    /
#                        r3 --20-- relay
#
# Link number N is 10.77.N.0/24 and fd77:N::/64; its first node is .1, its second .2. The client's
# packets to the relay go r1, r3; the relay's to the server r3, r2.
#
# Functions read and write the LAB_* variables below, which `lab_save` keeps in the state directory.

LAB_DIR=""        # state: hosts, pids, logs, certificates, configurations, bpffs mounts
LAB_ID=""         # in the names of the namespaces
LAB_LINKS=()      # "NAME NODE NODE NUMBER RATE"
LAB_ROUTES=()     # "NODE NUMBER|default LINK": by that link's other end
LAB_RULES=()      # "NODE LINK": what has that link's address there leaves by it
LAB_ROUTERS=()    # nodes that forward
LAB_RELAYS=()     # nodes that run detour-fwd
LAB_CLIENTS=()    # nodes that run detour-agent
LAB_NAT=""        # set: the clients stand behind a masquerade
LAB_DELAY=5ms LAB_QUEUE=100kB LAB_SEED=1
LAB_EMULATOR=${LAB_EMULATOR:-linkem} # of the links: linkem, or netem (netem.sh) where the kernel has it
LAB_SETTINGS=()   # "LINK KEY=VALUE", over the above

lab_die() { echo "lab: $*" >&2; exit 1; }

# ---- What there is -------------------------------------------------------------------------

topology_base() {
	LAB_LINKS=("access r1 client 1 20mbit" "direct r1 r2 12 10mbit" "exit r2 server 2 20mbit"
		"near r1 r3 13 10mbit" "far r3 r2 23 10mbit" "relay r3 relay 3 20mbit")
	LAB_ROUTES=("client default access" "server default exit" "relay default relay"
		"r1 2 direct" "r1 3 near" "r2 1 direct" "r2 3 far" "r3 1 near" "r3 2 far")
	LAB_RULES=()
	LAB_ROUTERS=(r1 r2 r3)
	LAB_RELAYS=(relay)
	LAB_CLIENTS=(client)
}

# The relay's way to the server is an interface of its own.
topology_two_armed() {
	LAB_LINKS+=("arm r2 relay 32 20mbit")
	LAB_ROUTES+=("relay 2 arm")
}

topology_second_relay() {
	LAB_LINKS+=("relay2 r3 relay2 4 20mbit")
	LAB_ROUTES+=("relay2 default relay2" "r1 4 near" "r2 4 far")
	LAB_RELAYS+=(relay2)
}

# The client has an interface at r3 too, to-r3, with source routing as an administrator would set it up.
topology_second_uplink() {
	LAB_LINKS+=("access2 r3 client 5 10mbit")
	LAB_ROUTES+=("r1 5 near" "r2 5 far")
	LAB_RULES+=("client access2")
}

# Clients 1..N behind `nat`, which has the client's place and address at r1.
topology_nat() {
	local n client
	LAB_NAT=1 LAB_CLIENTS=()
	LAB_LINKS[0]="access r1 nat 1 20mbit"
	LAB_ROUTES[0]="nat default access"
	LAB_ROUTERS+=(nat)
	for ((n = 1; n <= $1; n++)); do
		client=client; [ "$n" = 1 ] || client=client$n
		LAB_CLIENTS+=("$client")
		LAB_LINKS+=("lan$n nat $client $((100 + n)) 0")
		LAB_ROUTES+=("$client default lan$n")
	done
}

# ---- Names and addresses -------------------------------------------------------------------

lab_netns() { echo "detour-$LAB_ID-$1"; }

lab_nodes() {
	local link a b
	for link in "${LAB_LINKS[@]}"; do
		read -r _ a b _ <<<"$link"
		printf '%s\n%s\n' "$a" "$b"
	done | sort -u
}

# lab_link LINK: its row.
lab_link() {
	local link
	for link in "${LAB_LINKS[@]}"; do
		[ "${link%% *}" != "$1" ] || { echo "$link"; return; }
	done
	lab_die "no link '$1'"
}

# lab_addr4 NODE, lab_addr6 NODE: the address on the node's first link.
lab_addr4() { lab_addr "$1" 10.77.%d.%d; }
lab_addr6() { lab_addr "$1" fd77:%d::%d; }
lab_addr() {
	local link a b number
	for link in "${LAB_LINKS[@]}"; do
		read -r _ a b number _ <<<"$link"
		# shellcheck disable=SC2059 # the format is the address family
		case "$1" in
		"$a") printf "$2\n" "$number" 1; return ;;
		"$b") printf "$2\n" "$number" 2; return ;;
		esac
	done
	lab_die "no node '$1'"
}

# lab_access: the node whose address the server sees the client by.
lab_access() { if [ -n "$LAB_NAT" ]; then echo nat; else echo client; fi; }

# lab_exec NODE COMMAND...: in the node's network namespace, with everything else as it is.
lab_exec() {
	local node=$1
	shift
	nsenter --net="/run/netns/$(lab_netns "$node")" -- "$@"
}

# lab_ip NODE ARGS...: ip(8) there.
lab_ip() {
	local node=$1
	shift
	ip -n "$(lab_netns "$node")" "$@"
}

# While a lab is being made, ip's commands are collected, one call a node and family then: processes cost
# time. FAMILY is -4 or -6.
declare -A IP_LATER
ip_later() { IP_LATER["$1 $2"]+="${*:3}"$'\n'; } # FAMILY NODE ARGS...

ip_now() {
	local key
	for key in "${!IP_LATER[@]}"; do lab_ip "${key#* }" "${key% *}" -batch - <<<"${IP_LATER[$key]}"; done
	IP_LATER=()
}

# ---- Making it -----------------------------------------------------------------------------

node_create() {
	local node=$1 forward=0
	[[ " ${LAB_ROUTERS[*]} " != *" $node "* ]] || forward=1
	ip netns add "$(lab_netns "$node")"
	ip_later -4 "$node" link set lo up
	lab_exec "$node" sysctl -qw net.ipv4.ip_forward=$forward net.ipv6.conf.all.forwarding=$forward \
		net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.accept_ra=0 net.mptcp.enabled=1
}

# link_settings ROW: its own settings over the lab's, with commas; of a key that is there twice the last counts.
link_settings() {
	local name rate setting settings
	read -r name _ _ _ rate <<<"$1"
	settings=rate=$rate
	[ "$rate" != 0 ] || settings+=,delay=0,queue=0 # a LAN that costs nothing
	for setting in "${LAB_SETTINGS[@]}"; do
		[ "${setting% *}" != "$name" ] || settings+=,${setting#* }
	done
	echo "$settings"
}

links_start() { "${LAB_EMULATOR}_start"; }

linkem_start() {
	local link name a b words=()
	for link in "${LAB_LINKS[@]}"; do
		read -r name a b _ <<<"$link"
		words+=("$name,$(lab_netns "$a")/to-$b,$(lab_netns "$b")/to-$a,$(link_settings "$link")")
	done
	lab_spawn linkem "$LAB_BUILD/linkem" --control "$LAB_DIR/linkem.sock" --delay "$LAB_DELAY" \
		--queue "$LAB_QUEUE" --seed "$LAB_SEED" "${words[@]}"
	lab_wait 10 grep -q ready "$LAB_DIR/log/linkem" || lab_die "the link emulator: $(cat "$LAB_DIR/log/linkem")"
}

link_address() {
	local a b number
	read -r _ a b number _ <<<"$1"
	ip_later -4 "$a" addr add "10.77.$number.1/24" dev "to-$b"
	ip_later -6 "$a" addr add "fd77:$number::1/64" dev "to-$b" nodad
	ip_later -4 "$b" addr add "10.77.$number.2/24" dev "to-$a"
	ip_later -6 "$b" addr add "fd77:$number::2/64" dev "to-$a" nodad
}

route_add() {
	local node to link a b number host=1 to4=default to6=default
	read -r node to link <<<"$1"
	read -r _ a b number _ <<<"$(lab_link "$link")"
	[ "$node" = "$b" ] || host=2
	[ "$to" = default ] || { to4=10.77.$to.0/24 to6=fd77:$to::/64; }
	ip_later -4 "$node" route add "$to4" via "10.77.$number.$host"
	ip_later -6 "$node" route add "$to6" via "fd77:$number::$host"
}

# rule_add ROW: the table has the link's number.
rule_add() {
	local node link a number gateway=1
	read -r node link <<<"$1"
	read -r _ a _ number _ <<<"$(lab_link "$link")"
	[ "$node" != "$a" ] || gateway=2
	ip_later -4 "$node" route add default via "10.77.$number.$gateway" table "$number"
	ip_later -4 "$node" rule add from "10.77.$number.0/24" table "$number"
	ip_later -6 "$node" route add default via "fd77:$number::$gateway" table "$number"
	ip_later -6 "$node" rule add from "fd77:$number::/64" table "$number"
}

nat_start() {
	lab_exec nat nft -f - <<-END
		table inet nat {
			chain out { type nat hook postrouting priority srcnat; oifname "to-r1" masquerade; }
		}
	END
}

topology_up() {
	local item
	for item in $(lab_nodes); do node_create "$item"; done
	links_start
	for item in "${LAB_LINKS[@]}"; do link_address "$item"; done
	for item in "${LAB_ROUTES[@]}"; do route_add "$item"; done
	for item in "${LAB_RULES[@]}"; do rule_add "$item"; done
	ip_now
	[ -z "$LAB_NAT" ] || nat_start
}

topology_down() {
	local node
	for node in $(lab_nodes); do
		ip netns delete "$(lab_netns "$node")" 2>/dev/null || true
	done
}

# ---- Links of a standing lab ---------------------------------------------------------------

# lab_links COMMAND...: "cut LINK", "restore LINK", "set LINK KEY=VALUE"; linkem also has "stats".
lab_links() { "${LAB_EMULATOR}_call" "$@"; }
linkem_call() { "$LAB_BUILD/linkem" --control "$LAB_DIR/linkem.sock" --call "$*"; }

# lab_listens NODE PORT: someone there listens on that TCP port.
lab_listens() { [ -n "$(lab_exec "$1" ss -Hltn "sport = :$2")" ]; }
