# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Labs for the measurements of scale: hosts joined by plain veth pairs, for the link emulator would cost more than
# what is measured.
# shellcheck disable=SC2034 # the lab's library reads the LAB_ variables

SCALE_BIN=$LAB_BUILD/tests/bench
SCALE_IDENTITIES=(one two three four) # a relay takes 64 channels of each
SCALE_ADDRESSES=100                   # of the client, from SCALE_CLIENT on
SCALE_CLIENT=10.77.1.100
CORE_RELAY=0 CORE_CLIENT=$(($(nproc) > 1))

calc() { awk "BEGIN { printf \"%.4f\", $1 }"; }
now() { echo "${EPOCHREALTIME/[.,]/}"; } # us

# The lab's emulator of links that emulates nothing.
veth_start() {
	local link a b
	for link in "${LAB_LINKS[@]}"; do
		read -r _ a b _ <<<"$link"
		lab_ip "$a" link add "to-$b" type veth peer "to-$a" netns "$(lab_netns "$b")"
		lab_ip "$a" link set "to-$b" up
		lab_ip "$b" link set "to-$a" up
	done
}

scale_make() {
	lab_down
	LAB_EMULATOR=veth LAB_DETOUR=0 LAB_RELAYS=(relay) LAB_NAT=""
	LAB_PKI_CACHE=$BENCH_WORK/pki
	lab_make
	pki_get >"$LAB_DIR/log/pki" 2>&1 || lab_die "certificates: $(cat "$LAB_DIR/log/pki")"
}

# Client and server at two arms of the relay; what comes to the server is dropped there at once.
scale_two_arms() {
	LAB_LINKS=("in client relay 1 0" "out relay server 2 0")
	LAB_ROUTES=("relay default out") LAB_RULES=() LAB_ROUTERS=("$@")
	LAB_CLIENTS=("${SCALE_IDENTITIES[@]}")
	scale_make
	local i batch=""
	for ((i = 0; i < SCALE_ADDRESSES; i++)); do batch+="addr add ${SCALE_CLIENT%.*}.$((${SCALE_CLIENT##*.} + i))/24 dev to-relay"$'\n'; done
	lab_ip client -batch - <<<"$batch"
	lab_exec server nft -f - <<-END
		table netdev sink {
			chain in { type filter hook ingress device "to-relay" priority 0; ip protocol tcp drop; }
		}
	END
}

# scale_relay LINE...: the daemon, on its core; the lines come into its configuration.
scale_relay() {
	relay_config relay MaxLeases=400000 "$@" >"$LAB_DIR/relay.conf"
	relay_start relay || lab_die "detour-fwd: $(tail "$LAB_DIR/log/relay")"
	on_core "$CORE_RELAY" relay
}

on_core() { taskset -pc "$1" "$(lab_pid "$2")" >/dev/null; }

status() { fwd relay status --json | jq "$1"; }
status_is() { fwd relay status --json | jq -e "$1"; }

# cpu_ns NAME: what the process has had of the processors.
cpu_ns() { local ns; read -r ns _ <"/proc/$(lab_pid "$1")/schedstat" && echo "$ns"; }
rss_mib() { calc "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(lab_pid "$1")/status") / 1024"; }

# wait_for SECONDS WHAT COMMAND...: or the part ends. Asks rarely: an answer costs what is measured some time.
wait_for() {
	local end=$((SECONDS + $1 * LAB_SLOW))
	until "${@:3}" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || bench_die "waited $1 s in vain for: $2"
		sleep 0.2
	done
}

# client_run PROGRAM PORT PROCESS ARGS...: a program of the channel's benchmarks against what listens there.
client_words() {
	CLIENT_WORDS=("$SCALE_BIN/$1" "$(lab_addr4 relay):$2" "$(lab_pid "$3")" "$LAB_DIR/pki"
		"$(IFS=,; echo "${SCALE_IDENTITIES[*]}")" "$SCALE_CLIENT" "$SCALE_ADDRESSES" "${@:4}")
}
client_run() {
	client_words "$@"
	lab_exec client taskset -c "$CORE_CLIENT" "${CLIENT_WORDS[@]}" || bench_die "$1 failed"
}

# client_spawn NAME PROGRAM PORT PROCESS ARGS...: in the background, on any core.
client_spawn() {
	client_words "${@:2}"
	lab_spawn_in client "$1" "${CLIENT_WORDS[@]}"
}
