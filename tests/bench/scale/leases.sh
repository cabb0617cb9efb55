# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Leases and handshakes over real TLS, from a relay that serves, beside the channel alone with made-up answers.

LEASES_CLIENTS=(1 10 100)
HANDSHAKES_IN_FLIGHT=(1 8 32)
LEASES_EACH=$(by_size 100000 10000 1000) # the most leases at a time
ANSWERS_PORT=45673

leases_tables() {
	bench_table leases lines "leases/s" "channel alone" "Leases per second, by clients that each wait for their answer"
	bench_table lease-time lines us "" "From a client's request to its answer, by clients"
	bench_table lease-cpu lines us "channel alone" "Processor time of the relay for a lease, by clients"
	bench_table handshakes lines "handshakes/s" "channel alone" "New channels per second (TLS 1.3, both certificates), by handshakes under way"
	bench_table many-leases lines "leases/s" "" "Leases per second until there are so many, 100 clients"
	bench_table many-leases-memory lines MiB "" "Memory of the daemon with so many leases (RSS; the map is allocated at the start)"
}

leases_steps() { echo $((TRIALS * (${#LEASES_CLIENTS[@]} + ${#HANDSHAKES_IN_FLIGHT[@]}) + 2 * $(leases_counts | wc -l))); }

leases_counts() { local n; for ((n = LEASES_EACH; n >= 1000 || n == LEASES_EACH; n /= 10)); do echo "$n"; done; }

answers_start() {
	lab_spawn_in relay answers "$SCALE_BIN/bench_answers" "$(lab_addr4 relay):$ANSWERS_PORT" \
		"$LAB_DIR/pki/ca.crt" "$LAB_DIR/pki/relay.crt" "$LAB_DIR/pki/relay.key"
	wait_for 5 "the channel alone" lab_listens relay "$ANSWERS_PORT"
	on_core "$CORE_RELAY" answers
}

leases_gone() { wait_for 20 "leases that end" status_is '.leases == 0'; }

# leases_value CLIENTS TRIAL COLUMN JSON
leases_value() {
	bench_value leases "$1" "$3" "$2" "$(jq .per_second <<<"$4")" "leases/s"
	bench_value lease-time "$1" "$3: half" "$2" "$(jq .p50_us <<<"$4")" us
	bench_value lease-time "$1" "$3: 99 %" "$2" "$(jq .p99_us <<<"$4")" us
	bench_value lease-cpu "$1" "$3" "$2" "$(jq .relay_cpu_us <<<"$4")" us
}

leases_measure() { # CLIENTS TRIAL
	local requests result
	requests=$(($(by_size 60000 12000 1000) / (10 + $1)))
	bench_step "leases, $1 clients"
	result=$(client_run bench_asks $ANSWERS_PORT answers "$1" "$requests" 1000)
	leases_value "$1" "$2" "channel alone" "$(head -n 1 <<<"$result")"
	result=$(client_run bench_asks 45672 relay "$1" "$requests" 1000)
	leases_value "$1" "$2" "new lease" "$(head -n 1 <<<"$result")"
	leases_value "$1" "$2" "the same again" "$(tail -n 1 <<<"$result")"
	leases_gone
}

handshakes_measure() { # IN-FLIGHT TRIAL
	local count column port
	count=$(by_size 1500 400 40)
	bench_step "handshakes, $1 under way"
	for column in "channel alone:answers:$ANSWERS_PORT" "relay:relay:45672"; do
		port=${column##*:} column=${column%:*}
		bench_value handshakes "$1" "${column%:*}" "$2" \
			"$(client_run bench_handshakes "$port" "${column##*:}" "$1" "$count" | jq .per_second)" "handshakes/s"
	done
}

many_told() { grep -q '"again"' "$LAB_DIR/log/many"; }

many_leases() { # LEASES SERVERS COLUMN
	bench_step "$1 leases, $3"
	client_spawn many bench_asks 45672 relay 100 $(($1 / 100)) "$2" hold
	lab_wait 120 many_told || bench_die "$1 leases, $3: $(tail -n 3 "$LAB_DIR/log/many")"
	bench_value many-leases "$1" "$3" 1 "$(head -n 1 "$LAB_DIR/log/many" | jq .per_second)" "leases/s"
	bench_value many-leases-memory "$1" "$3" 1 "$(rss_mib relay)" MiB
	lab_kill many
	: >"$LAB_DIR/log/many"
	leases_gone
}

leases_run() {
	local trial n
	scale_two_arms
	scale_relay "[limits]" LeasesPerClient=0 "[timeouts]" LeaseGrace=1s
	answers_start
	for ((trial = 1; trial <= TRIALS; trial++)); do
		for n in "${LEASES_CLIENTS[@]}"; do leases_measure "$n" "$trial"; done
		for n in "${HANDSHAKES_IN_FLIGHT[@]}"; do handshakes_measure "$n" "$trial"; done
	done
	for n in $(leases_counts); do
		many_leases "$n" 64 "64 servers"
		many_leases "$n" "$n" "each its own server"
	done
}
