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
