# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the end-to-end tests share: TAP output, and shorthands for a lab's relays and agents.
# shellcheck disable=SC2034 # the lab's library reads the LAB_ variables

# shellcheck source=tests/lab/lib/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib/lab.sh"

E2E_COUNT=0
E2E_FAILED=0
E2E_MAKING="" # while a lab is being made
E2E_OUTPUT=$(mktemp)
E2E_HERE=$LAB_ROOT/tests/e2e
E2E_EMULATOR=$LAB_EMULATOR
E2E_SLACK_MS=$((LAB_SLOW == 1 ? 20 : 150)) # that a measured time may be over

# ---- TAP -----------------------------------------------------------------------------------

result() { # WORD NAME
	E2E_COUNT=$((E2E_COUNT + 1))
	echo "$1 $E2E_COUNT - $2"
}

# check NAME COMMAND...: a test case. Its output is shown if it fails.
check() {
	local name=$1
	shift
	if "$@" >"$E2E_OUTPUT" 2>&1; then
		result ok "$name"
	else
		result "not ok" "$name"
		E2E_FAILED=1
		sed 's/^/# /' "$E2E_OUTPUT"
		e2e_logs
	fi
}

# check_not NAME COMMAND...: it must fail.
check_not() { check "$1" not "${@:2}"; }
not() { ! "$@"; }

# Logs, and what was printed last, into the folder E2E_KEEP.
e2e_keep() {
	[ -n "${E2E_KEEP:-}" ] && mkdir -p "$E2E_KEEP" || return 0
	cp "$E2E_OUTPUT" "$E2E_KEEP/output"
	cp -r "$LAB_DIR"/{log,*.conf,report-*,sender-*} "$E2E_KEEP" 2>/dev/null || true
}

# The last words of every log, and all of it kept.
e2e_logs() {
	local log
	for log in "$LAB_DIR"/log/*; do
		[ ! -s "$log" ] || [[ "$log" = */@(pki|linkem) ]] || tail -n 6 "$log" | sed "s/^/# ${log##*\/}: /"
	done
	e2e_keep
}

finish() {
	echo "1..$E2E_COUNT"
	exit "$E2E_FAILED"
}

e2e_cleanup() {
	trap "" INT TERM HUP
	[ -z "$E2E_MAKING" ] || e2e_keep
	lab_down
	rm -f "$E2E_OUTPUT"
}
trap e2e_cleanup EXIT
trap 'exit 130' INT TERM HUP

# lab OPTION...: a new lab instead of the one there was. One that does not come up ends the test.
lab() {
	lab_down
	LAB_NAT="" LAB_SETTINGS=() LAB_DETOUR=1 LAB_AGENT=1 LAB_MODE=auto LAB_FAST="" LAB_EMULATOR=$E2E_EMULATOR
	E2E_MAKING=1
	lab_up "$@" >"$E2E_OUTPUT" 2>&1 || exit 1
	E2E_MAKING=""
}

# ---- Questions to relay and agent ----------------------------------------------------------

# sees SECONDS COMMAND...: within that time the command succeeds.
sees() { lab_wait "$@"; }

# relay_count NODE leases|flows
relay_count() { fwd "$1" "$2" --json | jq length; }

# verdict NODE NAME: how many packets got it.
verdict() { fwd "$1" stats --json | jq --arg name "$2" '.[] | select(.verdict == $name) | .packets'; }

# drops NODE: verdicts that should not be there while all goes well.
drops() { fwd "$1" stats --json | jq -c '[.[] | select((.verdict | startswith("DROP")) and .packets > 0)]'; }

# relay_state NODE RELAY: what the agent says of its channels to it, one a family.
relay_state() {
	agent "$1" relays --json | jq -r --arg name "$2" '[.relays[] | select(.relay == $name) | .state] | unique | join(",")'
}
relay_up() { [ "$(relay_state "$1" "$2")" = up ]; }
relay_down() { [[ "$(relay_state "$1" "$2")" != *up* ]]; }

# detours NODE: how many detour subflows the agent knows, over all connections.
detours() { agent "$1" connections --json | jq '[.connections[].subflows[] | select(.kind == "detour" and .state == "established")] | length'; }
has_detours() { [ "$(detours "$1")" = "$2" ]; }

# lease_port NODE ADDRESS: the detour port of a lease at that address of the relay.
lease_port() {
	fwd "$1" leases --json | jq -r --arg at "$2" '[.[].detour | capture("^\\[?(?<addr>[^\\]]*)\\]?:(?<port>[0-9]+)$") |
		select(.addr == $at) | .port][0]'
}

# ---- Packets at a target -------------------------------------------------------------------

# watch_start NODE SOURCE...: counts what arrives there from these addresses, dropped or not.
watch_start() {
	local node=$1 source rules=""
	shift
	for source; do
		case "$source" in
		*:*) rules+="ip6 saddr $source counter name seen;" ;;
		*) rules+="ip saddr $source counter name seen;" ;;
		esac
	done
	lab_exec "$node" nft -f - <<-END
		table inet watch {
			counter seen { }
			chain in { type filter hook prerouting priority raw; $rules }
		}
	END
}

watch_reset() { lab_exec "$1" nft reset counter inet watch seen >/dev/null; }
watch_packets() { lab_exec "$1" nft -j list counter inet watch seen | jq '.nftables[] | .counter? // empty | .packets'; }
