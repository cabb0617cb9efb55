# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Detour in the lab: certificates, configurations, relays and agents.

LAB_MODE=auto # of the relays: auto, xdp, xdp-generic, tc

pki() { "$LAB_BUILD/detour-pki" --dir "$LAB_DIR/pki" "$@"; }

pki_make() {
	local node
	pki ca
	for node in "${LAB_RELAYS[@]}"; do
		pki relay "$node" --address "$(lab_addr4 "$node")" --address "$(lab_addr6 "$node")"
	done
	for node in "${LAB_CLIENTS[@]}"; do pki client "$node"; done
}

# The same hosts get the same certificates where LAB_PKI_CACHE names a folder to keep them in.
pki_get() {
	local kept=${LAB_PKI_CACHE:-}/${LAB_RELAYS[*]}.${LAB_CLIENTS[*]}
	[ -z "${LAB_PKI_CACHE:-}" ] || [ ! -d "$kept" ] || { cp -r "$kept" "$LAB_DIR/pki"; return; }
	pki_make || return
	[ -z "${LAB_PKI_CACHE:-}" ] || { mkdir -p "$LAB_PKI_CACHE" && cp -r "$LAB_DIR/pki" "$kept.new" && mv "$kept.new" "$kept"; }
}

# relay_config NODE [LINE...]: fwd.conf; the lines come last, in section [relay] or their own.
relay_config() {
	local node=$1
	shift
	cat <<-END
		[relay]
		CA=$LAB_DIR/pki/ca.crt
		Cert=$LAB_DIR/pki/$node.crt
		Key=$LAB_DIR/pki/$node.key
		CRL=$LAB_DIR/pki/crl.pem
		Allow=10.77.2.0/24, fd77:2::/64
	END
	[ $# = 0 ] || printf '%s\n' "$@"
}

# agent_config NODE [LINE...]: agent.conf; the lines come in section [agent].
agent_config() {
	local node=$1 relay
	shift
	cat <<-END
		[agent]
		CA=$LAB_DIR/pki/ca.crt
		Cert=$LAB_DIR/pki/$node.crt
		Key=$LAB_DIR/pki/$node.key
	END
	[ $# = 0 ] || printf '%s\n' "$@"
	for relay in "${LAB_RELAYS[@]}"; do
		cat <<-END

			[relay $relay]
			Address=$(lab_addr4 "$relay"):45672, [$(lab_addr6 "$relay")]:45672
		END
	done
}

config_make() {
	local node
	for node in "${LAB_RELAYS[@]}"; do relay_config "$node" >"$LAB_DIR/$node.conf"; done
	for node in "${LAB_CLIENTS[@]}"; do agent_config "$node" >"$LAB_DIR/$node.conf"; done
}

# relay_interfaces NODE: all that it has, by name.
relay_interfaces() {
	local link a b
	for link in "${LAB_LINKS[@]}"; do
		read -r _ a b _ <<<"$link"
		[ "$b" != "$1" ] || echo "to-$a"
	done
}

bpffs_mount() {
	mkdir -p "$LAB_DIR/bpf/$1"
	mountpoint -q "$LAB_DIR/bpf/$1" || mount -t bpf "detour-$LAB_ID" "$LAB_DIR/bpf/$1"
}

bpffs_unmount_all() {
	local dir
	for dir in "$LAB_DIR"/bpf/*; do
		! mountpoint -q "$dir" || umount "$dir" || umount -l "$dir"
	done
}

# fwd NODE ARGS..., agent NODE ARGS...: the programs with the node's instance, directories, configuration.
fwd() {
	local node=$1 command=$2
	shift 2
	lab_exec "$node" "$LAB_BUILD/detour-fwd" "$command" "$@" --config "$LAB_DIR/$node.conf" \
		--instance "$node" --bpffs "$LAB_DIR/bpf/$node" --run-dir "$LAB_DIR/run"
}

agent() {
	local node=$1 command=$2
	shift 2
	lab_exec "$node" "$LAB_BUILD/detour-agent" "$command" "$@" --config "$LAB_DIR/$node.conf" \
		--instance "$node" --run-dir "$LAB_DIR/run"
}

# relay_start NODE [NAME]: NAME is the process's, for a second daemon that takes over.
relay_start() {
	local node=$1 name=${2:-$1} interfaces
	mapfile -t interfaces < <(relay_interfaces "$node")
	bpffs_mount "$node"
	lab_spawn_in "$node" "$name" "$LAB_BUILD/detour-fwd" load "${interfaces[@]}" --mode "$LAB_MODE" \
		--config "$LAB_DIR/$node.conf" --instance "$node" --bpffs "$LAB_DIR/bpf/$node" \
		--run-dir "$LAB_DIR/run"
	lab_wait 10 up_or_dead "$name" relay_serves "$node" "$name" && lab_alive "$name"
}

# up_or_dead NAME COMMAND...: the command succeeds, or that process has ended: no use to wait longer.
up_or_dead() { lab_dead "$1" || "${@:2}"; }

relay_serves() { fwd "$1" status --json | grep -q '"pid": *'"$(lab_pid "${2:-$1}")"; }

# The systemd unit's capabilities, as words for setpriv(1).
agent_rights() {
	sed -n 's/^CapabilityBoundingSet=//p' "$LAB_ROOT/packaging/systemd/detour-agent.service.in" | tr '[:upper:]' '[:lower:]' |
		sed 's/cap_/+/g; s/ /,/g; s/^/-all,/'
}

# With no more rights than the unit has.
agent_start() {
	lab_spawn_in "$1" "$1" setpriv --bounding-set "$(agent_rights)" --inh-caps -all --no-new-privs \
		"$LAB_BUILD/detour-agent" run --config "$LAB_DIR/$1.conf" \
		--instance "$1" --run-dir "$LAB_DIR/run"
	lab_wait 10 up_or_dead "$1" agent_serves "$1" && lab_alive "$1"
}

agent_serves() { agent "$1" status --json; }

# agent_connected NODE: to all relays, by all addresses.
agent_connected() { agent "$1" relays --json | jq -e '.relays | length > 0 and all(.state == "up")'; }

detour_up() {
	local node
	pki_get >"$LAB_DIR/log/pki" 2>&1 || lab_die "certificates: $(cat "$LAB_DIR/log/pki")"
	config_make
	for node in "${LAB_RELAYS[@]}"; do
		relay_start "$node" || lab_die "detour-fwd on $node: $(tail "$LAB_DIR/log/$node")"
	done
}

agents_up() {
	local node
	for node in "${LAB_CLIENTS[@]}"; do
		agent_start "$node" || lab_die "detour-agent on $node: $(tail "$LAB_DIR/log/$node")"
		lab_wait 10 agent_connected "$node" || lab_die "no channel: $(tail "$LAB_DIR/log/$node")"
	done
}
