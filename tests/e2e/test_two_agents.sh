#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Two agents behind one address, each with its own certificate.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --two-clients
transfer_file 8
transfer_begin one 4 client
transfer_begin two 4 client2
sleep 1.5
check "the first has a detour" sees 3 has_detours client 1
check "the second has a detour" sees 3 has_detours client2 1
check "the relay knows both" \
	[ "$(fwd relay leases --json | jq -r '[.[].identity] | unique | join(",")')" = client,client2 ]
for name in one two; do
	check "$name: completes" transfer_end $name
	check "$name: whole" transfer_whole $name
done
check "one's subflows: direct and detour" [ "$(transfer_report one '.subflows | length')" = 2 ]
check "two's subflows: direct and detour" [ "$(transfer_report two '.subflows | length')" = 2 ]

# One goes, and the other's leases stay.
lab_kill client2
transfer_file 8
check "the first goes on when the second's agent has ended" transfer after
check "both paths carry" transfer_shared after
finish
