#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The lab and the demo leave nothing behind, also when they are interrupted.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# What of any lab there is: namespaces, processes, mounts, state directories.
leftovers() {
	ip netns list | grep "^detour-$1-" || true
	pgrep -af "detour-lab\.$1" || true
	grep "detour-lab\.$1" /proc/mounts || true
	ls -d "${TMPDIR:-/tmp}/detour-lab.$1" 2>/dev/null || true
}
gone() { [ -z "$(leftovers "$1")" ]; }

dir=$("$LAB_ROOT/tests/lab/lab.sh" up)
id=${dir##*.}
check "a standing lab is there" [ -n "$(leftovers "$id")" ]
check "down" "$LAB_ROOT/tests/lab/lab.sh" down "$dir"
check "down leaves nothing" gone "$id"
leftovers "$id" | sed 's/^/# /'

# ^C in mid-transfer goes to the whole foreground process group.
interrupt() { # SECONDS SIGNAL
	# A shell's background commands ignore INT, and what ignores it at its start cannot trap it.
	TMPDIR=$LAB_TMP setsid env --default-signal=INT "$LAB_ROOT/tests/lab/demo.sh" >"$LAB_TMP/demo" 2>&1 &
	local pid=$!
	sleep "$1"
	kill "-$2" -- "-$pid"
	ended=$SECONDS
	wait "$pid" || true
	ended=$((SECONDS - ended))
}
LAB_TMP=$(mktemp -d)
for when in 1 4 9; do
	for signal in INT TERM; do
		interrupt $when $signal
		check "the demo, $signal after $when s: ends within 6 s" [ "$ended" -le 6 ]
		check "the demo, $signal after $when s: nothing left" \
			[ -z "$(ls -d "$LAB_TMP"/detour-lab.* 2>/dev/null)$(grep "$LAB_TMP" /proc/mounts)$(pgrep -f "$LAB_TMP/detour-lab")" ]
	done
done
rm -rf "$LAB_TMP"
finish
