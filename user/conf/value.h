/* SPDX-License-Identifier: BSD-2-Clause */
/* Text to value and back, for the types that only configuration files have. */
#ifndef DETOUR_CONF_VALUE_H
#define DETOUR_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <detour/config.h>

#include "user/conf/fwd_config.h"

/* Room for any text that this module writes. */
#define VALUE_TEXT_LEN 72

/* Digits alone. -EINVAL, -ERANGE. */
int value_unsigned(const char *text, uint32_t min, uint32_t max, uint32_t *ret_number);

/*
 * "90s", "4m", "2h4m", "1d": numbers with units from large to small, each unit once; a number alone
 * counts seconds. -EINVAL, -ERANGE.
 */
int value_duration(const char *text, uint32_t min, uint32_t max, uint32_t *ret_seconds);

/* "10000-19999" or one port. -EINVAL (also for first > last), -ERANGE. */
int value_port_range(const char *text, uint32_t min, uint32_t max,
		     struct detour_port_range *ret_range);

/* "10.0.0.0/8", "10.0.0.0/8:443", "192.0.2.1:443", "2001:db8::/32:443", "[2001:db8::1]:443". */
int value_destination(const char *text, struct fwd_destination *ret_destination);

/* A name that a network device may have. */
bool value_is_interface(const char *text);

/* "host:port", "192.0.2.1:port" or "[v6]:port"; the host is not looked up. */
bool value_is_host_port(const char *text);

/* `out` has VALUE_TEXT_LEN bytes and is returned. */
const char *value_duration_format(uint32_t seconds, char *out);
const char *value_port_range_format(const struct detour_port_range *range, char *out);
const char *value_destination_format(const struct fwd_destination *destination, char *out);

#endif /* DETOUR_CONF_VALUE_H */
