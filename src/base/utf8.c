#include "base/utf8.h"
#include "base/block.h"

/*
 * RFC 3629 4:
 *   UTF8-2 = %xC2-DF UTF8-tail
 *   UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) /
 *            %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
 *   UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
 */
static const struct {
	unsigned char first, last, low, high;
	size_t len;
} forms[] = {
	{0x00, 0x7f, 0x00, 0x00, 1},
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool has_tail(const unsigned char *at, size_t form)
{
	size_t len = forms[form].len;

	if (len > 1 && (at[1] < forms[form].low || at[1] > forms[form].high))
		return false;
	for (size_t i = 2; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t utf8_len(struct span s)
{
	const unsigned char *at = (const unsigned char *)s.at;

	for (size_t i = 0; s.len > 0 && i < sizeof forms / sizeof forms[0]; i++)
		if (at[0] >= forms[i].first && at[0] <= forms[i].last)
			return forms[i].len <= s.len && has_tail(at, i) ? forms[i].len : 0;
	return 0;
}

size_t utf8_text_len(struct span s)
{
	size_t len = utf8_len(s);
	bool is_c1 = len == 2 && s.at[0] == '\xc2' && (unsigned char)s.at[1] < 0xa0;

	return is_c1 ? 0 : len;
}

size_t utf8_seen_len(struct span s)
{
	size_t len = utf8_text_len(s);
	const unsigned char *at = (const unsigned char *)s.at;
	bool is_order = len == 3 && at[0] == 0xe2 &&
			((at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) ||
				(at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));

	return is_order ? 0 : len;
}

bool utf8_is_valid(struct span s)
{
	while (s.len > 0) {
		size_t len = utf8_len(s);

		if (len == 0)
			return false;
		s = span_slice(s, len, s.len);
	}
	return true;
}

bool utf8_is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] > 127)
			return false;
	return true;
}

/* Eight bytes of 0x20..0x7e: none has its high bit, borrows when 0x20 is taken off, or is 0x7f. */
static bool is_plain_word(uint64_t w)
{
	const uint64_t each = UINT64_C(0x0101010101010101);

	return ((w | (w - each * 0x20) | ((w ^ each * 0x7f) - each)) & each * 0x80) == 0;
}

size_t utf8_plain_len(struct span s)
{
	size_t i = 0;

	while (i + BLOCK_BYTES <= s.len &&
		!block_any((block)(block_load(s.at + i) - 0x20 > 0x7e - 0x20)))
		i += BLOCK_BYTES;
	for (uint64_t w; i + sizeof w <= s.len; i += sizeof w) {
		memcpy(&w, s.at + i, sizeof w);
		if (!is_plain_word(w))
			break;
	}
	while (i < s.len && s.at[i] >= 0x20 && s.at[i] < 0x7f)
		i++;
	return i;
}
