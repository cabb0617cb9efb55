#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The kernel is what kernels.txt says: a test that found another kernel than it thought would prove nothing.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=vmtest/guest/features.sh
. "$here/../guest/features.sh"

expected=" ${VMTEST_EXPECTED-unknown} "
count=0 failed=0

result() { # WORD NAME
	count=$((count + 1))
	[ "$1" = ok ] || failed=1
	echo "$1 $count - $2"
}

for feature in "${NEEDED[@]}"; do
	if has "$feature"; then result ok "$feature"; else result "not ok" "$feature: the kernel lacks it, and Detour needs it"; fi
done
for feature in "${OPTIONAL[@]}"; do
	sign=- word="does not have"
	! has "$feature" || { sign=+ word=has; }
	case "$expected" in
	*" $sign$feature "*) result ok "$word $feature, as expected" ;;
	" unknown ") result ok "$word $feature" ;;
	*) result "not ok" "$word $feature; kernels.txt says:$expected" ;;
	esac
done
echo "1..$count"
exit $failed
