# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Flows by the million: making them by SYNs, the memory, the walk that removes old ones and what it does to others.

FLOWS_COUNTS=$(by_size "10000 100000 1000000" 100000 10000)
FLOWS_LEASES=256 # a server has 17303 source ports of the relay
FLOWS_NFT="nftables DNAT+masquerade"

flows_tables() {
	bench_table new-flows lines "flows/s" "$FLOWS_NFT" "New flows per second from SYNs over veth, generator and veth on the same core, until there are so many"
	bench_table flow-memory lines MiB "" "Memory for so many flows"
	bench_table walk lines ms "" "One walk over all flows, every 10 s"
	bench_table answers bars ms idle "The wait for a lease while the daemon has this to do: 99 % wait less"
	bench_table answers-longest bars ms idle "The same: the longest wait of a few seconds"
	bench_table forwarding none kpps "daemon stopped" "Segments of all flows in random order, one core, generator included"
	bench_table expiry lines s "" "All flows are over at once"
}

flows_steps() { echo $(((3 + 2 * TRIALS) * $(wc -w <<<"$FLOWS_COUNTS"))); }

# frames FLOWS SECONDS: the generator's JSON; 0 seconds: a SYN of each flow.
frames() {
	local mac
	mac=$(lab_ip relay -j link show to-client | jq -r '.[0].address')
	lab_exec client taskset -c "$CORE_CLIENT" "$SCALE_BIN/bench_frames" to-relay "$mac" "$SCALE_CLIENT" "$LAB_DIR/detours" "$1" "$2" ||
		bench_die "bench_frames failed"
}

verdict() { fwd relay stats --json | jq --arg name "$1" '.[] | select(.verdict == $name) | .packets'; }

# ---- The peer ------------------------------------------------------------------------------

conntracks() { lab_exec relay sysctl -n net.netfilter.nf_conntrack_count; }
conntrack_slab_mib() { calc "$(sed -n 's/^nf_conntrack  *\([0-9]*\)  *[0-9]*  *\([0-9]*\).*/\1 * \2/p' /proc/slabinfo) / 1048576"; }

nft_start() {
	local i elements=""
	for ((i = 0; i < FLOWS_LEASES; i++)); do
		echo "$(lab_addr4 relay):$((10000 + i))"
		elements+="$((10000 + i)) : 11.0.0.$i, "
	done >"$LAB_DIR/detours"
	lab_exec relay nft -f - <<-END
		table ip nat {
			map servers { type inet_service : ipv4_addr; elements = { ${elements%, } } }
			chain pre { type nat hook prerouting priority dstnat; iifname "to-client" dnat to tcp dport map @servers; }
			chain post { type nat hook postrouting priority srcnat; oifname "to-server" masquerade; }
		}
	END
}

nft_measure() { # FLOWS TRIAL
	local most made slab result
	bench_step "$1 flows, $FLOWS_NFT"
	most=$(sysctl -n net.netfilter.nf_conntrack_max 2>/dev/null) || most=0
	if [ $((most * 9 / 10)) -lt "$1" ]; then
		[ "$2" != 1 ] || bench_missing "$FLOWS_NFT, $1 flows" "this host's nf_conntrack_max is $most"
		return
	fi
	scale_two_arms relay
	nft_start
	slab=$(conntrack_slab_mib)
	result=$(frames "$1" 0)
	made=$(conntracks)
	[ "$made" -ge $(($1 * 9 / 10)) ] || bench_die "nftables made $made flows of $1"
	bench_value new-flows "$1" "$FLOWS_NFT" "$2" "$(calc "$made / $(jq .seconds <<<"$result")")" "flows/s"
	[ "$2" != 1 ] && return 0
	bench_value flow-memory "$1" "$FLOWS_NFT: conntrack entries without extensions" 1 "$(calc "$(conntrack_slab_mib) - $slab")" MiB
}

# ---- Detour --------------------------------------------------------------------------------

flows_config() { # FLOWS TRANSITORY
	FLOWS_LINES=("MaxFlows=$1" "[limits]" FlowsPerClient=16777216 NewFlowsPerSecond=0 LeasesPerClient=0
		"[timeouts]" Established=2h "Transitory=$2" LeaseGrace=1h)
}

flows_relay() { # FLOWS
	scale_two_arms
	ln -s /dev/null "$LAB_DIR/log/relay" # a line for each flow is written, and not kept
	flows_config "$1" 1h
	scale_relay "${FLOWS_LINES[@]}"
	client_spawn hold bench_asks 45672 relay 1 "$FLOWS_LEASES" "$FLOWS_LEASES" hold
	wait_for 10 "the leases" grep -q '"again"' "$LAB_DIR/log/hold"
	fwd relay leases --json | jq -r '.[].detour' >"$LAB_DIR/detours"
}

# How long a client that asks every few milliseconds waits, until watch_end. It has its channel before anything
# happens, for that may be over soon.
WATCHER=${SCALE_CLIENT%.*}.$((${SCALE_CLIENT##*.} + 1))
watches() { [ -n "$(lab_exec relay ss -Htn state established "dst $WATCHER and sport = :45672")" ]; }
watch_begin() {
	rm -f "$LAB_DIR/log/watch"
	SCALE_CLIENT=$WATCHER client_spawn watch bench_asks 45672 relay 1 1 1 watch
	wait_for 5 "the watcher's channel" watches
	sleep 0.1
}
watch_end() { # FLOWS COLUMN
	lab_kill watch
	bench_value answers "$1" "$2" 1 "$(calc "$(jq .p99_us "$LAB_DIR/log/watch") / 1000")" ms
	bench_value answers-longest "$1" "$2" 1 "$(calc "$(jq .longest_us "$LAB_DIR/log/watch") / 1000")" ms
}

# flows_make FLOWS TRIAL: all of them; what is counted is what the first SYNs made.
flows_make() {
	local pass result
	result=$(frames "$1" 0)
	bench_value new-flows "$1" "Detour (tc)" "$2" "$(calc "$(verdict FORWARD_NEW) / $(jq .seconds <<<"$result")")" "flows/s"
	for ((pass = 0; pass < 3; pass++)); do
		[ "$(verdict FORWARD_NEW)" -lt $(($1 * 999 / 1000)) ] || return 0
		frames "$1" 0 >/dev/null # what was lost on the way to the relay
	done
	[ "$(verdict FORWARD_NEW)" -ge $(($1 * 99 / 100)) ] ||
		bench_die "not all of $1 flows: $(fwd relay stats --json | jq -c '[.[] | select(.packets > 0)]')"
}

# The last of the trials: its flows stay for what comes next.
flows_fill() { # FLOWS
	watch_begin
	sleep "$(by_size 5 2 1)"
	watch_end "$1" idle
	watch_begin
	flows_make "$1" "$TRIALS"
	watch_end "$1" "flows are made"
	bench_value flow-memory "$1" "Detour: all maps" 1 "$(calc "$(status .map_bytes) / 1048576")" MiB
	bench_value flow-memory "$1" "Detour: daemon" 1 "$(rss_mib relay)" MiB
	bench_note "$1 flows: $(verdict LOST_EVENT) starts of flows were not logged, for the daemon was slower than the SYNs"
}

flows_new() { # FLOWS
	local trial
	for ((trial = 1; trial <= TRIALS; trial++)); do
		nft_measure "$1" "$trial"
		bench_step "$1 flows, Detour"
		flows_relay "$1"
		[ "$trial" = "$TRIALS" ] || flows_make "$1" "$trial"
	done
	flows_fill "$1"
}

flows_walk() { # FLOWS
	local scans
	bench_step "$1 flows, the walk"
	scans=$(status .gc.scans)
	watch_begin
	wait_for 120 "two walks over $1 flows" status_is ".gc.scans >= $scans + $(by_size 2 2 1) and .gc.entries >= $(($1 * 198 / 100))"
	watch_end "$1" "walk over all flows"
	bench_value walk "$1" "work of a walk" 1 "$(calc "$(status .gc.busy_us) / 1000")" ms
	bench_value walk "$1" "its longest step" 1 "$(calc "$(status .gc.longest_step_us) / 1000")" ms
}

forwarding_value() { # FLOWS COLUMN TRIAL SECONDS
	local before result sample x=0
	before=$(verdict FORWARD)
	result=$(frames "$1" "$4")
	bench_value forwarding "$1" "$2" "$3" "$(calc "($(verdict FORWARD) - $before) / $(jq .seconds <<<"$result") / 1000")" kpps
	[ "$3" = 1 ] || return 0
	for sample in $(jq '.samples[]' <<<"$result"); do
		bench_point forwarding "$1 flows" "$2" "$(calc "$x / 10")" "$(calc "$sample / 1000")"
		x=$((x + 1))
	done
}

# In turns: each of the daemon's times holds a whole walk where there is time for one.
flows_forwarding() { # FLOWS
	local trial seconds
	seconds=$(by_size 10 6 1)
	bench_step "$1 flows, forwarding"
	for ((trial = 1; trial <= $(by_size 2 1 1); trial++)); do
		kill -STOP "$(lab_pid relay)"
		forwarding_value "$1" "daemon stopped" "$trial" "$(by_size 4 3 1)"
		kill -CONT "$(lab_pid relay)"
		forwarding_value "$1" "daemon on another core" "$trial" "$seconds"
		on_core "$CORE_CLIENT" relay
		forwarding_value "$1" "daemon on the same core" "$trial" "$seconds"
		on_core "$CORE_RELAY" relay
	done
}

# All flows lack their last handshake segment: with a shorter timeout they are over.
flows_expire() { # FLOWS
	local begun cpu
	bench_step "$1 flows, their end"
	flows_config "$1" 1s
	relay_config relay MaxLeases=400000 "${FLOWS_LINES[@]}" >"$LAB_DIR/relay.conf"
	watch_begin
	cpu=$(cpu_ns relay)
	kill -HUP "$(lab_pid relay)"
	wait_for 60 "the first flow's end" status_is '.gc.removed_timeout > 0'
	begun=$(now)
	wait_for 120 "the end of $1 flows" status_is ".gc.removed_timeout >= $(($1 * 99 / 100))"
	bench_value expiry "$1" "until all are gone" 1 "$(calc "($(now) - $begun) / 1000000 + 0.05")" s
	bench_value expiry "$1" "the daemon's processor time" 1 "$(calc "($(cpu_ns relay) - $cpu) / 1000000000")" s
	watch_end "$1" "all flows end"
}

flows_run() {
	local n
	for n in $FLOWS_COUNTS; do
		flows_new "$n"
		flows_walk "$n"
		flows_forwarding "$n"
		flows_expire "$n"
	done
}
