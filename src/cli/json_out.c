#include "cli/json_out.h"
#include "base/utf8.h"
#include <stdio.h>

/* Puts the comma between two values; room for n bytes more. */
static bool begin(struct buf *out, size_t n)
{
	if (buf_reserve(out, n + 1) < 0)
		return false;
	char last = out->len > 0 ? out->at[out->len - 1] : '\n';

	if (last != '{' && last != '[' && last != ':' && last != '\n')
		out->at[out->len++] = ',';
	return true;
}

static void put(struct buf *out, struct span s)
{
	if (begin(out, s.len))
		(void)buf_add(out, s);
}

void json_out_open(struct buf *out, char bracket)
{
	put(out, span_of(&bracket, 1));
}

void json_out_close(struct buf *out, char bracket)
{
	(void)buf_add_byte(out, bracket);
}

void json_out_key(struct buf *out, struct span key)
{
	if (!begin(out, key.len + 3))
		return;
	char *at = out->at + out->len;

	*at++ = '"';
	memcpy(at, key.at, key.len);
	memcpy(at + key.len, "\":", 2);
	buf_added(out, key.len + 3);
}

/* RFC 8259 7: quote, backslash and controls are escaped. Six bytes have room. */
static size_t escape(char c, char out[6])
{
	static const char letters[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	static const char digits[] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;
	char letter = u < sizeof letters ? letters[u] : c == '"' || c == '\\' ? c : '\0';

	if (!letter && u >= 0x20) {
		out[0] = c;
		return 1;
	}
	out[0] = '\\';
	if (letter) {
		out[1] = letter;
		return 2;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = digits[u >> 4];
	out[5] = digits[u & 15];
	return 6;
}

/* How many of the first bytes stand for themselves. */
static size_t clean_len(struct span s)
{
	size_t len = utf8_plain_len(s);

	for (const char *c = "\"\\"; *c && len > 0; c++) {
		const char *at = memchr(s.at, *c, len);

		len = at ? (size_t)(at - s.at) : len;
	}
	return len;
}

/* The text between the quotes; false: it is not UTF-8, or is_latin is needed. */
static bool put_inside(struct buf *out, struct span s, bool is_latin)
{
	while (s.len > 0) {
		size_t clean = clean_len(s);
		char escaped[6];

		(void)buf_add(out, span_slice(s, 0, clean));
		s = span_slice(s, clean, s.len);
		if (s.len == 0)
			break;
		size_t n = utf8_len(s);
		unsigned char c = (unsigned char)s.at[0];

		if (c >= 0x80 && is_latin) {
			escaped[0] = (char)(0xc0 | c >> 6);
			escaped[1] = (char)(0x80 | (c & 63));
			(void)buf_add(out, span_of(escaped, 2));
			n = 1;
		} else if (n == 0) {
			return false;
		} else if (n == 1) {
			(void)buf_add(out, span_of(escaped, escape(s.at[0], escaped)));
		} else {
			(void)buf_add(out, span_slice(s, 0, n));
		}
		s = span_slice(s, n, s.len);
	}
	return true;
}

size_t json_out_text_begin(struct buf *out)
{
	put(out, SPAN_LIT("\""));
	return out->len;
}

void json_out_text_end(struct buf *out, size_t from)
{
	size_t n = 0, end = out->len;

	for (size_t i = from; i < end; i++)
		n += out->at[i] == '"' || out->at[i] == '\\';
	if (buf_reserve(out, n + 1) < 0)
		return;
	buf_added(out, n);
	while (n > 0) { /* from the end on, so that nothing is written over */
		char c = out->at[--end];

		out->at[end + n] = c;
		if (c == '"' || c == '\\')
			out->at[end + --n] = '\\';
	}
	(void)buf_add_byte(out, '"');
}

void json_out_text(struct buf *out, struct span s)
{
	size_t from = json_out_text_begin(out);

	if (out->error)
		return;
	if (!put_inside(out, s, false)) {
		out->len = from;
		(void)put_inside(out, s, true);
	}
	(void)buf_add_byte(out, '"');
}

void json_out_integer(struct buf *out, int64_t n)
{
	if (!begin(out, 1))
		return;
	if (n < 0)
		(void)buf_add_byte(out, '-');
	(void)buf_add_number(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

/* Whatever printf does with it. */
static void put_real(struct buf *out, double real)
{
	char text[32];
	size_t len = (size_t)snprintf(text, sizeof text - 2, "%.3g", real);

	if (!memchr(text, '.', len)) {
		memcpy(text + len, ".0", 2);
		len += 2;
	}
	put(out, span_of(text, len));
}

void json_out_share(struct buf *out, double share)
{
	double thousand = share * 1000;
	unsigned n = share > 0 && share < 1 ? (unsigned)thousand : 0;
	double rest = thousand - n;

	if (n < 100 || n > 998 || (rest > 0.499999 && rest < 0.500001)) {
		put_real(out, share);
		return;
	}
	n += rest > 0.5;
	char text[] = {
		'0', '.', (char)('0' + n / 100), (char)('0' + n / 10 % 10), (char)('0' + n % 10)};
	size_t len = sizeof text;

	while (len > 3 && text[len - 1] == '0')
		len--;
	put(out, span_of(text, len));
}

void json_out_null(struct buf *out)
{
	put(out, SPAN_LIT("null"));
}
