#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A client with two uplinks, and what the roles of the second one are.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# roles OTHER: the first uplink is `on`, no detours; a new agent.
roles() {
	lab_kill client
	agent_config client Subflows=0 "[uplink to-r1]" Role=on "[uplink to-r3]" "Role=$1" >"$LAB_DIR/client.conf"
	agents_up
}

second_addr() { if [ "$1" = 6 ]; then echo "[fd77:5::2]"; else echo 10.77.5.2; fi; }

# subflow_flags NODE FILTER: what the kernel says of the subflows: b, this side asked for backup; B, the other did.
subflow_flags() { lab_exec "$1" ss -HtinO "$2" | grep -oE 'flags:[A-Za-z]*'; }
flagged() { subflow_flags "$1" "$2" | grep -q "$3"; }
not_there() { [ -z "$(lab_exec client ss -Htn state established "src $1 and not dport = :45672")" ]; }

# second_sent ADDRESS: bytes that its subflow has sent.
second_sent() { lab_exec client ss -HtinO "src $1 and not dport = :45672" | sed -n 's/.*bytes_sent:\([0-9]*\).*/\1/p' | grep . || echo 0; }

# carried NAME ADDRESS: percent of the bytes that came from there.
carried() {
	# shellcheck disable=SC2016 # jq's variables
	transfer_report "$1" '[.subflows[].received] as $all | [.subflows[] | select(.remote | contains($from)) | .received] |
		add // 0 | . * 100 / ([($all | add), 1] | max) | floor' --arg from "$2"
}
carried_at_least() { echo "$(carried "$1" "$2") %, at least $3"; [ "$(carried "$1" "$2")" -ge "$3" ]; }

lab --second-uplink --no-agent
for family in 4 6; do
	second=$(second_addr $family)
	roles on
	transfer_file 8
	check "v$family on: transfer" transfer "on$family" $family
	check "v$family on: whole" transfer_whole "on$family"
	check "v$family on: the second uplink carries" carried_at_least "on$family" "$second" 25

	roles backup
	transfer_file_long 12
	transfer_begin "backup$family" $family
	check "v$family backup: a subflow that this side wants as backup" sees 5 flagged client "src $second" b
	check "v$family backup: and the server knows" sees 5 flagged server "dst $second" B
	sent=$(second_sent "$second")
	sleep 2
	sent=$(($(second_sent "$second") - sent))
	check "v$family backup: it carries nothing while the first one works ($sent bytes)" [ "$sent" -ge 0 -a "$sent" -lt 50000 ]
	lab_links cut direct >/dev/null
	check "v$family backup: the transfer completes without the first" transfer_end "backup$family"
	check "v$family backup: whole" transfer_whole "backup$family"
	check "v$family backup: the second one carried the rest" carried_at_least "backup$family" "$second" 20
	lab_links restore direct >/dev/null
done

# An agent that was killed before it could set the flag: the next one does.
roles on
transfer_file_long 20
transfer_begin adopted
second=$(second_addr 4)
check "adopted: a subflow by the second uplink" sees 5 flagged client "src $second" .
check_not "adopted: not a backup" flagged client "src $second" b
lab_kill client KILL
roles backup
check "adopted: the next agent makes it a backup" sees 5 flagged client "src $second" b
check "adopted: and the server knows" sees 5 flagged server "dst $second" B
check "adopted: the transfer completes" transfer_end adopted
check "adopted: whole" transfer_whole adopted

roles handover
transfer_file_long 12
transfer_begin handover
sleep 2
check "handover: nothing while the first one works" not_there "$(second_addr 4)"
lab_ip client link set to-r1 down
check "handover: a subflow when it is gone" sees 15 not not_there "$(second_addr 4)"
check "handover: the transfer completes" transfer_end handover
check "handover: whole" transfer_whole handover
finish
