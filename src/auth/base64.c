#include "auth/base64.h"
#include <errno.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0..63, or -1. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (byte_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters of which the last pads are '='. Bytes, or 0: they are none. */
static size_t read_group(const char *at, size_t pads, char out[3])
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int v = i < 4 - pads ? value_of(at[i]) : 0;

		if (v < 0)
			return 0;
		bits = bits << 6 | (uint32_t)v;
	}
	out[0] = (char)(bits >> 16 & 255);
	out[1] = (char)(bits >> 8 & 255);
	out[2] = (char)(bits & 255);
	/* What does not fit into the last byte must be zero: else two texts mean the same. */
	if ((pads == 1 && (bits & 0xff)) || (pads == 2 && (bits & 0xffff)))
		return 0;
	return 3 - pads;
}

int base64_decode(struct span text, struct buf *out)
{
	size_t before = out->len;

	if (text.len % 4 != 0)
		return -EBADMSG;
	for (size_t i = 0; i < text.len; i += 4) {
		bool is_last = i + 4 == text.len;
		size_t pads = !is_last || text.at[i + 3] != '=' ? 0 : text.at[i + 2] != '=' ? 1 : 2;
		char bytes[3];
		size_t n = read_group(text.at + i, pads, bytes);

		if (n == 0) {
			out->len = before;
			return -EBADMSG;
		}
		(void)buf_add(out, span_of(bytes, n));
	}
	return out->error;
}

int base64_encode(struct span bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t bits = 0;
		char group[4] = "====";

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (unsigned char)bytes.at[i + k] : 0);
		for (size_t k = 0; k <= n; k++)
			group[k] = digits[bits >> (18 - 6 * k) & 63];
		(void)buf_add(out, span_of(group, 4));
	}
	return out->error;
}
