#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# How relay and agent grow: leases and clients, flows by the million, connections by the thousand.
#
#   ROWS="leases flows agent"   only some of these
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/lib/bench.sh
. "$here/lib/bench.sh"
# shellcheck source=tests/bench/scale/lab.sh
. "$here/scale/lab.sh"

ROWS=${ROWS:-leases flows agent}
TRIALS=${TRIALS:-$(by_size 3 2 1)}

# shellcheck source=tests/bench/scale/leases.sh
. "$here/scale/leases.sh"
# shellcheck source=tests/bench/scale/flows.sh
. "$here/scale/flows.sh"
# shellcheck source=tests/bench/scale/agent.sh
. "$here/scale/agent.sh"

bench_begin scale "Scale: leases, flows, connections"
steps=0
for what in $ROWS; do
	"${what}_tables"
	steps=$((steps + $("${what}_steps")))
done
bench_plan "$steps"
for what in $ROWS; do "${what}_run"; done
bench_end
