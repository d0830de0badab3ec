#include "report/json.h"

static unsigned hex_digits(struct span s, size_t from)
{
	unsigned value = 0;

	for (size_t i = from; i < from + 4; i++) {
		char c = i < s.len ? byte_lower(s.at[i]) : 'x';

		if (!byte_is_digit(c) && (c < 'a' || c > 'f'))
			return '?';
		value = value * 16 + (unsigned)(byte_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	return value;
}

/* A code point below 0x10000 as UTF-8; halves of pairs as "?". */
static size_t put_utf8(unsigned c, char *to)
{
	if (c >= 0xd800 && c < 0xe000)
		c = '?';
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 0x3f));
	to[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* The string's bytes without its escapes: never more than it has with them. */
static struct span unescape(struct span s, struct arena *arena)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	char *at = arena_array(arena, s.len + 1, 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] != '\\' || i + 1 == s.len) {
			at[len++] = s.at[i];
			continue;
		}
		char c = s.at[++i];
		const char *known = c ? strchr(from, c) : NULL;

		if (c == 'u') {
			len += put_utf8(hex_digits(s, i + 1), at + len);
			i = i + 4 < s.len ? i + 4 : s.len;
		} else {
			at[len++] = known ? to[known - from] : c;
		}
	}
	return span_of(at, len);
}

/* Behind the opening quote; without a closing one, all the rest. */
static struct span take_string(struct json_reader *r)
{
	size_t len = 0;
	bool has_escape = false;

	while (len < r->rest.len && r->rest.at[len] != '"') {
		bool is_escape = r->rest.at[len] == '\\' && len + 1 < r->rest.len;

		has_escape = has_escape || is_escape;
		len += is_escape ? 2 : 1;
	}
	struct span s = span_slice(r->rest, 0, len);

	r->rest = span_slice(r->rest, len + 1, r->rest.len);
	return has_escape ? unescape(s, r->arena) : s;
}

static struct span take_word(struct json_reader *r)
{
	size_t len = 0;

	while (len < r->rest.len &&
		(byte_is_alpha(r->rest.at[len]) || byte_is_digit(r->rest.at[len]) ||
			memchr("+-.", r->rest.at[len], 3)))
		len++;
	struct span s = span_slice(r->rest, 0, len);

	r->rest = span_slice(r->rest, len, r->rest.len);
	return s;
}

/* True, and it is taken, where a colon follows: the string before it was a key. */
static bool take_colon(struct json_reader *r)
{
	struct span rest = r->rest;

	while (rest.len > 0 && memchr(" \t\r\n", rest.at[0], 4))
		rest = span_slice(rest, 1, rest.len);
	if (!span_take(&rest, ':'))
		return false;
	r->rest = rest;
	return true;
}

enum json_kind json_next(struct json_reader *r, struct span *ret_value)
{
	while (r->rest.len > 0) {
		char c = r->rest.at[0];

		if (byte_is_digit(c) || c == '-' || byte_is_alpha(c)) {
			*ret_value = take_word(r);
			return JSON_NUMBER;
		}
		r->rest = span_slice(r->rest, 1, r->rest.len);
		if (c == '{' || c == '}')
			return c == '{' ? JSON_OPEN : JSON_CLOSE;
		if (c != '"')
			continue;
		struct span s = take_string(r);

		if (!take_colon(r)) {
			*ret_value = s;
			return JSON_STRING;
		}
		r->key = s;
	}
	return JSON_END;
}
