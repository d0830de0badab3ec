#include "base/span.h"

bool span_equal_nocase(struct span a, struct span b)
{
	return a.len == b.len && span_starts_nocase(a, b);
}

bool span_starts_nocase(struct span s, struct span prefix)
{
	if (s.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		if (byte_lower(s.at[i]) != byte_lower(prefix.at[i]))
			return false;
	return true;
}

bool span_ends_nocase(struct span s, struct span suffix)
{
	return s.len >= suffix.len &&
	       span_starts_nocase(span_slice(s, s.len - suffix.len, suffix.len), suffix);
}

int span_compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.at, b.at, len) : 0;

	if (order != 0)
		return order < 0 ? -1 : 1;
	return a.len < b.len ? -1 : a.len > b.len;
}

ptrdiff_t span_find(struct span s, char c)
{
	const char *p = s.len ? memchr(s.at, c, s.len) : NULL;

	return p ? p - s.at : -1;
}

struct span span_behind_last(struct span s, char c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.at[i - 1] == c)
			return span_slice(s, i, s.len);
	return (struct span){0};
}

ptrdiff_t span_find_span(struct span s, struct span needle)
{
	if (needle.len == 0)
		return 0;
	if (s.len == 0)
		return -1;
	const char *p = memmem(s.at, s.len, needle.at, needle.len);

	return p ? p - s.at : -1;
}

bool span_take_span(struct span *s, struct span prefix)
{
	if (!span_starts(*s, prefix))
		return false;
	*s = span_slice(*s, prefix.len, s->len);
	return true;
}

bool span_take_nocase(struct span *s, struct span prefix)
{
	if (!span_starts_nocase(*s, prefix))
		return false;
	*s = span_slice(*s, prefix.len, s->len);
	return true;
}

bool span_take_number(struct span *s, unsigned min, unsigned max, unsigned *ret)
{
	unsigned n = 0, value = 0;

	while (n < max && n < 9 && n < s->len && byte_is_digit(s->at[n]))
		value = value * 10 + (unsigned)(s->at[n++] - '0');
	if (n < min)
		return false;
	*s = span_slice(*s, n, s->len);
	*ret = value;
	return true;
}

bool span_take_u64(struct span *s, uint64_t *ret)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; n < s->len && byte_is_digit(s->at[n]); n++)
		if (__builtin_mul_overflow(value, 10U, &value) ||
			__builtin_add_overflow(value, (unsigned)(s->at[n] - '0'), &value))
			return false;
	if (n == 0)
		return false;
	*s = span_slice(*s, n, s->len);
	*ret = value;
	return true;
}

bool span_take_until(struct span *s, char c, struct span *ret)
{
	ptrdiff_t at = span_find(*s, c);

	if (at < 0)
		return false;
	*ret = span_slice(*s, 0, (size_t)at);
	*s = span_slice(*s, (size_t)at + 1, s->len);
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span s)
{
	while (s.len > 0 && is_space(s.at[0]))
		s = span_slice(s, 1, s.len);
	while (s.len > 0 && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

size_t span_copy(struct span s, char *to, size_t size)
{
	if (size == 0)
		return 0;
	size_t len = s.len < size - 1 ? s.len : size - 1;

	if (len > 0)
		memcpy(to, s.at, len);
	to[len] = '\0';
	return len;
}
