// SPDX-License-Identifier: BSD-2-Clause
/* Explanations collected in memory, then logged line by line. */
#include "user/fwd/errlog.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/log.h"

#define WARNING "warning: "

void errlog_open(struct errlog *errlog)
{
	*errlog = (struct errlog){0};
	errlog->stream = open_memstream(&errlog->text, &errlog->len);
	if (!errlog->stream)
		errlog->stream = stderr;
}

void errlog_close(struct errlog *errlog)
{
	char *rest, *line;

	if (errlog->stream == stderr)
		return;
	fclose(errlog->stream);
	rest = errlog->text;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (strncmp(line, WARNING, strlen(WARNING)) == 0)
			log_warning("%s", line + strlen(WARNING));
		else if (*line)
			log_error("%s", line);
	}
	free(errlog->text);
	errlog->text = NULL;
}
