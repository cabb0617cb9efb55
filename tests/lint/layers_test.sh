#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Tests layers.sh on small trees: each has one file that includes one thing. TAP.
set -euo pipefail

here=$(dirname "$0")

# verdict | file | its #include | what the verdict is about
cases='
yes | user/fwd/main.c      | "user/dataplane/tables.h" | a program uses a library
yes | user/dataplane/x.c   | "bpf/relay_xdp.skel.h"    | only the data path sees skeletons
yes | bpf/lib/csum.h       | <detour/flow.h>           | BPF uses the contracts
yes | tests/unit/test_x.c  | "user/fwd/gc.h"           | tests use anything
yes | tests/lab/main.c     | "x.h"                     | tests know their folder
yes | user/base/addr.c     | <stdio.h>                 | system headers are free
no  | user/fwd/main.c      | "bpf/relay_xdp.skel.h"    | a program sees no skeleton
no  | user/fwd/main.c      | "user/agent/conns.h"      | the programs are apart
no  | user/agent/main.c    | "user/fwd/gc.h"           | the programs are apart
no  | user/base/addr.c     | "user/net/nl.h"           | nothing calls upward
no  | user/conf/reader.c   | "user/control/wire.h"     | libraries are apart
no  | user/base/addr.c     | "bpf/lib/csum.h"          | contracts only between BPF and user
no  | bpf/lib/csum.h       | "bpf/relay/maps.h"        | nothing calls upward
no  | bpf/lib/csum.h       | <bpf/relay/maps.h>        | nor between angle brackets
no  | bpf/relay/maps.h     | "user/base/addr.h"        | BPF sees no userspace
no  | include/detour/a.h   | "bpf/lib/csum.h"          | contracts use nothing
no  | user/fwd/main.c      | "tests/lab/x.h"           | nothing uses tests
no  | user/fwd/main.c      | "gc.h"                    | paths begin at the root
no  | user/fwd/main.c      | "user/fwd/gc.c"           | sources are not included
no  | user/fwd/gc.h        | "user/fwd/leases.h"       | headers in a circle: leases.h has gc.h
no  | plain/x.c            | <stdio.h>                 | every folder has a layer
'

targets='user/dataplane/tables.h bpf/lib/csum.h include/detour/flow.h user/fwd/gc.h user/fwd/gc.c
user/agent/conns.h user/net/nl.h user/control/wire.h bpf/relay/maps.h user/base/addr.h tests/lab/x.h'

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

make_tree()
{
	local target

	rm -rf "${tree:?}"/*
	for target in $targets "$1"; do
		mkdir -p "$tree/$(dirname "$target")"
		: >"$tree/$target"
	done
	echo '#include "user/fwd/gc.h"' >"$tree/user/fwd/leases.h"
	echo "#include $2" >"$tree/$1"
}

trim()
{
	local text=$1

	text=${text#"${text%%[! ]*}"}
	echo "${text%"${text##*[! ]}"}"
}

number=0
fail=0
while IFS='|' read -r verdict file include what; do
	[[ -z $verdict ]] && continue
	number=$((number + 1))
	make_tree "$(trim "$file")" "$(trim "$include")"
	if "$here/layers.sh" "$tree" >/dev/null; then got=yes; else got=no; fi
	if [[ $got == "$(trim "$verdict")" ]]; then
		echo "ok $number - $(trim "$file") includes $(trim "$include"): $verdict"
	else
		echo "not ok $number - $(trim "$file") includes $(trim "$include"):$what"
		fail=1
	fi
done <<<"$cases"
echo "1..$number"
exit $fail
