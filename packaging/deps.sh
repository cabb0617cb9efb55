#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs what building, testing and the demo need, and only what is missing.
# Debian 12 and 13, Ubuntu 24.04. Nothing is asked, no service is started.
set -euo pipefail

# What to look for (command, pkg-config module, header, file, Python module ...) and the package
# that has it; of several names the first that this distribution knows.
NEEDS="
command  make           make
command  gcc            gcc libc6-dev
command  clang          clang
command  llvm-strip     llvm
bpftool  -              bpftool|linux-tools-generic
command  pkg-config     pkg-config
command  git            git
pkg      libbpf         libbpf-dev
pkg      libelf         libelf-dev
pkg      libmnl         libmnl-dev
pkg      libuv          libuv1-dev
pkg      openssl        libssl-dev
pkg      json-c         libjson-c-dev
pkg      libsystemd     libsystemd-dev
pkg      libcap-ng      libcap-ng-dev
pkg      cmocka         libcmocka-dev
header   uthash.h       uthash-dev
header   linux/mptcp.h  linux-libc-dev
fuzzer   -              libclang-rt-dev
command  openssl        openssl
command  ip             iproute2
command  nft            nftables
command  ping           iputils-ping
command  sysctl         procps
command  ethtool        ethtool
command  tcpdump        tcpdump
command  iperf3         iperf3
command  curl           curl
command  mptcpize       mptcpize
command  python3        python3
command  jq             jq
command  setpriv        util-linux
"

# Only what `make lint` uses: with --lint.
LINT_NEEDS="
command  clang-format   clang-format
command  clang-tidy     clang-tidy
command  cppcheck       cppcheck
command  shellcheck     shellcheck
command  mandoc         mandoc
"

# Only what `make vmtest` uses: with --vmtest.
VMTEST_NEEDS="
command  qemu-system-x86_64  qemu-system-x86
command  busybox        busybox-static
command  file           file
command  udevadm        udev
command  depmod         kmod
command  flock          util-linux
command  wg             wireguard-tools
python   requests       python3-requests
python   argcomplete    python3-argcomplete
file     /usr/share/keyrings/debian-archive-keyring.gpg  debian-archive-keyring
"

# Only what `make bench` measures Detour beside, and draws with: with --bench.
BENCH_NEEDS="
command  gnuplot        gnuplot-nox
command  openvpn        openvpn
command  socat          socat
command  iptables       iptables
command  xdp-loader     xdp-tools
"

usage() {
	cat <<-'END'
		usage: deps.sh [--check] [--lint] [--vmtest] [--bench]
		  --check   install nothing; say what is missing, exit 1 if anything is
		  --lint    also what `make lint` uses
		  --vmtest  also what `make vmtest` uses
		  --bench   also what `make bench` uses
	END
}

PATH=$PATH:/usr/sbin:/sbin

has_command() { command -v "$1" >/dev/null; }
has_pkg() { pkg-config --exists "$1" 2>/dev/null; }
has_header() { compgen -G "/usr/include/$1" >/dev/null || compgen -G "/usr/include/*-linux-gnu/$1" >/dev/null; }
has_file() { [ -e "$1" ]; }
has_python() { /usr/bin/python3 -c "import $1" 2>/dev/null; }
# Ubuntu's /usr/sbin/bpftool only looks for the one of the running kernel; the Makefile finds the others.
has_bpftool() { compgen -G "/usr/lib/linux-tools/*/bpftool" >/dev/null || bpftool version >/dev/null 2>&1; }
has_fuzzer() { has_command clang && compgen -G "$(clang -print-resource-dir)/lib/*/libclang_rt.fuzzer*.a" >/dev/null; }

# missing: the package words of each need that is not met.
missing() {
	local kind what packages
	while read -r kind what packages; do
		[ -z "$kind" ] || "has_$kind" "$what" || echo "$packages"
	done <<<"$NEEDS"
}

apt_knows() { [ -n "$(apt-cache --names-only search "^$1\$" 2>/dev/null)" ]; }

# choose PACKAGE|PACKAGE...: the first that apt knows, or the first.
choose() {
	local name
	for name in ${1//|/ }; do
		! apt_knows "$name" || { echo "$name"; return; }
	done
	echo "${1%%|*}"
}

install_missing() {
	local word packages=()
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update
	for word in $(missing); do packages+=("$(choose "$word")"); done
	echo "deps: installing ${packages[*]}"
	apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install "${packages[@]}" >/dev/null
}

check_only=""
for option; do
	case "$option" in
	--check) check_only=1 ;;
	--lint) NEEDS+=$LINT_NEEDS ;;
	--vmtest) NEEDS+=$VMTEST_NEEDS ;;
	--bench) NEEDS+=$BENCH_NEEDS ;;
	-h | --help) usage; exit ;;
	*) usage >&2; exit 2 ;;
	esac
done

lacking=$(missing)
[ -n "$lacking" ] || exit 0
if [ -n "$check_only" ]; then
	echo "deps: missing:" "$lacking"
	exit 1
fi
has_command apt-get || { echo "deps: no apt here; install by hand:" "$lacking" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "deps: installing needs root:" "$lacking" >&2; exit 1; }
install_missing
lacking=$(missing)
[ -z "$lacking" ] || { echo "deps: still missing:" "$lacking" >&2; exit 1; }
