#include "notify/quoted.h"
#include "base/utf8.h"

enum {
	LINE_MAX = 76, /* RFC 2045 6.7, with the "=" that says: it goes on */
	WORD_MAX = 75, /* RFC 2047 2: an encoded word with its marks */
};

static void put_byte(struct buf *out, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;
	const char text[] = {'=', digits[u >> 4], digits[u & 15]};

	(void)buf_add(out, span_of(text, sizeof text));
}

/* A byte that stands for itself; a blank at a line's end does not. */
static bool is_itself(struct span s)
{
	char c = s.at[0];

	if (c == ' ' || c == '\t')
		return s.len > 1 && s.at[1] != '\r' && s.at[1] != '\n';
	return c > ' ' && c <= '~' && c != '=';
}

void quoted_add(struct buf *out, struct span text)
{
	size_t column = 0;

	while (text.len > 0) {
		if (span_take_span(&text, SPAN_LIT("\r\n"))) {
			(void)buf_add(out, SPAN_LIT("\r\n"));
			column = 0;
			continue;
		}
		size_t len = is_itself(text) ? 1 : 3;

		if (column + len > LINE_MAX - 1) {
			(void)buf_add(out, SPAN_LIT("=\r\n"));
			column = 0;
		}
		if (len == 1)
			(void)buf_add_byte(out, text.at[0]);
		else
			put_byte(out, text.at[0]);
		column += len;
		text = span_slice(text, 1, text.len);
	}
}

/* RFC 2047 4.2, 5 (3): letters, digits and few signs stand for themselves in any place. */
static bool is_word_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '!' || c == '*' || c == '+' ||
	       c == '-' || c == '/';
}

/* A character of n bytes within an encoded word; returns its octets there. */
static size_t put_character(struct buf *out, struct span s, size_t n)
{
	size_t from = out->len;

	for (size_t i = 0; i < n; i++)
		if (s.at[i] == ' ')
			(void)buf_add_byte(out, '_');
		else if (is_word_byte(s.at[i]))
			(void)buf_add_byte(out, s.at[i]);
		else
			put_byte(out, s.at[i]);
	return out->len - from;
}

void quoted_add_words(struct buf *out, struct span text)
{
	static const struct span open = SPAN_LIT("=?UTF-8?Q?"), close = SPAN_LIT("?=");
	enum { CHARACTER_MAX = 4 * 3 };
	size_t len = open.len;

	if (utf8_is_ascii(text)) {
		(void)buf_add(out, text);
		return;
	}
	(void)buf_add(out, open);
	while (text.len > 0) {
		size_t n = utf8_len(text);

		if (len + CHARACTER_MAX + close.len > WORD_MAX) {
			(void)buf_add(out, close);
			(void)buf_add(out, SPAN_LIT("\r\n "));
			(void)buf_add(out, open);
			len = open.len;
		}
		n = n > 0 ? n : 1;
		len += put_character(out, text, n);
		text = span_slice(text, n, text.len);
	}
	(void)buf_add(out, close);
}
