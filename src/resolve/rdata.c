#include "resolve/rdata.h"
#include <errno.h>

#define LABEL_MAX     63U
#define WIRE_NAME_MAX 255U

static bool is_name_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || c == '-' || c == '_';
}

int rdata_name(struct span rdata, struct arena *arena, struct span *ret)
{
	char text[WIRE_NAME_MAX + 1];
	size_t len = 0, at = 0;

	if (rdata.len == 0 || rdata.len > WIRE_NAME_MAX)
		return -EBADMSG;
	for (;;) {
		size_t n = (unsigned char)rdata.at[at++];

		if (n == 0)
			break;
		if (n > LABEL_MAX || at + n >= rdata.len)
			return -EBADMSG;
		if (len > 0)
			text[len++] = '.';
		for (size_t i = 0; i < n; i++, at++) {
			if (!is_name_byte(rdata.at[at]))
				return -EBADMSG;
			text[len++] = byte_lower(rdata.at[at]);
		}
	}
	if (at != rdata.len)
		return -EBADMSG;
	*ret = arena_copy(arena, span_of(text, len));
	return 0;
}

int rdata_mx(struct span rdata, struct arena *arena, uint16_t *ret_preference, struct span *ret)
{
	if (rdata.len < 3)
		return -EBADMSG;
	*ret_preference = (uint16_t)((unsigned char)rdata.at[0] << 8 | (unsigned char)rdata.at[1]);
	return rdata_name(span_slice(rdata, 2, rdata.len - 2), arena, ret);
}

int rdata_txt(struct span rdata, struct arena *arena, struct span *ret)
{
	char *text = arena_zero(arena, rdata.len + 1);
	size_t len = 0, at = 0;

	if (rdata.len == 0)
		return -EBADMSG;
	while (at < rdata.len) {
		size_t n = (unsigned char)rdata.at[at++];

		if (n > rdata.len - at)
			return -EBADMSG;
		memcpy(text + len, rdata.at + at, n);
		len += n;
		at += n;
	}
	*ret = span_of(text, len);
	return 0;
}

int rdata_tlsa(struct span rdata, struct rdata_tlsa *ret)
{
	if (rdata.len < 4)
		return -EBADMSG;
	*ret = (struct rdata_tlsa){.usage = (uint8_t)rdata.at[0],
		.selector = (uint8_t)rdata.at[1],
		.matching = (uint8_t)rdata.at[2],
		.data = span_slice(rdata, 3, rdata.len)};
	return 0;
}

int rdata_ip(struct span rdata, struct wire_ip *ret)
{
	if (rdata.len != 4 && rdata.len != 16)
		return -EBADMSG;
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool is_mapped = rdata.len == 16 && memcmp(rdata.at, mapped, sizeof mapped) == 0;

	*ret = (struct wire_ip){.is_v4 = rdata.len == 4 || is_mapped};
	memcpy(ret->bytes, rdata.at + (is_mapped ? 12 : 0), ret->is_v4 ? 4 : 16);
	return 0;
}
