#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# vmtest/fetch.sh: what is fetched again, what stays, and what happens when the network does not. apt is a script
# that knows an archive in a folder; curl, hashes and packages are real. TAP.
set -u

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0
failed=0

mkdir -p "$dir"/{bin,archive}
export ARCHIVE=$dir/archive XDG_CACHE_HOME=$dir/cache VMTEST_KEYRING=/dev/null VMTEST_REFRESH=1 PATH=$dir/bin:$PATH
cache=$dir/cache/detour/vmtest

# The archive's index is a file of lines "NAME FILE HASH SIZE".
cat >"$dir/bin/apt-get" <<'END'
#!/bin/bash
case " $* " in
*" update "*) [ -e "$ARCHIVE/index" ] ;;
*" --print-uris "*)
	for name in ${*##*--print-uris}; do
		awk -v name="$name" -v at="file://$ARCHIVE" '$1 == name { print "\047" at "/" $2 "\047", $2, $4, "SHA256:" $3 }' "$ARCHIVE/index"
	done ;;
esac
END
cat >"$dir/bin/apt-cache" <<'END'
#!/bin/bash
cut -d' ' -f1 "$ARCHIVE/index" | grep -E -- "${*: -1}" || true
END
printf '#!/bin/sh\n' | tee "$dir/bin/apt-config" >"$dir/bin/depmod"
chmod +x "$dir"/bin/*

# publish NAME VERSION FILE: instead of the NAME that there was; FILE in it has the version.
publish() {
	local root=$dir/root file=$1_$2_amd64.deb
	rm -rf "$root"
	mkdir -p "$root/DEBIAN" "$root/lib/modules/${1#linux-image-}" "$root/$(dirname "$3")"
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody\nDescription: none\n' "$1" "$2" >"$root/DEBIAN/control"
	echo "$2" >"$root/$3"
	rm -f "$ARCHIVE/$1"_*.deb
	dpkg-deb --build "$root" "$ARCHIVE/$file" >/dev/null
	touch "$ARCHIVE/index"
	sed -i "/^$1 /d" "$ARCHIVE/index"
	echo "$1 $file $(sha256sum "$ARCHIVE/$file" | cut -d' ' -f1) $(stat -c %s "$ARCHIVE/$file")" >>"$ARCHIVE/index"
}
kernel() { publish linux-image-6.1.0-99-amd64 "$1" boot/vmlinuz-6.1.0-99-amd64; }

# gives VERSION WORDS...: fetch.sh WORDS succeeds, and what it names has that version.
gives() {
	local found
	found=$(vmtest/fetch.sh "${@:2}" 2>"$dir/stderr") || return
	[ ! -d "$found" ] || found=$found/usr/bin/vng
	[ "$(cat "$found")" = "$1" ] || { echo "$found"; return 1; }
}
refuses() { ! vmtest/fetch.sh "$@" 2>"$dir/stderr"; }
says() { grep -q "$1" "$dir/stderr"; }
folders() { [ "$(find "$cache/$1" -mindepth 1 -maxdepth 1 -type d | wc -l)" = "$2" ]; }

# check TEXT COMMAND...: the command succeeds.
check() {
	local text=$1
	shift
	count=$((count + 1))
	if "$@" >"$dir/said" 2>&1; then
		echo "ok $count - $text"
	else
		failed=1
		echo "not ok $count - $text"
		cat "$dir/said" "$dir/stderr" 2>/dev/null | sed 's/^/# /'
	fi
}

kernel 6.1.10-1
check "a kernel" gives 6.1.10-1 kernel 6.1
rm "$ARCHIVE"/*.deb
check "the same one is not fetched again" gives 6.1.10-1 kernel 6.1
kernel "6.1.10-2~bpo12+1"
check "a newer one under the same name" gives "6.1.10-2~bpo12+1" kernel 6.1
check "the one before stays: a VM may run it" folders kernels 2
touch -d "3 days ago" "$cache"/kernels/*_6.1.10-1/used
check "once more" gives "6.1.10-2~bpo12+1" kernel 6.1
check "and not when nobody has used it for days" folders kernels 1

kernel 6.1.11-1
mv "$ARCHIVE"/*6.1.11*.deb "$dir"
check "a package that cannot be fetched: the cached one" gives "6.1.10-2~bpo12+1" kernel 6.1
check "and that is said" says "linux-image-6.1.0-99-amd64_6.1.11-1 could not be fetched; as cached"
head -c 200 "$dir"/*6.1.11*.deb >"$ARCHIVE/linux-image-6.1.0-99-amd64_6.1.11-1_amd64.deb"
check "one that breaks off: the cached one" gives "6.1.10-2~bpo12+1" kernel 6.1
check "and that is said" says "broke off"
tr '\0' x <"$(echo "$dir"/*6.1.11*.deb)" >"$ARCHIVE/linux-image-6.1.0-99-amd64_6.1.11-1_amd64.deb"
check "one that is not what the index says: the cached one" gives "6.1.10-2~bpo12+1" kernel 6.1
mv "$dir"/*6.1.11*.deb "$ARCHIVE"
check "the rest is there again" gives 6.1.11-1 kernel 6.1
check "nothing half-made is left" folders kernels 2

publish virtme-ng 1.35-1 usr/bin/vng
check "virtme-ng" gives 1.35-1 tools
publish virtme-ng 1.36-1 usr/bin/vng
check "a newer virtme-ng" gives 1.36-1 tools

mv "$ARCHIVE/index" "$dir"
check "no index: the kernel as cached" gives 6.1.11-1 kernel 6.1
check "no index: virtme-ng as cached" gives 1.36-1 tools
VMTEST_OFFLINE=1 check "offline, too" gives 6.1.11-1 kernel 6.1
rm -rf "$cache"
check "nor a cache: refused" refuses kernel 6.1
check "by name" says "no network, and no kernel 6.1"
mv "$dir/index" "$ARCHIVE"
rm "$ARCHIVE"/*.deb
check "neither package nor cache: refused" refuses kernel 6.1
check "by name" says "linux-image-6.1.0-99-amd64_6.1.11-1 could not be fetched, and no other"
echo "1..$count"
exit $failed
