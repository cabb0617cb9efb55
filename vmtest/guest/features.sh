# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a kernel has: a function has_FEATURE for each.
# shellcheck disable=SC2034 # who sources this reads the lists

# Without these Detour does not work, or its lab cannot be made.
NEEDED=(mptcp userspace_pm mptcp_diag btf bpffs clsact veth tun)

# These it uses or tests where they are there: kernels.txt says what is expected.
OPTIONAL=(netem wireguard nft_nat path_manager tcx get_addr_token)

has_mptcp() { [ -e /proc/sys/net/mptcp/enabled ]; }
has_userspace_pm() { [ -e /proc/sys/net/mptcp/pm_type ]; }
has_path_manager() { [ -e /proc/sys/net/mptcp/path_manager ]; }
has_mptcp_diag() { local errors; errors=$(ss -HMa 2>&1 >/dev/null) && [ -z "$errors" ]; }
has_btf() { [ -e /sys/kernel/btf/vmlinux ]; }
has_bpffs() { grep -qw bpf /proc/filesystems; }
has_clsact() { feature_try link add feature0 type veth && tc qdisc add dev feature0 clsact; feature_done $?; }
has_netem() { feature_try link add feature0 type veth && tc qdisc add dev feature0 root netem delay 1ms; feature_done $?; }
has_veth() { feature_try link add feature0 type veth; feature_done $?; }
has_wireguard() { feature_try link add feature0 type wireguard; feature_done $?; }
has_tun() { [ -c /dev/net/tun ] && ip tuntap add feature0 mode tap; feature_done $?; }
has_nft_nat() { nft -c -f - <<<'table inet feature { chain c { type nat hook postrouting priority srcnat; masquerade; }; }'; }
has_tcx() { kernel_type BPF_TCX_INGRESS; }
has_get_addr_token() { kernel_type mptcp_userspace_pm_get_addr; }

feature_try() { ip link del feature0 2>/dev/null; ip "$@"; }
feature_done() { ip link del feature0 2>/dev/null; return "$1"; }

# A name among the kernel's own types and functions.
kernel_type() {
	[ -s /run/btf ] || bpftool btf dump file /sys/kernel/btf/vmlinux >/run/btf
	grep -q "'$1'" /run/btf
}

has() { "has_$1" >/dev/null 2>&1; }
