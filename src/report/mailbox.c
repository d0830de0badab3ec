#include "report/mailbox.h"

/* RFC 5321 4.1.2 and what is seen: quoted local parts aside, bytes that end an address in prose. */
static bool is_inside(char c)
{
	return (unsigned char)c > ' ' && c != 127 && !memchr("<>()[],;:\"'\\|`", c, 14);
}

/* From at on: local "@" domain. The domain holds letters, digits, hyphens, dots or UTF-8. */
static bool read_at(struct span s, size_t at, size_t *ret_end)
{
	size_t end = at + 1;

	while (end < s.len &&
		(byte_is_alpha(s.at[end]) || byte_is_digit(s.at[end]) || s.at[end] == '-' ||
			s.at[end] == '_' || s.at[end] == '.' || (unsigned char)s.at[end] >= 0x80))
		end++;
	while (end > at + 1 && (s.at[end - 1] == '.' || s.at[end - 1] == '-'))
		end--;
	if (end - at < 3)
		return false;
	*ret_end = end;
	return true;
}

static bool is_bullet(char c)
{
	return c == ' ' || c == '\t' || c == '*' || c == '>' || c == '-' || c == '<' || c == '[' ||
	       c == '"' || c == '\'' || c == '=';
}

bool mailbox_take(struct span *s, struct span *ret)
{
	size_t from = 0;

	while (from < s->len && is_bullet(s->at[from]))
		from++;
	if (s->len - from > 7 && span_starts_nocase(span_slice(*s, from, 7), SPAN_LIT("mailto:")))
		from += 7;
	size_t at = from, end;

	while (at < s->len && is_inside(s->at[at]) && s->at[at] != '@' && at - from < 256)
		at++;
	if (at == from || at >= s->len || s->at[at] != '@' || !read_at(*s, at, &end))
		return false;

	*ret = span_slice(*s, from, end - from);
	if (end < s->len && memchr(">]\"'", s->at[end], 4))
		end++;
	*s = span_slice(*s, end, s->len);
	return true;
}

bool mailbox_find(struct span *s, struct span *ret)
{
	for (size_t at = 0, low = 0; at < s->len; at++) {
		size_t from = at, end;

		if (s->at[at] != '@' || !read_at(*s, at, &end))
			continue;
		while (from > low && is_inside(s->at[from - 1]) && at - from < 256)
			from--;
		low = at + 1;
		if (from == at)
			continue;
		*ret = span_slice(*s, from, end - from);
		*s = span_slice(*s, end, s->len);
		return true;
	}
	return false;
}
