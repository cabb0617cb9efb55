#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The relay's host is cut off and comes back: connections go on, the agent notices, returns.
set -euo pipefail

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

lab
transfer_file 14
transfer_begin cut
sleep 2
check "a detour is there" has_detours client 1
lab_links cut relay >/dev/null
check "the agent marks the relay dead within 5 s" sees 5 relay_down client relay
check "the transfer completes" transfer_end cut
check "whole" transfer_whole cut
transfer_file 2
check "a new connection works without the relay" transfer alone
check "whole" transfer_whole alone
# It comes back between two SYNs of the agent: with MP_CAPABLE in them Linux would turn MPTCP off.
repeated() { lab_exec client ss -Htno state syn-sent "dst $(lab_addr4 relay)" | grep -qE 'timer:\(on,[^,]*,2\)'; }
check "the agent tries again and again" sees 30 repeated
# How often Linux did so; kernels that do not count it do not do it.
blackholes() { lab_exec client nstat -asz MPTcpExtBlackhole 2>/dev/null | awk '/Blackhole/ { n = $2 } END { print n + 0 }'; }
lab_links restore relay >/dev/null
check "the agent returns to the relay" sees 20 relay_up client relay
check "MPTCP was not turned off" [ "$(blackholes)" = 0 ]
transfer_file 8
check "a transfer after the return" transfer back
check "whole" transfer_whole back
check "both paths carry again" transfer_shared back
finish
