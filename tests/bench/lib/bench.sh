# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the parts of the benchmark share: source this one. A part says what tables it has, how many steps it will
# take, and gives one value after the other; results, pictures and missing peers are dealt with here.
#
#   QUICK=1     the same columns, under three minutes
#   SMOKE=1     the smallest that goes through everything: for `make check`, which judges no speed
#   TRIALS=N    how often each thing is measured, in turns
#   RESULTS=    folder of NAME.csv, NAME.json, NAME-TABLE.svg and .png; results/ without it

# shellcheck source=tests/lab/lib/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../lab/lib/lab.sh"

LAB_EMULATOR=linkem # netem is not everywhere, and loses packets before it queues them
export LC_ALL=C     # numbers have a point
BENCH_HERE=$LAB_ROOT/tests/bench
BENCH_RESULTS=${RESULTS:-$LAB_ROOT/results}
BENCH_NAME=""
BENCH_STEPS=0 BENCH_STEP=0 BENCH_BEGIN=0 BENCH_WHOLE=0
: "${QUICK:=0}" "${SMOKE:=0}"

# by_size FULL QUICK SMOKE: the one that this run is to have.
by_size() {
	if [ "$SMOKE" != 0 ]; then echo "$3"; elif [ "$QUICK" != 0 ]; then echo "$2"; else echo "$1"; fi
}

bench_die() { echo "bench: $*" >&2; exit 1; }
bench_say() { echo "$*" >&2; }

# bench_begin NAME TITLE: from here on, however the part ends, what it has measured is written and the lab goes. A
# smaller size does not take the place of a full run's results.
bench_begin() {
	[ "$(id -u)" = 0 ] || bench_die "must be root: it makes network namespaces and loads BPF programs"
	BENCH_NAME=$1$(by_size "" -quick -smoke) BENCH_BEGIN=$SECONDS
	mkdir -p "$BENCH_RESULTS"
	[ "$SMOKE" != 0 ] || bench_alone
	BENCH_WORK=$(mktemp -d "$BENCH_RESULTS/.$1.XXXXXX")
	echo "table,row,column,trial,value,unit" >"$BENCH_WORK/csv"
	: >"$BENCH_WORK/series"
	bench_meta title "$2"
	bench_meta size "$(by_size full quick smoke)"
	bench_meta date "$(date -u +%FT%TZ)"
	bench_meta command "${BENCH_COMMAND:-$0}"
	bench_meta commit "$(bench_commit)"
	trap bench_exit EXIT
	trap 'exit 130' INT TERM HUP
}

# Two benchmarks at once would measure each other.
bench_alone() {
	exec 8>/run/detour-bench.lock
	flock --nonblock 8 || { bench_say "bench: another one runs: waiting for its end"; flock 8; }
}

# What is measured: read before anybody changes it.
bench_commit() {
	local commit changed
	commit=$(git -C "$LAB_ROOT" rev-parse --short=12 HEAD 2>/dev/null) || commit=unknown
	changed=$(git -C "$LAB_ROOT" status --porcelain --untracked-files=no 2>/dev/null) || true
	echo "$commit${changed:+ with changes}"
}

bench_exit() {
	local status=$?
	trap "" INT TERM HUP
	[ ! -t 2 ] || printf '\r\033[K' >&2
	lab_down || status=1
	bench_write || status=1
	rm -rf "$BENCH_WORK"
	exit "$status"
}

# bench_end: everything that was planned has been measured.
bench_end() { BENCH_WHOLE=1; }

bench_write() {
	[ "$(wc -l <"$BENCH_WORK/csv")" -gt 1 ] || { bench_say "bench: $BENCH_NAME: nothing was measured"; return 1; }
	bench_meta seconds $((SECONDS - BENCH_BEGIN))
	bench_meta whole "$BENCH_WHOLE"
	/usr/bin/python3 "$BENCH_HERE/lib/results.py" "$BENCH_WORK" "$BENCH_RESULTS" "$BENCH_NAME"
}

bench_meta() { printf '%s\t%s\n' "$1" "$2" >>"$BENCH_WORK/meta"; }

# bench_table ID CHART UNIT AGAINST TITLE: a table of rows and columns. CHART: bars, boxes, lines (rows are numbers)
# or none. AGAINST: the column that the others are divided by, "" for none.
bench_table() { bench_meta table "$(printf '%s\t' "${@:1:4}")$5"; }

# bench_columns TABLE COLUMN...: all that it has, in this order.
bench_columns() { bench_meta columns "$(printf '%s\t' "$@")"; }

# bench_value TABLE ROW COLUMN TRIAL VALUE UNIT: one measured value. No text with a comma.
bench_value() {
	[[ "$5" =~ ^-?[0-9]+([.][0-9]+)?(e[-+]?[0-9]+)?$ ]] || bench_die "$1, $2, $3: '$5' is no number"
	(IFS=,; echo "$*") >>"$BENCH_WORK/csv"
}

# bench_point TABLE RUN SERIES X Y: one point of a curve, drawn as picture NAME-TABLE, a panel a run.
bench_point() { (IFS=,; echo "$*") >>"$BENCH_WORK/series"; }

# bench_missing WHAT WHY: a peer or a case that this machine cannot show.
bench_missing() {
	bench_meta missing "$1"$'\t'"$2"
	bench_say "missing: $1: $2"
}

# bench_note TEXT: a sentence that belongs to these results.
bench_note() { bench_meta note "$1"; }

# bench_has COMMAND PACKAGE WHAT: the peer is there, or is named as missing.
bench_has() {
	command -v "$1" >/dev/null && return
	bench_missing "$3" "no $1 here; Debian has it as $2"
	return 1
}

# bench_plan STEPS: how many times bench_step will be called.
bench_plan() { BENCH_STEPS=$1 BENCH_STEP=0 BENCH_PLANNED=$SECONDS; }

# bench_step TEXT: what is measured now, and how long all of it will take.
bench_step() {
	local left=""
	[ "$BENCH_STEP" = 0 ] || left=", $(bench_duration $(((SECONDS - BENCH_PLANNED) * (BENCH_STEPS - BENCH_STEP) / BENCH_STEP))) left"
	BENCH_STEP=$((BENCH_STEP + 1))
	if [ -t 2 ]; then
		printf '\r\033[K%s %d/%d%s: %s' "$BENCH_NAME" "$BENCH_STEP" "$BENCH_STEPS" "$left" "$1" >&2
	else
		bench_say "$BENCH_NAME $BENCH_STEP/$BENCH_STEPS$left: $1"
	fi
}

bench_duration() {
	if [ "$1" -ge 120 ]; then echo "$((($1 + 30) / 60)) min"; else echo "$1 s"; fi
}
