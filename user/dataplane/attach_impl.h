/* SPDX-License-Identifier: BSD-2-Clause */
/* What attach.c and attach_tc.c share. For these two alone. */
#ifndef DETOUR_DATAPLANE_ATTACH_IMPL_H
#define DETOUR_DATAPLANE_ATTACH_IMPL_H

#include "user/dataplane/attach.h"

enum program_owner {
	OWNER_SELF,
	OWNER_OTHER_INSTANCE,
	OWNER_STRANGER,
};

bool program_has_map(int program_fd, uint32_t map_id);

/* Whose a program is; `ret_name` has BPF_OBJ_NAME_LEN bytes. */
enum program_owner program_owner(uint32_t program_id, uint32_t flows_map_id, char *ret_name);

/* The program of the filter at our place; -ENOENT: none. */
int attach_tc_query(const struct attach_target *target, uint32_t *ret_program_id);

#endif /* DETOUR_DATAPLANE_ATTACH_IMPL_H */
