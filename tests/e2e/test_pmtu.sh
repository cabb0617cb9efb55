#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A smaller MTU behind the relay: the ICMP errors about it find their way to the client.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

for mode in xdp tc; do
	lab --mode "$mode"
	lab_ip r3 link set to-r2 mtu 1400
	lab_ip r2 link set to-r3 mtu 1400
	transfer_file 6
	for family in 4 6; do
		check "$mode v$family: transfer" transfer "v$family" "$family"
		check "$mode v$family: whole" transfer_whole "v$family"
		check "$mode v$family: both paths carry" transfer_shared "v$family"
	done
	check "$mode: the errors were translated" [ "$(verdict relay FORWARD_ICMP)" -ge 2 ]
done
finish
