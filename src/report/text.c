#include "report/text.h"

static bool starts_lower(struct span s, const char *needle, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (byte_lower(s.at[i]) != needle[i])
			return false;
	return true;
}

/* The sign of the needle that is searched for: one without case, best one that is rare. */
static size_t anchor_of(const char *needle, size_t len)
{
	size_t blank = len;

	for (size_t i = 0; i < len; i++) {
		if (needle[i] == ' ')
			blank = i;
		else if (!byte_is_alpha(needle[i]))
			return i;
	}
	return blank;
}

ptrdiff_t text_find(struct span s, const char *needle)
{
	size_t len = strlen(needle), anchor = anchor_of(needle, len);

	if (anchor == len) {
		for (size_t i = 0; i + len <= s.len; i++)
			if (byte_lower(s.at[i]) == needle[0] &&
				starts_lower(text_from(s, i), needle, len))
				return (ptrdiff_t)i;
		return -1;
	}
	for (size_t at = anchor; at + len - anchor <= s.len; at++) {
		const char *found =
			memchr(s.at + at, needle[anchor], s.len - (len - anchor) + 1 - at);

		if (!found)
			return -1;
		at = (size_t)(found - s.at);
		if (starts_lower(text_from(s, at - anchor), needle, len))
			return (ptrdiff_t)(at - anchor);
	}
	return -1;
}

bool text_has_any(struct span s, const char *const *needles)
{
	for (; *needles; needles++)
		if (text_has(s, *needles))
			return true;
	return false;
}

bool text_is_code(struct span s)
{
	return s.len >= 4 && (s.at[0] == '4' || s.at[0] == '5') && s.at[1] >= '0' &&
	       s.at[1] <= '7' && byte_is_digit(s.at[2]) && (s.at[3] == ' ' || s.at[3] == '-');
}

ptrdiff_t text_find_code(struct span s)
{
	size_t blanks = 0;

	while (blanks < s.len && (s.at[blanks] == ' ' || s.at[blanks] == '\t'))
		blanks++;
	for (size_t i = blanks; i + 4 < s.len; i++) {
		char before = i > 0 ? s.at[i - 1] : ' ';
		bool is_first =
			i == blanks ||
			(i >= 2 && before == ' ' && memchr(":>;)<-#", s.at[i - 2], 7)) ||
			(i >= 3 && before == ' ' && s.at[i - 2] == ',' && s.at[i - 3] == ']') ||
			(before != ' ' && memchr("'\"(:;>=[#", before, 9));

		if (is_first && text_is_code(text_from(s, i)))
			return (ptrdiff_t)i;
	}
	return -1;
}
