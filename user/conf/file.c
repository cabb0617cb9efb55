// SPDX-License-Identifier: BSD-2-Clause
/* Reads a configuration file. */
#include "user/conf/file.h"

#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"

#define FILE_LEN_MAX (1 << 20)

static int read_all(FILE *file, char **ret_text, size_t *ret_len)
{
	_cleanup_free_ char *text = malloc(FILE_LEN_MAX + 1);
	size_t len;

	if (!text)
		return -ENOMEM;
	errno = 0;
	len = fread(text, 1, FILE_LEN_MAX + 1, file);
	if (ferror(file))
		return errno ? -errno : -EIO;
	if (len > FILE_LEN_MAX)
		return -EFBIG;
	*ret_text = take_ptr(&text);
	*ret_len = len;
	return 0;
}

int conf_file_read(const char *path, const char *standard, FILE *errors, char **ret_text,
		   size_t *ret_len)
{
	const char *name = path ? path : standard;
	_cleanup_fclose_ FILE *file = fopen(name, "re");
	int err;

	if (file)
		err = read_all(file, ret_text, ret_len);
	else
		err = -errno;
	if (err == -ENOENT && !path) {
		*ret_text = calloc(1, 1);
		*ret_len = 0;
		return *ret_text ? 0 : -ENOMEM;
	}
	if (err)
		fprintf(errors, "%s: cannot be read: %s\n", name, strerror(-err));
	return err;
}
