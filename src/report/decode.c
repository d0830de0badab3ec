#include "report/decode.h"

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (byte_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct span decode_base64(struct span s, struct arena *arena)
{
	char *to = arena_array(arena, s.len + 1, 1);
	size_t len = 0;
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < s.len && s.at[i] != '='; i++) {
		int value = base64_value(s.at[i]);

		if (value < 0)
			continue;
		bits = (bits << 6 | (uint32_t)value) & 0xffffff;
		n += 6;
		if (n >= 8) {
			n -= 8;
			to[len++] = (char)(bits >> n & 0xff);
		}
	}
	return span_of(to, len);
}

static int hex_value(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct span decode_quoted(struct span s, struct arena *arena)
{
	char *to = arena_array(arena, s.len + 1, 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		int high = i + 2 < s.len ? hex_value(s.at[i + 1]) : -1;
		int low = i + 2 < s.len ? hex_value(s.at[i + 2]) : -1;

		if (s.at[i] != '=') {
			to[len++] = s.at[i];
		} else if (high >= 0 && low >= 0) {
			to[len++] = (char)(high << 4 | low);
			i += 2;
		} else if (i + 1 < s.len && s.at[i + 1] == '\n') {
			i++; /* a soft line break */
		} else if (i + 2 < s.len && s.at[i + 1] == '\r' && s.at[i + 2] == '\n') {
			i += 2;
		} else {
			to[len++] = '=';
		}
	}
	return span_of(to, len);
}

/* The entity at the front of s: its byte and length; a length of 0: none that is known. */
static size_t entity(struct span s, char *ret)
{
	static const struct {
		const char *name;
		char byte;
	} known[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&nbsp;", ' '},
		{"&#64;", '@'}, {"&#39;", '\''}, {"&apos;", '\''}, {"&#160;", ' '}};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_starts_nocase(s, span_str(known[i].name))) {
			*ret = known[i].byte;
			return strlen(known[i].name);
		}
	return 0;
}

static bool is_block(struct span tag)
{
	static const char *const blocks[] = {"br", "p", "div", "tr", "td", "li", "h1", "h2", "h3",
		"table", "pre", "ul", "hr", "title"};

	(void)span_take(&tag, '/');
	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
		size_t len = strlen(blocks[i]);

		if (span_starts_nocase(tag, span_str(blocks[i])) &&
			(tag.len == len || !byte_is_alpha(tag.at[len])))
			return true;
	}
	return false;
}

struct span decode_html(struct span s, struct arena *arena)
{
	char *to = arena_array(arena, s.len + 1, 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		struct span rest = span_slice(s, i, s.len);
		char byte = s.at[i];
		bool is_tag = byte == '<' && rest.len > 1 &&
			      (byte_is_alpha(rest.at[1]) || rest.at[1] == '/' || rest.at[1] == '!');

		if (is_tag) {
			if (is_block(span_slice(rest, 1, rest.len)))
				to[len++] = '\n';
			while (i < s.len && s.at[i] != '>')
				i++;
			continue;
		}
		size_t n = byte == '&' ? entity(rest, &byte) : 0;

		to[len++] = byte;
		if (n > 1)
			i += n - 1;
	}
	return span_of(to, len);
}

/* Bytes of c as UTF-8: fewer than its escape has. */
static size_t put_utf8(uint32_t c, char *to)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
	return n;
}

struct span decode_unitext(struct span s, struct arena *arena)
{
	char *to = arena_array(arena, s.len + 1, 1);
	size_t len = 0;

	while (s.len > 0) {
		struct span rest = s;
		uint32_t c = 0;
		size_t n = 0;

		if (span_take_span(&rest, SPAN_LIT("\\x{"))) {
			for (; n < rest.len && n < 6 && hex_value(rest.at[n]) >= 0; n++)
				c = c << 4 | (uint32_t)hex_value(rest.at[n]);
			if (n >= 2 && n < rest.len && rest.at[n] == '}' && c >= 0x80 &&
				c <= 0x10ffff && (c < 0xd800 || c > 0xdfff)) {
				len += put_utf8(c, to + len);
				s = span_slice(rest, n + 1, rest.len);
				continue;
			}
		}
		to[len++] = s.at[0];
		s = span_slice(s, 1, s.len);
	}
	return span_of(to, len);
}

/* "=?charset?Q?words?=" at the front of *s, which moves behind it. */
static bool take_word(struct span *s, struct arena *arena, struct span *ret)
{
	struct span rest = *s, charset, words;

	if (!span_take_span(&rest, SPAN_LIT("=?")) || !span_take_until(&rest, '?', &charset) ||
		rest.len < 2 || rest.at[1] != '?')
		return false;
	char encoding = byte_lower(rest.at[0]);

	rest = span_slice(rest, 2, rest.len);
	if (!span_take_until(&rest, '?', &words) || !span_take(&rest, '='))
		return false;
	if (encoding == 'b') {
		*ret = decode_base64(words, arena);
	} else {
		struct span copy = arena_copy(arena, words);
		char *at = (char *)(uintptr_t)copy.at;

		for (size_t i = 0; i < copy.len; i++)
			at[i] = at[i] == '_' ? ' ' : at[i];
		*ret = decode_quoted(copy, arena);
	}
	*s = rest;
	return true;
}

struct span decode_words(struct span s, struct arena *arena)
{
	char *to = arena_array(arena, s.len + 1, 1);
	size_t len = 0;

	for (struct span word; s.len > 0;) {
		if (s.at[0] == '=' && take_word(&s, arena, &word)) {
			if (word.len > 0)
				memcpy(to + len, word.at, word.len);
			len += word.len;
			continue;
		}
		to[len++] = s.at[0];
		s = span_slice(s, 1, s.len);
	}
	return span_of(to, len);
}
