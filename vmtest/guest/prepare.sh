# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a VM needs before a test or a shell: mounts, modules, a little of /etc.

# Built into some kernels, modules of others; what a kernel does not have at all, the tests say.
MODULES=(tun veth bridge sch_netem sch_tbf sch_fq sch_ingress cls_bpf act_mirred tcp_bbr inet_diag tcp_diag
	mptcp_diag nf_tables nft_chain_nat nft_masq nft_nat nft_ct wireguard ipv6)

prepare() {
	local module
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf || return 1
	mkdir -p /run/netns
	for module in "${MODULES[@]}"; do modprobe -q "$module" 2>/dev/null || true; done
	ip link set lo up
}

# virtme-ng calls poweroff, which a host without an init system does not have: its kernel would die of it.
power_off() {
	sync
	busybox poweroff -f
}
