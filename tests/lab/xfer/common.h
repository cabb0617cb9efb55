/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ends of a transfer share: sockets, whole reads and writes, times, the report. */
#ifndef DETOUR_XFER_COMMON_H
#define DETOUR_XFER_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/lab/xfer/series.h"
#include "user/base/addr.h"

#define CHUNK (64 * 1024)

struct arguments {
	const char *congestion; /* NULL: the system's */
	const char *report;	/* a file for the JSON; NULL: stdout */
	const char
		*series;   /* a file for what each subflow has carried from time to time, or NULL */
	uint64_t bytes;	   /* that fetch asks for */
	double interval_s; /* of the series */
	bool progress, once, tcp;
};

/* Moments of a transfer, on progress_now_s()'s clock; 0: does not apply. */
struct times {
	double begin_s;	    /* before connect(), or after accept() */
	double connected_s; /* the three-way handshake is done */
	double first_s;	    /* the first byte of content has come */
	double end_s;
};

/* 0 or -errno; -ECONNRESET: the other side ended first. */
int write_all(int fd, const void *data, size_t len);
int read_all(int fd, void *data, size_t len);

/* Reads `length` bytes from `fd` into `file`, and notes when the first came. */
int receive_content(int fd, int file, uint64_t length, struct series *series, struct times *times);

/* A file for what arrives. */
int create_file(const char *path, int *ret_file);

int connect_to(const struct arguments *args, const struct endpoint *server, struct times *times,
	       int *ret_fd);
int listen_at(const struct arguments *args, const struct endpoint *endpoint, int *ret_fd);

/* One JSON object: bytes, how long (seconds, of which the rate) and what each subflow carried. */
int report(const struct arguments *args, int fd, uint64_t bytes, double seconds,
	   const struct times *times);

#endif /* DETOUR_XFER_COMMON_H */
