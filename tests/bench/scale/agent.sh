# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An agent with thousands of live MPTCP connections, beside the kernel's own path manager, which makes its subflow
# from a second address of the client.
# shellcheck disable=SC2034 # the lab's library reads the LAB_ variables

AGENT_MOST=$(by_size 10000 1000 50)
AGENT_PORT=7000
AGENT_KERNEL="kernel's path manager"
AGENT_SECOND=10.77.1.50

agent_tables() {
	bench_table agent-cpu lines "% of a core" "" "Processor time of detour-agent, by live connections, each with a detour"
	bench_table agent-memory lines MiB "" "Memory of detour-agent (RSS), by live connections"
	bench_table reaction lines us "$AGENT_KERNEL" "From connect() to the second subflow's SUB_ESTABLISHED by live connections: half of all are faster"
	bench_table reaction-99 lines us "$AGENT_KERNEL" "The same: 99 % of all are faster"
	bench_table burst lines s "$AGENT_KERNEL" "Opening so many connections: until the last second subflow"
}

agent_counts() { local n; for ((n = AGENT_MOST; n >= 100 || n == AGENT_MOST; n /= 10)); do echo "$n"; done | tac; }
agent_steps() { echo $((2 * $(agent_counts | wc -l))); }

agent_lab() {
	topology_base
	scale_make
	scale_relay "[limits]" FlowsPerClient=200000 NewFlowsPerSecond=0
	lab_exec client sysctl -qw net.ipv4.ip_local_port_range="1100 65500"
	lab_exec server sysctl -qw net.core.somaxconn=8192 net.ipv4.tcp_max_syn_backlog=16384
	lab_ip client addr add "$AGENT_SECOND/24" dev to-r1
	lab_spawn_in server echo "$SCALE_BIN/bench_echo" "$(lab_addr4 server):$AGENT_PORT"
	wait_for 5 "the server" lab_listens server "$AGENT_PORT"
}

conns() { lab_exec client "$SCALE_BIN/bench_conns" "$1" "$(lab_addr4 server):$AGENT_PORT" "${@:2}" || bench_die "bench_conns $1 failed"; }

# hold N COLUMN: opens them and keeps them.
hold() {
	local made result
	rm -f "$LAB_DIR/log/hold"
	lab_spawn_in client hold "$SCALE_BIN/bench_conns" hold "$(lab_addr4 server):$AGENT_PORT" "$1" 1
	wait_for 120 "$1 connections" grep -q joined_s "$LAB_DIR/log/hold"
	result=$(grep joined_s "$LAB_DIR/log/hold")
	made=$(jq .subflows <<<"$result")
	[ "$made" -ge $(($1 * 95 / 100)) ] || bench_die "$2: $made second subflows of $1 connections: $(cat "$LAB_DIR/log/hold")"
	[ "$made" -ge "$1" ] || bench_note "$1 connections, $2: $(($1 - made)) second subflows did not come, or their events were lost"
	bench_value burst "$1" "$2" 1 "$(jq .joined_s <<<"$result")" s
	# The kernel's subflows come while the connections do.
	[ "$2" != detour-agent ] || bench_value burst "$1" "$2: the connections alone" 1 "$(jq .connected_s <<<"$result")" s
}

react() { # N COLUMN
	local result
	result=$(conns react "$(by_size 500 200 20)")
	[ "$(jq .missing <<<"$result")" -le $(($(jq .reactions <<<"$result") / 10)) ] || bench_die "$2: subflows are missing: $result"
	bench_value reaction "$1" "$2" 1 "$(jq .p50_us <<<"$result")" us
	bench_value reaction-99 "$1" "$2" 1 "$(jq .p99_us <<<"$result")" us
	[ "$2" = detour-agent ] || return 0
	bench_value reaction "$1" "$2 from the event ESTABLISHED" 1 "$(jq .since_event.p50_us <<<"$result")" us
	bench_value reaction-99 "$1" "$2 from the event ESTABLISHED" 1 "$(jq .since_event.p99_us <<<"$result")" us
}

# No connections but those to the relay: the next ones are to meet an empty host.
conns_gone() { [ "$(lab_exec client ss -HMn state established "dport = :$AGENT_PORT" | wc -l)" = 0 ]; }
let_go() {
	lab_kill hold
	wait_for 30 "the connections' end" conns_gone
}

kernel_measure() { # N
	bench_step "$1 connections, $AGENT_KERNEL"
	lab_ip client mptcp limits set subflow 2 add_addr_accepted 0
	lab_ip client mptcp endpoint add "$AGENT_SECOND" dev to-r1 subflow
	hold "$1" "$AGENT_KERNEL"
	react "$1" "$AGENT_KERNEL"
	let_go
	lab_ip client mptcp endpoint flush
}

# What the agent takes of a core while a command runs.
agent_cpu() { # N COLUMN COMMAND...
	local cpu begun
	cpu=$(cpu_ns client) begun=$(now)
	"${@:3}" >/dev/null
	bench_value agent-cpu "$1" "$2" 1 "$(calc "($(cpu_ns client) - $cpu) / ($(now) - $begun) / 10")" "% of a core"
}

agent_measure() { # N
	bench_step "$1 connections, agent"
	agent_config client Subflows=1 >"$LAB_DIR/client.conf"
	agent_start client || lab_die "detour-agent: $(tail "$LAB_DIR/log/client")"
	wait_for 10 "the channel" agent_connected client
	hold "$1" detour-agent
	sleep 1
	agent_cpu "$1" idle sleep "$(by_size 10 5 1)"
	react "$1" detour-agent
	agent_cpu "$1" "50 connections come and go a second" conns churn 50 "$(by_size 10 5 2)"
	bench_value agent-memory "$1" detour-agent 1 "$(rss_mib client)" MiB
	agent_note "$1"
	let_go
}

agent_note() {
	agent client status --json | jq -e '.channels_up > 0' >/dev/null || bench_note "$1 connections: the agent lost its channel"
	bench_note "$1 connections: events that the kernel dropped: $(agent client status --json | jq .counters.overruns); subflows that failed: $(agent client status --json | jq .counters.subflows_failed)"
}

agent_run() {
	local n
	for n in $(agent_counts); do
		agent_lab
		kernel_measure "$n"
		agent_measure "$n"
	done
}
