#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The thesis's MProxy v1, by a client written from its rules.
# shellcheck disable=SC2016,SC2034 # jq's variables; variables of the libraries
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --no-agent
RELAY=$(lab_addr4 relay) SERVER=$(lab_addr4 server)

ask() { lab_exec client timeout 5 python3 "$E2E_HERE/mproxy_client.py" "$RELAY" "$@"; }
port_of() { ask "$@" | cut -d' ' -f3; }
in_range() { [ "$1" -ge 10000 ] && [ "$1" -le 19999 ]; }
replies() { local expected=$1; shift; [ "$(ask "$@")" = "$expected" ]; }

check_not "it is off by default" ask "$SERVER" 7000

relay_config relay "MProxy=10.77.1.0/24" "Accept=any" >"$LAB_DIR/relay.conf"
lab_kill relay
relay_start relay

first=$(port_of "$SERVER" 7000 || true)
check "port 0: any port of the range ($first)" in_range "$first"
check "the same client and remote: the same port" replies "1 $SERVER:7000 $first" "$SERVER" 7000
check "the same, with another wish" replies "1 $SERVER:7000 $first" "$SERVER" 7000 --detour-port 12345
check "a free port wished for" replies "1 $SERVER:7001 12001" "$SERVER" 7001 --detour-port 12001
taken=$(port_of "$SERVER" 7002 --detour-port 12001 || true)
check "a taken port: another ($taken)" in_range "$taken"
check "not the taken one" [ "$taken" != 12001 ]
forbidden=$(port_of "$SERVER" 7003 --detour-port 22 || true)
check "a forbidden port: another ($forbidden)" in_range "$forbidden"

check_not "another version" ask "$SERVER" 7004 --version 2
check_not "a reply as a request" ask "$SERVER" 7004 --operation 1
check_not "too short" ask "$SERVER" 7004 --cut 11
check_not "too long" ask "$SERVER" 7004 --extra 1
check_not "empty" ask "$SERVER" 7004 --cut 0

denied() { local port; port=$(port_of "$@" 2>/dev/null || true); echo "port ${port:-none}"; [ "${port:-0}" = 0 ]; }
check "a denied destination" denied 127.0.0.1 80
check "another denied destination" denied 169.254.169.254 80
check "the relay itself" denied "$RELAY" 80
check "port 25" denied "$SERVER" 25
check_not "from a prefix that is not listed" lab_exec r2 timeout 5 python3 "$E2E_HERE/mproxy_client.py" "$RELAY" "$SERVER" 7005

# A connection over the lease: the server sees the relay's address.
transfer_file 4
lab_spawn_in server receive-mproxy "$LAB_BUILD/xfer" receive "$SERVER:7001" "$LAB_DIR/copy-mproxy" --once --report "$LAB_DIR/report-mproxy"
lab_wait 5 lab_listens server 7001
check "a transfer by the detour port" lab_exec client timeout 30 "$LAB_BUILD/xfer" send "$RELAY:12001" "$LAB_DIR/file"
lab_wait 5 lab_dead receive-mproxy || true
check "whole" transfer_whole mproxy
check "from the relay's address" jq -e --arg relay "$RELAY:" '[.subflows[].remote | startswith($relay)] | all' "$LAB_DIR/report-mproxy"
finish
