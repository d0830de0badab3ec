#include "spool_trace_log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_number(const char *name, unsigned long n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%lu", n);
	(void)setenv(name, text, 1);
}

static void become(const struct trace_paths *p, unsigned long kill_at, bool torn)
{
	char messages[16];

	(void)snprintf(messages, sizeof messages, "%u", p->messages);
	(void)setenv("LD_PRELOAD", p->preload, 1);
	(void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	(void)setenv("SPOOL_TRACE_DIR", p->dir, 1);
	(void)setenv("SPOOL_TRACE_LOG", p->log, 1);
	if (kill_at > 0)
		set_number("SPOOL_TRACE_KILL", kill_at);
	if (torn)
		set_number("SPOOL_TRACE_TORN", 1);
	(void)execl(p->work, p->work, p->dir, messages, (char *)NULL);
	_exit(127);
}

int trace_start(const struct trace_paths *p, unsigned long kill_at, bool torn)
{
	int status;

	(void)unlink(p->log);
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(p, kill_at, torn);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return status;
}

int trace_read(const char *path, struct trace_log *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	char *bytes = malloc((size_t)st.st_size + 1);
	size_t have = 0;

	while (bytes && have < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + have, (size_t)st.st_size - have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	*ret = (struct trace_log){bytes, have};
	return 0;
}

bool trace_next(const struct trace_log *log, size_t *at, struct trace_row *ret)
{
	struct trace_row row;

	if (log->len - *at < sizeof row.e)
		return false;
	memcpy(&row.e, log->bytes + *at, sizeof row.e);
	size_t rest = log->len - *at - sizeof row.e;

	if (rest < (size_t)row.e.a_len + row.e.b_len)
		return false;
	row.a = span_of(log->bytes + *at + sizeof row.e, row.e.a_len);
	row.b = span_of(row.a.at + row.a.len, row.e.b_len);
	*at += sizeof row.e + row.a.len + row.b.len;
	*ret = row;
	return true;
}

void trace_hear(const struct trace_log *log, struct story *s)
{
	struct trace_row row;

	for (size_t at = 0; trace_next(log, &at, &row);)
		if (row.e.kind == TRACE_ACK)
			story_hear(s, row.a);
}
