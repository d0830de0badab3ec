#include "main/long_line.h"

enum { CHARACTER_MAX = 4, LATE = 100 };

bool long_line_must_end(size_t width, bool is_after_blank, unsigned char c)
{
	return width >= LONG_LINE_MAX || (width > LONG_LINE_MAX - CHARACTER_MAX && c >= 0xc0) ||
	       (width > LONG_LINE_MAX - LATE && is_after_blank);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

size_t long_line_fold(struct span line, size_t most, bool *ret_is_blank)
{
	size_t begin = 0, n = most;

	while (begin < most && is_blank(line.at[begin])) /* no line may be blank alone */
		begin++;
	while (n > begin && !is_blank(line.at[n]))
		n--;
	*ret_is_blank = n > begin;
	if (*ret_is_blank)
		return n;
	n = most;
	while (n > most - CHARACTER_MAX && ((unsigned char)line.at[n] & 0xc0) == 0x80)
		n--;
	return n;
}
