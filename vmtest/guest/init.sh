#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Inside a VM, as root: runs the tests that DIR/todo names, one a line (TEST SECONDS FEATURE-IT-NEEDS...), and
# writes of each into DIR
#     TEST.tap     what it printed          TEST.status  its exit status and seconds
#     TEST.dmesg   what the kernel said     progress     "start TEST SECONDS-ALLOWED" as it begins
#     release      the kernel's version
# A slash in a test's name becomes a dash.
set -u

DIR=$1
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}
export VMTEST_EXPECTED LAB_SLOW PATH=$PATH:/usr/sbin:/sbin LANG=C.UTF-8 HOME=/root TMPDIR=/tmp

# shellcheck source=vmtest/guest/prepare.sh
. "$ROOT/vmtest/guest/prepare.sh"
# shellcheck source=vmtest/guest/features.sh
. "$ROOT/vmtest/guest/features.sh"

# command_of TEST: a suite's folder and a file's name in it; "@netem" makes the lab's links by netem.
command_of() {
	local name=${1#*/}
	name=${name%@*}
	case "$1" in
	prog/*) echo "$BUILD/tests/prog/test_$name" ;;
	e2e/*) echo "$ROOT/tests/e2e/test_$name.sh" ;;
	vm/*) echo "$ROOT/vmtest/tests/test_$name.sh" ;;
	esac
}

# What the kernel has said since the marker.
kernel_log_since() {
	if dmesg | grep -qF "$1"; then
		dmesg | awk -v marker="$1" 'seen; index($0, marker) { seen = 1 }'
	else
		dmesg # the marker was pushed out: that much was said
	fi
}

# lacking FEATURE...: the first that the kernel does not have.
lacking() {
	local feature
	for feature; do has "$feature" || { echo "$feature"; return; }; done
}

run_test() { # TEST SECONDS NEEDS...
	local test=$1 limit=$2 file=$DIR/${1//\//-} marker begin status missing
	shift 2
	marker="vmtest: start $test"
	echo "start $test $limit" >"$DIR/progress"
	echo "<5>$marker" >/dev/kmsg
	begin=${EPOCHREALTIME/[.,]/}
	missing=$(lacking "$@")
	(
		[ -z "$missing" ] || { printf 'ok 1 - all # SKIP the kernel has no %s\n1..1\n' "$missing"; exit; }
		export LAB_BUILD=$BUILD LAB_PKI_CACHE=/run/pki E2E_KEEP=$file.kept CMOCKA_MESSAGE_OUTPUT=TAP
		[[ $test != *@netem ]] || export LAB_EMULATOR=netem
		cd "$ROOT" && exec timeout --kill-after=20 "$limit" "$(command_of "$test")"
	) >"$file.tap" 2>&1 </dev/null
	status=$?
	grep -q '^1\.\.' "$file.tap" || sed 's/^/# /' "$file.kept/output" 2>/dev/null >>"$file.tap"
	kernel_log_since "$marker" >"$file.dmesg"
	echo "$status $(((${EPOCHREALTIME/[.,]/} - begin) / 1000000))" >"$file.status"
}

trap power_off EXIT
prepare || exit 1
uname -r >"$DIR/release"
while read -r -u 3 test limit needs; do
	# shellcheck disable=SC2086 # words
	run_test "$test" "$limit" $needs
done 3<"$DIR/todo"
sleep 2 # for what the kernel says while the last namespaces go
echo end >"$DIR/progress"
