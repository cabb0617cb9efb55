#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Each part of the benchmark in its smallest form: it goes through everything, and leaves whole results. How fast
# anything is, is not judged. A peer that the machine lacks is a skipped test.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
count=0 failed=0
RESULTS=$(mktemp -d)
trap 'rm -rf "$RESULTS"' EXIT
trap 'exit 130' INT TERM HUP
export RESULTS SMOKE=1

check() { # NAME COMMAND...
	count=$((count + 1))
	if "${@:2}" >"$RESULTS/output" 2>&1; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		sed 's/^/# /' "$RESULTS/output"
		failed=1
	fi
}

run() { timeout --foreground 600 "$here/$1.sh"; }

# A table may be there for its curves, or its rows not be in this size: not all of them.
whole() { jq -e '.whole and ([.tables[] | select(.rows != {})] | length > 0)' "$RESULTS/$1.json"; }

# Every row of a table has every column that the part declares, but for peers that are named as missing.
full() {
	jq -e '[.missing[].what] as $missing | [.tables[] | .columns as $columns | .rows | to_entries[] | {row: .key,
		lacks: (($columns - (.value | keys)) - $missing)} | select(.lacks != [])] | if . == [] then true else
		tostring | halt_error end' "$RESULTS/$1.json"
}

# A peer that is there and would not start is named as missing, too: nobody would know.
peers() {
	local missing
	missing=$(jq -r '[.missing[] | "\(.what): \(.why)"] | join("; ")' "$RESULTS/$1.json") || return # `whole` has said so
	[ -n "$missing" ] || return
	count=$((count + 1))
	echo "ok $count - $1: peers # SKIP $missing"
}

drawn() {
	local picture
	jq -e '.pictures | length > 0' "$RESULTS/$1.json" && for picture in $(jq -r '.pictures[]' "$RESULTS/$1.json"); do
		[ -s "$RESULTS/$picture.svg" ] && [ -s "$RESULTS/$picture.png" ] || return 1
	done
}

reported() {
	/usr/bin/python3 "$here/lib/report.py" "$RESULTS" "$RESULTS/docs" && grep -q '^## ' "$RESULTS/docs/RESULTS.md"
}

for part in table1 datapath latency failover scale; do
	[ -e "$here/$part.sh" ] || continue
	check "$part: to its end" run "$part"
	for result in "$RESULTS/$part"*.json; do
		name=$(basename "$result" .json)
		check "$name: everything was measured" whole "$name"
		check "$name: all columns in all rows" full "$name"
		peers "$name"
		check "$name: pictures" drawn "$name"
	done
done
check "a report of all" reported
echo "1..$count"
exit $failed
