#include "reply/line.h"
#include <errno.h>

/* status-code = class "." subject "." detail ; RFC 3463 2: class 2, 4 or 5, parts of 1*3digit */
bool reply_status_take(struct span *text, struct reply_status *ret)
{
	struct span rest = *text;
	struct reply_status s;

	if (rest.len < 5 || rest.at[1] != '.') /* most texts have none */
		return false;
	if (!span_take_number(&rest, 1, 1, &s.class) || !span_take(&rest, '.') ||
		!span_take_number(&rest, 1, 3, &s.subject) || !span_take(&rest, '.') ||
		!span_take_number(&rest, 1, 3, &s.detail) ||
		(rest.len > 0 && !span_take(&rest, ' ')))
		return false;
	if (s.class != 2 && s.class != 4 && s.class != 5)
		return false;
	*text = rest;
	*ret = s;
	return true;
}

/* A text that merely looks like a status code, or belies the reply code, stays text. */
static void read_status(struct reply_line *r)
{
	struct span rest = r->text;
	struct reply_status status;

	if (!reply_status_take(&rest, &status))
		return;
	if (status.class != r->code / 100) {
		r->oddity |= REPLY_ODD_STATUS_CLASS;
		return;
	}
	r->status = status;
	r->text = rest;
}

/*
 * Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
 * RFC 5321 4.2. Unknown second and third digits are taken: the first one counts (4.2.1).
 */
int reply_line_read(struct span line, struct reply_line *ret)
{
	struct reply_line r = {0};

	if (!span_take_number(&line, 3, 3, &r.code) || r.code < 200 || r.code > 599)
		return -EBADMSG;
	if (line.len > 0 && byte_is_digit(line.at[0]))
		return -EBADMSG;
	r.more = span_take(&line, '-');
	if (!r.more && line.len > 0 && !span_take(&line, ' '))
		r.oddity |= REPLY_ODD_NO_SPACE;

	r.text = line;
	read_status(&r);
	*ret = r;
	return 0;
}
