#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# nftables masquerades: one before the client, as a home router has it, and one between relay and server.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# What comes from the relay leaves r2 with r2's address, and other ports.
masquerade_relay() {
	lab_exec r2 nft -f - <<-END
		table inet nat {
			chain out {
				type nat hook postrouting priority srcnat;
				ip saddr 10.77.3.0/24 oifname "to-server" meta l4proto tcp masquerade to :40000-41000
				ip6 saddr fd77:3::/64 oifname "to-server" meta l4proto tcp masquerade to :40000-41000
			}
		}
	END
}
from_r2() { # TRANSFER ADDRESS: one subflow comes from there, by a port of the masquerade
	# shellcheck disable=SC2016 # jq's variables
	[ "$(transfer_report "$1" '[.subflows[] | select(.remote | startswith($from))] | length' --arg from "$2:4")" = 1 ]
}

carries() { # TRANSFERS NAME
	local family
	for family in 4 6; do
		check "$2, v$family: transfer" transfer "$1$family" $family
		check "$2, v$family: whole" transfer_whole "$1$family"
		check "$2, v$family: both paths carry" transfer_shared "$1$family"
	done
}

lab --nat
transfer_file 8
carries one "before the client"
masquerade_relay
carries two "and between relay and server"
check "v4: the server saw the relay by r2's address" from_r2 two4 10.77.2.1
check "v6: the server saw the relay by r2's address" from_r2 two6 "[fd77:2::1]"
finish
