#include "reply/reader.h"
#include <errno.h>

enum { GARBAGE_MAX = 200 };

void reply_reader_init(struct reply_reader *r)
{
	memset(r, 0, offsetof(struct reply_reader, text));
}

static void keep_byte(struct reply_reader *r, char c)
{
	if (c == '\0')
		r->reply.oddity |= REPLY_ODD_NUL;
	if ((unsigned char)c > 127)
		r->reply.oddity |= REPLY_ODD_8BIT;
	if (r->reply.lines < REPLY_LINES_MAX && r->len < REPLY_TEXT_MAX)
		r->text[r->len++] = c;
	else
		r->reply.oddity |= REPLY_ODD_CUT;
}

/* One byte of a line that is no line end. False: this can't be a reply. */
static bool put_byte(struct reply_reader *r, char c)
{
	size_t n = r->line_bytes++;

	if (n + 1 > REPLY_LINE_MAX - 2)
		r->reply.oddity |= REPLY_ODD_LONG_LINE;
	if (n > 3) {
		keep_byte(r, c);
		return true;
	}
	r->head[n] = c;
	if (n == 0)
		return c >= '2' && c <= '5';
	if (n < 3)
		return byte_is_digit(c);
	if (byte_is_digit(c))
		return false;
	if (c != ' ' && c != '-') {
		r->reply.oddity |= REPLY_ODD_NO_SPACE;
		r->head[3] = ' ';
		keep_byte(r, c);
	}
	return true;
}

/* The status of the first line that has one is the reply's; lines that repeat it lose it. */
static void take_status(struct reply_reader *r, unsigned code)
{
	struct span line = span_of(r->text + r->line_at, r->len - r->line_at);
	struct span rest = line;
	struct reply_status s, *own = &r->reply.status;

	if (!reply_status_take(&rest, &s))
		return;
	if (s.class != code / 100) {
		r->reply.oddity |= REPLY_ODD_STATUS_CLASS;
		return;
	}
	if (!reply_status_is_set(*own))
		*own = s;
	if (s.class != own->class || s.subject != own->subject || s.detail != own->detail)
		return;
	memmove(r->text + r->line_at, rest.at, rest.len);
	r->len = r->line_at + rest.len;
}

/* False: this was no line of a reply. */
static bool end_line(struct reply_reader *r)
{
	if (r->line_bytes < 3)
		return false;
	unsigned code = (unsigned)(r->head[0] - '0') * 100 + (unsigned)(r->head[1] - '0') * 10 +
			(unsigned)(r->head[2] - '0');
	bool is_last = r->line_bytes == 3 || r->head[3] != '-';

	if (r->reply.lines > 0 && code != r->reply.code)
		r->reply.oddity |= REPLY_ODD_CODES_DIFFER;
	r->reply.code = code;
	take_status(r, code);
	r->reply.lines++;
	r->is_done = is_last;
	if (!is_last && r->reply.lines < REPLY_LINES_MAX && r->len < REPLY_TEXT_MAX)
		r->text[r->len++] = '\n';
	r->line_bytes = 0;
	r->line_at = r->len;
	return true;
}

static bool take_byte(struct reply_reader *r, char c)
{
	if (c == '\n') {
		if (!r->has_cr)
			r->reply.oddity |= REPLY_ODD_BARE_LF;
		r->has_cr = false;
		return end_line(r);
	}
	if (c == '\r') {
		if (r->has_cr)
			r->reply.oddity |= REPLY_ODD_BARE_CR;
		r->has_cr = true;
		return true;
	}
	if (r->has_cr) {
		r->has_cr = false;
		r->reply.oddity |= REPLY_ODD_BARE_CR;
		if (!put_byte(r, '\r'))
			return false;
	}
	return put_byte(r, c);
}

static void finish(struct reply_reader *r)
{
	struct reply *reply = &r->reply;

	if (reply_status_is_set(reply->status) && reply->status.class != reply->code / 100) {
		reply->status = (struct reply_status){0};
		reply->oddity |= REPLY_ODD_STATUS_CLASS;
	}
	reply->text = span_of(r->text, r->len);
}

/* Shows the beginning of what came: the line's first bytes, then what follows byte i of in. */
static int fail_garbage(struct reply_reader *r, struct span in, size_t i)
{
	size_t len = r->line_bytes < 4 ? r->line_bytes : 4;

	memcpy(r->text, r->head, len);
	while (in.at[i] != '\n' && ++i < in.len && len < GARBAGE_MAX)
		if (in.at[i] != '\n')
			r->text[len++] = in.at[i];
	r->reply.text = span_of(r->text, len);
	r->is_done = true;
	return -EBADMSG;
}

int reply_reader_feed(struct reply_reader *r, struct span in, size_t *ret_consumed)
{
	*ret_consumed = 0;
	if (in.len == 0)
		return 0;
	if (r->is_done)
		reply_reader_init(r);

	for (size_t i = 0; i < in.len; i++) {
		*ret_consumed = i + 1;
		if (!take_byte(r, in.at[i]))
			return fail_garbage(r, in, i);
		if (r->is_done) {
			finish(r);
			return 1;
		}
		if (++r->bytes >= REPLY_BYTES_MAX)
			return -EMSGSIZE;
	}
	return 0;
}

bool reply_reader_is_inside(const struct reply_reader *r)
{
	return !r->is_done && r->bytes > 0;
}

struct span reply_reader_garbage(const struct reply_reader *r)
{
	return r->reply.text;
}

bool reply_next_line(struct span *rest, struct span *ret_line)
{
	if (!rest->at || rest->len == 0)
		return false;
	if (!span_take_until(rest, '\n', ret_line)) {
		*ret_line = *rest;
		*rest = span_slice(*rest, rest->len, 0);
	}
	return true;
}

struct reply reply_copy(struct arena *arena, const struct reply *reply)
{
	struct reply copy = *reply;

	copy.text = arena_copy(arena, reply->text);
	return copy;
}
