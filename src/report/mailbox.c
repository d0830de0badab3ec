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

/* Writing without blanks between words (Chinese, Japanese, Korean) begins with such a byte. */
static bool is_unspaced(char c)
{
	return (unsigned char)c >= 0xe3 && (unsigned char)c <= 0xed;
}

/* "example.org" is a whole domain; what stands behind it in another script goes on with the sentence. */
static bool is_whole_domain(struct span s)
{
	size_t dot = 0;

	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
		dot = s.at[i] == '.' ? i : dot;
	}
	return dot > 0 && s.len - dot > 2;
}

/* From at on: local "@" domain. The domain holds letters, digits, hyphens, dots or UTF-8. */
static bool read_at(struct span s, size_t at, size_t *ret_end)
{
	size_t end = at + 1;

	while (end < s.len && mark_len(span_slice(s, end, 3)) == 0 &&
		!(end - at < 256 && is_unspaced(s.at[end]) &&
			is_whole_domain(span_slice(s, at + 1, end - at - 1))) &&
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

/* Bytes of a local part in brackets, where quotes and apostrophes may be in it; 0: none. */
static size_t bracketed_len(struct span s)
{
	size_t len = 0;
	bool is_quoted = span_take(&s, '"');

	while (len < s.len && len < 256 && (unsigned char)s.at[len] >= ' ' &&
		!memchr("<>\"\\", s.at[len], 4) &&
		(is_quoted || (s.at[len] != ' ' && s.at[len] != '@')))
		len++;
	if (is_quoted && (len == s.len || s.at[len++] != '"'))
		return 0;
	return len < s.len && s.at[len] == '@' ? len + is_quoted : 0;
}

/* Where the local part begins if it stands in a bracket behind low and goes up to the @; else from. */
static size_t bracketed_from(struct span s, size_t low, size_t from, size_t at)
{
	size_t open = from;

	if (from == low || (s.at[from - 1] != '"' && s.at[from - 1] != '\''))
		return from;
	while (open > low && at - open < 256 && s.at[open - 1] != '<' && s.at[open - 1] != '@')
		open--;
	bool is_all = open > 0 && s.at[open - 1] == '<' &&
		      open + bracketed_len(span_slice(s, open, s.len)) == at;

	return is_all ? open : from;
}

/* Of a sentence without blanks, "…给rui@example.org", the address alone; in brackets all may be meant. */
static size_t behind_sentence(struct span s, size_t from, size_t at, size_t end)
{
	size_t begin = from;

	if ((from > 0 && s.at[from - 1] == '<') ||
		!is_whole_domain(span_slice(s, at + 1, end - at - 1)))
		return from;
	for (size_t i = from; i + 3 < at; i++)
		if (is_unspaced(s.at[i]) && (unsigned char)s.at[i + 3] < 0x80)
			begin = i + 3;
	return begin;
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
	if (from > 1 && s->at[from - 1] == '"' && s->at[from - 2] == '<')
		from--; /* <"john doe"@example.org> */
	bool is_bracketed = from > 0 && s->at[from - 1] == '<';
	size_t end, at = from;

	if (is_bracketed)
		at += bracketed_len(span_slice(*s, from, s->len));
	for (; at < s->len && is_inside(s->at[at]) && s->at[at] != '@' && at - from < 256; at++)
		if (mark_len(span_slice(*s, at, 3)) > 0)
			return false;
	if (at == from || at >= s->len || s->at[at] != '@' || !read_at(*s, at, &end))
		return false;
	if (!is_bracketed)
		from = behind_sentence(*s, from, at, end);

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
		size_t quoted = bracketed_from(*s, low, from, at);

		low = at + 1;
		if (quoted < from) {
			*ret = span_slice(*s, quoted, end - quoted);
			*s = span_slice(*s, end, s->len);
			return true;
		}
		for (size_t k = from; k < at; k++) /* behind the last mark */
			from = mark_len(span_slice(*s, k, 3)) ? k + mark_len(span_slice(*s, k, 3))
							      : from;
		if (from == at)
			continue;
		from = behind_sentence(*s, from, at, end);
		*ret = span_slice(*s, from, end - from);
		*s = span_slice(*s, end, s->len);
		return true;
	}
	return false;
}
