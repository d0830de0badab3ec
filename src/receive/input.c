#include "receive/session.h"
#include <errno.h>

/* Content that may come slowly is still to come in blocks of this size within timeouts.body. */
#define PACE_BLOCK (64U * 1024)

/* No more input: says why, where there is somebody to hear it. */
static void stop_reading(struct session *s, ssize_t rc, enum reply_id on_timeout)
{
	if (rc == -ETIMEDOUT) {
		say(s, on_timeout, NULL);
		session_close(s, "timeout");
	} else if (rc == -ECANCELED) {
		say(s, SAY_SHUTTING_DOWN, NULL);
		session_close(s, "shutting down");
	} else {
		session_close(s, rc == 0 ? "closed by the client" : "connection lost");
	}
	s->is_over = true;
}

static size_t line_limit(const struct session *s)
{
	size_t limit = s->line_most > 0 ? s->line_most : session_conf(s)->limits.command_line;

	return limit < STREAM_INPUT_MAX ? limit : STREAM_INPUT_MAX - 1;
}

struct search {             /* for the end of a line */
	size_t limit, seen; /* bytes looked at */
	bool is_long;
	char last; /* the byte before the input, of a long line */
};

/*
 * Only CRLF ends a line (RFC 5321 2.3.8). A bare LF is answered at once, for people at a keyboard
 * who would wait for ever, and so is each piece up to the next CRLF: none of it is a command.
 */
static bool find_line(struct session *s, struct search *f, struct span *ret, enum input_line *found)
{
	struct span in = stream_input(s->stream);
	const char *lf = in.len > f->seen ? memchr(in.at + f->seen, '\n', in.len - f->seen) : NULL;

	if (!lf) {
		f->seen = in.len;
		if (in.len < f->limit)
			return false;
		f->is_long = true;
		f->last = in.at[in.len - 1];
		stream_consume(s->stream, in.len);
		f->seen = 0;
		return false;
	}
	size_t len = (size_t)(lf - in.at);
	bool is_bare = (len > 0 ? lf[-1] : f->last) != '\r';
	bool is_tail = s->is_after_bare_lf;

	s->is_after_bare_lf = is_bare;
	s->line_len = len + 1;
	*ret = span_of(in.at, is_bare || len == 0 ? len : len - 1);
	*found = f->is_long || s->line_len > f->limit ? INPUT_LONG
		 : is_bare || is_tail                 ? INPUT_BARE_LF
						      : INPUT_LINE;
	return true;
}

/* A session may take its time, but not for ever without a mail. */
static nanos session_end(const struct session *s)
{
	return s->since + session_conf(s)->timeouts.session;
}

enum input_line input_line(struct session *s, struct span *ret)
{
	struct search f = {.limit = line_limit(s)};
	enum input_line found;
	nanos deadline = 0;

	while (!find_line(s, &f, ret, &found)) {
		/* One deadline for the whole line: dripping bytes gain nothing. */
		if (deadline == 0)
			deadline = clock_after(session_conf(s)->timeouts.idle);
		bool is_last = deadline >= session_end(s);

		if (is_last)
			deadline = session_end(s);
		if (s->server->is_stopping && !session_has_transaction(s)) {
			stop_reading(s, -ECANCELED, SAY_IDLE_TIMEOUT);
			return INPUT_END;
		}
		ssize_t n = stream_fill(s->stream, deadline);

		if (n <= 0) {
			stop_reading(s, n, is_last ? SAY_TOO_SLOW : SAY_IDLE_TIMEOUT);
			return INPUT_END;
		}
	}
	return found;
}

void input_pace(struct session *s, struct input_pace *p, uint64_t taken)
{
	if (p->deadline != 0 && taken < p->until)
		return;
	struct transaction *t = &s->transaction;

	/* However it comes, all of it has an end. */
	if (t->content_until == 0)
		t->content_until = clock_after(session_conf(s)->timeouts.message);
	p->deadline = clock_after(session_conf(s)->timeouts.body);
	if (p->deadline > t->content_until)
		p->deadline = t->content_until;
	p->until = taken + PACE_BLOCK;
}

bool input_content(struct session *s, nanos deadline)
{
	ssize_t n = stream_fill(s->stream, deadline);

	if (n > 0)
		return true;
	stop_reading(s, n, SAY_DATA_TIMEOUT);
	return false;
}
