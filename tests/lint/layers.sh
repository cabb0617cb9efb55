#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# layers.sh ROOT: checks the #include lines of a tree: dependencies run one way, and headers include
# each other without a circle. docs/ARCHITECTURE.md gives the reasons.
set -euo pipefail

# FILES (a glob from the root) | what they may include, as beginnings of paths from the root. The
# first row that fits a file counts.
rules='
bpf/*.bpf.c       | bpf/relay/ bpf/client/ bpf/lib/ include/detour/
bpf/relay/*       | bpf/relay/ bpf/lib/ include/detour/
bpf/client/*      | bpf/client/ bpf/lib/ include/detour/
bpf/lib/*         | bpf/lib/ include/detour/
include/detour/*  | include/detour/
kernel-pm/*       | kernel-pm/ bpf/lib/ include/detour/
user/base/*       | user/base/ include/detour/
user/net/*        | user/net/ user/base/ include/detour/
user/conf/*       | user/conf/ user/net/ user/base/ include/detour/
user/control/*    | user/control/ user/net/ user/base/ include/detour/
user/pm/*         | user/pm/ user/net/ user/base/ include/detour/
user/dataplane/*  | user/dataplane/ user/net/ user/base/ include/detour/ skeleton
user/fwd/*        | user/fwd/ user/dataplane/ user/control/ user/conf/ user/pm/ user/net/ user/base/ include/detour/
user/agent/*      | user/agent/ user/dataplane/ user/control/ user/conf/ user/pm/ user/net/ user/base/ include/detour/
tests/*           | tests/ user/ bpf/ include/detour/ skeleton
'

fail=0

complain()
{
	echo "$1: $2"
	fail=1
}

# What the rules let a file include; nothing and status 1 for a file that no rule knows.
allowed_for()
{
	local glob allowed

	while IFS='|' read -r glob allowed; do
		glob=${glob%% *}
		# shellcheck disable=SC2053 # a glob on purpose
		if [[ -n $glob && $1 == $glob ]]; then
			echo "$allowed"
			return 0
		fi
	done <<<"$rules"
	return 1
}

# A path from the root for what stands in the #include of a file, "skeleton", or nothing for a system
# header. Tests may name a file of their own folder without it.
resolve()
{
	local path=${1//[<>\"]/}

	case $1 in
	*.skel.h?) echo skeleton ;;
	\<detour/*) echo "include/$path" ;;
	\<*) if [[ -e $root/$path ]]; then echo "$path"; fi ;;
	*/* | *.c\") echo "$path" ;;
	*) if [[ $2 == tests/* ]]; then echo "${2%/*}/$path"; else echo "$path"; fi ;;
	esac
}

check_include()
{
	local file=$1 line=$2 target=$3 allowed=$4 beginning

	case $target in
	*.c) complain "$file:$line" "includes the source file $target" && return ;;
	esac
	if [[ $target != skeleton && ! -e $root/$target ]]; then
		complain "$file:$line" "includes \"$target\": write the path from the root"
		return
	fi
	for beginning in $allowed; do
		[[ $target == "$beginning"* ]] && return
	done
	complain "$file:$line" "may not include $target; allowed: $allowed"
}

check_file()
{
	local file=$1 allowed line include target

	if ! allowed=$(allowed_for "$file"); then
		complain "$file" "lies in no known layer"
		return
	fi
	while IFS=: read -r line include; do
		target=$(resolve "$include" "$file")
		[[ -n $target ]] || continue
		check_include "$file" "$line" "$target" "$allowed"
		if [[ $file == *.h && $target == *.h ]]; then
			echo "$file $target" >>"$edges"
		fi
	done < <(sed -nE '/^[ \t]*#[ \t]*include/{=;s/^[ \t]*#[ \t]*include[ \t]*([<"][^>"]*[>"]).*/\1/p}' \
		"$root/$file" | paste -d: - -)
}

check_circles()
{
	local said

	said=$(tsort "$edges" 2>&1 >/dev/null) || complain "headers" "include each other: ${said//$'\n'/ }"
}

root=${1:?usage: layers.sh ROOT}
edges=$(mktemp)
trap 'rm -f "$edges"' EXIT

while read -r file; do
	check_file "$file"
done < <(cd "$root" && find . \( -path './build*' -o -path './.git' \) -prune -o \
	-name '*.[ch]' -print | sed 's|^\./||' | sort)
check_circles
exit $fail
