#include "lab/place.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/un.h>

static int read_path(struct span s, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_un *un = (void *)ret;

	*ret = (struct sockaddr_storage){0};
	un->sun_family = AF_UNIX;
	*ret_len = sizeof *un;
	return span_copy(s, un->sun_path, sizeof un->sun_path) < s.len ? -EINVAL : 0;
}

int lab_place_read(struct span s, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	char host[INET6_ADDRSTRLEN];
	bool six = span_take(&s, '[');
	struct span name;
	unsigned port;

	if (span_starts(s, SPAN_LIT("/")))
		return read_path(s, ret, ret_len);
	if (!span_take_until(&s, six ? ']' : ':', &name) || name.len >= sizeof host ||
		(six && !span_take(&s, ':')) || !span_take_number(&s, 1, 5, &port) || s.len > 0 ||
		port > 65535)
		return -EINVAL;
	(void)span_copy(name, host, sizeof host);
	*ret = (struct sockaddr_storage){0};
	if (six) {
		struct sockaddr_in6 *in6 = (void *)ret;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		*ret_len = sizeof *in6;
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	struct sockaddr_in *in = (void *)ret;

	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	*ret_len = sizeof *in;
	return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? 0 : -EINVAL;
}
