#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs into an empty folder, looks at what is there, removes it again. TAP.
set -euo pipefail

cd "$(dirname "$0")/.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
number=0
fail=0

check()
{
	local what=$1 said

	shift
	number=$((number + 1))
	if said=$("$@" 2>&1); then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		echo "# ${said//$'\n'/$'\n'# }"
		fail=1
	fi
}

make_in_root()
{
	make -s DESTDIR="$root" PREFIX=/usr "$@"
}

# systemd wants the programs where the units say: a unit for the check names them in the folder.
units_verify()
{
	local unit said

	mkdir -p "$root/check"
	for unit in detour-fwd detour-agent; do
		sed "s|=/usr/sbin/|=$root/usr/sbin/|" "$root/usr/lib/systemd/system/$unit.service" \
			>"$root/check/$unit.service"
	done
	# An unknown key is a warning about the unit, and success.
	said=$(systemd-analyze verify --man=no "$root"/check/*.service 2>&1) || return
	if grep -F "$root/check" <<<"$said"; then return 1; fi
}

left_over()
{
	find "$root" -path "$root/check" -prune -o -path "$root/etc" -prune -o ! -type d -print
}

completes()
{
	# shellcheck disable=SC2016 # for the other shell
	bash -c 'source "$1"; COMP_WORDS=(detour-fwd lo); COMP_CWORD=1; _detour_fwd
		[[ "${COMPREPLY[*]}" == load ]]' bash "$root/usr/share/bash-completion/completions/detour-fwd"
}

check "install" make_in_root install
for program in detour-fwd detour-agent detour-pki; do
	check "$program is there" test -x "$root/usr/sbin/$program"
	check "$program has a manual page" test -s "$root/usr/share/man/man8/$program.8"
	check "$program runs" "$root/usr/sbin/$program" version
done
check "the sample fwd.conf is right" "$root/usr/sbin/detour-fwd" check-config --config "$root/etc/detour/fwd.conf"
check "the sample agent.conf is right" "$root/usr/sbin/detour-agent" check-config --config "$root/etc/detour/agent.conf"
check "completion completes" completes
if command -v systemd-analyze >/dev/null; then
	check "systemd takes the units" units_verify
fi
echo "# changed" >>"$root/etc/detour/fwd.conf"
check "install again" make_in_root install
check "the owner's fwd.conf stays" grep -q "# changed" "$root/etc/detour/fwd.conf"
check "uninstall" make_in_root uninstall
check "uninstall leaves nothing but /etc/detour" test -z "$(left_over)"
echo "1..$number"
exit $fail
