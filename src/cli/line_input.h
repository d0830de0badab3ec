/*
 * line_input - a file or pipe as lines, read in large pieces.
 *
 * Owns one buffer. A line is borrowed until the next one is taken, and its
 * bytes may be written to. Before it waits for more it says so, so that what
 * was answered so far is shown to who sits in front of it.
 */
#pragma once
#include "base/span.h"

enum { LINE_INPUT_MAX = 1 << 20 }; /* of a line, the rest is left out */

struct line_input {
	int fd; /* the caller's */
	char *at;
	size_t from, upto; /* read and not yet taken */
	int (*before_wait)(void *arg);
	void *arg;
	bool is_at_end;
};

/* before_wait: 0, or -errno, which ends the reading. 0 or -ENOMEM. */
int line_input_init(struct line_input *in, int fd, int (*before_wait)(void *), void *arg);
void line_input_done(struct line_input *in);

/* Takes a line without its line end. 1, 0 at the end, or -errno. */
int line_input_take(struct line_input *in, char **ret_line, size_t *ret_len);
