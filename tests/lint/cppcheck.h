/* SPDX-License-Identifier: BSD-2-Clause */
/* For cppcheck, which reads no system headers: what macros of libraries come down to. */
#define SEC(name)
#define __uint(name, value)			       int name
#define __type(name, value)			       int name
#define __array(name, value)			       int name
#define __always_inline				       inline
#define LIBBPF_OPTS(type, name, ...)		       struct type name = {__VA_ARGS__}
#define DECLARE_LIBBPF_OPTS(type, name, ...)	       struct type name = {__VA_ARGS__}
#define HASH_ITER(hh, head, item, next)		       for (item = head; item; item = next)
#define mnl_attr_for_each(attr, nlh, offset)	       for (;;)
#define mnl_attr_for_each_nested(attr, nest)	       for (;;)
#define mnl_attr_for_each_payload(payload, len)	       for (;;)
#define json_object_object_foreach(object, key, value) for (;;)
#define DL_FOREACH(head, item)			       for (item = head; item; item = item->next)
#define DL_FOREACH_SAFE(head, item, next_item)	       for (item = head; item; item = next_item)
#define LL_FOREACH(head, item)			       for (item = head; item; item = item->next)
#define LL_FOREACH_SAFE(head, item, next_item)	       for (item = head; item; item = next_item)
