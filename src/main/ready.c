#include "main/ready.h"
#include "base/alloc.h"
#include "base/clock.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

void ready_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char text[128];

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof at.sun_path)
		return;
	_cleanup_(fd_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));

	if (fd < 0)
		return;
	memcpy(at.sun_path, path, strlen(path));
	if (path[0] == '@')
		at.sun_path[0] = '\0';
	else
		len++;
	/* A reload is told with its time, so that it can't be mistaken for an earlier one. */
	int n = snprintf(text, sizeof text, "%s\nMONOTONIC_USEC=%lld", state,
		(long long)(clock_now() / NANOS_US));

	(void)!sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&at, len);
}
