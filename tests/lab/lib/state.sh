# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A lab's state directory, and the processes that belong to the lab.

# lab_save: a later `lab_load DIR` finds the same lab.
lab_save() {
	declare -p LAB_ID LAB_LINKS LAB_ROUTES LAB_ROUTERS LAB_RELAYS LAB_CLIENTS LAB_NAT LAB_EMULATOR LAB_DELAY LAB_QUEUE LAB_SETTINGS |
		sed 's/^declare -\([-aA]*\)/declare -g\1/; s/^declare -g-/declare -g/' >"$LAB_DIR/state"
}

lab_load() {
	[ -f "$1/state" ] || lab_die "$1 is no lab"
	LAB_DIR=$1
	# shellcheck disable=SC1091
	. "$1/state"
}

# lab_wait SECONDS COMMAND...: until it succeeds. A slow machine gets more time.
lab_wait() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * LAB_SLOW * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# lab_spawn NAME COMMAND...: in the background, out of reach of the terminal's ^C; output to log/NAME.
# The command must be a program: its process id is what is kept.
lab_spawn() {
	local name=$1
	shift
	# In a subshell: an interactive shell's job control would make setsid(1) fork.
	(
		setsid "$@" </dev/null >>"$LAB_DIR/log/$name" 2>&1 &
		echo $! >"$LAB_DIR/pid/$name"
	)
	lab_wait 2 lab_settled "$(lab_pid "$name")"
}

# Before setsid(1) has done its work the process does not look like one of the lab's.
lab_settled() { [ ! -e "/proc/$1" ] || [ "$(session_of "$1")" = "$1" ]; }
session_of() { stat_fields "$1" && echo "${STAT[3]}"; }

# stat_fields PID: STAT is what /proc/PID/stat has behind the name: state, parent, group, session ...
stat_fields() {
	local line
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -r -a STAT <<<"${line##*) }"
}

# lab_spawn_in NODE NAME COMMAND...
lab_spawn_in() {
	local node=$1 name=$2
	shift 2
	lab_spawn "$name" nsenter --net="/run/netns/$(lab_netns "$node")" -- "$@"
}

lab_pid() { { echo "$(<"$LAB_DIR/pid/$1")"; } 2>/dev/null; }

# A process id is only a number: /proc says whether it is still the one that was started here.
lab_alive() {
	local pid
	pid=$(lab_pid "$1") && stat_fields "$pid" && [ "${STAT[3]}" = "$pid" ] && [ "${STAT[0]}" != Z ]
}

lab_dead() { ! lab_alive "$1"; }

# lab_kill NAME [SIGNAL]: and waits for its end; harder after 3 seconds.
lab_kill() {
	if lab_alive "$1"; then
		kill -"${2:-TERM}" "$(lab_pid "$1")" 2>/dev/null || true
		lab_wait 3 lab_dead "$1" || kill -KILL "$(lab_pid "$1")" 2>/dev/null || true
		lab_wait 3 lab_dead "$1" || true
	fi
	rm -f "$LAB_DIR/pid/$1"
}

lab_kill_all() {
	local file
	for file in "$LAB_DIR"/pid/*; do
		[ ! -e "$file" ] || [ "${file##*/}" = linkem ] || lab_kill "${file##*/}"
	done
	lab_kill linkem
}

# What else still runs in the lab's namespaces (a server that someone started by hand).
lab_kill_strays() {
	local node pid
	for node in $(lab_nodes); do
		for pid in $(ip netns pids "$(lab_netns "$node")" 2>/dev/null); do
			[ "$pid" = $$ ] || kill -KILL "$pid" 2>/dev/null || true
		done
	done
}
