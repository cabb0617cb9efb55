#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The uplink's address changes in mid-transfer: new channel, new lease, the connection goes on.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab
lab_exec client sysctl -qw net.ipv4.conf.all.promote_secondaries=1
channel_from() { agent client relays --json | jq -e --arg local "$1" '[.relays[] | select(.state == "up") | .local] | any(. == $local)'; }
lease_of() { fwd relay leases --json | jq -e --arg client "$1" 'any(.[]; .client == $client)'; }

transfer_file 20
transfer_begin move
sleep 2
check "a detour is there" has_detours client 1
lab_ip client addr add 10.77.1.7/24 dev to-r1
lab_ip client addr del 10.77.1.2/24 dev to-r1
check "a channel from the new address" sees 15 channel_from 10.77.1.7
check "the connection has subflows from the new address" sees 15 eval \
	'agent client connections --json | jq -e "[.connections[].subflows[] | select(.local | startswith(\"10.77.1.7:\")) | select(.state == \"established\")] | length >= 1"'
check "a lease for the new address" lease_of 10.77.1.7
check "no SYN from it went to the old address's lease" [ "$(verdict relay DROP_NO_LEASE)" = 0 ]
check "the transfer completes" transfer_end move
check "whole" transfer_whole move
finish
