#include "notify/person.h"
#include "base/clock.h"

enum { WIDTH = 76, VALUE_MAX = 320, REPLY_MAX = 800 };

static void put_clean(struct buf *out, struct span s, size_t most)
{
	for (size_t i = 0; i < s.len && i < most; i++) {
		char c = s.at[i];

		if (c == '\n' || c == '\r' || c == '\t')
			c = ' ';
		else if (c < ' ' || c > '~')
			c = '?';
		(void)buf_add(out, span_of(&c, 1));
	}
}

/* Words in lines of WIDTH, each line behind indent; a longer word is cut where the width ends. */
static void put_wrapped(struct buf *out, const char *indent, struct span text)
{
	size_t column = 0;

	while ((text = span_trim(text)).len > 0) {
		size_t len = 0;

		while (len < text.len && len < WIDTH && text.at[len] != ' ' && text.at[len] != '\n')
			len++;
		if (column > 0 && column + 1 + len > WIDTH) {
			(void)buf_add_str(out, "\r\n");
			column = 0;
		}
		(void)buf_add_str(out, column ? " " : indent);
		column += 1 + len;
		put_clean(out, span_slice(text, 0, len), len);
		text = span_slice(text, len, text.len);
	}
	(void)buf_add_str(out, "\r\n");
}

static void put_fact(struct buf *out, const char *name, struct span value, size_t most)
{
	if (value.len == 0)
		return;
	(void)buf_printf(out, "%-12s", name);
	put_clean(out, value, most);
	(void)buf_add_str(out, "\r\n");
}

static void put_header(const struct person_notice *p, struct buf *out)
{
	char date[CLOCK_TEXT_MAX];

	(void)buf_add_str(out, "From: Mail Delivery System <MAILER-DAEMON@");
	put_clean(out, p->hostname, 255);
	(void)buf_add_str(out, ">\r\nTo: <");
	put_clean(out, p->to, VALUE_MAX);
	(void)buf_add_str(out, ">\r\nSubject: Mail to ");
	put_clean(out, p->site, 255);
	(void)buf_add_str(out, " needs a person\r\nDate: ");
	(void)buf_add(out, clock_rfc5322(p->now_ms, date));
	(void)buf_add_str(out, "\r\nMessage-ID: <");
	put_clean(out, p->id, 64);
	(void)buf_add_str(out, "@");
	put_clean(out, p->hostname, 255);
	(void)buf_add_str(out, ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
			       "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
}

int person_write(const struct person_notice *p, struct buf *out)
{
	put_header(p, out);
	put_wrapped(out, "",
		SPAN_LIT("Mail is put off for a reason that waiting alone does not remove. It is "
			 "tried again nevertheless, until it is too old."));
	(void)buf_add_str(out, "\r\n");
	put_fact(out, "Site:", p->site, 255);
	put_fact(out, "Server:", p->peer, 255);
	put_fact(out, "Recipient:", p->recipient, VALUE_MAX);
	put_fact(out, "Sender:", p->sender, VALUE_MAX);
	put_fact(out, "Message:", p->message, 64);
	put_fact(out, "It said:", p->reply, REPLY_MAX);
	(void)buf_add_str(out, "\r\n");
	if (p->means.len > 0)
		put_wrapped(out, "", p->means);
	if (p->advice.len > 0) {
		(void)buf_add_str(out, "\r\nWhat can be done:\r\n");
		put_wrapped(out, "", p->advice);
	}
	if (p->others > 0)
		(void)buf_printf(out,
			"\r\nThe same happened %llu more times since the last such mail.\r\n",
			(unsigned long long)p->others);
	(void)buf_add_str(out, "\r\n\"abide queue --site ");
	put_clean(out, p->site, 255);
	return buf_add_str(out, "\" lists what waits there.\r\n");
}
