#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The direct path dies in mid-transfer: the connection goes on over the detour.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab
transfer_file 10
transfer_begin cut
sleep 2
check "a detour is there before the cut" has_detours client 1
lab_links cut direct >/dev/null
check "the transfer completes" transfer_end cut
check "whole" transfer_whole cut
finish
