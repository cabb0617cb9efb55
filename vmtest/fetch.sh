#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Kernels and virtme-ng from Debian's archive, unpacked into a cache. Nothing is installed: apt is
# used with lists of its own, for the signed index alone.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin
HERE=$(cd "$(dirname "$0")" && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/detour/vmtest
MIRROR=${VMTEST_MIRROR:-http://deb.debian.org/debian}
SECURITY=${VMTEST_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
KEYRING=${VMTEST_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
TOOLS_SUITE=trixie
INDEX_HOURS=24 # how old the index may be

usage() {
	cat <<-'END'
		usage: fetch.sh kernel NAME    fetch a kernel of kernels.txt; print its image's path
		       fetch.sh tools          fetch virtme-ng; print the folder that it is in
		       fetch.sh all            both, for the whole matrix
		       fetch.sh xdp-forward    fetch xdp-forward; print the path of a script that runs it
		Environment: VMTEST_OFFLINE=1 asks nobody and takes what is cached;
		VMTEST_REFRESH=1 asks for newer kernels now, not once a day; VMTEST_MIRROR,
		VMTEST_SECURITY_MIRROR, VMTEST_KEYRING (who may sign the index), XDG_CACHE_HOME.
	END
}

say() { echo "fetch: $*" >&2; }
die() { say "$*"; exit 1; }

# ---- The index ------------------------------------------------------------------------------

# Of the host's apt.conf only the proxy counts.
apt_conf() {
	apt-config shell PROXY Acquire::http::Proxy | sed -n "s/^PROXY='\(.*\)'$/Acquire::http::Proxy \"\1\";/p"
	cat <<-'END'
		Dir::Etc::Main "/dev/null";
		Dir::Etc::Parts "/dev/null";
		Acquire::AllowInsecureRepositories "false";
		Acquire::AllowWeakRepositories "false";
		Acquire::AllowDowngradeToInsecureRepositories "false";
	END
}

private_apt() {
	local tool=$1
	shift
	APT_CONFIG=$CACHE/apt/apt.conf "$tool" -o Dir::Etc::SourceList="$CACHE/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$CACHE/apt/lists" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$CACHE/apt/cache" -o APT::Sandbox::User="" -o APT::Architecture=amd64 \
		-o APT::Architectures=amd64 -o Acquire::Languages=none "$@"
}

# The rows of kernels.txt without comments.
matrix() { sed 's/#.*//' "$HERE/kernels.txt" | awk 'NF'; }

suites() { { matrix | awk '{ print $2 }' | tr ',' '\n'; echo "$TOOLS_SUITE"; } | sort -u; }

sources() {
	local suite mirror
	for suite in $(suites); do
		mirror=$MIRROR
		[[ $suite != *-security ]] || mirror=$SECURITY
		echo "deb [arch=amd64 signed-by=$KEYRING] $mirror $suite main"
	done
}

index_fresh() {
	[ -z "${VMTEST_REFRESH:-}" ] && sources | cmp -s - "$CACHE/apt/sources.list" &&
		[ -n "$(find "$CACHE/apt/stamp" -mmin -$((INDEX_HOURS * 60)) 2>/dev/null)" ]
}

# Fails if there is no network; then the cache must do.
index_update() {
	[ -z "${VMTEST_OFFLINE:-}" ] || return 1
	mkdir -p "$CACHE"/apt/{lists,cache/archives}/partial
	apt_conf >"$CACHE/apt/apt.conf"
	! index_fresh || return 0
	[ -r "$KEYRING" ] || die "$KEYRING is missing: install debian-archive-keyring"
	rm -f "$CACHE/apt/stamp"
	sources >"$CACHE/apt/sources.list"
	say "asking Debian's archive for the newest kernels"
	private_apt apt-get -qq --error-on=any update >&2 && touch "$CACHE/apt/stamp"
}

# newest REGEX: the package of the highest version among those whose name fits.
newest() { private_apt apt-cache search --names-only "^$1\$" | cut -d' ' -f1 | sort -V | tail -n 1; }

# versions PACKAGE...: as in the names of their files, without what virtme-ng refuses in a path.
versions() {
	private_apt apt-get download --print-uris "$@" | awk '{ sub(/_[^_]*$/, "", $2); sub(/^[^_]*_/, "", $2); print $2 }' |
		sort -u | paste -sd_ | tr -c '[:alnum:]+._\n-' -
}

# ---- Packages -------------------------------------------------------------------------------

# hash_is FILE TYPE:VALUE, as apt has it.
hash_is() { [ -e "$1" ] && echo "${2#*:}  $1" | "$(tr '[:upper:]' '[:lower:]' <<<"${2%%:*}")sum" --check --status; }

# download URI FILE: goes on where an earlier attempt ended.
download() {
	local quiet=(--silent --show-error)
	[ ! -t 2 ] || quiet=(--progress-bar)
	curl "${quiet[@]}" --fail --location --retry 3 --speed-limit 1 --speed-time 60 --continue-at - --output "$2" "$1"
}

# package NAME: fetches it and prints the file's path.
package() {
	local uri file size hash part begin=$SECONDS
	read -r uri file size hash < <(private_apt apt-get download --print-uris "$1" | tr -d "'")
	[ -n "${hash:-}" ] || die "Debian's archive does not have $1"
	part=$CACHE/deb/$file.part
	mkdir -p "$CACHE/deb"
	# A part that another attempt left may turn out to be wrong: then once more from its beginning.
	for _ in 1 2; do
		say "$file, $(((size + 500000) / 1000000)) MB$([ ! -e "$part" ] || echo ", going on")"
		hash_is "$part" "$hash" || download "$uri" "$part" || [ -e "$part" ] || die "cannot fetch $uri"
		if hash_is "$part" "$hash"; then
			mv "$part" "$CACHE/deb/$file"
			say "$file is whole ($((SECONDS - begin)) s)"
			echo "$CACHE/deb/$file"
			return
		fi
		[ "$(stat -c %s "$part")" -ge "$size" ] || die "$file broke off; call again to go on"
		say "$file is not what the signed index says"
		rm -f "$part"
	done
	die "$uri: wrong twice"
}

# arrange FOLDER: a kernel as virtme-ng wants it, boot/vmlinuz-VERSION and lib/modules/VERSION side by side.
arrange() {
	local modules
	for modules in "$1"/{,usr/}lib/modules/*; do
		[ -d "$modules" ] || continue
		[ -e "$1/lib" ] || ln -s usr/lib "$1/lib"
		mkdir -p "$1/boot"
		[ ! -e "$modules/vmlinuz" ] || mv "$modules/vmlinuz" "$1/boot/vmlinuz-${modules##*/}"
		depmod -b "$1" "${modules##*/}" || return
	done
}

# unpack FOLDER PACKAGE...: the folder appears when it is complete, or not at all.
unpack() {
	local folder=$1 new=$1.new name file
	shift
	rm -rf "$new"
	mkdir -p "$new"
	for name; do
		file=$(package "$name") && dpkg -x "$file" "$new" && rm -f "$file" || return
	done
	arrange "$new" && touch "$new/used" && mv "$new" "$folder"
}

# provide LINK NAME PACKAGE...: LINK points to the newest of these packages or, where they cannot be fetched, to
# what was fetched before. The folder's name has the version: Debian mends kernels under the same NAME.
provide() {
	local link=$1 folder
	folder=${link%/*}/$2_$(versions "${@:3}")
	if [ -d "$folder" ] || unpack "$folder" "${@:3}"; then
		ln -sfn "${folder##*/}" "$link"
		forget_old "${link%/*}"
	else
		cached "$link" || die "${folder##*/} could not be fetched, and no other is in $CACHE"
		say "${folder##*/} could not be fetched; as cached: $(readlink "$link")"
	fi
}

# cached LINK: there is one, and it is in use from now on.
cached() { [ -d "$1/." ] && touch "$1/used"; }

# A VM runs it, or may soon: it was used in the last two days.
in_use() { [ -n "$(find "$1/used" -mtime -2 2>/dev/null)" ]; }

# forget_old FOLDER: what no link in it points to any more.
forget_old() {
	local folder
	for folder in "$1"/*; do
		[ -L "$folder" ] || [ -n "$(find "$1" -maxdepth 1 -lname "${folder##*/}")" ] || in_use "$folder" ||
			rm -rf "$folder"
	done
}

# ---- Kernels --------------------------------------------------------------------------------

# From 7.x on image, modules and their lists are packages of their own, and all is under /usr.
kernel_packages() {
	local name=$1 version=${1#linux-image-} split
	split=$(private_apt apt-cache search --names-only "^linux-(base|binary|modules)-${version//+/\\+}\$" | cut -d' ' -f1)
	echo "${split:-$name}"
}

# kernel NAME: the newest one; without network the one that was fetched before.
kernel() {
	local row name link=$CACHE/kernels/$1
	row=$(matrix | awk -v name="$1" '$1 == name')
	[ -n "$row" ] || die "no kernel '$1' in kernels.txt; there are: $(matrix | awk '{ print $1 }' | paste -sd' ')"
	if index_update; then
		name=$(newest "$(awk '{ print $3 }' <<<"$row")")
		[ -n "$name" ] || die "no package fits kernel $1 of kernels.txt"
		# shellcheck disable=SC2046 # one word a package
		provide "$link" "$name" $(kernel_packages "$name")
	else
		cached "$link" || die "no network, and no kernel $1 in $CACHE"
		say "kernel $1: as cached"
	fi
	cached "$link" && readlink -e "$link"/boot/vmlinuz-*
}

tools() {
	local link=$CACHE/virtme-ng/newest
	if index_update; then
		provide "$link" virtme-ng virtme-ng
	else
		cached "$link" || die "no network, and no virtme-ng in $CACHE"
	fi
	cached "$link" && readlink -e "$link"
}

# What xdp-tools of Debian 12 lacks: a newer one, with its own libraries beside it.
xdp_forward() {
	local folder=$CACHE/xdp-forward
	if [ ! -x "$folder/xdp-forward" ]; then
		index_update || die "no network, and no xdp-forward in $CACHE"
		rm -rf "$folder"
		unpack "$folder" xdp-tools libxdp1 libbpf1 libelf1t64 zlib1g libzstd1 libc6 || die "xdp-forward could not be fetched"
		xdp_forward_arrange "$folder"
	fi
	echo "$folder/xdp-forward"
}

xdp_forward_arrange() {
	cat >"$1/xdp-forward" <<-'END'
		#!/bin/sh
		root=$(dirname "$0")
		libraries=$(echo "$root"/usr/lib/*-linux-gnu)
		export LIBXDP_OBJECT_PATH="$libraries/bpf"
		exec "$root"/usr/lib64/ld-linux-*.so.2 --library-path "$libraries" "$root/usr/sbin/xdp-forward" "$@"
	END
	chmod 755 "$1/xdp-forward"
}

everything() {
	local name
	tools
	for name in $(matrix | awk '{ print $1 }'); do kernel "$name"; done
}

[ $# -gt 0 ] || { usage >&2; exit 2; }
case "$1" in
-h | --help) usage; exit ;;
esac
mkdir -p "$CACHE"
exec 9>"$CACHE/lock" # two runs at once: one fetches, the other finds it there
flock 9
case "$1:$#" in
kernel:2) kernel "$2" ;;
tools:1) tools ;;
all:1) everything ;;
xdp-forward:1) xdp_forward ;;
*) usage >&2; exit 2 ;;
esac
