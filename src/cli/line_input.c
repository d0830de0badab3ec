#include "cli/line_input.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ROOM = 2 * LINE_INPUT_MAX,
	PIECE = 1 << 16, /* read at once: more would push what is worked with out of the cache */
};

int line_input_init(struct line_input *in, int fd, int (*before_wait)(void *), void *arg)
{
	*in = (struct line_input){
		.fd = fd, .at = malloc(ROOM), .before_wait = before_wait, .arg = arg};
	return in->at ? 0 : -ENOMEM;
}

void line_input_done(struct line_input *in)
{
	free(in->at);
	in->at = NULL;
}

/* Reads once, behind what is there; there is room. 0 or -errno; at the end is_at_end is set. */
static int fill(struct line_input *in)
{
	int rc = in->before_wait(in->arg);

	if (rc < 0)
		return rc;
	memmove(in->at, in->at + in->from, in->upto - in->from);
	in->upto -= in->from;
	in->from = 0;
	size_t room = ROOM - in->upto;
	ssize_t n = read(in->fd, in->at + in->upto, room < PIECE ? room : PIECE);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	in->is_at_end = n == 0;
	in->upto += (size_t)n;
	return 0;
}

/* The rest of a line whose first LINE_INPUT_MAX bytes are kept. */
static int skip_rest(struct line_input *in)
{
	size_t kept = in->from + LINE_INPUT_MAX;

	for (;;) {
		char *end = memchr(in->at + kept, '\n', in->upto - kept);

		if (end) {
			size_t rest = in->upto - (size_t)(end - in->at);

			memmove(in->at + kept, end, rest);
			in->upto = kept + rest;
			return 0;
		}
		in->upto = kept;
		if (in->is_at_end)
			return 0;
		int rc = fill(in);

		if (rc < 0)
			return rc;
		kept = in->from + LINE_INPUT_MAX;
	}
}

static void hand_out(struct line_input *in, size_t len, char **ret_line, size_t *ret_len)
{
	*ret_line = in->at + in->from;
	in->from += len;
	if (in->from < in->upto)
		in->from++; /* the line end */
	if (len > 0 && (*ret_line)[len - 1] == '\r')
		len--;
	*ret_len = len;
}

int line_input_take(struct line_input *in, char **ret_line, size_t *ret_len)
{
	size_t seen = 0; /* bytes without a line end */

	for (;;) {
		size_t left = in->upto - in->from;
		char *end =
			left > seen ? memchr(in->at + in->from + seen, '\n', left - seen) : NULL;
		int rc = 0;

		if (end && end - in->at - (ptrdiff_t)in->from <= LINE_INPUT_MAX) {
			hand_out(in, (size_t)(end - in->at) - in->from, ret_line, ret_len);
			return 1;
		}
		if (end || left > LINE_INPUT_MAX) {
			rc = skip_rest(in);
			if (rc == 0)
				hand_out(in, LINE_INPUT_MAX, ret_line, ret_len);
			return rc < 0 ? rc : 1;
		}
		if (in->is_at_end) {
			if (left > 0)
				hand_out(in, left, ret_line, ret_len);
			return left > 0;
		}
		seen = left;
		rc = fill(in);
		if (rc < 0)
			return rc;
	}
}
