// SPDX-License-Identifier: BSD-2-Clause
/* The filter at clsact ingress. libbpf 1.1 has no tcx, so the filter is not pinned: markers are. */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/base/cleanup.h"
#include "user/dataplane/attach_impl.h"
#include "user/net/nl.h"

/* Our place among the filters of an interface: one no other program would choose by chance. */
#define TC_HANDLE   1
#define TC_PRIORITY 0xde70

static struct bpf_tc_hook ingress_of(const struct attach_target *target)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = (int)target->ifindex,
		.attach_point = BPF_TC_INGRESS,
	};
}

int attach_tc_query(const struct attach_target *target, uint32_t *ret_program_id)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY);
	struct bpf_tc_hook hook = ingress_of(target);
	int err = bpf_tc_query(&hook, &options);

	/* Without a clsact qdisc the kernel says EINVAL. */
	if (err == -EINVAL)
		return -ENOENT;
	if (err)
		return err;
	*ret_program_id = options.prog_id;
	return 0;
}

/* Makes the qdisc; the marker remembers that it was us. */
static int ensure_clsact(const struct attach_target *target, int program_fd)
{
	struct bpf_tc_hook hook = ingress_of(target);
	char path[PINS_PATH_LEN];
	int err = bpf_tc_hook_create(&hook);

	if (err == -EEXIST)
		return 0;
	if (err)
		return err;
	return pins_put(program_fd, pins_path(target->pins, "clsact_", target->ifname, path));
}

int attach_tc(const struct attach_target *target, int program_fd)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY,
		    .flags = BPF_TC_F_REPLACE, .prog_fd = program_fd);
	struct bpf_tc_hook hook = ingress_of(target);
	char path[PINS_PATH_LEN];
	int err = ensure_clsact(target, program_fd);

	if (err)
		return err;
	/* The marker first: whatever happens now, unload knows where to look. */
	err = pins_put(program_fd, pins_path(target->pins, "tc_", target->ifname, path));
	return err ? err : bpf_tc_attach(&hook, &options);
}

static int count_filter(const struct nlmsghdr *nlh, void *data)
{
	int *count = data;

	if (nlh->nlmsg_type == RTM_NEWTFILTER)
		(*count)++;
	return MNL_CB_OK;
}

static int count_filters(struct nl_socket *sock, uint32_t ifindex, uint32_t minor, int *count)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));

	nlh->nlmsg_type = RTM_GETTFILTER;
	nlh->nlmsg_flags = NLM_F_DUMP;
	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = (int)ifindex;
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor);
	return nl_request(sock, nlh, count_filter, count);
}

static bool clsact_is_empty(uint32_t ifindex)
{
	struct nl_socket *sock;
	int count = 0, err = nl_open(NETLINK_ROUTE, &sock);

	if (err)
		return false;
	err = count_filters(sock, ifindex, TC_H_MIN_INGRESS, &count);
	if (!err)
		err = count_filters(sock, ifindex, TC_H_MIN_EGRESS, &count);
	nl_close(sock);
	return !err && count == 0;
}

/* Only what we made, and only if nobody has put a filter there since. */
static int remove_clsact(const struct attach_target *target)
{
	struct bpf_tc_hook hook = ingress_of(target);
	char path[PINS_PATH_LEN];
	int err;

	pins_path(target->pins, "clsact_", target->ifname, path);
	if (access(path, F_OK) < 0 || !clsact_is_empty(target->ifindex))
		return 0;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	err = bpf_tc_hook_destroy(&hook);
	if (err && err != -ENOENT && err != -EINVAL)
		return err;
	unlink(path);
	return 0;
}

int attach_remove_tc(const struct attach_target *target)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY);
	struct bpf_tc_hook hook = ingress_of(target);
	char path[PINS_PATH_LEN];
	uint32_t program_id;
	int err = attach_tc_query(target, &program_id);

	if (!err)
		err = bpf_tc_detach(&hook, &options);
	if (err && err != -ENOENT)
		return err;
	unlink(pins_path(target->pins, "tc_", target->ifname, path));
	return remove_clsact(target);
}
