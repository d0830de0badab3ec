#include "report/text.h"
#include "base/block.h"

static bool starts_lower(struct span s, const char *needle, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (byte_lower(s.at[i]) != needle[i])
			return false;
	return true;
}

/* The sign of the needle that tells most: one without case, best one that is rare. */
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

/* A small letter stands for both. */
static unsigned char fold_of(char c)
{
	return byte_is_alpha(c) ? 'a' - 'A' : 0;
}

static ptrdiff_t find_from(struct span s, size_t from, size_t upto, const char *needle, size_t len)
{
	for (size_t i = from; i < upto; i++)
		if (byte_lower(s.at[i]) == needle[0] && starts_lower(text_from(s, i), needle, len))
			return (ptrdiff_t)i;
	return -1;
}

/* Where two neighbours of the needle stand is looked for in many places at once. */
ptrdiff_t text_find(struct span s, const char *needle)
{
	size_t len = strlen(needle), pair = anchor_of(needle, len), i = 0;

	if (len == 0 || s.len < len)
		return len == 0 ? 0 : -1;
	pair = pair == len ? 0 : pair > 0 ? pair - 1 : 0;
	size_t places = s.len - len + 1;
	unsigned char fold[2] = {fold_of(needle[pair]), fold_of(needle[pair + 1])};
	unsigned char wanted[2] = {(unsigned char)needle[pair], (unsigned char)needle[pair + 1]};

	for (; len > 1 && i + BLOCK_BYTES <= places; i += BLOCK_BYTES) {
		block first = block_load(s.at + i + pair) | fold[0];
		block second = block_load(s.at + i + pair + 1) | fold[1];

		if (!block_any((block)((first == wanted[0]) & (second == wanted[1]))))
			continue;
		ptrdiff_t at = find_from(s, i, i + BLOCK_BYTES, needle, len);

		if (at >= 0)
			return at;
	}
	return find_from(s, i, places, needle, len);
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
