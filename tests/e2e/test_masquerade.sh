#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The client stands behind an nftables masquerade.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab --nat
transfer_file 8
for family in 4 6; do
	check "v$family: transfer" transfer "v$family" "$family"
	check "v$family: whole" transfer_whole "v$family"
	check "v$family: both paths carry" transfer_shared "v$family"
done
finish
