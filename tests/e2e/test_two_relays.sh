#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Two relays: a connection uses both, and what one loses the other carries.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --second-relay
via() { transfer_report "$1" "[.subflows[] | select(.remote | startswith(\"$(lab_addr4 "$2"):\"))] | length"; }
transfer_file 10
check "transfer" transfer both
check "whole" transfer_whole both
check "one subflow directly and one by each relay: the server's default limit" \
	[ "$(transfer_report both '.subflows | length')/$(via both relay)/$(via both relay2)" = 3/1/1 ]

transfer_file 16
transfer_begin lose
sleep 2
check "two detours" has_detours client 2
lab_links cut relay >/dev/null
check "the transfer completes without the first relay" transfer_end lose
check "whole" transfer_whole lose
check "the agent knows which relay is dead" sees 6 relay_up client relay2
transfer_file 8
check "a new connection uses the other" transfer other
check "both paths carry" transfer_shared other
check "by relay2" [ "$(via other relay2)" = 1 ]
finish
