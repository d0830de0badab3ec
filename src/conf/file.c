#include "conf/file.h"
#include "conf/conf.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_read(int fd, struct buf *text)
{
	ssize_t n = 1;

	while (n > 0 && !buf_reserve(text, 4096)) {
		n = read(fd, text->at + text->len, 4096);
		if (n > 0)
			buf_added(text, (size_t)n);
	}
	return n < 0 ? -errno : text->error;
}

int file_read_named(const char *file, struct buf *text)
{
	_cleanup_(fd_close) int fd = open(file, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : file_read(fd, text);

	return rc == 0 && text->len > CONF_FILE_MAX ? -EMSGSIZE : rc;
}

int file_refuse(const char *file, int rc, struct buf *errors)
{
	(void)buf_printf(errors, "%s: can't be read: %s\n", file, log_strerror(rc));
	return rc;
}
