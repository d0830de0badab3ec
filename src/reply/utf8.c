#include "reply/utf8.h"

static uint32_t byte_at(struct span s, size_t i)
{
	return (unsigned char)s.at[i];
}

/* RFC 3629 4: UTF8-1 / UTF8-2 / UTF8-3 / UTF8-4 */
size_t utf8_sequence(struct span s)
{
	if (s.len == 0)
		return 0;
	uint32_t c = byte_at(s, 0);
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (n == 0 || s.len < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((byte_at(s, i) & 0xc0) != 0x80)
			return 0;
	uint32_t second = n > 1 ? byte_at(s, 1) : 0;

	if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
		(c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
		return 0;
	return n;
}

uint32_t utf8_code_point(struct span s)
{
	size_t n = utf8_sequence(s);
	uint32_t c = n ? byte_at(s, 0) : 0;

	c &= n < 2 ? 0x7f : 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (byte_at(s, i) & 0x3f);
	return c;
}

bool utf8_is_control(struct span s)
{
	uint32_t c = utf8_code_point(s);

	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}
