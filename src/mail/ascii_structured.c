/* Structured fields in ASCII: addresses, parameters, comments. */
#include "mail/alabel.h"
#include "mail/ascii_in.h"
#include "base/utf8.h"
#include <errno.h>

size_t ascii_quoted_len(struct span s)
{
	unsigned depth = 0;
	char open = s.at[0];

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\\')
			i++;
		else if (open == '(' && s.at[i] == '(')
			depth++;
		else if (open == '(' ? s.at[i] == ')' && --depth == 0 : i > 0 && s.at[i] == '"')
			return i + 1;
	}
	return s.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What is between the quotes; the closing one may be missing. */
static struct span inner(struct span quoted)
{
	bool is_closed = quoted.len > 1 && quoted.at[quoted.len - 1] == '"';

	return span_slice(quoted, 1, quoted.len - 1 - is_closed);
}

/* Appends text without its folds and, within quotes or a comment, its backslashes. */
static void add_plain(struct span s, bool is_quoted, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_quoted && s.at[i] == '\\' && i + 1 < s.len)
			i++;
		else if (s.at[i] == '\r' || s.at[i] == '\n')
			continue;
		(void)buf_add_byte(out, s.at[i]);
	}
}

void ascii_comment(struct span comment, struct buf *out)
{
	struct buf text = BUF_INIT(out->max);

	if (utf8_is_ascii(comment)) {
		(void)buf_add(out, comment);
		return;
	}
	bool is_closed = comment.len > 1 && comment.at[comment.len - 1] == ')';

	add_plain(span_slice(comment, 1, comment.len - 1 - is_closed), true, &text);
	(void)buf_add_byte(out, '(');
	ascii_words(buf_span(&text), out);
	(void)buf_add_byte(out, ')');
	buf_done(&text);
}

/* ---- addresses ---- */

struct mailbox {          /* what was read of one, up to its address or its end */
	struct span raw;  /* as it stands */
	struct buf words; /* the same as text, without comments */
	struct buf comments;
	bool is_foreign; /* has bytes above 127 */
	enum ascii_fault fault;
};

/* One quoted string, comment, blank or run of other characters at the front of s. */
static size_t token_len(struct span s)
{
	size_t n = 0;

	if (s.at[0] == '"' || s.at[0] == '(')
		return ascii_quoted_len(s);
	if (is_blank(s.at[0]) || strchr("<>,;:", s.at[0]))
		return 1;
	while (n < s.len && !is_blank(s.at[n]) && !strchr("<>,;:\"(", s.at[n]))
		n++;
	return n;
}

static void add_token(struct mailbox *m, struct span token)
{
	m->raw.len += token.len;
	if (token.at[0] == '(') {
		(void)buf_add_byte(&m->comments, ' ');
		ascii_comment(token, &m->comments);
	} else if (is_blank(token.at[0])) {
		if (m->words.len > 0 && m->words.at[m->words.len - 1] != ' ')
			(void)buf_add_byte(&m->words, ' ');
	} else if (token.at[0] == '"') {
		add_plain(inner(token), true, &m->words);
	} else {
		(void)buf_add(&m->words, token);
	}
	m->is_foreign |= !utf8_is_ascii(token);
}

static struct span words_of(struct mailbox *m)
{
	return span_trim(buf_span(&m->words));
}

/* What was read is a name; or, where nothing else comes, an address without one. */
static void flush(struct mailbox *m, bool is_name, struct buf *out)
{
	struct span words = words_of(m), raw = m->raw;
	bool is_address = !is_name && span_find(words, '@') >= 0;

	if (!m->is_foreign) {
		(void)buf_add(out, raw);
	} else {
		(void)buf_add_byte(out, ' ');
		/* A quoted local part is not put back in quotes: such an address is no ASCII anyway. */
		if (is_address && alabel_add_address(words, out) == -EINVAL)
			m->fault = ASCII_ADDRESS;
		else if (!is_address && utf8_is_ascii(words))
			(void)buf_add(out, words);
		else if (!is_address && span_find_span(words, SPAN_LIT("=?")) >= 0)
			ascii_text(words, out); /* what is encoded already stays so */
		else if (!is_address)
			ascii_words(words, out);
		(void)buf_add(out, buf_span(&m->comments));
		if (is_name)
			(void)buf_add_byte(out, ' ');
	}
	m->raw = span_of(raw.at + raw.len, 0);
	m->is_foreign = false;
	buf_clear(&m->words);
	buf_clear(&m->comments);
}

static size_t angle_len(struct span s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.at[i] == '"')
			i += ascii_quoted_len(span_slice(s, i, s.len)) - 1;
		else if (s.at[i] == '>')
			return i + 1;
	}
	return s.len;
}

static void add_angle(struct mailbox *m, struct span angle, struct buf *out)
{
	if (utf8_is_ascii(angle)) {
		(void)buf_add(out, angle);
	} else if (angle.at[angle.len - 1] != '>') {
		m->fault = ASCII_FIELD;
	} else {
		(void)buf_add_byte(out, '<');
		if (alabel_add_address(span_trim(span_slice(angle, 1, angle.len - 2)), out) ==
			-EINVAL)
			m->fault = ASCII_ADDRESS;
		(void)buf_add_byte(out, '>');
	}
}

enum ascii_fault ascii_addresses(struct span value, struct buf *out)
{
	struct mailbox m = {.raw = span_slice(value, 0, 0),
		.words = BUF_INIT(out->max),
		.comments = BUF_INIT(out->max)};

	while (value.len > 0 && m.fault == ASCII_OK) {
		size_t n = token_len(value);
		char c = value.at[0];

		if (c == '<')
			n = angle_len(value);
		if (!strchr("<>,;:", c)) {
			add_token(&m, span_slice(value, 0, n));
		} else {
			flush(&m, c == '<' || c == ':', out);
			if (c == '<')
				add_angle(&m, span_slice(value, 0, n), out);
			else
				(void)buf_add_byte(out, c);
			m.raw = span_slice(value, n, 0);
		}
		value = span_slice(value, n, value.len);
	}
	if (m.fault == ASCII_OK)
		flush(&m, false, out);
	buf_done(&m.words);
	buf_done(&m.comments);
	return m.fault;
}

/* ---- parameters ---- */

#define SECTION_MOST 60U /* octets of a section's value (RFC 2231 3) */

static bool is_attribute_char(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || (c > ' ' && strchr("!#$&+-.^_`{|}~", c));
}

static void add_extended(struct span name, struct span text, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf coded = BUF_INIT(out->max);
	size_t section = 0;

	(void)buf_printf(&coded, "%s''", ascii_charset(text));
	for (size_t i = 0; i < text.len; i++)
		if (is_attribute_char(text.at[i]))
			(void)buf_add_byte(&coded, text.at[i]);
		else
			(void)buf_printf(&coded, "%%%c%c", hex[(unsigned char)text.at[i] >> 4],
				hex[text.at[i] & 15]);
	struct span rest = buf_span(&coded);
	bool is_one = rest.len <= SECTION_MOST;

	for (; rest.len > 0; section++) {
		size_t n = is_one || rest.len < SECTION_MOST ? rest.len : SECTION_MOST;

		for (size_t back = 1; n < rest.len && back <= 2; back++)
			if (rest.at[n - back] == '%') {
				n -= back;
				break;
			}
		(void)buf_printf(out, "%s\r\n\t%.*s", section > 0 ? ";" : "", SPAN_F(name));
		if (!is_one)
			(void)buf_printf(out, "*%zu", section);
		(void)buf_printf(out, "*=%.*s", (int)n, rest.at);
		rest = span_slice(rest, n, rest.len);
	}
	buf_done(&coded);
}

/* Up to the next ';' outside of quotes and comments. */
static struct span take_parameter(struct span *s)
{
	size_t n = 0;
	struct span all = *s;

	while (n < all.len && all.at[n] != ';')
		n += all.at[n] == '"' || all.at[n] == '('
			     ? ascii_quoted_len(span_slice(all, n, all.len))
			     : 1;
	*s = span_slice(all, n + 1, all.len);
	return span_slice(all, 0, n);
}

/* attribute "=" value; what readers go by, and what claims to be extended already, is not guessed at. */
static enum ascii_fault add_parameter(struct span one, struct buf *out)
{
	struct span name, value = one;
	struct buf text = BUF_INIT(out->max);

	if (!span_take_until(&value, '=', &name) || !utf8_is_ascii(name))
		return ASCII_FIELD;
	name = span_trim(name);
	value = span_trim(value);
	if (name.len == 0 || name.at[name.len - 1] == '*' ||
		span_equal_nocase(name, SPAN_LIT("boundary")) ||
		span_equal_nocase(name, SPAN_LIT("charset")))
		return ASCII_FIELD;
	if (value.len > 0 && value.at[0] == '"')
		add_plain(inner(span_slice(value, 0, ascii_quoted_len(value))), true, &text);
	else
		add_plain(value, false, &text);
	add_extended(name, buf_span(&text), out);
	buf_done(&text);
	return ASCII_OK;
}

enum ascii_fault ascii_parameters(struct span value, struct buf *out)
{
	enum ascii_fault fault = ASCII_OK;

	for (bool is_first = true; value.len > 0 && fault == ASCII_OK; is_first = false) {
		struct span one = take_parameter(&value);

		if (!is_first)
			(void)buf_add_byte(out, ';');
		if (utf8_is_ascii(one))
			(void)buf_add(out, one);
		else
			fault = is_first ? ASCII_FIELD : add_parameter(one, out);
	}
	return fault;
}

/* ---- comments ---- */

/* A trace field says how it came; its bytes above 127 are host names, or nobody's words. */
static void add_trace(struct span token, struct buf *out)
{
	size_t before = out->len;

	if (alabel_add_address(token, out) == 0)
		return;
	out->len = before;
	for (size_t i = 0; i < token.len; i++)
		(void)buf_add_byte(out, (unsigned char)token.at[i] > 127 ? '?' : token.at[i]);
}

enum ascii_fault ascii_comments(struct span value, bool is_trace, struct buf *out)
{
	while (value.len > 0) {
		char c = value.at[0];
		size_t n = token_len(value);
		struct span token = span_slice(value, 0, n);

		value = span_slice(value, n, value.len);
		if (utf8_is_ascii(token))
			(void)buf_add(out, token);
		else if (c == '(')
			ascii_comment(token, out);
		else if (is_trace)
			add_trace(token, out);
		else
			return ASCII_FIELD;
	}
	return ASCII_OK;
}
