#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A network of namespaces to try Detour in: client, three routers, relay, server.
set -euo pipefail

# shellcheck source=tests/lab/lib/lab.sh
. "$(dirname "$0")/lib/lab.sh"

usage() {
	cat <<-'END'
		usage: lab.sh shell [OPTION...]      a shell on the client; the lab goes when it ends
		       lab.sh up [OPTION...]         make a lab and print its state directory
		       lab.sh exec DIR NODE CMD...   run CMD on a node (client r1 r2 r3 relay server)
		       lab.sh link DIR CMD...        cut LINK, restore LINK, set LINK K=V, stats
		       lab.sh down DIR               take it down
	END
	lab_usage
}

banner() {
	cat <<-END

		  client --20-- r1 --10-- r2 --20-- server     $(lab_addr4 server)  $(lab_addr6 server)
		                 \\        /                     Mbit/s, 5 ms a link
		                  10    10
		                   \\    /
		                     r3 --20-- relay           $(lab_addr4 relay)  $(lab_addr6 relay)

		This is a shell on the client. State, logs: $LAB_DIR
		  on server mptcpize run iperf3 -s -D           on NODE runs a command there
		  mptcpize run iperf3 -c $(lab_addr4 server)              10 Mbit/s directly, up to 19 with the detour
		  detour agent connections --watch              the subflows, live
		  detour agent relays; detour fwd flows         also: status, leases, stats, connections
		  link cut direct; link restore direct          access direct exit near far relay
		  link set direct loss=1%; link stats
		exit, and everything is gone.

	END
}

# The shell's commands; `detour agent X`, `detour fwd X` on the hosts that run them.
shell_rc() {
	cat <<-END
		. "$LAB_ROOT/tests/lab/lib/lab.sh"
		lab_load "$LAB_DIR"
		on() { lab_exec "\$@"; }
		link() { lab_links "\$@"; }
		detour() {
			local what=\$1; shift
			case "\$what" in
			fwd) fwd relay "\$@" ;;
			agent) agent client "\$@" ;;
			*) echo "detour fwd|agent COMMAND" ;;
			esac
		}
		PS1='lab:client# '
	END
}

# Ends with the shell, whatever the shell's own exit status was.
command_shell() {
	lab_guard
	lab_up "$@"
	shell_rc >"$LAB_DIR/rc"
	banner
	lab_exec "${LAB_CLIENTS[0]}" bash --rcfile "$LAB_DIR/rc" || true
}

command_up() {
	lab_guard
	lab_up "$@"
	trap - EXIT # it stands until `down`
	echo "$LAB_DIR"
}

command_exec() { lab_load "$1"; lab_exec "${@:2}"; }
command_link() { lab_load "$1"; lab_links "${@:2}"; }
command_down() { lab_load "$1"; lab_down; }

case "${1:-}" in
shell | up | exec | link | down) "command_$1" "${@:2}" ;;
-h | --help) usage ;;
*) usage >&2; exit 2 ;;
esac
