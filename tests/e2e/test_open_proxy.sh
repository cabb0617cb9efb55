#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The relay is no open proxy: of every attempt that it must refuse, not one packet arrives at the target.
# shellcheck disable=SC2016,SC2034 # jq's variables; variables of the libraries
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab
RELAY4=$(lab_addr4 relay) RELAY6=$(lab_addr6 relay)

send() { lab_exec "$1" python3 "$E2E_HERE/syn.py" "${@:2}"; }

# arrives COUNT COMMAND...: so many packets from the relay reach the server.
arrives() {
	local expected=$1 seen
	shift
	watch_reset server
	"$@" || return 1
	sleep 0.4
	seen=$(watch_packets server)
	echo "$seen packets from the relay arrived at the server, expected $expected"
	[ "$seen" = "$expected" ]
}

transfer_file 1
for family in 4 6; do
	check "v$family: a transfer, for a lease" transfer "lease$family" "$family"
done
# What is left of the transfers' connections dies down first.
relay_quiet() { ! lab_exec server ss -Htn | grep -qF -e "$RELAY4" -e "$RELAY6"; }
sees 10 relay_quiet || true
watch_start server "$RELAY4" "$RELAY6"

for family in 4 6; do
	relay=$RELAY4
	[ $family = 4 ] || relay=$RELAY6
	port=$(lease_port relay "$relay")
	to=(--to "$relay" --port "$port")
	# The proof that these tests can fail: what is allowed arrives, and is counted.
	check "v$family: MP_JOIN from the lease's owner arrives" arrives 1 send client "${to[@]}" --option join --source-port 41000
	check "v$family: a plain SYN" arrives 0 send client "${to[@]}" --source-port 41001
	check "v$family: a SYN with MP_CAPABLE" arrives 0 send client "${to[@]}" --option capable --source-port 41002
	check "v$family: MP_JOIN from another host" arrives 0 send r1 "${to[@]}" --option join --source-port 41003
	check "v$family: MP_JOIN from another host, with the owner's source port" \
		arrives 0 send r1 "${to[@]}" --option join --source-port 41000
	check "v$family: MP_JOIN to a port without a lease" \
		arrives 0 send client --to "$relay" --port $((port == 19999 ? port - 1 : port + 1)) --option join --source-port 41004
	check "v$family: data without a flow" arrives 0 send client "${to[@]}" --flags ack --payload hello --source-port 41005
	check "v$family: RST without a flow" arrives 0 send client "${to[@]}" --flags rst --source-port 41006
done
check "refusals were counted: no lease" [ "$(verdict relay DROP_NO_LEASE)" -ge 2 ]
check "refusals were counted: no MP_JOIN" [ "$(verdict relay DROP_NOT_ACCEPTED)" -ge 4 ]

# A stranger at the server's side: packets to the flow's port on the relay do not reach the client.
watch_start client "$RELAY4"
stranger() {
	watch_reset client
	send r2 --to "$RELAY4" --port 41000 --source-port 5001 --flags ack --payload stranger
	sleep 0.4
	[ "$(watch_packets client)" = 0 ]
}
lab_exec client nft flush chain inet watch in
lab_exec client nft add rule inet watch in ip saddr "$RELAY4" tcp sport "$(lease_port relay "$RELAY4")" counter name seen
check "a stranger's packet to the flow's source port" stranger

# A destination that the configuration does not allow: r2 itself, where a server listens.
r2=$(lab_exec r2 ip -j -4 addr show to-r1 | jq -r '.[0].addr_info[0].local')
watch_start r2 "$RELAY4"
no_detour() {
	lab_exec client timeout 20 "$LAB_BUILD/xfer" send "$1" "$LAB_DIR/file" --report "$LAB_DIR/sender-denied" &&
		jq -e '.mptcp and (.subflows | length) == 1' "$LAB_DIR/sender-denied"
}
lab_spawn_in r2 receive-denied "$LAB_BUILD/xfer" receive "$r2:5999" "$LAB_DIR/copy-denied" --once
lab_wait 5 lab_listens r2 5999
check "a denied destination: the connection has no detour" no_detour "$r2:5999"
check "a denied destination: not one packet from the relay" [ "$(watch_packets r2)" = 0 ]
check "a denied destination: no lease" [ "$(fwd relay leases --json | jq --arg to "$r2" '[.[] | select(.server | startswith($to))] | length')" = 0 ]

# TCP port 25 is denied even at an allowed address.
lab_spawn_in server receive-mail "$LAB_BUILD/xfer" receive "$(lab_addr4 server):25" "$LAB_DIR/copy-mail" --once
lab_wait 5 lab_listens server 25
watch_reset server
check "port 25: the connection has no detour" no_detour "$(lab_addr4 server):25"
check "port 25: not one packet from the relay" [ "$(watch_packets server)" = 0 ]
finish
