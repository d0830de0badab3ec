#include "report/mailbox.h"

/* RFC 5321 4.1.2 and what is seen: quoted local parts aside, bytes that end an address in prose. */
static bool is_inside(char c)
{
	return (unsigned char)c > ' ' && c != 127 && !memchr("<>()[],;:\"'\\|`", c, 14);
}

/* Marks of other scripts and typographic quotes, which stand by an address and are no part of it. */
static const char *const marks[] = {"\xd8\x8c", "\xd8\x9b", "\xe3\x80\x81", "\xe3\x80\x82",
	"\xef\xbc\x8c", "\xef\xbc\x9a", "\xef\xbc\x9b", "\xc2\xab", "\xc2\xbb", "\xe2\x80\x9c",
	"\xe2\x80\x9d", "\xe2\x80\x9e", "\xe2\x80\x98", "\xe2\x80\x99", "\xe3\x80\x8c",
	"\xe3\x80\x8d", "\xef\xbc\x88", "\xef\xbc\x89", "\xc2\xa0", "\xe2\x80\x8b"};

/* The length of a mark at the front of s, or 0. */
static size_t mark_len(struct span s)
{
	for (size_t i = 0;
		s.len > 1 && (unsigned char)s.at[0] >= 0xc2 && i < sizeof marks / sizeof marks[0];
		i++)
		if (span_starts(s, span_str(marks[i])))
			return strlen(marks[i]);
	return 0;
}

/* From at on: local "@" domain. The domain holds letters, digits, hyphens, dots or UTF-8. */
static bool read_at(struct span s, size_t at, size_t *ret_end)
{
	size_t end = at + 1;

	while (end < s.len && mark_len(span_slice(s, end, 3)) == 0 &&
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

	while (from < s->len) {
		size_t mark = mark_len(span_slice(*s, from, 3));

		if (mark == 0 && !is_bullet(s->at[from]))
			break;
		from += mark ? mark : 1;
	}
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
		for (size_t k = from; k < at; k++) /* behind the last mark */
			from = mark_len(span_slice(*s, k, 3)) ? k + mark_len(span_slice(*s, k, 3))
							      : from;
		if (from == at)
			continue;
		*ret = span_slice(*s, from, end - from);
		*s = span_slice(*s, end, s->len);
		return true;
	}
	return false;
}
