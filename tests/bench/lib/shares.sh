#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# shares.sh SERVER RELAY PORT FILE: every half second, what the TCP connections of this network namespace to SERVER's PORT and
# to RELAY's detour ports have had acknowledged. iperf.sh starts it.
set -euo pipefail

server=$1 relay=$2 port=$3 file=$4
begin=${EPOCHREALTIME/[.,]/}
while sleep 0.5; do
	now=$((${EPOCHREALTIME/[.,]/} - begin))
	ss -HtinO state established "( dst $server and dport = :$port ) or ( dst $relay and dport != :45672 )" |
		awk -v now="$now" -v server="$server:" '
		function after(word) {
			if (!match($0, " " word "[0-9.]+"))
				return 0
			return substr($0, RSTART + length(word) + 1, RLENGTH - length(word) - 1)
		}
		{
			which = index($4, server) == 1 ? "direct" : "detour"
			bytes[which] += after("bytes_acked:")
			if (after("bytes_acked:") > largest[which]) {
				largest[which] = after("bytes_acked:")
				cwnd[which] = after("cwnd:")
				rtt[which] = after("rtt:")
			}
		}
		END { for (which in bytes) print now / 1e6, which, bytes[which], cwnd[which] + 0, rtt[which] + 0 }' >>"$file"
done
